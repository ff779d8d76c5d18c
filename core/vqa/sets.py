"""Questions about photos as batches: made from captions, asked by people (DAQUAR, VQA), or of drawn shapes (easy-VQA).

A row is a question. Its batch has

    features (B, C) or (B, C, h, w)   what a frozen network sees in the photo (core/vision.py); easy-VQA: the pixels
    words (B, L), lengths (B,)        numbered words, padded
    type (B,)                         the number of its beginning in language.TYPES
    target (B, A)                     shares of the answers that people gave, to learn from
    score (B, A)                      how right each answer is, from 0 to 1, to measure by
    choices (B, 18)                   of held-out questions: the multiple choice, as numbers of answers; -1 for none
    group (B,), photo (B,), row (B,)  data set and kind (see `group_names`); numbers of photo and question

Only answers that training photos have often enough can be given: A is a few hundred. A question whose answers are all
rarer is left out of training; in measuring it counts, as one that nobody can answer.
"""

import csv
import importlib.util
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core import captions, words
from core.dataset import Dataset
from core.noise import seeded
from core.recipe import Batch
from core.vqa import language, metric
from core.vqa.questions import KINDS, from_captions

OFTEN = 5  # training questions that must have an answer for it to be one of those that can be given
SOURCES = ("captions", "DAQUAR", "easy-VQA", "VQA")


class Asked(NamedTuple):
    """A question about a photo: what people said, and how right that is."""

    photo: str
    text: str
    answers: Mapping[str, int]
    scores: Mapping[str, float]
    kind: str
    source: str
    choices: tuple[str, ...] = ()  # where the data set itself has a multiple choice


def group_names() -> list[str]:
    """The names of the numbers under "group": "captions colour", ..."""
    return [f"{source} {kind}" for source in SOURCES for kind in KINDS]


class Questions(Dataset):
    """Rows of questions, with the vocabulary and the answers of those that are learned from.

    features(photos' numbers) -> (B, ...). learned: the training questions, which decide `found`; by themselves `asked`.
    """

    def __init__(
        self,
        asked: Sequence[Asked],
        photos: Sequence[str],
        features: Callable[[np.ndarray], Tensor],
        origin: str,
        licence: str,
        learned: Sequence[Asked] | None = None,
    ):
        learned = asked if learned is None else learned
        texts = [each.text for each in learned]
        common = Counter(best(each.answers) for each in learned)
        answers = [answer for answer, n in common.most_common() if n >= OFTEN] or list(common)
        number = {answer: k for k, answer in enumerate(answers)}
        measured = learned is not asked
        if not measured:
            asked = learned = [each for each in asked if any(answer in number for answer in each.answers)]
        self.asked, self.photos, self.features = list(asked), list(photos), features
        self.origin, self.licence = origin, licence
        known = language.vocabulary(texts)
        self.found = {
            "words": known,
            "answers": answers,
            "first": language.first_words(texts),
            "photos": len({each.photo for each in learned}),
            "questions": len(learned),
        }
        self.words, self.lengths = language.numbered([each.text for each in asked], words.Vocabulary(known))
        self.types = torch.tensor([language.type_of(language.words_of(each.text)) for each in asked])
        place = {name: k for k, name in enumerate(photos)}
        self.place = np.array([place[each.photo] for each in asked])
        _, self.own = np.unique(self.place, return_inverse=True)  # photos that are asked about, numbered from 0
        self.groups = torch.tensor([SOURCES.index(e.source) * len(KINDS) + KINDS.index(e.kind) for e in asked])
        self.number, self.choices = number, None
        if measured:
            self.suggested = suggestions(learned, number)
            self.choices = torch.stack([self.choose(k) for k in range(len(asked))])

    def __len__(self) -> int:
        return len(self.asked)

    def choose(self, k: int) -> Tensor:
        """The multiple choice of a question, as numbers of answers: (18,), -1 where there are less."""
        each = self.asked[k]
        answers = self.found["answers"]
        correct = best(each.answers)
        plausible = self.suggested.get(each.text) or self.suggested[int(self.types[k])]
        generator = seeded(0, "choices", k)
        chosen = each.choices or metric.choices(correct, plausible, answers[: metric.POPULAR], answers, generator)
        numbers = [self.number.get(answer, -1) for answer in chosen][: metric.CHOICES]
        return torch.tensor(numbers + [-1] * (metric.CHOICES - len(numbers)))

    def batch(self, indices: Tensor, generator: torch.Generator) -> Batch:
        target = torch.zeros(len(indices), len(self.number))
        score = torch.zeros(len(indices), len(self.number))
        for row, k in enumerate(indices.tolist()):
            for answer, n in self.asked[k].answers.items():
                if answer in self.number:
                    target[row, self.number[answer]] = n
                    score[row, self.number[answer]] = self.asked[k].scores[answer]
        at = indices.numpy()
        chosen = {} if self.choices is None else {"choices": self.choices[indices]}
        return chosen | {
            "features": self.features(self.place[at]),
            "words": self.words[indices],
            "lengths": self.lengths[indices],
            "type": self.types[indices],
            "target": target / target.sum(1, keepdim=True).clamp(min=1),
            "score": score,
            "group": self.groups[indices],
            "photo": torch.from_numpy(self.own[at]),
            "row": indices,
        }


