"""Compare variants: the same noise in the same cell, through training or on a walk, and what this run shows."""

import functools
import io
import math
from typing import Any

import torch
from PIL import Image
from torch import Tensor

import core
from core import data
from core.gan.game import ToldClass, one_hot
from core.recipe import declares
from core.weights import WeightsError
from demos import checks, frame, plots
from demos.gans.names import NAMES

SETS = {"mnist": "Digits", "shoes": "Shoes, in colour"}
THINGS = {"mnist": "digits", "shoes": "shoes"}
DATA = {"mnist-32": "mnist", "mnist-32-100": "mnist", "shoes-64": "shoes"}  # by the name that core.data knows
VIEWS = {"training": "Training", "samples": "Samples", "walk": "Latent walk"}
MOST = 4  # sheets side by side
SAMPLES = {"mnist": 64, "shoes": 16}  # on a sheet; a shoe has twelve times the numbers of a digit
WALKERS = {"mnist": 16, "shoes": 4}
WALK_FRAMES = 20
MOST_SAMPLES = 64  # of the API


@functools.cache
def members(of: str) -> dict[str, str]:
    """{variant: name of its weights} for a set of pictures, of those whose card says how they came about."""
    trained = {core.zoo.recipe(name).variant: name for name in core.names("gan") if pictures_of(name) == of}
    return {variant: trained[variant] for variant in NAMES if variant in trained and known(trained[variant])}


def known(name: str) -> bool:
    """Whether the card of some weights has all that is shown of it; the page is built without those that have not."""
    try:
        card = core.card(name)
        history = card["history"]
        return bool(card["metrics"]["FID"] and history["curve"]["step"] and len(history["sheets"]["steps"]) > 1)
    except (WeightsError, KeyError, TypeError):
        return False


def chosen(variants: Any, of: str) -> list[str]:
    """The names of the weights that a visitor picked. ValueError, in a sentence, where they cannot be compared."""
    if not checks.known(of, SETS):
        raise ValueError(f"pictures must be one of {', '.join(SETS)}, got {checks.shown(of)}")
    variants = variants if isinstance(variants, list) else [variants]
    there = members(of)
    unknown = [checks.shown(variant) for variant in variants if not checks.known(variant, there)]
    if unknown:
        raise ValueError(f"no variant {unknown[0]} was trained on {THINGS[of]}; there are: {', '.join(there)}")
    if not 1 <= len(variants) <= MOST:
        raise ValueError(f"pick one to {MOST} variants, so that there is room for each; got {len(variants)}")
    return [there[variant] for variant in variants]


def title(name: str) -> str:
    return NAMES[core.zoo.recipe(name).variant]


def pictures_of(name: str) -> str | None:
    """The key of SETS that a model was trained on; None where it is none of them."""
    return DATA.get(core.zoo.recipe(name).data)


# ------------------------------------------------------------------ sheets


def noise(name: str, n: int, seed: int) -> Tensor:
    """The same for all variants: (n, latents)."""
    return torch.randn(n, core.load(name).latents, generator=data.seeded(seed, "z"))


@functools.lru_cache(maxsize=32)  # a visitor who adds a variant waits for that one only
def sampled(name: str, seed: int, n: int) -> tuple[Tensor, dict[str, Any]]:
    """Pictures of one variant, (n, C, H, W), and their sheet. A cell has the same z in all variants, and its class
    where a variant has classes.
    """
    made = core.load(name).pictures(noise(name, n, seed))
    return made, plots.pane(title(name), sheet(made[None]), large=True, smooth=True)


@functools.lru_cache(maxsize=8)
def walked(name: str, seed: int) -> tuple[Tensor, dict[str, Any]]:
    """Every cell walks from one z to another, along the sphere on which noise lies: its first and its last picture
    (2, n, C, H, W), and the sheets of all.
    """
    n = WALKERS[pictures_of(name)]
    a, b = noise(name, n, seed), noise(name, n, seed + 1)
    z = torch.stack([between(a, b, t) for t in torch.linspace(0, 1, WALK_FRAMES).tolist()])  # (T, n, latents)
    model = core.load(name)
    told = one_hot((torch.arange(n) % 10).repeat(WALK_FRAMES)) if declares(model, ToldClass) else None
    made = model.pictures(z.flatten(0, 1), told).unflatten(0, (WALK_FRAMES, n))
    return made[[0, -1]], plots.pane(title(name), sheet(made), large=True, smooth=True)


