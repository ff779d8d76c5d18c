"""GANs whose critic copies pictures: how badly it does is their energy (EBGAN, BEGAN)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from core.gan.game import GAN, Generator
from core.gan.objectives import code_distance, pulling_away
from core.layers import check_shape, frozen
from core.pairs import colours
from core.recipe import Batch, Phase


class EnergyGAN(GAN):
    """EBGAN: the critic copies pictures, and how badly it does is their energy (Zhao et al. 2016).

    pull: weight of the pulling-away term, which keeps the made pictures' codes apart (Sec. 2.4).
    match: weight of how far their codes are, as a sample, from those of real pictures; see `code_distance`.
    """

    def __init__(self, *arguments: Any, pull: float = 0.0, match: float = 0.0, **named: Any):
        super().__init__(*arguments, **named)
        self.pull, self.match = pull, match

    def energies(self, x: Tensor, code: Tensor, told: Tensor | None = None) -> Tensor:
        """Mean squared error of the copies that codes give, on a scale where pixels lie in [-1, 1]: (B,)."""
        return 4 * (self.copy(code, told) - x).square().flatten(1).mean(1)

    def copy(self, code: Tensor, told: Tensor | None = None) -> Tensor:
        return self.critic.decode(code if told is None else torch.cat((code, told), 1))

    def scores(self, x: Tensor, condition: Tensor | None = None, generator: Generator = None) -> Tensor:
        check_shape(x, self.shape)
        return self.energies(x, self.critic.encode(x, generator), condition)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        told = self.condition(batch)
        fake = self.seen(self.make(self.noise(batch), told), batch)
        with frozen(self.critic):
            code = self.critic.encode(fake, batch.get("generator"))
            energy = self.energies(fake, code, told).mean()  # Eq. 2; BEGAN's L_G
        loss, terms = energy, {}
        if self.pull:
            terms["PT"] = pulling_away(code)
            loss = loss + self.pull * terms["PT"]
        if self.match:
            with torch.no_grad():
                real = self.critic.encode(self.seen(batch["image"], batch), batch.get("generator"))
            terms["distance"] = code_distance(code, real)
            loss = loss + self.match * terms["distance"]
        return {"loss": loss} | ({"energy": energy} | terms if terms else {})

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        """Minus the energy."""
        return -self.scores(x)

    @torch.inference_mode()
    def copies(self, x: Tensor) -> Tensor:
        """The critic's copies, (B, *shape) in [0, 1]."""
        return self.copy(self.critic.encode(x)).clamp(0, 1)


class BEGAN(EnergyGAN):
    """BEGAN: energies of real and made pictures are kept in proportion gamma (Berthelot et al. 2017, Sec. 3.4).

    gamma: diversity; lower copies real pictures better and makes fewer kinds. control: lambda_k, how fast k_t moves.
    eta: 1 for absolute errors, whose best flat copy of a thin stroke is plain black; 2 for squared ones (Eq. 1).
    background: brightness of a picture with nothing on it; errors are then relative to what is on it. Else pictures
    with little on them cost least, and all become those.
    grows: lambda_k comes up from 0, as the square of training's progress. A critic that has not learned to copy must
    not be pushed around; later energies are small, and only a fast k_t keeps one kind of picture from taking over.
    """

    def __init__(
        self,
        *arguments: Any,
        gamma: float = 0.75,
        control: float = 0.001,
        eta: int = 1,
        background: float | None = None,
        grows: bool = False,
        **named: Any,
    ):
        super().__init__(*arguments, **named)
        self.gamma, self.control, self.eta, self.background, self.grows = gamma, control, eta, background, grows
        self.register_buffer("k_t", torch.zeros(()))
        self.change = torch.zeros(())  # of k_t, after the last batch

    def energies(self, x: Tensor, code: Tensor, told: Tensor | None = None) -> Tensor:
        """L(x): mean error of the copies to the power eta, on a scale where pixels lie in [-1, 1]: (B,)."""
        error = self.size(self.copy(code, told) - x)
        return error if self.background is None else error / (self.size(x - self.background) + PLAIN)

    def size(self, difference: Tensor) -> Tensor:
        return (2 * difference).abs().pow(self.eta).flatten(1).mean(1)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        told, generator = self.condition(batch), batch.get("generator")
        with torch.no_grad():
            fake = self.make(self.noise(batch), told)
        L_x, L_G = (self.scores(self.seen(x, batch), told, generator).mean() for x in (batch["image"], fake))
        loss = L_x - self.k_t.clone() * L_G
        balance = (self.gamma * L_x - L_G).detach()
        self.change = self.control * (batch["progress"] ** 2 if self.grows else 1) * balance
        M = L_x.detach() + balance.abs()  # M_global, which falls while the training converges
        return {"loss": loss, "L_x": L_x, "L_G": L_G, "k_t": self.k_t.clone(), "M": M}

    def phases(self) -> list[Phase]:
        critic, generator = super().phases()
        if self.grows:  # with progress, inside the loss
            critic.stage = None
        return [critic, generator]

    @torch.no_grad()
    def after_critic(self) -> None:
        """k_(t+1) = k_t + lambda_k (gamma L(x) - L(G(z))), held in [0, 1] as by the authors."""
        self.k_t.add_(self.change).clamp_(0, 1)


