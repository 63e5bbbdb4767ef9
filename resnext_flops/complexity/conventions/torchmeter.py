"""torchmeter, which takes a convolution for one of a single group, and a linear layer for one of a single row.

A module to which several names lead counts once a name. Only modules without children are looked at.
"""

from math import prod

from resnext_flops.complexity.conventions.calls import calls
from resnext_flops.complexity.conventions.convention import Parts, Run, Terms, counter, sums
from resnext_flops.complexity.conventions.vocabulary import (
    AVG_POOLS,
    BATCH_NORMS,
    CONVS,
    MAX_POOLS,
    image_of,
    is_a,
    kernel_of,
    label,
    output_of,
)
from resnext_flops.complexity.records import Call

ACTIVATIONS = {
    "Tanh": 9,
    "ReLU": 1,
    "ReLU6": 1,
    "SiLU": 5,
    "Sigmoid": 4,
    "PReLU": 4,
    "RReLU": 4,
    "LeakyReLU": 4,
}


@counter(
    "torchmeter",
    unit="FLOP",
    version="0.1.0",
    counts="2n - 1 a sum of n products, in convolution modules as if they had one group and in linear ones without "
    "rows, and biases; batch norm 4, ReLU 1, sigmoid 4, SiLU 5 an element",
    source="torchmeter/statistic.py",
    link="https://github.com/TorchMeter/torchmeter",
    bias="1 an output",
    norm="4 batch",
    activation="1 ReLU, 4 sigmoid, 5 SiLU",
    pool="window - 1 max, 2 window - 1 average",
    otherwise={
        "conv": "it counts every convolution as if it had one group, and here one has up to {groups}",
        "linear": "it counts a linear layer as if it ran on one position (pixel or token), and here one runs on up to "
        "{positions}",
    },
)
def torchmeter(run: Run) -> Terms:
    """Torchmeter: modules without children, a convolution as if it had one group, a linear layer without its rows."""
    terms = Terms()
    for call, times in calls(run):
        if call.leaf and call.inputs:
            terms.add_parts(label(call), _parts(call), times * call.paths)
    return terms


def _parts(call: Call) -> Parts:
    image, output = image_of(call), prod(output_of(call))
    if is_a(call, *CONVS):
        yield from sums(output * image[1] * prod(call.settings["kernel_size"]), output)
        yield "bias", output if "bias" in call.params else 0
    elif is_a(call, "Linear"):
        features = call.settings["out_features"]
        yield from sums(features * call.settings["in_features"], features)
        yield "bias", features if "bias" in call.params else 0
    elif is_a(call, *BATCH_NORMS):
        yield "elements", 4 * prod(image)
    elif is_a(call, *MAX_POOLS):
        yield "elements", output * (kernel_of(call) - 1)
    elif is_a(call, *AVG_POOLS):
        yield "elements", output * (2 * kernel_of(call) - 1)
    else:
        factor = next((factor for name, factor in ACTIVATIONS.items() if is_a(call, name)), 0)
        yield "elements", factor * prod(image)
