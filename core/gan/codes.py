"""infoGAN: some of a generator's noise is made to mean something, and nobody says what (Chen et al. 2016).

The generator gets codes c beside its noise, and is rewarded where they can be read off its pictures: for the mutual
information I(c; G(z, c)). That cannot be computed; a network Q that guesses c from a picture bounds it from below
(arXiv:1606.03657, Eq. 5):

    I(c; G(z, c)) >= L_I(G, Q) = E[log Q(c | x)] + H(c)

    symbol       here              meaning
    c1           codes[:, :10]     a category, one of ten, as one-hot
    c2, c3       codes[:, 10:]     two numbers, uniform on [-1, 1]
    Q(c | x)     guesses           a softmax for c1; a Gaussian of learned mean and deviation for c2 and c3
    lambda       weights           of L_I in the losses: of c1, of c2 and of c3

Differences from the paper
- Q has to see a category in a real picture that it also sees in the same picture turned, slanted, stretched and moved
  (Ji et al. 2019, arXiv:1807.06653), and reads it off distorted pictures. Still nobody tells it a label. Without that,
  in as few steps, c1 found a third of the labels: any trace in a made picture is enough to tell its code.
- On digits lambda comes up from 0 over the first fifth of the training; see `warm`.
- On digits Q reads the two numbers through noise: what survives it is slant, and thickness or width. Their lambdas
  differ (0.8 and 0.2), so that slant, which is read more easily, goes to c2 alone. On pictures without noise, which
  `infer` gets, Q then reads them too far from 0.
- Q is one linear layer on the critic's last hidden one, where the paper's has one more layer between them.
- The critic learns at 5e-4, where the paper has 2e-4. The generator's running average is used.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.gan.game import CLASSES, GAN, adam
from core.layers import frozen, unmoved
from core.noise import randn_like, seeded
from core.recipe import Batch, Phase

CONTINUOUS = 2
CODES = CLASSES + CONTINUOUS  # numbers that the generator is told
GUESSES = CLASSES + 2 * CONTINUOUS  # numbers that Q says: logits, means, and logarithms of deviations
FARTHEST = 10  # that a number may be set to
NARROWEST = -3.0  # of the logarithms: a deviation of 0.05


class Guess(NamedTuple):
    """What Q makes of pictures: logits (B, 10) of the category, means (B, 2) and deviations (B, 2) of the numbers."""

    logits: Tensor
    mean: Tensor
    deviation: Tensor


def guess(said: Tensor) -> Guess:
    """Q's numbers (B, GUESSES) as distributions."""
    logits, mean, log_deviation = said.split((CLASSES, CONTINUOUS, CONTINUOUS), 1)
    return Guess(logits, mean, (NARROWEST + F.softplus(log_deviation - NARROWEST)).exp())


def bounds(codes: Tensor, found: Guess) -> tuple[Tensor, Tensor]:
    """L_I of the category and of each number (2,), in nats: what Q tells of codes (B, CODES).

    The first is at most H(c1) = log 10. H of a number that is uniform on [-1, 1] is log 2; the second has no maximum,
    since a number can be known ever more exactly.
    """
    category, numbers = codes.split((CLASSES, CONTINUOUS), 1)
    told = math.log(CLASSES) - F.cross_entropy(found.logits, category.argmax(1))
    log_q = torch.distributions.Normal(found.mean, found.deviation).log_prob(numbers).mean(0)
    return told, log_q + math.log(2)


def agreement(one: Tensor, other: Tensor) -> Tensor:
    """Information in nats that two views of each picture share about their category (Ji et al. 2019, Eq. 2 and 3).

    Logits (B, K) of both. It is log K where each picture is surely of one category, the same in both views, and all
    categories come equally often; 0 where the views say nothing of each other.
    """
    joint = one.softmax(1).T @ other.softmax(1) / len(one)
    joint = ((joint + joint.T) / 2).clamp(min=1e-8)
    apart = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return (joint * (joint / apart).log()).sum()


