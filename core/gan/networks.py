"""The networks that GAN variants share, so that a comparison is about their losses and not about their layers.

DCGAN's convolutional pair (Radford et al. 2015, arXiv:1511.06434) is the backbone. The original GAN keeps its
perceptrons, EBGAN and BEGAN have critics that copy pictures, and points in the plane need no convolutions.
What a critic sees may be noisy while it trains, so all of them take the generator that the noise is drawn from.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from core.noise import dropout, randn_like

Shape = tuple[int, int, int]
NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "layer": lambda channels: nn.GroupNorm(1, channels),  # of each picture alone: for penalties on single gradients
    "none": lambda channels: nn.Identity(),
}


def initialise(module: nn.Module) -> None:
    """DCGAN's start: weights from N(0, 0.02), scales of norms from N(1, 0.02)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if getattr(module, "bias", None) is not None:
        nn.init.zeros_(module.bias)


def widths(shape: Shape, filters: int) -> list[int]:
    """Channels from the largest map to the one of 4 x 4: filters, twice as many, ..."""
    _, height, width = shape
    if height != width or height < 8 or height & (height - 1):
        raise ValueError(f"pictures must be square, their side a power of 2 and 8 or more, got {height} x {width}")
    return [filters * 2**i for i in range(height.bit_length() - 3)]


class ConvGenerator(nn.Module):
    """DCGAN's generator: noise (B, inputs) -> pictures (B, *shape) in [0, 1]."""

    def __init__(self, *, inputs: int, shape: Shape, filters: int):
        super().__init__()
        sizes = widths(shape, filters)[::-1]
        layers = [nn.ConvTranspose2d(inputs, sizes[0], 4, bias=False), nn.BatchNorm2d(sizes[0]), nn.ReLU()]
        for before, after in pairwise(sizes):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(sizes[-1], shape[0], 4, 2, 1))
        self.apply(initialise)

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(2 * self.layers(z[:, :, None, None]))  # the paper's Tanh, on a scale of [0, 1]


def encoder(shape: Shape, filters: int, outputs: int, norm: str, bias: bool = True) -> nn.Sequential:
    """DCGAN's critic as layers: pictures in [-1, 1] -> (B, outputs, 1, 1)."""
    sizes = widths(shape, filters)
    layers: list[nn.Module] = [nn.Conv2d(shape[0], sizes[0], 4, 2, 1), nn.LeakyReLU(0.2)]
    for before, after in pairwise(sizes):
        layers += [nn.Conv2d(before, after, 4, 2, 1, bias=norm == "none"), NORMS[norm](after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(sizes[-1], outputs, 4, bias=bias))


class ConvCritic(nn.Module):
    """DCGAN's critic: pictures (B, *shape) in [0, 1] -> scores or logits (B, outputs). bias: of the last layer."""

    def __init__(self, *, shape: Shape, filters: int, outputs: int = 1, norm: str = "batch", bias: bool = True):
        super().__init__()
        self.layers = encoder(shape, filters, outputs, norm, bias)
        self.apply(initialise)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.layers(2 * x - 1).flatten(1)


# ------------------------------------------------------------------ perceptrons


class Perceptron(nn.Sequential):
    """Linear layers with leaky ReLUs between them: (B, inputs) -> (B, outputs)."""

    def __init__(self, inputs: int, hidden: list[int], outputs: int):
        sizes = [inputs, *hidden]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
        super().__init__(*layers, nn.Linear(sizes[-1], outputs))

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return super().forward(x)


class Maxout(nn.Module):
    """The largest of `pieces` linear functions, for each output (Goodfellow et al. 2013)."""

    def __init__(self, inputs: int, outputs: int, pieces: int = 5):
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(inputs, outputs * pieces)

    def forward(self, h: Tensor) -> Tensor:
        return self.linear(h).unflatten(1, (-1, self.pieces)).amax(2)


class FlatGenerator(nn.Module):
    """Two hidden layers of rectifiers, (B, inputs) -> (B, *shape) in [0, 1]. norm: batch norm before each of them."""

    def __init__(self, *, inputs: int, shape: Shape, units: int, norm: bool = False):
        super().__init__()
        self.shape = shape
        layers: list[nn.Module] = []
        for before in (inputs, units):
            layers += [nn.Linear(before, units), *[nn.BatchNorm1d(units)] * norm, nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(units, shape[0] * shape[1] * shape[2]))

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.layers(z)).unflatten(1, self.shape)


