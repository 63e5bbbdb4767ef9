"""Shape arithmetic for the common operators, so that torch's own meta kernels need not run for them.

A function here takes an operator's arguments and returns an empty tensor on the device `meta` with the shape, type and
strides that torch would give, or None where it is not sure; then torch's own kernel answers. Strides matter: they
decide what later operators do.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor

from resnext_flops.complexity.layers import windows

Kernel: TypeAlias = Callable[..., Tensor | None]

META = torch.device("meta")

_ACTIVATIONS = ("relu", "silu", "sigmoid", "hardswish", "hardsigmoid", "hardtanh")


def on_meta(value: Any) -> Any:
    """A tensor without its memory; anything else as it is.

    Torch checks that a view of a normal tensor is no inference tensor.
    """
    if not isinstance(value, Tensor) or value.is_meta:
        return value
    with torch.inference_mode(value.is_inference()):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=META)


def _empty(shape: Any, like: Tensor) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device=META)


def _like(image: Tensor) -> Tensor:
    return _empty(image.shape, image) if image.is_contiguous() else torch.empty_like(image, device=META)


def _same(image: Tensor, *_: Any, **__: Any) -> Tensor | None:
    """The output is like the first argument, in shape, strides and type, if that holds floating-point numbers."""
    return _like(image) if image.is_floating_point() else None


def _in_place(image: Tensor, *_: Any, **__: Any) -> Tensor:
    return image


def _binary_in_place(first: Tensor, second: Any, **_: Any) -> Tensor | None:
    return first if isinstance(second, Tensor) and first.shape == second.shape else None


def _binary(first: Any, second: Any, **_: Any) -> Tensor | None:
    """Of two tensors of one type, laid out alike or broadcast from contiguous ones, or of a tensor and a number."""
    if not isinstance(first, Tensor) or not first.is_floating_point():
        return None
    if not isinstance(second, Tensor):
        return _like(first) if isinstance(second, (int, float)) else None
    if first.dtype != second.dtype or not first.dim() or not second.dim():
        return None
    if first.shape == second.shape and first.stride() == second.stride():
        return _like(first)
    if first.is_contiguous() and second.is_contiguous():
        try:
            return _empty(torch.broadcast_shapes(first.shape, second.shape), first)  # type: ignore[no-untyped-call]
        except RuntimeError:
            return None  # torch's own kernel says what is wrong
    return None


def _same_type(first: Tensor, second: Tensor) -> bool:
    """Whether two factors hold numbers of one type. Raises TypeError for whole numbers and others, as a CPU does."""
    if first.is_floating_point() != second.is_floating_point() and not (first.is_complex() or second.is_complex()):
        raise TypeError(f"a product of {first.dtype} and {second.dtype}; give inputs of the type of the weights")
    return first.dtype == second.dtype


def _convolution(
    image: Tensor,
    weight: Tensor,
    _bias: Tensor | None = None,
    stride: Any = (1,),
    padding: Any = (0,),
    dilation: Any = (1,),
    groups: int = 1,
) -> Tensor | None:
    spatial, alike = weight.dim() - 2, _same_type(image, weight)
    if image.dim() != spatial + 2 or isinstance(padding, str) or not image.is_contiguous() or not alike:
        return None
    shape, kernel = image.shape, weight.shape
    if shape[1] != kernel[1] * groups:
        return None
    lengths = []
    for axis in range(spatial):
        step, pad, spread = (part[axis if len(part) > 1 else 0] for part in (stride, padding, dilation))
        lengths.append(windows(shape[2 + axis], kernel[2 + axis], step, pad, spread))
    if min(lengths) < 1:
        return None
    return _empty((shape[0], kernel[0], *lengths), image)


def _linear(rows: Tensor, weight: Tensor, _bias: Tensor | None = None) -> Tensor | None:
    alike = _same_type(rows, weight)
    if weight.dim() != 2 or rows.dim() < 1 or rows.shape[-1] != weight.shape[1] or not alike:
        return None
    return _empty((*rows.shape[:-1], weight.shape[0]), rows)


def _norm(image: Tensor, *parts: Any) -> Tensor | None:
    """Batch norm where the channels agree with the tensors that it is given."""
    channels = image.shape[1] if image.dim() > 1 else 0
    if any(isinstance(part, Tensor) and part.shape != (channels,) for part in parts[:4]) or parts[4]:
        return None
    return _same(image)


def _dropout(image: Tensor, _share: float, train: bool) -> Tensor | None:
    return _same(image) if train else image


def _layer_norm(image: Tensor, shape: Any, *_: Any) -> Tensor | None:
    if not image.is_contiguous() or image.shape[-len(shape) :] != torch.Size(shape):
        return None
    return _same(image)


def _softmax(image: Tensor, dim: int, dtype: Any = None) -> Tensor | None:
    return None if dtype or not -image.dim() <= dim < image.dim() else _same(image)


def _contiguous(image: Tensor, **options: Any) -> Tensor | None:
    if options:
        return None
    return image if image.is_contiguous() else _empty(image.shape, image)


def _attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, *_: Any, **__: Any
) -> Tensor | None:
    if mask is not None and mask.dim() > 2 and mask.shape[:-2] != query.shape[:-2] and max(mask.shape[:-2]) > 1:
        return None
    if query.shape[:-2] != key.shape[:-2] or key.shape[:-1] != value.shape[:-1] or query.shape[-1] != key.shape[-1]:
        return None
    return _empty((*query.shape[:-1], value.shape[-1]), query)


def _matmul(first: Tensor, second: Tensor) -> Tensor | None:
    if not _same_type(first, second) or first.dim() != second.dim() or first.dim() < 2:
        return None
    if first.shape[:-2] != second.shape[:-2] or first.shape[-1] != second.shape[-2]:
        return None
    return _empty((*first.shape[:-1], second.shape[-1]), first)


def _grouped_matmul(
    first: Tensor, second: Tensor, offsets: Tensor | None = None, _bias: Any = None, out_dtype: Any = None
) -> Tensor | None:
    """As on a CPU; torch's own kernel takes bfloat16 alone."""
    if first.shape[-1] != second.shape[-2] or (offsets is None and first.dim() + second.dim() != 6):
        return None
    groups = (len(offsets),) if offsets is not None and first.dim() == second.dim() == 2 else ()
    if first.dim() == second.dim() == 3:
        groups = (first.shape[0],)
    shape = (*groups, first.shape[-2], second.shape[-1])
    return torch.empty(shape, dtype=out_dtype or first.dtype, device=META)


