"""How the variants that are compared were trained, from their cards: losses, convergence, gradients, measures."""

import plotly.graph_objects as go

import core
from demos import plots
from demos.gans.compare import THINGS, members, moments, title
from demos.gans.names import NAMES

CONVERGENCE = {"wgan": "critic objective", "wgan-gp": "critic objective", "began": "critic M"}  # as their papers say
INKS = ["reading", "writing", "real", "generated"]
PLAYERS = {"critic": "solid", "generator": "dash"}
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
JUDGES = {"mnist": "a digit classifier of our own", "shoes": "EfficientNet-Lite2"}


def all_of(names: list[str], *, follow: bool) -> list[go.Figure]:
    """Losses, convergence and gradients. Trainings are of different lengths, so they lie over the share of each.

    follow: the film above goes through the training.
    """
    found = [losses(names), convergence(names), gradients(names)]
    return [plots.follows(figure, places(names)) for figure in found] if follow else found


def places(names: list[str]) -> list[float]:
    """Where the moments of the training's film lie on the charts, in per cent of the training."""
    steps = [row[0] for row in moments(names)]
    return [100 * step / steps[-1] for step in steps]


def drawn(figure: go.Figure, name: str, ink: str, term: str, *, legend: bool = True, dash: str = "solid") -> None:
    """One term of one training, where its card has it."""
    curve = core.card(name)["history"]["curve"]
    if term not in curve:
        return
    sign = -1 if term.endswith("objective") else 1  # the critic minimises what estimates minus the distance
    figure.add_scatter(
        x=[100 * step / curve["step"][-1] for step in curve["step"]],
        y=[sign * value for value in curve[term]],
        customdata=curve["step"],
        hovertemplate="%{y:.3g} at step %{customdata:,}",
        name=title(name),
        mode="lines",
        line=dict(color=plots.COLOURS[ink], dash=dash, width=1.5),
        showlegend=legend,
    )


def curves(names: list[str], term: str, words: str) -> go.Figure:
    """A term of both players over the training: a colour for each variant, dashes for the generator."""
    figure = plots.figure(f"{words}: critic —, generator - -", "per cent of the training", "")
    for name, ink in zip(names, INKS, strict=False):
        for player, dash in PLAYERS.items():
            drawn(figure, name, ink, f"{player} {term}", legend=player == "critic", dash=dash)
    return figure


def losses(names: list[str]) -> go.Figure:
    return curves(names, "loss", "Losses").update_yaxes(nticks=6)


def gradients(names: list[str]) -> go.Figure:
    """How long the gradients were: a player whose gradient vanishes has stopped learning."""
    return curves(names, "gradient", "Length of the gradients").update_yaxes(type="log", dtick=1)


def convergence(names: list[str]) -> go.Figure:
    """For WGANs the estimated distance, for BEGAN the global measure M: they fall while the pictures improve."""
    figure = plots.figure("Estimated distance, or BEGAN's M", "per cent of the training", "")
    for name, ink in zip(names, INKS, strict=False):
        term = CONVERGENCE.get(core.zoo.recipe(name).variant)
        if term:
            drawn(figure, name, ink, term)
    if not figure.data:
        figure.add_annotation(
            text="Only WGAN, WGAN-GP and BEGAN have a number<br>that falls while pictures improve: pick one.",
            showarrow=False,
        )
        figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return figure.update_yaxes(rangemode="tozero").update_layout(showlegend=True)


# ------------------------------------------------------------------ the table


def table(of: str) -> dict[str, list]:
    """What core.evaluate measured, a row for each variant of a set."""
    columns = list(COLUMNS) if of == "mnist" else ["FID", "KID", "precision", "recall"]
    rows = []
    for variant, name in members(of).items():
        card = core.card(name)
        metrics, run = card["metrics"], card["training"]
        found = [round(metrics[key], 2) if key in metrics else None for key in columns]
        rows.append([NAMES[variant], *found, run["steps"], round(run["seconds"] / 60)])
    return {"headers": ["variant", *(COLUMNS[key] for key in columns), "steps", "minutes"], "data": rows}


def table_words(of: str) -> str:
    return f"All variants trained on {THINGS[of]}, measured on features of {JUDGES[of]}. Click a column to sort"
