"""Every model by name: what it is made of, how it is trained, and how to get it with its weights."""

import difflib
import functools
import threading
from typing import Any

from torch import nn

from core import draw, gan, mdan, pix2pix, pix2pix_later, pixels, vqa, weights
from core.recipe import Folds, Recipe, declares

KEPT = 12  # models in memory, the last used ones: all of them would take more than half a gigabyte

# Each family's model files, with their RECIPES.
FAMILIES = {
    "draw": [draw],
    "gan": [gan],
    "pix2pix": [pix2pix_later, pix2pix],
    "pixels": [pixels],
    "dan": [mdan],
    "vqa": [vqa],
}
RECIPES: dict[str, Recipe] = {
    name: Recipe(family=family, **row)
    for family, modules in FAMILIES.items()
    for module in modules
    for name, row in module.RECIPES.items()
}


def recipe(name: str) -> Recipe:
    """The recipe of that name; ValueError with the nearest name where there is none."""
    if name not in RECIPES:
        near = difflib.get_close_matches(str(name), RECIPES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"no model {name!r}; {hint}There are: {', '.join(RECIPES)}")
    return RECIPES[name]


def names(family: str | None = None, *, variant: str | None = None, data: str | None = None) -> list[str]:
    """Names of all models, or those of a family ("gan"), a variant ("wgan-gp") or a dataset ("mnist-32")."""
    return [
        name
        for name, row in RECIPES.items()
        if family in (None, row.family) and variant in (None, row.variant) and data in (None, row.data)
    ]


def card(name: str) -> dict[str, Any]:
    """What is known of the shipped weights: config, data, training, metrics, history (core/weights.py).

    Raises ValueError for an unknown name, weights.WeightsError where the card is missing or is not whole.
    """
    metric = recipe(name).metric
    found = weights.card(name)
    if missing := lacking(found, metric):
        raise weights.WeightsError(f"the card of '{name}' does not say its {missing}; restore it from git")
    return found


def lacking(found: dict[str, Any], metric: str) -> str:
    """What the app needs and a card does not have, or has as something else; empty where it is whole."""
    for part in ("config", "training", "metrics", "reported", "history"):
        if not isinstance(found.get(part), dict):
            return part
    curve = found["history"].get("curve")
    if not isinstance(curve, dict) or not all(isinstance(values, list) for values in curve.values()):
        return "curve of training"
    if "step" not in curve or any(len(values) != len(curve["step"]) for values in curve.values()):
        return "steps of training"
    if not isinstance(found["training"].get("device"), str):
        return "device of training"
    numbers = [("size in bytes", found.get("bytes")), *found["reported"].items()]
    numbers += [(f"{name} of training", found["training"].get(name)) for name in ("steps", "seconds", "threads")]
    if metrics := found["metrics"]:  # a training that was just finished has none yet
        numbers += [(name, metrics.get(name)) for name in {metric, "n", *metrics} - {"split"}]
    return next((name for name, value in numbers if not isinstance(value, int | float)), "")


def sheets(name: str) -> tuple[list[int], bytes] | None:
    """The steps of a training at which it was looked at, and what was seen, side by side in one WebP."""
    recipe(name)
    return weights.sheets(name)


def load(name: str, device: str = "cpu") -> nn.Module:
    """The trained model, in eval mode, built from its card's config. Loaded once per process and device, as
    long as it is one of the KEPT models that were used last.

    All who ask share it, and its mode is fixed: to train it again, build it from its recipe.
    Raises ValueError for an unknown name, weights.WeightsError where the file is missing or not the right one.
    """
    recipe(name)
    with _loading.setdefault((name, str(device)), threading.Lock()):  # whoever asks meanwhile waits for that one
        return _load(name, str(device))


def forget() -> None:
    """Files have changed: the next `load` reads them again."""
    _load.cache_clear()


_loading: dict[tuple[str, str], threading.Lock] = {}


@functools.lru_cache(maxsize=KEPT)
def _load(name: str, device: str) -> nn.Module:
    found, tensors = weights.read(name)
    try:
        model = recipe(name).build(**found["config"])
        weights.put(model, tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as problem:
        raise weights.WeightsError(
            f"the weights of '{name}' do not fit the model that their card describes; "
            "restore both files or train it again"
        ) from problem
    model.requires_grad_(False).eval()
    if declares(model, Folds):
        model.fold()
    for part in model.modules():
        part.train = functools.partial(stay_in_use, part)
    return model.to(device)


def stay_in_use(part: nn.Module, mode: bool = True) -> nn.Module:
    """In the place of `train` of a loaded model, which many share: one caller's training mode would be everyone's."""
    if mode:
        raise RuntimeError("a loaded model is shared and stays in eval mode; build one from its recipe to train it")
    return part
