"""torchprofile, which has a handler for each operator of a graph that `torch.jit` traces.

A transposed convolution counts as if every output saw a whole window. Operators without a handler, such as `mm`, and a
convolution with padding="same" count zero. Without gradients it fails on fused attention. It also counts the arithmetic
of Python code with shapes, a few operations in a transformer, which no ledger has.
"""

from math import prod

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Run, Terms, active, counter, needs_trace
from resnext_flops.complexity.conventions.vocabulary import CONVOLUTIONS, NORM_KINDS, PRODUCT_KINDS, SAME, einsum_of
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.products import Index, matrix_product, parse_einsum
from resnext_flops.complexity.records import Function, Operator

# The operators of the graph that have a handler, of those that multiply and add.
HANDLED = CONVOLUTIONS | frozenset(
    ("linear", "matmul", "bmm", "baddbmm", "addmm", "addmv", "scaled_dot_product_attention", "lstm")
)
# Kinds of which each output element counts: as one operation, or as four.
ONCE = frozenset({"global average pool", "adaptive average pool", "average pool", "mean", "mul", "scale", "leaky relu"})
FOUR_TIMES = frozenset({"bilinear upsampling", "grid sampling"})


@counter(
    "torchprofile",
    unit="MAC",
    version="0.1.0",
    counts="multiply-adds of convolutions, linear layers, matrix products and attention; 1 an output element of "
    "affine norms, average pools, means, products and leaky ReLU",
    source="torchprofile/handlers.py",
    link="https://github.com/zhijian-liu/torchprofile",
    norm="1",
    activation="1 leaky ReLU",
    pool="1 average",
    attention="multiply-adds",
)
def torchprofile(run: Run) -> Terms:
    """Torchprofile's handlers of a graph of `torch.jit`."""
    terms = Terms()
    needs_trace(run, "local response norm")  # torch makes it of several operators
    for entry, operator in active(run):
        multiplies = entry.kind in PRODUCT_KINDS | {"attention", "recurrent"}
        if multiplies and operator and (SAME in operator.name or operator.short not in HANDLED):
            continue
        if entry.kind == "transposed conv" and operator:
            weight = operator.tensors[1]
            width = weight[1] if entry.output[-len(entry.kernel) - 1] == weight[0] else weight[0]
            terms.add(entry.kind, MULTIPLY_ADDS, matrix_product(entry.output, width * prod(entry.kernel)))
        elif multiplies:
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
        elif factor := _factor(entry, operator):
            terms.add(entry.kind, "elements", factor * prod(entry.output) * entry.times)
    for function in run.trace.records.functions if run.trace else ():
        if function.name == "torch.einsum" and "torch.einsum" not in function.outer:
            terms.add("einsum", MULTIPLY_ADDS, _einsum(function))
    return terms


def _einsum(function: Function) -> Size:
    """One multiply-add for each combination of all indices, and none where there is "..."."""
    equation, shapes = einsum_of(function)
    if "..." in equation:
        return 0
    operands, _ = parse_einsum(equation, shapes)
    sizes: dict[Index, Size] = {}
    for axes, shape in zip(operands, shapes, strict=True):
        sizes |= zip(axes, shape, strict=True)
    return prod(sizes.values())


def _factor(entry: Entry, operator: Operator | None) -> int:
    """Operations for each output element."""
    if entry.kind in NORM_KINDS:
        return int(operator is None or operator.affine)
    return 4 if entry.kind in FOUR_TIMES else int(entry.kind in ONCE)
