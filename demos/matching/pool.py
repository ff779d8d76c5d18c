"""The photos and sentences that are matched: those that come with the app, and a visitor's own."""

import functools
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import core
from core import vision
from core.dan import Seen
from core.images import open_picture
from core.words import checked
from demos import frame, pictures

MODEL = "mdan"
MOST_UPLOADS, MOST_SENTENCES = 60, 40  # of a visitor, beside ours
SIDE = 224  # pixels of the longer side of a photo that is kept
KEPT = 400  # photos, with what the network saw in them
BEST = "best"  # as a choice of photo: the one that fits best


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo of the pool, and the steps v^(k) with their attention as m-DAN sees it: (1, d) and (1, h w) each."""

    name: str
    picture: Image.Image
    steps: tuple[Seen, ...]
    grid: tuple[int, int]

    def attention(self, k: int) -> Tensor:
        """(h, w) of step k; step 0 attends to all parts alike."""
        return self.steps[k].alpha.view(self.grid)


@functools.cache
def shipped() -> list[dict[str, str]]:
    """File, name and one sentence of each photo that comes with the app."""
    return json.loads((pictures.EXAMPLES / "photos.json").read_text(encoding="utf-8"))


def sentences() -> list[str]:
    return [row["sentence"] for row in shipped()]


def small(picture: Image.Image) -> Image.Image:
    picture = picture.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=3.0)
    return picture


@torch.inference_mode()
def seen(name: str, picture: Image.Image) -> Photo:
    features = vision.features_of([picture])
    steps = tuple(core.load(MODEL).photo_steps(features))
    return Photo(name, small(picture), steps, tuple(features.shape[2:]))


class Photos:
    """Photos by their file, the last `most` that were asked for; each is looked at once."""

    def __init__(self, most: int):
        self.most, self.held, self.lock = most, OrderedDict(), threading.Lock()

    def get(self, key: Any, name: str, read: Any) -> Photo:
        """read() gives the picture where it is not held. The name is the asker's own."""
        with self.lock:
            found = self.held.get(key)
            if found is not None:
                self.held.move_to_end(key)
        if found is None:
            found = seen(name, read())
            with self.lock:
                self.held[key] = found
                while len(self.held) > self.most:
                    self.held.popitem(last=False)
        return found if found.name == name else Photo(name, found.picture, found.steps, found.grid)


_photos = Photos(KEPT)


def ours() -> list[Photo]:
    """The photos that come with the app."""
    folder = pictures.EXAMPLES / "photos"
    return [
        _photos.get(row["file"], row["name"], lambda row=row: open_picture(folder / row["file"])) for row in shipped()
    ]


def uploaded(files: Sequence[str] | None) -> list[Photo]:
    """A visitor's photos. A Note where there are too many, or one is no picture."""
    files = files or []
    if len(files) > MOST_UPLOADS:
        raise frame.Note(
            f"You added {len(files)} photos; at most {MOST_UPLOADS} can join the pool: remove some.", at="uploads"
        )
    found = []
    for k, file in enumerate(files, 1):
        try:
            found.append(_photos.get(str(file), f"your photo {k}", lambda file=file: open_picture(Path(file))))
        except FileNotFoundError:
            raise frame.Note("Your photos were deleted after an hour; choose them again.", at="uploads") from None
        except ValueError as problem:
            name = Path(str(file)).name[:60]
            raise frame.Note(f"{name}: {problem}", at="uploads") from None
    return found


def pool(files: Sequence[str] | None) -> list[Photo]:
    """A visitor's photos, then ours."""
    return uploaded(files) + ours()


def own_sentences(text: str) -> list[str]:
    """One sentence a line. A Note where there are too many, or one cannot be read."""
    lines = [line.strip() for line in str(text or "")[: 2 * 1000 * MOST_SENTENCES].splitlines() if line.strip()]
    if len(lines) > MOST_SENTENCES:
        raise frame.Note(f"{len(lines)} sentences came; at most {MOST_SENTENCES} are ranked beside ours.", at="own")
    for line in lines:
        readable(line, at="own")
    return lines


def readable(sentence: Any, at: str = "sentence") -> list[str]:
    """The words of a sentence that the network does not know. A Note where it cannot be read, or knows none."""
    try:
        core.load(MODEL).numbered([sentence])
    except ValueError as problem:
        raise frame.Note(frame.sentence(problem), at=at) from None
    return core.load(MODEL).vocabulary.unknown(checked(sentence))


# ------------------------------------------------------------------ what fits what


@torch.inference_mode()
def read(sentence: str) -> list[Seen]:
    """u^(k) and the attention over the words at each step, of one sentence."""
    model = core.load(MODEL)
    return list(model.sentence_steps(*model.numbered([sentence])))


@torch.inference_mode()
def scores(photos: Sequence[Photo], told: Sequence[str]) -> np.ndarray:
    """s^(k) = v^(k) . u^(k) of every photo and sentence: (K + 1, photos, sentences). Their sum over k is S."""
    model = core.load(MODEL)
    read_steps = list(model.sentence_steps(*model.numbered(told)))
    seen_steps = [torch.cat([photo.steps[k].vector for photo in photos]) for k in range(len(read_steps))]
    return torch.stack([v @ u.vector.T for v, u in zip(seen_steps, read_steps, strict=True)]).numpy()
