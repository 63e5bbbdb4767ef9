"""pycls, which sums up a description of its own as it builds a network.

Since July 2021 a bias counts once for each pixel that it is added to; before that, and in the release on PyPI, it
counted once a channel. Its activations are not only the outputs of the layers with multiply-adds, but also those of max
pools.
"""

from math import prod

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Run, Terms, active, counter
from resnext_flops.complexity.conventions.vocabulary import LAYER_KINDS
from resnext_flops.complexity.layers import Size


@counter(
    "pycls",
    unit="MAC",
    version="f41a75b",
    counts="multiply-adds and biases of convolutions and fully-connected layers",
    source="pycls/models/blocks.py, conv2d_cx and linear_cx",
    link="https://github.com/facebookresearch/pycls",
    bias="1 an output",
)
def pycls(run: Run) -> Terms:
    """Multiply-adds and biases of convolutions and fully-connected layers."""
    terms = _multiply_adds(run)
    for entry, _ in active(run):
        if entry.kind in LAYER_KINDS and entry.biases != 0:
            terms.add(entry.kind, "bias", prod(entry.output) * entry.times)
    return terms


@counter(
    "pycls-2020",
    unit="MAC",
    version="0.1.1",
    counts="as pycls before July 2021: one a bias, however many pixels it is added to",
    source="pycls/models/blocks.py, conv2d_cx and linear_cx",
    link="https://github.com/facebookresearch/pycls",
    variant_of="pycls",
    bias="1 a channel",
)
def pycls_2020(run: Run) -> Terms:
    """Multiply-adds of convolutions and fully-connected layers, and the biases of both, once each."""
    terms = _multiply_adds(run)
    for entry, _ in active(run):
        if entry.kind in LAYER_KINDS and entry.biases != 0:
            terms.add(entry.kind, "bias, once a channel", entry.biases * entry.times)
    return terms


def _multiply_adds(run: Run) -> Terms:
    terms = Terms()
    for entry, _ in active(run):
        if entry.kind in LAYER_KINDS:
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
    return terms


def activations(run: Run) -> Size:
    """pycls's activations: the outputs of convolutions, fully-connected layers and max pools.

    >>> import resnext_flops as rf
    >>> cost = rf.resnet(50).cost()
    >>> activations(Run(cost.entries)) - cost.activations == 64 * 56 * 56  # the max pool of the stem
    True
    """
    counted = LAYER_KINDS | {"max pool"}
    return sum(prod(entry.output) * entry.times for entry, _ in active(run) if entry.kind in counted)
