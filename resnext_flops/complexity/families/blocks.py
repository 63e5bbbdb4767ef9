"""Parts that the families after ResNeXt share: a convolution with its norm, a gate, and channels that a rule rounds."""

from collections.abc import Mapping
from typing import Any

from resnext_flops.complexity.formula import RoundedError
from resnext_flops.complexity.layers import (
    IDENTITY,
    Activation,
    BatchNorm,
    Conv,
    GlobalAvgPool,
    Node,
    Product,
    ReLU,
    Sequential,
    Size,
    Sum,
    is_symbolic,
    real,
)
from resnext_flops.errors import InputError

RELU = ReLU()
SIGMOID = Activation("sigmoid")


def gated(channels: Size, squeezed: Size, hidden: Node = RELU, gate: Node = SIGMOID) -> Product:
    """Squeeze-and-Excitation (Hu et al., arXiv:1709.01507): the input times a number for each of its channels.

    squeezed: channels between the two layers that make these numbers of the means of the channels.
    hidden, gate: the activations behind the two layers.
    """
    layers = Sequential.of(
        pool=GlobalAvgPool(),
        fc1=Conv(squeezed, 1, bias=True),
        hidden=hidden,
        fc2=Conv(channels, 1, bias=True),
        gate=gate,
    )
    return Product.of(input=IDENTITY, gate=layers)


def unit(number: Size, conv: Conv, activation: Node | None = None, eps: float = 1e-5) -> dict[str, Node]:
    """A convolution with its norm and, where one is given, its activation: conv1, norm1, act1."""
    after: dict[str, Node] = {} if activation is None else {f"act{number}": activation}
    return {f"conv{number}": conv, f"norm{number}": BatchNorm(eps), **after}


def depthwise(channels: Size, kernel: Size, stride: Size, *, bias: bool = False) -> Conv:
    """A convolution of each channel by itself: as many groups as channels."""
    return Conv(channels, kernel, stride=stride, padding=kernel // 2, groups=channels, bias=bias)


def residual(
    inputs: Size, channels: Size, stride: Size, branch: Mapping[str, Node], drop: Node | None = None
) -> Sequential:
    """A branch, with an identity shortcut where it keeps the shape, and without any where it does not.

    drop: what stands at the end of a branch that has a shortcut.
    """
    if stride != 1 or inputs != channels:
        return Sequential.of(residual=Sequential.of(**branch))
    last = {"drop": drop} if drop else {}
    return Sequential.of(add=Sum.of(residual=Sequential.of(**branch, **last), shortcut=IDENTITY))


def inverted_residual(
    inputs: Size,
    expanded: Size,
    channels: Size,
    kernel: Size,
    stride: Size,
    activation: Node,
    gate: Node | None = None,
    eps: float = 1e-5,
    drop: Node | None = None,
) -> Sequential:
    """The block of MobileNetV2 (Sandler et al., arXiv:1801.04381): 1x1 to more channels, depthwise, 1x1 to fewer.

    gate: a gate behind the depthwise convolution. drop: as in `residual`.
    """
    expand = {} if expanded == inputs else unit(1, Conv(expanded, 1), activation, eps)
    branch = {**expand, **unit(2, depthwise(expanded, kernel, stride), activation, eps)}
    branch |= {"se": gate} if gate else {}
    branch |= unit(3, Conv(channels, 1), eps=eps)
    return residual(inputs, channels, stride, branch, drop)


def rounded(value: Any) -> Any:
    """A number that a rule is going to round. Raises RoundedError for a formula."""
    if is_symbolic(value):
        raise RoundedError(value)
    return value


def divisible(channels: float, by: int = 8) -> int:
    """The nearest multiple of a number, or the next one where that takes more than a tenth away.

    It is the rule of MobileNetV2's code (`make_divisible`), which the families after it have kept.

    >>> divisible(32 * 0.35), divisible(16 * 0.75), divisible(3)
    (16, 16, 8)
    """
    nearest = max(by, int(rounded(channels) + by / 2) // by * by)
    return nearest + by if nearest < 0.9 * channels else nearest


def multiple(name: str, value: Size, of: int) -> Size:
    """A size that is a multiple of a number, or a formula. Raises InputError, with the nearest, for any other.

    >>> multiple("w_0", 20, 8)
    Traceback (most recent call last):
    resnext_flops.InputError: w_0 is 20; it must be a multiple of 8, such as 16 or 24
    """
    if not is_symbolic(value) and value % of:
        near = " or ".join(str(each) for each in (value // of * of, -(-value // of) * of) if each)
        raise InputError(f"{name} is {value}; it must be a multiple of {of}, such as {near}")
    return value


def multiplier(name: str, value: Any) -> float:
    """A factor of widths or of depths. Raises InputError for what is no number above 0 and of at most 100."""
    factor = real(name, rounded(value))
    if not 0 < factor <= 100:
        raise InputError(f"{name} is {value!r}; it must be a number above 0 and of at most 100, such as 0.5 or 1.4")
    return factor
