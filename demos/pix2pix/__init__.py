"""The pix2pix tab: draw a sketch, get a photo, and see what each part is for."""

from typing import Any

import gradio as gr

from demos import frame
from demos.pix2pix import films, later, paints, parts
from demos.pix2pix.films import compare, translate
from demos.pix2pix.inputs import BAGS, FACADES, INKS, MODELS, PAPER, SHOES, read_input, read_photo, stock
from demos.widgets import FilmStrip, PhotoButton, SketchPad

__all__ = ["BAGS", "FACADES", "MODELS", "SHOES", "compare", "read_input", "stock", "translate"]

TITLE, ID = "pix2pix", "pix2pix"
FIRST_SEED, FIRST_COLOURS = 3, 19  # of the drawing; of the colours in the pots, blue and sand
PARTS = "parts"  # as a choice of what to paint: the nine networks
VIEWS = [
    ("Photo", "photo"),
    ("Line by line", "lines"),
    ("D's verdict", "judge"),
    ("Dropout noise", "noise"),
    ("Compare with the paper's", "paper"),
]
SOURCES = [("My drawing", "pad"), ("A photo of mine", "upload")]
EQUATIONS = {  # what is at work in each view
    "photo": r"y = G(x)",
    "lines": r"y_t = G(x_t),\quad x_t\ \text{drawn up to line}\ t",
    "judge": r"D(x, G(x)) \in (0, 1)\ \text{for each patch}",
    "paper": r"G_\text{later}(x, c)\ \text{and}\ G(x)",
    "noise": r"y = G(x, z),\quad z\ \text{drops half of the units}",
}
AT_WORK = r"\arg\min_G \max_D\ \mathcal L_{cGAN}(G, D) + \lambda\,\mathcal L_{L1}(G)"
PADS = {SHOES: "shoe", BAGS: "bag", FACADES: "plan"}  # each kind keeps a drawing of its own
POTS = {"main": "Main colour, or wall", "accent": "Second colour, or sky"}
FIRST = dict(model=SHOES, view="photo", source="pad", shoe=stock(SHOES, FIRST_SEED))
KINDS, DRAWING, UPLOADING = [name for _, name in MODELS], {"source": ["pad"]}, {"source": ["upload"]}

FACE = [  # something no shoe ever was, as strokes
    {"points": [[0.5, 0.1], [0.73, 0.18], [0.84, 0.4], [0.8, 0.68], [0.64, 0.87], [0.5, 0.9], [0.36, 0.87], [0.2, 0.68],
                [0.16, 0.4], [0.27, 0.18], [0.5, 0.1]], "size": 0.016},
    {"points": [[0.31, 0.42], [0.36, 0.38], [0.42, 0.42], [0.36, 0.45], [0.31, 0.42]], "size": 0.016},
    {"points": [[0.58, 0.42], [0.64, 0.38], [0.69, 0.42], [0.64, 0.45], [0.58, 0.42]], "size": 0.016},
    {"points": [[0.5, 0.45], [0.46, 0.6], [0.53, 0.61]], "size": 0.016},
    {"points": [[0.36, 0.72], [0.5, 0.77], [0.64, 0.71]], "size": 0.016},
]  # fmt: skip
PATH = [
    frame.Step(
        "Watch a shoe appear",
        dict(model=SHOES, view="lines", source="pad", shoe=stock(SHOES, FIRST_SEED)),
        "Every line sends the whole drawing through the network again. After which line does it stop being a blot?",
    ),
    frame.Step(
        "Draw what it never saw",
        dict(model=SHOES, view="lines", source="pad", shoe={"strokes": FACE}),
        "It has only ever seen shoes and bags, and here it paints a shoe: the face turns to leather. Choose “Photo”, "
        "draw a sole below the face, and see which lines it takes for laces.",
    ),
    frame.Step(
        "See where D is convinced",
        dict(model=BAGS, view="judge", source="pad", bag=stock(BAGS, 1)),
        "The dashed frame is one patch: all that D sees at a time. Where does it believe the photo, and where not?",
    ),
    frame.Step(
        "Look for the noise",
        dict(model=BAGS, view="noise", source="pad", bag=stock(BAGS, 0), seed="3"),
        "The same drawing, each time with a different half of the units in three layers dropped. The authors hoped for "
        "different bags. How different are these?",
    ),
    frame.Step(
        "Take a part away",
        dict(model=PARTS, source="pad", plan=stock(FACADES, 0)),
        "Nine networks, one plan. Which photos are blurred? Which are sharp, with their windows in the wrong place?",
    ),
]
DIAGRAM = frame.Diagram(
    "The encoder shrinks the drawing to a single point and the decoder turns it into a photo; skips carry its lines "
    "straight across. D judges the photo patch by patch, with the drawing beside it.",
    boxes={
        "x": ("drawing x", 0, 0, "reading"),
        "encoder": ("encoder", 1, 0),
        "middle": ("bottleneck\n1 × 1 pixel", 2, 1),
        "decoder": ("decoder", 3, 0),
        "y": ("photo G(x)", 4, 0, "writing"),
        "D": ("D: is this patch\nof x and y real?", 4, 1, "high"),
    },
    arrows=[
        ("x", "encoder"),
        ("encoder", "middle"),
        ("middle", "decoder"),
        ("encoder", "decoder", "skips: each layer to its mirror image"),
        ("decoder", "y"),
        ("y", "D"),
    ],
)


