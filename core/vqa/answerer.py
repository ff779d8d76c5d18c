"""What every method of answering shares: words and answers by number, how it is asked, learned and measured."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core import words
from core.noise import seeded
from core.recipe import Batch, Model, Phase
from core.vqa import language
from core.vqa.sets import group_names

if TYPE_CHECKING:
    from PIL import Image

# What a model is built with where no data said otherwise: a few words, for a try.
WORDS = ("is", "there", "a", "dog", "what", "color", "the", "how", "many")
ANSWERS = ("yes", "no", "2", "red", "dog")
FIRST = (("is", "what", "how"), ("there", "color", "many"), ("a", "the"))
LONGEST_QUESTION = 200  # characters; the longest of DAQUAR has 131


class Answerer(nn.Module, Model):
    """Says how likely each of its answers is. A method has `logits(batch) -> (B, A)`; for the rest see here."""

    looks_at: str = "means"  # "means" of a photo's features, "maps" of them, or the "pixels" themselves

    def __init__(self, known: Sequence[str], answers: Sequence[str]):
        super().__init__()
        self.vocabulary, self.answers = words.Vocabulary(known), list(answers)

    @abstractmethod
    def logits(self, batch: Batch) -> Tensor:
        """Scores (B, A) whose softmax are the probabilities of the answers."""

    @abstractmethod
    def phases(self) -> list[Phase]:
        """The turn of a training step."""

    # -------------------------------------------------------------- asked about one photo

    @torch.inference_mode()
    def answer(self, photo: "Image.Image", question: str, top: int = 5) -> list[tuple[str, float]]:
        """The likeliest answers, best first, with their probabilities. The photo's features are computed once.

        Raises ValueError, in a sentence, for a question without words or without one that the model knows.
        """
        if not isinstance(top, int) or top < 1:
            raise ValueError(f"top must be a whole number >= 1, got {top!r}")
        self.check(question)
        p = self.logits(self.batch_of(photo, question)).softmax(1)[0]
        order = p.argsort(descending=True, stable=True)[:top].tolist()
        return [(self.answers[k], p[k].item()) for k in order]

    def check(self, question: str) -> None:
        """ValueError, in a sentence, for a question that cannot be answered."""
        if not isinstance(question, str):
            raise ValueError(f"a question was expected, got {type(question).__name__}")
        if len(question) > LONGEST_QUESTION:
            raise ValueError(
                f"the question has {len(question):,} characters; at most {LONGEST_QUESTION:,} are read: shorten it"
            )
        asked = language.words_of(question)
        if not asked:
            raise ValueError("the question has no words; ask something like 'what color is the dog?'")
        if (n := len(language.every_word(question))) > language.LONGEST:
            raise ValueError(f"the question has {n} words; at most {language.LONGEST} are read: shorten it")
        if len(self.vocabulary.unknown(asked)) == len(set(asked)):
            raise ValueError("none of these words was in the training questions; ask in English, about the photo")

    def unknown(self, question: str) -> list[str]:
        """The words of a question that the model never learned."""
        return self.vocabulary.unknown(language.words_of(question))

    def batch_of(self, photo: "Image.Image", question: str) -> Batch:
        """A batch of one question."""
        numbers, lengths = language.numbered([question], self.vocabulary)
        kind = torch.tensor([language.type_of(language.words_of(question))])
        return {"features": self.see(photo), "words": numbers, "lengths": lengths, "type": kind}

    def see(self, photo: "Image.Image") -> Tensor:
        """What the model takes of a photo, as a batch of one."""
        from core import vision

        maps = vision.features_of([photo]).float()
        return maps if self.looks_at == "maps" else maps.mean((2, 3))

    # -------------------------------------------------------------- learned and recognised

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy with the shares of the answers that people gave."""
        return {"loss": F.cross_entropy(self.logits(batch), batch["target"])}

    @torch.inference_mode()
    def probe(self) -> Tensor:
        """Log-probabilities of up to 32 answers to one made question about one made photo."""
        n = min(len(self.vocabulary), 8)
        asked = torch.cat((torch.arange(1, n), torch.zeros(language.LONGEST - n + 1))).long()
        shape = {"means": (self.channels,), "maps": (self.channels, 3, 3), "pixels": (3, 64, 64)}[self.looks_at]
        features = torch.randn(1, *shape, generator=seeded(0, "probe")).abs()
        batch = {
            "features": features,
            "words": asked[None],
            "lengths": torch.tensor([n - 1]),
            "type": torch.tensor([1]),
        }
        return self.logits(batch).log_softmax(1)[0, :32]


# ------------------------------------------------------------------ measured


@torch.inference_mode()
def evaluate(model: Answerer, batches: Iterable[Batch]) -> dict[str, float]:
    """Accuracy in % on held-out photos: of all, by data set and kind, and with 18 choices; n is the questions.

    "low" and "high" bound the accuracy's 95 % interval: of 1,000 draws of as many photos, each with its questions.
    """
    right, chosen, group, photo = [], [], [], []
    for batch in batches:
        scores = model.logits(batch)
        expected = model.expected(scores, batch) if isinstance(model, Guesses) else None
        right.append(picked(batch["score"], scores) if expected is None else expected[0])
        among = scores.gather(1, batch["choices"].clamp(min=0)).masked_fill(batch["choices"] < 0, -torch.inf)
        of = batch["score"].gather(1, batch["choices"].clamp(min=0))
        chosen.append(picked(of, among) if expected is None else expected[1])
        group.append(batch["group"])
        photo.append(batch["photo"])
    right, chosen, group, photo = (100 * torch.cat(right), 100 * torch.cat(chosen), torch.cat(group), torch.cat(photo))
    low, high = interval(right, photo)
    found = {"accuracy": right.mean().item(), "low": low, "high": high, "choice": chosen.mean().item(), "n": len(right)}
    names = group_names()
    for source in dict.fromkeys(name.split()[0] for name in names):
        mine = torch.tensor([name.startswith(source) for name in names])[group]
        if mine.any():
            found[source] = right[mine].mean().item()
    return found | {names[k]: right[group == k].mean().item() for k in group.unique().tolist()}


class Guesses:
    """Of a method that draws its answer: `expected(scores, batch)` is how right it is on average, open and chosen."""

    @abstractmethod
    def expected(self, scores: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean scores (B,) of the open answer and of the multiple choice."""


def picked(score: Tensor, logits: Tensor) -> Tensor:
    """How right the likeliest answer is: (B, A), (B, A) -> (B,)."""
    return score.gather(1, logits.argmax(1, keepdim=True))[:, 0]


def interval(right: Tensor, photo: Tensor, draws: int = 1000) -> tuple[float, float]:
    """The bootstrap's 95 % interval of the mean of `right` (n,), where questions about one photo are drawn together."""
    _, own = photo.unique(return_inverse=True)
    n = int(own.max()) + 1
    sums = torch.zeros(n, dtype=torch.double).index_add_(0, own, right.double())
    counts = torch.zeros(n, dtype=torch.double).index_add_(0, own, torch.ones_like(right, dtype=torch.double))
    drawn = torch.randint(n, (draws, n), generator=seeded(0, "bootstrap"))
    means = (sums[drawn].sum(1) / counts[drawn].sum(1)).sort().values
    return means[int(0.025 * draws)].item(), means[int(0.975 * draws) - 1].item()
