"""Why it matters: four scenes about distances, slopes, perfect critics and penalties, each a film over a chart."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from core import data
from core.gan import objectives, penalties, playground, theory
from core.train import train
from demos import frame, plots

TOPICS = {"lines": "Two lines", "slopes": "Slopes", "perfect": "A perfect critic", "penalty": "The penalty"}
SIDE = 280  # of a scene's picture, in pixels
PAPER, INK = "#f7f4ee", "#57534e"


@dataclass(frozen=True)
class Scene:
    """film: for the film strip. chart: over the numbers `at`, one per frame. said: one sentence about both."""

    film: dict[str, Any]
    chart: go.Figure
    at: Sequence[float]
    said: str


def scene(topic: str) -> Scene:
    """The scene of a topic, made once. ValueError where there is none such."""
    if topic not in TOPICS:
        raise ValueError(f"topic must be one of {', '.join(TOPICS)}, got {str(topic)[:40]!r}")
    return {"lines": lines, "slopes": slopes, "perfect": perfect, "penalty": penalty}[topic]()


def film(title: str, pictures: list[Image.Image], captions: list[str]) -> dict[str, Any]:
    frames = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])).permute(0, 3, 1, 2) / 255
    return plots.film(len(pictures), [plots.pane(title, frames, large=True, smooth=True)], captions=captions)


def drawn(paint: Callable[[ImageDraw.ImageDraw, float], None], values: Sequence[float]) -> list[Image.Image]:
    """A picture for each value; painted twice as large, then averaged, for smooth edges. Places are in [0, 1]."""
    pictures = []
    for value in values:
        picture = Image.new("RGB", (2 * SIDE, 2 * SIDE), PAPER)
        paint(ImageDraw.Draw(picture), value)
        pictures.append(picture.reduce(2))
    return pictures


def at(*places: tuple[float, float]) -> list[tuple[float, float]]:
    """Places in [0, 1], y up, as pixels of the picture that is painted."""
    return [(2 * SIDE * x, 2 * SIDE * (1 - y)) for x, y in places]


def colour(name: str) -> str:
    return plots.COLOURS[name]


# ------------------------------------------------------------------ the scenes


@functools.cache
def lines() -> Scene:
    """Two uniform lines, theta apart, and four distances between them."""
    thetas = [round(2 - 0.1 * k, 1) for k in range(21)]

    def paint(pen: ImageDraw.ImageDraw, theta: float) -> None:
        pen.line(at((0.5, 0.1), (0.5, 0.9)), fill=colour("real"), width=10)
        x = 0.5 + theta / 5
        for k in range(8):  # dashes, so that colour does not stand alone
            pen.line(at((x, 0.1 + 0.1 * k), (x, 0.16 + 0.1 * k)), fill=colour("generated"), width=10)

    found = [theory.parallel_lines(theta) for theta in thetas]
    chart = plots.figure("Four distances between the two lines", "how far the lines are apart, θ", "distance", 300)
    styles = [("real", "solid"), ("writing", "dash"), ("generated", "dot"), ("reading", "dashdot")]
    for name, (ink, dash) in zip(found[0], styles, strict=True):
        y = [row[name] if math.isfinite(row[name]) else 2.4 for row in found]  # beyond the upper edge
        chart.add_scatter(
            x=thetas, y=y, name=name + (" (infinite)" if name == "KL" else ""), mode="lines",
            line=dict(color=colour(ink), dash=dash),
        )  # fmt: skip
    chart.update_yaxes(range=[-0.1, 2.3])
    captions = [
        f"{abs(theta):.1f} apart: Wasserstein {row['Wasserstein']:.2f}, Jensen–Shannon {row['Jensen-Shannon']:.2f}."
        for theta, row in zip(thetas, found, strict=True)
    ]
    said = (
        "As the generated line (dashed) closes in on the real one, the Wasserstein distance falls from 2 to 0. "
        "Jensen–Shannon stays at 0.69 until they meet: no slope tells the generator where to go."
    )
    return Scene(film("The real line and the generated one", drawn(paint, thetas), captions), chart, thetas, said)


PULLS = [
    ("cross-entropy, saturating", objectives.SATURATING, "reading", "dot"),
    ("cross-entropy, non-saturating", objectives.NON_SATURATING, "writing", "solid"),
    ("least squares", objectives.LEAST_SQUARES, "real", "dash"),
    ("Wasserstein", objectives.WASSERSTEIN, "generated", "dashdot"),
]


@functools.cache
def slopes() -> Scene:
    """How hard four objectives pull a generated picture towards a higher score."""
    scores = torch.linspace(-6, 6, 25)
    pull = {name: (-theory.generator_curve(objective, scores)[1]).tolist() for name, objective, _, _ in PULLS}
    font = ImageFont.load_default(30)

    def paint(pen: ImageDraw.ImageDraw, k: int) -> None:
        for row, (name, _, ink, _) in enumerate(PULLS):
            y = 0.84 - 0.23 * row
            pen.text(at((0.04, y + 0.1))[0], name, fill=INK, font=font)
            pen.line(at((0.04, y), (0.96, y)), fill="#d6d3d1", width=3)
            x = 0.1 + 0.7 * k / (len(scores) - 1)
            tip = min(max(x + 0.16 * pull[name][k], 0.02), 0.98)
            pen.line(at((x, y), (tip, y)), fill=colour(ink), width=10)
            head = 0.03 if tip > x else -0.03
            if abs(tip - x) > 0.01:
                pen.polygon(at((tip + head, y), (tip, y + 0.03), (tip, y - 0.03)), fill=colour(ink))
            pen.circle(at((x, y))[0], 13, fill=INK)

    chart = plots.figure("How hard the generator is pulled", "score of a generated picture", "pull upwards", 300)
    for name, _, ink, dash in PULLS:
        chart.add_scatter(
            x=scores.tolist(), y=pull[name], name=name, mode="lines", line=dict(color=colour(ink), dash=dash)
        )
    chart.update_yaxes(range=[-4, 4])
    captions = []
    for k, score in enumerate(scores.tolist()):
        pulls = ", ".join(f"{name} {frame.number(pull[name][k])}" for name, *_ in PULLS)
        captions.append(f"Score {frame.number(score, 1)}: {pulls}.")
    said = (
        "The critic scores a generated picture from -6 (surely generated) to 6 (surely real). At -6 the saturating "
        f"loss pulls with {pull[PULLS[0][0]][0]:.3f}, the non-saturating one with {pull[PULLS[1][0]][0]:.2f}, and "
        f"least squares with {pull[PULLS[2][0]][0]:.1f}."
    )
    pictures = drawn(paint, range(len(scores)))
    return Scene(film("Pull on a picture with this score", pictures, captions), chart, scores.tolist(), said)


@functools.cache
def perfect() -> Scene:
    """Two bell curves that move apart, and the best critics there can be."""
    distances = [round(0.25 * k, 2) for k in range(1, 25)]
    x = torch.linspace(-5, 5, 401)
    slope: dict[str, list[float]] = {"GAN's critic (a probability)": [], "WGAN's critic (a score)": []}
    curves = []
    for distance in distances:
        real, made = (distance / 2, 0.6), (-distance / 2, 0.6)
        probability = torch.sigmoid(theory.perfect_discriminator(x, real, made))
        score = theory.perfect_critic(x, real, made)
        middle = int((x - made[0]).abs().argmin())
        for found, critic in zip(slope.values(), (probability, score), strict=True):
            found.append((torch.gradient(critic, spacing=(x,))[0][middle]).item())
        bells = [theory.normal(x, *bell).log_prob(x).exp() / 1.4 for bell in (real, made)]
        curves.append([*bells, probability / 1.4, 0.5 + score / 14])

    def paint(pen: ImageDraw.ImageDraw, moment: int) -> None:
        styles = [("real", 8, (1, 1)), ("generated", 8, (1, 2)), ("reading", 6, (1, 1)), ("writing", 6, (3, 5))]
        for curve, (ink, width, (on, of)) in zip(curves[moment], styles, strict=True):
            places = at(*zip(((x + 5) / 10).tolist(), (0.08 + 0.84 * curve).tolist(), strict=True))
            for k in range((len(places) - 1) // 5):
                if k % of < on:
                    pen.line(places[5 * k : 5 * k + 6], fill=colour(ink), width=width, joint="curve")

    chart = plots.figure("Slope at the middle of the generated curve", "distance of the two curves", "slope", 300)
    for (name, found), (ink, dash) in zip(slope.items(), [("reading", "solid"), ("writing", "dash")], strict=True):
        chart.add_scatter(x=distances, y=found, name=name, mode="lines", line=dict(color=colour(ink), dash=dash))
    chart.update_yaxes(range=[-0.05, 1.15])
    flat, steep = (found[-1] for found in slope.values())
    captions = [
        f"{distance:.1f} apart: the GAN's critic has a slope of {slope_gan:.3f}, the WGAN's of {slope_wgan:.2f}."
        for distance, slope_gan, slope_wgan in zip(distances, *slope.values(), strict=True)
    ]
    said = (
        f"With the curves {distances[-1]:.0f} apart, the best GAN critic (blue) has a slope of {flat:.3f} where the "
        f"generator stands: nothing to learn from. The best WGAN critic (dashed, orange) keeps a slope of {steep:.2f}."
    )
    pictures = drawn(paint, range(len(distances)))
    return Scene(film("Real (green), generated (rose), two critics", pictures, captions), chart, distances, said)


@functools.cache
def penalty() -> Scene:
    """A WGAN-GP's critic that learns two moons, and the places where two papers ask for a slope of 1."""
    seed, n, steps, every = 3, 60, 60, 5
    target = playground.TARGETS["moons"]
    real, _ = target(n, data.seeded(seed, "real"))
    z = torch.randn(n, playground.LATENTS, generator=data.seeded(seed, "z"))

    def batches():
        for step in range(10**6):
            yield {"image": target(128, data.seeded(seed, "batch", step))[0]}

    pictures, norms, at_steps = [], {"WGAN-GP": [], "DRAGAN": []}, []
    model = playground.player("wgan-gp", seed=seed)
    phases = model.phases()
    for group in (group for phase in phases for group in phase.optimizer.param_groups):
        group["lr"] = 1e-3
    for step, _ in train(phases, batches(), steps, seed=seed):
        if step % every:
            continue
        with torch.no_grad():
            made = model.make(z)
        asked = {
            "WGAN-GP": penalties.between(real, made, data.seeded(seed, "between")),
            "DRAGAN": penalties.around(real, made, data.seeded(seed, "around")),
        }
        for name, places in asked.items():
            norms[name].append(penalties.gradient_norms(model.scores, places).mean().item())
        pictures.append(plane(model, real, made, asked))
        at_steps.append(step)
    chart = plots.figure("How steep the critic is where each paper asks", "training step", "mean slope", 300)
    for (name, found), (ink, dash) in zip(norms.items(), [("reading", "solid"), ("writing", "dash")], strict=True):
        chart.add_scatter(x=at_steps, y=found, name=name, mode="lines", line=dict(color=colour(ink), dash=dash))
    chart.add_hline(y=1, line=dict(color=INK, width=1, dash="dot"))
    chart.update_yaxes(rangemode="tozero")
    captions = [
        f"Step {step}: mean slope {norms['WGAN-GP'][k]:.2f} at WGAN-GP's places, {norms['DRAGAN'][k]:.2f} at DRAGAN's."
        for k, step in enumerate(at_steps)
    ]
    said = (
        "WGAN-GP asks for a slope of 1 between real and generated points (blue squares), DRAGAN only near the real "
        f"ones (orange triangles). After {steps} steps of WGAN-GP the slope there is {norms['WGAN-GP'][-1]:.2f} and "
        f"{norms['DRAGAN'][-1]:.2f}."
    )
    return Scene(film("A critic learns two moons", pictures, captions), chart, at_steps, said)


