"""What a frozen ImageNet network sees in each part of a photo: the features that questions and sentences are asked of.

    features_of([photo])                       # (1, C, h, w), for a visitor's photo
    cached("flickr8k", paths, "data")          # the same of a whole data set, computed once and kept on disk

The network is EfficientNet-Lite2 (Tan and Le 2019), whose weights come as a package: nothing is downloaded. Any other
of timm's goes by its name for whoever has a network: "vgg19.tv_in1k" and "resnet152.tv_in1k" are those of the papers.
A photo is prepared here and nowhere else, so that a visitor's is treated like those of training.
"""

import functools
import hashlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

if TYPE_CHECKING:
    from PIL import Image

NETWORK, SIZE = "lite2", 224  # what all shipped weights look through; pixels of its input
DETAIL = 128  # pixels of the training photos: finer ones are first shrunk to it, or they would look like another world
KEPT = 300  # photos whose features stay in memory: 38 MB of (1280, 7, 7) in half precision


# ------------------------------------------------------------------ networks


@functools.cache
def network(name: str = NETWORK) -> Callable[[Tensor], Tensor]:
    """Photos (B, 3, S, S) in [0, 1] -> the last map (B, C, h, w) of a frozen network, by name.

    name: "lite0" or "lite2" (core/features.py), or any convolutional network of timm's. ValueError where it is unknown,
    cannot be fetched, or ends in no map.
    """
    import timm

    if name in ("lite0", "lite2"):
        from core.features import lite

        model, mean, std = lite(int(name[-1])), [127 / 255] * 3, [128 / 255] * 3
        fold(model)
    else:
        if not timm.is_model(name):
            raise ValueError(f"no network {name!r}; there are lite0, lite2 and timm's, such as 'resnet152.tv_in1k'")
        try:
            model = timm.create_model(name, pretrained=True).requires_grad_(False).eval()
        except Exception as problem:  # whatever the network or the Hub came up with
            raise ValueError(f"the weights of {name!r} could not be fetched ({type(problem).__name__})") from problem
        mean, std = (model.pretrained_cfg[key] for key in ("mean", "std"))
    return functools.partial(look, model.to(memory_format=torch.channels_last), *map(column, (mean, std)))


def fold(model: nn.Module) -> None:
    """Put batch norms into the convolutions before them: the same outputs in half of the time."""
    for parent in list(model.modules()):
        for (first, conv), (second, norm) in pairwise(parent.named_children()):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, first, fuse_conv_bn_eval(conv, norm))
                setattr(parent, second, getattr(norm, "act", nn.Identity()))  # timm's norms hold the activation


def column(values: Sequence[float]) -> Tensor:
    return torch.tensor(values).view(-1, 1, 1)


@torch.no_grad()
def look(model: nn.Module, mean: Tensor, std: Tensor, photos: Tensor) -> Tensor:
    scaled = ((photos - mean) / std).contiguous(memory_format=torch.channels_last)
    found = model.forward_features(scaled)
    if found.ndim != 4:
        raise ValueError(f"the network gives {tuple(found.shape)} for photos, and no map (B, C, h, w)")
    return found


# ------------------------------------------------------------------ from a photo to what is seen in it


def prepared(photo: "Image.Image") -> np.ndarray:
    """A photo of any size and mode as bytes (S, S, 3), S at most DETAIL: squeezed to a square, so nothing is cut off.

    Pictures from people come through core.images.open_picture first, which turns them upright.
    """
    from PIL import Image

    if not isinstance(photo, Image.Image):
        raise ValueError(f"a photo as Pillow opens it was expected, got {type(photo).__name__}")
    side = min(DETAIL, max(photo.size))
    return np.asarray(photo.convert("RGB").resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3.0))


def enlarged(pixels: np.ndarray, size: int) -> Tensor:
    """(s, s, 3) bytes -> (3, size, size) in [0, 1]."""
    photo = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
    return F.interpolate(photo, (size, size), mode="bicubic", antialias=True).clamp(0, 1)[0]


