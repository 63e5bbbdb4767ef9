"""AlexNet (Krizhevsky et al., 2012), where grouped convolution comes from, and its later form in one tower."""

from typing import Any

from resnext_flops.complexity.layers import (
    AdaptiveAvgPool,
    Conv,
    Description,
    Dropout,
    Flatten,
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


@family
def alexnet(
    version: str = "torchvision",
    *,
    resolution: Any = 224,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """AlexNet: five convolutions and three fully-connected layers.

    version: `paper` is the network of Krizhevsky et al. (2012, Section 3.5, Figure 2), whose second, fourth and fifth
        convolution run in two groups, one a GPU, and whose first two are followed by local response normalisation;
        `torchvision` is the one-tower network of Krizhevsky, arXiv:1404.5997, without it.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    in_channels: channels of the input.

    The maps of 55x55 pixels in the paper's Figure 2 need a padding of 2 around its 224x224 input, which is not
    mentioned there (or 227x227 pixels without padding, as in Caffe's copy).

    Raises InputError for an unknown version or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> ledger = rf.alexnet("paper").cost()
    >>> ledger.params, ledger.macs
    (60965224, 724406816)
    >>> ledger["conv2.conv"].groups
    2
    """
    if version not in VERSIONS:
        raise unknown("version of AlexNet", version, VERSIONS)
    height, width = pair("resolution", resolution)
    classes = size("classes", classes)
    parts = _paper(classes) if version == "paper" else _one_tower(classes)
    return Description((size("in_channels", in_channels), height, width), Sequential.of(**parts))


def _paper(classes: Size) -> dict[str, Node]:
    return {
        "conv1": _stage(Conv(96, 11, stride=4, padding=2, bias=True), norm=LocalResponseNorm(), pool=MaxPool(3, 2)),
        "conv2": _stage(Conv(256, 5, padding=2, groups=2, bias=True), norm=LocalResponseNorm(), pool=MaxPool(3, 2)),
        "conv3": _stage(Conv(384, 3, padding=1, bias=True)),
        "conv4": _stage(Conv(384, 3, padding=1, groups=2, bias=True)),
        "conv5": _stage(Conv(256, 3, padding=1, groups=2, bias=True), pool=MaxPool(3, 2)),
        "head": Sequential.of(**fully_connected(4096, classes)),
    }


def fully_connected(hidden: Size, classes: Size) -> dict[str, Node]:
    """The three fully-connected layers of the paper's network, which VGG has too."""
    return {
        "flatten": Flatten(),
        "fc6": Linear(hidden),
        "relu6": ReLU(),
        "dropout6": Dropout(0.5),
        "fc7": Linear(hidden),
        "relu7": ReLU(),
        "dropout7": Dropout(0.5),
        "fc8": Linear(classes),
    }


def _one_tower(classes: Size) -> dict[str, Node]:
    return {
        "conv1": _stage(Conv(64, 11, stride=4, padding=2, bias=True), pool=MaxPool(3, 2)),
        "conv2": _stage(Conv(192, 5, padding=2, bias=True), pool=MaxPool(3, 2)),
        "conv3": _stage(Conv(384, 3, padding=1, bias=True)),
        "conv4": _stage(Conv(256, 3, padding=1, bias=True)),
        "conv5": _stage(Conv(256, 3, padding=1, bias=True), pool=MaxPool(3, 2)),
        "head": Sequential.of(
            pool=AdaptiveAvgPool(6),
            flatten=Flatten(),
            dropout6=Dropout(0.5),
            fc6=Linear(4096),
            relu6=ReLU(),
            dropout7=Dropout(0.5),
            fc7=Linear(4096),
            relu7=ReLU(),
            fc8=Linear(classes),
        ),
    }


def _stage(conv: Conv, **after: Node) -> Sequential:
    return Sequential.of(conv=conv, relu=ReLU(), **after)
