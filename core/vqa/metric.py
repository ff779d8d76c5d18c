"""How answers are scored: the VQA paper's consensus of ten people, and its multiple choice.

Antol et al. 2015 (arXiv:1505.00468, Sec. 3): an answer is right to the degree min(n / 3, 1) where n people gave it.
The published evaluation takes the mean of that over the ten sets of nine people, after both sides were normalised:
no articles, digits for number words, no punctuation, apostrophes where contractions lack them.
"""

import re
from collections.abc import Sequence

import torch

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBERS = {word: str(k) for k, word in enumerate(DIGITS)}
NUMBERS["none"] = "0"
ARTICLES = {"a", "an", "the"}
PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_CONTRACTED = (
    "ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's how'd how'll "
    "how's i'm i've isn't it'd it'll might've mightn't must've mustn't needn't not've o'clock oughtn't "
    "shan't should've shouldn't somebody'd somebody'll somebody's someone'd someone'll someone's "
    "something'd something'll that's there'd there're there's they'd they'll they're they've wasn't we've "
    "weren't what'll what're what's what've when's where'd where's where've who'd who'll who's who've why'll "
    "why're why's won't would've wouldn't y'all you'd you'll you're you've"
)
CONTRACTIONS = {word.replace("'", ""): word for word in _CONTRACTED.split()}
NEEDED = 3  # people who make an answer wholly right
CHOICES, PLAUSIBLE, POPULAR = 18, 3, 10


def normalised(answer: str) -> str:
    """An answer as the VQA evaluation compares it: "The two, dogs." and "2 dogs" are one.

    A mark between two words becomes a space, any other is dropped; a full stop stays before a digit, and a comma within
    a number makes all marks be dropped, as published.
    """
    text = original = " ".join(answer.split()).lower()
    within_number = re.search(r"\d,\d", text) is not None
    for mark in PUNCTUATION:
        if mark in original:
            beside_space = f"{mark} " in original or f" {mark}" in original
            text = text.replace(mark, "" if beside_space or within_number else " ")
    text = re.sub(r"\.(?!\d)", "", text)
    kept = [NUMBERS.get(word, word) for word in text.split() if word not in ARTICLES]
    return " ".join(CONTRACTIONS.get(word, word) for word in kept)


def agreement(n: int) -> float:
    """How right an answer is that n people gave."""
    return min(n / NEEDED, 1.0)


def consensus(n: int, people: int = 10) -> float:
    """The mean of `agreement` over all sets that leave one of the people out, where n of all gave the answer.

    n of these sets lack one who gave it: (n agreement(n - 1) + (people - n) agreement(n)) / people.
    """
    if not 0 <= n <= people:
        raise ValueError(f"of {people} people, 0 ... {people} may give an answer, got {n}")
    return (n * agreement(n - 1) + (people - n) * agreement(n)) / people if n else 0.0


def score(answer: str, people: Sequence[str]) -> float:
    """How right an answer is in the eyes of people who answered too, from 0 to 1. ValueError with less than two."""
    if len(people) < 2:
        raise ValueError(f"at least 2 people must have answered, got {len(people)}")
    mine = normalised(answer)
    return consensus(sum(normalised(theirs) == mine for theirs in people), len(people))


def choices(
    correct: str, plausible: Sequence[str], popular: Sequence[str], others: Sequence[str], generator: torch.Generator
) -> list[str]:
    """18 answers to choose from (Antol et al., Sec. 3): the correct one, plausible ones, popular ones, random ones.

    plausible: what the question alone suggests. Each stands once; random ones fill up, as far as there are others.
    """
    taken = [correct]
    for source, most in ((plausible, PLAUSIBLE), (popular, POPULAR)):
        taken += [answer for answer in source if answer not in taken][:most]
    left = [answer for answer in others if answer not in taken]
    drawn = torch.randperm(len(left), generator=generator)[: CHOICES - len(taken)]
    taken += [left[k] for k in drawn.tolist()]
    return [taken[k] for k in torch.randperm(len(taken), generator=generator).tolist()]
