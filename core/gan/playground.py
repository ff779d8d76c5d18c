"""Points in the plane: targets to hit, and variants with small perceptrons that train while one watches.

    rivals = [player("gan", seed=0), player("wgan-gp", seed=0)]      # the same first weights
    for step, terms in train(rival.phases(), batches, steps, seed=0)  # core/train.py; the same noise

All targets lie in [-2, 2] x [-2, 2]. Their parts (modes, moons, rings) are numbered, for variants that want classes.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from core.gan.game import CLASSES, GAN
from core.gan.variants import in_plane
from core.noise import first_weights, seeded

Target = Callable[[int, torch.Generator], tuple[Tensor, Tensor]]  # n -> points (n, 2), numbers of their parts (n,)
SPREAD = 0.05  # standard deviation around a mode, and of the noise on curves
LATENTS = 2
NEAR = 0.2  # a made point this close to a real one hits it


# ------------------------------------------------------------------ targets


def around_modes(centres: Tensor) -> Target:
    """Equal Gaussians around centres (k, 2)."""

    def draw(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        mode = torch.randint(len(centres), (n,), generator=generator)
        return centres[mode] + SPREAD * torch.randn(n, 2, generator=generator), mode % CLASSES

    return draw


def ring_of_modes(k: int = 8, radius: float = 1.5) -> Tensor:
    angle = 2 * math.pi * torch.arange(k) / k
    return radius * torch.stack((angle.cos(), angle.sin()), 1)


def grid_of_modes(k: int = 5, reach: float = 1.5) -> Tensor:
    side = torch.linspace(-reach, reach, k)
    return torch.cartesian_prod(side, side)


def along(curve: Callable[[Tensor, Tensor], Tensor], parts: int) -> Target:
    """Noisy points on a curve of several parts: curve(t in [0, 1], part) -> (n, 2)."""

    def draw(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        part = torch.randint(parts, (n,), generator=generator)
        t = torch.rand(n, generator=generator)
        return curve(t, part) + SPREAD * torch.randn(n, 2, generator=generator), part

    return draw


def moons(t: Tensor, part: Tensor) -> Tensor:
    """Two half circles that reach into each other."""
    angle, up = math.pi * t, 1 - 2 * part
    return torch.stack((up * angle.cos() - 0.5 * up, up * angle.sin() - 0.25 * up), 1) * 1.1


def swiss_roll(t: Tensor, part: Tensor) -> Tensor:
    """A spiral of one and a half turns; its parts are its thirds."""
    s = (t + part) / 3
    angle = 1.5 * math.pi * (1 + 2 * s)
    return 0.126 * angle[:, None] * torch.stack((angle.cos(), angle.sin()), 1)


def circles(t: Tensor, part: Tensor) -> Tensor:
    radius = torch.where(part == 0, 1.6, 0.7)
    return radius[:, None] * torch.stack(((2 * math.pi * t).cos(), (2 * math.pi * t).sin()), 1)


MODES = {"ring": ring_of_modes(), "grid": grid_of_modes()}
TARGETS: dict[str, Target] = {
    **{name: around_modes(centres) for name, centres in MODES.items()},
    "moons": along(moons, 2),
    "swiss roll": along(swiss_roll, 3),
    "circles": along(circles, 2),
}


def drawn(strokes: list[list[tuple[float, float]]]) -> Target:
    """A shape drawn by hand: polylines in [0, 1] x [0, 1], y down. Points are spread evenly over their length."""
    lines = [torch.tensor(stroke, dtype=torch.float32) for stroke in strokes if len(stroke)]
    if not lines:
        raise ValueError("the shape has no stroke; draw one first")
    starts = torch.cat([line[:-1] if len(line) > 1 else line for line in lines])
    ends = torch.cat([line[1:] if len(line) > 1 else line for line in lines])
    part = torch.cat([torch.full((max(len(line) - 1, 1),), i) for i, line in enumerate(lines)]) % CLASSES
    lengths = (ends - starts).norm(dim=1) + 1e-6  # a dot has none, and is hit all the same

    def draw(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        piece = torch.multinomial(lengths, n, replacement=True, generator=generator)
        t = torch.rand(n, 1, generator=generator)
        place = starts[piece] + t * (ends - starts)[piece]
        plane = (place - 0.5) * torch.tensor([3.6, -3.6])
        return plane + 0.5 * SPREAD * torch.randn(n, 2, generator=generator), part[piece]

    return draw


# ------------------------------------------------------------------ players


def player(variant: str, *, seed: int) -> GAN:
    """A variant with perceptrons of two hidden layers. The same seed gives all variants the same first generator."""
    with first_weights(seeded(seed, "weights")):
        return in_plane(variant, latents=LATENTS)


# ------------------------------------------------------------------ what to look at


def surface(model: GAN, side: int = 40, reach: float = 2.0) -> Tensor:
    """The critic's landscape on a grid over the plane, first row on top: (side, side)."""
    line = torch.linspace(-reach, reach, side)
    x = torch.stack((line.repeat(side), line.flip(0).repeat_interleave(side)), 1)
    return model.realness(x).view(side, side)


def hits(real: Tensor, made: Tensor) -> dict[str, float]:
    """Per cent of made points near a real one, and of real points near a made one: (n, 2), (m, 2)."""
    near = torch.cdist(real, made) < NEAR
    return {"on target": 100 * near.any(0).float().mean().item(), "covered": 100 * near.any(1).float().mean().item()}


def modes_covered(centres: Tensor, made: Tensor) -> int:
    """How many modes (k, 2) have at least a tenth of their fair share of the made points (m, 2) within 3 sigma."""
    near = torch.cdist(centres, made) < 3 * SPREAD
    return int((near.sum(1) >= max(1, 0.1 * len(made) / len(centres))).sum())
