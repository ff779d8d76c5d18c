"""The pix2pix tab: draw a sketch, get a photo, and see what each part is for. Alone: `python -m demos.pix2pix`."""

import functools
import json
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

import core
from core import data, pairs
from core.images import open_picture
from core.weights import WeightsError
from demos import frame, pictures, plots
from demos.widgets import FilmStrip, SketchPad

TITLE, ID = "pix2pix", "pix2pix"
FIRST_SEED = 3
EXAMPLES = Path(__file__).parent / "examples"
FIRST_SIGHT = EXAMPLES / "pix2pix-first-sight.json"

SHOES, BAGS, FACADES, LABELLER = "pix2pix-shoes", "pix2pix-bags", "pix2pix-facades", "pix2pix-labeller"
MODELS = [("A shoe", SHOES), ("A bag", BAGS), ("A house front", FACADES)]
STOCK = {SHOES: "shoes", BAGS: "bags", FACADES: "facades"}  # where examples/sketches.json has drawings for each
MODES = [
    ("Photo", "photo"),
    ("Where does D look?", "judge"),
    ("Four throws of the noise", "noise"),
    ("What does each part do?", "parts"),
]
EQUATIONS = {  # what is at work in each mode
    "photo": r"y = G(x)",
    "judge": r"D(x, G(x)) \in (0, 1)\ \text{for each patch}",
    "noise": r"y = G(x, z),\quad z\ \text{drops half of the units}",
    "parts": r"\arg\min_G \max_D\ \mathcal L_{cGAN}(G, D) + \lambda\,\mathcal L_{L1}(G)",
}
PARTS = {  # what is on the sheet, and the weights that show it; all of them learned house fronts
    "L1 + cGAN, U-Net, patch 70": "pix2pix-facades-l1-cgan",
    "L1 alone: no discriminator": "pix2pix-facades-l1",
    "cGAN alone: no L1": "pix2pix-facades-cgan",
    "GAN alone: D does not see the plan": "pix2pix-facades-gan",
    "L1 + GAN: D does not see the plan": "pix2pix-facades-l1-gan",
    "Encoder-decoder: no skips": "pix2pix-facades-encoder-decoder",
    "Patch 1: D sees single pixels": "pix2pix-facades-patch1",
    "Patch 16": "pix2pix-facades-patch16",
    "Patch 286: D sees the whole picture": "pix2pix-facades-patch286",
}
REPORTED = {  # by the paper, tables 1 to 3: pixels right and IoU on street scenes (Cityscapes), in per cent
    "L1 + cGAN, U-Net, patch 70": (66, 17),
    "L1 alone: no discriminator": (42, 11),
    "cGAN alone: no L1": (57, 16),
    "GAN alone: D does not see the plan": (22, 1),
    "L1 + GAN: D does not see the plan": (64, 15),
    "Encoder-decoder: no skips": (29, 5),
    "Patch 1: D sees single pixels": (39, 10),
    "Patch 16": (65, 17),
    "Patch 286: D sees the whole picture": (42, 11),
}
INKS = {name: f"#{r:02x}{g:02x}{b:02x}" for name, (r, g, b) in pairs.LABELS.items()}
PAPER = INKS["background"]

# ------------------------------------------------------------------ what the API offers: plain values in, a film out


def translate(model: str = SHOES, picture: str = "", show: str = "photo", seed: str = "0") -> dict[str, Any]:
    """Turn a sketch, or a plan of a house front, into a photo.

    Parameters:
        model: pix2pix-shoes, pix2pix-bags or pix2pix-facades.
        picture: a data URL (PNG, JPEG or WebP): dark lines on white, or for facades a square in the twelve label
            colours; empty takes a drawing from the stock, which the seed picks.
        show: photo; judge, for the discriminator's verdict on every patch; or noise, for four throws of the dropout.
        seed: a whole number from 0 to 2^63 - 1.
    Returns:
        A film of one frame: what went in, and what came out.
    """
    seed = frame.parse_seed(seed)
    x, said = read_input(known(model), picture or stock(model, seed))
    return translated(model, x, show, seed, said)


def compare(picture: str = "", seed: str = "0") -> dict[str, Any]:
    """The same plan of a house front through nine models, each trained with another part missing or changed.

    Parameters:
        picture: a data URL of a square in the twelve label colours; empty takes a plan from the stock.
        seed: a whole number from 0 to 2^63 - 1; picks the plan.
    Returns:
        A film of one frame with nine photos.
    """
    seed = frame.parse_seed(seed)
    x, said = read_input(known(FACADES), picture or stock(FACADES, seed))
    return compared(x, said)


# ------------------------------------------------------------------ from a pad, a file or the stock to x


