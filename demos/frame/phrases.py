"""Numbers and lists as a sentence has them."""

from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """A list as a sentence has it: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def counted(n: int, thing: str) -> str:
    """ "1 pixel", "1,204 pixels"."""
    return f"{n:,} {thing}{'s' * (n != 1)}"


def number(value: float, digits: int = 2) -> str:
    """A number as a sentence has it: 1,204.50, −0.25 with a real minus, and 0.00 where it rounds to nothing."""
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", "−")
