"""Rung 3: the built networks compute what torchvision's compute, and a wrong network is noticed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

import resnext_flops as rf
from resnext_flops.proof.references import reference
from resnext_flops.proof.references.compare import Reference, compare_reference, undropped

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


# The smallest inputs that work, some of them not square; Inception v3 with its auxiliary classifier needs its own 299.
CONVOLUTIONAL = [
    "alexnet(resolution=(63, 80))",
    "vgg(11, resolution=32)",
    "vgg(13, batch_norm=True, resolution=32)",
    "vgg(19, resolution=(32, 64))",
    "vgg((1, 2, 1, 1, 3), batch_norm=True, resolution=32, classes=7)",
    "googlenet(resolution=(40, 32))",
    "googlenet(aux=False, resolution=15, classes=7)",
    "inception_v3()",
    "inception_v3(aux=False, resolution=(75, 90))",
    "inception_v4(resolution=(75, 107), in_channels=1)",
    "inception_resnet_v2(resolution=(107, 75), classes=7)",
]


@pytest.mark.parametrize("call", CONVOLUTIONAL)
def test_outputs_are_torchvisions_and_timms(call: str) -> None:
    network = rf.network(call)
    rung = compare_reference(network, reference_of(network))
    assert rung.holds, rung.differences


@pytest.mark.parametrize(
    "call",
    [
        "alexnet('paper')",
        "alexnet(in_channels=1)",
        "vgg(16, base_width=32)",
        "vgg(16, hidden=512)",
        "googlenet('paper')",
        "googlenet(in_channels=1)",
        "inception_v3(in_channels=1)",
        "inception_v4(blocks=(1, 1, 1))",
        "inception_resnet_v2(blocks=(5, 10, 4))",
    ],
)
def test_what_neither_torchvision_nor_timm_has(call: str) -> None:
    assert reference(rf.network(call)) is None


def changed(network: rf.Network, change: Callable[[nn.Module], None]) -> tuple[str, ...]:
    """What rung 3 says when the reference is changed without changing a tensor's shape."""
    other = reference_of(network)

    def build() -> nn.Module:
        model = other.build()
        change(model)
        return model

    return compare_reference(network, replace(other, build=build)).differences


def test_padding_that_counts_in_an_average_is_noticed() -> None:
    def count(model: nn.Module) -> None:
        model.get_submodule("features.6.branch3.0").count_include_pad = True  # type: ignore[assignment]

    (difference,) = changed(rf.inception_v4(resolution=75), count)
    assert "apart" in difference


def test_another_scale_of_a_residual_is_noticed() -> None:
    def scale(model: nn.Module) -> None:
        model.get_submodule("block8").scale = 0.2  # type: ignore[assignment]

    (difference,) = changed(rf.inception_resnet_v2(resolution=75), scale)
    assert "apart" in difference


def test_another_bias_of_a_network_without_batch_norm_is_noticed() -> None:
    network = rf.vgg(11, resolution=32)
    other = reference_of(network)
    swapped = {"features.11": "features.13", "features.13": "features.11"}

    def rename(name: str) -> str:
        theirs = other.rename(name)
        layer, _, kind = theirs.rpartition(".")
        return f"{swapped.get(layer, layer)}.{kind}" if kind == "bias" else theirs

    (difference,) = compare_reference(network, replace(other, rename=rename)).differences
    assert "apart" in difference


def test_a_wrong_auxiliary_head_is_noticed_in_training() -> None:
    def no_pool(model: nn.Module) -> None:
        head = model.get_submodule("aux2")
        head.register_forward_pre_hook(lambda _, inputs: (inputs[0].flip(2),))

    network = rf.googlenet(resolution=64)
    (difference,) = changed(network, no_pool)
    assert difference.startswith("in training the outputs are up to")
    # The two heads in the wrong order, as torchvision returns them.
    swapped = replace(reference_of(network), training_outputs=(0, 1, 2))
    assert len(compare_reference(network, swapped).differences) == 2


def test_dropout_is_switched_off() -> None:
    model = nn.Sequential(nn.Dropout(0.9), nn.Sequential(nn.Dropout(0.5)))
    undropped(model.train())
    assert torch.equal(model(torch.ones(100)), torch.ones(100))


def test_a_checkpoint_of_timms_is_loaded() -> None:
    from timm.models.inception_resnet_v2 import InceptionResnetV2

    theirs = InceptionResnetV2(num_classes=3).eval()
    model = rf.load_reference_state(rf.inception_resnet_v2(classes=3), theirs.state_dict()).eval()
    inputs = torch.randn(1, 3, 75, 75, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(model(inputs), theirs(inputs))
