"""m-DAN (Nam, Ha and Kim 2017, arXiv:1611.00471, Sec. 3.4) as a recipe: which sentence goes with which photo.

The networks and the loss stand in core/dan.py. Here they are trained on photos and five sentences about each, asked
by pictures and strings, and measured by the share of queries whose right answer is among the first k (R@k).
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from core import vision
from core.dan import Looks, MatchingDual, ranking_loss, without_words
from core.layers import cosine
from core.recipe import Batch, Model, Phase
from core.words import Vocabulary, checked, padded

if TYPE_CHECKING:
    from PIL import Image


class MDAN(MatchingDual, Model):
    """Photos and sentences in one space: similarity(photos, sentences) says how well each pair fits."""

    def __init__(
        self,
        *,
        words: Sequence[str] = (),
        channels: int = 1280,
        units: int = 256,
        steps: int = 2,
        attention: int = 64,
        embedding: int = 200,
        margin: float = 10.0,
        softness: float = 5.0,
        share: float = 0.2,
        lost: float = 0.1,
        learning_rate: float = 4e-3,
    ):
        """margin, softness: of the ranking loss. share, lost: of numbers and of words that fall out in training."""
        self.vocabulary = Vocabulary(words)
        super().__init__(channels, len(self.vocabulary), units, steps, attention, embedding, share)
        self.margin, self.softness, self.lost = margin, softness, lost
        self.learning_rate = learning_rate

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The ranking loss over a batch, with one sentence of each photo's, drawn from the batch's generator."""
        g, features = batch["generator"], batch["features"]
        drawn = (int(torch.randint(len(five), (1,), generator=g, device=g.device)) for five in batch["sentences"])
        chosen = [five[k] for five, k in zip(batch["sentences"], drawn, strict=True)]
        words, lengths = padded(chosen)
        words = without_words(words, lengths, self.lost, g)
        S = self.z_v(features, g) @ self.z_u(words, lengths, g).T
        first = (S.argmax(1) == torch.arange(len(S), device=S.device)).float().mean()
        return {"loss": ranking_loss(S, self.margin, self.softness), "first": first}

    def phases(self) -> list[Phase]:
        parameters = list(self.parameters())
        adam = torch.optim.Adam(parameters, lr=self.learning_rate)
        return [Phase("model", parameters, self.loss, adam, schedule=cosine, max_norm=10.0)]

    @torch.inference_mode()
    def probe(self) -> Tensor:
        """Similarities of two made photos and the vocabulary's first and last words."""
        features = (torch.arange(2 * self.channels * 9) % 11 > 7).float().view(2, self.channels, 3, 3)
        words, lengths = (
            torch.tensor([[1, len(self.vocabulary) - 1], [len(self.vocabulary) // 2, 0]]),
            torch.tensor([2, 1]),
        )
        return (self.z_v(features) @ self.z_u(words, lengths).T).flatten() / self.margin

    # -------------------------------------------------------------- asked by pictures and strings

    def numbered(self, sentences: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Words (B, L) and lengths (B,) of sentences. ValueError where one has no word that the network knows."""
        if isinstance(sentences, str) or not sentences:
            raise ValueError(f"a list of sentences was expected, got {sentences!r}")
        found = [checked(sentence) for sentence in sentences]
        for words in found:
            if len(self.vocabulary.unknown(words)) == len(set(words)):
                raise ValueError(f"none of these words is in the vocabulary: {', '.join(dict.fromkeys(words))}")
        return padded([self.vocabulary.numbers(words) for words in found])

    @torch.inference_mode()
    def similarity(self, photos: "Sequence[Image.Image]", sentences: Sequence[str]) -> np.ndarray:
        """S, higher where a sentence fits a photo better: (photos, sentences). ValueError where nothing can be read."""
        return (self.z_v(vision.features_of(photos)) @ self.z_u(*self.numbered(sentences)).T).numpy()

    @torch.inference_mode()
    def looks(self, photo: "Image.Image", sentence: str) -> Looks:
        """Attention of each step: over the photo (K, h, w) and over the words of the sentence (K, T)."""
        features = vision.features_of([photo])
        visual = torch.cat([seen.alpha for seen in self.photo_steps(features)][1:])
        textual = torch.cat([read.alpha for read in self.sentence_steps(*self.numbered([sentence]))][1:])
        return Looks(visual.unflatten(1, features.shape[2:]), textual)


@torch.inference_mode()
def evaluate_recall(model: MDAN, batches: Iterable[Batch]) -> dict[str, float]:
    """R@1, 5, 10 in per cent: photos that find one of their sentences, and sentences that find their photo."""
    z_v, z_u = [], []
    for batch in batches:
        z_v.append(model.z_v(batch["features"]))
        for five in batch["sentences"]:
            z_u.append(model.z_u(*padded(five)))
    owners = torch.cat([torch.full((len(each),), i) for i, each in enumerate(z_u)])
    return recalls(torch.cat(z_v) @ torch.cat(z_u).T, owners)


def recalls(S: Tensor, owners: Tensor) -> dict[str, float]:
    """S: (photos, sentences). owners: (sentences,), the photo that each tells of. ValueError where S is not finite.

    Of what fits equally well half comes before: the same sentence below two photos is found for both, and where
    everything fits alike nothing is found.
    """
    if not S.isfinite().all():
        raise ValueError("similarities must be finite")
    own = S[owners, torch.arange(len(owners))]
    photo_rank = (own < S).sum(0) + ((own == S).sum(0) - 1) / 2  # of a sentence's photo, from 0
    best = torch.full((len(S),), -torch.inf).scatter_reduce(0, owners, own, "amax")
    others = owners != torch.arange(len(S))[:, None]
    equal = ((best[:, None] == S) & others).sum(1)
    sentence_rank = (best[:, None] < S).sum(1) + equal / 2  # of a photo's best sentence
    found: dict[str, Any] = {}
    for way, ranks in (("photo to sentence", sentence_rank), ("sentence to photo", photo_rank)):
        found |= {f"R@{k}, {way}": 100 * (ranks < k).double().mean().item() for k in (1, 5, 10)}
    found["R@10"] = (found["R@10, photo to sentence"] + found["R@10, sentence to photo"]) / 2
    return found | {"n": len(S)}


RECIPES = {
    "mdan": dict(
        build=MDAN,
        config=dict(units=256, share=0.35, lost=0.2),
        data="flickr8k-captions",
        batch_size=128,
        steps=2_400,
        evaluate=evaluate_recall,
        paper="arXiv:1611.00471, Sec. 3.4",
        metric="R@10",
        unit="% R@10, mean of both ways",
        average=0.998,
    )
}
