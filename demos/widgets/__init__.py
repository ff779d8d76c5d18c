"""Components made of gr.HTML: a Python file each, with its script and its style beside it."""

from demos.widgets.film_strip import FilmStrip
from demos.widgets.inputs import GONE, Camera, PhotoButton, PhotoFiles, Slider
from demos.widgets.race_view import RaceView
from demos.widgets.sketch_pad import MAX_POINTS, SketchPad, check_strokes, draw_strokes, strokes_of

__all__ = [
    "GONE",
    "MAX_POINTS",
    "Camera",
    "FilmStrip",
    "PhotoButton",
    "PhotoFiles",
    "RaceView",
    "SketchPad",
    "Slider",
    "check_strokes",
    "draw_strokes",
    "strokes_of",
]
