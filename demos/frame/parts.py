"""Small parts of a page: the path, the sign, the tools, the diagram of a network, and values in words."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos import plots
from demos.frame.look import DEMOS, MATH

BOARD = (
    '<div class="line"><p class="said" role="status"></p><p class="now"></p></div>'
    '<p class="note" role="status" hidden></p>'
)


def script(call: str, **settings: Any) -> str:
    """A component's js_on_load that hands itself and its settings to the page's script."""
    return f"glimpse.{call}({{element, props, trigger, watch}}, {json.dumps(settings)});"


def board(tab: str) -> gr.HTML:
    """The sentence above the picture, what made it, and notes; its value is what the script is told, see Page.sign."""
    return gr.HTML(
        None,
        elem_id=f"{tab}-said",
        elem_classes="board",
        html_template=BOARD,
        js_on_load=script("board", tab=tab),
        apply_default_css=False,
    )


def guide(tab: str, steps: Sequence[Any]) -> gr.HTML:
    """The guided path: numbered steps with back and next, and below them what to look at."""
    items = "".join(
        f'<li><button type="button" data-step="{k}" aria-label="Step {k + 1}: {html.escape(step.name)}">'
        f"<b>{k + 1}</b><span>{html.escape(step.name)}</span></button></li>"
        for k, step in enumerate(steps)
    )
    template = (
        '<nav class="path" aria-label="Try this"><span class="try">Try this</span>'
        '<button type="button" class="back" aria-label="Previous step" disabled>‹</button>'
        f'<ol>{items}</ol><button type="button" class="next" aria-label="Next step">›</button></nav>'
        '<p class="look" role="status" hidden></p>'
    )
    told = [{"look": step.look, "name": step.name, "live": step.live} for step in steps]
    return gr.HTML(
        None,
        elem_id=f"{tab}-path",
        html_template=template,
        js_on_load=script("path", tab=tab, steps=told),
        apply_default_css=False,
    )


# ------------------------------------------------------------------ the diagram's light


def lit(turns: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """A film's "lit" from what is at work in each frame, {part of the diagram: strength}; the others are dark."""
    names = sorted({part for turn in turns for part in turn})
    return {part: [turn.get(part, 0.0) for turn in turns] for part in names}


# ------------------------------------------------------------------ values in words


def words(control: gr.components.Component, key: str, value: Any, wording: str = "") -> str:
    """A control's value as a caption names it. wording: of a control that is on, {} being its choice."""
    if value is False or value == "none":
        return ""
    if wording:
        plain = f"{value:g}" if isinstance(value, float) else value  # a link gives numbers as floats
        return wording.format(words(control, "", value) if isinstance(control, gr.Radio) else plain)
    if key == "seed":
        return f"seed {value}"
    if isinstance(control, gr.CheckboxGroup):
        known = {chosen: label for label, chosen in control.choices}
        return ", ".join(str(known.get(chosen, chosen)) for chosen in value or [])
    if isinstance(control, (gr.Radio, gr.Dropdown)):
        return next((str(label) for label, chosen in control.choices if chosen == value), str(value))
    if isinstance(control, gr.Checkbox):
        return str(control.label) if value else ""
    if isinstance(control, gr.HTML):
        return "your drawing" if (value or {}).get("strokes") else ""
    if isinstance(control, gr.Textbox) and not str(value).isdecimal():
        return f"“{value}”"
    return f"{control.label} {value}"


def received(keys: Sequence[str], given: Sequence[Any]) -> dict[str, Any]:
    """What came from a page, by key. Half a character, as in a text that was cut between the two, becomes a "?"."""
    whole = (each.encode("utf-8", "replace").decode() if isinstance(each, str) else each for each in given)
    return dict(zip(keys, whole, strict=True))


def written(control: gr.components.Component, value: Any) -> str | None:
    """A control's value as a link holds it, or None where there is none."""
    if isinstance(control, gr.HTML):
        strokes = value.get("strokes") if isinstance(value, dict) else None
        return json.dumps({"strokes": strokes}, separators=(",", ":")) if strokes else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return None if value is None or value == "" else str(value)


def file_name(tab: str, caption: str) -> str:
    """glimpse-draw-generate-digits-with-attention-seed-7, for downloads."""
    return ("glimpse-" + tab + "-" + re.sub(r"[^a-z0-9]+", "-", caption.lower())).strip("-")[:120]


# ------------------------------------------------------------------ tools under a picture and a chart


def chart_tools(tab: str, name: str) -> str:
    """Buttons that download a chart; what is read aloud says which one."""
    buttons = (
        f'<button type="button" data-chart="{tab}-{name}" data-as="{kind}" '
        f'aria-label="{kind.upper()} of the chart: {name.replace("-", " ")}">{kind.upper()}</button>'
        for kind in ("svg", "csv")
    )
    return f'<div class="chart-tools">{"".join(buttons)}</div>'


SAVE = """(made) => {
    if (!made) return;
    const a = document.createElement("a");
    a.href = made.url; a.download = made.name; a.click();
}"""


def gif_of(film: dict[str, Any] | None, tab: str) -> dict[str, str] | None:
    """A film as a GIF in a data URL, and the name of its file."""
    if not film:
        return None
    try:
        url = plots.gif_url(film)
    except ValueError:
        gr.Warning("This film could not be made into a GIF.")
        return None
    return {"url": url, "name": str(film.get("of", {}).get("name", f"glimpse-{tab}"))[:120] + ".gif"}


