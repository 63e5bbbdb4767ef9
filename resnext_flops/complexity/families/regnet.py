"""RegNet (Radosavovic et al., arXiv:2003.13678): ResNeXt's block, with widths on a line that is quantised.

The widths u_j = w_0 + w_a j of the blocks are rounded, in the logarithm, to w_0 times a power of w_m, and then to
multiples of 8 (the paper's Eqn. 2 to 4). Blocks of one width are a stage. The bottleneck is as wide as its block, and
each stage halves the map, the first one too. RegNetY has a gate behind the 3x3 convolution.
"""

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
    before = size("base_width", base_width)
    made, stages = quantised(depth, w_0, w_a, w_m, group_width, version), []
    if len(made) > MOST_STAGES:
        # The powers of w_m run from 0 to MOST_STAGES - 1, rounded.
        near = ceil(100 * ((w_0 + w_a * (depth - 1)) / w_0) ** (1 / (MOST_STAGES - 0.5))) / 100
        raise InputError(
            f"w_m is {w_m}, which makes {len(made)} stages, each with half the map; "
            f"there may be {MOST_STAGES}, as from {near:g} on"
        )
    for stage in made:
        stages.append(_stage(stage, before, se))
        before = stage.width
    stem = activated([Conv(size("base_width", base_width), 3, stride=2, padding=1)])
    return put_together(stem, None, stages, classifier(classes), resolution, in_channels)


class Stage(NamedTuple):
    """Blocks of one width."""

    depth: Size
    width: int
    groups: int


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
    return Stage(depth, fitting, fitting // group)


def _stage(stage: Stage, before: Size, se: bool) -> Repeat:
    projection = Sequential.of(conv=Conv(stage.width, 1, stride=2), norm=BatchNorm())
    first = _block(stage, 2, projection, before if se else None)
    return Repeat(_block(stage, 1, IDENTITY, stage.width if se else None), stage.depth, first)


def _block(stage: Stage, stride: int, shortcut: Node, gated_from: Size | None) -> Sequential:
    """A block (Figure 4 of the paper) with a bottleneck ratio of 1. gated_from: channels of its input, for a gate."""
    *convolutions, last = bottleneck_convolutions(stage.width, stage.width, stage.groups, stride)
    gate: dict[str, Node] = {} if gated_from is None else {"se": gated(stage.width, _squeezed(gated_from))}
    residual = Sequential.of(**activated(convolutions), **gate, conv3=last, norm3=BatchNorm())
    return Sequential.of(add=Sum.of(residual=residual, shortcut=shortcut), relu=ReLU())


def _squeezed(channels: Size) -> Size:
    return channels // REDUCTION if is_symbolic(channels) else max(1, round(channels / REDUCTION))
