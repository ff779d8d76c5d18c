"""Drawings that several tests of the sketch pad share, as strokes and as their colours."""

from typing import Any

from PIL import Image

STROKES = [{"points": [[0.2, 0.5], [0.8, 0.5]], "size": 0.1}]

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


PLACES = {
    "background": (0.03, 0.5),
    "wall": (0.15, 0.6),
    "window": (0.5, 0.6),
    "cornice": (0.5, 0.25),
    "door": (0.5, 0.9),
}