def tools(tab: str, film: gr.HTML | None) -> None:
    """Copy link; with a film also the GIF, which is made at the click and goes through no file: nothing is kept."""
    with gr.Row(elem_classes="tools"):
        if film is not None:
            button = gr.Button("Download GIF", elem_id=f"{tab}-gif", size="sm", scale=0, min_width=150)
            made = gr.JSON(visible=False)
            few = dict(concurrency_id="gif", concurrency_limit=2)  # of all tabs together: all of a film is in memory
            quiet = dict(api_visibility="private", show_progress_on=[button], **few)
            event = button.click(lambda film: gif_of(film, tab), film, made, **quiet)
            event.then(None, made, None, js=SAVE)
        gr.HTML(
            f'<div class="link"><button type="button" id="{tab}-link" data-link="{tab}">Copy link</button>'
            f'<input type="text" readonly hidden aria-label="Link to this page"><span role="status"></span></div>',
            apply_default_css=False,
        )


# ------------------------------------------------------------------ the network at work


@dataclass(frozen=True)
class Diagram:
    """A small drawing of a network.

    label: the drawing in a sentence, for those who do not see it. boxes: {name: (words, column, row)} or (words,
    column, row, colour of plots.COLOURS). arrows: (from, to) or (from, to, words); one to the left runs below.
    A film lights its parts: film["lit"] = {name of a box, or "from>to": one strength from 0 to 1 per frame}.
    """

    label: str
    boxes: Mapping[str, tuple]
    arrows: Sequence[tuple]

    WIDTH, HEIGHT, GAP, ROW = 118, 44, 38, 30

    def corner(self, name: str) -> tuple[float, float]:
        _, column, row = self.boxes[name][:3]
        return 4 + column * (self.WIDTH + self.GAP), 4 + row * (self.HEIGHT + self.ROW)

    def svg(self, tab: str) -> str:
        """The drawing as HTML."""
        width = max(self.corner(name)[0] for name in self.boxes) + self.WIDTH + 4
        height = max(self.corner(name)[1] for name in self.boxes) + self.HEIGHT + 24  # room for an arrow back
        drawn = "".join(self.arrow(tab, *arrow) for arrow in self.arrows) + "".join(map(self.box, self.boxes))
        head = (
            f'<defs><marker id="{tab}-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" '
            'markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        )
        return (
            '<div class="scrolls" tabindex="0" role="group" aria-label="The network at work">'
            f'<svg viewBox="0 0 {width:g} {height:g}" style="min-width:{width:g}px;max-width:{1.25 * width:g}px" '
            f'role="img" aria-label="{html.escape(self.label)}">{head}{drawn}</svg></div>'
        )

    def box(self, name: str) -> str:
        x, y = self.corner(name)
        text, colour = self.boxes[name][0], plots.COLOURS[self.boxes[name][3]] if len(self.boxes[name]) > 3 else ""
        style = f' style="--part:{colour}"' if colour else ""
        lines = text.split("\n")
        spans = "".join(
            f'<tspan x="{x + self.WIDTH / 2:g}" y="{y + self.HEIGHT / 2 + 5 + 17 * (k - (len(lines) - 1) / 2):g}">'
            f"{html.escape(line)}</tspan>"
            for k, line in enumerate(lines)
        )
        return (
            f'<g data-part="{html.escape(name)}"{style}><rect x="{x:g}" y="{y:g}" width="{self.WIDTH}" '
            f'height="{self.HEIGHT}" rx="6"/><text text-anchor="middle">{spans}</text></g>'
        )

    def arrow(self, tab: str, start: str, end: str, text: str = "") -> str:
        (x0, y0), (x1, y1) = self.corner(start), self.corner(end)
        half = self.HEIGHT / 2
        if y0 == y1 and x1 > x0:
            path = f"M{x0 + self.WIDTH:g} {y0 + half:g}H{x1 - 2:g}"
        elif y0 == y1:  # back, below the row
            path = f"M{x0 + self.WIDTH / 2:g} {y0 + self.HEIGHT:g}v18H{x1 + self.WIDTH / 2:g}v-16"
        elif x0 == x1:
            down = y1 > y0
            x, end_y = x0 + self.WIDTH / 2, y1 + (-2 if down else self.HEIGHT + 2)
            path = f"M{x:g} {y0 + (self.HEIGHT if down else 0):g}V{end_y:g}"
        else:
            right = x1 > x0
            path = (
                f"M{x0 + (self.WIDTH if right else 0):g} {y0 + half:g}H{x1 + self.WIDTH / 2:g}"
                f"V{y1 + (-2 if y1 > y0 else self.HEIGHT + 2):g}"
            )
        words = f"<title>{html.escape(text)}</title>" if text else ""
        name = f"{html.escape(start)}&gt;{html.escape(end)}"
        return f'<g data-part="{name}" class="arrow">{words}<path d="{path}" marker-end="url(#{tab}-head)"/></g>'


# ------------------------------------------------------------------ the lesson


def lesson(tab: str, measured: str = "") -> None:
    """The tab's lesson, folded away. measured: a table from the cards, for its place in the text."""
    text = (DEMOS / "lessons" / f"{tab}.md").read_text(encoding="utf-8").replace("<!-- measured -->", measured)
    with gr.Accordion("How it works, with the equations", open=False, elem_id=f"{tab}-lesson"):
        gr.Markdown(text, latex_delimiters=MATH)
