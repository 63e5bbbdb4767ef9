"""Rung 3: the built networks compute what torchvision's compute, and a wrong network is noticed."""

import pytest
import torch
from torch import nn

import resnext_flops as rf
from resnext_flops.references import reference
from resnext_flops.references.compare import Reference, compare_reference

# A small input keeps the test quick and changes no tensor.
NAMES = [
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "wide_resnet50_2",
    "wide_resnet101_2",
    "resnet101_1x100d",
    "resnext50_8x14d",
    "resnext101_2x64d",
    "resnext152_32x4d",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
]


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_torchvisions(name: str) -> None:
    network = rf.network(name).replace(resolution=64)
    other = reference(network)
    assert other is not None
    rung = compare_reference(network, other)
    assert rung.holds, rung.differences


def small(**changes: object) -> rf.Network:
    return rf.resnext((1, 2, 1, 1), cardinality=4, width=4, resolution=64, classes=10).replace(**changes)


def reference_of(network: rf.Network) -> Reference:
    other = reference(network)
    assert other is not None
    return other


def test_another_cardinality_is_another_network() -> None:
    rung = compare_reference(small(), reference_of(small(cardinality=2, width=8)))
    assert not rung.holds
    assert "layer1.0.conv2.weight is (16, 4, 3, 3) here and (16, 8, 3, 3) there" in rung.differences


def test_a_stride_elsewhere_is_noticed_though_every_tensor_fits() -> None:
    other = reference_of(small())

    def build() -> nn.Module:
        model = other.build()
        block = model.get_submodule("layer2.0")
        block.conv1.stride, block.conv2.stride = (2, 2), (1, 1)  # type: ignore[assignment]
        return model

    rung = compare_reference(small(), Reference("torchvision", "stride in the 1x1", build, other.rename))
    assert "apart" in rung.differences[0]


def test_an_output_that_does_not_depend_on_the_input_proves_nothing() -> None:
    other = reference_of(small())

    def build() -> nn.Module:
        model = other.build()
        nn.init.zeros_(model.get_parameter("fc.weight"))
        return model

    rung = compare_reference(small(), Reference("torchvision", "a constant", build, other.rename))
    assert rung.differences == ("the reference's output hardly depends on its input, so nothing is proven",)


def test_the_callers_random_state_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    compare_reference(small(), reference_of(small()))
    assert torch.equal(before, torch.random.get_rng_state())


def test_what_torchvision_cannot_build_has_no_reference() -> None:
    assert reference(small(base_width=32)) is None
    assert reference(small(in_channels=1)) is None


def test_a_checkpoint_of_torchvisions_is_loaded() -> None:
    from torchvision.models import resnet18

    theirs = resnet18().eval()
    model = rf.load_reference_state(rf.resnet(18), theirs.state_dict()).eval()
    inputs = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(model(inputs), theirs(inputs))


def test_a_checkpoint_of_another_network_is_refused() -> None:
    from torchvision.models import resnet18

    state = resnet18().state_dict()
    with pytest.raises(rf.InputError, match=r"not that of torchvision ResNet\(BasicBlock.*fc.bias is .*\(and 1 more\)"):
        rf.load_reference_state(rf.resnet(18, classes=10), state)
    with pytest.raises(rf.InputError, match="has no reference whose checkpoint could be loaded"):
        rf.load_reference_state(rf.resnet_cifar(20), state)


@pytest.mark.parametrize(
    "change",
    [{"shortcut": "A"}, {"stride_in": "1x1"}, {"preactivation": True}, {"stem": "cifar"}, {"depth": (1, 1, 1)}],
)
def test_styles_that_torchvision_does_not_have(change: dict[str, object]) -> None:
    assert reference(rf.resnet(50).replace(**change)) is None


def test_other_blocks_than_the_depths_own() -> None:
    network = rf.resnet((1, 1, 1, 1), block="basic", resolution=64)
    assert compare_reference(network, reference_of(network)).holds
    network = rf.resnet(18, block="bottleneck", resolution=64)
    assert compare_reference(network, reference_of(network)).holds
