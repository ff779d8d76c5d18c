"""DRAW: A Recurrent Neural Network For Image Generation (Gregor et al. 2015, arXiv:1502.04623).

A variational autoencoder that works in glimpses. At every step the encoder reads a patch of the picture
and of what is still missing from it, a Gaussian latent says what to do next, and the decoder adds a
patch to a canvas. Where to read and where to write is learned: a small grid of Gaussian filters that
can be moved, spread and blurred, and through which gradients flow.

    symbol            here            meaning
    x, x_hat          x, x_hat        picture; error picture x - sigma(c_{t-1})
    r_t               r               what was read, (B, 2 C N N)
    h_enc, h_dec      h_enc, h_dec    states of the two LSTMs, (B, units)
    z_t               z               latent of step t, (B, latents)
    c_t               canvas          sum of all writes, before the sigmoid, (B, C, H, W)
    g_X, g_Y          g_x, g_y        centre of the grid, in pixels; 0 is the middle of the first pixel
    delta, sigma^2    delta, sigma    stride of the grid, width of its filters, in pixels
    gamma             gamma           strength of what is read or written
    F_X, F_Y          F_X, F_Y        filterbanks, (B, N, size)

Differences from the paper
- Pixels count from 0, not 1, so every centre is one less than in Eq. 22-23.
- 8-bit pictures get a discretised logistic likelihood. With a Bernoulli on grey levels the number that
  comes out is not a bound on log p(x).
- The read head starts with a blurred window inside the picture. From zero biases a 2 x 2 grid sits on
  the four corners of a digit's picture, where there is nothing to see, and no gradient tells it so.
- Training may start with fewer glimpses than the model has (`curriculum`): weights are shared over
  time, so what was learned with 8 glimpses is a good start for 32, at a quarter of the cost.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.layers import bernoulli_nll, cosine, discretised_logistic_nll, hold_then_fall, kl_to_standard_normal
from core.recipe import Batch, Phase

# ------------------------------------------------------------------ selective attention (Sec. 3.2)


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

    def __init__(self, channels: int, size: int, patch: int, units: int):
        super().__init__()
        self.size, self.patch, self.features = size, patch, 2 * channels * patch * patch
        self.place = nn.Linear(units, 5)
        start_inside_the_picture(self.place, size, patch)

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

    def __init__(self, channels: int, size: int, patch: int, units: int):
        super().__init__()
        self.size, self.shape = size, (channels, patch, patch)
        self.paint, self.place = nn.Linear(units, channels * patch * patch), nn.Linear(units, 5)

    def forward(self, h: Tensor) -> tuple[Tensor, Window, Tensor]:
        w = window(self.place(h), size=self.size, patch=self.shape[-1])
        patch = self.paint(h).unflatten(1, self.shape)  # Eq. 28
        return write_window(patch, w, self.size), w, patch


def start_inside_the_picture(place: nn.Linear, size: int, patch: int) -> None:
    """Begin with filters wide enough to overlap; a coarse grid at half the stride that spans the picture.

    With read 2 x 2 on 28 x 28: from zero biases 200 nats after 1,000 steps, from here 155.
    """
    share = 0.5 if patch < 5 else 1.0
    stride = share * (size - 1) / max(patch - 1, 1)
    with torch.no_grad():
        place.weight.mul_(0.1)
        place.bias.copy_(torch.tensor([0.0, 0.0, 2 * math.log(max(stride / 3, 0.5)), math.log(share), 0.0]))


def check_sizes(**sizes: int) -> None:
    """Raise ValueError unless every size is a whole number of at least 1."""
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number >= 1, got {value!r}")


# ------------------------------------------------------------------ the generative model (Sec. 2)


class Draw(nn.Module):
    """DRAW with attention, or without where read and write are None.

    size, channels: of the picture. read, write: N of the two windows. curriculum: [progress, glimpses]
    pairs; until that share of the training steps, so many glimpses. levels: 2 (Bernoulli) or 256.
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
        learning_rate: float = 1e-3,
        curriculum: Iterable[tuple[float, int]] = (),
    ):
        super().__init__()
        check_sizes(size=size, channels=channels, units=units, latents=latents, glimpses=glimpses)
        check_sizes(read=1 if read is None else read, write=1 if write is None else write)
        if levels not in (2, 256):
            raise ValueError(f"levels must be 2 (binary pixels) or 256 (8-bit pixels), got {levels!r}")
        self.shape, self.latents, self.n_glimpses = (channels, size, size), latents, glimpses
        self.learning_rate, self.curriculum = learning_rate, tuple(curriculum)
        for _, few in self.curriculum:
            check_sizes(curriculum=few)

        self.read = ReadWindow(channels, size, read, units) if read else ReadAll(channels, size)
        self.encoder = nn.LSTMCell(self.read.features + units, units)
        self.posterior = nn.Linear(units, 2 * latents)
        self.decoder = nn.LSTMCell(latents, units)
        self.write = WriteWindow(channels, size, write, units) if write else WriteAll(channels, size, units)
        self.first_states = nn.Parameter(torch.zeros(4, units))  # h_enc, its cell, h_dec, its cell
        self.first_canvas = nn.Parameter(torch.zeros(self.shape))
        self.log_scale = nn.Parameter(torch.full((channels, 1, 1), -2.0)) if levels == 256 else None

    def step(self, x: Tensor | None, state: State, noise: Tensor) -> tuple[State, Glimpse]:
        """One glimpse: read, encode, draw a latent, decode, write. Without x the latent comes from the prior."""
        h_enc, cell_enc, h_dec, cell_dec, canvas = state
        r_window = r_patch = None
        if x is None:
            z, kl = noise, noise.new_zeros(len(noise))  # Sec. 2.4
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
        """The network in time. With a picture x (B, C, H, W) it reconstructs, without one it dreams up n."""
        batch = n if x is None else len(x)
        states = (state.repeat(batch, 1) for state in self.first_states)
        state = State(*states, self.first_canvas.repeat(batch, 1, 1, 1))
        for _ in range(self.n_glimpses if glimpses is None else glimpses):
            noise = torch.randn(batch, self.latents, generator=generator, device=self.first_canvas.device)
            state, glimpse = self.step(x, state, noise)
            yield glimpse

    def reconstruction_nll(self, canvas: Tensor, x: Tensor) -> Tensor:
        """-log D(x | c_T) in nats (Eq. 9): (B,)."""
        if self.log_scale is None:
            return bernoulli_nll(canvas, x)
        return discretised_logistic_nll(torch.sigmoid(canvas), self.log_scale, x)

    def bound(self, x: Tensor, *, glimpses: int | None = None, generator: torch.Generator | None = None):
        """L_x and L_z (Eq. 9, 11) in nats, each (B,); their sum bounds -log p(x) from above."""
        L_z = x.new_zeros(len(x))
        for step in self.unroll(x, glimpses=glimpses, generator=generator):
            L_z = L_z + step.kl
        return self.reconstruction_nll(step.canvas, x), L_z

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The variational bound (Eq. 12) of a batch {"image": (B, C, H, W)}, averaged over it."""
        progress = batch.get("progress", 1.0)
        glimpses = next((t for until, t in self.curriculum if progress < until), self.n_glimpses)
        L_x, L_z = self.bound(batch["image"], glimpses=glimpses)
        return {"loss": (L_x + L_z).mean(), "L_x": L_x.mean(), "L_z": L_z.mean()}

    def phases(self) -> list[Phase]:
        return [adam_phase(self, hold_then_fall)]

    @torch.inference_mode()
    def nll(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Upper bound on -log p(x) in nats, from one latent sample a picture: (B, C, H, W) -> (B,)."""
        return sum(self.bound(x, generator=generator))

    @torch.inference_mode()
    def glimpses(
        self, x: Tensor | None = None, *, n: int = 1, generator: torch.Generator | None = None
    ) -> list[Glimpse]:
        """Every step of a reconstruction of x, or of n pictures from the prior."""
        return list(self.unroll(x, n=n, generator=generator))

    def probe(self) -> Tensor:
        """KL of every step and some of the canvas, for a fixed picture and noise: are these the right weights?"""
        x = (torch.arange(math.prod(self.shape)) % 7 > 4).float().view(1, *self.shape)
        steps = self.glimpses(x, generator=torch.Generator().manual_seed(0))
        return torch.cat([step.kl for step in steps] + [steps[-1].canvas.flatten()[::97]])

    @torch.inference_mode()
    def sample(self, n: int, *, generator: torch.Generator | None = None, labels: None = None) -> Tensor:
        """n pictures from the prior, (n, C, H, W) in [0, 1]. DRAW has no labels to ask for."""
        check_sizes(n=n)
        if labels is not None:
            raise ValueError("labels must be None: DRAW is not conditional")
        *_, last = self.unroll(n=n, generator=generator)
        return torch.sigmoid(last.canvas)


