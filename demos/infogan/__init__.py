"""The infoGAN tab: vary codes that nobody gave a meaning, and have Q read yours."""

import functools
from typing import Any

import gradio as gr

from core.weights import WeightsError
from demos import checks, frame, pictures, plots
from demos.infogan import codes, learned, path
from demos.infogan.codes import Codes
from demos.widgets import FilmStrip, SketchPad, Slider, strokes_of

TITLE, ID = "infoGAN", "infogan"
MODES = [
    ("Vary the codes", "turn"),
    ("Sweep", "sweep"),
    ("Read my digit", "read"),
    ("What it learned", "learned"),
]
OF = [("Digits", "digits"), ("Clothes", "clothes")]
BESIDE = [
    ("A GAN that is not rewarded for its codes", "plain"),
    ("CGAN: the class was given", "cgan"),
    ("ACGAN: the class was given", "acgan"),
    ("Nothing", "none"),
]
SOURCES = [("A test digit", "stock"), ("My own drawing", "sketch")]
TURNING, READING, LEARNING = ({"mode": modes} for modes in (["turn", "sweep"], ["read"], ["learned"]))
WITH_DIGITS = [TURNING | {"of": ["digits"]}, READING]
WITH_CLOTHES = TURNING | {"of": ["clothes"]}
KEYS = {"digits": ["category", "c2", "c3"], "clothes": ["garment", "g2", "g3"]}  # each set keeps codes of its own


# ------------------------------------------------------------------ from the controls to the stage


