"""A photo and a question in, answers of every method out: for the tab and for the API."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

import core
from core import zoo
from core.images import open_picture
from core.vqa import TITLES, language, metric
from core.weights import WeightsError
from demos import checks, frame, pictures
from demos.vqa import path

NAMES = {found.variant: name for name, found in zoo.RECIPES.items() if found.variant in TITLES}  # of the weights
METHODS = [(title if title[1:2] == "-" else title[:1].upper() + title[1:], key) for key, title in TITLES.items()]
COUNTED = ("random", "prior", "type", "nearest")  # from the training questions, without a loss
TRAINED = [(title, NAMES[key]) for title, key in reversed(METHODS) if key not in COUNTED]
BLIND = {"bow-q-i": "bow-q", "lstm-q-i": "lstm-q", "deeper-lstm-q-norm-i": "lstm-q", "rdan": "lstm-q",
         "nearest": "type", "i": "prior"}  # fmt: skip
FIRST_METHOD = "rdan"
NETWORKS = ("bow-q", "bow-q-i", "lstm-q", "lstm-q-i", "deeper-lstm-q-norm-i", "rdan")  # that read the question
READERS = ("type", *NETWORKS)  # quickly: the nearest neighbour takes a fifth of a second
MOST_READS = 12  # of the beginnings of a question
FEW = 40  # training questions of a type: with less, an answer is a guess
ALL = 10**6  # more answers than any method knows
TOP, MOST_OPTIONS, LONGEST_OPTION, PEOPLE = 5, 18, 40, 10
PHOTOS = frame.DEMOS / "examples" / "photos"


# ------------------------------------------------------------------ photos


@functools.cache
def examples() -> dict[str, Path]:
    """The photos of the tab, by name."""
    return {name: PHOTOS / f"{name}.jpg" for name in path.ASKED}


@functools.lru_cache(maxsize=64)
def example(name: str) -> Image.Image:
    """One of them. ValueError for any other name."""
    if not checks.known(name, examples()):
        raise ValueError(f"no photo {checks.shown(name)}; there are: {', '.join(examples())}")
    return open_picture(examples()[name])


def read_photo(url: Any) -> Image.Image:
    """A photo that comes through the API: a data URL, or the name of an example. ValueError in a sentence."""
    if checks.known(url, examples()):
        return example(url)
    if not isinstance(url, str) or not pictures.DATA_URL.match(url):
        names = ", ".join(examples())
        raise ValueError(
            f"the photo must be a data URL of a PNG, JPEG or WebP, or one of {names}; got {checks.shown(url)}"
        )
    return open_picture(pictures.decoded(url))


# ------------------------------------------------------------------ answers


def known(method: Any) -> str:
    if not checks.known(method, NAMES):
        raise ValueError(f"method must be one of {', '.join(NAMES)}, got {checks.shown(method)}")
    return method


def answers(method: str, photo: Image.Image, question: str, top: int = TOP) -> list[tuple[str, float]]:
    return core.load(NAMES[known(method)]).answer(photo, question, top)


def every(
    photo: Image.Image, question: str, methods: Sequence[str] = tuple(NAMES)
) -> dict[str, list[tuple[str, float]]]:
    """Their answers, of those whose weights are there. WeightsError where there are none at all."""
    found, problem = {}, None
    for key in methods:
        try:
            found[key] = answers(key, photo, question)
        except WeightsError as missing:
            problem = missing
    if not found and problem is not None:
        raise problem
    return found


def among(method: str, photo: Image.Image, question: str, options: list[str]) -> list[tuple[str, float]]:
    """The options that a method can answer, best first, with their shares of the probability."""
    model = core.load(NAMES[known(method)])
    p = dict(model.answer(photo, question, len(model.answers)))
    said = {metric.normalised(option): option for option in reversed(options)}  # "two" and "2" are one answer
    left = {option: p[answer] for answer, option in said.items() if answer in p}
    total = sum(left.values()) or 1.0
    return sorted(((option, value / total) for option, value in left.items()), key=lambda pair: -pair[1])


def read_along(question: str, ask: Callable[[str], list[tuple[str, float]]]) -> list[tuple[str, list]]:
    """What would be answered if the question ended after its first word, its second, and so on: [(read, answers)].

    ask: gives the answers to a question. There are none where none of the words is known yet. A long question is read
    two or three words at a time.
    """
    typed, found = question.split(), []
    parts = [part for part in range(1, len(typed) + 1) if language.words_of(typed[part - 1])]
    stride = -(-len(parts) // MOST_READS)
    for part in sorted({*parts[::stride], parts[-1]}):
        read = " ".join(typed[:part]).rstrip("?!., ")
        try:
            found.append((read, ask(read)))
        except ValueError:
            found.append((read, []))
    return found


def check(question: str) -> None:
    """ValueError, one sentence, where a question cannot be read. WeightsError where no method's weights are there."""
    problem = None
    for name in (NAMES["type"], *NAMES.values()):
        try:
            model = core.load(name)
        except WeightsError as missing:
            problem = missing
        else:
            return model.check(question)
    raise problem


