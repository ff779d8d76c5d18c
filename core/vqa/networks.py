"""The networks of the VQA paper, each a row of METHODS, and r-DAN beside them.

VQA: Visual Question Answering (Antol et al. 2015, arXiv:1505.00468, Sec. 5). A question and a photo become two vectors
of the same length; their product, element by element, or both side by side, goes through two hidden layers to a softmax
over the answers.

    row                    question                                     photo             fused
    I                      -                                            mean features     -
    BoW Q                  which of 1,000 words, and the first three    -                 -
    BoW Q + I              the same                                     mean features     side by side
    LSTM Q                 last state of a layer, hidden and cell       -                 -
    LSTM Q + I             the same                                     mean features     product
    deeper LSTM Q + norm I the same of two layers                       length 1          product

Differs from the paper: features of EfficientNet-Lite2 in the place of VGG-19's last hidden layer; smaller layers, for
there are twenty thousand questions here and not a quarter of a million; words fall out at random while it learns; every
row sends the photo, and the LSTM's state, through a layer with tanh first, where the paper has it in some.

"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from core.dan import RDAN
from core.layers import cosine
from core.noise import dropout
from core.recipe import Batch, Phase
from core.vqa import language
from core.vqa.answerer import ANSWERS, FIRST, WORDS, Answerer, evaluate
from core.words import PADDING, UNKNOWN

BAG = 1000


@dataclass(frozen=True)
class Method:
    """question: "", "bow" or "lstm". image: "", "plain" or "norm". fused: "side by side" or "product"."""

    title: str
    question: str = ""
    layers: int = 1
    image: str = ""
    fused: str = "side by side"


METHODS = {
    "i": Method("I", image="plain"),
    "bow-q": Method("BoW Q", "bow"),
    "bow-q-i": Method("BoW Q + I", "bow", image="plain"),
    "lstm-q": Method("LSTM Q", "lstm"),
    "lstm-q-i": Method("LSTM Q + I", "lstm", image="plain", fused="product"),
    "deeper-lstm-q-norm-i": Method("deeper LSTM Q + norm I", "lstm", layers=2, image="norm", fused="product"),
}


class Learner(Answerer):
    """What networks share: one turn of Adam, whose rate falls as a cosine, and words that fall out."""

    learning_rate: float
    forget: float  # the share of words that are read as unknown while it learns

    def phases(self) -> list[Phase]:
        parameters = list(self.parameters())
        optimizer = torch.optim.AdamW(parameters, lr=self.learning_rate, weight_decay=self.decay)
        return [Phase("model", parameters, self.loss, optimizer, schedule=cosine, max_norm=5.0)]

    def read(self, batch: Batch) -> Tensor:
        """The question's words; in training some are hidden, so that no answer hangs on a single one."""
        asked = batch["words"]
        if self.training and "generator" in batch and self.forget:
            hidden = torch.rand(asked.shape, generator=batch["generator"], device=asked.device) < self.forget
            asked = torch.where(hidden & (asked != PADDING), UNKNOWN, asked)
        return asked

    def drop(self, h: Tensor, batch: Batch) -> Tensor:
        """Dropout, in training."""
        return dropout(h, self.share, batch["generator"]) if self.training and "generator" in batch else h


class Bag(nn.Module):
    """Which of the 1,000 commonest words a question has, and its first three words one by one (Sec. 5, BoW Q)."""

    def __init__(self, known: Sequence[str], first: Sequence[Sequence[str]]):
        super().__init__()
        self.n = min(BAG, len(known))
        number = {word: k + 2 for k, word in enumerate(known)}
        places = [[number.get(word, -1) for word in place] + [-1] * (language.OF_EACH - len(place)) for place in first]
        self.register_buffer("first", torch.tensor(places), persistent=False)  # (3, 10)
        self.size = self.n + self.first.numel()

    def forward(self, asked: Tensor) -> Tensor:
        """(B, L) -> (B, size), of zeros and ones."""
        bag = torch.zeros(len(asked), 2 + self.n, device=asked.device)
        known = torch.where(asked < 2 + self.n, asked, PADDING)
        bag.scatter_(1, known, 1.0)
        begins = (F.pad(asked, (0, len(self.first)))[:, : len(self.first), None] == self.first).float()
        return torch.cat((bag[:, 2:], begins.flatten(1)), 1)


