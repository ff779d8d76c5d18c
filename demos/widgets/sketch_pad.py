"""The sketch pad: a sheet of paper to draw on, and its drawings as pictures in Python.

The pad's value is None while it is empty, else

    {"png": data URL of the drawing, "strokes": [{"points": [[x, y], ...], "size": s}, ...]}

with x, y and size as fractions of the pad's side, in [0, 1]. `change` fires whenever the value changes, `input`
only when the user's hand changed it. Python may write strokes without a picture; the pad draws them and adds it.
"""

import base64
import binascii
import io
import re
import struct
import zlib
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw

from demos.widgets.script import script

HERE = Path(__file__).parent

TEMPLATE = """
<div class="pad" role="group">
  <span class="name" aria-hidden="true"></span>
  <div class="paper">
    <canvas tabindex="0" role="img"></canvas>
    <p class="hint" aria-hidden="true">Draw here</p>
  </div>
  <div class="tools">
    <button type="button" class="undo" title="Undo (Ctrl+Z)">Undo</button>
    <button type="button" class="clear">Clear</button>
    <label>Brush
      <input type="range" class="brush" min="0.01" max="0.15" step="0.005" value="0.04" aria-label="Size of the brush">
    </label>
  </div>
</div>
"""


def SketchPad(
    value: dict[str, Any] | None = None,
    *,
    elem_id: str,
    label: str,
    size: int = 280,
    brush: float = 0.04,
    ink: str = "#000000",
    paper: str = "#ffffff",
    **options: Any,
) -> gr.HTML:
    """A square sheet to draw on.

    value: strokes (see the head of this file) or None. size: side in pixels, of the sheet on the screen and of the
    picture that Python gets. brush: its first size, a fraction of the side, 0.01 to 0.15. ink, paper: colours
    of CSS. options: further arguments of gr.HTML, such as `visible` or `scale`.
    """
    pad = gr.HTML(
        value,
        elem_id=elem_id,
        label=label,
        html_template=TEMPLATE,
        css_template=(HERE / "sketch_pad.css").read_text(encoding="utf-8"),
        js_on_load=script("sketch_pad.js", label=label, size=size, brush=brush, ink=ink, paper=paper),
        apply_default_css=False,
        **options,
    )
    pad.preprocess = lambda payload: payload or None  # in the browser an empty pad's value is ""
    return pad


# ------------------------------------------------------------------ a pad's value as a picture

DATA_URL = re.compile(r"data:image/(?:png|jpeg|webp);base64,")
READING_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, struct.error, zlib.error)
TOO_MANY_PIXELS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def read_sketch(value: Any, *, max_pixels: int = 16_000_000) -> Image.Image:
    """A pad's value, or a data URL alone, as a picture on white: mode L where it holds no colour, else RGB.

    A value with strokes and no picture yet is drawn here, black on white. Raises ValueError, one sentence that
    says what came, what was expected and what to do, where there is no sketch, a blank one or a broken one.
    """
    empty = isinstance(value, dict) and not value.get("png") and not value.get("strokes")
    if value is None or empty or (isinstance(value, str) and not value):
        raise ValueError("no sketch came, an empty pad was sent; a drawing was expected: draw something on the pad")
    if isinstance(value, dict) and not value.get("png"):
        image = draw_strokes(value["strokes"], 280)
    else:
        url = value["png"] if isinstance(value, dict) else value
        image = _without_transparency(_decode(url, max_pixels))
    if all(low == high for low, high in _extrema(image)):
        raise ValueError("the sketch is blank, all its pixels are the same; lines were expected: draw something first")
    return image


def _decode(url: Any, max_pixels: int) -> Image.Image:
    """The picture in a data URL, its pixels loaded; its size is checked before they are."""
    if not isinstance(url, str):
        raise ValueError(
            f"the sketch came as {type(url).__name__}; a pad's value or a data URL was expected: draw on the pad again"
        )
    head = DATA_URL.match(url)
    if not head:
        raise ValueError(
            f"the sketch came as {_start(url)}; a data URL of a PNG, JPEG or WebP picture was expected "
            "(data:image/png;base64,...): draw on the pad, or save the picture as PNG"
        )
    try:
        file = io.BytesIO(base64.b64decode(url[head.end() :], validate=True))
    except (binascii.Error, ValueError):
        raise ValueError(
            "the sketch's data URL came broken, it is not base64; a whole one was expected: send the sketch again"
        ) from None
    try:
        image = Image.open(file, formats=["PNG", "JPEG", "WEBP"])
    except TOO_MANY_PIXELS as error:  # Pillow's own limit; its sentence holds the number of pixels
        pixels = re.search(r"\d+", str(error))
        raise _too_large(f"{int(pixels[0]):,}" if pixels else "too many", max_pixels) from None
    except READING_ERRORS:
        raise _broken() from None
    width, height = image.size
    if width * height > max_pixels:
        raise _too_large(f"{width} x {height} = {width * height:,}", max_pixels)
    try:
        image.load()
    except (*READING_ERRORS, *TOO_MANY_PIXELS):
        raise _broken() from None
    return image


