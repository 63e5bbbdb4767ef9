"""The grid of a sweep: what values each free size takes, and the number of each design in it.

Designs are numbered as they would be enumerated, the last size first. A number stands for the same design however the
sweep is run, and decides between designs that are equal otherwise.
"""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from resnext_flops.complexity.layers import size
from resnext_flops.errors import InputError

Whole: TypeAlias = npt.NDArray[np.int64]

# A size with more values than this is a mistake; ten thousand of three sizes are 10^12 designs.
MOST_VALUES = 10_000_000
MOST_DESIGNS = 2**62


class Axis(NamedTuple):
    """A free size and its values, ascending."""

    name: str
    values: Whole

    def __str__(self) -> str:
        """The axis as a text: a range where it is one, or its values.

        >>> print(axis("d", "8:64:8"), axis("r", [160, 192, 256]), axis("C", 4))
        d = 8:64:8 r = 160,192,256 C = 4
        """
        steps = np.diff(self.values)
        if len(steps) < 2 or np.any(steps != steps[0]):
            return f"{self.name} = {','.join(map(str, self.values))}"
        step = "" if steps[0] == 1 else f":{steps[0]}"
        return f"{self.name} = {self.values[0]}:{self.values[-1]}{step}"


def axis(name: str, given: "str | int | Iterable[int]") -> Axis:
    """An axis from a text such as `1:64`, `8:64:8` or `1,2,4:16:4` (both ends included), or from whole numbers.

    Raises InputError for what is neither, or holds no value.

    >>> axis("C", "1,2,4:16:4").values.tolist()
    [1, 2, 4, 8, 12, 16]
    >>> axis("d", range(4, 7)).values.tolist()
    [4, 5, 6]
    """
    if isinstance(given, str):
        numbers = _of_ranges(name, [_range(name, part) for part in given.split(",")])
    elif isinstance(given, range):
        numbers = _of_ranges(name, [given])
    else:
        numbers = np.fromiter(_few(name, given if isinstance(given, Iterable) else [given]), dtype=np.int64)
    if not len(numbers):
        raise InputError(f"{name} has no values; give some, such as 1:64 or 1,2,4")
    # NumPy's own `unique` takes twenty times as long on a million numbers that all differ.
    ascending = numbers if np.all(np.diff(numbers) > 0) else np.sort(numbers)
    return Axis(name, ascending[np.diff(ascending, prepend=0) > 0])


def _of_ranges(name: str, given: Iterable[range]) -> Whole:
    """The numbers of ranges. Their ends and lengths are looked at before a number is made."""
    ranges = [numbers for numbers in given if numbers]
    for numbers in ranges:
        _number(name, numbers[0])
        _number(name, numbers[-1])
    if sum(map(len, ranges)) > MOST_VALUES:
        raise _too_many(name)
    return np.concatenate([np.empty(0, dtype=np.int64), *map(_array, ranges)])


def _array(numbers: range) -> Whole:
    # The step of a single number may be larger than what an array can hold.
    step = numbers.step if len(numbers) > 1 else 1
    return numbers[0] + step * np.arange(len(numbers), dtype=np.int64)


def _few(name: str, numbers: Iterable[Any]) -> Iterable[int]:
    for count, number in enumerate(numbers):
        if count == MOST_VALUES:
            raise _too_many(name)
        yield _number(name, number)


def _number(name: str, given: Any) -> int:
    number: int = size(name, given)
    if number > MOST_DESIGNS:
        raise InputError(f"{name} is {given}; it must be at most {MOST_DESIGNS:,}")
    return number


def _too_many(name: str) -> InputError:
    return InputError(f"{name} has more than {MOST_VALUES:,} values; give fewer, or a step such as 1:64:8")


def _range(name: str, text: str) -> range:
    try:
        numbers = [int(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 3 or (len(numbers) == 3 and numbers[2] < 1):
        raise InputError(f"{name} cannot be {text!r}; give values such as 8, 1:64 or 8:64:8")
    first, last = numbers[0], numbers[min(1, len(numbers) - 1)]
    if last < first:
        raise InputError(f"{name} cannot be {text!r}; the range is empty")
    return range(first, last + 1, *numbers[2:])


class Grid:
    """The axes of a sweep, and the way from the number of a design to its sizes.

    >>> grid = Grid([axis("C", "1,2,4"), axis("d", "8:9")])
    >>> grid.designs, {name: each.tolist() for name, each in grid.sizes(np.array([0, 3])).items()}
    (6, {'C': [1, 2], 'd': [8, 9]})
    """

    def __init__(self, axes: Sequence[Axis]) -> None:
        """The grid of axes. Raises InputError for none, or for more designs than can be numbered."""
        if not axes:
            raise InputError("a sweep needs a free size; give one, such as d=1:128")
        self.axes = tuple(axes)
        self.shape = tuple(len(axis.values) for axis in axes)
        self.designs = prod(self.shape)
        if self.designs > MOST_DESIGNS:
            raise InputError(f"the grid has {self.designs:,} designs; at most {MOST_DESIGNS:,} can be numbered")
        self.strides = tuple(prod(self.shape[place + 1 :]) for place in range(len(axes)))

    def positions(self, numbers: Whole) -> dict[str, Whole]:
        """The position of designs on each axis."""
        found = np.unravel_index(numbers, self.shape)
        return {axis.name: place for axis, place in zip(self.axes, found, strict=True)}

    def sizes(self, numbers: Whole) -> dict[str, Whole]:
        """The sizes of designs by their numbers."""
        positions = self.positions(numbers)
        return {axis.name: axis.values[positions[axis.name]] for axis in self.axes}


def once(over: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Values by the size they are of. Raises InputError for a size that has values twice.

    >>> once([("C", "1:4"), ("C", "8")])
    Traceback (most recent call last):
    resnext_flops.InputError: values of C are given twice; give them once
    """
    found: dict[str, Any] = {}
    for name, values in over:
        if name in found:
            raise InputError(f"values of {name} are given twice; give them once")
        found[name] = values
    return found


def grid(over: Iterable[tuple[str, Any]]) -> Grid:
    """The grid of sizes and their values. Raises InputError as `axis` and `Grid` do."""
    return Grid([axis(name, given) for name, given in once(over).items()])