class Memory(nn.Module):
    """An LSTM over the words; the question is its last states, hidden and cell, of all layers (Sec. 5, LSTM Q)."""

    def __init__(self, vocabulary: int, units: int, embedding: int, layers: int):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, embedding, padding_idx=PADDING)
        self.lstm = nn.LSTM(embedding, units, layers, batch_first=True)
        self.size = 2 * units * layers

    def forward(self, asked: Tensor, lengths: Tensor) -> Tensor:
        """(B, L), (B,) -> (B, size). The states are those after the last word, however much padding follows."""
        x = torch.tanh(self.embed(asked))
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, c) = self.lstm(packed)
        return torch.cat((h, c), 0).transpose(0, 1).flatten(1)


class Network(Learner):
    """One of METHODS."""

    def __init__(
        self,
        *,
        method: str = "lstm-q-i",
        words: Sequence[str] = WORDS,
        answers: Sequence[str] = ANSWERS,
        first: Sequence[Sequence[str]] = FIRST,
        channels: int = 1280,
        units: int = 256,
        embedding: int = 200,
        common: int = 512,
        share: float = 0.5,
        forget: float = 0.05,
        learning_rate: float = 1e-3,
        decay: float = 1e-2,
        photos: int = 0,
        questions: int = 0,
    ):
        super().__init__(words, answers)
        if method not in METHODS:
            raise ValueError(f"no method {method!r}; there are: {', '.join(METHODS)}")
        self.row, self.channels = METHODS[method], channels
        self.share, self.forget, self.learning_rate, self.decay = share, forget, learning_rate, decay
        asked = seen = 0
        if self.row.question == "bow":
            self.bag = Bag(words, first)
            asked = self.bag.size
        elif self.row.question:
            self.memory = Memory(len(self.vocabulary), units, embedding, self.row.layers)
            self.of_question = nn.Linear(self.memory.size, common)
            asked = common
        if self.row.image:
            self.of_image = nn.Linear(channels, common)
            seen = common
        fused = common if self.row.fused == "product" else asked + seen
        self.hidden = nn.ModuleList((nn.Linear(fused, common), nn.Linear(common, common)))
        self.out = nn.Linear(common, len(self.answers))

    def question(self, batch: Batch) -> Tensor:
        asked = self.read(batch)
        if self.row.question == "bow":
            return self.bag(asked)
        return torch.tanh(self.of_question(self.drop(self.memory(asked, batch["lengths"]), batch)))

    def image(self, batch: Batch) -> Tensor:
        seen = batch["features"].float()
        if self.row.image == "norm":
            seen = F.normalize(seen, dim=1) * self.channels**0.5 / 2  # a mean square of 1/4; the plain ones have 0.3
        return torch.tanh(self.of_image(self.drop(seen, batch)))

    def logits(self, batch: Batch) -> Tensor:
        parts = [self.question(batch)] if self.row.question else []
        parts += [self.image(batch)] if self.row.image else []
        h = parts[0] * parts[1] if self.row.fused == "product" else torch.cat(parts, 1)
        for layer in self.hidden:
            h = self.drop(torch.tanh(layer(h)), batch)
        return self.out(h)

    def see(self, photo) -> Tensor:
        return super().see(photo) if self.row.image else torch.zeros(1, self.channels)


class Looking(Learner):
    """r-DAN (core/dan.py): two steps of attention to the photo's parts and the words, and one memory of both."""

    looks_at = "maps"

    def __init__(
        self,
        *,
        words: Sequence[str] = WORDS,
        answers: Sequence[str] = ANSWERS,
        first: Sequence[Sequence[str]] = FIRST,
        channels: int = 1280,
        units: int = 384,
        embedding: int = 200,
        attention: int = 128,
        steps: int = 2,
        share: float = 0.5,
        forget: float = 0.05,
        learning_rate: float = 1e-3,
        decay: float = 1e-2,
        photos: int = 0,
        questions: int = 0,
    ):
        super().__init__(words, answers)
        self.channels, self.forget, self.learning_rate, self.decay = channels, forget, learning_rate, decay
        sizes = dict(units=units, steps=steps, attention=attention, embedding=embedding, share=share)
        self.network = RDAN(channels, len(self.vocabulary), len(self.answers), **sizes)

    def logits(self, batch: Batch) -> Tensor:
        noise = batch.get("generator") if self.training else None
        return self.network(batch["features"], self.read(batch), batch["lengths"], generator=noise)

    @torch.inference_mode()
    def looks(self, photo, question: str) -> tuple[Tensor, Tensor]:
        """Where it looks at each step: on the photo (K, h, w) and on the words (K, L). Each sums to 1."""
        self.check(question)
        batch = self.batch_of(photo, question)
        n = int(batch["lengths"])
        found = self.network.looks(batch["features"], batch["words"][:, :n], batch["lengths"])
        return found[0][0], found[1][0]


