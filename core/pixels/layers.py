"""The residual block of PixelCNN, the Row LSTM and the Diagonal BiLSTM: what each knows of a pixel from those before.

Every layer is there twice. `forward` takes whole maps, for training: (B, H, W, 2h) -> (B, H, W, 2h). `walk` starts a
Walk, which goes over the pixels one by one, in order, and keeps what later ones need, for sampling: the same
numbers, and each is computed once.

A layer with `conditions` features to hear of takes a conditioning map (B, H, W, conditions) beside its input. A 1 x 1
convolution without a mask turns it into a bias of the input-to-state map at every pixel (Sec. 3.6).
"""

import itertools
from collections.abc import Iterator
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.pixels.masks import MaskedConv, groups
from core.pixels.scans import DiagonalScan, RowScan, neighbours


class Walk(Protocol):
    """A layer on its way over n pictures. Pixels come in order; one may come again when more of it is known."""

    def row(self) -> None:
        """The next row begins."""

    def pixel(self, j: int, x: Tensor, onto: Tensor) -> Tensor:
        """What the layer says of pixel j of this row, added onto something: (n, 2h), (n or 1, 2h) -> (n, 2h)."""


def conditioning(conditions: int, features: int) -> nn.Linear | None:
    """The 1 x 1 convolution from a conditioning map to biases; None where there is no such map."""
    return nn.Linear(conditions, features, bias=False) if conditions else None


def row_biases(bias: Tensor, width: int, told: Tensor | None) -> Iterator[Tensor]:
    """The biases of each row (W, n or 1, features): those of the layer, and what the conditioning map adds to them.

    told: that, of all pixels, (n, H, W, features); None without a map.
    """
    if told is None:
        return itertools.repeat(bias.expand(width, 1, -1))
    return iter((told + bias).permute(1, 2, 0, 3))


