"""Codes in, pictures out, and back again: what the generator makes of them, and what Q reads off a picture."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

import core
from core import data
from core.gan import one_hot
from core.gan.codes import MEASURES, with_numbers
from core.weights import WeightsError
from demos import checks, frame, pictures, plots

SETS = {"digits": "infogan-mnist", "clothes": "infogan-fashion"}
PLAIN = "infogan-mnist-unrewarded"
MODELS = [*SETS.values(), PLAIN]
TOLD = {"cgan": ("CGAN", "cgan-mnist"), "acgan": ("ACGAN", "acgan-mnist")}  # their classes come from labels
GARMENTS = ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]
TRAINED, REACH, FURTHEST = 1.0, 2.0, 10.0  # of c2 and c3: in training, on a slider, through the API
STEPS = [k / 2 for k in range(-4, 5)]  # of a sweep
CLEAR = 0.5  # a correlation from which on a number is called by what it changes
OF = {  # what a number is called that goes with a measure, by the sign of r: a higher one is more of it
    "slant": ("slant to the left", "slant to the right"),
    "width": ("narrowness", "width"),
    "thickness": ("thinness", "thickness"),
}
NOISES = 8  # pictures of the same codes from different z
SIDE = 32


class Codes(NamedTuple):
    """What a generator is told beside its noise."""

    category: int
    c2: float
    c3: float

    @property
    def numbers(self) -> tuple[float, float]:
        return self.c2, self.c3


class Reading(NamedTuple):
    """What Q says of pictures: probabilities of the categories (T, 10), means and deviations of the numbers (T, 2)."""

    p: Tensor
    mean: Tensor
    deviation: Tensor


def found(name: str, x: Tensor) -> Reading:
    return Reading(*core.load(name).infer(x))


def best(reading: Reading) -> Codes:
    """Q's best guess of the first picture, in steps of the sliders."""
    c2, c3 = (max(-REACH, min(REACH, round(20 * m) / 20)) for m in reading.mean[0].tolist())
    return Codes(int(reading.p[0].argmax()), c2, c3)


# ------------------------------------------------------------------ what the codes turned out to mean


@functools.cache
def label_of(name: str) -> tuple[int, ...]:
    """For each category the label that it was matched to."""
    return tuple(core.load(name).digits())


def things(name: str) -> list[str]:
    """For each category, what it turned out to be: the label that most of its training pictures have."""
    words = GARMENTS if name == SETS["clothes"] else [str(digit) for digit in range(10)]
    return [words[label] for label in label_of(name)]


def changed(name: str) -> list[tuple[str, float]]:
    """For c2 and c3 the measure that goes with it most closely, and its correlation."""
    metrics = core.card(name)["metrics"]
    every = ([(measure, metrics.get(f"{code} {measure}", 0.0)) for measure in MEASURES] for code in ("c2", "c3"))
    return [max(measures, key=lambda pair: abs(pair[1])) for measures in every]


def meanings(name: str) -> list[str]:
    """What c2 and c3 are called: by what they were measured to change, else by their symbol."""
    pairs = zip(("c₂", "c₃"), changed(name), strict=True)
    return [f"{OF[measure][r > 0]} ({symbol})" if abs(r) >= CLEAR else symbol for symbol, (measure, r) in pairs]


def labels(of: str) -> list[str]:
    """The same for a page, which is built without weights too."""
    try:
        return meanings(SETS[of])
    except WeightsError:
        return ["c₂", "c₃"]


def title(word: str) -> str:
    """A meaning at the start of a line; a symbol stays as it is."""
    return word if word.startswith("c") else word[:1].upper() + word[1:]


# ------------------------------------------------------------------ pictures


def noise(name: str, seed: int, n: int = 1) -> Tensor:
    """(n, latents); the first is the same whatever n is."""
    latents = core.load(name).latents
    return torch.stack([torch.randn(latents, generator=data.seeded(seed, "z", k)) for k in range(n)])


def told(codes: Sequence[Codes]) -> Tensor:
    """As the generator takes them: (T, 12)."""
    numbers = torch.tensor([each.numbers for each in codes], dtype=torch.float32)
    return with_numbers(torch.tensor([each.category for each in codes]), numbers)


def made(name: str, codes: Sequence[Codes], seed: int) -> Tensor:
    """One z, a picture for each of the codes: (T, 1, 32, 32)."""
    return core.load(name).pictures(noise(name, seed).expand(len(codes), -1), told(codes))


def of_classes(name: str, codes: Sequence[Codes], seed: int) -> Tensor:
    """The same from a GAN that is told the class which each category turned out to be, and no numbers."""
    label = torch.tensor(label_of(SETS["digits"]))[[each.category for each in codes]]
    return core.load(name).pictures(noise(name, seed).expand(len(codes), -1), one_hot(label))


# ------------------------------------------------------------------ vary the codes


