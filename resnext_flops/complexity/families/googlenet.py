"""GoogLeNet (Szegedy et al., arXiv:1409.4842, Table 1): the paper's own network, and torchvision's."""

from collections.abc import Callable
from typing import Any

from resnext_flops.complexity.layers import (
    AdaptiveAvgPool,
    Auxiliary,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Description,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Node,
    ReLU,
    Sequential,
    Size,
    pair,
    size,
)
from resnext_flops.complexity.network import family
from resnext_flops.errors import unknown

VERSIONS = ("torchvision", "paper")

# Table 1: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}

# A convolution that keeps the size of the map, with what follows it: (channels, kernel, stride).
Unit = Callable[..., Sequential]


@family
def googlenet(
    version: str = "torchvision",
    *,
    aux: bool = True,
    resolution: Any = 224,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """GoogLeNet: nine inception modules.

    version: `paper` has 5x5 kernels, biases, local response normalisation around its second convolution and an average
        pool of 5x5 windows in its auxiliary classifiers; `torchvision` has 3x3 kernels where the paper has 5x5, batch
        norm, an average pool to 4x4 in its auxiliary classifiers and a 2x2 window in its fourth max pool.
    aux: whether the two auxiliary classifiers, which run in training only, are there (after inception 4a and 4d).
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    in_channels: channels of the input.

    Max pools round up, which gives the map sizes of Table 1. The paper's last pool has windows of 7x7 pixels; at any
    resolution it is taken as the mean of the whole map, which it is at 224.

    Raises InputError for an unknown version or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> ledger = rf.googlenet(aux=False).cost()
    >>> ledger.params, ledger.macs
    (6624904, 1498376192)
    >>> rf.googlenet(aux=True).cost().macs == ledger.macs
    True
    """
    if version not in VERSIONS:
        raise unknown("version of GoogLeNet", version, VERSIONS)
    classes = size("classes", classes)
    height, width = pair("resolution", resolution)
    parts = _paper(classes) if version == "paper" else _torchvision(classes)
    if not aux:
        parts = {name: part for name, part in parts.items() if not isinstance(part, Auxiliary)}
    return Description((size("in_channels", in_channels), height, width), Sequential.of(**parts))


def _paper(classes: Size) -> dict[str, Node]:
    aux_pool = AvgPool(5, stride=3)
    return {
        "conv1": biased(64, 7, 2),
        "pool1": _pool(3),
        "norm1": LocalResponseNorm(),
        "conv2": Sequential.of(reduce=biased(64, 1), conv=biased(192, 3)),
        "norm2": LocalResponseNorm(),
        "pool2": _pool(3),
        **_modules(biased, 5, 3, _auxiliary(biased, aux_pool, classes)),
        "head": head(0.4, classes),
    }


def _torchvision(classes: Size) -> dict[str, Node]:
    return {
        "conv1": normalised(64, 7, 2),
        "pool1": _pool(3),
        "conv2": Sequential.of(reduce=normalised(64, 1), conv=normalised(192, 3)),
        "pool2": _pool(3),
        **_modules(normalised, 3, 2, _auxiliary(normalised, AdaptiveAvgPool(4), classes)),
        "head": head(0.2, classes),
    }


def biased(channels: Size, kernel: int, stride: int = 1) -> Sequential:
    """A convolution with a bias, and ReLU."""
    return Sequential.of(conv=Conv(channels, kernel, stride, kernel // 2, bias=True), relu=ReLU())


def normalised(channels: Size, kernel: Any, stride: int = 1, *, valid: bool = False) -> Sequential:
    """A convolution, batch norm and ReLU, padded so that a stride of 1 keeps the map's size, unless it is `valid`."""
    height, width = pair("kernel", kernel)
    padding = 0 if valid else (height // 2, width // 2)
    return Sequential.of(conv=Conv(channels, kernel, stride, padding), norm=BatchNorm(eps=1e-3), relu=ReLU())


def _modules(unit: Unit, large: int, last_pool: int, auxiliary: Auxiliary) -> dict[str, Node]:
    """The inception modules with `large` kernels where the paper has 5x5, the pools and the auxiliary heads."""
    after: dict[str, dict[str, Node]] = {
        "3b": {"pool3": _pool(3)},
        "4a": {"aux1": auxiliary},
        "4d": {"aux2": auxiliary},
        "4e": {"pool4": _pool(last_pool)},
    }
    parts: dict[str, Node] = {}
    for name, widths in INCEPTION.items():
        parts |= {f"inception{name}": _inception(unit, large, *widths), **after.get(name, {})}
    return parts


def _inception(unit: Unit, large: int, n1: int, reduce3: int, n3: int, reduce5: int, n5: int, projection: int) -> Node:
    return Concat.of(
        branch1x1=unit(n1, 1),
        branch3x3=Sequential.of(reduce=unit(reduce3, 1), conv=unit(n3, 3)),
        branch5x5=Sequential.of(reduce=unit(reduce5, 1), conv=unit(n5, large)),
        branch_pool=Sequential.of(pool=MaxPool(3, stride=1, padding=1), proj=unit(projection, 1)),
    )


def _pool(kernel: int) -> MaxPool:
    return MaxPool(kernel, stride=2, ceil_mode=True)


def _auxiliary(unit: Unit, pool: Node, classes: Size) -> Auxiliary:
    """Section 5: an average pool, a 1x1 convolution to 128 channels, 1024 features, dropout of 70 percent, classes."""
    return Auxiliary(
        Sequential.of(
            pool=pool,
            conv=unit(128, 1),
            flatten=Flatten(),
            fc1=Linear(1024),
            relu=ReLU(),
            dropout=Dropout(0.7),
            fc2=Linear(classes),
        )
    )


def head(dropout: float, classes: Size) -> Sequential:
    """Global average pool, dropout and the last fully-connected layer."""
    return Sequential.of(pool=GlobalAvgPool(), flatten=Flatten(), dropout=Dropout(dropout), fc=Linear(classes))
