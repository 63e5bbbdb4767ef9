"""Convolutions: output pixels x output channels x input channels of a group x elements of the kernel.

A transposed convolution has its products at the input pixels: input pixels x input channels x output channels of a
group x elements of the kernel. Products with padded zeros count.
"""

from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from resnext_flops.proof.conformance.case import Case, One, Three, Two, group, weight

IMAGE = (2, 4, 7, 6)  # two images of four channels, seven rows and six columns


def _deformed(module: Any, image: Tensor, offset: Tensor, mask: Tensor) -> Any:
    """A deformable convolution whose offsets are zero: pixels are scaled by the mask, and multiplied by the weights."""
    columns = F.unfold(image, 3).reshape(2, 4, 9, 20) * mask.reshape(2, 1, 9, 20)
    groups = columns.reshape(2, 2, 2 * 9, 20)
    weights = module.layer.weight.reshape(2, 3, 2 * 9)
    made = torch.stack([weights[one] @ groups[:, one] for one in range(2)], 1).reshape(2, 6, 5, 4)
    return made + module.layer.bias[:, None, None] + offset.sum()


def _deformable() -> nn.Module:
    from torchvision.ops import DeformConv2d

    return Three(lambda m, x, offset, mask: m.layer(x, offset, mask), layer=DeformConv2d(4, 6, 3, groups=2))


def _shared(_: Any, image: Tensor, filters: Tensor) -> Tensor:
    """Each image has filters of its own: the images become groups of channels."""
    return F.conv2d(image.reshape(1, 8, 7, 6), filters.reshape(6, 4, 3, 3), groups=2).reshape(2, 3, 5, 4)


def _unfolded(module: Any, image: Tensor) -> Any:
    return (module.weight.reshape(5, 36) @ F.unfold(image, 3)).reshape(2, 5, 5, 4)


