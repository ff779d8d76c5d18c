"""The two records that every model file fills in: how weights are made, and one optimiser's turn.

They stand in a file of their own, below the models and the training loop, so that a model can
describe its training without importing the code that runs it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

Batch = dict[str, Any]  # tensors by name ("image", "label", ...); "progress" is step / steps, in [0, 1)


def nothing() -> None:
    """The default of `Phase.after`."""


def constant(progress: float) -> float:
    """Learning-rate schedule that leaves the optimiser's rate as it is."""
    return 1.0


@dataclass
class Phase:
    """One optimiser's turn in a training step.

    loss(batch) returns {"loss": scalar tensor to minimise, other terms: shown and kept}.
    schedule(progress) multiplies the optimiser's learning rate, progress in [0, 1].
    max_norm clips the norm of the gradient; after() runs behind each update (WGAN clips weights there).
    """

    name: str
    parameters: list[nn.Parameter]
    loss: Callable[[Batch], dict[str, Tensor]]
    optimizer: torch.optim.Optimizer
    repeats: int = 1
    after: Callable[[], None] = nothing
    schedule: Callable[[float], float] = constant
    max_norm: float = float("inf")


@dataclass(frozen=True)
class Recipe:
    """All that is needed to train one set of weights again: `python -m core.train NAME`."""

    build: Callable[..., nn.Module]  # a class or function of core/, called with **config
    config: dict[str, Any]  # JSON-able, keyword-only arguments
    data: str  # a name core.data knows
    batch_size: int
    steps: int
    evaluate: Callable[..., dict[str, float]]  # (model, batches, *judges) -> metrics on the held-out split
    paper: str  # "arXiv:1502.04623, Sec. 4.2"
    kind: str  # "draw", "gan", ...: the tab that shows it
    metric: str  # the entry of evaluate's result that the results table shows
    unit: str
    judges: tuple[str, ...] = ()  # names of the models that evaluate needs to measure this one
    reported: dict[str, float] = field(default_factory=dict)  # the paper's numbers for the same metrics
