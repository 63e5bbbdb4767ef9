"""The rule of each torch operator: a formula for its multiply-adds, a kind that has none, or free.

A multiply-add is a product that is added to others: the product of a matrix product or of a contraction, in which an
index that both factors have is summed. A product of elements alone is none, however it is written: an outer product
counts zero as `torch.outer(a, b)`, as `torch.einsum("i,j->ij", a, b)` and as `a[:, None] * b`, like any scaling. A
matrix product is counted by one formula for all sizes, also where its summed index has size 1: a layer with one input
feature, or attention to one token. Torch's `FlopCounterMode` does the same in all of these cases. It leaves out `dot`,
`mv` and most forms of attention on a CPU, which count here.

An operator that is in none of these lists, and that torch cannot take apart into operators that are, is unknown: the
trace reports it with its shapes, and the total is a lower bound. Operators are known by torch's name without its
overload (`aten::conv2d`); the in-place form of a name (`aten::relu_`) is the same operator.

`operator` adds one, also for an operator of your own. A rule sees shapes and no tensors:

    >>> from math import prod
    >>> import resnext_flops as rf
    >>> @rf.operator("docs::scaled_product", kind="matmul")
    ... def scaled_product(args, output):
    ...     return prod(output) * args[0][-1]
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from itertools import starmap, zip_longest
from math import prod
from typing import Any, NamedTuple, Self, TypeAlias

import torch

from resnext_flops.complexity import products
from resnext_flops.complexity.layers import Shape
from resnext_flops.complexity.records import Dims
from resnext_flops.errors import InputError

MacsOfShapes: TypeAlias = Callable[[Sequence[Any], Shape], int]


class OperatorRule(NamedTuple):
    """What is known of an operator. `macs` takes its positional arguments and its (first) output, as shapes.

    weight, bias: the positions of the arguments whose elements are the weights and the biases of a layer.
    """

    kind: str
    macs: MacsOfShapes | None = None
    weight: int | None = None
    bias: int | None = None


class Nested(Dims):
    """The shape of tensors of different lengths in one: all their rows, and how long a row is.

    parts: the shape of each. A rule that multiplies rows by rows must ask for them.

    >>> Nested.of([(3, 8), (5, 8)]), Nested.of([(3, 8), (5, 8)]).parts
    ((8, 8), [(3, 8), (5, 8)])
    """

    parts: Sequence[Shape]

    @classmethod
    def of(cls, parts: Sequence[Shape]) -> Self:
        """The shape of all together."""
        shape = cls((sum(prod(part[:-1]) for part in parts), parts[0][-1] if parts else 0))
        shape.parts = parts
        return shape


FREE = OperatorRule("free")
UNKNOWN = OperatorRule("unknown")

_RULES: dict[str, OperatorRule] = {}  # by torch's name
_FOUND: dict[Any, OperatorRule] = {}  # by operator, once it was looked for


def operator(
    *names: str, kind: str, weight: int | None = None, bias: int | None = None
) -> Callable[[MacsOfShapes], MacsOfShapes]:
    """Register the rule of an operator: a function of its positional arguments and its output.

    names: torch's names of the operators, such as `aten::conv2d` or `mylib::attention`.
    kind: what the entries are called in the ledger.
    weight, bias: the positions of the arguments that are a layer's weight and bias, where it has them.

    The rule gets the shape of each tensor (a tuple of integers, with the batch) in its place, and any other argument as
    it is. It returns the multiply-adds of one call, as an integer.

    Raises InputError for an operator that has a rule already.
    """

    def register(formula: MacsOfShapes) -> MacsOfShapes:
        _register(dict.fromkeys(names, OperatorRule(kind, formula, weight, bias)))
        return formula

    return register


def added() -> list[str]:
    """The operators whose rule is not the project's own."""
    return [name for name, rule in _RULES.items() if rule.macs and rule.macs.__module__ != __name__]


def _register(rules: Mapping[str, OperatorRule]) -> None:
    for name in rules:
        if name in _RULES:
            raise InputError(f"the operator {name!r} has a rule already: {_RULES[name].kind}")
    _RULES.update(rules)
    _FOUND.clear()


@operator(
    *(f"aten::conv{dims}d" for dims in (1, 2, 3)),
    "aten::thnn_conv2d",
    "aten::mkldnn_convolution",
    kind="conv",
    weight=1,
    bias=2,
)
def convolution(args: Sequence[Any], output: Shape) -> int:
    """The products at each output pixel."""
    return products.convolution(args[1], output)


