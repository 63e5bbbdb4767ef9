"""Conventions that look at operators: the papers', torch's own counter, ptflops' aten backend, fvcore, torchprofile."""

from math import prod
from typing import TYPE_CHECKING

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Convention, Terms, active, hidden, whole
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.records import Operator

if TYPE_CHECKING:
    from resnext_flops.complexity.ledger import Entry, Ledger

LAYERS = frozenset({"conv", "transposed conv", "linear"})
PRODUCTS = LAYERS | {"matmul", "einsum"}
SAME = ".padding"  # the overload of a convolution with padding="same"


def paper(ledger: "Ledger") -> Terms:
    """The multiply-adds of the ledger."""
    terms = Terms()
    for entry, _ in active(ledger):
        if entry.macs != 0:
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
    return terms


def pycls(ledger: "Ledger") -> Terms:
    """Multiply-adds of convolutions and fully-connected layers, and the biases of both, once each."""
    terms = Terms()
    for entry, _ in active(ledger):
        if entry.kind in LAYERS:
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
            terms.add(entry.kind, "bias, once a channel", entry.biases * entry.times)
    return terms


def torch(ledger: "Ledger") -> Terms:
    """FlopCounterMode on a CPU without gradients."""
    terms = Terms()
    for entry, operator in active(ledger):
        if entry.macs != 0 and _seen_by_torch(ledger, entry, operator):
            terms.double(entry.kind, entry.macs * entry.times)
    return terms


def ptflops_aten(ledger: "Ledger") -> Terms:
    """Ptflops' counter of aten operators."""
    terms = Terms()
    for entry, operator in active(ledger):
        if entry.macs == 0 or not _seen_by_torch(ledger, entry, operator):
            continue
        if operator and operator.name.startswith("aten.baddbmm"):
            continue
        terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
        if entry.kind == "linear" and operator and not operator.fused_bias:
            continue  # torch adds the bias after the product, where ptflops does not look
        if _has_bias(entry, operator):
            terms.add(entry.kind, "bias", prod(entry.output) * entry.times)
    return terms


def _seen_by_torch(ledger: "Ledger", entry: "Entry", operator: Operator | None) -> bool:
    """Whether the operator comes down to matrix products and convolutions that a dispatch mode sees on a CPU."""
    if operator is None:
        return True
    if hidden(ledger, operator.within, hooks=False):
        return False
    if entry.kind == "attention":
        return not _flash(operator.tensors)
    if entry.kind == "recurrent":
        return not operator.name.startswith("aten.lstm")
    return entry.kind in PRODUCTS and not any(len(shape) == 1 for shape in operator.tensors[: _factors(entry)])


def _factors(entry: "Entry") -> int:
    return 0 if entry.kind in LAYERS else 2


def _flash(tensors: tuple[Shape, ...]) -> bool:
    """Whether torch takes its fused attention on a CPU: four dimensions, and heads of one width throughout."""
    query, key, value = tensors[:3]
    return len(query) == 4 and query[:2] == key[:2] and query[-1] == value[-1]


def _has_bias(entry: "Entry", operator: Operator | None) -> bool:
    if operator is None:
        return bool(entry.biases != 0)
    if operator.name.startswith("aten.addmm"):
        return True
    return entry.kind in LAYERS and len(operator.tensors) > 2


# fvcore's factors of an element of the input, with a learned scale and without.
FVCORE_NORMS = {"batch norm": (2, 1), "layer norm": (5, 4), "group norm": (5, 4), "instance norm": (5, 4)}
FVCORE_RESAMPLING = {"upsample_nearest2d": 1, "upsample_bilinear2d": 4, "grid_sampler": 4}


def fvcore_extra(entry: "Entry", operator: Operator | None = None) -> Size:
    """What fvcore counts besides multiply-adds: 2 an element of batch norm's input, 1 of adaptive average pool's.

    >>> from resnext_flops.complexity.ledger import Entry
    >>> fvcore_extra(Entry("norm", "batch norm", ((64, 56, 56),), (64, 56, 56))) == 2 * 64 * 56 * 56
    True
    """
    if entry.kind in FVCORE_NORMS:
        scaled, plain = FVCORE_NORMS[entry.kind]
        return (scaled if operator is None or operator.affine else plain) * prod(entry.inputs[0])
    if entry.kind in {"global average pool", "adaptive average pool"}:
        return prod(entry.inputs[0]) if operator is None or "avg_pool2d" in operator.name else 0
    if operator:
        return FVCORE_RESAMPLING.get(operator.name.split(".")[1], 0) * prod(entry.output)
    return 0


def fvcore(ledger: "Ledger", training: bool = False) -> Terms:
    """FlopCountAnalysis without gradients."""
    terms = Terms()
    for entry, operator in active(ledger, training):
        if operator and hidden(ledger, operator.within, hooks=False):
            continue
        if entry.kind in PRODUCTS and not _lost_in_jit(operator):
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
        extra = fvcore_extra(entry, operator)
        if training and entry.kind == "batch norm":
            extra = 5 * prod(entry.inputs[0])  # counted as any other affine norm
        if extra != 0:
            terms.add(entry.kind, "elements", extra * entry.times)
    return terms


def fvcore_training(ledger: "Ledger") -> Terms:
    """FlopCountAnalysis of a model in training mode: auxiliary heads run, too."""
    return fvcore(ledger, training=True)


