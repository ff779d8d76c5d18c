"""Generate and complete: pictures that grow row by row, from all networks side by side or from one."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from core import data
from core.pixels import MultiScale, PixelRNN
from demos import frame, plots
from demos.pixels import networks
from demos.pixels.networks import MULTI, NETWORKS, PALETTE, SIDE

TO_COME = 0.32  # the grey of pixels that are not drawn yet
COUNTS = [("1", 1), ("4", 4), ("16", 16), ("64", 64)]


class Growth:
    """n pictures from one network as they grow: what is there at each of SIDE moments, and the processor's seconds."""

    def __init__(
        self,
        title: str,
        model: PixelRNN,
        n: int,
        seed: int,
        temperature: float,
        given: Tensor | None = None,
        known: Tensor | None = None,
    ):
        self.title, self.n, self.given, self.known = title, n, given, known
        noise = data.seeded(seed, "pixels")  # the same for all networks
        rows = model.grow(n, generator=noise, temperature=temperature, given=given, known=known)
        self.two_scales = isinstance(model, MultiScale)
        self.rows = in_two_scales(model, rows) if self.two_scales else in_one(rows)
        self.moments: list[Tensor] = []
        self.drawn: list[Tensor] = []  # which pixels are, (28, 28) of bools
        self.seconds: list[float] = []

    def advance(self) -> bool:
        """One more moment; False where the pictures are whole."""
        started = time.thread_time()
        found = next(self.rows, None)
        if found is None:
            return False
        self.seconds.append((self.seconds or [0.0])[-1] + time.thread_time() - started)
        self.moments.append(found[0])
        self.drawn.append(found[1])
        return True

    def to_end(self) -> "Growth":
        while self.advance():
            pass
        return self

    def shown(self, moment: int) -> Tensor:
        """The pictures at a moment, from 1 to 28: (n, 1, 28, 28). What is to come is grey."""
        now = torch.where(self.drawn[moment - 1], self.moments[moment - 1], torch.tensor(TO_COME))
        return now if self.known is None else torch.where(self.known, self.given, now)

    def frames(self) -> Tensor:
        """All pictures as one sheet, at each moment: (T, 1, H, W)."""
        return torch.stack([sheet(self.shown(k)) for k in range(1, len(self.moments) + 1)])

    def said(self) -> str:
        return f"{self.n} {'picture' if self.n == 1 else 'pictures'}"


