"""The components made of gr.HTML: what Python reads from them, and how they behave in a browser."""

import base64
import io
import math
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
import gradio as gr

from demos.widgets import FilmStrip, SketchPad, draw_strokes, read_sketch
from tests.browser import open_page

# ------------------------------------------------------------------ reading a sketch


def data_url(image: Image.Image, kind: str = "png", **options: Any) -> str:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def scribble(mode: str = "RGB", size: tuple[int, int] = (64, 48), ink: Any = 0) -> Image.Image:
    image = Image.new(mode, size, "white")
    ImageDraw.Draw(image).line([(5, 5), (40, 30)], fill=ink, width=4)
    return image


STROKES = [{"points": [[0.2, 0.5], [0.8, 0.5]], "size": 0.1}]


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_a_black_sketch_is_grey(kind: str) -> None:
    options = {"webp": {"lossless": True}, "jpeg": {"quality": 95}}.get(kind, {})
    image = read_sketch({"png": data_url(scribble(), kind, **options), "strokes": STROKES})
    assert (image.mode, image.size) == ("L", (64, 48))
    assert image.getpixel((20, 16)) < 40
    assert image.getpixel((60, 4)) > 240


def test_a_coloured_sketch_keeps_its_colours() -> None:
    image = read_sketch(data_url(scribble(ink=(200, 30, 30))))
    assert image.mode == "RGB"
    assert image.getpixel((20, 16)) == (200, 30, 30)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_become_white(mode: str) -> None:
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle([4, 4, 12, 12], fill=(0, 0, 0, 255))
    read = read_sketch(data_url(image.convert(mode)))
    assert read.mode == "L"
    assert read.getpixel((8, 8)) == 0
    assert read.getpixel((30, 30)) == 255


def test_half_transparent_ink_is_grey() -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.putpixel((3, 3), (0, 0, 0, 128))
    assert abs(read_sketch(data_url(image)).getpixel((3, 3)) - 127) <= 1


def test_sixteen_bit_grey_keeps_its_levels() -> None:
    levels = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    read = np.asarray(read_sketch(data_url(Image.fromarray(levels))))
    assert np.array_equal(read, (levels >> 8).astype(np.uint8))


def test_strokes_without_a_picture_are_drawn() -> None:
    image = read_sketch({"strokes": STROKES})
    assert image.getpixel((140, 140)) == 0
    assert image.getpixel((140, 20)) == 255


PNG = data_url(scribble())
HEAD = "data:image/png;base64,"


