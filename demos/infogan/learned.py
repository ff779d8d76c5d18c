"""What infoGAN learned, from its card and its counts: the bound over training, and which label each category became."""

import math
from typing import Any

import plotly.graph_objects as go
from torch import Tensor

import core
from core.gan.codes import MEASURES
from core.weights import WeightsError
from demos import plots
from demos.infogan.codes import GARMENTS, MODELS, PLAIN, SETS, label_of

MOST = math.log(10)
TITLES = {"infogan-mnist": "infoGAN, digits", "infogan-fashion": "infoGAN, clothes", PLAIN: "without the reward"}
TERMS = {  # of a card's curve: what it is called, its ink and its dashes
    "generator L_I": ("category c₁", "writing", "solid"),
    "generator L_I numbers": ("numbers c₂ and c₃", "reading", "dash"),
}


def training(of: str) -> tuple[dict[str, Any], list[int]]:
    """The sheets that were seen in training as a film, and their steps. ValueError where there are none."""
    kept = core.sheets(SETS[of])
    if kept is None:
        raise ValueError(f"{SETS[of]} kept no pictures of its training")
    steps, webp = kept
    film = plots.sheets_film(steps, webp, "Categories across; c₂ down on the left half, c₃ on the right")
    film["panes"] = [pane | {"smooth": True} for pane in film["panes"]]
    return film, list(steps)


def bound(of: str, steps: list[int]) -> go.Figure:
    """L_I over the training, below its maximum; for digits also of the GAN that got no reward. It follows the film."""
    figure = plots.figure("Lower bound on the mutual information", "training step", "nats", 340)
    names = {SETS[of]: ""} | ({PLAIN: ", no reward"} if of == "digits" else {})
    for name, words in names.items():
        try:
            curve = core.card(name)["history"]["curve"]
        except WeightsError:
            continue
        for term, (title, ink, dash) in TERMS.items():
            if term not in curve or (words and term != "generator L_I"):
                continue
            line = dict(color=plots.COLOURS["generated" if words else ink], dash="dot" if words else dash)
            figure.add_scatter(x=curve["step"], y=curve[term], name=title + words, mode="lines", line=line)
    figure.add_hline(
        MOST,
        line=dict(color=plots.COLOURS["ink"], dash="dot"),
        annotation_text=f"the most for c₁: log 10 = {MOST:.2f}",
        annotation_position="top right",
    )
    return plots.follows(figure, steps)


def shares(met: Tensor) -> Tensor:
    """For each label (a column), the share of its pictures that Q puts into each category (a row)."""
    return met / met.sum(0, keepdim=True).clamp(min=1e-9)


def matrix(of: str) -> go.Figure:
    """Code by label: what Q made of training pictures. Rows are sorted by the label that they were matched to."""
    model = core.load(SETS[of])
    order = sorted(range(10), key=label_of(SETS[of]).__getitem__)
    percent = (100 * shares(model.met.cpu())[order]).tolist()
    figure = plots.figure("Where Q puts each label, in %", "label, which no network saw", "", 420)
    figure.add_heatmap(
        z=percent,
        x=GARMENTS if of == "clothes" else [str(digit) for digit in range(10)],
        y=[f"c₁ = {k}" for k in order],
        colorscale=[[0, "rgba(0, 114, 178, 0)"], [1, plots.COLOURS["reading"]]],
        zmin=0,
        zmax=100,
        text=[[f"{v:.0f}" if v >= 0.5 else "" for v in row] for row in percent],
        texttemplate="%{text}",
        showscale=False,
        hovertemplate="%{z:.1f}% of label %{x} are in %{y}<extra></extra>",
    )
    figure.update_xaxes(type="category").update_yaxes(autorange="reversed", showgrid=False)
    return figure.update_layout(hovermode="closest")


def said(of: str) -> str:
    """What was found, with the card's numbers."""
    metrics = core.card(SETS[of])["metrics"]
    if "accuracy" not in metrics:
        return "These weights are not measured yet."
    return (
        f"Without one label, Q's ten categories sort {metrics['accuracy']:.1f}% of {metrics['n']:,} test pictures as "
        f"people do. On generated ones it finds {metrics['L_I']:.2f} of {MOST:.2f} nats of the category."
    )


def measured() -> str:
    """The lesson's table: what was measured of each network. Those without a whole card are left out."""
    columns = ["labels found by c₁", "bound for c₁, nats"]
    columns += [f"r of {code} with {name}" for code in ("c₂", "c₃") for name in MEASURES]
    lines = ["| network | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name in MODELS:
        try:
            metrics = core.card(name)["metrics"]
            r = [metrics[f"{code} {measure}"] for code in ("c2", "c3") for measure in MEASURES]
            cells = [f"{metrics['accuracy']:.1f}%", f"{metrics['L_I']:.2f}", *(f"{v:+.2f}" for v in r)]
        except (KeyError, WeightsError):  # a KeyError: not measured yet, or not all of it
            continue
        lines.append(f"| {TITLES[name]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
