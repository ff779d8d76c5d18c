"""The GANs tab: compare variants, race them live, see why it matters, ask their critics. `python -m demos.gans`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from demos import frame
from demos.gans import compare, critic, race, why
from demos.gans.names import NAMES, RACERS
from demos.widgets import FilmStrip, RaceView, SketchPad

TITLE, ID = "GANs", "gans"
FIRST = ["dcgan", "wgan-gp", "began"]
FIRST_SEED = 5
FIRST_SIGHT = Path(__file__).parent.parent / "examples" / "gans-first-sight.json"
MODES = [
    ("Compare", "compare"),
    ("Race live", "race"),
    ("Why it matters", "why"),
    ("Ask the critic", "critic"),
]
RUN = ("compare", "race", "critic")  # modes with something to run
RACE_EQUATION = (
    r"\min_G \max_D\ \mathbb E_x\,[f(D(x))] + \mathbb E_z\,[g(D(G(z)))] - "
    r"\lambda\,\mathbb E_{\hat x}\,(\lVert \nabla D(\hat x) \rVert - 1)^2"
)
EXPERIMENTS = {
    "Collapse a GAN on purpose": (
        dict(mode="race", target="ring", left="gan-saturating", right="gan", rate=0.02, weight=0.3, seed="1"),
        "The rate is twenty times too high. One of the two loses the ring and never comes back: its critic is so sure "
        "that no slope is left. The other one falls onto a single mode, and then? Watch the crosses after 200 steps.",
    ),
    "Rescue it with a penalty": (
        dict(mode="race", target="ring", left="gan", right="dragan", rate=0.02, weight=0.3, seed="1"),
        "The same start and the same rate, and on the right a penalty on the critic's slope near the data. How many "
        "modes does each side hold after 500 steps? Then set the penalty's weight to 0, or to 10, while they run.",
    ),
    "One noise, four papers": (
        dict(mode="compare", variants=["dcgan", "lsgan", "wgan", "wgan-gp"], view="training", seed="0"),
        "The same z lies in the same cell of each sheet. Which cells show the same digit in two of them? Scrub back: "
        "which sheet has digits first, and which one changes to the end?",
    ),
    "Show them what is no digit": (
        dict(mode="critic", pad=dict(strokes=[{"points": [[0.5, 0.1], [0.5, 0.9]], "size": 0.05},
             {"points": [[0.1, 0.5], [0.9, 0.5]], "size": 0.05}, {"points": [[0.2, 0.2], [0.8, 0.8]], "size": 0.05},
             {"points": [[0.8, 0.2], [0.2, 0.8]], "size": 0.05}])),
        "A star. catGAN and ACGAN must choose a digit all the same; SGAN has a class for what was made. Are the copies "
        "of EBGAN and BEGAN worse than for a digit, as their energies say?",
    ),
}  # fmt: skip


def first_sight() -> dict[str, Any]:
    """The film that is there before any click, made by `python -m demos.first_sight` from the shipped weights."""
    return json.loads(FIRST_SIGHT.read_text(encoding="utf-8"))


# ------------------------------------------------------------------ handlers of the page


def show_comparison(variants: list[str], pictures: str, view: str, seed: str) -> tuple[Any, ...]:
    """The sheets of the variants, their losses, what shows their convergence, and their gradients."""
    film = compare.compare(variants, pictures, view, seed)
    names = compare.chosen(variants, pictures)
    return film, *figures(names)


def figures(names: list[str]) -> list[Any]:
    """What the cards of some weights know of their training."""
    return [compare.losses(names), compare.convergence(names), compare.gradients(names)]


def others(pictures: str, variants: list[str]) -> tuple[Any, Any]:
    """The variants that were trained on a set of pictures, and their table."""
    known = compare.members(pictures)
    value = [variant for variant in variants if variant in known] or [variant for variant in FIRST if variant in known]
    choices = [(NAMES[variant], variant) for variant in known]
    measured = gr.Dataframe(compare.table(pictures), label=compare.table_label(pictures))
    return gr.CheckboxGroup(choices=choices, value=value), measured


def show_race(
    held: Any, pace: str, target: str, drawing: Any, left: str, right: str, seed: str, *numbers: Any
) -> Iterator[tuple[Any, Any]]:
    """Frames of the race, until it is paused, stopped, lost, or has run for long enough."""
    chosen, points = race.course(target, drawing, left, right, seed)
    yield from race.running(held, pace, chosen, points, race.settings(*numbers))


def show_step(
    held: Any, pace: str, target: str, drawing: Any, left: str, right: str, seed: str, *numbers: Any
) -> tuple[Any, Any]:
    """One more step of the race."""
    chosen, points = race.course(target, drawing, left, right, seed)
    run = race.taken_up(held, chosen, points, race.settings(*numbers))
    if run.running:  # its frames come from where it runs; here it can only be asked to rest
        run.paused = True
        return gr.skip(), gr.skip()
    run.advance(1)
    return run.frame(), run


def pause(held: Any) -> None:
    """The race rests after its next frame."""
    if held is not None:
        held.paused = True


def stop(held: Any) -> None:
    """The race is over, wherever it is. What was seen of it stays, to be scrubbed through; the next one starts anew."""
    if held is not None:
        held.stopped = True
    return None


def adjust(held: Any, *numbers: Any) -> None:
    """Settings that change while a race runs reach it at once."""
    if held is not None:
        held.adjust(race.settings(*numbers))


def show_why(topic: str, shift: float) -> tuple[Any, str]:
    return why.picture(topic, shift), why.WORDS[topic]


def topic_chosen(topic: str) -> tuple[Any, Any, str]:
    """The slider that a topic needs, its figure and its words."""
    label, low, high, value = why.SHIFTS.get(topic, ("", 0, 1, 0))
    slider = gr.Slider(low, high, value, label=label, visible=topic in why.SHIFTS)
    return slider, *show_why(topic, value)


def show_critics(sketch: Any, seed: str) -> tuple[Any, Any]:
    """What the critics say of the drawing, or of a digit from the stock while there is none."""
    drawn = (sketch or {}).get("strokes")
    film = critic.asked(critic.drawn_digit(sketch) if drawn else critic.stock_digit(frame.parse_seed(seed)))
    return film, critic.bars(film["classes"])


def shown(mode: str) -> list[Any]:
    """The controls and results of one mode; a figure that stands there from the start needs no seed and no Run."""
    visible = [gr.Column(visible=mode == name) for _, name in MODES]
    seeded, racing = gr.Column(visible=mode != "why"), gr.Row(visible=mode == "race")
    return [*visible, *visible, seeded, racing]


def entered(mode: str, topic: str, shift: float, sketch: Any, seed: str) -> list[Any]:
    """What is there at once when a mode is opened."""
    figure, words = show_why(topic, shift) if mode == "why" else (gr.skip(), gr.skip())
    film, bars = show_critics(sketch, seed) if mode == "critic" else (gr.skip(), gr.skip())
    return [figure, words, film, bars]


def begun(mode: str, *counts: int) -> list[int]:
    """Count up the mode whose work should begin: each has a queue of its own, so that a race holds up nothing else."""
    return [count + (mode == name) for count, name in zip(counts, RUN, strict=True)]


# ------------------------------------------------------------------ the page


def build(tabs: gr.Tabs | None = None) -> dict[str, gr.components.Component]:
    """The tab; returns the controls that a link restores."""
    held = gr.State(None)
    begin = {name: gr.State(0) for name in RUN}
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            mode = gr.Radio(MODES, value="compare", label="What do you want to do?", elem_id="gans-mode")
            with gr.Column() as compare_in:
                picked = comparison_controls()
            with gr.Column(visible=False) as race_in:
                course, numbers, pace = race_controls()
            with gr.Column(visible=False) as why_in:
                topic = gr.Radio(options(why.TOPICS), value="lines", label="What is it about?", elem_id="gans-topic")
                label, low, high, value = why.SHIFTS["lines"]
                shift = gr.Slider(low, high, value, step=0.02, label=label, elem_id="gans-shift")
            with gr.Column(visible=False) as critic_in:
                pad = SketchPad(elem_id="gans-pad", label="Draw a digit, large")
            with gr.Column() as seeded:
                seed, new_seed = frame.seed_row(ID, FIRST_SEED)
                run = gr.Button("Run", variant="primary", elem_id="gans-run")
                with gr.Row(visible=False) as race_row:
                    buttons = {
                        name.lower(): gr.Button(name, size="sm", elem_id=f"gans-{name.lower()}", min_width=60)
                        for name in ("Pause", "Step", "Stop")
                    }
        with gr.Column(scale=3, min_width=320):
            with gr.Column() as compare_out:
                strip = FilmStrip(first_sight(), elem_id="gans-film", label="The same noise in the same cell")
                with gr.Row():
                    plotted = [
                        gr.Plot(figure, show_label=False, min_width=280, elem_id=f"gans-{kind}")
                        for kind, figure in zip(
                            ("losses", "convergence", "gradients"),
                            figures([f"{variant}-mnist" for variant in FIRST if variant in compare.members("mnist")]),
                            strict=True,
                        )
                    ]
                table = gr.Dataframe(
                    compare.table("mnist"),
                    max_height=640,
                    interactive=False,
                    label=compare.table_label("mnist"),
                    elem_id="gans-table",
                )
            with gr.Column(visible=False) as race_out:
                frame.equation(RACE_EQUATION)
                course_view = RaceView(elem_id="gans-race", label="The race")
            with gr.Column(visible=False) as why_out:
                figure = gr.Plot(show_label=False, elem_id="gans-why")
                words = gr.Markdown(elem_id="gans-words")
            with gr.Column(visible=False) as critic_out:
                answer = FilmStrip(elem_id="gans-answer", label="What the critics say")
                bars = gr.Plot(show_label=False, elem_id="gans-bars")
            hint = gr.Markdown(elem_id="gans-hint", latex_delimiters=frame.MATH)
            controls = dict(mode=mode, **picked, topic=topic, pad=pad, **course, **numbers, seed=seed)
            frame.link_button(ID, controls)
    with gr.Row(elem_classes="try-this"):
        gr.Markdown("**Try this**")
        experiments = [gr.Button(name, size="sm", elem_id=f"gans-try-{k}") for k, name in enumerate(EXPERIMENTS)]
    frame.lesson(ID)

    quiet = dict(show_progress="hidden", api_visibility="private")
    private = dict(api_visibility="private")
    sections = [compare_in, race_in, why_in, critic_in, compare_out, race_out, why_out, critic_out]
    mode.change(shown, mode, [*sections, seeded, race_row], **quiet)
    mode.change(
        frame.sentences(entered),
        [mode, topic, shift, pad, seed],
        [figure, words, answer, bars],
        **quiet,
        **frame.MODEL,
    )

    beginning = dict(fn=begun, inputs=[mode, *begin.values()], outputs=list(begin.values()), **quiet)
    for listener in (run.click, seed.submit, new_seed.click(frame.old_new_seed, None, seed, **quiet).then):
        listener(**beginning)

    comparison = dict(
        fn=frame.sentences(show_comparison),
        inputs=[picked["variants"], picked["pictures"], picked["view"], seed],
        outputs=[strip, *plotted],
        **private,
        **frame.MODEL,
    )
    begin["compare"].change(**comparison)
    picked["view"].input(**comparison)
    pictures = picked["pictures"]
    changed = pictures.change(others, [pictures, picked["variants"]], [picked["variants"], table], **quiet)
    changed.then(**comparison)

    running = begin["race"].change(
        frame.sentences(show_race),
        [held, pace, *course.values(), seed, *numbers.values()],
        [course_view, held],
        concurrency_id="race",
        concurrency_limit=1,
        **private,
    )
    buttons["step"].click(
        frame.sentences(show_step),
        [held, pace, *course.values(), seed, *numbers.values()],
        [course_view, held],
        **quiet,
        **frame.MODEL,
    )
    buttons["pause"].click(pause, held, None, **quiet)
    buttons["stop"].click(stop, held, held, cancels=[running], **quiet)
    for control in numbers.values():
        control.input(frame.sentences(adjust), [held, *numbers.values()], None, **quiet)

    shift.input(
        frame.sentences(show_why), [topic, shift], [figure, words], trigger_mode="always_last", **quiet, **frame.MODEL
    )
    topic.input(frame.sentences(topic_chosen), topic, [shift, figure, words], **quiet, **frame.MODEL)

    asking = dict(
        fn=frame.sentences(show_critics), inputs=[pad, seed], outputs=[answer, bars], **private, **frame.MODEL
    )
    begin["critic"].change(**asking)
    pad.input(**asking | dict(show_progress="hidden", trigger_mode="always_last"))

    for button, (settings, said) in zip(experiments, EXPERIMENTS.values(), strict=True):
        button.click(
            lambda settings=settings, said=said: [*settings.values(), said],
            None,
            [*(controls[name] for name in settings), hint],
            **quiet,
        ).then(**beginning)
    for handler, name in [(compare.one, "samples"), (compare.compare, "compare"), (critic.critic, "critic")]:
        gr.api(frame.sentences(handler), api_name=f"gan_{name}", **frame.MODEL)
    # A queue of its own, so that it holds up neither a model nor a race on the page.
    gr.api(frame.sentences(race.race), api_name="gan_race", concurrency_id="race through the API", concurrency_limit=1)
    return controls


def options(named: dict[str, str]) -> list[tuple[str, str]]:
    """Choices of a Radio from {value: words}."""
    return [(words, name) for name, words in named.items()]


def comparison_controls() -> dict[str, gr.components.Component]:
    """Which variants, of which pictures, and how."""
    choices = [(NAMES[variant], variant) for variant in compare.members("mnist")]
    sets = {of: words for of, words in compare.SETS.items() if compare.members(of)}
    return dict(
        pictures=gr.Radio(options(sets), value="mnist", label="Pictures of", elem_id="gans-pictures"),
        variants=gr.CheckboxGroup(choices, value=FIRST, label="Two to four variants", elem_id="gans-variants"),
        view=gr.Radio(options(compare.VIEWS), value="training", label="Show", elem_id="gans-view"),
    )


def race_controls() -> tuple[dict, dict, gr.Radio]:
    """A race's course, its numbers and its pace."""
    target = gr.Dropdown(race.TARGETS, value="ring", label="Target", elem_id="gans-target")
    with gr.Column(visible=False) as sheet:  # hidden as a whole: an update of the pad loses its settings
        shape = SketchPad(elem_id="gans-shape", label="Draw a shape")
    target.change(
        lambda target: gr.Column(visible=target == race.DRAWN),
        target,
        sheet,
        show_progress="hidden",
        api_visibility="private",
    )
    players = options(RACERS)
    left = gr.Dropdown(players, value="gan", label="Left", elem_id="gans-left")
    right = gr.Dropdown(players, value="wgan-gp", label="Right", elem_id="gans-right")
    pace = gr.Radio(list(race.PACES), value=list(race.PACES)[-1], label="Speed", elem_id="gans-pace")
    with gr.Accordion("Settings, also while it runs", open=False, elem_id="gans-settings"):
        numbers = dict(
            rate=gr.Number(0.001, label="Learning rate", elem_id="gans-rate"),
            critic_steps=gr.Slider(0, 10, 0, step=1, label="Critic's steps a turn (0: as in each paper)"),
            weight=gr.Slider(
                0,
                20,
                0.3,
                step=0.1,
                label="Strength of the penalty λ (10 in the papers, for pictures)",
                elem_id="gans-weight",
            ),
            batch=gr.Slider(8, 512, 128, step=8, label="Points in a batch"),
        )
    return dict(target=target, shape=shape, left=left, right=right), numbers, pace


if __name__ == "__main__":
    frame.run_alone(TITLE, build)