def cut(url: str, share: float) -> str:
    data = base64.b64decode(url.split(",")[1])
    return HEAD + base64.b64encode(data[: int(len(data) * share)]).decode()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "no sketch"),
        ("", "no sketch"),
        ({}, "no sketch"),
        ({"png": "", "strokes": []}, "no sketch"),
        (data_url(Image.new("RGB", (20, 20), "white")), "blank"),
        ({"png": data_url(Image.new("RGBA", (20, 20), (0, 0, 0, 0))), "strokes": STROKES}, "blank"),
        (17, "came as int"),
        ([PNG], "came as list"),
        (b"png", "came as bytes"),
        (np.zeros((4, 4)), "came as ndarray"),
        ({"png": 17}, "came as int"),
        ("hello", "data URL"),
        ("https://example.org/cat.png", "data URL"),
        ("data:text/html;base64,PGI+", "data URL"),
        (data_url(scribble(), "gif"), "data URL"),
        (HEAD + "!!!not base64!!!", "not base64"),
        (PNG[:-3], "not base64"),
        (HEAD + "zażółć", "not base64"),
        (HEAD, "broken"),
        (HEAD + base64.b64encode(b"not a picture").decode(), "broken"),
        (data_url(scribble(), "gif").replace("image/gif", "image/png"), "broken"),
        (cut(PNG, 0.1), "broken"),
        (cut(PNG, 0.6), "broken"),
        (cut(data_url(scribble(), "jpeg"), 0.6), "broken"),
        ({"strokes": [{"points": [[0.5, math.nan]], "size": 0.1}]}, "stroke 1"),
        ({"strokes": [{"points": [[0.5, 10**5000]], "size": 0.1}]}, "stroke 1"),
    ],
)
def test_what_is_no_sketch_gets_a_sentence(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read_sketch(value)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def bare_png(width: int, height: int) -> str:
    """The header of a PNG with so many pixels, and none of them."""
    data = base64.b64decode(data_url(Image.new("L", (1, 1))).split(",")[1])
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + data[24:29]
    body = data[:8] + data[8:12] + header + zlib.crc32(header).to_bytes(4, "big") + data[33:]
    return HEAD + base64.b64encode(body).decode()


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [
        (8000, 5000, "8000 x 5000 = 40,000,000"),
        (12_000, 10_000, "12000 x 10000 = 120,000,000"),  # where Pillow warns
        (30_000, 30_000, "900,000,000"),  # where Pillow refuses
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_too_many_pixels_are_refused_from_the_header(width: int, height: int, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read_sketch(bare_png(width, height))
    assert "16,000,000" in str(caught.value)


def test_damaged_pictures_never_raise_anything_else() -> None:
    random = np.random.default_rng(0)
    for url in (PNG, data_url(scribble(), "jpeg"), data_url(scribble(), "webp")):
        head, body = url.split(",")
        for _ in range(60):
            data = bytearray(base64.b64decode(body))
            for place in random.integers(8, len(data), 4):
                data[place] = random.integers(256)
            try:
                read_sketch(f"{head},{base64.b64encode(data).decode()}", max_pixels=1_000_000)
            except ValueError:
                continue


# ------------------------------------------------------------------ drawing strokes


def test_a_stroke_covers_its_area() -> None:
    image = draw_strokes(STROKES, 200)
    ink = (255 - np.asarray(image, dtype=float)).sum() / 255
    assert ink == pytest.approx(120 * 20 + math.pi * 10**2, rel=0.02)  # a bar with two half discs
    assert len(set(np.asarray(image).ravel().tolist())) > 2, "edges are smooth"


def test_a_single_point_is_a_disc() -> None:
    ink = (255 - np.asarray(draw_strokes([{"points": [[0.5, 0.5]], "size": 0.2}], 100), dtype=float)).sum() / 255
    assert ink == pytest.approx(math.pi * 10**2, rel=0.03)


def test_no_strokes_are_white_paper() -> None:
    assert draw_strokes([], 10).getextrema() == (255, 255)


def stroke(points: Any = ((0.1, 0.1),), size: Any = 0.1) -> dict[str, Any]:
    return {"points": points, "size": size}


@pytest.mark.parametrize(
    ("strokes", "words"),
    [
        (None, "must be a list"),
        ("strokes", "must be a list"),
        ([stroke()] * 501, "at most 500"),
        ([stroke([[0.1, 0.1]] * 10_001)] * 2, "at most 20,000"),
        ([[0.1, 0.2]], "stroke 1 must be a dict"),
        ([stroke(), {"points": [[0, 0]]}], "stroke 2 must be a dict"),
        ([stroke([])], "at least one point"),
        ([stroke(7)], "at least one point"),
        ([stroke([[0.1]])], r"must be \[x, y\]"),
        ([stroke([[0.1, "a"]])], "from 0 to 1"),
        ([stroke([[0.1, True]])], "from 0 to 1"),
        ([stroke([[0.1, math.nan]])], "from 0 to 1"),
        ([stroke([[0.1, math.inf]])], "from 0 to 1"),
        ([stroke([[0.1, -0.1]])], "from 0 to 1"),
        ([stroke([[0.1, 10**400]])], "from 0 to 1"),
        ([stroke(size=0)], "size of stroke 1"),
        ([stroke(size=2)], "size of stroke 1"),
        ([stroke(size=math.nan)], "size of stroke 1"),
        ([stroke(size="thick")], "size of stroke 1"),
    ],
)
def test_bad_strokes_get_a_sentence(strokes: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        draw_strokes(strokes, 64)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("size", [0, -1, 2.5, True, 5000])
def test_bad_sizes_get_a_sentence(size: Any) -> None:
    with pytest.raises(ValueError, match="size must be a whole number"):
        draw_strokes(STROKES, size)


# ------------------------------------------------------------------ drawing with a palette

PALETTE = {
    "background": "#0000de",
    "wall": "#0030ff",
    "window": "#0080ff",
    "door": "#00cfff",
    "cornice": "#20ffe0",
    "sill": "#70ff8f",
    "balcony": "#c0ff3f",
    "blind": "#fff000",
    "decoration": "#ff9f00",
    "moulding": "#ff5000",
    "pillar": "#ff0000",
    "shop": "#ae0000",
}
PAPER = PALETTE["background"]


def box(start: Any, end: Any, ink: str = "wall") -> dict[str, Any]:
    return {"points": [list(start), list(end)], "size": 0.04, "ink": ink, "box": True}


FRONT = [
    box((0.1, 0.9), (0.9, 0.1)),
    box((0.25, 0.5), (0.75, 0.75), "window"),
    {"points": [[0.1, 0.2], [0.9, 0.3]], "size": 0.05, "ink": "cornice"},
    {"points": [[0.5, 0.9]], "size": 0.1, "ink": "door"},
]


def rgb(name: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(PALETTE[name][1:]))


def colours_of(image: Image.Image) -> set[tuple[int, ...]]:
    return {colour for _, colour in image.getcolors(maxcolors=2**24)}


@pytest.mark.parametrize("size", [17, 64, 256, 999])
def test_a_palette_picture_has_no_other_colours(size: int) -> None:
    image = draw_strokes(FRONT, size, palette=PALETTE, paper=PAPER)
    assert (image.mode, image.size) == ("RGB", (size, size))
    assert colours_of(image) == {rgb(name) for name in ("background", "wall", "window", "cornice", "door")}
    at = {name: image.getpixel((int(x * size), int(y * size))) for name, (x, y) in PLACES.items()}
    assert at == {name: rgb(name) for name in PLACES}


PLACES = {
    "background": (0.03, 0.5),
    "wall": (0.15, 0.6),
    "window": (0.5, 0.6),
    "cornice": (0.5, 0.25),
    "door": (0.5, 0.9),
}


def test_a_rectangle_covers_the_pixels_between_its_corners() -> None:
    four = [((0.2, 0.3), (0.7, 0.8)), ((0.7, 0.8), (0.2, 0.3)), ((0.2, 0.8), (0.7, 0.3)), ((0.7, 0.3), (0.2, 0.8))]
    for start, end in four:
        covered = (np.asarray(draw_strokes([box(start, end)], 100, palette=PALETTE)) == rgb("wall")).all(2)
        expected = np.zeros((100, 100), dtype=bool)
        expected[30:80, 20:70] = True
        assert np.array_equal(covered, expected)


def test_rectangles_side_by_side_leave_no_gap_and_thin_ones_stay() -> None:
    halves = [box((0, 0), (0.333, 1)), box((0.333, 0), (1, 1), "door")]
    for size in (17, 64, 250):
        assert colours_of(draw_strokes(halves, size, palette=PALETTE)) == {rgb("wall"), rgb("door")}
    for thin in (box((0.5, 0), (0.501, 1)), box((1, 0), (1, 1)), box((0, 0), (0.001, 1))):
        covered = (np.asarray(draw_strokes([thin], 64, palette=PALETTE)) == rgb("wall")).all(2)
        assert covered.sum() == 64


def test_later_strokes_lie_on_earlier_ones() -> None:
    both = [box((0, 0), (1, 1)), box((0, 0), (1, 1), "door")]
    assert colours_of(draw_strokes(both, 20, palette=PALETTE)) == {rgb("door")}
    assert colours_of(draw_strokes(both[::-1], 20, palette=PALETTE)) == {rgb("wall")}
    assert colours_of(draw_strokes([], 20, palette=PALETTE, paper="#abc")) == {(0xAA, 0xBB, 0xCC)}


def test_without_a_palette_inks_are_black_and_rectangles_filled() -> None:
    named = [stroke | {"ink": "door"} for stroke in STROKES]
    assert draw_strokes(named, 100).tobytes() == draw_strokes(STROKES, 100).tobytes()
    image = draw_strokes([box((0.2, 0.3), (0.7, 0.8))], 100)
    assert image.mode == "L"
    assert (255 - np.asarray(image, float)).sum() / 255 == 50 * 50


def test_a_palette_sketch_is_drawn_from_its_strokes() -> None:
    blends = data_url(draw_strokes(FRONT, 560, palette=PALETTE, paper=PAPER).resize((280, 280), Image.Resampling.BOX))
    options = dict(palette=PALETTE, paper=PAPER)
    assert len(colours_of(read_sketch({"png": blends, "strokes": FRONT}))) > 5, "what the browser sends has blends"
    for value in ({"png": blends, "strokes": FRONT}, {"strokes": FRONT}):
        image = read_sketch(value, **options)
        assert (image.mode, image.size) == ("RGB", (280, 280))
        assert len(colours_of(image)) == 5
    assert len(colours_of(read_sketch(blends, **options))) > 5, "a picture alone is taken as it is"
    with pytest.raises(ValueError, match="blank"):
        read_sketch({"png": blends, "strokes": [box((0.2, 0.2), (0.8, 0.8), "background")]}, **options)
    with pytest.raises(ValueError, match="no sketch"):
        read_sketch({"png": "", "strokes": []}, **options)


def deep() -> list[Any]:
    nest: list[Any] = []
    for _ in range(5000):
        nest = [nest]
    return nest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ink": "roof"}, "ink of stroke 2 must be one of 'background', 'wall', 'window', ...; got 'roof'"),
        ({"ink": "Wall"}, "got 'Wall'"),
        ({"ink": "a" * 9999}, "aaa..."),
        ({"ink": 3}, "ink of stroke 2 must be a colour's name, got '3'"),
        ({"ink": None}, "must be a colour's name, got 'None'"),
        ({"ink": math.nan}, "must be a colour's name"),
        ({"ink": ["wall"]}, "must be a colour's name"),
        ({"ink": 10**5000}, "int that is too large to show"),
        ({"ink": deep()}, "list that is too large to show"),
        ({"box": "yes"}, "box of stroke 2 must be true or false, got \"'yes'\""),
        ({"box": 1}, "must be true or false"),
        ({"box": None}, "must be true or false"),
        ({"box": deep()}, "must be true or false"),
        ({"points": [[0.1, 0.1]]}, "must have two points, its corners, got 1"),
        ({"points": [[0.1, 0.1]] * 3}, "must have two points, its corners, got 3"),
        ({"points": []}, "at least one point"),
        ({"points": [[0.1, 0.1], [0.2, math.nan]]}, "from 0 to 1"),
        ({"points": [[0.1, 0.1], [math.inf, 0.2]]}, "from 0 to 1"),
        ({"points": [[0.1, 0.1], [10**5000, 0.2]]}, "from 0 to 1"),
        ({"points": [[0.1, 0.1], deep()]}, "from 0 to 1"),
        ({"size": 10**5000}, "size of stroke 2"),
        ({"size": -math.inf}, "size of stroke 2"),
    ],
    ids=lambda value: type(value).__name__,  # pytest cannot print the largest of them
)
def test_bad_inks_and_boxes_get_a_sentence(change: dict[str, Any], words: str) -> None:
    strokes = [FRONT[0], FRONT[1] | change]
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        draw_strokes(strokes, 64, palette=PALETTE)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)
    if "ink" not in change or not isinstance(change["ink"], str):  # any name is one where there is no palette
        with pytest.raises(ValueError, match=re.escape(words)):
            draw_strokes(strokes, 64)


def test_a_palette_asks_for_an_ink_and_bounds_the_strokes() -> None:
    with pytest.raises(ValueError, match="stroke 1 must have an ink, one of 'background', "):
        draw_strokes(STROKES, 64, palette=PALETTE)
    with pytest.raises(ValueError, match="must be one of 'ground', 'sky'; got 'wall'"):
        draw_strokes(FRONT, 64, palette={"ground": "#000000", "sky": "#ffffff"})
    with pytest.raises(ValueError, match="at most 500"):
        draw_strokes([FRONT[0]] * 5000, 64, palette=PALETTE)


@pytest.mark.parametrize(
    ("palette", "paper", "words"),
    [
        ({}, "#ffffff", "palette must be a dict"),
        (["#ffffff"], "#ffffff", "palette must be a dict"),
        ({"": "#ffffff"}, "#ffffff", "palette must be a dict"),
        ({"sky": "blue"}, "#ffffff", "colour of 'sky' must be like '#0080ff', got \"'blue'\""),
        ({"sky": 255}, "#ffffff", "colour of 'sky'"),
        ({"sky": "#0080ff80"}, "#ffffff", "colour of 'sky'"),
        ({"sky": "#0080ff"}, "white", "colour of 'paper'"),
        ({"sky": "#0080ff"}, None, "colour of 'paper'"),
    ],
)
def test_bad_palettes_get_a_sentence(palette: Any, paper: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw_strokes([], 64, palette=palette, paper=paper)
    with pytest.raises(ValueError, match=words):
        SketchPad(elem_id="bad", label="Bad", palette=palette, paper=paper)


# ------------------------------------------------------------------ in a browser

FRAMES = 12


def frame_colour(k: int) -> tuple[int, int, int]:
    return (20 * k, 255 - 20 * k, 128)


def film(frames: int = FRAMES, blue: int = 128) -> dict[str, Any]:
    """Every frame of the first pane has a colour of its own; two more panes, windows and readouts beside it."""
    columns, side = 5, 28
    sheet = Image.new("RGB", (columns * side, math.ceil(frames / columns) * side))
    for k in range(frames):
        place = (k % columns * side, k // columns * side)
        sheet.paste((*frame_colour(k)[:2], blue), (*place, place[0] + side, place[1] + side))
    digit = Image.new("L", (side, side), 0)
    ImageDraw.Draw(digit).line([(8, 5), (20, 5), (12, 23)], fill=255, width=3)
    patches = Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 5 * frames), dtype=np.uint8))
    write = [[10 + k, 13.5, 1.5 + 0.1 * k, 0.6] for k in range(frames)]
    read = [None, *([14.0, 10.0 + 0.4 * k, 6.0, 1.0] for k in range(1, frames))]
    pane = {"width": side, "height": side, "large": True}
    return {
        "frames": frames,
        "panes": [
            {
                "title": "Canvas",
                "film": data_url(sheet),
                "columns": columns,
                "still": False,
                "marks": [{"role": "write", "label": "writes here", "points": 5, "windows": write}],
                **pane,
            },
            {
                "title": "Picture",
                "film": data_url(digit),
                "columns": 1,
                "still": True,
                "marks": [{"role": "read", "label": "reads here", "points": 2, "windows": read}],
                **pane,
            },
            {
                "title": "Patch written",
                "film": data_url(patches),
                "width": 5,
                "height": 5,
                "columns": frames,
                "still": False,
                "large": False,
                "marks": [],
            },
        ],
        "readouts": [
            {"label": "Stride δ (write)", "unit": "px", "values": [w[2] for w in write]},
            {"label": "Stride δ (read)", "unit": "px", "values": [r and r[2] for r in read]},
        ],
        "captions": [f"Step {k + 1}: the network adds a patch to the canvas." for k in range(frames)],
    }


