"""The network around the layers, its likelihood, and sampling. Symbols: see the chapter's head."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.layers import grid, hold_then_fall
from core.likelihood import check_levels
from core.noise import rand_each, seeded
from core.pixels.layers import ConvBlock, DiagonalBiLSTM, RowLSTM
from core.pixels.masks import MaskedConv, groups
from core.recipe import Batch, Likelihood, Model, Phase, Records, Samples, Shows

LAYERS = {"convolution": ConvBlock, "row": RowLSTM, "diagonal": DiagonalBiLSTM}


class PixelRNN(nn.Module, Model, Samples, Likelihood, Shows, Records):
    """p(x) as a product over pixels, and colours, of p(x_i | all before it) (Eq. 1-2).

    layer: "convolution" (PixelCNN), "row" or "diagonal". depth: how many. kernels: of each layer, how wide its
    convolution is, which is 3 by itself; the diagonal ones have no such choice. filters: h; the maps between layers
    have 2h features. residual: a layer adds to the map below it. skip: every layer speaks to the output, too. head:
    features before the logits. levels: 2 (Bernoulli), or 256 (softmax). conditions: features of a conditioning map, of
    a network that has one (see MultiScale).
    """

    def __init__(
        self,
        *,
        layer: str = "convolution",
        size: int = 28,
        channels: int = 1,
        levels: int = 2,
        depth: int = 7,
        filters: int = 16,
        head: int = 32,
        residual: bool = True,
        skip: bool = False,
        conditions: int = 0,
        kernels: Sequence[int] = (),
        learning_rate: float = 1e-3,
    ):
        super().__init__()
        if layer not in LAYERS:
            raise ValueError(f"layer must be one of {', '.join(LAYERS)}, got {layer!r}")
        if levels not in (2, 256):
            raise ValueError(f"levels must be 2 (binary pixels) or 256 (8-bit pixels), got {levels!r}")
        for name, value in dict(size=size, channels=channels, depth=depth, filters=filters, head=head).items():
            if value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}")
        if kernels and (layer == "diagonal" or len(kernels) != depth):
            raise ValueError(f"kernels must be one for each of the {depth} layers that have any, got {list(kernels)}")
        wide_as = [dict(kernel=kernel) for kernel in kernels] or [{}] * depth
        self.shape, self.levels, self.learning_rate = (channels, size, size), levels, learning_rate
        self.residual = residual
        pixel, wide, last = torch.arange(channels), groups(2 * filters, channels), groups(head, channels)
        answers = pixel.repeat_interleave(1 if levels == 2 else levels)
        self.first = MaskedConv("A", pixel, wide, 4, 7)
        self.layers = nn.ModuleList(LAYERS[layer](filters, channels, conditions=conditions, **how) for how in wide_as)
        self.skips = nn.ModuleList(MaskedConv("B", wide, wide) for _ in range(depth if skip else 0))
        self.head, self.answer = MaskedConv("B", wide, last), MaskedConv("B", last, answers)

    # ---- likelihood

    def condition(self, x: Tensor) -> Tensor | None:
        """The map (B, H, W, conditions) that every layer hears of beside its input. Here there is none."""
        return None

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """The features of each pixel after the first convolution and after each layer: depth + 1 of (B, H, W, 2h)."""
        known, condition = self.first(x.permute(0, 2, 3, 1)), self.condition(x)
        yield known
        for layer in self.layers:
            new = layer(known, condition)
            known = known + new if self.residual else new
            yield known

    def logits(self, x: Tensor) -> Tensor:
        """What is known of each pixel from those before it: (B, C, H, W) in [0, 1] -> (B, 256, C, H, W).

        Binary pixels have one logit, that of being 1: (B, C, H, W).
        """
        if x.shape[1:] != self.shape:
            raise ValueError(f"x must have shape (B, {', '.join(map(str, self.shape))}), got {tuple(x.shape)}")
        known, spoken = x, 0
        for k, known in enumerate(self.maps(x)):
            if k and self.skips:
                spoken = spoken + self.skips[k - 1](known)
        out = self.answer(self.head((spoken if self.skips else known).relu()).relu_())  # (B, H, W, C * K)
        if self.levels == 2:
            return out.permute(0, 3, 1, 2)
        return out.unflatten(-1, (self.shape[0], self.levels)).permute(0, 4, 3, 1, 2)

    def nats(self, x: Tensor) -> Tensor:
        """-log p of every number of a picture: (B, C, H, W) -> (B, C, H, W)."""
        logits = self.logits(x)
        if self.levels == 2:
            return F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        return F.cross_entropy(logits, (x * 255).round().long(), reduction="none")

    def order(self) -> Tensor:
        """The pixels, counted row by row, in the order in which they are drawn: (H * W,)."""
        return torch.arange(self.shape[1] * self.shape[2])

    def before(self, i: int, j: int) -> Tensor:
        """Which pixels are drawn before pixel (i, j), (H, W) of bools."""
        turn = self.order().argsort().view(self.shape[1:])
        return turn < turn[i, j]

    @torch.inference_mode()
    def nll(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """-log p(x) in nats, exactly: (B, C, H, W) -> (B,). ValueError where x holds what is no level: grey has no
        probability under a binary model."""
        check_levels(x, self.levels)
        return self.nats(x).flatten(1).sum(1)

    # ---- sampling

    @torch.inference_mode()
    def steps(
        self,
        n: int,
        *,
        generator: torch.Generator | None = None,
        temperature: float = 1.0,
        given: Tensor | None = None,
        known: Tensor | None = None,
        naive: bool = False,
    ) -> Iterator["Visit | Naive"]:
        """n pictures as they grow, after every pixel; `pictures()` of what comes gives them. Arguments: see `grow`."""
        C, H, W = self.shape
        if n < 1:
            raise ValueError(f"n must be >= 1, got {n}")
        if not 0 <= temperature < float("inf"):
            raise ValueError(f"temperature must be >= 0, got {temperature}")
        if (given is None) != (known is None):
            raise ValueError("given and known belong together: what is known, and where")
        if known is not None and (known.shape != (H, W) or given.shape not in ((n, C, H, W), (1, C, H, W))):
            raise ValueError(f"known must be ({H}, {W}) and given ({n}, {C}, {H}, {W})")
        noise = rand_each(n, C, H, W, generator=generator, device=self.first.weight.device)
        start = torch.zeros_like(noise)
        known = torch.zeros(H, W, dtype=torch.bool) if known is None else known
        if given is not None:
            check_levels(given[..., known], self.levels)
            start[..., known] = given[..., known].to(noise)
        yield from self.visits(start, known, noise, temperature, naive)

    def visits(
        self, start: Tensor, known: Tensor, noise: Tensor, temperature: float, naive: bool
    ) -> Iterator["Visit | Naive"]:
        """Pictures that begin as `start`, after every pixel. start, noise: (n, C, H, W). known: (H, W), what stays."""
        C, H, W = self.shape
        bars = noise.permute(2, 3, 1, 0).contiguous()  # (H, W, C, n)
        if self.levels == 2:
            bars = bar(bars, temperature)
        fixed = known.tolist()
        visit = (Naive if naive else Visit)(self, start)
        for i in range(H):
            for j in range(W):
                for c in range(C):
                    logits = visit.logits(i, j, c)
                    if fixed[i][j]:
                        level = start[:, c, i, j]
                    elif self.levels == 2:
                        level = logits > bars[i, j, c]
                    else:
                        level = chosen(logits, bars[i, j, c], temperature)
                    visit.put(i, j, c, level)
                visit.pixels += 1
                yield visit

    def grow(self, n: int, **how: Any) -> Iterator[Tensor]:
        """n pictures (n, C, H, W) as they grow, after every row; pixels that are still to come and not known are 0.

        Each picture has noise of its own: the first of sixteen is the one that is made alone. temperature: logits are
        divided by it; at 0 the likeliest level is taken. given (n or 1, C, H, W), known (H, W), of bools: pixels that
        stay as they are. naive: ask the whole network again for every pixel, as public versions do; the same pictures.
        """
        for visit in self.steps(n, **how):
            if visit.pixels % visit.shape[2] == 0:
                yield visit.pictures()

    def sample(self, n: int, *, generator: torch.Generator | None = None, temperature: float = 1.0) -> Tensor:
        """n pictures (n, C, H, W) in [0, 1]; see `grow`."""
        *_, last = self.grow(n, generator=generator, temperature=temperature)
        return last

    # ---- training

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": self.nats(batch["image"]).flatten(1).sum(1).mean()}

    def phases(self) -> list[Phase]:
        parameters = list(self.parameters())
        optimizer = torch.optim.Adam(parameters, lr=self.learning_rate, fused=True)
        return [Phase("model", parameters, self.loss, optimizer, schedule=hold_then_fall, max_norm=100.0)]

    def sheet(self, held_out: Batch) -> Tensor:
        """Sixteen samples from the same noise, made on the processor: it is quicker at long chains of small steps."""
        return grid(copy.deepcopy(self).cpu().sample(16, generator=seeded(0, "sheet")))

    @torch.inference_mode()
    def probe(self) -> Tensor:
        """Some logits of a fixed picture."""
        C, H, W = self.shape
        x = (torch.arange(C * H * W) % 7 > 4).float().view(1, C, H, W)
        return self.logits(x).flatten()[::31]


def bar(noise: Tensor, temperature: float) -> Tensor:
    """What the logit of a binary pixel must exceed, so that it is 1 where noise < sigmoid(logit / temperature)."""
    return temperature * noise.logit(eps=1e-7)


def chosen(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """Levels (n,) in [0, 1] drawn with even noise (n,) from logits (n, K)."""
    top = logits.shape[1] - 1
    if temperature < torch.finfo(logits.dtype).tiny:  # it would be rounded to 0
        return logits.argmax(1) / top
    behind = logits - logits.amax(1, keepdim=True)  # 0 at most, so that a small temperature makes no infinity of it
    below = (behind / temperature).softmax(1).cumsum(1)  # the first level whose sum exceeds the noise
    return (below <= noise[:, None]).sum(1).clamp(max=top) / top


class Naive:
    """Sampling as it is written first: the whole network for every pixel, and all of it but one pixel thrown away."""

    def __init__(self, model: PixelRNN, start: Tensor):
        self.model, self.x, self.shape, self.pixels = model, start.clone(), model.shape, 0

    def logits(self, i: int, j: int, c: int) -> Tensor:
        return self.model.logits(self.x)[..., c, i, j]

    def put(self, i: int, j: int, c: int, level: Tensor) -> None:
        self.x[:, c, i, j] = level

    def pictures(self) -> Tensor:
        return self.x.clone()


class Visit:
    """Exact sampling in which every pixel is computed once: each layer keeps what later pixels need of it.

    start: the pictures before the first pixel, (n, C, H, W), with what is known of them. pixels: how many are visited.
    """

    def __init__(self, model: PixelRNN, start: Tensor):
        self.shape, self.residual, self.binary, self.pixels = model.shape, model.residual, model.levels == 2, 0
        self.x = F.pad(start.permute(0, 2, 3, 1), (0, 0, 3, 3, 3, 0))  # as the 4 x 7 kernel needs
        self.first = model.first.seen().permute(2, 3, 1, 0).flatten(0, 2).contiguous()
        condition = model.condition(start)
        self.layers = [layer.walk(len(start), self.shape[2], condition) for layer in model.layers]
        self.skips = [(skip.bias, skip.matrix()) for skip in model.skips]
        self.head, self.answer = model.head.matrix(), model.answer.matrix()
        self.nothing = torch.zeros_like(model.first.bias)
        self.biases = model.first.bias, model.head.bias, model.answer.bias

    def logits(self, i: int, j: int, c: int) -> Tensor:
        """Of colour c of pixel (i, j), from what was put before it: (n,), or (n, 256)."""
        first, head, answer = self.biases
        if j == c == 0:
            for layer in self.layers:
                layer.row()
        x = torch.addmm(first, self.x[:, i : i + 4, j : j + 7].flatten(1), self.first)
        spoken: Tensor | None = None
        for k, layer in enumerate(self.layers):
            x = layer.pixel(j, x, x if self.residual else self.nothing)
            if self.skips:
                bias, matrix = self.skips[k]
                spoken = torch.addmm(bias, x, matrix) if spoken is None else spoken.addmm_(x, matrix).add_(bias)
        x = torch.addmm(head, (x if spoken is None else spoken).relu(), self.head).relu_()
        x = torch.addmm(answer, x, self.answer)
        return x[:, c] if self.binary else x.unflatten(1, (self.shape[0], -1))[:, c]

    def put(self, i: int, j: int, c: int, level: Tensor) -> None:
        self.x[:, i + 3, j + 3, c] = level

    def pictures(self) -> Tensor:
        return self.x[:, 3:, 3:-3].permute(0, 3, 1, 2).contiguous()
