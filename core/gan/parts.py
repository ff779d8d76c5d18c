"""What the two networks of a game are made of: layers for pictures of a size, or for points in the plane.

Each kind makes the same three parts, so that a variant is the same row wherever it plays.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from core.gan.networks import (
    Autoencoder,
    ConvCritic,
    ConvGenerator,
    DownsamplingEncoder,
    FlatCritic,
    FlatEncoder,
    FlatGenerator,
    Perceptron,
    UpsamplingDecoder,
)


class Parts(Protocol):
    """shape: of a picture or a point."""

    shape: tuple[int, ...]

    def generator(self, inputs: int) -> nn.Module:
        """(B, inputs) -> (B, *shape)."""

    def critic(self, *, seen: int, outputs: int, norm: str, bias: bool) -> nn.Module:
        """(B, seen + C, ...) -> (B, outputs): it sees `seen` planes or numbers of a condition too."""

    def copier(self, *, seen: int = 0) -> Autoencoder:
        """(B, *shape) -> copies (B, *shape), through a code; its second half sees `seen` numbers of a condition too."""


@dataclass(frozen=True)
class Convolutions:
    """DCGAN's pair; its copier is EBGAN's, of perceptrons."""

    shape: tuple[int, int, int]
    filters: int = 32
    code: int = 64

    def generator(self, inputs: int) -> nn.Module:
        return ConvGenerator(inputs=inputs, shape=self.shape, filters=self.filters)

    def critic(self, *, seen: int, outputs: int, norm: str, bias: bool) -> nn.Module:
        channels, *size = self.shape
        shape = (channels + seen, *size)
        return ConvCritic(shape=shape, filters=self.filters, outputs=outputs, norm=norm, bias=bias)

    def copier(self, *, seen: int = 0) -> Autoencoder:
        units = 16 * self.filters
        encode = FlatEncoder(shape=self.shape, units=units, code=self.code)
        return Autoencoder(encode, FlatGenerator(inputs=self.code + seen, shape=self.shape, units=units))


@dataclass(frozen=True)
class Flat(Convolutions):
    """The original GAN's pair: rectifiers against maxout."""

    def generator(self, inputs: int) -> nn.Module:
        return FlatGenerator(inputs=inputs, shape=self.shape, units=32 * self.filters, norm=True)

    def critic(self, *, seen: int, outputs: int, norm: str, bias: bool) -> nn.Module:
        channels, *size = self.shape
        return FlatCritic(shape=(channels + seen, *size), outputs=outputs)


@dataclass(frozen=True)
class Mirrored(Convolutions):
    """BEGAN's pair: the generator is the second half of a copier.

    mixed: planes that either makes beside a picture's, such as how much of a told colour is in each pixel.
    """

    mixed: int = 0

    def generator(self, inputs: int) -> nn.Module:
        channels, *size = self.shape
        return UpsamplingDecoder(inputs=inputs, shape=(channels + self.mixed, *size), filters=self.filters)

    def copier(self, *, seen: int = 0) -> Autoencoder:
        encode = DownsamplingEncoder(shape=self.shape, filters=self.filters, code=self.code)
        return Autoencoder(encode, self.generator(self.code + seen))


@dataclass(frozen=True)
class Points:
    """Perceptrons of two hidden layers, for points in the plane.

    The same first weights give generators that start alike, whether they are told something beside z or not.
    """

    latents: int
    units: int = 64
    shape: tuple[int, ...] = (2,)

    @property
    def hidden(self) -> list[int]:
        return [self.units, self.units]

    def generator(self, inputs: int) -> nn.Module:
        generator = Perceptron(self.latents, self.hidden, 2)
        if inputs > self.latents:
            generator[0] = widened(generator[0], inputs)
        return generator

    def critic(self, *, seen: int, outputs: int, norm: str, bias: bool) -> nn.Module:
        return Perceptron(2 + seen, self.hidden, outputs)

    def copier(self, *, seen: int = 0) -> Autoencoder:
        code = 1  # two numbers would copy anything
        return Autoencoder(Perceptron(2, self.hidden, code), Perceptron(code + seen, self.hidden, 2))


def widened(layer: nn.Linear, inputs: int) -> nn.Linear:
    """The layer with more inputs behind its own, which keep their weights."""
    wide = nn.Linear(inputs, layer.out_features)
    with torch.no_grad():
        wide.weight[:, : layer.in_features] = layer.weight
        wide.bias.copy_(layer.bias)
    return wide