def best(answers: Mapping[str, int]) -> str:
    """The answer that most people gave; of those, the first in the alphabet."""
    return min(answers, key=lambda answer: (-answers[answer], answer))


def suggestions(learned: Iterable[Asked], known: Mapping[str, int]) -> dict[str | int, list[str]]:
    """What a question alone suggests: the commonest answers of its very words, and of its type."""
    counts: dict[str | int, Counter[str]] = {k: Counter() for k in range(len(language.TYPES))}
    for each in learned:
        said = best(each.answers)
        if said in known:
            counts.setdefault(each.text, Counter())[said] += 1
            counts[language.type_of(language.words_of(each.text))][said] += 1
    return {key: [answer for answer, _ in count.most_common(2 * metric.CHOICES)] for key, count in counts.items()}


# ------------------------------------------------------------------ where questions come from


def made(root: Path) -> dict[str, list[Asked]]:
    """Questions from Flickr8k's captions, by the part that their photo belongs to."""
    sentences = captions.captions_by_photo(root)
    part_of = {name: part for part, names in captions.split_of(list(sentences)).items() for name in names}
    found: dict[str, list[Asked]] = {"train": [], "choosing": [], "test": []}
    for photo, text, answers, kind in from_captions(sentences):
        scores = {answer: metric.agreement(n) for answer, n in answers.items()}
        found[part_of[photo]].append(Asked(photo, text, answers, scores, kind, "captions"))
    return found


def sides(asked: Iterable[Asked]) -> dict[str, tuple[list[int], list[int]]]:
    """Where the questions of a text stand whose answer is "yes" or "1", and where the others do, "no" or a number."""
    found: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for k, each in enumerate(asked):
        if each.kind in ("yes/no", "number"):
            found[each.text][not {"yes", "1"} & each.answers.keys()].append(k)
    return found


def held_out(part: str, found: Mapping[str, list[Asked]]) -> list[Asked]:
    """A part's questions to measure by: of those that are even over all photos, as many of either side here, too.

    Otherwise what one part has too many of the others would lack, and who learned their habits would be misled: a
    network that sees no photo would do worse than chance.
    """
    asked, everywhere = found[part], sides(itertools.chain(*found.values()))
    left_out: set[int] = set()
    for text, (one, other) in sides(asked).items():
        if len(everywhere[text][0]) == len(everywhere[text][1]):
            more = max(one, other, key=len)
            order = torch.randperm(len(more), generator=seeded(0, f"held out: {part}: {text}")).tolist()
            left_out |= {more[k] for k in order[min(len(one), len(other)) :]}
    return [each for k, each in enumerate(asked) if k not in left_out]


