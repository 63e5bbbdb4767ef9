"""What each torch operator is: a small named formula for its multiply-adds, a known kind without any, or free.

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

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple, TypeAlias

import torch

from resnext_flops.complexity import products
from resnext_flops.complexity.layers import Shape
from resnext_flops.complexity.records import Dims
from resnext_flops.errors import InputError

Formula: TypeAlias = Callable[[Sequence[Any], Shape], int]


class Rule(NamedTuple):
    """What is known of an operator. `macs` takes its positional arguments and its (first) output, as shapes.

    weight, bias: the positions of the arguments whose elements are the weights and the biases of a layer.
    """

    kind: str
    macs: Formula | None = None
    weight: int | None = None
    bias: int | None = None


FREE = Rule("free")
UNKNOWN = Rule("unknown")

_RULES: dict[str, Rule] = {}  # by torch's name
_FOUND: dict[Any, Rule] = {}  # by operator, once it was looked for


def operator(
    *names: str, kind: str, weight: int | None = None, bias: int | None = None
) -> Callable[[Formula], Formula]:
    """Register the rule of an operator: a function of its positional arguments and its output.

    names: torch's names of the operators, such as `aten::conv2d` or `mylib::attention`.
    kind: what the entries are called in the ledger.
    weight, bias: the positions of the arguments that are a layer's weight and bias, where it has them.

    The rule gets the shape of each tensor (a tuple of integers, with the batch) in its place, and any other argument as
    it is. It returns the multiply-adds of one call, as an integer.

    Raises InputError for an operator that has a rule already.
    """

    def register(formula: Formula) -> Formula:
        _register(dict.fromkeys(names, Rule(kind, formula, weight, bias)))
        return formula

    return register


def _register(rules: Mapping[str, Rule]) -> None:
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


@operator("aten::convolution", "aten::_convolution", "aten::convolution_overrideable", kind="conv", weight=1, bias=2)
def any_convolution(args: Sequence[Any], output: Shape) -> int:
    """Torch's one operator for both: its argument 6 says whether it is transposed."""
    return transposed_convolution(args, output) if args[6] else convolution(args, output)


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
    """A product of two arguments."""
    return products.matrix_product(output, args[0][-1])


@operator("aten::addmm", "aten::baddbmm", "aten::addmv", "aten::addbmm", kind="matmul")
def added_matrix_product(args: Sequence[Any], output: Shape) -> int:
    """A matrix product whose first argument is only added; `addbmm` also sums over the batch."""
    batch = args[1][0] if len(args[1]) == 3 and len(output) == 2 else 1
    return products.matrix_product(output, batch * args[1][-1])


@operator("aten::einsum", kind="einsum")
def einsum(args: Sequence[Any], _: Shape) -> int:
    """Two operands; one alone multiplies nothing, and more are taken apart into pairs by torch."""
    equation, shapes = args[:2]
    return products.einsum(equation, shapes) if len(shapes) > 1 else 0


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
def attention(args: Sequence[Any], _: Shape) -> int:
    """Attention of queries, keys and values."""
    return products.attention(*args[:3])


@operator("aten::_native_multi_head_attention", kind="multi-head attention", weight=5, bias=6)
def fused_multi_head_attention(args: Sequence[Any], _: Shape) -> int:
    """Self-attention in one operator: three projections in, the attention, one projection out."""
    (batch, tokens, width), keys = args[0], args[1][1]
    projections = prod(args[5]) + prod(args[7])
    return int(batch * tokens * (projections + 2 * keys * width))


@operator("aten::_transformer_encoder_layer_fwd", kind="transformer encoder layer", weight=3, bias=4)
def fused_encoder_layer(args: Sequence[Any], _: Shape) -> int:
    """Self-attention and the two layers after it, in one operator."""
    batch, tokens, width = args[0]
    weights = sum(prod(args[position]) for position in (3, 5, 14, 16))
    return int(batch * tokens * (weights + 2 * tokens * width))


@operator("aten::lstm", "aten::gru", "aten::rnn_tanh", "aten::rnn_relu", kind="recurrent")
def recurrent(args: Sequence[Any], _: Shape) -> int:
    """Every step of every sequence meets every matrix (input, hidden, projection) of every layer and direction once."""
    steps: int = prod(args[0][:-1])
    return steps * sum(map(prod, recurrent_weights(args)))


def recurrent_weights(args: Sequence[Any]) -> list[Shape]:
    """The matrices among the arguments of a recurrent operator, those of the first layer's first direction first."""
    lists = [part for part in args if isinstance(part, (list, tuple)) and not isinstance(part, Dims)]
    return [shape for shape in lists[-1] if len(shape) == 2]