@dataclass
class App:
    url: str
    drawings: list[Any] = field(default_factory=list)  # values of `change`, as Python got them
    by_hand: list[Any] = field(default_factory=list)  # values of `input`
    stops: list[int] = field(default_factory=list)  # indices of `select`
    plans: list[Any] = field(default_factory=list)  # values of the palette pad's `input`


@pytest.fixture(scope="module")
def served() -> Iterator[App]:
    app = App("")

    def drawn(value: Any) -> None:
        app.drawings.append(value)

    def drawn_by_hand(value: Any) -> None:
        app.by_hand.append(value)

    def stopped(event: gr.EventData) -> int:
        app.stops.append(event.index)
        return event.index

    with gr.Blocks() as demo, gr.Row():
        with gr.Column(scale=1, min_width=300):
            pad = SketchPad(elem_id="pad", label="Sketch")
            given = gr.Button("Give strokes", elem_id="give")
            wiped = gr.Button("Wipe", elem_id="wipe")
        with gr.Column(scale=2, min_width=300):
            strip = FilmStrip(elem_id="strip", label="Glimpses of DRAW")
            filled = gr.Button("Run", elem_id="run")
            other = gr.Button("Run another", elem_id="run-another")
            broken = gr.Button("Broken", elem_id="broken")
            emptied = gr.Button("Empty", elem_id="empty")
            heard = gr.Number(-1, label="Stopped at", elem_id="heard")
    with demo:
        with gr.Tab("First"):
            everywhere = gr.Button("Fill the other tab", elem_id="fill-other")
        with gr.Tab("Other"):
            far_pad = SketchPad(elem_id="far-pad", label="Far sketch")
            far_strip = FilmStrip(elem_id="far-strip", label="Far film")
        with gr.Tab("Plan"):
            plan = SketchPad(
                elem_id="plan", label="A house front", palette=PALETTE, paper=PAPER, save=True, brush=0.1, size=256
            )
            planned = gr.Button("Give a front", elem_id="give-front")
            SketchPad(elem_id="two-inks", label="Two inks", palette={"soot": "#000000", "bone": "#eeeecc"})
        everywhere.click(lambda: ({"strokes": STROKES}, film()), None, [far_pad, far_strip])
        pad.change(drawn, pad, None)
        pad.input(drawn_by_hand, pad, None, trigger_mode="multiple")
        given.click(lambda: {"strokes": STROKES}, None, pad)
        wiped.click(lambda: None, None, pad)
        plan.input(app.plans.append, plan, None, trigger_mode="multiple")  # none is dropped while one is handled
        planned.click(lambda: {"strokes": FRONT}, None, plan)
        strip.select(stopped, None, heard)
        filled.click(film, None, strip)
        other.click(lambda: film(20, blue=30), None, strip)
        broken.click(
            lambda: film() | {"panes": [film()["panes"][0] | {"film": "data:image/png;base64,AAAA"}]}, None, strip
        )
        emptied.click(lambda: None, None, strip)
    _, app.url, _ = demo.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
    yield app
    demo.close()