def doubts(question: str) -> str:
    """What should be said of a question: words that were never learned, or a kind that was never asked."""
    try:
        by_type = core.load(NAMES["type"])
    except WeightsError:
        return ""
    words, unknown, said = language.words_of(question), by_type.unknown(question), []
    if unknown:
        named = ", ".join(f"“{word}”" for word in unknown[:6])
        all_they_see = "it is just an unknown word" if len(unknown) == 1 else "these are just unknown words"
        said.append(f"These networks do not know {named}: to them {all_they_see}.")
    if by_type.counts[language.type_of(words)].sum() < FEW:
        said.append("Hardly any training question began like this one: take the answer as a guess.")
    return " ".join(said)


def parts_of(text: Any, most: int, what: str) -> list[str]:
    """Answers that a visitor typed, separated by commas or lines. ValueError where there are none, or too many."""
    if not isinstance(text, str):
        raise ValueError(f"{what} must be text, got {checks.shown(text)}")
    found = [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    if not found or len(found) > most:
        raise ValueError(f"1 to {most} {what} were expected, separated by commas; there were {len(found)}")
    if any(len(part) > LONGEST_OPTION for part in found):
        raise ValueError(f"each of the {what} may have at most {LONGEST_OPTION} characters; shorten them")
    return found


def looks(photo: Image.Image, question: str) -> tuple[torch.Tensor, torch.Tensor, list[str]]:
    """Where r-DAN looks: on the photo (K, h, w), on the words (K, L), and these words."""
    model = core.load(NAMES["rdan"])
    visual, textual = model.looks(photo, question)
    return visual, textual, language.words_of(question)


# ------------------------------------------------------------------ the API


def answer(photo: str = "", question: str = "", method: str = FIRST_METHOD, options: str = "") -> dict[str, Any]:
    """What a method answers to a question about a photo.

    Parameters:
        photo: a data URL (PNG, JPEG or WebP), or the name of one of the app's photos.
        question: in English, 200 characters at most, such as "what color is the dog?".
        method: one of those that `vqa_compare` returns.
        options: for a multiple choice, 1 to 18 answers separated by commas; empty for an open answer.
    Returns:
        "answers": the likeliest, best first, as [answer, probability]; "doubts": what speaks against trusting them.
    """
    picture = read_photo(photo)
    check(question)
    if options:
        found = among(method, picture, question, parts_of(options, MOST_OPTIONS, "options"))
    else:
        found = answers(method, picture, question)
    return {"answers": [[text, round(p, 4)] for text, p in found], "doubts": doubts(question)}


def compare(photo: str = "", question: str = "") -> dict[str, Any]:
    """What every method answers to a question about a photo.

    Parameters:
        photo: a data URL (PNG, JPEG or WebP), or the name of one of the app's photos.
        question: in English, 200 characters at most.
    Returns:
        By method: "title" and "answers", the likeliest five, best first, as [answer, probability].
    """
    found = every(read_photo(photo), question)
    return {
        key: {"title": TITLES[key], "answers": [[text, round(p, 4)] for text, p in each]} for key, each in found.items()
    }
