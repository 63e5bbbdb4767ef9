"""The networks of the ResNeXt paper as sizes of a few models, and what the page of the paper asks of them."""

from collections.abc import Mapping
from typing import NamedTuple

# The models by name: the call of each, and the sizes that get a slider, with their values.
IMAGENET, NO_SHORTCUT, PREACTIVATION = "ResNeXt for ImageNet", "without shortcuts", "ResNet-200, pre-activation"
CIFAR, WIDE = "ResNeXt for CIFAR", "Wide ResNet for CIFAR"
V3, V4, RESNET_V2 = "Inception-v3", "Inception-v4", "Inception-ResNet-v2"
SIZES = {"C": 1, "d": 64, "n1": 3, "n2": 4, "n3": 6, "n4": 3, "r": 224, "K": 1000, "w": 64}
MODELS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    IMAGENET: ("resnext(50, 1, 64)", tuple(SIZES)),
    NO_SHORTCUT: ("resnext(50, 1, 64, shortcut='none')", tuple(SIZES)),
    PREACTIVATION: ("resnext((3, 24, 36, 3), 1, 64, preactivation=True)", tuple(SIZES)),
    CIFAR: ("resnext_cifar(9*n+2, cardinality=8, width=64)", ("C", "d", "n", "r", "K", "w")),
    WIDE: ("wide_resnet(6*n+4, widening=10)", ("widening", "n", "r", "K", "w")),
    V3: ("inception_v3()", ("r", "K")),
    V4: ("inception_v4()", ("r", "K")),
    RESNET_V2: ("inception_resnet_v2()", ("r", "K")),
}
# The value of a free name in these calls.
FREE_NAMES: Mapping[str, Mapping[str, int]] = {CIFAR: {"n": 3}, WIDE: {"n": 4}}

# The designs of the paper's Tables 2 and 3.
SAME_COST = ((1, 64), (2, 40), (4, 24), (8, 14), (32, 4))


class Preset(NamedTuple):
    """A network of the paper: its name there, its model, and the sizes in which it differs from that."""

    title: str
    model: str
    sizes: Mapping[str, int]


def _template(depth: int, cardinality: int, width: int, more: str = "", model: str = IMAGENET, **sizes: int) -> Preset:
    name = "ResNet" if cardinality == 1 else "ResNeXt"
    blocks = {"n3": 23} if depth == 101 else {}
    return Preset(
        f"{name}-{depth} ({cardinality}x{width}d){more}", model, {"C": cardinality, "d": width, **blocks, **sizes}
    )


PRESETS: tuple[Preset, ...] = (
    *(_template(depth, *design) for depth in (50, 101) for design in SAME_COST),
    _template(101, 1, 100, ", wider"),
    _template(101, 2, 64),
    _template(101, 64, 4),
    _template(101, 64, 4, ", 320 pixels", r=320),
    *(
        _template(depth, *design, ", 5000 classes", K=5000)
        for depth in (50, 101)
        for design in (SAME_COST[0], SAME_COST[-1])
    ),
    *(_template(50, *design, ", no shortcuts", NO_SHORTCUT) for design in (SAME_COST[0], SAME_COST[-1])),
    Preset("ResNet-200 (1x64d)", PREACTIVATION, {}),
    Preset("ResNet-200 (1x64d), 320 pixels", PREACTIVATION, {"r": 320}),
    Preset("ResNeXt-29 (8x64d), CIFAR", CIFAR, {}),
    Preset("ResNeXt-29 (16x64d), CIFAR", CIFAR, {"C": 16}),
    Preset("Wide ResNet-28-10, CIFAR", WIDE, {}),
    *(Preset(name, name, {}) for name in (V3, V4, RESNET_V2)),
)
