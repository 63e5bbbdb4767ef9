"""Sums of products: the shape of a layer's weight, and the multiply-adds of each kind of product, from shapes alone.

Sizes are integers or formulas. Descriptions, operators of a real module and the rules of other counters all ask here.
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, TypeAlias

from resnext_flops.complexity.layers import Shape, Size

# An index of an einsum: its letter, or the place from the right of an axis that "..." stands for.
Index: TypeAlias = str | int


def weight_shape(inputs: Size, outputs: Size, kernel: Shape = (), groups: Size = 1) -> Shape:
    """The shape of the weight of a convolution, or of a fully-connected layer, which has no kernel.

    >>> weight_shape(128, 256, (3, 3), groups=32)
    (256, 4, 3, 3)
    """
    return outputs, inputs // groups, *kernel


def convolution(weight: Shape, pixels: Shape) -> Size:
    """Multiply-adds of a convolution or a fully-connected layer: each output sums over the weights of its filter.

    pixels: the shape of the output. A transposed convolution is the reverse: there it is the shape of the input.

    >>> convolution((64, 3, 7, 7), (64, 112, 112))
    118013952
    """
    return prod(pixels) * prod(weight[1:])


def matrix_product(output: Shape, length: Size) -> Size:
    """Multiply-adds of a matrix product: each output sums over a row of this length.

    >>> matrix_product((3, 5), 4)
    60
    """
    return prod(output) * length


def attention(query: Shape, key: Shape, value: Shape) -> Size:
    """Queries times keys, then weights times values: Vaswani et al., arXiv:1706.03762, Eqn. 1. A mask saves nothing.

    >>> attention((12, 197, 64), (12, 197, 64), (12, 197, 64)) == 2 * 12 * 197 * 197 * 64
    True
    """
    return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


class Einsum(NamedTuple):
    """The indices of the axes of each operand, and the indices of the result."""

    operands: tuple[tuple[Index, ...], ...]
    result: frozenset[Index]


def parse_einsum(equation: str, shapes: Sequence[Shape]) -> Einsum:
    """The indices of an einsum. Without an arrow the result has what stands once, and all of "...".

    >>> parse_einsum("...ij, jk -> ...ik", [(2, 3, 4), (4, 5)]).operands
    ((1, 'i', 'j'), ('j', 'k'))
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    if not arrow:
        right = "..." + "".join(letter for letter in left if left.count(letter) == 1)
    operands = tuple(_axes(term, len(shape)) for term, shape in zip(left.split(","), shapes, strict=True))
    result = (index for axes in operands for index in axes if (index if isinstance(index, str) else "...") in right)
    return Einsum(operands, frozenset(result))


def _axes(term: str, rank: int) -> tuple[Index, ...]:
    head, _, tail = term.partition("...")
    return *head, *range(rank - len(head) - len(tail), 0, -1), *tail


def is_contraction(equation: str, shapes: Sequence[Shape]) -> bool:
    """Whether an einsum of two operands sums over an index that both have. If not, it multiplies element by element.

    >>> is_contraction("i,i->", [(3,), (3,)]), is_contraction("i,j->ij", [(3,), (4,)])
    (True, False)
    """
    operands, result = parse_einsum(equation, shapes)
    first, second = (dict(zip(axes, shape, strict=True)) for axes, shape in zip(operands, shapes, strict=True))
    return any(first[index] == second[index] for index in first.keys() & second.keys() - result)


def einsum(equation: str, shapes: Sequence[Shape]) -> Size:
    """Multiply-adds of an einsum of two operands: one for each combination of the indices that meet in the product.

    An index of one operand alone (or of size 1 in the other) that the result does not have is summed away before.

    >>> einsum("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]) == 2 * 3 * 4 * 5
    True
    """
    operands, result = parse_einsum(equation, shapes)
    first, second = (dict(zip(axes, shape, strict=True)) for axes, shape in zip(operands, shapes, strict=True))
    sizes = {index: (first.get(index, 1), second.get(index, 1)) for index in {**first, **second}}
    return prod(max(pair) for index, pair in sizes.items() if index in result or 1 not in pair)
