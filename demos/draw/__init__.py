"""The DRAW tab: step through a network that looks and paints in glimpses."""

from typing import Any

import gradio as gr

from demos import frame
from demos.draw.charts import left_chart, right_chart
from demos.draw.films import (
    ATTENTION,
    CLASSIFIER,
    MODELS,
    PHOTO_SIZE,
    PLAIN,
    TWO_DIGITS,
    attend,
    classify,
    closing_in,
    generate,
    reconstruct,
)
from demos.widgets import FilmStrip, SketchPad, Slider, strokes_of

__all__ = ["ATTENTION", "MODELS", "PLAIN", "TWO_DIGITS", "attend", "classify", "generate", "reconstruct"]

TITLE, ID = "DRAW", "draw"
FIRST_SEED = 7
MODES = [
    ("Generate", "generate"),
    ("Reconstruct", "reconstruct"),
    ("Find the digit", "find"),
    ("Move the window", "attend"),
]
SOURCES = [("A test picture", "test"), ("My own drawing", "sketch")]
PHOTOS = [("A flower", "flower"), ("A Chinese roof", "china"), ("A hidden digit", "clutter")]
HOUSE = [  # something no digit model has seen, as strokes
    {"points": [[0.25, 0.8], [0.25, 0.45], [0.5, 0.2], [0.75, 0.45], [0.75, 0.8], [0.25, 0.8]], "size": 0.07},
    {"points": [[0.45, 0.8], [0.45, 0.6], [0.57, 0.6], [0.57, 0.8]], "size": 0.05},
]
WINDOW = dict(g_x=50, g_y=45, delta=4, sigma=2, gamma=1, points=12)
FIRST = {  # what modes open on that take long: see demos/first_sight.py
    "generate": dict(model=ATTENTION, compare=True, seed=str(FIRST_SEED)),
    "reconstruct": dict(model=ATTENTION, compare=True, source="test", seed=str(FIRST_SEED)),
    "find": dict(source="test", seed=str(FIRST_SEED)),
}
PAINTING, LOOKING = {"mode": ["generate", "reconstruct"]}, {"mode": ["reconstruct", "find"]}
DRAWING, MOVING = LOOKING | {"source": ["sketch"]}, {"mode": ["attend"]}
SEEDED = {"mode": ["generate", "reconstruct", "find"]}  # a test digit, its noise, the place where it is hidden
SLIDERS = [  # of a window: key, label, its symbol in the equation and its unit, from, to, step
    ("g_x", "From the left", "g_X, in pixels", 0, PHOTO_SIZE - 1, 0.5),
    ("g_y", "From the top", "g_Y, in pixels", 0, PHOTO_SIZE - 1, 0.5),
    ("delta", "Spacing", "δ, in pixels", 0.25, 12, 0.25),
    ("sigma", "Blur", "σ, in pixels", 0.1, 12, 0.1),
    ("gamma", "Strength", "γ, a factor", 0.1, 3, 0.1),
    ("points", "Filters per side", "N", 1, 40, 1),
]
EQUATION = (
    r"\begin{aligned}\mu^i &= g + \left(i - \tfrac{N}{2} - \tfrac12\right)\delta\\"
    r"F[i,a] &\propto e^{-(a-\mu^i)^2 / 2\sigma^2}\end{aligned}"
)
PATH = [
    frame.Step(
        "Trace or sharpen?",
        dict(mode="generate", model=ATTENTION, compare=True, seed="7"),
        "Play it at half speed. With attention, a pen runs along the strokes. Without, the whole digit is there as a "
        "blur from the start and only gets sharper.",
    ),
    frame.Step(
        "One digit, then the other",
        dict(mode="generate", model=TWO_DIGITS, candidates=True, seed="30"),
        "The network that paints was never told that there are two digits. When is the first one finished, and how "
        "does the window travel to the second?",
    ),
    frame.Step(
        "Show it a house",
        dict(mode="reconstruct", model=ATTENTION, source="sketch", sketch={"strokes": HOUSE}, compare=True, seed="1"),
        "The model has only ever seen digits. Watch what it makes of the door. Then draw a 3 and compare the nats.",
    ),
    frame.Step(
        "Find the hidden digit",
        dict(mode="find", source="test", seed="12"),
        "The first window is wide and blurred. When does it close in on the digit, and after which glimpse is the "
        "network sure?",
    ),
    frame.Step(
        "Move the window yourself",
        dict(mode="attend", photo="flower") | WINDOW,
        "Drag the spacing up until the window covers the flower. How many filters does it take to recognise it?",
    ),
]
DIAGRAM = frame.Diagram(
    "DRAW reads a patch of the picture, encodes it into a latent, decodes that and writes a patch onto the canvas; the "
    "decoder says where to read next.",
    boxes={
        "read": ("read\na patch", 0, 0, "reading"),
        "encoder": ("encoder\n(LSTM)", 1, 0),
        "latent": ("latent z", 2, 0),
        "decoder": ("decoder\n(LSTM)", 3, 0),
        "write": ("write\na patch", 4, 0, "writing"),
        "canvas": ("canvas", 5, 0),
    },
    arrows=[
        ("read", "encoder"),
        ("encoder", "latent"),
        ("latent", "decoder"),
        ("decoder", "write"),
        ("write", "canvas"),
        ("decoder", "read", "where to look next"),
    ],
)