PLAIN = group(
    "conv",
    [
        ("2d", "a window of 3 by 3 at 5 x 4 places", lambda: nn.Conv2d(4, 5, 3), (IMAGE,), "2 * 5*4 * 5 * 4 * 3*3"),
        (
            "no bias",
            "a bias adds no product",
            lambda: nn.Conv2d(4, 5, 3, bias=False),
            (IMAGE,),
            "2 * 5*4 * 5 * 4 * 3*3",
        ),
        ("one image", "an input without a batch", lambda: nn.Conv2d(4, 5, 3), ((4, 7, 6),), "5*4 * 5 * 4 * 3*3"),
        ("empty batch", "no images cost nothing", lambda: nn.Conv2d(4, 5, 3), ((0, 4, 7, 6),), "0 * 5*4 * 5 * 4 * 3*3"),
        ("pointwise", "a kernel of one pixel", lambda: nn.Conv2d(4, 5, 1), (IMAGE,), "2 * 7*6 * 5 * 4 * 1*1"),
        ("oblong", "a kernel of 3 x 2", lambda: nn.Conv2d(4, 5, (3, 2)), (IMAGE,), "2 * 5*5 * 5 * 4 * 3*2"),
        ("stride", "every second place: 3 x 2", lambda: nn.Conv2d(4, 5, 3, 2), (IMAGE,), "2 * 3*2 * 5 * 4 * 3*3"),
        (
            "stride of each axis",
            "rows by 3, columns by 1",
            lambda: nn.Conv2d(4, 5, 3, (3, 1)),
            (IMAGE,),
            "2 * 2*4 * 5 * 4 * 3*3",
        ),
        (
            "stride over the kernel",
            "pixels between the windows are skipped",
            lambda: nn.Conv2d(4, 5, 2, 3),
            (IMAGE,),
            "2 * 2*2 * 5 * 4 * 2*2",
        ),
        ("patches", "windows side by side", lambda: nn.Conv2d(4, 5, (7, 3), (7, 3)), (IMAGE,), "2 * 1*2 * 5 * 4 * 7*3"),
        ("whole image", "a kernel of the whole image", lambda: nn.Conv2d(4, 5, (7, 6)), (IMAGE,), "2 * 5 * 4 * 7*6"),
        (
            "padding",
            "padded zeros are multiplied too",
            lambda: nn.Conv2d(4, 5, 3, padding=1),
            (IMAGE,),
            "2 * 7*6 * 5 * 4 * 3*3",
        ),
        (
            "padding of each axis",
            "two rows on each side, no columns",
            lambda: nn.Conv2d(4, 5, 3, padding=(2, 0)),
            (IMAGE,),
            "2 * 9*4 * 5 * 4 * 3*3",
        ),
        (
            "wide padding",
            "more padding than kernel: some windows see zeros alone",
            lambda: nn.Conv2d(4, 5, 2, padding=3),
            (IMAGE,),
            "2 * 12*11 * 5 * 4 * 2*2",
        ),
        ("same", "padding by a word", lambda: nn.Conv2d(4, 5, 3, padding="same"), (IMAGE,), "2 * 7*6 * 5 * 4 * 3*3"),
        (
            "same, even kernel",
            "more padding on one side than on the other",
            lambda: nn.Conv2d(4, 5, (2, 4), padding="same"),
            (IMAGE,),
            "2 * 7*6 * 5 * 4 * 2*4",
        ),
        (
            "same, dilated",
            "as much padding as the wider window needs",
            lambda: nn.Conv2d(4, 5, 3, padding="same", dilation=2),
            (IMAGE,),
            "2 * 7*6 * 5 * 4 * 3*3",
        ),
        (
            "valid",
            "no padding by a word",
            lambda: nn.Conv2d(4, 5, 3, padding="valid"),
            (IMAGE,),
            "2 * 5*4 * 5 * 4 * 3*3",
        ),
        (
            "reflect",
            "mirrored pixels are padded before",
            lambda: nn.Conv2d(4, 5, 3, padding=1, padding_mode="reflect"),
            (IMAGE,),
            "2 * 7*6 * 5 * 4 * 3*3",
        ),
        (
            "circular",
            "pixels of the other side are padded before",
            lambda: nn.Conv2d(4, 5, 3, padding=1, padding_mode="circular"),
            (IMAGE,),
            "2 * 7*6 * 5 * 4 * 3*3",
        ),
        (
            "replicate",
            "pixels of the border are padded before",
            lambda: nn.Conv2d(4, 5, 3, padding=2, padding_mode="replicate"),
            (IMAGE,),
            "2 * 9*8 * 5 * 4 * 3*3",
        ),
        (
            "dilation",
            "holes in a window cost nothing",
            lambda: nn.Conv2d(4, 5, 3, dilation=2),
            (IMAGE,),
            "2 * 3*2 * 5 * 4 * 3*3",
        ),
        (
            "dilation of each axis",
            "a window of 5 x 3 with nine weights",
            lambda: nn.Conv2d(4, 5, 3, dilation=(2, 1)),
            (IMAGE,),
            "2 * 3*4 * 5 * 4 * 3*3",
        ),
        (
            "groups",
            "each output sees two of four channels",
            lambda: nn.Conv2d(4, 6, 3, groups=2),
            (IMAGE,),
            "2 * 5*4 * 6 * 4/2 * 3*3",
        ),
        ("depthwise", "each channel alone", lambda: nn.Conv2d(4, 4, 3, groups=4), (IMAGE,), "2 * 5*4 * 4 * 1 * 3*3"),
        (
            "depthwise with a multiplier",
            "three filters for each channel",
            lambda: nn.Conv2d(4, 12, 3, groups=4),
            (IMAGE,),
            "2 * 5*4 * 4*3 * 1 * 3*3",
        ),
        (
            "grouped, strided, dilated, padded",
            "all of it in one layer",
            lambda: nn.Conv2d(4, 6, 3, 2, 2, 2, 2),
            (IMAGE,),
            "2 * 4*3 * 6 * 4/2 * 3*3",
        ),
        (
            "separable",
            "depthwise, then pointwise",
            lambda: nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 5, 1)),
            (IMAGE,),
            "2 * 5*4 * 4 * 3*3 + 2 * 5*4 * 5 * 4",
        ),
        ("1d", "a window of 3 at 5 places", lambda: nn.Conv1d(4, 5, 3), ((2, 4, 7),), "2 * 5 * 5 * 4 * 3"),
        ("1d, one signal", "a signal without a batch", lambda: nn.Conv1d(4, 5, 3), ((4, 7),), "5 * 5 * 4 * 3"),
        (
            "1d, strided groups",
            "every second place",
            lambda: nn.Conv1d(4, 6, 3, 2, groups=2),
            ((2, 4, 7),),
            "2 * 3 * 6 * 4/2 * 3",
        ),
        (
            "1d, same",
            "padding by a word",
            lambda: nn.Conv1d(4, 5, 4, padding="same"),
            ((2, 4, 7),),
            "2 * 7 * 5 * 4 * 4",
        ),
        (
            "1d, causal",
            "zeros are padded before, on one side",
            lambda: One(lambda m, x: m.layer(F.pad(x, (4, 0))), layer=nn.Conv1d(4, 5, 3, dilation=2)),
            ((2, 4, 7),),
            "2 * 7 * 5 * 4 * 3",
        ),
        (
            "3d",
            "a window of 2 x 3 x 3",
            lambda: nn.Conv3d(2, 3, (2, 3, 3)),
            ((1, 2, 3, 5, 4),),
            "2*3*2 * 3 * 2 * 2*3*3",
        ),
        (
            "3d, depthwise",
            "each channel alone, padded",
            lambda: nn.Conv3d(2, 2, 3, padding=1, groups=2),
            ((1, 2, 3, 4, 5),),
            "3*4*5 * 2 * 1 * 3*3*3",
        ),
        (
            "3d, stride in time",
            "every second frame",
            lambda: nn.Conv3d(2, 3, 2, (2, 1, 1)),
            ((1, 2, 5, 4, 3),),
            "2*3*2 * 3 * 2 * 2*2*2",
        ),
        (
            "channels last",
            "the order in memory does not matter",
            lambda: One(lambda m, x: m.layer(x.to(memory_format=torch.channels_last)), layer=nn.Conv2d(4, 5, 3)),
            (IMAGE,),
            "2 * 5*4 * 5 * 4 * 3*3",
        ),
        (
            "half",
            "half precision costs the same",
            lambda: nn.Conv2d(4, 5, 3).half(),
            (lambda: torch.randn(IMAGE).half(),),
            "2 * 5*4 * 5 * 4 * 3*3",
        ),
        (
            "bfloat16",
            "the other half precision",
            lambda: nn.Conv2d(4, 5, 3).bfloat16(),
            (lambda: torch.randn(IMAGE).bfloat16(),),
            "2 * 5*4 * 5 * 4 * 3*3",
        ),
        (
            "double",
            "double precision costs the same",
            lambda: nn.Conv2d(4, 5, 3).double(),
            (lambda: torch.randn(IMAGE).double(),),
            "2 * 5*4 * 5 * 4 * 3*3",
        ),
        (
            "between others",
            "batch norm, activation and pool take no product of matrices",
            lambda: nn.Sequential(
                nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(5, 3, 1)
            ),
            (IMAGE,),
            "2 * 5*4 * 5 * 4 * 3*3 + 2 * 2*2 * 3 * 5",
        ),
    ],
)