def between(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Along the great circle (Shoemake 1985): a straight line would cut through where there is hardly any noise."""
    angle = torch.arccos((a * b).sum(1, keepdim=True) / (a.norm(dim=1, keepdim=True) * b.norm(dim=1, keepdim=True)))
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def sheet(pictures: Tensor) -> Tensor:
    """(T, n, C, H, W) -> T square sheets (T, C, side H, side W)."""
    side = math.isqrt(pictures.shape[1])
    grid = pictures.unflatten(1, (side, side)).permute(0, 3, 1, 4, 2, 5)
    return grid.flatten(4).flatten(2, 3)


# ------------------------------------------------------------------ films


def samples(names: list[str], seed: int) -> dict[str, Any]:
    return plots.film(1, [sampled(name, seed, SAMPLES[pictures_of(name)])[1] for name in names])


def walk(names: list[str], seed: int) -> dict[str, Any]:
    captions = [f"{k / (WALK_FRAMES - 1):.0%} of the way from one noise to the other." for k in range(WALK_FRAMES)]
    return plots.film(WALK_FRAMES, [walked(name, seed)[1] for name in names], captions=captions)


def moments(names: list[str]) -> list[list[int]]:
    """The training steps that each variant's sheets are of, moment by moment.

    Trainings are of different lengths, so they are shown at the same share of each: the moments of the first variant,
    and of every other one the sheets that come nearest.
    """
    sheets = [core.sheets(name) for name in names]
    if None in sheets:
        raise ValueError(f"{title(names[sheets.index(None)])} kept no pictures of its training; look at its samples")
    steps = [steps for steps, _ in sheets]
    shares = [[step / row[-1] for step in row] for row in steps]
    return [[row[nearest(own, share)] for row, own in zip(steps, shares, strict=True)] for share in shares[0]]


def nearest(values: list[float], value: float) -> int:
    return min(range(len(values)), key=lambda i: abs(values[i] - value))


def training(names: list[str]) -> dict[str, Any]:
    """The sheets in the cards: the same noise at a dozen moments of each training."""
    table = moments(names)
    panes = [pane(name, steps) for name, steps in zip(names, zip(*table, strict=True), strict=True)]
    captions = []
    for row in table:
        told = [f"{title(name)} {step:,}" for name, step in zip(names, row, strict=True)]
        captions.append(f"Steps of training: {', '.join(told)}.")
    return plots.film(len(table), panes, captions=captions)


def pane(name: str, steps: tuple[int, ...]) -> dict[str, Any]:
    """The sheets of one variant after the given steps, which its card has."""
    kept, webp = core.sheets(name)  # `moments` has seen that they are there
    if list(steps) != list(kept):
        whole = Image.open(io.BytesIO(webp))
        width = whole.width // len(kept)
        row = Image.new(whole.mode, (width * len(steps), whole.height))
        for k, step in enumerate(steps):
            left = kept.index(step) * width
            row.paste(whole.crop((left, 0, left + width, whole.height)), (k * width, 0))
        with io.BytesIO() as out:
            row.save(out, "WEBP", lossless=True)
            webp = out.getvalue()
    return plots.sheets_film(steps, webp, title(name))["panes"][0] | {"smooth": True}


def film(names: list[str], view: str, seed: int) -> dict[str, Any]:
    if view == "training":
        return training(names)
    return walk(names, seed) if view == "walk" else samples(names, seed)


# ------------------------------------------------------------------ in a sentence


def told(names: list[str], view: str, seed: int) -> str:
    """What one looks at, with this run's values."""
    thing, counts = THINGS[pictures_of(names[0])], {"samples": SAMPLES, "walk": WALKERS}
    if view == "training":
        return f"The same noise in the same cell, at twelve moments of training. {ranked(names, thing)}"
    n, digits = counts[view][pictures_of(names[0])], classifier()
    if thing != "digits" or digits is None:
        what = f"{n} {thing}" if view == "samples" else f"{n} walks"
        coloured = [title(name) for name in names if core.card(name)["config"].get("coloured")]
        also = f" {frame.listed(coloured)} also takes the shoe's two colours from it." if coloured else ""
        return f"{what} from the noise of seed {seed}, the same for each.{also} {ranked(names, thing)}"
    return counted(names, seed, digits, n) if view == "samples" else turned(names, seed, digits, n)


def ranked(names: list[str], thing: str) -> str:
    """Which variant comes closest to real pictures, as measured on ten thousand samples."""
    by_fid = sorted((core.card(name)["metrics"]["FID"], title(name)) for name in names)
    (best, first), (worst, last) = by_fid[0], by_fid[-1]
    if len(names) == 1:
        return f"Fully trained, {first} makes {thing} with an FID of {best:.1f}."
    return f"Fully trained, {first} comes closest to real {thing} (FID {best:.1f}); {last} is furthest ({worst:.1f})."


def counted(names: list[str], seed: int, digits: Any, n: int) -> str:
    """How many of the ten digits each variant shows in this run's samples, as the classifier reads them."""
    found = {title(name): len(read(digits, sampled(name, seed, n)[0]).unique()) for name in names}
    whole = [name for name, count in found.items() if count == 10]
    rest = [f"{name} shows {count} of 10" for name, count in found.items() if count < 10]
    parts = [f"all ten digits appear with {frame.listed(whole)}"] if whole else []
    return f"{n} samples from the noise of seed {seed}: {'; '.join([*parts, *rest])}."


def turned(names: list[str], seed: int, digits: Any, n: int) -> str:
    """How many of this run's walks end at another digit than the one where they started."""
    counts = []
    for name in names:
        start, end = (read(digits, walked(name, seed)[0][k]) for k in (0, -1))
        counts.append(f"{int((start != end).sum())} with {title(name)}")
    return f"Of {n} digits, the walk from seed {seed} to seed {seed + 1} turns {frame.listed(counts)} into another."


@torch.inference_mode()
def read(digits: Any, pictures: Tensor) -> Tensor:
    """The digits that the classifier sees on pictures (n, 1, 32, 32): (n,)."""
    return digits.logits(pictures).argmax(1)


def classifier() -> Any:
    """The judge of digits, or None where its weights are missing."""
    try:
        return core.load("mnist-classifier")
    except WeightsError:
        return None


# ------------------------------------------------------------------ the API


def compare(
    variants: list[str] = ("dcgan", "wgan-gp"), pictures: str = "mnist", view: str = "samples", seed: str = "0"
) -> dict[str, Any]:
    """One to four GAN variants side by side, with the same z in the same cell.

    Parameters:
        variants: names such as gan, dcgan, lsgan, wgan-gp, began; one to four of them.
        pictures: mnist or shoes.
        view: samples; training, for the same noise at twelve moments; or walk, from one z to another.
        seed: a whole number from 0 to 2^63 - 1; picks the noise of samples and walk.
    Returns:
        A film with a sheet for each variant.
    """
    variants = list(variants) if isinstance(variants, tuple) else variants
    names, seed = chosen(variants, pictures), frame.parse_seed(seed)
    if not checks.known(view, VIEWS):
        raise ValueError(f"view must be one of {', '.join(VIEWS)}, got {checks.shown(view)}")
    return film(names, view, seed)


def one(variant: str = "dcgan", pictures: str = "mnist", n: int = 16, seed: str = "0") -> dict[str, Any]:
    """Pictures of one GAN variant on a sheet.

    Parameters:
        variant: a name such as gan, dcgan, cgan, lsgan, wgan-gp or began.
        pictures: mnist or shoes.
        n: how many, a square number from 1 to 64.
        seed: a whole number from 0 to 2^63 - 1.
    Returns:
        A film of one frame.
    """
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= MOST_SAMPLES or math.isqrt(n) ** 2 != n:
        raise ValueError(f"n must be a square number from 1 to {MOST_SAMPLES}, got {checks.shown(n)}")
    if not checks.known(pictures, SETS) or not checks.known(variant, members(pictures)):
        raise ValueError(f"no variant {checks.shown(variant)} was trained on {checks.shown(pictures)}")
    return plots.film(1, [sampled(members(pictures)[variant], frame.parse_seed(seed), n)[1]])
