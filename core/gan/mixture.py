"""f-GAN's experiment: a mixture of two Gaussians, fitted by one Gaussian under each divergence (Sec. 2.5).

    for moment in fit(DIVERGENCES["kl"], Mixture(), Gaussian(0.0, 1.5), seed=0): ...
    python -m core.gan.mixture                        # fits all, and writes the two tables into mixture.json

One Gaussian cannot be two. Which compromise is best depends on the divergence alone. On the line all of it can be
computed: p and q are known, so D_f is a sum over a grid, and so is the bound F that the critic reaches.

Differences from the paper
- Minibatches are stratified: the quantiles of a batch are spread evenly, with a random shift each. The mean of 256 such
  points is as exact as that of many thousand independent ones.
- The critic has 32 units a layer for 64, and its first layer starts with its steps spread over the data.
- Rates fall to 0 in the second half, and mu and sigma are averaged over the last third of the steps.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from core.gan.fgan import DIVERGENCES, Divergence, bound, limited, objective
from core.noise import seeded

SPAN = 10  # the grid reaches so many of the largest deviation beyond all means
POINTS = 3001  # of the grid
LARGEST_LOG = 700.0  # its exponential is still a number in double precision
STEPS, BATCH, UNITS, RATE = 800, 256, 32, 0.01
SIGMAS = (0.1, 10.0)  # q's deviation stays between them while it is trained
METHODS = ("single step", "alternating", "practical")
PAPERS = ("kl", "rkl", "js", "jeffrey", "pearson")  # the divergences of the paper's tables
TABLE = Path(__file__).with_suffix(".json")


def numbers(**named: float) -> None:
    for name, value in named.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a number, got {value}")


@dataclass(frozen=True)
class Gaussian:
    mu: float
    sigma: float

    def __post_init__(self):
        numbers(mu=self.mu, sigma=self.sigma)
        if self.sigma <= 0:
            raise ValueError(f"sigma must be above 0, got {self.sigma:g}")

    def log_prob(self, x: Tensor) -> Tensor:
        return log_normal(x, self.mu, self.sigma)


def log_normal(x: Tensor, mu: Tensor | float, sigma: Tensor | float) -> Tensor:
    mu, sigma = torch.as_tensor(mu).to(x), torch.as_tensor(sigma).to(x)
    return -0.5 * ((x - mu) / sigma).square() - sigma.log() - 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True)
class Mixture:
    """weight N(first) + (1 - weight) N(second). The default is the paper's, recovered from its table."""

    weight: float = 0.33
    first: Gaussian = Gaussian(-1.0, 0.255)
    second: Gaussian = Gaussian(2.0, 1.415)

    def __post_init__(self):
        numbers(weight=self.weight)
        if not 0 <= self.weight <= 1:
            raise ValueError(f"the mixture's weight must be from 0 to 1, got {self.weight:g}")

    @property
    def parts(self) -> list[Gaussian]:
        """Those with any weight."""
        return [self.first] * (self.weight > 0) + [self.second] * (self.weight < 1)

    @property
    def moments(self) -> Gaussian:
        """The Gaussian with the same mean and variance."""
        a, b, w = self.first, self.second, self.weight
        mu = w * a.mu + (1 - w) * b.mu
        variance = w * (a.sigma**2 + (a.mu - mu) ** 2) + (1 - w) * (b.sigma**2 + (b.mu - mu) ** 2)
        return Gaussian(mu, math.sqrt(variance))

    def log_prob(self, x: Tensor) -> Tensor:
        logs = torch.stack((self.first.log_prob(x), self.second.log_prob(x)))
        weights = torch.tensor([self.weight, 1 - self.weight]).to(x).log()
        return (logs + weights.view(-1, *[1] * x.ndim)).logsumexp(0)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Stratified points (..., n): those of each last axis are one minibatch."""
        u = strata(shape, generator)
        of_first = u < self.weight
        z = to_normal(torch.where(of_first, u / (self.weight or 1), (u - self.weight) / ((1 - self.weight) or 1)))
        return torch.where(of_first, self.first.mu + self.first.sigma * z, self.second.mu + self.second.sigma * z)


def strata(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Uniform numbers (..., n), one in each n-th of [0, 1) along the last axis."""
    return (torch.arange(shape[-1]) + torch.rand(shape, generator=generator)) / shape[-1]


