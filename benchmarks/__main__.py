"""All benchmarks, or the named ones, as one table of ratios with their intervals."""

import sys
from collections.abc import Sequence
from fractions import Fraction
from importlib import import_module
from pkgutil import iter_modules

import benchmarks
from benchmarks.pairs import Comparison
from resnext_flops.errors import unknown
from resnext_flops.machine.timing import spread
from resnext_flops.show.output import emit
from resnext_flops.show.table import Cell, Column, Table

OWN = ("__main__", "pairs")


def table(rows: Sequence[tuple[str, Comparison]]) -> Table:
    """The rows of benchmarks, each under the name of its module."""
    columns = (
        Column("benchmark", "benchmark"),
        Column("what", "what / against what"),
        Column("ratio", "ratio"),
        Column("uncertainty_percent", "±"),
        Column("pairs", "pairs", rank=1),
        Column("aim", "aim"),
    )
    note = (
        "Medians of the ratios of pairs of runs; ± is half of the interval that holds the median with a confidence of "
        "at least 95 percent, or half of the range where there are fewer than 6 pairs."
    )
    return Table("bench", "Paired measurements", "", columns, [_row(*each) for each in rows], (note,))


def _row(name: str, row: Comparison) -> dict[str, Cell]:
    found = spread(row.ratios)
    numbers: dict[str, Cell] = {"ratio": found.median, "uncertainty_percent": Fraction(found.uncertainty)}
    return {"benchmark": name, "what": row.what, **numbers, "pairs": found.values, "aim": row.aim}


def main(names: Sequence[str]) -> None:
    """Run benchmarks by name, all of them by default, and print their table."""
    known = [each.name for each in iter_modules(benchmarks.__path__) if each.name not in OWN]
    for name in names:
        if name not in known:
            sys.exit(f"benchmarks: {unknown('benchmark', name, known)}")
    found: list[tuple[str, Comparison]] = []
    for name in names or known:
        print(f"{name} ...", file=sys.stderr)
        found += [(name, row) for row in import_module(f"benchmarks.{name}").rows()]
    emit([table(found)], "rich", None)


if __name__ == "__main__":
    main(sys.argv[1:])
