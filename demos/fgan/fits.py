"""Fits of one Gaussian to two as plain values: what the page streams, and what the API returns."""

import functools
import math
import time
from collections.abc import Iterator
from typing import Any

import torch

from core.gan import mixture as m
from core.gan.fgan import DIVERGENCES, Divergence, divergence
from core.gan.mixture import Gaussian, Mixture
from demos import checks, frame

SECONDS = 9.5  # a fit on the page ends after this, whatever the machine
MOMENTS = 15  # that are shown of a fit
STEPS = {1: m.STEPS, 2: 500}  # of each, alone and side by side
SIDE = 31  # of the surface of D_f
NUMBERS = {"alpha": 0.5, "wjs": 0.3}  # the rows that have one
FIRST = dict(weight=0.33, mu_1=-1.0, sigma_1=0.255, mu_2=2.0, sigma_2=1.415, mu=0.0, sigma=1.5)

Chosen = tuple[str, float | None]  # a divergence, and its alpha or pi where it has one
Fit = dict[str, Any]  # {divergence, label, method, x, p, best: {mu, sigma, D}, floor, moments: [...]}


def numbered(name: str, alpha: float, pi: float) -> Chosen:
    """A divergence with the number that belongs to it."""
    return name, alpha if name == "alpha" else pi if name == "wjs" else None


def row_of(name: str, number: float | None) -> Divergence:
    """A row of the table; its number counts where it has one. A Note where it does not fit."""
    if not checks.known(name, DIVERGENCES):
        raise frame.Note(f"divergence must be one of {', '.join(DIVERGENCES)}, got {checks.shown(name)}", "divergence")
    if name not in NUMBERS:
        return divergence(name)
    try:
        return divergence(name, checks.number(name, number, -2, 3))
    except ValueError as problem:
        raise frame.Note(str(problem), {"alpha": "alpha", "wjs": "pi"}[name]) from None


def scene(
    weight: float, mu_1: float, sigma_1: float, mu_2: float, sigma_2: float, mu: float, sigma: float
) -> tuple[Mixture, Gaussian]:
    """The mixture and where q starts. A Note where they are none."""
    given = dict(weight=weight, mu_1=mu_1, sigma_1=sigma_1, mu_2=mu_2, sigma_2=sigma_2, mu=mu, sigma=sigma)
    for key, value in given.items():
        low, high = (0, 1) if key == "weight" else (-10, 10) if key.startswith("mu") else m.SIGMAS
        try:
            given[key] = checks.number(key, value, low, high)
        except ValueError as problem:
            raise frame.Note(str(problem), key) from None
    weight, mu_1, sigma_1, mu_2, sigma_2, mu, sigma = given.values()
    return Mixture(weight, Gaussian(mu_1, sigma_1), Gaussian(mu_2, sigma_2)), Gaussian(mu, sigma)


@functools.lru_cache(maxsize=64)
def ideal(name: str, number: float | None, mixture: Mixture) -> dict[str, float]:
    """The best q under a divergence, and its D_f."""
    row = row_of(name, number)
    q = m.best(row, mixture)
    return {"mu": q.mu, "sigma": q.sigma, "D": m.exact(row, mixture, q)}


def axes(mixture: Mixture, start: Gaussian) -> tuple[torch.Tensor, torch.Tensor]:
    """Means and deviations of q over which D_f is drawn."""
    mus = [g.mu for g in [*mixture.parts, start]]
    widest = max(1.4 * mixture.moments.sigma, 1.1 * start.sigma)
    low = max(m.SIGMAS[0], 0.3 * min(mixture.moments.sigma, start.sigma))
    return torch.linspace(min(mus) - 0.5, max(mus) + 0.5, SIDE), torch.linspace(low, min(widest, m.SIGMAS[1]), SIDE)


@functools.lru_cache(maxsize=32)
def heights(name: str, number: float | None, mixture: Mixture, start: Gaussian) -> list[list[float | None]]:
    """D_f at each sigma (row) and mu (column) of `axes`; None where it is infinite."""
    found = m.surface(row_of(name, number), mixture, *axes(mixture, start))
    return [[value if math.isfinite(value) else None for value in line] for line in found.tolist()]