def to_normal(u: Tensor) -> Tensor:
    """Standard normal numbers from uniform ones."""
    return torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6))


# ------------------------------------------------------------------ D_f and F, by sums over a grid


def grid(mixture: Mixture, *others: Gaussian) -> Tensor:
    """Points (POINTS,) at equal distances, in double precision, beyond which nothing is left of p or of the others."""
    parts = [*mixture.parts, *others]
    reach = SPAN * max(g.sigma for g in parts)
    means = [g.mu for g in parts]
    return torch.linspace(min(means) - reach, max(means) + reach, POINTS, dtype=torch.double)


def integral(row: Divergence, log_p: Tensor, log_q: Tensor, dx: Tensor | float) -> Tensor:
    """D_f(P || Q) = sum of q f(p / q) dx over the last axis. Where p > q it is p f(u) / u: neither factor overflows.

    Ratios beyond e^700 count as e^700, so that a divergence of 700 and more is a lower bound.
    """
    farthest = LARGEST_LOG / max(row.rises, row.falls, 1)
    log_u = (log_p - log_q).clamp(-farthest, farthest)
    above, below = log_u.clamp(min=0).exp(), log_u.clamp(max=0).exp()
    costs = torch.where(log_u > 0, log_p.exp() * row.f(above) / above, log_q.exp() * row.f(below))
    return costs.sum(-1) * dx


def finite(row: Divergence, mixture: Mixture, q: Gaussian) -> bool:
    """Whether D_f(P || Q) is: a matter of the tails alone.

    E_Q u^a of Gaussian tails is finite where a / sigma_p^2 + (1 - a) / sigma_q^2 > 0.
    """
    precision_p = min(1 / g.sigma**2 for g in mixture.parts)
    precision_q = 1 / q.sigma**2
    powers = (row.rises, -row.falls)
    return all(a in (0, 1) or a * precision_p + (1 - a) * precision_q > 0 for a in powers)


def exact(row: Divergence, mixture: Mixture, q: Gaussian) -> float:
    """D_f(P || Q), by numerical integration."""
    if not finite(row, mixture, q):
        return math.inf
    x = grid(mixture, q)
    return integral(row, mixture.log_prob(x), q.log_prob(x), x[1] - x[0]).item()


def surface(row: Divergence, mixture: Mixture, mus: Tensor, sigmas: Tensor) -> Tensor:
    """D_f at all means and deviations of q: (M,), (S,) -> (S, M). inf where it is infinite."""
    widest = sigmas.max().item()
    x = grid(mixture, Gaussian(mus.min().item(), widest), Gaussian(mus.max().item(), widest))[::2]
    log_p, mus = mixture.log_prob(x), mus.double()[:, None]
    rows = []
    for sigma in sigmas.tolist():
        if finite(row, mixture, Gaussian(0.0, sigma)):
            rows.append(integral(row, log_p, log_normal(x, mus, sigma), x[1] - x[0]))
        else:
            rows.append(torch.full((len(mus),), math.inf, dtype=torch.double))
    return torch.stack(rows)


