"""calflops, which replaces Python functions by counting ones: it sees what is called by one of their names.

The operators `+ * @`, `bmm` and attention are not seen. Interpolation to a given size counts that size alone, without
batch and channels. An einsum counts what NumPy prints as the operations of its best order, in four digits. A module
that several parents share counts once a parent.

Its README calls it with gradients, and so does its own code. Without them torch fuses multi-head attention modules, and
their linear layers are not seen.
"""

from collections.abc import Iterable
from itertools import combinations
from math import prod
from typing import NamedTuple

from resnext_flops.complexity.conventions.calls import calls, functions
from resnext_flops.complexity.conventions.convention import (
    LESS,
    MULTIPLY_ADDS,
    Parts,
    Run,
    Terms,
    counter,
    hidden,
    twice,
)
from resnext_flops.complexity.conventions.ptflops import cells, recurrent
from resnext_flops.complexity.conventions.vocabulary import (
    ADDED_PRODUCTS,
    CELLS,
    CONV_FUNCTIONS,
    ELEMENTWISE,
    FUSED,
    POOL_FUNCTIONS,
    PRODUCT_FUNCTIONS,
    RECURRENT,
    SECOND_FACTOR,
    TRANSPOSED_FUNCTIONS,
    added_products,
    argument,
    broadcast,
    einsum_of,
    is_torchs,
    label,
    name_of,
    tensor,
)
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.products import Index, parse_einsum
from resnext_flops.complexity.records import Call, Function

# Functions that count one operation an input element.
INPUT_FUNCTIONS = POOL_FUNCTIONS | {
    f"F.{name}" for name in ("relu", "prelu", "elu", "leaky_relu", "relu6", "silu", "gelu", "softmax")
}
# The position of the scale of a norm among its arguments.
SCALES = {"F.batch_norm": 3, "F.layer_norm": 2, "F.instance_norm": 3, "F.group_norm": 2}
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


@counter(
    "calflops",
    unit="FLOP",
    version="0.3.2",
    counts="2 a multiply-add of F.linear, F.conv and torch.matmul, 1 a convolution's bias; batch norm 2, layer norm "
    "5; activations, pools and softmax 1 an input element; the operators + * @, bmm and attention are not seen",
    source="calflops/pytorch_ops.py",
    link="https://github.com/MrYxJ/calculate-flops.pytorch",
    bias="1 an output (conv)",
    norm="2 batch, 5 layer",
    activation="1",
    pool="1",
)
def calflops(run: Run) -> Terms:
    """calflops' FLOPs."""
    return patched(run, PRODUCT_FUNCTIONS)


@counter(
    "calflops-no-grad",
    unit="FLOP",
    version="0.3.2",
    counts="as calflops, called under torch.no_grad: multi-head attention modules are not seen",
    source="calflops/pytorch_ops.py",
    link="https://github.com/MrYxJ/calculate-flops.pytorch",
    variant_of="calflops",
    bias="1 an output (conv)",
    norm="2 batch, 5 layer",
    activation="1",
    pool="1",
    otherwise={"linear": FUSED},
)
def calflops_without_gradients(run: Run) -> Terms:
    """calflops' FLOPs where gradients are off."""
    return patched(run, PRODUCT_FUNCTIONS, gradients=False)


@counter(
    "calflops-macs",
    unit="MAC",
    version="0.3.2",
    counts="multiply-adds of F.linear, F.conv and torch.matmul alone",
    source="calflops/pytorch_ops.py",
    link="https://github.com/MrYxJ/calculate-flops.pytorch",
)
def calflops_macs(run: Run) -> Terms:
    """calflops' MACs."""
    return _multiply_adds(run, gradients=True)


@counter(
    "calflops-macs-no-grad",
    unit="MAC",
    version="0.3.2",
    counts="as calflops-macs, called under torch.no_grad: multi-head attention modules are not seen",
    source="calflops/pytorch_ops.py",
    link="https://github.com/MrYxJ/calculate-flops.pytorch",
    variant_of="calflops-macs",
    otherwise={"linear": FUSED},
)
def calflops_macs_without_gradients(run: Run) -> Terms:
    """calflops' MACs where gradients are off."""
    return _multiply_adds(run, gradients=False)


def _multiply_adds(run: Run, gradients: bool) -> Terms:
    """The multiply-adds of the replaced functions: einsum and recurrent modules have FLOPs alone."""
    terms = Terms()
    for (kind, what), figure in _of_functions(run, PRODUCT_FUNCTIONS, gradients).items():
        if what == MULTIPLY_ADDS and kind != "torch.einsum":
            terms.add(kind, what, figure)
    return terms


def patched(run: Run, products: frozenset[str], gradients: bool = True) -> Terms:
    """The FLOPs of the replaced functions, and of recurrent modules. products: the functions that multiply matrices."""
    terms = _of_functions(run, products, gradients)
    for call, times in calls(run):
        if is_torchs(call) and call.classes[0] in RECURRENT | CELLS:
            terms.add_parts(label(call), _recurrent(call), times * call.paths)
    return terms


def _of_functions(run: Run, products: frozenset[str], gradients: bool) -> Terms:
    terms = Terms()
    for function, times in functions(run):
        if not hidden(run, function.within, hooks=True, gradients=gradients):
            terms.add_parts(name_of(function), _function_parts(function, products), times * _parents(run, function))
    return terms


def _parents(run: Run, function: Function) -> int:
    """How often the module that calls a function is reached in the tree of modules, where figures are added up."""
    return run.trace.records.calls[function.within[-1]].paths if run.trace and function.within else 1