@operator(*(f"aten::conv_transpose{dims}d" for dims in (1, 2, 3)), kind="transposed conv", weight=1, bias=2)
def transposed_convolution(args: Sequence[Any], _: Shape) -> int:
    """The products at each input pixel."""
    return products.convolution(args[1], args[0])


@operator("aten::convolution", "aten::_convolution", kind="conv", weight=1, bias=2)
def any_convolution(args: Sequence[Any], output: Shape) -> int:
    """Torch's general operator: its argument 6 says whether it is transposed."""
    return transposed_convolution(args, output) if args[6] else convolution(args, output)


@operator("aten::convolution_backward", kind="gradients of conv")
def convolution_gradients(args: Sequence[Any], _: Shape) -> int:
    """As many products as forward for the gradient of the image, and for that of the weight, if they are asked for."""
    made, image, weight = args[:3]
    return int(products.convolution(weight, image if args[7] else made) * sum(args[10][:2]))


@operator("aten::linear", kind="linear", weight=1, bias=2)
def linear(args: Sequence[Any], output: Shape) -> int:
    """A matrix product with the input features. The weight may be a vector."""
    return products.matrix_product(output, args[1][-1])


@operator(
    "aten::mm",
    "aten::bmm",
    "aten::matmul",
    "aten::mv",
    "aten::dot",
    "aten::vdot",
    "aten::inner",
    "aten::_int_mm",
    kind="matmul",
)
def matrix_product(args: Sequence[Any], output: Shape) -> int:
    """A product of two arguments. A number is no vector: it scales."""
    first, second = args[:2]
    if not first or not second:
        return 0
    if isinstance(output, Nested):
        pairs = zip(output.parts, first.parts, strict=True)
        return sum(products.matrix_product(made, one[-1]) for made, one in pairs)
    return products.matrix_product(output, first[-1])


@operator("aten::addmm", "aten::baddbmm", "aten::addmv", "aten::addbmm", kind="matmul")
def added_matrix_product(args: Sequence[Any], output: Shape) -> int:
    """A matrix product whose first argument is only added; `addbmm` also sums over the batch."""
    batch = args[1][0] if len(args[1]) == 3 and len(output) == 2 else 1
    return products.matrix_product(output, batch * args[1][-1])


@operator("aten::_grouped_mm", "aten::_scaled_grouped_mm", kind="grouped matmul", weight=1)
def grouped_matrix_product(args: Sequence[Any], output: Shape) -> int:
    """The layer of a mixture of experts: each row meets the matrix of its own group.

    Of two matrices the summed axis is divided among the groups, so that each product is of one group alone.
    """
    first, second = args[:2]
    products_of_one = output[-2:] if len(first) == len(second) == 2 else output
    return products.matrix_product(products_of_one, first[-1])


@operator("aten::einsum", kind="einsum")
def einsum(args: Sequence[Any], _: Shape) -> int:
    """Two operands; one alone multiplies nothing, and more are taken apart into pairs by torch."""
    equation, shapes = args[:2]
    if len(shapes) < 2 or not products.is_contraction(equation, shapes):
        return 0
    return products.einsum(equation, shapes)


@operator(
    "aten::scaled_dot_product_attention",
    "aten::_scaled_dot_product_flash_attention",
    "aten::_scaled_dot_product_flash_attention_for_cpu",
    "aten::_scaled_dot_product_efficient_attention",
    "aten::_scaled_dot_product_cudnn_attention",
    "aten::_scaled_dot_product_fused_attention_overrideable",
    "aten::_scaled_dot_product_attention_math",
    kind="attention",
)
def attention(args: Sequence[Any], output: Shape) -> int:
    """Queries times keys, then weights times values."""
    return sum(attention_products(args, output))


def attention_products(args: Sequence[Any], output: Shape) -> tuple[int, int]:
    """The two products apart; axes of size 1 are repeated, and so are heads that are shared."""
    query, key, value = args[:3]
    if isinstance(query, Nested):
        parts = zip(query.parts, key.parts, value.parts, strict=True)
        pairs = [attention_products(one, (*one[0][:-1], value[-1])) for one in parts]
        return sum(first for first, _ in pairs), sum(second for _, second in pairs)
    batches = zip_longest(reversed(query[:-2]), reversed(key[:-2]), fillvalue=1)
    weights = prod(starmap(max, batches)) * query[-2] * key[-2]
    return weights * query[-1], prod(output[:-1]) * key[-2] * value[-1]


