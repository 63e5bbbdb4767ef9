"""Rows of the project's tables as points of a picture."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

from resnext_flops.show.table import Cell

Row: TypeAlias = Mapping[str, Cell]


def point(row: Row, figure: str, unit: float, error: str) -> tuple[float, float]:
    """An exact figure of a row in a unit, and a printed error in percent: as floats, to be drawn.

    Raises TypeError for a cell that is neither.

    >>> point({"params": 25557032, "top1": Decimal("23.9")}, "params", 1e6, "top1")
    (25.557032, 23.9)
    """
    across, up = row[figure], row[error]
    if not isinstance(across, int) or not isinstance(up, Decimal):
        raise TypeError(f"{figure} is {across!r} and {error} is {up!r}, which are no figure and no printed error")
    return across / unit, float(up)
