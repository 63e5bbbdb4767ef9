"""The formula of every classification model of torchvision and of many of timm, held at 20 sizes: `make formulas`.

`python -m resnext_flops.reports.zoo_formulas FILE [MODEL]...` interpolates the multiply-adds of the named models, or of
all these, in the resolution and the classes, and writes the file. Two models at a time, each in a process of its own.
"""

import multiprocessing
import random
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from resnext_flops.complexity.figures import COMMON
from resnext_flops.complexity.formula import substitute
from resnext_flops.complexity.lattices import Lattice
from resnext_flops.counters.lookup import model as model_of
from resnext_flops.counters.zoos import zoo
from resnext_flops.errors import InputError
from resnext_flops.files import write
from resnext_flops.show.render import to_markdown
from resnext_flops.show.table import Column, Table

# Sizes that are free where a model has them. Every further size of a sample is another count.
FREE = ("r", "num_classes")
TIMM = 150
HELD = 20
HEADING = """# The formulas of two libraries' models

The multiply-adds of each model as a polynomial in the pixels r of its image and in its classes, interpolated from exact
counts of the real constructor, and then held, with its parameters and activations, at {held} further sizes that were
drawn at random. `make formulas` writes this file. A model that refuses other images than its own has a formula in its
classes alone, and the reason is told.
"""


class Found(NamedTuple):
    """The formula of one model: in which sizes, for which of them, and at how many sizes it was held and missed."""

    model: str
    free: str
    formula: str
    holds: str
    held: int
    missed: int
    remark: str


def formula(name: str) -> Found:
    """The formula of a model in all of `FREE` that it takes."""
    model = model_of(name)
    own = [size for size in FREE if size in model.sizes()]
    remark = ""
    for free in (own, own[1:], own[:1]):
        if not free:
            continue
        try:
            form = model.closed_form("macs", *free)
        except InputError as error:
            remark = remark or str(error)
            continue
        lattices = form.reading.lattices
        sizes = sample(name, lattices)
        missed = sum(
            form.reading.exact(figure, each) != substitute(form.reading.figure(figure), each)
            for each in sizes
            for figure in COMMON
        )
        return Found(name, ", ".join(free), str(form), str(lattices[free[0]]), len(sizes), missed, remark)
    return Found(name, "", "", "", 0, 0, remark or "it has neither")


def sample(seed: str, lattices: Mapping[str, Lattice]) -> list[dict[str, int]]:
    """Sizes at random, within what was probed."""
    draw = random.Random(seed)  # noqa: S311 (no secret)
    steps = {name: ((lattice.last or 0) - lattice.start) // lattice.step for name, lattice in lattices.items()}
    return [
        {name: lattice.start + lattice.step * draw.randint(0, steps[name]) for name, lattice in lattices.items()}
        for _ in range(HELD)
    ]


def models() -> list[str]:
    """All of torchvision's classification models, and 150 of timm's, drawn at random."""
    timm = random.Random(0).sample(sorted(zoo("timm").names()), TIMM)  # noqa: S311
    return [f"torchvision:{name}" for name in zoo("torchvision").names()] + [f"timm:{name}" for name in timm]


def table(found: Sequence[Found]) -> Table:
    """A row a model, and how many have a formula."""
    with_formula = [each for each in found if each.formula]
    whole = sum(each.free == ", ".join(FREE) for each in found)
    missed = sum(each.missed for each in found)
    note = (
        f"{len(with_formula)} of {len(found)} models have a formula, {whole} of them in both sizes; of "
        f"{sum(each.held for each in found) * len(COMMON):,} figures at held-out sizes {missed:,} differ."
    )
    columns = [
        Column("model", "model"),
        Column("free", "free"),
        Column("formula", "multiply-adds"),
        Column("holds", "for the first of them ="),
        Column("held", "held at"),
        Column("missed", "figures that differ"),
        Column("remark", "why not in more"),
    ]
    return Table("zoo-formulas", "Formulas", "", columns, [each._asdict() for each in found], (note,))


def main(arguments: Sequence[str]) -> None:
    """Interpolate models and write the table."""
    path, names = Path(arguments[0]), arguments[1:] or models()
    rows = []
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), max_tasks_per_child=8) as workers:
        for found in workers.map(formula, names):
            print(f"{found.model}: {found.formula or found.remark}", file=sys.stderr)  # noqa: T201
            rows.append(found)
    write(path, f"{HEADING.format(held=HELD)}\n{to_markdown(table(rows))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
