"""Dual attention networks (Nam, Ha and Kim 2017, arXiv:1611.00471): a photo and words, looked at in K steps.

At each step a network attends to some parts of the photo and to some words, guided by a memory of the steps before.
r-DAN (reasoning) keeps one memory of both and answers a question from it. m-DAN (matching) keeps two and never mixes
them, so that photos and sentences can be compared by their inner product, each embedded once.

    v_n (B, N, C)        features of the photo's parts, of a frozen network (core/vision.py)
    u_t (B, T, d)        features of the words: both directions of an LSTM, added up
    m, m_v, m_u (B, d)   memories: joint, of the photo, of the words
    alpha_v, alpha_u     attention over parts (B, N) and over words (B, T); each sums to 1
    v^(k), u^(k) (B, d)  what was seen and read at step k; k = 0 has no attention yet, only means

Differences from the paper: the features are those of EfficientNet-Lite2 in the place of VGG's or ResNet-152's; words
fall out at random in training; m-DAN standardises the features, and its loss is a soft maximum over a batch.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from core.noise import dropout
from core.words import PADDING, UNKNOWN

Noise = torch.Generator | None  # with one, a share of the numbers falls out, as in training


class Looks(NamedTuple):
    """Where a network looked: attention over the photo's map (B, K, h, w) and over the words (B, K, T)."""

    visual: Tensor
    textual: Tensor


def thinned(x: Tensor, share: float, generator: Noise) -> Tensor:
    """Dropout, where there is a generator."""
    return x if generator is None or not share else dropout(x, share, generator)


# ------------------------------------------------------------------ the boxes of the paper's Figure 1


class Words(nn.Module):
    """A bidirectional LSTM: u_t is the sum of its states in both directions (Sec. 3.1)."""

    def __init__(self, vocabulary: int, units: int, embedding: int):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, embedding, padding_idx=PADDING)
        nn.init.normal_(self.embed.weight, std=0.3)
        self.read = nn.LSTM(embedding, units, batch_first=True, bidirectional=True)

    def forward(
        self, words: Tensor, lengths: Tensor, share: float = 0.0, generator: Noise = None
    ) -> tuple[Tensor, Tensor]:
        """words (B, L), lengths (B,) -> u (B, L, units) and which words are there (B, L), whatever the padding holds.

        share: of the numbers of each word's embedding that fall out, where there is a generator.
        """
        if words.ndim != 2 or lengths.shape != words.shape[:1] or lengths.min() < 1:
            raise ValueError("words (B, L) and lengths (B,), each at least 1, were expected")
        if lengths.max() > words.shape[1]:
            raise ValueError(f"a sentence is said to have {lengths.max()} words, but there are {words.shape[1]}")
        x = thinned(self.embed(words), share, generator)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        both, _ = pad_packed_sequence(self.read(packed)[0], batch_first=True, total_length=words.shape[1])
        there = torch.arange(words.shape[1], device=words.device) < lengths.to(words.device)[:, None]
        return both.unflatten(2, (2, -1)).sum(2), there


