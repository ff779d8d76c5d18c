"""DRAW's speed beside a direct transcription of the paper, interleaved on this machine.

    python -m benchmarks.draw              # prints a table; about a minute

The transcription is what one writes first and what public versions look like: separate filterbanks for x
and y and for each of the two pictures, the window applied twice, one optimiser kernel a parameter. Both
have the same sizes and do the same arithmetic; a test holds that the equations agree. Ratios are what
counts: absolute times drift with what else the machine does.
"""

import argparse
import statistics
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks import interleaved
from core.draw import Draw
from core.train import update

BATCH, GLIMPSES, UNITS, LATENTS, READ, WRITE, SIZE = 64, 10, 256, 100, 2, 5, 28


class PlainDraw(nn.Module):
    """DRAW as the paper writes it, with nothing shared or fused."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.LSTMCell(2 * READ * READ + UNITS, UNITS)
        self.decoder = nn.LSTMCell(LATENTS, UNITS)
        self.mu, self.log_sigma = nn.Linear(UNITS, LATENTS), nn.Linear(UNITS, LATENTS)
        self.read_place, self.write_place = nn.Linear(UNITS, 5), nn.Linear(UNITS, 5)
        self.paint = nn.Linear(UNITS, WRITE * WRITE)

    def filters(self, numbers: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
        g_x, g_y, log_s2, log_d, log_gamma = numbers.split(1, 1)
        delta = (SIZE - 1) / (n - 1) * log_d.exp()

        def bank(centre: Tensor) -> Tensor:
            g = (SIZE + 1) / 2 * (centre + 1)
            mu = g + (torch.arange(1, n + 1).float() - n / 2 - 0.5).view(1, -1) * delta
            pixels = torch.arange(1, SIZE + 1).float().view(1, 1, -1)
            weight = torch.exp(-((pixels - mu.unsqueeze(2)) ** 2) / (2 * log_s2.exp().unsqueeze(2)))
            return weight / (weight.sum(2, keepdim=True) + 1e-8)

        return bank(g_x), bank(g_y), log_gamma.exp()

    def forward(self, x: Tensor | None) -> tuple[Tensor, Tensor]:
        h_enc = c_enc = h_dec = c_dec = torch.zeros(BATCH, UNITS)
        canvas, kl = torch.zeros(BATCH, SIZE, SIZE), torch.zeros(BATCH)
        for _ in range(GLIMPSES):
            z = torch.randn(BATCH, LATENTS)
            if x is not None:
                x_hat = x - torch.sigmoid(canvas)
                F_X, F_Y, gamma = self.filters(self.read_place(h_dec), READ)
                seen = [(F_Y @ image @ F_X.transpose(1, 2)).reshape(BATCH, -1) for image in (x, x_hat)]
                r = torch.cat(seen, 1) * gamma
                h_enc, c_enc = self.encoder(torch.cat((r, h_dec), 1), (h_enc, c_enc))
                mu, log_sigma = self.mu(h_enc), self.log_sigma(h_enc)
                sigma = torch.exp(log_sigma)
                z = mu + sigma * z
                kl = kl + 0.5 * (mu**2 + sigma**2 - 2 * log_sigma - 1).sum(1)
            h_dec, c_dec = self.decoder(z, (h_dec, c_dec))
            w = self.paint(h_dec).view(BATCH, WRITE, WRITE)
            F_X, F_Y, gamma = self.filters(self.write_place(h_dec), WRITE)
            canvas = canvas + (F_Y.transpose(1, 2) @ w @ F_X) / gamma.unsqueeze(2)
        return canvas, kl


def plain_step() -> Callable[[], None]:
    model, x = PlainDraw(), torch.rand(BATCH, SIZE, SIZE).round()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, foreach=False)

    def step() -> None:
        canvas, kl = model(x)
        nll = F.binary_cross_entropy_with_logits(canvas, x, reduction="none").sum((1, 2))
        loss = (nll + kl).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()

    return step


def our_step(compiled: bool) -> Callable[[], None]:
    model = Draw(read=READ, write=WRITE, units=UNITS, latents=LATENTS, glimpses=GLIMPSES)
    if compiled:
        model.step = torch.compile(model.step)
    phase, batch = model.phases()[0], {"image": torch.rand(BATCH, 1, SIZE, SIZE).round(), "progress": 0.0}
    return lambda: update(phase, batch)


def plain_sampling() -> Callable[[], None]:
    model = PlainDraw()

    @torch.inference_mode()
    def sample() -> None:
        torch.sigmoid(model(None)[0])

    return sample


def our_sampling() -> Callable[[], None]:
    model = Draw(read=READ, write=WRITE, units=UNITS, latents=LATENTS, glimpses=GLIMPSES)
    return lambda: model.sample(BATCH)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"batch {BATCH}, {GLIMPSES} glimpses, read {READ}, write {WRITE}, {UNITS} units, {options.threads} threads")
    for what, jobs in {
        "train step": {"plain": plain_step(), "core.draw": our_step(False), "core.draw --compile": our_step(True)},
        "64 samples": {"plain": plain_sampling(), "core.draw": our_sampling()},
    }.items():
        times = interleaved(jobs, options.rounds)
        medians = {name: statistics.median(values) for name, values in times.items()}
        print(f"{what} (minimum / median, ms; ratio of medians to plain)")
        for name, values in times.items():
            ratio = medians[name] / medians["plain"]
            print(f"  {name:20} {min(values):5.0f} / {medians[name]:5.0f}   {ratio:.2f}")


if __name__ == "__main__":
    main()
