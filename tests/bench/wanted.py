"""Compares figures, as they are printed, with what is wanted of them."""

import re
from collections.abc import Iterable

MET, MISSED = "yes", "**no**"
NUMBER = r"\d*\.?\d+"

Row = tuple[str, str, str]
"""What is measured, the figure, and what is wanted of it; nothing, of one that is told only."""


def verdict(measured: str, wanted: str) -> str:
    """Tell whether each number is within its bound, the first within the first, and so on.

    Returns:
        "" where nothing is wanted, or nothing was measured.

    Raises:
        ValueError: a bound has no number to hold for.
    """
    bounds = re.findall(rf"([<>]=) *({NUMBER})", wanted)
    numbers = re.findall(NUMBER, measured)
    if not bounds or not numbers:
        return ""
    if len(numbers) < len(bounds):
        raise ValueError(f"{measured!r} has no number for each of {wanted!r}")
    pairs = zip(numbers, bounds, strict=False)  # what comes after them is told only
    within = [
        float(number) >= float(bound) if side == ">=" else float(number) <= float(bound)
        for number, (side, bound) in pairs
    ]
    return MET if all(within) else MISSED


def missed(rows: Iterable[Row]) -> list[str]:
    """List what is wanted and was measured, but not reached."""
    return [what for what, measured, wanted in rows if verdict(measured, wanted) == MISSED]
