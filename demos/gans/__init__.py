"""The GANs tab: compare variants, race them live, see why it matters, ask their critics."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from demos import frame, pictures, plots
from demos.gans import charts, compare, critic, path, race, track, why
from demos.gans.names import NAMES, RACERS
from demos.widgets import FilmStrip, RaceView, SketchPad, Slider, strokes_of

TITLE, ID = "GANs", "gans"
MODES = [
    ("Compare variants", "compare"),
    ("Race two of them", "race"),
    ("See why", "why"),
    ("Ask the critics", "critic"),
]
COMPARE, RACE, WHY, CRITIC = ({"mode": [name]} for _, name in MODES)
FILMS = {"mode": ["compare", "why", "critic"]}
SOURCES = [("A test picture", "stock"), ("My own drawing", "sketch")]
RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 1.0]
TIPS = {"weight": "λ. The papers have 10, for pictures, where gradients are sums over many pixels"}
RACE_EQUATION = (
    r"\begin{aligned} \min_G \max_D\ & \mathbb E_x\,[f(D(x))] + \mathbb E_z\,[g(D(G(z)))] \\"
    r" & - \lambda\,\mathbb E_{\hat x}\,(\lVert \nabla D(\hat x) \rVert - 1)^2 \end{aligned}"
)
AT_REST = f"(session) => {{ glimpse.rest({ID!r}); return [session]; }}"
TICKS = """(...picked) => ["gans-variants", "gans-shoes"].forEach((id, k) => {
    document.querySelectorAll(`#${id} input`).forEach((box) => {
        box.disabled = box.checked ? picked[k].length <= 1 : picked[k].length >= %d;
    });
})"""


# ------------------------------------------------------------------ from the controls to the stage


def show(mode: str, **values: Any) -> frame.Shown:
    """What the controls ask for: a value for each of OUTPUTS, and a sentence of what is seen."""
    return {"compare": show_comparison, "race": show_race, "why": show_why, "critic": show_critics}[mode](**values)


OUTPUTS = ("film", "race", "losses", "convergence", "gradients", "scene", "sureness", "classes")


def shown(said: str, **outputs: Any) -> frame.Shown:
    """The named outputs; the others belong to other modes and stay."""
    return frame.Shown([outputs.get(name, gr.skip()) for name in OUTPUTS], said)


def show_comparison(
    pictures: str, view: str, variants: list[str] = (), shoes: list[str] = (), seed: str = path.FIRST_SEED
) -> frame.Shown:
    picked, at = (variants, "variants") if pictures == "mnist" else (shoes, "shoes")
    if not picked:
        raise frame.Note("Tick at least one variant.", at=at)
    if len(picked) > compare.MOST:
        raise frame.Note(f"At most {compare.MOST} fit side by side; untick one.", at=at)
    names, noise = compare.chosen(list(picked), pictures), frame.parse_seed(seed)
    training = view == "training"
    film = compare.film(names, view, noise)
    film["lit"] = path.in_turn(film["frames"]) if training else frame.lit([path.SAMPLING] * film["frames"])
    figures = dict(zip(OUTPUTS[2:5], charts.all_of(names, follow=training), strict=True))
    return shown(compare.told(names, view, noise), film=film, **figures)


def show_race(
    target: str, left: str, right: str, seed: str, shape: Any = None, pace: str = "", **numbers: float
) -> frame.Shown:
    """The recording, where it is of this very race; else how the race begins."""
    values = dict(target=target, left=left, right=right, seed=seed) | numbers
    view = frame.recording(f"{ID}-race", values) or track.at_start(*set_up(shape=shape, **values))
    return shown(view["frames"][-1]["said"], race=view)


def show_why(topic: str) -> frame.Shown:
    scene = why.scene(topic)
    lit = frame.lit([path.JUDGING | {"verdict>G": 1.0}] * scene.film["frames"])
    return shown(scene.said, film=scene.film | {"lit": lit}, scene=beside(scene.chart, scene.at))


def show_critics(source: str, sketch: Any = None, seed: str = path.FIRST_SEED) -> frame.Shown:
    if source == "sketch" and not strokes_of(sketch):
        raise frame.Note("Draw a digit; the critics answer when you lift the pen.", at="sketch")
    digit = pictures.drawn_digit(sketch) if source == "sketch" else pictures.stock_digit(frame.parse_seed(seed))
    film = critic.asked(digit)
    film["lit"] = frame.lit([path.JUDGING] * film["frames"])
    sureness = beside(critic.sureness(film["classes_by_frame"]), critic.ROWS)
    return shown(critic.said(film["classes"]), film=film, sureness=sureness, classes=critic.bars(film["classes"]))


def beside(chart: Any, steps: Sequence[float]) -> Any:
    """A chart that follows the film and stands among the controls: narrow, so with its legend below."""
    chart.update_layout(height=360, legend=dict(y=-0.28, yref="paper"), margin=dict(t=40))
    return plots.follows(chart, list(steps))


# ------------------------------------------------------------------ the race


def set_up(target: str, left: str, right: str, seed: str, shape: Any = None, **numbers: Any) -> tuple[Any, ...]:
    """The course, the target and the settings of a race. A Note where a drawn target is not drawn yet."""
    if target == race.DRAWN and not strokes_of(shape):
        raise frame.Note("Draw the shape that the points should learn.", at="shape")
    return *race.course(target, shape, left, right, seed), race.settings(**numbers)


def racing(session: track.Session, view: Any, pace: str, mode: str = "race", **values: Any) -> Iterator[frame.Shown]:
    """Run: the race on the stage goes on, or one begins."""
    session.prepare(view, *set_up(**values))
    yield from running(session, pace)


def anew(session: track.Session, view: Any, pace: str, mode: str = "race", **values: Any) -> Iterator[frame.Shown]:
    """New: the same race from its start."""
    session.prepare(view, *set_up(**values), anew=True)
    yield from running(session, pace)


def running(session: track.Session, pace: str) -> Iterator[frame.Shown]:
    for moment in session.run(pace, track.AHEAD):
        if isinstance(moment, int):
            yield frame.Shown([gr.skip()], track.wait(moment))
        else:
            yield frame.Shown([moment], moment["frame"]["said"])


def one_step(session: track.Session, view: Any, mode: str = "race", pace: str = "", **values: Any) -> Iterator[Any]:
    """Step: one more step of the race on the stage; a running one rests."""
    session.wanted = False
    run = session.prepare(view, *set_up(**values))
    run.advance(1)
    moment = run.frame()
    yield frame.Shown([moment], moment["frame"]["said"])


def drawn(session: track.Session, event: gr.EventData) -> None:
    """The page has drawn a frame."""
    session.drawn(int(event.step))


def rest(session: track.Session) -> None:
    """Stop: the race rests after its next frame, and Run or Step goes on with it."""
    session.wanted = False


def adjust(session: track.Session, *numbers: Any) -> None:
    """Settings that change while a race runs reach it at once. One that does not fit changes nothing."""
    with contextlib.suppress(ValueError):
        if session.race is not None:
            session.race.adjust(race.settings(*numbers))


# ------------------------------------------------------------------ the page


def build(tabs: gr.Tabs | None = None) -> frame.Page:
    """The tab."""
    session = gr.State(track.Session())
    with frame.page(ID, TITLE, path.PATH) as page:
        with page.stage():
            with page.only("films", FILMS):
                strip = FilmStrip(elem_id="gans-film", label="GANs, step by step")
            with page.only("track", RACE):
                lit = frame.lit([path.CRITICS_TURN, path.GENERATORS_TURN])
                view = RaceView(elem_id="gans-race", label="The race", lit=lit)
            page.tools(strip)
            page.conditions["gif"] = FILMS
        with page.side():
            page.control("mode", gr.Radio(MODES, value="compare", label="What do you want to do?"))
            with page.only("go", RACE):
                buttons = race_buttons()
            with page.only("choice", COMPARE):
                comparison_controls(page)
            with page.only("course", RACE):
                numbers = race_controls(page)
            with page.only("scenes", WHY):
                page.control("topic", gr.Radio(options(why.TOPICS), value="lines", label="Topic"), when=WHY)
                scene = page.chart("scene", when=WHY)  # beside its film
            with page.only("picture", CRITIC):
                page.control("source", gr.Radio(SOURCES, value="stock", label="Which picture?"), when=CRITIC)
                page.control(
                    "sketch",
                    SketchPad(elem_id="gans-pad", label="Draw a large digit", brush=0.1),
                    when=CRITIC | {"source": ["sketch"]},
                )
            page.seed(
                int(path.FIRST_SEED),
                when=[COMPARE | {"view": ["samples", "walk"]}, RACE, CRITIC | {"source": ["stock"]}],
            )
            sureness = page.chart("sureness", when=CRITIC)
        with page.below():
            page.diagram(path.DIAGRAM)
            with gr.Row():
                figures = [page.chart(name, when=COMPARE) for name in OUTPUTS[2:5]]
                figures += [scene, sureness, page.chart("classes", when=CRITIC)]
            for of in compare.SETS:
                with page.only(f"measured-{of}", COMPARE | {"pictures": [of]}):
                    gr.Dataframe(
                        charts.table(of), label=charts.table_words(of), interactive=False, max_height=640,
                        elem_id=f"gans-table-{of}",
                    )  # fmt: skip
            page.lesson()
        page.act(show, [strip, view, *figures])
        live = dict(outputs=[view], extra=[session, view], queue="race", limit=16, trigger_mode="multiple")
        page.live([buttons["Run"].click], racing, stop=None, **live)
        page.live([buttons["New"].click], anew, stop=None, path=False, **live)
        page.live([buttons["Step"].click], one_step, path=False, **live)
    # Not an end from without, which would drop frames that are on their way: the race would rest ahead of the page.
    buttons["Stop"].click(rest, session, None, js=AT_REST, **frame.QUIET)
    view.tick(drawn, session, None, queue=False, trigger_mode="multiple", **frame.QUIET)
    for control in numbers:
        control.input(adjust, [session, *numbers], None, **frame.QUIET)
    ticked = [page.controls["variants"], page.controls["shoes"]]
    gr.on([box.change for box in ticked], None, ticked, None, js=TICKS % compare.MOST, **frame.QUIET)
    for handler, name in [(compare.one, "samples"), (compare.compare, "compare"), (critic.critic, "critic")]:
        gr.api(frame.sentences(handler), api_name=f"gan_{name}", **frame.MODEL)
    # A queue of its own, so that it holds up neither a model nor a race on the page.
    gr.api(frame.sentences(race.race), api_name="gan_race", concurrency_id="race through the API", concurrency_limit=1)
    return page


def options(named: dict[str, str]) -> list[tuple[str, str]]:
    """Choices of a Radio from {value: words}."""
    return [(words, name) for name, words in named.items()]


def comparison_controls(page: frame.Page) -> None:
    """Which variants, of which pictures, and how."""
    sets = {of: words for of, words in compare.SETS.items() if compare.members(of)}
    page.control("view", gr.Radio(options(compare.VIEWS), value="training", label="Show"), when=COMPARE)
    page.control("pictures", gr.Radio(options(sets), value="mnist", label="Pictures of"), when=COMPARE)
    for key, of in [("variants", "mnist"), ("shoes", "shoes")]:
        there = list(compare.members(of))
        page.control(
            key,
            gr.CheckboxGroup(
                [(NAMES[variant], variant) for variant in there],
                value=[variant for variant in path.FIRST if variant in there] or there[:1],
                label="Variants",
                info=f"One to {compare.MOST}, side by side",
            ),
            when=COMPARE | {"pictures": [of]},
            caption=True,
        )


def race_controls(page: frame.Page) -> list[gr.components.Component]:
    """A race's course and its pace. Returns the numbers, which may change while it runs."""
    page.control("target", gr.Dropdown(race.TARGETS, value="ring", label="What to learn"), when=RACE)
    page.control(
        "shape",
        SketchPad(elem_id="gans-shape", label="Draw a shape"),
        when=RACE | {"target": [race.DRAWN]},
    )
    for key, value, label in [("left", "gan", "On the left"), ("right", "wgan-gp", "On the right")]:
        page.control(key, gr.Dropdown(options(RACERS), value=value, label=label), when=RACE)
    with gr.Accordion("Settings, which you can change during a race", open=False):
        frame.equation(RACE_EQUATION)
        page.control("pace", gr.Radio(list(race.PACES), value=list(race.PACES)[-1], label="Speed"), **live_only())
        rates = [(f"{rate:g}", rate) for rate in RATES]
        first = path.NUMBERS
        sliders = dict(
            rate=gr.Dropdown(rates, value=first["rate"], label="Learning rate"),
            critic_steps=Slider(
                0, 10, first["critic_steps"], step=1, label="Critic steps per generator step (0: as in each paper)",
            ),
            weight=Slider(
                0, 20, first["weight"], step=0.1, label="Strength of the penalty",
            ),
            batch=Slider(8, 512, first["batch"], step=8, label="Points in a batch"),
        )  # fmt: skip
        for key, control in sliders.items():
            page.control(key, control, tip=TIPS.get(key, ""), **live_only())
    return list(sliders.values())


def live_only() -> dict[str, Any]:
    """How controls are registered that a race reads while it runs."""
    return dict(when=RACE, acts=False, caption=False)


def race_buttons() -> dict[str, gr.Button]:
    """Run, which a phone keeps in reach, and the three that go with it."""
    with gr.Row(elem_classes="race-buttons main-action"):
        return {
            name: gr.Button(
                name,
                variant="primary" if name == "Run" else "secondary",
                elem_id=f"gans-race-{name.lower()}",
                min_width=70,
            )
            for name in ("Run", "Stop", "Step", "New")
        }
