"""The race view: two players in the plane, frame after frame while they train, and all frames again afterwards.

A value is a dict. Python sends one frame at a time while a race runs; the browser keeps them, so that scrubbing back
costs nothing. Each frame that it has drawn it reports with a `tick`, so that Python can wait for a slow one; the event
has the `step`. A recording has all of them at once, and plays.

    race        a name; frames of one race share it, another name starts anew
    players     titles, one a player
    real        points of the target: base64 of two bytes a number, x and y in turn, in thousandths
    frame       {step, said: a sentence, players: one of {
                    surface     base64 of side x side bytes, 0 the critic's lowest score and 255 its highest; top first
                    low, high   those two scores
                    made        points as above, in [-2, 2] where they are in view
                    losses      {"critic": number, "generator": number}
                    facts       [[label, text], ...]
                }}
    frames      in place of `frame`: those of a recording
    note        a sentence under the picture, or ""; it may come alone, and what is shown stays
    of          {"name": of the files that are saved}, or nothing
"""

from pathlib import Path
from typing import Any

import gradio as gr

from demos import plots
from demos.widgets.script import script

HERE = Path(__file__).parent

TEMPLATE = """
<div class="race" tabindex="0" role="group">
  <div class="course">
    <p class="hint" role="status"></p>
    <div class="players"></div>
    <div class="controls">
      <button type="button" class="play" aria-label="Play again from here" title="Play again from here">
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2.5v11L13.5 8z"/></svg>
      </button>
      <input type="range" class="moment" min="1" max="1" step="1" value="1" aria-label="Moment of the race">
      <span class="counter"></span>
      <button type="button" class="png" title="Save this step as a picture">PNG</button>
      <button type="button" class="csv" title="Save the numbers of all steps">CSV</button>
    </div>
    <p class="words"></p>
    <ul class="legend">
      <li class="real">real</li><li class="made">generated</li>
      <li class="scale">critic: low <span class="ramp"></span> high</li>
    </ul>
    <div class="charts"></div>
  </div>
</div>
"""


def RaceView(
    value: dict[str, Any] | None = None,
    *,
    elem_id: str,
    label: str,
    lit: dict[str, list[float]] | None = None,
    **options: Any,
) -> gr.HTML:
    """A view of a race. A recording plays, once and again when its tab is opened.

    label: its name for screen readers. lit: strengths of the diagram's parts in the critic's turn and in the
    generator's, {part: [0 to 1, 0 to 1]}. options: further arguments of gr.HTML.
    """
    return gr.HTML(
        value,
        elem_id=elem_id,
        label=label,
        html_template=TEMPLATE,
        css_template=(HERE / "race_view.css").read_text(encoding="utf-8"),
        js_on_load=script("race_view.js", label=label, colours=plots.COLOURS, lit=lit or {}),
        apply_default_css=False,
        **options,
    )
