"""What every tab has: a seed, sentences for bad input, a link that restores it, its lesson, and one look.

with frame.result(): ...        see demos/draw.py for a tab that uses all of it
"""

import functools
import inspect
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio: with it off, nothing leaves the machine

import gradio as gr

from core.weights import WeightsError
from demos import plots

HERE = Path(__file__).parent
MATH = [{"left": "$$", "right": "$$", "display": True}, {"left": "$", "right": "$", "display": False}]
MODEL = dict(concurrency_id="model", concurrency_limit=2)  # heavy handlers share this queue; light ones pass them
ONE_SEED_TOO_MANY = 2**63

THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.orange,
    secondary_hue=gr.themes.colors.stone,
    neutral_hue=gr.themes.colors.stone,
    radius_size=gr.themes.sizes.radius_sm,
    font=(gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)), "ui-sans-serif", "sans-serif"),
    font_mono=(gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"),
).set(
    body_background_fill="#faf7f1",
    body_background_fill_dark="#1b1917",
    background_fill_primary="#fffdf9",
    background_fill_primary_dark="#232020",
    background_fill_secondary="#f3eee4",
    background_fill_secondary_dark="#2b2826",
    block_background_fill="#fffdf9",
    block_background_fill_dark="#232020",
    block_border_width="1px",
    block_shadow="none",
    block_label_background_fill="transparent",
    block_label_background_fill_dark="transparent",
    button_primary_background_fill="#a84300",  # the darkest tone of "writing": white on it has contrast 6.3
    button_primary_background_fill_hover="#8a3700",
    button_primary_background_fill_dark="#a84300",
    button_primary_background_fill_hover_dark="#c85000",
    button_primary_text_color="#ffffff",
    button_primary_text_color_dark="#ffffff",
)
LAUNCH: dict[str, Any] = dict(
    theme=THEME,
    css_paths=HERE / "look.css",
    head=f"<style>:root {{ --reading: {plots.COLOURS['reading']}; --writing: {plots.COLOURS['writing']}; }}</style>",
    ssr_mode=False,
    run_history=False,
    max_file_size="5mb",
    footer_links=["api", "gradio"],
)


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """Bad input and missing weights inside become what the page shows as one sentence."""
    try:
        yield
    except (ValueError, WeightsError) as problem:
        text = str(problem)
        sentence = text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
        raise gr.Error(sentence, duration=10, print_exception=False) from None


def sentences(handler: Callable) -> Callable:
    """A handler, or one that yields, whose ValueErrors and missing weights reach the visitor; the app goes on."""

    @functools.wraps(handler)
    def spoken(*arguments: Any, **named: Any) -> Any:
        with in_a_sentence():
            return handler(*arguments, **named)

    @functools.wraps(handler)
    def spoken_bit_by_bit(*arguments: Any, **named: Any) -> Iterator[Any]:
        with in_a_sentence():
            yield from handler(*arguments, **named)

    return spoken_bit_by_bit if inspect.isgeneratorfunction(handler) else spoken


# ------------------------------------------------------------------ the seed


def parse_seed(text: Any) -> int:
    """A whole number from 0 to 2^63 - 1, or ValueError. Text, so that large seeds survive the browser's floats."""
    try:
        seed = int(str(text).strip())
    except ValueError:
        raise ValueError(f"the seed must be a whole number, got {str(text)[:40]!r}; press 'New seed' for one") from None
    if not 0 <= seed < ONE_SEED_TOO_MANY:
        raise ValueError(f"the seed must be from 0 to 2^63 - 1, got {str(text)[:40]}; press 'New seed' for one")
    return seed


def seed_row(tab: str, value: int = 0) -> tuple[gr.Textbox, gr.Button]:
    """The seed's box and its button; `button.click(frame.new_seed, outputs=box)` comes first in the tab's chain."""
    with gr.Row(equal_height=True, elem_classes="seed-row"):
        box = gr.Textbox(str(value), label="Seed", info="Same seed, same picture", max_lines=1, elem_id=f"{tab}-seed")
        button = gr.Button("New seed", elem_id=f"{tab}-new-seed", size="sm", scale=0, min_width=100)
    return box, button


def new_seed() -> str:
    return str(secrets.randbelow(100_000))


# ------------------------------------------------------------------ links that restore a tab


