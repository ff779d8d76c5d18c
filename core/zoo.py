"""Every model by name: what it is made of, how it is trained, and how to get it with its weights."""

import difflib
import functools
from typing import Any

from torch import nn

from core import draw, gan, pix2pix, pix2pix_later, weights
from core.recipe import Recipe

FAMILIES = [("draw", draw), ("gan", gan), ("pix2pix", pix2pix_later), ("pix2pix", pix2pix)]  # kind, and whose RECIPES
RECIPES: dict[str, Recipe] = {
    name: Recipe(kind=kind, **row) for kind, module in FAMILIES for name, row in module.RECIPES.items()
}


def recipe(name: str) -> Recipe:
    """The recipe of that name; ValueError with the nearest name where there is none."""
    if name not in RECIPES:
        near = difflib.get_close_matches(str(name), RECIPES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"no model {name!r}; {hint}There are: {', '.join(RECIPES)}")
    return RECIPES[name]


def names(kind: str | None = None) -> list[str]:
    """Names of all models, or of one family's ("draw")."""
    return [name for name, row in RECIPES.items() if kind in (None, row.kind)]


def card(name: str) -> dict[str, Any]:
    """What is known of the shipped weights: config, data, training, metrics, history (core/weights.py)."""
    recipe(name)
    return weights.card(name)


def load(name: str, device: str = "cpu") -> nn.Module:
    """The trained model, in eval mode, built from its card's config. Loaded once per process and device.

    Raises ValueError for an unknown name, weights.WeightsError where the file is missing or not the right one.
    """
    recipe(name)
    return _load(name, str(device))


@functools.cache
def _load(name: str, device: str) -> nn.Module:
    found, tensors = weights.read(name)
    try:
        model = recipe(name).build(**found["config"])
        state = model.state_dict()
        model.load_state_dict(
            {key: tensor.to(getattr(state.get(key), "dtype", None)) for key, tensor in tensors.items()}
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as problem:
        raise weights.WeightsError(
            f"the weights of '{name}' do not fit the model that their card describes; "
            "restore both files or train it again"
        ) from problem
    model.requires_grad_(False).eval()
    if hasattr(model, "fold"):  # a model may have a faster form of itself for use
        model.fold()
    return model.to(device)