FORMS = group(
    "conv form",
    [
        (
            "function",
            "a call of F.conv2d, without a layer",
            lambda: One(lambda m, x: F.conv2d(x, m.weight, m.bias, 2), weight=weight(5, 4, 3, 3), bias=weight(5)),
            (IMAGE,),
            "2 * 3*2 * 5 * 4 * 3*3",
        ),
        (
            "keywords",
            "all arguments by name",
            lambda: One(
                lambda m, x: F.conv2d(input=x, weight=m.weight, padding=1, groups=2), weight=weight(6, 2, 3, 3)
            ),
            (IMAGE,),
            "2 * 7*6 * 6 * 4/2 * 3*3",
        ),
        (
            "1d function",
            "a call of F.conv1d with padding by a word",
            lambda: One(lambda m, x: F.conv1d(x, m.weight, padding="same"), weight=weight(5, 4, 3)),
            ((2, 4, 7),),
            "2 * 7 * 5 * 4 * 3",
        ),
        (
            "3d function",
            "a call of F.conv3d",
            lambda: One(lambda m, x: F.conv3d(x, m.weight), weight=weight(3, 2, 2, 2, 2)),
            ((1, 2, 3, 4, 3),),
            "2*3*2 * 3 * 2 * 2*2*2",
        ),
        (
            "in torch",
            "torch.conv2d, the function below F.conv2d",
            lambda: One(lambda m, x: torch.conv2d(x, m.weight), weight=weight(5, 4, 3, 3)),
            (IMAGE,),
            "2 * 5*4 * 5 * 4 * 3*3",
        ),
        (
            "general",
            "torch.convolution, for any number of axes",
            lambda: One(
                lambda m, x: torch.convolution(x, m.weight, None, (1,), (1,), (1,), False, (0,), 2),
                weight=weight(6, 2, 3),
            ),
            ((2, 4, 7),),
            "2 * 7 * 6 * 4/2 * 3",
        ),
        (
            "general, transposed",
            "torch.convolution, the reverse: products at the seven input pixels",
            lambda: One(
                lambda m, x: torch.convolution(x, m.weight, None, (2,), (1,), (1,), True, (1,), 2),
                weight=weight(4, 3, 3),
            ),
            ((2, 4, 7),),
            "2 * 7 * 4 * 3 * 3",
        ),
        (
            "general, old",
            "torch._convolution, as older scripts call it",
            lambda: One(
                lambda m, x: torch._convolution(  # noqa: SLF001
                    x, m.weight, None, (1,), (0,), (1,), False, (0,), 1, False, False, True, True
                ),
                weight=weight(5, 4, 3),
            ),
            ((2, 4, 7),),
            "2 * 5 * 5 * 4 * 3",
        ),
        (
            "in C++",
            "the operator that multiplies unfolded images",
            lambda: One(lambda m, x: torch.ops.aten.thnn_conv2d(x, m.weight, (3, 3)), weight=weight(5, 4, 3, 3)),
            (IMAGE,),
            "2 * 5*4 * 5 * 4 * 3*3",
            lambda m, x: F.conv2d(x, m.weight),
        ),
        (
            "oneDNN",
            "the operator of a library",
            lambda: One(
                lambda m, x: torch.mkldnn_convolution(x, m.weight, None, (0, 0), (1, 1), (1, 1), 2),
                weight=weight(6, 2, 3, 3),
            ),
            (IMAGE,),
            "2 * 5*4 * 6 * 4/2 * 3*3",
            lambda m, x: F.conv2d(x, m.weight, groups=2),
        ),
        (
            "unfolded",
            "windows as columns, then a product of matrices: 5 x 36 by 36 x 20",
            lambda: One(_unfolded, weight=weight(5, 4, 3, 3)),
            (IMAGE,),
            "2 * 5 * (4 * 3*3) * (5*4)",
        ),
        (
            "own filters",
            "filters that come in with the images",
            lambda: Two(_shared),
            (IMAGE, (2, 3, 4, 3, 3)),
            "2 * 5*4 * 3 * 4 * 3*3",
        ),
        (
            "computed filters",
            "the filters are made of two smaller tensors, which costs 5 x 2 x 36",
            lambda: One(
                lambda m, x: F.conv2d(x, (m.left @ m.right).reshape(5, 4, 3, 3)), left=weight(5, 2), right=weight(2, 36)
            ),
            (IMAGE,),
            "2 * 5*4 * 5 * 4 * 3*3 + 5 * 2 * 36",
        ),
        (
            "expanded filter",
            "one filter for all channels, which takes no memory",
            lambda: One(lambda m, x: F.conv2d(x, m.weight.expand(4, 1, 3, 3), groups=4), weight=weight(1, 1, 3, 3)),
            (IMAGE,),
            "2 * 5*4 * 4 * 1 * 3*3",
        ),
        (
            "masked filter",
            "products with zeros of a masked filter count",
            lambda: One(lambda m, x: F.conv2d(x, m.weight * torch.ones(3, 3).triu()), weight=weight(5, 4, 3, 3)),
            (IMAGE,),
            "2 * 5*4 * 5 * 4 * 3*3",
        ),
        (
            "standardised",
            "the filter is standardised by a batch norm before",
            lambda: One(
                lambda m, x: F.conv2d(
                    x, F.batch_norm(m.weight.reshape(1, 5, -1), None, None, training=True).reshape(5, 4, 3, 3)
                ),
                weight=weight(5, 4, 3, 3),
            ),
            (IMAGE,),
            "2 * 5*4 * 5 * 4 * 3*3",
        ),
    ],
)

