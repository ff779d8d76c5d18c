"""Where random numbers come from: named streams of a seed, and never torch's global generator.

    seeded(7, "batch", 5_000)                   # the 5,000th batch of seed 7, without the 4,999 before it
    with first_weights(seeded(7, "weights")):   # torch's layers begin with these
        model = Draw()

The global generator belongs to the whole process: whoever seeds it or draws from it changes the numbers of every other
visitor. A generator that is passed on changes nobody's.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


def seeded(seed: int, stream: str, *places: int, device: str | torch.device = "cpu") -> torch.Generator:
    """The generator of one place in a stream of a seed: a function of these arguments alone.

    stream: what it is for, such as "batch" or "noise"; two names never share numbers. places: which one of many.
    """
    if not isinstance(stream, str):
        raise TypeError(f"a stream of a seed has a name, such as 'noise', got {stream!r}")
    digest = hashlib.sha256(repr((seed, stream, *places)).encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:7], "big"))


def randn_each(n: int, *shape: int, generator: torch.Generator | None = None, device: Any = "cpu") -> Tensor:
    """Standard normal numbers (n, *shape). The k-th (*shape) is the same whatever n is.

    `torch.randn(n, ...)` promises no such thing: its last numbers depend on how many there are.
    """
    return torch.stack([torch.randn(shape, generator=own, device=device) for own in each(n, generator, device)])


def randn_rows(n: int, width: int, *, generator: torch.Generator) -> Tensor:
    """Standard normal numbers (n, width), fast. On a processor row k is the same whatever n is.

    There `torch.randn` makes sixteen numbers at a time, and makes the last ones anew where they are fewer: so a row
    takes a multiple of sixteen, and what is too many is left out.
    """
    return torch.randn(n, 16 * -(-width // 16), generator=generator, device=generator.device)[:, :width]


def rand_each(n: int, *shape: int, generator: torch.Generator | None = None, device: Any = "cpu") -> Tensor:
    """Numbers spread evenly over [0, 1), (n, *shape). The k-th (*shape) is the same whatever n is."""
    return torch.stack([torch.rand(shape, generator=own, device=device) for own in each(n, generator, device)])


def each(n: int, generator: torch.Generator | None, device: Any) -> list[torch.Generator]:
    """A generator for each of n pictures."""
    seeds = torch.randint(2**62, (n,), generator=generator, device=device).tolist()
    return [torch.Generator(device).manual_seed(seed) for seed in seeds]


def randn_like(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """`torch.randn_like`, which takes no generator, with one."""
    return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)


def dropout(h: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Each number is 0 with probability `share`, and the others grow by as much; the mask comes from the generator."""
    kept = torch.rand(h.shape, generator=generator, device=h.device) >= share
    return h * kept / (1 - share)


class first_weights(TorchFunctionMode):
    """Inside, in this thread alone, the first weights of torch's layers are drawn from `generator`."""

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.generator = generator

    def __torch_function__(self, called: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if called in DRAWING and kwargs.get("generator") is None:
            kwargs = kwargs | {"generator": self.generator}
        return called(*args, **kwargs)


DRAWING = {
    *(torch.Tensor.normal_, torch.Tensor.uniform_, torch.randn, torch.rand, torch.randint, torch.normal),
    *(nn.init.normal_, nn.init.uniform_, nn.init.trunc_normal_, nn.init.orthogonal_),
    *(nn.init.kaiming_normal_, nn.init.kaiming_uniform_, nn.init.xavier_normal_, nn.init.xavier_uniform_),
}
