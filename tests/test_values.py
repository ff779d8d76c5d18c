"""Values of every kind through every door: all parameters of the API, all pads, all controls of a link."""

import inspect
import json
import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import gradio as gr
import orjson
import pytest

import app
from demos import checks, frame
from demos.frame import parts
from demos.frame.app import restored
from demos.frame.said import UNEXPECTED

DOT = {"points": [[0.5, 0.5]], "size": 0.1}
NASTY = [
    *[None, True, -1, 0.5, 10**400, -(10**400), 1e308, math.nan, math.inf],
    *["", "\0", "x" * 5000, "nan", "data:image/png;base64,AAAA", "__class__"],
    *[[], [1], [[]], ["gan", "dcgan"], {}, {"a": 1}, b"bytes", (1, 2)],
    {"strokes": [DOT]},
]
NO_DRAWINGS = [
    *[5, "draw", [1], [DOT], True, {"strokes": 5}, {"strokes": "abc"}, {"strokes": {"a": 1}}, {"strokes": [5]}],
    *[{"strokes": [DOT | change]} for change in ({"points": []}, {"points": 5}, {"size": 1e308}, {"size": 10**400})],
    *[{"strokes": [DOT | change]} for change in ({"points": [[0.5, None]]}, {"points": [5]}, {"ink": []}, {"box": 1})],
    {"strokes": [DOT], "png": 5} | {"strokes": [{}]},
]


def answered(handler: Callable, *arguments: Any, **named: Any) -> str:
    """The sentence that a handler answers with, empty where it just works. Anything else that is raised is a fault."""
    try:
        result = handler(*arguments, **named)
        if inspect.isgenerator(result):
            next(result)
            result.close()
    except gr.Error as spoken:
        sentence = str(spoken.message)
        assert "\n" not in sentence
        assert len(sentence) < 400
        assert sentence.endswith((".", "?"))
        return sentence
    return ""


def functions() -> Iterator[Any]:
    yield from app.demo.fns.values()


API = {f.api_name: f.fn for f in functions() if f.api_name and f.api_visibility == "public"}
CHEAP = {"compare": False, "steps": 10, "n": 1}  # where a parameter makes the work small
NEEDED = {"sentence": "a cat", "image": "cat"}  # where a parameter has no value of its own


def test_the_api_is_all_here():
    assert len(API) >= 10
    assert {"draw_generate", "gan_race", "pix2pix_translate"} <= API.keys()


@pytest.mark.parametrize("name", API)
def test_a_value_of_any_kind_gets_a_sentence_or_an_answer(name: str):
    parameters = inspect.signature(API[name]).parameters
    given = {key: value for key, value in CHEAP.items() if key in parameters and name != "gan_compare"}
    given |= {key: NEEDED[key] for key, parameter in parameters.items() if parameter.default is parameter.empty}
    sentences = [answered(API[name], **given | {key: value}) for key in parameters for value in NASTY]
    assert not parameters or sum(map(bool, sentences)) > len(parameters) * 5


PADS = [
    (tab, key)
    for tab, page in app.pages.items()
    for key, control in page.controls.items()
    if isinstance(control, gr.HTML) and "canvas" in str(control.html_template)
]
DECIDING = ("mode", "source", "target", "view", "model")  # controls that decide who sees a pad


def test_the_pads_are_all_here():
    assert {("draw", "sketch"), ("pix2pix", "shoe"), ("pix2pix", "plan"), ("gans", "sketch"), ("gans", "shape")} <= {
        *PADS
    }


@pytest.mark.parametrize(("tab", "key"), PADS)
def test_what_is_no_drawing_gets_a_sentence_wherever_the_pad_is_shown(tab: str, key: str):
    page, refused = app.pages[tab], 0
    deciding = [name for name in DECIDING if name in page.controls]
    for chosen in product(*([value for _, value in page.controls[name].choices] for name in deciding)):
        values = page.defaults() | dict(zip(deciding, chosen, strict=True))
        if not page.is_shown(key, values):
            continue
        for value in NO_DRAWINGS:
            found = page.tried(page.show, values | {key: value})
            if not isinstance(found, frame.Note):
                break  # with these controls the pad plays no part
            assert len(str(found)) < 400
            assert str(found) != UNEXPECTED
            refused += 1
    assert refused >= len(NO_DRAWINGS)


CONTROLS = {
    "pad": gr.HTML(None),
    "number": gr.Number(1),
    "slider": gr.Slider(0, 1, 0.5),
    "group": gr.CheckboxGroup(["a", "b"]),
    "radio": gr.Radio(["a", "b"]),
    "box": gr.Checkbox(True),
}


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("value", NO_DRAWINGS + NASTY[:6], ids=lambda value: checks.shown(value, 20))
def test_any_json_in_a_link_fits_or_is_refused(control: str, value: Any):
    text = json.dumps(value) if not isinstance(value, str) else value
    try:
        found = restored(CONTROLS[control], text)
    except (ValueError, KeyError, RecursionError):  # what `restored_page` makes a note of
        return
    assert control != "pad" or found is None
    assert not isinstance(found, float) or math.isfinite(found)


@pytest.mark.parametrize("digits", [20, 400])
def test_an_endless_integer_in_a_sliders_box_gets_a_sentence_that_can_be_sent(digits: int):
    page = app.pages["draw"]
    given = page.controls["g_x"].preprocess(-(10**digits))
    values = page.defaults() | {"mode": "attend", "g_x": given}
    found = page.tried(page.show, values)
    assert isinstance(found, frame.Note)
    orjson.dumps(page.sign(values, None, found))


def test_half_a_character_is_replaced_before_it_reaches_an_address():
    page = app.pages["vqa"]
    values = parts.received(list(page.controls), list((page.defaults() | {"question": "is it \ud83d?"}).values()))
    assert values["question"] == "is it ??"
    assert "is+it" in page.query(values)[0]


def test_deep_and_broken_json_in_a_link_too():
    for text in ("[" * 100_000, "{broken", '{"strokes": ' + "9" * 5000 + "}", "\0"):
        with pytest.raises((ValueError, RecursionError)):
            restored(CONTROLS["pad"], text)
    drawn = restored(CONTROLS["pad"], json.dumps({"strokes": [DOT], "png": "https://elsewhere.org/x"}))
    assert drawn == {"strokes": [DOT]}  # and no picture that a link names
