"""The DRAW tab: step through a network that looks and paints in glimpses. Alone: `python -m demos.draw`."""

import json
import math
from pathlib import Path
from typing import Any

import gradio as gr
import plotly.graph_objects as go
import torch
from torch import Tensor

import core
from core import data
from core.draw import Glimpse, Window, check_sizes, read_window, write_window
from demos import frame, pictures, plots
from demos.widgets import FilmStrip, SketchPad, read_sketch

TITLE, ID = "DRAW", "draw"
FIRST_SEED = 7
FIRST_SIGHT = Path(__file__).parent / "examples" / "draw-first-sight.json"

ATTENTION, PLAIN, CLASSIFIER = "draw-mnist", "draw-noattention-mnist", "draw-cluttered"
MODELS = [
    ("Digits, with attention", ATTENTION),
    ("Digits, without attention", PLAIN),
    ("Two digits", "draw-twodigits"),
    ("Small colour photos (CIFAR-10)", "draw-cifar10"),
]
MODES = [
    ("Generate", "generate"),
    ("Reconstruct", "reconstruct"),
    ("Find the digit", "find"),
    ("Move the window yourself", "attend"),
]
SOURCES = [("Draw it", "sketch"), ("Random test picture", "test")]
PHOTOS = [("A flower", "flower"), ("A Chinese roof", "china"), ("A cluttered digit", "clutter")]
PHOTO_SIZE = 100
HOUSE = [  # something no digit model has seen, as strokes
    {"points": [[0.25, 0.8], [0.25, 0.45], [0.5, 0.2], [0.75, 0.45], [0.75, 0.8], [0.25, 0.8]], "size": 0.07},
    {"points": [[0.45, 0.8], [0.45, 0.6], [0.57, 0.6], [0.57, 0.8]], "size": 0.05},
]

# ------------------------------------------------------------------ what the API offers: plain values in, a film out


def generate(model: str = ATTENTION, seed: str = "0", compare: bool = True) -> dict[str, Any]:
    """Let DRAW paint a picture from noise.

    Parameters:
        model: draw-mnist, draw-noattention-mnist, draw-twodigits or draw-cifar10.
        seed: a whole number from 0 to 2^63 - 1; the same seed gives the same picture.
        compare: with draw-mnist, paint beside it what the model without attention makes of the same noise.
    Returns:
        A film: every step's canvas, window, patch and numbers.
    """
    return painted(model, None, frame.parse_seed(seed), compare)


def reconstruct(model: str = ATTENTION, picture: str = "", seed: str = "0", compare: bool = True) -> dict[str, Any]:
    """Let DRAW look at a picture and paint it again.

    Parameters:
        model: as in draw_generate.
        picture: a data URL (PNG, JPEG or WebP), dark strokes on white; empty takes a test picture that the seed picks.
        seed: as in draw_generate.
        compare: as in draw_generate.
    Returns:
        A film: every step's canvas, both windows, what was read and written, and the KL.
    """
    seed = frame.parse_seed(seed)
    return painted(model, picture_for(model, picture, seed), seed, compare)


def classify(picture: str = "", seed: str = "0") -> dict[str, Any]:
    """Hide a digit among fragments of others and let the classifier find it in eight glimpses.

    Parameters:
        picture: a data URL of a drawn digit, dark on white; empty takes a test digit that the seed picks.
        seed: places the digit and the fragments.
    Returns:
        A film with each glimpse's window, its patch, and the ten probabilities after it.
    """
    seed = frame.parse_seed(seed)
    if picture:
        digit, label = pictures.as_digit(read_sketch(picture)), None
    else:
        digit, label = pictures.random_digit(seed)
    scene = pictures.cluttered_scene(digit, seed)
    looks = core.load(CLASSIFIER).glimpses(scene)
    seen = torch.cat([look.read_patch / look.read.gamma[..., None, None] for look in looks])
    points = seen.shape[-1]
    panes = [
        plots.pane(
            "The picture", scene, large=True, marks=[window_marks("read", [look.read for look in looks], points)]
        ),
        plots.pane(f"What it sees, {points} × {points}", seen, large=True),
    ]
    truth = "" if label is None else f" It is a {label}, from {pictures.DIGITS_FROM}."
    captions = [f"Glimpse {k} of {len(looks)}: {opinion(look.probabilities[0])}" for k, look in enumerate(looks, 1)]
    captions[-1] += truth
    film = plots.film(len(looks), panes, window_readouts("read", [look.read for look in looks], points), captions)
    return film | {"probabilities": [[round(p, 4) for p in look.probabilities[0].tolist()] for look in looks]}


