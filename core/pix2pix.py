"""pix2pix: Image-to-Image Translation with Conditional Adversarial Networks (Isola et al. 2016, arXiv:1611.07004).

A generator turns a picture x (a sketch, a map of labels) into a photo y. Two things teach it. L1 says how far
each pixel is from the real photo's; alone it would paint the average of all photos that fit, which is a blur.
A discriminator, which sees x and one patch at a time, says whether the patch looks real; alone it would not
care which photo it is. Skip connections carry the lines of x around the bottleneck, straight to the output.

    symbol        here                      meaning
    x             x                         what goes in, (B, inputs, H, W) in [0, 1]
    y             y                         the photo, (B, 3, H, W) in [0, 1]
    z             dropout                   the noise: half of the units of three decoder layers are dropped
    G             generator                 "unet" with skips i <-> n - i, or "encoder-decoder" without them
    D             discriminator             one logit a patch, (B, 1, h, w); sees x too, but not for "gan"
    lambda        weight                    of L1 against the adversarial term
    Ck, CDk       filters * 1, 2, 4, 8      convolution, norm, ReLU with k filters; CDk with dropout

Differences from the paper
- Half of the filters or fewer, a quarter in D, and 128 x 128 pixels: the sizes that train on two processor cores.
- At test time G's norms use the averages of training, and dropout is off unless asked for. In the paper both are as in
  training; then a picture depends on the others in its batch, and the same sketch never gives the same photo.
- D norms over each picture alone, which is what the paper's batch norm is at its batch size of 1.
- The photos that D sees in training get noise that fades away. Without it D was sure of nearly every patch, by
  something that taught G little: perhaps a white that is not quite white.
- What is shipped is the running average of G's weights over the last thousand steps or so: slightly fewer specks.
"""

import math
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from core.features import features, kid
from core.layers import frozen, grid, hold_then_fall
from core.noise import randn_like
from core.pairs import LABELS, nearest_label
from core.recipe import Averages, Batch, Folds, Model, Phase, Shows, Translates

OBJECTIVES = ("l1", "gan", "cgan", "l1+gan", "l1+cgan")  # Table 1
GENERATORS = ("unet", "encoder-decoder")  # Table 2
# Receptive field -> kernel and stride of every layer but the last two, which have stride 1 (Sec. 6.1.2).
PATCHES = {1: [(1, 1)], 16: [(4, 2)], 70: [(4, 2)] * 3, 286: [(4, 2)] * 5}


def initialise(module: nn.Module) -> None:
    """Gaussian(0, 0.02) weights (Sec. 6.2); the scale of a norm around 1."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if getattr(module, "bias", None) is not None:
        nn.init.zeros_(module.bias)


def drop_half(h: Tensor, generator: torch.Generator | None) -> Tensor:
    """Dropout at 0.5, its mask drawn from `generator`, or from torch's global one."""
    mask = torch.rand(h.shape, generator=generator, device=h.device) < 0.5
    return h * mask * 2


# ------------------------------------------------------------------ the generators (Sec. 3.2.1, 6.1.1)


class Down(nn.Module):
    """Ck of the encoder: LeakyReLU, convolution to half the size, norm. The first has neither ReLU nor norm."""

    def __init__(self, before: int, after: int, *, first: bool = False, norm: bool = True):
        super().__init__()
        self.first = first
        self.conv = nn.Conv2d(before, after, 4, 2, 1, bias=not norm)
        self.norm = nn.BatchNorm2d(after) if norm else nn.Identity()

    def forward(self, h: Tensor) -> Tensor:
        return self.norm(self.conv(h if self.first else F.leaky_relu(h, 0.2)))


class Up(nn.Module):
    """Ck of the decoder: ReLU, convolution to twice the size, norm. CDk where `noisy`."""

    def __init__(self, before: int, after: int, *, norm: bool = True, noisy: bool = False):
        super().__init__()
        self.noisy = noisy
        self.conv = nn.ConvTranspose2d(before, after, 4, 2, 1, bias=not norm)
        self.norm = nn.BatchNorm2d(after) if norm else nn.Identity()

    def forward(self, h: Tensor, drop: bool, generator: torch.Generator | None) -> Tensor:
        h = self.norm(self.conv(F.relu(h)))
        return drop_half(h, generator) if self.noisy and drop else h


