"""The kinds of layers as pictures tell them apart: each has one name, one colour and one hatch, in every picture.

The colours are Paul Tol's scheme "muted" (https://sronpersonalpages.nl/~pault/), which people with any colour vision
can tell apart. The first six kinds have multiply-adds, and the others are what some counters count besides. In each of
the two groups neighbours differ in lightness and in hatch too, so that a grey print can be read.

    >>> of("GELU: elements"), of("batch norm")
    ('activation function', 'normalization')
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from resnext_flops.complexity.entries import Entry

POINTWISE, DENSE, GROUPED, DEPTHWISE, CONNECTED, PRODUCT = MULTIPLYING = (
    "1x1 convolution",
    "dense convolution",
    "grouped convolution",
    "depthwise convolution",
    "fully-connected layer",
    "matrix product",
)
NORMALIZATION, ACTIVATION, POOLING, ELEMENTWISE, OTHERS = BESIDES = (
    "normalization",
    "activation function",
    "pooling",
    "sum, product, bias",
    "others",
)


def _look(color: str, hatch: str = "", edge: str = "white") -> Mapping[str, Any]:
    return {"facecolor": color, "hatch": hatch, "edgecolor": edge}


# What each kind looks like, in the order of stacks and legends.
LOOKS: Mapping[str, Mapping[str, Any]] = {
    POINTWISE: _look("#88CCEE"),
    DENSE: _look("#332288", "////"),
    GROUPED: _look("#CC6677"),
    DEPTHWISE: _look("#DDCC77", "xxxx"),
    CONNECTED: _look("#117733"),
    PRODUCT: _look("#999933", "\\\\\\\\"),
    NORMALIZATION: _look("#882255"),
    ACTIVATION: _look("#44AA99", "////"),
    POOLING: _look("#DDDDDD"),
    ELEMENTWISE: _look("#AA4499", "xxxx"),
    OTHERS: _look("#FFFFFF", "....", "#555555"),
}

# The words of each kind in the names that ledgers, counters and torch give to layers; the first that is found decides.
WORDS: tuple[tuple[str, str], ...] = (
    (NORMALIZATION, "norm"),
    (POOLING, "pool"),
    (ACTIVATION, "relu|elu|silu|swish|sigmoid|tanh|softmax|softplus|mish"),
    (ELEMENTWISE, r"bias|addition|\bsum\b|__i?r?(add|sub|mul|truediv)__|\b(add|sub|rsub|mul|div|scale)\b|layerscale"),
    (DENSE, "conv"),
    (CONNECTED, "(?<!bi)linear"),
    (PRODUCT, "matmul|einsum|attention|bilinear$|recurrent|transformer"),
)


def of(name: str) -> str:
    """The kind of what a ledger, a counter's rule or torch gives this name to.

    >>> of("conv: bias"), of("F.adaptive_avg_pool2d"), of("grid sampling")
    ('sum, product, bias', 'pooling', 'others')
    """
    return next((kind for kind, words in WORDS if re.search(words, name.lower())), OTHERS)


def of_entry(entry: Entry) -> str:
    """The kind of a layer of a ledger; convolutions by their kernel and groups.

    >>> import resnext_flops as rf
    >>> of_entry(rf.resnext(50).cost()["conv2.block1.add.residual.conv2"])
    'grouped convolution'
    """
    if not entry.kernel:
        return of(entry.kind)
    if entry.groups > 1:
        return DEPTHWISE if entry.groups == entry.inputs[0][0] else GROUPED
    return POINTWISE if set(entry.kernel) == {1} else DENSE


def present(rows: Iterable[Mapping[str, int]]) -> dict[str, Mapping[str, Any]]:
    """The looks of the kinds that any of the rows has, in their order.

    >>> [*present([{"pooling": 1}, {"normalization": 2, "pooling": 3}])]
    ['normalization', 'pooling']
    """
    found = {kind for row in rows for kind in row}
    return {kind: look for kind, look in LOOKS.items() if kind in found}
