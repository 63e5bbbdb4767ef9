"""ptflops and its two backends, which share a name and little else.

The aten backend is a dispatch mode like torch's own counter, and adds biases: of convolutions, and of `addmm`, which
takes the bias with the product. A bias that torch adds after the product is not seen.

The pytorch backend hooks into calls of modules by exact class and replaces Python functions. What a hooked module calls
inside counts once more: ReLU, GELU and pools count twice. With timm installed, the `Attention` of timm's vision
transformer counts as one module, without its linear layers. A module that several parents share counts once a parent.

Its README calls it with gradients.
"""

from math import prod

from resnext_flops.complexity.conventions.calls import calls, functions, outermost
from resnext_flops.complexity.conventions.convention import (
    MULTIPLY_ADDS,
    Parts,
    Run,
    Terms,
    active,
    counter,
    needs_trace,
)
from resnext_flops.complexity.conventions.torch_flop_counter import is_dispatched
from resnext_flops.complexity.conventions.vocabulary import (
    ADAPTIVE_AVG_POOLS,
    ADDED_PRODUCTS,
    AVG_POOLS,
    BATCH_NORMS,
    CELLS,
    CONVS,
    ELEMENTWISE,
    FUSED,
    INSTANCE_NORMS,
    LAYER_KINDS,
    MAX_POOLS,
    MORE_PRODUCTS,
    POOL_FUNCTIONS,
    PRODUCT_FUNCTIONS,
    RECURRENT,
    SECOND_FACTOR,
    TRANSPOSED,
    added_products,
    argument,
    broadcast,
    image_of,
    is_torchs,
    label,
    name_of,
    output_of,
    tensor,
)
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Shape, Size
from resnext_flops.complexity.records import Call, Function, Operator

