"""Parts that the families after ResNeXt share: a convolution with its norm, a gate, and channels that a rule rounds."""

from typing import Any

from resnext_flops.complexity.formula import NotPolynomialError
from resnext_flops.complexity.layers import (
    IDENTITY,
    Activation,
    Conv,
    GlobalAvgPool,
    Node,
    Product,
    ReLU,
    Sequential,
    Size,
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


def rounded(value: Any, by: Size) -> Any:
    """A number that is going to be rounded to a multiple. Raises NotPolynomialError for a formula: it has none then."""
    if is_symbolic(value):
        raise NotPolynomialError(value, by, {str(name) for name in value.free_symbols}, 1)
    return value


def divisible(channels: float, by: int = 8) -> int:
    """The nearest multiple of a number, or the next one where that takes more than a tenth away.

    It is the rule of MobileNetV2's code (`make_divisible`), which the families after it have kept.

    >>> divisible(32 * 0.35), divisible(16 * 0.75), divisible(3)
    (16, 16, 8)
    """
    nearest = max(by, int(rounded(channels, by) + by / 2) // by * by)
    return nearest + by if nearest < 0.9 * channels else nearest


def multiplier(name: str, value: Any) -> float:
    """A factor of widths or of depths. Raises InputError for what is no number above 0 and of at most 100."""
    factor = real(name, rounded(value, 8))
    if not 0 < factor <= 100:
        raise InputError(f"{name} is {value!r}; it must be a number above 0 and of at most 100, such as 0.5 or 1.4")
    return factor
