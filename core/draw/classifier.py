"""DRAW's reading half alone: a classifier that looks at a picture through a few windows (Sec. 4.1)."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.draw.attention import Window, check_sizes, read_window, start_inside_the_picture, window
from core.draw.model import adam_phase
from core.layers import check_shape, cosine
from core.recipe import Batch, Compiles, Model, Phase


class Look(NamedTuple):
    """One glimpse of the classifier: where it looked, what it saw (B, C, N, N), what it would say (B, classes)."""

    read: Window
    read_patch: Tensor
    probabilities: Tensor


class DrawClassifier(nn.Module, Model, Compiles):
    """The reading half alone: an LSTM looks at a picture through a few windows and names its class."""

    compiled = "step"

    def __init__(
        self,
        *,
        size: int = 100,
        channels: int = 1,
        read: int = 12,
        units: int = 256,
        glimpses: int = 8,
        classes: int = 10,
        learning_rate: float = 1e-3,
    ):
        super().__init__()
        check_sizes(size=size, channels=channels, read=read, units=units, glimpses=glimpses, classes=classes)
        self.shape, self.patch, self.n_glimpses = (channels, size, size), read, glimpses
        self.learning_rate = learning_rate
        self.place = nn.Linear(units, 5)
        start_inside_the_picture(self.place, size, read)
        self.encoder = nn.LSTMCell(channels * read * read, units)
        self.classify = nn.Linear(units, classes)
        self.first_states = nn.Parameter(torch.zeros(2, units))

    def step(self, x: Tensor, h: Tensor, cell: Tensor) -> tuple[Window, Tensor, Tensor, Tensor]:
        """One glimpse: where it looked, its patch (B, C, N, N), and the LSTM's state after it, (B, units) twice."""
        w = window(self.place(h), size=self.shape[-1], patch=self.patch)
        r = read_window(x, w, self.patch)
        return w, r, *self.encoder(r.flatten(1), (h, cell))

    def unroll(self, x: Tensor) -> Iterator[tuple[Window, Tensor, Tensor]]:
        """Per glimpse: the window, its patch (B, C, N, N) and the state after it (B, units). ValueError for x of
        another shape than the model's: its windows would lie elsewhere."""
        check_shape(x, self.shape)
        h, cell = (state.repeat(len(x), 1) for state in self.first_states)
        for _ in range(self.n_glimpses):
            w, r, h, cell = self.step(x, h, cell)
            yield w, r, h

    def logits(self, x: Tensor) -> Tensor:
        """Class scores after the last glimpse: (B, C, H, W) in [0, 1] -> (B, classes)."""
        *_, (_, _, h) = self.unroll(x)
        return self.classify(h)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy in nats of {"image": (B, C, H, W), "label": (B,)}, and the share of wrong answers."""
        scores = self.logits(batch["image"])
        wrong = (scores.argmax(1) != batch["label"]).float().mean()
        return {"loss": F.cross_entropy(scores, batch["label"]), "error": wrong}

    def phases(self) -> list[Phase]:
        return [adam_phase(self, cosine)]

    @torch.inference_mode()
    def probe(self) -> Tensor:
        """Class scores of a fixed picture: are these the right weights?"""
        x = (torch.arange(math.prod(self.shape)) % 7 > 4).float().view(1, *self.shape)
        return self.logits(x)[0]

    @torch.inference_mode()
    def glimpses(self, x: Tensor) -> list[Look]:
        """Every glimpse at x (B, C, H, W), with the answer the network would give if it were the last."""
        return [Look(w, r, self.classify(h).softmax(1)) for w, r, h in self.unroll(x)]


@torch.inference_mode()
def evaluate_error(model: DrawClassifier, batches: Iterable[Batch]) -> dict[str, float]:
    """Share of wrong answers in per cent."""
    wrong = torch.cat([model.logits(batch["image"]).argmax(1) != batch["label"] for batch in batches])
    return {"error": 100 * wrong.double().mean().item(), "n": len(wrong)}