# ------------------------------------------------------------------ DRAW as a classifier (Sec. 4.1)


class Look(NamedTuple):
    """One glimpse of the classifier: where it looked, what it saw (B, C, N, N), what it would say (B, classes)."""

    read: Window
    read_patch: Tensor
    probabilities: Tensor


class DrawClassifier(nn.Module):
    """The reading half alone: an LSTM looks at a picture through a few windows and names its class."""

    compiled = "step"

    def __init__(
        self,
        *,
        size: int = 100,
        channels: int = 1,
        read: int = 12,
        units: int = 256,
        glimpses: int = 8,
        classes: int = 10,
        learning_rate: float = 1e-3,
    ):
        super().__init__()
        check_sizes(size=size, channels=channels, read=read, units=units, glimpses=glimpses, classes=classes)
        self.shape, self.patch, self.n_glimpses = (channels, size, size), read, glimpses
        self.learning_rate = learning_rate
        self.place = nn.Linear(units, 5)
        start_inside_the_picture(self.place, size, read)
        self.encoder = nn.LSTMCell(channels * read * read, units)
        self.classify = nn.Linear(units, classes)
        self.first_states = nn.Parameter(torch.zeros(2, units))

    def step(self, x: Tensor, h: Tensor, cell: Tensor) -> tuple[Window, Tensor, Tensor, Tensor]:
        """One glimpse: where it looked, its patch (B, C, N, N), and the LSTM's state after it, (B, units) twice."""
        w = window(self.place(h), size=self.shape[-1], patch=self.patch)
        r = read_window(x, w, self.patch)
        return w, r, *self.encoder(r.flatten(1), (h, cell))

    def unroll(self, x: Tensor) -> Iterator[tuple[Window, Tensor, Tensor]]:
        """Per glimpse: the window, its patch (B, C, N, N) and the state after it (B, units)."""
        h, cell = (state.repeat(len(x), 1) for state in self.first_states)
        for _ in range(self.n_glimpses):
            w, r, h, cell = self.step(x, h, cell)
            yield w, r, h

    def logits(self, x: Tensor) -> Tensor:
        """Class scores after the last glimpse: (B, C, H, W) in [0, 1] -> (B, classes)."""
        *_, (_, _, h) = self.unroll(x)
        return self.classify(h)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy in nats of {"image": (B, C, H, W), "label": (B,)}, and the share of wrong answers."""
        scores = self.logits(batch["image"])
        wrong = (scores.argmax(1) != batch["label"]).float().mean()
        return {"loss": F.cross_entropy(scores, batch["label"]), "error": wrong}

    def phases(self) -> list[Phase]:
        return [adam_phase(self, cosine)]

    @torch.inference_mode()
    def probe(self) -> Tensor:
        """Class scores of a fixed picture: are these the right weights?"""
        x = (torch.arange(math.prod(self.shape)) % 7 > 4).float().view(1, *self.shape)
        return self.logits(x)[0]

    @torch.inference_mode()
    def glimpses(self, x: Tensor) -> list[Look]:
        """Every glimpse at x (B, C, H, W), with the answer the network would give if it were the last."""
        return [Look(w, r, self.classify(h).softmax(1)) for w, r, h in self.unroll(x)]


# ------------------------------------------------------------------ training and measuring


def adam_phase(model: Draw | DrawClassifier, schedule: Callable[[float], float]) -> Phase:
    """Adam on everything, its rate falling to zero; gradients clipped at norm 10."""
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, lr=model.learning_rate, fused=True)
    return Phase("model", parameters, model.loss, optimizer, schedule=schedule, max_norm=10.0)


@torch.inference_mode()
def evaluate_bound(model: Draw, batches: Iterable[Batch]) -> dict[str, float]:
    """Mean of the bound and of its two terms in nats; bits per dimension too for 8-bit pictures."""
    terms = torch.cat([torch.stack(model.bound(batch["image"]), 1) for batch in batches]).double()
    L_x, L_z = terms.mean(0).tolist()
    result = {"nll": L_x + L_z, "L_x": L_x, "L_z": L_z}
    if model.log_scale is not None:
        result["bits_per_dim"] = result["nll"] / math.log(2) / math.prod(model.shape)
    return result | {"n": len(terms)}


@torch.inference_mode()
def evaluate_error(model: DrawClassifier, batches: Iterable[Batch]) -> dict[str, float]:
    """Share of wrong answers in per cent."""
    wrong = torch.cat([model.logits(batch["image"]).argmax(1) != batch["label"] for batch in batches])
    return {"error": 100 * wrong.double().mean().item(), "n": len(wrong)}


MNIST_GLIMPSES = 32  # 64 in the paper; half of them fit a training on two processor cores

RECIPES = {
    "draw-mnist": dict(
        build=Draw,
        # read 2 x 2, write 5 x 5, 256 units, 100 latents: Table 3. 8, then 16, then all glimpses: see above.
        config=dict(read=2, write=5, glimpses=MNIST_GLIMPSES, curriculum=[[0.32, 8], [0.92, 16]]),
        data="mnist-binarised",
        batch_size=64,
        steps=34_000,
        evaluate=evaluate_bound,
        paper="arXiv:1502.04623, Sec. 4.2",
        metric="nll",
        unit="nats",
        reported={"nll": 80.97},
    ),
    "draw-noattention-mnist": dict(
        build=Draw,
        config=dict(read=None, write=None, glimpses=MNIST_GLIMPSES, curriculum=[[0.625, 4], [0.92, 8]]),
        data="mnist-binarised",
        batch_size=64,
        steps=9_600,
        evaluate=evaluate_bound,
        paper="arXiv:1502.04623, Sec. 4.2",
        metric="nll",
        unit="nats",
        reported={"nll": 87.40},
    ),
    "draw-twodigits": dict(
        build=Draw,
        # The paper names no sizes for this figure. 10 x 10 lets five or six glimpses draw a digit.
        config=dict(size=60, read=10, write=10, glimpses=24, curriculum=[[0.11, 8], [0.497, 16]]),
        data="twodigits",
        batch_size=64,
        steps=17_500,
        evaluate=evaluate_bound,
        paper="arXiv:1502.04623, Sec. 4.3",
        metric="nll",
        unit="nats",
    ),
    "draw-cluttered": dict(
        build=DrawClassifier,
        config=dict(size=100, read=12, glimpses=8),
        data="cluttered",
        batch_size=64,
        steps=50_000,
        evaluate=evaluate_error,
        paper="arXiv:1502.04623, Sec. 4.1",
        metric="error",
        unit="% error",
        reported={"error": 3.36},
    ),
    "draw-cifar10": dict(
        build=Draw,
        # 5 x 5 windows, 64 glimpses, 400 units in the paper; wider windows need fewer glimpses.
        config=dict(
            size=32,
            channels=3,
            read=8,
            write=8,
            units=400,
            latents=200,
            glimpses=16,
            levels=256,
            curriculum=[[0.14, 8]],
        ),
        data="cifar10",
        batch_size=64,
        steps=9_000,
        evaluate=evaluate_bound,
        paper="arXiv:1502.04623, Sec. 4.5",
        metric="bits_per_dim",
        unit="bits/dim",
    ),
    "draw-svhn": dict(
        build=Draw,
        # The paper's sizes (Table 3). A recipe for whoever can download SVHN; no weights are shipped.
        config=dict(size=32, channels=3, read=12, write=12, units=800, glimpses=32, levels=256),
        data="svhn",
        batch_size=64,
        steps=100_000,
        evaluate=evaluate_bound,
        paper="arXiv:1502.04623, Sec. 4.4",
        metric="bits_per_dim",
        unit="bits/dim",
    ),
}
