"""The cost reading: what each kind of layer costs, as exact integers (or formulas, where sizes are symbols).

A convolution with k_h x k_w kernels in g groups has k_h k_w (c_in / g) c_out weights, and one multiply-add a weight at
each output pixel; a fully-connected layer is the same with one pixel. Eqn. 4 of the ResNeXt paper is the sum of the
first over one block. What the figures mean is written in `ledger.py`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property, singledispatch
from math import prod
from operator import attrgetter
from typing import Any, NamedTuple

from resnext_flops.complexity import layers
from resnext_flops.complexity.layers import Shape, Size, Visit
from resnext_flops.complexity.ledger import Entry, Ledger, Sums, add_up


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


@singledispatch
def cost(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    """The cost of one layer. A layer without a rule is an error: nothing is silently zero.

    >>> cost(layers.Conv(64, 7, stride=2, padding=3), ((3, 224, 224),), (64, 112, 112)).macs == 7 * 7 * 3 * 64 * 112**2
    True
    """
    raise TypeError(f"no cost is known for a {type(layer).__name__}")


@cost.register
def _(layer: layers.Conv, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    pixels = output[1] * output[2]
    weights = layer.kernel[0] * layer.kernel[1] * (inputs[0][0] // layer.groups) * layer.channels
    biases = layer.channels if layer.bias else 0
    return Cost(
        "conv", layer.kernel, layer.groups, weights, biases, weights + biases, weights * pixels, layer.channels * pixels
    )


@cost.register
def _(layer: layers.Linear, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    weights = inputs[0][-1] * layer.features
    rows = prod(output[:-1])
    biases = layer.features if layer.bias else 0
    return Cost("linear", (), 1, weights, biases, weights + biases, weights * rows, layer.features * rows)


@cost.register
def _(layer: layers.BatchNorm, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("batch norm", (), 1, 0, 0, 2 * inputs[0][0])


@cost.register
def _(layer: layers.MaxPool, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("max pool", kernel=layer.kernel)


@cost.register
def _(layer: layers.GlobalAvgPool, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("global average pool")


@cost.register
def _(layer: layers.ReLU, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("relu")


@cost.register
def _(layer: layers.Flatten, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("flatten")


@cost.register
def _(layer: layers.Sum, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("sum")


@cost.register
def _(layer: layers.Concat, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("concat")


class WalkedLedger(Ledger):
    """The ledger of a walk. Its totals come first, and its entries, which take longer, when they are looked at.

    The blocks of a stage are one description met many times with one input, so each layer of it is costed once.
    """

    _visits: Sequence[Visit]

    def __init__(self, name: str, visits: Sequence[Visit]) -> None:
        """The ledger of visits; frozen like every ledger."""
        self.__dict__.update(name=name, input=visits[0].inputs[0], _visits=visits)

    @cached_property
    def _costs(self) -> tuple[dict[tuple[int, int], Visit], dict[tuple[int, int], Cost], Counter[tuple[int, int]]]:
        """For each layer and input, by identity: a visit, the cost, and how often it is met."""
        keys = list(_keys(self._visits))
        first = dict(zip(reversed(keys), reversed(self._visits), strict=True))
        rules = {type(layer): cost.dispatch(type(layer)) for _, layer, *_ in first.values()}
        found = {key: rules[type(layer)](layer, inputs, out) for key, (_, layer, inputs, out, *_) in first.items()}
        return first, found, Counter(keys)

    @cached_property
    def _sums(self) -> Sums:
        first, costs, met = self._costs
        return add_up((costs[key], met[key] * visit.times, visit.training_only) for key, visit in first.items())

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """One entry for each layer, in the order in which they run."""
        costs = self._costs[1]
        return tuple(
            Entry(path, costs[key].kind, inputs, output, *costs[key][1:], times=times, training_only=training_only)
            for key, (path, _, inputs, output, times, training_only) in zip(
                _keys(self._visits), self._visits, strict=True
            )
        )


def _keys(visits: Sequence[Visit]) -> Iterator[tuple[int, int]]:
    """The identity of each visit's layer and inputs: the same objects have the same cost."""
    return zip(map(id, map(_layer_of, visits)), map(id, map(_inputs_of, visits)), strict=True)


_layer_of, _inputs_of = attrgetter("layer"), attrgetter("inputs")


def ledger(visits: Sequence[Visit], name: str = "") -> Ledger:
    """The ledger of a walk.

    >>> ledger(layers.walk(layers.Conv(64, 3, padding=1), (64, 56, 56))).macs
    115605504
    """
    return WalkedLedger(name, visits)
