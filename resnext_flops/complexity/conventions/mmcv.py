"""get_model_complexity_info of MMCV, which began as the ptflops of 2019.

It hooks into calls of modules by exact class. mmpretrain printed its figures until August 2022, of networks without
their classifiers; since then it uses MMEngine's counter, whose rule is that of fvcore. The networks are mmpretrain's
own, which are made of modules nearly throughout, so the rule is taken of layers: a ReLU counts also where it is a
function here, and an average over the whole image as the module of a pool. Convolutions and linear layers are functions
there where they are here, as in the attention of Swin V2, and count zero then. Matrix products of attention count zero,
and so do activations other than ReLU and its like.

Before version 1.3 only batch norms counted among the norms: `mmcv-1.2`. Later versions count no norm of a class of the
network's own either, such as those of ConvNeXt.
"""

from math import prod

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Parts, Run, Terms, active, counter
from resnext_flops.complexity.conventions.vocabulary import (
    AVERAGE_KINDS,
    CONVS,
    LAYER_KINDS,
    NORM_KINDS,
    NOT_MODULES,
    TRANSPOSED,
    averages_image,
    is_a,
    kind_of,
)
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.records import Operator

RELU_KINDS = frozenset({"relu", "relu6", "elu", "leaky relu", "prelu"})
POOL_KINDS = AVERAGE_KINDS | {"average pool", "max pool", "adaptive max pool"}


@counter(
    "mmcv",
    unit="MAC",
    version="2.2.0",
    counts="multiply-adds and biases of convolutions, multiply-adds of linear layers; norms 2 and pools 1 an input "
    "element, ReLU and the like 1 an output element (it prints FLOPs)",
    source="mmcv/cnn/utils/flops_counter.py",
    link="https://github.com/open-mmlab/mmcv",
    bias="1 an output (conv)",
    norm="2",
    activation="1 ReLU",
    pool="1",
    otherwise={"linear": NOT_MODULES},
)
def mmcv(run: Run) -> Terms:
    """get_model_complexity_info."""
    return _terms(run, NORM_KINDS)


@counter(
    "mmcv-1.2",
    unit="MAC",
    version="1.2.7",
    counts="as mmcv, before version 1.3: of the norms, batch norms alone",
    source="mmcv/cnn/utils/flops_counter.py",
    link="https://github.com/open-mmlab/mmcv",
    variant_of="mmcv",
    bias="1 an output (conv)",
    norm="2 batch",
    activation="1 ReLU",
    pool="1",
    otherwise={"linear": NOT_MODULES},
)
def mmcv_1_2(run: Run) -> Terms:
    """get_model_complexity_info of 2020."""
    return _terms(run, frozenset({"batch norm"}))


def _terms(run: Run, norms: frozenset[str]) -> Terms:
    terms = Terms()
    for entry, operator in active(run):
        if entry.kind in LAYER_KINDS and operator and not _is_of_a_module(run, operator):
            continue
        terms.add_parts(kind_of(entry), _parts(entry, operator, norms), entry.times)
    return terms


def _is_of_a_module(run: Run, operator: Operator) -> bool:
    """Whether an operator runs in a convolution or a linear layer that is a module."""
    calls = run.trace.records.calls if run.trace else ()
    return bool(operator.within) and is_a(calls[operator.within[-1]], *CONVS, *TRANSPOSED, "Linear")


def _parts(entry: Entry, operator: Operator | None, norms: frozenset[str]) -> Parts:
    if entry.kind in LAYER_KINDS:
        yield MULTIPLY_ADDS, entry.macs
        yield "bias", prod(entry.output) if entry.biases != 0 and entry.kind != "linear" else 0
    elif entry.kind in norms:
        yield "elements", prod(entry.inputs[0]) * (2 if operator is None or operator.affine else 1)
    elif kind_of(entry) in RELU_KINDS or entry.kind.endswith(" upsampling"):
        yield "elements", prod(entry.output)
    elif entry.kind in POOL_KINDS or averages_image(entry):
        yield "elements", prod(entry.inputs[0])
