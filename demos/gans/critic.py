"""Ask the critic: what the critics of the variants say of a digit that a visitor draws, as they see more and more."""

from typing import Any

import plotly.graph_objects as go
import torch
import torch.nn.functional as F
from torch import Tensor

import core
from demos import frame, pictures, plots
from demos.gans.compare import title as name_of

COPIERS = ("ebgan-mnist", "began-mnist")
CLASSIFIERS = {"catgan-100-mnist": "catGAN", "sgan-mnist": "SGAN", "acgan-mnist": "ACGAN"}
INKS = {"catGAN": ("reading", "solid", ""), "SGAN": ("writing", "dash", "/"), "ACGAN": ("real", "dot", "x")}
ROWS = range(4, 33, 2)  # of the picture that are uncovered, frame by frame; the last frame has them all


def uncovered(x: Tensor) -> Tensor:
    """The picture (1, 1, 32, 32) from the top down: (T, 1, 32, 32), all of it in the last."""
    return torch.cat([F.pad(x[:, :, :rows], (0, 0, 0, 32 - rows)) for rows in ROWS])


def asked(x: Tensor) -> dict[str, Any]:
    """Copies of a picture and their energies, as a film; and the classes that three critics give it, frame by frame."""
    seen = uncovered(x)
    panes = [plots.pane("What the critics see", seen, large=True)]
    readouts = []
    for name in COPIERS:
        model = core.load(name)
        title = name_of(name)
        panes.append(plots.pane(f"{title}'s reconstruction", model.copies(seen), large=True))
        usual = -model.realness(F.pad(pictures.test_digits()[0][:64], (2, 2, 2, 2))).median().item()
        label = f"{title}: energy (a typical digit: {usual:.2f})"
        readouts.append(plots.readout(label, "", (-model.realness(seen)).tolist()))
    logits = core.load("acgan-mnist").realness(seen)
    readouts.append(plots.readout("ACGAN: real, not generated", "%", (100 * torch.sigmoid(logits)).tolist()))
    found = {title: core.load(name).classes(seen) for name, title in CLASSIFIERS.items()}
    captions = [
        f"{rows} of 32 rows: {said({title: p[k].tolist() for title, p in found.items()})}"
        for k, rows in enumerate(ROWS)
    ]
    every = {title: [[round(p, 4) for p in row] for row in p.tolist()] for title, p in found.items()}
    return plots.film(len(seen), panes, readouts, captions) | {
        "classes": {title: rows[-1] for title, rows in every.items()},
        "classes_by_frame": every,
    }


def said(classes: dict[str, list[float]]) -> str:
    """What each critic takes the picture for."""
    told = []
    for title, row in classes.items():
        best = max(range(len(row)), key=row.__getitem__)
        told.append(f"{title} says {best if best < 10 else 'generated'} ({100 * row[best]:.0f}%)")
    return f"{frame.listed(told)}."


def critic(picture: str = "", seed: str = "0") -> dict[str, Any]:
    """What the critics of five GAN variants say of a digit, as it is uncovered from the top down.

    Parameters:
        picture: a data URL (PNG, JPEG or WebP) of a dark digit on white; empty takes one from the stock.
        seed: a whole number from 0 to 2^63 - 1; picks the digit from the stock.
    Returns:
        A film with EBGAN's and BEGAN's copies and energies. Under "classes", what catGAN, SGAN and ACGAN take the
        whole digit for; SGAN's eleventh class is "generated". Under "classes_by_frame", the same for every frame.
    """
    seed = frame.parse_seed(seed)
    return asked(pictures.drawn_digit(picture) if picture else pictures.stock_digit(seed))


def bars(classes: dict[str, list[float]]) -> go.Figure:
    """Probabilities of the digits for the whole picture, and of SGAN's class for what a network made."""
    figure = plots.figure("The whole picture: which class?", "", "probability", 300)
    for title, row in classes.items():
        colour, _, pattern = INKS[title]
        digits = [*map(str, range(10)), "generated"][: len(row)]
        figure.add_bar(x=digits, y=row, name=title, marker=dict(color=plots.COLOURS[colour], pattern_shape=pattern))
    return figure.update_xaxes(type="category").update_yaxes(range=[0, 1])


def sureness(by_frame: dict[str, list[list[float]]]) -> go.Figure:
    """How sure each critic is, row by row, of what it says in the end."""
    figure = plots.figure("Confidence, as more is revealed", "rows of the picture", "probability", 300)
    for title, rows in by_frame.items():
        colour, dash, _ = INKS[title]
        best = max(range(len(rows[-1])), key=rows[-1].__getitem__)
        figure.add_scatter(
            x=list(ROWS),
            y=[row[best] for row in rows],
            name=f"{title}: {best if best < 10 else 'generated'}",
            mode="lines",
            line=dict(color=plots.COLOURS[colour], dash=dash),
        )
    return figure.update_yaxes(range=[0, 1.02])
