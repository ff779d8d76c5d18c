"""Classifiers of digits: the judge that measures what the GANs make, and what 100 labels teach without a GAN."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.gan.networks import ConvCritic
from core.layers import hold_then_fall
from core.noise import dropout
from core.recipe import Batch, Model, Phase


class Classifier(nn.Module, Model):
    """Four convolutions and two linear layers; the values before the last are its features.

    FID, KID, precision and recall of digits are measured on these features. They are ours: Inception's, on which papers
    report, were learned from photos, and numbers measured on one cannot be compared with the other's.
    """

    def __init__(self, *, size: int = 32, filters: int = 32, learning_rate: float = 1e-3):
        super().__init__()
        self.shape, self.learning_rate = (1, size, size), learning_rate
        layers: list[nn.Module] = []
        for before, after in [(1, filters), (filters, filters), (filters, 2 * filters), (2 * filters, 2 * filters)]:
            layers += [nn.Conv2d(before, after, 3, 1, 1), nn.BatchNorm2d(after), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if len(layers) in (6, 13) else []
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(2 * filters * (size // 4) ** 2, 4 * filters))
        self.last = nn.Linear(4 * filters, 10)

    def features(self, x: Tensor) -> Tensor:
        """(B, 1, S, S) in [0, 1] -> (B, 4 filters)."""
        return F.relu(self.layers(x))

    def logits(self, x: Tensor) -> Tensor:
        """(B, 1, S, S) -> (B, 10)."""
        return self.last(self.features(x))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        generator = batch.get("generator")
        h = dropout(self.features(shifted(batch["image"], generator)), 0.5, generator)
        logits = self.last(h)
        wrong = (logits.argmax(1) != batch["label"]).float().mean()
        return {"loss": F.cross_entropy(logits, batch["label"]), "error": wrong}

    def phases(self) -> list[Phase]:
        return one_phase(self)

    @torch.inference_mode()
    def probe(self) -> Tensor:
        return self.logits(some_pictures(self.shape)).flatten()


class FewLabels(nn.Module, Model):
    """SGAN's critic as a plain classifier, trained on the few labelled pictures alone: what SGAN has to beat."""

    def __init__(self, *, size: int = 32, filters: int = 32, learning_rate: float = 2e-4):
        super().__init__()
        self.shape, self.learning_rate = (1, size, size), learning_rate
        self.network = ConvCritic(shape=self.shape, filters=filters, outputs=10)

    def logits(self, x: Tensor) -> Tensor:
        return self.network(x)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(self.logits(batch["labelled"]), batch["labelled_label"])}

    def phases(self) -> list[Phase]:
        return one_phase(self)

    @torch.inference_mode()
    def probe(self) -> Tensor:
        return self.logits(some_pictures(self.shape)).flatten()


def one_phase(model: Classifier | FewLabels) -> list[Phase]:
    parameters = list(model.parameters())
    adam = torch.optim.Adam(parameters, lr=model.learning_rate, fused=True)
    return [Phase("model", parameters, model.loss, adam, schedule=hold_then_fall)]


def shifted(x: Tensor, generator: torch.Generator | None, by: int = 2) -> Tensor:
    """A whole batch moved by up to `by` pixels either way."""
    dy, dx = torch.randint(-by, by + 1, (2,), generator=generator, device=x.device).tolist()
    return x.roll((dy, dx), (2, 3))  # the borders that come round are empty


def some_pictures(shape: tuple[int, int, int]) -> Tensor:
    """Seven fixed pictures of stripes, for probes."""
    grid = torch.arange(shape[-1])
    return torch.stack([((grid[:, None] + k * grid) % (k + 4) < 2).float()[None] for k in range(7)])


@torch.inference_mode()
def evaluate_classifier(model: Classifier | FewLabels, batches: Iterable[Batch]) -> dict[str, float]:
    """Share of wrong answers in per cent."""
    wrong = [model.logits(batch["image"]).argmax(1) != batch["label"] for batch in batches]
    return {"error": 100 * torch.cat(wrong).float().mean().item(), "n": sum(map(len, wrong))}