COPY_LINK = """(...values) => {
    const keys = %s, pads = %s, query = new URLSearchParams({tab: %s});
    const link = () => location.origin + location.pathname + "?" + query;
    let said = "Link copied";
    keys.forEach((key, i) => {
        const value = values[i];
        if (value === null || value === undefined || value === "") return;
        if (!pads[i]) return query.set(key, value);
        if (!document.getElementById(pads[i])?.offsetParent) return;  // a pad that is hidden plays no part
        query.set(key, JSON.stringify({strokes: value.strokes || []}));
        if (link().length <= %d) return;
        query.delete(key);
        said = "Link copied; the drawing is too long for it";
    });
    history.replaceState(null, "", link());
    const done = () => { const b = document.querySelector("#%s-link"); const t = b.textContent;
        b.textContent = said; setTimeout(() => { b.textContent = t; }, 2500); };
    if (navigator.clipboard) navigator.clipboard.writeText(link()).then(done, done); else done();
}"""
LONGEST_LINK = 8000  # characters: what servers, and the chats that links are sent through, still take
RUN_AFTER_RESTORE = """() => {
    const tab = new URLSearchParams(location.search).get("tab");
    if (!tab) return;
    let tries = 0;
    const timer = setInterval(() => {
        const button = document.querySelector(`#${CSS.escape(tab)}-run`);
        if (button && button.offsetParent) button.click();
        if ((button && button.offsetParent) || ++tries > 50) clearInterval(timer);
    }, 100);
}"""


def link_button(tab: str, controls: dict[str, gr.components.Component]) -> None:
    """Copies a link whose query string holds the tab and every control; the address bar shows it too.

    The drawing on a pad that is shown is in it where it is short enough, and the button says so where it is not.
    """
    button = gr.Button("Copy link", elem_id=f"{tab}-link", size="sm")
    pads = [control.elem_id if isinstance(control, gr.HTML) else None for control in controls.values()]
    script = COPY_LINK % (json.dumps(list(controls)), json.dumps(pads), json.dumps(tab), LONGEST_LINK, tab)
    button.click(None, list(controls.values()), None, js=script)


SAVE = """(made) => {
    if (!made) return;
    const a = document.createElement("a");
    a.href = made.url; a.download = "glimpse-%s.gif"; a.click();
}"""


def gif_button(tab: str, strip: gr.HTML) -> None:
    """Downloads the film as a GIF. It is made at the click and goes through no file: nothing is kept."""
    button = gr.Button("Download GIF", elem_id=f"{tab}-gif", size="sm")
    made = gr.JSON(visible=False)
    event = button.click(lambda film: film and {"url": plots.gif_url(film)}, strip, made, api_visibility="private")
    event.then(None, made, None, js=SAVE % tab)


def restore_links(demo: gr.Blocks, tabs: gr.Tabs, controls: dict[str, dict[str, gr.components.Component]]) -> None:
    """On opening the page, set the tab and the controls that the link names, then press that tab's run button."""
    places = [(tab, key) for tab, named in controls.items() for key in named]

    def restore(request: gr.Request) -> list[Any]:
        query = dict(request.query_params)
        tab = query.get("tab")
        if tab not in controls:
            return [gr.skip()] * (1 + len(places))
        values = [gr.skip()] * len(places)
        for i, (owner, key) in enumerate(places):
            if owner == tab and key in query:
                values[i] = restored(controls[tab][key], key, query[key])
        return [gr.Tabs(selected=tab), *values]

    outputs = [tabs, *(component for named in controls.values() for component in named.values())]
    event = demo.load(restore, None, outputs, show_progress="hidden", api_visibility="private")
    event.then(None, None, None, js=RUN_AFTER_RESTORE)


def restored(component: gr.components.Component, key: str, text: str) -> Any:
    """The value that a link gives a control, or the control as it is, with a warning, where it makes no sense."""
    try:
        if isinstance(component, gr.Checkbox):
            return {"true": True, "false": False}[text]
        if isinstance(component, gr.Number):
            return float(text)
        if isinstance(component, gr.Slider):
            value = float(text)
            if component.minimum <= value <= component.maximum:
                return value
            raise ValueError
        if isinstance(component, gr.CheckboxGroup):
            known = {str(value): value for _, value in component.choices}
            return [known[part] for part in text.split(",")]
        if isinstance(component, (gr.Radio, gr.Dropdown)):
            return {str(value): value for _, value in component.choices}[text]
        return json.loads(text) if isinstance(component, gr.HTML) else text[:200]
    except (ValueError, KeyError, RecursionError):
        gr.Warning(f"The link's {key} is {text[:40]!r}, which does not fit; it was left as it is.")
        return gr.skip()


# ------------------------------------------------------------------ the rest of the frame


def lesson(tab: str, measured: str = "") -> None:
    """The tab's lesson, folded away below the picture. measured: a table from the cards, for its place in the text."""
    text = (HERE / "lessons" / f"{tab}.md").read_text().replace("<!-- measured -->", measured)
    with gr.Accordion("How it works, with the equations", open=False, elem_id=f"{tab}-lesson"):
        gr.Markdown(text, latex_delimiters=MATH)


def equation(text: str) -> gr.Markdown:
    """The equation at work, beside the control that changes it."""
    return gr.Markdown(f"$${text}$$", latex_delimiters=MATH, elem_classes="equation")


def run_alone(module_name: str, build: Callable[[], Any]) -> None:
    """One tab as an app of its own: `python -m demos.draw`."""
    with gr.Blocks(title=module_name, delete_cache=(3600, 3600)) as demo:
        build()
    demo.queue(max_size=32).launch(**LAUNCH)
