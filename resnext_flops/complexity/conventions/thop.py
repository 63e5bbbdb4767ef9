"""The original thop, which hooks into calls of modules by exact class: a subclass of a convolution counts zero.

A module with n names counts n^2 times: each name adds a hook to it, and each name adds its figure. Functions are not
seen. Its import name is that of the later thop (`ultralytics_thop.py`), which shares the rules below.
"""

from fractions import Fraction
from math import prod

from resnext_flops.complexity.conventions.calls import calls
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Run, Terms, counter
from resnext_flops.complexity.conventions.vocabulary import (
    ADAPTIVE_AVG_POOLS,
    AVG_POOLS,
    BATCH_NORMS,
    CONVS,
    INSTANCE_NORMS,
    RECURRENT,
    TRANSPOSED,
    image_of,
    is_torchs,
    label,
    output_of,
)
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.products import matrix_product
from resnext_flops.complexity.records import Call

PRODUCT_KINDS = frozenset({"conv", "transposed conv", "linear", "recurrent"})

# Operations an output element of upsampling, by mode.
UPSAMPLING = {"linear": 5, "bilinear": 11, "bicubic": 259, "trilinear": 31}


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
)
def thop(run: Run) -> Terms:
    """The original thop: hooks by exact class."""
    terms = Terms()
    for call, times in calls(run):
        if is_torchs(call):
            figure = _figure(call)
            if figure != 0:
                what = MULTIPLY_ADDS if label(call) in PRODUCT_KINDS else "elements"
                terms.add(label(call), what, figure * times * call.paths**2)
    return terms


def _figure(call: Call) -> Size:
    name, output = call.classes[0], prod(output_of(call))
    if name in CONVS | TRANSPOSED:
        channels: Size = image_of(call)[1] // call.settings["groups"]
        kernel: Shape = call.settings["kernel_size"]
        return output * channels * prod(kernel)
    if name in BATCH_NORMS | INSTANCE_NORMS | {"LayerNorm"}:
        return norm(call)
    if name in AVG_POOLS:
        return output
    if name in ADAPTIVE_AVG_POOLS:
        window = prod(
            Fraction(before, after)
            if isinstance(before, int) and isinstance(after, int) and before % after
            else before // after
            for before, after in zip(image_of(call)[2:], output_of(call)[2:], strict=True)
        )
        return int((window + 1) * output) if isinstance(window, Fraction) else (window + 1) * output
    return common(call, name)


def norm(call: Call) -> Size:
    """Both thops count a norm by its input."""
    affine = call.settings.get("affine") or call.settings.get("elementwise_affine")
    return (4 if affine else 2) * prod(image_of(call))


def common(call: Call, name: str) -> Size:
    """The other rules that the two thops share, by the name of a class."""
    if name == "Linear":
        return matrix_product(output_of(call), call.settings["in_features"])
    if name == "PReLU":
        return prod(image_of(call))
    if name == "Softmax":
        dim = call.settings.get("dim")
        shape = image_of(call)
        length = shape[(0 if len(shape) in {0, 1, 3} else 1) if dim is None else dim]
        return prod(shape) // length * (3 * length - 1)
    if name in {"Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"}:
        return UPSAMPLING.get(call.settings.get("mode", ""), 0) * prod(output_of(call))
    if name in RECURRENT:
        return _recurrent(call)
    return 0


def _recurrent(call: Call) -> Size:
    """Both thops count a cell by its gates. Projections, which are rare and in the later one alone, are left out."""
    settings = call.settings
    hidden, directions = settings["hidden_size"], 2 if settings["bidirectional"] else 1
    widths = [settings["input_size"]] + [directions * hidden] * (settings["num_layers"] - 1)
    cells = sum(_cell(call.classes[0], width, hidden, settings["bias"]) for width in widths)
    return prod(image_of(call)[:-1]) * directions * cells


def _cell(name: str, width: int, hidden: int, bias: bool) -> int:
    state = (width + hidden) * hidden + hidden + (2 * hidden if bias else 0)
    return {"RNN": state, "GRU": 3 * state + 4 * hidden, "LSTM": 4 * state + 4 * hidden}[name]
