"""Conventions that replace Python functions by counting ones: ptflops' pytorch backend, calflops, DeepSpeed."""

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.conventions.by_module import (
    ADAPTIVE_AVG_POOLS,
    AVG_POOLS,
    BATCH_NORMS,
    CONVS,
    INSTANCE_NORMS,
    MAX_POOLS,
    TRANSPOSED,
    args_of_einsum,
    image_of,
    label,
    output_of,
)
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, SECOND, Convention, Terms, exact, hidden
from resnext_flops.complexity.conventions.described import calls, functions
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.records import Call, Dims, Function

if TYPE_CHECKING:
    from resnext_flops.complexity.ledger import Ledger

POOLS = frozenset(
    f"F.{way}_pool{dims}d" for way in ("avg", "max", "adaptive_avg", "adaptive_max") for dims in (1, 2, 3)
)
CONV_FUNCTIONS = frozenset({"F.conv1d", "F.conv2d", "F.conv3d"})
TRANSPOSED_FUNCTIONS = frozenset({"F.conv_transpose1d", "F.conv_transpose2d", "F.conv_transpose3d"})
PRODUCT_FUNCTIONS = frozenset({"torch.matmul", "Tensor.matmul"})
MORE_PRODUCTS = frozenset({"torch.mm", "Tensor.mm", "torch.bmm", "Tensor.bmm"})
ADDED_PRODUCTS = frozenset({"torch.addmm", "Tensor.addmm", "torch.baddbmm"})
ELEMENTWISE = frozenset({"torch.mul", "Tensor.mul", "torch.add", "Tensor.add"})

KINDS = {"F.linear": "linear", "F.batch_norm": "batch norm", "F.relu": "relu", "F.max_pool2d": "max pool"}


def name_of(function: Function) -> str:
    """A function as the bridge names it: the kind of the ledger where there is one."""
    if function.name in CONV_FUNCTIONS:
        return "conv"
    if function.name in TRANSPOSED_FUNCTIONS:
        return "transposed conv"
    if function.name in PRODUCT_FUNCTIONS | MORE_PRODUCTS | ADDED_PRODUCTS:
        return "matmul"
    return KINDS.get(function.name, function.name)


def argument(function: Function, position: int, name: str, default: Any = None) -> Any:
    """An argument by its position or its name."""
    return function.args[position] if len(function.args) > position else function.kwargs.get(name, default)


def broadcast(function: Function) -> Size:
    """The elements of two operands as ptflops and calflops align them: from the left, the larger of each pair."""
    first, second = argument(function, 0, "input"), argument(function, 1, "other")
    if not isinstance(first, Dims):
        return prod(second) if isinstance(second, Dims) else 1
    if not isinstance(second, Dims):
        return prod(first)
    length = max(len(first), len(second))
    pairs = zip(*((*shape, *(1,) * (length - len(shape))) for shape in (first, second)), strict=True)
    return prod(one if one == other else max(one, other) for one, other in pairs)


# ptflops, pytorch backend ---------------------------------------------------------------------------------------------

