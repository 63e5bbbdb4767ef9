"""The ledger: one entry for each layer of a network, and the totals. It does not know where its entries came from.

What a number is: `macs` are the multiply-adds of convolutions and fully-connected layers, the figure of the ResNeXt
paper (which calls it FLOPs); biases, normalisation, pooling and activation functions are free in it. `weights` are the
weights of those layers alone (Eqn. 4 of the paper), `params` is everything that torch's `numel()` sees, and
`activations` the elements that convolutions and fully-connected layers put out (Radosavovic et al., arXiv:2003.13678).
All are for one example. Any other figure is a convention: see `conventions/`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from resnext_flops import display
from resnext_flops.complexity.entries import Entry, Sums, add_up
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.records import Trace, Unknown
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    import pandas

    from resnext_flops.complexity.conventions.convention import Terms


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

        A layer costs its own multiply-adds three times: forward, for the gradient of its weights, and for the gradient
        of its input. The first layer needs no gradient of its input. Auxiliary classifiers count.
        """
        layers = [entry for entry in self.entries if entry.macs]
        return sum(3 * entry.macs * entry.times for entry in layers) - (layers[0].macs if layers else 0)

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
        return self.terms(name).total

    def terms(self, name: str) -> "Terms":
        """The parts that the figure of a counting convention is the sum of.

        Raises InputError for a convention that does not exist.

        >>> import resnext_flops as rf
        >>> rf.resnet(50).cost().terms("pycls")["linear", "bias, once a channel"]
        1000
        """
        from resnext_flops.complexity.conventions import convention
        from resnext_flops.complexity.conventions.convention import Run

        return convention(name).rule(Run(self.entries, self.trace))

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
        if self.trace is None or not self.trace.training:
            raise InputError(f"{self.name!r} was not counted in training; use count(model, inputs, training=True)")
        return sum(entry.backward for entry in self.entries)

    def to_frame(self) -> "pandas.DataFrame":
        """The entries as a pandas DataFrame, one row a layer, indexed by path, the figures as Python integers."""
        import pandas

        frame = pandas.DataFrame(self.entries, columns=Entry._fields, dtype=object)
        return frame.set_index("path")

    def __repr__(self) -> str:
        return (
            f"<Ledger of {self.name or 'a part'}: {len(self)} layers, {self.params} params, {self.macs} multiply-adds>"
        )
