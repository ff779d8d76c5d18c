"""How likely a picture is, in nats and in bits per dimension: one way of counting for all models that say so."""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from core.noise import seeded
from core.recipe import Batch, Likelihood

SEED = 1502  # of the latents that a bound is estimated from, the same for every model that is measured


def check_levels(x: Tensor, levels: int) -> None:
    """ValueError where pixels x have no probability under a model of so many levels: 2 of them are 0 and 1 alone."""
    if levels == 2 and not ((x == 0) | (x == 1)).all():
        raise ValueError("the pixels of a binary picture must be 0 or 1; make grey ones binary first")
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError(f"pixels must be from 0 to 1, got {x.min():.3g} to {x.max():.3g}")
    steps = x * (levels - 1)
    if not ((steps - steps.round()).abs() < 1e-3).all():
        raise ValueError(f"the pixels of a picture with {levels} levels must be whole multiples of 1 / {levels - 1}")


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x) in nats of binary pixels x (B, ...) under independent Bernoullis: (B,)."""
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def discretised_logistic_nll(mean: Tensor, log_scale: Tensor, x: Tensor) -> Tensor:
    """-log p(x) in nats of 8-bit pixels x = level / 255 (B, ...) under a logistic density: (B,).

    A level owns the density's mass in the bin around it; 0 and 255 own the tails, so that the 256
    probabilities sum to one. mean, log_scale: broadcast to x, on its scale of [0, 1].
    Source: Salimans et al. 2017 (arXiv:1701.05517), Eq. 2, with one component.
    """
    half_bin, scale = 0.5 / 255, log_scale.exp()
    upper, lower = (x - mean + half_bin) / scale, (x - mean - half_bin) / scale
    below, above = F.logsigmoid(upper), F.logsigmoid(-lower)  # log of the mass below / above the edge
    # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b)): no difference of nearly equal numbers
    inside = below + above + torch.log(-torch.expm1(lower - upper))
    log_p = torch.where(x < half_bin, below, torch.where(x > 1 - half_bin, above, inside))
    return -log_p.flatten(1).sum(1)


def bits_per_dim(nats: float, shape: tuple[int, ...]) -> float:
    """Nats of a whole picture of that shape as bits for each of its numbers."""
    return nats / math.log(2) / math.prod(shape)


def averages(model: Likelihood, terms: dict[str, Tensor]) -> dict[str, float]:
    """Means of {"nll": (n,) in nats, parts of it}, and n; bits per dimension too where pixels have 256 levels."""
    result = {key: nats.double().mean().item() for key, nats in terms.items()}
    if model.levels == 256:
        result["bits_per_dim"] = bits_per_dim(result["nll"], model.shape)
    return result | {"n": len(terms["nll"])}


@torch.inference_mode()
def evaluate_likelihood(model: Likelihood, batches: Iterable[Batch]) -> dict[str, float]:
    """Mean of -log p(x), or of its bound, in nats; the same latents whatever the batch size."""
    generator = seeded(SEED, "latents")
    return averages(model, {"nll": torch.cat([model.nll(b["image"], generator=generator) for b in batches])})
