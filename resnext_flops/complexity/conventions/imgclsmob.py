"""measure_model of imgclsmob (its networks are the package gluoncv2), which hooks into the blocks of a Gluon network.

Its README prints half of the figure, as "FLOPs/2". The networks are its own, so the rule is taken of layers, whatever
calls them here. A convolution without a bias counts one operation less for each pair of channels that it joins.

Of the averages over the whole image only the last one, before the classifier, is a block there. Those of squeeze and
excitation are functions and count zero. In most networks the block is a pool whose window is the whole image. In others
it is Gluon's GlobalAvgPool2D, whose window is 1 x 1 by its settings: `imgclsmob-global`.

Checked with a run of the repository's own pytorch/model_stats.py, the same rule for torch, on networks of pytorchcv.
"""

from collections.abc import Callable
from math import prod

from resnext_flops.complexity.conventions.convention import LESS, Parts, Run, Terms, active, counter, twice
from resnext_flops.complexity.conventions.vocabulary import averages_image, kind_of
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Size

# Operations an input element.
ELEMENTS = {
    "batch norm": 4,
    "instance norm": 4,
    "relu": 1,
    "relu6": 1,
    "hardsigmoid": 1,
    "hardswish": 2,
    "leaky relu": 2,
    "elu": 3,
    "prelu": 3,
    "sigmoid": 4,
    "silu": 5,
}


@counter(
    "imgclsmob",
    unit="FLOP",
    version="c1a844d",
    counts="two operations a multiply-add of convolutions and fully-connected layers, one less for each pair of "
    "channels (or output) without a bias; batch norm 4, ReLU 1, sigmoid 4, swish 5 an element; each window of a pool",
    source="gluon/model_stats.py, measure_model",
    link="https://github.com/osmr/imgclsmob",
    norm="4 batch",
    activation="1 to 5",
    pool="window",
)
def imgclsmob(run: Run) -> Terms:
    """measure_model of a network that ends in a pool with a window of the whole image."""
    return _terms(run, last=lambda entry: prod(entry.inputs[0]))


@counter(
    "imgclsmob-global",
    unit="FLOP",
    version="c1a844d",
    counts="as imgclsmob, of a network that ends in Gluon's GlobalAvgPool2D: 1 an output element",
    source="gluon/model_stats.py, measure_model",
    link="https://github.com/osmr/imgclsmob",
    norm="4 batch",
    activation="1 to 5",
    pool="window",
)
def imgclsmob_global(run: Run) -> Terms:
    """measure_model of a network that ends in a global pool."""
    return _terms(run, last=lambda entry: prod(entry.output))


def _terms(run: Run, last: Callable[[Entry], Size]) -> Terms:
    """The parts of the figure. last: what the last average over the whole image counts."""
    terms = Terms()
    entries = [entry for entry, _ in active(run)]
    averages = [number for number, entry in enumerate(entries) if averages_image(entry)]
    for number, entry in enumerate(entries):
        if number not in averages:
            terms.add_parts(kind_of(entry), _parts(entry), entry.times)
        elif number == averages[-1]:
            terms.add(entry.kind, "elements", last(entry) * entry.times)
    return terms


def _parts(entry: Entry) -> Parts:
    if entry.kind == "conv":
        yield from twice(entry.macs)
        yield LESS, 0 if entry.biases != 0 else -(entry.inputs[0][0] * entry.output[0] // entry.groups)
    elif entry.kind == "linear":
        yield from twice(entry.macs)
        yield LESS, 0 if entry.biases != 0 else -prod(entry.output)
    elif entry.kind in {"max pool", "average pool"}:
        yield "elements", prod(entry.output) * prod(entry.kernel)
    elif kind_of(entry) in ELEMENTS:
        yield "elements", ELEMENTS[kind_of(entry)] * prod(entry.inputs[0])