def known(model: str) -> str:
    """One of the models to draw for. ValueError for any other name."""
    names = [name for _, name in MODELS]
    if model not in names:
        raise ValueError(f"no pix2pix model {str(model)[:60]!r}; choose one of {', '.join(names)}")
    return model


@functools.cache
def sketches() -> dict[str, list[dict[str, Any]]]:
    """The drawings that come with the app, as strokes, for each kind."""
    return json.loads((EXAMPLES / "sketches.json").read_text(encoding="utf-8"))


def stock(model: str, seed: int) -> dict[str, Any]:
    """The drawing from the stock that a seed picks, as a pad's value."""
    drawings = sketches()[STOCK[known(model)]]
    index = int(torch.randint(len(drawings), (1,), generator=data.seeded(seed, "drawing")))
    return {"strokes": drawings[index]["strokes"]}


def read_input(model: str, value: Any) -> tuple[Tensor, str]:
    """A pad's value or a data URL as the model's x (1, C, S, S), and a sentence where something had to be changed."""
    size = core.load(model).shape[-1]
    if model != FACADES:
        sketch = squared(pictures.read_sketch(value).convert("L")).resize((size, size), Image.Resampling.BOX)
        return torch.from_numpy(np.asarray(sketch, dtype=np.float32) / 255)[None, None], ""
    plan = pictures.read_sketch(value, palette=INKS, paper=PAPER).convert("RGB")
    if plan.width != plan.height:
        raise ValueError(f"the plan came as {plan.width} x {plan.height} pixels; a square one was expected: crop it")
    pixels = to_tensor(plan.resize((size, size), Image.Resampling.NEAREST))
    labels = pairs.nearest_label(pixels * 255)
    x = pairs.label_colours(labels)
    strange = ((x - pixels).abs().amax(1) > 0.15).float().mean().item()
    said = f"{strange:.0%} of the plan had colours that are no label's: the nearest label was taken." if strange else ""
    return x, said


def to_tensor(picture: Image.Image) -> Tensor:
    """An RGB picture as (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 255


def squared(picture: Image.Image) -> Image.Image:
    """On a white square, in its middle."""
    side = max(picture.size)
    sheet = Image.new(picture.mode, (side, side), "white")
    sheet.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return sheet


# ------------------------------------------------------------------ from x to a film


def translated(model: str, x: Tensor, show: str, seed: int, said: str = "") -> dict[str, Any]:
    """The film of one input: the photo, and what else was asked for."""
    network = core.load(model)
    if show == "photo":
        panes = [photo_pane("The photo", network.translate(x))]
    elif show == "judge":
        y = network.translate(x)
        verdict = network.judge(x, y)
        panes = [
            photo_pane("The photo", y),
            photo_pane("What D says: orange real, blue made", verdict_picture(verdict, y)),
        ]
        said = f"{said} D takes {verdict.mean():.0%} of the patches for real, on average.".strip()
    elif show == "noise":
        made = [network.translate(x, generator=data.seeded(seed, "dropout", k)) for k in range(4)]
        panes = [photo_pane(f"Throw {k} of the dropout", y) for k, y in enumerate(made, 1)]
        spread = 255 * torch.cat(made).std(0).mean().item()
        said = f"{said} Between the four a pixel differs by {spread:.1f} of 255 levels.".strip()
    else:
        raise ValueError(f"show must be photo, judge or noise, got {str(show)[:40]!r}")
    return plots.film(1, panes, captions=[said] if said else None)


def compared(x: Tensor, said: str) -> dict[str, Any]:
    """Nine photos of one plan on a sheet."""
    made = {title: core.load(name).translate(x) for title, name in PARTS.items()}
    return plots.film(1, [photo_pane(title, y) for title, y in made.items()], captions=[said] if said else None)


def photo_pane(title: str, y: Tensor) -> dict[str, Any]:
    return plots.pane(title, y, large=True, smooth=True)


def verdict_picture(verdict: Tensor, y: Tensor) -> Tensor:
    """D's map (1, 1, h, w) over the photo in grey: the colour of "high" where D says real, of "low" where made."""
    size = y.shape[-2:]
    share = F.interpolate(verdict, size, mode="bilinear", align_corners=False)
    high, low = (plots.rgb(name).view(1, 3, 1, 1) for name in ("high", "low"))
    return 0.5 * y.mean(1, keepdim=True) + 0.5 * (share * high + (1 - share) * low)


