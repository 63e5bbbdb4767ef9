"""pycls, which sums up a description of its own as it builds a network.

A bias counts once a channel, however many pixels it is added to; so did pycls until July 2021.
"""

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Run, Terms, active, counter
from resnext_flops.complexity.conventions.vocabulary import LAYER_KINDS


@counter(
    "pycls",
    unit="MAC",
    version="0.1",
    counts="multiply-adds of convolutions and fully-connected layers, and one a bias, however many pixels it is added "
    "to",
    source="pycls/models/blocks.py, conv2d_cx and linear_cx",
    link="https://github.com/facebookresearch/pycls",
    bias="1 a channel",
)
def pycls(run: Run) -> Terms:
    """Multiply-adds of convolutions and fully-connected layers, and the biases of both, once each."""
    terms = Terms()
    for entry, _ in active(run):
        if entry.kind in LAYER_KINDS:
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
            terms.add(entry.kind, "bias, once a channel", entry.biases * entry.times)
    return terms