def tour(at: Codes) -> list[Codes]:
    """Each code is swept while the others rest, and the last frame has the codes as they are."""
    numbers = [at._replace(c2=v) for v in STEPS] + [at._replace(c3=v) for v in STEPS]
    return [*numbers, *(at._replace(category=k) for k in range(10)), at]


def turned(of: str, at: Codes, seed: int, beside: str = "") -> dict[str, Any]:
    """A film whose last frame is the picture of these codes; before it each code is swept.

    beside: "plain" for the GAN without the term, "cgan" or "acgan" for one that was told the classes.
    """
    name = SETS[of]
    codes = tour(at)
    x = made(name, codes, seed)
    read, words = found(name, x), meanings(name)
    panes = [plots.pane("infoGAN", x, large=True, smooth=True)]
    sure = [100 * row[each.category].item() for row, each in zip(read.p, codes, strict=True)]
    readouts = [plots.readout("Q finds the category", "%", sure)]
    readouts += [plots.readout(f"Q reads {word}", "", read.mean[:, k].tolist()) for k, word in enumerate(words)]
    said = f"{asked(name, at)}: {answered(name, Reading(*(part[-1:] for part in read)))}"
    if beside == "plain":
        other = made(PLAIN, codes, seed)
        panes.append(plots.pane("Not rewarded for its codes", other, large=True, smooth=True))
        sure = [100 * row[each.category].item() for row, each in zip(found(PLAIN, other).p, codes, strict=True)]
        readouts.append(plots.readout("Not rewarded, Q finds it", "%", sure))
        said += f" Without the reward, Q gives this category {sure[-1]:.0f}%."
    elif beside in TOLD:
        gan, model = TOLD[beside]
        panes.append(plots.pane(f"{gan}: given the class", of_classes(model, codes, seed), large=True, smooth=True))
        said += f" {gan} knows its classes from labels, and has no numbers to vary."
    film = plots.film(len(codes), panes, readouts, captions(name, codes))
    return film | {"said": said, "start": len(codes) - 1}


def captions(name: str, codes: Sequence[Codes]) -> list[str]:
    """What is swept in each frame of a tour."""
    first, second = map(title, meanings(name))
    made_of, n = things(name), len(STEPS)
    told = [f"{first} at {signed(each.c2)}; all else stays fixed." for each in codes[:n]]
    told += [f"{second} at {signed(each.c3)}; all else stays fixed." for each in codes[n : 2 * n]]
    told += [f"Category {k}: {made_of[k]}; all else stays fixed." for k in range(10)]
    return [*told, "The codes set by the controls."]


def signed(value: float) -> str:
    """A code as a person reads it: −1.25, 0.5, 1."""
    return frame.number(value).rstrip("0").rstrip(".") or "0"


def asked(name: str, at: Codes) -> str:
    words = [f"{word} {signed(value)}" for word, value in zip(meanings(name), at.numbers, strict=True)]
    return f"Asked for {things(name)[at.category]} (category {at.category}), {words[0]}, {words[1]}"


def answered(name: str, reading: Reading) -> str:
    """What Q reads off one picture."""
    guess, (c2, c3), (d2, d3) = int(reading.p[0].argmax()), reading.mean[0].tolist(), reading.deviation[0].tolist()
    numbers = f"{signed(c2)} ± {d2:.2f} and {signed(c3)} ± {d3:.2f}"
    return f"Q reads {things(name)[guess]} (category {guess}, {reading.p[0, guess].item():.0%} sure), {numbers}."


# ------------------------------------------------------------------ sweep


def sheets(at: Codes) -> list[list[list[Codes]]]:
    """The codes of three sheets, row by row: c2 by category, c3 by category, and c3 by c2 within one category."""
    return [
        [[Codes(k, v, at.c3) for k in range(10)] for v in STEPS],
        [[Codes(k, at.c2, v) for k in range(10)] for v in STEPS],
        [[Codes(at.category, u, v) for u in STEPS] for v in STEPS],
    ]