def again(model: str, file: bytes | None) -> dict[str, Any]:
    """A photo that was uploaded, what the model would be given for it, and the photo made from that."""
    if file is None:
        raise ValueError("no photo came; choose a PNG, JPEG or WebP file")
    photo = squared(open_picture(file).convert("RGB"))
    network = core.load(known(model))
    size = network.shape[-1]
    y = to_tensor(photo.resize((size, size), Image.Resampling.LANCZOS))
    if model == FACADES:
        x = pairs.label_colours(core.load(LABELLER).labels(y)[:, None])
        title = "The labels our labeller finds in it"
    else:
        x, title = pairs.edges(y), "Its edges"
    shown = [("Your photo", y), (title, x), ("The photo again", network.translate(x))]
    return plots.film(1, [photo_pane(name, picture) for name, picture in shown])


def first_sight() -> dict[str, Any]:
    """The film that is there before any click, made by `python -m demos.first_sight` from the shipped weights."""
    return json.loads(FIRST_SIGHT.read_text(encoding="utf-8"))


# ------------------------------------------------------------------ the page

FACE = [  # something no shoe ever was, as strokes
    {"points": [[0.5, 0.1], [0.73, 0.18], [0.84, 0.4], [0.8, 0.68], [0.64, 0.87], [0.5, 0.9], [0.36, 0.87], [0.2, 0.68],
                [0.16, 0.4], [0.27, 0.18], [0.5, 0.1]], "size": 0.016},
    {"points": [[0.31, 0.42], [0.36, 0.38], [0.42, 0.42], [0.36, 0.45], [0.31, 0.42]], "size": 0.016},
    {"points": [[0.58, 0.42], [0.64, 0.38], [0.69, 0.42], [0.64, 0.45], [0.58, 0.42]], "size": 0.016},
    {"points": [[0.5, 0.45], [0.46, 0.6], [0.53, 0.61]], "size": 0.016},
    {"points": [[0.36, 0.72], [0.5, 0.77], [0.64, 0.71]], "size": 0.016},
]  # fmt: skip
EXPERIMENTS = {
    "Draw what it never saw": (
        lambda: dict(model=SHOES, show="photo", sketch={"strokes": FACE}),
        "It has seen shoes only, and paints what it knows wherever there are lines. Add a sole below the face: "
        "which lines does it take for laces, which for leather?",
    ),
    "Throw the noise": (
        lambda: dict(model=BAGS, show="noise", sketch=stock(BAGS, 0)),
        "Four photos of the same drawing, each with another half of the decoder's units dropped. The paper hoped for "
        "four different bags. How far apart are they?",
    ),
    "Take a part away": (
        lambda: dict(model=FACADES, show="parts", plan=stock(FACADES, 0)),
        "Nine models, one plan, another part missing in each. Which photos are blurred, which have their windows in "
        "the wrong place, which have the colours right and nothing else? Which one would you believe?",
    ),
}


def drawn(model: str, show: str, sketch: Any, plan: Any) -> tuple[str, Any]:
    """The model at work and its pad's value, None while that is empty."""
    model = FACADES if show == "parts" else model
    value = plan if model == FACADES else sketch
    return model, value if (value or {}).get("strokes") else None


def explore(model: str, show: str, sketch: Any, plan: Any, seed: str) -> dict[str, Any]:
    """The page's run button: the film of what is on the pad."""
    model, value = drawn(known(model), show, sketch, plan)
    if value is None:
        raise ValueError("the pad is empty; draw something on it, or press 'Surprise me'")
    x, said = read_input(model, value)
    return compared(x, said) if show == "parts" else translated(model, x, show, frame.parse_seed(seed), said)


def follow(model: str, show: str, sketch: Any, plan: Any, seed: str) -> Any:
    """The same for every stroke; an empty pad is no mistake yet."""
    return gr.skip() if drawn(model, show, sketch, plan)[1] is None else explore(model, show, sketch, plan, seed)


def surprise(model: str, show: str) -> tuple[Any, Any]:
    """Another drawing from the stock, for the pad that is shown."""
    model, _ = drawn(model, show, None, None)
    value = stock(model, int(frame.old_new_seed()))
    return (gr.skip(), value) if model == FACADES else (value, gr.skip())


def shown(model: str, show: str) -> list[Any]:
    """Which pad a model needs, how much room its result, and which equation is at work."""
    facades = drawn(model, show, None, None)[0] == FACADES
    return [
        gr.Radio(visible=show != "parts"),
        gr.Column(visible=not facades),
        gr.Column(visible=facades),
        gr.Column(min_width=760 if show == "parts" else 300),
        f"$${EQUATIONS[show]}$$",
    ]


def learned(model: str) -> tuple[dict[str, Any] | None, Any]:
    """What a model's training looked like: held-out photos at moments of it, and the losses. From its card."""
    history = core.card(model)["history"]
    sheets = core.sheets(model)
    film = plots.sheets_film(*sheets, "Held-out drawings, as photos") if sheets else None
    return film, plots.learning_curve(f"Training of {model}", "loss terms", history["curve"])


