"""The sketch pad: a sheet of paper to draw on, and its drawings as pictures in Python.

The pad's value is None while it is empty, else

    {"png": data URL of the drawing, "strokes": [{"points": [[x, y], ...], "size": s}, ...]}

with x, y and size as fractions of the pad's side, in [0, 1]. `change` fires whenever the value changes, `input`
only when the user's hand changed it. Python may write strokes without a picture; the pad draws them and adds it.

On a pad with a palette every stroke also names its colour, "ink": NAME. A filled rectangle is a stroke with
"box": true, whose two points are opposite corners.
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
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from PIL import Image, ImageColor, ImageDraw

from demos.widgets.script import script

HERE = Path(__file__).parent

TEMPLATE = """
<div class="pad" role="group">
  <span class="name" aria-hidden="true"></span>
  <div class="paper">
    <canvas tabindex="0" role="img"></canvas>
    <p class="hint" aria-hidden="true">Draw here</p>
  </div>
  <div class="choices inks" role="radiogroup" aria-label="Colour" hidden></div>
  <div class="tools drawing" hidden>
    <div class="choices modes" role="radiogroup" aria-label="Tool"></div>
  </div>
  <div class="tools">
    <button type="button" class="undo" title="Undo (Ctrl+Z)">Undo</button>
    <button type="button" class="clear">Clear</button>
    <button type="button" class="save" title="Save as PNG" hidden>Save</button>
    <label><span class="brush-name">Brush</span>
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
    palette: dict[str, str] | None = None,
    save: bool = False,
    **options: Any,
) -> gr.HTML:
    """A square sheet to draw on.

    value: strokes (see the head of this file) or None. size: side in pixels, of the sheet on the screen and of the
    picture that Python gets. brush: its first size, a fraction of the side, 0.01 to 0.15. ink, paper: colours
    of CSS. palette: colours to choose from, {name: "#rrggbb"}; the pad then also draws rectangles, and paper is a hex
    colour too, one of the palette's or not. save: offer the picture as a download.
    options: further arguments of gr.HTML, such as `visible` or `scale`.
    """
    if palette is not None:
        _colours(palette, paper)  # a wrong one stops here, not at a visitor's first stroke
    pad = gr.HTML(
        value,
        elem_id=elem_id,
        label=label,
        html_template=TEMPLATE,
        css_template=(HERE / "sketch_pad.css").read_text(encoding="utf-8"),
        js_on_load=script(
            "sketch_pad.js",
            id=elem_id,
            label=label,
            size=size,
            brush=brush,
            ink=ink,
            paper=paper,
            palette=palette and list(palette.items()),  # an object's keys may change their order in JavaScript
            save=save,
        ),
        apply_default_css=False,
        **options,
    )
    pad.preprocess = lambda payload: payload or None  # in the browser an empty pad's value is ""
    return pad


# ------------------------------------------------------------------ a pad's value as a picture

DATA_URL = re.compile(r"data:image/(?:png|jpeg|webp);base64,")
READING_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, struct.error, zlib.error)
TOO_MANY_PIXELS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def read_sketch(
    value: Any, *, max_pixels: int = 16_000_000, palette: dict[str, str] | None = None, paper: str = "#ffffff"
) -> Image.Image:
    """A pad's value, or a data URL alone, as a picture on white: mode L where it holds no colour, else RGB.

    A value with strokes and no picture yet is drawn here, black on white. With a pad's palette and paper strokes are
    always drawn here, in RGB: the borders in the browser's picture are blends, which are no label's colour.
    Raises ValueError, one sentence that says what came, what was expected and what to do, where there is no sketch, a
    blank one or a broken one.
    """
    empty = isinstance(value, dict) and not value.get("png") and not value.get("strokes")
    if value is None or empty or (isinstance(value, str) and not value):
        raise ValueError("no sketch came, an empty pad was sent; a drawing was expected: draw something on the pad")
    if isinstance(value, dict) and (not value.get("png") or (palette is not None and value.get("strokes"))):
        image = draw_strokes(value["strokes"], 280, palette=palette, paper=paper)
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


def _shown(value: Any) -> str:
    """The start of what a value looks like; of one that Python cannot print, its type."""
    try:
        return _start(repr(value))
    except (ValueError, RecursionError):  # a number of thousands of digits, a list a thousand deep
        return f"something of type {type(value).__name__} that is too large to show"


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


class Stroke(NamedTuple):
    points: list[tuple[float, float]]
    size: float
    ink: str | None
    box: bool


