"""What every model file fills in: a recipe, its phases, and the protocols that say what can be asked of the model.

They stand in a file of their own, below the models and the training loop, so that a model can describe its training
without importing the code that runs it. A model names its protocols among its bases, and `declares` looks nowhere else:

    class Draw(nn.Module, Model, Samples, Likelihood): ...
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

# Tensors by name ("image", "label", ...), or lists where lengths differ. The training loop adds "progress", which is
# step / steps in [0, 1), and "generator", which all noise of the step is drawn from.
Batch = dict[str, Any]


def nothing() -> None:
    """The default of `Phase.after`."""


def constant(progress: float) -> float:
    """Learning-rate schedule that leaves the optimiser's rate as it is."""
    return 1.0


@dataclass
class Phase:
    """One optimiser's turn in a training step. Its parameters may be any of the model's, also of several networks.

    loss(batch) returns {"loss": scalar tensor to minimise, other terms: shown and kept}.
    schedule(progress) multiplies the optimiser's learning rate, progress in [0, 1].
    stage(progress) tells apart the parts of a training in which the loss does different work (a curriculum's); None
    where it does so at every step, or looks at numbers on the way: then it is never recorded.
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
    stage: Callable[[float], Any] | None = constant
    recorded: Callable[[Batch], dict[str, Tensor]] | None = None  # put there by the training loop, on a GPU


# ------------------------------------------------------------------ what can be asked of a model


class Model(Protocol):
    """Asked of every model."""

    @abstractmethod
    def phases(self) -> list[Phase]:
        """The turns of a training step."""

    @abstractmethod
    def probe(self) -> Tensor:
        """A few numbers (n,) that tell these weights from others, of any fixed input, without noise of its own."""


class Samples(Protocol):
    """Makes pictures out of noise."""

    @abstractmethod
    def sample(self, n: int, *, generator: torch.Generator) -> Tensor:
        """n pictures (n, C, H, W) in [0, 1]. The same generator's state gives the same pictures."""


class Translates(Protocol):
    """Makes a picture out of another one."""

    @abstractmethod
    def translate(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """(B, C', H, W) -> (B, C, H, W), in [0, 1], each by itself. With a generator there is noise."""


class Likelihood(Protocol):
    """Knows how likely a picture is, or bounds it. shape: of a picture. levels: that a pixel can have, 2 or 256."""

    shape: tuple[int, ...]
    levels: int

    @abstractmethod
    def nll(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """-log p(x), or an upper bound on it, in nats: (B, *shape) in [0, 1] -> (B,)."""


class Shows(Protocol):
    """Has something to look at while it is trained."""

    @abstractmethod
    def sheet(self, held_out: Batch) -> Tensor:
        """What it can do now, as one picture (C, H, W) in [0, 1]: the same noise or held-out inputs every time."""


class Averages(Protocol):
    """Says of which part a recipe's `average` is taken; of models that do not, it is taken of all."""

    @abstractmethod
    def averaged(self) -> nn.Module:
        """The part that is shipped as its running average."""


class Folds(Protocol):
    """Has a faster form of itself for use."""

    @abstractmethod
    def fold(self) -> None:
        """Take that form, for good: the same outputs, sooner. After it there is no training."""


class Compiles(Protocol):
    """Has a method worth compiling for training."""

    compiled: ClassVar[str]  # its name


class Records(Protocol):
    """Its losses do the same work at every step of a stage, so that a GPU may record them (core/gradients.py).

    A phase of which this is not true has None for its stage.
    """


class Borrows(Protocol):
    """Has parts whose weights come with a package: they are neither trained nor saved."""

    borrowed: ClassVar[dict[str, str]]  # the part's name -> where its weights come from, which goes into the card


def declares(model: nn.Module, protocol: type) -> bool:
    """Whether a model's class, or one that it is made from, names this protocol among its bases."""
    return protocol in type(model).__mro__


# ------------------------------------------------------------------ recipes


@dataclass(frozen=True)
class Recipe:
    """All that is needed to train one set of weights again: `python -m core.train NAME`."""

    build: Callable[..., nn.Module]  # a class or function of core/, called with **config
    config: dict[str, Any]  # JSON-able, keyword-only arguments; what the data say is added (Dataset.found)
    data: str  # a name core.data knows
    batch_size: int
    steps: int
    evaluate: Callable[..., dict[str, float]]  # (model, batches, *judges) -> metrics on the held-out split
    paper: str  # "arXiv:1502.04623, Sec. 4.2"
    family: str  # "draw", "gan", ...: the file of core/ that it stands in
    metric: str  # the entry of evaluate's result that the results table shows
    unit: str
    variant: str = ""  # which one of the family: "wgan-gp"
    seed: int = 0  # of the run that is shipped, where several were tried
    judges: tuple[str, ...] = ()  # names of the models that evaluate needs to measure this one
    reported: dict[str, float] = field(default_factory=dict)  # the paper's numbers for the same metrics
    average: float | None = None  # of the running average of weights, this share is kept at each step; it is shipped
    start: str = ""  # name of the shipped weights that training begins with; what they lack is drawn at random
    bfloat16: bool = False  # in training, matrices are multiplied in 16 bits, which newer processors do faster
    sheets: int = 12  # moments of the training that are kept to look at, of a model that Shows
