"""fvcore's FlopCountAnalysis, which looks at the operators of a graph that `torch.jit` traces.

Its README calls it with gradients. Without them torch fuses multi-head attention into one operator that fvcore does not
know (vit_b_16: 11 290 036 992, and 16 867 412 736 with them). A convolution with padding="same" and a few products have
names in the graph that it does not know either. An average pool counts where its output has a fixed size in two
dimensions. A batch norm that takes the statistics of its own input, as where weights are standardised, counts as any
other affine norm.
"""

from collections.abc import Iterator
from math import prod

from resnext_flops.complexity.conventions.calflops import best_order
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Run, Terms, active, counter, hidden
from resnext_flops.complexity.conventions.vocabulary import CONVOLUTIONS, FUSED, PRODUCT_KINDS, SAME, einsum_of
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.products import einsum
from resnext_flops.complexity.records import Function, Operator

# Operations an element: of the input of a norm with a learned scale and without, and of the output of a resampling.
SCALED_NORMS = {"batch norm": 2, "layer norm": 5, "group norm": 5, "instance norm": 5}
RESAMPLING = {"upsample_nearest2d": 1, "upsample_bilinear2d": 4, "grid_sampler": 4}

# The operators of the graph that have a rule, of those that multiply and add.
KNOWN = CONVOLUTIONS | {"linear", "matmul", "mm", "bmm", "addmm"}
# Einsums whose figure is exact, with the letters renamed in their order; of all others it is NumPy's.
EXACT = frozenset({"abc,abd->acd", "abc,adc->adb"})


@counter(
    "fvcore",
    unit="MAC",
    version="0.1.5.post20221221",
    counts="multiply-adds of convolutions, linear layers and matrix products, no biases; batch norm in evaluation "
    "mode 2, layer and group norm 5 and adaptive average pooling 1 an input element; fused attention is not seen",
    source="fvcore/nn/jit_handles.py",
    link="https://github.com/facebookresearch/fvcore/blob/main/docs/flop_count.md",
    norm="2 batch, 5 layer",
    pool="1 adaptive average",
)
def fvcore(run: Run) -> Terms:
    """FlopCountAnalysis."""
    return _terms(run)


@counter(
    "fvcore-no-grad",
    unit="MAC",
    version="0.1.5.post20221221",
    counts="as fvcore, called under torch.no_grad: multi-head attention modules are not seen",
    source="fvcore/nn/jit_handles.py",
    link="https://github.com/facebookresearch/fvcore/blob/main/docs/flop_count.md",
    variant_of="fvcore",
    norm="2 batch, 5 layer",
    pool="1 adaptive average",
    otherwise={"linear": FUSED},
)
def fvcore_without_gradients(run: Run) -> Terms:
    """FlopCountAnalysis where gradients are off."""
    return _terms(run, gradients=False)


@counter(
    "fvcore-training",
    unit="MAC",
    version="0.1.5.post20221221",
    counts="as fvcore, in training mode: batch norm 5 an input element, and the layers of auxiliary heads",
    source="fvcore/nn/jit_handles.py, batchnorm_flop_jit",
    link="https://github.com/facebookresearch/fvcore/blob/main/docs/flop_count.md",
    norm="5",
    pool="1 adaptive average",
)
def fvcore_training(run: Run) -> Terms:
    """FlopCountAnalysis of a model in training mode: auxiliary heads run, too."""
    return _terms(run, training=True)


def _terms(run: Run, training: bool = False, gradients: bool = True) -> Terms:
    terms = Terms()
    for entry, operator in active(run, training):
        if operator and _is_hidden(run, operator, gradients):
            continue
        if entry.kind in PRODUCT_KINDS and not _is_lost(operator):
            terms.add(entry.kind, MULTIPLY_ADDS, _products(entry, operator) * entry.times)
        extra = _elements(entry, operator)
        if entry.kind == "batch norm" and (training or (operator and _has_own_statistics(operator))):
            extra = (4 if operator and not operator.affine else 5) * prod(entry.inputs[0])
        if extra != 0:
            terms.add(entry.kind, "elements", extra * entry.times)
    for function in _einsums(run):
        terms.add("einsum", MULTIPLY_ADDS, _einsum(function))
    return terms


def activations(run: Run) -> Size:
    """fvcore's ActivationCountAnalysis: what convolutions, linear layers and matrix products put out.

    It knows the operators that FlopCountAnalysis knows but for `mm`, so that fused attention is not seen either.

    >>> import resnext_flops as rf
    >>> ledger = rf.count("torchvision:vit_b_16")
    >>> ledger.activations - activations(Run(ledger.entries, ledger.trace)) == 12 * 197 * 768  # fused attention
    True
    """
    found: Size = 0
    for entry, operator in active(run):
        known = operator is None or not (_is_lost(operator) or operator.short == "mm")
        if entry.kind in PRODUCT_KINDS and known and not (operator and _is_hidden(run, operator)):
            found += prod(entry.output) * entry.times
    return found + sum(prod(function.output) for function in _einsums(run))


def _einsums(run: Run) -> Iterator[Function]:
    """The calls of einsum that are in the graph: one that another one makes is not."""
    for function in run.trace.records.functions if run.trace else ():
        if function.name == "torch.einsum" and "torch.einsum" not in function.outer:
            yield function


def _is_hidden(run: Run, operator: Operator, gradients: bool = True) -> bool:
    return hidden(run, operator.within, hooks=True, gradients=gradients)


def _einsum(function: Function) -> Size:
    equation, shapes = einsum_of(function)
    letters = dict.fromkeys(letter for letter in equation if letter.isalpha())
    renamed = equation.replace(" ", "").translate({ord(letter): ord("a") + n for n, letter in enumerate(letters)})
    return einsum(equation, shapes) if renamed in EXACT else best_order(equation, shapes) // 2


def _products(entry: Entry, operator: Operator | None) -> Size:
    """Its multiply-adds. Of a product it looks at the first factor alone, also where that is repeated for the other."""
    if operator and operator.name.startswith("aten.matmul"):
        first, second = operator.tensors[:2]
        return prod(first) * second[-1]
    if operator and operator.name.startswith("aten.linear"):
        return prod(operator.tensors[0]) * operator.tensors[1][0]
    return entry.macs


def _has_own_statistics(operator: Operator) -> bool:
    """Whether a batch norm was given no running values: besides its input it has at most a scale and a shift."""
    return len(operator.tensors) <= (3 if operator.affine else 1)


def _is_lost(operator: Operator | None) -> bool:
    """Whether the graph names an operator in a way that fvcore does not know."""
    if operator is None:
        return False
    return SAME in operator.name or operator.short not in KNOWN or not operator.name.startswith("aten.")


def _elements(entry: Entry, operator: Operator | None) -> Size:
    """What fvcore counts besides multiply-adds."""
    if entry.kind in SCALED_NORMS:
        factor = SCALED_NORMS[entry.kind] if operator is None or operator.affine else SCALED_NORMS[entry.kind] - 1
        return factor * prod(entry.inputs[0])
    if entry.kind in {"global average pool", "adaptive average pool"}:
        return prod(entry.inputs[0]) if operator is None or "avg_pool2d" in operator.name else 0
    if operator:
        return RESAMPLING.get(operator.short, 0) * prod(entry.output)
    return 0
