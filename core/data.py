"""Every dataset by name, read in the layout its public download has.

    load("mnist-binarised", "data", "train").stream(batch_size=64, seed=0)   # endless, for training
    load("mnist-binarised", "data", "test").batches(500)                     # once, in order, for measuring

A batch is a dictionary of tensors, or of lists where lengths differ. What a set finds in its data and a model must know
before it is built (a vocabulary, the answers, a length) is `found`, and goes into the model's config and card.

Sets are small enough to stay in memory as bytes. What is random (binarising, clutter) is made on the fly
for training, from a seed and the number of the batch: a run that was stopped finds the same batch 5,000
again without replaying the 5,000 before it. For measuring it is made once, from a fixed seed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core import pairs
from core.captions import Captions
from core.dataset import Dataset
from core.layers import uniform_crop_corners
from core.noise import seeded as seeded
from core.recipe import Batch
from core.vqa import sets as questions


def rescaled(images: Tensor) -> Tensor:
    """Bytes 0 ... 255 as floats in [0, 1]."""
    return images.float() / 255


@dataclass(frozen=True)
class Pictures(Dataset):
    """Pictures with labels, and what is done to them on the way into a batch.

    images: (n, C, H, W) bytes. labels: (n, ...). transform(pictures, indices, generator) makes the batch.
    """

    images: Tensor
    labels: Tensor
    origin: str
    licence: str
    transform: Callable[["Pictures", Tensor, torch.Generator], Batch]

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: Tensor, generator: torch.Generator) -> Batch:
        return self.transform(self, indices, generator)


# ------------------------------------------------------------------ from stored pictures to a batch


def plain(data: Pictures, indices: Tensor, generator: torch.Generator) -> Batch:
    """The pictures as they are."""
    return {"image": rescaled(data.images[indices]), "label": data.labels[indices]}


def binarised(data: Pictures, indices: Tensor, generator: torch.Generator) -> Batch:
    """Every pixel is 1 with the probability that its grey level says (Salakhutdinov and Murray 2008)."""
    grey = rescaled(data.images[indices])
    return {"image": torch.bernoulli(grey, generator=generator), "label": data.labels[indices]}


def mirrored(data: Pictures, indices: Tensor, generator: torch.Generator) -> Batch:
    """Half of the pictures are flipped left to right."""
    images = rescaled(data.images[indices])
    flip = torch.rand(len(indices), 1, 1, 1, generator=generator) < 0.5
    return {"image": torch.where(flip, images.flip(-1), images), "label": data.labels[indices]}


def padded(data: Pictures, indices: Tensor, generator: torch.Generator) -> Batch:
    """Digits of 28 x 28 with two empty pixels all round: 32 can be halved down to 4."""
    return {"image": F.pad(rescaled(data.images[indices]), (2, 2, 2, 2)), "label": data.labels[indices]}


def with_labelled(data: Pictures, indices: Tensor, generator: torch.Generator) -> Batch:
    """Digits without labels, and as many drawn from the ten of each class whose labels are known."""
    few = torch.cat([(data.labels == digit).nonzero()[:10, 0] for digit in range(10)])
    known = padded(data, few[torch.randint(len(few), (len(indices),), generator=generator)], generator)
    return padded(data, indices, generator) | {"labelled": known["image"], "labelled_label": known["label"]}


def paste(canvas: Tensor, patches: Tensor, corners: Tensor) -> None:
    """Add patches (B, h, w) to canvas (B, H, W) in place, their first pixels at corners (B, 2)."""
    h, w = patches.shape[1:]
    rows = corners[:, :1] + torch.arange(h)  # (B, h)
    columns = corners[:, 1:] + torch.arange(w)  # (B, w)
    canvas[torch.arange(len(canvas))[:, None, None], rows[:, :, None], columns[:, None, :]] += patches


def two_digits(data: Pictures, indices: Tensor, generator: torch.Generator, size: int = 60) -> Batch:
    """Two digits anywhere on size x size; where they meet they add up, to 1 at most. Binarised. Labels (B, 2)."""
    others = torch.randint(len(data), (len(indices),), generator=generator)
    canvas = torch.zeros(len(indices), size, size)
    for chosen in (indices, others):
        digits = rescaled(data.images[chosen, 0])
        paste(canvas, digits, uniform_crop_corners(len(indices), size - 28, generator))
    image = torch.bernoulli(canvas.clamp(max=1), generator=generator)[:, None]
    return {"image": image, "label": torch.stack((data.labels[indices], data.labels[others]), 1)}


def clutter(digits: Tensor, pool: Tensor, generator: torch.Generator, *, size=100, pieces=8, piece=8) -> Tensor:
    """Cluttered translated digits (Mnih et al. 2014, arXiv:1406.6247, Sec. 4.1): (B, 28, 28) -> (B, size, size).

    Each digit lies anywhere, among `pieces` fragments of piece x piece pixels cut at random from `pool`
    (n, 28, 28) and dropped at random. All in [0, 1]; what overlaps adds up, to 1 at most.
    """
    n = len(digits)
    canvas = torch.zeros(n, size, size)
    paste(canvas, digits, uniform_crop_corners(n, size - digits.shape[-1], generator))
    for _ in range(pieces):
        donors = torch.randint(len(pool), (n,), generator=generator)
        cut = uniform_crop_corners(n, pool.shape[-1] - piece, generator)
        rows, columns = cut[:, :1] + torch.arange(piece), cut[:, 1:] + torch.arange(piece)
        fragments = pool[donors[:, None, None], rows[:, :, None], columns[:, None, :]]
        paste(canvas, fragments, uniform_crop_corners(n, size - piece, generator))
    return canvas.clamp_(max=1)


def cluttered(data: Pictures, indices: Tensor, generator: torch.Generator) -> Batch:
    """Each digit somewhere on 100 x 100 among eight fragments of other digits."""
    donors = data.images[torch.randint(len(data), (8 * len(indices),), generator=generator), 0]
    image = clutter(rescaled(data.images[indices, 0]), rescaled(donors), generator)
    return {"image": image[:, None], "label": data.labels[indices]}


# ------------------------------------------------------------------ reading what a download unpacks to


def torchvision_set(cls_name: str, root: Path, **arguments):
    """One of torchvision's sets; fetched where it is not on disk and there is a network."""
    from torchvision import datasets

    try:
        return getattr(datasets, cls_name)(root, download=True, **arguments)
    except (OSError, RuntimeError) as problem:
        raise FileNotFoundError(
            f"no {cls_name} in '{root}' and it could not be downloaded ({type(problem).__name__}); "
            "put torchvision's layout of it there, or name its folder with --data"
        ) from problem


