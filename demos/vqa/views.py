"""What the VQA tab draws: photos, where r-DAN looks, bars of answers, and tables."""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

import core
from core.vqa import TITLES, metric
from core.weights import WeightsError
from demos import frame, plots
from demos.vqa.asking import NAMES

SIDE = 300  # pixels of a photo's longer side on the stage
KINDS = ("object", "number", "colour", "place", "activity", "yes/no")


def tensor(photo: Image.Image) -> Tensor:
    """A photo as it is shown: (1, 3, H, W) in [0, 1], no side longer than SIDE."""
    small = photo.convert("RGB")
    scale = SIDE / max(small.size)
    size = [max(8, round(side * scale)) for side in small.size]
    pixels = np.asarray(small.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


def still(photo: Image.Image) -> dict[str, Any]:
    """A film of the photo alone."""
    return plots.film(1, [plots.pane("The photo", tensor(photo), large=True, photo=True)])


def reading(
    photo: Image.Image, read: Sequence[str], captions: Sequence[str], readouts: Sequence[dict] = ()
) -> dict[str, Any]:
    """The photo, while the question is read word by word. read: the question so far, in each frame."""
    pane = plots.pane("The photo", tensor(photo), large=True, photo=True)
    told = [f"“{so_far}” – {caption}" for so_far, caption in zip(read, captions, strict=True)]
    return plots.film(len(read), [pane], readouts, told, plots.READ)


def shares(read: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> list[dict[str, Any]]:
    """What share the three answers that come first in the end have after each word: of the probability, or of votes."""
    whole = [dict(found) | {None: sum(share for _, share in found) or 1} for _, found in read]
    best = [answer for answer, _ in read[-1][1][:3]]
    return [
        plots.readout(answer[:30], "%", [100 * each.get(answer, 0) / each[None] for each in whole]) for answer in best
    ]


def looking(photo: Image.Image, visual: Tensor, textual: Tensor, words: Sequence[str]) -> dict[str, Any]:
    """The photo, then step by step the parts that r-DAN looks at, bright; the words' weights as numbers below it."""
    whole = tensor(photo)
    steps = F.interpolate(visual[:, None], whole.shape[-2:], mode="bicubic").clamp(min=0)
    steps = steps / steps.amax((1, 2, 3), keepdim=True)
    lit = torch.cat((whole, whole * (0.18 + 0.82 * steps)))
    K, places = len(visual), visual[0].numel()
    even = 100 / len(words)
    weights = [
        plots.readout(f"“{word[:20]}”", "%", [even, *(100 * textual[:, t]).tolist()]) for t, word in enumerate(words)
    ]
    captions = ["Before the first step: all parts of the photo and all words count equally."]
    for k in range(K):
        word = words[int(textual[k].argmax())]
        captions.append(
            f"Step {k + 1} of {K}: “{word}” has {textual[k].max():.0%} of the words' weight, and the brightest of "
            f"{places} parts {visual[k].max():.0%} of the photo's."
        )
    pane = plots.pane("Where r-DAN looks", lit, large=True, photo=True)
    film = plots.film(1 + K, [pane], weights, captions, plots.READ)
    reading = {"photo": 0.4, "question": 0.4, "v": 0.6, "u": 0.6, "photo>v": 0.4, "question>u": 0.4}
    at_work = reading | {"v>see": 1.0, "see": 1.0, "u>read": 1.0, "read": 1.0, "see>m": 0.8, "read>m": 0.8, "m": 0.6}
    at_work |= {"m>see": 0.6, "m>read": 0.6}
    turns = [reading, *[at_work] * (K - 1), at_work | {"m": 1.0, "m>answer": 1.0, "answer": 1.0}]
    film["lit"] = frame.lit(turns)
    return film


def bars(
    title: str, series: dict[str, tuple[str, Sequence[tuple[str, float]]]], unit: str = "probability, %"
) -> go.Figure:
    """Bars to the right, the best on top. series: {name: (colour's name, [(answer, share from 0 to 1), ...])}."""
    names = list(dict.fromkeys(answer for _, rows in series.values() for answer, _ in rows))
    more = 22 * (len(series) - 1)  # of the legend's lines: beside a photo the chart is narrow
    figure = plots.figure(title, unit, "", 120 + more + (14 + 20 * len(series)) * max(2, len(names)))
    for name, (colour, rows) in series.items():
        found = dict(rows)
        figure.add_bar(
            y=[html.escape(answer) for answer in names], x=[100 * found.get(answer, 0.0) for answer in names],
            name=name, orientation="h",
            marker=dict(color=plots.COLOURS[colour], pattern_shape="/" if colour == "ink" else ""),
            texttemplate="%{x:.0f}", textposition="outside", textangle=0, cliponaxis=False, constraintext="none",
            hovertemplate="%{y}: %{x:.1f}<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    figure.update_xaxes(range=[0, 112], ticksuffix="")
    title = dict(x=0.02, xref="container", xanchor="left", y=1, yref="container", pad=dict(t=14))
    return figure.update_layout(title=title, showlegend=len(series) > 1, hovermode="closest", bargap=0.3)


# ------------------------------------------------------------------ tables


def compared(found: dict[str, list[tuple[str, float]]], people: Sequence[str] = ()) -> dict[str, list]:
    """Every method's first two answers, and how right it is: by people's answers, or else on held-out photos."""
    rows = []
    for key, each in found.items():
        (first, p), second = each[0], each[1][0] if len(each) > 1 else ""
        last = f"{100 * metric.score(first, people):.0f}%" if people else accuracy(key)
        rows.append([TITLES[key], first, f"{p:.0%}", second, last])
    headers = ["method", "answer", "sure", "second", "score" if people else "held out"]
    return {"headers": headers, "data": rows}


def accuracy(key: str) -> str:
    try:
        metrics = core.card(NAMES[key])["metrics"]
    except WeightsError:
        return "–"
    return f"{metrics['accuracy']:.1f}%" if metrics else "–"


def measured() -> str:
    """The lesson's table: held-out accuracy by method, set and kind. Cards that are not whole are left out."""
    columns = ["all", "95% interval", "18 choices", "from captions", *KINDS, "DAQUAR"]
    lines = ["| method | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for key, title in TITLES.items():
        try:
            metrics = core.card(NAMES[key])["metrics"]
            values = [metrics["accuracy"], None, metrics["choice"], metrics.get("captions")]
            interval = f"{metrics['low']:.1f} – {metrics['high']:.1f}"
        except (KeyError, WeightsError):  # a KeyError: not measured yet, or not all of it
            continue
        values += [metrics.get(f"captions {kind}") for kind in KINDS] + [metrics.get("DAQUAR")]
        cells = ["–" if value is None else f"{value:.1f}" for value in values]
        cells[1] = interval
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
