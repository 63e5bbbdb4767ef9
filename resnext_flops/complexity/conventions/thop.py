"""The original thop, which hooks into calls of modules by exact class: a subclass of a convolution counts zero.

A module with n names counts n^2 times: each name adds a hook to it, and each name adds its figure. Functions are not
seen. Its import name is that of the later thop (`ultralytics_thop.py`), which shares the rules below.
"""

from fractions import Fraction
from math import prod

from resnext_flops.complexity.conventions.calls import calls
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Parts, Run, Terms, counter, sums
from resnext_flops.complexity.conventions.vocabulary import (
    ADAPTIVE_AVG_POOLS,
    AVG_POOLS,
    BATCH_NORMS,
    CELLS,
    CONVS,
    INSTANCE_NORMS,
    NOT_MODULES,
    RECURRENT,
    TRANSPOSED,
    image_of,
    is_torchs,
    kernel_of,
    label,
    output_of,
)
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.products import matrix_product
from resnext_flops.complexity.records import Call

# The gates of a cell, and the operations an element of its state besides the sums of the gates.
GATES = {"RNN": (1, 0), "GRU": (3, 4), "LSTM": (4, 4)}

# Operations an output element of upsampling, by mode.
UPSAMPLING = {"linear": 5, "bilinear": 11, "bicubic": 259, "trilinear": 31}
UPSAMPLING_2019 = {"linear": 5, "bilinear": 13, "bicubic": 259}


@counter(
    "thop",
    unit="MAC",
    version="0.1.1.post2209072238",
    counts="multiply-adds of convolution and linear modules of torch's own classes, no biases; norms 4 an input "
    "element; functions, matrix products and attention are not seen",
    source="thop/vision/basic_hooks.py",
    link="https://github.com/Lyken17/pytorch-OpCounter",
    norm="4",
    activation="0 (PReLU 1, softmax 3)",
    pool="average: window + 1",
    otherwise={
        "conv": "it sees convolutions of torch's own class alone, and one with several names counts more than once",
        "linear": NOT_MODULES,
    },
)
def thop(run: Run) -> Terms:
    """The original thop: hooks by exact class."""
    terms = Terms()
    for call, times in calls(run):
        if is_torchs(call):
            terms.add_parts(label(call), _parts(call), times * call.paths**2)
    return terms


@counter(
    "thop-2019",
    unit="MAC",
    version="0.0.31",
    counts="as thop of September 2019, whose benchmark is in its README: a bias of a convolution 1 an output, two "
    "operations a multiply-add of a linear layer, less one a sum",
    source="thop/count_hooks.py of commit 176c407",
    link="https://github.com/Lyken17/pytorch-OpCounter",
    bias="1 an output (conv)",
    norm="4 batch",
    activation="0 (leaky ReLU 1)",
    pool="average: window + 1",
    otherwise={
        "conv": "it sees convolutions of torch's own class alone, and one with several names counts more than once",
        "linear": "it counts two operations a multiply-add of linear layers, and sees those alone that are modules",
    },
)
def thop_2019(run: Run) -> Terms:
    """The thop of 2019: hooks by exact class, one for each name of a module."""
    terms = Terms()
    for call, times in calls(run):
        if is_torchs(call):
            terms.add_parts(label(call), _parts_2019(call), times * call.paths)
    return terms


def _parts_2019(call: Call) -> Parts:
    name, output = call.classes[0], prod(output_of(call))
    if name in CONVS | TRANSPOSED:
        window = call.settings["in_channels"] // call.settings["groups"] * prod(call.settings["kernel_size"])
        yield MULTIPLY_ADDS, output * window
        yield "bias", output if "bias" in call.params else 0
    elif name == "Linear":
        yield from sums(output * call.settings["in_features"], output)
    elif name in BATCH_NORMS:
        yield "elements", 4 * prod(image_of(call))
    elif name in AVG_POOLS:
        yield "elements", (kernel_of(call, squared=False) + 1) * output
    elif name in ADAPTIVE_AVG_POOLS:
        windows = zip(image_of(call)[2:], output_of(call)[2:], strict=True)
        yield "elements", (prod(before // after for before, after in windows) + 1) * output
    elif name == "LeakyReLU":
        yield "elements", prod(image_of(call))
    elif name in {"Upsample", "UpsamplingBilinear2d"}:
        yield "elements", UPSAMPLING_2019.get(call.settings.get("mode", ""), 0) * output


def _parts(call: Call) -> Parts:
    name, output = call.classes[0], prod(output_of(call))
    if name in CONVS | TRANSPOSED:
        channels: Size = image_of(call)[1] // call.settings["groups"]
        kernel: Shape = call.settings["kernel_size"]
        yield MULTIPLY_ADDS, output * channels * prod(kernel)
    elif name in BATCH_NORMS | INSTANCE_NORMS | {"LayerNorm"}:
        yield "elements", norm(call)
    elif name in AVG_POOLS:
        yield "elements", output
    elif name in ADAPTIVE_AVG_POOLS:
        window = prod(
            Fraction(before, after)
            if isinstance(before, int) and isinstance(after, int) and before % after
            else before // after
            for before, after in zip(image_of(call)[2:], output_of(call)[2:], strict=True)
        )
        yield "elements", int((window + 1) * output) if isinstance(window, Fraction) else (window + 1) * output
    elif name in RECURRENT | CELLS:
        yield from recurrent(call, name)
    else:
        yield from common(call, name)


def norm(call: Call) -> Size:
    """Both thops count a norm by its input."""
    affine = call.settings.get("affine") or call.settings.get("elementwise_affine")
    return (4 if affine else 2) * prod(image_of(call))


def common(call: Call, name: str) -> Parts:
    """The other rules that the two thops share, by the name of a class."""
    if name == "Linear":
        yield MULTIPLY_ADDS, matrix_product(output_of(call), call.settings["in_features"])
    elif name == "PReLU":
        yield "elements", prod(image_of(call))
    elif name == "Softmax":
        dim = call.settings.get("dim")
        shape = image_of(call)
        length = shape[(0 if len(shape) in {0, 1, 3} else 1) if dim is None else dim]
        yield "elements", prod(shape) // length * (3 * length - 1)
    elif name in {"Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"}:
        yield "elements", UPSAMPLING.get(call.settings.get("mode", ""), 0) * prod(output_of(call))


def recurrent(call: Call, name: str, projection: int = 0) -> Parts:
    """Both thops count a cell by its gates, in each step of each layer.

    projection: the width of the projected state, of an LSTM whose projection the counter looks at; 0 for any other.
    """
    settings = call.settings
    hidden, directions = settings["hidden_size"], 2 if settings.get("bidirectional") else 1
    state = projection or hidden
    widths = [settings["input_size"]] + [directions * state] * (settings.get("num_layers", 1) - 1)
    cells = prod(image_of(call)[:-1]) * directions
    gates, elements = GATES[name.removesuffix("Cell")]
    products = sum(gates * (width + state) * hidden + hidden * projection for width in widths)
    yield MULTIPLY_ADDS, cells * products
    yield "gates", cells * len(widths) * (gates + elements) * hidden
    yield "bias", cells * len(widths) * gates * 2 * hidden if settings["bias"] else 0