def image_folder(folder: Path) -> tuple[Tensor, Tensor]:
    """An ImageFolder (<class>/<picture>.jpg), all pictures of one size: bytes (n, 3, H, W) and labels."""
    from torchvision.datasets import ImageFolder

    from core.images import open_picture

    pictures = ImageFolder(folder, loader=lambda path: open_picture(Path(path)).convert("RGB"))
    images = np.stack([np.asarray(picture) for picture, _ in pictures])
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), torch.tensor(pictures.targets)


def mnist(transform: Callable) -> Callable[[Path, str], Dataset]:
    def read(root: Path, split: str) -> Dataset:
        digits = torchvision_set("MNIST", root, train=split == "train")
        origin = "MNIST (LeCun, Cortes, Burges)"
        return Pictures(digits.data[:, None], digits.targets, origin, "CC BY-SA 3.0", transform)

    return read


def fashion(root: Path, split: str) -> Dataset:
    """Fashion-MNIST: clothes and shoes in MNIST's format, padded to 32 x 32."""
    clothes = torchvision_set("FashionMNIST", root, train=split == "train")
    origin = "Fashion-MNIST (Xiao, Rasul, Vollgraf 2017)"
    return Pictures(clothes.data[:, None], clothes.targets, origin, "MIT", padded)


