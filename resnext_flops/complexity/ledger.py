"""The ledger: one entry for each layer of a network, and the totals. It does not know where its entries came from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from resnext_flops.complexity.entries import Entry, Sums, add_up
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.records import Trace, Unknown
from resnext_flops.errors import InputError, public
from resnext_flops.show import display

if TYPE_CHECKING:
    import pandas

    from resnext_flops.complexity.conventions.convention import Terms

Origin: TypeAlias = Literal["derived", "counted", "interpolated"]


@public
@display.shown_but_at_a_prompt
@dataclass(frozen=True)
class Ledger:
    """The entries of one network for one input shape, and their totals as exact integers.

    What the numbers mean, each for one example:

    * `macs`: multiply-adds of convolutions and matrix products, such as fully-connected layers. The ResNeXt paper calls
      them FLOPs. Biases, normalisation, pooling and activation functions are free.
    * `weights`: the weights of convolutions and fully-connected layers, without biases (Eqn. 4 of the paper).
    * `params`: everything that torch's `numel()` sees.
    * `activations`: the elements that the layers with multiply-adds put out (Radosavovic et al., arXiv:2003.13678).

    Layers that run in training only (auxiliary classifiers) count in `params` and `weights` alone. Any other figure is
    a convention, such as `total("fvcore")`.

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
        """Parameters."""
        return self._sums.params

    @property
    def weights(self) -> Size:
        """Weights."""
        return self._sums.weights

    @property
    def macs(self) -> Size:
        """Multiply-adds in evaluation mode."""
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
        """Activations in evaluation mode."""
        return self._sums.activations

    def total(self, name: str) -> Size:
        """The figure of a counting convention, such as `fvcore`.

        Raises InputError for a convention that does not exist.

        >>> import resnext_flops as rf
        >>> rf.resnet(50).cost().total("fvcore")
        4111512576
        """
        return self.terms(name).total

    def terms(self, name: str) -> "Terms":
        """The parts that the figure of a counting convention is the sum of.

        Raises InputError for a convention that does not exist.

        >>> import resnext_flops as rf
        >>> rf.resnet(50).cost().terms("pycls")["linear", "bias"]
        1000
        """
        from resnext_flops.complexity.conventions import convention
        from resnext_flops.complexity.conventions.convention import Run

        return convention(name).rule(Run(self.entries, self.trace))

    @property
    def origin(self) -> Origin:
        """Whether the entries are derived from a description, or counted in one run of a real module."""
        return "counted" if self.trace else "derived"

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
        total: Size = 0
        for entry in self.entries:
            if entry.macs and entry.backward is None:
                raise InputError(f"{self.name!r} was not counted in training; use count(model, inputs, training=True)")
            total += (entry.backward or 0) * entry.times
        return total

    def remarked(self, *remarks: str) -> "Ledger":
        """The same ledger with more remarks on how it was counted."""
        if self.trace is None or not remarks:
            return self
        return replace(self, trace=self.trace._replace(remarks=(*remarks, *self.trace.remarks)))

    def to_frame(self) -> "pandas.DataFrame":
        """The entries as a pandas DataFrame, one row a layer, indexed by path, the figures as Python integers."""
        import pandas

        frame = pandas.DataFrame(self.entries, columns=Entry._fields, dtype=object)
        return frame.set_index("path")

    def __repr__(self) -> str:
        return (
            f"<Ledger of {self.name or 'a part'}: {len(self)} layers, {self.params} params, {self.macs} multiply-adds>"
        )
