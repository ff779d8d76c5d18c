"""The PixelRNN tab: pictures drawn pixel by pixel, and what each network knows."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos import frame
from demos.pixels import growing, measured, networks, path, race, seeing, surprise
from demos.pixels.networks import NETWORKS
from demos.widgets import FilmStrip, SketchPad, Slider

TITLE, ID = "PixelRNN", "pixels"
MODES = [
    ("Generate", "generate"),
    ("Complete", "complete"),
    ("What does it see?", "see"),
    ("Surprise map", "score"),
    ("Race samplers", "race"),
]
SOURCES = [("A test digit", "stock"), ("My own drawing", "sketch")]
SIDES = [
    ("The lower part", "bottom"),
    ("The right part", "right"),
    ("The left part", "left"),
    ("The upper part", "top"),
]
MODELS, RACERS = ([(title, name) for name, title in among.items()] for among in (NETWORKS, race.RACERS))
GENERATE, COMPLETE, SEE, SCORE, RACE = ({"mode": [name]} for _, name in MODES)
GROWING, GIVEN, PLAIN = (
    {"mode": modes} for modes in (["generate", "complete"], ["complete", "see", "score"], ["see", "score"])
)
COUNTED = {"mode": [*GROWING["mode"], "race"]}
STOCK, SKETCH = {"source": ["stock"]}, {"source": ["sketch"]}


# ------------------------------------------------------------------ from the controls to the stage


def show(
    mode: str,
    count: int = 16,
    temperature: float = 1.0,
    model: str = "pixelcnn-mnist",
    racer: str = "pixelcnn-mnist",
    source: str = "stock",
    which: str = "3",
    sketch: Any = None,
    covers: Any = None,
    edge: str = "bottom",
    percent: float = 50,
    row: float = 14,
    column: float = 9,
    seed: str = path.FIRST_SEED,
) -> frame.Shown:
    """What the controls ask for: a film, two charts, and a sentence."""
    charts, note = [gr.skip(), gr.skip()], None
    if mode == "generate":
        film = frame.recording("pixels-generate", dict(mode=mode, count=count, temperature=temperature, seed=seed))
        if film is None:
            film, note = growing.generated(count, temperature, seed)
        turns = path.drawing(growing.shows_two_scales(film))
    elif mode == "complete":
        growth, panes, said = growing.completing(
            *covered(source, which, covers, edge, percent, seed), model, count, temperature, seed
        )
        film = growing.film_of([growth.to_end()], panes) | {"said": said}
        turns = path.drawing(growth.two_scales)
    elif mode == "race":
        film, turns = race.at_start(racer, count, seed), [path.DRAWING]
    else:
        x = digit(source, which, sketch, seed)
        if mode == "see":
            film, chances, note = seeing.seen(x, *networks.place(row, column))
            charts[0] = seeing.bars(chances)
            turns = [path.FIRST_LAYER, *[path.LAYERS] * (film["frames"] - 2), path.ASKING]
        else:
            film, note = surprise.scored(x)
            charts = [surprise.by_row(film["rows"]), surprise.histogram(film["nats"])]
            turns = [path.ASKING]
    return shown(film, charts, turns, note)


def shown(film: dict[str, Any], charts: list[Any], turns: list[dict], note: frame.Note | None = None) -> frame.Shown:
    lit = frame.lit((turns if len(turns) > 1 else turns * film["frames"])[: film["frames"]])
    return frame.Shown([film | {"lit": lit}, *charts], film["said"], note)


def digit(source: str, which: str, sketch: Any, seed: str) -> Any:
    """The digit that is looked at, (1, 1, 28, 28), its pixels 0 or 1."""
    number = frame.parse_seed(seed)
    return networks.stock_digit(which, number) if source == "stock" else networks.drawn_digit(sketch, number)


def covered(source: str, which: str, covers: Any, edge: str, percent: float, seed: str) -> tuple[Any, Any]:
    """The digit to complete, and what is known of it."""
    if source == "sketch":
        return networks.covered_page(covers)
    return networks.stock_digit(which, frame.parse_seed(seed)), networks.cover(edge, percent)


def running(mode: str, **values: Any) -> Iterator[frame.Shown]:
    """What streams: a race, or pictures row by row as the sampler gets to them."""
    if mode == "race":
        for film in race.racing(values["racer"], values["count"], values["seed"]):
            yield streamed(film, [path.DRAWING])
        return
    if mode not in GROWING["mode"]:
        raise frame.Note("This view has nothing to run; choose Generate, Complete or the race.", "mode")
    how = values["count"], values["temperature"], values["seed"]
    panes, note = [], None
    if mode == "generate":
        growths, said, note = growing.generating(*how)
    else:
        given = covered(*(values.get(key) for key in ("source", "which", "covers", "edge", "percent", "seed")))
        growth, panes, said = growing.completing(*given, values["model"], *how)
        growths = [growth]
    for _ in growing.in_step(growths):
        if len(growths[0].moments) > 1:
            film = growing.film_of(growths, panes, live=True) | {"said": said}
            yield streamed(film, path.drawing(growing.shows_two_scales(film)), note)


def streamed(film: dict[str, Any], turns: list[dict], note: frame.Note | None = None) -> frame.Shown:
    found = shown(film, [], turns, note)
    return frame.Shown(found.outputs, found.said, note)


def take(event: Any, mode: str, **_: Any) -> dict[str, Any]:
    """A click on a pixel: it is the one to ask for."""
    if mode != "see":
        return {}
    row, column = networks.place(event.row, event.column)
    return {"row": row, "column": column}


def another(**_: Any) -> dict[str, str]:
    """Another test digit."""
    return {"which": frame.new_seed()["seed"]}


def record() -> None:
    """Write the film that is there on arrival; for `python -m demos.first_sight`."""
    film, missing = growing.generated(path.FIRST["count"], path.FIRST["temperature"], path.FIRST["seed"])
    if missing:
        raise ValueError(f"the first sight needs all networks: {missing}")
    frame.record("pixels-generate", path.FIRST, growing.without_time(film))


# ------------------------------------------------------------------ the page


def build(tabs: gr.Tabs | None = None) -> frame.Page:
    """The tab."""
    with frame.page(ID, TITLE, path.PATH) as page:
        with page.stage():
            strip = FilmStrip(elem_id="pixels-film", label="PixelRNN, row by row")
            page.tools(strip)
        with page.side():
            page.control("mode", gr.Radio(MODES, value="generate", label="What do you want to do?"))
            for key, choices, when in (("model", MODELS, COMPLETE), ("racer", RACERS, RACE)):
                page.control(key, gr.Dropdown(choices, value="pixelcnn-mnist", label="Network"), when=when)
            digit_controls(page)
            for key, label, value in (("row", "Row of the pixel", 14), ("column", "Column of the pixel", 9)):
                slider = Slider(0, networks.SIDE - 1, value, step=1, label=label)
                page.control(key, slider, when=SEE, tip="from 0; a click in a picture sets it")
            counts = gr.Radio(growing.COUNTS, value=16, label="How many at once?", elem_classes="few")
            page.control("count", counts, when=COUNTED, caption="{} at once")
            warmth = Slider(0, 2, 1.0, step=0.05, label="Temperature", info="0: always the likelier value")
            page.control("temperature", warmth, when=GROWING, tip="T: logits are divided by it", caption=False)
            with page.only("live", GROWING), gr.Row(elem_classes="race-buttons main-action"):
                grow, rest, over = live_buttons("Draw live", "pixels-grow", "pixels-rest", "pixels-over")
            with page.only("go", RACE), gr.Row(elem_classes="race-buttons main-action"):
                run, stop, new = live_buttons("Run", "pixels-run", "pixels-stop", "pixels-new")
            page.seed(int(path.FIRST_SEED))
        with page.below():
            with page.only("formula", COUNTED):
                frame.equation(r"p(x) = \prod_{i=1}^{784} p(x_i \mid x_1, \dots, x_{i-1})")
            with gr.Row():
                left = page.chart("left", when=PLAIN)
                right = page.chart("right", when=SCORE)
            page.diagram(path.DIAGRAM)
            page.history(MODELS)
            with gr.Accordion("All networks compared, with DRAW", open=True, elem_id="pixels-compared"):
                table = f"{measured.words()}\n\n{measured.compared()}"
                gr.Markdown(table, elem_id="pixels-table", elem_classes="wide-table")
                gr.Markdown(f"On the same binarised test digits:\n\n{measured.beside_draw()}", elem_id="pixels-draw")
                gr.Markdown(measured.ablation(), elem_id="pixels-ablation")
            page.lesson(measured.compared())
        page.press(page.another, another, ["which"])
        page.act(show, [strip, left, right])
        page.set_by(strip.click, take, ["row", "column"])
        how = dict(stop=[rest.click, stop.click], anew=[over.click, new.click], queue="pixels", limit=2)
        page.live([grow.click, run.click], running, [strip], **how)
    for handler in (growing.generate, growing.complete, surprise.score, seeing.receptive_field):
        gr.api(frame.sentences(handler), api_name=f"pixels_{handler.__name__}", **frame.MODEL)
    return page


def live_buttons(words: str, run: str, stop: str, new: str) -> list[gr.Button]:
    """One that runs or goes on, one that stops, one that begins anew; their ids."""
    main = gr.Button(words, variant="primary", elem_id=run, min_width=70)
    return [main, gr.Button("Stop", elem_id=stop, min_width=70), gr.Button("New", elem_id=new, min_width=70)]


def digit_controls(page: frame.Page) -> None:
    """A test digit or a pad; where part of it is to be completed, what is covered."""
    page.control("source", gr.Radio(SOURCES, value="stock", label="Which digit?"), when=GIVEN, caption=False)
    with page.only("stock", GIVEN | STOCK), gr.Row(equal_height=True, elem_classes="seed-row"):
        page.control("which", gr.Textbox("3", label="Test digit no.", max_lines=1), when=GIVEN | STOCK, caption=True)
        page.another = gr.Button("Another test digit", elem_id="pixels-another")
    page.control("edge", gr.Dropdown(SIDES, value="bottom", label="What is covered?"), when=COMPLETE | STOCK)
    share = Slider(0, 100, 50, step=1, label="How much of it", info="in per cent of the picture")
    page.control("percent", share, when=COMPLETE | STOCK, caption="{}% covered")
    pad = SketchPad(elem_id="pixels-sketch", label="Draw a large digit", brush=0.1)
    page.control("sketch", pad, when=PLAIN | SKETCH)
    label = "Draw part of a digit, and cover the rest"
    pad = SketchPad(elem_id="pixels-covers", label=label, brush=0.1, palette=networks.PALETTE)
    page.control("covers", pad, when=COMPLETE | SKETCH)