@pytest.fixture
def app(served: App) -> App:
    served.drawings.clear()
    served.by_hand.clear()
    served.stops.clear()
    served.plans.clear()
    return served


def wait_until(page: Any, condition: Any, timeout_ms: int = 8000) -> None:
    """Wait for something on the Python side, while the page goes on."""
    for _ in range(timeout_ms // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("waited in vain")


def draw_line(page: Any, start: tuple[float, float], end: tuple[float, float], pad: str = "#pad") -> None:
    box = page.locator(f"{pad} canvas").bounding_box()
    x, y = ([box["x"] + box["width"] * p[0], box["y"] + box["height"] * p[1]] for p in (start, end))
    page.mouse.move(*x)
    page.mouse.down()
    page.mouse.move(*y, steps=8)
    page.mouse.up()


def pixel(page: Any, selector: str, x: float, y: float) -> tuple[int, int, int]:
    """The colour of a canvas at (x, y), fractions of its sides."""
    script = """([selector, x, y]) => {
        const c = document.querySelector(selector);
        return [...c.getContext('2d').getImageData(Math.floor(x * c.width), Math.floor(y * c.height), 1, 1).data];
    }"""
    return tuple(page.evaluate(script, [selector, x, y])[:3])


@pytest.mark.browser
def test_a_stroke_reaches_python(app: App) -> None:
    with open_page(app.url) as page:
        page.locator("#pad canvas").wait_for()
        assert page.locator("#pad .undo").is_disabled()
        draw_line(page, (0.2, 0.5), (0.8, 0.5))
        wait_until(page, lambda: app.drawings and app.by_hand)
        page.wait_for_timeout(300)
        assert len(app.drawings) == len(app.by_hand) == 1, "one event a stroke"
        assert app.drawings == app.by_hand
        [stroke] = app.drawings[0]["strokes"]
        assert len(stroke["points"]) == 2, "a straight line is thinned to its ends"
        assert np.allclose(stroke["points"], [[0.2, 0.5], [0.8, 0.5]], atol=0.01)
        picture = read_sketch(app.drawings[0])
        assert picture.size == (280, 280)
        assert picture.getpixel((140, 140)) == 0
        again = draw_strokes(app.drawings[0]["strokes"], 280)
        difference = np.abs(np.asarray(picture, float) - np.asarray(again, float)).mean()
        assert difference < 0.5, "the browser and Pillow draw the same"


@pytest.mark.browser
def test_undo_and_clear(app: App) -> None:
    count = "() => document.querySelector('#pad .pad').dataset.strokes"
    with open_page(app.url) as page:
        page.locator("#pad canvas").wait_for()
        draw_line(page, (0.1, 0.1), (0.9, 0.2))
        draw_line(page, (0.1, 0.6), (0.9, 0.7))
        wait_until(page, lambda: len(app.drawings) == 2)
        assert [len(value["strokes"]) for value in app.drawings] == [1, 2]
        page.locator("#pad canvas").focus()
        page.keyboard.press("Control+z")
        wait_until(page, lambda: len(app.drawings) == 3)
        assert app.drawings[-1] == app.drawings[0]
        page.locator("#pad .clear").click()
        wait_until(page, lambda: len(app.drawings) == 4)
        assert app.drawings[-1] is None
        assert pixel(page, "#pad canvas", 0.5, 0.15) == (255, 255, 255)
        page.locator("#pad .undo").click()  # takes back the clearing
        wait_until(page, lambda: len(app.drawings) == 5)
        assert page.evaluate(count) == "1"
        page.locator("#pad .undo").click()
        wait_until(page, lambda: len(app.drawings) == 6)
        assert app.drawings[-1] is None


@pytest.mark.browser
def test_a_stroke_that_leaves_the_paper_stays_on_it(app: App) -> None:
    with open_page(app.url) as page:
        page.locator("#pad canvas").wait_for()
        box = page.locator("#pad canvas").bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 100)
        page.mouse.down()
        for x, y in ((400, 110), (420, 150), (150, 160), (100, 160)):
            page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.up()
        wait_until(page, lambda: app.drawings)
        strokes = app.drawings[0]["strokes"]
        assert len(strokes) == 2
        draw_strokes(strokes, 64)  # valid
        page.locator("#pad .undo").click()
        wait_until(page, lambda: len(app.drawings) == 2)
        assert app.drawings[-1] is None, "one gesture, one undo"


