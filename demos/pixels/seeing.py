"""What does it see? The pixels that a network's answer depends on, the masks that see to it, and the answer itself."""

from typing import Any

import plotly.graph_objects as go
import torch
import torch.nn.functional as F
from torch import Tensor

from core.pixels import MultiScale, PixelRNN, causal_mask, field, groups
from demos import frame, plots
from demos.pixels import networks
from demos.pixels.growing import TO_COME
from demos.pixels.networks import MULTI, SIDE

DECADES = 8  # of a gradient's size, from the faintest tint to the fullest
FAINTEST = 0.25
SMALL = 112  # pixels across a mask, as the film strip shows small panes


def tinted(x: Tensor, before: Tensor, strength: Tensor) -> Tensor:
    """The digit (1, 28, 28) with what is seen in blue, by its strength, and in grey what is not drawn before; of both
    (28, 28).
    """
    share = (strength / strength.max().clamp(min=1e-300)).clamp(min=1e-300).log10()
    tint = torch.where(strength > 0, FAINTEST + (1 - FAINTEST) * (1 + share / DECADES).clamp(0, 1), 0.0).float()
    coloured = plots.rgb("low")[:, None, None] * tint + 0.35 * x * (1 - 0.5 * tint)
    return torch.where(before, coloured, TO_COME + 0.1 * x).clamp(0, 1)


def maps(model: PixelRNN, x: Tensor, i: int, j: int, frames: int) -> Tensor:
    """How strongly each pixel is seen, layer by layer; the last one stays: (frames, 28, 28)."""
    found = field(model, x, i, j)
    return torch.cat((found, found[-1:].expand(frames - len(found), -1, -1)))


def mask_picture(kind: str, rows: int, columns: int) -> Tensor:
    """A mask as a picture (1, 3, H, W), tap by tap: blue where a weight is, grey where there is none."""
    one, cell = groups(1, 1), SMALL // columns
    mask = F.pad(causal_mask(kind, one, one, rows, columns)[0], (0, 0, 0, columns - rows))
    blue, grey = plots.rgb("low")[:, None, None], torch.full((3, 1, 1), TO_COME)
    taps = torch.where(mask > 0, blue, grey)
    cells = F.pad(taps[:, :, None, :, None].expand(-1, -1, cell - 1, -1, cell - 1), (0, 1, 0, 0, 0, 1), value=0.1)
    return cells.flatten(3, 4).flatten(1, 2)[None]


def seen(x: Tensor, i: int, j: int) -> tuple[dict[str, Any], dict[str, float], frame.Note | None]:
    """The film of what each network sees of x (1, 1, 28, 28) for a pixel, layer by layer; and how likely ink is."""
    models, note = networks.those_here()
    frames = 1 + max(len(model.layers) for model in models.values())
    chosen = plots.mark("write", "the pixel that you chose", 1, [[j, i, 0, 0.7]] * frames)
    panes, readouts, chances = [], [], {}
    for title, model in models.items():
        strengths, before = maps(model, x, i, j, frames), model.before(i, j)
        film = torch.stack([tinted(x[0], before, each) for each in strengths])
        panes.append(plots.pane(title, film, large=True, marks=[chosen]) | {"cells": [SIDE, SIDE]})
        counts = (strengths > 0).flatten(1).sum(1).tolist()
        readouts.append(plots.readout(f"{title} sees, of {before.sum()} before", "pixels", counts))
        with torch.inference_mode():
            chances[title] = torch.sigmoid(model.logits(x)[0, 0, i, j]).item()
    panes += [mask_pane("A", 4, 7, frames), mask_pane("B", 2, 3, frames)]
    depths = {title: len(model.layers) for title, model in models.items()}
    captions = [captioned(k, depths) for k in range(frames)]
    if MULTI in models and not models[MULTI].in_small()[i, j]:
        captions[1] += f" From here on {MULTI} knows its small picture."
    film = plots.film(frames, panes, readouts, captions)
    counts = {title: each["values"][-1] for title, each in zip(models, readouts, strict=True)}
    told = said(x, i, j, counts, chances)
    if MULTI in models:
        told += two_orders(models[MULTI], i, j)
    return film | {"said": told, "seen": counts, "ink": chances}, chances, note


def mask_pane(kind: str, rows: int, columns: int, frames: int) -> dict[str, Any]:
    cell = SMALL // columns
    middle = cell * (columns // 2) + cell / 2 - 1
    mark = plots.mark("write", "the pixel that you chose", 1, [[middle, middle, 0, cell / 2]] * frames)
    return plots.pane(f"Mask {kind}, {columns} × {columns}", mask_picture(kind, rows, columns), marks=[mark])


def captioned(k: int, depths: dict[str, int]) -> str:
    if k == 0:
        return "After the first convolution, 7 × 7 with mask A: the three rows above, and three pixels to the left."
    done = [title for title, depth in depths.items() if depth <= k]
    return f"After layer {k}. " + (f"All layers of {frame.listed(done)} are in." if done else "More layers follow.")


def said(x: Tensor, i: int, j: int, counts: dict[str, int], chances: dict[str, float]) -> str:
    """What is seen, in a sentence."""
    before = SIDE * i + j
    it_is = "ink" if x[0, 0, i, j] > 0.5 else "paper"
    expected = frame.listed([f"{title} {p:.0%}" for title, p in chances.items()])
    if not before:
        return f"Nothing comes before the first pixel. Probability of ink: {expected}; here it is {it_is}."
    sees = frame.listed([f"{title} sees {int(count)}" for title, count in counts.items()])
    many = f"{before} pixels come" if before > 1 else "1 pixel comes"
    return f"{many} before this one: {sees}. Probability of ink: {expected}; here it is {it_is}."


def two_orders(model: MultiScale, i: int, j: int) -> str:
    """Which pixels a multi-scale network draws before this one."""
    before = int(model.before(i, j).sum())
    if model.in_small()[i, j]:
        others = frame.counted(before, "other")
        return f" {MULTI} draws this one in its small picture, after {others}." if before else ""
    return f" {MULTI} draws {before} before it: all of its small picture is among them."


def bars(chances: dict[str, float]) -> go.Figure:
    """Each network's distribution for the pixel: a Bernoulli."""
    figure = plots.figure("What each network expects of this pixel", "", "probability", 320)
    for (title, p), pattern in zip(chances.items(), ("", "/", "x", "."), strict=False):
        colour = plots.COLOURS[networks.INKS[title][0]]
        figure.add_bar(x=["paper", "ink"], y=[1 - p, p], name=title, marker=dict(color=colour, pattern_shape=pattern))
    return figure.update_xaxes(type="category").update_yaxes(range=[0, 1])


# ------------------------------------------------------------------ the API


def receptive_field(row: int = 14, column: int = 14, picture: str = "", seed: str = "0") -> dict[str, Any]:
    """Which pixels each network's answer for one pixel depends on, by its gradient, and what the answer is.

    Parameters:
        row: of the pixel, 0 to 27 from the top.
        column: of the pixel, 0 to 27 from the left.
        picture: a data URL of a dark digit on white; empty takes a test digit.
        seed: a whole number from 0 to 2^63 - 1; it picks the test digit, and draws the grey of a picture as 0 or 1.
    Returns:
        A film, a frame for each layer. Under "seen" how many pixels each network sees, under "ink" how likely it takes
        this pixel to be ink.
    """
    i, j = networks.place(row, column)
    number = frame.parse_seed(seed)
    x, resized = networks.sent_digit(picture, number) if picture else (networks.stock_digit(str(number), number), "")
    film, _, _ = seen(x, i, j)
    return film | {"said": film["said"] + resized}
