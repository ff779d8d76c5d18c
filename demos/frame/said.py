"""What a visitor is shown and told: results, notes beside a control, sentences for bad input, and the seed."""

import functools
import inspect
import logging
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from core.weights import WeightsError

ONE_SEED_TOO_MANY = 2**63
UNEXPECTED = "Something went wrong on our side. Please try again, or try other settings."
LOG = logging.getLogger(__name__)


class Note(ValueError):
    """What a visitor can do instead, said beside a control. The last result stays where it is.

    at: the control's key; None says it on the stage. For the API it is a ValueError like any other.
    """

    def __init__(self, text: str, at: str | None = None):
        super().__init__(text)
        self.at = at


@dataclass
class Shown:
    """What a tab's `show` gives.

    outputs: one value for each of the stage's outputs. said: the sentence above the picture, with this run's values in
    it. note: what else a visitor should know, beside a control or on the stage. sets: controls to change, {key: value
    or component}, of those named in `Page.act(sets=...)`.
    """

    outputs: Sequence[Any]
    said: str
    note: Note | None = None
    sets: Mapping[str, Any] = field(default_factory=dict)


def sentence(problem: Exception) -> str:
    """An error as a visitor reads it: one sentence, and no command that only the owner of the server could run."""
    if isinstance(problem, WeightsError):
        name = re.search(r"'([\w.-]{1,60})'", str(problem))
        return f"The weights of {name[1] if name else 'this model'} are missing or damaged here; the other models work."
    text = str(problem)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def noted(problem: Exception) -> Note:
    """What a visitor is told of an error. One that nobody foresaw goes to the log, with where it happened."""
    if isinstance(problem, Note):
        return problem
    if isinstance(problem, (ValueError, WeightsError)):
        return Note(sentence(problem))
    LOG.error("an error that nobody foresaw", exc_info=problem)
    return Note(UNEXPECTED)


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """Bad input and missing weights inside become the one sentence that a caller of the API gets."""
    try:
        yield
    except (ValueError, WeightsError) as problem:
        raise gr.Error(sentence(problem), duration=10, print_exception=False) from None


def sentences(handler: Callable) -> Callable:
    """A handler for the API, or one that yields, whose ValueErrors and missing weights reach the caller."""

    @functools.wraps(handler)
    def spoken(*arguments: Any, **named: Any) -> Any:
        with in_a_sentence():
            return handler(*arguments, **named)

    @functools.wraps(handler)
    def spoken_bit_by_bit(*arguments: Any, **named: Any) -> Iterator[Any]:
        with in_a_sentence():
            yield from handler(*arguments, **named)

    return spoken_bit_by_bit if inspect.isgeneratorfunction(handler) else spoken


def parse_seed(text: Any, what: str = "the seed", at: str = "seed") -> int:
    """A whole number from 0 to 2^63 - 1, or a Note. Text, so that large seeds survive the browser's floats."""
    help = "; press 'New seed' for one" if at == "seed" else ""
    try:
        seed = int(str(text).strip())
    except ValueError:
        raise Note(f"{what} must be a whole number, got {str(text)[:40]!r}{help}", at) from None
    if not 0 <= seed < ONE_SEED_TOO_MANY:
        raise Note(f"{what} must be from 0 to 2^63 - 1, got {str(text)[:40]}{help}", at)
    return seed


def new_seed(**_: Any) -> dict[str, str]:
    """The setting that a 'New seed' button makes."""
    return {"seed": str(secrets.randbelow(100_000))}
