"""What is measured of a PixelRNN: nats of test pictures, how far a pixel sees, how long a sample takes."""

import copy
import itertools
import time
from collections.abc import Iterable

import torch
from torch import Tensor

from core.likelihood import averages
from core.noise import seeded
from core.pixels.model import PixelRNN
from core.pixels.multiscale import MultiScale, reduced
from core.recipe import Batch

SHARES = (0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 100)  # per cent of the pictures that have fewer nats
SAMPLES = 16  # pictures that are drawn at once
NAIVE_PIXELS = 14  # that the naive sampler draws; every pixel costs it the same


def field(model: PixelRNN, x: Tensor, i: int, j: int) -> Tensor:
    """How strongly each pixel of x (1, C, H, W) moves what is said of pixel (i, j): (depth + 1, H, W).

    The last is the size of the gradient of that pixel's logits; those before it are gradients of the length of its
    features, after the first convolution and after all layers but the last. What is exactly 0 is not seen. In double
    precision, since the gradient of an LSTM that forgets becomes tiny far away. Of a pixel that a MultiScale model has
    in its small picture, the network of that one is asked.
    """
    C, H, W = model.shape
    if x.shape != (1, C, H, W):
        raise ValueError(f"x must have shape (1, {C}, {H}, {W}), got {tuple(x.shape)}")
    if not (0 <= i < H and 0 <= j < W):
        raise ValueError(f"the pixel must lie in the picture of {H} x {W}, got row {i}, column {j}")
    if isinstance(model, MultiScale) and model.in_small()[i, j]:
        found = torch.zeros(len(model.layers) + 1, H, W, dtype=torch.double, device=x.device)
        reduced(found)[:] = field(model.small, reduced(x), i // 2, j // 2)
        return found
    with torch.inference_mode(False), torch.enable_grad():
        model = copy.deepcopy(model).double()
        x = x.detach().double().clone().requires_grad_()
        said = [known[0, i, j].norm() for known in model.maps(x)][:-1]
        logits = model.logits(x)[..., i, j]
        said.append(logits.logsumexp(1).sum() if model.levels > 2 else logits.sum())
        sizes = [torch.autograd.grad(each, x, retain_graph=True)[0].abs().sum((0, 1)) for each in said]
    return torch.stack(sizes)


def receptive_field(model: PixelRNN, pictures: Tensor, i: int, j: int) -> int:
    """How many pixels the one at (i, j) depends on in any of the pictures (B, C, H, W).

    In colour it is among them itself: its green depends on its red.
    """
    seen = torch.stack([field(model, x[None], i, j)[-1] > 0 for x in pictures]).any(0)
    return int(seen.sum())


def spread(nll: Tensor) -> dict[str, float]:
    """How the nats of pictures (n,) lie: "nll at 90 %": 90 % of them have at most so many."""
    at = torch.tensor(SHARES, dtype=torch.double) / 100
    quantiles = torch.quantile(nll.double(), at).tolist()
    return {f"nll at {share} %": round(value, 3) for share, value in zip(SHARES, quantiles, strict=True)}


def seconds(model: PixelRNN, n: int, pixels: int, naive: bool = False) -> float:
    """Seconds of the processor for the first pixels of n pictures, the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        for _ in itertools.islice(model.steps(n, generator=seeded(0, "timing"), naive=naive), pixels):
            pass
        best = min(best, time.process_time() - started)
    return best


def evaluate_pixels(model: PixelRNN, batches: Iterable[Batch]) -> dict[str, float]:
    """Mean and distribution of the exact -log p(x) in nats, receptive field, and seconds to draw 16 pictures.

    receptive_field: pixels that the one in the middle depends on, of "before", those that come before it.
    sample_seconds and naive_seconds: of one processor core.
    """
    found, first = [], None
    for batch in batches:
        found.append(model.nll(batch["image"]))
        first = batch["image"][:8] if first is None else first
    nll = torch.cat(found)
    _, H, W = model.shape
    return averages(model, {"nll": nll}) | {
        **spread(nll),
        "receptive_field": receptive_field(model, first, H // 2, W // 2),
        "before": int(model.before(H // 2, W // 2).sum()),
        "sample_seconds": round(seconds(model, SAMPLES, H * W), 3),
        "naive_seconds": round(seconds(model, SAMPLES, NAIVE_PIXELS, naive=True) * H * W / NAIVE_PIXELS, 3),
    }


@torch.inference_mode()
def evaluate_multiscale(model: MultiScale, batches: Iterable[Batch]) -> dict[str, float]:
    """As `evaluate_pixels`, and the nats of the small picture and of the rest given it.

    receptive_field: of the first pixel from the middle on that the small picture does not have. "before" counts all of
    the small picture, and the pixels above and to the left.
    """
    found, small, first = [], [], None
    for batch in batches:
        nats = model.nats(batch["image"])
        found.append(nats.flatten(1).sum(1))
        small.append(reduced(nats).flatten(1).sum(1))
        first = batch["image"][:8] if first is None else first
    nll, of_small = torch.cat(found), torch.cat(small)
    _, H, W = model.shape
    i, j = H // 2, W // 2 // 2 * 2 + 1
    return averages(model, {"nll": nll, "nll of the small picture": of_small, "nll of the rest": nll - of_small}) | {
        **spread(nll),
        "receptive_field": receptive_field(model, first, i, j),
        "before": int(model.before(i, j).sum()),
        "sample_seconds": round(seconds(model, SAMPLES, H * W // 4 + H * W), 3),
    }
