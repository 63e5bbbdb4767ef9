"""The text reading: stages and blocks in the bracket notation of the ResNet and ResNeXt papers (their Tables 1)."""

from collections.abc import Callable
from typing import TypeAlias

from resnext_flops.complexity.layers import (
    AdaptiveAvgPool,
    Auxiliary,
    AvgPool,
    Conv,
    Dropout,
    GlobalAvgPool,
    Joined,
    Layer,
    Linear,
    MaxPool,
    Node,
    Pair,
    Product,
    Repeat,
    Sequential,
    Shape,
    Size,
    Sum,
    walk,
)
from resnext_flops.show.table import Bracket

# How a size is written.
Write: TypeAlias = Callable[[Size], str]


def stage(node: Sequential, shape: Shape, write: Write = str) -> list[str | Bracket]:
    """What a table prints of one stage that takes inputs of `shape`: a text for each layer, a bracket for each repeat.

    write: how a number of channels or groups is written; it may be a formula.

    Activation functions, batch norm and the layers of shortcuts are left out, as the papers do; a repeated block is
    printed as its body, without the stride of its first block, where there is more than one.

    >>> from resnext_flops.complexity.families.resnext import resnext
    >>> [str(part) for part in stage(dict(resnext().description.body.children)["conv2"], (64, 112, 112))]
    ['3x3 max pool, stride 2', '[1x1, 128; 3x3, 128, C=32; 1x1, 256] x 3']
    """
    parts: list[str | Bracket] = []
    for _, child in node.children:
        if isinstance(child, Repeat):
            given, shape = shape, walk(child.first, shape)[-1].output
            block = (child.first, given) if child.times == 1 else (child.body, shape)
            parts.append(Bracket(_texts(_residual(block[0]), block[1], write), child.times))
        else:
            parts += _texts(child, shape, write)
            shape = walk(child, shape)[-1].output
    return parts


def _residual(block: Node) -> Node:
    """A block without its shortcut."""
    if isinstance(block, Sequential):
        children = ((name, child) for name, child in block.children if not isinstance(child, Repeat))
        return Sequential(tuple((name, _residual(child)) for name, child in children))
    return dict(block.branches)["residual"] if isinstance(block, Sum) else block


def _texts(node: Node, shape: Shape, write: Write) -> tuple[str, ...]:
    """The text of each layer. A gate is one text with the widths of its layers, as in SENet's Table 1."""
    visits = walk(node, shape)
    products = [(visit.path, visit.layer) for visit in visits if isinstance(visit.layer, Product)]
    gates = tuple(f"{path}.{product.branches[1][0]}.".removeprefix(".") for path, product in products)
    texts: list[str] = []
    widths: list[Size] = []
    for visit in visits:
        if f"{visit.path}.".startswith(gates):
            widths += [visit.output[0]] if isinstance(visit.layer, (Conv, Linear)) else []
        elif isinstance(visit.layer, Product):
            texts.append(f"fc, [{', '.join(map(write, widths))}]")
            widths = []
        else:
            texts.append(_text(visit.layer, write))
    return tuple(filter(None, texts))


def _text(layer: Layer | Joined | Auxiliary, write: Write) -> str:
    match layer:
        case Conv(channels=channels, kernel=kernel, stride=stride, groups=groups):
            cardinality = f", C={write(groups)}" if groups != 1 else ""
            return f"{_pair(kernel)}, {write(channels)}{_stride(stride)}{cardinality}"
        case MaxPool(kernel=kernel, stride=stride):
            return f"{_pair(kernel)} max pool{_stride(stride)}"
        case AvgPool(kernel=kernel, stride=stride):
            return f"{_pair(kernel)} average pool{_stride(stride)}"
        case AdaptiveAvgPool(size=size):
            return f"average pool to {_pair(size)}"
        case Dropout(p=p):
            return f"dropout ({p:.0%})"
        case GlobalAvgPool():
            return "global average pool"
        case Linear(features=features):
            return f"{write(features)}-d fc"
    return ""


def _pair(sizes: Pair) -> str:
    return f"{sizes[0]}x{sizes[1]}"


def _stride(stride: Pair) -> str:
    if stride == (1, 1):
        return ""
    return f", stride {stride[0]}" if stride[0] == stride[1] else f", stride {_pair(stride)}"
