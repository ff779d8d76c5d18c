"""Questions as networks read them, what kind of question one is, and the numbers of words and answers."""

from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from core import words

LONGEST = 26  # words of a question that are read: the longest of DAQUAR has 27
SEEN = 3  # times that a word must stand in the training questions to be learned
MOST_WORDS = 2000
PLACES, OF_EACH = 3, 10  # the first words of a question, and the common ones for each place (Antol et al., Sec. 5)
SAME = {"colour": "color", "colours": "colors", "grey": "gray", "photo": "picture", "what's": "what is",
        "where's": "where is", "who's": "who is", "there's": "there is", "isn't": "is not", "aren't": "are not",
        "doesn't": "does not", "cant": "can not", "can't": "can not"}  # fmt: skip
# A question's type is the longest of these that it begins with.
TYPES = (
    "", "what", "what is", "what is the", "what is on", "what is on the", "what is in", "what is the man",
    "what is the dog", "what is the color", "what is to", "what is behind", "what is above", "what are",
    "what are the", "what color", "what color is", "what color are", "what object", "what objects", "what shape",
    "how many", "how many people", "where", "where is", "where are", "who", "who is", "which", "why", "is", "is there",
    "is there a", "is the", "are", "are the", "are there", "does", "do", "can",
)  # fmt: skip


def words_of(text: str) -> list[str]:
    """A question's words, at most LONGEST, in the spellings that the networks were trained on."""
    return every_word(text)[:LONGEST]


def every_word(text: str) -> list[str]:
    """The same, however many there are."""
    return " ".join(SAME.get(word, word) for word in words.tokens(text)).split()


def type_of(question: Sequence[str]) -> int:
    """The number in TYPES of the longest beginning that a question's words have."""
    heads = {" ".join(question[:n]) for n in range(5)}
    return max((k for k, each in enumerate(TYPES) if each in heads), key=lambda k: len(TYPES[k]))


def vocabulary(questions: Iterable[str]) -> list[str]:
    """The words that stand in training questions often enough, the commonest first."""
    counts = Counter(word for text in questions for word in words_of(text))
    return [word for word, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if n >= SEEN][:MOST_WORDS]


def first_words(questions: Iterable[str]) -> list[list[str]]:
    """The commonest first, second and third words of questions."""
    counts: list[Counter[str]] = [Counter() for _ in range(PLACES)]
    for text in questions:
        for count, word in zip(counts, words_of(text), strict=False):
            count[word] += 1
    return [[word for word, _ in count.most_common(OF_EACH)] for count in counts]


def numbered(questions: Sequence[str], known: words.Vocabulary) -> tuple[Tensor, Tensor]:
    """Questions as numbers of words (B, LONGEST), padded at their ends, and lengths (B,), each at least 1."""
    rows = [known.numbers(words_of(text) or [""]) for text in questions]
    found, lengths = words.padded([*rows, torch.zeros(LONGEST, dtype=torch.long)])
    return found[:-1], lengths[:-1]