class Attention(nn.Module):
    """Which parts x_n matter, given a memory: alpha = softmax_n(W_h (tanh(W x_n) * tanh(W_m m)))  (Eq. 4-5, 7-8)."""

    def __init__(self, parts: int, memory: int, units: int):
        super().__init__()
        self.W, self.W_m = nn.Linear(parts, units), nn.Linear(memory, units)
        self.W_h = nn.Linear(units, 1, bias=False)  # a bias would change nothing: alpha sums to 1

    def forward(self, x: Tensor, m: Tensor, there: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x (B, N, parts), m (B, memory) -> sum_n alpha_n x_n (B, parts) and alpha (B, N), 0 where nothing is there."""
        h = torch.tanh(self.W(x)) * torch.tanh(self.W_m(m))[:, None]
        scores = self.W_h(h)[..., 0]
        if there is not None:
            scores = scores.masked_fill(~there, -torch.inf)
        alpha = scores.softmax(1)
        return torch.einsum("bn,bnc->bc", alpha, x), alpha


def mean_of(x: Tensor, there: Tensor) -> Tensor:
    """Mean over the words that are there: (B, T, d), (B, T) -> (B, d)."""
    return (x * there[..., None]).sum(1) / there.sum(1, keepdim=True)


def parts_of(features: Tensor) -> Tensor:
    """A map as its parts, row by row: (B, C, h, w) -> (B, N, C), in single precision."""
    if features.ndim != 4:
        raise ValueError(f"features (B, C, h, w) were expected, got {tuple(features.shape)}")
    return features.flatten(2).transpose(1, 2).contiguous().float()  # copied while they are small: twice as fast


class Seen(NamedTuple):
    """What one step took in: v or u (B, d), and its attention (B, N)."""

    vector: Tensor
    alpha: Tensor


class Dual(nn.Module):
    """What r-DAN and m-DAN share: the words' network, and K steps of attention to photo and words."""

    def __init__(
        self, channels: int, vocabulary: int, units: int, steps: int, attention: int, embedding: int, share: float
    ):
        """vocabulary: numbers of words, with 0 for padding. share: of what falls out where a generator is given."""
        super().__init__()
        for name, value in dict(channels=channels, units=units, steps=steps, attention=attention).items():
            if value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}")
        self.channels, self.steps, self.share = channels, steps, share
        self.words = Words(vocabulary, units, embedding)
        self.visual = nn.ModuleList(Attention(channels, units, attention) for _ in range(steps))
        self.textual = nn.ModuleList(Attention(units, units, attention) for _ in range(steps))
        self.P = nn.ModuleList(nn.Linear(channels, units) for _ in range(steps + 1))  # into the words' space

    def first_seen(self, v: Tensor, generator: Noise = None) -> Tensor:
        """v^(0) = tanh(P^(0) mean_n v_n)  (Eq. 10)."""
        return torch.tanh(self.P[0](thinned(v.mean(1), self.share, generator)))

    def see(self, k: int, v: Tensor, m: Tensor, generator: Noise = None) -> Seen:
        """v^(k) = tanh(P^(k) sum_n alpha_n v_n), k = 1 ... K  (Eq. 3): the tanh comes after the sum."""
        context, alpha = self.visual[k - 1](v, m)
        return Seen(torch.tanh(self.P[k](thinned(context, self.share, generator))), alpha)

    def read(self, k: int, u: Tensor, there: Tensor, m: Tensor) -> Seen:
        """u^(k) = sum_t alpha_t u_t, k = 1 ... K  (Eq. 6)."""
        return Seen(*self.textual[k - 1](u, m, there))


# ------------------------------------------------------------------ r-DAN


class RDAN(Dual):
    """Reasoning: one memory m^(k) = m^(k-1) + v^(k) * u^(k), and the answer from the last one (Sec. 3.3)."""

    def __init__(
        self,
        channels: int,
        vocabulary: int,
        answers: int,
        *,
        units: int = 512,
        steps: int = 2,
        attention: int = 256,
        embedding: int = 300,
        share: float = 0.0,
    ):
        super().__init__(channels, vocabulary, units, steps, attention, embedding, share)
        self.W_ans = nn.Linear(units, answers)

    def unroll(
        self, features: Tensor, words: Tensor, lengths: Tensor, generator: Noise = None
    ) -> Iterator[tuple[Tensor, Tensor | None, Tensor | None]]:
        """The memory m^(k) (B, d) and both attentions, for k = 0 (where there is none) ... K  (Eq. 11-12)."""
        v = parts_of(features)
        u, there = self.words(words, lengths, self.share, generator)
        m = self.first_seen(v, generator) * mean_of(u, there)
        yield m, None, None
        for k in range(1, self.steps + 1):
            seen, read = self.see(k, v, m, generator), self.read(k, u, there, m)
            m = m + seen.vector * read.vector
            yield m, seen.alpha, read.alpha

    def forward(self, features: Tensor, words: Tensor, lengths: Tensor, generator: Noise = None) -> Tensor:
        """features (B, C, h, w), words (B, L), lengths (B,) -> scores of the answers (B, A); their softmax is p."""
        *_, (m, _, _) = self.unroll(features, words, lengths, generator)
        return self.W_ans(thinned(m, self.share, generator))  # Eq. 13

    @torch.no_grad()
    def looks(self, features: Tensor, words: Tensor, lengths: Tensor) -> Looks:
        """Where it looks at each step, and which words it weighs: (B, K, h, w) and (B, K, L)."""
        _, *steps = self.unroll(features, words, lengths)
        visual, textual = (torch.stack([step[i] for step in steps], 1) for i in (1, 2))
        return Looks(visual.unflatten(2, features.shape[2:]), textual)


