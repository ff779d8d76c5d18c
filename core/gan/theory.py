"""Why the objective matters, in numbers: distances between lines, slopes of losses, perfect critics on a line.

Nothing here is trained. Everything is a closed form, or follows from one by a sum on a grid.
"""

import math

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
