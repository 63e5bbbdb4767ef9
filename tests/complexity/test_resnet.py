"""ResNet's variants: where norms, strides and shortcuts stand, and the depths of CIFAR."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.complexity.layers import Widen, walk
from resnext_flops.complexity.torch_model import build
from resnext_flops.proof.verify import MODEL_RUNGS


def paths(network: rf.Network, block: str) -> list[str]:
    return [entry.path.removeprefix(f"{block}.") for entry in network.cost().stage(block)]


def test_a_preactivation_block_normalises_before_each_convolution() -> None:
    network = rf.resnet((2, 2, 1, 1), preactivation=True, resolution=64)
    branch = ["conv1", "norm2", "relu2", "conv2", "norm3", "relu3", "conv3"]
    # The stem ends in a norm, so the first block has none of its own; He et al. 2016, and fb.resnet.torch's preresnet.
    assert paths(network, "conv2.block1") == [*(f"add.residual.{name}" for name in branch), "add.shortcut.conv", "add"]
    assert paths(network, "conv2.block2") == [f"add.residual.{name}" for name in ["norm1", "relu1", *branch]] + ["add"]
    shared = ["norm", "relu", *(f"add.residual.{name}" for name in branch), "add.shortcut.conv", "add"]
    assert paths(network, "conv3.block1") == shared
    assert paths(network, "head")[:2] == ["norm", "relu"]


def test_without_shortcuts_nothing_is_added() -> None:
    kinds = {entry.kind for entry in rf.resnext(50, shortcut="none").cost()}
    assert "sum" not in kinds
    # ResNet-50's projections: 64 to 256 channels at 56 pixels, then 256 to 512, 512 to 1024 and 1024 to 2048.
    projections = 64 * 256 + 256 * 512 + 512 * 1024 + 1024 * 2048
    assert rf.resnet(50).cost().weights - rf.resnet(50, shortcut="none").cost().weights == projections


def test_the_stride_in_the_1x1_spares_its_layer_three_quarters() -> None:
    at_3x3, at_1x1 = rf.resnet(50).cost(), rf.resnet(50, stride_in="1x1").cost()
    assert at_3x3.params == at_1x1.params
    saved = {entry.path: entry.macs - at_1x1[entry.path].macs for entry in at_3x3}
    assert {path for path, macs in saved.items() if macs} == {
        f"conv{stage}.block1.add.residual.conv1" for stage in (3, 4, 5)
    }
    assert saved["conv3.block1.add.residual.conv1"] == 256 * 128 * (56**2 - 28**2)


def test_type_a_widens_with_zeros() -> None:
    x = torch.randn(2, 3, 7, 6, generator=torch.Generator().manual_seed(0))
    y = build(Widen(5, 2), (3, 7, 6))(x)
    assert walk(Widen(5, 2), (3, 7, 6))[0].output == tuple(y.shape[1:]) == (5, 4, 3)
    assert torch.equal(y[:, :3], x[:, :, ::2, ::2])
    assert not y[:, 3:].any()
    with pytest.raises(rf.InputError, match="3 channels cannot be widened to 2"):
        walk(Widen(2, 2), (3, 7, 6))


def test_type_a_has_no_projection_and_type_c_has_one_in_every_block() -> None:
    shortcuts = {
        kind: [entry.path for entry in rf.resnet(18, shortcut=kind).cost() if "shortcut.conv" in entry.path]
        for kind in "ABC"
    }
    assert {kind: len(found) for kind, found in shortcuts.items()} == {"A": 0, "B": 3, "C": 8}


styles = st.fixed_dictionaries(
    {
        "block": st.sampled_from(["basic", "bottleneck"]),
        "shortcut": st.sampled_from(["A", "B", "C", "none"]),
        "stride_in": st.sampled_from(["3x3", "1x1"]),
        "preactivation": st.booleans(),
        "stem": st.sampled_from(["imagenet", "cifar"]),
    }
)


@settings(max_examples=15)
@given(styles, st.lists(st.integers(1, 2), min_size=1, max_size=4), st.integers(1, 6), st.integers(17, 50))
def test_every_style_is_proven(style: dict[str, object], depth: list[int], base_width: int, resolution: int) -> None:
    network = rf.resnet(tuple(depth), base_width=base_width, resolution=resolution, classes=3, **style)  # type: ignore[arg-type]
    proof = rf.verify(network, device="cpu", rungs=MODEL_RUNGS)
    assert proof.holds, str(proof)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(8, 20))
@settings(max_examples=4)
def test_random_cifar_networks_are_proven(n: int, widening: int, cardinality: int, resolution: int) -> None:
    for network in (
        rf.wide_resnet(6 * n + 4, widening, base_width=3, resolution=resolution),
        rf.resnet_cifar(6 * n + 2, base_width=3, resolution=resolution),
        rf.resnext_cifar(9 * n + 2, cardinality, 2, base_width=3, resolution=resolution),
    ):
        proof = rf.verify(network, device="cpu", rungs=MODEL_RUNGS)
        assert proof.holds, str(proof)


def test_wide_resnet_at_width_1_projects_nothing_at_first() -> None:
    assert not any("shortcut" in entry.path for entry in rf.wide_resnet(16, 1).cost().stage("conv2"))
    assert any("shortcut" in entry.path for entry in rf.wide_resnet(16, 2).cost().stage("conv2"))
    # An identity takes the input as it is, so the first norm stands in the branch (He et al. 2016, Figure 1(b)).
    assert paths(rf.wide_resnet(16, 1), "conv2.block1")[0] == "add.residual.norm1"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rf.resnet_cifar(21), r"depth is 21; it must be 6n \+ 2, such as 20 or 26"),
        (lambda: rf.resnet_cifar(2), r"depth is 2; it must be 6n \+ 2, such as 8 or 14"),
        (lambda: rf.resnext_cifar(30), r"depth is 30; it must be 9n \+ 2, such as 29 or 38"),
        (lambda: rf.wide_resnet(29), r"depth is 29; it must be 6n \+ 4, such as 28 or 34"),
        (lambda: rf.resnet(50, shortcut="D"), "unknown shortcut 'D'; known are A, B, C, none"),
        (lambda: rf.resnet(50, stride_in="3"), "unknown stride_in '3'; known are 3x3, 1x1"),
        (lambda: rf.resnet(50, stem="imagenet1k"), "unknown stem 'imagenet1k'; did you mean 'imagenet'"),
        (lambda: rf.resnext(50, stem="x"), "unknown stem 'x'"),
        (lambda: rf.resnet((), block="basic"), r"unknown depth \(\)"),
        (lambda: rf.resnet((2, 2), block="wide"), "unknown block 'wide'"),
    ],
)
def test_bad_choices_are_one_sentence(make: object, message: str) -> None:
    with pytest.raises(rf.InputError, match=message):
        make()  # type: ignore[operator]
