"""DRAW's charts, from what its films hold."""

from typing import Any

import plotly.graph_objects as go
import torch

from demos import plots
from demos.draw.films import ATTENTION


def left_chart(film: dict[str, Any]) -> go.Figure | None:
    """KL per step; for a picture from noise, which has none, how much each step changed; the classifier's opinion."""
    if "probabilities" in film:
        return plots.class_heat("What it would say after each glimpse", torch.tensor(film["probabilities"]))
    series = film.get("series")
    if series is None:
        return None
    key, title, unit = (
        ("kl", "What each step tells (KL)", "nats")
        if series["kl"]
        else ("change", "How much each step changes", "% of full scale")
    )
    rows = {"with attention" if series["model"] == ATTENTION else "this model": ("writing", series[key])}
    if f"beside_{key}" in series:
        rows["without attention"] = ("generated", series[f"beside_{key}"])
    return plots.bars(title, unit, rows)


def right_chart(film: dict[str, Any]) -> go.Figure | None:
    """Side of each window over time: (N - 1) delta."""
    rows = {}
    for pane in film["panes"] if film["frames"] > 1 else []:
        for mark in pane["marks"]:
            colour = "reading" if mark["role"] == "read" else "writing"
            rows[colour] = (colour, [(mark["points"] - 1) * w[2] for w in mark["windows"]])
    return plots.lines("How large the windows are", "side, pixels", rows) if rows else None
