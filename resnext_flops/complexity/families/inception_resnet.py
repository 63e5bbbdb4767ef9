"""Inception-ResNet v2 (Szegedy et al., arXiv:1602.07261): inception blocks whose residuals are scaled down."""

from typing import Any

from resnext_flops.complexity.families.googlenet import head
from resnext_flops.complexity.families.googlenet import normalised as unit
from resnext_flops.complexity.families.inception import block_numbers, chain, pooled, reduction_a, repeated
from resnext_flops.complexity.layers import (
    IDENTITY,
    Concat,
    Conv,
    Description,
    MaxPool,
    ReLU,
    Scale,
    Sequential,
    Size,
    Sum,
    pair,
    size,
)
from resnext_flops.complexity.network import family


@family
def inception_resnet_v2(
    *,
    blocks: Any = (10, 20, 9),
    resolution: Any = 299,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """Inception-ResNet v2, as in TensorFlow's models and in timm.

    blocks: how many blocks of the kinds A (35x35 pixels), B (17x17) and C (8x8) there are; one more C follows, whose
        residual is not scaled and whose sum has no ReLU. The paper's Figure 15 has 5, 10 and 5; the released network,
        which this is, has twice as many, a stem as Inception v3's, and residuals scaled by 0.17, 0.1 and 0.2 (Section
        3.3 of the paper says between 0.1 and 0.3).
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    in_channels: channels of the input.

    Raises InputError for a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> rf.inception_resnet_v2().cost().params
    55843464
    """
    a, b, c = block_numbers(blocks)
    height, width = pair("resolution", resolution)
    body = Sequential.of(
        conv1a=unit(32, 3, 2, valid=True),
        conv2a=unit(32, 3, valid=True),
        conv2b=unit(64, 3),
        pool3a=MaxPool(3, 2),
        conv3b=unit(80, 1),
        conv4a=unit(192, 3, valid=True),
        pool5a=MaxPool(3, 2),
        mixed5b=_mixed5b(),
        inception_a=repeated(_inception_a(), a),
        reduction_a=reduction_a(256, 256, 384, 384),
        inception_b=repeated(_inception_b(), b),
        reduction_b=_reduction_b(),
        inception_c=Sequential((*repeated(_inception_c(), c).children, ("last", _last_inception_c()))),
        conv7b=unit(1536, 1),
        head=head(0.2, size("classes", classes)),
    )
    return Description((size("in_channels", in_channels), height, width), body)


def _scaled(branches: Concat, channels: Size, factor: float) -> Sequential:
    """The branches, a 1x1 convolution with a bias and no activation, the sum with the scaled result, and ReLU."""
    residual = Sequential.of(branches=branches, conv=Conv(channels, 1, bias=True), scale=Scale(factor))
    return Sequential.of(add=Sum.of(residual=residual, shortcut=IDENTITY), relu=ReLU())


def _mixed5b() -> Concat:
    return Concat.of(
        branch1=unit(96, 1),
        branch2=chain(unit(48, 1), unit(64, 5)),
        branch3=chain(unit(64, 1), unit(96, 3), unit(96, 3)),
        branch_pool=pooled(64, count_include_pad=False),
    )


def _inception_a() -> Sequential:
    """Figure 16."""
    branches = Concat.of(
        branch1=unit(32, 1),
        branch2=chain(unit(32, 1), unit(32, 3)),
        branch3=chain(unit(32, 1), unit(48, 3), unit(64, 3)),
    )
    return _scaled(branches, 320, 0.17)


def _inception_b() -> Sequential:
    """Figure 17."""
    branches = Concat.of(
        branch1=unit(192, 1),
        branch2=chain(unit(128, 1), unit(160, (1, 7)), unit(192, (7, 1))),
    )
    return _scaled(branches, 1088, 0.1)


def _reduction_b() -> Concat:
    """Figure 18."""
    return Concat.of(
        branch1=chain(unit(256, 1), unit(384, 3, 2, valid=True)),
        branch2=chain(unit(256, 1), unit(288, 3, 2, valid=True)),
        branch3=chain(unit(256, 1), unit(288, 3), unit(320, 3, 2, valid=True)),
        branch_pool=MaxPool(3, 2),
    )


def _inception_c() -> Sequential:
    """Figure 19."""
    return _scaled(_branches_c(), 2080, 0.2)


def _last_inception_c() -> Sequential:
    residual = Sequential.of(branches=_branches_c(), conv=Conv(2080, 1, bias=True))
    return Sequential.of(add=Sum.of(residual=residual, shortcut=IDENTITY))


def _branches_c() -> Concat:
    return Concat.of(
        branch1=unit(192, 1),
        branch2=chain(unit(192, 1), unit(224, (1, 3)), unit(256, (3, 1))),
    )
