"""The brute force: multiply and add number by number, in plain loops, and count.

A module runs for real, and every operation below its code that multiplies and adds is done once more in plain loops
over Python's numbers. The loops count each product as they make it. What they compute must be what torch computed, so
they do what the operation does. They share no code with the rules of `counters`: there a formula of shapes, here no
formula at all. A product with a padded zero counts like any other, and so does one whose sum is cut off at the border
of a transposed convolution, as everywhere in the field.

The module runs with gradients on, without oneDNN and with attention in its plain form, so that torch takes layers
apart into matrix products and convolutions.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import product
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from resnext_flops.proof.conformance.case import Case

Index: TypeAlias = tuple[int, ...]
Cells: TypeAlias = dict[Index, Any]  # the numbers of a tensor by their places

# How far a result may be from torch's, by how exact torch's own type is.
NEAR = {torch.float16: 2e-2, torch.bfloat16: 1e-1}


def products(case: Case) -> int:
    """How many multiply-adds a case takes, found by doing them.

    Raises ArithmeticError where the loops compute another result than torch, or the plain form another than the module.

    >>> from torch import nn
    >>> products(Case("docs/one", "one layer", lambda: nn.Linear(3, 4), ((2, 3),), "2 * 3 * 4"))
    24
    """
    module, inputs = case.made()
    loops = Loops()
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # of torch's switches and of its quantization
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
        if case.plain:
            _, copies = case.made()
            with torch.set_grad_enabled(case.training):
                wanted = module(*copies)
        stack.enter_context(loops)
        output = case.plain(module, *inputs) if case.plain else module(*inputs)
        if case.training:
            sum(part.sum() for part in _tensors(output)).backward()  # type: ignore[union-attr]
    if case.plain:
        for one, other in zip(_tensors(output), _tensors(wanted), strict=True):
            _same(other, one)
    return loops.products


def _tensors(output: Any) -> list[Tensor]:
    return [part for part in tree_leaves(output) if isinstance(part, Tensor)]


def _same(made: Tensor, ours: Tensor) -> None:
    near = NEAR.get(made.dtype, 1e-3)
    one, other = (part.detach().to(torch.complex128) for part in (made, ours))
    if one.shape != other.shape or not torch.allclose(one, other, rtol=near, atol=near):
        raise ArithmeticError(f"torch computes {made} and the loops {ours}")


class Loops(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Does each matrix product and each convolution of a run once more, and counts in `products`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.products = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Torch's own output."""
        loop = LOOPS.get(func._schema.name.rstrip("_"))  # noqa: SLF001
        before = tree_map_only(Tensor, torch.clone, args) if loop else ()  # it may write into its arguments
        output = func(*args, **(kwargs or {}))
        if loop:
            for made, ours in loop(self, output, before, kwargs or {}):
                _same(made, ours)
        return output

    def times(self, one: Any, other: Any) -> Any:
        """One multiply-add's product."""
        self.products += 1
        return one * other

    def matrix_product(self, left: Tensor, right: Tensor) -> Tensor:
        """Rows times columns."""
        columns = right.detach().t().tolist()
        rows = left.detach().tolist()
        sums = [[sum(map(self.times, row, column)) for column in columns] for row in rows]
        return torch.tensor(sums).reshape(left.shape[0], right.shape[1])


Pairs: TypeAlias = list[tuple[Tensor, Tensor]]


def _mm(loops: Loops, made: Tensor, args: Sequence[Tensor], _: Any) -> Pairs:
    return [(made, loops.matrix_product(args[0], args[1]))]


def _mv(loops: Loops, made: Tensor, args: Sequence[Tensor], _: Any) -> Pairs:
    return [(made, loops.matrix_product(args[0], args[1][:, None])[:, 0])]


def _dot(loops: Loops, made: Tensor, args: Sequence[Tensor], _: Any) -> Pairs:
    return [(made, loops.matrix_product(args[0][None], args[1][:, None])[0, 0])]


def _bmm(loops: Loops, made: Tensor, args: Sequence[Tensor], _: Any) -> Pairs:
    return [(part, loops.matrix_product(one, two)) for part, one, two in zip(made, args[0], args[1], strict=True)]


