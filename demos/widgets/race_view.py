"""The race view: two players in the plane, frame after frame while they train, and all frames again afterwards.

Python sends one frame at a time; the browser keeps them, so that scrubbing back costs nothing. A value is a dict:

    race        a name; frames of one race share it, another name starts anew
    players     titles, one a player
    real        [[x, y], ...] of the target, in [-2, 2]
    frame       {step, players: one of {
                    surface     base64 of side x side bytes, 0 the critic's lowest score and 255 its highest; top first
                    low, high   those two scores
                    made        [[x, y], ...], points may lie outside of the view
                    losses      {"critic": number, "generator": number}
                    facts       [[label, text], ...]
                }}
    said        a sentence under the picture, or ""
"""

from pathlib import Path

import gradio as gr

from demos import plots
from demos.widgets.script import script

HERE = Path(__file__).parent

TEMPLATE = """
<div class="race" tabindex="0" role="group">
  <p class="quiet"></p>
  <div class="course" hidden>
    <div class="players"></div>
    <ul class="legend">
      <li class="real">real</li><li class="made">generated</li>
      <li class="scale">critic: low <span class="ramp"></span> high</li>
    </ul>
    <div class="controls">
      <button type="button" class="play" aria-label="Play again from here" title="Play again from here">
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2.5v11L13.5 8z"/></svg>
      </button>
      <input type="range" class="moment" min="1" max="1" step="1" value="1" aria-label="Moment of the race">
      <span class="counter"></span>
    </div>
    <p class="said" aria-live="polite"></p>
  </div>
</div>
"""


def RaceView(
    *, elem_id: str, label: str, placeholder: str = "Nobody runs yet: press Run.", **options: object
) -> gr.HTML:
    """A view of a race. label: its name for screen readers. options: further arguments of gr.HTML."""
    return gr.HTML(
        None,
        elem_id=elem_id,
        label=label,
        html_template=TEMPLATE,
        css_template=(HERE / "race_view.css").read_text(encoding="utf-8"),
        js_on_load=script("race_view.js", label=label, placeholder=placeholder, colours=plots.COLOURS),
        apply_default_css=False,
        **options,
    )
