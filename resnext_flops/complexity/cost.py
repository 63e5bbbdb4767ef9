"""The cost reading: what each kind of layer costs, as exact integers (or formulas, where sizes are symbols).

A convolution with k_h x k_w kernels in g groups has k_h k_w (c_in / g) c_out weights, and one multiply-add a weight at
each output pixel; a fully-connected layer is the same with one pixel. Eqn. 4 of the ResNeXt paper is the sum of the
first over one block. `Ledger` says what the figures mean.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial, singledispatch
from math import prod
from typing import Any, NamedTuple

from resnext_flops.complexity import layers
from resnext_flops.complexity.entries import Entry, add_up, learned_values
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
def _(layer: layers.LayerNorm, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("layer norm", params=2 * inputs[0][-1])


@cost.register
def _(layer: layers.LayerScale, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("mul", params=inputs[0][0])


@cost.register(layers.ReLU)
@cost.register(layers.Activation)
def _(layer: layers.ReLU | layers.Activation, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost(layer.function)


@cost.register
def _(layer: layers.Dropout, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    # torch passes on what it is given where nothing is dropped.
    return Cost("dropout" if layer.p else "identity")


@cost.register
def _(layer: layers.MaxPool, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("max pool", kernel=layer.kernel)


@cost.register
def _(layer: layers.AvgPool, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return Cost("average pool", kernel=layer.kernel)


# Layers that cost nothing, and what the ledger calls them.
FREE_LAYERS = (
    (layers.AdaptiveAvgPool, "adaptive average pool"),
    (layers.GlobalAvgPool, "global average pool"),
    (layers.LocalResponseNorm, "local response norm"),
    (layers.StochasticDepth, "stochastic depth"),
    (layers.Scale, "scale"),
    (layers.Flatten, "flatten"),
    (layers.Permute, "permute"),
    (layers.Widen, "widen"),
    (layers.Sum, "sum"),
    (layers.Product, "mul"),
    (layers.Concat, "concat"),
    (layers.Auxiliary, "auxiliary head"),
)


def _constant(found: Cost, layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    return found


for _class, _kind in FREE_LAYERS:
    cost.register(_class, partial(_constant, Cost(_kind)))


def walk_ledger(visits: Sequence[Visit], name: str = "") -> Ledger:
    """The ledger of a walk. name: of the network, if the walk is of all of it.

    >>> walk_ledger(layers.walk(layers.Conv(64, 3, padding=1), (64, 56, 56))).macs
    115605504
    """
    entries = tuple(_costed(visits))
    return Ledger(name, visits[0].inputs[0], entries)


def _costed(visits: Iterable[Visit]) -> Iterator[Entry]:
    # The blocks of a stage are one description met many times, so each layer of it is costed once.
    known: dict[tuple[int, tuple[Shape, ...]], Cost] = {}
    for path, layer, inputs, output, times, training_only, takes, makes, holds in visits:
        key = (id(layer), inputs)
        found = known.get(key)
        if found is None:
            found = known[key] = cost(layer, inputs, output)
        held = tuple(dict.fromkeys(holds))  # a part and the first part in it hold one value
        yield Entry(path, found.kind, inputs, output, *found[1:], times, training_only, None, takes, makes, held)


def network_ledger(description: Description, collapsed: Sequence[Visit], name: str) -> Ledger:
    """The ledger of a whole network: totals from a collapsed walk, and entries when they are first looked at.

    >>> one = Description((3, 8, 8), layers.Sequential.of(conv=layers.Conv(4, 3)))
    >>> network_ledger(one, layers.walk(one.body, one.input, collapse=True), "one").entries[0].path
    'conv'
    """
    rules = {kind: cost.dispatch(kind) for kind in {type(visit.layer) for visit in collapsed}}
    sums = add_up(
        (rules[type(layer)](layer, inputs, output), times, training_only)
        for _, layer, inputs, output, times, training_only, *_ in collapsed
    )
    return Ledger.deferred(name, description.input, sums, partial(_entries, description))


def _entries(description: Description) -> tuple[Entry, ...]:
    """Entries with the multiply-adds of their gradients: of the weight, and of an input that something learned made."""
    entries = tuple(_costed(layers.walk(description.body, description.input)))
    learned = learned_values(entries)
    return tuple(
        entry._replace(backward=entry.macs * (1 if learned.isdisjoint(entry.takes) else 2)) for entry in entries
    )
