"""The entry of a ledger: one layer with its shapes and its exact cost, and the sums of many."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.products import weight_shape
from resnext_flops.errors import public


@public
class Entry(NamedTuple):
    """One layer of a ledger: its place, its shapes (without the batch) and its exact cost for one example.

    times, training_only, takes, makes, holds: as in `layers.Visit`. The costs are those of one run.
    backward: the multiply-adds of its gradients in training; None where they were not counted.
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
    takes: tuple[int, ...] = ()
    makes: int = 0
    holds: tuple[int, ...] = ()


def tensors(entry: Entry) -> dict[str, Shape]:
    """The learned tensors of one layer by name, with their shapes.

    >>> tensors(Entry("conv1", "conv", ((128, 56, 56),), (128, 56, 56), kernel=(3, 3), groups=32, weights=4608))
    {'conv1.weight': (128, 4, 3, 3)}
    """
    return {f"{entry.path}.{name}": shape for name, shape in parameters(entry).items()}


def parameters(entry: Entry) -> dict[str, Shape]:
    """The same by their names within the layer.

    >>> parameters(Entry("fc", "linear", ((2048,),), (1000,), weights=2048000, biases=1000))
    {'weight': (1000, 2048), 'bias': (1000,)}
    """
    channels = 0 if entry.kind in {"conv", "batch norm"} else -1  # features are last
    inputs, outputs = entry.inputs[0][channels], entry.output[channels]
    if entry.kind in {"batch norm", "layer norm"}:
        return {"weight": (outputs,), "bias": (outputs,)}
    if entry.kind == "mul" and entry.params:  # a learned number for each channel
        return {"weight": (entry.params, 1, 1)}
    shapes: dict[str, Shape] = {}
    if entry.weights:
        shapes["weight"] = weight_shape(inputs, outputs, entry.kernel, entry.groups)
    if entry.biases:
        shapes["bias"] = (outputs,)
    return shapes


def learned_values(entries: Iterable[Entry]) -> set[int]:
    """The values that something learned made, or that were made of such a value: a gradient passes through them."""
    learned: set[int] = set()
    for entry in entries:
        passes_on = entry.makes in entry.takes  # an auxiliary head makes nothing for the layer behind it
        if not passes_on and (entry.params or not learned.isdisjoint(entry.takes)):
            learned.add(entry.makes)
    return learned


class Sums(NamedTuple):
    """The totals of a ledger."""

    params: Size
    weights: Size
    macs: Size
    activations: Size


def add_up(costs: Iterable[tuple[Any, Size, bool]]) -> Sums:
    """The totals of entries, or of anything with the same four figures; with each comes `times` and `training_only`.

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
