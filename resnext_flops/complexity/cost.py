"""The cost reading: what each kind of layer costs, as exact integers (or formulas, where sizes are symbols).

A convolution with k_h x k_w kernels in g groups has k_h k_w (c_in / g) c_out weights, and one multiply-add a weight at
each output pixel; a fully-connected layer is the same with one pixel. Eqn. 4 of the ResNeXt paper is the sum of the
first over one block. What the figures mean is written in `ledger.py`.
"""

from collections.abc import Sequence
from functools import cached_property, singledispatch
from math import prod
from typing import Any, NamedTuple

from resnext_flops.complexity import layers
from resnext_flops.complexity.entries import Entry, Sums, add_up
from resnext_flops.complexity.layers import Description, Shape, Size, Visit
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.products import convolution, weight_shape


class Cost(NamedTuple):
    """What one kind of layer adds to its entry, in the order of the entry's fields."""

    kind: str
    kernel: tuple[Size, ...] = ()
    groups: Size = 1
    weights: Size = 0
    biases: Size = 0
    params: Size = 0
    macs: Size = 0
    activations: Size = 0


# Every block has these, and they cost nothing.
_RELU, _SUM = Cost("relu"), Cost("sum")


@singledispatch
def cost(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    """The cost of one layer. A layer without a rule is an error: nothing is silently zero.

    >>> cost(layers.Conv(64, 7, stride=2, padding=3), ((3, 224, 224),), (64, 112, 112)).macs == 7 * 7 * 3 * 64 * 112**2
    True
    """
    raise TypeError(f"no cost is known for a {type(layer).__name__}")


@cost.register
def _(layer: layers.Conv, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    weight = weight_shape(inputs[0][0], layer.channels, layer.kernel, layer.groups)
    return _product("conv", weight, output, layer.bias, layer.kernel, layer.groups)


@cost.register
def _(layer: layers.Linear, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return _product("linear", weight_shape(inputs[0][-1], layer.features), output, layer.bias)


def _product(
    kind: str, weight: Shape, output: Shape, bias: bool, kernel: tuple[Size, ...] = (), groups: Size = 1
) -> Cost:
    weights, biases = prod(weight), weight[0] if bias else 0
    return Cost(kind, kernel, groups, weights, biases, weights + biases, convolution(weight, output), prod(output))


@cost.register
def _(layer: layers.BatchNorm, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("batch norm", (), 1, 0, 0, 2 * inputs[0][0])


@cost.register
def _(layer: layers.MaxPool, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("max pool", kernel=layer.kernel)


@cost.register
def _(layer: layers.AvgPool, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("average pool", kernel=layer.kernel)


@cost.register
def _(layer: layers.AdaptiveAvgPool, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("adaptive average pool")


@cost.register
def _(layer: layers.GlobalAvgPool, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("global average pool")


@cost.register
def _(layer: layers.ReLU, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return _RELU


@cost.register
def _(layer: layers.LocalResponseNorm, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("local response norm")


@cost.register
def _(layer: layers.Dropout, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("dropout")


@cost.register
def _(layer: layers.Scale, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("scale")


@cost.register
def _(layer: layers.Flatten, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("flatten")


@cost.register
def _(layer: layers.Widen, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("widen")


@cost.register
def _(layer: layers.Sum, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return _SUM


@cost.register
def _(layer: layers.Concat, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("concat")


@cost.register
def _(layer: layers.Auxiliary, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("auxiliary head")


def ledger(visits: Sequence[Visit], name: str = "") -> Ledger:
    """The ledger of a walk.

    >>> ledger(layers.walk(layers.Conv(64, 3, padding=1), (64, 56, 56))).macs
    115605504
    """
    # The blocks of a stage are one description met many times, so each layer of it is costed once.
    known: dict[tuple[int, tuple[Shape, ...]], Cost] = {}
    entries = []
    for path, layer, inputs, output, times, training_only in visits:
        key = (id(layer), inputs)
        found = known.get(key)
        if found is None:
            found = known[key] = cost(layer, inputs, output)
        entries.append(Entry(path, found.kind, inputs, output, *found[1:], times=times, training_only=training_only))
    return Ledger(name, visits[0].inputs[0], tuple(entries))


class NetworkLedger(Ledger):
    """The ledger of a whole network: its totals come from a collapsed walk, its entries when they are looked at."""

    _description: Description
    _collapsed: Sequence[Visit]

    def __init__(self, name: str, description: Description, collapsed: Sequence[Visit]) -> None:
        """The ledger of a description and its collapsed walk; frozen like every ledger."""
        self.__dict__.update(name=name, input=description.input, _description=description, _collapsed=collapsed)

    @cached_property
    def _sums(self) -> Sums:
        rules = {kind: cost.dispatch(kind) for kind in {type(visit.layer) for visit in self._collapsed}}
        return add_up(
            (rules[type(layer)](layer, inputs, output), times, training_only)
            for _, layer, inputs, output, times, training_only in self._collapsed
        )

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """One entry for each layer, in the order in which they run."""
        return ledger(layers.walk(self._description.body, self._description.input)).entries
