"""torch's own FlopCounterMode, a dispatch mode: it sees the operators that are left when torch has taken others apart.

On a CPU without gradients these are not seen: attention that torch fuses, the LSTM, and products with a vector.
"""

from resnext_flops.complexity.conventions.convention import Run, Terms, active, counter, hidden, twice
from resnext_flops.complexity.conventions.vocabulary import LAYER_KINDS, PRODUCT_KINDS
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Shape
from resnext_flops.complexity.records import Operator


@counter(
    "torch",
    unit="FLOP",
    version="2.14.1",
    counts="2 a multiply-add of convolutions and matrix products, no biases; on a CPU without gradients fused "
    "attention and LSTM are not seen",
    source="torch/utils/flop_counter.py",
    link="https://docs.pytorch.org/docs/stable/utils.html",
)
def flop_counter_mode(run: Run) -> Terms:
    """FlopCounterMode on a CPU without gradients."""
    terms = Terms()
    for entry, operator in active(run):
        if entry.macs != 0 and is_dispatched(run, entry, operator):
            terms.add_parts(entry.kind, twice(entry.macs), entry.times)
    return terms


def is_dispatched(run: Run, entry: Entry, operator: Operator | None) -> bool:
    """Whether an operator comes down to matrix products and convolutions that a dispatch mode sees on a CPU."""
    if operator is None:
        return True
    if hidden(run, operator.within, hooks=False):
        return False
    if entry.kind == "attention":
        return not _is_flash(operator.tensors)
    if entry.kind == "recurrent":
        return not operator.name.startswith("aten.lstm")
    factors = () if entry.kind in LAYER_KINDS else operator.tensors[:2]
    return entry.kind in PRODUCT_KINDS and not any(len(shape) == 1 for shape in factors)


def _is_flash(tensors: tuple[Shape, ...]) -> bool:
    """Whether torch takes its fused attention on a CPU: four dimensions, and heads of one width throughout."""
    query, key, value = tensors[:3]
    return len(query) == 4 and query[:2] == key[:2] and query[-1] == value[-1]