class FlatCritic(nn.Module):
    """The original GAN's critic: two layers of maxout with dropout while training, (B, *shape) -> (B, outputs)."""

    DROPPED = (0.2, 0.5, 0.5)  # of what each layer sees

    def __init__(self, *, shape: Shape, outputs: int = 1, units: int = 240):
        super().__init__()
        pixels = shape[0] * shape[1] * shape[2]
        layers = {"2": Maxout(pixels, units), "4": Maxout(units, units), "6": nn.Linear(units, outputs)}
        self.layers = nn.ModuleDict(layers)  # keys as in the shipped weights, whose dropout had some, too

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        h = x.flatten(1)
        for share, layer in zip(self.DROPPED, self.layers.values(), strict=True):
            h = layer(dropout(h, share, generator) if self.training else h)
        return h


# ------------------------------------------------------------------ critics that copy


class Autoencoder(nn.Module):
    """Codes and copies: x -> decode(encode(x))."""

    def __init__(self, encode: nn.Module, decode: nn.Module):
        super().__init__()
        self.encode, self.decode = encode, decode

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.decode(self.encode(x, generator))


class FlatEncoder(nn.Module):
    """The first half of EBGAN's critic, two hidden layers: (B, *shape) in [0, 1] -> codes (B, code).

    noise: on the pictures, while training. A critic that copies one picture exactly has an error without a slope, and
    the margin cannot raise it any more: the generator would settle on that picture.
    """

    def __init__(self, *, shape: Shape, units: int, code: int, noise: float = 0.2):
        super().__init__()
        self.noise = noise
        pixels = shape[0] * shape[1] * shape[2]
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(pixels, units),
            nn.ReLU(),
            nn.Linear(units, units),
            nn.ReLU(),
            nn.Linear(units, code),
        )

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        if self.training:
            x = x + self.noise * randn_like(x, generator)
        return self.layers(x)


class UpsamplingDecoder(nn.Module):
    """BEGAN's generator, and the second half of its critic: no batch norm, no transposed convolutions (Sec. 3.5).

    (B, inputs) -> 8 x 8, then two convolutions a size, doubled by repeating pixels, up to (B, *shape) in [0, 1].
    """

    def __init__(self, *, inputs: int, shape: Shape, filters: int):
        super().__init__()
        doublings = len(widths(shape, filters)) - 1
        self.filters = filters
        self.first = nn.Linear(inputs, filters * 64)
        layers: list[nn.Module] = []
        for k in range(doublings + 1):
            layers += [nn.Upsample(scale_factor=2)] if k else []
            layers += [nn.Conv2d(filters, filters, 3, 1, 1), nn.ELU(), nn.Conv2d(filters, filters, 3, 1, 1), nn.ELU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(filters, shape[0], 3, 1, 1))

    def forward(self, z: Tensor) -> Tensor:
        h = self.layers(self.first(z).unflatten(1, (self.filters, 8, 8)))
        return 0.5 + 0.5 * h  # as the authors: pixels are not squashed, the loss keeps them in range


class DownsamplingEncoder(nn.Module):
    """The first half of BEGAN's critic: pictures (B, *shape) in [0, 1] -> codes (B, code)."""

    def __init__(self, *, shape: Shape, filters: int, code: int):
        super().__init__()
        doublings = len(widths(shape, filters)) - 1
        layers: list[nn.Module] = [nn.Conv2d(shape[0], filters, 3, 1, 1), nn.ELU()]
        for k in range(doublings + 1):
            n = filters * (k + 1)  # channels grow by as many at each size
            layers += [nn.Conv2d(n, n, 3, 1, 1), nn.ELU()]
            if k < doublings:
                layers += [nn.Conv2d(n, n + filters, 3, 2, 1), nn.ELU()]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(filters * (doublings + 1) * 64, code))

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.layers(2 * x - 1)