def seen(pixels: Sequence[np.ndarray], name: str, size: int) -> Tensor:
    """Features (B, C, h, w), in half precision, of photos that were prepared."""
    photos = torch.stack([enlarged(each, size) for each in pixels])
    return network(name)(photos).half()


def features_of(photos: "Sequence[Image.Image]", *, name: str = NETWORK, size: int = SIZE) -> Tensor:
    """Features of photos: (B, C, h, w), in half precision. Those of the last KEPT photos are not computed again."""
    if not photos:
        raise ValueError("at least one photo was expected, got none")
    pixels = [prepared(photo) for photo in photos]
    keys = [hashlib.sha256(each.tobytes() + f"{each.shape}{name}{size}".encode()).digest() for each in pixels]
    return torch.stack([_kept.get(key, each, name, size) for key, each in zip(keys, pixels, strict=True)])


class Kept:
    """Features of the photos that were asked for last, at most `most` of them. Many threads may ask at once."""

    def __init__(self, most: int):
        self.most, self.held, self.lock = most, OrderedDict(), threading.Lock()

    def get(self, key: bytes, pixels: np.ndarray, name: str, size: int) -> Tensor:
        with self.lock:
            if key in self.held:
                self.held.move_to_end(key)
                return self.held[key]
        found = seen([pixels], name, size)[0]  # one at a time: what a photo gives does not depend on its neighbours
        with self.lock:
            self.held[key] = found
            while len(self.held) > self.most:
                self.held.popitem(last=False)
        return found


_kept = Kept(KEPT)


# ------------------------------------------------------------------ a data set's features, on disk


def cached(
    name: str,
    paths: Sequence[Path],
    root: str | Path,
    *,
    net: str = NETWORK,
    size: int = SIZE,
    mirrored: bool = False,
    say: Callable[[Sequence], Sequence] | None = None,
) -> np.ndarray:
    """Features (n, C, h, w) of a data set's photos, in half precision, read from disk as they are used.

    They are computed once, into root/features/, and again where the photos' names, sizes or number have changed.
    mirrored: of the photos flipped left to right. say: wraps the list of photos, for a progress bar.
    """
    if not paths:
        raise FileNotFoundError(f"no photos of {name} in '{root}'; put its download there, or name its folder")
    folder = Path(root) / "features"
    file = folder / f"{name}-{net.replace('/', '-')}-{size}{'-mirrored' if mirrored else ''}.npy"
    wanted = description(paths)
    if not (file.is_file() and described(file) == wanted):
        write(file, paths, net, size, mirrored, say or progress(name))
        file.with_suffix(".json").write_text(json.dumps(wanted), encoding="utf-8")
    return np.load(file, mmap_mode="r")


def description(paths: Sequence[Path]) -> dict[str, Any]:
    """What must be the same for kept features to be those of these photos."""
    listed = "\n".join(f"{path.name} {path.stat().st_size}" for path in paths)
    return {"photos": len(paths), "listed": hashlib.sha256(listed.encode("utf-8")).hexdigest(), "detail": DETAIL}


def described(file: Path) -> dict[str, Any] | None:
    try:
        return json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def progress(name: str) -> Callable[[Sequence], Sequence]:
    from tqdm import tqdm

    return functools.partial(tqdm, desc=f"features of {name}", unit="photo", mininterval=5)


def write(file: Path, paths: Sequence[Path], net: str, size: int, mirrored: bool, say: Callable) -> None:
    """Compute the features of all photos into a file beside the old one, then put it in its place."""
    from core.images import open_picture

    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.{os.getpid()}.part")
    kept = None
    for i, path in enumerate(say(paths)):
        pixels = prepared(open_picture(path))
        found = seen([pixels[:, ::-1] if mirrored else pixels], net, size)[0].numpy()
        if kept is None:
            kept = np.lib.format.open_memmap(temporary, "w+", np.float16, (len(paths), *found.shape))
        kept[i] = found
    kept.flush()
    os.replace(temporary, file)
