"""Flickr8k (Hodosh et al. 2013): photos, and five sentences about each, written by five people.

Many of them show dogs, children and sports. The set is split by photo, by the order of the hashes of their names: 1,000
are held out for measuring, 500 more for making choices. It is the whole set that is split: where photos are missing,
others take their places.
"""

import csv
import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core import vision
from core.dataset import Dataset
from core.recipe import Batch
from core.words import Vocabulary, tokens, vocabulary

HELD_OUT, CHOOSING = 1_000, 500
LEAST = 4  # times that a word occurs in the sentences of training to be one of the vocabulary
TURNED = {"left", "right"}  # a photo that is told with one of these words cannot be mirrored


def captions_by_photo(root: Path) -> dict[str, list[str]]:
    """Names of the photos and their sentences, in the layout of the public download."""
    file = root / "flickr8k" / "captions.txt"
    if not file.is_file():
        raise FileNotFoundError(
            f"no flickr8k/captions.txt in '{root}'; put Flickr8k there, or name its folder with --data"
        )
    found: dict[str, list[str]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["image"], []).append(row["caption"])
    return {name: found[name] for name in sorted(found) if (file.parent / "Images" / name).is_file()}


def split_of(names: list[str]) -> dict[str, list[str]]:
    """Photos for "test", for "choosing" and for "train", each in the order of their names."""
    shuffled = sorted(names, key=lambda name: hashlib.sha256(name.encode("utf-8")).digest())
    held, choosing = shuffled[:HELD_OUT], shuffled[HELD_OUT : HELD_OUT + CHOOSING]
    return {"test": sorted(held), "choosing": sorted(choosing), "train": sorted(shuffled[HELD_OUT + CHOOSING :])}


class Captions(Dataset):
    """A row is a photo with its five sentences. For training, half of the photos come as in a mirror."""

    origin = "Flickr8k (Hodosh et al. 2013) at 128 x 128; split by photo, 1,000 held out"
    licence = "research and education"

    def __init__(self, root: Path, split: str):
        sentences = captions_by_photo(root)
        parts = split_of(list(sentences))
        folder, order = root / "flickr8k" / "Images", {name: i for i, name in enumerate(sentences)}
        paths = [folder / name for name in sentences]
        self.features = vision.cached("flickr8k", paths, root)
        self.mirrored = vision.cached("flickr8k", paths, root, mirrored=True) if split == "train" else None
        words = vocabulary((one for name in parts["train"] for one in sentences[name]), LEAST)
        self.found = {"words": words, "channels": self.features.shape[1]}
        self.names = parts[split]
        self.places = [order[name] for name in self.names]
        self.sentences = [sentences[name] for name in self.names]
        known = Vocabulary(words)
        self.numbers = [[known.numbers(tokens(one)) for one in five] for five in self.sentences]
        self.sided = torch.tensor([bool(TURNED & set(tokens(" ".join(five)))) for five in self.sentences])

    def __len__(self) -> int:
        return len(self.names)

    def batch(self, indices: Tensor, generator: torch.Generator) -> Batch:
        """Features (B, C, h, w) in half precision, and for each photo the words of its sentences, as numbers."""
        flipped = torch.zeros(len(indices), dtype=torch.bool)
        if self.mirrored is not None:
            flipped = (torch.rand(len(indices), generator=generator) < 0.5) & ~self.sided[indices]
        rows = zip(indices.tolist(), flipped.tolist(), strict=True)
        features = np.stack([(self.mirrored if flip else self.features)[self.places[i]] for i, flip in rows])
        return {"features": torch.from_numpy(features), "sentences": [self.numbers[i] for i in indices.tolist()]}