_PTFLOPS_INPUT = frozenset({"F.relu", "F.prelu", "F.elu", "F.relu6", "F.gelu", "F.softmax", "F.silu"}) | POOLS
_PTFLOPS_HOOKS = (
    CONVS
    | TRANSPOSED
    | BATCH_NORMS
    | INSTANCE_NORMS
    | MAX_POOLS
    | AVG_POOLS
    | ADAPTIVE_AVG_POOLS
    | {"AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "LayerNorm", "GroupNorm", "Linear", "Upsample"}
    | {"ReLU", "PReLU", "ELU", "LeakyReLU", "ReLU6", "GELU", "RNN", "GRU", "LSTM", "MultiheadAttention"}
)


def ptflops(ledger: "Ledger") -> Terms:
    """Ptflops' pytorch backend: hooks by exact class, and replaced functions, also those inside the hooked modules."""
    terms = Terms()
    made = list(calls(ledger))
    hooked = {number for number, (call, _) in enumerate(made) if _is_hooked(call)}
    for number, (call, times) in enumerate(made):
        if number in hooked and not any(outer in hooked for outer in call.within):
            for what, figure in _ptflops_module(call):
                terms.add(label(call), what, figure * times)
    for function, times in functions(ledger):
        if not hidden(ledger, tuple(number for number in function.within if number >= 0), hooks=True):
            for what, figure in _ptflops_function(function):
                terms.add(name_of(function), what, figure * times)
    return terms


def _is_hooked(call: Call) -> bool:
    if not call.classes:
        return False
    if call.origin.startswith("timm."):
        return call.classes[0] == "Attention"
    return call.origin.startswith("torch.nn") and call.classes[0] in _PTFLOPS_HOOKS


def _ptflops_module(call: Call) -> Iterator[tuple[str, Size]]:
    name, image, output = call.classes[0], image_of(call), output_of(call)
    if name in CONVS | TRANSPOSED:
        settings = call.settings
        pixels = prod((image if name in TRANSPOSED else output)[2:]) * image[0]
        filters = settings["in_channels"] * (settings["out_channels"] // settings["groups"])
        yield MULTIPLY_ADDS, prod(settings["kernel_size"]) * filters * pixels
        yield "bias", prod(output) if "bias" in call.params else 0
    elif name == "Linear":
        yield MULTIPLY_ADDS, image[-1] * prod(output)
        yield "bias", prod(output) if "bias" in call.params else 0
    elif name in BATCH_NORMS | INSTANCE_NORMS | {"GroupNorm", "LayerNorm"}:
        yield "elements", prod(image) * (2 if call.settings.get("affine") else 1)
    elif name == "MultiheadAttention":
        yield from _ptflops_attention(call)
    elif name == "Attention":
        batch, tokens, _ = image
        heads, width = call.settings["num_heads"], call.settings["head_dim"]
        yield MULTIPLY_ADDS, 2 * batch * tokens * tokens * width * heads
        yield "softmax and scale", batch * heads * (tokens * width + tokens * tokens)
    elif name in {"RNN", "GRU", "LSTM"}:
        yield from _ptflops_recurrent(call)
    elif name == "Upsample":
        yield "elements", prod(output[1:])
    else:
        yield "elements of its module", prod(output if "LU" in name else image)


def _ptflops_attention(call: Call) -> Iterator[tuple[str, Size]]:
    query, key, value = call.inputs[:3]
    batch_axis, length_axis = (0, 1) if call.settings.get("batch_first", False) else (1, 0)
    batch, length, keys, values = query[batch_axis], query[length_axis], key[length_axis], value[length_axis]
    width, key_width, value_width = query[2], key[2], value[2]
    heads = call.settings["num_heads"]
    projections = length * width**2 + keys * key_width**2 + values * value_width**2 + length * value_width**2
    attention = heads * length * keys * (width // heads + value_width // heads)
    yield MULTIPLY_ADDS, batch * (projections + attention)
    bias = (length + keys + values) * width if "in_proj_bias" in call.params else 0
    yield "bias", batch * (bias + length * value_width)
    yield "softmax and scale", batch * (length * width + heads * length * keys)


def _ptflops_recurrent(call: Call) -> Iterator[tuple[str, Size]]:
    hidden_size, directions = call.settings["hidden_size"], 2 if call.settings["bidirectional"] else 1
    steps = prod(image_of(call)[:2]) * directions
    extra = {"RNN": 1, "GRU": 7, "LSTM": 10}[call.classes[0]] * hidden_size
    for layer in range(call.settings["num_layers"]):
        yield MULTIPLY_ADDS, steps * sum(prod(call.params[f"weight_{part}_l{layer}"]) for part in ("ih", "hh"))
        yield "gates", steps * extra
        if call.settings["bias"]:
            yield "bias", steps * sum(prod(call.params[f"bias_{part}_l{layer}"]) for part in ("ih", "hh"))


def _ptflops_function(function: Function) -> Iterator[tuple[str, Size]]:
    if function.name in _PTFLOPS_INPUT:
        yield "elements", prod(argument(function, 0, "input"))
    elif function.name in PRODUCT_FUNCTIONS | MORE_PRODUCTS:
        yield MULTIPLY_ADDS, prod(function.args[0]) * argument(function, 1, "other")[-1]
    elif function.name in ADDED_PRODUCTS:
        yield MULTIPLY_ADDS, prod(function.args[1]) * function.args[2][-1]
        yield "bias", prod(function.args[0]) if function.kwargs.get("beta", 1) != 0 else 0
    elif function.name in ELEMENTWISE:
        yield "elements", broadcast(function)
    elif function.name in {"F.interpolate", "F.upsample"}:
        yield "elements", _ptflops_interpolate(function)


def _ptflops_interpolate(function: Function) -> Size:
    image = argument(function, 0, "input")
    size = argument(function, 1, "size")
    spatial = len(image) - 2
    if size is not None:
        return exact((prod(size) if isinstance(size, tuple) else int(size) ** spatial) * prod(image[:2]))
    scale = argument(function, 2, "scale_factor")
    if isinstance(scale, tuple) and len(scale) == spatial:
        return exact(prod(image) * int(prod(scale)))
    return prod(image) * scale**spatial  # type: ignore[no-any-return]


# calflops and DeepSpeed -----------------------------------------------------------------------------------------------

_CALFLOPS_INPUT = POOLS | {
    f"F.{name}" for name in ("relu", "prelu", "elu", "leaky_relu", "relu6", "silu", "gelu", "softmax")
}
_CALFLOPS_NORMS = {"F.batch_norm": 3, "F.layer_norm": 2, "F.instance_norm": 3, "F.group_norm": 2}


def calflops(ledger: "Ledger") -> Terms:
    """calflops' FLOPs."""
    return _patched(ledger, PRODUCT_FUNCTIONS)


def calflops_macs(ledger: "Ledger") -> Terms:
    """calflops' MACs: the multiply-adds of its FLOPs, without those of einsum."""
    terms = Terms()
    for (kind, what), figure in calflops(ledger).items():
        if what == MULTIPLY_ADDS and kind != "torch.einsum":
            terms.add(kind, what, figure)
    return terms


def deepspeed(ledger: "Ledger") -> Terms:
    """DeepSpeed's FLOPs: those of calflops, which was made from it, and `mm` and `bmm`."""
    return _patched(ledger, PRODUCT_FUNCTIONS | MORE_PRODUCTS)


def _patched(ledger: "Ledger", products: frozenset[str]) -> Terms:
    terms = Terms()
    for function, times in functions(ledger):
        if not hidden(ledger, tuple(number for number in function.within if number >= 0), hooks=True):
            for what, figure in _calflops_function(function, products):
                terms.add(name_of(function), what, figure * times)
    for call, times in calls(ledger):
        if call.origin.startswith("torch.nn") and call.classes and call.classes[0] in {"RNN", "GRU", "LSTM"}:
            for what, figure in _ptflops_recurrent(call):
                terms.add(label(call), what, figure * times)
                if what == MULTIPLY_ADDS:
                    terms.add(label(call), SECOND, figure * times)
            gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[call.classes[0]] * call.settings["hidden_size"]
            steps = prod(image_of(call)[:2]) * (2 if call.settings["bidirectional"] else 1)
            terms.add(label(call), "one addition less a sum", -2 * gates * steps * call.settings["num_layers"] * times)
    return terms


def _calflops_function(function: Function, products: frozenset[str]) -> Iterator[tuple[str, Size]]:
    name, args = function.name, function.args
    if name == "F.linear":
        yield from _twice(prod(args[0]) * args[1][0])
    elif name in CONV_FUNCTIONS | TRANSPOSED_FUNCTIONS:
        yield from _calflops_convolution(function)
    elif name in _CALFLOPS_NORMS:
        scaled = argument(function, _CALFLOPS_NORMS[name], "weight") is not None
        low = 1 if name == "F.batch_norm" else 4
        yield "elements", prod(args[0]) * (low + 1 if scaled else low)
    elif name in _CALFLOPS_INPUT:
        yield "elements", prod(argument(function, 0, "input"))
    elif name in products:
        yield from _twice(prod(args[0]) * argument(function, 1, "other")[-1])
    elif name in ADDED_PRODUCTS:
        yield from _twice(prod(args[1]) * args[2][-1])
        yield "bias", prod(args[0])
    elif name in ELEMENTWISE:
        yield "elements", broadcast(function)
    elif name == "torch.einsum":
        yield "optimised path", einsum_path(*args_of_einsum(function))
    elif name in {"F.interpolate", "F.upsample"}:
        size = argument(function, 1, "size")
        yield "elements", prod(args[0]) if size is None else prod(size) if isinstance(size, tuple) else int(size)


def _twice(products: Size) -> Iterator[tuple[str, Size]]:
    yield MULTIPLY_ADDS, products
    yield SECOND, products


def _calflops_convolution(function: Function) -> Iterator[tuple[str, Size]]:
    image, weight = function.args[:2]
    output = function.output
    pixels = prod((image if function.name in TRANSPOSED_FUNCTIONS else output)[2:]) * image[0]
    yield from _twice(prod(weight) * pixels)
    if argument(function, 2, "bias") is not None:
        yield "bias", prod(output)


def einsum_path(equation: str, shapes: tuple[Shape, ...]) -> int:
    """NumPy's count of the operations of an einsum's best path, which it prints in a few digits; no array is made."""
    import numpy

    operands = [numpy.broadcast_to(numpy.float32(0), shape) for shape in shapes]
    lines = numpy.einsum_path(equation, *operands, optimize="optimal")[1].lower().split("\n")
    return int(float(next(line.split(":")[-1] for line in lines if "optimized flop" in line)))


CONVENTIONS = (
    Convention(
        "ptflops-pytorch",
        "MAC",
        "0.7.5",
        "multiply-adds and biases of modules, and of products called as functions; batch norm 2, layer norm 1; ReLU, "
        "GELU and pools once for the module and once more for the function that it calls; attention, softmax and scale",
        "ptflops/pytorch_ops.py",
        "https://github.com/sovrasov/flops-counter.pytorch",
        ptflops,
        bias="1 an output",
        norm="2 batch, 1 layer",
        activation="2 ReLU, GELU; 1 SiLU",
        pool="2",
        attention="multiply-adds, softmax 1",
    ),
    Convention(
        "calflops",
        "FLOP",
        "0.3.2",
        "2 a multiply-add of F.linear, F.conv and torch.matmul, 1 a convolution's bias; batch norm 2, layer norm 5; "
        "activations, pools and softmax 1 an input element; the operators + * @, bmm and attention are not seen",
        "calflops/pytorch_ops.py",
        "https://github.com/MrYxJ/calculate-flops.pytorch",
        calflops,
        bias="1 an output (conv)",
        norm="2 batch, 5 layer",
        activation="1",
        pool="1",
    ),
    Convention(
        "calflops-macs",
        "MAC",
        "0.3.2",
        "multiply-adds of F.linear, F.conv and torch.matmul alone",
        "calflops/pytorch_ops.py",
        "https://github.com/MrYxJ/calculate-flops.pytorch",
        calflops_macs,
    ),
    Convention(
        "deepspeed",
        "FLOP",
        "0.18",
        "2 a multiply-add of F.linear, F.conv, torch.matmul, mm and bmm, 1 a convolution's bias; batch norm 2, layer "
        "norm 5; activations, pools and softmax 1 an input element; the operators + * @ and attention are not seen",
        "deepspeed/profiling/flops_profiler/profiler.py",
        "https://deepspeed.readthedocs.io/en/latest/flops-profiler.html",
        deepspeed,
        bias="1 an output (conv)",
        norm="2 batch, 5 layer",
        activation="1",
        pool="1",
    ),
)
