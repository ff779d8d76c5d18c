"""Asked of all networks that draw pixel by pixel: which pixels an answer depends on, and how often a sample comes."""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from core.noise import seeded
from core.pixels import PixelRNN


def scaled(module: nn.Module, factor: float, positive: bool = False) -> nn.Module:
    """In double precision, with weights far from zero; where all are positive, no influence cancels or is cut off."""
    with torch.no_grad():
        for p in module.double().parameters():
            p.copy_(factor * (p.abs() if positive else p))
    return module


def levels_of(model: PixelRNN, n: int) -> Tensor:
    """n pictures (n, C, H, W) of random levels."""
    return torch.randint(0, model.levels, (n, *model.shape), generator=seeded(0, "x")).double() / (model.levels - 1)


def jacobian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Of every number that function(x[None]) gives by every number of x: a copy of x for each, one way back."""
    n = function(x[None]).numel()
    copies = x.expand(n, *x.shape).clone().requires_grad_()
    function(copies).flatten(1).diagonal().sum().backward()
    return copies.grad


def influence(model: PixelRNN) -> Tensor:
    """Which numbers of a picture each output depends on, (C, H, W, C, H, W) of bools, whatever the level."""
    uneven = torch.linspace(1, 2, model.levels, dtype=torch.double)[:, None, None, None]

    def said(x: Tensor) -> Tensor:
        return model.logits(x) if model.levels == 2 else (model.logits(x) * uneven).sum(1)

    return jacobian(said, levels_of(model, 1)[0]).unflatten(0, model.shape) != 0


def frequencies_off(model: PixelRNN, n: int = 8_000) -> float:
    """Chi squared of n samples of 2 x 2 binary pixels beside the likelihoods of all sixteen pictures."""
    pictures = torch.tensor(list(itertools.product((0.0, 1.0), repeat=4))).view(16, 1, 2, 2)
    expected = n * (-model.nll(pictures)).exp()
    sampled = model.sample(n, generator=seeded(0, "z"))
    found = torch.stack([(sampled == picture).flatten(1).all(1).sum() for picture in pictures])
    return ((found - expected) ** 2 / expected).sum().item()
