"""What joins the pages into one app: opening a tab, a link that restores it, going back and forward."""

import functools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr
from gradio.blocks import BlocksConfig

from demos import limits
from demos.frame import parts
from demos.frame.live import QUIET
from demos.frame.look import MATH
from demos.frame.page import Page
from demos.widgets import strokes_of


class Blocks(gr.Blocks):
    """Gradio's app, with a page that leaves out what only the API has: a sixth of all parts, unseen by anyone.

    And with the events that end work first: the browser goes through the events of a click in their order, each to its
    end. Else Run would end a New when its own work is over, though New was pressed meanwhile.
    """

    def get_config_file(self) -> Any:
        config = super().get_config_file()
        unseen = {part["id"] for part in config["components"] if part["type"] == "api"}
        for page in config["page"].values():
            page["components"] = [part for part in page["components"] if part not in unseen]
            page["layout"] = without(page["layout"], unseen)
        config["dependencies"].sort(key=lambda event: not event["cancels"])
        return config


def settle(demo: gr.Blocks) -> None:
    """Work out the settings of each part once. Gradio does it for every visitor, and serves nobody else meanwhile."""
    work_out = BlocksConfig.config_for_block
    known = {id(part): work_out(number, [], part) for number, part in demo.blocks.items()}

    @functools.wraps(work_out)
    def config_for_block(number: int, rendered: list[int], part: Any, renderable: Any = None) -> dict[str, Any]:
        config = known.get(id(part))  # a visitor's own copy of a part is another one
        if config is None or renderable is not None:
            return work_out(number, rendered, part, renderable)
        return {**config, "props": dict(config["props"])}  # in which Gradio keeps what the visitor made of it

    BlocksConfig.config_for_block = staticmethod(config_for_block)


def without(node: Mapping[str, Any], unseen: Set[int]) -> dict[str, Any]:
    """A layout without some of its parts."""
    if "children" not in node:
        return dict(node)
    return {**node, "children": [without(child, unseen) for child in node["children"] if child["id"] not in unseen]}


@contextmanager
def page(tab: str, title: str, path: Any = ()) -> Iterator[Page]:
    """A tab's page, with its guided path and its sentence on top."""
    made = Page(tab, title, path)
    with gr.Column(elem_id=f"{tab}-page", elem_classes="page"):
        with gr.Column(elem_classes="top"):
            if made.path:
                made.guide = parts.guide(tab, made.path)
            made.board = parts.board(tab)
        yield made
        made.board.js_on_load = parts.script(
            "board",
            tab=tab,
            conditions=made.conditions,
            elements=made.elements(),
            tips=made.tips,
            presses=list(made.presses),
            starts=made.starts,
            stops=made.halts,
        )


@contextmanager
def plain_page(tab: str, title: str) -> Iterator[Page]:
    """A page without controls and stage."""
    with gr.Column(elem_id=f"{tab}-page", elem_classes="plain-page"):
        yield Page(tab, title)


def header(words: str) -> gr.HTML:
    """The app's title; it also hears of the browser's Back and Forward, and of the link that opened the page."""
    return gr.HTML(
        None,
        elem_id="title",
        html_template=words,
        js_on_load="glimpse.header({trigger}, []);",  # `assemble` knows the tabs
        apply_default_css=False,
    )


def assemble(
    demo: gr.Blocks, title: gr.HTML, tabs: gr.Tabs, opened: Mapping[str, gr.Tab], pages: Mapping[str, Page]
) -> None:
    """Join the pages: the address follows the tab, Back and Forward go between tabs, links restore, leaving stops."""
    for tab, item in opened.items():
        others = [stop for name, made in pages.items() if name != tab for stop in made.stops]
        item.select(None, None, None, js=f"() => glimpse.opened({json.dumps(tab)})", cancels=others, **QUIET)

    def turn(event: gr.EventData) -> Any:
        return gr.Tabs(selected=event.tab) if event.tab in opened else gr.skip()

    title.select(turn, None, tabs, **QUIET)
    acting = {name: made for name, made in pages.items() if made.show is not None}

    def arriving(tab: str, outputs: Sequence[gr.components.Component]) -> Callable[[gr.EventData], list[Any]]:
        def arrive(event: gr.EventData) -> list[Any]:
            link = str(event.query)
            if len(link) > limits.LONGEST_QUERY:
                gr.Warning("The link is too long to be read, so the page opened as it is.")
                return [gr.skip()] * (1 + len(outputs))
            return [gr.Tabs(selected=tab), *restored_page(acting[tab], dict(parse_qsl(link, keep_blank_values=True)))]

        return arrive

    # An event for each tab, and none where there is no link: Gradio looks at all outputs, also at those that stay.
    title.js_on_load = f"glimpse.header({{trigger}}, {json.dumps(list(acting))});"
    for tab, made in acting.items():
        outputs = [made.board, *made.controls.values(), *made.outputs]
        event = getattr(title, tab)(arriving(tab, outputs), None, [tabs, *outputs], **QUIET, **made.queue)
        event.then(None, None, None, js="() => glimpse.restored()")
        event.failure(None, None, None, js="() => glimpse.restored()", **QUIET)
    demo.load(None, None, None, js="() => glimpse.restore()", **QUIET)
    settle(demo)


def restored_page(made: Page, query: Mapping[str, str]) -> list[Any]:
    """The answer to a link: its values in the controls, and on the stage what they make."""
    wanted, wrong = {}, []
    for key in made.in_link:
        if key in query:
            try:
                wanted[key] = restored(made.controls[key], query[key])
            except (ValueError, KeyError, RecursionError):
                wrong.append(f"{key}={query[key][:40]}")
    answer = made.arrived(made.defaults() | wanted, wanted, list(made.controls), opening="step" not in query)
    if wrong:
        text = f"Some settings in this link could not be used: {', '.join(wrong[:4])}."
        answer[0]["note"] = {"text": text, "at": None}
    step = query.get("step", "")
    if step.isdecimal() and len(step) < 6:
        answer = [value | {"start": int(step) - 1} if is_film(value) else value for value in answer]
    return answer


def is_film(value: Any) -> bool:
    return isinstance(value, dict) and "frames" in value and "panes" in value


def restored(component: gr.components.Component, text: str) -> Any:
    """The value that a link gives a control. ValueError or KeyError where it does not fit."""
    if isinstance(component, gr.Checkbox):
        return {"true": True, "false": False}[text]
    if isinstance(component, (gr.Number, gr.Slider)):
        value = float(text)
        low, high = component.minimum, component.maximum
        if not math.isfinite(value) or (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"{value} is out of range")
        return value
    if isinstance(component, gr.CheckboxGroup):
        known = {str(value): value for _, value in component.choices}
        return [known[part] for part in text.split(",")]
    if isinstance(component, (gr.Radio, gr.Dropdown)):
        return {str(value): value for _, value in component.choices}[text]
    if isinstance(component, gr.ColorPicker) and not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise ValueError("a colour is # and six digits")  # whatever else it were, a browser would read it as a style
    if isinstance(component, gr.HTML):  # a pad: its strokes, and no picture that a link names
        strokes = strokes_of(json.loads(text))
        return {"strokes": strokes} if strokes else None
    return text


def equation(text: str) -> gr.Markdown:
    """The equation at work, beside the control that changes it."""
    return gr.Markdown(f"$${text}$$", latex_delimiters=MATH, elem_classes="equation")