def at_start(name: str, number: float | None, mixture: Mixture, start: Gaussian, method: str) -> Fit:
    """A fit that has not begun."""
    row, x = row_of(name, number), m.axis(mixture).double()
    return {
        "divergence": name,
        "label": row.name,
        "method": method,
        "start": {"mu": start.mu, "sigma": start.sigma},
        "x": rounded(x),
        "p": rounded(mixture.log_prob(x).exp()),
        "best": {key: round(value, 4) for key, value in ideal(name, number, mixture).items()},
        "floor": row.f(torch.ones(1)).item(),
        "moments": [],
    }


def normal(x: Any, mu: float, sigma: float) -> torch.Tensor:
    """log q at x, in double precision."""
    return m.log_normal(torch.as_tensor(x, dtype=torch.double), mu, sigma)


def rounded(values: torch.Tensor) -> list[float]:
    return [float(f"{value:.4g}") for value in values.tolist()]


def as_values(moment: m.Moment) -> dict[str, Any]:
    """A moment as JSON holds it."""
    D = round(moment.D, 5) if math.isfinite(moment.D) else None
    found = {"step": moment.step, "mu": round(moment.q.mu, 4), "sigma": round(moment.q.sigma, 4), "D": D}
    return found | {"F": round(moment.F, 5), "T": rounded(moment.T)}


def fitting(chosen: list[Chosen], mixture: Mixture, start: Gaussian, *, method: str, seed: int) -> Iterator[list[Fit]]:
    """One fit or two in step, from the same start and noise: yields all as they grow, for SECONDS at most."""
    fits = [at_start(*each, mixture, start, method) for each in chosen]
    how = dict(method=method, seed=seed, steps=STEPS[len(chosen)], moments=MOMENTS)
    streams = [m.fit(row_of(*each), mixture, start, **how) for each in chosen]
    spent, begun = 0.0, time.monotonic()
    for together in zip(*streams, strict=True):
        for fit, moment in zip(fits, together, strict=True):
            fit["moments"].append(as_values(moment))
        spent += time.monotonic() - begun
        yield fits
        begun = time.monotonic()  # a visitor may have stopped it in between
        if spent > SECONDS:
            return


def share(fit: Fit) -> float | None:
    """How much of D_f the bound has reached, in per cent; None where there is nothing to reach."""
    last = fit["moments"][-1]
    if last["D"] is None or last["D"] - fit["floor"] < 1e-4:
        return None
    return 100 * (last["F"] - fit["floor"]) / (last["D"] - fit["floor"])


def shape(moment: dict[str, Any]) -> str:
    """Where a Gaussian is, and how wide."""
    return f"mean {frame.number(moment['mu'])} and width {frame.number(moment['sigma'])}"


def told_at(fits: list[Fit], k: int) -> str:
    """Moment k, in a sentence."""
    places = [f"{fit['label']} has {shape(fit['moments'][k])}" for fit in fits]
    return f"After {fits[0]['moments'][k]['step']} of {STEPS[len(fits)]} steps, {frame.listed(places)}."


def told(fits: list[Fit]) -> str:
    """What is seen, in a sentence."""
    ends = [f"{shape(fit['best'])} under {fit['label']}" for fit in fits]
    if not fits[0]["moments"]:
        return f"The best single Gaussian has {frame.listed(ends)}. Press Run to find it from samples."
    reached = share(fits[0]) if len(fits) == 1 else None
    bound = "" if reached is None else f" The bound has reached {max(reached, 0):.0f}% of the divergence."
    return f"{told_at(fits, -1)}{bound} The best single Gaussian has {frame.listed(ends)}."


# ------------------------------------------------------------------ the API