def attend(
    photo: str = "flower",
    g_x: float = 50.0,
    g_y: float = 45.0,
    delta: float = 4.0,
    sigma: float = 2.0,
    gamma: float = 1.0,
    points: int = 12,
    seed: str = "0",
) -> dict[str, Any]:
    """Read a patch of a 100 x 100 picture through a grid of Gaussian filters, and write it back.

    Parameters:
        photo: flower, china, or clutter (a cluttered digit that the seed picks).
        g_x: the grid's centre, in pixels from the left.
        g_y: the grid's centre, in pixels from the top.
        delta: the stride between filters, in pixels, more than 0.
        sigma: the width of each filter, in pixels, more than 0.
        gamma: the strength of what is read, more than 0.
        points: N, the filters along each side, 1 to 40.
        seed: of the cluttered digit.
    Returns:
        A film of one frame: the picture with the grid on it, the patch, and the patch written back.
    """
    check_sizes(points=points)
    for name, value in {"g_x": g_x, "g_y": g_y}.items():
        if not (isinstance(value, (int, float)) and math.isfinite(value)):
            raise ValueError(f"{name} must be a number of pixels, got {value!r}")
    for name, value in {"delta": delta, "sigma": sigma, "gamma": gamma}.items():
        if not (isinstance(value, (int, float)) and 0.01 <= value <= 1000):
            raise ValueError(f"{name} must be a number from 0.01 to 1000, got {value!r}")
    if points > 40:
        raise ValueError(f"points must be at most 40, got {points}")
    picture = view(photo, frame.parse_seed(seed))
    w = Window(*(torch.full((1, 1), float(value)) for value in (g_x, g_y, delta, sigma, gamma)))
    patch = read_window(picture, w, points)
    back = write_window(patch, w, PHOTO_SIZE)
    panes = [
        plots.pane("The picture and the grid", picture, large=True, marks=[window_marks("read", [w], points)]),
        plots.pane(f"Read: γ F_Y x F_Xᵀ, {points} × {points}", patch, large=True),
        plots.pane("Written back, brightened", back / back.max().clamp(min=1e-8), large=True),
    ]
    peak = f"The brightest pixel written back is {back.max():.2f}: neighbours that no filter reaches stay black."
    return plots.film(1, panes, captions=[peak])


# ------------------------------------------------------------------ from glimpses to a film


def picture_for(model: str, sketch: Any, seed: int) -> Tensor:
    """What a model is asked to reconstruct, in its size and its kind of pixels: (1, C, H, W)."""
    channels, size, _ = known(model).shape
    if channels == 3:
        return pictures.as_page(read_sketch(sketch), size, channels) if sketch else pictures.random_photo(seed, size)
    if not sketch:
        digit = pictures.random_digit(seed)[0]
        if size == 28:
            return pictures.binarised(digit, seed)
        page = torch.zeros(1, size, size)
        for k in range(2):
            corner = data.uniform_crop_corners(1, size - 28, data.seeded(seed, 6, k))
            data.paste(page, pictures.random_digit(seed + k)[0][0], corner)
        return pictures.binarised(page.clamp(max=1)[None], seed)
    drawn = read_sketch(sketch)
    return pictures.binarised(pictures.as_digit(drawn) if size == 28 else pictures.as_page(drawn, size, channels), seed)


def known(model: str) -> torch.nn.Module:
    """One of the models that paint, loaded. ValueError for any other name."""
    painters = [name for _, name in MODELS]
    if model not in painters:
        raise ValueError(f"no DRAW model {str(model)[:60]!r}; choose one of {', '.join(painters)}")
    return core.load(model)


