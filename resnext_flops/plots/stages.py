"""Where two networks spend their multiply-adds: by stage, and within a stage by kind of layer."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.lookup import Given, ledger
from resnext_flops.errors import InputError
from resnext_flops.plots.stacks import looks, stack
from resnext_flops.plots.style import label, panels, scaled, styled, titled
from resnext_flops.show.render import short

INCHES_A_STAGE = 0.2


@styled
def stages(
    first: "Given | Ledger", second: "Given | Ledger", axes: tuple[Axes, Axes] | None = None
) -> tuple[Axes, Axes]:
    """The multiply-adds of two networks, a bar a stage, stacked by kind of layer, on one scale.

    first, second: networks, names of models as on the command line, or ledgers.
    axes: where to draw; without them, in a new figure as high as the stages need.

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
    panes = axes or panels(0.9 + INCHES_A_STAGE * max(map(len, costs)))
    known = looks([kinds for cost in costs for kinds in cost.values()])
    largest = max(sum(kinds.values()) for cost in costs for kinds in cost.values())
    for pane, each, cost in zip(panes, ledgers, costs, strict=True):
        _draw(pane, cost, known, largest)
        pane.set_title(titled(each))
    # One legend for both panels, though a kind may be in the first alone.
    handles = [Patch(label=each, linewidth=0.5, **look) for each, look in known.items()]
    panes[1].legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return panes


def by_stage(cost: Ledger) -> dict[str, dict[str, int]]:
    """The multiply-adds of each stage by kind of layer; layers without any, and those of training alone, are left out.

    >>> import resnext_flops as rf
    >>> by_stage(rf.resnet(50).cost())["head"] == {"fully connected": 2048 * 1000}
    True
    """
    found: dict[str, dict[str, int]] = {}
    for entry in cost:
        if entry.macs and not entry.training_only:
            stage = found.setdefault(entry.path.partition(".")[0] or "(the model itself)", {})
            stage[kind(entry)] = stage.get(kind(entry), 0) + entry.macs * entry.times
    return found


def kind(entry: Entry) -> str:
    """The kind of a layer as a reader would say it: a convolution with its kernel, and whether it has groups.

    >>> import resnext_flops as rf
    >>> kind(rf.resnext(50).cost()["conv2.block1.add.residual.conv2"])
    '3x3 in groups'
    """
    if entry.kernel:
        return f"{show(entry.kernel)} {'in groups' if entry.groups > 1 else 'convolution'}"
    return {"linear": "fully connected"}.get(entry.kind, entry.kind)


def _draw(
    axes: Axes, cost: Mapping[str, Mapping[str, int]], known: Mapping[str, Mapping[str, Any]], largest: int
) -> None:
    unit, letter = scaled(largest)
    stack(axes, list(cost.values()), known, unit)
    axes.set_yticks(range(len(cost)), list(cost))
    for place, kinds in enumerate(cost.values()):
        total = sum(kinds.values())
        label(axes, short(total), (total / unit, place), (3, 0))
    axes.set(xlabel=f"multiply-adds ({letter})", xlim=(0, 1.2 * largest / unit))
