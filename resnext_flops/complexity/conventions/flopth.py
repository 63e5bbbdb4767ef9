"""flopth, which keeps a figure a module: of a module that is called several times, the last call alone counts.

It takes a linear layer's input for two-dimensional, so that tokens are dropped. It prints what it counts as FLOPs, and
a multiply-add as one.
"""

from math import prod

from resnext_flops.complexity.conventions.calls import calls
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Parts, Run, Terms, counter
from resnext_flops.complexity.conventions.vocabulary import (
    BATCH_NORMS,
    CONVS,
    INSTANCE_NORMS,
    TRANSPOSED,
    image_of,
    is_a,
    label,
    output_of,
    window_products,
)
from resnext_flops.complexity.records import Call

POOLS = frozenset({"AvgPool2d", "MaxPool2d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d"})
ACTIVATIONS = frozenset({"ReLU", "ReLU6", "PReLU", "ELU", "LeakyReLU", "GELU", "CELU", "SELU", "Tanh"})


@counter(
    "flopth",
    unit="MAC",
    version="0.1.6",
    counts="multiply-adds and biases of convolution modules, multiply-adds of linear ones (without tokens); batch "
    "norm 2, layer norm, ReLU, GELU and 2-d pools 1 an input element; the last call of each module alone (it prints "
    "FLOPs)",
    source="flopth/helper.py",
    link="https://github.com/vra/flopth",
    bias="1 an output (conv)",
    norm="2 batch, 1 layer",
    activation="1",
    pool="1",
    otherwise={
        "conv": "of a module that is called several times it keeps the last call",
        "linear": "it multiplies the second dimensions of a linear layer's input and output, which are its numbers "
        "of features only if it runs on one position (pixel or token), and here one runs on up to {positions}",
    },
)
def flopth(run: Run) -> Terms:
    """Flopth: the last call of each module without children."""
    terms = Terms()
    last = {call.module: (call, times) for call, times in calls(run) if call.leaf and call.inputs}
    for call, times in last.values():
        terms.add_parts(label(call), _parts(call), times)
    return terms


def _parts(call: Call) -> Parts:
    image, output = image_of(call), output_of(call)
    if is_a(call, *CONVS, *TRANSPOSED):
        yield MULTIPLY_ADDS, window_products(call)
        if "bias" in call.params:
            yield "bias", prod(output)
    elif is_a(call, *BATCH_NORMS, *INSTANCE_NORMS, "LayerNorm", "GroupNorm"):
        yield "elements", prod(image) * (2 if call.settings.get("affine") else 1)
    elif is_a(call, *POOLS, *ACTIVATIONS):
        yield "elements", prod(image)
    elif is_a(call, "Upsample"):
        yield "elements", image[0] * prod(output[2:])
    elif is_a(call, "Linear") and len(image) > 1:  # it fails on a single row
        yield MULTIPLY_ADDS, image[0] * image[1] * output[1]
    elif is_a(call, "Hardswish", "Hardsigmoid"):
        yield "elements", prod(output)