def in_one(rows: Iterator[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Pictures (n, 1, 28, 28) after each row, and which pixels are drawn by then."""
    for k, pictures in enumerate(rows, 1):
        yield pictures, above(k)


def in_two_scales(model: MultiScale, rows: Iterator[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """The same, in as many moments: rows of the small pictures, in double size; then two rows of the rest at once."""
    for k, pictures in enumerate(rows, 1):
        row = k - SIDE // 2
        if row <= 0:
            yield pictures.repeat_interleave(2, 2).repeat_interleave(2, 3), above(2 * k)
        elif row % 2 == 0:
            yield pictures, above(row) | model.in_small()


def above(row: int) -> Tensor:
    """Which pixels lie above a row, (28, 28) of bools."""
    return (torch.arange(SIDE) < row)[:, None].expand(SIDE, SIDE)


def sheet(pictures: Tensor) -> Tensor:
    """Pictures (n, 1, H, W) in a square of rows, with a line between them: (1, H', W')."""
    if len(pictures) == 1:
        return pictures[0]
    framed = F.pad(pictures, (1, 1, 1, 1), value=0.55)
    return plots.contact_sheet(framed, round(len(pictures) ** 0.5) or 1)


def film_of(growths: Sequence[Growth], panes: Sequence[dict[str, Any]] = (), live: bool = False) -> dict[str, Any]:
    """The film of one network or of several in step. panes: before theirs. live: it opens at its last moment."""
    frames = min(len(each.moments) for each in growths)
    grown = [plots.pane(titled(each), each.frames()[:frames], large=True) for each in growths]
    readouts = [plots.readout(f"{each.title}: {each.said()}", "s", each.seconds[:frames]) for each in growths]
    film = plots.film(frames, [*panes, *grown], readouts, [captioned(k, growths) for k in range(1, frames + 1)])
    return film | ({"start": frames - 1} if live else {})


def captioned(k: int, growths: Sequence[Growth]) -> str:
    """What is drawn at a moment."""
    told = []
    if not all(each.two_scales for each in growths):
        told.append(f"Row {k} of {SIDE}: each pixel is drawn knowing those before it.")
    if any(each.two_scales for each in growths):
        half, row = SIDE // 2, 2 * k - SIDE
        where = f"row {k} of {half} of the small picture" if row <= 0 else f"row {row} of {SIDE} of the large picture"
        told.append(f"{MULTI}: {where}.")
    return " ".join(told)


def shows_two_scales(film: dict[str, Any]) -> bool:
    """Whether one of a film's networks draws a small picture first."""
    return any(pane["title"].startswith(MULTI) for pane in film["panes"])


def titled(growth: Growth) -> str:
    nll = networks.metrics(growth.title).get("nll")
    return growth.title + (f" · {nll:.1f} nats" if nll else "")


def cold(temperature: float, n: int) -> str:
    """What temperature 0 does, where it is 0."""
    if temperature:
        return ""
    alike = "" if n == 1 else ", so all pictures of a network are alike"
    return f" At temperature 0 each pixel takes its likelier value{alike}."


# ------------------------------------------------------------------ generate


def generating(count: int, temperature: float, seed: str) -> tuple[list[Growth], str, frame.Note | None]:
    """Pictures that have not begun, the sentence on them, and a note on networks that are missing."""
    n, temperature, number = networks.how_many(count), networks.warmth(temperature), frame.parse_seed(seed)
    models, note = networks.those_here()
    growths = [Growth(title, model, n, number, temperature) for title, model in models.items()]
    drawn = "One digit" if n == 1 else f"{n} digits"
    nats = {title: networks.metrics(title).get("nll") for title in models}
    measured = [f"{title} {nll:.1f}" for title, nll in nats.items() if nll]
    of = f" Nats per test digit: {frame.listed(measured)}; lower is better." if measured else ""
    first = f" {MULTI} draws a quarter of the pixels first, as a small picture." if MULTI in models else ""
    said = f"{drawn} from each network, from the same noise.{of}{first}{cold(temperature, n)}"
    return growths, said, note


def generated(count: int, temperature: float, seed: str) -> tuple[dict[str, Any], frame.Note | None]:
    """The whole film, with its sentence under "said"."""
    growths, said, note = generating(count, temperature, seed)
    return film_of([each.to_end() for each in growths]) | {"said": said}, note


def in_step(growths: Sequence[Growth]) -> Iterator[None]:
    """One more row of each, until they are whole."""
    while all(each.advance() for each in growths):
        yield


# ------------------------------------------------------------------ complete


def completing(
    x: Tensor, known: Tensor, model: str, count: int, temperature: float, seed: str
) -> tuple[Growth, list[dict[str, Any]], str]:
    """Completions of x (1, 1, 28, 28) where it is not known, not begun; the pane beside them, and the sentence."""
    n, temperature, number = networks.how_many(count), networks.warmth(temperature), frame.parse_seed(seed)
    title = NETWORKS[model] if isinstance(model, str) and model in NETWORKS else ""
    found = networks.network(model)
    growth = Growth(title, found, n, number, temperature, x, known)
    given = torch.where(known, x, torch.zeros(()))[0].expand(3, -1, -1)
    rose = torch.tensor(list(bytes.fromhex(PALETTE["covered"][1:])))[:, None, None] / 255
    panes = [plots.pane("Given (pink: covered)", torch.where(known, given, rose)[None], large=True)]
    in_order = known.flatten()[found.order()]
    unseen = (in_order & ((~in_order).cumsum(0) > 0)).sum().item()
    later = frame.counted(unseen, "given pixel") + (" comes" if unseen == 1 else " come")
    said = (
        f"{title} completes {frame.counted((~known).sum().item(), 'covered pixel')} "
        + ("once." if n == 1 else f"in {n} ways.")
        + (f" {later} after a covered one; it never looks ahead." if unseen else "")
        + cold(temperature, n)
    )
    return growth, panes, said


# ------------------------------------------------------------------ the API


def generate(model: str = "pixelcnn-mnist", n: int = 16, temperature: float = 1.0, seed: str = "0") -> dict[str, Any]:
    """Digits drawn pixel by pixel, as they grow row by row.

    Parameters:
        model: pixelcnn-mnist, rowlstm-mnist, diagbilstm-mnist or multiscale-mnist.
        n: how many pictures, 1 to 64; they lie in rows on one sheet.
        temperature: 0 to 10; below 1 likelier pictures are preferred, and at 0 each pixel takes its likelier value.
        seed: of the noise, a whole number from 0 to 2^63 - 1.
    Returns:
        A film of 28 frames, one per row; of multiscale-mnist 14 show the small picture, and 14 the large one. Under
        "nats" the exact -log p of each picture.
    """
    count, heat, number = networks.how_many(n), networks.warmth(temperature), frame.parse_seed(seed)
    found = networks.network(model)
    growth = Growth(NETWORKS[model], found, count, number, heat).to_end()
    said = f"{growth.said()} from {growth.title}.{cold(heat, count)}"
    return without_time(film_of([growth])) | {"nats": nats_of(found, growth), "said": said}


def complete(
    picture: str = "",
    model: str = "pixelcnn-mnist",
    side: str = "bottom",
    percent: float = 50.0,
    mask: str = "",
    n: int = 4,
    temperature: float = 1.0,
    seed: str = "0",
) -> dict[str, Any]:
    """Complete a digit of which part is covered, in several ways.

    Parameters:
        picture: a data URL (PNG, JPEG or WebP) of a dark digit on white, best of 28 x 28 pixels; empty takes a test
            digit.
        model: pixelcnn-mnist, rowlstm-mnist, diagbilstm-mnist or multiscale-mnist.
        side: what is covered: bottom, top, left or right; without a mask.
        percent: how much of it, above 0 and below 100.
        mask: a data URL of a picture whose dark pixels are covered; it takes the place of side and percent.
        n: how many completions, 1 to 64.
        temperature: 0 to 10.
        seed: a whole number from 0 to 2^63 - 1; it also picks the test digit.
    Returns:
        A film of 28 frames, one per row. Under "nats" the exact -log p of each whole picture.
    """
    networks.how_many(n)
    number = frame.parse_seed(seed)
    if mask:
        known, said_mask = networks.sent_mask(mask)
        known = networks.checked_cover(known, "covers")
    else:
        known, said_mask = networks.cover(side, percent), ""
    x, said_size = networks.sent_digit(picture, number, whole=True) if picture else (stock(number), "")
    growth, panes, said = completing(x, known, model, n, temperature, seed)
    film = without_time(film_of([growth.to_end()], panes))
    nats = nats_of(networks.network(model), growth)
    return film | {"nats": nats, "said": said + (said_size or said_mask)}


def stock(number: int) -> Tensor:
    return networks.stock_digit(str(number), number)


def nats_of(model: PixelRNN, growth: Growth) -> list[float]:
    return [round(value, 3) for value in model.nll(growth.moments[-1]).tolist()]


def without_time(film: dict[str, Any]) -> dict[str, Any]:
    """The same film for the API and for recordings: what was drawn, and not how busy the machine was."""
    return film | {"readouts": [each for each in film["readouts"] if each["unit"] != "s"]}
