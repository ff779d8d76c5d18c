"""Digits that f-GANs make, one divergence beside another, from the same noise."""

import functools
import math
from typing import Any

import torch

import core
from core.gan.fgan import DIVERGENCES
from core.gan.fgan_digits import PLAYED
from core.weights import WeightsError
from demos import frame, plots

NETWORKS = [(DIVERGENCES[name].name, f"fgan-{name}-mnist") for name in PLAYED]
SIDE = 5  # digits in a row of a sheet
TURNS = 15  # steps of the noise round a circle; their frames fill one row of a sheet
ROUND = "On its way round the circle: as the noise changes a little, so does each digit."
FIRST = "The noise of this seed."
HOME = "Back at the noise of this seed."


@functools.cache
def cards() -> dict[str, dict[str, Any]]:
    """The card of each divergence's weights that are here."""
    found = {}
    for name in core.names("gan", data="mnist-32"):
        try:
            card = core.card(name)
        except WeightsError:
            continue
        if "divergence" in card["config"]:
            found[card["config"]["divergence"]] = card
    return found


def sheets(seed: str) -> dict[str, Any]:
    """A film of a sheet for each divergence; the same z lies in the same cell of all, and goes round a circle."""
    if not cards():
        raise frame.Note("The weights of the f-GANs for digits are missing; the other three views work.", "mode")
    models = {name: core.load(card["name"]) for name, card in cards().items()}
    latents = next(iter(models.values())).latents
    generator = torch.Generator().manual_seed(frame.parse_seed(seed))
    z, other = torch.randn(2, SIDE**2, latents, generator=generator)
    turns = torch.arange(TURNS + 1) * 2 * math.pi / TURNS
    # Each is as likely as the first, which is the last.
    around = torch.cat([z * turn.cos() + other * turn.sin() for turn in turns])
    panes = []
    for name, model in models.items():
        made = model.pictures(around)[..., 2:-2, 2:-2].split(SIDE**2)
        frames = [plots.contact_sheet(each, SIDE) for each in made]
        panes.append(plots.pane(DIVERGENCES[name].name, torch.stack(frames), large=True))
    return plots.film(len(turns), panes, captions=[FIRST, *[ROUND] * (TURNS - 1), HOME])


def said(seed: str) -> str:
    """What is seen, with the cards' best and worst."""
    found = {
        DIVERGENCES[name].name: card["metrics"]["FID"] for name, card in cards().items() if "FID" in card["metrics"]
    }
    text = (
        f"The same cell of every sheet has the same noise: that of seed {frame.parse_seed(seed)}, which goes round a "
        "circle and comes back."
    )
    if len(found) > 1:
        best, worst = min(found, key=found.__getitem__), max(found, key=found.__getitem__)
        text += f" FID is lowest under {best} ({found[best]:.1f}) and highest under {worst} ({found[worst]:.1f})."
    if {"js", "gan"} <= cards().keys():
        text += " Jensen–Shannon and GAN differ by a constant, so from the same start they learned the same."
    return text


def table() -> dict[str, list]:
    """What the cards say of each: how good and how various, and the Parzen window beside that of real digits."""
    headers = ["divergence", "FID", "digits of 10", "precision %", "recall %", "Parzen, nats"]
    rows, real = [], []
    for name, card in cards().items():
        metrics = card["metrics"]
        if {"FID", "modes", "precision", "recall", "parzen"} <= metrics.keys():
            shares = [f"{metrics[key]:.0f}" for key in ("precision", "recall", "parzen")]
            rows.append([DIVERGENCES[name].name, f"{metrics['FID']:.1f}", str(metrics["modes"]), *shares])
        if "parzen_real" in metrics:
            real = [["real digits", *["–"] * 4, f"{metrics['parzen_real']:.0f}"]]
    return {"headers": headers, "data": rows + real}
