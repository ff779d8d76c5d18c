"""Curves painted as the frames of a film: densities and T, a tangent that moves along f, two players near a saddle."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from core.gan.fgan import Divergence
from demos import plots
from demos.fgan.fits import Fit, normal

WIDTH, HEIGHT, FINER = 560, 300, 2  # painted FINER times as large, then averaged for smooth edges
# What a picture shows stands above it, as text of the page's own size: a phone shows the picture at half its size.
FIT = "Above: p filled, q drawn, the best q dotted. Below: the critic's T, the best T dotted"
TANGENT = "f and its tangent, whose slope is T; it meets the axis at −f*(T)"
SADDLE = "Generator across, critic up. Round: single step; square: alternating"
PAPER, INK, FAINT = "#f7f4ee", "#57534e", "#d6d3d1"
PALE = {"real": "#b5dccd"}  # the area under a curve
STYLES = [("generated", ""), ("writing", "long")]  # of a fit, and of the one beside it
DASHES = {"": (1, 0), "long": (8, 4), "dots": (2, 3)}  # points painted, points left out


class Panel:
    """A part of a picture with axes of its own. box: left, top, right, bottom, in pixels of the film."""

    def __init__(self, picture: Image.Image, box: tuple[int, int, int, int], xs: Sequence[float], ys: Sequence[float]):
        self.pen, self.box, self.xs, self.ys = ImageDraw.Draw(picture), [FINER * side for side in box], xs, ys

    def places(self, x: Any, y: Any) -> list[tuple[float, float]]:
        """Points (n,), (n,) in pixels; what lies beyond an edge is held there."""
        left, top, right, bottom = self.box
        across = (np.asarray(x, dtype=float) - self.xs[0]) / (self.xs[1] - self.xs[0])
        up = (np.asarray(y, dtype=float) - self.ys[0]) / (self.ys[1] - self.ys[0])
        across, up = across.clip(-0.02, 1.02), up.clip(-0.02, 1.02)
        return list(zip(left + across * (right - left), bottom - up * (bottom - top), strict=True))

    def line(self, x: Any, y: Any, colour: str, dash: str = "", width: float = 2.5) -> None:
        places, (on, off) = self.places(x, y), DASHES[dash]
        fill, wide = plots.COLOURS.get(colour, colour), round(FINER * width)
        if not off:
            self.pen.line(places, fill=fill, width=wide, joint="curve")
            return
        for k in range(0, len(places), on + off):
            self.pen.line(places[k : k + on + 1], fill=fill, width=wide)

    def area(self, x: Any, y: Any, colour: str) -> None:
        places = self.places(x, y)
        bottom = self.places(x[:1], [0.0])[0][1]
        self.pen.polygon([(places[0][0], bottom), *places, (places[-1][0], bottom)], fill=PALE[colour])

    def dot(self, x: float, y: float, colour: str, radius: float = 5, square: bool = False) -> None:
        ((across, down),) = self.places([x], [y])
        (self.pen.rectangle if square else self.pen.ellipse)(
            [across - FINER * radius, down - FINER * radius, across + FINER * radius, down + FINER * radius],
            fill=plots.COLOURS.get(colour, colour),
            outline=PAPER,
            width=FINER,
        )

    def axis(self, y: float = 0.0, x: float | None = None) -> None:
        """A thin line at a height, and at a place."""
        self.line(self.xs, [y, y], FAINT, width=1)
        if x is not None:
            self.line([x, x], self.ys, FAINT, width=1)


def blank() -> Image.Image:
    return Image.new("RGB", (FINER * WIDTH, FINER * HEIGHT), PAPER)


def film(title: str, pictures: list[Image.Image], **more: Any) -> dict[str, Any]:
    """Pictures as a film with one large pane."""
    small = np.stack([np.asarray(picture.reduce(FINER) if picture.width > WIDTH else picture) for picture in pictures])
    frames = torch.from_numpy(small).permute(0, 3, 1, 2)
    return plots.film(len(pictures), [plots.pane(title, frames, large=True, smooth=True)], **more)


# ------------------------------------------------------------------ a fit


def best_T(fit: Fit, row: Divergence, mu: float, sigma: float) -> torch.Tensor:
    """f'(p / q) at the fit's x."""
    log_p = torch.tensor(fit["p"], dtype=torch.double).clamp(min=1e-30).log()
    return row.slope((log_p - normal(fit["x"], mu, sigma)).clamp(-60, 60).exp()).clamp(-1e6, 1e6)


def reach(fits: list[Fit], rows: list[Divergence]) -> tuple[float, float]:
    """Heights between which the best T lies at the best fits, where there are data."""
    values = []
    for fit, row in zip(fits, rows, strict=True):
        p = torch.tensor(fit["p"])
        values.append(best_T(fit, row, fit["best"]["mu"], fit["best"]["sigma"])[p > 0.03 * p.max()])
    low, high = torch.cat(values).min().item(), torch.cat(values).max().item()
    room = 0.5 * (high - low) + 0.1
    return low - room, high + room


def of_fit(fits: list[Fit], rows: list[Divergence], k: int, ys: tuple[float, float]) -> Image.Image:
    """Moment k: p filled, q, and the best q in dots; below, T and in dots the best T for this q."""
    picture, x, p = blank(), fits[0]["x"], fits[0]["p"]
    above = Panel(picture, (0, 0, WIDTH, 190), (x[0], x[-1]), (0.0, 1.25 * max(p)))
    below = Panel(picture, (0, 196, WIDTH, HEIGHT), (x[0], x[-1]), ys)
    above.area(x, p, "real")
    above.line(x, p, "real", width=2)
    below.axis()
    for (colour, dash), fit, row in zip(STYLES, fits, rows, strict=False):
        now = fit["moments"][k] if fit["moments"] else fit["start"]
        above.line(x, normal(x, fit["best"]["mu"], fit["best"]["sigma"]).exp(), colour, "dots", 1.5)
        above.line(x, normal(x, now["mu"], now["sigma"]).exp(), colour, dash)
        below.line(x, best_T(fit, row, now["mu"], now["sigma"]), INK, "dots", 1.5)
        if "T" in now:
            below.line(x, now["T"], colour, dash)
    return picture.reduce(FINER)


# ------------------------------------------------------------------ a divergence


def of_tangent(row: Divergence, u: float) -> Image.Image:
    """f and its tangent at u, which meets the axis at -f*(T): T is its slope."""
    picture = blank()
    x = torch.linspace(0.004, 4, 300, dtype=torch.double)
    y = row.f(x)
    inside = y[(x > 0.12)]
    low, high = inside.min().item(), inside.max().item()
    room = 0.8 * (high - low) + 0.05
    panel = Panel(picture, (0, 0, WIDTH, HEIGHT), (-0.25, 4.0), (low - room, high + 0.3 * room))
    panel.axis(0.0, 0.0)
    panel.line(x, y, "real", width=3)
    at = torch.tensor([u], dtype=torch.double)
    value, slope = row.f(at).item(), row.slope(at).item()
    ends = torch.linspace(-0.2, 4, 120, dtype=torch.double)
    panel.line(ends, value + slope * (ends - u), "reading", "long", 2)
    panel.dot(0.0, value - slope * u, "generated", square=True)
    panel.dot(u, value, "reading")
    return picture


# ------------------------------------------------------------------ a saddle


def of_saddle(paths: dict[str, torch.Tensor], k: int, reach: float) -> Image.Image:
    """Both paths up to step k, the saddle in the middle."""
    picture = blank()
    wide = reach * WIDTH / HEIGHT
    panel = Panel(picture, (0, 0, WIDTH, HEIGHT), (-wide, wide), (-reach, reach))
    panel.axis(0.0, 0.0)
    for (colour, dash, square), places in zip(
        (("writing", "", False), ("reading", "long", True)), paths.values(), strict=True
    ):
        x, y = places[: k + 1].T.tolist()
        if k:
            panel.line(x, y, colour, dash, 2)
        panel.dot(x[-1], y[-1], colour, square=square)
    return picture
