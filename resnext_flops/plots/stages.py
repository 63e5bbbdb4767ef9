"""Where two networks spend their multiply-adds: by stage, and within a stage by kind of layer."""

from collections import Counter
from collections.abc import Iterable, Mapping

from matplotlib.axes import Axes

from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Entry, Ledger
from resnext_flops.errors import InputError
from resnext_flops.plots.style import FILLS, label, panels, scaled, styled, titled
from resnext_flops.plots.subjects import Drawable, ledger
from resnext_flops.tables.render import short

# The costliest kinds have a colour each; all others share the last.
KINDS = len(FILLS) - 1
OTHERS = "other kinds"
INCHES_A_STAGE = 0.2


@styled
def stages(first: Drawable, second: Drawable, axes: tuple[Axes, Axes] | None = None) -> tuple[Axes, Axes]:
    """The multiply-adds of two networks, a bar a stage, stacked by kind of layer, on one scale.

    first, second: networks, names of models as on the command line, or ledgers.
    axes: where to draw; without them, in a new figure as high as the stages need.

    Raises InputError for a name that no model has, and for a model without multiply-adds.

    >>> left, right = stages("resnet50", "resnext50_32x4d")
    >>> [label.get_text() for label in left.get_yticklabels()]
    ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'head']
    """
    ledgers = ledger(first), ledger(second)
    costs = by_stage(ledgers[0]), by_stage(ledgers[1])
    for each, cost in zip(ledgers, costs, strict=True):
        if not cost:
            raise InputError(f"{each.name!r} has no multiply-adds to draw; give a network with convolutions")
    total = sum((Counter(kinds) for cost in costs for kinds in cost.values()), Counter[str]())
    kinds = [kind for kind, _ in total.most_common(KINDS)]
    panes = axes or panels(0.9 + INCHES_A_STAGE * max(map(len, costs)))
    largest = max(sum(part.values()) for cost in costs for part in cost.values())
    for pane, each, cost in zip(panes, ledgers, costs, strict=True):
        _draw(pane, cost, [*kinds, *([OTHERS] if len(total) > KINDS else [])], largest)
        pane.set_title(titled(each))
    panes[1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
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
            stage = found.setdefault(entry.path.partition(".")[0] or "(the model)", {})
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


def _draw(axes: Axes, cost: Mapping[str, Mapping[str, int]], kinds: Iterable[str], largest: int) -> None:
    factor, letter = scaled(largest)
    ends = dict.fromkeys(cost, 0)
    kinds = list(kinds)
    for each, look in zip(kinds, FILLS, strict=False):
        parts = {
            name: sum(figure for other, figure in stage.items() if (other if other in kinds else OTHERS) == each)
            for name, stage in cost.items()
        }
        widths = [figure / factor for figure in parts.values()]
        lefts = [end / factor for end in ends.values()]
        axes.barh(list(cost), widths, left=lefts, height=0.72, linewidth=0.5, label=each, **look)
        ends = {name: end + parts[name] for name, end in ends.items()}
    for name, end in ends.items():
        label(axes, short(end), (end / factor, name), (3, 0))
    axes.grid(visible=False, axis="y")
    axes.invert_yaxis()
    axes.set(xlabel=f"multiply-adds ({letter})", xlim=(0, 1.2 * largest / factor))
