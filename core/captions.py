"""Photos with sentences that people wrote below them, read in Flickr8k's layout: Images/ and captions.txt."""

import csv
import hashlib
from pathlib import Path

HELD_OUT = 1000  # photos that nothing learns from: of m-DAN's ranking and of the made questions alike
CHOICE = 400  # photos of the training part on which settings are chosen


def read_captions(root: str | Path) -> dict[str, list[str]]:
    """The sentences below each photo of Flickr8k, by its file name, sorted. FileNotFoundError where none are."""
    path = Path(root) / "flickr8k" / "captions.txt"
    if not path.is_file():
        raise FileNotFoundError(f"no '{path}'; put Flickr8k's captions.txt and Images/ there")
    found: dict[str, list[str]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["image"], []).append(row["caption"])
    return dict(sorted(found.items()))


def parts(photos: list[str]) -> dict[str, list[str]]:
    """Photos by the part that they belong to: "test", "choice" and "train", each sorted.

    Names are dealt out by their hashes, so that it does not matter in which order a disk lists them.
    """
    order = sorted(photos, key=lambda name: hashlib.sha256(name.encode("utf-8")).hexdigest())
    held, choice = min(HELD_OUT, len(order) // 4), min(CHOICE, len(order) // 8)
    dealt = {"test": order[:held], "choice": order[held : held + choice], "train": order[held + choice :]}
    return {part: sorted(names) for part, names in dealt.items()}
