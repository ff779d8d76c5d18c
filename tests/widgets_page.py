"""A page with the sketch pad and the film strip on it, and hands to work them: for their tests in a browser."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
import gradio as gr

from demos.widgets import FilmStrip, SketchPad
from tests.browser import free_port
from tests.drawings import FRONT, PALETTE, PAPER, STROKES
from tests.films import as_url

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
                "film": as_url(sheet),
                "columns": columns,
                "still": False,
                "marks": [{"role": "write", "label": "writes here", "points": 5, "windows": write}],
                **pane,
            },
            {
                "title": "Picture",
                "film": as_url(digit),
                "columns": 1,
                "still": True,
                "marks": [{"role": "read", "label": "reads here", "points": 2, "windows": read}],
                **pane,
            },
            {
                "title": "Patch written",
                "film": as_url(patches),
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
class Widgets:
    """Where the page is, and what Python heard from it."""

    url: str
    drawings: list[Any] = field(default_factory=list)  # values of `change`, as Python got them
    by_hand: list[Any] = field(default_factory=list)  # values of `input`
    stops: list[int] = field(default_factory=list)  # indices of `select`
    plans: list[Any] = field(default_factory=list)  # values of the palette pad's `input`


def serve() -> Iterator[Widgets]:
    """The page, until the caller is done with it."""
    heard = Widgets("")

    def drawn(value: Any) -> None:
        heard.drawings.append(value)

    def drawn_by_hand(value: Any) -> None:
        heard.by_hand.append(value)

    def stopped(event: gr.EventData) -> int:
        heard.stops.append(event.index)
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
            answer = gr.Number(-1, label="Stopped at", elem_id="heard")
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
        plan.input(heard.plans.append, plan, None, trigger_mode="multiple")  # none is dropped while one is handled
        planned.click(lambda: {"strokes": FRONT}, None, plan)
        strip.select(stopped, None, answer)
        filled.click(film, None, strip)
        other.click(lambda: film(20, blue=30), None, strip)
        broken.click(
            lambda: film() | {"panes": [film()["panes"][0] | {"film": "data:image/png;base64,AAAA"}]}, None, strip
        )
        emptied.click(lambda: None, None, strip)
    _, heard.url, _ = demo.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, server_port=free_port())
    yield heard
    demo.close()


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
