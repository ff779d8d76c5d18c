"""Pictures to start from: a visitor's sketch as a model wants it, test digits, cluttered scenes, photos."""

import base64
import binascii
import functools
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from core import data
from core.images import open_picture
from demos.checks import shown
from demos.widgets import draw_strokes

EXAMPLES = Path(__file__).parent / "examples"
DIGITS_FROM = "the test part of the UCI handwritten digits"


@functools.lru_cache(maxsize=1)
def test_digits() -> tuple[Tensor, Tensor]:
    """Handwritten digits no model was trained on: (n, 1, 28, 28) in [0, 1], and labels (n,).

    They were written by people who are not in MNIST (examples/LICENCES.md), and are brought from 8 x 8
    to MNIST's format: 20 x 20 in the middle of 28 x 28.
    """
    with np.load(EXAMPLES / "digits.npz") as loaded:
        small, labels = torch.from_numpy(loaded["images"]).float()[:, None] / 16, torch.from_numpy(loaded["labels"])
    large = F.interpolate(small, size=(20, 20), mode="bicubic", align_corners=False)
    # Averaging into 8 x 8 blurred the pen; this edge gives strokes as much ink as MNIST's have (13.5 % of the picture).
    return F.pad(((large - 0.6) * 3 + 0.5).clamp(0, 1), (4, 4, 4, 4)), labels.long()


def random_digit(seed: int) -> tuple[Tensor, int]:
    """The test digit that a seed picks: (1, 1, 28, 28), and its label."""
    digits, labels = test_digits()
    index = int(torch.randint(len(digits), (1,), generator=data.seeded(seed, "digit")))
    return digits[index : index + 1], int(labels[index])


def stock_digit(seed: int) -> Tensor:
    """The same, with two empty pixels all round: (1, 1, 32, 32)."""
    return F.pad(random_digit(seed)[0], (2, 2, 2, 2))


# ------------------------------------------------------------------ what visitors draw and send

DATA_URL = re.compile(r"data:image/[a-z0-9.+-]+;base64,")


def read_sketch(value: Any, *, palette: dict[str, str] | None = None, paper: str = "#ffffff") -> Image.Image:
    """A pad's value, or a data URL alone, as a picture on white: mode L where it holds no colour, else RGB.

    A value with strokes and no picture yet is drawn here, black on white. With a pad's palette and paper strokes are
    always drawn here, in RGB: the borders in the browser's picture are blends, which are no label's colour.
    Raises ValueError, one sentence that says what came, what was expected and what to do, where there is no sketch, a
    blank one or a broken one.
    """
    empty = isinstance(value, dict) and not value.get("png") and not value.get("strokes")
    if value is None or empty or (isinstance(value, str) and not value):
        raise ValueError("the pad is empty; a drawing was expected: draw something first")
    if isinstance(value, dict) and (not value.get("png") or (palette is not None and value.get("strokes"))):
        image = draw_strokes(value["strokes"], 280, palette=palette, paper=paper)
    else:
        image = open_picture(decoded(value["png"] if isinstance(value, dict) else value))
    if all(low == high for low, high in (channel.getextrema() for channel in image.split())):
        raise ValueError("the drawing is blank; lines were expected: draw something first")
    return image


def decoded(url: Any) -> bytes:
    """The file in a data URL."""
    if not isinstance(url, str):
        raise ValueError(
            f"the sketch came as {type(url).__name__}; a pad's value or a data URL was expected: draw on the pad again"
        )
    head = DATA_URL.match(url)
    if not head:
        raise ValueError(
            f"the sketch came as {shown(url)}; a data URL of a PNG, JPEG or WebP picture was expected "
            "(data:image/png;base64,...): draw on the pad, or save the picture as PNG"
        )
    try:
        return base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(
            "the sketch's data URL came broken, it is not base64; a whole one was expected: send the sketch again"
        ) from None


FAINT = 25  # levels of 255: paler than this is paper


