"""How a network learned: its losses, and samples at moments of its training, from its card and its sheets."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

import core
from core.weights import WeightsError
from demos import plots
from demos.frame.said import sentence
from demos.widgets import FilmStrip


def learned(name: str, title: str = "Samples from the same noise") -> tuple[dict[str, Any] | None, Any]:
    """The film of a training, or None where nothing was looked at, and the figure of its losses. Or WeightsError."""
    found = core.sheets(name)
    film = plots.sheets_film(*found, title) if found else None
    return film, plots.learning_curve(f"Training of {name}", "loss terms", core.card(name)["history"]["curve"])


class History:
    """The part "How it learned", folded away under a stage.

    names: what the networks are called, and their names, to choose from; or a function of the page's visible values
    that gives the name of the one at work. title: of the film. none: what is said where a training has none.
    """

    def __init__(
        self, tab: str, names: Sequence[tuple[str, str]] | Callable[..., str], title: str, label: str, none: str
    ):
        self.names, self.title, self.choice = names, title, None
        with gr.Accordion("How it learned", open=False, elem_id=f"{tab}-history") as self.box:
            if not callable(names) and len(names) > 1:
                self.choice = gr.Dropdown(names, value=names[0][1], label="Network", elem_id=f"{tab}-learner")
            with gr.Row():
                with gr.Column(min_width=300):
                    strip = FilmStrip(elem_id=f"{tab}-sheets", label=label, placeholder="")
                with gr.Column(min_width=300):
                    curve = gr.Plot(show_label=False, elem_id=f"{tab}-curve")
            said = gr.Markdown(elem_id=f"{tab}-unlearned")
        self.outputs, self.none = [strip, curve, said], none

    def of(self, **values: Any) -> tuple[dict[str, Any] | None, Any, str]:
        """The film, the figure and a sentence for the page's visible values."""
        return self.chosen(self.names(**values))

    def chosen(self, name: str | None = None) -> tuple[dict[str, Any] | None, Any, str]:
        """The same for the network that was chosen here: the first one, where there is no choice."""
        try:
            film, figure = learned(name or self.names[0][1], self.title)
        except WeightsError as problem:
            return None, None, sentence(problem)
        return film, figure, "" if film else self.none
