"""Muon for the weight matrices of a network, Adam for the rest (K. Jordan et al., 2024).

Muon moves a matrix by its momentum with every singular value made 1: directions in which the gradient is faint are
learned as fast as loud ones.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

NARROW = 8  # a matrix with fewer rows or columns has hardly any singular values to balance: Adam learns it


class Together:
    """Several optimisers that the training loop takes for one; each updates parameters of its own."""

    def __init__(self, *optimizers: torch.optim.Optimizer):
        self.optimizers = optimizers

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none)

    def step(self) -> None:
        for optimizer in self.optimizers:
            optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        return {"optimizers": [optimizer.state_dict() for optimizer in self.optimizers]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)


def muon_and_adam(parameters: Iterable[nn.Parameter], *, muon: float, adam: float) -> Together:
    """Muon at the rate `muon` for matrices with at least NARROW rows and columns, Adam at the rate `adam` for the rest.

    Muon's step is scaled to the size of Adam's ("match_rms_adamw"), so that the two rates can be compared.
    """
    wide, rest = [], []
    for parameter in parameters:
        (wide if parameter.ndim == 2 and min(parameter.shape) >= NARROW else rest).append(parameter)
    return Together(
        torch.optim.Muon(wide, lr=muon, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
        torch.optim.Adam(rest, lr=adam, fused=True),
    )
