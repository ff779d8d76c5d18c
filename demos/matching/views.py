"""What is on the stage: photos in their order, where the network looked, which words it weighed, and the scores."""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from core.words import tokens
from demos import plots
from demos.matching import pool
from demos.matching.pool import Photo
from demos.matching.words import lit

COLUMNS, SHOWN = 4, 12  # of the sheet of photos that fit best
POOL_COLUMNS = 8  # of the sheet of all photos
CELL, POOL_CELL, LARGE = 112, 72, 336  # pixels of a cell, and of the photo that is looked at
DIM = 0.18  # brightness of a part without attention
STEP_COLOURS = ["ink", "reading", "writing", "real"]
ROW = 40  # pixels of a bar and its label
PAPER = "#8a8578"  # round a photo that is not square: neither the light page nor the dark one


def squared(picture: Image.Image, side: int) -> Tensor:
    """The whole photo on a square: (3, side, side) in [0, 1]."""
    w, h = (max(1, round(side * n / max(picture.size))) for n in picture.size)  # a thin photo keeps a pixel
    fitted = Image.new("RGB", (side, side), PAPER)
    fitted.paste(picture.convert("RGB").resize((w, h), Image.Resampling.BICUBIC), ((side - w) // 2, (side - h) // 2))
    return torch.from_numpy(np.asarray(fitted).copy()).permute(2, 0, 1).float() / 255


def sheet_pane(
    title: str, photos: Sequence[Photo], columns: int, cell: int, best: Sequence[int] = ()
) -> dict[str, Any]:
    """Photos in rows; a click on one says which. best: the place of the photo that each frame of a film marks."""
    sheet = plots.contact_sheet(torch.stack([squared(photo.picture, cell) for photo in photos]), columns)
    centres = [[cell * (k + 0.5) - 0.5 for k in (place % columns, place // columns)] for place in best]
    marks = [plots.mark("write", "fits best", 1, [[*centre, 0, cell / 2] for centre in centres])] if centres else []
    pane = plots.pane(title, sheet[None], large=True, photo=True, marks=marks)
    return pane | {"cells": [columns, -(-len(photos) // columns)]}


def looked_at(photo: Photo, side: int = LARGE) -> Tensor:
    """The photo as it is, then under each step's attention, brightest where it looked most: (K + 1, 3, H, W)."""
    scale = side / max(photo.picture.size)
    w, h = (max(8, round(scale * n)) for n in photo.picture.size)
    large = photo.picture.resize((w, h), Image.Resampling.BICUBIC)
    picture = torch.from_numpy(np.asarray(large).copy()).permute(2, 0, 1).float() / 255
    frames = [picture]
    for k in range(1, len(photo.steps)):
        alpha = F.interpolate(photo.attention(k)[None, None], (h, w), mode="bicubic", align_corners=False)[0]
        light = ((alpha - alpha.min()) / (alpha.max() - alpha.min()).clamp(min=1e-8)).clamp(0, 1)
        frames.append(picture * (DIM + (1 - DIM) * light))
    return torch.stack(frames)


def captions(photo: Photo, words: Sequence[str], shares: Sequence[Sequence[float]]) -> list[str]:
    """What each step looked at and read, in words. shares: of each word, at step 1 and on."""
    found = ["Before step 1: no attention yet; all parts of the photo and all words count equally."]
    even = 1 / (photo.grid[0] * photo.grid[1])
    for k, alpha in enumerate(shares, 1):
        best = sorted(range(len(words)), key=lambda t: -alpha[t])[:3]
        weighed = ", ".join(f"“{shortened(words[t], 30)}” {alpha[t]:.0%}" for t in best)
        share, place = photo.attention(k).flatten().max(0)
        part = where(*divmod(int(place), photo.grid[1]), photo.grid)
        found.append(
            f"Step {k}: most weight on {weighed}; in the photo on a part {part}, "
            f"{share:.0%} where an even share is {even:.0%}."
        )
    return found


def where(row: int, column: int, grid: tuple[int, int]) -> str:
    """A part of the photo in words: "at the upper left", "in the middle"."""
    down = ("upper", "", "lower")[min(2, 3 * row // grid[0])]
    across = ("left", "", "right")[min(2, 3 * column // grid[1])]
    if not across:
        return {"upper": "at the top", "lower": "at the bottom", "": "in the middle"}[down]
    return " ".join(filter(None, ("at the", down, across)))


def film(panes: Sequence[dict[str, Any]], photo: Photo, sentence: str) -> dict[str, Any]:
    """The steps of a photo and a sentence, with the attention over the words for their chart."""
    words, shares = tokens(sentence), [step.alpha[0].tolist() for step in pool.read(sentence)[1:]]
    shown = plots.film(len(photo.steps), panes, captions=captions(photo, words, shares), pace=plots.READ)
    rounded = [[round(share, 4) for share in step] for step in shares]
    return shown | {"words": {"words": words, "shares": rounded}, "lit": lit(len(photo.steps))}


def scores(title: str, names: Sequence[str], parts: np.ndarray, most: int) -> dict[str, Any]:
    """What `scores_chart` is made of: the first `most`, best first. parts: (K + 1, n)."""
    return {"title": title, "names": list(names[:most]), "parts": parts[:, :most].round(1).tolist()}


# ------------------------------------------------------------------ charts


def bar_look(k: int) -> dict[str, Any]:
    """Bars of step k: solid, and from the second attention on pale with a border."""
    colour = plots.COLOURS[STEP_COLOURS[k]]
    pale = f"rgba({', '.join(map(str, bytes.fromhex(colour[1:])))}, 0.3)"
    return dict(color=colour if k < 2 else pale, line=dict(color=colour, width=0 if k < 2 else 2))


def words_chart(words: Sequence[str], shares: Sequence[Sequence[float]]) -> go.Figure:
    """How much each step weighs each word. Words are a visitor's: shown as they are, never as HTML."""
    result = plots.figure("Attention over the words", "", "share")
    places = list(range(len(words)))
    for k, alpha in enumerate(shares, 1):
        look = bar_look(k)
        result.add_bar(x=places, y=list(alpha), name=f"step {k}", marker=look)
    named = [html.escape(shortened(word, 16)) for word in words]
    slope = -40 if len(words) > 6 else None  # Plotly's own runs to the right: on a phone the last words did not fit
    result.update_xaxes(tickvals=places, ticktext=named, tickangle=slope)
    return result.update_yaxes(tickformat=".0%", rangemode="tozero")


def scores_chart(title: str, names: Sequence[str], parts: Sequence[Sequence[float]]) -> go.Figure:
    """S of a few photos or sentences as the sum of its steps; parts: (K + 1, n), the best first."""
    result = plots.figure(title, "similarity S, by step", "", height=150 + ROW * len(names))
    places = list(range(len(names)))
    for k, values in enumerate(parts):
        look = bar_look(k)
        result.add_bar(x=list(values), y=places, orientation="h", name=f"step {k}", marker=look, width=0.35)
    for place, name in zip(places, names, strict=True):  # above its bar: beside it a phone has no room
        text = html.escape(shortened(name, 48))
        result.add_annotation(text=text, x=0, xref="paper", xanchor="left", y=place - 0.4, showarrow=False)
    result.update_layout(barmode="relative", hovermode="closest", margin_l=12)
    ticks = dict(tickvals=places, ticktext=[html.escape(name) for name in names])  # not shown, but saved as CSV
    return result.update_yaxes(showticklabels=False, showgrid=False, range=[len(names) - 0.5, -0.8], **ticks)


def matrix_chart(photos: Sequence[str], told: Sequence[str], S: np.ndarray) -> go.Figure:
    """S of all photos (rows) and sentences (columns); each frame of the film is a sentence."""
    result = plots.figure("How well each sentence fits each photo", "sentence", "photo", height=160 + 17 * len(photos))
    rows, columns = list(range(len(photos))), list(range(len(told)))
    named = [html.escape(name) for name in photos]
    whole = [html.escape(shortened(one, 90)) for one in told]
    result.add_heatmap(
        z=S.round(1).tolist(), y=rows, x=columns,
        customdata=[whole] * len(rows), text=[[name] * len(columns) for name in named],
        zmin=0, colorscale=[[0, "rgba(0,114,178,0.02)"], [1, plots.COLOURS["reading"]]],
        colorbar=dict(title="S", thickness=10), hovertemplate="%{text}<br>%{customdata}<br>S = %{z}<extra></extra>",
    )  # fmt: skip
    result.update_xaxes(tickvals=columns, ticktext=[str(j + 1) for j in columns])
    result.update_layout(
        hovermode="closest", title=dict(xref="container", x=0.03)
    )  # on a phone, names take half the width
    result.update_yaxes(tickvals=rows, ticktext=named, autorange="reversed", showgrid=False)
    return plots.follows(result, columns)


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
