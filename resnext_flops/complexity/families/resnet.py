"""ResNet (He et al., arXiv:1512.03385 and 1603.05027), and the template of residual stages that its successors share.

The template follows the two rules of the ResNeXt paper (Section 3.1): blocks with maps of one size share their sizes,
and each time the map is halved, the width of the blocks is doubled. ResNeXt is the same template with more groups, so
`resnet(50)` and `resnext(50, cardinality=1, width=64)` are one description.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from resnext_flops.complexity.families.blocks import gated
from resnext_flops.complexity.layers import (
    IDENTITY,
    BatchNorm,
    Conv,
    Description,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Node,
    ReLU,
    Repeat,
    Sequential,
    Size,
    Sum,
    Widen,
    is_symbolic,
    pair,
    size,
)
from resnext_flops.complexity.network import family
from resnext_flops.errors import InputError, unknown

BASIC_DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
BOTTLENECK_DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}

BLOCKS = ("basic", "bottleneck")
STRIDES_IN = ("3x3", "1x1")
SHORTCUTS = ("A", "B", "C", "none")
STEMS = ("imagenet", "cifar")


class Style(NamedTuple):
    """What the blocks of a network have in common besides their sizes.

    reduction: how many times narrower than the block the gate at the end of its branch is; None for no gate (SENet).
    projection: the kernel of a projection that strides.
    """

    shortcut: str = "B"
    preactivation: bool = False
    stride_in: str = "3x3"
    reduction: Size | None = None
    projection: Size = 1


@family
def resnet(
    depth: Any = 50,
    *,
    width: Size | None = None,
    block: str | None = None,
    shortcut: str = "B",
    stride_in: str = "3x3",
    preactivation: bool = False,
    stem: str = "imagenet",
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 64,
    in_channels: Size = 3,
) -> Description:
    """ResNet: basic blocks at depth 18 and 34, bottlenecks at 50, 101, 152 and 200.

    depth: one of those, or the blocks of each stage, such as `(3, 4, 6, 3)`.
    width: channels of the bottleneck in the first stage, `base_width` unless given (ResNet-101 1x100d of the ResNeXt
        paper's Table 4 has 100; Wide ResNet-50-2 has 128).
    block: `basic` or `bottleneck`; the depth decides unless it is given.
    shortcut: `A` pads with zeros where the shape changes, `B` projects there, `C` projects everywhere (He et al. 2015,
        Section 4.1), `none` has no shortcuts (the ResNeXt paper's Section 5.1).
    stride_in: the convolution of a bottleneck that strides: `3x3` as in the ResNeXt paper and torchvision, or `1x1` as
        in He et al. 2015.
    preactivation: batch norm and ReLU before each convolution (He et al. 2016), as ResNet-200 has it.
    stem: `imagenet` is 7x7 with stride 2 and a max pool, `cifar` one 3x3 convolution.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    base_width: channels of the stem and of the basic blocks of the first stage; bottlenecks put out four times as many.
    in_channels: channels of the input.

    Raises InputError for an unknown depth or choice, or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> ledger = rf.resnet(50).cost()
    >>> ledger.params, ledger.macs
    (25557032, 4089184256)
    """
    style = make_style(shortcut, preactivation, stride_in)
    choose("stem", stem, STEMS)
    base_width = size("base_width", base_width)
    blocks = stage_depths(depth, {**BASIC_DEPTHS, **BOTTLENECK_DEPTHS})
    if block_kind(depth, block) == "basic":
        if width is not None:
            raise InputError(f"width is {width!r}, and basic blocks have no bottleneck; use base_width")
        stages = basic_stages(blocks, base_width, style, stem)
    else:
        stages = bottleneck_stages(blocks, 1, base_width if width is None else width, base_width, style, stem)
    return assemble(stages, stem, style, base_width, resolution, classes, in_channels)


@family
def resnet_cifar(
    depth: int = 20,
    *,
    shortcut: str = "A",
    preactivation: bool = False,
    resolution: Any = 32,
    classes: Size = 10,
    base_width: Size = 16,
    in_channels: Size = 3,
) -> Description:
    """ResNet for CIFAR (He et al. 2015, Section 4.2): three stages of n basic blocks, depth 6n + 2.

    depth: 20, 32, 44, 56, 110 in the paper; any 6n + 2.

    The other arguments are those of `resnet`. Raises InputError for another depth, or a size that is not a positive
    whole number.

    >>> import resnext_flops as rf
    >>> rf.resnet_cifar(20).cost().params
    269722
    """
    style, base_width = make_style(shortcut, preactivation, "3x3"), size("base_width", base_width)
    stages = basic_stages(cifar_depths(depth, layers_a_block=2, others=2), base_width, style, "cifar")
    return assemble(stages, "cifar", style, base_width, resolution, classes, in_channels)


def block_kind(depth: Any, block: str | None) -> str:
    """The kind of block of a ResNet: the one asked for, or the one that its depth has."""
    if block is None:
        return "basic" if isinstance(depth, int) and depth in BASIC_DEPTHS else "bottleneck"
    return choose("block", block, BLOCKS)


def make_style(shortcut: str, preactivation: bool, stride_in: str) -> Style:
    """The style of a network's blocks. Raises InputError for an unknown choice."""
    return Style(choose("shortcut", shortcut, SHORTCUTS), preactivation, choose("stride_in", stride_in, STRIDES_IN))


def choose(name: str, value: str, choices: Sequence[str]) -> str:
    """A named choice. Raises InputError for one that is not on offer."""
    if value not in choices:
        raise unknown(name, value, choices)
    return value


def stage_depths(depth: Any, known: Mapping[int, tuple[int, ...]] = MappingProxyType({})) -> tuple[Size, ...]:
    """The number of blocks of each stage, from the numbers themselves or from a known depth of a network."""
    if isinstance(depth, Sequence) and not isinstance(depth, str) and depth:
        return tuple(size("the number of blocks of a stage", number) for number in depth)
    if not known:
        raise InputError(f"depth is {depth!r}; it must be the number of blocks of each stage, such as (3, 3, 9, 3)")
    if not isinstance(depth, int) or depth not in known:
        raise InputError(f"{unknown('depth', depth, sorted(known))}; or the blocks of each stage, as (3, 4, 6, 3)")
    return known[depth]


def cifar_depths(depth: Any, layers_a_block: int, others: int) -> tuple[Size, Size, Size]:
    """Three equal stages, from the number of weighted layers: `layers_a_block` for each block, and the others."""
    a_stage = 3 * layers_a_block
    left = size("depth", depth) - others
    blocks, rest = left // a_stage, left % a_stage
    if rest or (not is_symbolic(blocks) and blocks < 1):
        near = max(blocks, 1) * a_stage + others
        raise InputError(f"depth is {depth}; it must be {a_stage}n + {others}, such as {near} or {near + a_stage}")
    return (blocks, blocks, blocks)


def bottleneck_stages(
    blocks: Sequence[Size], cardinality: Size, width: Size, base_width: Size, style: Style, stem: str
) -> list[Repeat]:
    """The stages of the template that ResNet (cardinality 1) and ResNeXt share: Table 1 of the ResNeXt paper."""
    cardinality, width = size("cardinality", cardinality), size("width", width)
    stages = []
    for stage, times in enumerate(blocks):
        inner, outer = cardinality * width * 2**stage, 4 * base_width * 2**stage
        convolutions = partial(bottleneck_convolutions, inner, outer, cardinality, stride_in=style.stride_in)
        first = _first_block(stage, changes=True, style=style, stem=stem)
        stages.append(residual_stage(times, convolutions, outer, 1 if stage == 0 else 2, first, style))
    return stages


def basic_stages(
    blocks: Sequence[Size], width: Size, style: Style, stem: str, *, first_changes: bool = False
) -> list[Repeat]:
    """Stages of basic blocks. The first keeps the shape of the stem, unless it is said to change it."""
    stages = []
    for stage, times in enumerate(blocks):
        channels = width * 2**stage
        convolutions = partial(basic_convolutions, channels)
        first = _first_block(stage, changes=stage > 0 or first_changes, style=style, stem=stem)
        stages.append(residual_stage(times, convolutions, channels, 1 if stage == 0 else 2, first, style))
    return stages


class FirstBlock(NamedTuple):
    """How the first block of a stage begins: whether it changes the shape, and where its first norm stands."""

    changes: bool
    norm: str


def _first_block(stage: int, *, changes: bool, style: Style, stem: str) -> FirstBlock:
    """The first norm of a pre-activation block, as in fb.resnet.torch (models/preresnet.lua).

    It stands before the branches where the shortcut is no identity (He et al. 2016, appendix), in the residual branch
    where it is, and nowhere in the first block after a stem that ends in a norm of its own.
    """
    if not style.preactivation or (stage == 0 and stem == "imagenet"):
        return FirstBlock(changes, "none")
    return FirstBlock(changes, "shared" if changes and style.shortcut != "none" else "own")


def bottleneck_convolutions(
    width: Size, channels: Size, cardinality: Size, stride: int, stride_in: str = "3x3"
) -> list[Conv]:
    """1x1 to `width`, 3x3 in `cardinality` groups, 1x1 to `channels`: Figure 3(c), and Figure 1 left."""
    first, second = (stride, 1) if stride_in == "1x1" else (1, stride)
    return [
        Conv(width, 1, stride=first),
        Conv(width, 3, stride=second, padding=1, groups=cardinality),
        Conv(channels, 1),
    ]


def basic_convolutions(channels: Size, stride: int) -> list[Conv]:
    """Two 3x3 convolutions (He et al. 2015, Figure 5 left)."""
    return [Conv(channels, 3, stride=stride, padding=1), Conv(channels, 3, padding=1)]


def bottleneck(width: Size, channels: Size, cardinality: Size = 1) -> Sequential:
    """A bottleneck block that keeps its shape: the block of the ResNeXt paper's Table 2."""
    return residual_block(bottleneck_convolutions(width, channels, cardinality, 1), IDENTITY, "none", Style())


def residual_stage(
    times: Size, convolutions: Callable[[int], list[Conv]], channels: Size, stride: int, first: FirstBlock, style: Style
) -> Repeat:
    """A stage: a first block that may change the shape, and blocks that keep it.

    convolutions: the convolutions of a block, for the stride that one of them takes.
    """
    shortcut = _shortcut(channels, 1, changes=False, style=style)
    norm = "none" if not style.preactivation else "own" if shortcut in (None, IDENTITY) else "shared"
    body = residual_block(convolutions(1), shortcut, norm, style)
    shortcut = _shortcut(channels, stride, changes=first.changes, style=style)
    return Repeat(body, times, residual_block(convolutions(stride), shortcut, first.norm, style))


def _shortcut(channels: Size, stride: int, *, changes: bool, style: Style) -> Node | None:
    if style.shortcut == "none":
        return None
    if style.shortcut != "C" and not changes:
        return IDENTITY
    if style.shortcut == "A":
        return Widen(channels, stride)
    # A pre-activation network normalises before each convolution, so its projection is followed by nothing.
    norm = {} if style.preactivation else {"norm": BatchNorm()}
    kernel = 1 if stride == 1 else style.projection
    return Sequential.of(conv=Conv(channels, kernel, stride=stride, padding=kernel // 2), **norm)


def residual_block(convolutions: Sequence[Conv], shortcut: Node | None, norm: str, style: Style) -> Sequential:
    """Convolutions with their norms and activations, and the sum with the shortcut where there is one.

    norm: where the first norm of a pre-activation block stands (`own`, `shared` or `none`).
    """
    before: dict[str, Node] = {"norm": BatchNorm(), "relu": ReLU()} if norm == "shared" else {}
    after: dict[str, Node] = {} if style.preactivation else {"relu": ReLU()}
    if style.preactivation:
        branch = _preactivated(convolutions, norm == "own")
    else:
        branch = activated(convolutions)
        del branch[f"relu{len(convolutions)}"]  # the sum comes first (He et al. 2015)
    if style.reduction is not None:
        channels = convolutions[-1].channels
        branch["se"] = gated(channels, channels // style.reduction)
    if shortcut is None:
        return Sequential.of(**before, **branch, **after)
    return Sequential.of(**before, add=Sum.of(residual=Sequential.of(**branch), shortcut=shortcut), **after)


def activated(convolutions: Sequence[Conv]) -> dict[str, Node]:
    """Norm and ReLU after each convolution."""
    parts: dict[str, Node] = {}
    for number, conv in enumerate(convolutions, start=1):
        parts |= {f"conv{number}": conv, f"norm{number}": BatchNorm(), f"relu{number}": ReLU()}
    return parts


def _preactivated(convolutions: Sequence[Conv], own_norm: bool) -> dict[str, Node]:
    """Norm and ReLU before each convolution; before the first one only if that norm is the branch's own."""
    parts: dict[str, Node] = {}
    for number, conv in enumerate(convolutions, start=1):
        if number > 1 or own_norm:
            parts |= {f"norm{number}": BatchNorm(), f"relu{number}": ReLU()}
        parts[f"conv{number}"] = conv
    return parts


def assemble(
    stages: Sequence[Repeat],
    stem: str,
    style: Style,
    stem_width: Size,
    resolution: Any,
    classes: Size,
    in_channels: Size,
) -> Description:
    """Stem, stages and head around the residual blocks (Table 1 of the ResNeXt paper; He et al. 2015, Section 4.2)."""
    norm: dict[str, Node] = {"norm": BatchNorm(), "relu": ReLU()}
    if stem == "imagenet":
        conv1: dict[str, Node] = {"conv": Conv(stem_width, 7, stride=2, padding=3), **norm}
        pool: Node | None = MaxPool(3, stride=2, padding=1)
    else:
        conv1 = {"conv": Conv(stem_width, 3, padding=1), **({} if style.preactivation else norm)}
        pool = None
    head = classifier(classes, before=norm if style.preactivation else {})
    return put_together(conv1, pool, stages, head, resolution, in_channels)


def classifier(classes: Size, before: Mapping[str, Node] = MappingProxyType({}), **drop: Node) -> Sequential:
    """The mean of each channel and a fully-connected layer, with what stands before both, and between them."""
    return Sequential.of(**before, pool=GlobalAvgPool(), flatten=Flatten(), **drop, fc=Linear(size("classes", classes)))


def put_together(
    stem: Mapping[str, Node],
    pool: Node | None,
    stages: Sequence[Repeat | Node],
    head: Sequential,
    resolution: Any,
    in_channels: Size,
) -> Description:
    """A network by the names of the papers' tables: conv1, conv2 with the pool of the stem, conv3, ... and the head."""
    conv2, *others = stages
    body = Sequential.of(
        conv1=Sequential.of(**stem),
        conv2=Sequential.of(**({"pool": pool} if pool else {}), block=conv2),
        **{f"conv{number}": Sequential.of(block=stage) for number, stage in enumerate(others, start=3)},
        head=head,
    )
    height, width = pair("resolution", resolution)
    return Description((size("in_channels", in_channels), height, width), body)