@operator("aten::bilinear", kind="bilinear", weight=2, bias=3)
def bilinear(args: Sequence[Any], output: Shape) -> int:
    """Each output is one input times a matrix, times the other input."""
    first, second = args[0][-1], args[1][-1]
    return products.matrix_product(output, (first + 1) * second)


# Known, and without a matrix product: an entry with a cost of none, whose kind other counters' rules look at.
KINDS = {
    "batch_norm": "batch norm",
    "native_batch_norm": "batch norm",
    "_native_batch_norm_legit": "batch norm",
    "cudnn_batch_norm": "batch norm",
    "layer_norm": "layer norm",
    "native_layer_norm": "layer norm",
    "group_norm": "group norm",
    "native_group_norm": "group norm",
    "instance_norm": "instance norm",
    "rms_norm": "rms norm",
    "_fused_rms_norm": "rms norm",
    "local_response_norm": "local response norm",
    "max_pool1d": "max pool",
    "max_pool2d": "max pool",
    "max_pool3d": "max pool",
    "max_pool2d_with_indices": "max pool",
    "max_pool3d_with_indices": "max pool",
    "adaptive_max_pool2d": "adaptive max pool",
    "avg_pool1d": "average pool",
    "avg_pool2d": "average pool",
    "avg_pool3d": "average pool",
    "adaptive_avg_pool1d": "adaptive average pool",
    "adaptive_avg_pool2d": "adaptive average pool",
    "adaptive_avg_pool3d": "adaptive average pool",
    "_adaptive_avg_pool2d": "adaptive average pool",
    "softmax": "softmax",
    "_softmax": "softmax",
    "log_softmax": "log softmax",
    "_log_softmax": "log softmax",
    "add": "sum",
    "concat": "concat",
    "cat": "concat",
    "flatten": "flatten",
    "sum": "reduction sum",
    "dropout": "dropout",
    "native_dropout": "dropout",
    "feature_dropout": "dropout",
    "alpha_dropout": "dropout",
    "embedding": "embedding",
    "_embedding_bag": "embedding bag",
    "embedding_bag": "embedding bag",
    "upsample_nearest1d": "nearest upsampling",
    "upsample_nearest2d": "nearest upsampling",
    "upsample_nearest3d": "nearest upsampling",
    "_upsample_nearest_exact2d": "nearest upsampling",
    "upsample_bilinear2d": "bilinear upsampling",
    "_upsample_bilinear2d_aa": "bilinear upsampling",
    "upsample_bicubic2d": "bicubic upsampling",
    "_upsample_bicubic2d_aa": "bicubic upsampling",
    "upsample_linear1d": "linear upsampling",
    "upsample_trilinear3d": "trilinear upsampling",
    "grid_sampler": "grid sampling",
    "grid_sampler_2d": "grid sampling",
    **{
        name: name.strip("_").replace("_", " ")
        for name in [
            "abs",
            "amax",
            "amin",
            "aminmax",
            "argmax",
            "argmin",
            "argsort",
            "bucketize",
            "clamp",
            "clip",
            "cosine_similarity",
            "cross",
            "cummax",
            "cumprod",
            "cumsum",
            "div",
            "elu",
            "celu",
            "selu",
            "exp",
            "floor_divide",
            "fmod",
            "frobenius_norm",
            "gelu",
            "glu",
            "hardshrink",
            "hardsigmoid",
            "hardswish",
            "hardtanh",
            "isfinite",
            "isinf",
            "isnan",
            "leaky_relu",
            "linalg_cross",
            "linalg_norm",
            "linalg_vector_norm",
            "log",
            "logcumsumexp",
            "logsumexp",
            "max",
            "mean",
            "min",
            "mish",
            "msort",
            "mul",
            "neg",
            "norm",
            "normalize",
            "prelu",
            "_prelu_kernel",
            "relu",
            "relu6",
            "rrelu",
            "rsub",
            "silu",
            "softplus",
            "softshrink",
            "softsign",
            "sort",
            "std",
            "std_mean",
            "sub",
            "tanh",
            "threshold",
            "topk",
            "var",
            "var_mean",
            "_weight_norm",
            "_weight_norm_interface",
            "fft_fft",
            "fft_ifft",
            "fft_rfft",
            "fft_irfft",
            "fft_fft2",
            "fft_ifft2",
            "fft_rfft2",
            "fft_irfft2",
            "fft_fftn",
            "fft_ifftn",
            "fft_rfftn",
            "fft_irfftn",
            "_fft_r2c",
            "_fft_c2r",
            "_fft_c2c",
            "histc",
            "searchsorted",
            "all",
            "any",
            "prod",
            "count_nonzero",
            "logical_not",
            "logical_and",
            "logical_or",
            "bitwise_not",
        ]
    },
}