def ink_on_paper(sketch: Image.Image) -> np.ndarray:
    """How much ink lies where, from 0 to 255, on paper of any one shade: (H, W).

    The paper's shade is the median of the picture's border. Ink is what is darker, or what is lighter where there is
    more of that. ValueError where it cannot be told which is which.
    """
    grey = np.asarray(sketch.convert("L"), dtype=np.float32)
    edge = max(1, min(grey.shape) // 50)
    border = np.concatenate(
        [grey[:edge].ravel(), grey[-edge:].ravel(), grey[:, :edge].ravel(), grey[:, -edge:].ravel()]
    )
    paper = np.median(border)
    dark, light = (paper - grey).clip(min=0), (grey - paper).clip(min=0)
    ink = dark if dark[dark > FAINT].sum() >= light[light > FAINT].sum() else light
    if (ink > FAINT).mean() > 0.6 or (np.abs(border - paper) > FAINT).mean() > 0.4:
        raise ValueError(
            "the drawing's ink and paper cannot be told apart; draw with one pen on plain paper, and leave a margin"
        )
    return ink


def drawn_digit(sketch: Any) -> Tensor:
    """A drawing as the GANs know digits, with two empty pixels all round: (1, 1, 32, 32)."""
    return F.pad(as_digit(read_sketch(sketch)), (2, 2, 2, 2))


def as_digit(sketch: Image.Image, side: int = 20, size: int = 28) -> Tensor:
    """A sketch the way MNIST was made: ink fitted into 20 x 20, its centre of mass in the middle.

    Returns (1, 1, 28, 28) in [0, 1], ink 1.
    """
    ink = ink_on_paper(sketch)
    rows, columns = np.where(ink > FAINT)
    if not len(rows):
        raise ValueError("the drawing is too pale to see; draw a digit with dark strokes")
    ink = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = side / max(ink.shape)
    height, width = (max(1, round(n * scale)) for n in ink.shape)
    fitted = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BOX)) / 255
    digit = torch.zeros(1, 1, size, size)
    total = fitted.sum()
    middle = [(fitted.sum(1 - axis) * np.arange(n)).sum() / total for axis, n in enumerate(fitted.shape)]
    top, left = (
        int(np.clip(round((size - 1) / 2 - m), 0, size - n)) for m, n in zip(middle, fitted.shape, strict=True)
    )
    digit[0, 0, top : top + height, left : left + width] = torch.from_numpy(fitted.copy())
    return digit / digit.max()


def as_page(sketch: Image.Image, size: int, channels: int) -> Tensor:
    """A sketch as it lies on the pad, ink 1 on 0: (1, channels, size, size) in [0, 1]."""
    ink = Image.fromarray(ink_on_paper(sketch) if channels == 1 else 255 - np.asarray(sketch.convert("L"), np.float32))
    small = np.asarray(ink.resize((size, size), Image.Resampling.BOX)) / 255
    return torch.from_numpy(small).expand(1, channels, size, size)


# ------------------------------------------------------------------ test digits made harder, and photos


def binarised(picture: Tensor, seed: int) -> Tensor:
    """Pixels 0 or 1, each with the probability its grey level says: what the MNIST models were trained on."""
    return torch.bernoulli(picture, generator=data.seeded(seed, "binarising"))


def cluttered_scene(digit: Tensor, seed: int) -> Tensor:
    """A digit (1, 1, 28, 28) hidden on 100 x 100 among eight fragments of test digits: (1, 1, 100, 100)."""
    generator = data.seeded(seed, "clutter")
    pool = test_digits()[0]
    donors = pool[torch.randint(len(pool), (8,), generator=generator), 0]
    return data.clutter(digit[0], donors, generator)[:, None]


@functools.lru_cache(maxsize=4)
def photo(name: str, size: int) -> Tensor:
    """A square colour photo from examples/ ("flower" or "china"): (1, 3, size, size)."""
    picture = Image.open(EXAMPLES / f"{name}.png").convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 255


def random_photo(seed: int, size: int) -> Tensor:
    """A piece of one of the photos, picked by a seed: (1, 3, size, size)."""
    generator = data.seeded(seed, "photo")
    whole = photo(("flower", "china")[int(torch.randint(2, (1,), generator=generator))], 100)
    top, left = data.uniform_crop_corners(1, 100 - 64, generator)[0].tolist()
    return F.interpolate(whole[:, :, top : top + 64, left : left + 64], size=(size, size), mode="area")
