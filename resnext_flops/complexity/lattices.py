"""Free sizes: what is asked of one, and for which values its formulas hold."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from resnext_flops.errors import InputError

ASKED = re.compile(r"(?P<name>[^\W\d]\w*)(?:=(?P<start>[1-9]\d{0,18})(?::(?P<step>[1-9]\d{0,18}))?)?")


class Span(NamedTuple):
    """What is asked of a free size: values from `start` on, `step` apart, up to `last`. None leaves it open."""

    start: int | None = None
    step: int | None = None
    last: int | None = None


def named_span(text: str) -> tuple[str, Span]:
    """A free size and what is asked of it, from a text such as `r`, `w=96` or `r=224:32`: NAME[=START[:STEP]].

    Raises InputError for any other text.

    >>> named_span("r=224:32")
    ('r', Span(start=224, step=32, last=None))
    """
    match = ASKED.fullmatch(text)
    if match is None:
        raise InputError(
            f"{text!r} is no free size; write it as NAME, NAME=START or NAME=START:STEP with whole numbers of up to 19 "
            "digits, such as r=224:32"
        )
    start, step = (int(number) if number else None for number in (match["start"], match["step"]))
    return match["name"], Span(start, step)


def spans(free: "Iterable[str] | Mapping[str, Span]", known_as: Callable[[str], str]) -> dict[str, Span]:
    """What is asked of free sizes, by the names that their model has for them.

    Raises InputError for one size that is given by two names.
    """
    given = free if isinstance(free, Mapping) else dict.fromkeys(free, Span())
    found: dict[str, Span] = {}
    for name, span in given.items():
        if (known := known_as(name)) in found:
            raise InputError(f"{name} and {known} are one size; give it once")
        found[known] = span
    return found


class Lattice(NamedTuple):
    """For which values of a size a formula holds: start, start + step, ..., up to last, or without end."""

    start: int
    step: int = 1
    last: int | None = None

    def __str__(self) -> str:
        if self.step == 1:
            return f"{'of at least' if self.last is None else 'from'} {self.start}{self._end(' to ')}"
        return f"{', '.join(str(self.start + self.step * steps) for steps in range(3))}, ...{self._end(', ')}"

    def _end(self, before: str) -> str:
        return "" if self.last is None else f"{before}{self.last}"

    def of(self, names: str) -> str:
        """The same as a phrase, for some names.

        >>> Lattice(32, 32, 96).of("r"), Lattice(2).of("C, d")
        ('for r = 32, 64, 96, ..., 96', 'for every whole number C, d of at least 2')
        """
        return f"for every whole number {names} {self}" if self.step == 1 else f"for {names} = {self}"

    def holds(self, value: int) -> bool:
        """Whether a formula holds for a value."""
        between = (value - self.start) % self.step
        return not between and self.start <= value and (self.last is None or value <= self.last)

    def check(self, name: str, value: Any) -> None:
        """Raises InputError, with the nearest values that have a formula, for a value without one.

        >>> Lattice(32, 32).check("r", 330)
        Traceback (most recent call last):
        resnext_flops.InputError: r is 330, and the formula holds for 32, 64, 96, ...; the nearest are 320 and 352
        """
        if type(value) is not int or value < self.start:
            raise InputError(f"{name} is {value!r}; it must be a whole number of at least {self.start}")
        if between := (value - self.start) % self.step:
            near = f"{value - between} and {value - between + self.step}"
            raise InputError(f"{name} is {value}, and the formula holds for {self}; the nearest are {near}")
        if not self.holds(value):
            raise InputError(f"{name} is {value}; the formula was tried up to {self.last}")
