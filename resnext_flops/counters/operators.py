"""What each torch operator is: a small named formula for its multiply-adds, a known kind without any, or free.

An operator that is in none of these lists, and that torch cannot take apart into operators that are, is unknown: the
trace reports it with its shapes, and the total is a lower bound. Operators are known by torch's name without its
overload (`aten::conv2d`); the in-place form of a name (`aten::relu_`) is the same operator.

`operator` adds one, also for an operator of your own:

    >>> import resnext_flops as rf
    >>> @rf.operator("docs::scaled_product", kind="matmul")
    ... def scaled_product(args, output):
    ...     return output.numel() * args[0].shape[-1]
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple, TypeAlias

import torch

Formula: TypeAlias = Callable[[Sequence[Any], Any], int]


class Rule(NamedTuple):
    """What is known of an operator. `macs` takes its positional arguments and its (first) output.

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
    """Register the formula of an operator: a function of its positional arguments and its output.

    names: torch's names of the operators, such as `aten::conv2d` or `mylib::attention`.
    kind: what the entries are called in the ledger.
    weight, bias: the positions of the arguments that are a layer's weight and bias, where it has them.

    The formula returns the multiply-adds of one call, as an integer.
    """

    def register(formula: Formula) -> Formula:
        for name in names:
            _RULES[name] = Rule(kind, formula, weight, bias)
        _FOUND.clear()
        return formula

    return register


@operator(
    *(f"aten::conv{dims}d" for dims in (1, 2, 3)),
    "aten::thnn_conv2d",
    "aten::mkldnn_convolution",
    kind="conv",
    weight=1,
    bias=2,
)
def convolution(args: Sequence[Any], output: Any) -> int:
    """Each output pixel takes one multiply-add a weight, whatever the groups."""
    weight = args[1]
    return int(output.numel() // weight.shape[0] * weight.numel())


@operator(*(f"aten::conv_transpose{dims}d" for dims in (1, 2, 3)), kind="transposed conv", weight=1, bias=2)
def transposed_convolution(args: Sequence[Any], _: Any) -> int:
    """Each input pixel takes one multiply-add a weight."""
    image, weight = args[:2]
    return int(image.numel() // weight.shape[0] * weight.numel())


@operator("aten::convolution", "aten::_convolution", "aten::convolution_overrideable", kind="conv", weight=1, bias=2)
def any_convolution(args: Sequence[Any], output: Any) -> int:
    """Torch's one operator for both: its argument 6 says whether it is transposed."""
    return transposed_convolution(args, output) if args[6] else convolution(args, output)


@operator("aten::linear", kind="linear", weight=1, bias=2)
def linear(args: Sequence[Any], output: Any) -> int:
    """Each output takes one multiply-add an input feature."""
    return int(output.numel() * args[1].shape[-1])


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
def matrix_product(args: Sequence[Any], output: Any) -> int:
    """Each output takes one multiply-add an element of the row that it sums over."""
    return int(output.numel() * args[0].shape[-1])


@operator("aten::addmm", "aten::baddbmm", "aten::addmv", "aten::addbmm", kind="matmul")
def added_matrix_product(args: Sequence[Any], output: Any) -> int:
    """A matrix product whose first argument is only added; `addbmm` also sums over the batch."""
    batch = args[1].shape[0] if args[1].dim() == 3 and output.dim() == 2 else 1
    return int(batch * output.numel() * args[1].shape[-1])


@operator("aten::einsum", kind="einsum")
def einsum(args: Sequence[Any], output: Any) -> int:
    """Two operands: one multiply-add for each combination of indices. A single operand multiplies nothing.

    An index of one operand alone that the output does not have is summed away before the product.
    More operands are taken apart into pairs by torch, so this rule never sees them.
    """
    equation, operands = args[0].replace(" ", ""), args[1]
    if len(operands) == 1:
        return 0
    terms = equation.split("->")[0].split(",")
    sizes: list[dict[str, int]] = []
    for term, operand in zip(terms, operands, strict=True):
        labels = term.replace("...", "." * (operand.dim() - len(term.replace("...", ""))))
        sizes.append({label: size for label, size in zip(labels, operand.shape, strict=True) if label != "."})
    shared = sizes[0].keys() & sizes[1].keys()
    explicit = equation.split("->")[1] if "->" in equation else "".join(c for c in equation if equation.count(c) == 1)
    contracted = prod(max(sizes[0][label], sizes[1][label]) for label in shared if label not in explicit)
    return int(output.numel() * contracted)


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
def attention(args: Sequence[Any], _: Any) -> int:
    """Queries times keys, then weights times values: Vaswani et al., arXiv:1706.03762, Eqn. 1. A mask saves nothing."""
    query, key, value = args[:3]
    return int(query.numel() // query.shape[-1] * key.shape[-2] * (query.shape[-1] + value.shape[-1]))


@operator("aten::_native_multi_head_attention", kind="multi-head attention", weight=5, bias=6)
def fused_multi_head_attention(args: Sequence[Any], _: Any) -> int:
    """Self-attention in one operator: three projections in, the attention, one projection out."""
    query, key = args[0], args[1]
    batch, tokens, width = query.shape
    products = args[5].numel() + args[7].numel()
    return int(batch * tokens * (products + 2 * key.shape[1] * width))


@operator("aten::_transformer_encoder_layer_fwd", kind="transformer encoder layer", weight=3, bias=4)
def fused_encoder_layer(args: Sequence[Any], _: Any) -> int:
    """Self-attention and the two layers after it, in one operator."""
    batch, tokens, width = args[0].shape
    products = sum(args[position].numel() for position in (3, 5, 14, 16))
    return int(batch * tokens * (products + 2 * tokens * width))


@operator("aten::lstm", "aten::gru", "aten::rnn_tanh", "aten::rnn_relu", kind="recurrent")
def recurrent(args: Sequence[Any], _: Any) -> int:
    """Every step of every sequence meets every matrix (input, hidden, projection) of every layer and direction once."""
    steps = args[0].numel() // args[0].shape[-1]
    return int(steps * sum(part.numel() for part in recurrent_weights(args)))


def recurrent_weights(args: Sequence[Any]) -> list[Any]:
    """The matrices among the arguments of a recurrent operator, those of the first layer's first direction first."""
    sequences = [part for part in args[1:] if isinstance(part, (list, tuple))]
    return [part for part in sequences[-1] if part.dim() == 2]


@operator("aten::bilinear", kind="bilinear", weight=2, bias=3)
def bilinear(args: Sequence[Any], output: Any) -> int:
    """Each output is one input times a matrix, times the other input."""
    first, second = args[0].shape[-1], args[1].shape[-1]
    return int(output.numel() * (first + 1) * second)


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
    short = stem.removeprefix("aten::")
    if stem.startswith("aten::"):
        if short in KINDS:
            return Rule(KINDS[short])
        tags = function.tags
        if short in FREE_NAMES or function.is_view or torch.Tag.inplace_view in tags:
            return FREE
        if torch.Tag.pointwise in tags or getattr(torch.Tag, "reduction", None) in tags:
            return Rule(short.strip("_").replace("_", " "))
    return UNKNOWN
