"""How good and how various made pictures are: one way of measuring for all GANs.

Distances and coverage are measured between features of real and of made pictures. A pixel says little;
a network that can tell digits (or photos) apart looks at what matters.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from core import features as photos
from core.gan.classifier import Classifier
from core.gan.game import Classifies, ToldClass, one_hot
from core.recipe import Batch, declares

SEED = 1606  # of the noise, the same for every model that is measured
COVERED = 0.01  # share of the pictures that a digit needs, to count as covered


def fid(real: Tensor, made: Tensor) -> float:
    """Frechet distance between Gaussians fitted to two sets of features (n, F) (Heusel et al. 2017, Eq. 6)."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    identity = nn.Identity()
    identity.num_features = real.shape[1]
    metric = FrechetInceptionDistance(feature=identity).set_dtype(torch.float64)
    metric.update(real.double(), real=True)
    metric.update(made.double(), real=False)
    return metric.compute().item()


def kid(real: Tensor, made: Tensor) -> float:
    """Kernel distance times 1000 (core/features.py), over at most 2,000 of each."""
    return photos.kid(real[:2000], made[:2000])


def precision_recall(real: Tensor, made: Tensor, neighbours: int = 3) -> tuple[float, float]:
    """Improved precision and recall (Kynkaanniemi et al. 2019, arXiv:1904.06991, Eq. 1-2), in per cent.

    Precision: how many made pictures lie among the real ones; recall: how many real ones among the made. A set's region
    is all balls around its members that reach to the third nearest of the others.
    """
    distances = torch.cdist(real, made)  # (n, m)

    def radii(points: Tensor) -> Tensor:
        return torch.cdist(points, points).kthvalue(neighbours + 1, dim=1).values  # the nearest is the point itself

    precision = (distances <= radii(real)[:, None]).any(0).float().mean()
    recall = (distances <= radii(made)[None]).any(1).float().mean()
    return 100 * precision.item(), 100 * recall.item()


def compared(real: Tensor, made: Tensor) -> dict[str, float]:
    """All that is measured on features (n, F) of real and made pictures."""
    n = min(5000, len(real), len(made))  # balls around the nearest neighbours shrink with the number of pictures
    precision, recall = precision_recall(real[:n], made[:n])
    return {"FID": fid(real, made), "KID": kid(real, made), "precision": precision, "recall": recall}


@torch.inference_mode()
def evaluate_digits(model: nn.Module, batches: Iterable[Batch], classifier: Classifier) -> dict[str, float]:
    """As many samples as test pictures: on the classifier's features, and by what it takes them for.

    Features are divided by their root mean square on real digits: distances should not depend on their unit.
    """
    batches = list(batches)
    x, label = (torch.cat([batch[key] for batch in batches]) for key in ("image", "label"))
    asked = torch.arange(len(x)) % 10
    told = {"condition": one_hot(asked)} if declares(model, ToldClass) else {}
    made = model.sample(len(x), generator=torch.Generator().manual_seed(SEED), **told)
    on_real, on_made = (
        torch.cat([classifier.features(part) for part in pictures.split(500)]) for pictures in (x, made)
    )
    p = classifier.last(on_made).softmax(1)
    shares = p.argmax(1).bincount(minlength=10) / len(p)
    unit = on_real.square().mean().sqrt()
    result = compared(on_real / unit, on_made / unit) | {
        "modes": int((shares >= COVERED).sum()),
        "class_entropy": -(shares * shares.clamp(min=1e-12).log()).sum().item() / math.log(10),
        "confidence": p.amax(1).mean().item(),
        "n": len(x),
    }
    if told:
        result["as_asked"] = 100 * (p.argmax(1) == asked).float().mean().item()
    if declares(model, Classifies):
        found = torch.cat([model.classes(part)[:, : model.n_classes].argmax(1) for part in x.split(500)])
        result["error"] = matched_error(found, label) if model.n_classes > 10 else error(found, label)
    return result


def error(found: Tensor, label: Tensor) -> float:
    return 100 * (found != label).float().mean().item()


def matched_error(found: Tensor, label: Tensor) -> float:
    """Of clusters that know no names: each gets its most frequent digit in one half, and is tested on the other.

    Both ways, so that every picture is tested once.
    """
    half = len(found) // 2
    wrong = torch.tensor(0)
    for names, tests in ((slice(half), slice(half, None)), (slice(half, None), slice(half))):
        counts = torch.zeros(int(found.max()) + 1, 10)
        counts.index_put_((found[names], label[names]), torch.ones(len(found[names])), accumulate=True)
        wrong = wrong + (counts.argmax(1)[found[tests]] != label[tests]).sum()
    return 100 * wrong.item() / len(found)


@torch.inference_mode()
def evaluate_photos(model: nn.Module, batches: Iterable[Batch]) -> dict[str, float]:
    """Samples beside held-out photos, on EfficientNet-Lite2's features; five samples for each photo."""
    x = torch.cat([batch["image"] for batch in batches])
    made = model.sample(5 * len(x), generator=torch.Generator().manual_seed(SEED))
    on_real, on_made = (torch.cat([photos.features(part) for part in whole.split(64)]) for whole in (x, made))
    return compared(on_real, on_made) | {"n": len(x)}
