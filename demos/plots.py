"""Tensors in, pictures and Plotly figures out. No gradio, no models.

The colours of the whole app stand here, once. They are Okabe and Ito's, which readers with any kind of colour
vision can tell apart; every mark differs in its shape or its dashes too.
"""

import base64
import io
import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

COLOURS = {
    "reading": "#0072B2",  # blue
    "writing": "#D55E00",  # vermilion
    "real": "#009E73",  # green
    "generated": "#CC79A7",  # rose
    "high": "#E69F00",  # orange
    "low": "#56B4E9",  # sky
    "ink": "#8a8578",  # axes and words: readable on paper and at night
}
TEMPLATE = go.layout.Template(
    layout=dict(
        paper_bgcolor="rgba(0,0,0,0)",  # whatever the page has, light or dark
        plot_bgcolor="rgba(0,0,0,0)",
        font=dict(family="Source Sans Pro, sans-serif", size=14, color=COLOURS["ink"]),
        colorway=list(COLOURS.values())[:6],
        margin=dict(l=56, r=12, t=62, b=52),
        title=dict(font=dict(size=16), x=0, xref="paper", xanchor="left", y=0.96, yanchor="top"),
        xaxis=dict(
            showgrid=False, zeroline=False, linecolor=COLOURS["ink"], ticks="outside", automargin=True, title_standoff=8
        ),
        yaxis=dict(gridcolor="rgba(138,133,120,0.25)", zeroline=False, automargin=True, title_standoff=8),
        legend=dict(orientation="h", yref="container", yanchor="top", x=0, xanchor="left"),
        hovermode="x unified",
    )
)


# ------------------------------------------------------------------ pictures


def to_image(picture: Tensor) -> Image.Image:
    """(C, H, W) in [0, 1] or as bytes, C of 1 or 3, as a Pillow image."""
    levels = picture if picture.dtype is torch.uint8 else (picture.clamp(0, 1) * 255).round().byte().cpu()
    return Image.fromarray(levels[0].numpy() if len(levels) == 1 else levels.permute(1, 2, 0).contiguous().numpy())


def data_url(picture: Image.Image, photo: bool = False) -> str:
    """The picture in a data URL: a lossless PNG, or for a photo a lossy WebP of a seventh of its size."""
    with io.BytesIO() as out:
        kind = "webp" if photo else "png"
        picture.save(out, kind, quality=90, method=2)  # which PNG passes over
        return as_url(out.getvalue(), kind)


def as_url(content: bytes, kind: str) -> str:
    """The bytes of a picture file in a data URL."""
    return f"data:image/{kind};base64," + base64.b64encode(content).decode()


def from_data_url(url: str) -> Image.Image:
    """A picture that `data_url` wrote, not decoded yet."""
    return Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1])), formats=("PNG", "WEBP"))


def rgb(name: str) -> Tensor:
    """One of COLOURS as (3,) in [0, 1]."""
    return torch.tensor(list(bytes.fromhex(COLOURS[name][1:]))) / 255


def contact_sheet(frames: Tensor, columns: int) -> Tensor:
    """(T, C, H, W) side by side, `columns` a row, the rest black: (C, rows H, columns W)."""
    rows = math.ceil(len(frames) / columns)
    padded = torch.cat((frames, frames.new_zeros(rows * columns - len(frames), *frames.shape[1:])))
    return padded.unflatten(0, (rows, columns)).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)


def signed(values: Tensor) -> Tensor:
    """Numbers of either sign as grey levels: the largest size is black or white, nothing is middle grey.

    By their square roots, so that a step that writes a hundredth of what the boldest one writes can still be seen.
    """
    return 0.5 + 0.5 * values.sign() * (values.abs() / values.abs().max().clamp(min=1e-8)).sqrt()


# ------------------------------------------------------------------ the film strip's value


