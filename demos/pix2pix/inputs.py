"""What the networks of pix2pix are given: drawings and plans from a pad, a file or the stock, as tensors."""

import functools
import json
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import core
from core import data, pairs
from core.images import open_picture
from demos import frame, pictures
from demos.widgets import GONE, MAX_POINTS, check_strokes

SHOES, BAGS, FACADES, LABELLER = "pix2pix-shoes", "pix2pix-bags", "pix2pix-facades", "pix2pix-labeller"
MODELS = [("A shoe", SHOES), ("A bag", BAGS), ("A house front", FACADES)]
STOCK = {SHOES: "shoes", BAGS: "bags", FACADES: "facades"}  # where examples/sketches.json has drawings for each
INKS = {name: f"#{r:02x}{g:02x}{b:02x}" for name, (r, g, b) in pairs.LABELS.items()}
PAPER = INKS["background"]
STAGES = 24  # at most so many steps from an empty sheet to the whole drawing


def known(model: str) -> str:
    """One of the models to draw for. ValueError for any other name."""
    names = [name for _, name in MODELS]
    if model not in names:
        raise ValueError(f"no pix2pix model {str(model)[:60]!r}; choose one of {', '.join(names)}")
    return model


@functools.cache
def sketches() -> dict[str, list[dict[str, Any]]]:
    """The drawings that come with the app, as strokes, for each kind."""
    return json.loads((frame.DEMOS / "examples" / "sketches.json").read_text(encoding="utf-8"))


def stock(model: str, seed: int) -> dict[str, Any]:
    """The drawing from the stock that a seed picks, as a pad's value."""
    drawings = sketches()[STOCK[known(model)]]
    index = int(torch.randint(len(drawings), (1,), generator=data.seeded(seed, "drawing")))
    return {"strokes": drawings[index]["strokes"]}


def read_input(model: str, value: Any) -> tuple[Tensor, str]:
    """A pad's value or a data URL as the model's x (1, C, S, S), and a sentence where something had to be changed."""
    size = core.load(model).shape[-1]
    if model != FACADES:
        sketch = squared(pictures.read_sketch(value).convert("L")).resize((size, size), Image.Resampling.BOX)
        return torch.from_numpy(np.asarray(sketch, dtype=np.float32) / 255)[None, None], ""
    plan = pictures.read_sketch(value, palette=INKS, paper=PAPER).convert("RGB")
    if plan.width != plan.height:
        raise ValueError(f"the plan came as {plan.width} x {plan.height} pixels; a square one was expected: crop it")
    pixels = to_tensor(plan.resize((size, size), Image.Resampling.NEAREST))
    x = pairs.label_colours(pairs.nearest_label(pixels * 255))
    strange = ((x - pixels).abs().amax(1) > 0.15).float().mean().item()
    share = f"{strange:.0%}" if strange >= 0.005 else "under 1%"
    said = f"Some colours ({share} of the plan) matched no label; the nearest label was used." if strange else ""
    return x, said


def growing(model: str, value: Any) -> Tensor:
    """A pad's drawing from its first line to its last: (T, C, S, S), T at most STAGES.

    A very long drawing grows in fewer steps: each draws all lines so far anew.
    """
    strokes = value["strokes"]
    points = sum(len(stroke.points) for stroke in check_strokes(strokes, INKS if model == FACADES else None))
    stages = max(2, min(STAGES, 2 * MAX_POINTS // max(points, 1)))
    return torch.cat([read_input(model, {"strokes": part})[0] for part in prefixes(strokes, stages)])


def prefixes(strokes: list[dict[str, Any]], most: int) -> list[list[dict[str, Any]]]:
    """The drawing at up to `most` moments, evenly along its lines; a rectangle comes whole."""
    lengths = [1 if stroke.get("box") else max(1, len(stroke["points"]) - 1) for stroke in strokes]
    count = min(most, sum(lengths))
    found = []
    for k in range(1, count + 1):
        left, part = round(sum(lengths) * k / count), []
        for stroke, length in zip(strokes, lengths, strict=True):
            if left >= length:
                part.append(stroke)
            elif left > 0:
                part.append(stroke | {"points": stroke["points"][: left + 1]})
            left -= length
        found.append(part)
    return found


def read_photo(model: str, file: bytes | None) -> tuple[Tensor, Tensor]:
    """An uploaded photo (1, 3, S, S), and what the model is given for it: its edges, or labels found in it."""
    if file == GONE:
        raise frame.Note("Your photo was deleted after an hour: choose it again.", at="source")
    if not file:
        raise frame.Note("Choose a photo: a PNG, JPEG or WebP file of at most 5 MB.", at="source")
    photo = squared(open_picture(file).convert("RGB"))
    size = core.load(known(model)).shape[-1]
    y = to_tensor(photo.resize((size, size), Image.Resampling.LANCZOS))
    if model == FACADES:
        return y, pairs.label_colours(core.load(LABELLER).labels(y)[:, None])
    return y, pairs.edges(y)


def emerging(model: str, y: Tensor, x: Tensor) -> Tensor:
    """A photo's input bit by bit, (T, C, S, S): its edges from the boldest on, or its labels from the largest on."""
    if model != FACADES:
        steps = [pairs.edges(y, threshold=0.06 * 6 ** (1 - k / 11)) for k in range(12)]
        return torch.cat(steps)
    labels = pairs.nearest_label(255 * x)
    order = torch.bincount(labels.flatten().long(), minlength=len(pairs.LABELS)).argsort(descending=True)
    there = [label for label in order.tolist() if (labels == label).any()]
    steps = [torch.where(torch.isin(labels, torch.tensor(there[: k + 1])), labels, 0) for k in range(len(there))]
    return torch.cat([pairs.label_colours(step) for step in steps])


def to_tensor(picture: Image.Image) -> Tensor:
    """An RGB picture as (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 255


def squared(picture: Image.Image) -> Image.Image:
    """On a white square, in its middle."""
    side = max(picture.size)
    sheet = Image.new(picture.mode, (side, side), "white")
    sheet.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return sheet
