"""The game that all variants play: two networks that take turns, and the row that says how.

A generator turns noise into pictures; a critic says how real a picture looks (Goodfellow et al. 2014, arXiv:1406.2661,
Algorithm 1). Symbols and differences from the papers: see variants.py.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.gan.objectives import NON_SATURATING, Objective
from core.gan.parts import Convolutions, Parts
from core.gan.penalties import unit_gradient
from core.layers import any_move, check_shape, frozen, grid, hold_then_fall, moved_with_a_hole, unmoved
from core.noise import randn_rows, seeded
from core.recipe import Averages, Batch, Model, Phase, Records, Samples, Shows, constant

Generator = torch.Generator | None
Optimizer = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
CLASSES = 10
SHIFT, HOLE = 1 / 8, 1 / 2  # of the side, for what is moved: translation and cutout as in Zhao et al. 2020


def adam(rate: float, beta1: float, beta2: float = 0.999) -> Optimizer:
    return lambda parameters: torch.optim.Adam(parameters, lr=rate, betas=(beta1, beta2), fused=True)


ADAM = adam(2e-4, 0.5)  # DCGAN's


@dataclass(frozen=True)
class Variant:
    """What one paper does: a row of VARIANTS, and all that is needed to build and train it, on pictures or points.

    game: the class whose losses it has. options: arguments of that class; in_plane: those that differ for points.
    parts: what its networks are made of, for pictures. copies: the critic returns copies, not scores.
    told, seen: numbers of the condition, a tensor (B, told), that the generator is told and that the critic sees.
    outputs: of the critic. norm: in its convolutions; "layer" where single gradients matter, which batch
    norm would mix. bias: of its last layer; False where a constant added to all scores changes none of its losses.
    critic_steps: updates of the critic for each of the generator. clip: its weights stay within +-clip.
    penalised: where its gradient should have length 1, and weight: how much that counts.
    """

    game: type["GAN"]
    paper: str
    objective: Objective | None = NON_SATURATING  # None: the class has losses of its own
    optimizer: Optimizer = ADAM
    parts: Callable[..., Parts] = Convolutions
    copies: bool = False
    told: int = 0
    seen: int = 0
    outputs: int = 1
    norm: str = "batch"
    bias: bool = True
    critic_steps: int = 1
    clip: float = math.inf
    penalised: Callable[[Tensor, Tensor, Generator], Tensor] | None = None
    weight: float = 0.0
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    in_plane: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def one_hot(label: Tensor) -> Tensor:
    """Classes (B,) as the condition (B, 10) of a generator that is told the class. ValueError for any other number."""
    if label.ndim != 1 or label.is_floating_point() or not ((label >= 0) & (label < CLASSES)).all():
        raise ValueError(f"labels must be classes from 0 to {CLASSES - 1}, got {label.tolist()[:20]}")
    return F.one_hot(label.long(), CLASSES).float()


class ToldClass(Protocol):
    """Its generator makes pictures of the class that it is told, with `one_hot`."""


class Classifies(Protocol):
    """Its critic tells classes. n_classes: those of real pictures."""

    n_classes: int

    @abstractmethod
    def classes(self, x: Tensor) -> Tensor:
        """p(y | x): (B, *shape) -> (B, K)."""


class GAN(nn.Module, Model, Samples, Shows, Averages, Records):
    """Two networks and their turns. Works for pictures and for points in the plane: `shape` is that of one of them.

    moved: whether the critic sees every picture shifted and with a hole, in white, real ones and made ones alike; it
    cannot learn some 1,700 photos by heart then (Zhao et al. 2020, arXiv:2006.10738).
    """

    def __init__(
        self,
        rule: Variant,
        parts: Parts,
        *,
        latents: int,
        schedule: Callable[[float], float] = hold_then_fall,
        moved: bool = False,
    ):
        super().__init__()
        self.rule, self.latents, self.shape, self.schedule = rule, latents, parts.shape, schedule
        self.moved = moved
        self.generator = parts.generator(latents + rule.told)
        self.critic = (
            parts.copier(seen=rule.seen)
            if rule.copies
            else parts.critic(seen=rule.seen, outputs=rule.outputs, norm=rule.norm, bias=rule.bias)
        )
        self.to(memory_format=torch.channels_last)  # where filters are few, a step takes 3/4 of the time on a processor

    # -------------------------------------------------------------- the two players

    def make(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """G(z), or G(z, c): (B, latents) and (B, told)."""
        return self.generator(z if condition is None else torch.cat((z, condition), 1))

    def scores(self, x: Tensor, condition: Tensor | None = None, generator: Generator = None) -> Tensor:
        """D(x): (B,), or (B, K) where the critic has several outputs. ValueError for x of another shape."""
        check_shape(x, self.shape)
        if self.rule.seen:
            planes = condition.view(*condition.shape, *[1] * (x.ndim - 2)).expand(-1, -1, *x.shape[2:])
            x = torch.cat((x, planes), 1)
        scores = self.critic(x, generator)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        """How real the critic finds each, higher is more: (B, *shape) -> (B,), on a scale of the variant's own."""
        return self.scores(x)

    def condition(self, batch: Batch) -> Tensor | None:
        """What the generator is told with a batch, (B, told); the critic sees the same. None where there is nothing."""
        return None

    def some_condition(self, z: Tensor) -> Tensor | None:
        """What it is told beside z (n, latents) where nobody asks for anything: (n, told)."""
        return None

    # -------------------------------------------------------------- training

    def noise(self, batch: Batch) -> Tensor:
        """z for each picture of a batch."""
        real = batch["image"]
        return torch.randn(len(real), self.latents, generator=batch.get("generator"), device=real.device)

    def seen(self, x: Tensor, batch: Batch) -> Tensor:
        """What the critic sees of pictures (B, *shape) in training."""
        if not self.moved:
            return x
        move = any_move(len(x), x.shape[-1], SHIFT, HOLE, batch.get("generator"), x.device)
        return 1 - moved_with_a_hole(1 - x, *move)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """The critic's turn: real and made pictures, and the penalty where the paper has one."""
        real, told, generator = self.seen(batch["image"], batch), self.condition(batch), batch.get("generator")
        with torch.no_grad():
            fake = self.seen(self.make(self.noise(batch), told), batch)
        on_real = self.scores(real, told, generator)
        with unmoved(self.critic):  # in use, its batch norms should know what real pictures are like
            on_fake = self.scores(fake, told, generator)
        terms = {"objective": self.rule.objective.critic(on_real, on_fake)}
        loss = terms["objective"]
        if self.rule.penalised is not None:
            x = self.rule.penalised(real, fake, generator)
            terms["penalty"] = unit_gradient(lambda x: self.scores(x, told, generator), x)
            loss = loss + self.rule.weight * terms["penalty"]
        return {"loss": loss} | terms

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """The generator's turn: new noise, and gradients that pass through the critic."""
        told = self.condition(batch)
        fake = self.seen(self.make(self.noise(batch), told), batch)
        with frozen(self.critic):
            return {"loss": self.rule.objective.generator(self.scores(fake, told, batch.get("generator")))}

    def trained(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """What moves in the critic's turn, and in the generator's; a variant may add parts of its own to either."""
        return list(self.critic.parameters()), list(self.generator.parameters())

    def phases(self) -> list[Phase]:
        """The critic's turns, then the generator's."""
        rule = self.rule
        critic, generator = self.trained()
        stage = None if rule.told else constant  # a condition is looked at before it is used
        return [
            Phase(
                "critic",
                critic,
                self.critic_loss,
                rule.optimizer(critic),
                repeats=rule.critic_steps,
                after=self.after_critic,
                schedule=self.schedule,
                stage=stage,
            ),
            Phase(
                "generator",
                generator,
                self.generator_loss,
                rule.optimizer(generator),
                schedule=self.schedule,
                stage=stage,
            ),
        ]

    @torch.no_grad()
    def after_critic(self) -> None:
        """Clipping keeps the critic's weights small, and with them its slope (Arjovsky et al. 2017, Algorithm 1)."""
        if math.isfinite(self.rule.clip):
            for parameter in self.critic.parameters():
                parameter.clamp_(-self.rule.clip, self.rule.clip)

    def averaged(self) -> nn.Module:
        return self.generator

    # -------------------------------------------------------------- use

    @torch.inference_mode()
    def sample(self, n: int, *, generator: torch.Generator, condition: Tensor | None = None) -> Tensor:
        """n pictures (n, *shape) in [0, 1], the first of them the same whatever n is. condition: as in `pictures`."""
        if n < 1:
            raise ValueError(f"n must be >= 1, got {n}")
        return self.pictures(randn_rows(n, self.latents, generator=generator), condition)

    @torch.inference_mode()
    def pictures(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """G(z) in [0, 1]: (n, latents) -> (n, *shape). condition: (n, told), such as `one_hot(labels)`; it has no
        meaning for a generator that is told nothing. Where none is given, `some_condition` is taken."""
        if z.ndim != 2 or z.shape[1] != self.latents:
            raise ValueError(f"z must have shape (n, {self.latents}), got {tuple(z.shape)}")
        if not self.rule.told:
            condition = None
        elif condition is None:
            condition = self.some_condition(z)
        elif condition.shape != (len(z), self.rule.told):
            raise ValueError(f"condition must have shape {(len(z), self.rule.told)}, got {tuple(condition.shape)}")
        return self.make(z, condition).clamp(0, 1)

    def sheet(self, held_out: Batch) -> Tensor:
        """Sixteen pictures from the same noise."""
        device = next(self.generator.parameters()).device
        return grid(self.sample(16, generator=seeded(0, "sheet", device=device)))

    @torch.inference_mode()
    def probe(self) -> Tensor:
        """Some pixels of a fixed z's picture, and what the critic says of it: are these the right weights?"""
        z = torch.linspace(-1.5, 1.5, 2 * self.latents).view(2, -1)
        x, told = self.pictures(z), self.some_condition(z)
        return torch.cat((x.flatten()[:: max(1, x.numel() // 61)], self.scores(x, told).flatten()))
