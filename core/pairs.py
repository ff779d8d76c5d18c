"""Pictures in pairs for image-to-image translation: edges of photos, maps of labels, the public downloads' halves."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# The twelve labels of CMP Facades (Tylecek and Sara 2013), in their order, and the colours that pix2pix's download has.
LABELS = {
    "background": (0, 0, 222),
    "wall": (0, 48, 255),
    "window": (0, 128, 255),
    "door": (0, 207, 255),
    "cornice": (32, 255, 224),
    "sill": (112, 255, 143),
    "balcony": (192, 255, 63),
    "blind": (255, 240, 0),
    "decoration": (255, 159, 0),
    "moulding": (255, 80, 0),
    "pillar": (255, 0, 0),
    "shop": (174, 0, 0),
}
PALETTE = torch.tensor(list(LABELS.values()), dtype=torch.uint8)  # (12, 3)

# ------------------------------------------------------------------ labels


def nearest_label(pictures: Tensor) -> Tensor:
    """Which label's colour each pixel is closest to: bytes (B, 3, H, W) -> bytes (B, 1, H, W)."""
    pixels, palette = pictures.permute(0, 2, 3, 1).float(), PALETTE.to(pictures.device).float()  # (B, H, W, 3), (12, 3)
    found = [torch.cdist(rows.flatten(0, 1), palette).argmin(1).view(rows.shape[:2]) for rows in pixels]
    return torch.stack(found).byte()[:, None]


def label_colours(labels: Tensor) -> Tensor:
    """Labels (B, 1, H, W) as their colours (B, 3, H, W) in [0, 1]."""
    return PALETTE[labels[:, 0].long()].permute(0, 3, 1, 2).float() / 255


# ------------------------------------------------------------------ edges


def kernel(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows)[None, None]


