"""pix2pix's films: plain values in, photos out, with what each part of the network had to do with them."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import core
from core import data
from demos import frame, plots
from demos.pix2pix import paints, parts
from demos.pix2pix.inputs import FACADES, SHOES, emerging, growing, known, read_input, stock

SHOWS = ("photo", "judge", "noise", "paper")
SAMPLES = 8  # of the dropout
GRID = 7  # places along each side at which D's verdicts are shown one by one
GENERATOR = (
    "x",
    "x>encoder",
    "encoder",
    "encoder>middle",
    "middle",
    "middle>decoder",
    "encoder>decoder",
    "decoder",
    "decoder>y",
    "y",
)  # its parts in the diagram
PALE = 0.9  # of white: what is paler counts as paper

# ------------------------------------------------------------------ what the API offers: plain values in, a film out


def translate(
    model: str = SHOES, picture: str = "", show: str = "photo", seed: str = "0", colours: str = ""
) -> dict[str, Any]:
    """Turn a sketch, or a plan of a house front, into a photo.

    Parameters:
        model: pix2pix-shoes, pix2pix-bags or pix2pix-facades.
        picture: a data URL (PNG, JPEG or WebP): dark lines on white, or for facades a square in the twelve label
            colours; empty takes a drawing from the stock, which the seed picks.
        show: photo; judge, for the discriminator's verdict on every patch; noise, for eight samples of the dropout;
            or paper, for what the paper's own objective makes of it.
        seed: a whole number from 0 to 2^63 - 1.
        colours: main colour and second colour, "#rrggbb,#rrggbb", for models that take them (a front's wall and sky);
            empty takes those of a training photo, which the seed picks.
    Returns:
        A film with the photo, and a sentence about it under "said".
    """
    seed = frame.parse_seed(seed)
    x, note = read_input(known(model), picture or stock(model, seed))
    return translated(model, x, show, seed, paints.read(colours)) | {"note": note}


def compare(picture: str = "", seed: str = "0") -> dict[str, Any]:
    """The same plan of a house front through nine networks, each trained with another part missing or changed.

    Parameters:
        picture: a data URL of a square in the twelve label colours; empty takes a plan from the stock.
        seed: a whole number from 0 to 2^63 - 1; picks the plan.
    Returns:
        A film of one frame with nine photos.
    """
    seed = frame.parse_seed(seed)
    x, note = read_input(FACADES, picture or stock(FACADES, seed))
    return parts.compared(x) | {"note": note}


# ------------------------------------------------------------------ from x to a film


class Painter:
    """A model with the colours it is told, where it takes any: the same for all its photos."""

    def __init__(self, model: str, seed: int = 0, pair: paints.Pair | None = None):
        self.model, self.network = known(model), core.load(known(model))
        self.pair = (pair or paints.drawn(model, seed)) if paints.takes(model) else None

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Photos of (B, C, S, S)."""
        if self.pair is None:
            return self.network.translate(x, generator=generator)
        told = paints.tensor(self.pair).expand(len(x), -1)
        return self.network.translate(x, told, generator=generator)

    def judge(self, x: Tensor, y: Tensor) -> Tensor:
        """D's verdict on every patch, (B, 1, h, w) from 0 to 1."""
        if self.pair is None:
            return self.network.judge(x, y)
        return self.network.judge(x, y, paints.tensor(self.pair).expand(len(x), -1))


def translated(model: str, x: Tensor, show: str, seed: int, pair: paints.Pair | None = None) -> dict[str, Any]:
    """The film of one input (1, C, S, S): the photo, D's verdicts on it, or photos with other noise."""
    if show not in SHOWS:
        raise ValueError(f"show must be photo, judge, noise or paper, got {str(show)[:40]!r}")
    painter = Painter(model, seed, pair)
    return {"photo": painted, "judge": judged, "noise": shaken, "paper": beside}[show](painter, x, seed)


def painted(painter: Painter, x: Tensor, seed: int = 0) -> dict[str, Any]:
    """One photo."""
    y = painter(x)
    said = f"The lines cover {ink(x):.0%} of the sheet; what the network painted from them covers {cover(y):.0%}."
    if x.shape[1] == 3:
        said = f"A segmentation network recovers {parts.found_again(x, y)[0]:.0f}% of the plan from this photo."
    return plots.film(1, [photo_pane("The photo", y)]) | {"said": said, "lit": alight(1)}


def beside(painter: Painter, x: Tensor, seed: int = 0) -> dict[str, Any]:
    """The photo, and what a network with the paper's own objective makes of the same drawing."""
    y, paper = painter(x), core.load(f"{painter.model}-paper").translate(x)
    panes = [photo_pane("With what later years added", y), photo_pane("The paper's own objective", paper)]
    said = (
        f"From the same lines, the two photos differ by {255 * (y - paper).abs().mean():.0f} of 255 levels per pixel."
    )
    if x.shape[1] == 3:
        shares = [parts.found_again(x, photo)[0] for photo in (y, paper)]
        said = "A segmentation network recovers {:.0f}% of the plan on the left, {:.0f}% on the right.".format(*shares)
    return plots.film(1, panes) | {"said": said, "lit": alight(1)}


def grown(painter: Painter, xs: Tensor, titles: tuple[str, str]) -> dict[str, Any]:
    """An input bit by bit, (T, C, S, S), and the photo that follows it."""
    ys = torch.cat([painter(part) for part in xs.split(8)])
    drawn, changed = ([0.0, *(255 * (t[1:] - t[:-1]).abs().mean((1, 2, 3))).tolist()] for t in (xs, ys))
    boldest = max(range(len(ys)), key=changed.__getitem__)
    panes = [photo_pane(titles[1], ys), plots.pane(titles[0], xs, smooth=True)]
    readouts = [plots.readout("The photo changed by", "of 255 levels", changed)]
    said = f"The photo changed most at step {boldest + 1} of {len(ys)}: by {changed[boldest]:.0f} of 255 levels."
    if changed[boldest] < 0.5:
        said = f"In {len(ys)} steps the photo hardly changes." if len(ys) > 1 else "There is only one line to follow."
    lit = alight(len(ys)) | {"x": scaled(drawn), "y": scaled(changed)}
    return plots.film(len(ys), panes, readouts) | {"said": said, "lit": lit}


def judged(painter: Painter, x: Tensor, seed: int = 0) -> dict[str, Any]:
    """D's verdict on every patch of the photo, and a window that goes over some of them."""
    y = painter(x)
    verdict = painter.judge(x, y)  # (1, 1, h, w)
    h, side = verdict.shape[-1], y.shape[-1]
    patch = painter.network.discriminator.receptive_field
    places = torch.linspace(0, h - 1, min(GRID, h)).round().long().tolist()
    windows, shares = [], []
    for row in places:
        for column in places:
            middle = [(place + 0.5) * side / h - 0.5 for place in (column, row)]
            windows.append([*middle, min(patch, side) / 2, 0.0])
            shares.append(verdict[0, 0, row, column].item())
    taken = (verdict > 0.5).float().mean().item()
    panes = [
        photo_pane(
            "D's verdicts: orange real, blue generated",
            verdict_picture(verdict, y),
            marks=[plots.mark("read", "one patch, all that D sees at a time", 2, windows)],
        ),
        plots.pane("The photo", y, photo=True),
    ]
    captions = [f"D scores this patch {100 * share:.0f} of 100; 50 is undecided." for share in shares]
    film = plots.film(len(windows), panes, captions=captions)
    said = f"D takes {taken:.0%} of the {h * h} patches for real; its mean score is {100 * verdict.mean():.0f} of 100."
    return film | {"said": said, "lit": {"y": [0.6] * len(windows), "y>D": [0.6] * len(windows), "D": shares}}


def shaken(painter: Painter, x: Tensor, seed: int) -> dict[str, Any]:
    """One drawing with several samples of the dropout, one per frame, and where they differ."""
    ys = torch.cat([painter(x, data.seeded(seed, "dropout", k)) for k in range(SAMPLES)])
    spread = ys.std(0, keepdim=True).mean(1, keepdim=True)  # (1, 1, S, S)
    levels = 255 * spread.mean().item()
    panes = [
        photo_pane("The photo, with new noise in each frame", ys),
        plots.pane("Where they differ", spread / spread.max().clamp(min=1e-6), smooth=True),
    ]
    captions = [
        f"Sample {k} of {SAMPLES}: a different random half of the units is dropped." for k in range(1, SAMPLES + 1)
    ]
    said = f"Over {SAMPLES} samples of the noise a pixel varies by {levels:.1f} of 255 levels: "
    said += "next to nothing." if levels < 5 else "a different surface, the same thing." if levels < 20 else "a lot."
    lit = {"decoder": [1.0] * SAMPLES, "y": [0.5] * SAMPLES}
    return plots.film(SAMPLES, panes, captions=captions) | {"said": said, "lit": lit}


def again(painter: Painter, y: Tensor, x: Tensor, title: str) -> dict[str, Any]:
    """An uploaded photo, what the model is given for it, and the photo made from that."""
    made = painter(x)
    panes = [photo_pane("The photo again", made), photo_pane("Your photo", y)]
    panes.append(plots.pane(title, x, large=True, smooth=True))
    off = 255 * (made - y).abs().mean().item()
    said = f"Painted again from what is left of it, your photo is off by {off:.0f} of 255 levels on average."
    return plots.film(1, panes) | {"said": said, "lit": alight(1)}


def replayed(painter: Painter, model: str, value: Any) -> dict[str, Any]:
    """A pad's drawing from the first line to the last, with the photo at each step."""
    return grown(painter, growing(model, value), ("The drawing", "The photo"))


def revealed(painter: Painter, model: str, y: Tensor, x: Tensor) -> dict[str, Any]:
    """A photo's edges from the boldest to the faintest, or its labels one by one, with the photo made of them."""
    title = "Its labels, largest first" if model == FACADES else "Its edges, boldest first"
    return grown(painter, emerging(model, y, x), (title, "The photo again"))


# ------------------------------------------------------------------ panes and numbers


def photo_pane(title: str, y: Tensor, marks: Any = ()) -> dict[str, Any]:
    return plots.pane(title, y, large=True, photo=True, marks=marks)


def verdict_picture(verdict: Tensor, y: Tensor) -> Tensor:
    """D's map (1, 1, h, w) over the photo in grey: the colour of "high" where D says real, of "low" where made."""
    share = F.interpolate(verdict, y.shape[-2:], mode="bilinear", align_corners=False)
    high, low = (plots.rgb(name).view(1, 3, 1, 1) for name in ("high", "low"))
    return 0.5 * y.mean(1, keepdim=True) + 0.5 * (share * high + (1 - share) * low)


def ink(x: Tensor) -> float:
    """The share of a drawing (1, 1, S, S) that has ink on it."""
    return (x < 0.5).float().mean().item()


def cover(y: Tensor) -> float:
    """The share of a photo that is not white paper."""
    return (y.amin(1) < PALE).float().mean().item()


def alight(frames: int) -> dict[str, list[float]]:
    """The generator's parts at work in every frame."""
    return {part: [0.7] * frames for part in GENERATOR}


def scaled(values: list[float]) -> list[float]:
    return [round(0.15 + 0.85 * value / (max(values) or 1), 3) for value in values]
