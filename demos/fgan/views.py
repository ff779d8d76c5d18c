"""What each view of the f-GAN tab puts on its stage: a film, two charts, a formula and a sentence."""

import functools
from typing import Any, NamedTuple

import torch

from core.gan import mixture as m
from core.gan import theory
from demos import frame, plots
from demos.fgan import figures, fits, pictures
from demos.fgan.words import FORMULAS

RATIOS = [round(float(u), 3) for u in torch.logspace(-1.1, 0.58, 16)]  # of the film that moves a tangent along f
SADDLE_STEPS = 60
PLAYERS = (("single step", False), ("alternating", True))


class View(NamedTuple):
    """left and right are charts, or None where there is none."""

    said: str
    film: dict[str, Any]
    left: Any
    right: Any = None
    formula: str = ""


def formula(divergence: str) -> str:
    """f, f* and the best T, for KaTeX."""
    f, conjugate, best, domain = FORMULAS[divergence]
    lines = [f"f(u) &= {f}", f"f^*(t) &= {conjugate}", rf"T^* &= {best}, \quad {domain}"]
    return r"$$\begin{aligned}" + r"\\".join(lines) + r"\end{aligned}$$"


class Fitting:
    """The film of one fit or of two side by side; a moment is painted once."""

    def __init__(self, chosen: list[fits.Chosen], mixture: m.Mixture, start: m.Gaussian):
        self.chosen, self.rows = chosen, [fits.row_of(*each) for each in chosen]
        self.axes = [axis.tolist() for axis in fits.axes(mixture, start)]
        self.heights = fits.heights(*chosen[0], mixture, start)
        self.painted: list[Any] = []

    def view(self, fitted: list[fits.Fit], *, live: bool = False) -> View:
        """live: more is to come, so the film opens at its last moment."""
        moments = fitted[0]["moments"]
        ys = pictures.reach(fitted, self.rows)
        while len(self.painted) < max(len(moments), 1):
            self.painted.append(pictures.of_fit(fitted, self.rows, len(self.painted), ys))
        captions = [fits.told_at(fitted, k) for k in range(len(moments))] or ["Where the fit starts."]
        film = pictures.film(pictures.FIT, self.painted, readouts=readouts(fitted), captions=captions)
        if live:
            film["start"] = len(self.painted) - 1
        charts = figures.gap(fitted), figures.contour(fitted, *self.axes, self.heights)
        return View(fits.told(fitted), film, *charts, formula(self.chosen[0][0]))


def readouts(fitted: list[fits.Fit]) -> list[dict[str, Any]]:
    """μ, σ, F and D_f of each moment."""
    if not fitted[0]["moments"]:
        return []
    found = []
    for fit in fitted:
        tag = f" {fit['label']}" if len(fitted) > 1 else ""
        for key, label in (("mu", "mean μ"), ("sigma", "width σ"), ("F", "bound F"), ("D", "divergence D")):
            values = [moment[key] for moment in fit["moments"]]
            if None not in values:
                found.append(plots.readout(label + tag, "", values))
    return found


@functools.lru_cache(maxsize=32)
def divergence(name: str, number: float | None) -> View:
    """A tangent that moves along f."""
    row = fits.row_of(name, number)
    at = torch.tensor(RATIOS, dtype=torch.double)
    film = pictures.film(
        pictures.TANGENT,
        [pictures.of_tangent(row, u) for u in RATIOS],
        captions=[
            f"Where p/q is {u:.2f}, the best T is {frame.number(T)}, and a sample earns its generator "
            f"{frame.number(reward)}."
            for u, T, reward in zip(RATIOS, row.slope(at).tolist(), row.reward(at).tolist(), strict=True)
        ],
    )
    much, little = row.reward(torch.tensor([10.0, 0.1], dtype=torch.double)).tolist()
    said = (
        f"Under {row.name}, a sample earns its generator {frame.number(much, 1)} where samples are ten times too rare, "
        f"and {frame.number(little, 1)} where they are ten times too common."
    )
    return View(said, film, figures.answers(row, RATIOS), figures.conjugate(row, RATIOS), formula(name))


def saddle(curvature: float, coupling: float, rate: float) -> View:
    """Both players near a saddle, all at once and by turns."""
    F, L = theory.saddle(curvature, coupling), curvature**2 + coupling**2
    size = rate * (curvature or 0.1) / L
    found = {name: theory.saddle_path(F, (1.0, 1.0), size, SADDLE_STEPS, alternating=turns) for name, turns in PLAYERS}
    paths, J = {name: path for name, (path, _) in found.items()}, {name: J for name, (_, J) in found.items()}
    bound = None
    single = (J["single step"][-1] / J["single step"][0]).item()
    words = "without curvature the theorem promises nothing"
    if curvature:
        bound = J["single step"][0] * (1 - curvature**2 / L) ** torch.arange(SADDLE_STEPS + 1, dtype=torch.double)
        promised = (bound[-1] / bound[0]).item()
        kept = single <= promised * (1 + 1e-6)
        these = "" if kept else f"; these steps are {'larger' if rate > 1 else 'smaller'}"
        words = f"with steps of δ/L the theorem promises {amount(promised)}{these}"
    reach = 1.1 * max(1.0, min(4.0, max(path.abs().max().item() for path in paths.values())))
    at = list(range(0, SADDLE_STEPS + 1, 4))
    film = pictures.film(
        pictures.SADDLE,
        [pictures.of_saddle(paths, k, reach) for k in at],
        captions=[
            f"After {k} steps: J is {amount(J['single step'][k])}, alternating {amount(J['alternating'][k])}."
            for k in at
        ],
    )
    times = amount(single)
    moved = "stays at" if times == amount(1) else f"{'falls' if single < 1 else 'grows'} to {times} times"
    said = f"In {SADDLE_STEPS} single steps J {moved} its first value; {words}."
    return View(said, film, figures.steepness(J, bound, at))


def amount(value: float) -> str:
    """A positive number of any size, without powers of ten."""
    if not 0.001 <= value < 1e6:
        return "less than 0.001" if value < 1 else "more than a million"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.0f}"


def checked(chosen: fits.Chosen, mixture: m.Mixture, start: m.Gaussian) -> None:
    """A Note where a divergence is infinite at the start."""
    row = fits.row_of(*chosen)
    try:
        m.check_start(row, mixture, start)
    except ValueError as problem:
        raise frame.Note(str(problem), "sigma") from None