def lstm_cell(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """h and the new c from the sums of input-to-state and state-to-state (Eq. 3): (..., 4h), (..., h)."""
    h = c.shape[-1]
    ofi, g = gates.split((3 * h, h), -1)
    o, f, i = ofi.sigmoid().chunk(3, -1)
    c = torch.addcmul(f * c, i, g.tanh())
    return o * c.tanh(), c


# ------------------------------------------------------------------ PixelCNN (Sec. 3.5 and Fig. 5, left)


class ConvBlock(nn.Module):
    """2h -> h -> 2h features; the convolution in the middle, 3 x 3 in the paper, has mask B."""

    def __init__(self, h: int, channels: int, kernel: int = 3, *, conditions: int = 0):
        super().__init__()
        wide, narrow = groups(2 * h, channels), groups(h, channels)
        self.narrow = MaskedConv("B", wide, narrow)
        self.around = MaskedConv("B", narrow, narrow, kernel // 2 + 1, kernel)
        self.widen = MaskedConv("B", narrow, wide)
        self.conditioning = conditioning(conditions, h)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        around = self.around(self.narrow(x.relu()).relu_())
        if self.conditioning:
            around = around + self.conditioning(condition)
        return self.widen(around.relu_())

    def walk(self, n: int, width: int, condition: Tensor | None = None) -> Walk:
        return ConvWalk(self, n, width, condition)


class ConvWalk:
    """Keeps the narrow map of this row and of those above that the kernel reaches. Their taps are summed for a whole
    row at once.

    A sample takes thousands of these steps, each so small that calls cost more than sums: there are six in `pixel`.
    """

    def __init__(self, block: ConvBlock, n: int, width: int, condition: Tensor | None):
        self.narrow, self.narrow_bias = block.narrow.matrix(), block.narrow.bias
        # One more feature, which is always 1, carries the last bias.
        above, self.beside = (F.pad(taps, (0, 1)) for taps in (block.around.above(), block.around.beside()))
        self.above = above.flatten(0, 1)
        told = F.pad(block.conditioning(condition), (0, 1)) if block.conditioning else None
        self.biases = row_biases(F.pad(block.around.bias, (0, 1), value=1.0), width, told)
        self.widen = torch.cat((block.widen.matrix(), block.widen.bias[None]))
        half = len(above)
        self.columns = 2 * half + 1
        # This row's map is the last one; it has as much padding at both ends as the kernel needs.
        self.maps = self.narrow_bias.new_zeros(half + 1, n, width + 2 * half, len(self.narrow_bias))
        self.here = self.maps[-1][:, half:].unbind(1)
        self.left_and_here = [self.maps[-1][:, j : j + half + 1].flatten(1) for j in range(width)]  # views

    def row(self) -> None:
        self.maps[:-1] = self.maps[1:].clone()
        seen = self.maps[:-1].unfold(2, self.columns, 1).permute(2, 1, 0, 4, 3).flatten(2)  # (W, n, rows * columns * h)
        self.given = torch.matmul(seen, self.above).add_(next(self.biases)).unbind(0)

    def pixel(self, j: int, x: Tensor, onto: Tensor) -> Tensor:
        torch.addmm(self.narrow_bias, x.relu(), self.narrow, out=self.here[j]).relu_()
        around = torch.addmm(self.given[j], self.left_and_here[j], self.beside).relu_()
        return torch.addmm(onto, around, self.widen)


# ------------------------------------------------------------------ Row LSTM (Sec. 3.1)


class RowLSTM(nn.Module):
    """An LSTM that goes down, a row at a time; a pixel's state comes from the three states above it: a triangle."""

    def __init__(self, h: int, channels: int, kernel: int = 3, *, conditions: int = 0):
        super().__init__()
        wide, narrow = groups(2 * h, channels), groups(h, channels)
        self.kernel = kernel
        self.input_to_state = MaskedConv("B", wide, narrow.repeat(4), 1, kernel)
        self.state_to_state = nn.Linear(kernel * h, 4 * h, bias=False)  # of whole rows above: nothing to mask
        self.widen = MaskedConv("B", narrow, wide)
        self.conditioning = conditioning(conditions, 4 * h)

    def from_above(self, h: Tensor) -> Tensor:
        """State-to-state convolution along a row: (B, W, h) -> (B, W, 4h)."""
        half = self.kernel // 2
        return self.state_to_state(neighbours(F.pad(h, (0, 0, half, half)), self.kernel))

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        gates = self.input_to_state(x)
        if self.conditioning:
            gates = gates + self.conditioning(condition)
        states = RowScan.apply(gates.transpose(0, 1).contiguous(), self.state_to_state.weight)
        return self.widen(states.transpose(0, 1))

    def walk(self, n: int, width: int, condition: Tensor | None = None) -> Walk:
        return RowWalk(self, n, width, condition)


class RowWalk:
    """Keeps the row's inputs to the left, and the states of this row and the one above."""

    def __init__(self, layer: RowLSTM, n: int, width: int, condition: Tensor | None):
        self.layer, self.half = layer, layer.kernel // 2
        self.beside, bias = layer.input_to_state.beside(), layer.input_to_state.bias
        self.biases = row_biases(bias, width, layer.conditioning(condition) if layer.conditioning else None)
        self.widen, self.widen_bias = layer.widen.matrix(), layer.widen.bias
        h, wide = len(bias) // 4, len(self.widen_bias)
        self.x = bias.new_zeros(n, width + self.half, wide)
        self.h, self.c = bias.new_zeros(2, width, n, h)
        self.c_above = self.c

    def row(self) -> None:
        above = self.layer.from_above(self.h.transpose(0, 1)).transpose(0, 1)
        self.given = above.add(next(self.biases))  # (W, n, 4h)
        self.c_above, self.c = self.c, torch.empty_like(self.c)

    def pixel(self, j: int, x: Tensor, onto: Tensor) -> Tensor:
        self.x[:, j + self.half] = x
        gates = torch.addmm(self.given[j], self.x[:, j : j + self.half + 1].flatten(1), self.beside)
        self.h[j], self.c[j] = h, _ = lstm_cell(gates, self.c_above[j])
        return torch.addmm(onto, h, self.widen).add_(self.widen_bias)


# ------------------------------------------------------------------ Diagonal BiLSTM (Sec. 3.2)


def skew(x: Tensor) -> Tensor:
    """Shift every row by one more than the row above it (Fig. 3): (..., H, W, n) -> (..., H, W + H - 1, n).

    Padding each row by H and cutting the whole anew into rows that are one shorter does it without a loop.
    """
    height, width = x.shape[-3:-1]
    flat = F.pad(x, (0, 0, 0, height)).flatten(-3, -2)
    return flat[..., :-height, :].unflatten(-2, (height, width + height - 1))


def unskew(x: Tensor) -> Tensor:
    """The way back: (..., H, W + H - 1, n) -> (..., H, W, n)."""
    height, columns = x.shape[-3:-1]
    flat = F.pad(x.flatten(-3, -2), (0, 0, 0, height))
    return flat.unflatten(-2, (height, columns + 1))[..., : columns + 1 - height, :]


class DiagonalBiLSTM(nn.Module):
    """Two LSTMs that go over the diagonals, from the two upper corners. A pixel's state comes from the states above
    and beside it, so it has seen all that lies above, as far as the corner.

    The right-hand one would show a pixel what is to the right of it; its map is moved down by one row (Sec. 3.2).
    """

    def __init__(self, h: int, channels: int, *, conditions: int = 0):
        super().__init__()
        wide, narrow = groups(2 * h, channels), groups(h, channels)
        self.input_to_state = nn.ModuleList(MaskedConv("B", wide, narrow.repeat(4)) for _ in range(2))
        self.state_to_state = nn.Parameter(torch.empty(2, 2 * h, 4 * h))  # from above, then from beside
        nn.init.uniform_(self.state_to_state, -((2 * h) ** -0.5), (2 * h) ** -0.5)
        self.widen = MaskedConv("B", narrow, wide)
        self.conditioning = conditioning(conditions, 2 * 4 * h)

    def scan(self, gates: Tensor) -> Tensor:
        """Both LSTMs over their diagonals: (2, B, H, W, 4h) -> their states (2, B, H, W, h)."""
        diagonals = skew(gates).permute(3, 0, 2, 1, 4).contiguous()  # (W + H - 1, 2, H, B, 4h)
        return unskew(DiagonalScan.apply(diagonals, self.state_to_state).permute(1, 3, 2, 0, 4))

    def told(self, condition: Tensor | None) -> tuple[Tensor, Tensor] | tuple[None, None]:
        """What the conditioning map adds to the input-to-state maps of the left-hand and the right-hand LSTM."""
        return self.conditioning(condition).chunk(2, -1) if self.conditioning else (None, None)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        left, right = (to_state(x) for to_state in self.input_to_state)
        if self.conditioning:
            told_left, told_right = self.told(condition)
            left, right = left + told_left, right + told_right
        left, right = self.scan(torch.stack((left, right.flip(2))))
        right = F.pad(right.flip(2), (0, 0, 0, 0, 1, 0))[:, :-1]
        return self.widen(left + right)

    def walk(self, n: int, width: int, condition: Tensor | None = None) -> Walk:
        return DiagonalWalk(self, n, width, condition)


class DiagonalWalk:
    """Keeps the left-hand states, and the row's inputs. Once a row is whole, the right-hand LSTM goes over it from its
    end. What it says is first heard in the next row, so both LSTMs see every pixel once, and the walk is exact.
    """

    def __init__(self, layer: DiagonalBiLSTM, n: int, width: int, condition: Tensor | None):
        left, right = layer.input_to_state
        told_left, told_right = layer.told(condition)
        self.left = torch.cat((layer.state_to_state[0], left.matrix()))
        self.right, self.right_states = right.matrix(), layer.state_to_state[1]
        self.left_biases = row_biases(left.bias, width, told_left)
        self.right_biases = row_biases(right.bias, width, told_right)
        self.widen, self.widen_bias = layer.widen.matrix(), layer.widen.bias
        h, wide = len(left.bias) // 4, len(self.widen_bias)
        self.x: Tensor | None = None  # of this row, (W, n, 2h); there is none before the first
        self.next_x = left.bias.new_zeros(width, n, wide)
        # Pixel j's left-hand states are in place j + 1, its right-hand ones in place j; the spare place stays zero.
        self.above, self.h, self.c, self.h_right, self.c_right = left.bias.new_zeros(5, width + 1, n, h)

    def row(self) -> None:
        if self.x is not None:
            self.go_back()
        self.x = self.next_x
        self.bias = next(self.left_biases).unbind(0)
        self.above, self.h = self.h, self.above

    def go_back(self) -> None:
        """The right-hand LSTM over the row that is whole now."""
        gates = torch.matmul(self.x, self.right).add_(next(self.right_biases))
        h, c = self.h_right, self.c_right  # h[j] is of the row above until it is overwritten
        for j in reversed(range(len(gates))):
            before = torch.cat((h[j], h[j + 1]), -1)
            h[j], c[j] = lstm_cell(torch.addmm(gates[j], before, self.right_states), c[j + 1])

    def pixel(self, j: int, x: Tensor, onto: Tensor) -> Tensor:
        self.x[j] = x
        before = torch.cat((self.above[j + 1], self.h[j], x), -1)
        self.h[j + 1], self.c[j + 1] = h, _ = lstm_cell(torch.addmm(self.bias[j], before, self.left), self.c[j])
        return torch.addmm(onto, h + self.h_right[j], self.widen).add_(self.widen_bias)