@pytest.mark.browser
def test_python_writes_strokes_and_wipes_them(app: App) -> None:
    with open_page(app.url) as page:
        page.locator("#pad canvas").wait_for()
        page.locator("#give").click()
        page.wait_for_function("() => document.querySelector('#pad .pad').dataset.strokes === '1'")
        assert pixel(page, "#pad canvas", 0.5, 0.5) == (0, 0, 0)
        wait_until(page, lambda: any(value.get("png") for value in app.drawings))
        [complete] = [value for value in app.drawings if value.get("png")]  # two requests: either may come first
        assert complete["strokes"] == STROKES
        read_sketch(complete)
        page.wait_for_timeout(600)
        assert len(app.drawings) <= 2, "no endless exchange"
        assert app.by_hand == []
        page.locator("#wipe").click()
        page.wait_for_function("() => document.querySelector('#pad .pad').dataset.strokes === '0'")
        assert pixel(page, "#pad canvas", 0.5, 0.5) == (255, 255, 255)


def open_plan(page: Any) -> Any:
    page.get_by_role("tab", name="Plan", exact=True).click()
    page.locator("#plan canvas").wait_for()
    return page.locator("#plan")


def count(page: Any, strokes: int) -> None:
    page.wait_for_function(f"() => document.querySelector('#plan .pad').dataset.strokes === '{strokes}'")


