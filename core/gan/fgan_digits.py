"""f-GAN on digits, with the networks of its paper (Nowozin et al. 2016, arXiv:1606.00709, Sec. 4 and Appendix).

The generator has two hidden layers of 1200 rectifiers with batch norm, the critic two of 240 ELUs; z is uniform. All
divergences share them, so that what differs between two sheets of digits is a row of fgan.DIVERGENCES and nothing else.

Differences from the paper
- Minibatches of 64 for 4096, and 4,500 of them: minutes on one core of a processor, not an hour on a GPU. The rate is
  larger and falls, gradients are clipped, and scores are bounded where f* would overflow.
- The critic's slope at real digits is kept small (R1, Mescheder et al. 2018). Without it all that was
  tried made a single picture.
- Pictures are 32 x 32 as for the other variants, with an empty margin that the networks never see.
- z comes as normal numbers, as for the other variants, and is made uniform by the normal distribution function.
- Critic and generator take turns, the generator with the paper's practical step: without it, KL and Pearson's rewards
  grow so steeply with the score that a few samples move all of the generator.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.gan import fgan
from core.gan.classifier import Classifier
from core.gan.fgan import limited, objective
from core.gan.game import GAN, Variant, adam
from core.gan.metrics import SEED, evaluate_digits
from core.gan.networks import FlatGenerator, initialise
from core.gan.penalties import squared_gradient
from core.recipe import Batch, Phase

PAPER = "arXiv:1606.00709, Sec. 4"
PLAYED = ("kl", "rkl", "pearson", "hellinger", "js", "gan")  # the divergences that ship
MARGIN = 2  # empty pixels on each side: 28 + 2 + 2 = 32
BANDWIDTHS = torch.logspace(-1.3, 0, 14).tolist()  # of the Parzen window, from 0.05 to 1


class UniformGenerator(nn.Module):
    """(B, inputs) standard normal -> (B, 1, 32, 32) in [0, 1]."""

    def __init__(self, *, inputs: int, units: int):
        super().__init__()
        self.inside = FlatGenerator(inputs=inputs, shape=(1, 28, 28), units=units, norm=True)
        self.apply(initialise)

    def forward(self, z: Tensor) -> Tensor:
        uniform = torch.erf(z / math.sqrt(2))  # 2 Phi(z) - 1: uniform in (-1, 1)
        return F.pad(self.inside(uniform), [MARGIN] * 4)


class EluCritic(nn.Module):
    """(B, 1, 32, 32) in [0, 1] -> scores (B, 1), of any size up to where f* would overflow."""

    def __init__(self, *, units: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(784, units), nn.ELU(), nn.Linear(units, units), nn.ELU(), nn.Linear(units, 1)
        )

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return limited(self.layers(without_margin(x)))


def without_margin(x: Tensor) -> Tensor:
    """(B, 1, 32, 32) -> (B, 1, 28, 28)."""
    return x[..., MARGIN:-MARGIN, MARGIN:-MARGIN]


@dataclass(frozen=True)
class Perceptrons:
    """Parts of a game (parts.py): the paper's pair for MNIST."""

    units: int
    critic_units: int
    shape: tuple[int, int, int] = (1, 32, 32)

    def generator(self, inputs: int) -> nn.Module:
        return UniformGenerator(inputs=inputs, units=self.units)

    def critic(self, **_: object) -> nn.Module:
        return EluCritic(units=self.critic_units)


class FGAN(GAN):
    """The game of a divergence, in turns or in single steps.

    single_step: one phase, in which one back-propagation of F moves both (Algorithm 1). max_norm: of the gradients of a
    phase. smoothness: weight of half the squared slope of V at real pictures.
    """

    def __init__(self, *arguments: object, single_step: bool, max_norm: float, smoothness: float, **named: object):
        super().__init__(*arguments, **named)
        self.single_step, self.max_norm, self.smoothness = single_step, max_norm, smoothness

    def roughness(self, batch: Batch) -> Tensor:
        return 0.5 * self.smoothness * squared_gradient(self.scores, batch["image"])

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        terms, penalty = super().critic_loss(batch), self.roughness(batch)
        return terms | {"loss": terms["loss"] + penalty, "penalty": penalty}

    def bound_loss(self, batch: Batch) -> dict[str, Tensor]:
        """F less the penalty, as the generator minimises it; the critic's group of the optimiser goes up."""
        fake = self.make(self.noise(batch))
        on_real, on_fake = self.scores(torch.cat((batch["image"], fake))).chunk(2)
        penalty = self.roughness(batch)
        return {"loss": -self.rule.objective.critic(on_real, on_fake) - penalty, "penalty": penalty}

    def phases(self) -> list[Phase]:
        if not self.single_step:
            return [replace(phase, max_norm=self.max_norm) for phase in super().phases()]
        critic, generator = self.trained()
        optimizer = self.rule.optimizer([*critic, *generator])
        optimizer.param_groups[0]["params"] = generator
        optimizer.add_param_group({"params": critic, "maximize": True})
        both = [*generator, *critic]
        return [Phase("both", both, self.bound_loss, optimizer, schedule=self.schedule, max_norm=self.max_norm)]


