"""The f-GAN tab: any f-divergence as a game, fitted live where it can be computed."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from core.gan import mixture as m
from core.gan.fgan import DIVERGENCES
from demos import checks, frame
from demos.fgan import digits, fits, views, words
from demos.fgan.words import DIAGRAM, EQUATION, METHODS, MODES, PARZEN, PATH, SLIDERS
from demos.widgets import FilmStrip, Slider

TITLE, ID = "f-GAN", "fgan"
FIT, ROW, SADDLE, DIGITS = ({"mode": [name]} for _, name in MODES)
PICKING = {"mode": ["fit", "row"]}
NONE = "none"
CHOICES = [(row.name.split(",")[0], name) for name, row in DIVERGENCES.items()]
FIRST = dict(divergence="kl", beside=NONE, method="single step", seed="0") | fits.FIRST


def show(mode: str, **values: Any) -> frame.Shown:
    """What the controls ask for, without training anything: a value for each of the outputs, and a sentence."""
    return {"fit": show_fit, "row": show_row, "saddle": show_saddle, "digits": show_digits}[mode](**values)


def shown(view: views.View, turns: list[dict[str, float]]) -> frame.Shown:
    """turns: what is at work in the frames, over and over."""
    film = view.film | {"lit": frame.lit([turns[k % len(turns)] for k in range(view.film["frames"])])}
    return frame.Shown([film, view.left, view.right, view.formula], view.said)


def turns_of(method: str) -> list[dict[str, float]]:
    return words.AT_ONCE if method == "single step" else words.IN_TURN


def chosen_of(divergence: str, beside: str, alpha: float, pi: float) -> list[fits.Chosen]:
    """The divergences to fit: one, or two that differ."""
    names = [divergence] + [beside] * (beside not in (NONE, divergence))
    return [fits.numbered(name, alpha, pi) for name in names]


def set_up(
    divergence: str, beside: str, alpha: float, pi: float, **scene: float
) -> tuple[list[fits.Chosen], m.Mixture, m.Gaussian]:
    """What a fit is of. A Note where it cannot be."""
    mixture, start = fits.scene(**scene)
    chosen = chosen_of(divergence, beside, alpha, pi)
    for each in chosen:
        views.checked(each, mixture, start)
    return chosen, mixture, start


def show_fit(
    divergence: str, beside: str = NONE, method: str = "single step", seed: str = "0", alpha: float = 0.5,
    pi: float = 0.3, **scene: float,
) -> frame.Shown:  # fmt: skip
    """The recording of a fit, where it is of these values; else how it begins."""
    chosen, mixture, start = set_up(divergence, beside, alpha, pi, **scene)
    values = dict(divergence=divergence, beside=beside, method=method, seed=seed) | scene
    fitted = frame.recording("fgan-fit", values) or [fits.at_start(*each, mixture, start, method) for each in chosen]
    return shown(views.Fitting(chosen, mixture, start).view(fitted), turns_of(method))


def show_row(divergence: str, alpha: float = 0.5, pi: float = 0.3) -> frame.Shown:
    chosen = fits.numbered(divergence, alpha, pi)
    fits.row_of(*chosen)  # what is none cannot be looked up
    return shown(views.divergence(*chosen), [words.JUDGING])


def show_saddle(curvature: float = 0.3, coupling: float = 1.0, rate: float = 1.0) -> frame.Shown:
    given = dict(curvature=(curvature, 0, 1), coupling=(coupling, 0.1, 3), rate=(rate, 0.1, 4))
    return shown(views.saddle(*(checks.number(key, *bounds) for key, bounds in given.items())), words.AT_ONCE)


def show_digits(seed: str = "0") -> frame.Shown:
    return shown(views.View(digits.said(seed), digits.sheets(seed), None), [words.SAMPLING])


def running(
    mode: str, divergence: str = "kl", beside: str = NONE, method: str = "single step", seed: str = "0",
    alpha: float = 0.5, pi: float = 0.3, **scene: float,
) -> Iterator[frame.Shown]:  # fmt: skip
    """Run and New: the fit, as it goes."""
    if mode != "fit":
        raise frame.Note("Only a fit can be run; choose that view first.", "mode")
    noise = frame.parse_seed(seed)
    chosen, mixture, start = set_up(divergence, beside, alpha, pi, **scene)
    fitting = views.Fitting(chosen, mixture, start)
    for fitted in fits.fitting(chosen, mixture, start, method=method, seed=noise):
        found = shown(fitting.view(fitted, live=True), turns_of(method))
        yield frame.Shown(found.outputs[:3], found.said)


def record() -> None:
    """Write the fit that is there on arrival; for `python -m demos.first_sight`."""
    mixture, start = fits.scene(**fits.FIRST)
    *_, last = fits.fitting([("kl", None)], mixture, start, method=FIRST["method"], seed=int(FIRST["seed"]))
    frame.record("fgan-fit", FIRST, last)


def build(tabs: gr.Tabs | None = None) -> frame.Page:
    """The tab."""
    with frame.page(ID, TITLE, PATH) as page:
        with page.stage():
            strip = FilmStrip(elem_id="fgan-film", label="f-GAN, step by step")
            page.tools(strip)
        with page.side():
            page.control("mode", gr.Radio(MODES, value="fit", label="What do you want to see?"))
            page.control("divergence", gr.Dropdown(CHOICES, value="kl", label="Divergence"), when=PICKING)
            order = Slider(-2, 3, 0.5, step=0.1, label="Order")
            page.control("alpha", order, when=PICKING | {"divergence": ["alpha"]}, tip="α")
            weight = Slider(0.05, 0.95, 0.3, step=0.05, label="Weight of the data")
            page.control("pi", weight, when=PICKING | {"divergence": ["wjs"]}, tip="π")
            with page.only("go", FIT), gr.Row(elem_classes="race-buttons main-action"):
                run = gr.Button("Run", variant="primary", elem_id="fgan-run", min_width=70)
                stop = gr.Button("Stop", elem_id="fgan-stop", min_width=70)
                new = gr.Button("New", elem_id="fgan-new", min_width=70)
            page.control(
                "beside",
                gr.Dropdown([("Nothing", NONE), *CHOICES], value=NONE, label="Compare, from the same start, with"),
                when=FIT,
            )
            page.control("method", gr.Radio(METHODS, value="single step", label="Training"), when=FIT)
            with page.only("scene", FIT), gr.Accordion("The two Gaussians, and where the fit starts", open=False):
                for key, label, symbol, low, high, step in SLIDERS:
                    slider = Slider(low, high, fits.FIRST[key], step=step, label=label)
                    page.control(key, slider, when=FIT, tip=symbol)
            for key, label, symbol, low, high, value in (
                ("curvature", "Curvature", "δ", 0, 1, 0.3),
                ("coupling", "Coupling of the players", "", 0.1, 3, 1.0),
                ("rate", "Step size", "in units of δ/L", 0.1, 4, 1.0),
            ):
                page.control(key, Slider(low, high, value, step=0.05, label=label), when=SADDLE, tip=symbol)
            page.seed(0, when={"mode": ["fit", "digits"]})
        with page.below():
            with page.only("formula", PICKING):
                frame.equation(EQUATION)
                formulas = gr.Markdown(latex_delimiters=frame.MATH, elem_id="fgan-formula", elem_classes="equation")
            with gr.Row():
                left = page.chart("left", when={"mode": ["fit", "row", "saddle"]})
                right = page.chart("right", when=PICKING)
            page.diagram(DIAGRAM)
            with page.only("tables", FIT), gr.Accordion("The paper's experiment in two tables", open=True):
                table(
                    fits.fits_table(),
                    "The paper's mixture: the best Gaussian in the paper and here, and the one fitted from samples",
                    "fgan-fits",
                )
                table(
                    fits.cross_table(),
                    "Each fit measured under every divergence: smallest where both are the same",
                    "fgan-cross",
                )
            page.history(digits.NETWORKS, when=DIGITS)
            with page.only("measured", DIGITS):
                gr.Markdown(PARZEN)
                table(digits.table(), "Measured on 10,000 test digits", "fgan-digits")
            page.lesson()
        page.act(show, [strip, left, right, formulas])
        how = dict(stop=[stop.click], anew=[new.click], queue="fgan", limit=2)
        page.live([run.click], running, [strip, left, right], **how)
    api = dict(concurrency_id="fgan through the API", concurrency_limit=1)
    gr.api(frame.sentences(fits.fit), api_name="fgan_fit", **api)
    gr.api(frame.sentences(fits.table), api_name="fgan_table")
    return page


def table(found: dict[str, list], label: str, elem_id: str) -> None:
    gr.Dataframe(found, label=label, interactive=False, elem_id=elem_id, max_height=520)
