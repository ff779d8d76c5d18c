"""Films and pictures as the tests look at them."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from demos import plots


def as_url(picture: Image.Image, kind: str = "PNG") -> str:
    with io.BytesIO() as out:
        picture.save(out, kind)
        return f"data:image/{kind.lower()};base64," + base64.b64encode(out.getvalue()).decode()


def frames_of(pane: dict[str, Any]) -> np.ndarray:
    """The frames of a pane, (T, H, W) or (T, H, W, 3)."""
    sheet = np.asarray(plots.from_data_url(pane["film"]))
    w, h, columns = pane["width"], pane["height"], pane["columns"]
    count = sheet.shape[0] // h * columns
    return np.stack([sheet[k // columns * h :, k % columns * w :][:h, :w] for k in range(count)])