@operator("aten::_native_multi_head_attention", kind="multi-head attention", weight=5, bias=6)
def fused_multi_head_attention(args: Sequence[Any], _: Shape) -> int:
    """Self-attention in one operator: three projections in, the attention, one projection out."""
    queries, keys = args[:2]
    width, projections = queries[-1], prod(args[5]) + prod(args[7])
    pairs = zip(_sequences(queries), _sequences(keys), strict=True)
    return sum(one[-2] * (projections + 2 * other[-2] * width) for one, other in pairs)


@operator("aten::_transformer_encoder_layer_fwd", kind="transformer encoder layer", weight=3, bias=4)
def fused_encoder_layer(args: Sequence[Any], _: Shape) -> int:
    """Self-attention and the two layers after it, in one operator."""
    weights = sum(prod(args[position]) for position in (3, 5, 14, 16))
    return sum(tokens * (weights + 2 * tokens * width) for tokens, width in _sequences(args[0]))


def _sequences(shape: Shape) -> Sequence[Shape]:
    """The shapes of the sequences of a batch."""
    return shape.parts if isinstance(shape, Nested) else [shape[1:]] * shape[0]


@operator("aten::lstm", "aten::gru", "aten::rnn_tanh", "aten::rnn_relu", kind="recurrent")
def recurrent(args: Sequence[Any], _: Shape) -> int:
    """Every step of every sequence meets every matrix (input, hidden, projection) of every layer and direction once."""
    return int(prod(args[0][:-1]) * sum(prod(shape) for shape in _lists(args)[-1] if len(shape) == 2))


def _lists(args: Sequence[Any]) -> list[Sequence[Any]]:
    return [part for part in args if isinstance(part, (list, tuple)) and not isinstance(part, Dims)]


def recurrent_cells(args: Sequence[Any]) -> tuple[Any, list[list[Sequence[Any]]]]:
    """The first state of a recurrent operator, and the weights of each direction of each layer.

    They are a matrix for what the cell takes, one for its state, maybe two biases, and maybe a projection.
    """
    if getattr(args[1], "ndim", 0) == 2:  # `mkldnn_rnn_layer` is one direction of one layer
        return args[5], [[args[1:5]]]
    *states, weights = _lists(args)
    state = states[0][0] if states else next(part for part in args[1:] if part.ndim == 3)
    both_ways = [value for value in args if isinstance(value, bool)][2]  # after biases, and training
    size, directions = len(weights) // state.shape[0], 2 if both_ways else 1
    cells = [weights[start : start + size] for start in range(0, len(weights), size)]
    return state, [cells[start : start + directions] for start in range(0, len(cells), directions)]


@operator("aten::mkldnn_rnn_layer", kind="recurrent")
def recurrent_layer(args: Sequence[Any], _: Shape) -> int:
    """One direction of one layer of an LSTM, which a CPU runs in one operator: its input and its hidden state."""
    steps: int = prod(args[0][:-1])
    return steps * int(prod(args[1]) + prod(args[2]))


@operator("aten::bilinear", kind="bilinear", weight=2, bias=3)
def bilinear(args: Sequence[Any], output: Shape) -> int:
    """Each output is one input times a matrix, times the other input."""
    first, second = args[0][-1], args[1][-1]
    return products.matrix_product(output, (first + 1) * second)


@operator("torchvision::deform_conv2d", kind="deformable conv", weight=1, bias=4)
def deformable_convolution(args: Sequence[Any], output: Shape) -> int:
    """A convolution of pixels that were interpolated before. That takes products of elements alone."""
    return products.convolution(args[1], output)


# Quantized layers keep their weights in an object that is no tensor.
@operator(
    *(f"quantized::conv{dims}d{more}" for dims in (1, 2, 3) for more in ("", "_relu", "_dynamic")),
    *(f"quantized::conv2d_add{more}" for more in ("", "_relu")),
    kind="quantized conv",
)
def quantized_convolution(args: Sequence[Any], output: Shape) -> int:
    """As a convolution."""
    return products.convolution(_packed(args)[0], output)


@operator(
    *(f"quantized::conv_transpose{dims}d{more}" for dims in (1, 2, 3) for more in ("", "_dynamic")),
    kind="quantized transposed conv",
)
def quantized_transposed_convolution(args: Sequence[Any], _: Shape) -> int:
    """As a transposed convolution."""
    return products.convolution(_packed(args)[0], args[0])