def fit(
    divergence: str = "kl",
    method: str = "single step",
    weight: float = 0.33,
    mu_1: float = -1.0,
    sigma_1: float = 0.255,
    mu_2: float = 2.0,
    sigma_2: float = 1.415,
    mu: float = 0.0,
    sigma: float = 1.5,
    number: float | None = None,
    seed: str = "0",
) -> Iterator[Fit]:
    """Fit one Gaussian to two under an f-divergence; yields the fit as it grows, for ten seconds at most.

    Args:
        divergence: tv, kl, rkl, pearson, neyman, hellinger, jeffrey, js, wjs, gan or alpha.
        method: "single step", "alternating" or "practical".
        weight: of the first Gaussian, from 0 to 1.
        mu_1: mean of the first Gaussian, from -10 to 10.
        sigma_1: its standard deviation, from 0.1 to 10.
        mu_2: mean of the second.
        sigma_2: its standard deviation.
        mu: mean of the fitted Gaussian at the start.
        sigma: its standard deviation at the start.
        number: alpha of "alpha" (not 0 or 1), or pi of "wjs" (between 0 and 1); else nothing.
        seed: a whole number; the same seed gives the same fit.

    Returns:
        A dictionary: x and p (the mixture's density), best (mu, sigma and D_f of the best fit) and moments, each with
        step, mu, sigma, the bound F, the divergence D (nothing where it is infinite) and T at each x.
    """
    mixture, start = scene(weight, mu_1, sigma_1, mu_2, sigma_2, mu, sigma)
    if number is None and checks.known(divergence, NUMBERS):
        number = NUMBERS[divergence]
    row = row_of(divergence, number)
    number = number if divergence in NUMBERS else None
    if not checks.known(method, m.METHODS):
        raise ValueError(f"method must be one of {', '.join(m.METHODS)}, got {checks.shown(method)}")
    m.check_start(row, mixture, start)
    noise = frame.parse_seed(seed)
    for found in fitting([(divergence, number)], mixture, start, method=method, seed=noise):
        yield found[0]


# Nowozin et al. 2016, the first table of Sec. 2.5: D_f of the best Gaussian, its mu and its sigma.
PAPERS_BEST = {
    "kl": (0.2831, 1.0100, 1.8308),
    "rkl": (0.2480, 1.5782, 1.6319),
    "js": (0.1280, 1.3070, 1.7542),
    "jeffrey": (0.5705, 1.3218, 1.7034),
    "pearson": (0.6457, 0.5737, 1.9274),
}


def fits_table() -> dict[str, list]:
    """Our fits beside the best ones, and those beside the paper's: headers and data."""
    headers = ["divergence"]
    headers += [f"{value}, {of}" for value in ("D", "μ", "σ") for of in ("paper", "best", "fitted")]
    headers[3] = "F, fitted"
    rows = []
    for name, ours in m.shipped()["fits"].items():
        theirs = PAPERS_BEST.get(name)
        row = [DIVERGENCES[name].name]
        for k, (best, fitted) in enumerate((("D", "F"), ("mu", "mu_hat"), ("sigma", "sigma_hat"))):
            row += [f"{theirs[k]:.3f}" if theirs else "–", f"{ours[best]:.3f}", f"{ours[fitted]:.3f}"]
        rows.append(row)
    return {"headers": headers, "data": rows}


def cross_table() -> dict[str, list]:
    """Learned under one divergence (row), measured under each (column)."""
    rows = [
        [DIVERGENCES[learned].name, *(f"{measured[name]:.3f}" for name in m.PAPERS)]
        for learned, measured in m.shipped()["cross"].items()
    ]
    return {"headers": ["learned ↓ measured →", *(DIVERGENCES[name].name for name in m.PAPERS)], "data": rows}


def table() -> dict[str, Any]:
    """The two tables of the paper's experiment, computed by this program.

    Returns:
        A dictionary: fits (D_f, F, mu, sigma of every divergence), cross (learned under one, measured under another),
        and paper: D_f, mu and sigma of the best fits in the paper, for the five divergences that it has.
    """
    papers = {name: dict(zip(("D", "mu", "sigma"), row, strict=True)) for name, row in PAPERS_BEST.items()}
    return m.shipped() | {"paper": papers}
