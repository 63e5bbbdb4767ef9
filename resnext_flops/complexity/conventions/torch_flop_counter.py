"""torch's own FlopCounterMode, a dispatch mode: it sees the operators that are left when torch has taken others apart.

On a CPU these are not seen: attention that torch fuses, the LSTM, and products with a vector. Torch's documentation
calls it with gradients. Without them torch fuses whole multi-head attention modules and encoder layers; with them it
takes attention apart whose mask is learned, because the fused one has no gradient of a mask.
"""

from resnext_flops.complexity.conventions.convention import Run, Terms, active, counter, hidden, twice
from resnext_flops.complexity.conventions.vocabulary import FUSED, PRODUCT_KINDS
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.records import Operator

# Operators with multiply-adds that torch does not take apart, and has no formula for.
UNREGISTERED = frozenset(
    {"mv", "addmv", "dot", "vdot", "addmm_", "addbmm", "_int_mm", "mkldnn_convolution", "mkldnn_rnn_layer"}
)


@counter(
    "torch",
    unit="FLOP",
    version="2.14.1",
    counts="2 a multiply-add of convolutions and matrix products, no biases; on a CPU fused attention and LSTM are not "
    "seen",
    source="torch/utils/flop_counter.py",
    link="https://docs.pytorch.org/docs/stable/utils.html",
)
def flop_counter_mode(run: Run) -> Terms:
    """FlopCounterMode on a CPU."""
    return _terms(run, gradients=True)


@counter(
    "torch-no-grad",
    unit="FLOP",
    version="2.14.1",
    counts="as torch, called under torch.no_grad: multi-head attention modules are not seen",
    source="torch/utils/flop_counter.py",
    link="https://docs.pytorch.org/docs/stable/utils.html",
    variant_of="torch",
    otherwise={"linear": FUSED},
)
def without_gradients(run: Run) -> Terms:
    """FlopCounterMode on a CPU where gradients are off."""
    return _terms(run, gradients=False)


def _terms(run: Run, gradients: bool) -> Terms:
    terms = Terms()
    for entry, operator in active(run):
        if entry.macs != 0 and is_dispatched(run, entry, operator, gradients):
            terms.add_parts(entry.kind, twice(entry.macs), entry.times)
    return terms


def is_dispatched(run: Run, entry: Entry, operator: Operator | None, gradients: bool) -> bool:
    """Whether an operator comes down to matrix products and convolutions that a dispatch mode sees on a CPU."""
    if operator is None:
        return True
    if hidden(run, operator.within, hooks=False, gradients=gradients):
        return False
    if entry.kind == "attention":
        return not _is_flash(operator) or (gradients and _has_learned_mask(run, entry, operator))
    name = operator.short
    if not operator.name.startswith("aten."):
        return False  # of another library, such as quantized layers
    if name == "lstm":
        # One with a projection is taken apart: there the hidden state is narrower than the cell's.
        return operator.tensors[1] != operator.tensors[2]
    if name in {"linear", "matmul"} and len(operator.tensors[1]) == 1:
        return False  # a product with a vector behind is one operator; with a vector in front it is a matrix product
    return entry.kind in PRODUCT_KINDS | {"recurrent"} and name not in UNREGISTERED


def _has_learned_mask(run: Run, entry: Entry, operator: Operator) -> bool:
    """Whether the mask of an attention is made of parameters.

    It does not come with the inputs, and parameters come to the attention with nothing between, or to a layer in the
    same module that takes nothing that comes with the inputs.
    """
    if len(operator.tensors) <= 3 or len(entry.takes) > 3:
        return False
    inside = (other for other in run.entries if f".{other.path}.".startswith(f".{entry.path}.".replace("..", ".")))
    return entry.params != 0 or any(other.params != 0 and not other.takes for other in inside)


def _is_flash(operator: Operator) -> bool:
    """Whether torch takes its fused attention on a CPU: four dimensions, heads of one width throughout, and no gaps.

    Groups of heads may share keys, if they share the values too.
    """
    query, key, value = operator.tensors[:3]
    heads = len(query) == 4 and query[0] == key[0] and key[:2] == value[:2]
    return heads and query[-1] == value[-1] and not operator.strided
