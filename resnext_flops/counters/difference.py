"""Where two networks differ, layer by layer: their sequences are aligned, their names do not matter.

Layers are aligned by structure first: kind, kernel, stride, how channels are grouped, and the size of the image as a
share of the input. Of the longest alignments, the one with the most equal numbers (channels, groups, params) is
taken. So a stage of other widths is a stage whose layers changed. The layers left over are paired where they are the
same (another implementation may run branches in another order), and then where they are of one kind in one gap.

Only layers that have parameters or multiply-adds are compared: another pool or a missing ReLU is not named, because
such free layers are written in many ways (a flatten, a mean, a padded shortcut) that do the same. Layers are
compared by kind, channels, kernel, groups, stride, bias and cost. The differences add up to the difference
of the totals.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from math import log2
from operator import eq
from typing import Any, NamedTuple

from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Shape
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model
from resnext_flops.counters.lookup import Given, model
from resnext_flops.errors import checked
from resnext_flops.show import display


class Traits(NamedTuple):
    """What is compared of one entry."""

    kind: str
    inputs: int
    outputs: int
    kernel: tuple[int, ...]
    groups: int
    stride: int
    bias: bool
    params: int
    macs: int


# The traits that a change names, in this order, in words.
TRAIT_NAMES = {
    "kind": "kind",
    "inputs": "channels in",
    "outputs": "channels out",
    "kernel": "kernel",
    "groups": "groups",
    "stride": "stride",
    "bias": "bias",
}


# The score of a pair of layers of one structure: more than all equal traits of a hundred thousand pairs.
ONE_PAIR = 1 << 20


class Change(NamedTuple):
    """One layer that differs. `first` and `second` are its paths, one of them empty where it is missing or added."""

    what: str
    kind: str
    first: str
    second: str
    details: str
    params: int
    macs: int


@display.shown
class Difference(NamedTuple):
    """The differences of the second network from the first, and the totals of both."""

    first: Ledger
    second: Ledger
    changes: tuple[Change, ...]

    @property
    def identical(self) -> bool:
        """Whether no layer differs."""
        return not self.changes

    @property
    def params(self) -> int:
        """How many more parameters the second has."""
        return self.second.params - self.first.params

    @property
    def macs(self) -> int:
        """How many more multiply-adds the second has."""
        return self.second.macs - self.first.macs

    def share(self, change: Change, figure: str) -> Fraction | None:
        """The part of a change in the difference of `params` or `macs`; None where the totals are the same."""
        whole = getattr(self, figure)
        return Fraction(getattr(change, figure), whole) if whole else None


@checked
def diff(first: "Given | Ledger", second: "Given | Ledger", inputs: Any = None) -> Difference:
    """Where the second network differs from the first: layers that it lacks, that it adds, and that it changes.

    first, second: described networks, real modules, ledgers, or names as on the command line.
    inputs: what both are counted on, as in `count`. Unless given, it is the described network's input; two described
        networks, or two models of libraries, are counted each on its own. A ledger is taken as it is.

    Raises InputError as `count` does.

    >>> import resnext_flops as rf
    >>> found = diff(rf.resnext(50, 32, 4), rf.resnext(50, 1, 128))
    >>> len(found.changes), found.changes[0].details
    (16, 'groups 32 -> 1')
    """
    sides = [side if isinstance(side, Ledger) else model(side) for side in (first, second)]
    usual = next((side.input for side in sides if side.origin == "derived"), None)
    one, two = (_ledger(side, inputs, usual) for side in sides)
    return Difference(one, two, tuple(_changes(one, two)))


def _ledger(found: Ledger | Model, inputs: Any, usual: Shape | None) -> Ledger:
    """The ledger of one side: of a real module on the given inputs, or else on an image of the usual shape."""
    if isinstance(found, Ledger):
        return found
    if inputs is None and usual is not None and found.origin == "counted":
        inputs = (1, *usual)
    return model(found, inputs).cost()


class _Item(NamedTuple):
    """An entry, the traits that are compared, and the structure that it is aligned by."""

    entry: Entry
    layer: Traits
    structure: tuple[Any, ...]


def _changes(first: Ledger, second: Ledger) -> Iterator[Change]:
    ours, theirs = _items(first), _items(second)
    aligned = _aligned(ours, theirs)
    pairs = dict(aligned)
    _pair(pairs, [item.layer for item in ours], [item.layer for item in theirs])
    _pair(pairs, [item.structure for item in ours], [item.structure for item in theirs])
    _pair(pairs, _kinds(ours, aligned), _kinds(theirs, aligned.values()))
    both = ((ours[i], theirs[j]) for i, j in sorted(pairs.items()))
    yield from (_changed(before, after) for before, after in both if before.layer != after.layer)
    yield from (_alone("missing", item, -1) for i, item in enumerate(ours) if i not in pairs)
    found = set(pairs.values())
    yield from (_alone("added", item, 1) for j, item in enumerate(theirs) if j not in found)


def _aligned(ours: Sequence[_Item], theirs: Sequence[_Item]) -> dict[int, int]:
    """The longest common sequence of structures: places in the first network, with those in the second."""
    start = 0
    while start < min(len(ours), len(theirs)) and ours[start][1:] == theirs[start][1:]:
        start += 1
    best = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in reversed(range(start, len(ours))):
        row, below = best[i], best[i + 1]
        for j in reversed(range(start, len(theirs))):
            row[j] = max(below[j], row[j + 1], below[j + 1] + _likeness(ours[i], theirs[j]))
    pairs = {place: place for place in range(start)}
    i = j = start
    while i < len(ours) and j < len(theirs):
        likeness = _likeness(ours[i], theirs[j])
        # Where several are as good, the first layers are paired, so that the last blocks of a stage are left over.
        if likeness and best[i][j] == best[i + 1][j + 1] + likeness:
            pairs[i] = j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _likeness(one: _Item, two: _Item) -> int:
    """0 for another structure; else the score of a pair and the number of equal traits."""
    return ONE_PAIR + sum(map(eq, one.layer, two.layer)) if one.structure == two.structure else 0


def _kinds(items: Sequence[_Item], aligned: Iterable[int]) -> list[tuple[int, str]]:
    """The kind of each layer, with the number of aligned layers up to it, which is the same throughout a gap."""
    known = set(aligned)
    numbers = accumulate(place in known for place in range(len(items)))
    return [(number, item.layer.kind) for number, item in zip(numbers, items, strict=True)]


def _pair(pairs: dict[int, int], ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> None:
    """Pair equal layers that are left over in both, in order."""
    taken = set(pairs.values())
    waiting: dict[Hashable, list[int]] = {}
    for j in reversed(range(len(theirs))):
        if j not in taken:
            waiting.setdefault(theirs[j], []).append(j)
    for i, key in enumerate(ours):
        if i not in pairs and waiting.get(key):
            pairs[i] = waiting[key].pop()


def _items(ledger: Ledger) -> list[_Item]:
    """The entries that cost something. Multiply-adds of training alone do not count: a trace does not see them."""
    found = [entry for entry in ledger if entry.params or (entry.macs and not entry.training_only)]
    return [_Item(entry, layer := _layer(entry), _structure(entry, layer, ledger.input)) for entry in found]


def _structure(entry: Entry, layer: Traits, image: tuple[int, ...]) -> tuple[Any, ...]:
    grouped = "depthwise" if 1 < layer.groups == layer.inputs else layer.groups > 1
    # To the nearest power of two, so that it is the same for inputs of other sizes.
    share = round(log2(image[-1] / entry.output[-1])) if layer.kernel and image else 0
    return layer.kind, layer.kernel, layer.stride, grouped, share


def _layer(entry: Entry) -> Traits:
    shape, output = entry.inputs[0], entry.output
    product = bool(entry.macs)
    stride = 1
    if product and entry.kernel and len(shape) > 1:
        stride = max(1, round(shape[-1] / output[-1]))
    axis = -1 - len(entry.kernel)  # channels stand before the pixels of a kernel, features are last
    macs = 0 if entry.training_only else entry.macs
    return Traits(
        "unused" if entry.training_only or entry.kind == "unused parameter" else entry.kind,
        shape[axis] if product and shape else 0,
        output[axis] if product and output else 0,
        entry.kernel if product else (),
        entry.groups,
        stride,
        bool(entry.biases),
        entry.params,
        macs,
    )


def _changed(before: _Item, after: _Item) -> Change:
    (one, ours, _), (two, theirs, _) = before, after
    pairs = {name: (getattr(ours, name), getattr(theirs, name)) for name in TRAIT_NAMES}
    details = [f"{TRAIT_NAMES[name]} {_text(a)} -> {_text(b)}" for name, (a, b) in pairs.items() if a != b]
    if not details and ours.params != theirs.params:
        details = [f"parameters {ours.params:,} -> {theirs.params:,}"]
    if not details:
        details = [f"multiply-adds {ours.macs:,} -> {theirs.macs:,}"]
    return Change(
        "changed",
        ours.kind,
        one.path,
        two.path,
        ", ".join(details),
        theirs.params - ours.params,
        theirs.macs - ours.macs,
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def _alone(what: str, item: _Item, sign: int) -> Change:
    entry, layer, _ = item
    kernel = f"{_text(layer.kernel)}, " if layer.kernel else ""
    details = f"{kernel}{layer.inputs} -> {layer.outputs} channels" if layer.macs else f"{layer.params:,} parameters"
    paths = ("", entry.path) if sign > 0 else (entry.path, "")
    return Change(what, layer.kind, *paths, details, sign * layer.params, sign * layer.macs)