# Free: they make, move, name or pick elements and compute none. Views are free too, by torch's own mark.
FREE_NAMES = frozenset(
    [
        "arange",
        "bartlett_window",
        "bernoulli",
        "channel_shuffle",
        "clone",
        "col2im",
        "constant_pad_nd",
        "copy",
        "diag_embed",
        "diagonal",
        "empty",
        "empty_like",
        "empty_permuted",
        "empty_strided",
        "expand_copy",
        "eye",
        "fill",
        "flip",
        "fliplr",
        "flipud",
        "full",
        "full_like",
        "gather",
        "hann_window",
        "im2col",
        "index",
        "index_copy",
        "index_fill",
        "index_put",
        "index_select",
        "is_nonzero",
        "item",
        "kron",
        "lift",
        "lift_fresh",
        "lift_fresh_copy",
        "linspace",
        "logspace",
        "masked_fill",
        "masked_scatter",
        "masked_select",
        "meshgrid",
        "new_empty",
        "new_empty_strided",
        "new_full",
        "new_ones",
        "new_zeros",
        "nonzero",
        "normal",
        "one_hot",
        "ones",
        "ones_like",
        "pad",
        "pixel_shuffle",
        "pixel_unshuffle",
        "rand",
        "rand_like",
        "randint",
        "randn",
        "randn_like",
        "randperm",
        "reflection_pad1d",
        "reflection_pad2d",
        "reflection_pad3d",
        "repeat",
        "repeat_interleave",
        "replication_pad1d",
        "replication_pad2d",
        "replication_pad3d",
        "resize",
        "roll",
        "rot90",
        "scalar_tensor",
        "scatter",
        "scatter_add",
        "select_scatter",
        "set",
        "slice_scatter",
        "stack",
        "_stack",
        "take",
        "take_along_dim",
        "tensor_split",
        "tile",
        "tril",
        "tril_indices",
        "triu",
        "triu_indices",
        "unfold",
        "unfold_copy",
        "uniform",
        "unique",
        "_unique2",
        "unsafe_chunk",
        "unsafe_split",
        "unsafe_split_with_sizes",
        "where",
        "zero",
        "zeros",
        "zeros_like",
        "_assert_async",
        "_assert_scalar",
        "_assert_tensor_metadata",
        "_functional_assert_async",
        "_local_scalar_dense",
        "_shape_as_tensor",
        "_to_copy",
        "_pin_memory",
        "_reshape_alias",
        "_unsafe_view",
        "sym_size",
        "sym_numel",
        "sym_stride",
        "complex",
        "view_as_complex",
        "view_as_real",
        "real",
        "imag",
        "polar",
        "hstack",
        "vstack",
        "dstack",
        "column_stack",
        "block_diag",
        "cartesian_prod",
        "combinations",
        "equal",
        "allclose",
        "size",
        "numel",
        "dim",
        "_has_compatible_shallow_copy_type",
        "record_stream",
        "is_same_size",
        "result_type",
        "can_cast",
        "promote_types",
        "_cast_Float",
        "im2col_backward",
        "_pad_circular",
        "_pad_enum",
        "native_channel_shuffle",
        "_nested_tensor_from_mask_left_aligned",
        "_is_all_true",
        "_is_any_true",
    ]
)

_register({f"aten::{name}": Rule(kind) for name, kind in KINDS.items()})
_register({f"aten::{name}": FREE for name in FREE_NAMES})


def rule_of(function: Any) -> Rule:
    """The rule of one torch operator (an `OpOverload`); `UNKNOWN` where there is none.

    >>> rule_of(torch.ops.aten.relu_.default).kind, rule_of(torch.ops.aten.view.default).kind
    ('relu', 'free')
    """
    rule = _FOUND.get(function)
    if rule is None:
        rule = _FOUND[function] = _look_up(function)
    return rule


def _look_up(function: Any) -> Rule:
    name = function._schema.name  # noqa: SLF001 (torch offers no public name of an overload's packet)
    stem = name.removesuffix("_") if not name.endswith("__") else name
    if stem in _RULES:
        return _RULES[stem]
    if stem.startswith("aten::"):
        tags = function.tags
        if function.is_view or torch.Tag.inplace_view in tags:
            return FREE
        if torch.Tag.pointwise in tags or getattr(torch.Tag, "reduction", None) in tags:
            return Rule(stem.removeprefix("aten::").strip("_").replace("_", " "))
    return UNKNOWN