def build_fgan(
    *,
    divergence: str,
    latents: int = 100,
    units: int = 1200,
    critic_units: int = 240,
    rate: float = 1e-3,
    practical: bool = True,
    single_step: bool = False,
    max_norm: float = 1.0,
    smoothness: float = 1.0,
) -> FGAN:
    """The f-GAN for digits of one row of DIVERGENCES."""
    if practical and single_step:
        raise ValueError("a single step has one loss for both players; the practical one needs turns")
    rule = Variant(FGAN, PAPER, objective(fgan.divergence(divergence), practical=practical), adam(rate, 0.5))
    parts = Perceptrons(units, critic_units)
    return FGAN(rule, parts, latents=latents, single_step=single_step, max_norm=max_norm, smoothness=smoothness)


# ------------------------------------------------------------------ Parzen windows


def parzen(x: Tensor, centres: Tensor, bandwidth: float) -> Tensor:
    """log of a mixture of equal Gaussians around centres (m, D), in nats, at each x (n, D): (n,)."""
    near = torch.cat([nearness(torch.cdist(part, centres), bandwidth) for part in x.split(500)])
    return near - log_normaliser(len(centres), x.shape[1], bandwidth)


def parzen_of_others(x: Tensor, bandwidth: float) -> Tensor:
    """The same at each x (n, D), with the Gaussians around all of the others."""
    near = []
    for start in range(0, len(x), 500):
        distances = torch.cdist(x[start : start + 500], x)
        distances.diagonal(start).fill_(math.inf)  # its own
        near.append(nearness(distances, bandwidth))
    return torch.cat(near) - log_normaliser(len(x) - 1, x.shape[1], bandwidth)


def nearness(distances: Tensor, bandwidth: float) -> Tensor:
    return (-0.5 * distances.square() / bandwidth**2).logsumexp(1)


def log_normaliser(n: int, D: int, bandwidth: float) -> float:
    return math.log(n) + 0.5 * D * math.log(2 * math.pi * bandwidth**2)


def evaluate_fgan(model: nn.Module, batches: Iterable[Batch], classifier: Classifier) -> dict[str, float]:
    """As all variants on digits; and the log-likelihood of test digits under a Parzen window of as many samples.

    That is how the paper measures, with its own warning: it says little of the samples, for in 784 dimensions a window
    over any number of them that fits a computer is far from the density that they come from (Theis et al. 2015,
    arXiv:1511.01844). The bandwidth is the best for the first tenth; the value is that of the others. The yardstick:
    "parzen_real", each test digit under the window of all other test digits.
    """
    batches = list(batches)
    x = torch.cat([without_margin(batch["image"]).flatten(1) for batch in batches])
    made = model.sample(len(x), generator=torch.Generator().manual_seed(SEED))
    made = without_margin(made).flatten(1)
    tenth = max(1, len(x) // 10)
    bandwidth = max(BANDWIDTHS, key=lambda width: parzen(x[:tenth], made, width).mean().item())
    found = {"parzen": parzen(x[tenth:], made, bandwidth).mean().item(), "bandwidth": bandwidth}
    found["parzen_real"] = max(parzen_of_others(x, width).mean().item() for width in BANDWIDTHS)
    return evaluate_digits(model, batches, classifier) | found


def recipes(judge: str) -> dict[str, dict]:
    """fgan-NAME-mnist for six divergences."""
    return {
        f"fgan-{name}-mnist": dict(
            build=build_fgan,
            config=dict(divergence=name),
            variant=f"fgan-{name}",
            data="mnist-32",
            batch_size=64,
            steps=4_500,
            evaluate=evaluate_fgan,
            judges=(judge,),
            metric="FID",
            unit="FID of digits",
            paper=PAPER,
        )
        for name in PLAYED
    }
