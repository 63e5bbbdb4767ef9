"""Every kind of layer has one colour in all pictures, which can be told apart with any colour vision and in grey."""

from itertools import combinations, pairwise

import pytest
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer

import resnext_flops as rf
from resnext_flops.complexity.features import PRODUCTS, kind_of_feature
from resnext_flops.complexity.profile import LAUNCHES, TRAFFIC
from resnext_flops.plots import draw
from resnext_flops.plots.counters import LOOKS as OF_MULTIPLY_ADDS
from resnext_flops.plots.kinds import BESIDES, LOOKS, MULTIPLYING, OTHERS, of, of_entry
from resnext_flops.plots.parts import KINDS as OF_PARTS
from tests.vision import VISION, difference, lab


def color(kind: str) -> str:
    return str(LOOKS[kind]["facecolor"])


def test_lab_is_that_of_the_standard() -> None:
    assert lab("#FFFFFF") == pytest.approx([100, 0, 0], abs=0.01)
    # Bruce Lindbloom's calculator, for red in sRGB.
    assert lab("#FF0000") == pytest.approx([53.24, 80.09, 67.20], abs=0.01)
    # Red and green of one lightness, which nobody with deuteranopia can tell apart as others do.
    assert difference("#CC6600", "#8A8A00", "deuteranopia") < difference("#CC6600", "#8A8A00", "normal") / 2


@pytest.mark.parametrize("vision", VISION)
def test_all_colours_differ_with_any_vision(vision: str) -> None:
    # A difference of 2.3 is just noticed (M. Mahy et al., 1994). White, for all others, has dots besides.
    for one, two in combinations(LOOKS, 2):
        least = 10 if OTHERS in {one, two} else 15
        assert difference(color(one), color(two), vision) >= least, (one, two)


@pytest.mark.parametrize("group", [MULTIPLYING, BESIDES])
def test_neighbours_differ_in_grey(group: tuple[str, ...]) -> None:
    for one, two in pairwise(group):
        assert abs(lab(color(one))[0] - lab(color(two))[0]) >= 15, (one, two)
        assert LOOKS[one]["hatch"] != LOOKS[two]["hatch"]


def test_a_kind_has_one_look_in_every_picture() -> None:
    assert list(LOOKS) == [*MULTIPLYING, *BESIDES]
    assert len({color(kind) for kind in LOOKS}) == len(LOOKS)
    seen = set()
    for figure in (
        draw("stages"),
        draw("stages", ["convnext_tiny", "mobilenet_v3_large"]),
        draw("counters"),
        draw("counters", ["convnext_tiny"]),
        draw("parts", ["vgg16", "mobilenet_v2"]),
    ):
        for axes in figure.axes:
            for bars in axes.containers:
                name = str(bars.get_label())
                if isinstance(bars, BarContainer) and name not in {*OF_MULTIPLY_ADDS, TRAFFIC, LAUNCHES}:
                    seen.add(name)
                    look = {(to_hex(bar.get_facecolor()).upper(), bar.get_hatch() or "") for bar in bars.patches}
                    assert look == {(color(name), LOOKS[name]["hatch"])}
    assert {"1x1 convolution", "fully-connected layer", "normalization", "sum, product, bias"} <= seen


def test_a_part_of_a_time_has_the_look_of_its_layers() -> None:
    entries = [each for name in ("vgg16", "resnext50_32x4d", "mobilenet_v2") for each in rf.network(name).cost()]
    entries += [rf.Entry("layer", kind, ((8, 4),), (8, 4), macs=1) for kind in ("attention", "matmul", "recurrent")]
    parts = [(PRODUCTS[str(kind_of_feature(each))], of_entry(each)) for each in entries if each.macs]
    assert dict(parts) == OF_PARTS
    assert set(parts) == set(OF_PARTS.items())


NAMES = {
    "dense convolution": ("conv", "transposed conv", "deformable conv"),
    "fully-connected layer": ("linear",),
    "matrix product": (
        "matmul",
        "grouped matmul",
        "einsum",
        "attention",
        "multi-head attention",
        "recurrent",
        "bilinear",
    ),
    "normalization": (
        "batch norm: elements",
        "layer norm: bias",
        "LayerNorm2d: parameters",
        "F.instance_norm: elements",
    ),
    "activation function": (
        "relu: elements",
        "GELU: elements of its module",
        "F.silu: elements",
        "F.softmax",
        "hardswish",
    ),
    "pooling": ("max pool: elements", "AdaptiveAvgPool2d", "F.adaptive_avg_pool2d", "global average pool: elements"),
    "sum, product, bias": (
        "conv: bias",
        "conv: one addition less a sum",
        "F.linear: bias",
        "sum",
        "mul: elements",
        "Tensor.__add__: elements",
        "Tensor.mul: elements",
        "LayerScale: parameters",
    ),
    "others": ("grid sampling", "F.interpolate", "bilinear upsampling", "dropout"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_are_of_their_kind(kind: str) -> None:
    assert {name: of(name) for name in NAMES[kind]} == dict.fromkeys(NAMES[kind], kind)


def test_convolutions_are_told_apart_by_kernel_and_groups() -> None:
    def conv(kernel: tuple[int, ...], groups: int) -> str:
        return of_entry(rf.Entry("conv", "conv", ((32, 8, 8),), (64, 8, 8), kernel, groups))

    assert conv((1, 1), 1) == "1x1 convolution"
    assert conv((1, 7), 1) == "dense convolution"
    assert conv((1, 1), 4) == conv((3, 3), 16) == "grouped convolution"
    assert conv((3, 3), 32) == "depthwise convolution"
