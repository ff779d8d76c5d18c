"""Penalties on the critic's gradient: it should be 1 long, at points that each paper chooses differently, or short.

unit_gradient(critic, between(real, fake, generator))     WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028, Eq. 3)
unit_gradient(critic, around(real, fake, generator))      DRAGAN (Kodali et al. 2017, arXiv:1705.07215, Sec. 2.3)
squared_gradient(critic, real)                            R1 (Mescheder et al. 2018, arXiv:1801.04406, Eq. 9)

Lengths are per unit of a picture in [0, 1], where the papers' pictures lie in [-1, 1]: a length of 1 here is 0.5 there.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Critic = Callable[[Tensor], Tensor]
Generator = torch.Generator | None


def between(real: Tensor, fake: Tensor, generator: Generator = None) -> Tensor:
    """Points on the lines from real to made ones, each with its own epsilon: two of (B, ...) -> (B, ...)."""
    epsilon = torch.rand(len(real), *[1] * (real.ndim - 1), generator=generator, device=real.device)
    return epsilon * real + (1 - epsilon) * fake


def around(real: Tensor, fake: Tensor, generator: Generator = None) -> Tensor:
    """Points near real ones: each coordinate moves by up to half of the data's standard deviation.

    The size of the noise is that of the authors' code; their text has Gaussian noise of a size to be found by trying.
    Their code then takes a random place between the picture and the moved one; here it is always the moved one.
    """
    return real + 0.5 * real.std() * torch.rand(real.shape, generator=generator, device=real.device)


def gradient_norms(critic: Critic, x: Tensor) -> Tensor:
    """Length of the gradient of each score by its own input: (B, ...) -> (B,), itself differentiable."""
    x = x.detach().requires_grad_(True)
    # No score depends on another picture, so the sum's gradient holds each one's own. Batch norm would break this.
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient.flatten(1).norm(dim=1)


def unit_gradient(critic: Critic, x: Tensor) -> Tensor:
    """E (|grad critic(x)| - 1)^2: longer and shorter ones are punished alike (two-sided)."""
    return (gradient_norms(critic, x) - 1).square().mean()


def squared_gradient(critic: Critic, x: Tensor) -> Tensor:
    """E |grad critic(x)|^2: 0 for a critic that is flat there."""
    return gradient_norms(critic, x).square().mean()
