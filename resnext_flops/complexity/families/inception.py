"""Inception v3 (Szegedy et al., arXiv:1512.00567) and v4 (Szegedy et al., arXiv:1602.07261).

Every convolution is followed by batch norm and ReLU. What the papers' figures mark with V, and every convolution and
pool of stride 2, is not padded.
"""

from collections.abc import Sequence
from typing import Any

from resnext_flops.complexity.families.googlenet import head
from resnext_flops.complexity.families.googlenet import normalised as unit
from resnext_flops.complexity.layers import (
    Auxiliary,
    AvgPool,
    Concat,
    Description,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Node,
    Repeat,
    Sequential,
    Size,
    pair,
    size,
)
from resnext_flops.complexity.network import family
from resnext_flops.errors import InputError


@family
def inception_v3(
    *,
    aux: bool = True,
    resolution: Any = 299,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """Inception v3, as in torchvision and in TensorFlow's models, whose names its parts have.

    aux: whether the auxiliary classifier, which runs in training only, is there (after mixed6e). It needs 17x17 pixels
        there, so an input of at least 299x299; without it 75x75 are enough.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    in_channels: channels of the input.

    Raises InputError for a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> ledger = rf.inception_v3().cost()
    >>> ledger.params, ledger.macs
    (27161264, 5713216096)
    """
    classes = size("classes", classes)
    height, width = pair("resolution", resolution)
    body = Sequential.of(
        conv1a=unit(32, 3, 2, valid=True),
        conv2a=unit(32, 3, valid=True),
        conv2b=unit(64, 3),
        pool1=MaxPool(3, 2),
        conv3b=unit(80, 1),
        conv4a=unit(192, 3, valid=True),
        pool2=MaxPool(3, 2),
        mixed5b=_figure_5(32),
        mixed5c=_figure_5(64),
        mixed5d=_figure_5(64),
        mixed6a=_reduction_6a(),
        mixed6b=_figure_6(128),
        mixed6c=_figure_6(160),
        mixed6d=_figure_6(160),
        mixed6e=_figure_6(192),
        **({"aux": _auxiliary(classes)} if aux else {}),
        mixed7a=_reduction_7a(),
        mixed7b=_figure_7(),
        mixed7c=_figure_7(),
        head=head(0.5, classes),
    )
    return Description((size("in_channels", in_channels), height, width), body)


def chain(*units: Node, **last: Node) -> Sequential:
    """Convolutions one after the other: conv1, conv2, ..."""
    return Sequential((*((f"conv{number}", unit) for number, unit in enumerate(units, start=1)), *last.items()))


def pooled(channels: Size, *, count_include_pad: bool) -> Sequential:
    """A 3x3 average pool that keeps the map's size, and a 1x1 convolution."""
    pool = AvgPool(3, stride=1, padding=1, count_include_pad=count_include_pad)
    return Sequential.of(pool=pool, proj=unit(channels, 1))


def split(channels: Size) -> Concat:
    """A 1x3 and a 3x1 convolution side by side (the expanded filter banks of v3's Figure 7 and v4's Figure 6)."""
    return Concat.of(conv1x3=unit(channels, (1, 3)), conv3x1=unit(channels, (3, 1)))


def _figure_5(projection: Size) -> Concat:
    return Concat.of(
        branch1x1=unit(64, 1),
        branch5x5=chain(unit(48, 1), unit(64, 5)),
        branch3x3dbl=chain(unit(64, 1), unit(96, 3), unit(96, 3)),
        branch_pool=pooled(projection, count_include_pad=True),
    )


def _reduction_6a() -> Concat:
    return Concat.of(
        branch3x3=unit(384, 3, 2, valid=True),
        branch3x3dbl=chain(unit(64, 1), unit(96, 3), unit(96, 3, 2, valid=True)),
        branch_pool=MaxPool(3, 2),
    )


def _figure_6(width: Size) -> Concat:
    row, column = unit(width, (1, 7)), unit(width, (7, 1))
    return Concat.of(
        branch1x1=unit(192, 1),
        branch7x7=chain(unit(width, 1), row, unit(192, (7, 1))),
        branch7x7dbl=chain(unit(width, 1), column, row, column, unit(192, (1, 7))),
        branch_pool=pooled(192, count_include_pad=True),
    )


def _reduction_7a() -> Concat:
    return Concat.of(
        branch3x3=chain(unit(192, 1), unit(320, 3, 2, valid=True)),
        branch7x7x3=chain(unit(192, 1), unit(192, (1, 7)), unit(192, (7, 1)), unit(192, 3, 2, valid=True)),
        branch_pool=MaxPool(3, 2),
    )


def _figure_7() -> Concat:
    return Concat.of(
        branch1x1=unit(320, 1),
        branch3x3=chain(unit(384, 1), split=split(384)),
        branch3x3dbl=chain(unit(448, 1), unit(384, 3), split=split(384)),
        branch_pool=pooled(192, count_include_pad=True),
    )


def _auxiliary(classes: Size) -> Auxiliary:
    return Auxiliary(
        Sequential.of(
            pool=AvgPool(5, stride=3),
            conv0=unit(128, 1),
            conv1=unit(768, 5, valid=True),
            global_pool=GlobalAvgPool(),
            flatten=Flatten(),
            fc=Linear(classes),
        )
    )


@family
def inception_v4(
    *,
    blocks: Any = (4, 7, 3),
    resolution: Any = 299,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """Inception v4 (arXiv:1602.07261, Figures 3 to 9), without auxiliary classifiers, as the paper draws it.

    blocks: how many Inception-A, -B and -C blocks there are (Figure 9).
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    in_channels: channels of the input.

    Raises InputError for a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> rf.inception_v4().cost().params
    42679816
    """
    a, b, c = block_numbers(blocks)
    height, width = pair("resolution", resolution)
    body = Sequential.of(
        stem=_stem(),
        inception_a=repeated(_inception_a(), a),
        reduction_a=reduction_a(192, 224, 256, 384),
        inception_b=repeated(_inception_b(), b),
        reduction_b=_reduction_b(),
        inception_c=repeated(_inception_c(), c),
        head=head(0.2, size("classes", classes)),
    )
    return Description((size("in_channels", in_channels), height, width), body)


def block_numbers(blocks: Any) -> tuple[Size, Size, Size]:
    """How many blocks of the kinds A, B and C there are. Raises InputError for anything but three sizes."""
    if not isinstance(blocks, Sequence) or isinstance(blocks, str) or len(blocks) != 3:
        raise InputError(f"blocks is {blocks!r}; it must be the number of A, B and C blocks, as (4, 7, 3)")
    a, b, c = (size("the number of blocks of a stage", number) for number in blocks)
    return a, b, c


def repeated(block: Node, times: Size) -> Sequential:
    """A stage of one block that keeps its shape, `times` times."""
    return Sequential.of(block=Repeat(block, times, first=block))


def reduction_a(k: Size, l: Size, m: Size, n: Size) -> Concat:  # noqa: E741 (the paper's letters)
    """Figure 7, with the letters of the paper's Table 1: 35x35 pixels to 17x17."""
    return Concat.of(
        branch1=unit(n, 3, 2, valid=True),
        branch2=chain(unit(k, 1), unit(l, 3), unit(m, 3, 2, valid=True)),
        branch_pool=MaxPool(3, 2),
    )


def _stem() -> Sequential:
    """Figure 3: 299x299 pixels to 35x35."""
    return Sequential.of(
        **dict(chain(unit(32, 3, 2, valid=True), unit(32, 3, valid=True), unit(64, 3)).children),
        mixed3a=Concat.of(pool=MaxPool(3, 2), conv=unit(96, 3, 2, valid=True)),
        mixed4a=Concat.of(
            branch1=chain(unit(64, 1), unit(96, 3, valid=True)),
            branch2=chain(unit(64, 1), unit(64, (1, 7)), unit(64, (7, 1)), unit(96, 3, valid=True)),
        ),
        mixed5a=Concat.of(conv=unit(192, 3, 2, valid=True), pool=MaxPool(3, 2)),
    )


def _inception_a() -> Concat:
    """Figure 4."""
    return Concat.of(
        branch1=unit(96, 1),
        branch2=chain(unit(64, 1), unit(96, 3)),
        branch3=chain(unit(64, 1), unit(96, 3), unit(96, 3)),
        branch_pool=pooled(96, count_include_pad=False),
    )


def _inception_b() -> Concat:
    """Figure 5."""
    return Concat.of(
        branch1=unit(384, 1),
        branch2=chain(unit(192, 1), unit(224, (1, 7)), unit(256, (7, 1))),
        branch3=chain(unit(192, 1), unit(192, (7, 1)), unit(224, (1, 7)), unit(224, (7, 1)), unit(256, (1, 7))),
        branch_pool=pooled(128, count_include_pad=False),
    )


def _reduction_b() -> Concat:
    """Figure 8: 17x17 pixels to 8x8."""
    return Concat.of(
        branch1=chain(unit(192, 1), unit(192, 3, 2, valid=True)),
        branch2=chain(unit(256, 1), unit(256, (1, 7)), unit(320, (7, 1)), unit(320, 3, 2, valid=True)),
        branch_pool=MaxPool(3, 2),
    )


def _inception_c() -> Concat:
    """Figure 6."""
    return Concat.of(
        branch1=unit(256, 1),
        branch2=chain(unit(384, 1), split=split(256)),
        branch3=chain(unit(384, 1), unit(448, (3, 1)), unit(512, (1, 3)), split=split(256)),
        branch_pool=pooled(256, count_include_pad=False),
    )
