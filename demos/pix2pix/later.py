"""What each later addition to pix2pix is worth: short trainings, each without one of them, measured and side by side.

Their weights are too large to ship; two small files that `python -m demos.later_parts` made of them are shown.
"""

import base64
import functools
import html
import json
import textwrap
from typing import Any

import plotly.graph_objects as go

from demos import frame, plots

FILE = frame.DEMOS / "examples" / "pix2pix-later-parts.json"
SHEET = FILE.with_suffix(".webp")
SHOWN = 8  # shoes on the sheet
HALVES = 7  # KID × 1000 between two halves of real photos: a smaller gap between two trainings says nothing
LEFT_OUT = {  # in a sentence, behind "without"
    "short": "",
    "without-matching": "feature matching",
    "without-perceptual": "the perceptual loss",
    "without-heads": "the heads on pretrained features",
    "without-moves": "the augmentation",
    "without-colours": "the two colours",
}
DRAWINGS, PHOTOS = "The drawings", "The real photos"


@functools.cache
def entries() -> list[dict[str, Any]]:
    """What the cards say: name, left_out, steps, n, KID_told (None where no colours were learned) and KID_untold."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def title(entry: dict[str, Any]) -> str:
    return f"Without {entry['left_out']}" if entry["left_out"] else "With all parts"


def label(entry: dict[str, Any]) -> str:
    """The title in short lines, beside its bar: a phone has little space."""
    return "<br>".join(textwrap.wrap(title(entry), 21))


def kid(entry: dict[str, Any]) -> float:
    """KID × 1000 of a training as it learned: with each photo's own colours given, or with none where it knows none."""
    return entry["KID_untold"] if entry["KID_told"] is None else entry["KID_told"]


def said() -> str:
    """The measurements in words."""
    whole, *others = sorted(entries(), key=lambda entry: entry["left_out"] != "")
    told = sorted((e for e in others if e["KID_told"] is not None), key=kid, reverse=True)
    clear = [f"{kid(e):.0f} without {e['left_out']}" for e in told if kid(e) - kid(whole) >= HALVES]
    close = [f"{kid(e):.0f} without {e['left_out']}" for e in told if kid(e) - kid(whole) < HALVES]
    text = f"KID × 1000 on {whole['n']} unseen shoes is {kid(whole):.0f} with all parts, {frame.listed(clear)}"
    verb = "is" if len(close) == 1 else "are"
    text += f"; {frame.listed(close)} {verb} too close to call. " if close else ". "
    for e in others:
        if e["KID_told"] is None:
            text += f"Where no colours are given it is {whole['KID_untold']:.0f} with all parts and {kid(e):.0f} for a "
            text += "network that never learned any: colours are there for you to choose, not for this measure. "
    steps = [entry["steps"] for entry in entries()]
    return text + (
        f"Each network was trained once, for {min(steps):,} to {max(steps):,} steps: as many as fitted into the same "
        "share of time."
    )


def bars() -> go.Figure:
    """KID of each training, with colours given and with none."""
    result = plots.figure("", "KID × 1000", "", height=400)
    rows = sorted(entries(), key=kid, reverse=True)  # Plotly begins at the bottom
    for key, name, colour, pattern in [
        ("KID_untold", "no colours given", "generated", "/"),
        ("KID_told", "each photo's own colours given", "reading", ""),
    ]:
        shown = [entry for entry in rows if entry[key] is not None]
        result.add_bar(
            x=[round(entry[key], 1) for entry in shown],
            y=[label(entry) for entry in shown],
            customdata=[entry["steps"] for entry in shown],
            name=name,
            orientation="h",
            marker=dict(color=plots.COLOURS[colour], pattern_shape=pattern),
            hovertemplate="%{x:.1f} after %{customdata:,} steps",
        )
    order = dict(categoryorder="array", categoryarray=[label(entry) for entry in rows])
    return result.update_layout(legend_traceorder="reversed", hovermode="closest").update_yaxes(**order)


def sheet() -> str:
    """The sheet's rows under their titles, as HTML: each is a slice of one picture."""
    titles = [DRAWINGS, *(f"{title(e)}: {kid(e):.0f}" for e in entries()), PHOTOS]
    url = "data:image/webp;base64," + base64.b64encode(SHEET.read_bytes()).decode()
    rows = [
        f'<figure><figcaption>{html.escape(name)}</figcaption><div role="img" aria-label="{html.escape(name)}: '
        f'{SHOWN} shoes" style="background-position: 0 {100 * row / (len(titles) - 1):.3f}%"></div></figure>'
        for row, name in enumerate(titles)
    ]
    style = f"--sheet: url({url}); --rows: {len(titles)}; --columns: {SHOWN}"
    return f'<div class="later-sheet" style="{style}">{"".join(rows)}</div>'


def shown(**_: Any) -> tuple[go.Figure, str]:
    """The bars and the sheet, once the visitor opens them."""
    return bars(), sheet()
