"""Pictures to start from: a visitor's sketch as a model wants it, test digits, cluttered scenes, photos."""

import functools
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor

from core import data

EXAMPLES = Path(__file__).parent / "examples"
DIGITS_FROM = "the UCI digits' test writers"


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
    index = int(torch.randint(len(digits), (1,), generator=data.seeded(seed, 3)))
    return digits[index : index + 1], int(labels[index])


def as_digit(sketch: Image.Image, side: int = 20, size: int = 28) -> Tensor:
    """A sketch, dark on light, the way MNIST was made: ink fitted into 20 x 20, its centre of mass in the middle.

    Returns (1, 1, 28, 28) in [0, 1], ink 1.
    """
    ink = 255 - np.asarray(sketch.convert("L"), dtype=np.float32)
    rows, columns = np.where(ink > 25)
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
    ink = 1 - torch.from_numpy(np.asarray(sketch.convert("L").resize((size, size), Image.Resampling.BOX))).float() / 255
    return ink.expand(1, channels, size, size)


MAX_PIXELS = 16_000_000  # of an upload


def open_upload(file: bytes) -> Image.Image:
    """A photo that a visitor sent, upright, in RGB, on white. ValueError, in a sentence, where it is none."""
    try:
        photo = Image.open(io.BytesIO(file), formats=["PNG", "JPEG", "WEBP"])
        if photo.width * photo.height > MAX_PIXELS:  # known before its pixels are read
            raise ValueError(
                f"the photo has {photo.width} x {photo.height} pixels; at most {MAX_PIXELS:,} fit: make it smaller"
            )
        photo = ImageOps.exif_transpose(photo)
    except Image.DecompressionBombError:
        raise ValueError(f"the photo has too many pixels; at most {MAX_PIXELS:,} fit: make it smaller") from None
    except (OSError, SyntaxError, EOFError, struct.error, zlib.error):
        raise ValueError("the photo is broken or no photo; choose a whole PNG, JPEG or WebP file") from None
    if photo.has_transparency_data:
        photo = Image.alpha_composite(Image.new("RGBA", photo.size, "white"), photo.convert("RGBA"))
    return photo.convert("RGB")


def binarised(picture: Tensor, seed: int) -> Tensor:
    """Pixels 0 or 1, each with the probability its grey level says: what the MNIST models were trained on."""
    return torch.bernoulli(picture, generator=data.seeded(seed, 4))


def cluttered_scene(digit: Tensor, seed: int) -> Tensor:
    """A digit (1, 1, 28, 28) hidden on 100 x 100 among eight fragments of test digits: (1, 1, 100, 100)."""
    generator = data.seeded(seed, 5)
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
    generator = data.seeded(seed, 7)
    whole = photo(("flower", "china")[int(torch.randint(2, (1,), generator=generator))], 100)
    top, left = data.uniform_crop_corners(1, 100 - 64, generator)[0].tolist()
    return F.interpolate(whole[:, :, top : top + 64, left : left + 64], size=(size, size), mode="area")