def painted(model: str, x: Tensor | None, seed: int, compare: bool) -> dict[str, Any]:
    """The film of one model at work, with the model without attention beside it where that is asked for."""

    def steps_of(name: str) -> list[Glimpse]:
        return known(name).glimpses(x, generator=torch.Generator().manual_seed(seed))

    steps = steps_of(model)
    beside = steps_of(PLAIN) if compare and model == ATTENTION else None
    reads, writes = [s.read for s in steps], [s.write for s in steps]
    panes, readouts = [], []
    if x is not None:
        marks = [window_marks("read", reads, steps[0].read_patch.shape[-1])] if reads[0] else []
        panes.append(plots.pane("The picture, and where it reads", x, large=True, marks=marks))
    marks = [window_marks("write", writes, steps[0].write_patch.shape[-1])] if writes[0] else []
    panes.append(
        plots.pane("The canvas" + (", with attention" if beside else ""), canvases(steps), large=True, marks=marks)
    )
    if beside:
        panes.append(plots.pane("Without attention, same seed", canvases(beside), large=True))
    if reads[0]:
        patches = torch.cat([s.read_patch / s.read.gamma[..., None, None] for s in steps])
        picture_patch, error_patch = patches.chunk(2, dim=1)
        panes.append(plots.pane("Read: picture", picture_patch))
        panes.append(plots.pane("Read: error (grey is 0)", plots.signed(error_patch)))
        readouts += window_readouts("read", reads, patches.shape[-1])
    if writes[0]:
        panes.append(plots.pane("Written (grey is 0)", plots.signed(torch.cat([s.write_patch for s in steps]))))
        readouts += window_readouts("write", writes, steps[0].write_patch.shape[-1])
    if x is not None:
        readouts.append(plots.readout("KL of this step", "nats", [s.kl.item() for s in steps]))
    film = plots.film(len(steps), panes, readouts)
    series = {"model": model, "change": change(steps), "kl": [s.kl.item() for s in steps] if x is not None else None}
    if beside:
        series |= {"beside_change": change(beside), "beside_kl": [s.kl.item() for s in beside]}
    return film | {"series": series}


def canvases(steps: list[Glimpse]) -> Tensor:
    """The canvas after every step as pictures (T, C, H, W)."""
    return torch.sigmoid(torch.cat([s.canvas for s in steps]))


def change(steps: list[Glimpse]) -> list[float]:
    """How much of the picture each step changed, in per cent of full black to full white, averaged over pixels."""
    after = canvases(steps)
    before = torch.cat((torch.sigmoid(steps[0].canvas - steps[0].written), after[:-1]))
    return (100 * (after - before).abs().flatten(1).mean(1)).tolist()


def window_marks(role: str, windows: list[Window], points: int) -> dict[str, Any]:
    verb = "reads here" if role == "read" else "writes here"
    return plots.mark(role, verb, points, [[v.item() for v in w[:4]] for w in windows])


def window_readouts(role: str, windows: list[Window], points: int) -> list[dict[str, Any]]:
    """Stride, blur and strength of a head's window at every step."""
    doing = {"read": "reading", "write": "writing"}[role]
    rows = [("Stride δ", "px", "delta"), ("Blur σ", "px", "sigma"), ("Strength γ", "×", "gamma")]
    return [
        plots.readout(f"{label}, {doing}", unit, [getattr(w, key).item() for w in windows]) for label, unit, key in rows
    ]


def opinion(probabilities: Tensor) -> str:
    """What the classifier would answer, in words."""
    (first, second), (a, b) = (t.tolist() for t in probabilities.topk(2))
    return f"it would say {a} ({first:.0%}), then {b} ({second:.0%})."


def view(photo: str, seed: int) -> Tensor:
    """One of the pictures to move a window over: (1, C, 100, 100)."""
    if photo == "clutter":
        return pictures.cluttered_scene(pictures.random_digit(seed)[0], seed)
    if photo not in ("flower", "china"):
        raise ValueError(f"photo must be flower, china or clutter, got {str(photo)[:40]!r}")
    return pictures.photo(photo, PHOTO_SIZE)


# ------------------------------------------------------------------ figures from a film


def left_figure(film: dict[str, Any]) -> go.Figure | None:
    """KL per step; for a picture from noise, which has none, how much each step changed."""
    if "probabilities" in film:
        return plots.class_heat("What it would say after each glimpse", torch.tensor(film["probabilities"]))
    series = film.get("series")
    if series is None:
        return None
    key, title, unit = (
        ("kl", "KL per step", "nats") if series["kl"] else ("change", "How much each step changes", "% of full scale")
    )
    rows = {"with attention" if series["model"] == ATTENTION else "this model": ("writing", series[key])}
    if f"beside_{key}" in series:
        rows["without attention"] = ("generated", series[f"beside_{key}"])
    return plots.bars(title, unit, rows)


def right_figure(film: dict[str, Any]) -> go.Figure | None:
    """Side of each window over time: (N - 1) delta."""
    rows = {}
    for pane in film["panes"] if film["frames"] > 1 else []:
        for mark in pane["marks"]:
            colour = "reading" if mark["role"] == "read" else "writing"
            rows[colour] = (colour, [(mark["points"] - 1) * w[2] for w in mark["windows"]])
    return plots.lines("How large the windows are", "side, pixels", rows) if rows else None


# ------------------------------------------------------------------ the page