def _lost_in_jit(operator: Operator | None) -> bool:
    """Operators that a graph of `torch.jit` has under a name that fvcore and torchprofile do not know."""
    return operator is not None and (SAME in operator.name or operator.name.split(".")[1] in {"mv", "dot", "baddbmm"})


def torchprofile(ledger: "Ledger") -> Terms:
    """Torchprofile's handlers of a graph of `torch.jit`."""
    terms = Terms()
    whole(ledger, "local response norm")  # torch makes it of several operators
    for entry, operator in active(ledger):
        name = operator.name.split(".")[1] if operator and operator.name else ""
        if name == "mm" or (operator and SAME in operator.name):
            continue
        if entry.kind == "transposed conv" and operator:
            weight = operator.tensors[1]
            width = weight[1] if entry.output[-len(entry.kernel) - 1] == weight[0] else weight[0]
            terms.add(entry.kind, MULTIPLY_ADDS, prod(entry.output) * width * prod(entry.kernel))
        elif entry.kind in PRODUCTS or entry.kind == "attention" or name == "lstm":
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
        elif _torchprofile_elements(entry, operator):
            factor = 4 if "bilinear" in entry.kind or entry.kind == "grid sampling" else 1
            terms.add(entry.kind, "elements", factor * prod(entry.output) * entry.times)
    return terms


def _torchprofile_elements(entry: "Entry", operator: Operator | None) -> bool:
    if entry.kind in FVCORE_NORMS:
        return operator is None or operator.affine
    return entry.kind in {
        "global average pool",
        "adaptive average pool",
        "average pool",
        "mean",
        "mul",
        "scale",
        "leaky relu",
        "bilinear upsampling",
        "grid sampling",
    }


CONVENTIONS = (
    Convention(
        "paper",
        "MAC",
        "arXiv:1611.05431v2",
        "multiply-adds of convolutions, fully-connected layers and every other matrix product; all else is free",
        "Xie et al., Table 1 ('FLOPs') and Table 2",
        "https://arxiv.org/abs/1611.05431v2",
        paper,
        attention="multiply-adds",
    ),
    Convention(
        "torchvision",
        "MAC",
        "0.29.1",
        "`_ops` of its weights, in billions: multiply-adds of convolutions and of all matrix products, attention too",
        "the `meta` of torchvision's weights",
        "https://docs.pytorch.org/vision/stable/models.html",
        paper,
        attention="multiply-adds",
    ),
    Convention(
        "pycls",
        "MAC",
        "0.1",
        "multiply-adds of convolutions and fully-connected layers, and one a bias, however many pixels it is added to",
        "pycls/models/blocks.py, conv2d_cx and linear_cx",
        "https://github.com/facebookresearch/pycls",
        pycls,
        bias="1 a channel",
    ),
    Convention(
        "fvcore",
        "MAC",
        "0.1.5.post20221221",
        "multiply-adds of convolutions, linear layers and matrix products, no biases; batch norm in evaluation mode 2, "
        "layer and group norm 5 and adaptive average pooling 1 an input element; fused attention is not seen",
        "fvcore/nn/jit_handles.py",
        "https://github.com/facebookresearch/fvcore/blob/main/docs/flop_count.md",
        fvcore,
        norm="2 batch, 5 layer",
        pool="1 adaptive average",
    ),
    Convention(
        "fvcore-training",
        "MAC",
        "0.1.5.post20221221",
        "as fvcore, in training mode: batch norm 5 an input element, and the layers of auxiliary heads",
        "fvcore/nn/jit_handles.py, batchnorm_flop_jit",
        "https://github.com/facebookresearch/fvcore/blob/main/docs/flop_count.md",
        fvcore_training,
        norm="5",
        pool="1 adaptive average",
    ),
    Convention(
        "timm",
        "MAC",
        "1.0.31",
        "GMACs of its result tables: fvcore's total, where its benchmark finds no deepspeed",
        "timm's benchmark.py, profile_fvcore",
        "https://github.com/huggingface/pytorch-image-models/tree/main/results",
        fvcore,
        norm="2 batch, 5 layer",
        pool="1 adaptive average",
    ),
    Convention(
        "torch",
        "FLOP",
        "2.14.1",
        "2 a multiply-add of convolutions and matrix products, no biases; on a CPU without gradients fused attention "
        "and LSTM are not seen",
        "torch/utils/flop_counter.py",
        "https://docs.pytorch.org/docs/stable/utils.html",
        torch,
    ),
    Convention(
        "ptflops-aten",
        "MAC",
        "0.7.5",
        "multiply-adds and biases of convolutions and of `addmm`, multiply-adds of `mm` and `bmm`; a bias that torch "
        "adds after the product, fused attention and LSTM are not seen",
        "ptflops/aten_ops.py",
        "https://github.com/sovrasov/flops-counter.pytorch",
        ptflops_aten,
        bias="1 an output",
    ),
    Convention(
        "torchprofile",
        "MAC",
        "0.1.0",
        "multiply-adds of convolutions, linear layers, matrix products and attention; 1 an output element of affine "
        "norms, average pools, means, products and leaky ReLU",
        "torchprofile/handlers.py",
        "https://github.com/zhijian-liu/torchprofile",
        torchprofile,
        norm="1",
        activation="1 leaky ReLU",
        pool="1 average",
        attention="multiply-adds",
    ),
)