class ColouredBEGAN(BEGAN):
    """BEGAN on things on white, whose generator and critic are told the thing's two colours (core.pairs.colours).

    Left alone, the critic copies everything in grey, as the errors of lines and shapes are far larger than those of
    colours; so nothing asks the generator for any. Told that a shoe is red it paints its copy red, and a grey one has
    become expensive. Both networks say how much of either colour is in a pixel, beside what they add to it. Where
    nobody says which colours, the first six numbers of z do, in such a way that they are as frequent as in the last
    photos: `seen_colours`.
    """

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.register_buffer("seen_colours", torch.zeros(REMEMBERED, TOLD_COLOURS))

    def make(self, z: Tensor, condition: Tensor) -> Tensor:
        return mixed(self.generator(torch.cat((z, condition), 1)), condition)

    def copy(self, code: Tensor, told: Tensor) -> Tensor:
        return mixed(self.critic.decode(torch.cat((code, told), 1)), told)

    def condition(self, batch: Batch) -> Tensor:
        return colours(batch["image"])

    def some_condition(self, z: Tensor) -> Tensor:
        return alike_distributed(z[:, :TOLD_COLOURS], self.seen_colours)

    def scores(self, x: Tensor, condition: Tensor | None = None, generator: Generator = None) -> Tensor:
        return super().scores(x, colours(x) if condition is None else condition, generator)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            new = self.condition(batch)
            self.seen_colours.copy_(torch.cat((self.seen_colours[len(new) :], new)))
        return super().critic_loss(batch)

    @torch.inference_mode()
    def copies(self, x: Tensor) -> Tensor:
        return self.copy(self.critic.encode(x), colours(x)).clamp(0, 1)


def mixed(planes: Tensor, told: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) from what a decoder makes (B, 5, H, W) and is told (B, 6): the last two planes, brought to
    [-1, 1], say how much of either colour goes into each pixel."""
    shares = 2 * planes[:, 3:] - 1
    return planes[:, :3] + 0.5 * torch.einsum("bkhw,bkc->bchw", shares, told.view(-1, 2, 3))


def alike_distributed(z: Tensor, examples: Tensor) -> Tensor:
    """Normal numbers (B, 6) as pairs of colours with the frequencies of examples (n, 6), and continuous in z.

    A Gaussian copula: brightness, red against blue and green against both are each as frequent as in the examples, and
    they go together as they do there. In RGB all three would be brightness again.
    """
    axes = OPPONENT.to(z.device)
    found = (examples.view(-1, 2, 3) @ axes.T).flatten(1).sort(0)
    n = len(examples)
    normal = torch.special.ndtri((found.indices.argsort(0) + 0.5) / n)
    alike = torch.corrcoef(normal.T).lerp(torch.eye(len(axes) * 2, device=z.device), 1e-4)  # also where all are equal
    together = z @ torch.linalg.cholesky(alike).T
    place = torch.special.ndtr(together) * (n - 1)
    below = place.long().clamp(max=n - 2)
    drawn = torch.lerp(found.values.gather(0, below), found.values.gather(0, below + 1), place - below)
    return (drawn.view(-1, 2, 3) @ axes).flatten(1).clamp(-1, 1)


TOLD_COLOURS = 6  # two colours of three numbers
REMEMBERED = 1024  # photos
OPPONENT = F.normalize(torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-0.5, 1.0, -0.5]]), dim=1)
PLAIN = 0.008  # keeps the relative error of a plain picture finite