def swept(of: str, at: Codes, seed: int, row_by_row: bool = False) -> dict[str, Any]:
    """Three contact sheets of one z, each sweeping two codes; the frame is where the controls stand.

    row_by_row: they fill from the top, a row in each frame.
    """
    name, panes = SETS[of], []
    c2, c3 = meanings(name)
    titles = [f"{title(c2)} ↓, category →", f"{title(c3)} ↓, category →", f"{title(c3)} ↓, {c2} →"]
    for words, rows in zip(titles, sheets(at), strict=True):
        cells = [each for row in rows for each in row]
        columns = len(rows[0])
        sheet = plots.contact_sheet(made(name, cells, seed), columns)[None]
        if row_by_row:
            rows_there = torch.arange(sheet.shape[-2]) // SIDE <= torch.arange(len(rows))[:, None]
            sheet = sheet * rows_there[:, None, :, None]
        here = min(range(len(cells)), key=lambda i: distance(cells[i], at))
        centre = [SIDE * (k + 0.5) - 0.5 for k in (here % columns, here // columns)]
        mark = plots.mark("write", "nearest to the controls", 1, [[*centre, 0, SIDE / 2]] * len(sheet))
        pane = plots.pane(words, sheet, large=True, smooth=True, marks=[mark])
        panes.append(pane | {"cells": [columns, len(rows)]})
    count = sum(len(row) for rows in sheets(at) for row in rows)
    said = (
        f"{count} pictures from the noise of seed {seed}: on each sheet two codes change, from {signed(-REACH)} to "
        f"{signed(REACH)}, and all else stays fixed. Click a cell to go on from it."
    )
    if not row_by_row:
        return plots.film(1, panes) | {"said": said}
    captions = [f"Rows so far: the code marked ↓ from {signed(-REACH)} to {signed(v)}." for v in STEPS]
    return plots.film(len(STEPS), panes, captions=captions) | {"said": said}


def distance(a: Codes, b: Codes) -> float:
    return 100 * (a.category != b.category) + abs(a.c2 - b.c2) + abs(a.c3 - b.c3)


def cell(at: Codes, pane: Any, column: Any, row: Any) -> Codes:
    """The codes of the cell that was clicked. ValueError where there is none."""
    where = [int(checks.number(what, value, 0, 9, whole=True)) for what, value in
             {"the sheet": pane, "the column": column, "the row": row}.items()]  # fmt: skip
    try:
        return sheets(at)[where[0]][where[2]][where[1]]
    except IndexError:
        raise ValueError(f"there is no cell in row {where[2]}, column {where[1]} of sheet {where[0]}") from None


# ------------------------------------------------------------------ read a digit


def again(x: Tensor, at: Codes, seed: int) -> dict[str, Any]:
    """A digit (1, 1, 32, 32), drawn again from what Q reads off it, and from the codes `at`; each frame another z."""
    name = SETS["digits"]
    model, reading = core.load(name), found(name, x)
    codes = best(reading)
    z = noise(name, seed, NOISES)
    panes = [
        plots.pane("The digit", x, large=True, smooth=True),
        plots.pane("Drawn from Q's codes", model.pictures(z, told([codes] * NOISES)), large=True, smooth=True),
    ]
    said = f"From the picture alone, {answered(name, reading)}"
    if at != codes:
        panes.append(plots.pane("From your codes", model.pictures(z, told([at] * NOISES)), large=True, smooth=True))
        said += f" The sliders stand at category {at.category}, {signed(at.c2)} and {signed(at.c3)}."
    words = [f"Noise {k + 1} of {NOISES}: the codes stay fixed, so what changes comes from it." for k in range(NOISES)]
    shown = {"read": {key: part[0].tolist() for key, part in reading._asdict().items()}, "codes": codes._asdict()}
    return plots.film(NOISES, panes, captions=words) | shown | {"said": said, "start": 0}


# ------------------------------------------------------------------ the API


def generate(
    category: int = 0, c2: float = 0.0, c3: float = 0.0, seed: str = "0", model: str = "infogan-mnist"
) -> dict[str, Any]:
    """A picture of a category and two numbers, and what Q reads off it.

    Parameters:
        category: c1, a whole number from 0 to 9. Which digit or garment it makes is under "things".
        c2: the first number, from -10 to 10; in training it was from -1 to 1.
        c3: the second number, likewise.
        seed: of the noise z, a whole number from 0 to 2^63 - 1.
        model: infogan-mnist, infogan-fashion, or infogan-mnist-unrewarded, whose codes mean nothing.
    Returns:
        A film of one frame. Under "read" what Q says: "p" of the ten categories, "mean" and "deviation" of c2 and c3.
    """
    if not checks.known(model, MODELS):
        raise ValueError(f"model must be one of {', '.join(MODELS)}, got {checks.shown(model)}")
    numbers = {"c2": c2, "c3": c3}
    numbers = {key: checks.number(key, value, -FURTHEST, FURTHEST) for key, value in numbers.items()}
    at = Codes(int(checks.number("category", category, 0, 9, whole=True)), **numbers)
    x = made(model, [at], frame.parse_seed(seed))
    reading = found(model, x)
    film = plots.film(1, [plots.pane(model, x, large=True, smooth=True)])
    read = {key: [round(v, 4) for v in part[0].tolist()] for key, part in reading._asdict().items()}
    said = f"{asked(model, at)}: {answered(model, reading)}"
    return film | {"read": read, "things": things(model), "said": said}


def infer(sketch: str = "") -> dict[str, Any]:
    """The codes that Q reads off a drawn digit, and the digit drawn again from them.

    Parameters:
        sketch: a data URL (PNG, JPEG or WebP) of a dark digit on white.
    Returns:
        A film: the digit, and what the generator makes of its codes with eight different z. Under "codes" the best
        guess, numbers in steps of 0.05 and within 2; under "read" all that Q says: "p" of the ten categories, "mean"
        and "deviation" of c2 and c3.
    """
    if not sketch:
        raise ValueError("no drawing came; send a data URL of a dark digit on white")
    x = pictures.drawn_digit(sketch)
    return again(x, best(found(SETS["digits"], x)), 0)