def daquar(root: Path, split: str) -> list[Asked]:
    """DAQUAR's questions with a single answer (Malinowski and Fritz 2014), by its own split of the photos."""
    folder = root / "daquar"
    if not (folder / "qa.csv").is_file():
        raise FileNotFoundError(f"no '{folder / 'qa.csv'}'; put DAQUAR's qa.csv, its lists of images and images/ there")
    photos = set((folder / f"{split}_images.txt").read_text(encoding="utf-8").split())
    found = []
    with (folder / "qa.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["image_id"] in photos and "," not in row["answer"]:
                answer = metric.normalised(row["answer"].replace("_", " "))
                kind = kind_of(row["question"], answer)
                found.append(Asked(row["image_id"], row["question"], {answer: 1}, {answer: 1.0}, kind, "DAQUAR"))
    return found


COLOURS = {
    "red",
    "blue",
    "green",
    "yellow",
    "white",
    "black",
    "brown",
    "gray",
    "grey",
    "orange",
    "pink",
    "purple",
    "teal",
}


def kind_of(question: str, answer: str) -> str:
    """The kind of a question that people asked, from its words and its answer."""
    if answer in ("yes", "no"):
        return "yes/no"
    if answer.isdecimal() or question.lower().startswith("how many"):
        return "number"
    if answer in COLOURS or "color" in question.lower() or "colour" in question.lower():
        return "colour"
    return "place" if question.lower().startswith("where") else "object"


def easy(split: str) -> tuple[list[Asked], dict[str, Path]]:
    """easy-VQA: drawn shapes with one exact answer each, from the package `easy-vqa`; photos' names and files."""
    package = importlib.util.find_spec("easy_vqa")
    if package is None or package.origin is None:
        raise FileNotFoundError("easy-VQA comes with a package; `pip install easy-vqa`")
    folder = Path(package.origin).parent / "data" / split
    rows = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    asked = [Asked(str(k), text, {said: 1}, {said: 1.0}, kind_of(text, said), "easy-VQA") for text, said, k in rows]
    return asked, {path.stem: path for path in (folder / "images").glob("*.png")}


def vqa_format(root: Path, split: str) -> tuple[list[Asked], dict[str, Path]]:
    """VQA v1 or v2 as published, with its COCO photos, in root/vqa: ten answers to each question.

    split: "train" or "test", which is VQA's "val": the answers of its own test were never published.
    """
    folder, part = root / "vqa", "train2014" if split == "train" else "val2014"
    questions = sorted(folder.glob(f"*OpenEnded_mscoco_{part}_questions.json"))
    annotations = sorted(folder.glob(f"*mscoco_{part}_annotations.json"))
    if not questions or not annotations:
        raise FileNotFoundError(
            f"no questions and annotations of {part} in '{folder}'; put VQA's JSON files and COCO's {part}/ there"
        )
    said = {
        each["question_id"]: each for each in json.loads(annotations[-1].read_text(encoding="utf-8"))["annotations"]
    }
    several = {
        each["question_id"]: tuple(map(metric.normalised, each["multiple_choices"]))
        for path in folder.glob(f"MultipleChoice_mscoco_{part}_questions.json")
        for each in json.loads(path.read_text(encoding="utf-8"))["questions"]
    }
    asked, files = [], {}
    for each in json.loads(questions[-1].read_text(encoding="utf-8"))["questions"]:
        name, note = f"COCO_{part}_{each['image_id']:012}", said[each["question_id"]]
        people = Counter(metric.normalised(answer["answer"]) for answer in note["answers"])
        scores = {answer: metric.consensus(n, people.total()) for answer, n in people.items()}
        kind = {"yes/no": "yes/no", "number": "number"}.get(note["answer_type"]) or kind_of(
            each["question"], best(people)
        )
        choices = several.get(each["question_id"], ())
        asked.append(Asked(name, each["question"], people, scores, kind, "VQA", choices))
        files[name] = folder / part / f"{name}.jpg"
    return asked, files


# ------------------------------------------------------------------ data sets by name


def seen_maps(name: str, files: Sequence[Path], root: Path) -> np.ndarray:
    """Maps (n, C, h, w) of photos, in half precision, from disk."""
    from core import vision

    return vision.cached(name, files, root)


def means(maps: np.memmap, file: Path) -> np.ndarray:
    """Means over each photo's map, (n, C); kept beside the maps, for as long as these stay as they are."""
    newer = file.is_file() and file.stat().st_mtime >= Path(maps.filename).stat().st_mtime
    if not (newer and (found := np.load(file)).shape[0] == len(maps)):
        found = np.stack([one.astype(np.float32).mean((1, 2)) for one in maps]).astype(np.float16)
        np.save(file, found)
    return found


def joint(part: str = "", *, maps: bool = False) -> Callable[[Path, str], Dataset]:
    """Made questions and DAQUAR's together. maps: whether features keep their places. part: "choosing" for settings."""

    def read(root: Path, split: str) -> Dataset:
        sentences = made(root)
        people = {each: daquar(root, each) for each in ("train", "test")}
        chosen = set(sorted({each.photo for each in people["train"]})[::8])
        kept = [each for each in people["train"] if each.photo not in chosen]
        people |= {"train": kept, "choosing": [each for each in people["train"] if each.photo in chosen]}
        learned = sentences["train"] + people["train"]
        if not part:  # nothing is left to choose
            learned = learned + sentences["choosing"] + people["choosing"]
        asked = held_out(part or "test", sentences) + people[part or "test"] if split == "test" else learned
        flickr = [root / "flickr8k" / "Images" / name for name in captions.captions_by_photo(root)]
        rooms = sorted((root / "daquar" / "images").glob("*.*"))
        both = [seen_maps("flickr8k", flickr, root), seen_maps("daquar", rooms, root)]
        if not maps:
            folder = root / "features"
            both = [
                means(each, folder / f"{name}-means.npy")
                for each, name in zip(both, ("flickr8k", "daquar"), strict=True)
            ]
        photos = [path.name for path in flickr] + [path.stem for path in rooms]

        def features(at: np.ndarray) -> Tensor:
            rows = [both[0][k] if k < len(flickr) else both[1][k - len(flickr)] for k in at]
            return torch.from_numpy(np.stack(rows)).float()

        origin = "questions made from Flickr8k's captions, 1,000 photos held out; DAQUAR with its own split"
        return Questions(
            asked, photos, features, origin, "research and education; Apache-2.0", learned if split == "test" else None
        )

    return read


def easy_vqa(root: Path, split: str) -> Dataset:
    """easy-VQA with its pixels as features: (B, 3, 64, 64) in [0, 1]."""
    from core.images import open_picture

    asked, files = easy(split)
    learned = asked if split == "train" else easy("train")[0]
    names = sorted(files)
    pictures = np.stack([np.asarray(open_picture(files[name]).convert("RGB")) for name in names]).transpose(0, 3, 1, 2)

    def features(at: np.ndarray) -> Tensor:
        return torch.from_numpy(pictures[at]).float() / 255

    return Questions(
        asked, names, features, "easy-VQA (Zhou), drawn shapes", "MIT", None if split == "train" else learned
    )


def coco(root: Path, split: str) -> Dataset:
    """VQA v1 or v2 with COCO's photos, for whoever has them."""
    asked, files = vqa_format(root, split)
    learned = asked if split == "train" else vqa_format(root, "train")[0]
    names = sorted(files)
    found = means(
        seen_maps(f"vqa-{split}", [files[name] for name in names], root), root / "features" / f"vqa-{split}-means.npy"
    )

    def features(at: np.ndarray) -> Tensor:
        return torch.from_numpy(found[at]).float()

    licence = "CC BY 4.0; photos as on Flickr"
    return Questions(asked, names, features, "VQA, with COCO's photos", licence, None if split == "train" else learned)


SETS: dict[str, Any] = {
    "vqa": joint(),
    "vqa-choosing": joint("choosing"),  # measured on photos that settings may be chosen by
    "vqa-maps": joint(maps=True),
    "vqa-maps-choosing": joint("choosing", maps=True),
    "easy-vqa": easy_vqa,
    "vqa-coco": coco,
}