def _too_large(pixels: str, max_pixels: int) -> ValueError:
    return ValueError(
        f"the picture came with {pixels} pixels; at most {max_pixels:,} were expected: make it smaller and try again"
    )


def _broken() -> ValueError:
    return ValueError(
        "the sketch's picture came broken or cut short; a whole PNG, JPEG or WebP file was expected: "
        "draw or save it again"
    )


def _start(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")


def _without_transparency(image: Image.Image) -> Image.Image:
    """On white; mode L where red, green and blue are the same everywhere, else RGB."""
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion would cut off all above 255
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    red, green, blue = (np.asarray(channel) for channel in image.split())
    return image.getchannel(0) if np.array_equal(red, green) and np.array_equal(green, blue) else image


def _extrema(image: Image.Image) -> list[tuple[int, int]]:
    return [channel.getextrema() for channel in image.split()]


# ------------------------------------------------------------------ strokes as a picture

MAX_STROKES, MAX_POINTS = 500, 20_000
MAX_BRUSH = 0.25
MAX_SIDE = 2048


def draw_strokes(strokes: Any, size: int) -> Image.Image:
    """Stored strokes as a picture of size x size, mode L: black ink, white paper, smooth edges.

    Raises ValueError, in a sentence, where the strokes are not what a pad sends: see the head of this file.
    """
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIDE:
        raise ValueError(f"size must be a whole number from 1 to {MAX_SIDE}, got {size!r}")
    strokes = check_strokes(strokes)
    finer = max(
        1, min(4, MAX_SIDE // size)
    )  # drawn so many times larger, then averaged: Pillow's lines have hard edges
    side = size * finer
    image = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(image)
    for points, brush in strokes:
        radius = max(brush * side / 2, 0.5)
        places = [(x * side, y * side) for x, y in points]
        for place in places:  # round ends and corners
            draw.circle(place, radius, fill=0)
        for line in pairwise(places):
            draw.line(line, fill=0, width=max(round(2 * radius), 1))
    return image.reduce(finer)


def check_strokes(strokes: Any) -> list[tuple[list[tuple[float, float]], float]]:
    """The strokes as (points, size) pairs of floats, or a ValueError that says which one is wrong and how."""
    if not isinstance(strokes, list | tuple):
        raise ValueError(f"strokes must be a list, got {type(strokes).__name__}: send what the pad gave")
    if len(strokes) > MAX_STROKES:
        raise ValueError(f"a sketch may have at most {MAX_STROKES} strokes, got {len(strokes)}: draw a simpler one")
    checked, count = [], 0
    for i, stroke in enumerate(strokes, start=1):
        if not isinstance(stroke, dict) or not {"points", "size"} <= stroke.keys():
            raise ValueError(f"stroke {i} must be a dict with points and size, got {_start(repr(stroke))}")
        points, size = stroke["points"], stroke["size"]
        if not _fraction(size) or not 0 < size <= MAX_BRUSH:
            raise ValueError(
                f"the size of stroke {i} must be a number above 0 and at most {MAX_BRUSH}, got {_start(repr(size))}"
            )
        if not isinstance(points, list | tuple) or not points:
            raise ValueError(f"stroke {i} must have a list of at least one point, got {_start(repr(points))}")
        count += len(points)
        if count > MAX_POINTS:
            raise ValueError(f"a sketch may have at most {MAX_POINTS:,} points, got more: draw a simpler one")
        for point in points:
            if not isinstance(point, list | tuple) or len(point) != 2 or not all(_fraction(value) for value in point):
                raise ValueError(
                    f"every point of stroke {i} must be [x, y] with numbers from 0 to 1, got {_start(repr(point))}"
                )
        checked.append(([(float(x), float(y)) for x, y in points], float(size)))
    return checked


def _fraction(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= value <= 1  # NaN is not
