"""A prior with fewer holes: many pages are painted at once, and one is kept that looks like a copy of a real page.

DRAW learns to paint from the latents of its encoder, and dreams from a standard normal. Where that one goes and the
encoder never did, strokes make no digit, and the bound hardly feels it. So once DRAW is trained, a network learns to
tell its copies from its dreams, and the odds r(z) that a page is a copy correct the prior (Aneja et al. 2021,
arXiv:2010.02917):

    p_r(z) = p(z) r(z) / Z        which is q(z), what the encoder makes of all pages, where r = q / p

Here r looks at the last canvas alone. So it is the pages that come to be distributed as copies are, not the latents.

It learns far sooner what to look at where it is told which digits y are on the pages that were copied. It gives each
pair of digits odds of its own, whose sum is r (the energy of a classifier, Grathwohl et al. 2020, arXiv:1912.03263):

    r(z, y) = q(z, y) / p(z)      r(z) = sum over y of r(z, y)      q(y | z) = r(z, y) / r(z)

The prior is drawn from by self-normalised importance sampling: M candidates from p, one of which is kept with a chance
in proportion to r. That is p_r for endlessly many. What M of them give has a bound of its own (Lawson et al. 2019,
arXiv:1910.14265), on which r is trained, with -log q(y | z) beside it; in training M is the batch size plus 1:

    L_z = KL(q(z | x) || p(z)) - log r(z) + log [(r(z) + r(z_2) + ... + r(z_M)) / M]        z ~ q(z | x), z_i ~ p
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.draw.attention import check_sizes
from core.draw.model import Draw, Glimpse
from core.draw.reader import PAIRS, pairs, pooled
from core.noise import each
from core.recipe import Batch


class Choice(NamedTuple):
    """M candidates for one page."""

    z: Tensor  # (M, T, latents)
    pages: Tensor  # (M, C, H, W) in [0, 1]
    log_r: Tensor  # (M,), up to a constant
    kept: int


class ContrastiveDraw(Draw):
    """DRAW whose latents are chosen from several draws of the prior. Only what chooses is trained.

    candidates: M, out of which one is kept. odds_filters: of the first convolution of what chooses.
    """

    def __init__(self, *, candidates: int = 100, odds_filters: int = 16, **draw: Any):
        super().__init__(**draw)
        check_sizes(candidates=candidates, odds_filters=odds_filters)
        if odds_filters % GROUPS:
            raise ValueError(f"odds_filters must be a multiple of {GROUPS}, got {odds_filters}")
        if candidates < 2:
            raise ValueError(f"candidates must be at least 2, got {candidates}: out of one there is no choice")
        self.candidates = candidates
        self.requires_grad_(False)
        self.odds = Odds(self.shape[0], odds_filters)

    def log_odds(self, canvas: Tensor) -> Tensor:
        """log r, up to a constant, of what the latents painted: (B, C, H, W), before the sigmoid -> (B,)."""
        return self.scores(canvas).logsumexp(1)

    def scores(self, canvas: Tensor) -> Tensor:
        """The same with each of PAIRS: (B, C, H, W) -> (B, 55)."""
        return self.odds(torch.sigmoid(canvas)).float()

    def prior(self, n: int, steps: int, generator: torch.Generator | None) -> Tensor:
        choices = self.choices(n, steps=steps, generator=generator)
        return torch.stack([choice.z[choice.kept].clone() for choice in choices])  # a view would hold all candidates

    def choices(
        self, n: int, *, steps: int | None = None, generator: torch.Generator | None = None
    ) -> Iterator[Choice]:
        """How the latents of each of n pages are chosen: with the same generator, those that `unroll` paints."""
        for own in each(n, generator, self.first_canvas.device):
            yield self.choose(self.n_glimpses if steps is None else steps, own)

    @torch.no_grad()
    def choose(self, steps: int, generator: torch.Generator) -> Choice:
        """Candidates for one page. The first of them is what DRAW itself would dream from this generator."""
        place = dict(generator=generator, device=self.first_canvas.device)
        z = torch.stack([torch.randn(steps, self.latents, **place) for _ in range(self.candidates)])
        canvas = self.painted(None, z.transpose(0, 1))
        log_r = self.log_odds(canvas)
        kept = int(torch.multinomial(log_r.softmax(0), 1, generator=generator))
        return Choice(z, torch.sigmoid(canvas), log_r, kept)

    def painted(self, x: Tensor | None, noise: Tensor) -> Tensor:
        """The last canvas of `run`."""
        *_, last = self.run(x, noise)
        return last.canvas

    def bound(self, x: Tensor, *, glimpses: int | None = None, generator: torch.Generator | None = None):
        """As DRAW's, with the L_z of this prior. The candidates beside each z are the same for the whole batch."""
        steps: list[Glimpse] = list(self.unroll(x, glimpses=glimpses, generator=generator))
        L_x, L_z = self.bound_of(x, steps)
        others = self.noise(self.candidates - 1, len(steps), generator).transpose(0, 1)
        log_r, others = self.log_odds(steps[-1].canvas), self.log_odds(self.painted(None, others))
        return L_x, L_z + surprise(log_r, others)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Of pages {"image": (B, C, H, W), "label": (B, 2)}, in nats: what this prior adds to L_z with B dreams beside
        each copy, which is below 0 where it is the better one; and -log q(y | z)."""
        x, generator = batch["image"], batch.get("generator")
        glimpses = self.glimpses_at(batch.get("progress", 1.0))
        noise = torch.randn(glimpses, 2 * len(x), self.latents, generator=generator, device=x.device)
        with torch.no_grad():
            copies, dreams = (self.painted(y, z) for y, z in zip((x, None), noise.chunk(2, 1), strict=True))
        scores, others = self.scores(torch.cat((copies, dreams))).chunk(2)
        added = surprise(scores.logsumexp(1), others.logsumexp(1)).mean()
        pair = F.cross_entropy(scores, pairs(batch["label"]))
        return {"loss": added + pair, "added": added, "pair": pair}

    @torch.inference_mode()
    def probe(self) -> Tensor:
        page = (torch.arange(math.prod(self.shape)) % 7 > 4).float().view(1, *self.shape)
        return torch.cat((super().probe(), self.log_odds(page)))


GROUPS = 4  # each page is normalised by itself: a batch of candidates is unlike one with copies in it


class Odds(nn.Sequential):
    """log r(z, y) of pages (B, C, H, W) in [0, 1]: four convolutions, pooled by mean and by maximum -> (B, 55)."""

    def __init__(self, channels: int, filters: int):
        f = filters
        layers: list[nn.Module] = []
        for convolution in (
            nn.Conv2d(channels, f, 5, 2, 2),
            nn.Conv2d(f, 2 * f, 3, 2, 1),
            nn.Conv2d(2 * f, 4 * f, 3, 1, 1),
            nn.Conv2d(4 * f, 4 * f, 3, 1, 1),  # 25 x 25 pixels
        ):
            layers += [convolution, nn.GroupNorm(GROUPS, convolution.out_channels), nn.LeakyReLU(0.1)]
        super().__init__(*layers)
        self.last = nn.Linear(8 * f, len(PAIRS))

    def forward(self, x: Tensor) -> Tensor:
        *layers, last = self
        for layer in layers:
            x = layer(x)
        return last(pooled(x))


def surprise(log_r: Tensor, others: Tensor) -> Tensor:
    """-log r(z) + log of the mean of r over z and the other candidates: (B,), (M - 1,) -> (B,), in nats."""
    beside = others.expand(len(log_r), -1)
    return torch.cat((log_r[:, None], beside), 1).logsumexp(1) - log_r - math.log(1 + len(others))
