"""DRAW's generative model: the boxes of Figure 2, and the network in time (Sec. 2). Symbols: see the chapter's head."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.draw.attention import (
    Window,
    check_sizes,
    read_window,
    start_in_the_middle,
    start_inside_the_picture,
    window,
    write_window,
)
from core.layers import check_shape, grid, hold_then_fall, kl_to_standard_normal
from core.likelihood import SEED, averages, bernoulli_nll, check_levels, discretised_logistic_nll
from core.noise import randn_each, seeded
from core.recipe import Batch, Compiles, Likelihood, Model, Phase, Records, Samples, Shows

# ------------------------------------------------------------------ the boxes of Figure 2


class Glimpse(NamedTuple):
    """One step of the network. Windows and patches are None where the step has none."""

    canvas: Tensor  # (B, C, H, W), before the sigmoid
    written: Tensor  # (B, C, H, W), what this step added to the canvas
    kl: Tensor  # (B,), nats
    read: Window | None
    write: Window | None
    read_patch: Tensor | None  # (B, 2 C, N, N): the picture, then the error picture
    write_patch: Tensor | None  # (B, C, N, N), before the filters and 1 / gamma


class State(NamedTuple):
    """What one step hands to the next: two LSTMs, each (B, units) twice, and the canvas (B, C, H, W)."""

    h_enc: Tensor
    cell_enc: Tensor
    h_dec: Tensor
    cell_dec: Tensor
    canvas: Tensor


class ReadAll(nn.Module):
    """Reading without attention: the whole picture and the whole error picture (Eq. 17)."""

    def __init__(self, channels: int, size: int):
        super().__init__()
        self.features = 2 * channels * size * size

    def forward(self, x: Tensor, x_hat: Tensor, h: Tensor) -> tuple[Tensor, None, None]:
        return torch.cat((x, x_hat), 1).flatten(1), None, None


class ReadWindow(nn.Module):
    """Reading through a window that the decoder's state places (Eq. 27)."""

    def __init__(self, channels: int, size: int, patch: int, units: int, strong: bool):
        super().__init__()
        self.size, self.patch, self.features = size, patch, 2 * channels * patch * patch
        self.place = nn.Linear(units, 5)
        start_inside_the_picture(self.place, size, patch, gamma=10.0 if strong else 1.0)

    def forward(self, x: Tensor, x_hat: Tensor, h: Tensor) -> tuple[Tensor, Window, Tensor]:
        w = window(self.place(h), size=self.size, patch=self.patch)  # Eq. 21
        r = read_window(torch.cat((x, x_hat), 1), w, self.patch)
        return r.flatten(1), w, r


class WriteAll(nn.Module):
    """Writing without attention: the state becomes a whole picture (Eq. 18)."""

    def __init__(self, channels: int, size: int, units: int):
        super().__init__()
        self.shape = (channels, size, size)
        self.paint = nn.Linear(units, channels * size * size)

    def forward(self, h: Tensor) -> tuple[Tensor, None, None]:
        return self.paint(h).unflatten(1, self.shape), None, None


class WriteWindow(nn.Module):
    """Writing a patch through a window of its own (Eq. 28-29)."""

    def __init__(self, channels: int, size: int, patch: int, units: int, strong: bool):
        super().__init__()
        self.size, self.shape = size, (channels, patch, patch)
        self.paint, self.place = nn.Linear(units, channels * patch * patch), nn.Linear(units, 5)
        if strong:
            start_in_the_middle(self.place, size, patch)

    def forward(self, h: Tensor) -> tuple[Tensor, Window, Tensor]:
        w = window(self.place(h), size=self.size, patch=self.shape[-1])
        patch = self.paint(h).unflatten(1, self.shape)  # Eq. 28
        return write_window(patch, w, self.size), w, patch


# ------------------------------------------------------------------ the generative model (Sec. 2)


