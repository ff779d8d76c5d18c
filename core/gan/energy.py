"""GANs whose critic copies pictures: how badly it does is their energy (EBGAN, BEGAN)."""

from typing import Any

import torch
from torch import Tensor

from core.gan.game import GAN, Generator
from core.gan.objectives import code_distance, pulling_away
from core.layers import check_shape, frozen
from core.recipe import Batch, Phase


class EnergyGAN(GAN):
    """EBGAN: the critic copies pictures, and how badly it does is their energy (Zhao et al. 2016).

    pull: weight of the pulling-away term, which keeps the made pictures' codes apart (Sec. 2.4).
    match: weight of how far their codes are, as a sample, from those of real pictures; see `code_distance`.
    """

    def __init__(self, *arguments: Any, pull: float = 0.0, match: float = 0.0, **named: Any):
        super().__init__(*arguments, **named)
        self.pull, self.match = pull, match

    def energies(self, x: Tensor, code: Tensor) -> Tensor:
        """Mean squared error of the copies that codes give, on a scale where pixels lie in [-1, 1]: (B,)."""
        copy = self.critic.decode(code)
        return 4 * (copy - x).square().flatten(1).mean(1)

    def scores(self, x: Tensor, condition: Tensor | None = None, generator: Generator = None) -> Tensor:
        check_shape(x, self.shape)
        return self.energies(x, self.critic.encode(x, generator))

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.seen(self.make(self.noise(batch)), batch)
        with frozen(self.critic):
            code = self.critic.encode(fake, batch.get("generator"))
            energy = self.energies(fake, code).mean()  # Eq. 2; BEGAN's L_G
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
        return self.critic(x).clamp(0, 1)


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

    def energies(self, x: Tensor, code: Tensor) -> Tensor:
        """L(x): mean error of the copies to the power eta, on a scale where pixels lie in [-1, 1]: (B,)."""
        error = self.size(self.critic.decode(code) - x)
        return error if self.background is None else error / (self.size(x - self.background) + PLAIN)

    def size(self, difference: Tensor) -> Tensor:
        return (2 * difference).abs().pow(self.eta).flatten(1).mean(1)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        generator = batch.get("generator")
        with torch.no_grad():
            fake = self.make(self.noise(batch))
        L_x, L_G = (self.scores(self.seen(x, batch), generator=generator).mean() for x in (batch["image"], fake))
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


PLAIN = 0.008  # keeps the relative error of a plain picture finite
