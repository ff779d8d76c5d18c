"""The home tab: what this is, a card for each family of models, and what was measured."""

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from core import evaluate
from demos import frame, plots

TITLE, ID = "Home", "home"
EXAMPLES = Path(__file__).parent / "examples"


@dataclass(frozen=True)
class Card:
    """A family of models as the home tab shows it.

    tab: the tab it opens. picture: a file of examples/, described by alt. moves: a recording whose large pane, `pane`,
    plays in place of the picture; with reduced motion, and where there is no such recording, the picture stays.
    """

    tab: str
    name: str
    picture: str
    alt: str
    sentence: str
    moves: str = ""
    pane: int = 0


CARDS = [
    Card(
        "draw",
        "DRAW",
        "home-draw.png",
        "A digit growing on the canvas in eight pictures, an orange frame showing where the network writes",
        "A network that looks and paints in glimpses. Step through its strokes, let it copy your handwriting, or move "
        "its window yourself.",
        "draw-generate",
    ),
    Card(
        "pixels",
        "PixelRNN",
        "home-pixels.png",
        "Six digits drawn row by row: a quarter of each, half, three quarters, and all of it",
        "Networks that draw one pixel after the other and know exactly how likely each was. Let them complete half a "
        "digit, see what they see, and race the fast sampler against the naive one.",
        "pixels-generate",
    ),
    Card(
        "pix2pix",
        "pix2pix",
        "home-pix2pix.webp",
        "Drawings of a shoe and a bag and the coloured plan of a house front; below each, the photo made from it",
        "Draw a shoe, a bag or a house front and get a photo at every stroke. Then take the model apart and see what "
        "each part was for.",
    ),
    Card(
        "gans",
        "GANs",
        "home-gans.png",
        "Four rows of generated digits, one row per variant; each column starts from the same noise",
        "Fourteen versions of one game between two networks. Watch them learn from the same noise, race two of them "
        "live, and ask their critics about your own digit.",
    ),
    Card(
        "infogan",
        "infoGAN",
        "home-infogan.png",
        "Four rows of generated digits: the category changes across, a number from row to row",
        "A GAN that found ten kinds of digits and two ways to bend them, without one label. Vary its codes, sweep "
        "them, and let it read those of your own digit.",
    ),
    Card(
        "fgan",
        "f-GAN",
        "home-fgan.png",
        "Two hills, and two Gaussians fitted to them: a wide one that covers both and a narrow one on the higher hill",
        "One bell curve cannot match two hills. Choose an f-divergence, fit one live, and see whether it covers "
        "both or picks one.",
    ),
    Card(
        "vqa",
        "VQA",
        "home-vqa.webp",
        "Three photos; beside each the parts of it that a network looked at to answer a question",
        "Ask a question about a photo, ours or yours. Eleven methods answer, and one shows step by step where it "
        "looked and which words it weighed.",
    ),
    Card(
        "matching",
        "Matching",
        "home-matching.webp",
        "Six photos in two rows, in the order in which they fit a sentence about a dog",
        "Find photos by a sentence and sentences for a photo, ours or yours, and see step by step where the network "
        "looked and which words it weighed.",
    ),
]

ABOUT = (
    "What you ask for is computed here, by trained models, while you watch; what plays on arrival was recorded by the "
    "same models. Nothing you draw is kept."
)
RESULTS = """
Each number was measured on data that the model had never seen. Where ours is behind the paper's, remember that
these models are small and were trained briefly: from seconds to about five hours, on one or two processor cores or on
one GPU.
"""


def build(tabs: gr.Tabs) -> frame.Page:
    """The tab. It has no controls, so a link to it holds nothing else."""
    with frame.plain_page(ID, TITLE) as page:
        gr.Markdown(ABOUT, elem_id="home-about")
        with gr.Row(elem_id="home-cards"):
            for card in CARDS:
                with gr.Column(min_width=280, elem_classes="home-card"):
                    gr.HTML(picture(card), apply_default_css=False)
                    gr.Markdown(f"## {card.name}\n{card.sentence}")
                    button = gr.Button(f"Open {card.name}", variant="primary", elem_id=f"home-open-{card.tab}")
                    button.click(
                        lambda tab=card.tab: gr.Tabs(selected=tab),
                        None,
                        tabs,
                        **frame.QUIET,
                    )
        with gr.Accordion("What was measured, beside the papers", open=False, elem_id="home-measured"):
            gr.Markdown(RESULTS)
            gr.Markdown(evaluate.table(strict=False), elem_id="home-results")
    return page


def picture(card: Card) -> str:
    """The card's picture as HTML, inside the page: no file to fetch, and none to be missing on a Space."""
    url = plots.as_url((EXAMPLES / card.picture).read_bytes(), card.picture.rpartition(".")[2])
    still = f'<img class="home-picture" alt="{html.escape(card.alt)}" src="{url}">'
    return f'<div class="home-frame">{still}{moving(card)}</div>'


def moving(card: Card) -> str:
    """A canvas that frame.js plays over the picture: every frame of a recording's pane."""
    film: dict[str, Any] | None = frame.recording(card.moves, {}, any_values=True) if card.moves else None
    if not film:
        return ""
    pane = [pane for pane in film["panes"] if pane["large"]][card.pane]
    numbers = {"frames": film["frames"]} | {key: pane[key] for key in ("width", "height", "columns")}
    data = " ".join(f'data-{key}="{value}"' for key, value in numbers.items())
    return f'<canvas class="home-moving" hidden aria-hidden="true" {data} data-film="{pane["film"]}"></canvas>'
