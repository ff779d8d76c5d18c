"""The LSTMs of Row LSTM and Diagonal BiLSTM over whole maps, with their gradients written out.

A scan takes hundreds of small steps, and automatic differentiation would keep a record of each call in them. Written
out, a step back is ten calls; what does not wait for the step after it, and the gradient of the weights, is computed
once for all steps. Eq. 3 with gates in the order o, f, i, g:

    c_t = f c_(t-1) + i g,   h_t = o tanh(c_t)
    dc_t = dh_t o (1 - tanh(c_t)^2) + dc_(t+1) f_(t+1)
    da_o = dh_t tanh(c_t) o (1 - o)
    da_f = dc_t c_(t-1) f (1 - f),   da_i = dc_t g i (1 - i),   da_g = dc_t i (1 - g^2)

where a are the sums that the gates are made of.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


def step(a: Tensor, c: Tensor, new_h: Tensor, new_c: Tensor) -> None:
    """Turn the sums a (..., 4h) into gates, in place, and write the new states; c, new_h and new_c are (..., h)."""
    h = c.shape[-1]
    a[..., : 3 * h].sigmoid_()
    a[..., 3 * h :].tanh_()
    o, f, i, g = a.split(h, -1)
    torch.mul(f, c, out=new_c).addcmul_(i, g)
    torch.mul(o, new_c.tanh(), out=new_h)


def slopes(gates: Tensor, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of all steps at once, from gates (..., 4h) and cell states before and after (..., h): dc / dh (..., h),
    da_o / dh (..., h), and da / dc of f, i and g (..., 3, h)."""
    o, f, i, g = gates.chunk(4, -1)
    tanh = after.tanh()
    others = torch.stack((before * f * (1 - f), g * i * (1 - i), i * (1 - g.square())), -2)
    return o * (1 - tanh.square()), tanh * o * (1 - o), others


class RowScan(Function):
    """Rows from top to bottom: sums (H, B, W, 4h) without the state-to-state part, weight (4h, k h) -> (H, B, W, h).

    A pixel hears the k states above it: its row of neighbours, from left to right.
    """

    @staticmethod
    def forward(ctx: Any, sums: Tensor, weight: Tensor) -> Tensor:
        sums = sums.contiguous()
        height, B, width, features = sums.shape
        h = features // 4
        k = weight.shape[1] // h
        half = k // 2
        gates, back = torch.empty_like(sums), weight.t()
        # Before each row and after the last; with padding at both ends, which stays zero.
        states, cells = sums.new_zeros(height + 1, B, width + k - 1, h), sums.new_zeros(height + 1, B, width, h)
        inner = states[:, :, half : half + width]
        above = sums.new_empty(B, width, k * h)
        # Views are made beforehand: in the loop they would take as long as the sums.
        rows = zip(sums.flatten(1, 2), gates.flatten(1, 2), gates, states, inner[1:], cells, cells[1:], strict=False)
        for given, flat, a, padded, new_h, c, new_c in rows:
            torch.cat([padded[:, j : j + width] for j in range(k)], -1, out=above)
            torch.addmm(given, above.view(-1, k * h), back, out=flat)
            step(a, c, new_h, new_c)
        ctx.save_for_backward(gates, states, cells, weight)
        return inner[1:].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor, Tensor]:
        gates, states, cells, weight = ctx.saved_tensors
        _, B, width, h = given.shape
        k = weight.shape[1] // h
        half = k // 2
        to_c, to_o, to_others = slopes(gates, cells[:-1], cells[1:])
        d = torch.empty_like(gates)
        d_h, d_c = given.new_zeros(states.shape[1:]), given.new_zeros(cells.shape[1:])
        inner, wide_c = d_h[:, half : half + width], d_c.unsqueeze(-2)
        heard = given.new_empty(B * width, k * h)
        shifts = [(d_h[:, j : j + width], part) for j, part in enumerate(heard.view(B, width, k * h).split(h, -1))]
        f, d_o, d_others = gates[..., h : 2 * h], d[..., :h], d[..., h:].unflatten(-1, (3, h))
        rows = zip(given, f, to_c, to_o, to_others, d.flatten(1, 2), d_o, d_others, strict=True)
        for given_t, f_t, to_c_t, to_o_t, to_others_t, d_t, d_o_t, d_others_t in reversed(list(rows)):
            inner += given_t
            d_c.addcmul_(inner, to_c_t)
            torch.mul(inner, to_o_t, out=d_o_t)
            torch.mul(wide_c, to_others_t, out=d_others_t)
            d_c.mul_(f_t)
            torch.mm(d_t, weight, out=heard)
            d_h.zero_()
            for place, part in shifts:
                place += part
        return d, d.flatten(0, 2).t() @ neighbours(states[:-1], k).flatten(0, 2)


