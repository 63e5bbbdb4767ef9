"""Parts that the families after ResNeXt share: a convolution with its norm, a gate, and channels that a rule rounds."""

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
)

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
