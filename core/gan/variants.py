"""The GAN variants: each is a row of VARIANTS, and a small class of its own where data flows another way.

A generator turns noise into pictures; a critic says how real a picture looks. They take turns (Goodfellow et al. 2014,
arXiv:1406.2661, Algorithm 1). What the papers after it changed is what the two minimise (objectives.py), how the critic
is kept smooth (penalties.py), and what the critic says: one score, a class, or a copy of the picture.

    symbol   here                meaning
    x        real                pictures, (B, C, H, W) in [0, 1]
    z        z                   noise, (B, latents), standard normal
    G(z)     fake                made pictures
    D(x)     scores              the critic's outputs: (B,), or (B, K) where it tells classes
    y        label               classes, (B,)

Differences from the papers
- One backbone, DCGAN's with half of the filters or fewer, for all but the original GAN, BEGAN and EBGAN's critic.
- The original GAN's generator has batch norm, which came a year later: without it every run made one picture.
- BEGAN's energies are relative to what is on a picture, and lambda_k grows: with the paper's, ours made ones or black.
- EBGAN's critic, a perceptron as in its paper's experiments on digits, sees pictures with noise on them in training.
- z is normal with 64 numbers in all of them, so that the same z can be shown to each.
- Rates of those that get thousands of steps for hundreds of thousands: WGAN 2e-4 for 5e-5, WGAN-GP 3e-4 for 1e-4,
  DRAGAN 4e-4 for 1e-4.
- On shoes LSGAN's critic sees noise over its pictures at first: without it, it won for good.
- Learning rates are held for half of the training and fall to 0 in the other.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.gan.networks import (
    Autoencoder,
    ConvCritic,
    ConvGenerator,
    DownsamplingEncoder,
    FlatCritic,
    FlatEncoder,
    FlatGenerator,
    UpsamplingDecoder,
)
from core.gan.objectives import (
    CATEGORICAL,
    LEAST_SQUARES,
    NON_SATURATING,
    ONE_MORE_CLASS,
    PEARSON,
    SATURATING,
    WASSERSTEIN,
    Objective,
    energy_margin,
    log_made,
    log_real,
    pulling_away,
)
from core.gan.penalties import around, between, unit_gradient
from core.layers import frozen, hold_then_fall, unmoved
from core.recipe import Batch, Phase

Optimizer = Callable[[list[nn.Parameter]], torch.optim.Optimizer]


def adam(rate: float, beta1: float, beta2: float = 0.999) -> Optimizer:
    return lambda parameters: torch.optim.Adam(parameters, lr=rate, betas=(beta1, beta2), fused=True)


def rmsprop(rate: float) -> Optimizer:
    return lambda parameters: torch.optim.RMSprop(parameters, lr=rate)


ADAM = adam(2e-4, 0.5)  # DCGAN's
FAST = adam(4e-4, 0.5)


@dataclass(frozen=True)
class Variant:
    """What one paper does.

    critic_steps: updates of the critic for each of the generator. clip: its weights stay within +-clip.
    penalised: where its gradient should have length 1, and weight: how much that counts.
    norm: in the critic's convolutions; "layer" where single gradients matter, which batch norm would mix.
    """

    objective: Objective
    paper: str
    optimizer: Optimizer = ADAM
    critic_steps: int = 1
    clip: float = math.inf
    penalised: Callable[[Tensor, Tensor], Tensor] | None = None
    weight: float = 0.0
    norm: str = "batch"


VARIANTS = {
    "gan": Variant(NON_SATURATING, "arXiv:1406.2661", FAST),
    "gan-saturating": Variant(SATURATING, "arXiv:1406.2661, Eq. 1", FAST),
    "dcgan": Variant(NON_SATURATING, "arXiv:1511.06434"),
    "cgan": Variant(NON_SATURATING, "arXiv:1411.1784"),
    "catgan": Variant(CATEGORICAL, "arXiv:1511.06390"),
    "sgan": Variant(ONE_MORE_CLASS, "arXiv:1606.01583"),
    "lsgan": Variant(LEAST_SQUARES, "arXiv:1611.04076, Eq. 9"),
    "lsgan-pearson": Variant(PEARSON, "arXiv:1611.04076, Eq. 8"),
    "wgan": Variant(WASSERSTEIN, "arXiv:1701.07875", rmsprop(2e-4), critic_steps=5, clip=0.01),
    "wgan-gp": Variant(
        WASSERSTEIN, "arXiv:1704.00028", adam(3e-4, 0.0, 0.9), 5, penalised=between, weight=10.0, norm="layer"
    ),
    "dragan": Variant(NON_SATURATING, "arXiv:1705.07215", FAST, penalised=around, weight=10.0, norm="layer"),
    "ebgan": Variant(energy_margin(1.0), "arXiv:1609.03126", adam(1e-3, 0.5)),
    "ebgan-pt": Variant(energy_margin(1.0), "arXiv:1609.03126, Sec. 2.4", adam(1e-3, 0.5)),
    "began": Variant(  # whose critic has a loss of its own
        energy_margin(0.0), "arXiv:1703.10717", adam(5e-4, 0.5)
    ),
    "acgan": Variant(NON_SATURATING, "arXiv:1610.09585"),
}


# ------------------------------------------------------------------ the game


class GAN(nn.Module):
    """Two networks and their turns. Works for pictures and for points in the plane: `shape` is that of one of them.

    veil: noise over the pictures that the critic sees at the start of training, in units of white; at the end there is
    none. It hides what gives made pictures away at once (Arjovsky and Bottou 2017, arXiv:1701.04862, Sec. 3).
    """

    conditional = False

    def __init__(
        self,
        rule: Variant,
        generator: nn.Module,
        critic: nn.Module,
        *,
        latents: int,
        shape: tuple[int, ...],
        schedule: Callable[[float], float] = hold_then_fall,
        veil: float = 0.0,
    ):
        super().__init__()
        self.rule, self.generator, self.critic, self.veil = rule, generator, critic, veil
        self.latents, self.shape, self.schedule = latents, shape, schedule
        self.to(memory_format=torch.channels_last)  # where filters are few, a step takes 3/4 of the time on a processor

    def make(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """G(z)."""
        return self.generator(z)

    def scores(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """D(x): (B,), or (B, K) where the critic tells classes."""
        scores = self.critic(x)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        """How real the critic finds each, higher is more: (B, *shape) -> (B,), on a scale of the variant's own."""
        return self.scores(x)

    def noise(self, real: Tensor) -> Tensor:
        return torch.randn(len(real), self.latents, device=real.device)

    def veiled(self, x: Tensor, batch: Batch) -> Tensor:
        return x + self.veil * (1 - batch["progress"]) * torch.randn_like(x) if self.veil else x

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        """The critic's turn: real and made pictures, and the penalty where the paper has one."""
        real, label = self.veiled(batch["image"], batch), batch.get("label")
        with torch.no_grad():
            fake = self.veiled(self.make(self.noise(real), label), batch)
        on_real = self.scores(real, label)
        with unmoved(self.critic):  # in use, its batch norms should know what real pictures are like
            on_fake = self.scores(fake, label)
        terms = {"objective": self.rule.objective.critic(on_real, on_fake)}
        loss = terms["objective"]
        if self.rule.penalised is not None:
            x = self.rule.penalised(real, fake)
            terms["penalty"] = unit_gradient(lambda x: self.scores(x, label), x)
            loss = loss + self.rule.weight * terms["penalty"]
        return {"loss": loss} | terms

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """The generator's turn: new noise, and gradients that pass through the critic."""
        label = batch.get("label")
        fake = self.veiled(self.make(self.noise(batch["image"]), label), batch)
        with frozen(self.critic):
            return {"loss": self.rule.objective.generator(self.scores(fake, label))}

    def phases(self) -> list[Phase]:
        """The critic's turns, then the generator's."""
        rule = self.rule
        critic, generator = list(self.critic.parameters()), list(self.generator.parameters())
        return [
            Phase(
                "critic",
                critic,
                self.critic_loss,
                rule.optimizer(critic),
                repeats=rule.critic_steps,
                after=self.after_critic,
                schedule=self.schedule,
            ),
            Phase("generator", generator, self.generator_loss, rule.optimizer(generator), schedule=self.schedule),
        ]

    @torch.no_grad()
    def after_critic(self) -> None:
        """Clipping keeps the critic's weights small, and with them its slope (Arjovsky et al. 2017, Algorithm 1)."""
        if math.isfinite(self.rule.clip):
            for parameter in self.critic.parameters():
                parameter.clamp_(-self.rule.clip, self.rule.clip)

    @torch.inference_mode()
    def sample(self, n: int, *, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """n pictures (n, *shape) in [0, 1]. labels: (n,), for conditional models; 0, 1, 2, ... where none are given."""
        if n < 1:
            raise ValueError(f"n must be >= 1, got {n}")
        z = torch.randn(n, self.latents, generator=generator, device=generator.device)
        return self.pictures(z, labels)

    @torch.inference_mode()
    def pictures(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """G(z) in [0, 1]: (n, latents) -> (n, *shape). labels as in `sample`."""
        if z.ndim != 2 or z.shape[1] != self.latents:
            raise ValueError(f"z must have shape (n, {self.latents}), got {tuple(z.shape)}")
        if labels is None:
            labels = torch.arange(len(z), device=z.device) % CLASSES
        elif len(labels) != len(z) or not ((labels >= 0) & (labels < CLASSES)).all():
            raise ValueError(f"labels must be {len(z)} classes from 0 to {CLASSES - 1}, got {labels.tolist()[:20]}")
        return self.make(z, labels).clamp(0, 1)

    def probe(self) -> Tensor:
        """Some pixels of a fixed z's picture, and what the critic says of it: are these the right weights?"""
        z = torch.linspace(-1.5, 1.5, 2 * self.latents).view(2, -1)
        with torch.inference_mode():
            x = self.pictures(z)
            said = self.scores(x, torch.arange(2))
        return torch.cat((x.flatten()[:: x.numel() // 61], said.flatten()))


CLASSES = 10


def one_hot(label: Tensor) -> Tensor:
    return F.one_hot(label, CLASSES).float()


class ConditionalGAN(GAN):
    """CGAN: both players are told the class (Mirza and Osindero 2014, Eq. 2)."""

    conditional = True

    def make(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(torch.cat((z, one_hot(label)), 1))

    def scores(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        planes = one_hot(label).view(*x.shape[:1], CLASSES, *[1] * (x.ndim - 2)).expand(-1, -1, *x.shape[2:])
        return self.critic(torch.cat((x, planes), 1))[:, 0]

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        """The score under the class that suits it best."""
        label = torch.arange(CLASSES, device=x.device)
        every = self.scores(x.repeat_interleave(CLASSES, 0), label.repeat(len(x)))
        return every.view(-1, CLASSES).amax(1)


class AuxiliaryClassifierGAN(GAN):
    """ACGAN: the generator is told the class, the critic has to find it, in real ones too (Odena et al. 2016)."""

    conditional, n_classes = True, CLASSES

    def make(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(torch.cat((z, one_hot(label)), 1))

    def scores(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """(B, 1 + K): the source's logit, then the classes'."""
        return self.critic(x)

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        return self.scores(x)[:, 0]

    @torch.inference_mode()
    def classes(self, x: Tensor) -> Tensor:
        """p(y | x): (B, *shape) -> (B, K)."""
        return self.scores(x)[:, 1:].softmax(1)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        real, label = batch["image"], batch["label"]
        with torch.no_grad():
            fake = self.make(self.noise(real), label)
        on_real = self.scores(real)
        with unmoved(self.critic):
            on_fake = self.scores(fake)
        L_S = self.rule.objective.critic(on_real[:, 0], on_fake[:, 0])  # -L_S of the paper's Eq. 2
        L_C = F.cross_entropy(on_real[:, 1:], label) + F.cross_entropy(on_fake[:, 1:], label)  # -L_C of Eq. 3
        return {"loss": L_S + L_C, "L_S": L_S, "L_C": L_C}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        label = batch["label"]
        fake = self.make(self.noise(batch["image"]), label)
        with frozen(self.critic):
            on_fake = self.scores(fake)
        L_S = self.rule.objective.generator(on_fake[:, 0])
        L_C = F.cross_entropy(on_fake[:, 1:], label)
        return {"loss": L_S + L_C, "L_S": L_S, "L_C": L_C}


class ClassGAN(GAN):
    """catGAN and SGAN: the critic's output is a class. A few labelled pictures may come with each batch.

    n_classes: those of real pictures; SGAN's critic has one more.
    """

    def __init__(self, *arguments: Any, n_classes: int, **named: Any):
        super().__init__(*arguments, **named)
        self.n_classes = n_classes

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        terms = super().critic_loss(batch)
        if "labelled" in batch:
            with unmoved(self.critic):
                known = self.scores(batch["labelled"])[:, :CLASSES]
            terms["L_labelled"] = F.cross_entropy(known, batch["labelled_label"])
            terms["loss"] = terms["loss"] + terms["L_labelled"]
        return terms

    @torch.inference_mode()
    def classes(self, x: Tensor) -> Tensor:
        """p(y | x), and for SGAN last the class of made pictures: (B, *shape) -> (B, K)."""
        return self.scores(x).softmax(1)

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        """SGAN: the logit of "not made". catGAN, which knows real ones by being sure: minus the entropy."""
        logits = self.scores(x)
        if logits.shape[1] > self.n_classes:
            return log_real(logits) - log_made(logits)
        return (logits.softmax(1) * logits.log_softmax(1)).sum(1)


class EnergyGAN(GAN):
    """EBGAN: the critic copies pictures, and how badly it does is their energy (Zhao et al. 2016).

    pull: weight of the pulling-away term, which keeps the made pictures' codes apart (Sec. 2.4).
    """

    def __init__(self, *arguments: Any, pull: float = 0.0, **named: Any):
        super().__init__(*arguments, **named)
        self.pull = pull

    def energies(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        """Mean squared error of the copies, on a scale where pixels lie in [-1, 1]: (B,)."""
        copy = self.critic.decode(self.critic.encode(x) if code is None else code)
        return 4 * (copy - x).square().flatten(1).mean(1)

    def scores(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return self.energies(x)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.make(self.noise(batch["image"]))
        with frozen(self.critic):
            code = self.critic.encode(fake)
            energy = self.rule.objective.generator(self.energies(fake, code))
        if not self.pull:
            return {"loss": energy}
        PT = pulling_away(code)
        return {"loss": energy + self.pull * PT, "energy": energy, "PT": PT}

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        """Minus the energy."""
        return -self.energies(x)

    @torch.inference_mode()
    def copies(self, x: Tensor) -> Tensor:
        """The critic's copies, (B, *shape) in [0, 1]."""
        return self.critic(x).clamp(0, 1)


class BEGAN(EnergyGAN):
    """BEGAN: energies of real and made pictures are kept in proportion gamma (Berthelot et al. 2017, Sec. 3.4).

    gamma: diversity; lower copies real pictures better and makes fewer kinds. control: lambda_k, how fast k_t moves.
    eta: 1 for absolute errors, whose best flat copy of a thin stroke is plain black; 2 for squared ones (Eq. 1).
    background: brightness of a picture with nothing on it; errors are then relative to what is on it. Else pictures
    with little on them cost least, and all become those.
    grows: lambda_k comes up from 0, as the square of training's progress. A critic that has not learned to copy must
    not be pushed around; later energies are small, and only a fast k_t keeps one kind of picture from taking over.
    """

    def __init__(
        self,
        *arguments: Any,
        gamma: float = 0.75,
        control: float = 0.001,
        eta: int = 1,
        background: float | None = None,
        grows: bool = False,
        **named: Any,
    ):
        super().__init__(*arguments, **named)
        self.gamma, self.control, self.eta, self.background, self.grows = gamma, control, eta, background, grows
        self.register_buffer("k_t", torch.zeros(()))
        self.change = torch.zeros(())  # of k_t, after the last batch

    def energies(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        """L(x): mean error of the copies to the power eta, on a scale where pixels lie in [-1, 1]: (B,)."""
        copy = self.critic.decode(self.critic.encode(x) if code is None else code)
        error = self.size(copy - x)
        return error if self.background is None else error / (self.size(x - self.background) + PLAIN)

    def size(self, difference: Tensor) -> Tensor:
        return (2 * difference).abs().pow(self.eta).flatten(1).mean(1)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        real = batch["image"]
        with torch.no_grad():
            fake = self.make(self.noise(real))
        L_x, L_G = self.scores(real).mean(), self.scores(fake).mean()
        loss = L_x - self.k_t.clone() * L_G
        balance = (self.gamma * L_x - L_G).detach()
        self.change = self.control * (batch["progress"] ** 2 if self.grows else 1) * balance
        M = L_x.detach() + balance.abs()  # M_global, which falls while the training converges
        return {"loss": loss, "L_x": L_x, "L_G": L_G, "k_t": self.k_t.clone(), "M": M}

    @torch.no_grad()
    def after_critic(self) -> None:
        """k_(t+1) = k_t + lambda_k (gamma L(x) - L(G(z))), held in [0, 1] as by the authors."""
        self.k_t.add_(self.change).clamp_(0, 1)


PLAIN = 0.008  # keeps the relative error of a plain picture finite


# ------------------------------------------------------------------ which networks a variant plays with


def build(
    *,
    variant: str,
    size: int = 32,
    channels: int = 1,
    filters: int = 32,
    latents: int = 64,
    classes: int = CLASSES,
    code: int = 64,
    pull: float = 0.0,
    gamma: float = 0.75,
    control: float = 0.001,
    eta: int = 1,
    background: float | None = None,
    grows: bool = False,
    margin: float = 0.25,
    veil: float = 0.0,
    rate: float | None = None,
) -> GAN:
    """The GAN for pictures of one row of VARIANTS.

    classes: of catGAN's critic. code, pull, margin: of EBGAN's. code, gamma, control, eta, background, grows: of
    BEGAN's. veil: of those that have one score and no class. rate: Adam's, in the place of the variant's.
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, got {variant!r}")
    rule = VARIANTS[variant] if rate is None else dataclasses.replace(VARIANTS[variant], optimizer=adam(rate, 0.5))
    shape = (channels, size, size)
    common = dict(latents=latents, shape=shape)
    made = dict(shape=shape, filters=filters)
    if variant in ("gan", "gan-saturating"):
        return GAN(
            rule,
            FlatGenerator(inputs=latents, shape=shape, units=32 * filters, norm=True),
            FlatCritic(shape=shape),
            **common,
        )
    if variant == "began":
        generator = UpsamplingDecoder(inputs=latents, **made)
        critic = Autoencoder(DownsamplingEncoder(code=code, **made), UpsamplingDecoder(inputs=code, **made))
        balance = dict(gamma=gamma, control=control, eta=eta, background=background, grows=grows)
        return BEGAN(rule, generator, critic, **balance, **common)
    if variant in ("cgan", "acgan"):
        generator = ConvGenerator(inputs=latents + CLASSES, **made)
        if variant == "acgan":
            return AuxiliaryClassifierGAN(rule, generator, ConvCritic(outputs=1 + CLASSES, **made), **common)
        seen = (channels + CLASSES, size, size)
        return ConditionalGAN(rule, generator, ConvCritic(shape=seen, filters=filters), **common)
    generator = ConvGenerator(inputs=latents, **made)
    if variant in ("ebgan", "ebgan-pt"):
        rule = dataclasses.replace(rule, objective=energy_margin(margin))
        units = 16 * filters
        encode = FlatEncoder(shape=shape, units=units, code=code)
        critic = Autoencoder(encode, FlatGenerator(inputs=code, shape=shape, units=units))
        return EnergyGAN(rule, generator, critic, pull=pull, **common)
    n_classes = {"catgan": classes, "sgan": CLASSES}.get(variant)
    outputs = 1 if n_classes is None else n_classes + (variant == "sgan")
    moving = rule.objective is not WASSERSTEIN  # a constant added to all scores would change none of its losses
    critic = ConvCritic(outputs=outputs, norm=rule.norm, bias=moving, **made)
    if n_classes is None:
        return GAN(rule, generator, critic, veil=veil, **common)
    return ClassGAN(rule, generator, critic, n_classes=n_classes, **common)
