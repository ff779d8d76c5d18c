"""Components made of gr.HTML: a Python file each, with its script and its style beside it."""

from demos.widgets.film_strip import FilmStrip
from demos.widgets.sketch_pad import SketchPad, draw_strokes, read_sketch

__all__ = ["FilmStrip", "SketchPad", "draw_strokes", "read_sketch"]
