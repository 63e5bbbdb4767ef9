"""The ledger: one entry for each layer of a network, and the totals. It does not know where its entries came from.

What a number is: `macs` are the multiply-adds of convolutions and fully-connected layers, the figure of the ResNeXt
paper (which calls it FLOPs); biases, normalisation, pooling and activation functions are free in it. `weights` are the
weights of those layers alone (Eqn. 4 of the paper), `params` is everything that torch's `numel()` sees, and
`activations` the elements that convolutions and fully-connected layers put out (Radosavovic et al., arXiv:2003.13678).
All are for one example. Any other figure is a convention: see `conventions.py`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.records import Trace, Unknown
from resnext_flops.errors import InputError, public
from resnext_flops.show import display

if TYPE_CHECKING:
    import pandas


@public
class Entry(NamedTuple):
    """One layer of a ledger: its place, its shapes (without the batch) and its exact cost for one example.

    `times` is 1, but for the repeated block of a stage whose depth is a symbol; the costs are those of one time.
    `backward` are the multiply-adds of its gradients in training; None where they were not counted.
    """

    path: str
    kind: str
    inputs: tuple[Shape, ...]
    output: Shape
    kernel: tuple[Size, ...] = ()
    groups: Size = 1
    weights: Size = 0
    biases: Size = 0
    params: Size = 0
    macs: Size = 0
    activations: Size = 0
    times: Size = 1
    training_only: bool = False
    backward: Size | None = None


def tensors(entry: Entry) -> dict[str, tuple[int, ...]]:
    """The learned tensors of one layer by name, with their shapes.

    >>> tensors(Entry("conv1", "conv", ((128, 56, 56),), (128, 56, 56), kernel=(3, 3), groups=32, weights=4608))
    {'conv1.weight': (128, 4, 3, 3)}
    """
    inputs, outputs = entry.inputs[0][0], entry.output[0]
    shapes: dict[str, tuple[int, ...]] = {}
    if entry.weights:
        shapes[f"{entry.path}.weight"] = (outputs, inputs // entry.groups, *entry.kernel)
    if entry.biases:
        shapes[f"{entry.path}.bias"] = (outputs,)
    if entry.kind == "batch norm":
        shapes = {f"{entry.path}.weight": (outputs,), f"{entry.path}.bias": (outputs,)}
    return shapes


class Sums(NamedTuple):
    """The totals of a ledger."""

    params: Size
    weights: Size
    macs: Size
    activations: Size


def add_up(costs: Iterable[tuple[Any, Size, bool]]) -> Sums:
    """The totals of entries (or what else has their four figures), each with `times` and `training_only`.

    >>> add_up([(Sums(3, 2, 5, 7), 10, False), (Sums(1, 1, 1, 1), 1, True)])
    Sums(params=31, weights=21, macs=50, activations=70)
    """
    params = weights = macs = activations = 0
    for cost, times, training_only in costs:
        params += cost.params * times
        weights += cost.weights * times
        if not training_only:
            macs += cost.macs * times
            activations += cost.activations * times
    return Sums(params, weights, macs, activations)


@public
@display.shown_but_at_a_prompt
@dataclass(frozen=True)
class Ledger:
    """The entries of one network for one input shape, and their totals as exact integers.

    Layers that run in training only (auxiliary classifiers) count in `params` and `weights`, and in nothing else.

    >>> import resnext_flops as rf
    >>> ledger = rf.resnext(50, cardinality=32, width=4).cost()
    >>> ledger.params, ledger.macs
    (25028904, 4230479872)
    >>> ledger["head.fc"].macs == 2048 * 1000
    True
    >>> ledger.stage("conv2.block2").weights == 32 * (256 * 4 + 3 * 3 * 4 * 4 + 4 * 256)
    True
    """

    name: str
    input: Shape
    entries: tuple[Entry, ...]
    trace: Trace | None = None

    @classmethod
    def deferred(cls, name: str, shape: Shape, sums: Sums, make: Callable[[], tuple[Entry, ...]]) -> Self:
        """A ledger whose totals are known, and whose entries are made when they are first looked at.

        Entries take about ten times as long as the totals of a described network. Such a ledger is equal to the one
        with the same entries, and is copied and pickled like it.

        >>> late = Ledger.deferred("late", (3,), Sums(0, 0, 0, 0), tuple)
        >>> late == Ledger("late", (3,), ())
        True
        """
        ledger = object.__new__(cls)
        ledger.__dict__.update(name=name, input=shape, trace=None, _sums=sums, _make=make)
        return ledger

    if not TYPE_CHECKING:  # or any name would pass for an attribute

        def __getattr__(self, name: str) -> Any:
            if name != "entries" or "_make" not in self.__dict__:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            entries = self.__dict__["entries"] = self._make()
            return entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, path: str) -> Entry:
        """The entry of one layer. Raises KeyError for a path that the ledger does not have."""
        for entry in self.entries:
            if entry.path == path:
                return entry
        raise KeyError(path)

    def stage(self, path: str) -> "Ledger":
        """The part of the ledger below one path: a stage (`conv3`), a block (`conv3.block1`) or a layer.

        Raises KeyError for a path that the ledger does not have.
        """
        part = tuple(entry for entry in self.entries if f"{entry.path}.".startswith(f"{path}."))
        if not part:
            raise KeyError(path)
        return Ledger(f"{self.name} {path}".strip(), part[0].inputs[0], part)

    @cached_property
    def _sums(self) -> Sums:
        return add_up((entry, entry.times, entry.training_only) for entry in self.entries)

    @property
    def params(self) -> Size:
        """Parameters: every element of every learned tensor."""
        return self._sums.params

    @property
    def weights(self) -> Size:
        """Weights of convolutions and fully-connected layers, without biases (Eqn. 4 of the ResNeXt paper)."""
        return self._sums.weights

    @property
    def macs(self) -> Size:
        """Multiply-adds of convolutions and fully-connected layers, for one example in evaluation mode."""
        return self._sums.macs

    @property
    def training_macs(self) -> Size:
        """Multiply-adds of one training step, forward and backward, for one example.

        A product has two factors. The step computes it once forward, and once backward for each factor that needs a
        gradient: the weight of a layer does, unless it is frozen, and so does its input, where something learned comes
        before. So most layers cost three times their multiply-adds, and the first one twice. What runs is what runs in
        training mode: auxiliary classifiers are a part of the step, forward and backward, and of their parameters'
        gradients. The optimizer is free.

        Raises InputError for a real model that was counted in evaluation mode. That run did not see what only runs in
        training, nor which weights are frozen, so no rule over its entries gives the step.

        >>> import resnext_flops as rf
        >>> ledger = rf.resnet(50).cost()
        >>> ledger.training_macs == 3 * ledger.macs - ledger["conv1.conv"].macs
        True
        """
        return sum(entry.macs * entry.times for entry in self.entries) + self.backward

    @property
    def activations(self) -> Size:
        """Elements that convolutions and fully-connected layers put out, for one example in evaluation mode."""
        return self._sums.activations

    def total(self, name: str) -> Size:
        """The figure of a counting convention, such as `fvcore`.

        Raises InputError for a convention that does not exist.

        >>> import resnext_flops as rf
        >>> rf.resnet(50).cost().total("fvcore")
        4111512576
        """
        from resnext_flops.complexity.conventions import convention

        return convention(name).rule(self).total

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """Operators of a traced module that have no rule, with their shapes."""
        return self.trace.unknown if self.trace else ()

    @property
    def lower_bound(self) -> bool:
        """Whether the totals are only a lower bound, because some operators are unknown."""
        return bool(self.unknown)

    @property
    def backward(self) -> Size:
        """Multiply-adds of the gradients: of a layer's input, where one is needed, and of its weight.

        Raises InputError if the ledger was not counted in training.
        """
        gradients = [entry.backward if entry.macs else 0 for entry in self.entries]
        known = [each * entry.times for each, entry in zip(gradients, self.entries, strict=True) if each is not None]
        if len(known) < len(gradients):
            raise InputError(f"{self.name!r} was not counted in training; use count(model, inputs, training=True)")
        return sum(known)

    def to_frame(self) -> "pandas.DataFrame":
        """The entries as a pandas DataFrame, one row a layer, indexed by path, the figures as Python integers."""
        import pandas

        frame = pandas.DataFrame(self.entries, columns=Entry._fields, dtype=object)
        return frame.set_index("path")

    def __repr__(self) -> str:
        return (
            f"<Ledger of {self.name or 'a part'}: {len(self)} layers, {self.params} params, {self.macs} multiply-adds>"
        )
