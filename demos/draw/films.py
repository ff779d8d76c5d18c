"""DRAW's films: plain values in, every step of a network that looks and paints in glimpses out."""

from typing import Any

import torch
from torch import Tensor

import core
from core import data
from core.draw import Choice, Glimpse, Window, read_window, write_window
from demos import checks, frame, pictures, plots

ATTENTION, PLAIN, CLASSIFIER = "draw-mnist", "draw-noattention-mnist", "draw-cluttered"
TWO_DIGITS = "draw-twodigits"
MODELS = [
    ("Digits, with attention", ATTENTION),
    ("Digits, without attention", PLAIN),
    ("Two digits", TWO_DIGITS),
    ("Small colour photos", "draw-cifar10"),
]
PHOTO_SIZE = 100

# ------------------------------------------------------------------ what the API offers: plain values in, a film out


def generate(model: str = ATTENTION, seed: str = "0", compare: bool = True) -> dict[str, Any]:
    """Let DRAW paint a picture from noise.

    Parameters:
        model: draw-mnist, draw-noattention-mnist, draw-twodigits or draw-cifar10.
        seed: a whole number from 0 to 2^63 - 1; the same seed gives the same picture.
        compare: with draw-mnist, paint beside it what the model without attention makes of the same noise; with
            draw-twodigits, show the candidates that it chooses from.
    Returns:
        A film: every step's canvas, window, patch and numbers.
    """
    return painted(model, None, frame.parse_seed(seed), compare)


def reconstruct(model: str = ATTENTION, picture: str = "", seed: str = "0", compare: bool = True) -> dict[str, Any]:
    """Let DRAW look at a picture and paint it again.

    Parameters:
        model: as in draw_generate.
        picture: a data URL (PNG, JPEG or WebP), dark strokes on white; empty takes a test picture that the seed picks.
        seed: as in draw_generate.
        compare: with draw-mnist, as in draw_generate; with the others it changes nothing.
    Returns:
        A film: every step's canvas, both windows, what was read and written, and the KL.
    """
    seed = frame.parse_seed(seed)
    return painted(model, picture_for(model, picture, seed), seed, compare)


def classify(picture: str = "", seed: str = "0") -> dict[str, Any]:
    """Hide a digit among fragments of others and let the classifier find it in eight glimpses.

    Parameters:
        picture: a data URL of a drawn digit, dark on white; empty takes a test digit that the seed picks.
        seed: places the digit and the fragments.
    Returns:
        A film with each glimpse's window, its patch, and the ten probabilities after it.
    """
    seed = frame.parse_seed(seed)
    if picture:
        digit, label = pictures.as_digit(pictures.read_sketch(picture)), None
    else:
        digit, label = pictures.random_digit(seed)
    scene = pictures.cluttered_scene(digit, seed)
    looks = core.load(CLASSIFIER).glimpses(scene)
    seen = torch.cat([look.read_patch / look.read.gamma[..., None, None] for look in looks])
    points = seen.shape[-1]
    panes = [
        plots.pane(
            "The picture", scene, large=True, marks=[window_marks("read", [look.read for look in looks], points)]
        ),
        plots.pane(f"What it sees, {points} × {points}", seen, large=True),
    ]
    truth = "" if label is None else f" It is {an(label)}, from {pictures.DIGITS_FROM}."
    captions = [f"Glimpse {k} of {len(looks)}: {opinion(look.probabilities[0])}" for k, look in enumerate(looks, 1)]
    captions[-1] += truth
    film = plots.film(len(looks), panes, window_readouts("read", [look.read for look in looks], points), captions)
    sure = [round(p, 4) for p in looks[-1].probabilities[0].tolist()]
    answer = max(range(len(sure)), key=sure.__getitem__)
    said = f"After {len(looks)} glimpses it says {answer}, and is {sure[answer]:.0%} sure."
    if label is not None:
        said += " That is right." if answer == label else f" It is {an(label)}."
    lit = {"read": [0.9] * len(looks), "encoder": [0.6] * len(looks), "read>encoder": [0.9] * len(looks)}
    rows = [[round(p, 4) for p in look.probabilities[0].tolist()] for look in looks]
    return film | {"probabilities": rows, "said": said, "lit": lit}