def pane(
    title: str,
    frames: Tensor,
    *,
    large: bool = False,
    smooth: bool = False,
    photo: bool = False,
    marks: Sequence[dict] = (),
) -> dict[str, Any]:
    """One picture of the film strip, (T, C, H, W) in [0, 1] or as bytes; one frame stands still. marks: see `mark`.

    smooth: enlarged by interpolation. photo: smooth, and sent as a photo is.
    """
    columns = min(len(frames), 16)
    return {
        "title": title,
        "film": data_url(to_image(contact_sheet(frames, columns)), photo),
        "width": frames.shape[-1],
        "height": frames.shape[-2],
        "columns": columns,
        "still": len(frames) == 1,
        "large": large,
        "smooth": smooth or photo,
        "marks": list(marks),
    }


def mark(role: str, label: str, points: int, windows: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Windows (g_x, g_y, delta, sigma), one per frame, of an attention grid with points x points filters."""
    return {"role": role, "label": label, "points": points, "windows": [[round(v, 3) for v in w] for w in windows]}


def readout(label: str, unit: str, values: Sequence[float]) -> dict[str, Any]:
    """A number that changes with the frame."""
    return {"label": label, "unit": unit, "values": [round(float(v), 3) for v in values]}


PACE, READ = 10, 2.5  # frames a second; and of films whose every frame has something new to read


def film(
    frames: int,
    panes: Sequence[dict],
    readouts: Sequence[dict] = (),
    captions: Sequence[str] | None = None,
    pace: float = PACE,
) -> dict[str, Any]:
    """What demos.widgets.FilmStrip shows: panes, numbers and a sentence, for each of `frames` steps."""
    captions = list(captions) if captions else None
    return {"frames": frames, "panes": list(panes), "readouts": list(readouts), "captions": captions, "pace": pace}


MOST_FRAMES, MOST_PANES, MOST_WINDOWS = 400, 16, 8  # of a film that is made into a GIF
LONGEST = 8192  # pixels of a pane's side, and columns of its sheet
MOST_SHEETS, MOST_GIF = 2**25, 2**26  # pixels of all sheets together, and of all frames of the GIF


def checked(film: Any, height: int) -> tuple[list[dict[str, Any]], int, float, str]:
    """The large panes, the frames, the pace and the caption of a film that a page sent back, so it may be anything.

    ValueError where it is none of ours, before anything of a size that it names is made.
    """
    try:
        panes, frames = [pane for pane in film["panes"][: 4 * MOST_PANES] if pane["large"]], film["frames"]
        counts = [frames, *(pane[key] for pane in panes for key in ("width", "height", "columns"))]
        if not all(isinstance(n, int) and 1 <= n <= LONGEST for n in counts):
            raise ValueError("a film's sizes must be whole numbers")
        if frames > MOST_FRAMES or not 1 <= len(panes) <= MOST_PANES:
            raise ValueError("the film has too many frames or panes")
        if frames * height * sum(height * pane["width"] // pane["height"] + 8 for pane in panes) > MOST_GIF:
            raise ValueError("the film is too large")
        for pane in panes:
            if not isinstance(pane["film"], str) or not isinstance(pane["still"], bool):
                raise ValueError("each pane of a film has a picture, and says whether it stays")
        for marked in [marked for pane in panes for marked in pane["marks"]]:
            if not isinstance(marked["role"], str):
                raise ValueError("a film's windows are read or written")
            numbers = [number for window in marked["windows"][:frames] for number in [*window, marked["points"]]]
            if len(numbers) != 5 * frames or not all(-LONGEST <= number <= LONGEST for number in numbers):
                raise ValueError("a film's windows must lie near it")
        if any(len(pane["marks"]) > MOST_WINDOWS for pane in panes):
            raise ValueError("the film has too many windows")
        pace = film.get("pace", PACE)
        if not isinstance(pace, int | float) or not 1 <= pace <= 100:
            raise ValueError("a film has 1 to 100 frames a second")
        return panes, frames, pace, str(film.get("of", {}).get("caption", ""))[:200]
    except (TypeError, KeyError, AttributeError, IndexError):
        raise ValueError("this is no film") from None


def sheets_of(panes: Sequence[dict[str, Any]], frames: int) -> list[Image.Image]:
    """The pictures of a film's panes. ValueError where one cannot be read or does not hold its frames, or where all
    together are too large."""
    try:
        opened = [from_data_url(pane["film"]) for pane in panes]
        if sum(picture.width * picture.height for picture in opened) > MOST_SHEETS:
            raise ValueError("the film's pictures are too large")
        for pane, picture in zip(panes, opened, strict=True):
            columns, rows = (1, 1) if pane["still"] else (pane["columns"], -(-frames // pane["columns"]))
            if columns * pane["width"] > picture.width or rows * pane["height"] > picture.height:
                raise ValueError("a picture of the film is smaller than its frames")
        return [picture.convert("RGB") for picture in opened]
    except (OSError, SyntaxError, AttributeError, IndexError, Image.DecompressionBombError):
        raise ValueError("a picture of the film cannot be read") from None


def gif(film: dict[str, Any], height: int = 224) -> bytes:
    """A film's large panes side by side, windows drawn in, as an animated GIF that rests on its last frame.

    A film that knows what it is of says so below them. ValueError for what is no film of ours.
    """
    panes, frames, pace, caption = checked(film, height)
    sheets = sheets_of(panes, frames)
    pictures = []
    for k in range(frames):
        scaled = [enlarged(p, sheet, k, height) for p, sheet in zip(panes, sheets, strict=True)]
        width = sum(s.width for s in scaled) + 8 * (len(scaled) - 1)
        whole = Image.new("RGB", (width, height + (28 if caption else 0)), "white")
        if caption:
            ImageDraw.Draw(whole).text((4, height + 6), caption, "#1c1917", ImageFont.load_default(14))
        left = 0
        for picture in scaled:
            whole.paste(picture, (left, 0))
            left += picture.width + 8
        pictures.append(whole)
    durations = [round(1000 / pace)] * (len(pictures) - 1) + [1500]
    colours = palette(pictures)
    pictures = [picture.quantize(palette=colours) for picture in pictures]
    with io.BytesIO() as out:
        pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
        return out.getvalue()


def palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """256 colours for all frames: looked for once in small copies, which takes a tenth of the time."""
    small = [picture.resize((96, 96), Image.Resampling.NEAREST) for picture in pictures[:: -(-len(pictures) // 8)]]
    together = Image.new("RGB", (96 * len(small), 96))
    for k, picture in enumerate(small):
        together.paste(picture, (96 * k, 0))
    return together.quantize(256)


def gif_url(film: dict[str, Any]) -> str:
    """`gif` as a data URL."""
    return "data:image/gif;base64," + base64.b64encode(gif(film)).decode()


def enlarged(pane: dict[str, Any], sheet: Image.Image, k: int, height: int) -> Image.Image:
    """Frame k of a pane, enlarged without smoothing, with its windows."""
    w, h = pane["width"], pane["height"]
    k_film = 0 if pane["still"] else k
    left, top = k_film % pane["columns"] * w, k_film // pane["columns"] * h
    scale = height / h
    how = Image.Resampling.BICUBIC if pane.get("smooth") else Image.Resampling.NEAREST
    picture = sheet.crop((left, top, left + w, top + h)).resize((max(1, round(w * scale)), height), how)
    pen = ImageDraw.Draw(picture)
    for marked in pane["marks"]:
        g_x, g_y, delta, sigma = marked["windows"][k]
        half = (marked["points"] - 1) / 2 * delta + sigma
        box = [scale * (v + 0.5) for v in (g_x - half, g_y - half, g_x + half, g_y + half)]
        pen.rectangle(box, outline=COLOURS["reading" if marked["role"] == "read" else "writing"], width=3)
    return picture


# ------------------------------------------------------------------ figures


def figure(title: str, x_title: str, y_title: str, height: int = 280) -> go.Figure:
    """An empty figure in the app's look. Its legend hangs below the title, and the plot makes room for its lines."""
    layout = dict(template=TEMPLATE, title=title, height=height, uirevision=title, legend_y=1 - 36 / height)
    return go.Figure(layout=dict(**layout, xaxis_title=x_title, yaxis_title=y_title))


def follows(figure: go.Figure, xs: Sequence[float]) -> go.Figure:
    """Lets the page mark frame k of a film at xs[k] of this figure, and go to that frame when it is clicked."""
    return figure.update_layout(meta={"steps": list(xs)})


def bars(title: str, y_title: str, series: dict[str, tuple[str, Sequence[float]]]) -> go.Figure:
    """A bar per step for each named series, given as (colour's name, values)."""
    result = figure(title, "step", y_title)
    for name, (colour, values) in series.items():
        steps = list(range(1, len(values) + 1))
        pattern = "/" if colour == "generated" else ""
        result.add_bar(x=steps, y=list(values), name=name, marker=dict(color=COLOURS[colour], pattern_shape=pattern))
    return follows(result.update_layout(showlegend=len(series) > 1, bargap=0.25), steps)


def lines(title: str, y_title: str, series: dict[str, tuple[str, Sequence[float]]]) -> go.Figure:
    """A line over the steps for each named series, given as (colour's name, values)."""
    result = figure(title, "step", y_title)
    for name, (colour, values) in series.items():
        steps = list(range(1, len(values) + 1))
        dash = "dash" if colour == "reading" else "solid"
        result.add_scatter(
            x=steps, y=list(values), name=name, mode="lines+markers", line=dict(color=COLOURS[colour], dash=dash)
        )
    return follows(result.update_yaxes(rangemode="tozero"), steps)


NO_LOSS = ("first",)  # how many pairs are ranked first


def learning_curve(title: str, unit: str, curve: dict[str, Sequence[float]]) -> go.Figure:
    """Loss terms over the steps of a training, as a card's history has them; logarithmic where all are above 0 and
    some are five times as large as others, for most happens early."""
    result = figure(title, "training step", unit)
    dashes = ["solid", "dash", "dot", "dashdot"]
    terms = [name for name in curve if name not in ("step", *NO_LOSS) and not name.endswith("gradient")]
    for k, (name, values) in enumerate((name, curve[name]) for name in terms):
        result.add_scatter(x=curve["step"], y=values, name=name, mode="lines", line=dict(dash=dashes[k % 4]))
    values = [value for name in terms for value in curve[name]]
    if not values or min(values) <= 0 or max(values) < 5 * min(values):
        return result.update_yaxes(type="linear", nticks=6)
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    between = (1, 2, 5) if high - low < 3 else (1,)  # Plotly itself writes "2" where it means 200
    return result.update_yaxes(type="log", tickvals=[k * 10.0**e for e in range(low, high + 1) for k in between])


def sheets_film(steps: Sequence[int], webp: bytes, title: str = "Samples from the same noise") -> dict[str, Any]:
    """What `core.sheets` gives as a film: the same noise or inputs at several moments of training."""
    sheet = Image.open(io.BytesIO(webp))
    pane = {
        "title": title,
        "film": as_url(webp, "webp"),
        "width": sheet.width // len(steps),
        "height": sheet.height,
        "columns": len(steps),
        "still": False,
        "large": True,
        "marks": [],
    }
    return film(len(steps), [pane], captions=[f"After {step:,} steps of training." for step in steps])


def class_heat(title: str, probabilities: Tensor) -> go.Figure:
    """(T, classes): how sure of each class after each step."""
    result = figure(title, "glimpse", "digit")
    result.add_heatmap(
        z=probabilities.T.tolist(),
        x=list(range(1, len(probabilities) + 1)),
        colorscale=[[0, "rgba(0,114,178,0.04)"], [1, COLOURS["reading"]]],
        zmin=0,
        zmax=1,
        colorbar=dict(title="probability", tickformat=".0%", thickness=10),
        hovertemplate="glimpse %{x}: digit %{y}, %{z:.0%}<extra></extra>",
    )
    result.update_yaxes(dtick=1, showgrid=False).update_layout(hovermode="closest")
    return follows(result, range(1, len(probabilities) + 1))
