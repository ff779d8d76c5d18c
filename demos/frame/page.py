"""One tab's page: its parts on the screen, and the one way from its controls to its stage."""

import functools
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from core.weights import WeightsError
from demos import checks
from demos.frame import parts
from demos.frame.history import History
from demos.frame.live import QUIET, Live, told
from demos.frame.said import Note, Shown, new_seed, noted, sentence

MODEL = dict(concurrency_id="model", concurrency_limit=2)  # heavy handlers share this queue
LONGEST_LINK = 8000  # characters: what servers, and the chats that links are sent through, still take
# Their ids begin with the tab, as those of controls do.
PARTS = ("page", "stage", "side", "below", "said", "path", "link", "gif", "diagram", "lesson", "hidden", "history")
TOO_LONG = "What you drew or wrote is too long for a link; the link opens this page without it."
# {key of another control: the values with which this one is shown}, all of them; or a list of such, any of them
Condition = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]


@dataclass(frozen=True)
class Step:
    """A step of a tab's guided path.

    name: two to five words. settings: the controls it sets, {key: value}, or a function that gives them. look: what to
    look at, in a sentence or two. live: it starts what `Page.live` runs.
    """

    name: str
    settings: Mapping[str, Any] | Callable[[], Mapping[str, Any]]
    look: str
    live: bool = False


def nothing(**_: Any) -> dict[str, Any]:
    """What is set where no button was pressed."""
    return {}


class Newest:
    """What each visitor asked for last. Answers of Gradio's events come in any order, and what an older one shows would
    lie under the sentence of the newer one."""

    KEPT = 1000  # visitors, those who asked last

    def __init__(self) -> None:
        self.asks: dict[str, int] = {}
        self.door = threading.Lock()

    def begin(self, visitor: str | None, ask: Any) -> Callable[[], bool]:
        """Note the number that the page's script gave a call, higher ones for later ones; what comes back tells whether
        it is still the visitor's newest."""
        if visitor is None or not isinstance(ask, int):
            return lambda: True
        with self.door:
            self.asks[visitor] = max(ask, self.asks.pop(visitor, ask))
            if len(self.asks) > self.KEPT:
                del self.asks[next(iter(self.asks))]
        return lambda: ask >= self.asks.get(visitor, ask)