@operator(
    *(f"quantized::linear{more}" for more in ("", "_relu", "_leaky_relu", "_tanh", "_dynamic", "_relu_dynamic")),
    *(f"quantized::linear{more}_dynamic_fp16" for more in ("", "_relu")),
    kind="quantized linear",
)
def quantized_linear(args: Sequence[Any], output: Shape) -> int:
    """As a linear layer."""
    return products.matrix_product(output, _packed(args)[0][-1])


@operator("quantized::matmul", kind="quantized matmul")
def quantized_matrix_product(args: Sequence[Any], output: Shape) -> int:
    """As a product of two arguments."""
    return products.matrix_product(output, args[0][-1])


@operator(
    *(f"aten::quantized_{name}" for name in ("lstm", "gru")),
    *(f"quantized::quantized_{name}_cell_dynamic" for name in ("lstm", "gru", "rnn_relu", "rnn_tanh")),
    kind="quantized recurrent",
)
def quantized_recurrent(args: Sequence[Any], _: Shape) -> int:
    """As recurrent layers; a cell takes one step."""
    steps: int = prod(args[0][:-1])
    return steps * sum(map(prod, _packed(args)))


def _packed(args: Sequence[Any]) -> list[Shape]:
    """The shapes of the weights that are packed in objects among some arguments, also in lists and in other objects."""
    found: list[Shape] = []
    for value in args:
        if isinstance(value, torch.ScriptObject):
            if hasattr(value, "unpack"):
                found.append(tuple(value.unpack()[0].shape))
            else:  # a cell of a recurrent layer: the last of its state are two packed matrices
                state: Any = value.__getstate__()
                found.extend(_packed(state[0][-1]))
        elif isinstance(value, (list, tuple)) and not isinstance(value, Dims):
            found.extend(_packed(value))
    return found


def _kind(name: str) -> str:
    """What the ledger calls an operator that has no other name for it."""
    return name.strip("_").replace("_", " ")


def _register_others() -> None:
    """The operators without a matrix product."""
    names = tomllib.loads(files(__package__).joinpath("operators.toml").read_text())
    kinds = {name: kind for kind, same in names["kinds"].items() for name in same}
    kinds |= {name: _kind(name) for name in names["own_name"]}
    _register({f"aten::{name}": OperatorRule(kind) for name, kind in kinds.items()})
    _register({f"aten::{name}": FREE for name in names["free"]})
    for space, same in names["namespaces"].items():
        _register({f"{space}::{name}": OperatorRule(f"{space} {_kind(name)}") for name in same})


_register_others()


def rule_of(function: Any) -> OperatorRule:
    """The rule of one torch operator (an `OpOverload`); `UNKNOWN` where there is none.

    >>> rule_of(torch.ops.aten.relu_.default).kind, rule_of(torch.ops.aten.view.default).kind
    ('relu', 'free')
    """
    rule = _FOUND.get(function)
    if rule is None:
        rule = _FOUND[function] = _look_up(function)
    return rule


def _flows(function: Any) -> bool:
    """Whether an operator makes tensors of tensors, or writes into one. Others make a tensor, or ask for a property."""
    schema = function._schema  # noqa: SLF001
    takes = [part for part in schema.arguments if not part.is_out]
    writes = any(part.alias_info and part.alias_info.is_write for part in takes)
    return any("Tensor" in str(part.type) for part in takes) and (
        writes or any("Tensor" in str(part.type) for part in schema.returns)
    )


def _look_up(function: Any) -> OperatorRule:
    name = function._schema.name  # noqa: SLF001 (torch offers no public name of an overload's packet)
    stem = name.removesuffix("_") if not name.endswith("__") else name
    if stem in _RULES:
        return _RULES[stem]
    if not _flows(function):
        return FREE
    if stem.startswith("prims::"):  # `torch.func` takes element-wise operators apart into these, which have their names
        packet = getattr(torch.ops.aten, stem.removeprefix("prims::"), None)
        return rule_of(getattr(packet, packet.overloads()[0])) if packet else UNKNOWN
    if stem.startswith("aten::"):
        plain = getattr(torch.ops.aten, stem.removeprefix("aten::"), None)  # only it has torch's marks
        tags = {*function.tags, *getattr(plain, function._overloadname or "default", function).tags}  # noqa: SLF001
        forward = _RULES.get(stem.removesuffix("_data").removesuffix("_backward"))
        if stem.endswith(("_backward", "_backward_data")) and forward and not forward.macs:
            return FREE
        if function.is_view or torch.Tag.inplace_view in tags:
            return FREE
        if torch.Tag.pointwise in tags or getattr(torch.Tag, "reduction", None) in tags:
            return OperatorRule(_kind(stem.removeprefix("aten::")))
    return UNKNOWN
