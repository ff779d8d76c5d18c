"""Sentences as networks read them: words in small letters, each with a number of the vocabulary.

0 stands for padding behind a sentence, 1 for a word that is not in the vocabulary, 2 and up for the words in it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

PADDING, UNKNOWN, FIRST = 0, 1, 2
LONGEST = 1_000  # characters of a sentence that a visitor may ask with; no caption or question of training has 250


def tokens(sentence: str) -> list[str]:
    """The words of a sentence: "A dog's ball, two dogs." -> ["a", "dog's", "ball", "two", "dogs"]."""
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", sentence.lower().replace("’", "'"))


def checked(sentence: str) -> list[str]:
    """The words of a sentence from outside. ValueError, in one sentence, where there are none or far too many."""
    if not isinstance(sentence, str):
        raise ValueError(f"a sentence was expected, got {type(sentence).__name__}")
    if len(sentence) > LONGEST:
        raise ValueError(f"the sentence has {len(sentence):,} characters; at most {LONGEST:,} are read")
    found = tokens(sentence)
    if not found:
        raise ValueError("the sentence has no words; write a few")
    return found


def vocabulary(sentences: Iterable[str], least: int) -> list[str]:
    """All words that occur at least `least` times, in the order of the alphabet."""
    counts = Counter(word for sentence in sentences for word in tokens(sentence))
    return sorted(word for word, n in counts.items() if n >= least)


class Vocabulary:
    """Words by number: 2 + the place in `words`."""

    def __init__(self, words: Sequence[str]):
        self.places = {word: FIRST + i for i, word in enumerate(words)}

    def __len__(self) -> int:
        """How many numbers there are, with those for padding and unknown words."""
        return FIRST + len(self.places)

    def numbers(self, words: Sequence[str]) -> Tensor:
        """(L,) numbers of L words."""
        return torch.tensor([self.places.get(word, UNKNOWN) for word in words])

    def unknown(self, words: Sequence[str]) -> list[str]:
        """Those that are not in the vocabulary, each once."""
        return list(dict.fromkeys(word for word in words if word not in self.places))


def padded(sentences: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Sentences of different lengths, (L_i,) each -> words (B, L), padded with 0 at their ends, and lengths (B,)."""
    lengths = torch.tensor([len(each) for each in sentences])
    return torch.nn.utils.rnn.pad_sequence(list(sentences), batch_first=True, padding_value=PADDING), lengths
