"""torchinfo, which multiplies the parameters of each module without children by sizes of its output.

A class with Conv in its name takes the batch and the pixels; any other the first dimension alone, so that the tokens
of a linear layer are dropped. A parameter that is called neither weight nor bias counts zero.
"""

from math import prod

from resnext_flops.complexity.conventions.calls import calls
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Run, Terms, counter
from resnext_flops.complexity.conventions.vocabulary import label, output_of

PRODUCT_KINDS = frozenset({"conv", "transposed conv", "linear", "multi-head attention", "recurrent"})


@counter(
    "torchinfo",
    unit="MAC",
    version="1.8.0",
    counts="parameters of each module without children times the first output dimension, and times the pixels for a "
    "class with Conv in its name; the tokens of a linear layer are dropped, functions are not seen",
    source="torchinfo/layer_info.py, calculate_macs",
    link="https://github.com/TylerYep/torchinfo",
    bias="1 an output",
    norm="1 a parameter",
    otherwise={
        "linear": "it multiplies the parameters of a linear layer by the first dimension of its output, the batch, and "
        "not by the positions (pixels or tokens) that it runs on, here up to {positions}"
    },
)
def torchinfo(run: Run) -> Terms:
    """Parameters of each module without children, times the first output dimension, and the pixels of a "Conv"."""
    terms = Terms()
    for call, times in calls(run):
        if not call.leaf or not call.params:
            continue
        output = output_of(call)
        for name, shape in call.params.items():
            if name in {"weight", "bias"}:
                rows = output[0] * prod(output[2:]) if "Conv" in call.classes[0] else output[0]
            elif "weight" in name or "bias" in name:
                rows = prod(output[:2])
            else:
                continue
            what = "bias" if "bias" in name else MULTIPLY_ADDS if label(call) in PRODUCT_KINDS else "parameters"
            terms.add(label(call), what, prod(shape) * rows * times)
    return terms
