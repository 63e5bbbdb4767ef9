"""How the counters disagree on a network: from our multiply-adds, step by step, to the figure of each."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from resnext_flops.complexity.conventions import CONVENTIONS, distinct
from resnext_flops.complexity.conventions.convention import SECOND
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.audit import Step, bridge
from resnext_flops.counters.lookup import Given, built, ledger
from resnext_flops.errors import InputError
from resnext_flops.plots.kinds import of, present
from resnext_flops.plots.stacks import legend, stack
from resnext_flops.plots.style import BLACK, panels, scaled, styled, titled

INCHES_A_COUNTER = 0.16
OURS, TWICE, MORE, UNSEEN = "multiply-adds", "counted as two", "counted otherwise", "not seen"
# Without a colour: these are no kinds of layers.
LOOKS: Mapping[str, Mapping[str, Any]] = {
    OURS: {"facecolor": "#444444", "edgecolor": "white"},
    TWICE: {"facecolor": "#BBBBBB", "edgecolor": "white", "hatch": "////"},
    MORE: {"facecolor": "white", "edgecolor": BLACK, "hatch": "xxxx"},
    UNSEEN: {"facecolor": "none", "edgecolor": BLACK, "linestyle": ":"},
}


class Bridge(NamedTuple):
    """One counter's figure, and the steps that lead to it from our multiply-adds."""

    counter: str
    unit: str
    figure: int
    steps: Sequence[Step]


def bridges(cost: Ledger) -> list[Bridge]:
    """The bridge to every counter's figure, the smallest figure first.

    >>> import resnext_flops as rf
    >>> first = bridges(rf.resnet(50).cost())[0]
    >>> first.figure == rf.resnet(50).cost().macs, first.steps
    (True, ())
    """
    found = []
    for name in distinct(cost.total):
        terms = cost.terms(name)
        found.append(Bridge(name, CONVENTIONS[name].unit, int(terms.total), bridge(cost, terms)))
    return sorted(found, key=lambda each: each.figure)


def bridged(model: "Given | Ledger") -> tuple[Ledger, list[Bridge]]:
    """The ledger of a model, and its bridges: of the real model, where a description lacks what a counter looks at.

    >>> bridged("resnet50")[0].name
    'resnet(50)'
    """
    cost = ledger(model)
    try:
        return cost, bridges(cost)
    except InputError:
        if isinstance(model, Ledger):
            raise
    cost = built(model).cost()
    return cost, bridges(cost)


@styled
def counters(
    model: "Given | Ledger", axes: tuple[Axes, Axes] | None = None, *, column: bool = False
) -> tuple[Axes, Axes]:
    """Every counter's figure for a network: its multiply-adds (left), and what it counts besides by kind (right).

    A bar begins where the one before it ends, and the filled bars of a row on both sides add up to the figure at its
    end. Multiply-adds that a counter does not see are an empty bar beyond the filled ones, and what it takes away
    besides (one addition less a sum, for instance) is left of zero. The figures are those that `audit` predicts.

    model: a network, the name of a model as on the command line, or a ledger.
    axes, column: where to draw; without axes, in a new figure.

    Raises InputError for a name that no model has.

    >>> left, right = counters("resnet50")
    >>> right.get_xlabel()
    'all else (M)'
    """
    cost, found = bridged(model)
    if not any(row.figure for row in found):
        raise InputError(f"{cost.name!r} has nothing that a counter counts; give a network with convolutions")
    whole, besides = axes or panels(1.5 + INCHES_A_COUNTER * len(found), column, beside=True)
    places = range(len(found))
    products, others = [multiply_adds(cost, row) for row in found], [by_kind(row) for row in found]
    apart = "\n" if column else " "  # the panels are narrow
    letter = _draw(whole, products, LOOKS)
    whole.set(xlabel=f"multiply-adds{apart}({letter})", title=titled(cost))
    whole.set_yticks(places, [row.counter for row in found])
    letter = _draw(besides, others, present(others))
    besides.set_xlabel(f"all else{apart}({letter})")
    besides.yaxis.tick_right()
    besides.set_yticks(places, [f"{row.figure:,} {row.unit}" for row in found])
    ours = {part: look for part, look in LOOKS.items() if any(part in row for row in products)}
    legend(whole, {**ours, **present(others)}, 2 if column else 5)
    return whole, besides


def _draw(axes: Axes, rows: Sequence[Mapping[str, int]], looks: Mapping[str, Mapping[str, Any]]) -> str:
    """A side of the picture; gives the letter of its unit."""
    unit, letter = scaled(max(sum(figure for figure in row.values() if figure > 0) for row in rows))
    stack(axes, rows, looks, unit)
    return letter


def multiply_adds(cost: Ledger, row: Bridge) -> dict[str, int]:
    """How a counter counts multiply-adds, in parts: as we do, as two, and otherwise; with what it does not see.

    >>> import resnext_flops as rf
    >>> cost = rf.resnet(50).cost()
    >>> torch = next(row for row in bridges(cost) if row.counter == "torch")
    >>> multiply_adds(cost, torch) == {"multiply-adds": cost.macs, "counted as two": cost.macs}
    True
    """
    steps = [step for step in row.steps if step.of_multiply_adds]
    twice = sum(step.figure for step in steps if step.what.endswith(SECOND))
    changes = [step.figure for step in steps if not step.what.endswith(SECOND)]
    unseen = -sum(change for change in changes if change < 0)
    parts = {OURS: cost.macs - unseen, TWICE: twice, MORE: sum(change for change in changes if change > 0)}
    return {part: figure for part, figure in {**parts, UNSEEN: unseen}.items() if figure}


def by_kind(row: Bridge) -> dict[str, int]:
    """What a counter counts besides multiply-adds, by kind of layer.

    >>> import resnext_flops as rf
    >>> fvcore = next(row for row in bridges(rf.resnet(50).cost()) if row.counter == "fvcore")
    >>> by_kind(fvcore)
    {'normalization': 22227968, 'pooling': 100352}
    """
    found: dict[str, int] = {}
    for step in row.steps:
        if not step.of_multiply_adds:
            kind = of(step.what)
            found[kind] = found.get(kind, 0) + step.figure
    return found