def neighbours(padded: Tensor, k: int) -> Tensor:
    """The k states above each pixel: (..., W + k - 1, h) -> (..., W, k h)."""
    width = padded.shape[-2] - k + 1
    return torch.cat([padded[..., j : j + width, :] for j in range(k)], -1)


class DiagonalScan(Function):
    """Both LSTMs over their diagonals: sums (T, 2, H, B, 4h) without the state-to-state part, weight (2, 2h, 4h).

    Returns states (T, 2, H, B, h), zero where a diagonal has no pixel. A pixel hears the state above it, which is on
    the diagonal before and one row higher, then the one beside it, on that diagonal in its own row.
    """

    @staticmethod
    def forward(ctx: Any, sums: Tensor, weight: Tensor) -> Tensor:
        T, _, height, B, features = sums.shape
        h = features // 4
        gates = torch.zeros_like(sums)
        # Before each diagonal and after the last; with a row of zeros above the first one.
        states, cells = sums.new_zeros(2, T + 1, 2, height + 1, B, h)
        for t in range(T):
            here, under = on_diagonal(t, T, height)
            before = torch.cat((states[t][:, here], states[t][:, under]), -1).flatten(1, 2)
            a = torch.baddbmm(sums[t][:, here].flatten(1, 2), before, weight).unflatten(1, (-1, B))
            step(a, cells[t][:, under], states[t + 1][:, under], cells[t + 1][:, under])
            gates[t][:, here] = a
        ctx.save_for_backward(gates, states, cells, weight)
        return states[1:, :, 1:].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor, Tensor]:
        gates, states, cells, weight = ctx.saved_tensors
        T, _, height, B, h = given.shape
        to_c, to_o, to_others = slopes(gates, cells[:-1, :, 1:], cells[1:, :, 1:])
        d = torch.zeros_like(gates)
        d_h, d_c = given.new_zeros(2, 2, height + 1, B, h)
        back = weight.mT
        for t in reversed(range(T)):
            here, under = on_diagonal(t, T, height)
            inner = d_h[:, under] + given[t][:, here]
            new_c = d_c[:, under].addcmul(inner, to_c[t][:, here])
            part = torch.empty_like(d[t][:, here])
            torch.mul(inner, to_o[t][:, here], out=part[..., :h])
            torch.mul(new_c.unsqueeze(-2), to_others[t][:, here], out=part[..., h:].unflatten(-1, (3, h)))
            d[t][:, here] = part
            heard = torch.bmm(part.flatten(1, 2), back).unflatten(1, (-1, B))
            d_h.zero_()
            d_c.zero_()
            d_h[:, here] += heard[..., :h]
            d_h[:, under] += heard[..., h:]
            d_c[:, under] = new_c * gates[t][:, here, :, h : 2 * h]
        before = torch.cat((states[:-1, :, :-1], states[:-1, :, 1:]), -1)
        before, of_sums = (each.transpose(0, 1).flatten(1, 3) for each in (before, d))  # (2, T H B, features)
        return d, torch.bmm(before.mT, of_sums)


def on_diagonal(t: int, T: int, height: int) -> tuple[slice, slice]:
    """The rows that have a pixel on diagonal t of T, and the same in states, which have one row more above."""
    width = T - height + 1
    top, end = max(0, t - width + 1), min(t + 1, height)
    return slice(top, end), slice(top + 1, end + 1)
