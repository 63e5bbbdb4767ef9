"""The words of the rules: kinds of entries, torch's classes and functions by name, and what a call of one says."""

from math import prod
from typing import Any

from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.products import matrix_product
from resnext_flops.complexity.records import Call, Dims, Function

# Kinds of entries.
LAYER_KINDS = frozenset({"conv", "transposed conv", "linear"})
PRODUCT_KINDS = LAYER_KINDS | {"matmul", "einsum"}
NORM_KINDS = frozenset({"batch norm", "layer norm", "group norm", "instance norm"})

AVERAGE_KINDS = frozenset({"global average pool", "adaptive average pool"})

# Operators of a graph that `torch.jit` traces into a plain convolution.
CONVOLUTIONS = frozenset({"convolution", "_convolution"}) | frozenset(
    f"conv{form}{dims}d" for form in ("", "_transpose") for dims in (1, 2, 3)
)
SAME = ".padding"  # the overload of a convolution's operator with padding="same"

# Classes of modules.
CONVS = frozenset({"Conv1d", "Conv2d", "Conv3d"})
TRANSPOSED = frozenset({"ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"})
BATCH_NORMS = frozenset({"BatchNorm1d", "BatchNorm2d", "BatchNorm3d"})
INSTANCE_NORMS = frozenset({"InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"})
MAX_POOLS = frozenset({"MaxPool1d", "MaxPool2d", "MaxPool3d"})
AVG_POOLS = frozenset({"AvgPool1d", "AvgPool2d", "AvgPool3d"})
ADAPTIVE_AVG_POOLS = frozenset({"AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"})
RECURRENT = frozenset({"RNN", "GRU", "LSTM"})
CELLS = frozenset({"RNNCell", "GRUCell", "LSTMCell"})

# Why a counter sees a part of the linear layers: `Convention.otherwise`.
NOT_MODULES = "it sees modules, and in some attention linear layers are calls of functions"
FUSED = "without gradients torch runs a whole multi-head attention as one operator, in which no counter sees the layers"

# Functions.
POOL_FUNCTIONS = frozenset(
    f"F.{way}_pool{dims}d" for way in ("avg", "max", "adaptive_avg", "adaptive_max") for dims in (1, 2, 3)
)
CONV_FUNCTIONS = frozenset({"F.conv1d", "F.conv2d", "F.conv3d"})
TRANSPOSED_FUNCTIONS = frozenset({"F.conv_transpose1d", "F.conv_transpose2d", "F.conv_transpose3d"})
PRODUCT_FUNCTIONS = frozenset({"torch.matmul", "Tensor.matmul"})
MORE_PRODUCTS = frozenset({"torch.mm", "Tensor.mm", "torch.bmm", "Tensor.bmm"})
ADDED_PRODUCTS = frozenset({"torch.addmm", "Tensor.addmm", "torch.baddbmm"})
ELEMENTWISE = frozenset({"torch.mul", "Tensor.mul", "torch.add", "Tensor.add"})
# What the second factor of a product may be called.
SECOND_FACTOR = ("other", "mat2", "tensor2")

_LABELS = {
    **dict.fromkeys(CONVS, "conv"),
    **dict.fromkeys(TRANSPOSED, "transposed conv"),
    **dict.fromkeys(BATCH_NORMS, "batch norm"),
    **dict.fromkeys(MAX_POOLS, "max pool"),
    "Linear": "linear",
    "ReLU": "relu",
    "MultiheadAttention": "multi-head attention",
    "LSTM": "recurrent",
}
_NAMES = {
    **dict.fromkeys(CONV_FUNCTIONS, "conv"),
    **dict.fromkeys(TRANSPOSED_FUNCTIONS, "transposed conv"),
    **dict.fromkeys(PRODUCT_FUNCTIONS | MORE_PRODUCTS | ADDED_PRODUCTS, "matmul"),
    "F.linear": "linear",
    "F.batch_norm": "batch norm",
    "F.relu": "relu",
    "F.max_pool2d": "max pool",
}


# Entries --------------------------------------------------------------------------------------------------------------


def kind_of(entry: Entry) -> str:
    """The kind of an entry, as a description calls it: torch runs a ReLU6 as a hardtanh."""
    return "relu6" if entry.kind == "hardtanh" else entry.kind


def averages_image(entry: Entry) -> bool:
    """Whether an entry averages each channel over the whole image, as a pool or as a plain mean.

    What one library writes as a module of a pool is a mean over two dimensions in another.
    """
    image = entry.inputs[0] if entry.inputs else ()
    if entry.kind == "mean":
        return len(image) == 3 and prod(entry.output) in {image[0], image[-1]}
    return entry.kind in AVERAGE_KINDS and prod(entry.output) == image[0]


# Calls of modules -----------------------------------------------------------------------------------------------------


def label(call: Call) -> str:
    """What a bridge calls a module's call: the ledger's kind where there is one, or else the class."""
    found = next((_LABELS[name] for name in call.classes if name in _LABELS), None)
    return found or (call.classes[0] if call.classes else "module")


def is_a(call: Call, *names: str) -> bool:
    """Whether a call's class is torch's of one of these names, or derives from one.

    A class of another package may have the name of torch's without deriving from it, such as timm's own GELU.
    """
    return any(name in names for name in (call.classes if is_torchs(call) else call.classes[1:]))


def is_torchs(call: Call) -> bool:
    """Whether the class of a call is torch's own."""
    return bool(call.classes) and call.origin.startswith("torch.nn")


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
    channels = call.settings["in_channels"] // call.settings["groups"]
    return matrix_product(output_of(call), channels * prod(call.settings["kernel_size"]))


# Calls of functions ---------------------------------------------------------------------------------------------------


def name_of(function: Function) -> str:
    """What a bridge calls a function: the ledger's kind where there is one, or else its name."""
    return _NAMES.get(function.name, function.name)


def argument(function: Function, position: int, *names: str, default: Any = None) -> Any:
    """An argument by its position, or by one of the names that it may have."""
    if len(function.args) > position:
        return function.args[position]
    return next((function.kwargs[name] for name in names if name in function.kwargs), default)


def tensor(function: Function, position: int, *names: str) -> Shape:
    """The shape of a tensor among the arguments; of a number, that of a scalar."""
    found = argument(function, position, *names)
    return found if isinstance(found, Dims) else ()


def added_products(function: Function) -> Size:
    """The multiply-adds of a product of matrices to which something is added."""
    return prod(tensor(function, 1, "mat1", "batch1")) * tensor(function, 2, "mat2", "batch2")[-1]


def attended(function: Function) -> tuple[Shape, Shape, Shape]:
    """The query, the key and the value of an attention."""
    return tensor(function, 0, "query"), tensor(function, 1, "key"), tensor(function, 2, "value")


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


def einsum_of(function: Function) -> tuple[str, tuple[Shape, ...]]:
    """The equation of an einsum, and the shapes of its operands."""
    equation, *operands = function.args
    if len(operands) == 1 and operands[0] and isinstance(operands[0][0], tuple):
        operands = list(operands[0])
    return equation, tuple(operands)
