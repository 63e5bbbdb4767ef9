"""One row of the data: what a model costs, what FlopCounterMode says of it, and its formula.

The three parts are made one after another, so that one that fails, or takes too long, leaves the others.
"""

import json
import random
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from resnext_flops.complexity.figures import COMMON
from resnext_flops.complexity.formula import substitute
from resnext_flops.complexity.lattices import Lattice
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.built import Built
from resnext_flops.errors import InputError
from resnext_flops.files import write
from resnext_flops.reports.zoo.architectures import found

# Sizes that are free in a formula, where a model has them.
FREE = ("r", "num_classes")
HELD = 20  # further sizes at which a formula is held
# Another number of classes is another module to be built; another image is not.
HELD_CLASSES = 4


class Row(NamedTuple):
    """What is known of one model. A reason stands where there is no figure or no formula.

    input: what it is called with, as behind `--input`.
    remarks: what is said of the count.
    flops: FlopCounterMode's total, two for a multiply-add.
    ours: the multiply-adds by our rules of the operators that FlopCounterMode is given.
    differences: our multiply-adds less FlopCounterMode's, by operator.
    free, formula, holds: the free sizes, the multiply-adds as a polynomial in them, and for which values of the first.
    held, missed: at how many further sizes the formula was held, and how many of its figures differed there.
    """

    model: str
    input: str = ""
    macs: int | None = None
    params: int | None = None
    activations: int | None = None
    remarks: tuple[str, ...] = ()
    no_count: str = ""
    flops: int | None = None
    ours: int | None = None
    differences: Mapping[str, int] = {}
    no_flops: str = ""
    free: str = ""
    formula: str = ""
    holds: str = ""
    held: int = 0
    missed: int = 0
    no_formula: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """The row of a line of the file."""
        return cls(**{**fields, "remarks": tuple(fields.get("remarks", ()))})

    def line(self) -> str:
        """The row as a line of the file: fields that say something."""
        empty = self._field_defaults
        return json.dumps({name: value for name, value in self._asdict().items() if value != empty.get(name)})

    @property
    def residue(self) -> int | None:
        """What the differences by operator do not explain of the difference; None where one of the counts is missing.

        >>> Row("net", macs=10, flops=12, differences={"aten.lstm": 4}).residue
        0
        """
        if self.macs is None or self.flops is None:
            return None
        return self.macs - self.flops // 2 - sum(self.differences.values())


def cost(model: Built) -> dict[str, Any]:
    """The figures of a model, counted."""
    ledger = model.cost()
    figures = {name: int(getattr(ledger, name)) for name in COMMON}
    return {"input": model.input_text, **figures, "remarks": remarks(ledger)}


def remarks(ledger: Ledger) -> tuple[str, ...]:
    """What is said of a count, and whether it is a lower bound."""
    assert ledger.trace is not None  # noqa: S101 (it was counted)
    unknown = sorted({each.operator for each in ledger.trace.unknown})
    return (*ledger.trace.remarks, *([f"a lower bound: no rule for {', '.join(unknown)}"] if unknown else []))


def by_torch(model: Built) -> dict[str, Any]:
    """FlopCounterMode's count of it."""
    from resnext_flops.counters.torch_count import count_with_torch

    return count_with_torch(model)._asdict()


def formula(model: Built) -> dict[str, Any]:
    """Its multiply-adds as a formula in all of `FREE` that it takes, or in one of them; and why not in more."""
    own = [size for size in FREE if size in model.sizes()]
    lacking = [size for size in FREE if size not in own]
    reason = f"the model has no size {' and no size '.join(lacking)}" if lacking else ""
    for free in (own, own[1:], own[:1]):
        if not free:
            continue
        try:
            form = model.closed_form("macs", *free)
        except InputError as error:
            reason = reason or str(error)
            continue
        lattices = form.reading.lattices
        sizes = sample(model.source, lattices)
        missed = sum(
            form.reading.exact(figure, each) != substitute(form.reading.figure(figure), each)
            for each in sizes
            for figure in COMMON
        )
        holds = str(lattices[free[0]])
        found = {"free": ", ".join(free), "formula": str(form), "holds": holds, "held": len(sizes), "missed": missed}
        return found | {"no_formula": reason}
    return {"no_formula": reason}


def sample(seed: str, lattices: Mapping[str, Lattice]) -> list[dict[str, int]]:
    """Sizes at random, within what was probed.

    >>> sizes = sample("net", {"r": Lattice(32, 32, 96)})
    >>> len(sizes), {each["r"] for each in sizes} <= {32, 64, 96}
    (20, True)
    """
    draw = random.Random(seed)  # noqa: S311 (no secret)
    values = {}
    for name, lattice in lattices.items():
        last = ((lattice.last or 0) - lattice.start) // lattice.step
        count = HELD if name == FREE[0] else HELD_CLASSES
        drawn = [lattice.start + lattice.step * draw.randint(0, last) for _ in range(count)]
        values[name] = [drawn[place % count] for place in range(HELD)]
    return [{name: values[name][place] for name in lattices} for place in range(HELD)]


class Part(NamedTuple):
    """One part of a row: what makes it, the field of its figure, and that of the reason where it cannot be made."""

    make: Callable[[Built], dict[str, Any]]
    figure: str
    reason: str

    def is_in(self, row: Row) -> bool:
        """Whether a row has this part.

        >>> [PARTS["cost"].is_in(row) for row in (Row("net"), Row("net", macs=0), Row("net", no_count="why"))]
        [False, True, True]
        """
        return getattr(row, self.figure) not in {None, ""} or getattr(row, self.reason) != ""


PARTS: Mapping[str, Part] = {
    "cost": Part(cost, "macs", "no_count"),
    "by_torch": Part(by_torch, "flops", "no_flops"),
    "formula": Part(formula, "formula", "no_formula"),
}


def part(name: str, model: str) -> dict[str, Any]:
    """The fields of one part of the row of a model."""
    try:
        with found(model) as one:
            assert isinstance(one, Built)  # noqa: S101 (a library's model)
            return PARTS[name].make(one)
    except InputError as error:
        return {PARTS[name].reason: str(error)}


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows, sorted by name, a line each."""
    lines = [row.line() for row in sorted(rows)]
    write(path, "[\n" + ",\n".join(lines) + "\n]\n")


def read_rows(path: Path) -> dict[str, Row]:
    """The rows of a file by the names of their models; none where there is no file."""
    if not path.exists():
        return {}
    rows = [Row.read(fields) for fields in json.loads(path.read_text(encoding="utf-8"))]
    return {row.model: row for row in rows}
