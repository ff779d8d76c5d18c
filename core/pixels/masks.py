"""What a pixel may see: masks A and B, and the layers that obey them (Sec. 3.4, Fig. 2, right).

Pictures are read row by row, from left to right, and within a pixel red before green before blue. The features of every
map are dealt out to the colours in that order: the groups. Maps have their features last: (B, H, W, features).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def groups(features: int, channels: int) -> Tensor:
    """The colour that each feature belongs to, in order: (features,), 0 ... channels - 1."""
    if features < channels:
        raise ValueError(f"each of the {channels} colours needs a feature of its own, got {features}")
    return torch.arange(features) * channels // features


def causal_mask(kind: str, of_input: Tensor, of_output: Tensor, rows: int, columns: int) -> Tensor:
    """1 where an output may see an input, (outputs, inputs, rows, columns).

    kind: "A" hides the output's own colour in its own pixel, "B" shows it. of_input, of_output: groups.
    The kernel's last row is the pixel's own row, and its middle column the pixel's own.
    """
    if kind not in ("A", "B"):
        raise ValueError(f"a mask is 'A' or 'B', got {kind!r}")
    if rows < 1 or columns < 1 or columns % 2 == 0:
        raise ValueError(f"a kernel has at least one row and an odd number of columns, got {rows} x {columns}")
    mask = torch.ones(len(of_output), len(of_input), rows, columns)
    mask[:, :, -1, columns // 2 + 1 :] = 0  # the future of the row
    earlier = of_input < of_output[:, None] if kind == "A" else of_input <= of_output[:, None]
    mask[:, :, -1, columns // 2] = earlier.float()
    return mask


class MaskedConv(nn.Module):
    """Convolution of rows x columns taps that end at the pixel itself: (B, H, W, inputs) -> (B, H, W, outputs).

    A 7 x 7 kernel has no use for the three rows below the pixel, so it is kept as 4 x 7.
    """

    def __init__(self, kind: str, of_input: Tensor, of_output: Tensor, rows: int = 1, columns: int = 1):
        super().__init__()
        self.register_buffer("mask", causal_mask(kind, of_input, of_output, rows, columns), persistent=False)
        self.weight = nn.Parameter(torch.empty_like(self.mask))
        self.bias = nn.Parameter(torch.empty(len(of_output)))
        reach = 1 / math.sqrt(len(of_input) * rows * columns)  # as nn.Conv2d begins
        nn.init.uniform_(self.weight, -reach, reach)
        nn.init.uniform_(self.bias, -reach, reach)

    def seen(self) -> Tensor:
        """The weights with everything forbidden at zero. The stored ones are never changed, so gradients are right."""
        return self.weight * self.mask

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = self.mask.shape[2:]
        if rows == columns == 1:
            return F.linear(x, self.seen()[:, :, 0, 0], self.bias)
        if rows == 1:  # one product over the taps to the left; a convolution takes longer, above all backwards
            padded = F.pad(x, (0, 0, columns // 2, 0))
            taps = [padded[:, :, k : k + x.shape[2]] for k in range(columns // 2)]
            return F.linear(torch.cat([*taps, x], -1), self.beside().T, self.bias)
        x = F.pad(x, (0, 0, columns // 2, columns // 2, rows - 1, 0)).permute(0, 3, 1, 2)
        return F.conv2d(x, self.seen(), self.bias).permute(0, 2, 3, 1)

    # ---- the same for one pixel, or one row, of n pictures

    def matrix(self) -> Tensor:
        """(inputs, outputs), of a kernel of one tap."""
        return self.seen()[:, :, 0, 0].T.contiguous()

    def above(self) -> Tensor:
        """The taps of the rows above, (rows - 1, columns * inputs, outputs)."""
        return self.seen()[:, :, :-1].permute(2, 3, 1, 0).flatten(1, 2).contiguous()

    def beside(self) -> Tensor:
        """The taps to the left in the pixel's own row, and itself: ((columns // 2 + 1) * inputs, outputs)."""
        return self.seen()[:, :, -1, : self.mask.shape[3] // 2 + 1].permute(2, 1, 0).flatten(0, 1).contiguous()
