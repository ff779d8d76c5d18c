"""What was measured, from the cards: the networks compared, and exact likelihoods beside DRAW's bound."""

from typing import Any

import core
from core.weights import WeightsError
from demos import frame
from demos.pixels import networks
from demos.pixels.networks import MULTI, NETWORKS

DRAW = {"draw-mnist": "DRAW", "draw-noattention-mnist": "DRAW without attention"}


def card(name: str) -> dict[str, Any]:
    """A card whose model was measured; nothing where there is none."""
    try:
        found = core.card(name)
    except WeightsError:
        return {}
    return found if "nll" in found["metrics"] else {}


def number(value: Any, digits: int, unit: str) -> str:
    return "–" if value is None else f"{value:,.{digits}f}{unit}"


def column(name: str) -> list[str]:
    """What stands under a network, from its card."""
    found = card(name)
    if not found:
        return ["–", "–", "not measured yet", "–", "–", "–", "–"]
    metrics, config = found["metrics"], found["config"]
    seen, fast, naive = (metrics.get(key) for key in ("receptive_field", "sample_seconds", "naive_seconds"))
    times = f", {naive / fast:.0f} ×" if fast and naive else ""
    layers = "{} of h = {}".format(*(config.get(key, "–") for key in ("depth", "filters")))
    return [
        f"2 × {layers}" if NETWORKS[name] == MULTI else layers,
        f"{found['training']['steps']:,} steps",
        f"{metrics['nll']:.2f} nats",
        number(found["reported"].get("nll"), 2, " nats"),
        "–" if seen is None else f"{seen:.0f} of {metrics['before']:.0f} before it",
        number(fast, 2, " s"),
        number(naive, 0, " s") + times,
    ]


def compared() -> str:
    """The networks: how far a pixel sees, how long a sample takes, how likely test digits are."""
    rows = [
        "layers", "trained for", "−log p of a test digit", "in the paper", "the pixel in the middle sees",
        "16 digits, each pixel once", "16 digits, naive sampler",
    ]  # fmt: skip
    cells = zip(rows, *map(column, NETWORKS), strict=True)
    lines = ["| measured | " + " | ".join(NETWORKS.values()) + " |", "|---|" + "---:|" * len(NETWORKS)]
    return "\n".join([*lines, *("| " + " | ".join(each) + " |" for each in cells)])


def beside_draw() -> str:
    """Exact likelihoods and DRAW's bound, on the same binarised test digits."""
    lines = ["| model | nats per picture | which is | test digits |", "|---|---:|---|---:|"]
    rows = [
        (found["metrics"]["nll"], title, kind, found["metrics"]["n"])
        for of, kind in ((NETWORKS, "exact"), (DRAW, "an upper bound"))
        for name, title in of.items()
        if (found := card(name))
    ]
    lines += [f"| {title} | {nll:.2f} | {kind} | {n:,} |" for nll, title, kind, n in sorted(rows)]
    return "\n".join(lines)


PAPERS_ABLATION = {"neither": 3.22, "skip": 3.09, "residual": 3.07, "both": 3.06}  # Table 2, bits/dim on CIFAR-10


def ablation() -> str:
    """Row LSTM without and with residual and skip connections, beside the paper's; nothing where it is not measured."""
    found = {name: card(f"rowlstm-{name}-mnist") for name in PAPERS_ABLATION}
    if not all(found.values()):
        return ""
    lines = [
        "Small Row LSTMs, all trained the same way; the paper's are larger, and trained on CIFAR-10:\n",
        "| connections | here | in the paper |",
        "|---|---:|---:|",
    ]
    for name, paper in PAPERS_ABLATION.items():
        lines.append(f"| {name} | {found[name]['metrics']['nll']:.2f} nats | {paper:.2f} bits/dim |")
    return "\n".join(lines)


def words() -> str:
    """What stands above the first table."""
    missing = [title for title in NETWORKS.values() if not networks.metrics(title)]
    small, rest = (networks.metrics(MULTI).get(f"nll of the {part}") for part in ("small picture", "rest"))
    text = "Seconds are those of one processor core; the naive sampler's are those of its first 14 pixels, times 56."
    if small and rest:
        text += f" Of {MULTI}'s nats {small:.1f} are for the small picture, and {rest:.1f} for the rest given it."
    return text + (f" Not measured yet: {frame.listed(missing)}." if missing else "")
