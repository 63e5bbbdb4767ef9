"""Where two networks differ, layer by layer: their sequences are aligned, their names do not matter.

Only layers that have parameters or multiply-adds are compared: another pool or a missing ReLU is not named, because
such free layers are written in many ways (a flatten, a mean, a padded shortcut) that do the same. A layer is known by
what it is (kind, channels, kernel, groups, stride, bias) and what it costs. The differences add up to the difference
of the totals.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from resnext_flops.complexity.ledger import Entry, Ledger
from resnext_flops.complexity.network import Network
from resnext_flops.counters.zoos import Model, find
from resnext_flops.show import display

if TYPE_CHECKING:
    from torch import nn


class Layer(NamedTuple):
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


# What a change is called, in the order in which it is told.
NAMES = {
    "kind": "kind",
    "inputs": "channels in",
    "outputs": "channels out",
    "kernel": "kernel",
    "groups": "groups",
    "stride": "stride",
    "bias": "bias",
}


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
        """Parameters that the second has more."""
        return self.second.params - self.first.params

    @property
    def macs(self) -> int:
        """Multiply-adds that the second has more."""
        return self.second.macs - self.first.macs

    def share(self, change: Change, figure: str) -> Fraction | None:
        """The part of a change in the difference of `params` or `macs`; None where the totals are the same."""
        whole = getattr(self, figure)
        return Fraction(getattr(change, figure), whole) if whole else None


def diff(
    first: "Network | nn.Module | Ledger | str", second: "Network | nn.Module | Ledger | str", inputs: Any = None
) -> Difference:
    """Where the second network differs from the first: layers that it lacks, that it adds, and that it changes.

    first, second: described networks, real modules, ledgers, or names as on the command line.
    inputs: what real modules are run on, as in `count`; an image of the described network's size unless given.

    Raises InputError as `count` does.

    >>> import resnext_flops as rf
    >>> found = diff(rf.resnext(50, 32, 4), rf.resnext(50, 1, 128))
    >>> len(found.changes), found.changes[0].details
    (16, 'groups 32 -> 1')
    """
    usual = next((each.description.input for each in (first, second) if isinstance(each, Network)), None)
    one, two = (_ledger(each, inputs, usual) for each in (first, second))
    return Difference(one, two, tuple(_changes(one, two)))


def _ledger(model: Any, inputs: Any, usual: tuple[int, ...] | None) -> Ledger:
    from resnext_flops.counters.count import count, count_model

    if isinstance(model, Ledger):
        return model
    found = find(model) if isinstance(model, str) else model
    if isinstance(found, Model):
        if found.network is None:
            return count_model(found, inputs)
        found = found.network
    if isinstance(found, Network) and inputs is None:
        return found.cost()
    if inputs is None and usual is not None:
        inputs = (1, *usual)
    return count(found, inputs)


def _changes(first: Ledger, second: Ledger) -> Iterator[Change]:
    ours, theirs = _layers(first), _layers(second)
    blocks = SequenceMatcher(None, [layer for _, layer in ours], [layer for _, layer in theirs], autojunk=False)
    gone: list[tuple[Entry, Layer]] = []
    come: list[tuple[Entry, Layer]] = []
    changed: list[Change] = []
    for tag, i, j, k, m in blocks.get_opcodes():
        if tag == "equal":
            continue
        for before, after in _pairs(ours[i:j], theirs[k:m]):
            if before and after:
                changed.append(_changed(before, after))
            elif before:
                gone.append(before)
            elif after:
                come.append(after)
    # The same layer gone in one place and come in another has only moved: branches run in another order.
    moved = Counter(layer for _, layer in gone) & Counter(layer for _, layer in come)
    yield from changed
    yield from (_alone("missing", *each, -1) for each in _without(gone, moved))
    yield from (_alone("added", *each, 1) for each in _without(come, moved))


def _pairs(
    ours: Sequence[tuple[Entry, Layer]], theirs: Sequence[tuple[Entry, Layer]]
) -> Iterator[tuple[tuple[Entry, Layer] | None, tuple[Entry, Layer] | None]]:
    """Layers of a part that differs, paired where they are of one kind."""
    kinds = SequenceMatcher(
        None, [layer.kind for _, layer in ours], [layer.kind for _, layer in theirs], autojunk=False
    )
    for tag, i, j, k, m in kinds.get_opcodes():
        if tag == "equal":
            yield from zip(ours[i:j], theirs[k:m], strict=True)
        else:
            yield from ((each, None) for each in ours[i:j])
            yield from ((None, each) for each in theirs[k:m])


def _without(found: Sequence[tuple[Entry, Layer]], moved: Counter[Layer]) -> Iterator[tuple[Entry, Layer]]:
    left = Counter(moved)
    for entry, layer in found:
        if left[layer]:
            left[layer] -= 1
        else:
            yield entry, layer


def _layers(ledger: Ledger) -> list[tuple[Entry, Layer]]:
    """The entries that cost something. What runs in training only is not in a traced ledger as such."""
    return [(entry, _layer(entry)) for entry in ledger if entry.params or (entry.macs and not entry.training_only)]


def _layer(entry: Entry) -> Layer:
    shape, output = entry.inputs[0], entry.output
    product = bool(entry.macs)
    stride = 1
    if product and entry.kernel and len(shape) > 1:
        stride = max(1, round(shape[-1] / output[-1]))
    axis = -1 - len(entry.kernel)  # channels stand before the pixels of a kernel, features are last
    macs = 0 if entry.training_only else entry.macs
    return Layer(
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


def _changed(before: tuple[Entry, Layer], after: tuple[Entry, Layer]) -> Change:
    (one, ours), (two, theirs) = before, after
    pairs = {name: (getattr(ours, name), getattr(theirs, name)) for name in NAMES}
    details = [f"{NAMES[name]} {_text(a)} -> {_text(b)}" for name, (a, b) in pairs.items() if a != b]
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


def _alone(what: str, entry: Entry, layer: Layer, sign: int) -> Change:
    kernel = f"{_text(layer.kernel)}, " if layer.kernel else ""
    details = f"{kernel}{layer.inputs} -> {layer.outputs} channels" if layer.macs else f"{layer.params:,} parameters"
    paths = ("", entry.path) if sign > 0 else (entry.path, "")
    return Change(what, layer.kind, *paths, details, sign * layer.params, sign * layer.macs)