def _adaptive_pool(image: Tensor, size: Any) -> Tensor | None:
    lengths = [size] if isinstance(size, int) else list(size)
    if not image.is_contiguous() or any(length is None for length in lengths):
        return None
    return _empty((*image.shape[: -len(lengths)], *lengths), image)


_aten = torch.ops.aten
KERNELS: Mapping[Any, Kernel] = {
    **dict.fromkeys((_aten.conv1d.default, _aten.conv2d.default, _aten.conv3d.default), _convolution),
    _aten.linear.default: _linear,
    _aten.batch_norm.default: _norm,
    _aten.layer_norm.default: _layer_norm,
    _aten.softmax.int: _softmax,
    _aten.scaled_dot_product_attention.default: _attention,
    _aten.matmul.default: _matmul,
    _aten.contiguous.default: _contiguous,
    _aten.dropout.default: _dropout,
    _aten.adaptive_avg_pool2d.default: _adaptive_pool,
    **dict.fromkeys((_aten.add.Tensor, _aten.sub.Tensor, _aten.mul.Tensor, _aten.div.Tensor), _binary),
    **dict.fromkeys((_aten.add_.Tensor, _aten.mul_.Tensor), _binary_in_place),
    # Torch has it since 2.8.
    **{getattr(_aten, name).default: _grouped_matmul for name in ("_grouped_mm",) if hasattr(_aten, name)},
    **{getattr(_aten, name).default: _same for name in (*_ACTIVATIONS, "gelu")},
    **{getattr(_aten, f"{name}_").default: _in_place for name in _ACTIVATIONS},
}