class Draw(nn.Module, Model, Samples, Likelihood, Shows, Compiles, Records):
    """DRAW with attention, or without where read and write are None.

    size, channels: of the picture. read, write: N of the two windows. curriculum: [progress, glimpses]
    pairs; until that share of the training steps, so many glimpses. levels: 2 (Bernoulli) or 256.
    strong_start: whether both windows begin as strong as strokes on a black page ask for.
    """

    compiled = "step"  # what training may hand to torch.compile: all of a glimpse, not the loop over time

    def __init__(
        self,
        *,
        size: int = 28,
        channels: int = 1,
        read: int | None = 2,
        write: int | None = 5,
        units: int = 256,
        latents: int = 100,
        glimpses: int = 32,
        levels: int = 2,
        strong_start: bool = False,
        learning_rate: float = 1e-3,
        curriculum: Iterable[tuple[float, int]] = (),
    ):
        super().__init__()
        check_sizes(size=size, channels=channels, units=units, latents=latents, glimpses=glimpses)
        check_sizes(read=1 if read is None else read, write=1 if write is None else write)
        if levels not in (2, 256):
            raise ValueError(f"levels must be 2 (binary pixels) or 256 (8-bit pixels), got {levels!r}")
        self.shape, self.levels, self.latents, self.n_glimpses = (channels, size, size), levels, latents, glimpses
        self.learning_rate, self.curriculum = learning_rate, tuple(curriculum)
        for _, few in self.curriculum:
            check_sizes(curriculum=few)

        strong = strong_start
        self.read = ReadWindow(channels, size, read, units, strong) if read else ReadAll(channels, size)
        self.encoder = nn.LSTMCell(self.read.features + units, units)
        self.posterior = nn.Linear(units, 2 * latents)
        self.decoder = nn.LSTMCell(latents, units)
        self.write = WriteWindow(channels, size, write, units, strong) if write else WriteAll(channels, size, units)
        self.first_states = nn.Parameter(torch.zeros(4, units))  # h_enc, its cell, h_dec, its cell
        self.first_canvas = nn.Parameter(torch.zeros(self.shape))
        self.log_scale = nn.Parameter(torch.full((channels, 1, 1), -2.0)) if levels == 256 else None

    def step(self, x: Tensor | None, state: State, noise: Tensor) -> tuple[State, Glimpse]:
        """One glimpse: read, encode, draw a latent, decode, write. Without x the latent comes from the prior."""
        h_enc, cell_enc, h_dec, cell_dec, canvas = state
        r_window = r_patch = None
        if x is None:
            z, kl = noise, noise.new_zeros(len(noise))  # Sec. 2.3
        else:
            x_hat = x - torch.sigmoid(canvas)  # Eq. 3
            r, r_window, r_patch = self.read(x, x_hat, h_dec)  # Eq. 4
            h_enc, cell_enc = self.encoder(torch.cat((r, h_dec), 1), (h_enc, cell_enc))  # Eq. 5
            mu, log_sigma = self.posterior(h_enc).chunk(2, dim=1)  # Eq. 1-2
            z = mu + log_sigma.exp() * noise  # Eq. 6
            kl = kl_to_standard_normal(mu, log_sigma)  # Eq. 11, of one step
        h_dec, cell_dec = self.decoder(z, (h_dec, cell_dec))  # Eq. 7
        written, w_window, w_patch = self.write(h_dec)
        canvas = canvas + written  # Eq. 8
        glimpse = Glimpse(canvas, written, kl, r_window, w_window, r_patch, w_patch)
        return State(h_enc, cell_enc, h_dec, cell_dec, canvas), glimpse

    def unroll(
        self,
        x: Tensor | None = None,
        *,
        n: int = 1,
        glimpses: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Iterator[Glimpse]:
        """The network in time. With a picture x (B, C, H, W) it reconstructs, without one it dreams up n.

        Each picture has noise of its own: the first of sixteen is the one that is made alone.
        """
        steps = self.n_glimpses if glimpses is None else glimpses
        noise = self.prior(n, steps, generator) if x is None else self.noise(len(x), steps, generator)
        yield from self.run(x, noise.transpose(0, 1))

    def noise(self, n: int, steps: int, generator: torch.Generator | None) -> Tensor:
        """Standard normal numbers for n pictures: (n, T, latents)."""
        return randn_each(n, steps, self.latents, generator=generator, device=self.first_canvas.device)

    def prior(self, n: int, steps: int, generator: torch.Generator | None) -> Tensor:
        """Latents to dream up n pictures from: (n, T, latents)."""
        return self.noise(n, steps, generator)

    def run(self, x: Tensor | None, noise: Tensor) -> Iterator[Glimpse]:
        """`unroll` with the noise given: (T, B, latents)."""
        batch = noise.shape[1]
        states = (state.repeat(batch, 1) for state in self.first_states)
        state = State(*states, self.first_canvas.repeat(batch, 1, 1, 1))
        for noise_t in noise:
            state, glimpse = self.step(x, state, noise_t)
            yield glimpse

    def reconstruction_nll(self, canvas: Tensor, x: Tensor) -> Tensor:
        """-log D(x | c_T) in nats (Eq. 9): (B,)."""
        if self.log_scale is None:
            return bernoulli_nll(canvas, x)
        return discretised_logistic_nll(torch.sigmoid(canvas), self.log_scale, x)

    def bound(self, x: Tensor, *, glimpses: int | None = None, generator: torch.Generator | None = None):
        """L_x and L_z (Eq. 9, 11) in nats, each (B,). Their sum bounds -log p(x) from above in expectation over z; one
        draw of z, as here, may lie below it."""
        return self.bound_of(x, self.unroll(x, glimpses=glimpses, generator=generator))

    def bound_of(self, x: Tensor, steps: Iterable[Glimpse]) -> tuple[Tensor, Tensor]:
        """The same, of a reconstruction's steps."""
        L_z = x.new_zeros(len(x))
        for step in steps:
            L_z = L_z + step.kl
        return self.reconstruction_nll(step.canvas, x), L_z

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The variational bound (Eq. 12) of a batch {"image": (B, C, H, W)}, averaged over it."""
        x, glimpses = batch["image"], self.glimpses_at(batch.get("progress", 1.0))
        noise = torch.randn(glimpses, len(x), self.latents, generator=batch.get("generator"), device=x.device)
        L_x, L_z = self.bound_of(x, self.run(x, noise))
        return {"loss": (L_x + L_z).mean(), "L_x": L_x.mean(), "L_z": L_z.mean()}

    def glimpses_at(self, progress: float) -> int:
        """How many glimpses are trained at this share of the training."""
        return next((t for until, t in self.curriculum if progress < until), self.n_glimpses)

    def phases(self) -> list[Phase]:
        phase = adam_phase(self, hold_then_fall)
        phase.stage = self.glimpses_at
        return [phase]

    @torch.inference_mode()
    def nll(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """The upper bound on -log p(x) in nats, estimated from one latent sample a picture: (B, C, H, W) -> (B,).
        ValueError for x of another shape, and for pixels between the model's levels: they have no probability."""
        check_shape(x, self.shape)
        check_levels(x, self.levels)
        return sum(self.bound(x, generator=generator))

    @torch.inference_mode()
    def glimpses(
        self, x: Tensor | None = None, *, n: int = 1, generator: torch.Generator | None = None
    ) -> list[Glimpse]:
        """Every step of a reconstruction of x, or of n pictures from the prior."""
        return list(self.unroll(x, n=n, generator=generator))

    @torch.inference_mode()
    def probe(self) -> Tensor:
        """KL of every step and some of the canvas, for a fixed picture and noise: are these the right weights?"""
        x = (torch.arange(math.prod(self.shape)) % 7 > 4).float().view(1, *self.shape)
        generator = torch.Generator().manual_seed(0)
        noise = [torch.randn(1, self.latents, generator=generator) for _ in range(self.n_glimpses)]
        steps = list(self.run(x, torch.stack(noise)))
        return torch.cat([step.kl for step in steps] + [steps[-1].canvas.flatten()[::97]])

    @torch.inference_mode()
    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """n pictures from the prior, (n, C, H, W) in [0, 1]."""
        check_sizes(n=n)
        *_, last = self.unroll(n=n, generator=generator)
        return torch.sigmoid(last.canvas)

    def sheet(self, held_out: Batch) -> Tensor:
        """Sixteen samples from the same noise."""
        return grid(self.sample(16, generator=seeded(0, "sheet", device=self.first_canvas.device)))


# ------------------------------------------------------------------ training and measuring


def adam_phase(model: nn.Module, schedule: Callable[[float], float]) -> Phase:
    """Adam on everything that is trained, its rate falling to zero; gradients clipped at norm 10."""
    parameters = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=model.learning_rate, fused=True)
    return Phase("model", parameters, model.loss, optimizer, schedule=schedule, max_norm=10.0)


@torch.inference_mode()
def evaluate_bound(model: Draw, batches: Iterable[Batch]) -> dict[str, float]:
    """Mean of the bound and of its two terms in nats; bits per dimension too for 8-bit pictures."""
    generator = seeded(SEED, "latents")
    found = [torch.stack(model.bound(batch["image"], generator=generator)) for batch in batches]
    L_x, L_z = torch.cat(found, 1)
    return averages(model, {"nll": L_x + L_z, "L_x": L_x, "L_z": L_z})
