"""Pictures to start from: a visitor's sketch as a model wants it, test digits, cluttered scenes, photos."""

import functools
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from core import data

MNIST = Path("data/MNIST/raw/t10k-images-idx3-ubyte")


@functools.lru_cache(maxsize=1)
def test_digits() -> tuple[Tensor, Tensor, str]:
    """Handwritten digits no model was trained on: (n, 1, 28, 28) in [0, 1], labels (n,), and their source.

    MNIST's test set where it is on disk; else the digits that scikit-learn ships, written by other people
    (UCI, CC BY 4.0), brought from 8 x 8 to MNIST's format.
    """
    if MNIST.is_file():
        digits = data.load("mnist", "data", "test")
        return data.rescaled(digits.images), digits.labels, "MNIST's test set"
    from sklearn.datasets import load_digits

    loaded = load_digits()
    small = torch.from_numpy(loaded.images).float()[:, None] / 16
    large = F.interpolate(small, size=(22, 22), mode="bicubic", align_corners=False)
    sharp = ((large - 0.25) * 2.2).clamp(0, 1)  # 8 x 8 digits are blurred by averaging; MNIST's strokes have edges
    return F.pad(sharp, (3, 3, 3, 3)), torch.from_numpy(loaded.target), "scikit-learn's digits (UCI test writers)"


def random_digit(seed: int) -> tuple[Tensor, int, str]:
    """The test digit that a seed picks: (1, 1, 28, 28), its label, its source."""
    digits, labels, source = test_digits()
    index = int(torch.randint(len(digits), (1,), generator=data.seeded(seed, 3)))
    return digits[index : index + 1], int(labels[index]), source


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
    """The middle square of a photo that scikit-learn ships ("flower" or "china", CC BY): (1, 3, size, size)."""
    from sklearn.datasets import load_sample_image

    picture = Image.fromarray(load_sample_image(f"{name}.jpg"))
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1)[None].float() / 255
