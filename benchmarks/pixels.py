"""PixelRNN's speed: sampling beside the naive sampler, and training beside a direct transcription of the paper.

    python -m benchmarks.pixels             # everything; the naive sampler alone takes minutes
    python -m benchmarks.pixels --rows 2    # the naive sampler is stopped after two rows, and its time multiplied

The naive sampler asks the whole network again for every pixel, 784 times for a digit; it makes the same pictures, which
is XX the two directions one after the other, states in the padding too. Times are of the processor, so that what else
the machine does counts less. Ratios are what to look at.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core import zoo
from core.noise import seeded
from core.pixels import PixelRNN, skew, unskew
from core.train import update

SIDE, BATCH = 28, 16
MODELS = {
    "PixelCNN": dict(layer="convolution", depth=7, filters=32, head=64),  # 64 features, as public versions have
    "Row LSTM": dict(layer="row", depth=7, filters=16),
    "Diagonal BiLSTM": dict(layer="diagonal", depth=7, filters=16),
    "shipped PixelCNN": zoo.recipe("pixelcnn-mnist").config,
}


class PlainRow(nn.Module):
    """Row LSTM with a convolution for each row of a map (B, 2h, H, W)."""

    def __init__(self, h: int):
        super().__init__()
        self.h = h
        self.input_to_state = nn.Conv2d(2 * h, 4 * h, (1, 3), padding=(0, 1))
        self.register_buffer("mask", torch.tensor([1.0, 1.0, 0.0]).expand(4 * h, 2 * h, 1, 3))
        self.state_to_state = nn.Conv1d(h, 4 * h, 3, padding=1)
        self.widen = nn.Conv2d(h, 2 * h, 1)

    def forward(self, x: Tensor) -> Tensor:
        gates = F.conv2d(x, self.input_to_state.weight * self.mask, self.input_to_state.bias, padding=(0, 1))
        h = c = torch.zeros(len(x), self.h, x.shape[3])
        states = []
        for i in range(x.shape[2]):
            h, c = plain_cell(gates[:, :, i] + self.state_to_state(h), c)
            states.append(h)
        return self.widen(torch.stack(states, 2))


class PlainDiagonal(nn.Module):
    """Diagonal BiLSTM with a convolution for each column of the skewed map."""

    def __init__(self, h: int):
        super().__init__()
        self.h = h
        self.input_to_state = nn.ModuleList(nn.Conv2d(2 * h, 4 * h, 1) for _ in range(2))
        self.state_to_state = nn.ModuleList(nn.Conv1d(h, 4 * h, 2) for _ in range(2))
        self.widen = nn.Conv2d(h, 2 * h, 1)

    def scan(self, x: Tensor, d: int) -> Tensor:
        gates = self.input_to_state[d](skew(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
        h = c = torch.zeros(len(x), self.h, x.shape[2])
        states = []
        for t in range(gates.shape[3]):
            h, c = plain_cell(gates[:, :, :, t] + self.state_to_state[d](F.pad(h, (1, 0))), c)
            states.append(h)
        return unskew(torch.stack(states, 3).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        right = self.scan(x.flip(3), 1).flip(3)
        return self.widen(self.scan(x, 0) + F.pad(right, (0, 0, 1, 0))[:, :, :-1])


def plain_cell(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    o, f, i, g = gates.chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


class Plain(nn.Module):
    """Seven such layers with residual connections, between the first convolution and the output."""

    def __init__(self, layer: Callable[[int], nn.Module], h: int = 16, depth: int = 7):
        super().__init__()
        mask = torch.ones(2 * h, 1, 7, 7)
        mask[:, :, 3, 3:], mask[:, :, 4:] = 0, 0
        self.register_buffer("mask", mask)
        self.first = nn.Conv2d(1, 2 * h, 7, padding=3)
        self.layers = nn.ModuleList(layer(h) for _ in range(depth))
        self.head, self.answer = nn.Conv2d(2 * h, 32, 1), nn.Conv2d(32, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.first.weight * self.mask, self.first.bias, padding=3)
        for layer in self.layers:
            x = x + layer(x)
        return self.answer(torch.relu(self.head(torch.relu(x))))


def plain_step(layer: Callable[[int], nn.Module]) -> Callable[[], None]:
    model, x = Plain(layer), torch.rand(BATCH, 1, SIDE, SIDE).round()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> None:
        loss = F.binary_cross_entropy_with_logits(model(x), x, reduction="sum") / BATCH
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 100.0)
        optimizer.step()

    return step


def our_step(config: dict) -> Callable[[], None]:
    phase = PixelRNN(**config).phases()[0]
    batch = {"image": torch.rand(BATCH, 1, SIDE, SIDE).round(), "progress": 0.0}
    return lambda: update(phase, batch)


def seconds(job: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[float, Any]:
    """How long a call takes, in seconds of the processor, and what it returns."""
    started = time.process_time()
    found = job(*arguments, **named)
    return time.process_time() - started, found


def rows(model: PixelRNN, n: int, count: int, naive: bool = False) -> Tensor:
    """The first rows of n pictures."""
    grown = model.grow(n, generator=seeded(0, "benchmark"), naive=naive)
    return list(itertools.islice(grown, count))[-1]


def sampling(rounds: int, count: int) -> None:
    print(f"{BATCH} pictures of {SIDE} x {SIDE}, seconds: naive / fast, and their ratio; then pictures a second")
    for name, config in MODELS.items():
        model = PixelRNN(**config).eval()
        rows(model, BATCH, 1)  # a first time, which allocates
        times: dict[str, list[float]] = {"naive": [], "fast": [], "one": [], "many": []}
        for _ in range(rounds):
            naive, slow = seconds(rows, model, BATCH, count, naive=True)
            fast, pictures = seconds(rows, model, BATCH, SIDE)
            assert torch.equal(pictures[:, :, :count], slow[:, :, :count])
            one, many = (seconds(rows, model, n, SIDE)[0] for n in (1, 64))
            for kept, spent in zip(times.values(), (naive * SIDE / count, fast, one, many), strict=True):
                kept.append(spent)
        naive, fast, one, many = map(statistics.median, times.values())
        print(f"  {name:16} {naive:7.1f} / {fast:5.2f}   {naive / fast:4.0f} x", end="   ")
        print(f"one at a time {1 / one:.1f}, 64 at once {64 / many:.1f}: {64 * one / many:.1f} x", flush=True)


def training(rounds: int) -> None:
    print(f"train step, 7 layers, h 16, batch {BATCH}, ms (minimum / median): plain, core.pixels, ratio of medians")
    for name, layer in {"Row LSTM": PlainRow, "Diagonal BiLSTM": PlainDiagonal}.items():
        jobs = plain_step(layer), our_step(MODELS[name])
        times: list[list[float]] = [[], []]
        for k in range(rounds + 1):
            for job, kept in zip(jobs, times, strict=True):
                spent = 1000 * seconds(job)[0]
                if k:
                    kept.append(spent)
        plain, ours = (f"{min(kept):.0f} / {statistics.median(kept):.0f}" for kept in times)
        ratio = statistics.median(times[1]) / statistics.median(times[0])
        print(f"  {name:16} {plain:>12}   {ours:>12}   {ratio:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=SIDE, help="how many the naive sampler makes")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    if not 1 <= options.rows <= SIDE:
        parser.error(f"--rows must be 1 ... {SIDE}, got {options.rows}")
    torch.set_num_threads(options.threads)
    training(options.rounds)
    sampling(options.rounds, options.rows)


if __name__ == "__main__":
    main()
