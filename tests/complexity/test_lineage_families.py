"""The rules by which the families after ResNeXt make their sizes, and what these rules refuse."""

from collections.abc import Callable

import numpy
import pytest
import timm.models.regnet
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.families.blocks import divisible
from resnext_flops.complexity.families.regnet import quantised
from tests.alive import most_alive, saved


@settings(max_examples=15)
@given(
    depth=st.integers(1, 40),
    w_0=st.integers(1, 30).map(lambda number: 8 * number),
    w_a=st.floats(0, 200),
    w_m=st.floats(1.1, 4),
    group_width=st.integers(1, 30).map(lambda number: 8 * number),
    version=st.sampled_from(["paper", "torchvision"]),
)
def test_widths_are_quantised_as_timm_does(
    depth: int, w_0: int, w_a: float, w_m: float, group_width: int, version: str
) -> None:
    blocks = timm.models.regnet.generate_regnet(w_a, w_0, w_m, depth, group_width)[0]
    widths, depths = numpy.unique(blocks, return_counts=True)
    ratio = {"paper": 0.0, "torchvision": 0.9}[version]
    fitted, groups = timm.models.regnet.adjust_widths_groups_comp(
        widths.tolist(), [1] * len(widths), [group_width] * len(widths), ratio
    )
    expected = [(int(times), width, width // group) for times, width, group in zip(depths, fitted, groups, strict=True)]
    assert [stage[:3] for stage in quantised(depth, w_0, w_a, w_m, group_width, version)] == expected


REFUSED = {
    "regnet(22, w_0=20)": "w_0 is 20; it must be a multiple of 8, such as 16 or 24",
    "regnet(22, w_0=4)": "w_0 is 4; it must be a multiple of 8, such as 8",
    "regnet(22, w_a=-3)": "w_a is -3, with which the widths fall; it must be from 0, where all widths are one, to "
    "24000",
    "regnet(22, w_a=1e9)": "w_a is 1000000000.0; it must be from 0, where all widths are one, to 24000",
    # 24 + 21 x 24.48 is 22.42 times 24, and 22.42^(1 / 7.5) is 1.514.
    "regnet(22, w_m=1.2)": "w_m is 1.2, which makes 13 stages, each with half the map; there may be 8, as from 1.52 on",
    "regnet(22, w_m=1)": "w_m is 1; it must be above 1, such as 2.5, and at most 1000",
    "regnet(22, group_width=0)": "group_width is 0; it must be a whole number of at least 1",
    "regnet(5000)": "depth is 5000; it must be the number of all blocks, at most 1000",
    "regnet(22, version='pycls')": "unknown version of RegNet 'pycls'; known are paper, torchvision",
    "anynet(22)": "depth is 22; it must be the blocks of each stage, such as (1, 2, 7, 12)",
    "anynet(widths=(32, 64))": "widths is (32, 64); it must be one number, or 4: one for each stage",
    "anynet(bottleneck=(1, 1, 3, 1))": "bottleneck of stage 3 is 3, which does not divide 160 channels; 2 would",
    "anynet(group_width=24)": "group_width of stage 1 is 24, which does not divide 32 channels; 16 would",
    "regnet(22, resolution=16)": "resolution 16x16 is too small for conv5.block1.add.residual.conv2: a stride of 2 "
    "needs at least 2 pixels, and there are 1; the smallest that works is 17",
    "se_resnet(51)": "unknown depth 51; known are 50, 101, 152; or the blocks of each stage, as (3, 4, 6, 3)",
    "se_resnet(50, pool='same')": "unknown pool 'same'; known are ceil, padded",
    "se_resnext(50, reduction=0)": "reduction is 0; it must be a whole number of at least 1",
    "se_resnet(50, reduction=257)": "reduction is 257; it must be at most 256, the channels of the first gate",
    "senet(154, base_width=24)": "base_width is 24; it must be a multiple of 32, such as 32",
    "senet(154, base_width=40)": "base_width is 40; it must be a multiple of 32, such as 32 or 64",
    "mobilenet_v2(width_multiplier=0)": "width_multiplier is 0; it must be a number above 0 and of at most 100, such "
    "as 0.5 or 1.4",
    "mobilenet_v3('medium')": "unknown version 'medium'; known are large, small",
    "efficientnet(depth_multiplier='x')": "depth_multiplier is 'x'; it must be a finite number",
    "efficientnet(drop_depth=1)": "drop_depth is 1; it must be a probability of at least 0 and below 1",
    "efficientnet_v2('xl')": "unknown version 'xl'; known are s, m, l",
    "convnext(9)": "depth is 9; it must be the number of blocks of each stage, such as (3, 3, 9, 3)",
    "convnext(layer_scale='x')": "layer_scale is 'x'; it must be a finite number",
    "resnet_to_convnext('layer norms')": "unknown step 'layer norms'; did you mean 'layer norm' or 'fewer norms'?",
    "resnet_to_convnext('inverted', kernel=4)": "kernel is 4; it must be odd, such as 3 or 5",
    "resnet_to_convnext('inverted', 3)": "depth is 3; it must be the number of blocks of each stage, such as "
    "(3, 3, 9, 3)",
    "convnext(resolution=31)": "resolution 31x31 is too small for reduce4.conv: a kernel of 2 does not fit into "
    "1 pixels with a padding of 0; the smallest that works is 32",
    "densenet(120)": "unknown depth 120; known are 121, 161, 169, 201; or the blocks of each stage, as (3, 4, 6, 3)",
    "densenet(resolution=20)": "resolution 20x20 is too small for conv4.block.transition.pool: a kernel of 2 does not "
    "fit into 1 pixels with a padding of 0; the smallest that works is 29",
    "densenet_cifar(99)": "depth is 99; it must be 6n + 4, such as 94 or 100",
    "repvgg((2, 4, 14))": "depth is (2, 4, 14); it must be the blocks of four stages, such as (2, 4, 14, 1)",
    "repvgg(groups=5)": "stage1.block2.add.conv3x3.conv: 5 groups do not divide 48 input channels; 4 would",
    "repvgg(last_multiplier=0)": "last_multiplier is 0; it must be a number above 0 and of at most 100, such as 0.5 or "
    "1.4",
    "repvgg(width_multiplier=0.015)": "width_multiplier is 0.015, which leaves none of 64 channels; 0.015625 leaves "
    "one",
    "repvgg(last_multiplier=0.001)": "last_multiplier is 0.001, which leaves none of 512 channels; "
    "0.001953125 leaves one",
    "efficientnet(eps=-1)": "eps is -1; it must be a number of at least 0, such as 1e-5",
    "senet(154, dropout='x')": "dropout is 'x'; it must be a finite number",
}


@pytest.mark.parametrize("call", REFUSED)
def test_what_a_rule_cannot_use_is_one_sentence(call: str) -> None:
    with pytest.raises(rf.InputError) as error:
        rf.network(call)
    assert str(error.value) == REFUSED[call]
    result = CliRunner().invoke(main, ["count", call])
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"resnext-flops: {REFUSED[call]}\n")


NEAREST = [
    "regnet(22, w_0=24)",
    "regnet(22, w_a=0)",
    "regnet(22, w_a=24000)",
    "regnet(22, w_m=1.52, resolution=300)",
    "regnet(22, resolution=17)",
    "se_resnet(50, reduction=256)",
    "senet(154, base_width=64)",
    "resnet_to_convnext('inverted', kernel=5)",
    "convnext(resolution=32)",
    "repvgg(width_multiplier=0.015625, last_multiplier=0.001953125)",
    "efficientnet(eps=0)",
]


@pytest.mark.parametrize("call", NEAREST)
def test_the_nearest_that_a_refusal_names_works(call: str) -> None:
    assert rf.network(call).cost().macs > 0


ROUNDED = "{0}'s cost is no polynomial in {1}: sizes that are made of {1} are rounded; {2}"
WITHOUT_A_FORMULA = {
    ("mobilenet_v1(width_multiplier=m)", "m"): ROUNDED.format("mobilenet_v1", "m", "write a number in its place"),
    **{
        ("regnet(22)", name): ROUNDED.format(
            "regnet", name, "there is a formula in r, K, w, in_channels, n1, n2, n3, n4"
        )
        for name in ("w_0", "w_a")
    },
    **{
        (call, name): ROUNDED.format(
            family, name, "there is a formula in r, K, in_channels, n1, n2, n3, n4, n5, n6, n7"
        )
        for call, family, name in (
            ("mobilenet_v2", "mobilenet_v2", "width_multiplier"),
            ("efficientnet_b0", "efficientnet", "depth_multiplier"),
        )
    },
    ("legacy_seresnet50", "reduction"): "se_resnet's cost is no polynomial in reduction: 256 divided by reduction is "
    "no polynomial; there is a formula in d, r, K, in_channels, n1, n2, n3, n4",
}


@pytest.mark.parametrize(("call", "name"), WITHOUT_A_FORMULA)
def test_a_size_that_a_rule_rounds_has_no_formula_and_the_refusal_names_those_that_have(call: str, name: str) -> None:
    with pytest.raises(rf.InputError) as error:
        rf.network(call).closed_form("macs", name)
    assert str(error.value) == WITHOUT_A_FORMULA[call, name]


def test_a_free_name_in_an_argument_that_is_rounded_takes_a_number() -> None:
    network = rf.network("mobilenet_v1(width_multiplier=m)")
    asks: list[Callable[[], object]] = [network.sizes, network.cost, lambda: hash(network)]
    for ask in asks:
        with pytest.raises(rf.InputError, match=r"write a number in its place"):
            ask()
    given = rf.model("mobilenet_v1(width_multiplier=m)", m=2)
    assert given.cost().macs == rf.mobilenet_v1(width_multiplier=2).cost().macs


@given(st.floats(0.1, 5000))
def test_channels_are_rounded_as_torchvision_does(channels: float) -> None:
    from torchvision.models._utils import _make_divisible

    assert divisible(channels) == _make_divisible(channels, 8)


# Small, and with a stage of several blocks.
SMALL = [
    "se_resnet((1, 2), resolution=33)",
    "senet((2, 1), resolution=33, classes=3)",
    "regnet(4, w_0=8, w_a=8, w_m=2, group_width=8, se=True, resolution=33)",
    "mobilenet_v1(width_multiplier=0.25, resolution=33)",
    "mobilenet_v2(width_multiplier=0.35, resolution=33)",
    "mobilenet_v3('small', width_multiplier=0.5, resolution=33)",
    "efficientnet(width_multiplier=0.3, resolution=33)",
    "mobilenet_v2(width_multiplier=0.1, dropout=0, resolution=33)",
    pytest.param("efficientnet_v2('s', resolution=33)", marks=pytest.mark.slow),
    "convnext((2, 1), base_width=8, resolution=33)",
    "resnet_to_convnext('inverted', (2, 1), base_width=8, resolution=33)",
    "resnet_to_convnext('layer norm', (2, 1), kernel=5, base_width=8, resolution=33)",
    "densenet((1, 2), growth_rate=8, base_width=16, resolution=33)",
    "densenet_cifar(10, growth_rate=4)",
    "repvgg((1, 2, 1, 1), width_multiplier=0.25, last_multiplier=0.25, resolution=33)",
    "repvgg((1, 2, 1, 1), width_multiplier=0.25, last_multiplier=0.25, groups=2, deployed=True, resolution=33)",
]


@pytest.mark.parametrize("call", SMALL)
def test_memory_is_what_torch_keeps_and_holds(call: str) -> None:
    network = rf.network(call)
    model, inputs = network.to_torch(), torch.zeros(2, *network.input)
    found = network.memory(2)
    assert found.kept == saved(model, inputs)
    assert found.live == most_alive(model, inputs)


def test_what_the_libraries_document() -> None:
    from torchvision.models import get_model_weights

    names = "mobilenet_v2 mobilenet_v3_small efficientnet_b7 efficientnet_v2_l convnext_large densenet161 densenet201"
    for name in names.split():
        ledger, documented = rf.network(name).cost(), next(iter(get_model_weights(name))).meta
        assert ledger.params == documented["num_params"]
        assert round(ledger.macs / 1e9, 3) == documented["_ops"]


def test_depthwise_is_as_many_groups_as_channels() -> None:
    ledger = rf.network("mobilenet_v2").cost()
    grouped = [entry for entry in ledger if entry.kernel == (3, 3)][1:]
    assert all(entry.groups == entry.inputs[0][0] == entry.output[0] for entry in grouped)
    assert len(grouped) == 17  # one in each block