class Generator(nn.Module):
    """U-Net, or the same layers without skips: (B, inputs, S, S) -> (B, outputs, S, S) logits."""

    def __init__(self, *, size: int, inputs: int, outputs: int, filters: int, skips: bool):
        super().__init__()
        levels = size.bit_length() - 1  # halved until one pixel is left
        widths = [filters * min(2**i, 8) for i in range(levels)]  # C64-C128-C256-C512-C512-...
        self.skips = skips
        self.down = nn.ModuleList(
            Down(before, after, first=i == 0, norm=0 < i < levels - 1)  # one pixel has no variance to norm by
            for i, (before, after) in enumerate(zip([inputs, *widths], widths, strict=False))
        )
        before = [widths[-1]] + [w * (2 if skips else 1) for w in widths[-2::-1]]
        after = [*widths[-2::-1], outputs]
        self.up = nn.ModuleList(
            Up(b, a, norm=i < levels - 1, noisy=i < 3) for i, (b, a) in enumerate(zip(before, after, strict=True))
        )

    def forward(self, x: Tensor, *, drop: bool = False, generator: torch.Generator | None = None) -> Tensor:
        h, kept = 2 * x - 1, []
        for layer in self.down:
            h = layer(h)
            kept.append(h)  # (B, widths[i], S / 2^(i + 1), ...)
        kept.pop()
        for i, layer in enumerate(self.up):
            if self.skips and i > 0:
                h = torch.cat((h, kept[-i]), 1)  # layer i of the encoder meets layer n - i of the decoder
            h = layer(h, drop, generator)
        return h


# ------------------------------------------------------------------ the discriminator (Sec. 3.2.2, 6.1.2)


class PatchDiscriminator(nn.Module):
    """Is each patch of `patch` x `patch` pixels real? (B, inputs, S, S) -> (B, 1, h, w) logits."""

    def __init__(self, *, inputs: int, patch: int, filters: int):
        super().__init__()
        kernel, padding = (1, 0) if patch == 1 else (4, 1)
        self.sizes = [*PATCHES[patch], (kernel, 1), (kernel, 1)]
        widths = [filters * min(2**i, 8) for i in range(len(self.sizes) - 1)]
        layers: list[nn.Module] = []
        for i, ((k, stride), before, after) in enumerate(zip(self.sizes, [inputs, *widths], [*widths, 1], strict=True)):
            norm = 0 < i < len(self.sizes) - 1
            layers.append(nn.Conv2d(before, after, k, stride, padding, bias=not norm))
            # Over each picture alone: D sees real and made ones in turn, and one average of both would fit neither.
            layers += [nn.InstanceNorm2d(after, affine=True)] if norm else []
            layers += [nn.LeakyReLU(0.2)] if i < len(self.sizes) - 1 else []
        self.layers = nn.Sequential(*layers)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers(2 * pictures - 1)

    @property
    def receptive_field(self) -> int:
        """Side in pixels of what one logit sees: r <- (r - 1) * stride + kernel, from the last layer to the first."""
        r = 1
        for kernel, stride in reversed(self.sizes):
            r = (r - 1) * stride + kernel
        return r


# ------------------------------------------------------------------ the model