def plane(model: Any, real: Tensor, made: Tensor, asked: dict[str, Tensor]) -> Image.Image:
    """The critic's landscape with all points on it."""
    landscape = playground.surface(model, 40)
    share = (landscape - landscape.mean()) / (landscape - landscape.mean()).abs().max().clamp(min=1e-6)  # (40, 40)
    paper = torch.tensor([247, 244, 238]) / 255
    end = torch.where(share[..., None] < 0, plots.rgb("low"), plots.rgb("high"))
    ground = (paper + 0.85 * share.abs()[..., None] * (end - paper)).permute(2, 0, 1)
    picture = plots.to_image(ground).resize((2 * SIDE, 2 * SIDE), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for x, y in spots(real):
        pen.circle((x, y), 9, outline=colour("real"), width=4)
    for x, y in spots(made):
        for d in (-1, 1):
            pen.line([(x - 9, y - 9 * d), (x + 9, y + 9 * d)], fill=colour("generated"), width=4)
    for x, y in spots(asked["WGAN-GP"]):
        pen.regular_polygon((x, y, 10), 4, fill=colour("reading"))
    for x, y in spots(asked["DRAGAN"]):
        pen.regular_polygon((x, y, 11), 3, fill=colour("writing"))
    return picture.reduce(2).quantize(64, dither=Image.Dither.NONE).convert("RGB")


def spots(points: Tensor) -> list[tuple[float, float]]:
    return at(*((x / 4 + 0.5, y / 4 + 0.5) for x, y in points.tolist()))
