"""The home tab: what this is, a card for each family of models, and what was measured."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from core import evaluate
from demos import plots

TITLE, ID = "Home", "home"
EXAMPLES = Path(__file__).parent / "examples"


@dataclass(frozen=True)
class Card:
    """A family of models as the home tab shows it: the tab it opens, a picture and one sentence."""

    tab: str
    name: str
    picture: str
    alt: str
    sentence: str


CARDS = [
    Card(
        "draw",
        "DRAW",
        "home-draw.png",
        "A digit growing on the canvas in eight pictures, an orange frame showing where the network writes",
        "A network that looks and paints in glimpses: step through its strokes, let it copy your handwriting, "
        "and take its window into your own hands.",
    ),
    Card(
        "pix2pix",
        "pix2pix",
        "home-pix2pix.png",
        "Drawings of a shoe and a bag and the coloured plan of a house front; below each, the photo made from it",
        "Draw a shoe, a bag or a house front and get a photo at every stroke. Then take away the loss, the skips or "
        "the patches one by one, and see what each of them did.",
    ),
    Card(
        "gans",
        "GANs",
        "home-gans.png",
        "Four rows of made digits, a variant in each; a column has the same noise",
        "A dozen variants of one game on the same noise: scrub through their training, race two of them live over the "
        "critic's landscape, and ask their critics about your own digit.",
    ),
]

ABOUT = """
Every picture here is made by a trained model while you watch, on this machine; nothing is fetched and nothing you
draw is kept. Pick a card, press *Run*, then use the arrow keys to go through the steps one by one.
"""
RESULTS = """
### Measured, beside the papers
Each number was written by `python -m core.evaluate`, on pictures the model never saw. Where ours is behind the paper's,
it was trained for an hour or two on one processor core, where the authors had days on a GPU.
"""


def build(tabs: gr.Tabs) -> dict[str, gr.components.Component]:
    """The tab. Nothing on it needs restoring from a link."""
    gr.Markdown(ABOUT)
    with gr.Row(elem_id="home-cards"):
        for card in CARDS:
            with gr.Column(min_width=300, elem_classes="home-card"):
                gr.HTML(picture(card))
                gr.Markdown(f"### {card.name}\n{card.sentence}")
                button = gr.Button(f"Open {card.name}", variant="primary", elem_id=f"home-open-{card.tab}")
                button.click(
                    lambda tab=card.tab: gr.Tabs(selected=tab),
                    None,
                    tabs,
                    show_progress="hidden",
                    api_visibility="private",
                )
    gr.Markdown(RESULTS)
    gr.Markdown(evaluate.table(), elem_id="home-results")
    return {}


def picture(card: Card) -> str:
    """The card's picture as HTML, inside the page: no file to fetch, and none to be missing on a Space."""
    from PIL import Image

    return f'<img class="home-picture" alt="{card.alt}" src="{plots.data_url(Image.open(EXAMPLES / card.picture))}">'
