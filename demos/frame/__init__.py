"""The frame of every tab: a stage that is never empty and never stale, its controls, and one way between them.

A tab is a module with TITLE, ID and build(tabs) -> frame.Page. From the top of the page downwards:

    PATH = [frame.Step("Trace or sharpen?", dict(mode="generate", seed="7"), "Look how ...")]      # "Try this"

    def show(mode, model="draw-mnist", seed="0", sketch=None) -> frame.Shown:     # plain values in
        if mode == "copy" and not sketch:
            raise frame.Note("Draw a digit first.", at="sketch")        # said at that control; the last result stays
        film = frame.recording("draw-generate", locals()) or generate(model, seed)          # see `recording`
        return frame.Shown([film, chart_of(film)], f"{n} strokes, and it is a 7.")  # outputs, the one sentence

    def build(tabs=None):
        with frame.page(ID, TITLE, PATH) as page:          # path and sentence on top
            with page.stage():                             # left, or on top on a phone
                strip = FilmStrip(elem_id="draw-film", label="DRAW, step by step")
                page.tools(strip)                          # copy link, GIF
            with page.side():                              # right, or below on a phone
                page.control("mode", gr.Radio(MODES, value="generate", label="..."))
                page.control("model", gr.Dropdown(...), when={"mode": ["generate", "copy"]})
                with page.only("pad", {"mode": ["copy"]}):          # a group of anything, shown with these values only
                    page.control("sketch", SketchPad(...))
                page.seed(7, when={"mode": ["generate"]})           # only where it changes something
            with page.below():
                chart = page.chart("kl")                   # follows the film; SVG and CSV
                page.diagram(DIAGRAM)                      # frame.Diagram; lit by film["lit"]
            page.press(button, lambda **values: {"sketch": ...}, ["sketch"])   # a button that sets controls and runs
            page.act(show, [strip, chart])                 # all of them, in one event; puts the first sight there
            page.live([run.click], race, [view], stop=[halt.click], anew=[new.click])   # streams; yields Shown
            page.lesson(measured)                          # lessons/ID.md
        gr.api(frame.sentences(generate), api_name="draw_generate", **frame.MODEL)
        return page

- A control with `when` is hidden without them, and `show` is not given it: no handler reads what is not shown. So every
  parameter of `show` that may be hidden has a default.
- The frame dims the stage while new work runs, names above it what made it, writes the address, restores a link, goes
  back and forward, and stops `live` work when the visitor leaves.
- `page.history(networks)` is "How it learned": the losses and the samples of a training. `page.also(listeners, read,
  outputs)` fills anything else that is not on the stage; `control(tip=...)` has the symbol and the unit for hovering;
  `frame.plain_page` is a page without controls.
- A ValueError or missing weights in `show` become a note; in the API (frame.sentences) they are a gr.Error. Any other
  error is logged, and its note says no more than that it is ours.
- A mode opens on something that moves. Where a slider's answer is a single picture, `page.act(show, ..., opens=...)`
  gives the film with which the mode is opened.
- A film: film["lit"] = frame.lit([{part of the diagram: strength, 0 to 1}, one for each frame]); film["captions"] for
  each frame; film["start"] is the frame on which it stands in place of playing. A figure: plots.follows(figure, xs)
  says which x each frame has. film["turns"] = {id of a slider: {"values": [...], "frame": the first of as many}} says
  which frames show its other values: turned, it goes to the nearest of them at once, and the exact picture follows.
- `frame.recording(name, values)` is what `python -m demos.first_sight` made for these very values, or None.
"""

from demos.frame.look import DEMOS, LAUNCH, MATH, THEME
from demos.frame.phrases import counted, listed, number
from demos.frame.said import Note, Shown, in_a_sentence, new_seed, parse_seed, sentence, sentences

from demos.frame.app import Blocks, assemble, equation, header, page, plain_page  # isort: skip
from demos.frame.live import QUIET
from demos.frame.page import MODEL, Page, Step
from demos.frame.parts import Diagram, lesson, lit
from demos.frame.recordings import record, recording

__all__ = [
    "DEMOS", "LAUNCH", "MATH", "MODEL", "QUIET", "THEME", "Blocks", "Diagram", "Note", "Page", "Shown", "Step",
    "assemble", "counted", "equation", "header", "in_a_sentence", "lesson", "listed", "lit", "new_seed", "number",
    "page", "parse_seed", "plain_page", "record", "recording", "sentence", "sentences",
]  # fmt: skip
