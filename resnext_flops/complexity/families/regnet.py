"""RegNet (Radosavovic et al., arXiv:2003.13678): ResNeXt's block, with widths on a line that is quantised.

The widths u_j = w_0 + w_a j of the blocks are rounded, in the logarithm, to w_0 times a power of w_m, and then to
multiples of 8 (the paper's Eqn. 2 to 4). Blocks of one width are a stage. The bottleneck is as wide as its block, and
each stage halves the map, the first one too. RegNetY has a gate behind the 3x3 convolution.
"""

from collections.abc import Iterable
from itertools import groupby
from math import ceil, log
from typing import Any, NamedTuple

from resnext_flops.complexity.families.blocks import divisible, gated, multiple, rounded
from resnext_flops.complexity.families.resnet import (
    activated,
    bottleneck_convolutions,
    choose,
    classifier,
    put_together,
    stage_depths,
)
from resnext_flops.complexity.layers import (
    IDENTITY,
    BatchNorm,
    Conv,
    Description,
    Node,
    ReLU,
    Repeat,
    Sequential,
    Size,
    Sum,
    is_symbolic,
    nearest_divisor,
    real,
    size,
)
from resnext_flops.complexity.network import family
from resnext_flops.errors import InputError

VERSIONS = ("paper", "torchvision")
# Widths are multiples of this.
QUANTUM = 8
# No network of the paper has more than 30 blocks.
MOST_BLOCKS = 1000
# Each halves the map, and the paper's networks have 4.
MOST_STAGES = 8
# How many times narrower the gate of a block is than the input of the block.
REDUCTION = 4


@family
def regnet(
    depth: Any = 22,
    *,
    w_0: Size = 24,
    w_a: float = 24.48,
    w_m: float = 2.54,
    group_width: Size = 16,
    se: bool = False,
    version: str = "paper",
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 32,
    in_channels: Size = 3,
) -> Description:
    """RegNet: `regnet(22, w_0=24, w_a=24.48, w_m=2.54, group_width=16)` is RegNetX-400MF.

    depth: the number of all blocks, the paper's d.
    w_0, w_a: the width of the first block before it is quantised, a multiple of 8, and how much wider each next one is.
    w_m: how many times wider each next stage is, above 1.
    group_width: channels of a group, the paper's g. Where it does not divide the width of a stage, that width is
        changed to a multiple; a stage that is narrower has one group.
    se: whether blocks have a gate (RegNetY) or not (RegNetX).
    version: which multiple a width is changed to. It is the nearest in `paper`, as in the authors' code; `torchvision`
        rounds halves up, and takes the next one where the nearest is more than a tenth below.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    base_width: channels of the stem.
    in_channels: channels of the input.

    Raises InputError for a number that the rule cannot quantise, or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> print(f"{rf.regnet().cost().macs / 1e9:.1f} billion multiply-adds, as the authors print it")
    0.4 billion multiply-adds, as the authors print it
    """
    stages = quantised(depth, w_0, w_a, w_m, group_width, version)
    if len(stages) > MOST_STAGES:
        # The powers of w_m run from 0 to MOST_STAGES - 1, rounded.
        near = ceil(100 * ((w_0 + w_a * (depth - 1)) / w_0) ** (1 / (MOST_STAGES - 0.5))) / 100
        raise InputError(
            f"w_m is {w_m}, which makes {len(stages)} stages, each with half the map; "
            f"there may be {MOST_STAGES}, as from {near:g} on"
        )
    return of_stages(stages, se, resolution, classes, base_width, in_channels)


@family
def anynet(
    depth: Any = (1, 2, 7, 12),
    *,
    widths: Any = (32, 64, 160, 384),
    bottleneck: Any = 1,
    group_width: Any = 16,
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 32,
    in_channels: Size = 3,
) -> Description:
    """AnyNetX, the design space that RegNetX is a part of: every stage has sizes of its own.

    depth: the blocks of each stage.
    widths: what the blocks of each stage put out.
    bottleneck: how many times narrower the bottleneck of a block is; one number, or one a stage (the paper's b).
    group_width: channels of a group; one number, or one a stage (the paper's g).

    The other arguments are those of `regnet`. Raises InputError for sizes that do not divide each other, or a size that
    is not a positive whole number.

    >>> import resnext_flops as rf
    >>> rf.anynet((1, 2, 7, 12), widths=(32, 64, 160, 384), group_width=16).description == rf.regnet().description
    True
    """
    stages = any_stages(depth, widths, bottleneck, group_width)
    return of_stages(stages, False, resolution, classes, base_width, in_channels)


def any_stages(depth: Any, widths: Any, bottleneck: Any, group_width: Any) -> "list[Stage]":
    """The stages of an AnyNet. Raises InputError as `anynet` does.

    >>> any_stages((1, 2), (32, 64), bottleneck=(1, 2), group_width=16)
    [Stage(depth=1, width=32, groups=2, inner=32), Stage(depth=2, width=64, groups=2, inner=32)]
    """
    if not isinstance(depth, (tuple, list)):
        raise InputError(f"depth is {depth!r}; it must be the blocks of each stage, such as (1, 2, 7, 12)")
    blocks, stages = stage_depths(depth, {}), []
    given = {"widths": widths, "bottleneck": bottleneck, "group_width": group_width}
    sizes = zip(blocks, *(_each(name, each, len(blocks)) for name, each in given.items()), strict=True)
    for number, (times, width, narrower, group) in enumerate(sizes, start=1):
        inner = _part(f"bottleneck of stage {number}", width, narrower)
        stages.append(Stage(times, width, _part(f"group_width of stage {number}", inner, group), inner))
    return stages


