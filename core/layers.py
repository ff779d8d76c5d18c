"""Pieces that more than one paper uses."""

import contextlib
import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def check_shape(x: Tensor, shape: Sequence[int]) -> None:
    """ValueError where x is not (B, *shape)."""
    if tuple(x.shape[1:]) != tuple(shape):
        raise ValueError(f"x must have shape (B, {', '.join(map(str, shape))}), got {tuple(x.shape)}")


def cosine(progress: float) -> float:
    """Half a cosine from 1 to 0: a learning-rate schedule (Loshchilov and Hutter 2016, arXiv:1608.03983)."""
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def hold_then_fall(progress: float) -> float:
    """1 for the first half, then straight down to 0: learns at full rate for longer than a cosine."""
    return min(1.0, 2 * (1 - min(progress, 1.0)))


def kl_to_standard_normal(mu: Tensor, log_sigma: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) in nats, summed over the last axis: (B, Z) -> (B,)."""
    return 0.5 * (mu.square() + (2 * log_sigma).exp() - 2 * log_sigma - 1).sum(-1)


def uniform_crop_corners(n: int, room: int, generator: torch.Generator | None = None) -> Tensor:
    """Corners (n, 2) of crops or pastes that may start anywhere in 0 ... room, both included."""
    return torch.randint(0, room + 1, (n, 2), generator=generator)


def moved_with_a_hole(pictures: Tensor, by: Tensor, hole: Tensor, room: int, side: int) -> Tensor:
    """Every picture (B, C, S, S) shifted by `by` (B, 2), -room ... room pixels, then emptied in a square of `side`.

    hole: (B, 2), the square's corner; it may lie partly outside. What comes in from outside is 0. Gradients go through.

    Differentiable augmentation: translation and cutout of Zhao et al. 2020 (arXiv:2006.10738, Sec. 3.2).
    """
    channels, size = pictures.shape[1:3]
    at = torch.arange(size, device=pictures.device)
    rows, columns = ((at + room + by[:, i, None]) for i in (0, 1))  # (B, S), in the padded picture
    wide = F.pad(pictures, (room,) * 4)
    cut = wide.gather(2, rows[:, None, :, None].expand(-1, channels, -1, wide.shape[3]))
    cut = cut.gather(3, columns[:, None, None, :].expand(-1, channels, size, -1))
    inside = [(at >= hole[:, i, None]) & (at < hole[:, i, None] + side) for i in (0, 1)]  # (B, S)
    return cut * ~(inside[0][:, None, :, None] & inside[1][:, None, None, :])


def any_move(
    n: int, size: int, shift: float, hole: float, generator: torch.Generator | None, device: torch.device
) -> tuple[Tensor, Tensor, int, int]:
    """The last four arguments of `moved_with_a_hole`, drawn for n pictures. shift, hole: shares of their side."""
    room, side = round(shift * size), round(hole * size)
    by = torch.randint(-room, room + 1, (n, 2), generator=generator, device=device)
    corner = torch.randint(-side // 2, size - side // 2, (n, 2), generator=generator, device=device)
    return by, corner, room, side


def grid(pictures: Tensor) -> Tensor:
    """A square number of pictures as one, row by row: (n, C, H, W) -> (C, side H, side W)."""
    side = math.isqrt(len(pictures))
    return pictures.unflatten(0, (side, side)).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)


@contextlib.contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Inside, gradients go through the module, but no weight of it gets one, and no running mean moves."""
    module.requires_grad_(False)
    try:
        with unmoved(module):
            yield
    finally:
        module.requires_grad_(True)


@contextlib.contextmanager
def unmoved(module: nn.Module) -> Iterator[None]:
    """Inside, batch norms normalise by the batch as ever, and leave the running statistics of `eval` as they are."""
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