# ------------------------------------------------------------------ m-DAN


class MatchingDual(Dual):
    """Matching: a memory for each, m_v^(k) = m_v^(k-1) + v^(k) and m_u^(k) = m_u^(k-1) + u^(k) (Sec. 3.4)."""

    def __init__(self, channels: int, *arguments: Any, **named: Any):
        super().__init__(channels, *arguments, **named)
        self.standard = nn.BatchNorm1d(channels, affine=False, momentum=0.05)  # each channel with mean 0, variance 1

    def photo_steps(self, features: Tensor, generator: Noise = None) -> Iterator[Seen]:
        """v^(k) and its attention for k = 0 (over all parts alike) ... K."""
        v = parts_of(features)
        v = self.standard(v.flatten(0, 1)).view_as(v)
        m = self.first_seen(v, generator)
        yield Seen(m, torch.full_like(v[..., 0], 1 / v.shape[1]))
        for k in range(1, self.steps + 1):
            seen = self.see(k, v, m, generator)
            m = m + seen.vector
            yield seen

    def sentence_steps(self, words: Tensor, lengths: Tensor, generator: Noise = None) -> Iterator[Seen]:
        """u^(k) and its attention for k = 0 (over all words alike) ... K."""
        u, there = self.words(words, lengths, self.share, generator)
        m = mean_of(u, there)
        yield Seen(m, there / there.sum(1, keepdim=True))
        for k in range(1, self.steps + 1):
            read = self.read(k, u, there, m)
            m = m + read.vector
            yield read

    def z_v(self, features: Tensor, generator: Noise = None) -> Tensor:
        """Photos (B, C, h, w) -> [v^(0); ...; v^(K)] (B, (K + 1) d)  (Eq. 18)."""
        return torch.cat([seen.vector for seen in self.photo_steps(features, generator)], 1)

    def z_u(self, words: Tensor, lengths: Tensor, generator: Noise = None) -> Tensor:
        """Sentences (B, L), (B,) -> [u^(0); ...; u^(K)] (B, (K + 1) d). S = z_v . z_u = sum_k v^(k) . u^(k)."""
        return torch.cat([read.vector for read in self.sentence_steps(words, lengths, generator)], 1)


def ranking_loss(S: Tensor, margin: float, softness: float) -> Tensor:
    """The bidirectional ranking loss (Eq. 17): a pair's S is to beat those with wrong sentences and photos by `margin`.

    S: (B, B), photos by sentences, the pairs on its diagonal. The paper adds up what the wrong ones cost, max(0, c_j)
    with c_j = margin - S_ii + S_ij. Here it is their soft maximum, softness * log(1 + sum_j exp(c_j / softness)): close
    to the hardest one where that stands out, and else shared among all that are nearly as hard. Mean over pairs, both
    ways added.
    """
    costs = (margin - S.diagonal()[:, None] + torch.stack((S, S.T))) / softness  # wrong sentences, wrong photos
    own = torch.eye(len(S), dtype=torch.bool, device=S.device)
    return softness * costs.masked_fill(own, 0).logsumexp(2).mean(1).sum()


def without_words(words: Tensor, lengths: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Each word (B, L) becomes the unknown one with probability `share`."""
    lost = torch.rand(words.shape, generator=generator, device=words.device) < share
    there = torch.arange(words.shape[1], device=words.device) < lengths.to(words.device)[:, None]
    return torch.where(lost & there, UNKNOWN, words)