@pytest.mark.browser
def test_rectangles_and_brush_in_the_colours_of_a_palette(app: App) -> None:
    with open_page(app.url) as page:
        plan = open_plan(page)
        inks = plan.get_by_role("radiogroup", name="Colour").get_by_role("radio")
        assert [ink.get_attribute("value") for ink in inks.all()] == list(PALETTE)
        assert plan.locator(".inks .face").all_inner_texts() == list(PALETTE), "the names are there to read"
        assert plan.get_by_role("radio", name="window").is_checked()
        assert plan.get_by_role("radio", name="Rectangle").is_checked()
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("background")

        draw_line(page, (0.2, 0.3), (0.7, 0.8), "#plan")
        wait_until(page, lambda: app.plans)
        [window] = app.plans[0]["strokes"]
        assert list(window) == ["points", "size", "ink", "box"]
        assert (window["ink"], window["box"], window["size"]) == ("window", True, 0.1)
        assert np.allclose(window["points"], [[0.2, 0.3], [0.7, 0.8]], atol=0.01)
        assert window["points"] == np.round(window["points"], 3).tolist()
        for x, y in ((0.22, 0.32), (0.68, 0.32), (0.22, 0.78), (0.68, 0.78), (0.5, 0.5)):
            assert pixel(page, "#plan canvas", x, y) == rgb("window"), "filled to its corners"
        for x, y in ((0.17, 0.5), (0.73, 0.5), (0.5, 0.27), (0.5, 0.83)):
            assert pixel(page, "#plan canvas", x, y) == rgb("background")

        plan.get_by_role("radio", name="pillar").check()
        plan.get_by_role("radio", name="Brush").check()
        draw_line(page, (0.1, 0.5), (0.9, 0.5), "#plan")
        wait_until(page, lambda: len(app.plans) == 2)
        line = app.plans[1]["strokes"][1]
        assert list(line) == ["points", "size", "ink"]
        assert (line["ink"], line["size"]) == ("pillar", 0.1)
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("pillar")
        assert pixel(page, "#plan canvas", 0.5, 0.7) == rgb("window")

        page.keyboard.press("Control+z")
        wait_until(page, lambda: len(app.plans) == 3)
        assert app.plans[2] == app.plans[0]
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("window")
        plan.locator(".clear").click()
        wait_until(page, lambda: len(app.plans) == 4)
        assert app.plans[3] is None
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("background")
        plan.locator(".undo").click()
        wait_until(page, lambda: len(app.plans) == 5)
        assert app.plans[4] == app.plans[0]


@pytest.mark.browser
def test_a_rectangle_is_seen_while_it_is_dragged_and_a_click_draws_none(app: App) -> None:
    with open_page(app.url) as page:
        plan = open_plan(page)
        sheet = plan.locator("canvas").bounding_box()
        x, y = (lambda share: sheet["x"] + share * sheet["width"]), (lambda share: sheet["y"] + share * sheet["height"])
        page.mouse.click(x(0.5), y(0.5))
        page.mouse.move(x(0.3), y(0.3))
        page.mouse.down()
        page.mouse.move(x(0.3) + 1, y(0.3) + 1)  # an unsteady hand
        page.mouse.up()
        assert plan.locator(".hint").is_visible()
        assert plan.locator(".undo").is_disabled()

        page.mouse.move(x(0.8), y(0.8))
        page.mouse.down()
        page.mouse.move(x(0.4), y(0.4), steps=4)
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("window")
        assert not plan.locator(".hint").is_visible()
        page.mouse.move(x(0.6), y(0.6), steps=4)
        assert pixel(page, "#plan canvas", 0.5, 0.5) == rgb("background"), "it follows the pointer back"
        assert pixel(page, "#plan canvas", 0.7, 0.7) == rgb("window")
        page.mouse.move(x(1.2), y(0.6), steps=4)
        page.mouse.move(x(1.2), y(-0.1), steps=4)
        page.mouse.up()
        wait_until(page, lambda: app.plans)
        page.wait_for_timeout(300)
        assert len(app.plans) == 1, "clicks told Python nothing"
        [made] = app.plans[0]["strokes"]
        assert np.allclose(made["points"], [[0.8, 0.8], [1, 0]], atol=0.01), "it ends at the paper's edge"
        draw_strokes(app.plans[0]["strokes"], 64, palette=PALETTE)  # valid


