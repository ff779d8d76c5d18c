"""The f-GAN tab's charts, under its films."""

import math
from typing import Any

import plotly.graph_objects as go
import torch

from core.gan.fgan import Divergence
from demos import plots
from demos.fgan.fits import Fit, rounded
from demos.fgan.pictures import STYLES

DASHES = ["solid", "dash"]


def line(x: Any, y: Any, name: str, colour: str, dash: str = "solid", **more: Any) -> go.Scatter:
    return go.Scatter(x=x, y=y, name=name, mode="lines", line=dict(color=plots.COLOURS[colour], dash=dash), **more)


def gap(fitted: list[Fit]) -> go.Figure:
    """D_f and the bound F under it, over the steps."""
    figure = plots.figure("The bound F rises to the divergence", "step", "divergence D, bound F", height(fitted))
    for k, fit in enumerate(fitted):
        colour, _ = STYLES[k]
        steps = [moment["step"] for moment in fit["moments"]]
        tag = f", {fit['label']}" if len(fitted) > 1 else ""
        D, F = ([moment[key] for moment in fit["moments"]] for key in "DF")
        between = dict(fill="tonexty", fillcolor="rgba(138,133,120,0.15)") if len(fitted) == 1 else {}
        figure.add_trace(line(steps, D, f"D{tag}", "real" if not k else "reading", DASHES[k]))
        figure.add_trace(line(steps, F, f"F{tag}", colour, DASHES[k], **between))
    later = [value for fit in fitted for m in fit["moments"][2:] for value in (m["D"], m["F"]) if value is not None]
    if later:  # at first the divergence may be enormous
        room = 0.2 * (max(later) - min(later)) + 1e-3
        figure.update_yaxes(range=[min(later) - room, max(later) + room])
    return plots.follows(figure, [moment["step"] for moment in fitted[0]["moments"]])


def contour(fitted: list[Fit], mus: list[float], sigmas: list[float], heights: list[list]) -> go.Figure:
    """D_f of the first fit over (mu, sigma), with the paths of all; the levels are logarithmic above the best."""
    least = fitted[0]["best"]["D"]
    above = [[None if D is None else math.log10(max(D - least, 0) + 1e-3) for D in row] for row in heights]
    figure = plots.figure(f"The way down D: {fitted[0]['label']}", "mean μ", "width σ", height(fitted))
    figure.add_contour(
        name="log10 of D above its least",
        x=mus,
        y=sigmas,
        z=above,
        ncontours=14,
        colorscale=[[0, "rgba(138,133,120,0.45)"], [1, "rgba(138,133,120,0.02)"]],
        line=dict(width=0.6, color=plots.COLOURS["ink"]),
        showscale=False,
        hoverinfo="skip",
    )
    for k, fit in enumerate(fitted):
        colour, _ = STYLES[k]
        path = fit["moments"] or [fit["start"]]
        tag = f", {fit['label']}" if len(fitted) > 1 else ""
        figure.add_scatter(
            x=[moment["mu"] for moment in path],
            y=[moment["sigma"] for moment in path],
            mode="lines+markers",
            marker=dict(size=6, symbol=["circle", "square"][k]),
            line=dict(color=plots.COLOURS[colour], dash=DASHES[k]),
            name=f"q{tag}",
        )
        star = dict(symbol="star", size=13, color=plots.COLOURS[colour], line=dict(width=1, color="#fffdf9"))
        best = fit["best"]
        figure.add_scatter(x=[best["mu"]], y=[best["sigma"]], mode="markers", marker=star, name=f"best{tag}")
    return plots.follows(figure.update_layout(hovermode="closest"), [moment["mu"] for moment in fitted[0]["moments"]])


def height(fitted: list[Fit]) -> int:
    """Each fit has two lines of the legend, where the page is narrow."""
    return 280 + 44 * len(fitted)


def answers(row: Divergence, at: list[float]) -> go.Figure:
    """For each ratio, the best T, and what a sample there earns its generator. at: the ratios of the film."""
    u = torch.logspace(-1.5, 1.5, 181, dtype=torch.double)
    figure = plots.figure("Best T, and the generator's reward", "ratio p / q", "", 300)
    T, reward = row.slope(u), row.reward(u)
    figure.add_trace(line(rounded(u), rounded(T), "best T = f′(p/q)", "reading", "dash"))
    figure.add_trace(line(rounded(u), rounded(reward), "reward f*(T)", "generated"))
    both = torch.cat((T, reward))
    low, high = both.quantile(torch.tensor([0.12, 0.88], dtype=torch.double)).tolist()
    room = 0.5 * (high - low) + 1e-3
    figure.update_xaxes(type="log").update_yaxes(range=[low - room, high + room])
    return plots.follows(figure, at)


def conjugate(row: Divergence, at: list[float]) -> go.Figure:
    """f*, over the slopes that f has. at: the ratios of the film."""
    T = row.slope(torch.logspace(-1.3, 1.3, 200, dtype=torch.double))
    figure = plots.figure("f*: what a sample with this T earns", "critic's T", "reward f*(T)", 300)
    figure.add_trace(line(rounded(T), rounded(row.conjugate(T)), "f*(T)", "generated"))
    if math.isfinite(row.highest):
        words = dict(annotation_text="f* ends", annotation_font_color=plots.COLOURS["ink"])
        figure.add_vline(x=row.highest, line=dict(color=plots.COLOURS["ink"], dash="dot"), **words)
    return plots.follows(figure, rounded(row.slope(torch.tensor(at, dtype=torch.double))))


def steepness(J: dict[str, torch.Tensor], bound: torch.Tensor | None, at: list[int]) -> go.Figure:
    """J over the steps of both methods, with the theorem's bound where there is one. at: the steps of the film."""
    figure = plots.figure("How steep it still is: J = ½ |∇F|²", "step", "steepness J", 320).update_yaxes(type="log")
    for (name, values), colour, dash in zip(J.items(), ("writing", "reading"), DASHES, strict=True):
        figure.add_trace(line(list(range(len(values))), rounded(values), name, colour, dash))
    if bound is not None:
        figure.add_trace(line(list(range(len(bound))), rounded(bound), "Theorem 2, with δ/L", "ink", "dot"))
    return plots.follows(figure, at)
