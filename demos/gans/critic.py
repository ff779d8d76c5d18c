"""Ask the critic: what the critics of the variants say of a digit that a visitor draws."""

from typing import Any

import plotly.graph_objects as go
import torch
import torch.nn.functional as F

import core
from demos import frame, pictures, plots

COPIERS = ("ebgan-mnist", "began-mnist")
CLASSIFIERS = {"catgan-100-mnist": "catGAN", "sgan-mnist": "SGAN", "acgan-mnist": "ACGAN"}


def drawn_digit(sketch: Any) -> torch.Tensor:
    """A sketch as MNIST's digits are, with two empty pixels all round: (1, 1, 32, 32)."""
    return F.pad(pictures.as_digit(pictures.read_sketch(sketch)), (2, 2, 2, 2))


def stock_digit(seed: int) -> torch.Tensor:
    """A digit from the app's own stock: (1, 1, 32, 32)."""
    return F.pad(pictures.random_digit(seed)[0], (2, 2, 2, 2))


def asked(x: torch.Tensor) -> dict[str, Any]:
    """Copies of a picture and their energies, as a film; and the classes that three critics give it."""
    panes = [plots.pane("What the critics see", x, large=True)]
    readouts = []
    for name in COPIERS:
        model = core.load(name)
        title = name.split("-")[0].upper()
        panes.append(plots.pane(f"{title}'s copy", model.copies(x), large=True))
        energy = -model.realness(x).item()
        usual = -model.realness(F.pad(pictures.test_digits()[0][:64], (2, 2, 2, 2))).median().item()
        readouts += [plots.readout(f"{title}: energy", "", [energy]), plots.readout("usual for a digit", "", [usual])]
    logit = core.load("acgan-mnist").realness(x)
    readouts.append(plots.readout("ACGAN: real, not made", "%", [100 * torch.sigmoid(logit).item()]))
    classes = {title: core.load(name).classes(x)[0].tolist() for name, title in CLASSIFIERS.items()}
    return plots.film(1, panes, readouts) | {
        "classes": {key: [round(p, 4) for p in row] for key, row in classes.items()}
    }


def critic(picture: str = "", seed: str = "0") -> dict[str, Any]:
    """What the critics of five GAN variants say of a digit.

    Parameters:
        picture: a data URL (PNG, JPEG or WebP) of a dark digit on white; empty takes one from the stock.
        seed: a whole number from 0 to 2^63 - 1; picks the digit from the stock.
    Returns:
        A film with EBGAN's and BEGAN's copies and energies, and under "classes" what catGAN, SGAN and ACGAN take it
        for; SGAN's eleventh class is "made".
    """
    seed = frame.parse_seed(seed)
    return asked(drawn_digit(picture) if picture else stock_digit(seed))


def bars(classes: dict[str, list[float]]) -> go.Figure:
    """Probabilities of the digits, and of SGAN's class for what is made."""
    figure = plots.figure("Which class?", "", "probability", 300)
    for (name, row), colour, pattern in zip(
        classes.items(), ["reading", "writing", "real"], ["", "/", "x"], strict=True
    ):
        digits = [*map(str, range(10)), "made"][: len(row)]
        marker = dict(color=plots.COLOURS[colour], pattern_shape=pattern)
        figure.add_bar(x=digits, y=row, name=name, marker=marker)
    return figure.update_xaxes(type="category").update_yaxes(range=[0, 1])