def draw_strokes(
    strokes: Any, size: int, *, palette: dict[str, str] | None = None, paper: str = "#ffffff"
) -> Image.Image:
    """Stored strokes as a picture of size x size, mode L: black ink whatever they name, white paper, smooth edges.

    With a palette, {name: "#rrggbb"}: mode RGB on `paper`, with hard edges, so that every pixel has a colour of the
    palette or the paper's. Raises ValueError, in a sentence, where the strokes are not what a pad sends: see the head
    of this file.
    """
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIDE:
        raise ValueError(f"size must be a whole number from 1 to {MAX_SIDE}, got {size!r}")
    if palette is None:
        finer = max(1, min(4, MAX_SIDE // size))  # drawn so many times larger, then averaged: Pillow's edges are hard
        image, colours = Image.new("L", (size * finer, size * finer), 255), None
    else:
        finer, (colours, ground) = 1, _colours(palette, paper)
        image = Image.new("RGB", (size, size), ground)
    draw, side = ImageDraw.Draw(image), size * finer
    for points, brush, ink, box in check_strokes(strokes, palette):
        fill = colours[ink] if colours else 0
        places = [(x * side, y * side) for x, y in points]
        if box:
            draw.rectangle(_inside(places, side), fill=fill)
            continue
        radius = max(brush * side / 2, 0.5)
        for place in places:  # round ends and corners
            draw.circle(place, radius, fill=fill)
        for line in pairwise(places):
            draw.line(line, fill=fill, width=max(round(2 * radius), 1))
    return image.reduce(finer)


def _inside(corners: list[tuple[float, float]], side: int) -> list[tuple[int, int]]:
    """First and last pixel of a rectangle: those whose centres it covers, and at least one row and one column."""
    spans = []
    for low, high in map(sorted, zip(*corners, strict=True)):
        first = min(round(low), side - 1)
        spans.append((first, max(round(high) - 1, first)))
    return list(zip(*spans, strict=True))


HEX = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")


def _colours(palette: Any, paper: Any) -> tuple[dict[str, tuple[int, int, int]], tuple[int, int, int]]:
    """A palette's colours and the paper's as bytes (red, green, blue), or a ValueError."""
    if not isinstance(palette, dict) or not palette or not all(isinstance(name, str) and name for name in palette):
        raise ValueError(f"palette must be a dict of names and colours, got {_shown(palette)}")
    for name, colour in (*palette.items(), ("paper", paper)):
        if not isinstance(colour, str) or not HEX.fullmatch(colour):
            raise ValueError(f"the colour of {_start(name)} must be like '#0080ff', got {_shown(colour)}")
    return {name: ImageColor.getrgb(colour) for name, colour in palette.items()}, ImageColor.getrgb(paper)


def check_strokes(strokes: Any, palette: dict[str, str] | None = None) -> list[Stroke]:
    """The strokes with their numbers as floats, or a ValueError that says which one is wrong and how.

    With a palette every stroke must name one of its colours; without, any name will do, and none (None).
    """
    if not isinstance(strokes, list | tuple):
        raise ValueError(f"strokes must be a list, got {type(strokes).__name__}: send what the pad gave")
    if len(strokes) > MAX_STROKES:
        raise ValueError(f"a sketch may have at most {MAX_STROKES} strokes, got {len(strokes)}: draw a simpler one")
    checked, count = [], 0
    for i, stroke in enumerate(strokes, start=1):
        if not isinstance(stroke, dict) or not {"points", "size"} <= stroke.keys():
            raise ValueError(f"stroke {i} must be a dict with points and size, got {_shown(stroke)}")
        points, size, box = stroke["points"], stroke["size"], stroke.get("box", False)
        if not _fraction(size) or not 0 < size <= MAX_BRUSH:
            raise ValueError(
                f"the size of stroke {i} must be a number above 0 and at most {MAX_BRUSH}, got {_shown(size)}"
            )
        if not isinstance(points, list | tuple) or not points:
            raise ValueError(f"stroke {i} must have a list of at least one point, got {_shown(points)}")
        count += len(points)
        if count > MAX_POINTS:
            raise ValueError(f"a sketch may have at most {MAX_POINTS:,} points, got more: draw a simpler one")
        for point in points:
            if not isinstance(point, list | tuple) or len(point) != 2 or not all(_fraction(value) for value in point):
                raise ValueError(
                    f"every point of stroke {i} must be [x, y] with numbers from 0 to 1, got {_shown(point)}"
                )
        if not isinstance(box, bool):
            raise ValueError(f"box of stroke {i} must be true or false, got {_shown(box)}")
        if box and len(points) != 2:
            raise ValueError(f"stroke {i} is a rectangle and must have two points, its corners, got {len(points)}")
        ink = _ink(stroke, i, palette)
        checked.append(Stroke([(float(x), float(y)) for x, y in points], float(size), ink, box))
    return checked


def _ink(stroke: dict[str, Any], i: int, palette: dict[str, str] | None) -> str | None:
    """The name of stroke i's colour, or a ValueError."""
    if "ink" not in stroke and palette is None:
        return None
    if "ink" not in stroke:
        raise ValueError(f"stroke {i} must have an ink, one of {_few(palette)}; got none")
    ink = stroke["ink"]
    if not isinstance(ink, str):
        raise ValueError(f"the ink of stroke {i} must be a colour's name, got {_shown(ink)}")
    if palette is not None and ink not in palette:
        raise ValueError(f"the ink of stroke {i} must be one of {_few(palette)}; got {_start(ink)}")
    return ink


def _few(palette: dict[str, str]) -> str:
    """The first names of a palette."""
    return ", ".join([*(_start(name) for name in list(palette)[:3]), *["..."] * (len(palette) > 3)])


def _fraction(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= value <= 1  # NaN is not