def an(digit: int) -> str:
    """The digit with its article."""
    return f"{'an' if digit == 8 else 'a'} {digit}"


def attend(
    photo: str = "flower",
    g_x: float = 50.0,
    g_y: float = 45.0,
    delta: float = 4.0,
    sigma: float = 2.0,
    gamma: float = 1.0,
    points: int = 12,
    seed: str = "0",
) -> dict[str, Any]:
    """Read a patch of a 100 x 100 picture through a grid of Gaussian filters, and write it back.

    Parameters:
        photo: flower, china, or clutter (a cluttered digit that the seed picks).
        g_x: the grid's centre, in pixels from the left.
        g_y: the grid's centre, in pixels from the top.
        delta: the stride between filters, in pixels, more than 0.
        sigma: the width of each filter, in pixels, more than 0.
        gamma: the strength of what is read, more than 0.
        points: N, the filters along each side, 1 to 40.
        seed: of the cluttered digit.
    Returns:
        A film of one frame: the picture with the grid on it, the patch, and the patch written back.
    """
    return closing_in(photo, g_x, g_y, delta, sigma, gamma, points, seed, frames=1)


def closing_in(
    photo: str,
    g_x: float,
    g_y: float,
    delta: float,
    sigma: float,
    gamma: float,
    points: int,
    seed: str,
    frames: int = 12,
) -> dict[str, Any]:
    """`attend`, by a window that closes in from three times its size, with filters further apart and wider."""
    points = int(checks.number("points", points, 1, 40, whole=True))
    g_x, g_y = (checks.number(name, value, -1000, 1000) for name, value in {"g_x": g_x, "g_y": g_y}.items())
    sizes = {"delta": delta, "sigma": sigma, "gamma": gamma}
    delta, sigma, gamma = (checks.number(name, value, 0.01, 1000) for name, value in sizes.items())
    picture = view(photo, frame.parse_seed(seed))
    times = torch.linspace(3, 1, frames)[:, None] if frames > 1 else torch.ones(1, 1)
    w = Window(*(torch.full((frames, 1), float(number)) for number in (g_x, g_y, delta, sigma, gamma)))
    w = w._replace(delta=w.delta * times, sigma=w.sigma * times)
    patch = read_window(picture.expand(frames, -1, -1, -1), w, points)
    back = write_window(patch, w, PHOTO_SIZE)
    peaks = back.amax((1, 2, 3), keepdim=True)
    marks = [window_marks("read", [Window(*(row[None] for row in rows)) for rows in zip(*w, strict=True)], points)]
    panes = [
        plots.pane("The picture and the window", picture, large=True, marks=marks),
        plots.pane(f"What is read, {points} × {points}", patch, large=True),
        plots.pane("Written back, brightened", back / peaks.clamp(min=1e-8), large=True),
    ]
    captions = [
        f"The brightest pixel written back is {peak:.2f}; what no filter reaches stays black."
        for peak in peaks.flatten().tolist()
    ]
    said = (
        f"Through this window, {(points - 1) * delta + 2 * sigma:.0f} pixels wide, a network gets {points} × {points} "
        "pixels, and nothing else of the picture."
    )
    ones = [1.0] * frames
    return plots.film(frames, panes, captions=captions) | {"said": said, "lit": {"read": ones, "write": ones}}


# ------------------------------------------------------------------ from glimpses to a film


def picture_for(model: str, sketch: Any, seed: int) -> Tensor:
    """What a model is asked to reconstruct, in its size and its kind of pixels: (1, C, H, W)."""
    channels, size, _ = known(model).shape
    if channels == 3:
        return (
            pictures.as_page(pictures.read_sketch(sketch), size, channels)
            if sketch
            else pictures.random_photo(seed, size)
        )
    if not sketch:
        digit = pictures.random_digit(seed)[0]
        if size == 28:
            return pictures.binarised(digit, seed)
        page = torch.zeros(1, size, size)
        for k in range(2):
            corner = data.uniform_crop_corners(1, size - 28, data.seeded(seed, "corner", k))
            data.paste(page, pictures.random_digit(seed + k)[0][0], corner)
        return pictures.binarised(page.clamp(max=1)[None], seed)
    drawn = pictures.read_sketch(sketch)
    return pictures.binarised(pictures.as_digit(drawn) if size == 28 else pictures.as_page(drawn, size, channels), seed)


