"""Multi-scale PixelRNN (Sec. 3.6): a small picture first, then the large one that it is a part of."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from core.pixels.model import Naive, PixelRNN, Visit


class MultiScale(PixelRNN):
    """p(x) = p(small) p(rest | small), where the small picture is every second pixel of every second row of x.

    An ordinary PixelRNN, `small`, gives p(small). The network around it, of the same build, gives every other pixel of
    x from all of the small picture and from the pixels before it: `enlarge` makes a conditioning map as large as x of
    the small picture, and each layer adds a 1 x 1 convolution of that to its input-to-state map. Pixels of the small
    picture are known by then. They cost nothing and are copied, so the likelihood of x is exact.

    size: of x, even. conditions: features of the conditioning map. network: of both networks, see PixelRNN.
    """

    def __init__(self, *, size: int = 28, conditions: int = 32, **network: Any):
        if size < 2 or size % 2:
            raise ValueError(f"size must be even, so that the small picture is half as wide, got {size}")
        if conditions < 1:
            raise ValueError(f"conditions must be >= 1, got {conditions}")
        super().__init__(size=size, conditions=conditions, **network)
        self.small = PixelRNN(size=size // 2, **network)
        self.enlarge = nn.Sequential(  # a pixel of the map hears of 13 x 13 or 14 x 14 pixels of the small picture
            nn.Conv2d(self.shape[0], conditions, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(conditions, conditions, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(conditions, conditions, 5, padding=2),
            nn.ReLU(),
            nn.ConvTranspose2d(conditions, conditions, 4, stride=2, padding=1),
        )

    def condition(self, x: Tensor) -> Tensor:
        """What the small picture within x (B, C, H, W) says of each pixel: (B, H, W, conditions)."""
        return self.enlarge(reduced(x)).permute(0, 2, 3, 1)

    def logits(self, x: Tensor) -> Tensor:
        """As PixelRNN's. A pixel of the small picture is given those of it that come before, any other one all of the
        small picture and the pixels before.
        """
        logits = super().logits(x)
        reduced(logits)[:] = self.small.logits(reduced(x))
        return logits

    def order(self) -> Tensor:
        """As PixelRNN's: the small picture's pixels, then the others."""
        return (~self.in_small()).flatten().int().argsort(stable=True)

    def in_small(self) -> Tensor:
        """Which pixels the small picture has, (H, W) of bools."""
        there = torch.zeros(self.shape[1:], dtype=torch.bool)
        reduced(there)[:] = True
        return there

    def visits(
        self, start: Tensor, known: Tensor, noise: Tensor, temperature: float, naive: bool
    ) -> Iterator["Visit | Naive"]:
        """As PixelRNN's: first the small pictures (n, C, H / 2, W / 2), after every pixel, then the large ones."""
        small = [reduced(each) for each in (start, known, noise)]  # a pixel has the same noise in both
        for visit in self.small.visits(*small, temperature, naive):
            yield visit
        start = start.clone()
        reduced(start)[:] = visit.pictures()
        yield from super().visits(start, known | self.in_small(), noise, temperature, naive)


def reduced(x: Tensor) -> Tensor:
    """Every second pixel of every second row, as a view: (..., H, W) -> (..., H / 2, W / 2)."""
    return x[..., ::2, ::2]