BLUR = kernel([[a * b / 256 for a in (1, 4, 6, 4, 1)] for b in (1, 4, 6, 4, 1)])
SOBEL_X = kernel([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4
SOBEL_Y = SOBEL_X.transpose(-1, -2)
SOFTEN = kernel([[a * b / 12 for a in (1, 2, 1)] for b in (1, 2, 1)])  # a line of one pixel keeps two thirds of its ink


def filtered(pictures: Tensor, weights: Tensor) -> Tensor:
    """One filter over (B, 1, H, W), the border repeated outwards."""
    edge = weights.shape[-1] // 2
    return F.conv2d(F.pad(pictures, (edge,) * 4, mode="replicate"), weights)


def edge_strength(photos: Tensor) -> Tensor:
    """How strong a thin edge each pixel is, 0 where it is none: (B, 3, H, W) in [0, 1] -> (B, 1, H, W).

    Blur, Sobel, and of each slope only its ridge: what is less than its neighbours across the edge goes
    (Canny 1986, without the hysteresis).
    """
    grey = filtered(photos.mean(1, keepdim=True), BLUR)
    d_x, d_y = filtered(grey, SOBEL_X), filtered(grey, SOBEL_Y)
    strength = torch.hypot(d_x, d_y)
    around = F.pad(strength, (1,) * 4)
    H, W = strength.shape[-2:]

    def neighbour(down: int, right: int) -> Tensor:
        return around[..., 1 + down : 1 + down + H, 1 + right : 1 + right + W]

    angle = (torch.atan2(d_y, d_x) / (torch.pi / 4)).round().long() % 4  # 0: across, 1: down right, ...
    ridge = torch.zeros_like(strength, dtype=torch.bool)
    for k, (down, right) in enumerate([(0, 1), (1, 1), (1, 0), (1, -1)]):
        top = (strength >= neighbour(down, right)) & (strength > neighbour(-down, -right))
        ridge |= (angle == k) & top
    return strength * ridge


def outline(photos: Tensor) -> Tensor:
    """Border of what is not white paper, for pale things that have no edge: (B, 3, H, W) -> (B, 1, H, W) of 0 and 1."""
    thing = (filtered(photos.amin(1, keepdim=True), BLUR) < 0.96).float()
    thing = -F.max_pool2d(-F.max_pool2d(thing, 5, 1, 2), 5, 1, 2)  # closed: no holes of a few pixels
    return thing + F.max_pool2d(-thing, 3, 1, 1)


def edges(photos: Tensor, *, threshold: float = 0.06, generator: torch.Generator | None = None) -> Tensor:
    """Photos on white as line drawings, paper 1 and ink 0: (B, 3, H, W) in [0, 1] -> (B, 1, H, W).

    With a generator each drawing is made as another hand would make it: more or fewer lines, of one to four pixels,
    some broken or left out, straight from the photo or wobbly. threshold: the least step in grey that is drawn, where
    there is no generator.
    """
    strength, border = edge_strength(photos), outline(photos)
    if generator is None:
        return paper(thickened(joined((strength > threshold).float(), border)))
    chance = torch.rand(5, len(photos), 1, 1, 1, generator=generator)
    least = 0.03 * 10 ** chance[0]  # 0.03 ... 0.3: every stitch, or the boldest lines only
    ink = joined((strength > least).float(), border * (chance[1] < 0.85))
    gaps = torch.rand(len(photos), 1, 12, 12, generator=generator)
    gaps = F.interpolate(gaps, photos.shape[-2:], mode="bilinear", align_corners=False)
    ink = ink * (gaps > 0.25 * chance[2])  # up to an eighth of the lines
    two, three = thickened(ink), F.max_pool2d(ink, 3, 1, 1)
    thick = torch.where(chance[3] < 0.8, two, torch.where(chance[3] < 0.95, three, thickened(three)))
    wobble = 1.5 * torch.randn(len(photos), 2, 6, 6, generator=generator) * (chance[4, ..., 0] < 0.4)[..., None]
    return paper(displaced(torch.where(chance[3] < 0.3, ink, thick), wobble))


def displaced(ink: Tensor, wobble: Tensor) -> Tensor:
    """Ink (B, 1, H, W) moved by a smooth field, as a hand would miss: each place gets what lies `wobble` pixels,
    (B, 2, h, w), to its right and below it."""
    H, W = ink.shape[-2:]
    field = F.interpolate(wobble, (H, W), mode="bicubic", align_corners=False).permute(0, 2, 3, 1)
    straight = F.affine_grid(torch.eye(2, 3).expand(len(ink), 2, 3), list(ink.shape), align_corners=False)
    return F.grid_sample(ink, straight + field * 2 / torch.tensor([W, H]), align_corners=False)


def joined(lines: Tensor, border: Tensor) -> Tensor:
    """Lines, and the border where no line runs beside it: one stroke, not two."""
    return torch.maximum(lines, border * (1 - F.max_pool2d(lines, 7, 1, 3)))


def thickened(ink: Tensor) -> Tensor:
    """Lines of one pixel as lines of two."""
    return F.max_pool2d(F.pad(ink, (1, 0, 1, 0)), 2, 1)


def paper(ink: Tensor) -> Tensor:
    """Ink on paper, its borders as soft as a pen's: paper 1, ink 0."""
    return 1 - filtered(ink, SOFTEN).clamp(max=1)


# ------------------------------------------------------------------ what a drawing cannot say


def colours(photos: Tensor, *, rounds: int = 8) -> Tensor:
    """Main colour and accent of things on white: (B, 3, H, W) in [0, 1] -> (B, 6), two RGB colours in [-1, 1].

    The means of two clusters (Lloyd 1982) of the pixels that are not white paper; the larger one is the main colour.
    A picture of nothing but pale paper is white in both.
    """
    return torch.stack([two_colours(photo.flatten(1).T, rounds) for photo in photos])


def two_colours(pixels: Tensor, rounds: int) -> Tensor:
    """(n, 3) in [0, 1] -> (6,) in [-1, 1]."""
    thing = pixels[pixels.amin(1) < 0.9]  # paler is paper and shadow
    if not len(thing):
        return pixels.new_ones(6)
    grey = thing.mean(1)
    middle = torch.stack([thing[grey.argmin()], thing[grey.argmax()]])  # darkest and lightest to begin with
    for _ in range(rounds):
        near = torch.cdist(thing, middle).argmin(1)
        middle = torch.stack([thing[near == k].mean(0) if (near == k).any() else middle[k] for k in (0, 1)])
    order = torch.tensor([0, 1] if (near == 0).float().mean() >= 0.5 else [1, 0])
    return 2 * middle[order].flatten() - 1


def front_colours(photos: Tensor, labels: Tensor) -> Tensor:
    """Colours of the wall and of what is around the house, most of it sky: (B, 3, H, W), (B, 1, H, W) -> (B, 6).

    Means over the pixels with the labels "wall" and "background", of all pixels where there are none; in [-1, 1].
    """
    names = list(LABELS)
    found = []
    for name in ("wall", "background"):
        there = (labels == names.index(name)).float()  # (B, 1, H, W)
        there = torch.where(there.sum((2, 3), keepdim=True) > 0, there, torch.ones_like(there))
        found.append((photos * there).sum((2, 3)) / there.sum((2, 3)))
    return 2 * torch.cat(found, 1) - 1


# ------------------------------------------------------------------ jitter, and files


def jitter(pictures: list[Tensor], size: int, generator: torch.Generator) -> list[Tensor]:
    """Cut size x size from the same random place of several (B, C, S, S), and mirror half of them (Sec. 6.2)."""
    n, room = len(pictures[0]), pictures[0].shape[-1] - size
    corners = torch.randint(0, room + 1, (n, 2), generator=generator).tolist()
    mirror = (torch.rand(n, generator=generator) < 0.5).tolist()
    cut = []
    for whole in pictures:
        parts = [whole[i, :, y : y + size, x : x + size] for i, (y, x) in enumerate(corners)]
        cut.append(torch.stack([part.flip(-1) if turn else part for part, turn in zip(parts, mirror, strict=True)]))
    return cut


def read_pictures(paths: list[Path], size: int | tuple[int, int], *, exact: bool = False) -> Tensor:
    """Files as bytes (n, 3, H, W), resized to size or (width, height). exact: keep to colours that were there.

    Raises FileNotFoundError where there are none, ValueError, with its path, for one that cannot be read.
    """
    from PIL import Image

    from core.images import open_picture

    if not paths:
        raise FileNotFoundError("no pictures there; unpack the download so that its JPEGs lie in that folder")
    wanted = (size, size) if isinstance(size, int) else size
    how = Image.Resampling.NEAREST if exact else Image.Resampling.BICUBIC
    pictures = []
    for path in paths:
        try:
            picture = open_picture(path)
        except ValueError as problem:
            raise ValueError(f"{path}: {problem}") from None
        pictures.append(np.asarray(picture.convert("RGB").resize(wanted, how)))
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