class Pix2Pix(nn.Module, Model, Translates, Shows, Averages, Folds):
    """A generator, and where the objective has an adversarial term, its discriminator.

    size: of the pictures, a power of 2. inputs: channels of x. filters, critic_filters: of the first layers of G and D.
    patch: receptive field of the discriminator.
    objective: one of OBJECTIVES; "gan" hides x from the discriminator. weight: lambda.
    noise: standard deviation of what is laid over the photos that D sees, at the start of training.
    """

    def __init__(
        self,
        *,
        size: int = 128,
        inputs: int = 1,
        filters: int = 32,
        critic_filters: int = 16,
        generator: str = "unet",
        patch: int = 70,
        objective: str = "l1+cgan",
        weight: float = 100.0,
        noise: float = 0.1,
        learning_rate: float = 2e-4,
    ):
        super().__init__()
        if size < 16 or size & (size - 1):
            raise ValueError(f"size must be a power of 2, 16 or more, got {size!r}")
        for name, value, known in [
            ("generator", generator, GENERATORS),
            ("objective", objective, OBJECTIVES),
            ("patch", patch, PATCHES),
        ]:
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(map(str, known))}, got {value!r}")
        self.shape, self.inputs = (3, size, size), inputs
        self.weight, self.noise, self.learning_rate = weight, noise, learning_rate
        self.by_l1 = "l1" in objective
        self.sees_x = "cgan" in objective
        self.generator = Generator(size=size, inputs=inputs, outputs=3, filters=filters, skips=generator == "unet")
        self.discriminator = None
        if "gan" in objective:
            seen = 3 + (inputs if self.sees_x else 0)
            self.discriminator = PatchDiscriminator(inputs=seen, patch=patch, filters=critic_filters)
        self.apply(initialise)
        self.shared: tuple[Tensor, Tensor] | None = None  # x and G(x, z) of D's turn, until G's turn with that x

    def photo(self, x: Tensor, *, drop: bool, generator: torch.Generator | None = None) -> Tensor:
        """G(x, z) in [0, 1]."""
        return squashed(self.generator(x, drop=drop, generator=generator))

    def verdict(self, x: Tensor, y: Tensor) -> Tensor:
        """D's logits (B, 1, h, w) for the pair, or for the photo alone where the objective is without "c"."""
        if self.discriminator is None:
            raise ValueError("this model was trained by L1 alone and has no discriminator")
        return self.discriminator(torch.cat((x, y), 1) if self.sees_x else y)

    def blurred(self, photo: Tensor, batch: Batch) -> Tensor:
        """The photo with noise that fades in the course of training (Sonderby et al. 2016, arXiv:1610.04490)."""
        return photo + self.noise * (1 - batch["progress"]) * randn_like(photo, batch.get("generator"))

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 1 or 2 for D, halved (Sec. 3.3) so that it learns more slowly than G."""
        x, y = batch["x"], batch["y"]
        self.shared = x, self.photo(x, drop=True, generator=batch.get("generator"))
        real, made = (self.verdict(x, self.blurred(photo, batch)) for photo in (y, self.shared[1].detach()))
        D_real = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
        D_fake = F.binary_cross_entropy_with_logits(made, torch.zeros_like(made))
        return {"loss": 0.5 * (D_real + D_fake), "D_real": D_real, "D_fake": D_fake}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 4, with log D(x, G(x, z)) maximised instead of log(1 - D(x, G(x, z))) minimised (Sec. 3.3)."""
        x, y = batch["x"], batch["y"]
        kept, self.shared = self.shared, None  # D's turn left G as it was: its photos still stand, and save a sixth
        made = kept[1] if kept and kept[0] is x else self.photo(x, drop=True, generator=batch.get("generator"))
        # The paper's pixels lie in [-1, 1], where distances are twice as large as here.
        terms = {"L1": 2 * F.l1_loss(made, y)}
        loss = self.weight * terms["L1"] if self.by_l1 else torch.zeros(())
        if self.discriminator is not None:
            with frozen(self.discriminator):
                logits = self.verdict(x, self.blurred(made, batch))
            terms["G_gan"] = F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
            loss = loss + terms["G_gan"]
        return {"loss": loss} | terms

    def phases(self) -> list[Phase]:
        """D's turn, then G's; trained by L1 alone there is no D."""
        players = [("G", self.generator, self.generator_loss)]
        if self.discriminator is not None:
            players.insert(0, ("D", self.discriminator, self.discriminator_loss))
        found = []
        for name, player, loss in players:
            parameters = list(player.parameters())
            adam = torch.optim.Adam(parameters, lr=self.learning_rate, betas=(0.5, 0.999), fused=True)
            found.append(Phase(name, parameters, loss, adam, schedule=hold_then_fall))
        return found

    def averaged(self) -> nn.Module:
        """G: its running average makes slightly fewer specks."""
        return self.generator

    def sheet(self, held_out: Batch) -> Tensor:
        """Photos of the first held-out drawings: four, or sixteen small ones."""
        n = 4 if self.shape[-1] > 64 else 16
        return grid(self.translate(held_out["x"][:n].to(next(self.parameters()).device)))

    def fold(self) -> None:
        """Merge G's norms into its convolutions, for good: the same photos, sooner. After it there is no training."""
        for layer in (*self.generator.down, *self.generator.up):
            if isinstance(layer.norm, nn.BatchNorm2d):
                layer.conv = fuse_conv_bn_eval(layer.conv, layer.norm, transpose=isinstance(layer, Up))
                layer.norm = nn.Identity()
        self.generator.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def translate(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Sketches or label colours (B, inputs, S, S) -> photos (B, 3, S, S), all in [0, 1].

        The same x gives the same photo, whatever else is in the batch; with a generator, dropout is the noise z.
        Raises ValueError where x has another size.
        """
        check_input(x, self.inputs, self.shape[-1])
        return squashed(self.generator(x, drop=generator is not None, generator=generator))

    @torch.inference_mode()
    def judge(self, x: Tensor, y: Tensor) -> Tensor:
        """Probability that each patch of y is real, (B, 1, h, w). ValueError where the model has no discriminator."""
        check_pair(x, y, self.inputs, self.shape[-1])
        return torch.sigmoid(self.verdict(x, y))

    def probe(self) -> Tensor:
        """Some pixels of a fixed input's photo, and some verdicts on it: are these the right weights?"""
        size = self.shape[-1]
        grid = torch.arange(size)
        x = ((grid[:, None] // 9 + grid[None] // 7) % 3 == 0).float().expand(1, self.inputs, size, size)
        y = self.translate(x)
        told = y.flatten()[:: y.numel() // 61]
        return told if self.discriminator is None else torch.cat((told, self.judge(x, y).flatten()[:9]))


def squashed(logits: Tensor) -> Tensor:
    """The paper's Tanh; on a scale of [0, 1] it is a sigmoid of twice its argument."""
    return torch.sigmoid(2 * logits)


def check_pair(x: Tensor, y: Tensor, inputs: int, size: int) -> None:
    check_input(x, inputs, size)
    if y.shape != (len(x), 3, size, size):
        raise ValueError(f"y must have shape ({len(x)}, 3, {size}, {size}), got {tuple(y.shape)}")


def check_input(x: Tensor, inputs: int, size: int) -> None:
    if x.ndim != 4 or x.shape[1:] != (inputs, size, size):
        raise ValueError(f"x must have shape (B, {inputs}, {size}, {size}), got {tuple(x.shape)}")


# ------------------------------------------------------------------ a judge: labels from photos (Sec. 4.1)


class Labeller(nn.Module, Model):
    """Finds the twelve labels in a photo of a facade. Trained on real photos, it tells how real made ones are.

    The paper's FCN score, with a U-Net of our own in the place of the FCN: where a made photo looks like what it
    was made from, a network that knows real photos finds the labels again.
    """

    def __init__(self, *, size: int = 128, filters: int = 16, learning_rate: float = 1e-3):
        super().__init__()
        self.shape, self.learning_rate = (3, size, size), learning_rate
        self.network = Generator(size=size, inputs=3, outputs=len(LABELS), filters=filters, skips=True)
        self.apply(initialise)

    def scores(self, y: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Photos (B, 3, S, S) in [0, 1] -> scores of every pixel's labels (B, 12, S, S)."""
        return self.network(y, drop=self.training, generator=generator)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        scores, truth = self.scores(batch["y"], batch.get("generator")), nearest_label(255 * batch["x"])[:, 0].long()
        wrong = (scores.argmax(1) != truth).float().mean()
        return {"loss": F.cross_entropy(scores, truth), "error": wrong}

    def phases(self) -> list[Phase]:
        parameters = list(self.parameters())
        adam = torch.optim.Adam(parameters, lr=self.learning_rate, fused=True)
        return [Phase("model", parameters, self.loss, adam, schedule=hold_then_fall)]

    @torch.inference_mode()
    def labels(self, y: Tensor) -> Tensor:
        """The label of every pixel: (B, 3, S, S) -> (B, S, S)."""
        return self.scores(y).argmax(1)

    @torch.inference_mode()
    def probe(self) -> Tensor:
        """Some scores of a fixed picture: are these the right weights?"""
        y = (torch.arange(math.prod(self.shape)) % 7 > 4).float().view(1, *self.shape)
        scores = self.scores(y).flatten()
        return scores[:: len(scores) // 61]


def label_scores(found: Tensor, truth: Tensor) -> dict[str, float]:
    """Pixel accuracy, class accuracy and IoU in per cent, of labels (n, H, W); over the classes that the truth has."""
    k = len(LABELS)
    counts = torch.bincount(k * truth.flatten().long() + found.flatten().long(), minlength=k * k).view(k, k).double()
    right, there, said = counts.diag(), counts.sum(1), counts.sum(0)
    known = there > 0
    return {
        "pixel_accuracy": 100 * (right.sum() / there.sum()).item(),
        "class_accuracy": 100 * (right / there)[known].mean().item(),
        "IoU": 100 * (right / (there + said - right))[known].mean().item(),
    }


# ------------------------------------------------------------------ measuring


@torch.inference_mode()
def evaluate_pairs(
    model: nn.Module,
    batches: Iterable[Batch],
    labeller: Labeller | None = None,
    paint: Callable[[Batch], Tensor] | None = None,
) -> dict[str, float]:
    """Photos made beside real ones, over held-out pairs: L1 in levels of 255, SSIM, KID; with a labeller its scores.

    paint(part) makes the photos of a part of a batch; by default from x alone.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure as ssim

    L1, similar, real, fake, found, truth = [], [], [], [], [], []
    for batch in batches:
        for i in range(0, len(batch["x"]), 16):
            part = {key: value[i : i + 16] for key, value in batch.items() if isinstance(value, Tensor)}
            x, y = part["x"], part["y"]
            made = paint(part) if paint else model.translate(x)
            L1.append(255 * (made - y).abs().mean((1, 2, 3)))
            similar.append(ssim(made, y, data_range=1.0, reduction="none").view(-1))
            real.append(features(y))
            fake.append(features(made))
            if labeller is not None:
                found.append(labeller.labels(made))
                truth.append(nearest_label(255 * x)[:, 0])
    result = {"L1": torch.cat(L1).mean().item(), "SSIM": torch.cat(similar).mean().item()}
    result |= {"KID": kid(torch.cat(real), torch.cat(fake))}
    if labeller is not None:
        result |= label_scores(torch.cat(found), torch.cat(truth))
    return result | {"n": sum(map(len, L1))}


@torch.inference_mode()
def evaluate_labels(model: Labeller, batches: Iterable[Batch]) -> dict[str, float]:
    """What the labeller finds in real photos: the best that a made one can reach."""
    found, truth = [], []
    for batch in batches:
        found.append(torch.cat([model.labels(part) for part in batch["y"].split(16)]))
        truth.append(nearest_label(255 * batch["x"])[:, 0])
    return label_scores(torch.cat(found), torch.cat(truth)) | {"n": sum(map(len, found))}


SKETCHES = dict(
    build=Pix2Pix,
    batch_size=4,
    average=0.999,
    evaluate=evaluate_pairs,
    paper="arXiv:1611.07004, Sec. 4",
    metric="KID",
    unit="KID × 1000",
)
FACADES = SKETCHES | dict(data="facades", steps=6_000, judges=("pix2pix-labeller",), paper="arXiv:1611.07004, Sec. 4")
# One question each, at half the filters and a third of the steps, so that all can be asked and fit in weights/.
PART = FACADES | dict(steps=2_000, metric="IoU", unit="% IoU")


def part(**changes: object) -> dict:
    return PART | dict(config=dict(inputs=3, filters=16) | changes)


RECIPES = {
    "pix2pix-shoes-paper": SKETCHES | dict(config=dict(), data="shoes", steps=16_000),
    "pix2pix-bags-paper": SKETCHES | dict(config=dict(), data="bags", steps=16_000),
    "pix2pix-facades-paper": FACADES | dict(config=dict(inputs=3)),
    "pix2pix-facades-l1-cgan": part(),
    "pix2pix-facades-l1": part(objective="l1"),
    "pix2pix-facades-gan": part(objective="gan"),
    "pix2pix-facades-cgan": part(objective="cgan"),
    "pix2pix-facades-l1-gan": part(objective="l1+gan"),
    "pix2pix-facades-encoder-decoder": part(generator="encoder-decoder"),
    "pix2pix-facades-patch1": part(patch=1),
    "pix2pix-facades-patch16": part(patch=16),
    "pix2pix-facades-patch286": part(patch=286),
    "pix2pix-labeller": PART
    | dict(
        build=Labeller, config=dict(), judges=(), average=None, steps=3_000, batch_size=16, evaluate=evaluate_labels
    ),
}
