"""The GAN variants: each is a row of VARIANTS, with a small class of its own where data flows another way.

A generator turns noise into pictures; a critic says how real a picture looks; they take turns (game.py). Later papers
changed what the two minimise (objectives.py), how the critic is kept smooth (penalties.py), and what the critic says:
one score, a class (classes.py), or a copy of the picture (energy.py).

    symbol   here                meaning
    x        real                pictures, (B, C, H, W) in [0, 1]
    z        z                   noise, (B, latents), standard normal
    G(z)     fake                made pictures
    D(x)     scores              the critic's outputs: (B,), or (B, K) where it tells classes
    c, y     condition, label    what the generator is told, (B, told); classes, (B,)

Differences from the papers
- One backbone, DCGAN's with half of the filters or fewer, for all but the original GAN, BEGAN and EBGAN's critic. WGAN
  has twice the others' filters on digits: a critic with clipped weights can say little with few.
- The original GAN's generator has batch norm, which came a year later: without it every run made one picture.
- On digits BEGAN's energies are relative to what is on a picture, lambda_k grows, and its generator is also asked for
  codes that lie as real pictures' do: with the paper's own, ours made ones or black. On shoes lambda_k and rate are
  larger, and both networks are told two colours of a photo: left alone they play in grey (energy.py).
- EBGAN's critic, a perceptron as in its paper's experiments on digits, sees pictures with noise on them in training.
  Its energy is the copy's mean squared error, not the length of the error: a margin then suits pictures of any size.
- SGAN's labelled digits are told apart by the ten digits' logits alone, as in Salimans et al. 2016 (arXiv:1606.03498,
  Sec. 5), where Odena 2016 has one cross-entropy over the eleven.
- z is normal with 64 numbers in all but infoGAN, which has the 62 of its paper: so the same z can be shown to each.
- Rates of those that get thousands of steps for hundreds of thousands: WGAN 2e-4 for 5e-5, WGAN-GP 3e-4 for 1e-4,
  DRAGAN 4e-4 for 1e-4.
- On shoes every critic but BEGAN's sees each picture shifted and with a hole (Zhao et al. 2020): some 1,700 photos are
  soon known by heart. LSGAN's rate there is 4e-4. On digits the rate of DCGAN, LSGAN, BEGAN and catGAN without
  labels is 5e-4, EBGAN's 1e-3, and that of GAN 4e-4.
- Learning rates are held for the first half of the training and fall to 0 in the second.
"""

import dataclasses
from functools import partial
from typing import Any

import torch

from core.gan.classes import AuxiliaryClassifierGAN, ClassGAN, ConditionalGAN
from core.gan.codes import CODES, GUESSES, InfoGAN
from core.gan.energy import BEGAN, TOLD_COLOURS, ColouredBEGAN, EnergyGAN
from core.gan.game import CLASSES, GAN, Optimizer, Variant, adam
from core.gan.objectives import (
    CATEGORICAL,
    LEAST_SQUARES,
    ONE_MORE_CLASS,
    PEARSON,
    SATURATING,
    WASSERSTEIN,
    energy_margin,
)
from core.gan.parts import Flat, Mirrored, Points
from core.gan.penalties import around, between
from core.recipe import constant

FAST = adam(4e-4, 0.5)


def rmsprop(rate: float) -> Optimizer:
    return lambda parameters: torch.optim.RMSprop(parameters, lr=rate)


WGAN = Variant(GAN, "arXiv:1701.07875", WASSERSTEIN, rmsprop(2e-4), critic_steps=5, clip=0.01, bias=False)
PENALISED = dict(weight=10.0, norm="layer")
EBGAN = Variant(EnergyGAN, "arXiv:1609.03126", energy_margin(0.25), adam(1e-3, 0.5), copies=True)

