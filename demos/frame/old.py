"""What the tabs that do not use the frame yet still need. It goes when the last of them has moved."""

import json
import secrets
from typing import Any

import gradio as gr

from demos import plots


def seed_row(tab: str, value: int = 0) -> tuple[gr.Textbox, gr.Button]:
    """The seed's box and its button; `button.click(frame.new_seed, outputs=box)` comes first in the tab's chain."""
    with gr.Row(equal_height=True, elem_classes="seed-row"):
        box = gr.Textbox(str(value), label="Seed", info="Same seed, same picture", max_lines=1, elem_id=f"{tab}-seed")
        button = gr.Button("New seed", elem_id=f"{tab}-new-seed", size="sm", scale=0, min_width=100)
    return box, button


def old_new_seed() -> str:
    return str(secrets.randbelow(100_000))


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