class Page(Live):
    """One tab. `with frame.page(...) as page`, then its parts from the stage downwards; see the head of demos/frame."""

    def __init__(self, tab: str, title: str, path: Sequence[Step] = ()):
        self.tab, self.title, self.path = tab, title, list(path)
        self.controls: dict[str, gr.components.Component] = {}
        self.conditions: dict[str, Condition] = {}
        self.tips: dict[str, str] = {}
        self.acting: list[str] = []
        self.in_link: list[str] = []
        self.in_caption: dict[str, str] = {}  # by key: the words of a control that is on, or "" for its choice
        self.presses: dict[str, tuple[gr.Button, Callable[..., Mapping[str, Any]], Sequence[str]]] = {}  # by element
        self.stops: list[Any] = []  # events that end when the visitor leaves
        self.starts: list[str] = []  # buttons whose click Gradio drops while their work runs
        self.halts: list[str] = []  # and those that stop it
        self.outputs: list[gr.components.Component] = []
        self.show: Callable[..., Shown] | None = None
        self.opens: Callable[..., Shown] | None = None
        self.past: History | None = None
        self.past_of: list[str] = []
        self.queue: dict[str, Any] = {}  # that `show` shares with others
        self.newest = Newest()

    # -------------------------------------------------------------- the parts of the screen

    @contextmanager
    def stage(self) -> Iterator[None]:
        """The picture and its play controls: first in the page, left on a desktop, on top on a phone."""
        with gr.Column(elem_id=f"{self.tab}-stage", elem_classes="stage"):
            yield

    @contextmanager
    def side(self) -> Iterator[None]:
        """The controls: beside the stage, or under it on a phone."""
        with gr.Column(elem_id=f"{self.tab}-side", elem_classes="side"):
            yield

    @contextmanager
    def below(self) -> Iterator[None]:
        """What is read after the picture: charts, the diagram, how it learned."""
        with gr.Column(elem_id=f"{self.tab}-below", elem_classes="below"):
            yield

    def control(
        self,
        key: str,
        component: gr.components.Component,
        *,
        when: Condition | None = None,
        link: bool = True,
        caption: bool | str | None = None,
        acts: bool = True,
        tip: str = "",
    ) -> gr.components.Component:
        """A control under its key.

        when: the values of other controls with which it is shown; a hidden one is not read. link: the address holds it.
        caption: the picture's caption names its choice (by itself: radios, drop-downs and the seed), or says these
        words where it is on, {} in them being the choice. acts: a change runs `show`; False for what only a live run
        or a Run button reads. tip: its symbol and unit, shown on hovering.
        """
        if key in PARTS:
            raise ValueError(f"a control cannot be called {key!r}, for a part of the page has that name")
        self.controls[key] = component
        component.elem_id = component.elem_id or f"{self.tab}-{key}"
        if when is not None:
            self.conditions[key] = when
        if tip:
            self.tips[component.elem_id] = tip
        if acts:
            self.acting.append(key)
        if link:
            self.in_link.append(key)
        if caption is None:
            caption = isinstance(component, (gr.Radio, gr.Dropdown)) or key == "seed"
        if caption:
            self.in_caption[key] = caption if isinstance(caption, str) else ""
        return component

    def seed(self, value: int = 0, when: Condition | None = None, main: bool = False) -> gr.Button:
        """The seed and its button. Show it only where it changes something. main: the button is the tab's main action,
        which on a phone stays at the bottom of the screen; any other gets it by `elem_classes="main-action"`."""
        with gr.Row(equal_height=True, elem_classes="seed-row", elem_id=f"{self.tab}-seed-row"):
            box = gr.Textbox(
                str(value), label="Seed", info="Same seed, same picture", max_lines=1, elem_id=f"{self.tab}-seed"
            )
            button = gr.Button(
                "New seed", elem_id=f"{self.tab}-new-seed", elem_classes="main-action" if main else None, scale=0
            )
        self.control("seed", box, when=when)
        self.press(button, lambda **_: new_seed(), ["seed"])
        return button

    def chart(self, name: str, when: Condition | None = None) -> gr.Plot:
        """A chart under the film: its line follows the step that is shown, a click in it goes there.

        It does so where the figure says which x each step has: `plots.follows(figure, [1, 2, 3, ...])`.
        """
        elem_id = f"{self.tab}-{name}"
        with gr.Column(min_width=300, elem_classes="chart", elem_id=f"{elem_id}-box"):
            plot = gr.Plot(show_label=False, elem_id=elem_id)
            gr.HTML(parts.chart_tools(self.tab, name), apply_default_css=False)
        if when is not None:
            self.conditions[f"{name}-box"] = when
        return plot

    def diagram(self, drawing: "parts.Diagram") -> None:
        """The network at work, its parts lit by the film's `lit`: {part: strength from 0 to 1 for each frame}."""
        gr.HTML(drawing.svg(self.tab), elem_id=f"{self.tab}-diagram", elem_classes="diagram", apply_default_css=False)

    def tools(self, film: gr.HTML | None = None) -> None:
        """Copy link and, with a film, the download of a GIF."""
        parts.tools(self.tab, film)

    @contextmanager
    def only(self, name: str, when: Condition) -> Iterator[None]:
        """A group of anything that is shown with these values of the controls only."""
        self.conditions[f"{name}-group"] = when
        with gr.Column(elem_id=f"{self.tab}-{name}-group", elem_classes="only"):
            yield

    def history(
        self,
        names: Sequence[tuple[str, str]] | Callable[..., str],
        of: Sequence[str] = (),
        *,
        when: Condition | None = None,
        title: str = "Samples from the same noise",
        label: str = "Samples during training",
        none: str = "This network makes no pictures.",
    ) -> None:
        """The part "How it learned", folded away; see `History`. of: the controls on which a function of names
        depends."""
        with self.only("history", when) if when is not None else nullcontext():
            self.past, self.past_of = History(self.tab, names, title, label, none), list(of)

    def lesson(self, measured: str = "") -> None:
        """The tab's lesson, folded away. measured: a table from the cards, for its place in the text."""
        parts.lesson(self.tab, measured)

    def elements(self) -> dict[str, str]:
        """The id on the page of every control, chart and group, by its name."""
        found = {name: f"{self.tab}-{name}" for name in self.conditions}
        found |= {key: str(control.elem_id) for key, control in self.controls.items()}
        return found | ({"seed": f"{self.tab}-seed-row"} if "seed" in self.controls else {})

    # -------------------------------------------------------------- values

    def visible(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the controls that are shown with these values."""
        return {key: values[key] for key in self.controls if self.is_shown(key, values)}

    def fitting(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The same. A Note where the box of a slider holds none of its numbers."""
        named = self.visible(values)
        for key, value in named.items():
            slider = self.controls[key]
            if isinstance(slider, gr.Slider):
                try:
                    checks.number(f"“{slider.label}”", value, slider.minimum, slider.maximum)
                except ValueError as problem:
                    raise Note(str(problem).removesuffix(", got None"), at=key) from None  # an empty box
        return named

    def is_shown(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether a control, chart or group is shown: its conditions hold, on controls that are shown themselves."""
        when = self.conditions.get(name, {})
        return any(
            all(values.get(key) in wanted and self.is_shown(key, values) for key, wanted in each.items())
            for each in ([when] if isinstance(when, Mapping) else when)
        )

    def defaults(self) -> dict[str, Any]:
        return {key: control.value for key, control in self.controls.items()}

    def caption(self, values: Mapping[str, Any]) -> str:
        """What made a result, in words: "Generate · Digits, with attention · seed 7"."""
        named = self.visible(values)
        chosen = [
            parts.words(self.controls[key], key, named[key], words)
            for key, words in self.in_caption.items()
            if key in named
        ]
        return " · ".join(filter(None, chosen))

    def query(self, values: Mapping[str, Any]) -> tuple[str, bool]:
        """The address of these values, and whether something drawn or written was too long for it."""
        named = {key: value for key, value in self.visible(values).items() if key in self.in_link}
        written = {"tab": self.tab} | {key: parts.written(self.controls[key], value) for key, value in named.items()}
        written = {key: text for key, text in written.items() if text is not None}
        whole = len(written)
        while len(urlencode(written)) > LONGEST_LINK:
            del written[max(written, key=lambda key: len(written[key]))]
        return urlencode(written), len(written) < whole

    def sign(
        self, values: Mapping[str, Any], shown: Shown | None, note: Note | None = None, ask: Any = None
    ) -> dict[str, Any]:
        """What the page's script is told with every result; see frame.js."""
        note = note or (shown.note if shown else None)
        query, too_long = self.query(values)
        plain = {key: value for key, value in values.items() if isinstance(value, (str, int, float, bool))}
        found: dict[str, Any] = {"ask": ask, "values": plain}
        if shown is not None:
            caption = self.caption(values)
            found |= {"said": shown.said, "caption": caption, "name": parts.file_name(self.tab, caption)}
            found |= {"query": query, "long": TOO_LONG if too_long else ""}
        if note is not None:
            found["note"] = {"text": sentence(note), "at": note.at}
        return found

    def of(self, output: Any, values: Mapping[str, Any]) -> Any:
        """A film that knows what it is of, for its caption and its file's name."""
        if isinstance(output, dict) and "frames" in output:
            caption, key = self.caption(values), self.query(values)[0]
            of = {"caption": f"{self.title} · {caption}", "name": parts.file_name(self.tab, caption), "key": key}
            return output | {"of": of}
        return output

    # -------------------------------------------------------------- from the controls to the stage

    def tried(self, show: Callable[..., Any], values: Mapping[str, Any], *extra: Any) -> Any:
        """What a function gives for the visible values, such as a Shown, or the note it raised."""
        try:
            return show(*extra, **self.fitting(values))
        except Exception as problem:
            return noted(problem)

    def answer(self, values: Mapping[str, Any], found: Shown | Note, sets: Sequence[str], ask: Any) -> list[Any]:
        """The sign, the controls that may be set, and the outputs."""
        if isinstance(found, Note):
            return [self.sign(values, None, found, ask), *[gr.skip()] * (len(sets) + len(self.outputs))]
        changed = [found.sets.get(key, gr.skip()) for key in sets]
        outputs = [self.of(output, values) for output in found.outputs]
        return [self.sign(values, found, None, ask), *changed, *outputs]

    def press(self, button: gr.Button, settings: Callable[..., Mapping[str, Any]], keys: Sequence[str]) -> None:
        """A button that sets controls and runs: settings(**visible values) -> {key: value}. Call it before `act`."""
        self.presses[str(button.elem_id)] = (button, settings, keys)

    def act(
        self,
        show: Callable[..., Shown],
        outputs: Sequence[gr.components.Component],
        *,
        sets: Sequence[str] = (),
        heavy: bool = True,
        opens: Callable[..., Shown] | None = None,
    ) -> None:
        """Wire every control to `show`, and what it gives to the stage. Call it once, after the last control.

        show(**values of the controls that are shown) -> Shown; a ValueError (best a Note) is said beside its control.
        It is one event of Gradio's, presses of buttons included, so that results come in the order of the changes and
        the last change always counts.
        sets: keys of controls that `show` may change. heavy: it shares the models' queue. opens: `show` where a mode is
        opened, by its control, a link or a step of the path: with a film that plays, where a slider's answer stands.
        What it gives for the controls' first values is there on arrival, so let that be a recording.
        """
        self.show, self.opens, self.outputs = show, opens or show, list(outputs)
        self.sets = list(dict.fromkeys([*sets, *(key for _, _, named in self.presses.values() for key in named)]))
        keys = list(self.controls)
        self.queue = MODEL if heavy else {}

        def run(request: gr.Request, sign: Any, *given: Any) -> list[Any]:
            sign, values = told(sign), parts.received(keys, given)
            _, settings, _ = self.presses.get(str(sign.get("button")), (None, nothing, ()))
            return self.answer_with(request, settings, values, self.sets, sign.get("ask"), bool(sign.get("opens")))

        self.event = dict(
            fn=run,
            inputs=[self.board, *self.controls.values()],
            outputs=[self.board, *(self.controls[key] for key in self.sets), *self.outputs],
            js=f"(...values) => glimpse.before({json.dumps(self.tab)}, {json.dumps(keys)}, values)",
            trigger_mode="always_last",
            show_progress="minimal",
            show_progress_on=self.board,
            api_visibility="private",
            **self.queue,
        )
        self.mind(gr.on(self.changes(), **self.event))
        self.begin()
        if self.past is not None:
            self.tell_history(self.past)
        if self.path:
            named = sorted({key for step in self.path for key in self.settings_of(step)})
            self.set_by(self.guide.select, self.step_settings, named, opens=True)
            if any(step.live for step in self.path):
                self.started = self.set_by(self.guide.submit, self.step_settings, named, opens=True)

    def mind(self, event: Any) -> Any:
        """The event. Where no answer comes, as from a queue that is full, the page says so and waits no longer."""
        event.failure(None, None, None, js=f"() => glimpse.failed({json.dumps(self.tab)})", **QUIET)
        return event

    def changes(self) -> list[Callable]:
        """What makes the stage show something else: acting controls, and buttons that set some."""
        return [*self.listeners(), *(button.click for button, _, _ in self.presses.values())]

    def listeners(self) -> list[Callable]:
        """What a change of each acting control fires: never `change`, which also fires when Python writes a value."""
        return [
            control.submit
            if isinstance(control, gr.Textbox)
            else control.upload
            if isinstance(control, gr.UploadButton)
            else control.input
            for control in (self.controls[key] for key in self.acting)
        ]

    def also(
        self, listeners: Sequence[Any], read: Callable[..., Any], outputs: Sequence[gr.components.Component]
    ) -> Any:
        """Something beside the stage: read(**visible values) -> one value per output. An error leaves them alone."""
        keys = list(self.controls)

        def handler(*given: Any) -> Any:
            found = self.tried(read, parts.received(keys, given))
            return [gr.skip()] * len(outputs) if isinstance(found, Note) else found

        return gr.on(list(listeners), handler, list(self.controls.values()), list(outputs), **QUIET)

    def tell_history(self, past: History) -> None:
        """Fill "How it learned" when it is opened, and anew for another network."""
        if callable(past.names):
            changes = [self.controls[key].input for key in self.past_of]
            self.also([past.box.expand, *changes], past.of, past.outputs)
        elif past.choice is None:
            past.box.expand(past.chosen, None, past.outputs, **QUIET)
        else:
            gr.on([past.box.expand, past.choice.input], past.chosen, past.choice, past.outputs, **QUIET)

    def begin(self) -> None:
        """Put on the stage what is there on arrival."""
        values = self.defaults()
        try:
            found = self.opens(**self.visible(values))
        except (ValueError, WeightsError) as problem:  # any other error keeps the app from starting
            found = noted(problem)
        sign, *outputs = self.answer(values, found, [], None)
        self.board.value = sign
        for component, output in zip(self.outputs, outputs, strict=True):
            if isinstance(output, dict) and output.get("__type__") == "update":
                continue
            made = component.postprocess(output)
            component.value = made.model_dump() if hasattr(made, "model_dump") else made

    def settings_of(self, step: Step) -> Mapping[str, Any]:
        return step.settings() if callable(step.settings) else step.settings

    def step_settings(self, event: Any, **values: Any) -> Mapping[str, Any]:
        return self.settings_of(self.path[int(event.index)])

    def set_by(
        self,
        listener: Callable,
        settings: Callable[..., Mapping[str, Any]],
        keys: Sequence[str],
        opens: bool = False,
    ) -> Any:
        """An event that sets the controls under `keys`, shows the result, and tells the script of both.

        opens: as where a mode is opened; it is, too, where the page says that the mode is another one.
        """
        names = list(self.controls)
        every = list(dict.fromkeys([*keys, *self.sets]))

        def handler(event: gr.EventData, request: gr.Request, sign: Any, *given: Any) -> list[Any]:
            sign, values = told(sign), parts.received(names, given)
            opening, wanted = opens or bool(sign.get("opens")), functools.partial(settings, event)
            return self.answer_with(request, wanted, values, every, sign.get("ask"), opening)

        outputs = [self.board, *(self.controls[key] for key in every), *self.outputs]
        return self.mind(listener(**self.event | dict(fn=handler, outputs=outputs)))

    def answer_with(
        self,
        request: gr.Request,
        settings: Callable[..., Mapping[str, Any]],
        values: Mapping[str, Any],
        keys: Sequence[str],
        ask: Any,
        opening: bool = False,
    ) -> list[Any]:
        """The answer where some controls are set first: settings(**visible values) -> {key: value}. It leaves all as it
        is where the visitor has asked for something newer meanwhile."""
        newest = self.newest.begin(request.session_hash, ask)
        wanted = self.tried(settings, values)
        if isinstance(wanted, Note):
            found = self.answer(values, wanted, keys, ask)
        else:
            found = self.arrived({**values, **wanted}, wanted, keys, ask, opening)
        return found if newest() else [gr.skip()] * len(found)

    def arrived(
        self,
        values: Mapping[str, Any],
        wanted: Mapping[str, Any],
        keys: Sequence[str],
        ask: Any = None,
        opening: bool = False,
    ) -> list[Any]:
        """The answer for values that were just set: the controls change, and the stage shows what they make."""
        found = self.tried(self.opens if opening else self.show, values)
        if isinstance(found, Note):
            sign, rest = self.sign(values, None, found, ask), [gr.skip()] * len(self.outputs)
            return [sign, *(wanted.get(key, gr.skip()) for key in keys), *rest]
        return self.answer(values, replace(found, sets={**wanted, **found.sets}), keys, ask)
