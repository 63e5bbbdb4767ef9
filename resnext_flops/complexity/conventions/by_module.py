"""Conventions that hook into calls of modules: torchinfo, both thops, flopth, torchmeter, torch-flops."""

from collections.abc import Iterator
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, SECOND, Convention, Terms, exact, whole
from resnext_flops.complexity.conventions.described import calls, functions
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.records import Call, Function

if TYPE_CHECKING:
    from resnext_flops.complexity.ledger import Ledger

CONVS = frozenset({"Conv1d", "Conv2d", "Conv3d"})
TRANSPOSED = frozenset({"ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"})
BATCH_NORMS = frozenset({"BatchNorm1d", "BatchNorm2d", "BatchNorm3d"})
INSTANCE_NORMS = frozenset({"InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"})
POOLED_2D = frozenset({"AvgPool2d", "MaxPool2d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d"})
MAX_POOLS = frozenset({"MaxPool1d", "MaxPool2d", "MaxPool3d"})
AVG_POOLS = frozenset({"AvgPool1d", "AvgPool2d", "AvgPool3d"})
ADAPTIVE_AVG_POOLS = frozenset({"AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"})

# Operations an output element of upsampling, by mode: both thops.
UPSAMPLING = {"linear": 5, "bilinear": 11, "bicubic": 259, "trilinear": 31}


def label(call: Call) -> str:
    """A call as the bridge names it: the kind of the ledger where there is one, and else the class."""
    names = {"Linear": "linear", "ReLU": "relu", "MultiheadAttention": "multi-head attention", "LSTM": "recurrent"}
    for each in call.classes:
        if each in CONVS:
            return "conv"
        if each in TRANSPOSED:
            return "transposed conv"
        if each in BATCH_NORMS:
            return "batch norm"
        if each in MAX_POOLS:
            return "max pool"
        if each in names:
            return names[each]
    return call.classes[0] if call.classes else "module"


def is_a(call: Call, *names: str) -> bool:
    """Whether a call's class is one of these, or derives from one."""
    return any(name in names for name in call.classes)


def kernel_of(call: Call, squared: bool = True) -> Size:
    """Elements of a pooling window. `squared` is False for counters that take a plain number as it is."""
    kernel = call.settings["kernel_size"]
    if isinstance(kernel, int):
        return kernel ** int(call.classes[0][-2]) if squared else kernel
    return prod(kernel)


def image_of(call: Call) -> Shape:
    """The shape of the first tensor that a call was given."""
    return call.inputs[0] if call.inputs else ()


def output_of(call: Call) -> Shape:
    """The shape of the first tensor that a call returned."""
    return call.outputs[0] if call.outputs else ()


