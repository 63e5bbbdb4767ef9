"""paddle.flops() of PaddlePaddle, which hooks into the layers of a network without children by exact class.

PaddleClas prints its figures. The networks are Paddle's own, so the rule is taken of layers, whatever calls them here:
an average over the whole image is a pooling layer there. Matrix products of attention, max pools, other activations
than the leaky ReLU, and norms other than the batch norm of an image count zero.

Its parameters are those of layers without children, so that a class token or a position embedding has none. The running
mean and variance of a batch norm are parameters in Paddle: `parameters`.

Checked with a run of paddlepaddle 3.3.1, whose rule is that of 2.2: the figures of eleven of its own networks.
"""

from math import prod

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Parts, Run, Terms, active, counter
from resnext_flops.complexity.conventions.vocabulary import (
    AVERAGE_KINDS,
    LAYER_KINDS,
    NORM_KINDS,
    averages_image,
)
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Size


@counter(
    "paddle",
    unit="MAC",
    version="3.3.1",
    counts="multiply-adds and biases of convolutions, multiply-adds of linear layers; batch norm of an image 2 an "
    "input element; average pools 1 an output element, those to a given size 1 an input element, too",
    source="python/paddle/hapi/dynamic_flops.py",
    link="https://github.com/PaddlePaddle/Paddle",
    bias="1 an output (conv)",
    norm="2 batch",
    activation="0 (leaky ReLU 1)",
    pool="average: 1 an output",
)
def paddle(run: Run) -> Terms:
    """paddle.flops()."""
    terms = Terms()
    for entry, _ in active(run):
        terms.add_parts(entry.kind, _parts(entry), entry.times)
    return terms


def _parts(entry: Entry) -> Parts:
    image, outputs = entry.inputs[0] if entry.inputs else (), prod(entry.output)
    if entry.kind in {"conv", "transposed conv"}:
        # Also of a transposed convolution it looks at the pixels of the output.
        window = prod(entry.kernel) * image[0] // entry.groups
        yield MULTIPLY_ADDS, outputs * window
        yield "bias", outputs if entry.biases != 0 else 0
    elif entry.kind == "linear":
        yield MULTIPLY_ADDS, entry.macs
    elif entry.kind == "batch norm" and len(image) == 3:
        yield "elements", 2 * prod(image)
    elif averages_image(entry):
        yield "elements", prod(image) + outputs
    elif entry.kind in AVERAGE_KINDS:
        windows = zip(image[1:], entry.output[1:], strict=True)
        yield "elements", (prod(before // after for before, after in windows) + 1) * outputs
    elif entry.kind == "average pool":
        yield "elements", outputs
    elif entry.kind == "leaky relu":
        yield "elements", prod(image)


def parameters(run: Run) -> Size:
    """The parameters that it prints: those of layers, and the running mean and variance of batch norms.

    >>> import resnext_flops as rf
    >>> parameters(Run(rf.resnet(50).cost().entries))  # paddle.vision.models.resnet50
    25610152
    """
    layers = [entry for entry in run.entries if entry.kind in LAYER_KINDS | NORM_KINDS]
    return sum(entry.params * entry.times * (2 if entry.kind == "batch norm" else 1) for entry in layers)