def evaluate_looking(model: Looking, batches: Iterable[Batch]) -> dict[str, float]:
    """Accuracy, and how often the peak of attention lies on the thing that is named, in % for each step.

    Where a batch asks the same "is there a ...?" of two photos and only one has it, the two lie side by side, and the
    peak should be in that one's half: 50 % by chance. "pairs" says how many were shown.
    """
    hits = []

    def watched() -> Iterator[Batch]:
        for batch in batches:
            hits.append(peaks(model, batch))
            yield batch

    found = evaluate(model, watched())
    right = torch.cat(hits)
    share = 100 * right.float().mean(0) if len(right) else torch.zeros(right.shape[1])
    return found | {f"peak in step {k + 1}": v for k, v in enumerate(share.tolist())} | {"pairs": len(right)}


@torch.inference_mode()
def peaks(model: Looking, batch: Batch) -> Tensor:
    """For each pair of photos in a batch whether each step's peak is in the half that has the thing: (pairs, K)."""
    ask = torch.tensor([text == "is there" or text == "is there a" for text in language.TYPES])[batch["type"]]
    said = [batch["score"][:, model.answers.index(answer)] > 0 for answer in ("yes", "no")]
    having, lacking = ((ask & each).nonzero()[:, 0].tolist() for each in said)
    pairs = []
    for yes in having:
        no = next((k for k in lacking if torch.equal(batch["words"][k], batch["words"][yes])), None)
        if no is not None:
            lacking.remove(no)
            pairs.append((yes, no))
    if not pairs:
        return torch.zeros(0, model.network.steps, dtype=torch.bool)
    yes, no = torch.tensor(pairs).T
    on_the_left = torch.arange(len(pairs)) % 2 == 0
    features = batch["features"]
    left, right = (
        torch.where(side[:, None, None, None], features[yes], features[no]) for side in (on_the_left, ~on_the_left)
    )
    visual = model.network.looks(torch.cat((left, right), 3), batch["words"][yes], batch["lengths"][yes]).visual
    column = visual.flatten(2).argmax(2) % visual.shape[-1]  # (pairs, K)
    return (column < features.shape[-1]) == on_the_left[:, None]


class Drawn(Learner):
    """easy-VQA: LSTM Q + I where the photo's network is learned too, a small one, on pictures of 64 x 64."""

    looks_at = "pixels"
    channels = 3

    def __init__(
        self,
        *,
        words: Sequence[str] = WORDS,
        answers: Sequence[str] = ANSWERS,
        first: Sequence[Sequence[str]] = FIRST,
        units: int = 64,
        embedding: int = 64,
        filters: int = 16,
        common: int = 128,
        learning_rate: float = 2e-3,
        photos: int = 0,
        questions: int = 0,
    ):
        super().__init__(words, answers)
        self.share = self.forget = 0.0  # one exact answer to each question: nothing to guard against
        self.learning_rate, self.decay = learning_rate, 1e-4
        f = filters
        sizes = ((3, f, 5, 2), (f, 2 * f, 3, 2), (2 * f, 4 * f, 3, 2), (4 * f, 4 * f, 3, 1))
        self.eyes = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(before, after, k, stride, k // 2, bias=False), nn.BatchNorm2d(after), nn.ReLU())
                for before, after, k, stride in sizes
            )
        )
        self.memory = Memory(len(self.vocabulary), units, embedding, 1)
        self.of_question = nn.Sequential(nn.Linear(self.memory.size, common, bias=False), nn.BatchNorm1d(common))
        self.of_image = nn.Sequential(nn.Linear(4 * f * 8 * 8, common, bias=False), nn.BatchNorm1d(common))
        self.hidden, self.out = nn.Linear(common, common), nn.Linear(common, len(self.answers))

    def logits(self, batch: Batch) -> Tensor:
        # Both sides are normalised: else nearly all pictures give one vector, and only the question is learned.
        seen = torch.tanh(self.of_image(self.eyes(2 * batch["features"] - 1).flatten(1)))
        asked = torch.tanh(self.of_question(self.memory(batch["words"], batch["lengths"])))
        return self.out(torch.relu(self.hidden(seen * asked)))

    def see(self, photo) -> Tensor:
        import numpy as np

        small = photo.convert("RGB").resize((64, 64))
        return torch.from_numpy(np.asarray(small).copy()).permute(2, 0, 1)[None].float() / 255