def known(model: str) -> torch.nn.Module:
    """One of the models that paint, loaded. ValueError for any other name."""
    painters = [name for _, name in MODELS]
    if model not in painters:
        raise ValueError(f"no DRAW model {str(model)[:60]!r}; choose one of {', '.join(painters)}")
    return core.load(model)


def painted(model: str, x: Tensor | None, seed: int, compare: bool) -> dict[str, Any]:
    """The film of one model at work; where that is asked for, with the model without attention or the candidates."""

    def steps_of(name: str) -> list[Glimpse]:
        return known(name).glimpses(x, generator=data.seeded(seed, "latents"))

    choice = chosen(seed) if x is None and model == TWO_DIGITS else None
    steps = painting(choice) if choice else steps_of(model)
    beside = steps_of(PLAIN) if compare and model == ATTENTION else None
    reads, writes = [s.read for s in steps], [s.write for s in steps]
    panes, readouts = [], []
    if x is not None:
        marks = [window_marks("read", reads, steps[0].read_patch.shape[-1])] if reads[0] else []
        panes.append(plots.pane("The picture, and where it reads", x, large=True, marks=marks))
    marks = [window_marks("write", writes, steps[0].write_patch.shape[-1])] if writes[0] else []
    panes.append(
        plots.pane("The canvas" + (", with attention" if beside else ""), canvases(steps), large=True, marks=marks)
    )
    if beside:
        panes.append(plots.pane("Without attention, same seed", canvases(beside), large=True))
    if choice and compare:
        title = f"The {len(choice.z)} candidates, the kept one framed"
        panes.append(plots.pane(title, candidates(choice), large=True))
    if reads[0]:
        patches = torch.cat([s.read_patch / s.read.gamma[..., None, None] for s in steps])
        picture_patch, error_patch = patches.chunk(2, dim=1)
        panes.append(plots.pane("Read: picture", picture_patch))
        panes.append(plots.pane("Read: error (grey is 0)", plots.signed(error_patch)))
        readouts += window_readouts("read", reads, patches.shape[-1])
    if writes[0]:
        panes.append(plots.pane("Written (grey is 0)", plots.signed(torch.cat([s.write_patch for s in steps]))))
        readouts += window_readouts("write", writes, steps[0].write_patch.shape[-1])
    if x is not None:
        readouts.append(plots.readout("KL of this step", "nats", [s.kl.item() for s in steps]))
    film = plots.film(len(steps), panes, readouts)
    series = {"model": model, "change": change(steps), "kl": [s.kl.item() for s in steps] if x is not None else None}
    if beside:
        series |= {"beside_change": change(beside), "beside_kl": [s.kl.item() for s in beside]}
    return film | {
        "series": series,
        "said": summary(steps, beside, series) + (odds(choice) if choice else ""),
        "lit": lit(steps, series),
    }


def summary(steps: list[Glimpse], beside: list[Glimpse] | None, series: dict[str, Any]) -> str:
    """The sentence above the film, with the numbers of this run in it."""
    if series["kl"]:
        said = f"Over {len(steps)} glimpses, its latents carry {sum(series['kl']):.0f} nats about this picture"
        return said + (f"; without attention they carry {sum(series['beside_kl']):.0f}." if beside else ".")
    if beside is None:
        return f"By step {there(steps)} of {len(steps)} the picture is almost what it will be; the rest is polish."
    return (
        f"With attention the digit grows stroke by stroke and has taken shape by step {there(steps)}. Without it the "
        f"outline stands by step {there(beside)}, and later steps only sharpen it."
    )


def chosen(seed: int) -> Choice:
    """How the latents of the page that this seed gives are chosen."""
    return next(known(TWO_DIGITS).choices(1, generator=data.seeded(seed, "latents")))


