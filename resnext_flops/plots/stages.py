"""Where two networks spend their multiply-adds: by stage, and within a stage by kind of layer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.lookup import Given, ledger
from resnext_flops.errors import InputError
from resnext_flops.plots.kinds import of_entry, present
from resnext_flops.plots.stacks import legend, stack
from resnext_flops.plots.style import label, panels, scaled, styled, titled
from resnext_flops.show.render import short

INCHES_A_STAGE = 0.17
# A part that holds more than this share of the whole is opened, as long as no more rows than these are drawn.
OPENED, MOST_ROWS = (4, 5), 26
NAME_LETTERS = 20


@styled
def stages(
    first: "Given | Ledger",
    second: "Given | Ledger",
    axes: tuple[Axes, Axes] | None = None,
    *,
    column: bool = False,
) -> tuple[Axes, Axes]:
    """The multiply-adds of two networks, a bar a stage, stacked by kind of layer, on one scale.

    A stage that holds more than 80 percent of a network is opened: its parts stand in its place.

    first, second: networks, names of models as on the command line, or ledgers.
    axes, column: where to draw; without axes, in a new figure as high as the stages need.

    Raises InputError for a name that no model has, and for a model without multiply-adds.

    >>> left, right = stages("resnet50", "resnext50_32x4d")
    >>> [label.get_text() for label in left.get_yticklabels()]
    ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'head']
    """
    ledgers = ledger(first), ledger(second)
    costs = [by_stage(each) for each in ledgers]
    for each, cost in zip(ledgers, costs, strict=True):
        if not cost:
            raise InputError(f"{each.name!r} has no multiply-adds to draw; give a network with convolutions")
    panes = axes or panels(1.0 + INCHES_A_STAGE * max(map(len, costs)), column)
    known = present(kinds for cost in costs for kinds in cost.values())
    largest = max(sum(kinds.values()) for cost in costs for kinds in cost.values())
    for pane, each, cost in zip(panes, ledgers, costs, strict=True):
        _draw(pane, cost, known, largest)
        pane.set_title(titled(each))
    legend(panes[0], known, 2 if column else 6)
    return panes


def by_stage(cost: Ledger) -> dict[str, dict[str, int]]:
    """The multiply-adds of each stage by kind of layer; layers without any, and those of training alone, are left out.

    >>> import resnext_flops as rf
    >>> by_stage(rf.resnet(50).cost())["head"] == {"fully-connected layer": 2048 * 1000}
    True
    """
    entries = [entry for entry in cost if entry.macs and not entry.training_only]
    found: dict[str, dict[str, int]] = {}
    for entry, name in zip(entries, stage_names(entries), strict=True):
        stage = found.setdefault(name or "(the model itself)", {})
        stage[of_entry(entry)] = stage.get(of_entry(entry), 0) + entry.macs * entry.times
    return found


def stage_names(entries: Sequence[Entry]) -> list[str]:
    """The stage of each layer: the first name of its path, and so many more as a stage that is opened needs.

    >>> stage_names([Entry("body.a.conv", "conv", (), (), macs=3), Entry("body.b.conv", "conv", (), (), macs=2)])
    ['body.a', 'body.b']
    """
    names = [_beginning(entry, 1) for entry in entries]
    while True:
        macs: Counter[str] = Counter()
        for entry, name in zip(entries, names, strict=True):
            macs[name] += entry.macs * entry.times
        share, whole = OPENED
        large = next((name for name, held in macs.items() if whole * held > share * macs.total()), None)
        opened = [
            _beginning(entry, name.count(".") + 2) if name == large else name
            for entry, name in zip(entries, names, strict=True)
        ]
        if opened == names or len(set(opened)) > MOST_ROWS:
            return names
        names = opened


def _beginning(entry: Entry, levels: int) -> str:
    return ".".join(entry.path.split(".")[:levels])


def _draw(
    axes: Axes, cost: Mapping[str, Mapping[str, int]], known: Mapping[str, Mapping[str, Any]], largest: int
) -> None:
    unit, letter = scaled(largest)
    stack(axes, list(cost.values()), known, unit)
    axes.set_yticks(range(len(cost)), _ends(list(cost)))
    for place, kinds in enumerate(cost.values()):
        total = sum(kinds.values())
        label(axes, short(total), (total / unit, place), (3, 0))
    axes.set(xlabel=f"multiply-adds ({letter})", xlim=(0, 1.25 * largest / unit))


def _ends(names: Sequence[str]) -> list[str]:
    """The ends of names that are too long to stand beside bars, where these can be told apart."""
    ends = [_end(name) for name in names]
    return ends if len(set(ends)) == len(names) else list(names)


def _end(name: str) -> str:
    end = name
    while len(end) > NAME_LETTERS and "." in end:
        end = end.partition(".")[2]
    return end if end == name else f"…{end}"