def show(
    model: str,
    view: str = "photo",
    source: str = "pad",
    shoe: Any = None,
    bag: Any = None,
    plan: Any = None,
    upload: bytes | None = None,
    main: str = "",
    accent: str = "",
    seed: str = "0",
) -> frame.Shown:
    """What the controls ask for: a film, and a sentence about it."""
    kind = FACADES if model == PARTS else model
    value = {SHOES: shoe, BAGS: bag, FACADES: plan}[kind]
    recorded = frame.recording(f"{ID}-photo", {"model": model, "view": view, "source": source} | strokes_of(value))
    pair = (paints.parsed(main, "main"), paints.parsed(accent, "accent")) if main and accent else None
    if recorded and (pair is None or recorded.get("pair") == list(pair)):
        return frame.Shown([recorded], recorded["said"])
    film, note = made(model, view, source, drawn(kind, value) if source == "pad" else upload, pair, seed)
    return frame.Shown([film], film["said"], frame.Note(note, at=PADS[kind]) if note else None)


def made(
    model: str, view: str, source: str, given: Any, pair: paints.Pair | None = None, seed: str = "0"
) -> tuple[dict[str, Any], str]:
    """The film of a pad's value or a file, and what else should be said. pair: the colours to paint with."""
    kind = FACADES if model == PARTS else model
    if source == "pad":
        x, note = read_input(kind, given)
    else:
        (y, x), note = read_photo(kind, given), ""
    if model == PARTS:
        return parts.compared(x), note
    if source == "upload" and kind != FACADES:
        pair = paints.of_photo(y) if paints.takes(model) else None
    painter = films.Painter(model, frame.parse_seed(seed), pair)
    if view == "lines" and source == "pad":
        return films.replayed(painter, model, given), note
    if view == "lines":
        return films.revealed(painter, model, y, x), note
    if view == "photo" and source == "upload":
        title = "The labels found in it" if kind == FACADES else "Its edges"
        return films.again(painter, y, x, title), note
    return {"photo": films.painted, "judge": films.judged, "noise": films.shaken, "paper": films.beside}[view](
        painter, x, frame.parse_seed(seed)
    ), note


def strokes_of(value: Any) -> dict[str, Any]:
    """What identifies a drawing: its strokes, without the browser's picture of them."""
    return {"strokes": value.get("strokes") if isinstance(value, dict) else None}


def drawn(kind: str, value: Any) -> Any:
    """What is on a kind's pad. A Note where that is empty."""
    if not (isinstance(value, dict) and value.get("strokes")):
        what = {SHOES: "Draw a shoe here", BAGS: "Draw a bag here", FACADES: "Build a front here"}[kind]
        raise frame.Note(f"{what}, or press “Another drawing”; the photo follows every line.", at=PADS[kind])
    return value


def first_sight() -> tuple[dict[str, Any], dict[str, Any]]:
    """What is recorded for the arrival: the values that it is of, and the first drawing line by line."""
    painter = films.Painter(SHOES, FIRST_SEED, paints.drawn(SHOES, FIRST_COLOURS))
    film = films.replayed(painter, SHOES, FIRST["shoe"]) | {"pair": painter.pair and list(painter.pair)}
    return {key: FIRST[key] for key in ("model", "view", "source")} | strokes_of(FIRST["shoe"]), film


def another(model: str, source: str = "pad", **_: Any) -> dict[str, Any]:
    """Another drawing from the stock, for the pad that is shown."""
    kind = FACADES if model == PARTS else model
    return {PADS[kind]: stock(kind, int(frame.new_seed()["seed"]))}


