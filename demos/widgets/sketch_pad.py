"""The sketch pad: a sheet of paper to draw on, and strokes as pictures. What else it sends: demos/pictures.py.

The pad's value is None while it is empty, else

    {"png": data URL of the drawing, "strokes": [{"points": [[x, y], ...], "size": s}, ...]}

with x, y and size as fractions of the pad's side, in [0, 1]. `change` fires whenever the value changes, `input`
only when the user's hand changed it. Python may write strokes without a picture; the pad draws them and adds it.

On a pad with a palette every stroke also names its colour, "ink": NAME. A filled rectangle is a stroke with
"box": true, whose two points are opposite corners.
"""

import re
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from PIL import Image, ImageColor, ImageDraw

from demos.checks import shown
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
        raise ValueError(f"palette must be a dict of names and colours, got {shown(palette)}")
    for name, colour in (*palette.items(), ("paper", paper)):
        if not isinstance(colour, str) or not HEX.fullmatch(colour):
            raise ValueError(f"the colour of {shown(name)} must be like '#0080ff', got {shown(colour)}")
    return {name: ImageColor.getrgb(colour) for name, colour in palette.items()}, ImageColor.getrgb(paper)


def strokes_of(value: Any) -> list[dict[str, Any]]:
    """The strokes in a pad's value, checked, and none of an empty pad. ValueError where it is no pad's value."""
    if value is None or value == "":
        return []
    if not isinstance(value, dict):
        raise ValueError(
            f"the drawing came as {type(value).__name__}; a pad's value was expected: clear the pad and draw again"
        )
    strokes = [] if value.get("strokes") is None else value["strokes"]
    check_strokes(strokes)
    return strokes


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
            raise ValueError(f"stroke {i} must be a dict with points and size, got {shown(stroke)}")
        points, size, box = stroke["points"], stroke["size"], stroke.get("box", False)
        if not _fraction(size) or not 0 < size <= MAX_BRUSH:
            raise ValueError(
                f"the size of stroke {i} must be a number above 0 and at most {MAX_BRUSH}, got {shown(size)}"
            )
        if not isinstance(points, list | tuple) or not points:
            raise ValueError(f"stroke {i} must have a list of at least one point, got {shown(points)}")
        count += len(points)
        if count > MAX_POINTS:
            raise ValueError(f"a sketch may have at most {MAX_POINTS:,} points, got more: draw a simpler one")
        for point in points:
            if not isinstance(point, list | tuple) or len(point) != 2 or not all(_fraction(value) for value in point):
                raise ValueError(
                    f"every point of stroke {i} must be [x, y] with numbers from 0 to 1, got {shown(point)}"
                )
        if not isinstance(box, bool):
            raise ValueError(f"box of stroke {i} must be true or false, got {shown(box)}")
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
        raise ValueError(f"the ink of stroke {i} must be a colour's name, got {shown(ink)}")
    if palette is not None and ink not in palette:
        raise ValueError(f"the ink of stroke {i} must be one of {_few(palette)}; got {shown(ink)}")
    return ink


def _few(palette: dict[str, str]) -> str:
    """The first names of a palette."""
    return ", ".join([*(shown(name) for name in list(palette)[:3]), *["..."] * (len(palette) > 3)])


def _fraction(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= value <= 1  # NaN is not
