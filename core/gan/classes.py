"""GANs that know classes: the generator is told one, the critic finds it, or both (CGAN, ACGAN, catGAN, SGAN)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from core.gan.game import CLASSES, GAN, Classifies, ToldClass, one_hot
from core.gan.objectives import log_made, log_real
from core.layers import frozen, unmoved
from core.recipe import Batch


class ClassConditionalGAN(GAN, ToldClass):
    """The generator is told the class."""

    def condition(self, batch: Batch) -> Tensor:
        return one_hot(batch["label"])

    def some_condition(self, z: Tensor) -> Tensor:
        """0, 1, 2, ..."""
        return one_hot(torch.arange(len(z), device=z.device) % CLASSES)


class ConditionalGAN(ClassConditionalGAN):
    """CGAN: the critic sees the class too (Mirza and Osindero 2014, Eq. 2)."""

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        """The score under the class that suits it best."""
        label = torch.arange(CLASSES, device=x.device)
        every = self.scores(x.repeat_interleave(CLASSES, 0), one_hot(label.repeat(len(x))))
        return every.view(-1, CLASSES).amax(1)


class AuxiliaryClassifierGAN(ClassConditionalGAN, Classifies):
    """ACGAN: the critic has to find the class, in real ones too (Odena et al. 2016).

    scores: the source's, then K classes'.
    """

    n_classes = CLASSES

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        return self.scores(x)[:, 0]

    @torch.inference_mode()
    def classes(self, x: Tensor) -> Tensor:
        """p(y | x): (B, *shape) -> (B, K)."""
        return self.scores(x)[:, 1:].softmax(1)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        label, generator = batch["label"], batch.get("generator")
        with torch.no_grad():
            fake = self.make(self.noise(batch), self.condition(batch))
        on_real = self.scores(self.seen(batch["image"], batch), generator=generator)
        with unmoved(self.critic):
            on_fake = self.scores(self.seen(fake, batch), generator=generator)
        L_S = self.rule.objective.critic(on_real[:, 0], on_fake[:, 0])  # -L_S of the paper's Eq. 2
        L_C = F.cross_entropy(on_real[:, 1:], label) + F.cross_entropy(on_fake[:, 1:], label)  # -L_C of Eq. 3
        return {"loss": L_S + L_C, "L_S": L_S, "L_C": L_C}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.make(self.noise(batch), self.condition(batch))
        with frozen(self.critic):
            on_fake = self.scores(self.seen(fake, batch), generator=batch.get("generator"))
        L_S = self.rule.objective.generator(on_fake[:, 0])
        L_C = F.cross_entropy(on_fake[:, 1:], batch["label"])
        return {"loss": L_S + L_C, "L_S": L_S, "L_C": L_C}


class ClassGAN(GAN, Classifies):
    """catGAN and SGAN: the critic's output is a class. A few labelled pictures may come with each batch.

    one_more: SGAN's last class is that of made pictures.
    """

    def __init__(self, *arguments: Any, one_more: bool = False, **named: Any):
        super().__init__(*arguments, **named)
        self.one_more, self.n_classes = one_more, self.rule.outputs - one_more

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        terms = super().critic_loss(batch)
        if "labelled" in batch:
            with unmoved(self.critic):
                labelled = self.seen(batch["labelled"], batch)
                known = self.scores(labelled, generator=batch.get("generator"))[:, :CLASSES]

            terms["L_labelled"] = F.cross_entropy(known, batch["labelled_label"])
            terms["loss"] = terms["loss"] + terms["L_labelled"]
        return terms

    @torch.inference_mode()
    def classes(self, x: Tensor) -> Tensor:
        """p(y | x), and for SGAN last the class of made pictures: (B, *shape) -> (B, K)."""
        return self.scores(x).softmax(1)

    @torch.inference_mode()
    def realness(self, x: Tensor) -> Tensor:
        """SGAN: the logit of "not made". catGAN, which knows real ones by being sure: minus the entropy."""
        logits = self.scores(x)
        if self.one_more:
            return log_real(logits) - log_made(logits)
        return (logits.softmax(1) * logits.log_softmax(1)).sum(1)