@pytest.mark.browser
def test_the_keyboard_chooses_colour_and_tool(app: App) -> None:
    with open_page(app.url) as page:
        plan = open_plan(page)
        assert plan.locator(".brush").is_disabled(), "a rectangle has no size of brush"
        plan.locator("canvas").focus()
        page.keyboard.press("Tab")
        assert plan.get_by_role("radio", name="window").evaluate("radio => radio === document.activeElement")
        outline = "radio => getComputedStyle(radio.nextElementSibling).outlineStyle"
        assert plan.get_by_role("radio", name="window").evaluate(outline) == "solid", "the focus is seen"
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert plan.get_by_role("radio", name="cornice").is_checked()
        assert plan.locator(".inks :checked").count() == 1
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        assert plan.get_by_role("radio", name="Brush").is_checked()
        assert plan.get_by_role("radio", name="cornice").is_checked()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowLeft")
        two = page.locator("#two-inks")
        assert two.get_by_role("radio", name="soot").is_checked(), "each pad has its own; of two the first"
        assert two.get_by_role("radio", name="Rectangle").is_checked()
        assert not two.locator(".save").is_visible()
        draw_line(page, (0.2, 0.2), (0.8, 0.2), "#plan")
        wait_until(page, lambda: app.plans)
        [line] = app.plans[0]["strokes"]
        assert (line["ink"], "box" in line) == ("cornice", False)
        assert line["size"] == 0.095, "the arrow key made the brush smaller"


@pytest.mark.browser
def test_what_is_chosen_is_seen_without_colour(app: App) -> None:
    dot = """radio => getComputedStyle(radio.nextElementSibling.querySelector('.swatch'), '::after').content"""
    with open_page(app.url) as page:
        plan = open_plan(page)
        plan.get_by_role("radio", name="door").check()
        radios = plan.get_by_role("radio").all()
        assert [r.get_attribute("value") for r in radios if r.evaluate(dot) == '""'] == ["door", "Rectangle"]