def best(row: Divergence, mixture: Mixture) -> Gaussian:
    """The q with the smallest D_f, by numerical optimisation: the lowest place of a coarse surface, then L-BFGS."""
    low, high = (pick(g.mu for g in mixture.parts) for pick in (min, max))
    smallest, largest = min(g.sigma for g in mixture.parts), 1.5 * mixture.moments.sigma
    mus = torch.linspace(low, high, 1 + 24 * (high > low), dtype=torch.double)
    sigmas = torch.logspace(math.log10(smallest), math.log10(largest), 25, dtype=torch.double)
    start = surface(row, mixture, mus, sigmas).argmin().item()
    q = torch.stack((mus[start % len(mus)], sigmas[start // len(mus)].log())).requires_grad_(True)
    x = grid(mixture, Gaussian(mixture.moments.mu, largest))
    log_p = mixture.log_prob(x)
    optimizer = torch.optim.LBFGS([q], max_iter=60, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def distance() -> Tensor:
        optimizer.zero_grad()
        loss = integral(row, log_p, log_normal(x, q[0], q[1].exp()), x[1] - x[0])
        loss.backward()
        return loss

    optimizer.step(distance)
    return Gaussian(q[0].item(), q[1].exp().item())


# ------------------------------------------------------------------ the game


class Moment(NamedTuple):
    """What a fit looks like after a step: q, the bound F <= D_f, D_f, and T (n,) at the points of `axis`."""

    step: int
    q: Gaussian
    F: float
    D: float
    T: Tensor


def axis(mixture: Mixture) -> Tensor:
    """Where p, q and T are drawn: 241 points over four deviations around each part."""
    ends = [g.mu + side * 4 * g.sigma for g in mixture.parts for side in (-1, 1)]
    return torch.linspace(min(ends), max(ends), 241)


class Game:
    """A Gaussian that learns, x = mu + sigma z, and its critic: V(x), of two layers of tanh."""

    def __init__(self, row: Divergence, mixture: Mixture, start: Gaussian, *, practical: bool, seed: int):
        generator = seeded(seed, "weights")
        self.row, self.objective, self.unit = row, objective(row, practical=practical), mixture.moments
        first = 2 * torch.randn(1, UNITS, generator=generator)
        steps_at = self.scaled(mixture.sample((UNITS,), generator))[torch.randperm(UNITS, generator=generator)]
        second = torch.randn(UNITS, UNITS, generator=generator) / math.sqrt(UNITS)
        last = 0.1 * torch.randn(UNITS, 1, generator=generator) / math.sqrt(UNITS)
        zeros = [torch.zeros(n) for n in (UNITS, 1)]
        self.omega = [first, -first[0] * steps_at, second, zeros[0], last, zeros[1]]
        self.theta = torch.tensor([start.mu, math.log(start.sigma)])
        for parameter in [*self.omega, self.theta]:
            parameter.requires_grad_(True)
        rule = dict(betas=(0.5, 0.99), fused=True)
        self.of_critic = torch.optim.Adam(self.omega, lr=RATE, maximize=True, **rule)
        self.of_generator = torch.optim.Adam([self.theta], lr=2 * RATE, **rule)

    def scaled(self, x: Tensor) -> Tensor:
        return (x - self.unit.mu) / self.unit.sigma

    def scores(self, x: Tensor) -> Tensor:
        """V(x): (n,) -> (n,)."""
        W_1, b_1, W_2, b_2, W_3, b_3 = self.omega
        h = torch.addmm(b_1, self.scaled(x)[:, None], W_1).tanh()
        h = torch.addmm(b_2, h, W_2).tanh()
        return limited(torch.addmm(b_3, h, W_3)[:, 0])

    def make(self, z: Tensor) -> Tensor:
        return self.theta[0] + self.theta[1].exp() * z

    def F(self, real: Tensor, fake: Tensor) -> Tensor:
        """The bound, from minibatches (n,) of each."""
        on_real, on_fake = self.scores(torch.cat((real, fake))).split((len(real), len(fake)))
        return bound(self.row, on_real, on_fake)

    def single_step(self, real: Tensor, z: Tensor) -> None:
        """Algorithm 1: one back-propagation of F gives both gradients; omega goes up, theta down."""
        self.F(real, self.make(z[0])).backward()
        self.move(self.of_critic, self.of_generator)

    def take_turns(self, real: Tensor, z: Tensor) -> None:
        """The critic's step, then the generator's, on new noise and against the new critic."""
        self.F(real, self.make(z[0]).detach()).backward()
        self.move(self.of_critic)
        loss = self.objective.generator(self.scores(self.make(z[1])))
        (self.theta.grad,) = torch.autograd.grad(loss, [self.theta])
        self.move(self.of_generator)

    def move(self, *optimizers: torch.optim.Optimizer) -> None:
        """One step of each, no gradient longer than 1: where p and q lie far apart, those of KL are astronomical."""
        for optimizer in optimizers:
            torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
            optimizer.step()
            optimizer.zero_grad()
        with torch.no_grad():
            self.theta[1].clamp_(math.log(SIGMAS[0]), math.log(SIGMAS[1]))

    @torch.no_grad()
    def moment(self, step: int, mixture: Mixture, theta: Tensor) -> Moment:
        """The state of things, with theta's q. F and D_f are sums over the same grid, so F <= D_f holds exactly."""
        q = Gaussian(theta[0].item(), theta[1].exp().item())
        x = grid(mixture, q)
        log_p, log_q, v = mixture.log_prob(x), q.log_prob(x), self.scores(x.float()).double()
        F = (log_p.exp() * self.row.real(v) - log_q.exp() * self.row.made(v)).sum() * (x[1] - x[0])
        return Moment(step, q, F.item(), exact(self.row, mixture, q), self.row.real(self.scores(axis(mixture))))


def fit(
    row: Divergence,
    mixture: Mixture,
    start: Gaussian,
    *,
    method: str = "single step",
    seed: int = 0,
    steps: int = STEPS,
    moments: int = 40,
) -> Iterator[Moment]:
    """Fit q to the mixture; yields the start and then `moments` moments, the last after `steps` steps.

    method: "single step", "alternating", or "practical": alternating, with the generator's practical loss, which
    ends elsewhere where q cannot equal p: as under g with g'' = f'' / u. KL becomes reverse KL, Pearson's becomes KL.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if not 1 <= moments <= steps:
        raise ValueError(f"moments must be from 1 to the {steps} steps, got {moments}")
    check_start(row, mixture, start)
    game = Game(row, mixture, start, practical=method == "practical", seed=seed)
    turn = game.single_step if method == "single step" else game.take_turns
    generator = seeded(seed, "noise")
    reals = mixture.sample((steps, BATCH), generator)
    noise = to_normal(strata((steps, 2, BATCH), generator))
    yield game.moment(0, mixture, game.theta)
    shown = {round(steps * (k + 1) / moments) for k in range(moments)}
    mean, averaged = torch.zeros(2), 0
    for step in range(steps):
        rate = RATE * min(1.0, 2 * (1 - step / steps))
        game.of_critic.param_groups[0]["lr"], game.of_generator.param_groups[0]["lr"] = rate, 2 * rate
        turn(reals[step], noise[step])
        if step >= 2 * steps // 3:
            averaged += 1
            mean += (game.theta.detach() - mean) / averaged
        if step + 1 in shown:
            yield game.moment(step + 1, mixture, mean if averaged else game.theta)


def check_start(row: Divergence, mixture: Mixture, start: Gaussian) -> None:
    """ValueError where q cannot be trained from there: out of range, or so that D_f and its bound are infinite."""
    if not SIGMAS[0] <= start.sigma <= SIGMAS[1]:
        raise ValueError(f"sigma must be from {SIGMAS[0]:g} to {SIGMAS[1]:g} at the start, got {start.sigma:g}")
    if not finite(row, mixture, start):
        widest = max(g.sigma for g in mixture.parts)
        raise ValueError(
            f"{row.name} is infinite where one Gaussian's tails are so much wider than the other's: "
            f"sigma is {start.sigma:g} at the start, and {widest:g} in the mixture; bring them nearer to each other"
        )


# ------------------------------------------------------------------ the two tables


def tables(seed: int = 0) -> dict[str, Any]:
    """All fits beside the best ones, and what was learned under each divergence measured under each (Sec. 2.5).

    {"fits": {name: {D, mu, sigma of the best; F, D_hat, mu_hat, sigma_hat of the fit}}, "cross": {learned: {measured}}}
    """
    mixture, start, fits, learned = Mixture(), Gaussian(0.0, 1.5), {}, {}
    for name, row in DIVERGENCES.items():
        ideal = best(row, mixture)
        *_, end = fit(row, mixture, start, seed=seed)
        learned[name] = end.q
        fits[name] = dict(D=exact(row, mixture, ideal), mu=ideal.mu, sigma=ideal.sigma)
        fits[name] |= dict(F=end.F, D_hat=end.D, mu_hat=end.q.mu, sigma_hat=end.q.sigma)
    cross = {name: {other: exact(DIVERGENCES[other], mixture, learned[name]) for other in PAPERS} for name in PAPERS}
    return {"fits": rounded(fits), "cross": rounded(cross)}


def rounded(table: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {name: {key: round(value, 4) for key, value in row.items()} for name, row in table.items()}


def shipped() -> dict[str, Any]:
    """The tables as this program wrote them."""
    return json.loads(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    TABLE.write_text(json.dumps(tables(), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {TABLE}")
