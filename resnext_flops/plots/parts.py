"""What the estimated times of two networks are made of, on each machine, as stacked bars."""

from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes

from resnext_flops.complexity.features import PRODUCTS
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.profile import LAUNCHES, PARTS, TRAFFIC, Estimate, Named, estimate, profiles, shipped
from resnext_flops.counters.lookup import Given, ledger
from resnext_flops.plots import kinds
from resnext_flops.plots.stacks import legend, stack
from resnext_flops.plots.style import BLACK, label, panel, styled

INCHES_A_LINE = 0.115
NAME_LETTERS = 24
# The kind of layer that the arithmetic of each part is of, as in all pictures.
KINDS: Mapping[str, str] = {
    PRODUCTS["dense"]: kinds.DENSE,
    PRODUCTS["pointwise"]: kinds.POINTWISE,
    PRODUCTS["grouped"]: kinds.GROUPED,
    PRODUCTS["depthwise"]: kinds.DEPTHWISE,
    PRODUCTS["linear"]: kinds.CONNECTED,
    **dict.fromkeys((PRODUCTS["matmul"], PRODUCTS["attention"], PRODUCTS["recurrent"]), kinds.PRODUCT),
}
# These two are of no kind of layer, and have no colour.
LOOKS: Mapping[str, Mapping[str, Any]] = {
    **kinds.LOOKS,
    TRAFFIC: {"facecolor": "#BBBBBB", "edgecolor": "white"},
    LAUNCHES: {"facecolor": "white", "edgecolor": BLACK, "hatch": "////"},
}


@styled
def parts(
    first: "Given | Ledger",
    second: "Given | Ledger",
    axes: Axes | None = None,
    *,
    on: Named | Iterable[Named] = (),
    batch: int | None = None,
    column: bool = False,
) -> Axes:
    """What the times of two networks are made of, in percent of the time of the first: two bars a machine.

    Arithmetic has the colour of its kind of layer.

    first, second: networks, names of models as on the command line, or ledgers.
    on: the profile, or several; those of the package without them.
    batch: examples at once; of each profile its own unless given.
    axes, column: where to draw; without axes, in a new figure.

    Raises InputError for a name that no model or profile has.

    >>> axes = parts("resnet50", "resnext50_32x4d", on=["rtx3090"])
    >>> [text.get_text().splitlines()[0] for text in axes.get_yticklabels()]
    ['rtx3090', 'rtx3090']
    """
    ledgers = ledger(first), ledger(second)
    found = {name: [estimate(each, one, batch) for one in ledgers] for name, each in profiles(on or shipped()).items()}
    rows = [shares(each, some[0]) for some in found.values() for each in some]
    of = "" if batch is None else f", batch {batch:,}"
    names = [_label(f"{name}{of}", each) for name, some in found.items() for each in some]
    lines = max(len(name.splitlines()) for name in names)
    drawn = axes or panel(1.0 + INCHES_A_LINE * lines * len(rows), column)
    known = {part: look for part, look in LOOKS.items() if any(part in row for row in rows)}
    stack(drawn, rows, known, 1)
    for place, row in enumerate(rows):
        label(drawn, f"{sum(row.values()):.0f} %", (sum(row.values()), place), (3, 0))
    drawn.set_yticks(range(len(rows)), names)
    most = max(sum(row.values()) for row in rows)
    apart = "\n" if column else " "  # the panel is narrow
    drawn.set(
        xlabel=f"estimated time,{apart}of that of the first network (%)", xlim=(0, (1.25 if column else 1.12) * most)
    )
    legend(drawn, known, 2 if column else 5)
    return drawn


def _label(name: str, found: Estimate) -> str:
    """What a bar is: the profile, the network, and what the profile has no evidence for."""
    return "\n".join((name, *(fill(line, NAME_LETTERS) for line in (found.name, *found.remarks))))


def shares(found: Estimate, first: Estimate) -> dict[str, float]:
    """The parts of a time in percent of the whole time of the first network, by what they are called in pictures."""
    made_of: dict[str, float] = {}
    for part in PARTS:
        if taken := found.parts.get(part, 0):
            name = KINDS.get(part, part)
            made_of[name] = made_of.get(name, 0) + 100 * taken / first.femtoseconds
    return made_of
