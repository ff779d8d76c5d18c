"""What the two players of a GAN minimise, as pure functions of the critic's outputs.

One score of a picture is a logit where the critic is a classifier, any number where it is not, and an energy (how badly
an autoencoder copies the picture) where it is one. Scores are (B,), logits over classes (B, K); every loss is a scalar.
Nothing here takes the logarithm of a sigmoid, or a softmax before a cross-entropy: those overflow.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor


class Objective(NamedTuple):
    """What the critic minimises, given its scores of real and of made pictures; and the generator, given the latter."""

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


# ------------------------------------------------------------------ one score a picture


def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    """-E log D(x) - E log(1 - D(G(z))), with D the sigmoid of the score (Goodfellow et al. 2014, Eq. 1)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def log_not_caught(fake: Tensor) -> Tensor:
    """E log(1 - D(G(z))): G's side of Eq. 1. It is flat where D is sure, which is where G has most to learn."""
    return -F.softplus(fake).mean()


def minus_log_believed(fake: Tensor) -> Tensor:
    """-E log D(G(z)): the same fixed point, and a gradient where D is sure (Goodfellow et al. 2014, Sec. 3)."""
    return F.softplus(-fake).mean()


SATURATING = Objective(cross_entropy, log_not_caught)
NON_SATURATING = Objective(cross_entropy, minus_log_believed)


def least_squares(a: float, b: float, c: float) -> Objective:
    """Made pictures are pulled to a, real ones to b; G wants c (Mao et al. 2016, Eq. 2).

    Where b - c = 1 and b - a = 2, and D is optimal, G minimises half of a Pearson chi-squared divergence (Sec. 3.2),
    up to the same term on real pictures, which does not depend on G.
    """

    def critic(real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * (real - b).square().mean() + 0.5 * (fake - a).square().mean()

    return Objective(critic, lambda fake: 0.5 * (fake - c).square().mean())


LEAST_SQUARES = least_squares(0, 1, 1)  # Eq. 9
PEARSON = least_squares(-1, 1, 0)  # Eq. 8

# The critic's loss is minus the estimated distance (Arjovsky et al. 2017, Eq. 2).
WASSERSTEIN = Objective(lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean())


def energy_margin(m: float) -> Objective:
    """Energies: low for real pictures, at least m for made ones (Zhao et al. 2016, Eq. 1 and 2)."""
    return Objective(lambda real, fake: real.mean() + F.relu(m - fake).mean(), lambda fake: fake.mean())


def pulling_away(code: Tensor) -> Tensor:
    """Mean squared cosine between codes (B, S) of two different pictures of a batch (Zhao et al. 2016, Sec. 2.4)."""
    directions = F.normalize(code, dim=1)
    return off_diagonal_mean((directions @ directions.T).square())


def code_distance(made: Tensor, real: Tensor) -> Tensor:
    """How far codes (n, S) of made pictures are from codes (m, S) of real ones, as two samples: the unbiased estimate
    of their squared maximum mean discrepancy (Gretton et al. 2012, arXiv:0805.2368), with the kernel (1 + cosine)^2.

    It pulls made codes apart as `pulling_away` does, and towards real ones: no kind of picture may come more often
    than it does in the data. Where both are alike it is 0 in the mean, and may be negative.
    """
    made, real = F.normalize(made, dim=1), F.normalize(real, dim=1)
    among_made, among_real = (off_diagonal_mean((1 + codes @ codes.T).square()) for codes in (made, real))
    return among_made + among_real - 2 * (1 + made @ real.T).square().mean()


def off_diagonal_mean(kernel: Tensor) -> Tensor:
    n = len(kernel)
    return (kernel.sum() - kernel.diagonal().sum()) / (n * (n - 1))


# ------------------------------------------------------------------ one logit a class (catGAN: Springenberg 2015)


def entropy(logits: Tensor) -> Tensor:
    """E H[p(y | x)] in nats: how unsure the critic is of each picture, (B, K) -> scalar."""
    return -(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()


def marginal_entropy(logits: Tensor) -> Tensor:
    """H[E p(y | x)] in nats: how evenly a batch uses the classes, (B, K) -> scalar."""
    log_p = logits.log_softmax(1).logsumexp(0) - math.log(len(logits))
    return -(log_p.exp() * log_p).sum()


def categorical(real: Tensor, fake: Tensor) -> Tensor:
    """catGAN's critic: sure of each real picture, unsure of made ones, all classes used."""
    return -marginal_entropy(real) + entropy(real) - entropy(fake)


def categorical_generator(fake: Tensor) -> Tensor:
    """catGAN's generator: pictures that the critic is sure of, of all classes."""
    return -marginal_entropy(fake) + entropy(fake)


CATEGORICAL = Objective(categorical, categorical_generator)


def log_real(logits: Tensor) -> Tensor:
    """log p(not made | x) of K + 1 logits whose last is "made": (B, K + 1) -> (B,)."""
    return logits[:, :-1].logsumexp(1) - logits.logsumexp(1)


def log_made(logits: Tensor) -> Tensor:
    """log p(made | x): (B, K + 1) -> (B,)."""
    return logits.log_softmax(1)[:, -1]


# One more class for what is made (Odena 2016, Sec. 2); G's side as in minus_log_believed.
ONE_MORE_CLASS = Objective(
    lambda real, fake: -log_real(real).mean() - log_made(fake).mean(), lambda fake: -log_real(fake).mean()
)
