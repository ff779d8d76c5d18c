"""Compare variants: the same noise in the same cell, through training, along a walk; losses and what was measured."""

import math
from typing import Any

import plotly.graph_objects as go
import torch
from torch import Tensor

import core
from core import data
from core.gan import one_hot
from core.weights import WeightsError
from demos import frame, plots
from demos.gans.names import NAMES

SETS = {"mnist": "Digits", "shoes": "Shoes, in colour"}
VIEWS = {"training": "Through training", "samples": "Samples", "walk": "A walk between two z"}
FEWEST, MOST = 2, 4
SAMPLES, WALKERS, WALK_FRAMES = 64, 16, 24
COLUMNS = {  # of the table: a card's metric, and what it is called
    "FID": "FID",
    "KID": "KID × 1000",
    "precision": "precision %",
    "recall": "recall %",
    "modes": "digits of 10",
    "class_entropy": "evenness",
    "confidence": "confidence",
    "as_asked": "class as asked %",
    "error": "error %",
}


def members(of: str) -> list[str]:
    """The variants that have weights for a set of pictures, and a card that says how they came about."""
    return [variant for variant in NAMES if f"{variant}-{of}" in core.names("gan") and known(f"{variant}-{of}")]


def known(name: str) -> bool:
    try:
        return bool(core.card(name)["metrics"])
    except (WeightsError, KeyError):  # the page is built all the same, without it
        return False


def chosen(variants: Any, of: str) -> list[str]:
    """The names of the weights that a visitor picked. ValueError, in a sentence, where they cannot be compared."""
    if of not in SETS:
        raise ValueError(f"pictures must be one of {', '.join(SETS)}, got {str(of)[:40]!r}")
    variants = variants if isinstance(variants, list) else [variants]
    there = members(of)
    unknown = [str(variant)[:40] for variant in variants if variant not in there]
    if unknown:
        raise ValueError(f"no variant {unknown[0]!r} was trained on {SETS[of].lower()}; there are: {', '.join(there)}")
    if not FEWEST <= len(variants) <= MOST:
        raise ValueError(
            f"{len(variants)} variants were picked; pick {FEWEST} to {MOST}, so that there is room for each"
        )
    return [f"{variant}-{of}" for variant in variants]


def title(name: str) -> str:
    return NAMES[name.rsplit("-", 1)[0]]


# ------------------------------------------------------------------ films


def noise(name: str, n: int, seed: int) -> Tensor:
    """The same for all variants: (n, latents)."""
    return torch.randn(n, core.load(name).latents, generator=data.seeded(seed, "z"))


def samples(names: list[str], seed: int, n: int = SAMPLES) -> dict[str, Any]:
    """A sheet of each variant's pictures; the same cell has the same z, and the same class where it has one."""
    panes = []
    for name in names:
        made = core.load(name).pictures(noise(name, n, seed))
        panes.append(plots.pane(title(name), sheet(made[None]), large=True))
    return plots.film(1, panes)


def walk(names: list[str], seed: int) -> dict[str, Any]:
    """Every cell walks from one z to another, along the sphere on which noise lies."""
    panes = []
    for name in names:
        a, b = noise(name, WALKERS, seed), noise(name, WALKERS, seed + 1)
        steps = torch.linspace(0, 1, WALK_FRAMES)
        z = torch.stack([between(a, b, t) for t in steps.tolist()])  # (T, n, latents)
        label = torch.arange(WALKERS) % 10
        made = core.load(name).pictures(z.flatten(0, 1), one_hot(label.repeat(WALK_FRAMES)))
        panes.append(plots.pane(title(name), sheet(made.unflatten(0, (WALK_FRAMES, WALKERS))), large=True))
    captions = [f"{k / (WALK_FRAMES - 1):.0%} of the way from one z to the other." for k in range(WALK_FRAMES)]
    return plots.film(WALK_FRAMES, panes, captions=captions)