def show(
    mode: str,
    model: str = ATTENTION,
    compare: bool = False,
    candidates: bool = False,
    source: str = "test",
    sketch: Any = None,
    photo: str = "flower",
    seed: str = "0",
    **window: float,
) -> frame.Shown:
    """What the controls ask for: the film and its two charts, with a sentence of what it shows."""
    values = dict(mode=mode, model=model, compare=compare, source=source, sketch=sketch, photo=photo, seed=seed)
    film = frame.recording(f"{ID}-{mode}", values | window)
    beside = candidates if model == TWO_DIGITS else compare
    film = film or made(mode, model, beside, drawing(sketch) if source == "sketch" else "", photo, seed, **window)
    return frame.Shown([film, left_chart(film), right_chart(film)], film["said"])


def opening(mode: str, photo: str = "flower", seed: str = "0", **values: Any) -> frame.Shown:
    """The same where a mode is opened: the window closes in."""
    if mode != "attend":
        return show(mode, photo=photo, seed=seed, **values)
    film = closing_in(photo, **values | {"points": int(values["points"])}, seed=seed)
    return frame.Shown([film, left_chart(film), right_chart(film)], film["said"])


def made(
    mode: str,
    model: str = ATTENTION,
    compare: bool = False,
    picture: Any = "",
    photo: str = "flower",
    seed: str = "0",
    **window: float,
) -> dict[str, Any]:
    """The film of a mode."""
    if mode == "generate":
        return generate(model, seed, compare)
    if mode == "reconstruct":
        return reconstruct(model, picture, seed, compare)
    if mode == "find":
        return classify(picture, seed)
    return attend(photo, **window | {"points": int(window["points"])}, seed=seed)


def drawing(sketch: Any) -> Any:
    """What is on the pad. A Note where it is empty."""
    if not strokes_of(sketch):
        raise frame.Note("Draw a digit on the pad; the model starts when you lift the pen.", at="sketch")
    return sketch


def at_work(mode: str, model: str = ATTENTION, **_: Any) -> str:
    """The name of the training that is shown: of two digits the first stage, in which it learned to paint."""
    return CLASSIFIER if mode == "find" else {TWO_DIGITS: "draw-twodigits-24"}.get(model, model)


def build(tabs: gr.Tabs | None = None) -> frame.Page:
    """The tab."""
    with frame.page(ID, TITLE, PATH) as page:
        with page.stage():
            strip = FilmStrip(elem_id="draw-film", label="DRAW, step by step")
            page.tools(strip)
        with page.side():
            page.control("mode", gr.Radio(MODES, value="generate", label="What should it do?"))
            page.control("model", gr.Dropdown(MODELS, value=ATTENTION, label="Model"), when=PAINTING)
            page.control(
                "compare",
                gr.Checkbox(True, label="Compare with the model without attention"),
                when=PAINTING | {"model": [ATTENTION]},
                caption="and without",
            )
            page.control(
                "candidates",
                gr.Checkbox(True, label="Show what it chose from"),
                when={"mode": ["generate"], "model": [TWO_DIGITS]},
            )
            page.control("source", gr.Radio(SOURCES, value="test", label="Which picture?"), when=LOOKING)
            page.control(
                "sketch", SketchPad(elem_id="draw-sketch", label="Draw a large digit", brush=0.1), when=DRAWING
            )
            page.control("photo", gr.Dropdown(PHOTOS, value="flower", label="Picture"), when=MOVING)
            with page.only("window", MOVING):
                frame.equation(EQUATION)
                for key, label, symbol, low, high, step in SLIDERS:
                    slider = Slider(low, high, WINDOW[key], step=step, label=label)
                    page.control(key, slider, when=MOVING, tip=symbol)
            page.seed(FIRST_SEED, when=SEEDED, main=True)
        with page.below():
            page.diagram(DIAGRAM)
            with gr.Row():
                left, right = page.chart("kl"), page.chart("size")
            page.history(
                at_work, ["mode", "model"], when=SEEDED, none="This network recognises digits; it makes no pictures."
            )
            page.lesson()
        page.act(show, [strip, left, right], opens=opening)
    for handler in (generate, reconstruct, classify, attend):
        gr.api(frame.sentences(handler), api_name=f"draw_{handler.__name__}", **frame.MODEL)
    return page
