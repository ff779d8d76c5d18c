"""What visitors send, checked: a value of any kind either fits or gets one sentence (ValueError)."""

import math
from collections.abc import Collection
from numbers import Real
from typing import Any


def shown(value: Any, most: int = 40) -> str:
    """The start of what a value looks like; of one that Python cannot print, its type."""
    if isinstance(value, str):
        return repr(value if len(value) <= most else value[:most] + "...")
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, a list a thousand deep
        return f"something of type {type(value).__name__} that is too large to show"
    return text if len(text) <= most else text[:most] + "..."


def known(value: Any, names: Collection[str]) -> bool:
    """Whether a value is one of some names. A list or a dictionary is none: it cannot even be looked up."""
    return isinstance(value, str) and value in names


def number(
    what: str, value: Any, low: float, high: float = math.inf, *, above: bool = False, whole: bool = False
) -> float:
    """The value as a float from low to high. No NaN, no infinity, and nothing that is beyond a float.

    what: its name in the sentence, such as "the batch". above: low itself is too low. whole: fractions do not count.
    """
    try:
        found = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        found = math.nan
    inside = math.isfinite(found) and low <= found <= high and not (above and found == low)
    if not inside or (whole and found % 1):
        kind = "whole number" if whole else "number"
        limits = f"above {low:g}" if above else f"from {low:g} to {high:g}"
        raise ValueError(f"{what} must be a {kind} {limits}, got {shown(value)}")
    return found