VARIANTS: dict[str, Variant] = {
    "gan": Variant(GAN, "arXiv:1406.2661", optimizer=FAST, parts=Flat),
    "gan-saturating": Variant(GAN, "arXiv:1406.2661, Eq. 1", SATURATING, FAST, Flat),
    "dcgan": Variant(GAN, "arXiv:1511.06434"),
    "cgan": Variant(ConditionalGAN, "arXiv:1411.1784", told=CLASSES, seen=CLASSES),
    "catgan": Variant(ClassGAN, "arXiv:1511.06390", CATEGORICAL, outputs=CLASSES),
    "sgan": Variant(ClassGAN, "arXiv:1606.01583", ONE_MORE_CLASS, outputs=CLASSES + 1, options=dict(one_more=True)),
    "lsgan": Variant(GAN, "arXiv:1611.04076, Eq. 9", LEAST_SQUARES),
    "lsgan-pearson": Variant(GAN, "arXiv:1611.04076, Eq. 8", PEARSON),
    "wgan": WGAN,
    "wgan-gp": Variant(
        GAN,
        "arXiv:1704.00028",
        WASSERSTEIN,
        adam(3e-4, 0.0, 0.9),
        bias=False,
        critic_steps=5,
        penalised=between,
        **PENALISED,
    ),
    "dragan": Variant(GAN, "arXiv:1705.07215", optimizer=FAST, penalised=around, **PENALISED),
    "ebgan": EBGAN,
    "ebgan-pt": dataclasses.replace(EBGAN, paper="arXiv:1609.03126, Sec. 2.4", options=dict(pull=0.1)),
    "began": Variant(
        BEGAN, "arXiv:1703.10717", None, adam(5e-4, 0.5), Mirrored, copies=True, in_plane=dict(control=0.01)
    ),
    "infogan": Variant(InfoGAN, "arXiv:1606.03657", optimizer=adam(5e-4, 0.5), told=CODES, outputs=1 + GUESSES),
    "acgan": Variant(AuxiliaryClassifierGAN, "arXiv:1610.09585", told=CLASSES, outputs=1 + CLASSES),
}


def row(variant: str) -> Variant:
    """A row of VARIANTS; ValueError where there is none of that name."""
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, got {variant!r}")
    return VARIANTS[variant]


def build(
    *,
    variant: str,
    size: int = 32,
    channels: int = 1,
    filters: int = 32,
    latents: int = 64,
    code: int = 64,
    classes: int | None = None,
    coloured: bool = False,
    rate: float | None = None,
    **options: Any,
) -> GAN:
    """The GAN for pictures of one row of VARIANTS.

    code: length of a copier's codes. classes: of catGAN's critic, where not as many as the data have. coloured:
    BEGAN only, whether it is told two colours. rate: of the row's optimiser, where not its own (infoGAN's generator
    has one of its own). options: over those of the row.
    """
    rule = row(variant)
    if coloured:
        if rule.game is not BEGAN:
            raise ValueError(f"only began can be told colours, got {variant!r}")
        rule = dataclasses.replace(
            rule, game=ColouredBEGAN, told=TOLD_COLOURS, seen=TOLD_COLOURS, parts=partial(Mirrored, mixed=2)
        )
    if classes is not None:
        rule = dataclasses.replace(rule, outputs=classes)
    if rate is not None:
        rule = dataclasses.replace(rule, optimizer=at_rate(rule.optimizer, rate))
    parts = rule.parts((channels, size, size), filters=filters, code=code)
    return rule.game(rule, parts, latents=latents, **{**rule.options, **options})


def at_rate(make: Optimizer, rate: float) -> Optimizer:
    """The same optimiser at another rate."""

    def optimizer(parameters: Any) -> torch.optim.Optimizer:
        made = make(parameters)
        for group in made.param_groups:
            group["lr"] = rate
        return made

    return optimizer


def in_plane(variant: str, *, latents: int = 2, units: int = 64, **options: Any) -> GAN:
    """The GAN for points in the plane of one row of VARIANTS. Its learning rates stay as they are."""
    rule = row(variant)
    named = {**rule.options, **rule.in_plane, **options}
    return rule.game(rule, Points(latents, units), latents=latents, schedule=constant, **named)
