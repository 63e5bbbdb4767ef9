"""What each printed figure is: the best of the hypotheses that meet it, as `make published` found them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from pkgutil import get_data
from typing import NamedTuple

import msgspec

from resnext_flops.proof.identify.hypotheses import Hypothesis, Match, Number
from resnext_flops.proof.identify.weights import BELIEVED
from resnext_flops.proof.published.collection import PrintedFigure, printed_figures

# From so many digits on a figure can be told from chance.
ENOUGH_DIGITS = 3


class Found(msgspec.Struct, frozen=True, array_like=True):
    """What was found of a figure, as it is kept.

    hypothesis: its number. doubled: twice the exact figure. ways: whether that is rounded, truncated, or one off.
    posterior: how probable it is against chance; 0 for the nearest one where none meets the figure.
    tried: of how many hypotheses.
    """

    hypothesis: int
    doubled: int
    ways: tuple[bool, bool, bool]
    posterior: float
    tried: int


class Kept(msgspec.Struct, frozen=True):
    """The file. figures: by source, in the order in which they are printed; None where no model was counted."""

    hypotheses: tuple[Hypothesis, ...]
    figures: Mapping[str, tuple[Found | None, ...]]


class Verdict(NamedTuple):
    """A printed figure, and what it is.

    match: the best hypothesis, or the nearest where none meets the figure; None where the model is not built here.
    posterior: how probable it is against chance. tried: of how many hypotheses.
    """

    figure: PrintedFigure
    match: Match | None = None
    posterior: float = 0.0
    tried: int = 0

    @property
    def explained(self) -> bool:
        """Whether it is probable enough."""
        return self.posterior >= BELIEVED

    @property
    def can_be_explained(self) -> bool:
        """Whether its model is built here, and it has digits enough."""
        return self.match is not None and self.figure.digits >= ENOUGH_DIGITS


@cache
def verdicts() -> tuple[Verdict, ...]:
    """Every printed figure, and what it is.

    >>> next(each for each in verdicts() if each.figure.model == "HRNet-W18-C").explained
    True
    """
    kept = msgspec.json.decode(get_data(__name__, "verdicts.json") or b"", type=Kept)
    found = {name: iter(each) for name, each in kept.figures.items()}
    return tuple(_verdict(figure, next(found[figure.source]), kept.hypotheses) for figure in printed_figures())


def _verdict(figure: PrintedFigure, found: Found | None, hypotheses: Sequence[Hypothesis]) -> Verdict:
    if found is None:
        return Verdict(figure)
    exact: Number = Fraction(found.doubled, 2) if found.doubled % 2 else found.doubled // 2
    return Verdict(figure, Match(hypotheses[found.hypothesis], exact, *found.ways), found.posterior, found.tried)


def encoded(given: Sequence[Verdict]) -> bytes:
    """The content of the file, a figure a line. The verdicts are in the order of `printed_figures`."""
    numbers: dict[Hypothesis, int] = {}
    lines: dict[str, list[str]] = {}
    for each in given:
        line = "null"
        if each.match:
            number = numbers.setdefault(each.match.hypothesis, len(numbers))
            ways = each.match.rounded, each.match.truncated, each.match.off
            found = Found(number, int(2 * each.match.exact), ways, round(each.posterior, 4), each.tried)
            line = msgspec.json.encode(found).decode()
        lines.setdefault(each.figure.source, []).append(line)
    every = ",\n".join(
        f'"{name}": [\n{",".join(chr(10) + line for line in of_source)[1:]}\n]' for name, of_source in lines.items()
    )
    hypotheses = ",\n".join(msgspec.json.encode(each).decode() for each in numbers)
    return f'{{"hypotheses": [\n{hypotheses}\n],\n"figures": {{\n{every}\n}}}}\n'.encode()
