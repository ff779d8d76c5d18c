"""Surprise map: how many nats each pixel of a digit costs, and where the whole lies among test digits."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from core.pixels import SHARES, reduced
from demos import frame, plots
from demos.pixels import networks
from demos.pixels.growing import TO_COME
from demos.pixels.networks import INKS, MULTI, SIDE

FULL = 4.0  # nats from which on a pixel has the fullest orange


def heat(x: Tensor, nats: Tensor) -> Tensor:
    """The digit (1, 28, 28), dimmed, under the nats of its pixels (28, 28): (3, 28, 28)."""
    strength = (nats / FULL).clamp(0, 1) ** 0.7
    return plots.rgb("writing")[:, None, None] * strength + 0.4 * x * (1 - strength)


def revealed(x: Tensor, nats: Tensor) -> Tensor:
    """The heat as it comes, row by row: (28, 3, 28, 28)."""
    whole = heat(x, nats)
    row = torch.arange(SIDE)[:, None].expand(SIDE, SIDE)
    return torch.stack([torch.where(row <= k, whole, torch.tensor(TO_COME)) for k in range(SIDE)])


def scored(x: Tensor) -> tuple[dict[str, Any], frame.Note | None]:
    """The film of the surprise of x (1, 1, 28, 28). Under "nats" the totals, under "rows" those of each row."""
    models, note = networks.those_here()
    with torch.inference_mode():
        nats = {title: model.nats(x)[0, 0] for title, model in models.items()}
    panes = [plots.pane("The picture", x)]
    panes += [
        plots.pane(f"{title}: {each.sum():.1f} nats", revealed(x[0], each), large=True) for title, each in nats.items()
    ]
    rows = {title: each.sum(1) for title, each in nats.items()}
    readouts = [plots.readout(f"{title}, so far", "nats", each.cumsum(0).tolist()) for title, each in rows.items()]
    captions = [f"{k} of {SIDE} rows are read. Full orange means {FULL:g} nats or more." for k in range(1, SIDE + 1)]
    film = plots.film(SIDE, panes, readouts, captions)
    totals = {title: round(each.sum().item(), 3) for title, each in nats.items()}
    told = said(totals)
    if MULTI in nats:
        told += f" Of {MULTI}'s nats {reduced(nats[MULTI]).sum():.1f} are for the small picture."
    by_row = {title: [round(value, 3) for value in each.tolist()] for title, each in rows.items()}
    return film | {"nats": totals, "rows": by_row, "said": told}, note


# ------------------------------------------------------------------ among test digits


def quantiles(title: str) -> list[float]:
    """Nats below which the SHARES of the test digits lie, from the card; nothing where it has none."""
    found = networks.metrics(title)
    values = [found.get(f"nll at {share} %") for share in SHARES]
    return [] if None in values else values


def share_below(nats: float, values: list[float]) -> float:
    """Per cent of the test digits that take fewer nats, between the quantiles by a straight line."""
    return float(np.interp(nats, values, SHARES))


def said(totals: dict[str, float]) -> str:
    """The totals, and where the one of the best network lies."""
    told = frame.listed([f"{title} {nats:.1f}" for title, nats in totals.items()])
    told = f"This picture costs {told} nats."
    measured = {title: networks.metrics(title)["nll"] for title in totals if quantiles(title)}
    if not measured:
        return told
    best = min(measured, key=measured.__getitem__)
    below, n = share_below(totals[best], quantiles(best)), networks.metrics(best)["n"]
    where = (
        f"more than any of the {n:,} test digits costs"
        if below >= 100
        else f"less than any of the {n:,} test digits costs"
        if below <= 0
        else f"more than {below:.0f}% of the {n:,} test digits cost"
    )
    return f"{told} For {best}, that is {where}; their mean is {measured[best]:.1f}."


def histogram(totals: dict[str, float]) -> go.Figure:
    """How the nats of the test digits lie, between their quantiles, and where this drawing is."""
    figure = plots.figure(
        "Among the test digits (dashed: this drawing)", "nats per picture", "% of the test digits per nat", 340
    )
    furthest = max(totals.values())
    for title, nats in totals.items():
        values, (ink, dash) = quantiles(title), INKS[title]
        colour = plots.COLOURS[ink]
        if values:
            spans = zip(values, values[1:], SHARES, SHARES[1:], strict=False)
            density = [(b - a) / max(high - low, 1e-6) for low, high, a, b in spans]
            line = dict(color=colour, dash=dash, shape="hv")
            figure.add_scatter(x=values, y=[*density, 0], name=title, mode="lines", line=line)
            furthest = max(furthest, values[-1])
        figure.add_vline(nats, line=dict(color=colour, dash="dash", width=2))
    return figure.update_xaxes(range=[0, 1.05 * furthest]).update_yaxes(rangemode="tozero")


def by_row(rows: dict[str, list[float]]) -> go.Figure:
    """Nats of each row; the line follows the film."""
    figure = plots.lines("Surprise row by row", "nats", {title: (INKS[title][0], each) for title, each in rows.items()})
    for trace in figure.data:
        trace.line.dash = INKS[trace.name][1]
    return figure.update_xaxes(title="row from the top").update_layout(height=340)


# ------------------------------------------------------------------ the API


def score(picture: str = "", seed: str = "0") -> dict[str, Any]:
    """The exact -log p of a digit under each network, pixel by pixel.

    Parameters:
        picture: a data URL of a dark digit on white; empty takes a test digit. Of 28 x 28 pixels it is taken as it is,
            and any other size is brought to MNIST's format.
        seed: a whole number from 0 to 2^63 - 1; it picks the test digit, and draws the grey of a picture as 0 or 1.
    Returns:
        A film of 28 frames, one per row. Under "nats" the total for each network, under "rows" that of each row, and
        under "below" the per cent of test digits that take fewer nats.
    """
    number = frame.parse_seed(seed)
    x, resized = networks.sent_digit(picture, number) if picture else (networks.stock_digit(str(number), number), "")
    film, _ = scored(x)
    below = {
        title: round(share_below(nats, quantiles(title)), 2) for title, nats in film["nats"].items() if quantiles(title)
    }
    return film | {"below": below, "said": film["said"] + resized}
