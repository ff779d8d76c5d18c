"""Why the objective matters, in numbers: distances between lines, slopes of losses, perfect critics, saddle points.

Nothing here is a network. Everything is a closed form, or follows from one by a sum on a grid or by gradient steps.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from core.gan.objectives import Objective


def parallel_lines(theta: float) -> dict[str, float]:
    """Distances between two uniform lines `theta` apart (Arjovsky et al. 2017, Example 1), JS and KL in nats.

    Two lines that do not touch share no point, however close: all but the Wasserstein distance jump at theta = 0.
    """
    apart = theta != 0
    return {
        "Wasserstein": abs(theta),
        "Jensen-Shannon": math.log(2) if apart else 0.0,
        "KL": math.inf if apart else 0.0,
        "total variation": 1.0 if apart else 0.0,
    }


def generator_curve(objective: Objective, scores: Tensor) -> tuple[Tensor, Tensor]:
    """The generator's loss at each score of a made picture, and its slope there: (n,) -> two of (n,)."""
    scores = scores.detach().clone().requires_grad_(True)
    losses = torch.stack([objective.generator(score[None]) for score in scores])
    (slopes,) = torch.autograd.grad(losses.sum(), scores)
    return losses.detach(), slopes


def normal(x: Tensor, mean: float, deviation: float) -> torch.distributions.Normal:
    if not deviation > 0:
        raise ValueError(f"deviation must be above 0, got {deviation}")
    return torch.distributions.Normal(torch.as_tensor(mean).to(x), torch.as_tensor(deviation).to(x))


def perfect_discriminator(x: Tensor, real: tuple[float, float], made: tuple[float, float]) -> Tensor:
    """The logit of D*(x) = p / (p + q) of two Gaussians (mean, deviation) (Goodfellow et al. 2014, Prop. 1)."""
    return normal(x, *real).log_prob(x) - normal(x, *made).log_prob(x)


def perfect_critic(x: Tensor, real: tuple[float, float], made: tuple[float, float]) -> Tensor:
    """The 1-Lipschitz function that tells two Gaussians apart best: E_real f - E_made f is their Wasserstein distance.

    x: an even grid (n,). On a line its slope is 1 where more of the made mass than of the real one lies to the left,
    else -1: that is where mass has to move to the right, or to the left. Its middle value is set to 0.
    """
    slope = torch.where(normal(x, *made).cdf(x) >= normal(x, *real).cdf(x), 1.0, -1.0).to(x)
    f = torch.cat((slope.new_zeros(1), torch.cumsum(0.5 * (slope[1:] + slope[:-1]) * x.diff(), 0)))
    return f - f[len(f) // 2]


# ------------------------------------------------------------------ saddle points (f-GAN's Theorem 2)


def saddle(delta: float, coupling: float) -> Callable[[Tensor, Tensor], Tensor]:
    """F(theta, omega) = delta / 2 (theta^2 - omega^2) + coupling theta omega: the least that Theorem 2 asks for.

    Its second derivatives are delta in theta and -delta in omega. J = |grad F|^2 / 2 is smooth with
    L = delta^2 + coupling^2, and the theorem's bound is met exactly.
    """
    return lambda theta, omega: 0.5 * delta * (theta**2 - omega**2) + coupling * theta * omega


def saddle_path(
    F: Callable[[Tensor, Tensor], Tensor],
    start: tuple[float, float],
    rate: float,
    steps: int,
    *,
    alternating: bool = False,
) -> tuple[Tensor, Tensor]:
    """Gradient steps of both players from `start`: places (steps + 1, 2), and J = |grad F|^2 / 2 there (steps + 1,).

    Both move at once, theta down and omega up (Nowozin et al. 2016, Algorithm 1); or, alternating, omega moves first.
    Theorem 2: where F bends by at least delta in each, and J is L-smooth, a rate of delta / L gives
    J(t) <= (1 - delta^2 / L)^t J(0).
    """
    if not (math.isfinite(rate) and rate > 0 and steps >= 1):
        raise ValueError(f"rate must be above 0 and steps at least 1, got {rate} and {steps}")

    def gradients(place: Tensor) -> Tensor:
        theta, omega = place.clone().requires_grad_(True).unbind()
        return torch.stack(torch.autograd.grad(F(theta, omega), (theta, omega)))

    place = torch.tensor(start, dtype=torch.double)
    places, slopes = [place], [gradients(place)]
    for _ in range(steps):
        place = places[-1] + rate * torch.stack((-slopes[-1][0], slopes[-1][1]))
        if alternating:
            seen = torch.stack((places[-1][0], place[1]))
            place = torch.stack((seen[0] - rate * gradients(seen)[0], place[1]))
        places.append(place)
        slopes.append(gradients(place))
    return torch.stack(places), 0.5 * torch.stack(slopes).square().sum(1)