def _each(name: str, given: Any, stages: int) -> tuple[Size, ...]:
    """A size of each stage, from one number for all or one a stage."""
    sizes = tuple(given) if isinstance(given, (tuple, list)) else (given,) * stages
    if len(sizes) != stages:
        raise InputError(f"{name} is {given!r}; it must be one number, or {stages}: one for each stage")
    return tuple(size(name, each) for each in sizes)


def _part(name: str, channels: Size, by: Size) -> Size:
    """Channels divided by a size. Raises InputError, with the nearest size, where that is not whole."""
    if not (is_symbolic(channels) or is_symbolic(by)) and channels % by:
        raise InputError(
            f"{name} is {by}, which does not divide {channels} channels; {nearest_divisor(channels, by)} would"
        )
    return channels // by


class Stage(NamedTuple):
    """Blocks of one width, whose bottleneck has `inner` channels in so many groups."""

    depth: Size
    width: Size
    groups: Size
    inner: Size


def of_stages(
    stages: Iterable[Stage], se: bool, resolution: Any, classes: Size, base_width: Size, in_channels: Size
) -> Description:
    """The network around stages: a 3x3 convolution before them, and the head behind. Each stage halves the map."""
    before = size("base_width", base_width)
    stem = activated([Conv(before, 3, stride=2, padding=1)])
    blocks = []
    for stage in stages:
        blocks.append(_stage(stage, before, se))
        before = stage.width
    return put_together(stem, None, blocks, classifier(classes), resolution, in_channels)


def quantised(depth: Any, w_0: Any, w_a: Any, w_m: Any, group_width: Any, version: str = "paper") -> list[Stage]:
    """The stages that the paper's rule makes of its parameters. Raises InputError for what it cannot quantise.

    >>> [(stage.depth, stage.width, stage.groups) for stage in quantised(22, 24, 24.48, 2.54, 16)]
    [(1, 32, 2), (2, 64, 4), (7, 160, 10), (12, 384, 24)]
    """
    choose("version of RegNet", version, VERSIONS)
    blocks, slope, step = size("depth", depth), real("w_a", rounded(w_a)), real("w_m", rounded(w_m))
    first, group = multiple("w_0", size("w_0", rounded(w_0)), QUANTUM), size("group_width", rounded(group_width))
    if is_symbolic(blocks) or blocks > MOST_BLOCKS:
        raise InputError(f"depth is {depth}; it must be the number of all blocks, at most {MOST_BLOCKS}")
    if not 0 <= slope <= first * MOST_BLOCKS:
        falls = ", with which the widths fall" if slope < 0 else ""
        raise InputError(f"w_a is {w_a}{falls}; it must be from 0, where all widths are one, to {first * MOST_BLOCKS}")
    if not 1 < step <= MOST_BLOCKS:
        raise InputError(f"w_m is {w_m}; it must be above 1, such as 2.5, and at most {MOST_BLOCKS}")
    line = [first + slope * block for block in range(blocks)]
    powers = [round(log(width / first) / log(step)) for width in line]
    widths = [round(first * step**power / QUANTUM) * QUANTUM for power in powers]
    return [_fitting(len(list(run)), width, group, version) for width, run in groupby(widths)]


def _fitting(depth: int, width: int, group_width: int, version: str) -> Stage:
    """A stage whose width is a multiple of its groups' width."""
    group = min(group_width, width)
    fitting = divisible(width, group) if version == "torchvision" else max(1, round(width / group)) * group
    return Stage(depth, fitting, fitting // group, fitting)


def _stage(stage: Stage, before: Size, se: bool) -> Repeat:
    projection = Sequential.of(conv=Conv(stage.width, 1, stride=2), norm=BatchNorm())
    first = _block(stage, 2, projection, before if se else None)
    return Repeat(_block(stage, 1, IDENTITY, stage.width if se else None), stage.depth, first)


def _block(stage: Stage, stride: int, shortcut: Node, gated_from: Size | None) -> Sequential:
    """A block (Figure 4 of the paper). gated_from: channels of its input, for a gate."""
    *convolutions, last = bottleneck_convolutions(stage.inner, stage.width, stage.groups, stride)
    gate: dict[str, Node] = {} if gated_from is None else {"se": gated(stage.inner, _squeezed(gated_from))}
    residual = Sequential.of(**activated(convolutions), **gate, conv3=last, norm3=BatchNorm())
    return Sequential.of(add=Sum.of(residual=residual, shortcut=shortcut), relu=ReLU())


def _squeezed(channels: Size) -> Size:
    return channels // REDUCTION if is_symbolic(channels) else max(1, round(channels / REDUCTION))