NORMS = BATCH_NORMS | INSTANCE_NORMS | {"GroupNorm", "LayerNorm"}
HOOKED = (
    CONVS
    | TRANSPOSED
    | NORMS
    | MAX_POOLS
    | AVG_POOLS
    | ADAPTIVE_AVG_POOLS
    | RECURRENT
    | CELLS
    | {"AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "Linear", "Upsample", "MultiheadAttention"}
    | {"ReLU", "PReLU", "ELU", "LeakyReLU", "ReLU6", "GELU"}
)
# Where the attention of timm's vision transformer is defined.
TIMMS = frozenset({"timm.layers.attention", "timm.models.vision_transformer"})
# Functions that count one operation an input element.
INPUT_FUNCTIONS = POOL_FUNCTIONS | {"F.relu", "F.prelu", "F.elu", "F.relu6", "F.gelu", "F.softmax", "F.silu"}
# Operations of a deformable convolution for each place of its window.
INTERPOLATION = 24
# Operations a hidden unit and step besides the products.
GATES = {"RNN": 1, "GRU": 7, "LSTM": 10}


@counter(
    "ptflops-aten",
    unit="MAC",
    version="0.7.5",
    counts="multiply-adds and biases of convolutions and of `addmm`, multiply-adds of `mm` and `bmm`; a bias that "
    "torch adds after the product, fused attention and LSTM are not seen",
    source="ptflops/aten_ops.py",
    link="https://github.com/sovrasov/flops-counter.pytorch",
    bias="1 an output",
)
def aten(run: Run) -> Terms:
    """Ptflops' counter of aten operators."""
    return _aten(run, gradients=True)


@counter(
    "ptflops-aten-no-grad",
    unit="MAC",
    version="0.7.5",
    counts="as ptflops-aten, called under torch.no_grad: multi-head attention modules are not seen",
    source="ptflops/aten_ops.py",
    link="https://github.com/sovrasov/flops-counter.pytorch",
    variant_of="ptflops-aten",
    bias="1 an output",
    otherwise={"linear": FUSED},
)
def aten_without_gradients(run: Run) -> Terms:
    """Ptflops' counter of aten operators where gradients are off."""
    return _aten(run, gradients=False)


def _aten(run: Run, gradients: bool) -> Terms:
    terms = Terms()
    needs_trace(run, "linear", behind="permute")  # torch adds the bias in the product where rows lie in one block
    for entry, operator in active(run):
        if entry.macs == 0 or not is_dispatched(run, entry, operator, gradients):
            continue
        if operator and operator.name.startswith("aten.baddbmm"):
            continue
        terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
        if entry.kind == "linear" and operator and not operator.fused_bias:
            continue  # torch adds the bias after the product, where ptflops does not look
        if entry.kind == "recurrent" and operator:
            steps, biases = prod(operator.tensors[0][:-1]), (shape for shape in operator.tensors if len(shape) == 1)
            terms.add(entry.kind, "bias", sum(map(prod, biases)) * steps * entry.times)
        if _has_bias(entry, operator):
            terms.add(entry.kind, "bias", prod(entry.output) * entry.times)
    return terms


def _has_bias(entry: Entry, operator: Operator | None) -> bool:
    if operator is None:
        return bool(entry.biases != 0)
    if operator.name.startswith("aten.addmm"):
        return True
    return entry.kind in LAYER_KINDS and len(operator.tensors) > 2


@counter(
    "ptflops-pytorch",
    unit="MAC",
    version="0.7.5",
    counts="multiply-adds and biases of modules, and of products called as functions; batch norm 2, layer norm 1; "
    "ReLU, GELU and pools once for the module and once more for the function that it calls; attention, softmax and "
    "scale",
    source="ptflops/pytorch_ops.py",
    link="https://github.com/sovrasov/flops-counter.pytorch",
    bias="1 an output",
    norm="2 batch, 1 layer",
    activation="2 ReLU, GELU; 1 SiLU",
    pool="2",
    attention="multiply-adds, softmax 1",
    otherwise={"linear": "an attention that it takes for one module counts without the linear layers in it"},
)
def pytorch(run: Run) -> Terms:
    """Ptflops' pytorch backend: hooks by exact class, and replaced functions, also those inside the hooked modules."""
    terms = Terms()
    made = list(calls(run))
    hooked = {number for number, (call, _) in enumerate(made) if _is_hooked(call)}
    for call, times in outermost(made, hooked):
        terms.add_parts(label(call), _parts(call), times * call.paths)
    for function, times in functions(run):
        terms.add_parts(name_of(function), _function_parts(function), times)
    return terms


def _is_hooked(call: Call) -> bool:
    if call.origin in TIMMS:
        return call.classes[:1] == ("Attention",)
    if _is_deformable(call):
        return True
    return is_torchs(call) and call.classes[0] in HOOKED


def _is_deformable(call: Call) -> bool:
    return call.classes[:1] == ("DeformConv2d",) and call.origin.startswith("torchvision.")


def _parts(call: Call) -> Parts:
    name, image, output = call.classes[0], image_of(call), output_of(call)
    if name in CONVS | TRANSPOSED or _is_deformable(call):
        settings = call.settings
        pixels = prod((image if name in TRANSPOSED else output)[2:]) * image[0]
        filters = settings["in_channels"] * (settings["out_channels"] // settings["groups"])
        yield MULTIPLY_ADDS, prod(settings["kernel_size"]) * filters * pixels
        yield "bias", image[0] * prod(output[1:]) if "bias" in call.params else 0
        if _is_deformable(call):
            masked = len(call.inputs) > 2
            yield "interpolation", (INTERPOLATION + masked) * prod(settings["kernel_size"]) * pixels
    elif name == "Linear":
        yield MULTIPLY_ADDS, image[-1] * prod(output)
        yield "bias", prod(output) if "bias" in call.params else 0
    elif name in NORMS:
        yield "elements", prod(image) * (2 if call.settings.get("affine") else 1)
    elif name == "MultiheadAttention":
        yield from _multi_head_attention(call)
    elif name == "Attention":
        batch, tokens, _ = image
        heads, width = call.settings["num_heads"], call.settings["head_dim"]
        yield MULTIPLY_ADDS, 2 * batch * tokens * tokens * width * heads
        yield "softmax and scale", batch * heads * (tokens * width + tokens * tokens)
    elif name in RECURRENT | CELLS:
        yield from recurrent(call)
    elif name == "Upsample":
        yield "elements", prod(output[1:])
    else:
        yield "elements of its module", prod(output if "LU" in name else image)


def _multi_head_attention(call: Call) -> Parts:
    query, key, value = call.inputs[:3]
    if len(query) < 3:
        return  # it fails without a batch
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


def cells(call: Call) -> tuple[list[str], Size]:
    """How the parameters of each layer of cells end, and how often a cell of each layer runs."""
    if call.classes[0] in CELLS:
        return [""], image_of(call)[0]
    directions = 2 if call.settings["bidirectional"] else 1
    return [f"_l{layer}" for layer in range(call.settings["num_layers"])], prod(image_of(call)[:2]) * directions


def recurrent(call: Call) -> Parts:
    """The products, gates and biases of a recurrent module, as ptflops, calflops and DeepSpeed count them."""
    settings = call.settings
    suffixes, steps = cells(call)
    for suffix in suffixes:
        yield MULTIPLY_ADDS, steps * sum(prod(call.params[f"weight_{part}{suffix}"]) for part in ("ih", "hh"))
        yield "gates", steps * GATES[call.classes[0].removesuffix("Cell")] * settings["hidden_size"]
        if settings["bias"]:
            yield "bias", steps * sum(prod(call.params[f"bias_{part}{suffix}"]) for part in ("ih", "hh"))


def _function_parts(function: Function) -> Parts:
    if function.name in INPUT_FUNCTIONS:
        yield "elements", prod(tensor(function, 0, "input"))
    elif function.name in PRODUCT_FUNCTIONS | MORE_PRODUCTS:
        yield MULTIPLY_ADDS, prod(tensor(function, 0, "input")) * tensor(function, 1, *SECOND_FACTOR)[-1]
    elif function.name in ADDED_PRODUCTS:
        yield MULTIPLY_ADDS, added_products(function)
        yield "bias", prod(tensor(function, 0, "input")) if function.kwargs.get("beta", 1) != 0 else 0
    elif function.name in ELEMENTWISE:
        yield "elements", broadcast(function)
    elif function.name in {"F.interpolate", "F.upsample"}:
        yield "elements", _interpolated(function)


def _interpolated(function: Function) -> Size:
    image = tensor(function, 0, "input")
    size, scale = argument(function, 1, "size"), argument(function, 2, "scale_factor")
    spatial = len(image) - 2
    if size is not None:
        lengths: Shape = size if isinstance(size, tuple) else (int(size),) * spatial
        return prod(image[:2]) * prod(lengths)
    if isinstance(scale, tuple) and len(scale) == spatial:
        return prod(image) * int(prod(scale))
    factor: Size = scale**spatial
    return prod(image) * factor