@pytest.mark.browser
def test_python_writes_a_front_and_the_pad_saves_it(app: App) -> None:
    with open_page(app.url) as page:
        plan = open_plan(page)
        assert plan.locator(".save").is_disabled()
        assert not page.locator("#pad .save").is_visible(), "only where it is asked for"
        page.locator("#give-front").click()
        count(page, len(FRONT))
        assert {name: pixel(page, "#plan canvas", *place) for name, place in PLACES.items()} == {
            name: rgb(name) for name in PLACES
        }
        with page.expect_download() as download:
            plan.locator(".save").click()
        assert download.value.suggested_filename == "glimpse-a-house-front.png"
        with Image.open(download.value.path()) as saved:
            drawn = np.asarray(draw_strokes(FRONT, 256, palette=PALETTE, paper=PAPER), int)
            assert saved.size == (256, 256)
            off = np.abs(np.asarray(saved.convert("RGB"), int) - drawn).max(2) > 8
        assert off.mean() < 0.02, "but for its borders the browser's picture is Pillow's"

        draw_line(page, (0.05, 0.95), (0.95, 0.8), "#plan")
        wait_until(page, lambda: app.plans)
        assert app.plans[0]["strokes"][:-1] == FRONT, "ink and box went to the page and came back"
        assert len(colours_of(read_sketch(app.plans[0], palette=PALETTE, paper=PAPER))) == 5
        plan.locator(".undo").click()
        count(page, len(FRONT))
        plan.locator(".undo").click()
        count(page, 0)
        assert plan.locator(".save").is_disabled()
        assert plan.locator(".hint").is_visible()


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Of WCAG 2: from 1 to 21; 4.5 is enough for text."""

    def luminance(colour: tuple[int, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (byte / 255 for byte in colour)]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    low, high = sorted(luminance(colour) + 0.05 for colour in (one, other))
    return high / low


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_a_palette_is_readable_on_a_phone(app: App, dark: bool) -> None:
    ink = "node => getComputedStyle(node).color.match(/[0-9]+/g).slice(0, 3).map(Number)"
    ground = "node => getComputedStyle(node).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number)"
    with open_page(app.url, width=390, dark=dark) as page:
        plan = open_plan(page)
        assert contrast(plan.locator(".hint").evaluate(ink), rgb("background")) >= 4.5
        for face in plan.locator(".face").all():
            assert contrast(face.evaluate(ink), face.evaluate(ground)) >= 4.5
            assert face.evaluate("node => node.scrollWidth <= node.clientWidth"), "no name is cut off"
            place = face.bounding_box()
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= 390
            assert 32 <= place["height"] < 40, "large enough for a finger, and no name is broken"
        rows = {round(face.bounding_box()["y"]) for face in plan.locator(".inks .face").all()}
        assert len(rows) <= 4, "three a row"
        sheet = plan.locator("canvas").bounding_box()
        assert sheet["x"] + sheet["width"] <= 390
        overflow = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0


def index(page: Any) -> int:
    return int(page.evaluate("() => document.querySelector('#strip .strip').dataset.index ?? -1"))


def run_film(page: Any, button: str = "#run", frames: int = FRAMES) -> None:
    page.locator("#strip .strip").wait_for()
    page.locator(button).click()
    page.wait_for_function(
        "n => document.querySelector('#strip .strip').dataset.index == n - 1", arg=frames, timeout=15_000
    )


def shown_colour(page: Any) -> tuple[int, int, int]:
    return pixel(page, "#strip .pane:first-child canvas", 0.03, 0.97)


@pytest.mark.browser
def test_a_new_film_plays_once_and_rests_at_its_end(app: App) -> None:
    with open_page(app.url) as page:
        page.locator("#strip .quiet").wait_for()
        assert "run the model" in page.locator("#strip .quiet").inner_text()
        page.evaluate("""() => { window.seen = [];
            document.addEventListener('glimpse-frame', event => window.seen.push(event.detail.index)); }""")
        run_film(page)
        seen = page.evaluate("window.seen")
        assert seen == sorted(seen)
        assert len(set(seen)) > 3, "several steps were shown on the way"
        assert page.locator("#strip .play").get_attribute("aria-label") == "Play"
        assert page.locator("#strip .counter").inner_text() == "step 12 of 12"
        assert shown_colour(page) == frame_colour(11)
        page.wait_for_timeout(700)
        assert app.stops == [], "a film that plays by itself tells Python nothing"


@pytest.mark.browser
def test_scrubbing_asks_for_nothing_and_a_stop_tells_python(app: App) -> None:
    with open_page(app.url) as page:
        run_film(page)
        page.wait_for_timeout(300)
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        slider = page.locator("#strip .frame")
        slider.focus()
        for key, expected in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
            page.keyboard.press(key)
            assert index(page) == expected
            assert shown_colour(page) == frame_colour(expected)
            page.wait_for_timeout(60)
        assert requests == [], "scrubbing stays in the browser"
        assert "step 3 of 12" in page.locator("#strip canvas").first.get_attribute("aria-label")
        assert page.locator("#strip dd").all_inner_texts() == ["1.70 px", "6 px"]
        assert "Step 3" in page.locator("#strip .caption").inner_text()
        wait_until(page, lambda: app.stops)
        page.wait_for_function("() => document.querySelector('#heard input').value === '2'")
        assert app.stops == [2], "one stop, heard once"

        box = slider.bounding_box()  # and with the mouse: Python hears of the release
        page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=6)
        page.mouse.up()
        wait_until(page, lambda: app.stops[-1] == 11)
        assert shown_colour(page) == frame_colour(11)


@pytest.mark.browser
def test_play_pause_buttons_and_keys(app: App) -> None:
    with open_page(app.url) as page:
        run_film(page)
        page.locator("#strip .speed").select_option("0.5")
        page.locator("#strip .play").click()  # from the start again
        page.wait_for_function("() => document.querySelector('#strip .strip').dataset.index === '2'")
        assert app.stops == []
        page.locator("#strip .play").click()
        wait_until(page, lambda: app.stops)
        assert app.stops == [index(page)]
        at = index(page)
        page.locator("#strip .next").click()
        assert index(page) == at + 1
        page.locator("#strip .previous").click()
        assert index(page) == at
        page.locator("#strip .speed").select_option("4")
        page.locator("#strip .strip").focus()
        page.keyboard.press("Space")
        page.wait_for_function("() => document.querySelector('#strip .strip').dataset.index === '11'")
        wait_until(page, lambda: app.stops[-1] == 11)
        with page.expect_download() as download:
            page.locator("#strip .png").click()
        assert download.value.suggested_filename == "glimpses-of-draw-step-12.png"
        saved = Image.open(download.value.path())
        assert saved.size == (2 * 560 + 20, 44 + 560)  # their titles above them
        assert saved.getpixel((5, 555))[:3] == frame_colour(11)


@pytest.mark.browser
def test_a_second_film_overtakes_the_first(app: App) -> None:
    with open_page(app.url) as page:
        page.locator("#strip .strip").wait_for()
        page.locator("#run").click()
        page.wait_for_function("() => document.querySelector('#strip .strip').dataset.index >= 3")
        run_film(page, "#run-another", frames=20)
        assert page.locator("#strip .counter").inner_text() == "step 20 of 20"
        page.locator("#strip .strip").focus()
        page.keyboard.press("Home")
        assert shown_colour(page) == (0, 255, 30)
        page.locator("#broken").click()
        page.wait_for_function("() => document.querySelector('#strip .quiet').innerText.includes('broken')")
        page.locator("#empty").click()
        page.wait_for_function("() => document.querySelector('#strip .quiet').innerText.includes('run the model')")
        assert not page.locator("#strip .film").is_visible()
        run_film(page)


@pytest.mark.browser
def test_values_wait_for_a_tab_to_be_opened(app: App) -> None:
    with open_page(app.url) as page:
        page.locator("#fill-other").click()
        page.wait_for_timeout(1500)
        page.get_by_role("tab", name="Other", exact=True).click()
        page.wait_for_function("() => document.querySelector('#far-strip .strip')?.dataset.index === '11'")
        assert pixel(page, "#far-strip .pane:first-child canvas", 0.03, 0.97) == frame_colour(11)
        assert pixel(page, "#far-pad canvas", 0.5, 0.5) == (0, 0, 0)
        page.locator("#far-strip .play").click()
        page.get_by_role("tab", name="First", exact=True).click()
        page.wait_for_timeout(300)
        at = page.evaluate("() => document.querySelector('#far-strip .strip')?.dataset.index")
        page.wait_for_timeout(500)
        assert page.evaluate("() => document.querySelector('#far-strip .strip')?.dataset.index") == at, "it waits"
        page.get_by_role("tab", name="Other", exact=True).click()
        page.wait_for_function("() => document.querySelector('#far-strip .strip')?.dataset.index === '11'")
        assert pixel(page, "#far-strip .pane:first-child canvas", 0.03, 0.97) == frame_colour(11)


@pytest.mark.browser
def test_reduced_motion_jumps_to_the_end(app: App) -> None:
    with open_page(app.url, reduced_motion=True) as page:
        page.evaluate("""() => { window.seen = [];
            document.addEventListener('glimpse-frame', event => window.seen.push(event.detail.index)); }""")
        run_film(page)
        assert set(page.evaluate("window.seen")) <= {0, FRAMES - 1}


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_the_screen(app: App, width: int, dark: bool) -> None:
    with open_page(app.url, width=width, dark=dark) as page:
        run_film(page)
        draw_line(page, (0.2, 0.2), (0.7, 0.8))
        overflow = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0
        for canvas in page.locator("#strip canvas, #pad canvas").all():
            box = canvas.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
