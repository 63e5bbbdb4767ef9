"""The road from ResNet to ConvNeXt (Liu et al., arXiv:2201.03545, Section 2 and Tables 10 and 11), step by step.

A step keeps what the steps before it have changed. The first one of the paper, other numbers of blocks, is
`resnet((3, 3, 9, 3))`, and the last one, separate layers that halve the map, is `convnext()`. The third one is
ResNeXt's, taken to its end: as many groups as channels, and then more channels.
"""

from typing import Any

from resnext_flops.complexity.families.blocks import depthwise
from resnext_flops.complexity.families.convnext import normalised
from resnext_flops.complexity.families.resnet import choose, classifier, put_together, stage_depths
from resnext_flops.complexity.layers import (
    IDENTITY,
    Activation,
    BatchNorm,
    Conv,
    Description,
    Node,
    ReLU,
    Repeat,
    Sequential,
    Size,
    Sum,
    size,
)
from resnext_flops.complexity.network import family
from resnext_flops.errors import InputError

STEPS = (
    "patchify",
    "depthwise",
    "inverted",
    "moved up",
    "gelu",
    "fewer activations",
    "fewer norms",
    "layer norm",
)


@family
def resnet_to_convnext(
    step: str = "depthwise",
    depth: Any = (3, 3, 9, 3),
    *,
    kernel: Size = 3,
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 96,
    in_channels: Size = 3,
) -> Description:
    """A network between ResNet and ConvNeXt: `resnet_to_convnext('depthwise')` is the ResNeXt-ified one.

    step: the last step that was made. `patchify` is a stem of one 4x4 convolution with stride 4; `depthwise` as many
        groups as channels in the 3x3 convolution; `inverted` a middle that is four times wider than the ends of a
        block, and not narrower; `moved up` the depthwise convolution first; `gelu` GELU for ReLU; `fewer activations`
        and `fewer norms` one of them in a block; `layer norm` layer norm for batch norm.
    depth: the number of blocks of each stage.
    kernel: of the convolutions that are depthwise in the end: the paper tries 3, 5, 7, 9 and 11, and takes 7.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    base_width: channels of the stem; each next stage is twice as wide.
    in_channels: channels of the input.

    The paper does not say where norms and activations of the stem and of the shortcuts are. They have no multiply-adds.

    Raises InputError for an unknown step, or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> [f"{rf.resnet_to_convnext('depthwise', base_width=w).cost().macs / 1e9:.2f}" for w in (64, 96)]
    ['2.35', '5.27']
    """
    made = STEPS[: STEPS.index(choose("step", step, STEPS)) + 1]
    norm: Node = normalised() if "layer norm" in made else BatchNorm()
    activation: Node = Activation("gelu") if "gelu" in made else ReLU()
    width, kernel = size("base_width", base_width), size("kernel", kernel)
    if kernel % 2 == 0:
        raise InputError(f"kernel is {kernel}; it must be odd, such as {kernel - 1} or {kernel + 1}")
    before, stages = width, []
    for stage, times in enumerate(stage_depths(depth)):
        stride = 1 if stage == 0 else 2
        wide = width * 2**stage
        after = wide if "inverted" in made else 4 * wide
        projects = stage > 0 or "inverted" not in made
        projection = Sequential.of(conv=Conv(after, 1, stride=stride), norm=norm) if projects else IDENTITY
        first = _block(_convolutions(before, wide, kernel, stride, made), projection, norm, activation, made)
        body = _block(_convolutions(after, wide, kernel, 1, made), IDENTITY, norm, activation, made)
        stages.append(Repeat(body, times, first))
        before = after
    stem = {"conv": Conv(width, 4, stride=4), "norm": norm, "act": activation}
    return put_together(stem, None, stages, classifier(classes), resolution, in_channels)


def _convolutions(inputs: Size, wide: Size, kernel: Size, stride: int, made: tuple[str, ...]) -> list[Conv]:
    """The three convolutions of a block (Figure 3 of the paper)."""
    if "moved up" in made:
        return [depthwise(inputs, kernel, stride), Conv(4 * wide, 1), Conv(wide, 1)]
    if "inverted" in made:
        return [Conv(4 * wide, 1), depthwise(4 * wide, kernel, stride), Conv(wide, 1)]
    groups = wide if "depthwise" in made else 1
    return [Conv(wide, 1), Conv(wide, kernel, stride, kernel // 2, groups), Conv(4 * wide, 1)]


def _block(convolutions: list[Conv], shortcut: Node, norm: Node, activation: Node, made: tuple[str, ...]) -> Sequential:
    """A block, with its norms and activations (Figure 4 of the paper)."""
    branch: dict[str, Node] = {}
    for number, conv in enumerate(convolutions, start=1):
        branch[f"conv{number}"] = conv
        if number == 1 or "fewer norms" not in made:
            branch[f"norm{number}"] = norm
        if number == 2 or (number == 1 and "fewer activations" not in made):
            branch[f"act{number}"] = activation
    last = {} if "fewer activations" in made else {"act": activation}
    return Sequential.of(add=Sum.of(residual=Sequential.of(**branch), shortcut=shortcut), **last)