def _recurrent(call: Call) -> Parts:
    for what, figure in recurrent(call):
        yield from twice(figure) if what == MULTIPLY_ADDS else ((what, figure),)
    gates = GATES[call.classes[0].removesuffix("Cell")] * call.settings["hidden_size"]
    layers, steps = cells(call)
    yield LESS, -2 * gates * steps * len(layers)


def _function_parts(function: Function, products: frozenset[str]) -> Parts:
    name = function.name
    if name == "F.linear":
        yield from twice(prod(tensor(function, 0, "input")) * tensor(function, 1, "weight")[0])
    elif name in CONV_FUNCTIONS | TRANSPOSED_FUNCTIONS:
        yield from _convolution(function)
    elif name in SCALES:
        estimated = name != "F.batch_norm" or argument(function, 5, "training", default=False)
        scaled = argument(function, SCALES[name], "weight") is not None
        yield "elements", prod(tensor(function, 0, "input")) * ((4 if estimated else 1) + scaled)
    elif name in INPUT_FUNCTIONS:
        yield "elements", prod(tensor(function, 0, "input"))
    elif name in products:
        yield from twice(prod(tensor(function, 0, "input")) * tensor(function, 1, *SECOND_FACTOR)[-1])
    elif name in ADDED_PRODUCTS:
        yield from twice(added_products(function))
        yield "bias", prod(tensor(function, 0, "input"))
    elif name in ELEMENTWISE:
        yield "elements", broadcast(function)
    elif name == "torch.einsum":
        figure = best_order(*einsum_of(function))
        yield from twice((figure - 1) // 2)
        yield "one more, as NumPy counts", figure - (figure - 1) // 2 * 2
    elif name in {"F.interpolate", "F.upsample"}:
        size = argument(function, 1, "size")
        image = tensor(function, 0, "input")
        yield "elements", prod(image) if size is None else prod(size) if isinstance(size, tuple) else int(size)


def _convolution(function: Function) -> Parts:
    image, weight = tensor(function, 0, "input"), tensor(function, 1, "weight")
    if function.name in TRANSPOSED_FUNCTIONS:
        # It divides by the groups, by which the weight is divided already, and takes the output for a convolution's.
        groups = argument(function, 6, "groups", default=1)
        yield from twice(prod(image) * (weight[1] // groups) * prod(weight[2:]))
        pixels = _pixels(function, image, weight)
        yield "bias", 0 if argument(function, 2, "bias") is None else image[0] * weight[1] * pixels
        return
    yield from twice(prod(weight) * image[0] * prod(function.output[2:]))
    yield "bias", 0 if argument(function, 2, "bias") is None else prod(function.output)


def _pixels(function: Function, image: Shape, weight: Shape) -> Size:
    """The pixels that a convolution of these arguments would put out. Without a batch it takes rows for channels."""
    dims = len(image) - 2
    stride, padding, dilation = (
        value if isinstance(value, tuple) else (value,) * dims
        for value in (
            argument(function, 3, "stride", default=1),
            argument(function, 4, "padding", default=0),
            argument(function, 7, "dilation", default=1),
        )
    )
    return prod(
        (size + 2 * p - (d * (k - 1) + 1)) // s + 1
        for size, k, s, p, d in zip(image[2:], weight[2:], stride, padding, dilation, strict=False)
    )


# The best order of an einsum ------------------------------------------------------------------------------------------


class _Equation(NamedTuple):
    """The size of each index of an einsum, and the indices of its result."""

    sizes: dict[Index, Size]
    result: frozenset[Index]

    def elements(self, indices: Iterable[Index]) -> Size:
        return prod(self.sizes[index] for index in indices)


class _Path(NamedTuple):
    """The cost of the products made so far, and the indices of the operands that are left."""

    cost: Size
    operands: tuple[frozenset[Index], ...]

    def merged(self, places: tuple[int, ...], equation: _Equation) -> "_Path":
        """The path with one more product. Each combination of indices is an operation, or two where some are summed."""
        merged = frozenset[Index]().union(*(self.operands[place] for place in places))
        others = tuple(operand for place, operand in enumerate(self.operands) if place not in places)
        kept = merged & equation.result.union(*others)
        operations = max(1, len(places) - 1) + (kept != merged)
        return _Path(self.cost + operations * equation.elements(merged), (*others, kept))


def best_order(equation: str, shapes: tuple[Shape, ...]) -> int:
    """The operations that NumPy prints for an einsum, in four digits: those of the cheapest order of products of pairs.

    No product may be larger than the largest operand or the result; where all are, the rest is one product. NumPy adds
    one, and looks for an order only where there are more than two operands and something is summed.

    >>> best_order("ij,jk->ik", ((30, 40), (40, 50)))
    120000
    """
    operands, result = parse_einsum(equation, shapes)
    sizes: dict[Index, Size] = {}
    for axes, shape in zip(operands, shapes, strict=True):
        sizes |= {index: size for index, size in zip(axes, shape, strict=True) if sizes.get(index, 1) == 1}
    whole = _Equation(sizes, result)
    start = _Path(0, tuple(map(frozenset, operands)))
    limit = max(map(whole.elements, (*operands, result)))
    paths = [start]
    for count in range(len(operands), 1, -1) if len(operands) > 2 and result != sizes.keys() else ():
        longer = (path.merged(pair, whole) for path in paths for pair in combinations(range(count), 2))
        small = [path for path in longer if whole.elements(path.operands[-1]) <= limit]
        if not small:
            break
        paths = small
    best = min(paths, key=lambda path: path.cost)
    if best is start or len(best.operands) > 1:
        best = best.merged(tuple(range(len(best.operands))), whole)
    return int(float(f"{best.cost + 1:.3e}"))
