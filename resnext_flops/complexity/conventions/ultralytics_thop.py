"""The later thop, kept by Ultralytics: hooks by class, subclasses too, and products called as functions outside them.

The classes in `UNCOUNTED` have a rule that counts nothing, and the search for a rule ends there. A product called as a
function counts outside of hooked modules and of other functions, so that nothing counts twice. An average pool counts
the elements of all its windows, with the padding where the pool counts it.
"""

from math import prod

from resnext_flops.complexity.conventions.calls import calls, functions
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Parts, Run, Terms, counter, needs_trace
from resnext_flops.complexity.conventions.thop import common, norm, recurrent
from resnext_flops.complexity.conventions.vocabulary import (
    ADAPTIVE_AVG_POOLS,
    AVG_POOLS,
    CELLS,
    CONVS,
    RECURRENT,
    TRANSPOSED,
    attended,
    einsum_of,
    image_of,
    label,
    output_of,
    tensor,
    window_products,
)
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.products import attention, einsum, matrix_product
from resnext_flops.complexity.records import Call, Function

NORMS = frozenset({"_NormBase", "LayerNorm", "GroupNorm", "RMSNorm"})
PRODUCT_FUNCTIONS = frozenset(
    {"torch.matmul", "Tensor.matmul", "Tensor.__matmul__", "torch.bmm", "Tensor.bmm", "F.linear"}
)
HOOKED = (
    CONVS
    | TRANSPOSED
    | RECURRENT
    | CELLS
    | NORMS
    | AVG_POOLS
    | ADAPTIVE_AVG_POOLS
    | {"PReLU", "Softmax", "LogSoftmax", "Softmin", "Softmax2d", "Upsample", "UpsamplingBilinear2d"}
    | {"UpsamplingNearest2d", "Embedding", "Linear", "MultiheadAttention", "Bilinear"}
)
UNCOUNTED = frozenset({"Sequential", "ModuleList", "ModuleDict", "Identity", "Flatten", "ReLU", "LeakyReLU"})


@counter(
    "ultralytics-thop",
    unit="MAC",
    version="2.2.3",
    counts="multiply-adds of convolution and linear modules and of matrix products called as functions, no biases; "
    "norms 4 an input element; average pools their windows and outputs; attention with its softmax",
    source="thop/vision/basic_hooks.py, thop/profile.py",
    link="https://github.com/ultralytics/thop",
    norm="4",
    activation="0 (PReLU 1, softmax 3)",
    pool="average: window + 1",
    attention="multiply-adds, softmax 3",
)
def ultralytics_thop(run: Run) -> Terms:
    """The later thop: hooks by class, subclasses too, and products called as functions outside them."""
    needs_trace(run, "average pool")  # it counts the elements of each window, so it needs stride and padding
    terms = Terms()
    made = list(calls(run))
    rules = [_class_of(call) for call, _ in made]
    for (call, times), name in zip(made, rules, strict=True):
        if name:
            terms.add_parts(label(call), _parts(call, name), times)
    for function, times in functions(run):
        inside = any(number < 0 or rules[number] for number in function.within)
        if not function.outer and not inside:
            figure = _function_figure(function)
            if figure != 0:
                terms.add(function.name, MULTIPLY_ADDS, figure * times)
    return terms


def _class_of(call: Call) -> str | None:
    """The class whose rule a call takes: its own, or its nearest base class with a rule."""
    found = next((name for name in call.classes if name in HOOKED | UNCOUNTED), None)
    return found if found in HOOKED else None


def _parts(call: Call, name: str) -> Parts:
    output = prod(output_of(call))
    if name in CONVS:
        yield MULTIPLY_ADDS, window_products(call)
    elif name in TRANSPOSED:
        channels = call.settings["out_channels"] // call.settings["groups"]
        yield MULTIPLY_ADDS, matrix_product(image_of(call), channels * prod(call.settings["kernel_size"]))
    elif name in NORMS:
        yield "elements", norm(call)
    elif name in AVG_POOLS:
        yield "elements", _pooled(call) + output
    elif name in ADAPTIVE_AVG_POOLS:
        pooled = prod(_adaptive_windows(*lengths) for lengths in zip(image_of(call), output_of(call), strict=True))
        yield "elements", pooled + output
    elif name == "MultiheadAttention":
        yield from _attention(call)
    elif name == "Bilinear":
        length = (call.settings["in1_features"] + 1) * call.settings["in2_features"]
        yield MULTIPLY_ADDS, matrix_product(output_of(call), length)
    elif name in RECURRENT | CELLS:
        yield from recurrent(call, name, call.settings.get("proj_size", 0))
    else:
        yield from common(call, name)


def _adaptive_windows(before: Size, after: Size) -> Size:
    """Elements of all windows along one axis: output j spans floor(j I / O) to ceil((j + 1) I / O)."""
    if after in {1, before}:
        return before
    return sum(-(-(j + 1) * before // after) - j * before // after for j in range(after))


def _pooled(call: Call) -> Size:
    """Elements of all windows of an average pool, with the padding where the pool counts it."""
    image, output = image_of(call), output_of(call)
    dims = int(call.classes[0][-2]) if call.classes[0] in AVG_POOLS else 2
    kernel, stride, padding = (
        (value,) * dims if isinstance(value, int) else tuple(value)
        for value in (call.settings[key] for key in ("kernel_size", "stride", "padding"))
    )
    windows = 1
    for size, count, k, s, p in zip(image[-dims:], output[-dims:], kernel, stride, padding, strict=True):
        low, high = (-p, size + p) if call.settings.get("count_include_pad", True) else (0, size)
        windows *= sum(max(min(i * s - p + k, high) - max(i * s - p, low), 0) for i in range(count))
    return prod(image[:-dims]) * windows


def _attention(call: Call) -> Parts:
    settings, output = call.settings, output_of(call)
    width: Size = settings["embed_dim"]
    heads: Size = settings["num_heads"]
    first = settings.get("batch_first", False)
    tokens = output[-2] if first or len(output) == 2 else output[0]
    batch = 1 if len(output) == 2 else output[0 if first else 1]
    key = call.inputs[1]
    keys = key[-2] if first or len(key) == 2 else key[0]
    appended = ("bias_k" in call.params) + bool(settings.get("add_zero_attn"))
    attended = keys + appended
    widths: Size = settings["kdim"] + settings["vdim"]
    projections = width * (2 * tokens * width + keys * widths)
    yield MULTIPLY_ADDS, batch * (projections + 2 * tokens * attended * width)
    yield "softmax", batch * heads * tokens * (3 * attended - 1)


def _function_figure(function: Function) -> Size:
    """The products that the later thop sees as functions; of an einsum only one of two operands."""
    if function.name in PRODUCT_FUNCTIONS:
        return matrix_product(function.output, tensor(function, 0, "input")[-1])
    if function.name == "F.scaled_dot_product_attention":
        query, key, value = attended(function)
        return attention((*function.output[:-1], query[-1]), key, value)
    if function.name == "torch.einsum":
        equation, shapes = einsum_of(function)
        return einsum(equation, shapes) if len(shapes) == 2 else 0
    return 0