def other_colours(model: str, **_: Any) -> dict[str, str]:
    """The colours of another training photo, in the pots."""
    return dict(zip(POTS, paints.drawn(model, int(frame.new_seed()["seed"])), strict=True))


def at_work(model: str, **_: Any) -> str:
    """The name of the network that is shown; of the parts of the loss, that of all of them."""
    return parts.PARTS["L1 + cGAN, U-Net, patch 70"] if model == PARTS else model


def build(tabs: gr.Tabs | None = None) -> frame.Page:
    """The tab."""
    coloured = [model for model in KINDS if paints.takes(model)]
    with frame.page(ID, TITLE, PATH) as page:
        with page.stage(), gr.Row(elem_classes="easel"):
            with gr.Column(scale=3, min_width=300):
                strip = FilmStrip(elem_id="pix2pix-film", label="What pix2pix makes of it")
                page.tools(strip)
            with gr.Column(scale=2, min_width=290):
                build_pads(page)
        with page.side():
            choices = [*MODELS, ("Nine networks, one front", PARTS)]
            page.control("model", gr.Radio(choices, value=SHOES, label="What should it paint?"))
            for name in KINDS:
                with page.only(f"about-{PADS[name]}", {"model": [name]}):
                    gr.Markdown(parts.quality(name), elem_classes="quality")
            page.control("source", gr.Radio(SOURCES, value="pad", label="Starting from"), caption=False)
            views = gr.Radio(VIEWS, value="photo", label="What do you want to see?")
            page.control("view", views, when={"model": KINDS})
            page.seed(FIRST_SEED, when={"view": ["noise"]})
            with page.only("pots", {"model": coloured} | DRAWING):
                build_pots(page, coloured)
            for view, text in EQUATIONS.items():
                with page.only(f"equation-{view}", {"view": [view]}):
                    frame.equation(text)
            with page.only("equation-parts", {"model": [PARTS]}):
                frame.equation(AT_WORK)
        with page.below():
            page.diagram(DIAGRAM)
            page.history(at_work, ["model"], title="Held-out drawings, as photos", label="Photos during training")
            with gr.Accordion("What is each later part worth?", open=False, elem_id="pix2pix-later") as worth:
                gr.Markdown(later.said(), elem_id="pix2pix-later-said")
                with gr.Row():
                    with gr.Column(min_width=300):
                        bars = gr.Plot(show_label=False, elem_id="pix2pix-later-bars")
                    with gr.Column(min_width=300):
                        photos = gr.HTML(elem_id="pix2pix-later-sheet", apply_default_css=False)
            page.lesson(parts.measured())
        page.press(page.another, another, list(PADS.values()))
        page.press(page.other_colours, other_colours, list(POTS))
        page.act(show, [strip])
        page.also([worth.expand], later.shown, [bars, photos])
    gr.api(frame.sentences(translate), api_name="pix2pix_translate", **frame.MODEL)
    gr.api(frame.sentences(compare), api_name="pix2pix_compare", **frame.MODEL)
    return page


def build_pads(page: frame.Page) -> None:
    """A pad for each kind of drawing with the button that fills it, and the button for a photo instead."""
    labels = {SHOES: "Draw a shoe", BAGS: "Draw a bag", FACADES: "Build a house front"}
    for kind, key in PADS.items():
        ink = dict(palette=INKS, paper=PAPER) if kind == FACADES else dict(brush=0.015)
        pad = SketchPad(
            stock(kind, FIRST_SEED), elem_id=f"pix2pix-{key}", label=labels[kind], size=420, save=True, **ink
        )
        models = [kind, PARTS] if kind == FACADES else [kind]
        page.control(key, pad, when={"model": models} | DRAWING, caption=False)
    with page.only("another", DRAWING):
        page.another = gr.Button(
            "Another drawing", elem_id="pix2pix-another-drawing", size="md", elem_classes="main-action"
        )
    with page.only("photo", UPLOADING):
        upload = PhotoButton("Choose a photo", file_types=["image"], size="md")
        page.control("upload", upload, when=UPLOADING, link=False, caption=False)


def build_pots(page: frame.Page, coloured: list[str]) -> None:
    """The two colours that a drawing cannot tell, and the button that fills both."""
    first = paints.drawn(SHOES, FIRST_COLOURS)
    with gr.Row(equal_height=True):
        for (key, label), colour in zip(POTS.items(), first, strict=True):
            page.control(key, gr.ColorPicker(colour, label=label), when={"model": coloured} | DRAWING, caption=False)
    page.other_colours = gr.Button("Surprise me with colours", elem_id="pix2pix-other-colours", size="md")