EXPERIMENTS = {
    "Trace or sharpen?": (
        dict(mode="generate", model=ATTENTION, compare=True, seed="7"),
        "Play it slowly. With attention a pen runs along the strokes of the digit; without, the whole digit "
        "stands there as a blur from the start and only gets sharper.",
    ),
    "One digit, then the other": (
        dict(mode="generate", model="draw-twodigits", compare=False, seed="18"),
        "Nobody told it that there are two. Play it slowly: when is the first digit done, and how does the window get "
        "to the place of the second? On the way it wipes the grey paper black.",
    ),
    "Show it a house": (
        dict(mode="reconstruct", model=ATTENTION, source="sketch", sketch={"strokes": HOUSE}, compare=True, seed="1"),
        "It has seen digits only. Look where the window goes for the door, and how many nats of KL a house costs: "
        "then draw a 3 and compare.",
    ),
    "Find it in the rubbish": (
        dict(mode="find", source="test", seed="12"),
        "The first window is wide and blurred. When does it shrink onto the digit, and after which glimpse is it sure?",
    ),
}


def explore(mode: str, model: str, source: str, sketch: Any, seed: str, compare: bool, *window: Any) -> tuple:
    """The page's run button: the film of the chosen mode, and its two figures."""
    if mode in ("reconstruct", "find") and source == "sketch" and not (sketch or {}).get("strokes"):
        raise ValueError("the pad is empty; draw a digit on it, or choose 'Random test picture'")
    picture = sketch if source == "sketch" else ""
    if mode == "generate":
        film = generate(model, seed, compare)
    elif mode == "reconstruct":
        film = reconstruct(model, picture, seed, compare)
    elif mode == "find":
        film = classify(picture, seed)
    else:
        photo, *numbers, points = window
        film = attend(photo, *numbers, int(points), seed)
    figures = left_figure(film), right_figure(film)
    return film, *(gr.Plot(value=figure, visible=figure is not None) for figure in figures)


def follow(mode: str, model: str, source: str, sketch: Any, *others: Any) -> tuple:
    """What another mode or source shows at once; an empty pad is no mistake yet, so it waits for the first stroke."""
    if mode in ("reconstruct", "find") and source == "sketch" and not sketch:
        return (gr.skip(),) * 3
    return explore(mode, model, source, sketch, *others)


def learned(mode: str, model: str) -> tuple[dict[str, Any] | None, go.Figure]:
    """What a model's training looked like: samples at moments of it, and the loss. From its card."""
    name = CLASSIFIER if mode == "find" else model
    history = core.card(name)["history"]
    film = plots.sheets_film(history["sheets"]) if history["sheets"] else None
    return film, plots.learning_curve(f"Training of {name}", "loss terms", history["curve"])


def first_sight() -> dict[str, Any]:
    """The film that is there before any click, made by `python -m demos.first_sight` from the shipped weights."""
    return json.loads(FIRST_SIGHT.read_text())


def shown(mode: str) -> list[Any]:
    """Which groups of controls a mode needs."""
    drawing = mode in ("reconstruct", "find")
    return [gr.Group(visible=wanted) for wanted in (mode in ("generate", "reconstruct"), drawing, mode == "attend")]


