"""A reader of two digits on one page: the judge that says how many of DRAW's pages can be read."""

from collections.abc import Iterable, Iterator
from itertools import combinations_with_replacement

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.draw.model import Draw, adam_phase, evaluate_bound
from core.layers import hold_then_fall
from core.noise import seeded
from core.recipe import Batch, Model, Phase

PAIRS = list(combinations_with_replacement(range(10), 2))  # 55, in no order: (3, 7) is (7, 3)
READ = 500  # pages, samples and held-out ones, on which it is measured what can be read


class Reader(nn.Module, Model):
    """Which two digits stand on a page: five convolutions, then a score for every pair.

    The last convolution sees as much as a digit covers. What it finds is pooled over the page, by mean and by maximum:
    where digits stand says nothing.
    """

    def __init__(self, *, size: int = 60, filters: int = 24, learning_rate: float = 1e-3):
        super().__init__()
        self.shape, self.learning_rate, f = (1, size, size), learning_rate, filters
        layers: list[nn.Module] = []
        for convolution in (
            nn.Conv2d(1, f, 5, 2, 2),
            nn.Conv2d(f, 2 * f, 3, 1, 1),
            nn.Conv2d(2 * f, 2 * f, 3, 2, 1),
            nn.Conv2d(2 * f, 4 * f, 3, 1, 1),
            nn.Conv2d(4 * f, 4 * f, 3, 1, 1),  # 29 x 29 pixels
        ):
            layers += [convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Linear(8 * f, len(PAIRS))

    def logits(self, x: Tensor) -> Tensor:
        """A score for each of PAIRS: (B, 1, S, S) in [0, 1] -> (B, 55)."""
        return self.last(pooled(self.layers(x)))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy in nats of {"image": (B, 1, S, S), "label": (B, 2)}, and the share of pages read wrongly."""
        scores, truth = self.logits(batch["image"]), pairs(batch["label"])
        return {"loss": F.cross_entropy(scores, truth), "error": (scores.argmax(1) != truth).float().mean()}

    def phases(self) -> list[Phase]:
        return [adam_phase(self, hold_then_fall)]

    @torch.inference_mode()
    def probe(self) -> Tensor:
        x = (torch.arange(self.shape[-1] ** 2) % 7 > 4).float().view(1, *self.shape)
        return self.logits(x)[0]


def pooled(found: Tensor) -> Tensor:
    """What was found on a page, by mean and by maximum over all places: (B, F, H, W) -> (B, 2 F)."""
    return torch.cat((found.mean((2, 3)), found.amax((2, 3))), 1)


def pairs(labels: Tensor) -> Tensor:
    """The rows of PAIRS that labels (B, 2) mean: (B,)."""
    low, high = labels.amin(1), labels.amax(1)
    return low * 10 - low * (low - 1) // 2 + high - low


@torch.inference_mode()
def evaluate_reader(model: Reader, batches: Iterable[Batch]) -> dict[str, float]:
    """Share of pages read wrongly, in per cent: one digit wrong is wrong."""
    wrong = torch.cat([model.logits(batch["image"]).argmax(1) != pairs(batch["label"]) for batch in batches])
    return {"error": 100 * wrong.double().mean().item(), "n": len(wrong)}


@torch.inference_mode()
def evaluate_pages(model: Draw, batches: Iterable[Batch], reader: Reader) -> dict[str, float]:
    """The bound, and how many pages in a hundred the reader can read: it gives one pair of digits more than a half.

    readable: of samples. readable_real: of held-out pages, some of whose digits lie over each other.
    """
    real: list[Tensor] = []

    def kept() -> Iterator[Batch]:
        for batch in batches:
            if sum(map(len, real)) < READ:
                real.append(batch["image"])
            yield batch

    bound = evaluate_bound(model, kept())
    made = (model.sample(50, generator=seeded(place, "pages")) for place in range(READ // 50))
    return bound | {"readable": readable(reader, made), "readable_real": readable(reader, real)}


def readable(reader: Reader, pages: Iterable[Tensor]) -> float:
    """Per cent of pages for which one pair of digits is likelier than all others together."""
    sure = torch.cat([reader.logits(page).softmax(1).amax(1) for page in pages])[:READ]
    return 100 * (sure > 0.5).double().mean().item()