def show(
    mode: str,
    of: str = "digits",
    beside: str = "",
    category: int = 0,
    c2: float = 0.0,
    c3: float = 0.0,
    garment: int = 0,
    g2: float = 0.0,
    g3: float = 0.0,
    source: str = "stock",
    sketch: Any = None,
    which: str = "0",
    seed: str = "0",
    opens: bool = False,
) -> frame.Shown:
    """What the controls ask for: the film, the two charts of what was learned, and a sentence.

    opens: the mode is opened, so its film plays; else it stands where the controls do.
    """
    category, *numbers = (category, c2, c3) if of == "digits" else (garment, g2, g3)
    category = int(checks.number("the category", category, 0, 9, whole=True))
    at = Codes(category, *(checks.number("a code", value, -codes.REACH, codes.REACH) for value in numbers))
    if mode == "learned":
        film, steps = learned.training(of)
        film["lit"] = frame.lit([path.LEARNING] * film["frames"])
        return frame.Shown([film, learned.bound(of, steps), learned.matrix(of)], learned.said(of))
    if mode == "read":
        film = codes.again(picture(source, sketch, which), at, frame.parse_seed(seed))
        film["lit"] = frame.lit([path.MAKING | path.READING] * film["frames"])
    elif mode == "sweep":
        film = codes.swept(of, at, frame.parse_seed(seed), row_by_row=opens)
        film["lit"] = frame.lit([path.MAKING] * film["frames"])
    else:
        film = codes.turned(of, at, frame.parse_seed(seed), beside)
        n = 2 * len(codes.STEPS)
        rest = film["frames"] - n
        film["lit"] = frame.lit([path.TURNING_NUMBER] * n + [path.TURNING_CATEGORY] * rest)
        sliders = (f"{ID}-{key}" for key in KEYS[of][1:])
        film["turns"] = {each: {"values": codes.STEPS, "frame": k * n // 2} for k, each in enumerate(sliders)}
    if opens:
        film.pop("start", None)
    return frame.Shown([film, gr.skip(), gr.skip()], film["said"])


def picture(source: str, sketch: Any, which: str) -> Any:
    """The digit to be read, (1, 1, 32, 32). A Note where the pad is empty or the number of the digit is none."""
    if source == "stock":
        return pictures.stock_digit(frame.parse_seed(which, "the number of the test digit", "which"))
    if not strokes_of(sketch):
        raise frame.Note("Draw a large digit; Q reads it when you lift the pen.", at="sketch")
    return pictures.drawn_digit(sketch)


def read(mode: str, source: str = "stock", sketch: Any = None, which: str = "0", **_: Any) -> dict[str, Any]:
    """Another digit: the codes go where Q says. In other modes they stay."""
    if mode != "read":
        return {}
    reading = codes.found(codes.SETS["digits"], picture(source, sketch, which))
    return codes.best(reading)._asdict()


def another(mode: str, source: str = "stock", **_: Any) -> dict[str, Any]:
    """Another test digit, and its codes."""
    which = frame.new_seed()["seed"]
    return {"which": which} | read(mode, source, None, which)


def take(event: Any, mode: str, of: str = "digits", **values: Any) -> dict[str, Any]:
    """A click on a cell of a sheet: its codes, to go on from."""
    if mode != "sweep":
        return {}
    at = codes.cell(Codes(*(values[key] for key in KEYS[of])), event.pane, event.column, event.row)
    return {"mode": "turn"} | dict(zip(KEYS[of], at, strict=True))


# ------------------------------------------------------------------ the page


def build(tabs: gr.Tabs | None = None) -> frame.Page:
    """The tab."""
    with frame.page(ID, TITLE, path.PATH) as page:
        with page.stage():
            strip = FilmStrip(elem_id="infogan-film", label="infoGAN's codes, step by step")
            page.tools(strip)
        with page.side():
            mode = gr.Radio(MODES, value="turn", label="What do you want to do?")
            page.control("mode", mode, acts=False)
            of = gr.Radio(OF, value="digits", label="Pictures of")
            page.control("of", of, when={"mode": ["turn", "sweep", "learned"]})
            with page.only("digit", READING):
                source = digit_controls(page)
            for each, when in (("digits", WITH_DIGITS), ("clothes", WITH_CLOTHES)):
                code_controls(page, each, when)
            page.control(
                "beside",
                gr.Dropdown(BESIDE, value="plain", label="Compare with"),
                when={"mode": ["turn"], "of": ["digits"]},
            )
            page.seed(int(path.FIRST_SEED), when=[TURNING, READING])
        with page.below():
            frame.equation(path.EQUATION)
            page.diagram(path.DIAGRAM)
            with gr.Row():
                charts = [page.chart(name, when=LEARNING) for name in ("bound", "matrix")]
            page.lesson(learned.measured())
        page.press(page.another, another, ["which", *KEYS["digits"]])
        page.act(show, [strip, *charts], opens=functools.partial(show, opens=True))
        # A digit that is chosen or drawn sets the codes; a code that is moved does not.
        chosen = [mode.input, source.input, page.controls["sketch"].input, page.controls["which"].submit]
        page.set_by(functools.partial(gr.on, chosen), lambda event, **values: read(**values), KEYS["digits"])
        page.set_by(strip.click, take, ["mode", *KEYS["digits"], *KEYS["clothes"]])
    for handler in (codes.generate, codes.infer):
        gr.api(frame.sentences(handler), api_name=f"infogan_{handler.__name__}", **frame.MODEL)
    return page


def digit_controls(page: frame.Page) -> gr.Radio:
    """A test digit or a pad. They act through `read`, which sets the codes first."""
    source = gr.Radio(SOURCES, value="stock", label="Which digit?")
    page.control("source", source, when=READING, acts=False, caption=False)
    stock = READING | {"source": ["stock"]}
    with page.only("stock", stock), gr.Row(equal_height=True, elem_classes="seed-row"):
        box = gr.Textbox("4", label="Test digit no.", max_lines=1)
        page.control("which", box, when=stock, acts=False, caption=True)
        page.another = gr.Button("Another test digit", elem_id="infogan-another")
    pad = SketchPad(elem_id="infogan-sketch", label="Draw a large digit", brush=0.1)
    page.control("sketch", pad, when=READING | {"source": ["sketch"]}, acts=False)
    return source


def code_controls(page: frame.Page, of: str, when: Any) -> None:
    """The category with a picture of what it makes, and the two numbers under the names of what they change."""
    category, *numbers = KEYS[of]
    with page.only(f"categories-{of}", when):
        gr.HTML(thumbnails(of, category), apply_default_css=False, elem_classes="thumbnails")
    label = "Category c₁, and what it turned out to make"
    first = path.FIRST["category"]
    buttons = gr.Radio(choices(of), value=first, label=label, elem_classes="categories")
    page.control(category, buttons, when=when, tip="c₁, one of ten", caption="category “{}”")
    for key, label in zip(numbers, codes.labels(of), strict=True):
        slider = Slider(
            -codes.REACH, codes.REACH, 0.0, step=0.05, label=codes.title(label),
            elem_classes="code", info="Trained on −1 to 1 (bar)",
        )  # fmt: skip
        page.control(key, slider, when=when, tip="a code, uniform on [−1, 1] in training")


def choices(of: str) -> list[tuple[str, int]]:
    """Categories in the order of the labels that they turned out to be."""
    try:
        labels, words = codes.label_of(codes.SETS[of]), codes.things(codes.SETS[of])
    except WeightsError:
        return [(str(k), k) for k in range(10)]
    return [(words[k], k) for k in sorted(range(10), key=labels.__getitem__)]


def thumbnails(of: str, key: str) -> str:
    """A style sheet that puts onto each category's button what it makes of one z."""
    every = [Codes(k, 0.0, 0.0) for _, k in choices(of)]
    try:
        made = codes.made(codes.SETS[of], every, int(path.FIRST_SEED))
    except WeightsError:
        return ""
    rules = [
        f'#{ID}-{key} label:nth-of-type({place}) {{ --picture: url("{plots.data_url(plots.to_image(x))}"); }}'
        for place, x in enumerate(made, 1)
    ]
    return f"<style>{''.join(rules)}</style>"