def measured() -> str:
    """What the cards say of the parts, beside what the paper found, as a table in Markdown."""
    rows = ["| | pixels right % | IoU % | the paper's, on streets |", "|---|---|---|---|"]
    for part, name in PARTS.items():
        try:
            found = core.card(name)["metrics"]
            ours = f"{found['pixel_accuracy']:.1f} | {found['IoU']:.1f}"
        except (WeightsError, KeyError):  # the page is built all the same
            ours = "– | –"
        rows.append("| {} | {} | {} and {} |".format(part, ours, *REPORTED[part]))
    return "\n".join(rows)


def build(tabs: gr.Tabs | None = None) -> dict[str, gr.components.Component]:
    """The tab; returns the controls that a link restores."""
    with gr.Row():
        with gr.Column(scale=1, min_width=260):
            model = gr.Radio(MODELS, value=SHOES, label="What will you draw?", elem_id="pix2pix-model")
            show = gr.Radio(MODES, value="photo", label="What do you want to see?", elem_id="pix2pix-show")
            equation = frame.equation(EQUATIONS["photo"])
            chance = gr.Button("Surprise me", elem_id="pix2pix-surprise", size="sm")
            upload = gr.UploadButton(
                "Upload a photo", file_types=["image"], type="binary", elem_id="pix2pix-upload", size="sm"
            )
            seed, new_seed = frame.seed_row(ID, FIRST_SEED)
            run = gr.Button("Run", variant="primary", elem_id="pix2pix-run")
        with gr.Column(scale=3, min_width=320):
            with gr.Row():
                with gr.Column(min_width=300) as sheet:  # hidden as a whole: an update of the pad loses its settings
                    pad = SketchPad(
                        stock(SHOES, FIRST_SEED), elem_id="pix2pix-pad", label="Draw", size=384, brush=0.015, save=True
                    )
                with gr.Column(min_width=300, visible=False) as plan_sheet:
                    plan = SketchPad(
                        stock(FACADES, FIRST_SEED),
                        elem_id="pix2pix-plan",
                        label="Build a house front",
                        size=384,
                        palette=INKS,
                        paper=PAPER,
                        save=True,
                    )
                with gr.Column(min_width=300) as result:
                    strip = FilmStrip(first_sight(), elem_id="pix2pix-film", label="What pix2pix makes of it")
            hint = gr.Markdown(elem_id="pix2pix-hint", latex_delimiters=frame.MATH)
            controls = dict(model=model, show=show, sketch=pad, plan=plan, seed=seed)
            frame.link_button(ID, controls)
    with gr.Row(elem_classes="try-this"):
        gr.Markdown("**Try this**")
        experiments = [gr.Button(name, size="sm", elem_id=f"pix2pix-try-{k}") for k, name in enumerate(EXPERIMENTS)]
    with gr.Accordion("How it learned", open=False, elem_id="pix2pix-history") as history, gr.Row():
        with gr.Column(min_width=300):
            sheets = FilmStrip(elem_id="pix2pix-sheets", label="Photos during training")
        with gr.Column(min_width=300):
            curve = gr.Plot(show_label=False, elem_id="pix2pix-curve")
    frame.lesson(ID, measured())

    quiet = dict(show_progress="hidden", api_visibility="private")
    event = dict(
        fn=frame.sentences(explore),
        inputs=[model, show, pad, plan, seed],
        outputs=strip,
        api_visibility="private",
        **frame.MODEL,
    )
    live = event | dict(fn=frame.sentences(follow), show_progress="hidden", trigger_mode="always_last")
    gr.on([model.change, show.change], shown, [model, show], [model, sheet, plan_sheet, result, equation], **quiet)
    gr.on([history.expand, model.change], frame.sentences(learned), model, [sheets, curve], **quiet)
    for listener in (pad.input, plan.input, model.input, show.input):
        listener(**live)
    for listener in (run.click, seed.submit, new_seed.click(frame.old_new_seed, None, seed, **quiet).then):
        listener(**event)
    chance.click(surprise, [model, show], [pad, plan], **quiet).then(**event)
    upload.upload(frame.sentences(again), [model, upload], strip, api_visibility="private", **frame.MODEL)
    for button, (settings, words) in zip(experiments, EXPERIMENTS.values(), strict=True):
        names = list(settings())
        button.click(
            lambda settings=settings, words=words: [*settings().values(), words],
            None,
            [*(controls[name] for name in names), hint],
            **quiet,
        ).then(**event)
    gr.api(frame.sentences(translate), api_name="pix2pix_translate", **frame.MODEL)
    gr.api(frame.sentences(compare), api_name="pix2pix_compare", **frame.MODEL)
    return controls


if __name__ == "__main__":
    frame.run_alone(TITLE, build)