def between(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Along the great circle (Shoemake 1985): a straight line would cut through where there is hardly any noise."""
    angle = torch.arccos((a * b).sum(1, keepdim=True) / (a.norm(dim=1, keepdim=True) * b.norm(dim=1, keepdim=True)))
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def sheet(pictures: Tensor) -> Tensor:
    """(T, n, C, H, W) -> T square sheets (T, C, side H, side W)."""
    side = math.isqrt(pictures.shape[1])
    grid = pictures.unflatten(1, (side, side)).permute(0, 3, 1, 4, 2, 5)
    return grid.flatten(4).flatten(2, 3)


def training(names: list[str]) -> dict[str, Any]:
    """The sheets beside the cards: the same noise at twelve moments of each training."""
    sheets = [core.sheets(name) for name in names]
    films = [plots.sheets_film(*sheet, title(name)) for sheet, name in zip(sheets, names, strict=True)]
    steps = [steps for steps, _ in sheets]
    captions = [
        f"After {' and '.join(f'{step:,}' for step in sorted({*row}))} steps." for row in zip(*steps, strict=True)
    ]
    return plots.film(films[0]["frames"], [film["panes"][0] for film in films], captions=captions)


def compare(
    variants: list[str] = ("dcgan", "wgan-gp"), pictures: str = "mnist", view: str = "samples", seed: str = "0"
) -> dict[str, Any]:
    """Two to four GAN variants side by side, with the same z in the same cell.

    Parameters:
        variants: names such as gan, dcgan, lsgan, wgan-gp, began; two to four of them.
        pictures: mnist or shoes.
        view: samples; training, for the same noise at twelve moments; or walk, from one z to another.
        seed: a whole number from 0 to 2^63 - 1; picks the noise of samples and walk.
    Returns:
        A film with a sheet for each variant.
    """
    names, seed = chosen(list(variants), pictures), frame.parse_seed(seed)
    if view not in VIEWS:
        raise ValueError(f"view must be one of {', '.join(VIEWS)}, got {str(view)[:40]!r}")
    return training(names) if view == "training" else walk(names, seed) if view == "walk" else samples(names, seed)


def one(variant: str = "dcgan", pictures: str = "mnist", n: int = 16, seed: str = "0") -> dict[str, Any]:
    """Pictures of one GAN variant on a sheet.

    Parameters:
        variant: a name such as gan, dcgan, cgan, lsgan, wgan-gp or began.
        pictures: mnist or shoes.
        n: how many, a square number from 1 to 64.
        seed: a whole number from 0 to 2^63 - 1.
    Returns:
        A film of one frame.
    """
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= SAMPLES or math.isqrt(n) ** 2 != n:
        raise ValueError(f"n must be a square number from 1 to {SAMPLES}, got {str(n)[:20]}")
    if pictures not in SETS or variant not in members(pictures):
        raise ValueError(f"no variant {str(variant)[:40]!r} was trained on {str(pictures)[:40]!r}")
    return samples([f"{variant}-{pictures}"], frame.parse_seed(seed), n)


# ------------------------------------------------------------------ figures and the table

CONVERGENCE = {"wgan": "critic objective", "wgan-gp": "critic objective", "began": "critic M"}  # as their papers say
INKS = ["reading", "writing", "real", "generated"]
PLAYERS = {"critic": "solid", "generator": "dash"}


def curves(names: list[str], term: str, words: str, scale: str = "linear") -> go.Figure:
    """A term of both players over the steps of training: a colour a variant, dashes for the generator."""
    figure = plots.figure(f"{words}: critic —, generator - -", "training step", "")
    for name, ink in zip(names, INKS, strict=False):
        curve = core.card(name)["history"]["curve"]
        for player, dash in PLAYERS.items():
            figure.add_scatter(
                x=curve["step"],
                y=curve[f"{player} {term}"],
                name=title(name),
                mode="lines",
                line=dict(color=plots.COLOURS[ink], dash=dash, width=1.5),
                showlegend=player == "critic",
            )
    return figure.update_yaxes(type=scale, **dict(dtick=1) if scale == "log" else dict(nticks=6))


def losses(names: list[str]) -> go.Figure:
    return curves(names, "loss", "Losses")


def gradients(names: list[str]) -> go.Figure:
    """How long the gradients were: a player whose gradient vanishes has stopped learning."""
    return curves(names, "gradient", "Gradients", "log")


def convergence(names: list[str]) -> go.Figure:
    """For WGANs the estimated distance, for BEGAN the global measure M: they fall while the pictures improve."""
    figure = plots.figure("Wasserstein estimate, or BEGAN's M", "training step", "")
    for name, ink in zip(names, INKS, strict=False):
        term = CONVERGENCE.get(name.rsplit("-", 1)[0])
        if term:
            curve = core.card(name)["history"]["curve"]
            values = curve[term] if term.endswith("M") else [-value for value in curve[term]]
            figure.add_scatter(x=curve["step"], y=values, name=title(name), line=dict(color=plots.COLOURS[ink]))
    if not figure.data:
        figure.add_annotation(
            text="Only WGAN, WGAN-GP and BEGAN have a number<br>that falls while pictures improve: pick one.",
            showarrow=False,
        )
    return figure.update_yaxes(rangemode="tozero").update_layout(showlegend=True)


def table(of: str) -> dict[str, list]:
    """What core.evaluate measured, a row a variant, for all of a set."""
    rows = []
    for variant in members(of):
        card = core.card(f"{variant}-{of}")
        metrics, run = card["metrics"], card["training"]
        found = [round(metrics[key], 2) if key in metrics else None for key in columns(of)]
        rows.append([NAMES[variant], *found, run["steps"], round(run["seconds"] / 60)])
    return {"headers": ["variant", *(COLUMNS[key] for key in columns(of)), "steps", "minutes"], "data": rows}


def table_label(of: str) -> str:
    judge = "a digit classifier of our own" if of == "mnist" else "EfficientNet-Lite0"
    return f"Measured by core.evaluate; FID and KID on features of {judge}, not Inception's. Click a column to sort"


def columns(of: str) -> list[str]:
    return list(COLUMNS) if of == "mnist" else ["FID", "KID", "precision", "recall"]
