"""Why it matters: four figures that move, about distances, slopes, perfect critics and penalties."""

import functools
import math

import plotly.graph_objects as go
import torch

from core import data
from core.gan import objectives, penalties, playground, theory
from core.train import train
from demos import plots

TOPICS = {
    "lines": "Two lines that do not touch",
    "slopes": "Far from the boundary",
    "perfect": "A perfect critic",
    "penalty": "Where the penalty lies",
}
WORDS = {
    "lines": "The made line lies θ to the right of the real one. Move it closer: three of the four distances do not "
    "notice, so they have no slope to follow. Only the Wasserstein distance says *how far*.",
    "slopes": "A made picture's score runs from *surely made* on the left to *surely real* on the right. Where a loss "
    "is flat, the generator learns nothing; where it is steep, a lot. Least squares also pulls back what is far on the "
    "right side.",
    "perfect": "Both critics are the best there can be for two bell curves. The classifier's probability turns flat as "
    "the curves move apart, and the generator on the plateau feels nothing. The Lipschitz critic keeps its slope of 1.",
    "penalty": "A critic was just trained here, on two moons. WGAN-GP asks for a slope of 1 on lines between real and "
    "made points, DRAGAN only close to the real ones: each dot is a place where it was asked for.",
}
SHIFTS = {
    "lines": ("θ, how far the lines are apart", -2, 2, 1.0),
    "perfect": ("Distance between the curves", 0, 6, 4.0),
}


def picture(topic: str, shift: float) -> go.Figure:
    """The figure of a topic; shift moves lines or curves, where there are any."""
    if topic not in TOPICS:
        raise ValueError(f"topic must be one of {', '.join(TOPICS)}, got {str(topic)[:40]!r}")
    if not math.isfinite(shift):
        raise ValueError(f"the distance must be a number, got {shift}")
    drawn = {"lines": lines, "slopes": lambda _: slopes(), "perfect": perfect, "penalty": lambda _: penalty()}
    figure = drawn[topic](shift)
    return figure.update_layout(legend=dict(y=-0.2, yanchor="top"))  # below, where long names find room on a phone


def lines(theta: float) -> go.Figure:
    """Four distances as functions of theta, and where theta is now."""
    figure = plots.figure("Distance between two lines, θ apart", "", "distance", 420)
    grid = [x / 100 for x in range(-200, 201)]
    found = [theory.parallel_lines(x) for x in grid]
    now = theory.parallel_lines(round(theta, 2))
    for (name, value), colour, dash in zip(
        now.items(), ["real", "writing", "generated", "reading"], ["solid", "dash", "dot", "dashdot"], strict=True
    ):
        heights = [min(row[name], 2.4) for row in found]
        style = dict(color=plots.COLOURS[colour], dash=dash)
        label = f"{name}: {value:.2f}" if math.isfinite(value) else f"{name}: ∞"
        figure.add_scatter(x=grid, y=heights, name=label, mode="lines", line=style)
        figure.add_scatter(
            x=[theta], y=[min(value, 2.4)], mode="markers", showlegend=False, marker=dict(color=style["color"], size=11)
        )
    return figure.update_yaxes(range=[-0.1, 2.3])


def slopes() -> go.Figure:
    """The generator's loss and its slope, for three objectives."""
    figure = plots.figure("How hard the generator is pulled", "score of a made picture", "size of the slope", 420)
    scores = torch.linspace(-8, 8, 161)
    for name, objective, colour, dash in [
        ("cross-entropy, saturating", objectives.SATURATING, "reading", "dot"),
        ("cross-entropy, non-saturating", objectives.NON_SATURATING, "writing", "solid"),
        ("least squares", objectives.LEAST_SQUARES, "real", "dash"),
        ("Wasserstein", objectives.WASSERSTEIN, "generated", "dashdot"),
    ]:
        _, slope = theory.generator_curve(objective, scores)
        style = dict(color=plots.COLOURS[colour], dash=dash)
        figure.add_scatter(x=scores.tolist(), y=slope.abs().tolist(), name=name, mode="lines", line=style)
    return figure.update_yaxes(range=[-0.1, 4])


def perfect(distance: float) -> go.Figure:
    """Two Gaussians, the best discriminator's probability and the best Lipschitz critic."""
    figure = plots.figure("The best critics of two bell curves", "x", "density, probability, score", 420)
    x = torch.linspace(-6, 6, 481)
    real, made = (distance / 2, 0.6), (-distance / 2, 0.6)
    logit, critic = theory.perfect_discriminator(x, real, made), theory.perfect_critic(x, real, made)
    for name, y, colour, dash in [
        ("real", theory.normal(x, *real).log_prob(x).exp(), "real", "solid"),
        ("made", theory.normal(x, *made).log_prob(x).exp(), "generated", "dash"),
        ("GAN's critic: probability of real", torch.sigmoid(logit), "reading", "dot"),
        ("WGAN's critic", critic / 6, "writing", "dashdot"),
    ]:
        style = dict(color=plots.COLOURS[colour], dash=dash)
        figure.add_scatter(x=x.tolist(), y=y.tolist(), name=name, mode="lines", line=style)
    return figure


@functools.lru_cache(maxsize=1)
def penalty() -> go.Figure:
    """A critic learned on two moons, and where the two penalties ask for its slope."""
    seed, n = 3, 120
    target = playground.TARGETS["moons"]

    def batches():
        step = 0
        while True:
            yield {"image": target(128, data.seeded(seed, "batch", step))[0]}
            step += 1

    model = playground.player("wgan-gp", seed=seed)
    phases = model.phases()
    for group in (group for phase in phases for group in phase.optimizer.param_groups):
        group["lr"] = 1e-3
    for _ in train(phases, batches(), 80, seed=seed):
        pass
    real, _ = target(n, data.seeded(seed, "real"))
    with torch.no_grad():
        made = model.make(torch.randn(n, playground.LATENTS, generator=data.seeded(seed, "z")))
    side, line = 60, torch.linspace(-2, 2, 60).tolist()
    figure = plots.figure("Where each penalty asks for a slope of 1", "", "", 520)
    low, high = plots.COLOURS["low"], plots.COLOURS["high"]
    figure.add_heatmap(
        z=playground.surface(model, side).flip(0).tolist(),
        x=line,
        y=line,
        colorscale=[[0, low], [0.5, "#f7f4ee"], [1, high]],
        showscale=False,
        hoverinfo="skip",
    )
    for name, points, colour, symbol in [
        ("real", real, "real", "circle-open"),
        ("made", made, "generated", "x-thin-open"),
        ("WGAN-GP asks here", penalties.between(real, made, data.seeded(seed, "between")), "reading", "diamond"),
        ("DRAGAN asks here", penalties.around(real, made, data.seeded(seed, "around")), "writing", "triangle-up"),
    ]:
        x, y = points.T.tolist()
        marker = dict(color=plots.COLOURS[colour], symbol=symbol, size=7)
        figure.add_scatter(x=x, y=y, name=name, mode="markers", marker=marker)
    figure.update_xaxes(range=[-2, 2], constrain="domain").update_yaxes(range=[-2, 2], scaleanchor="x")
    return figure.update_layout(hovermode=False)