def _added(loops: Loops, made: Tensor, args: Sequence[Tensor], kwargs: Any) -> Pairs:
    """A matrix, or a batch of them, to which another is added; `addbmm` adds up its batch too."""
    start, left, right = args
    beta, alpha = kwargs.get("beta", 1), kwargs.get("alpha", 1)
    if right.dim() == 1:
        right, made, start = right[:, None], made[:, None], start[..., None]
    if left.dim() == 2:
        return [(made, beta * start + alpha * loops.matrix_product(left, right))]
    parts = torch.stack([loops.matrix_product(one, two) for one, two in zip(left, right, strict=True)])
    return [(made, beta * start + alpha * (parts if made.dim() == 3 else parts.sum(0)))]


def _convolution(loops: Loops, made: Tensor, args: Sequence[Any], _: Any) -> Pairs:
    image, weight, bias, *how = args
    pixels, weights = _cells(image), _cells(weight)
    sums: Cells = {}
    for out, pixel, place in _terms(made, image, weight, how):
        sums[out] = sums.get(out, 0) + loops.times(pixels.get(pixel, 0), weights[place])
    ours = _tensor(sums, made)
    return [(made, ours if bias is None else ours + bias.reshape(-1, *[1] * (weight.dim() - 2)))]


def _convolution_backward(loops: Loops, made: Sequence[Tensor], args: Sequence[Any], _: Any) -> Pairs:
    slope, image, weight, _, *how, wanted = args
    pixels, weights, slopes = _cells(image), _cells(weight), _cells(slope)
    of_image: Cells = {}
    of_weight: Cells = {}
    for out, pixel, place in _terms(slope, image, weight, how):
        if wanted[0]:
            of_image[pixel] = of_image.get(pixel, 0) + loops.times(slopes.get(out, 0), weights[place])
        if wanted[1]:
            of_weight[place] = of_weight.get(place, 0) + loops.times(slopes.get(out, 0), pixels.get(pixel, 0))
    both = [(made[0], of_image, image), (made[1], of_weight, weight)]
    return [(part, _tensor(cells, like)) for part, cells, like in both if cells]


def _terms(output: Tensor, image: Tensor, weight: Tensor, how: Sequence[Any]) -> Iterator[tuple[Index, Index, Index]]:
    """Every product of a convolution: the place of its output, of its pixel (maybe in the padding) and of its weight.

    In a transposed one the places of output and pixel change their parts.
    """
    axes = weight.dim() - 2
    stride, padding, dilation = (part if len(part) == axes else part * axes for part in how[:3])
    transposed, _, groups = how[3:6]
    coarse = image if transposed else output
    rows, columns = weight.shape[0] // groups, weight.shape[1]
    for item, one, row, column in product(range(image.shape[0]), range(groups), range(rows), range(columns)):
        channel, other = one * rows + row, one * columns + column
        for place in product(*map(range, coarse.shape[2:])):
            for tap in product(*map(range, weight.shape[2:])):
                steps = zip(place, stride, tap, dilation, padding, strict=True)
                fine = tuple(p * s + t * d - q for p, s, t, d, q in steps)
                near, far = (item, channel, *place), (item, other, *fine)
                yield (far, near, (channel, column, *tap)) if transposed else (near, far, (channel, column, *tap))


def _cells(part: Tensor) -> Cells:
    return dict(zip(product(*map(range, part.shape)), part.detach().flatten().tolist(), strict=True))


def _tensor(cells: Cells, like: Tensor) -> Tensor:
    """Numbers by their places as a tensor; what is outside of it is dropped, and what is missing is zero."""
    places = product(*map(range, like.shape))
    return torch.tensor([cells.get(place, 0.0) for place in places]).reshape(like.shape)


LOOPS: dict[str, Callable[[Loops, Any, Any, Any], Pairs]] = {
    **dict.fromkeys(("aten::mm", "aten::_int_mm"), _mm),
    **dict.fromkeys(("aten::addmm", "aten::addmv", "aten::baddbmm", "aten::addbmm"), _added),
    **dict.fromkeys(("aten::dot", "aten::vdot"), _dot),
    "aten::mv": _mv,
    "aten::bmm": _bmm,
    **dict.fromkeys(("aten::convolution", "aten::_convolution"), _convolution),
    "aten::convolution_backward": _convolution_backward,
}