@torch.inference_mode()
def painting(choice: Choice) -> list[Glimpse]:
    """Every step of the page that was kept."""
    return list(known(TWO_DIGITS).run(None, choice.z[choice.kept][:, None]))


def odds(choice: Choice) -> str:
    """How the kept page compares with the others, in a sentence."""
    better = int((choice.log_r > choice.log_r[choice.kept]).sum()) or "none"
    picked = f"This page was picked by lot from {len(choice.z)} candidates"
    return f" {picked}; {better} of them had better odds of being a copy of a real page."


def candidates(choice: Choice) -> Tensor:
    """All candidates, ten in a row, the kept one in a white frame: (1, C, H, W)."""
    pages = choice.pages.clone()
    pages[choice.kept, :, [0, 1, -2, -1]] = 1
    pages[choice.kept, :, :, [0, 1, -2, -1]] = 1
    return plots.contact_sheet(pages, 10)[None]


def there(steps: list[Glimpse]) -> int:
    """The first step whose canvas has a correlation of 0.9 with the last one."""
    pictures = canvases(steps).flatten(1)
    pictures = pictures - pictures.mean(1, keepdim=True)
    alike = torch.cosine_similarity(pictures, pictures[-1:])
    return 1 + int((alike >= 0.9).nonzero()[0])


def lit(steps: list[Glimpse], series: dict[str, Any]) -> dict[str, list[float]]:
    """How brightly the parts of the diagram glow: what is read and the latent with the KL, what is written with the
    change of the canvas."""

    def scaled(values: list[float]) -> list[float]:
        return [round(0.15 + 0.85 * value / (max(values) or 1), 3) for value in values]

    wrote = scaled(series["change"])
    told = scaled(series["kl"]) if series["kl"] else [0.0] * len(steps)
    drew = told if series["kl"] else [0.6] * len(steps)
    looked = dict.fromkeys(("read", "encoder", "read>encoder", "encoder>latent", "decoder>read"), told)
    return looked | {
        "latent": drew, "latent>decoder": drew, "decoder": wrote, "decoder>write": wrote, "write": wrote,
        "write>canvas": wrote, "canvas": wrote,
    }  # fmt: skip


def canvases(steps: list[Glimpse]) -> Tensor:
    """The canvas after every step as pictures (T, C, H, W)."""
    return torch.sigmoid(torch.cat([s.canvas for s in steps]))


def change(steps: list[Glimpse]) -> list[float]:
    """How much of the picture each step changed, in per cent of full black to full white, averaged over pixels."""
    after = canvases(steps)
    before = torch.cat((torch.sigmoid(steps[0].canvas - steps[0].written), after[:-1]))
    return (100 * (after - before).abs().flatten(1).mean(1)).tolist()


def window_marks(role: str, windows: list[Window], points: int) -> dict[str, Any]:
    verb = "reads here" if role == "read" else "writes here"
    return plots.mark(role, verb, points, [[v.item() for v in w[:4]] for w in windows])


def window_readouts(role: str, windows: list[Window], points: int) -> list[dict[str, Any]]:
    """Stride, blur and strength of a head's window at every step."""
    doing = {"read": "reading", "write": "writing"}[role]
    rows = [("Spacing δ", "px", "delta"), ("Blur σ", "px", "sigma"), ("Strength γ", "×", "gamma")]
    return [
        plots.readout(f"{label}, {doing}", unit, [getattr(w, key).item() for w in windows]) for label, unit, key in rows
    ]


def opinion(probabilities: Tensor) -> str:
    """What the classifier would answer, in words."""
    (first, second), (a, b) = (t.tolist() for t in probabilities.topk(2))
    return f"it would say {a} ({first:.0%}), then {b} ({second:.0%})."


def view(photo: str, seed: int) -> Tensor:
    """One of the pictures to move a window over: (1, C, 100, 100)."""
    if photo == "clutter":
        return pictures.cluttered_scene(pictures.random_digit(seed)[0], seed)
    if photo not in ("flower", "china"):
        raise ValueError(f"photo must be flower, china or clutter, got {str(photo)[:40]!r}")
    return pictures.photo(photo, PHOTO_SIZE)