def distorted(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """Pictures (B, C, H, W), each turned, slanted, stretched and moved a little: a digit stays the same digit."""
    turn, slant, wide, high, right, down = 2 * torch.rand(6, len(x), generator=generator, device=x.device) - 1
    turn, slant = 0.2 * turn, 0.35 * slant
    wide, high = 1 + 0.15 * wide, 1 + 0.15 * high
    across = torch.stack((wide * turn.cos(), wide * (slant - turn.sin()), right / 8), 1)
    along = torch.stack((high * turn.sin(), high * turn.cos(), down / 8), 1)
    points = F.affine_grid(torch.stack((across, along), 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, points, align_corners=False)


class InfoGAN(GAN):
    """A GAN whose critic guesses the codes, too: its scores are one for real or made, then Q's.

    weights: lambda of the category, of c2 and of c3 (or one for both). Where those are equal nothing tells the numbers
    apart, and each may do a part of two things; of two that are not, the greater one's takes what is read most easily.
    warm: the share of the training in which these come up from 0. By then the categories are kinds of real pictures, on
    which Q agrees with itself; rewarded from the start, G settles within a few hundred steps on categories of its own,
    and two of them may have to share a digit.
    rewarded: whether the generator gets L_I; without it this is a GAN with codes, for comparison, on which only Q
    learns. alike: weight of Q's agreement with itself on a real picture and the same picture distorted; where it is 0,
    nothing is distorted, as in the paper.
    grain: noise, in units of white, over the pictures that Q reads the numbers off. What is read through much noise is
    what changes a picture most, such as its slant: infomax through noise is a principal component.
    """

    def __init__(
        self,
        *arguments: Any,
        weights: Sequence[float] = (1.0, 0.1),
        warm: float = 0.0,
        rewarded: bool = True,
        alike: float = 0.0,
        grain: float = 0.0,
        **named: Any,
    ):
        super().__init__(*arguments, **named)
        if self.moved:
            raise ValueError("infoGAN distorts the pictures that Q reads in a way of its own; it knows no moved ones")
        self.rewarded, self.alike, self.grain, self.warm = rewarded, alike, grain, warm
        self.register_buffer("weights", torch.tensor(weights), persistent=False)
        # How often Q gave a category to a training picture of a label, the last few hundred batches above all. Nothing
        # learns from it: it says afterwards which digit a category turned out to be.
        self.register_buffer("met", torch.zeros(CLASSES, CLASSES))

    def condition(self, batch: Batch) -> Tensor:
        n, generator, device = len(batch["image"]), batch.get("generator"), batch["image"].device
        return random_codes(n, generator, device)

    def some_condition(self, z: Tensor) -> Tensor:
        """The categories in turn, the numbers in the middle."""
        n = len(z)
        return with_numbers(torch.arange(n) % CLASSES, torch.zeros(n, CONTINUOUS)).to(z.device)

    def lambdas(self, progress: float | Tensor) -> Tensor:
        """Of the category and of the numbers, after this share of the training."""
        progress = torch.as_tensor(progress, dtype=torch.float32, device=self.weights.device)
        return (progress / self.warm).clamp(max=1).square() * self.weights if self.warm else self.weights

    def terms(self, said: Tensor, codes: Tensor, progress: float | Tensor = 0.5) -> tuple[Tensor, dict[str, Tensor]]:
        """-lambda L_I after this share of the training, and the two bounds to be shown."""
        category, numbers = bounds(codes, guess(said))
        lambdas = self.lambdas(progress)
        reward = lambdas[0] * category + (lambdas[1:] * numbers).sum()
        return -reward, {"L_I": category, "L_I numbers": numbers.sum()}

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        codes, generator, real = self.condition(batch), batch.get("generator"), batch["image"]
        with torch.no_grad():
            fake = self.make(self.noise(batch), codes)
        on_real = self.scores(real, generator=generator)
        self.count(on_real[:, 1:].detach(), batch.get("label"))
        with unmoved(self.critic):
            on_fake = self.scores(fake, generator=generator)
            information, shown = self.terms(self.read(on_fake, fake, generator), codes, batch.get("progress", 0.5))
            objective = self.rule.objective.critic(on_real[:, 0], on_fake[:, 0])
            loss, shown = objective + information, {"objective": objective} | shown
            if self.alike:
                again = self.scores(distorted(real, generator), generator=generator)
                shown["alike"] = agreement(guess(on_real[:, 1:]).logits, guess(again[:, 1:]).logits)
                loss = loss - self.alike * shown["alike"]
        return {"loss": loss} | shown

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        codes, generator = self.condition(batch), batch.get("generator")
        fake = self.make(self.noise(batch), codes)
        with frozen(self.critic):
            scores = self.scores(fake, generator=generator)
            information, shown = self.terms(self.read(scores, fake, generator), codes, batch.get("progress", 0.5))
        objective = self.rule.objective.generator(scores[:, 0])
        return {"loss": objective + information if self.rewarded else objective, "objective": objective} | shown

    def read(self, scores: Tensor, x: Tensor, generator: torch.Generator | None) -> Tensor:
        """Q's numbers (B, GUESSES) on pictures whose scores are known: the category is read off distorted ones,
        the numbers off grainy ones."""
        category, numbers = scores[:, 1 : 1 + CLASSES], scores[:, 1 + CLASSES :]
        if self.alike:
            category = self.scores(distorted(x, generator), generator=generator)[:, 1 : 1 + CLASSES]
        if self.grain:
            grainy = x + self.grain * randn_like(x, generator)
            numbers = self.scores(grainy, generator=generator)[:, 1 + CLASSES :]
        return torch.cat((category, numbers), 1)

    def phases(self) -> list[Phase]:
        """The generator learns twice as fast: it should show its codes before the critic finds their traces."""
        critic, generator = super().phases()
        generator.optimizer = adam(1e-3, 0.5)(generator.parameters)
        return [critic, generator]

    @torch.no_grad()
    def count(self, said: Tensor, label: Tensor | None) -> None:
        if label is None or label.ndim != 1:
            return
        found = F.one_hot(guess(said).logits.argmax(1), CLASSES).float()
        self.met.mul_(0.998).addmm_(found.T, F.one_hot(label.long(), CLASSES).float())

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        return self.scores(x)[:, 0]

    @torch.inference_mode()
    def infer(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Q's guess of the codes of pictures (B, 1, 28, 28) or (B, 1, 32, 32) in [0, 1]: probabilities of the
        categories (B, 10), means (B, 2), deviations (B, 2). ValueError for any other shape.
        """
        if x.shape[-2:] == (28, 28) and self.shape[-2:] == (32, 32):
            x = F.pad(x, (2, 2, 2, 2))
        if x.shape[1:] != torch.Size(self.shape):
            raise ValueError(f"pictures must have shape (B, 1, 28, 28) or (B, 1, 32, 32), got {tuple(x.shape)}")
        found = guess(self.scores(x)[:, 1:])
        return found.logits.softmax(1), found.mean, found.deviation

    @torch.inference_mode()
    def generate(self, z: Tensor, category: Tensor, numbers: Tensor) -> Tensor:
        """G(z, c): noise (B, latents), categories (B,) from 0 to 9, numbers (B, 2) -> pictures (B, *shape) in [0, 1].

        Numbers were drawn from [-1, 1] in training. ValueError beyond +-10, where nothing is left to see.
        """
        if not ((category >= 0) & (category < CLASSES)).all():
            raise ValueError(f"categories must lie between 0 and {CLASSES - 1}, got {category.tolist()[:20]}")
        if not (numbers.abs() <= FARTHEST).all():  # false for what is not a number, too
            raise ValueError(f"codes must lie between -{FARTHEST} and {FARTHEST}, got {numbers.tolist()[:20]}")
        return self.pictures(z, with_numbers(category, numbers))

    def digits(self) -> list[int]:
        """Which label each category turned out to be, so that most training pictures agree: the Hungarian method."""
        return assigned(self.met)

    def sheet(self, held_out: Batch) -> Tensor:
        """Ten categories across; down ten values of the first number and of the second; one z."""
        z = torch.randn(1, self.latents, generator=seeded(0, "sheet")).expand(100, -1).to(self.met.device)
        rows = [sweep(which) for which in range(CONTINUOUS)]
        made = [self.pictures(z, codes.to(z.device)).unflatten(0, (10, 10)) for codes in rows]
        return torch.cat([part.permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2) for part in made], 2)


def random_codes(n: int, generator: torch.Generator | None, device: Any = "cpu") -> Tensor:
    """Codes as they are drawn in training: (n, CODES)."""
    category = torch.randint(CLASSES, (n,), generator=generator, device=device)
    numbers = torch.empty(n, CONTINUOUS, device=device).uniform_(-1, 1, generator=generator)
    return with_numbers(category, numbers)


def with_numbers(category: Tensor, numbers: Tensor) -> Tensor:
    """Categories (n,) and numbers (n, 2) as codes (n, CODES)."""
    return torch.cat((F.one_hot(category, CLASSES).float(), numbers), 1)


def sweep(which: int, reach: float = 2.0) -> Tensor:
    """Codes (100, CODES): ten values of a number, -reach to reach, down; the ten categories across."""
    numbers = torch.zeros(10, 10, CONTINUOUS)
    numbers[:, :, which] = torch.linspace(-reach, reach, 10)[:, None]
    return with_numbers(torch.arange(10).repeat(10), numbers.view(100, CONTINUOUS))


def assigned(counts: Tensor) -> list[int]:
    """For each row of counts (n, n) a column of its own, so that their sum is as large as can be.

    Exact, by trying all sets of columns for the first rows: 2^n n of them, where n is 10.
    """
    table = counts.tolist()
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}  # by the set of columns taken, as bits
    for row in table:
        longer: dict[int, tuple[float, list[int]]] = {}
        for taken, (total, columns) in best.items():
            for column, value in enumerate(row):
                bit = 1 << column
                if not taken & bit and total + value > longer.get(taken | bit, (-math.inf,))[0]:
                    longer[taken | bit] = (total + value, [*columns, column])
        best = longer
    return best[(1 << len(table)) - 1][1]


# ------------------------------------------------------------------ what the codes turned out to do

MEASURES = ("slant", "width", "thickness")


def measured(x: Tensor) -> Tensor:
    """Slant, width and stroke thickness of pictures (B, 1, H, W): (B, 3). The first two by image moments.

    slant: how far a row is shifted to the right for each row up. width: standard deviation of the ink across, in
    pixels, with the slant taken out. thickness: twice the ink over the length of its edge, in pixels.
    """
    ink = x[:, 0].double() + 1e-9
    rows, columns = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in ink.shape[1:]), indexing="ij")
    mass = ink.sum((1, 2))

    def mean(values: Tensor) -> Tensor:
        return (ink * values).sum((1, 2)) / mass

    across, up = columns - mean(columns)[:, None, None], mean(rows)[:, None, None] - rows
    slant = mean(across * up) / mean(up * up)
    upright = across - slant[:, None, None] * up
    down, right = (x[:, 0].double().diff(dim=dim) for dim in (1, 2))
    edge = (down[:, :, :-1].square() + right[:, :-1, :].square()).sqrt().sum((1, 2))
    return torch.stack((slant, mean(upright * upright).sqrt(), 2 * mass / edge.clamp(min=1e-6)), 1)


def correlations(codes: Tensor, values: Tensor) -> Tensor:
    """Of each number with each measure (n, M), among digits of one category: (2, M) in [-1, 1]."""
    category, numbers = codes[:, :CLASSES], codes[:, CLASSES:].double()
    share = category.double()

    def within(rows: Tensor) -> Tensor:
        return rows - share @ ((share.T @ rows) / share.sum(0).clamp(min=1)[:, None])

    a, b = F.normalize(within(numbers), dim=0), F.normalize(within(values), dim=0)
    return a.T @ b


@torch.inference_mode()
def evaluate_codes(model: nn.Module, batches: Iterable[Batch], classifier: nn.Module | None = None) -> dict[str, Any]:
    """How well the category tells the labels apart, and what each number does to a picture."""
    batches = list(batches)
    x, label = (torch.cat([batch[key] for batch in batches]) for key in ("image", "label"))
    found = torch.cat([model.infer(part)[0].argmax(1) for part in x.split(500)])
    digit_of = torch.tensor(model.digits())
    generator = seeded(0, "measured")
    z, codes = torch.randn(4000, model.latents, generator=generator), random_codes(4000, generator)
    made = torch.cat([model.pictures(*part) for part in zip(z.split(500), codes.split(500), strict=True)])
    read = Guess(*map(torch.cat, zip(*map(model.infer, made.split(500)), strict=True)))
    r = correlations(codes, measured(made))
    category, _ = bounds(codes, read._replace(logits=read.logits.clamp(min=1e-12).log()))
    result: dict[str, Any] = {
        "accuracy": 100 * (digit_of[found] == label).float().mean().item(),
        "L_I": category.item(),
        "n": len(x),
    }
    for k in range(CONTINUOUS):
        result |= {f"c{k + 2} {name}": r[k, m].item() for m, name in enumerate(MEASURES)}
    if classifier is not None:
        p = torch.cat([classifier.last(classifier.features(part)).softmax(1) for part in made.split(500)])
        result["confidence"] = p.amax(1).mean().item()
        result["as_read"] = 100 * (p.argmax(1) == digit_of[codes[:, :CLASSES].argmax(1)]).float().mean().item()
    return result