TRANSPOSED = group(
    "transposed conv",
    [
        (
            "2d",
            "products at the 3 x 4 input pixels",
            lambda: nn.ConvTranspose2d(4, 5, 3),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 5 * 3*3",
        ),
        (
            "stride",
            "more outputs, not more products",
            lambda: nn.ConvTranspose2d(4, 5, 3, 2),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 5 * 3*3",
        ),
        (
            "padding",
            "sums that are cut off at the border count",
            lambda: nn.ConvTranspose2d(4, 5, 3, 2, padding=1),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 5 * 3*3",
        ),
        (
            "output padding",
            "outputs at the end without a product",
            lambda: nn.ConvTranspose2d(4, 5, 3, 3, output_padding=(1, 2)),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 5 * 3*3",
        ),
        (
            "groups",
            "two groups",
            lambda: nn.ConvTranspose2d(4, 6, 3, groups=2),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 6/2 * 3*3",
        ),
        (
            "depthwise",
            "each channel alone",
            lambda: nn.ConvTranspose2d(4, 4, 4, 2, 1, groups=4),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 1 * 4*4",
        ),
        (
            "dilation",
            "holes cost nothing",
            lambda: nn.ConvTranspose2d(4, 5, 2, dilation=3),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 5 * 2*2",
        ),
        (
            "no bias",
            "a bias adds no product",
            lambda: nn.ConvTranspose2d(4, 5, 3, bias=False),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 5 * 3*3",
        ),
        ("one image", "without a batch", lambda: nn.ConvTranspose2d(4, 5, 3), ((4, 3, 4),), "3*4 * 4 * 5 * 3*3"),
        (
            "output size",
            "the call says how large the output is",
            lambda: One(lambda m, x: m.layer(x, output_size=(6, 8)), layer=nn.ConvTranspose2d(4, 5, 3, 2, 1)),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 5 * 3*3",
        ),
        (
            "1d",
            "products at the six input pixels",
            lambda: nn.ConvTranspose1d(4, 5, 3, 2),
            ((2, 4, 6),),
            "2 * 6 * 4 * 5 * 3",
        ),
        (
            "1d, groups",
            "two groups, output padding",
            lambda: nn.ConvTranspose1d(4, 6, 4, 3, 1, 1, 2),
            ((2, 4, 6),),
            "2 * 6 * 4 * 6/2 * 4",
        ),
        (
            "3d",
            "products at the 2 x 3 x 2 input pixels",
            lambda: nn.ConvTranspose3d(2, 3, 2, 2),
            ((1, 2, 2, 3, 2),),
            "2*3*2 * 2 * 3 * 2*2*2",
        ),
        (
            "function",
            "a call of F.conv_transpose2d by keywords",
            lambda: One(
                lambda m, x: F.conv_transpose2d(input=x, weight=m.weight, stride=2, groups=2), weight=weight(4, 3, 3, 3)
            ),
            ((2, 4, 3, 4),),
            "2 * 3*4 * 4 * 3 * 3*3",
        ),
    ],
)

DEFORMABLE = group(
    "conv form",
    [
        (
            "deformable",
            "two groups; that pixels are interpolated first takes no product of matrices",
            _deformable,
            (IMAGE, lambda: torch.zeros(2, 18, 5, 4), (2, 9, 5, 4)),
            "2 * 5*4 * 6 * 4/2 * 3*3",
            _deformed,
        ),
    ],
)

CASES: list[Case] = PLAIN + FORMS + TRANSPOSED + (DEFORMABLE if find_spec("torchvision") else [])