def build(tabs: gr.Tabs | None = None) -> dict[str, gr.components.Component]:
    """The tab; returns the controls that a link restores."""
    film = first_sight()
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            mode = gr.Radio(MODES, value="generate", label="What should it do?", elem_id="draw-mode")
            with gr.Group() as painting:
                model = gr.Dropdown(MODELS, value=ATTENTION, label="Model", elem_id="draw-model")
                compare = gr.Checkbox(True, label="Beside it: the same without attention", elem_id="draw-compare")
            with gr.Group(visible=False) as looking:
                source = gr.Radio(SOURCES, value="test", label="Which picture?", elem_id="draw-source")
                with gr.Column(visible=False) as sheet:  # hidden as a whole: an update of the pad loses its settings
                    pad = SketchPad(elem_id="draw-pad", label="Draw a digit, large")
            with gr.Group(visible=False) as moving:
                photo = gr.Dropdown(PHOTOS, value="flower", label="Picture", elem_id="draw-photo")
                sliders = window_sliders()
            seed, new_seed = frame.seed_row(ID, FIRST_SEED)
            run = gr.Button("Run", variant="primary", elem_id="draw-run")
        with gr.Column(scale=2, min_width=320):
            strip = FilmStrip(film, elem_id="draw-film", label="DRAW, step by step")
            hint = gr.Markdown(elem_id="draw-hint", latex_delimiters=frame.MATH)
            with gr.Row(elem_id="draw-figures"):
                left = gr.Plot(left_figure(film), show_label=False, elem_id="draw-kl")
                right = gr.Plot(right_figure(film), show_label=False, elem_id="draw-size")
            controls = dict(
                mode=mode, model=model, source=source, sketch=pad, seed=seed, compare=compare, photo=photo, **sliders
            )
            with gr.Row():
                frame.gif_button(ID, strip)
                frame.link_button(ID, controls)
    with gr.Row(elem_classes="try-this"):
        gr.Markdown("**Try this**")
        experiments = [gr.Button(name, size="sm", elem_id=f"draw-try-{k}") for k, name in enumerate(EXPERIMENTS)]
    with gr.Accordion("How it learned", open=False, elem_id="draw-history") as history, gr.Row():
        with gr.Column(min_width=300):
            sheets = FilmStrip(
                elem_id="draw-sheets", label="Samples during training", placeholder="It makes no pictures."
            )
        with gr.Column(min_width=300):
            curve = gr.Plot(show_label=False, elem_id="draw-curve")
    frame.lesson(ID)

    inputs = [mode, model, source, pad, seed, compare, photo, *sliders.values()]
    event = dict(
        fn=frame.sentences(explore),
        inputs=inputs,
        outputs=[strip, left, right],
        api_visibility="private",
        **frame.MODEL,
    )

    def refresh(listener: Any, **options: Any) -> None:
        listener(**event | options)

    # One control, one event: where two events tell a column that was never shown to hide and to show, hiding may win.
    light = dict(show_progress="hidden", api_visibility="private")
    mode.change(shown, mode, [painting, looking, moving], **light)
    model.change(lambda model: gr.Checkbox(visible=model == ATTENTION), model, compare, **light)
    source.change(lambda source: gr.Column(visible=source == "sketch"), source, sheet, **light)
    gr.on(
        [history.expand, model.change, mode.change],
        frame.sentences(learned),
        [mode, model],
        [sheets, curve],
        **light,
    )
    refresh(run.click)
    for control in (model, compare, photo):
        refresh(control.input)
    refresh(seed.submit)
    for control in (mode, source):
        refresh(control.input, fn=frame.sentences(follow))
    refresh(pad.input, trigger_mode="always_last")  # or a stroke that ends while a film is made would be lost
    for slider in sliders.values():
        refresh(slider.input, trigger_mode="always_last", show_progress="hidden")
    refresh(new_seed.click(frame.new_seed, None, seed, show_progress="hidden", api_visibility="private").then)
    for button, (settings, words) in zip(experiments, EXPERIMENTS.values(), strict=True):
        names = list(settings)
        refresh(
            button.click(
                lambda settings=settings, words=words: [*settings.values(), words],
                None,
                [*(controls[name] for name in names), hint],
                show_progress="hidden",
                api_visibility="private",
            ).then
        )
    for handler, name in [
        (generate, "generate"),
        (reconstruct, "reconstruct"),
        (classify, "classify"),
        (attend, "attend"),
    ]:
        gr.api(frame.sentences(handler), api_name=f"draw_{name}", **frame.MODEL)
    return controls


def window_sliders() -> dict[str, gr.Slider]:
    """The five numbers of a window and N, each beside its part of the equation."""
    frame.equation(
        r"\mu^i = g + \left(i - \tfrac{N}{2} - \tfrac12\right)\delta,\quad F[i,a] \propto e^{-(a-\mu^i)^2 / 2\sigma^2}"
    )
    return dict(
        g_x=gr.Slider(0, PHOTO_SIZE - 1, 50, step=0.5, label="Left or right, g_x (pixels)", elem_id="draw-gx"),
        g_y=gr.Slider(0, PHOTO_SIZE - 1, 45, step=0.5, label="Up or down, g_y (pixels)", elem_id="draw-gy"),
        delta=gr.Slider(0.25, 12, 4, step=0.25, label="Stride between filters, δ (pixels)", elem_id="draw-delta"),
        sigma=gr.Slider(0.1, 12, 2, step=0.1, label="Blur of each filter, σ (pixels)", elem_id="draw-sigma"),
        gamma=gr.Slider(0.1, 3, 1, step=0.1, label="Strength of reading, γ", elem_id="draw-gamma"),
        points=gr.Slider(1, 40, 12, step=1, label="Filters along each side, N", elem_id="draw-n"),
    )


if __name__ == "__main__":
    frame.run_alone(TITLE, build)
