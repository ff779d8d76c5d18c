"""The networks: which are here, what their cards say of them, and the digits that they are shown."""

from collections.abc import Mapping
from typing import Any

import torch
from PIL import Image
from torch import Tensor

import core
from core.images import open_picture
from core.pixels import PixelRNN
from core.weights import WeightsError
from demos import checks, frame, pictures
from demos.widgets import strokes_of

MULTI = "Multi-scale"
NETWORKS = {
    "pixelcnn-mnist": "PixelCNN",
    "rowlstm-mnist": "Row LSTM",
    "diagbilstm-mnist": "Diagonal BiLSTM",
    "multiscale-mnist": MULTI,
}
INKS = {
    "PixelCNN": ("reading", "solid"),
    "Row LSTM": ("writing", "dash"),
    "Diagonal BiLSTM": ("real", "dot"),
    MULTI: ("generated", "dashdot"),
}
SIDE = 28
PIXELS = SIDE * SIDE
MOST = 64  # pictures at once
WARMEST = 10.0
PALETTE = {"ink": "#000000", "covered": "#cc79a7"}  # of the pad on which one covers
NONE = "The weights of all these networks are missing or damaged here, so this tab has nothing to show."


def network(name: Any, among: Mapping[str, str] = NETWORKS) -> PixelRNN:
    """A network by the name of its weights. ValueError where it is none of them, WeightsError without weights."""
    if not checks.known(name, among):
        raise ValueError(f"model must be one of {', '.join(among)}, got {checks.shown(name)}")
    return core.load(name)


def those_here() -> tuple[dict[str, PixelRNN], frame.Note | None]:
    """The networks whose weights are here, by title, and a note on those that are missing. A Note where all are."""
    found, missing = {}, []
    for name, title in NETWORKS.items():
        try:
            found[title] = core.load(name)
        except WeightsError:
            missing.append(title)
    if not found:
        raise frame.Note(NONE)
    if not missing:
        return found, None
    others = "the others work" if len(found) > 1 else "the other one works"
    return found, frame.Note(f"The weights of {frame.listed(missing)} are missing or damaged here; {others}.")


def metrics(title: str) -> dict[str, Any]:
    """What the card of a network says was measured; nothing where it is not measured yet, or not here."""
    name = next(name for name, each in NETWORKS.items() if each == title)
    try:
        found = core.card(name)["metrics"]
    except WeightsError:
        return {}
    return found if "nll" in found else {}


# ------------------------------------------------------------------ numbers that visitors send


def how_many(n: Any) -> int:
    return int(checks.number("the number of pictures", n, 1, MOST, whole=True))


def warmth(temperature: Any) -> float:
    """The temperature, or a Note."""
    try:
        return checks.number("the temperature", temperature, 0, WARMEST)
    except ValueError as problem:
        raise frame.Note(str(problem), "temperature") from None


def place(row: Any, column: Any) -> tuple[int, int]:
    """A pixel of the picture."""
    i, j = (checks.number(f"the {what}", v, 0, SIDE - 1, whole=True) for what, v in (("row", row), ("column", column)))
    return int(i), int(j)


# ------------------------------------------------------------------ digits


def stock_digit(which: Any, seed: int) -> Tensor:
    """The test digit of a number, its pixels 0 or 1: (1, 1, 28, 28)."""
    number = frame.parse_seed(which, "the number of the test digit", "which")
    return pictures.binarised(pictures.random_digit(number)[0], seed)


def drawn_digit(sketch: Any, seed: int) -> Tensor:
    """A drawing as MNIST's digits are, its pixels 0 or 1: (1, 1, 28, 28). A Note where the pad is empty."""
    if not strokes_of(sketch):
        raise frame.Note("Draw a large digit; the networks read it when you lift the pen.", at="sketch")
    return pictures.binarised(pictures.as_digit(pictures.read_sketch(sketch)), seed)


def covered_page(sketch: Any) -> tuple[Tensor, Tensor]:
    """What is on the pad on which one covers: the ink (1, 1, 28, 28), and what is known (28, 28). A Note where nothing
    or all is covered.
    """
    if not strokes_of(sketch):
        raise frame.Note("Draw part of a digit, and paint with 'covered' over what is to be completed.", at="covers")
    image = pictures.read_sketch({"strokes": sketch["strokes"]}, palette=PALETTE)
    colours = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(image.height, image.width, 3)
    is_ink, is_covered = (
        (colours == torch.tensor(list(bytes.fromhex(PALETTE[name][1:])))).all(-1).float()[None, None]
        for name in PALETTE
    )
    small = torch.nn.functional.adaptive_avg_pool2d
    known = small(is_covered, SIDE)[0, 0] < 0.5
    return (small(is_ink, SIDE) >= 0.5).float(), checked_cover(known, "covers")


def checked_cover(known: Tensor, at: str) -> Tensor:
    """What is known (28, 28), where it is neither all nor nothing. Else a Note."""
    if known.all():
        raise frame.Note("Nothing is covered, so there is nothing to complete; cover part of the digit.", at=at)
    if not known.any():
        raise frame.Note("All is covered, so there is nothing to go on; uncover part of it, or generate.", at=at)
    return known


def cover(side: Any, percent: Any) -> Tensor:
    """What is known (28, 28) where so much is covered from a side: bottom, top, left or right."""
    if not checks.known(side, SIDES):
        raise frame.Note(f"the side must be one of {', '.join(SIDES)}, got {checks.shown(side)}", "edge")
    try:
        share = checks.number("the covered part", percent, 0, 100) / 100
    except ValueError as problem:
        raise frame.Note(str(problem), "percent") from None
    lines = min(max(round(SIDE * share), 1), SIDE - 1) if 0 < share < 1 else round(SIDE * share)
    row, column = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    from_side = {"bottom": SIDE - 1 - row, "right": SIDE - 1 - column, "left": column, "top": row}[side]
    return checked_cover(from_side >= lines, "percent")


SIDES = ("bottom", "right", "left", "top")


def sent_digit(url: str, seed: int, *, whole: bool = False) -> tuple[Tensor, str]:
    """A picture that came through the API, its pixels 0 or 1 (1, 1, 28, 28), and a sentence where its size was changed.

    whole: the page as it is, and not its ink alone, brought to the place and size of MNIST's digits.
    """
    image = pictures.read_sketch(url)
    as_it_is = whole or image.size == (SIDE, SIDE)
    x = pictures.as_page(image, SIDE, 1) if as_it_is else pictures.as_digit(image)
    return pictures.binarised(x, seed), resized(image)


def sent_mask(url: str) -> tuple[Tensor, str]:
    """A mask that came through the API: what is known (28, 28), white in it, and a sentence where it was resized."""
    image = open_picture(pictures.decoded(url)).convert("L")
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    levels = torch.frombuffer(bytearray(small.tobytes()), dtype=torch.uint8).view(SIDE, SIDE)
    return levels >= 128, resized(image)


def resized(image: Image.Image) -> str:
    if image.size == (SIDE, SIDE):
        return ""
    return f" The picture came as {image.width} × {image.height} pixels and was resized to {SIDE} × {SIDE}."
