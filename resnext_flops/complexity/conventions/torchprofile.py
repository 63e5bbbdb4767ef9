"""torchprofile, which has a handler for each operator of a graph that `torch.jit` traces.

A transposed convolution counts as if every output saw a whole window; `mm` and a convolution with padding="same" count
zero. Without gradients it fails on fused attention. It also counts the arithmetic of Python code with shapes, a few
operations in a transformer, which no ledger has.
"""

from math import prod

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Run, Terms, active, counter, needs_trace
from resnext_flops.complexity.conventions.vocabulary import NORM_KINDS, PRODUCT_KINDS, SAME
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.products import matrix_product
from resnext_flops.complexity.records import Operator

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
        name = operator.short if operator else ""
        if name == "mm" or (operator and SAME in operator.name):
            continue
        if entry.kind == "transposed conv" and operator:
            weight = operator.tensors[1]
            width = weight[1] if entry.output[-len(entry.kernel) - 1] == weight[0] else weight[0]
            terms.add(entry.kind, MULTIPLY_ADDS, matrix_product(entry.output, width * prod(entry.kernel)))
        elif entry.kind in PRODUCT_KINDS or entry.kind == "attention" or name == "lstm":
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
        elif factor := _factor(entry, operator):
            terms.add(entry.kind, "elements", factor * prod(entry.output) * entry.times)
    return terms


def _factor(entry: Entry, operator: Operator | None) -> int:
    """Operations for each output element."""
    if entry.kind in NORM_KINDS:
        return int(operator is None or operator.affine)
    return 4 if entry.kind in FOUR_TIMES else int(entry.kind in ONCE)