def window_products(call: Call) -> Size:
    """The multiply-adds of a convolution: each output sums over a window of a group's channels."""
    return exact(
        prod(output_of(call))
        * (call.settings["in_channels"] // call.settings["groups"])
        * prod(call.settings["kernel_size"])
    )


# torchinfo ------------------------------------------------------------------------------------------------------------


def torchinfo(ledger: "Ledger") -> Terms:
    """Parameters of each module without children, times the first output dimension, and the pixels of a "Conv"."""
    terms = Terms()
    for call, times in calls(ledger):
        if not call.leaf or not call.params:
            continue
        output = output_of(call)
        for name, shape in call.params.items():
            size = prod(shape)
            if name in {"weight", "bias"}:
                rows = output[0] * prod(output[2:]) if "Conv" in call.classes[0] else output[0]
            elif "weight" in name or "bias" in name:
                rows = prod(output[:2])
            else:
                continue
            product = label(call) in {"conv", "transposed conv", "linear", "multi-head attention", "recurrent"}
            what = "bias" if "bias" in name else MULTIPLY_ADDS if product else "parameters"
            terms.add(label(call), what, size * rows * times)
    return terms


# thop -----------------------------------------------------------------------------------------------------------------


def thop(ledger: "Ledger") -> Terms:
    """The original thop: hooks by exact class."""
    terms = Terms()
    for call, times in calls(ledger):
        if call.classes and call.origin.startswith("torch.nn"):
            figure = _thop_figure(call)
            product = label(call) in {"conv", "transposed conv", "linear", "recurrent"}
            if figure != 0:
                terms.add(label(call), MULTIPLY_ADDS if product else "elements", figure * times * call.paths**2)
    return terms


def _thop_figure(call: Call) -> Size:
    name, output = call.classes[0], prod(output_of(call))
    if name in CONVS | TRANSPOSED:
        channels = image_of(call)[1] // call.settings["groups"]
        return exact(output * channels * prod(call.settings["kernel_size"]))
    if name in BATCH_NORMS | INSTANCE_NORMS | {"LayerNorm"}:
        return _thop_norm(call)
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
    return _thop_common(call, name)


def _thop_norm(call: Call) -> Size:
    affine = call.settings.get("affine") or call.settings.get("elementwise_affine")
    return (4 if affine else 2) * prod(image_of(call))


def _thop_common(call: Call, name: str) -> Size:
    """What the two thops have in common."""
    if name == "Linear":
        return exact(call.settings["in_features"] * prod(output_of(call)))
    if name == "PReLU":
        return prod(image_of(call))
    if name == "Softmax":
        dim = call.settings.get("dim")
        shape = image_of(call)
        length = shape[(0 if len(shape) in {0, 1, 3} else 1) if dim is None else dim]
        return prod(shape) // length * (3 * length - 1)
    if name in {"Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"}:
        return UPSAMPLING.get(call.settings.get("mode", ""), 0) * prod(output_of(call))
    if name in {"RNN", "GRU", "LSTM"}:
        return _thop_recurrent(call)
    return 0


def _thop_recurrent(call: Call) -> Size:
    """Both thops count a cell by its gates; a projection is in the later one alone, and rare."""
    settings = call.settings
    hidden, directions = settings["hidden_size"], 2 if settings["bidirectional"] else 1
    bias = 2 * hidden if settings["bias"] else 0

    def cell(width: int) -> int:
        state = (width + hidden) * hidden + hidden + bias
        return exact({"RNN": state, "GRU": 3 * state + 4 * hidden, "LSTM": 4 * state + 4 * hidden}[call.classes[0]])

    layers = [settings["input_size"]] + [directions * hidden] * (settings["num_layers"] - 1)
    return prod(image_of(call)[:-1]) * directions * sum(map(cell, layers))


ULTRALYTICS_ZERO = "free"


def ultralytics_thop(ledger: "Ledger") -> Terms:
    """The later thop: hooks by class, subclasses too, and products called as functions outside them."""
    whole(ledger, "average pool")  # it counts the elements of each window, so it needs stride and padding
    terms = Terms()
    made = list(calls(ledger))
    rules = [_ultralytics_class(call) for call, _ in made]
    for (call, times), name in zip(made, rules, strict=True):
        figure = _ultralytics_figure(call, name)
        if figure != 0:
            product = name in CONVS | TRANSPOSED | {"Linear", "MultiheadAttention", "LSTM", "GRU", "RNN", "Bilinear"}
            terms.add(label(call), MULTIPLY_ADDS if product else "elements", figure * times)
    for function, times in functions(ledger):
        inside = any(number < 0 or rules[number] != ULTRALYTICS_ZERO for number in function.within)
        if not function.outer and not inside:
            figure = ultralytics_function(function)
            if figure != 0:
                terms.add(function.name, MULTIPLY_ADDS, figure * times)
    return terms


_ULTRALYTICS = (
    CONVS
    | TRANSPOSED
    | AVG_POOLS
    | ADAPTIVE_AVG_POOLS
    | {"_NormBase", "LayerNorm", "GroupNorm", "RMSNorm", "PReLU", "Softmax", "LogSoftmax", "Softmin", "Softmax2d"}
    | {"Linear", "Bilinear", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"}
    | {"RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell", "MultiheadAttention", "Embedding"}
)
_ULTRALYTICS_FREE = frozenset({"Sequential", "ModuleList", "ModuleDict", "Identity", "Flatten", "ReLU", "LeakyReLU"})


def _ultralytics_class(call: Call) -> str:
    """The class whose rule a call takes: the nearest in its line of descent that has one."""
    for name in call.classes:
        if name in _ULTRALYTICS:
            return name
        if name in _ULTRALYTICS_FREE:
            break
    return ULTRALYTICS_ZERO


def _ultralytics_figure(call: Call, name: str) -> Size:
    output = prod(output_of(call))
    if name in CONVS:
        return window_products(call)
    if name in TRANSPOSED:
        channels = call.settings["out_channels"] // call.settings["groups"]
        return exact(prod(image_of(call)) * channels * prod(call.settings["kernel_size"]))
    if name in {"_NormBase", "LayerNorm", "GroupNorm", "RMSNorm"}:
        return _thop_norm(call)
    if name in AVG_POOLS:
        return _pooled(call) + output
    if name in ADAPTIVE_AVG_POOLS:
        pooled = prod(_adaptive_windows(*lengths) for lengths in zip(image_of(call), output_of(call), strict=True))
        return pooled + output
    if name == "MultiheadAttention":
        return _ultralytics_attention(call)
    if name == "Bilinear":
        return exact((call.settings["in1_features"] + 1) * call.settings["in2_features"] * output)
    return _thop_common(call, name)


def _adaptive_windows(before: Size, after: Size) -> Size:
    """Elements of all windows along one axis: output j spans floor(j I / O) to ceil((j + 1) I / O)."""
    if not isinstance(before, int) or after in {1, before}:
        return before
    return sum(-(-(j + 1) * before // after) - j * before // after for j in range(after))


def _pooled(call: Call) -> Size:
    """Elements of all windows of an average pool, those of the padding too where it is counted in."""
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


def _ultralytics_attention(call: Call) -> Size:
    settings, output = call.settings, output_of(call)
    first = settings.get("batch_first", False)
    tokens = output[-2] if first or len(output) == 2 else output[0]
    batch = 1 if len(output) == 2 else output[0 if first else 1]
    key = call.inputs[1]
    keys = key[-2] if first or len(key) == 2 else key[0]
    appended = ("bias_k" in call.params) + bool(settings.get("add_zero_attn"))
    width, attended = settings["embed_dim"], keys + appended
    projections = width * (2 * tokens * width + keys * (settings["kdim"] + settings["vdim"]))
    softmax = batch * settings["num_heads"] * tokens * (3 * attended - 1)
    return exact(batch * (projections + 2 * tokens * attended * width) + softmax)


def ultralytics_function(function: Function) -> Size:
    """The products that the later thop sees as functions."""
    args = function.args
    if function.name in {"torch.matmul", "Tensor.matmul", "Tensor.__matmul__", "torch.bmm", "Tensor.bmm", "F.linear"}:
        return exact(prod(function.output) * args[0][-1])
    if function.name == "F.scaled_dot_product_attention":
        query, key, value = args[:3]
        return exact(prod(function.output) // value[-1] * key[-2] * (query[-1] + value[-1]))
    if function.name == "torch.einsum":
        return einsum_products(function)
    return 0


def einsum_products(function: Function) -> Size:
    """The multiply-adds of an einsum of two operands: each combination of the indices that are not summed before."""
    equation, operands = args_of_einsum(function)
    if len(operands) != 2:
        return 0
    left, _, right = equation.partition("->")
    if "->" not in equation:
        right = "..." + "".join(sign for sign in left if left.count(sign) == 1)
    sizes: list[dict[str | int, Size]] = []
    for term, shape in zip(left.split(","), operands, strict=True):
        head, _, tail = term.partition("...")
        extra = len(shape) - len(head) - len(tail)
        names: list[str | int] = [*head, *range(extra, 0, -1), *tail]
        sizes.append({name: size for name, size in zip(names, shape, strict=True) if size != 1})
    total = 1
    for name in sizes[0].keys() | sizes[1].keys():
        kept = name in right if isinstance(name, str) else "..." in right
        if (name in sizes[0] and name in sizes[1]) or kept:
            total *= sizes[0].get(name, sizes[1].get(name, 1))
    return total


def args_of_einsum(function: Function) -> tuple[str, tuple[Shape, ...]]:
    """The equation without blanks, and the shapes of the operands."""
    equation, *operands = function.args
    if len(operands) == 1 and operands[0] and isinstance(operands[0][0], tuple):
        operands = list(operands[0])
    return equation.replace(" ", ""), tuple(operands)


# flopth ---------------------------------------------------------------------------------------------------------------


def flopth(ledger: "Ledger") -> Terms:
    """Flopth: the last call of each module without children."""
    terms = Terms()
    last = {call.module: (call, times) for call, times in calls(ledger) if call.leaf and call.inputs}
    for call, times in last.values():
        for what, figure in _flopth_parts(call):
            terms.add(label(call), what, figure * times)
    return terms


def _flopth_parts(call: Call) -> Iterator[tuple[str, Size]]:
    image, output = image_of(call), output_of(call)
    if is_a(call, *CONVS, *TRANSPOSED):
        yield MULTIPLY_ADDS, window_products(call)
        if "bias" in call.params:
            yield "bias", prod(output)
    elif is_a(call, *BATCH_NORMS, *INSTANCE_NORMS, "LayerNorm", "GroupNorm"):
        yield "elements", prod(image) * (2 if call.settings.get("affine") else 1)
    elif is_a(call, *POOLED_2D, "ReLU", "ReLU6", "PReLU", "ELU", "LeakyReLU", "GELU", "CELU", "SELU", "Tanh"):
        yield "elements", prod(image)
    elif is_a(call, "Upsample"):
        yield "elements", image[0] * prod(output[2:])
    elif is_a(call, "Linear"):
        yield MULTIPLY_ADDS, image[0] * image[1] * output[1]
    elif is_a(call, "Hardswish", "Hardsigmoid"):
        yield "elements", prod(output)


# torchmeter -----------------------------------------------------------------------------------------------------------

TORCHMETER_ACTIVATIONS = {
    "Tanh": 9,
    "ReLU": 1,
    "ReLU6": 1,
    "SiLU": 5,
    "Sigmoid": 4,
    "PReLU": 4,
    "RReLU": 4,
    "LeakyReLU": 4,
}


def torchmeter(ledger: "Ledger") -> Terms:
    """Torchmeter: modules without children, a convolution as if it had one group, a linear layer without its rows."""
    terms = Terms()
    for call, times in calls(ledger):
        if call.leaf and call.inputs:
            for what, figure in _torchmeter_parts(call):
                terms.add(label(call), what, figure * times * call.paths)
    return terms


def _torchmeter_parts(call: Call) -> Iterator[tuple[str, Size]]:
    image, output = image_of(call), prod(output_of(call))
    if is_a(call, *CONVS):
        products = output * image[1] * prod(call.settings["kernel_size"])
        yield from _sums(products, output)
        yield "bias", output if "bias" in call.params else 0
    elif is_a(call, "Linear"):
        features = call.settings["out_features"]
        yield from _sums(features * call.settings["in_features"], features)
        yield "bias", features if "bias" in call.params else 0
    elif is_a(call, *BATCH_NORMS):
        yield "elements", 4 * prod(image)
    elif is_a(call, *MAX_POOLS):
        yield "elements", output * (kernel_of(call) - 1)
    elif is_a(call, *AVG_POOLS):
        yield "elements", output * (2 * kernel_of(call) - 1)
    else:
        factor = next((TORCHMETER_ACTIVATIONS[name] for name in call.classes if name in TORCHMETER_ACTIVATIONS), 0)
        yield "elements", factor * prod(image)


def _sums(products: Size, outputs: Size) -> Iterator[tuple[str, Size]]:
    """A sum of n products is n multiplications and n - 1 additions."""
    yield MULTIPLY_ADDS, products
    yield SECOND, products
    yield "one addition less a sum", -outputs


# torch-flops ----------------------------------------------------------------------------------------------------------


def torch_flops(ledger: "Ledger") -> Terms:
    """torch-flops: torch's own modules and what is called outside them, as `torch.fx` records it."""
    terms = Terms()
    made = list(calls(ledger))
    leaves = {number for number, (call, _) in enumerate(made) if _is_fx_leaf(call)}
    for number, (call, times) in enumerate(made):
        if number in leaves and not any(outer in leaves for outer in call.within):
            for what, figure in _torch_flops_parts(call):
                terms.add(label(call), what, figure * times)
    for function, times in functions(ledger):
        if not function.outer and not any(number < 0 or number in leaves for number in function.within):
            for what, figure in _torch_flops_function(function):
                terms.add(function.name, what, figure * times)
    return terms


def _is_fx_leaf(call: Call) -> bool:
    return call.origin.startswith(("torch.nn", "torch.ao.nn")) and "Sequential" not in call.classes


def _torch_flops_parts(call: Call) -> Iterator[tuple[str, Size]]:
    name, output = call.classes[0] if call.classes else "", prod(output_of(call))
    if name in CONVS:
        yield from _sums(window_products(call), output)
        yield "bias", output if "bias" in call.params else 0
    elif name == "Linear":
        yield from _sums(output * call.settings["in_features"], output)
        yield "bias", output if "bias" in call.params else 0
    elif name in BATCH_NORMS | INSTANCE_NORMS | {"LayerNorm", "GroupNorm"}:
        yield "elements", 4 * prod(image_of(call))
    elif name in {"ReLU", "GELU"}:
        yield "elements", output
    elif name == "LeakyReLU":
        yield "elements", 4 * output
    elif name in AVG_POOLS:
        yield "elements", kernel_of(call, squared=False) * output
    elif name in MAX_POOLS:
        yield "elements", (kernel_of(call, squared=False) - 1) * output
    elif name in ADAPTIVE_AVG_POOLS:
        windows = (
            before // after if after == 1 or before % after == 0 else before - after * (before // after) + 1
            for before, after in zip(image_of(call)[2:], output_of(call)[2:], strict=True)
        )
        yield "elements", prod(windows) * output


_ONE_EACH = frozenset(
    [
        "Tensor.__add__",
        "Tensor.__radd__",
        "Tensor.__iadd__",
        "torch.add",
        "Tensor.__mul__",
        "Tensor.__rmul__",
        "Tensor.__imul__",
        "torch.mul",
        "Tensor.__sub__",
        "torch.sub",
        "Tensor.__truediv__",
        "Tensor.exp",
        "Tensor.div",
    ]
)


def _torch_flops_function(function: Function) -> Iterator[tuple[str, Size]]:
    output, args = prod(function.output), function.args
    if function.name in _ONE_EACH:
        yield "elements", output
    elif function.name in {"torch.matmul", "Tensor.__matmul__"}:
        yield from _sums(output * args[0][-1], output)
    elif function.name == "F.linear":
        yield from _sums(output * args[0][-1], output)
        bias = args[2] if len(args) > 2 else function.kwargs.get("bias")
        yield "bias", 0 if bias is None else output
    elif function.name == "F.leaky_relu":
        yield "elements", 4 * output
    elif function.name == "Tensor.softmax":
        dim = args[1] if len(args) > 1 else function.kwargs["dim"]
        yield "elements", 2 * output + output // function.output[dim] * (function.output[dim] - 1)
    elif function.name == "F.scaled_dot_product_attention":
        query, key, value = args[:3]
        scores = prod(query[:-1]) * key[-2]
        yield from _sums(scores * query[-1], scores)
        yield from _sums(prod(query[:-1]) * key[-2] * value[-1], prod(query[:-1]) * value[-1])
        masked = (len(args) > 3 and args[3] is not None) or function.kwargs.get("attn_mask") is not None
        yield "softmax and scale", scores * (4 if masked else 3) + scores - prod(query[:-1])


CONVENTIONS = (
    Convention(
        "thop",
        "MAC",
        "0.1.1.post2209072238",
        "multiply-adds of convolution and linear modules of torch's own classes, no biases; norms 4 an input element; "
        "functions, matrix products and attention are not seen",
        "thop/vision/basic_hooks.py",
        "https://github.com/Lyken17/pytorch-OpCounter",
        thop,
        norm="4",
        activation="0 (PReLU 1, softmax 3)",
        pool="average: window + 1",
    ),
    Convention(
        "ultralytics-thop",
        "MAC",
        "2.2.3",
        "multiply-adds of convolution and linear modules and of matrix products called as functions, no biases; norms "
        "4 an input element; average pools their windows and outputs; attention with its softmax",
        "thop/vision/basic_hooks.py, thop/profile.py",
        "https://github.com/ultralytics/thop",
        ultralytics_thop,
        norm="4",
        activation="0 (PReLU 1, softmax 3)",
        pool="average: window + 1",
        attention="multiply-adds, softmax 3",
    ),
    Convention(
        "torchinfo",
        "MAC",
        "1.8.0",
        "parameters of each module without children times the first output dimension, and times the pixels for a class "
        "with Conv in its name; the tokens of a linear layer are dropped, functions are not seen",
        "torchinfo/layer_info.py, calculate_macs",
        "https://github.com/TylerYep/torchinfo",
        torchinfo,
        bias="1 an output",
        norm="1 a parameter",
    ),
    Convention(
        "flopth",
        "MAC",
        "0.1.6",
        "multiply-adds and biases of convolution modules, multiply-adds of linear ones (without tokens); batch norm 2, "
        "layer norm, ReLU, GELU and 2-d pools 1 an input element; the last call of each module alone (it prints FLOPs)",
        "flopth/helper.py",
        "https://github.com/vra/flopth",
        flopth,
        bias="1 an output (conv)",
        norm="2 batch, 1 layer",
        activation="1",
        pool="1",
    ),
    Convention(
        "torchmeter",
        "FLOP",
        "0.1.0",
        "2n - 1 a sum of n products, in convolution modules as if they had one group and in linear ones without rows, "
        "and biases; batch norm 4, ReLU 1, sigmoid 4, SiLU 5 an element",
        "torchmeter/statistic.py",
        "https://github.com/TorchMeter/torchmeter",
        torchmeter,
        bias="1 an output",
        norm="4 batch",
        activation="1 ReLU, 4 sigmoid, 5 SiLU",
        pool="window - 1 max, 2 window - 1 average",
    ),
    Convention(
        "torch-flops",
        "FLOP",
        "0.4.1",
        "2n - 1 a sum of n products, and biases, in torch's own modules and functions as torch.fx records them; norms "
        "4, ReLU and GELU 1; multi-head attention modules, SiLU and LSTM 0",
        "torch_flops/flops_ops.py",
        "https://github.com/zugexiaodui/torch_flops",
        torch_flops,
        bias="1 an output",
        norm="4",
        activation="1 ReLU, GELU",
        pool="window",
        attention="2n - 1 a product",
    ),
)
