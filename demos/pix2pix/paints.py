"""The two colours that a drawing cannot tell: a visitor's, or those of a photo that the models learned from."""

import functools
import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import core
from core import data, pairs
from core.weights import WeightsError
from demos import frame
from demos.pix2pix.inputs import FACADES, STOCK

FILE = frame.DEMOS / "examples" / "colours.json"
Pair = tuple[str, str]  # "#rrggbb" of the main colour and of the second one: leather and trim, or wall and sky
KEPT, LOOKED_AT = 32, 200  # pairs of each kind in the file; photos that they are chosen from


def takes(model: str) -> bool:
    """Whether a model is told two colours beside the drawing. Its card says so."""
    try:
        return core.card(model).get("variant") == "later"
    except WeightsError:  # the page is built all the same
        return False


@functools.cache
def stock() -> dict[str, list[Pair]]:
    """Colours of training photos, for each kind."""
    return {
        kind: [tuple(pair) for pair in found] for kind, found in json.loads(FILE.read_text(encoding="utf-8")).items()
    }


def drawn(model: str, seed: int) -> Pair:
    """The pair from the stock that a seed picks."""
    known = stock()[STOCK[model]]
    return known[int(torch.randint(len(known), (1,), generator=data.seeded(seed, "paints")))]


def parsed(text: Any, at: str | None = None) -> str:
    """A colour, "#rrggbb" or CSS's rgb(...), as "#rrggbb". A Note at the control `at` where it is none."""
    text = str(text).strip()
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return text.lower()
    found = re.fullmatch(r"rgba?\(\s*([\d.]{1,8})\s*,\s*([\d.]{1,8})\s*,\s*([\d.]{1,8})\s*(?:,[^)]{1,20})?\)", text)
    try:
        levels = [round(float(level)) for level in found.groups()] if found else [256]
    except ValueError:  # two points
        levels = [256]
    if max(levels) > 255:
        raise frame.Note(f"a colour must be like #8a3b12, got {text[:30]!r}", at)
    return "#" + bytes(levels).hex()


def read(text: str) -> Pair | None:
    """Two colours as the API takes them, "#rrggbb,#rrggbb", or None for an empty text. ValueError for anything else."""
    if not isinstance(text, str) or text.count(",") not in (0, 1) or (text and "," not in text):
        raise ValueError(f"colours must be two, like '#8a3b12,#f0e0d0', got {str(text)[:40]!r}")
    return (parsed(text.split(",")[0]), parsed(text.split(",")[1])) if text else None


def tensor(pair: Pair) -> Tensor:
    """A pair as the models take it: (1, 6) in [-1, 1]."""
    return torch.tensor([[level / 127.5 - 1 for colour in pair for level in bytes.fromhex(colour[1:])]])


def of_photo(y: Tensor) -> Pair:
    """The two colours of a photo (1, 3, S, S) of a thing on white."""
    return hexes(pairs.colours(y))[0]


def hexes(colours: Tensor) -> list[Pair]:
    """(n, 6) in [-1, 1] as pairs."""
    levels = ((colours.clamp(-1, 1) + 1) * 127.5).round().int().tolist()
    return [("#" + bytes(row[:3]).hex(), "#" + bytes(row[3:]).hex()) for row in levels]


def spread(colours: Tensor, n: int) -> Tensor:
    """n rows of (m, 6) that are far from each other: each is the one farthest from all before it (Gonzalez 1985)."""
    chosen = [int((colours - colours.mean(0)).norm(dim=1).argmin())]
    while len(chosen) < min(n, len(colours)):
        chosen.append(int(torch.cdist(colours, colours[chosen]).amin(1).argmax()))
    return colours[chosen]


def of_training(root: Path) -> dict[str, list[Pair]]:
    """Pairs of colours that training photos have, for each kind: what `demos.first_sight --data data` writes."""
    found = {}
    for model, kind in STOCK.items():
        photos = data.load(kind, root, "train")
        some = torch.arange(0, len(photos.images), max(1, len(photos.images) // LOOKED_AT))
        y = photos.images[some].float() / 255
        colours = pairs.front_colours(y, photos.labels[some]) if model == FACADES else pairs.colours(y)
        found[kind] = hexes(spread(colours, KEPT))
    return found
