"""What the time of a network is made of: sums over the entries of its ledger, by kind of layer.

The same rules serve described and counted ledgers. A sum does not ask how large a size is, but for two questions:
whether a convolution has one group, or as many groups as channels. So between these cases a sum is one polynomial of
the sizes.

    >>> import resnext_flops as rf
    >>> ledger = rf.resnext(50).cost()
    >>> found = features(ledger)
    >>> sum(figure for (quantity, _), figure in found.items() if quantity == "macs") == ledger.macs
    True
    >>> found["macs", "grouped"], found["network", "operators"]
    (231211008, 174)
"""

from collections.abc import Iterator, Mapping
from math import prod
from typing import TypeAlias

from resnext_flops.complexity.conventions.convention import Run, active
from resnext_flops.complexity.conventions.vocabulary import kind_of
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.ledger import Ledger

# What is summed up, and of what: a quantity, and a kind of layer.
Features: TypeAlias = dict[tuple[str, str], Size]

# Quantities of one example: multiply-adds, and the elements that layers take in and put out. The others are of one run,
# whatever its batch: the weights of the layers with multiply-adds, and what is of the whole network.
PER_EXAMPLE = frozenset({"macs", "read", "written"})
# The kinds of layers with multiply-adds, in words.
PRODUCTS = {
    "dense": "dense convolutions",
    "pointwise": "1x1 convolutions",
    "grouped": "grouped convolutions",
    "depthwise": "depthwise convolutions",
    "linear": "fully-connected layers",
    "matmul": "matrix products",
    "attention": "attention",
    "recurrent": "recurrent layers",
}
# The kinds of layers without.
OTHERS = {
    "batch_norm": "batch norm",
    "layer_norm": "layer norm",
    "other_norm": "other norms",
    "activation": "activations that compare",
    "slow_activation": "activations that compute",
    "sum": "sums",
    "scaling": "products of elements",
    "concat": "concatenations",
    "pool": "average pools",
    "max_pool": "maximum pools",
    "reduction": "reductions",
    "other": "other operators",
}
# Of the whole network: how many operators run, and that it runs at all.
NETWORK = {"operators": "operators", "run": "the run itself"}
# Every quantity, and the kinds that it is summed up by.
KINDS: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("read", "written"), PRODUCTS | OTHERS),
    **dict.fromkeys(("macs", "weights"), PRODUCTS),
    "network": NETWORK,
}

# Kinds of entries that take no time, because torch runs them as views, or not at all.
_FREE = frozenset({"dropout", "stochastic depth", "flatten", "permute", "widen", "auxiliary head"})
_BY_KIND = {
    "linear": "linear",
    "attention": "attention",
    "recurrent": "recurrent",
    **dict.fromkeys(("matmul", "grouped matmul", "einsum", "bilinear"), "matmul"),
    "batch norm": "batch_norm",
    "layer norm": "layer_norm",
    **dict.fromkeys(("group norm", "instance norm", "rms norm", "local response norm"), "other_norm"),
    **dict.fromkeys(
        ("relu", "relu6", "leaky relu", "clamp", "clamp min", "hardswish", "hardsigmoid", "threshold"), "activation"
    ),
    **dict.fromkeys(
        (
            *("gelu", "silu", "sigmoid", "tanh", "exp", "mish", "sin", "cos", "softplus"),
            *("pow", "sqrt", "rsqrt", "square", "neg", "softmax"),
        ),
        "slow_activation",
    ),
    "sum": "sum",
    **dict.fromkeys(("mul", "div", "sub", "addcmul", "scale"), "scaling"),
    "concat": "concat",
    **dict.fromkeys(("mean", "reduction sum", "var", "linalg vector norm", "amax", "cumsum"), "reduction"),
}
_CONVOLUTIONS = frozenset({"conv", "transposed conv"})


def kind_of_feature(entry: Entry) -> str | None:
    """The kind of layer by which an entry is summed up; None where it takes no time.

    >>> shape = (64, 56, 56)
    >>> kind_of_feature(Entry("conv1", "conv", (shape,), shape, kernel=(3, 3), groups=64))
    'depthwise'
    """
    kind = kind_of(entry)
    if kind in _FREE:
        return None
    if kind in _CONVOLUTIONS:
        return _convolution(entry)
    if kind.endswith("pool"):
        return "max_pool" if "max" in kind.split() else "pool"
    return _BY_KIND.get(kind, "other")


def _convolution(entry: Entry) -> str:
    if entry.groups == 1:
        return "pointwise" if prod(entry.kernel) == 1 else "dense"
    channels = entry.inputs[0][-len(entry.kernel) - 1]
    return "depthwise" if entry.groups == channels else "grouped"


def features(ledger: Ledger) -> Features:
    """The sums over what runs in evaluation mode: of one example, or of one run where they do not grow with the batch.

    A feature that is not there is 0.
    """
    found: Features = {("network", "run"): 1}

    def add(quantity: str, kind: str, figure: Size) -> None:
        found[quantity, kind] = found.get((quantity, kind), 0) + figure

    for entry, kind in _timed(ledger):
        add("network", "operators", entry.times)
        add("read", kind, sum(map(prod, entry.inputs)) * entry.times)
        add("written", kind, prod(entry.output) * entry.times)
        if kind in PRODUCTS:
            add("macs", kind, entry.macs * entry.times)
            add("weights", kind, entry.weights * entry.times)
    return found


def moved(found: Features) -> int:
    """The elements that the layers of one example take in and put out.

    >>> moved({("read", "sum"): 200, ("written", "sum"): 100, ("network", "run"): 1})
    300
    """
    return sum(int(figure) for (quantity, _), figure in found.items() if quantity in {"read", "written"})


def kinds(ledger: Ledger) -> tuple[str, ...]:
    """The kinds of entries that take time, in order: what a profile must have seen.

    They have the ledger's names. Of a convolution is also said of which of the kinds of features it is.

    >>> import resnext_flops as rf
    >>> kinds(rf.resnet(18).cost())[:4]
    ('batch norm', 'dense conv', 'global average pool', 'linear')
    """
    return tuple(sorted({_seen_as(entry) for entry, _ in _timed(ledger)}))


def _seen_as(entry: Entry) -> str:
    kind = kind_of(entry)
    if kind in _CONVOLUTIONS:
        return f"{_convolution(entry)} {kind}"
    # A layer of a description may have another name than in a ledger that was counted.
    return "mul" if kind == "scale" else kind


def _timed(ledger: Ledger) -> Iterator[tuple[Entry, str]]:
    """The entries that take time in evaluation mode, each with its kind of feature."""
    for entry, _ in active(Run(ledger.entries, ledger.trace)):
        kind = kind_of_feature(entry)
        if kind:
            yield entry, kind
