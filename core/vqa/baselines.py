"""What answers without understanding are worth: the baselines of the VQA paper (Antol et al. 2015, Sec. 5).

    random                one of the answers, drawn
    prior                 the commonest answer of all, which is "yes" there
    per-type prior        the commonest answer to questions that begin alike
    nearest neighbour     of the K = 4 training questions most alike, the one whose photo is most alike; its answer

They learn by counting and by remembering. Both are a step of gradient descent at rate 1: -<counts, answers> adds one to
a count, and half the squared distance to what is to be remembered puts it in place.

Differs from the paper: questions are alike by their words, the rarer the more, in the place of Skip-Thought vectors;
questions as near as the fourth are looked at too, for many are asked in the same words.
"""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.noise import seeded
from core.recipe import Batch, Phase
from core.vqa import language
from core.vqa.answerer import ANSWERS, FIRST, WORDS, Answerer, Guesses
from core.words import PADDING, UNKNOWN

CODE = 128  # numbers that a photo is remembered by
NEAR = 4


def counting(parameters: list[nn.Parameter], loss) -> list[Phase]:
    return [Phase("model", parameters, loss, torch.optim.SGD(parameters, lr=1.0))]


class Counts(Answerer):
    """How often each answer was given, to questions of each type."""

    channels = 1  # of a photo, which it never sees

    def __init__(self, *, method: str = "type", words=WORDS, answers=ANSWERS, first=FIRST, photos=0, questions=0):
        super().__init__(words, answers)
        self.method = method
        self.counts = nn.Parameter(torch.zeros(len(language.TYPES), len(self.answers)))

    def see(self, photo) -> Tensor:
        return torch.zeros(1, self.channels)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Its gradient is minus the counts of this batch."""
        return {"loss": -(self.counts[batch["type"]] * batch["target"]).sum()}

    def phases(self) -> list[Phase]:
        return counting([self.counts], self.loss)

    def logits(self, batch: Batch) -> Tensor:
        """Of a type that never came: the prior."""
        mine, all_types = self.counts[batch["type"]], self.counts.sum(0).expand(len(batch["type"]), -1)
        some = mine.sum(1, keepdim=True) > 0.5
        return (torch.where(some, mine, all_types) if self.method == "type" else all_types).clamp(min=1e-3).log()

    @torch.inference_mode()
    def probe(self) -> Tensor:
        return self.counts[:, :2].flatten()[:64]


class Random(Counts, Guesses):
    """Any of the answers that were given, each as likely. `answer` draws them by the question's words."""

    def logits(self, batch: Batch) -> Tensor:
        given = (self.counts.sum(0) > 0.5).float().expand(len(batch["type"]), -1)
        order = [
            torch.rand(len(self.answers), generator=seeded(0, "guess", *asked)) for asked in batch["words"].tolist()
        ]
        return given.clamp(min=1e-6).log() + 1e-4 * torch.stack(order)  # so little that it only breaks ties

    def expected(self, scores: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        p = scores.softmax(1)
        there = batch["choices"] >= 0
        of = batch["score"].gather(1, batch["choices"].clamp(min=0)) * there
        return (p * batch["score"]).sum(1), of.sum(1) / there.sum(1).clamp(min=1)


def once(questions: Tensor) -> Tensor:
    """Questions (n, L) whose words count once each: PADDING in the places of those that came before."""
    repeated = (questions[:, :, None] == questions[:, None, :]).tril(-1).any(2)
    return questions.masked_fill(repeated, PADDING)


class Nearest(Answerer):
    """A memory of the training questions, their photos and their answers."""

    def __init__(
        self, *, words=WORDS, answers=ANSWERS, first=FIRST, photos: int = 8, questions: int = 8, channels: int = 1280
    ):
        super().__init__(words, answers)
        self.channels = channels
        self.photo_codes = nn.Parameter(torch.zeros(photos, CODE))
        self.register_buffer("asked", torch.zeros(questions, language.LONGEST, dtype=torch.int16))
        self.register_buffer("about", torch.zeros(questions, dtype=torch.int32))
        self.register_buffer("said", torch.zeros(questions, dtype=torch.int16))

    @functools.cached_property
    def projection(self) -> Tensor:
        """A random one, (C, CODE): it nearly keeps angles (Johnson and Lindenstrauss 1984), in a tenth of the space."""
        return torch.randn(self.channels, CODE, generator=seeded(0, "photo codes")) / CODE**0.5

    def code(self, features: Tensor) -> Tensor:
        """Photos (B, C) as (B, CODE) of length 1."""
        return F.normalize(features @ self.projection.to(features.device), dim=1)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Remembers the batch: questions and answers at once, photos by the gradient, each counted once."""
        at = batch["row"] % len(self.said)
        with torch.no_grad():
            self.asked[at] = batch["words"].short()
            self.about[at] = (batch["photo"] % len(self.photo_codes)).int()
            self.said[at] = batch["target"].argmax(1).short()
        photos, first = (batch["photo"] % len(self.photo_codes)).unique(return_inverse=True)
        one = torch.zeros_like(photos).scatter(0, first, torch.arange(len(first), device=first.device))
        seen = self.code(batch["features"])[one]
        return {"loss": 0.5 * (self.photo_codes[photos] - seen).square().sum()}

    def phases(self) -> list[Phase]:
        return counting([self.photo_codes], self.loss)

    def weights_of_words(self) -> Tensor:
        """How much a word says: the square of log(questions / questions that have it); unknown words say nothing."""
        there = once(self.asked.long())
        counts = torch.zeros(len(self.vocabulary)).index_add_(0, there.flatten(), torch.ones(there.numel()))
        weight = ((1 + len(there)) / (1 + counts)).log().square()
        weight[[PADDING, UNKNOWN]] = 0
        return weight

    def logits(self, batch: Batch) -> Tensor:
        """The nearest photos' answers: 50 times how alike the photos are."""
        weight, asked = self.weights_of_words(), once(self.asked.long())
        lengths = weight[asked].sum(1).clamp(min=1e-6).sqrt()
        codes = self.code(batch["features"])
        found = torch.full((len(codes), len(self.answers)), -50.0)
        for k, question in enumerate(batch["words"]):
            mine = torch.zeros(len(weight))
            mine[question] = weight[question]
            alike = mine[asked].sum(1) / lengths  # the same divisor for all but the memory's own length
            near = alike >= alike.topk(min(NEAR, len(alike))).values[-1] - 1e-6
            photos = self.photo_codes[self.about[near].long()]
            likeness = 50 * F.cosine_similarity(photos, codes[k][None], dim=1)
            found[k] = found[k].scatter_reduce(0, self.said[near].long(), likeness, "amax")
        return found

    @torch.inference_mode()
    def probe(self) -> Tensor:
        return torch.cat((self.photo_codes[:16, :2].flatten(), self.said[:16].float()))