def every_tenth(split: str, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Every tenth picture is held out for the test; the others are there to learn from."""
    held_out = torch.arange(len(images)) % 10 == 0
    chosen = ~held_out if split == "train" else held_out
    return images[chosen], labels[chosen]


def flowers(root: Path, split: str) -> Dataset:
    """Photos of five kinds of flowers, 32 x 32, a folder of JPEGs; every tenth is held out."""
    if not (root / "flowers").is_dir():
        raise FileNotFoundError(f"no flowers in '{root}': put a folder of each kind of flower there, or name --data")
    chosen = every_tenth(split, *image_folder(root / "flowers"))
    transform = mirrored if split == "train" else plain
    return Pictures(*chosen, "flower photos, 32 x 32, through JPEG; every tenth held out", "none stated", transform)


def cifar10(root: Path, split: str) -> Dataset:
    """CIFAR-10; where only the training pictures are there, as a folder of JPEGs, every tenth is held out."""
    transform = mirrored if split == "train" else plain
    if (root / "cifar10" / "train").is_dir():
        origin = "CIFAR-10 training pictures through JPEG; every tenth held out"
        return Pictures(
            *every_tenth(split, *image_folder(root / "cifar10" / "train")), origin, "none stated", transform
        )
    pictures = torchvision_set("CIFAR10", root, train=split == "train")
    images = torch.from_numpy(pictures.data).permute(0, 3, 1, 2).contiguous()
    return Pictures(images, torch.tensor(pictures.targets), "CIFAR-10 (Krizhevsky)", "none stated", transform)


def svhn(root: Path, split: str) -> Dataset:
    """Street View House Numbers, cropped digits; torchvision downloads it (and needs SciPy to read it)."""
    pictures = torchvision_set("SVHN", root / "SVHN", split=split)
    labels = torch.from_numpy(pictures.labels)
    return Pictures(torch.from_numpy(pictures.data), labels, "SVHN (Netzer et al. 2011)", "non-commercial use", plain)


# ------------------------------------------------------------------ pictures in pairs: x goes in, y should come out


def with_edges(size: int) -> Callable[[Pictures, Tensor, torch.Generator], Batch]:
    """Photos and line drawings of them. Larger pictures than `size` are cut at random, and drawn by many hands."""

    def transform(data: Pictures, indices: Tensor, generator: torch.Generator) -> Batch:
        y, told = rescaled(data.images[indices]), {"kind": data.labels[indices]}
        if y.shape[-1] == size:
            return {"x": pairs.edges(y), "y": y, "colours": pairs.colours(y)} | told
        (y,) = pairs.jitter([y], size, generator)
        return {"x": pairs.edges(y, generator=generator), "y": y, "colours": pairs.colours(y)} | told

    return transform


def with_inputs(size: int, labels: bool) -> Callable[[Pictures, Tensor, torch.Generator], Batch]:
    """Photos beside what they are made from: a picture, or a map of labels, which becomes colours."""

    def transform(data: Pictures, indices: Tensor, generator: torch.Generator) -> Batch:
        y, x = rescaled(data.images[indices]), data.labels[indices]
        if y.shape[-1] > size:
            x, y = pairs.jitter([x, y], size, generator)
        if labels:
            return {"x": pairs.label_colours(x), "y": y, "colours": pairs.front_colours(y, x)}
        return {"x": rescaled(x), "y": y}

    return transform


def load_size(size: int, split: str) -> int:
    """Side of the stored pictures: for training 143 where 128 are cut out, as 286 and 256 in the paper (Sec. 6.2)."""
    return size * 286 // 256 if split == "train" else size


def product_photos(root: Path, folder: str, split: str, size: int) -> Tensor:
    """Product photos on white in one folder, as bytes (n, 3, size, size); every tenth is held out."""
    paths = sorted((root / folder).glob("*.jpg"))
    chosen = [path for i, path in enumerate(paths) if (i % 10 == 0) == (split == "test")]
    return pairs.read_pictures(chosen, size)


def products(folder: str, size: int = 128) -> Callable[[Path, str], Dataset]:
    """Product photos and drawings of them."""

    def read(root: Path, split: str) -> Dataset:
        images = product_photos(root, folder, split, load_size(size, split))
        origin = f"Fashion Product Images, {folder}; every tenth held out; edges computed"
        return Pictures(images, torch.zeros(len(images)), origin, "none stated", with_edges(size))

    return read


def products_of_both(kind: str, size: int = 128) -> Callable[[Path, str], Dataset]:
    """For training shoes and bags together, 0 and 1; for measuring the one kind alone."""

    def read(root: Path, split: str) -> Dataset:
        kinds = ["shoes", "bags"]
        wanted = kinds if split == "train" else [kind]
        sets = [product_photos(root, name, split, load_size(size, split)) for name in wanted]
        labels = torch.cat(
            [torch.full((len(part),), kinds.index(name)) for name, part in zip(wanted, sets, strict=True)]
        )
        origin = "Fashion Product Images, shoes and bags; every tenth held out; edges computed"
        return Pictures(torch.cat(sets), labels, origin, "none stated", with_edges(size))

    return read


def products_alone(folder: str, size: int) -> Callable[[Path, str], Dataset]:
    """Product photos, mirrored at random for training."""

    def read(root: Path, split: str) -> Dataset:
        images = product_photos(root, folder, split, size)
        origin = f"Fashion Product Images, {folder}; every tenth held out"
        transform = mirrored if split == "train" else plain
        return Pictures(images, torch.zeros(len(images)).long(), origin, "none stated", transform)

    return read


def side_by_side(folder: str, photo: str, size: int, origin: str, *, labels: bool = False, grey: bool = False):
    """A set of pix2pix's own downloads: NAME/{train,val or test}/*.jpg, two pictures in each.

    photo: "left" or "right", which of the two is y. labels: x is a map of the twelve labels of LABELS.
    grey: x is drawn in black and white, so one channel is kept.
    """

    def read(root: Path, split: str) -> Dataset:
        names = ["train"] if split == "train" else ["val", "test"]
        found = next((root / folder / name for name in names if (root / folder / name).is_dir()), None)
        if found is None:
            raise FileNotFoundError(f"no {folder} in '{root}': unpack pix2pix's download of it there, or name --data")
        side = load_size(size, split)
        paths = sorted(found.glob("*.jpg"), key=lambda path: (len(path.stem), path.stem))
        smooth = pairs.read_pictures(paths, (2 * side, side))
        y, x = (smooth[..., :side], smooth[..., side:]) if photo == "left" else (smooth[..., side:], smooth[..., :side])
        if labels:
            whole = pairs.read_pictures(paths, (2 * side, side), exact=True)
            x = pairs.nearest_label(whole[..., side:] if photo == "left" else whole[..., :side])
        elif grey:
            x = x.float().mean(1, keepdim=True).byte()
        return Pictures(y.contiguous(), x.contiguous(), origin, "research use", with_inputs(size, labels))

    return read


SETS: dict[str, Callable[[Path, str], Dataset]] = {
    "mnist": mnist(plain),
    "mnist-32": mnist(padded),
    "mnist-32-100": mnist(with_labelled),  # the labels of 100 pictures are known
    "fashion-32": fashion,
    "mnist-binarised": mnist(binarised),
    "twodigits": mnist(two_digits),
    "cluttered": mnist(cluttered),
    "cifar10": cifar10,
    "flowers": flowers,
    "svhn": svhn,
    "shoes": products("shoes"),
    "bags": products("bags"),
    "shoes-of-both": products_of_both("shoes"),
    "bags-of-both": products_of_both("bags"),
    "shoes-64": products_alone("shoes", 64),
    "facades": side_by_side("facades", "left", 128, "CMP Facades, as distributed with pix2pix", labels=True),
    "facades-256": side_by_side("facades", "left", 256, "CMP Facades, as distributed with pix2pix", labels=True),
    "maps": side_by_side("maps", "left", 256, "Google Maps, as distributed with pix2pix"),
    "cityscapes": side_by_side("cityscapes", "left", 256, "Cityscapes, as distributed with pix2pix"),
    "edges2shoes": side_by_side("edges2shoes", "right", 256, "UT Zappos50K, as distributed with pix2pix", grey=True),
    "edges2handbags": side_by_side("edges2handbags", "right", 256, "iGAN's handbags, with pix2pix", grey=True),
    "flickr8k-captions": Captions,
    "night2day": side_by_side("night2day", "right", 256, "Transient Attributes, with pix2pix"),
    **questions.SETS,
}


def load(name: str, root: str | Path, split: str) -> Dataset:
    """A dataset by name. split: "train" or "test". Raises ValueError or FileNotFoundError, in a sentence."""
    if name not in SETS:
        raise ValueError(f"no dataset {name!r}; there are: {', '.join(SETS)}")
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    return SETS[name](Path(root), split)
