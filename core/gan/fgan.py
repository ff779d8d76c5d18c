"""f-GAN: any f-divergence can be the game that a generator and a critic play (Nowozin et al. 2016, arXiv:1606.00709).

An f-divergence D_f(P || Q) = E_Q f(p / q) asks how far the ratio of two densities is from 1, and f says what each ratio
costs. Nobody knows p or q of pictures. But f is the upper envelope of its tangents, f(u) = max_t (t u - f*(t)), so any
function T gives a lower bound that needs samples only:

    F = E_P T(x) - E_Q f*(T(x)) <= D_f(P || Q), with equality where T = f'(p / q).                  Eq. 4 and 5

The critic raises F, the generator lowers it. One table, DIVERGENCES, holds all that differs: a divergence is a row.

    symbol   here          meaning
    u                      ratio p(x) / q(x), above 0; more than 1 where the generator makes too little
    f        row.f         what the ratio costs; convex
    f'       row.slope     f'(p / q) is the best T
    f*       row.conjugate max over u >= 0 of t u - f(u), for t below row.highest
    V(x)     scores        the critic's output, any number; higher is more real
    g_f      row.real      T = g_f(V): keeps T where f* is finite
    f* o g_f row.made      in one formula that does not overflow

Differences from the paper
- f* is the maximum over u >= 0, which is what a ratio can be. Its formulas for Pearson and total variation also count
  u < 0: they are right where T can be best, and too high below.
- Its Table 1 has the integrals of Pearson's and Neyman's divergences exchanged; f is as in the paper.
- Output activations all rise with V, and those of Hellinger's, the weighted Jensen-Shannon and the alpha-divergence are
  scaled so that f*(g_f(V)) has a short form. Total variation's is not tanh(V) / 2: its gradient vanished, and T
  stayed at 1/2 everywhere. Neyman's is not 1 - exp(-V): in the tails, where data are rare, V overshot, the generator's
  reward with it by a power of e, and fits from some seeds fled from there.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.gan.objectives import Objective

Function = Callable[[Tensor], Tensor]
LARGEST_SCORE = 40.0  # of a critic in training: the square of no gradient of f* overflows there, in single precision


@dataclass(frozen=True)
class Divergence:
    """One row of the table; all functions work elementwise.

    f, slope: of ratios u > 0. conjugate: of t below `highest`, where dom f* ends. real, made: of scores V.
    rises, falls: f(u) grows like u ** rises for large u, but at least like u, and like u ** -falls near 0. They decide
    whether D_f of two densities is finite.
    """

    name: str
    f: Function
    slope: Function
    conjugate: Function
    highest: float
    real: Function
    made: Function
    rises: float = 1.0
    falls: float = 0.0

    def reward(self, u: Tensor) -> Tensor:
        """f*(f'(u)) = u f'(u) - f(u): what a sample earns its generator where the ratio is u and T is the best."""
        return u * self.slope(u) - self.f(u)


def log_omega(x: Tensor) -> Tensor:
    """log w of the w > 0 with w + log w = x: what Lambert's W(e^x) is, without an e^x that overflows."""
    with torch.no_grad():
        log_w = torch.where(x < 1, x, x.clamp(min=1).log())  # right of the root, so that Newton's steps only fall
        for _ in range(7):
            log_w = log_w - (log_w + log_w.exp() - x) / (1 + log_w.exp())
    w = log_w.exp()
    return log_w - (log_w + w - x) / (1 + w)  # once more, for the gradient 1 / (1 + w)


def jeffrey_conjugate(t: Tensor) -> Tensor:
    """w + 1 / w + t - 2, where w = W(e^(1 - t)) = 1 / u."""
    log_w = log_omega(1 - t)
    return log_w.exp() + (-log_w).exp() + t - 2


def from_zero(lowest: float, conjugate: Function) -> Function:
    """Below t = f'(0) no ratio is better than 0, and f* stays as it is there."""
    return lambda t: conjugate(t.clamp(min=lowest))


def weighted_jensen_shannon(pi: float) -> Divergence:
    """pi KL(P || M) + (1 - pi) KL(Q || M), with M = pi P + (1 - pi) Q. pi: in (0, 1)."""
    if not 0 < pi < 1:
        raise ValueError(f"the weight pi must be between 0 and 1, got {pi}")

    def mixed(u: Tensor) -> Tensor:
        return 1 - pi + pi * u

    return Divergence(
        f"Jensen–Shannon, weight {pi:g}",
        f=lambda u: pi * torch.xlogy(u, u) - torch.xlogy(mixed(u), mixed(u)),
        slope=lambda u: pi * (u / mixed(u)).log(),
        conjugate=lambda t: (1 - pi) * ((1 - pi) / (1 - pi * (t / pi).exp())).log(),
        highest=-pi * math.log(pi),
        real=lambda v: -pi * (math.log(pi) + F.softplus(-v)),
        made=lambda v: (1 - pi) * (math.log(1 - pi) + F.softplus(v)),
    )


LEAST_APART = 1e-7  # of alpha from 0 and 1: nearer, u^alpha is rounded to u or 1


def alpha_divergence(alpha: float) -> Divergence:
    """(E_Q u^alpha - 1) / (alpha (alpha - 1)): 2 is half of Pearson's, -1 half of Neyman's, 1/2 twice Hellinger's.

    Near 1 it becomes KL, near 0 reverse KL; these two have rows of their own.
    """
    if not math.isfinite(alpha) or min(abs(alpha), abs(alpha - 1)) < LEAST_APART:
        raise ValueError(f"alpha must be a number other than 0 (reverse KL) and 1 (KL), got {alpha}")
    power = alpha / (alpha - 1)

    def conjugate(t: Tensor) -> Tensor:
        if alpha < 1:
            return ((1 + (alpha - 1) * t).clamp(min=0) ** power - 1) / alpha
        x = (alpha - 1) * t  # near alpha = 1 it would be rounded away in 1 + x
        inside = torch.expm1(power * torch.log1p(x.clamp(min=LEAST_APART - 1))) / alpha
        return torch.where(x > -1, inside, torch.full_like(x, -1 / alpha))

    if alpha > 1:
        real, made = identity, conjugate
    else:  # 1 - (1 - alpha) g_f(v) = exp(-k v), with k such that neither this nor f* outgrows exp(|v|)
        k = min(1.0, (1 - alpha) / abs(alpha))

        def real(v: Tensor) -> Tensor:
            return -torch.expm1(-k * v) / (1 - alpha)

        def made(v: Tensor) -> Tensor:
            return torch.expm1(-k * power * v) / alpha

    return Divergence(
        f"α-divergence, α = {alpha:g}",
        f=lambda u: (u**alpha - 1 - alpha * (u - 1)) / (alpha * (alpha - 1)),
        slope=lambda u: (u ** (alpha - 1) - 1) / (alpha - 1),
        conjugate=conjugate,
        highest=math.inf if alpha > 1 else 1 / (1 - alpha),
        real=real,
        made=made,
        rises=max(1.0, alpha),
        falls=max(0.0, -alpha),
    )


def identity(v: Tensor) -> Tensor:
    return v


def bent(v: Tensor) -> Tensor:
    """From -1/2 to 1/2, as tanh(v) / 2, but flat so much later that a critic which is sure can still learn."""
    return 0.5 * v / (1 + v.square()).sqrt()


LN2 = math.log(2)
DIVERGENCES: dict[str, Divergence] = {
    "tv": Divergence(
        "Total variation",
        f=lambda u: 0.5 * (u - 1).abs(),
        slope=lambda u: 0.5 * (u - 1).sign(),
        conjugate=from_zero(-0.5, identity),
        highest=0.5,
        real=bent,
        made=bent,
    ),
    "kl": Divergence(
        "Kullback–Leibler",
        f=lambda u: torch.xlogy(u, u),
        slope=lambda u: 1 + u.log(),
        conjugate=lambda t: (t - 1).exp(),
        highest=math.inf,
        real=identity,
        made=lambda v: (v - 1).exp(),
    ),
    "rkl": Divergence(
        "Reverse KL",
        f=lambda u: -u.log(),
        slope=lambda u: -1 / u,
        conjugate=lambda t: -1 - (-t).log(),
        highest=0.0,
        real=lambda v: -(-v).exp(),
        made=lambda v: v - 1,
    ),
    "pearson": Divergence(
        "Pearson χ²",
        f=lambda u: (u - 1).square(),
        slope=lambda u: 2 * (u - 1),
        conjugate=from_zero(-2.0, lambda t: t * (1 + 0.25 * t)),
        highest=math.inf,
        real=identity,
        made=from_zero(-2.0, lambda v: v * (1 + 0.25 * v)),
        rises=2.0,
    ),
    "neyman": Divergence(
        "Neyman χ²",
        f=lambda u: (1 - u).square() / u,
        slope=lambda u: 1 - u**-2,
        conjugate=lambda t: 2 - 2 * (1 - t).sqrt(),
        highest=1.0,
        real=lambda v: 1 - F.softplus(-v).square(),
        made=lambda v: 2 - 2 * F.softplus(-v),
        falls=1.0,
    ),
    "hellinger": Divergence(
        "Squared Hellinger",
        f=lambda u: (u.sqrt() - 1).square(),
        slope=lambda u: 1 - u**-0.5,
        conjugate=lambda t: t / (1 - t),
        highest=1.0,
        real=lambda v: -torch.expm1(-v),
        made=lambda v: torch.expm1(v),
    ),
    "jeffrey": Divergence(
        "Jeffrey",
        f=lambda u: (u - 1) * u.log(),
        slope=lambda u: 1 + u.log() - 1 / u,
        conjugate=jeffrey_conjugate,
        highest=math.inf,
        real=identity,
        made=jeffrey_conjugate,
    ),
    "js": Divergence(  # KL of P and of Q to their mean, added; others halve it
        "Jensen–Shannon",
        f=lambda u: torch.xlogy(u, u) - (1 + u) * (0.5 * (1 + u)).log(),
        slope=lambda u: LN2 + (u / (1 + u)).log(),
        conjugate=lambda t: -(2 - t.exp()).log(),
        highest=LN2,
        real=lambda v: LN2 - F.softplus(-v),
        made=lambda v: F.softplus(v) - LN2,
    ),
    "wjs": weighted_jensen_shannon(0.3),
    "gan": Divergence(  # Jensen-Shannon less log 4: f(1) is not 0, as the original GAN's value is not where P = Q
        "GAN",
        f=lambda u: torch.xlogy(u, u) - (1 + u) * torch.log1p(u),
        slope=lambda u: (u / (1 + u)).log(),
        conjugate=lambda t: -(-torch.expm1(t)).log(),
        highest=0.0,
        real=lambda v: -F.softplus(-v),
        made=F.softplus,
    ),
    "alpha": alpha_divergence(0.5),
}


def limited(v: Tensor) -> Tensor:
    """Scores as they are where they are small, and never beyond LARGEST_SCORE: flat nowhere, so that all can learn."""
    return LARGEST_SCORE * (v / LARGEST_SCORE).tanh()


def divergence(name: str, number: float | None = None) -> Divergence:
    """A row by name. number: pi of "wjs" or alpha of "alpha", where it shall not be the table's."""
    if name not in DIVERGENCES:
        raise ValueError(f"divergence must be one of {', '.join(DIVERGENCES)}, got {name!r}")
    if number is None:
        return DIVERGENCES[name]
    makers = {"wjs": weighted_jensen_shannon, "alpha": alpha_divergence}
    if name not in makers:
        raise ValueError(f"only wjs and alpha take a number, not {name}")
    return makers[name](number)


def bound(row: Divergence, on_real: Tensor, on_made: Tensor) -> Tensor:
    """F = E_P g_f(V) - E_Q f*(g_f(V)) from scores of real and of made samples (n,), (m,) (Eq. 7)."""
    return row.real(on_real).mean() - row.made(on_made).mean()


def objective(row: Divergence, *, practical: bool = False) -> Objective:
    """The critic raises F, the generator lowers it; or, in practice, raises E_Q g_f(V) (Sec. 3.2).

    The practical step has a gradient where the critic is sure that a sample is made, and the same fixed point where Q
    can equal P. Where it cannot, it lowers another divergence: with the best T, E_Q f'(p / q) pulls as the g-divergence
    with u g'(u) - g(u) = f'(u) does, that is g''(u) = f''(u) / u.
    """

    def generator(fake: Tensor) -> Tensor:
        return -(row.real if practical else row.made)(fake).mean()

    return Objective(lambda real, fake: -bound(row, real, fake), generator)
