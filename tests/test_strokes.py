"""Strokes of the sketch pad as Pillow draws them, with and without a palette; what is no stroke gets a sentence."""

import math
import re
from typing import Any

import numpy as np
import pytest

from demos.widgets import SketchPad, draw_strokes
from tests.drawings import FRONT, PALETTE, PAPER, PLACES, STROKES, box, colours_of, rgb

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


@pytest.mark.parametrize("size", [17, 64, 256, 999])
def test_a_palette_picture_has_no_other_colours(size: int) -> None:
    image = draw_strokes(FRONT, size, palette=PALETTE, paper=PAPER)
    assert (image.mode, image.size) == ("RGB", (size, size))
    assert colours_of(image) == {rgb(name) for name in ("background", "wall", "window", "cornice", "door")}
    at = {name: image.getpixel((int(x * size), int(y * size))) for name, (x, y) in PLACES.items()}
    assert at == {name: rgb(name) for name in PLACES}


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
        ({"ink": 3}, "ink of stroke 2 must be a colour's name, got 3"),
        ({"ink": None}, "must be a colour's name, got None"),
        ({"ink": math.nan}, "must be a colour's name"),
        ({"ink": ["wall"]}, "must be a colour's name"),
        ({"ink": 10**5000}, "int that is too large to show"),
        ({"ink": deep()}, "list that is too large to show"),
        ({"box": "yes"}, "box of stroke 2 must be true or false, got 'yes'"),
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
        ({"sky": "blue"}, "#ffffff", "colour of 'sky' must be like '#0080ff', got 'blue'"),
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
