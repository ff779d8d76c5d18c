"""What was measured, from the cards: the three networks compared, and exact likelihoods beside DRAW's bound."""

from typing import Any

import core
from core.weights import WeightsError
from demos.pixels import networks
from demos.pixels.networks import NETWORKS

DRAW = {"draw-mnist": "DRAW", "draw-noattention-mnist": "DRAW without attention"}


def card(name: str) -> dict[str, Any]:
    """A card whose model was measured; nothing where there is none."""
    try:
        found = core.card(name)
    except WeightsError:
        return {}
    return found if "nll" in found["metrics"] else {}


def number(value: Any, digits: int = 2) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def compared() -> str:
    """The three networks: how far a pixel sees, how long a sample takes, how likely test digits are."""
    lines = [
        "| network | layers × h | trained for | −log p of test digits | in the paper | the pixel in the middle sees "
        "| 16 digits, each pixel once | naive sampler |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, title in NETWORKS.items():
        found = card(name)
        if not found:
            lines.append(f"| {title} | – | – | not measured yet | – | – | – | – |")
            continue
        metrics, config = found["metrics"], found["config"]
        seen = metrics.get("receptive_field")
        fast, naive = metrics.get("sample_seconds"), metrics.get("naive_seconds")
        times = f", {naive / fast:.0f} ×" if fast and naive else ""
        cells = [
            title,
            f"{config['depth']} × {config['filters']}",
            f"{found['training']['steps']:,} steps",
            f"{metrics['nll']:.2f} nats",
            number(found["reported"].get("nll")),
            "–" if seen is None else f"{seen:.0f} of {metrics['before']:.0f} before it",
            number(fast) + " s" * (fast is not None),
            number(naive, 0) + " s" * (naive is not None) + times,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def beside_draw() -> str:
    """Exact likelihoods and DRAW's bound, on the same binarised test digits."""
    lines = ["| model | nats a picture | which is | test digits |", "|---|---:|---|---:|"]
    rows = [
        (found["metrics"]["nll"], title, kind, found["metrics"]["n"])
        for of, kind in ((NETWORKS, "exact"), (DRAW, "an upper bound"))
        for name, title in of.items()
        if (found := card(name))
    ]
    lines += [f"| {title} | {nll:.2f} | {kind} | {n:,} |" for nll, title, kind, n in sorted(rows)]
    return "\n".join(lines)


def words() -> str:
    """What stands above the first table."""
    missing = [title for title in NETWORKS.values() if not networks.metrics(title)]
    text = "Seconds are those of one processor core; the naive sampler's are those of two rows, times 14."
    return text + (f" Not measured yet: {networks.listed(missing)}." if missing else "")
