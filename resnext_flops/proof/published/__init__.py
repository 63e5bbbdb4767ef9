"""Figures as the papers print them, each with its source, and how a printed figure is held against an exact one."""

import re
import tomllib
from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from functools import cache
from pkgutil import get_data
from typing import TYPE_CHECKING, Any, NamedTuple

from resnext_flops.errors import InputError
from resnext_flops.numerals import POWERS, decimal, printed

if TYPE_CHECKING:
    from resnext_flops.complexity.ledger import Ledger


@cache
def published(paper: str) -> dict[str, Any]:
    """The figures of one paper (`resnext`). Numbers with a point or an exponent are Decimals: they keep their digits.

    >>> published("resnext")["table_1"]["params"]["resnet"]
    Decimal('2.55E+7')
    """
    text = get_data(__name__, f"{paper}.toml") or b""
    return tomllib.loads(text.decode(), parse_float=Decimal)


@cache
def table_files() -> tuple[str, ...]:
    """The ids of the tables that are data files.

    >>> "3" in table_files()
    True
    """
    from importlib.resources import files

    names = (file.name for file in files(__name__).joinpath("tables").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


# Units that papers print, and that the grammar of expressions does not have.
PRINTED_UNITS = {"K": "k", "B": "G"}
PRINTED = re.compile(r"~?([0-9.]\S*?) ?([kKMGBT]?)(?:i?FLOPs?|MACs?)?")


def parse_figure(text: str) -> Decimal:
    """A figure as it is printed, with its last digit: `4.12G`, `3.8e9`, `25.6 M`, `4.1 GFLOPs`, `4,089,184,256`.

    Numbers are those of the grammar of expressions, without the units of 1024, which have no last decimal digit.

    Raises InputError for what cannot be read.

    >>> parse_figure("4.12G"), parse_figure("4.10 GFLOPs")
    (Decimal('4.12E+9'), Decimal('4.10E+9'))
    """
    if not isinstance(text, str):
        raise InputError(f"the figure is {text!r}; give it as a text, as it is printed, such as '3.8e9'")
    number, unit = _parts(text)
    try:
        return decimal(number + unit)
    except ValueError:
        raise InputError(f"figure {text!r} cannot be read; write it as 4.12G, 3.8e9 or 4089184256") from None


def prefix_power(text: str) -> int:
    """The power of ten of the prefix of a figure that `parse_figure` reads; 0 where it has none.

    >>> prefix_power("4.12 GFLOPs"), prefix_power("25.6M"), prefix_power("3.8e9")
    (9, 6, 0)
    """
    number, unit = _parts(text)
    return POWERS.get(unit or number[-1:], 0)


def _parts(text: str) -> tuple[str, str]:
    """The number and the unit of a printed figure, both empty where it is none."""
    match = PRINTED.fullmatch(" ".join(text.replace(",", "").split()))
    number, unit = match.groups() if match else ("", "")
    return number, PRINTED_UNITS.get(unit, unit)


class Agreement(NamedTuple):
    """Whether an exact figure is the printed one: when rounded, or when truncated, to the last printed digit.

    >>> str(agreement(Decimal("25.5e6"), 25_557_032))
    'met, truncated'
    >>> str(agreement(Decimal("4.1e9"), 4_089_184_256))
    'met, rounded'
    >>> str(agreement(Decimal("25.0e6"), 25_028_904))
    'met'
    >>> str(agreement(Decimal("25.0e6"), 25_557_032))
    'differs by +2.23 %'
    """

    printed: Decimal
    exact: int | Decimal
    rounded: bool
    truncated: bool

    @property
    def holds(self) -> bool:
        """Whether the figures agree in the last printed digit, one way or the other."""
        return self.rounded or self.truncated

    def __str__(self) -> str:
        if not self.holds:
            return f"differs by {100 * (float(self.exact) / float(self.printed) - 1):+.2f} %"
        if self.rounded and self.truncated:
            return "met"
        return "met, rounded" if self.rounded else "met, truncated"


# Arithmetic that rounds no figure.
ALL_DIGITS = Context(prec=1000)


def agreement(printed: Decimal, exact: int | Decimal) -> Agreement:
    """Hold an exact figure against a printed one, whose last digit is part of it (`25.5e6`, not `25500000`)."""
    rounded, truncated = to_last_digit(exact, printed)
    return Agreement(printed, exact, rounded=rounded == printed, truncated=truncated == printed)


def to_last_digit(exact: int | Decimal, printed: Decimal) -> tuple[Decimal, Decimal]:
    """An exact figure with the digits of a printed one: rounded, and truncated.

    >>> to_last_digit(4_159_832_064, Decimal("4.1e9"))
    (Decimal('4.2E+9'), Decimal('4.1E+9'))
    """
    rounded, truncated = (Decimal(exact).quantize(printed, way, ALL_DIGITS) for way in (ROUND_HALF_UP, ROUND_DOWN))
    return rounded, truncated


# What a paper prints with "~" may be this far from the exact figure.
APPROXIMATE = 0.05


class Figure(NamedTuple):
    """A printed figure of a ledger, such as `params` or `macs`, of a network written as its call, or of one part of it.

    convention: the rules that give it, where they are not those of the figure's name.
    explanation: why a figure is not met although the network is right.
    """

    network: str
    figure: str
    printed: Decimal
    source: str
    approximate: bool = False
    part: str = ""
    explanation: str = ""
    convention: str = ""

    def __str__(self) -> str:
        of_part = f" of {self.part}" if self.part else ""
        by = f" by {self.convention}" if self.convention else ""
        return f"{'~' if self.approximate else ''}{printed(self.printed)} {self.figure}{of_part}{by}"

    def hold(self, ledger: "Ledger") -> Agreement:
        """Hold the figure of the network's ledger against the printed one."""
        part = ledger.stage(self.part) if self.part else ledger
        return agreement(self.printed, part.total(self.convention) if self.convention else getattr(part, self.figure))

    def allows(self, found: Agreement) -> bool:
        """Whether the figures agree in the last printed digit or, where the paper is approximate, within 5 percent.

        An explained figure must not agree, so that no explanation outlives its need.
        """
        if self.explanation:
            return not found.holds
        return found.holds or (self.approximate and abs(float(found.exact) / float(self.printed) - 1) <= APPROXIMATE)


@cache
def figures() -> tuple[Figure, ...]:
    """Every printed figure of a described network.

    >>> next(figure.printed for figure in figures() if figure.network == "resnet_cifar(110)")
    Decimal('1.7E+6')
    """
    whole = (
        Figure(
            network,
            figure,
            printed,
            group["source"],
            approximate=group.get("approximate", False),
            explanation=group.get("explanation", ""),
        )
        for group in published("figures")["figures"]
        for figure in ("params", "macs")
        for network, printed in group.get(figure, {}).items()
    )
    return (*whole, *_googlenet(), *_of_tables())


# What tables print of a network, and those whose every figure is held.
PRINTED_FIGURES = ("params", "weights", "macs", "activations")
HELD = (
    "convnext",
    "convnext-road",
    "efficientnet",
    "efficientnetv2",
    "mobilenet",
    "mobilenet-papers",
    "regnet",
    "senet",
)


def _of_tables() -> tuple[Figure, ...]:
    """The figures of the tables of later networks, row by row."""
    tables = [published(f"tables/{name}") for name in HELD]
    return tuple(figure for table in tables for row in table["rows"] for figure in row_figures(row, table["source"]))


def row_figures(row: Mapping[str, Any], source: str) -> list[Figure]:
    """The printed figures of a table's row, with the reasons in `explained`, and the conventions in `by`.

    >>> print(*row_figures({"network": "resnet(50)", "macs": Decimal("4.11e9"), "by": {"macs": "fvcore"}}, "a page"))
    4.11 G macs by fvcore
    """
    why, by = row.get("explained", {}), row.get("by", {})
    return [
        Figure(row["network"], name, row[name], source, explanation=why.get(name, ""), convention=by.get(name, ""))
        for name in PRINTED_FIGURES
        if name in row
    ]


def _googlenet() -> tuple[Figure, ...]:
    """The operations of GoogLeNet's table, row by row, and its budget."""
    table, budget = published("googlenet")["table_1"], published("googlenet")["budget"]
    rows = [(row, table["source"], row["part"]) for row in table["rows"]] + [(budget, budget["source"], "")]
    return tuple(
        Figure("googlenet('paper')", "macs", row["ops"], source, part=part, explanation=row.get("explanation", ""))
        for row, source, part in rows
    )
