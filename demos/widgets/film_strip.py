"""The film strip: pictures that change step by step, with a slider, play and pause, and windows drawn over them.

All frames travel once, in one lossless picture a pane; from then on everything happens in the browser. Python
hears of a frame only when the user stops at one: `strip.select(fn)`, where `fn` takes a `gr.EventData` whose
`index` counts from 0. Other parts of a page can follow every frame through the DOM event `glimpse-frame`
(`event.detail.index` and `.lit`), which bubbles up from the strip, and hear of the frame at which it rests through
`glimpse-rest`; the event `glimpse-go` with `detail.index`, sent to `.strip`, goes to a frame.

A film is a dict that JSON can hold:

    frames      number of steps
    panes       list of
        title       what the pane shows
        film        data URL of one lossless picture with all frames, left to right, then top to bottom
        width       of one frame, in pixels; height likewise
        columns     frames in a row of the picture
        still       true where the film holds one frame, shown at every step
        large       true where the pane is drawn big
        smooth      true where enlarged pixels are blended, as photos want it; else they stay square
        marks       list of {role: "read" or "write", label, points: N, windows: one of [g_x, g_y, delta, sigma]
                    a frame, or null where the step has none}; in pixels, 0 is the middle of the first pixel
        cells       optional: [columns, rows] of a sheet of pictures; a click in one fires `strip.click(fn)`, where `fn`
                    takes a `gr.EventData` with `pane`, `column` and `row`, all from 0
    readouts    list of {label, unit, values: one per frame, or null}
    captions    one sentence per frame, or null
    lit         optional: {part of the tab's diagram: one strength from 0 to 1 per frame}
    of          optional: {caption, name, key}: what made the film, for a saved picture, its file's name, and tests
    start       optional: the frame to open at, without playing
    pace        optional: frames a second, 10 where it is left out
"""

from pathlib import Path
from typing import Any

import gradio as gr

from demos.widgets.script import script

HERE = Path(__file__).parent

TEMPLATE = """
<div class="strip" tabindex="0" role="group">
  <p class="quiet"></p>
  <div class="film" hidden>
    <div class="panes"></div>
    <div class="controls">
      <button type="button" class="previous" aria-label="Previous step" title="Previous step">
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 3h2v10H3zM13 3v10L6 8z"/></svg>
      </button>
      <button type="button" class="play" aria-label="Play" title="Play">
        <svg viewBox="0 0 16 16" aria-hidden="true" class="when-resting"><path d="M4 2.5v11L13.5 8z"/></svg>
        <svg viewBox="0 0 16 16" aria-hidden="true" class="when-playing"><path d="M4 3h3v10H4zM9 3h3v10H9z"/></svg>
      </button>
      <button type="button" class="next" aria-label="Next step" title="Next step">
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M11 3h2v10h-2zM3 3v10l7-5z"/></svg>
      </button>
      <input type="range" class="frame" min="1" max="1" step="1" value="1" aria-label="Step">
      <span class="counter"></span>
      <select class="speed" aria-label="Speed of playing" title="Speed of playing">
        <option value="0.5">0.5×</option>
        <option value="1" selected>1×</option>
        <option value="2">2×</option>
        <option value="4">4×</option>
      </select>
      <button type="button" class="png" aria-label="Download this step as PNG" title="Download this step as PNG">
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M7 2h2v6h2.5L8 11.5 4.5 8H7zM3 12h10v2H3z"/></svg>PNG
      </button>
    </div>
    <ul class="legend"></ul>
    <p class="caption" aria-live="polite"></p>
    <div class="details"></div>
    <dl class="readouts"></dl>
  </div>
</div>
"""


def FilmStrip(
    value: dict[str, Any] | None = None,
    *,
    elem_id: str,
    label: str,
    placeholder: str = "The steps appear here as soon as the model has run.",
    autoplay: bool = True,
    **options: Any,
) -> gr.HTML:
    """A film strip. A new film plays once and rests at its last frame; one that nobody has touched begins again when
    its tab is opened. Where the browser asks for reduced motion, or with autoplay=False, it rests there at once.

    value: a film (see the head of this file) or None. label: names the strip for screen readers and for the
    files it saves. placeholder: the sentence shown while there is no film. options: further arguments of
    gr.HTML, such as `visible` or `scale`.
    """
    return gr.HTML(
        value,
        elem_id=elem_id,
        label=label,
        html_template=TEMPLATE,
        css_template=(HERE / "film_strip.css").read_text(encoding="utf-8"),
        js_on_load=script("film_strip.js", label=label, placeholder=placeholder, autoplay=autoplay),
        apply_default_css=False,
        **options,
    )
