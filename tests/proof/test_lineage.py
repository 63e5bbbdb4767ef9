"""The families after ResNeXt against the libraries that have them: tensors, outputs, costs, formulas, conventions."""

import pytest
import torch

import resnext_flops as rf
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.names import NAMED
from resnext_flops.proof.references import reference
from resnext_flops.proof.references.coefficients import compare_formulas
from resnext_flops.proof.references.compare import Reference, calibrate, compare_reference, share

# Of each family, small members of every kind of block, at small inputs that are not square; and all names.
SMALL = [
    "se_resnet((1, 2, 1, 1), resolution=(64, 47), classes=7)",
    "se_resnet((1, 1, 2, 1), stride_in='3x3', pool='padded', width=24, resolution=33, in_channels=1)",
    "se_resnext((1, 2, 1, 1), 8, 4, resolution=(33, 64), reduction=8)",
    "se_resnext((1, 1, 1, 1), 4, 8, pool='padded', resolution=64)",
    "senet((1, 2, 1, 1), resolution=(33, 40))",
    "regnet(5, w_0=16, w_a=12, w_m=2, group_width=8, resolution=(33, 64), classes=7)",
    "regnet(5, w_0=16, w_a=12, w_m=2, group_width=24, se=True, version='torchvision', base_width=9, resolution=33)",
    "regnet(8, w_0=8, w_a=16, w_m=2, group_width=24, se=True, resolution=33, in_channels=1)",
    "anynet((1, 2, 1), widths=(16, 24, 64), bottleneck=(1, 2, 4), group_width=(8, 12, 1), resolution=(33, 64))",
    "mobilenet_v1(width_multiplier=0.25, resolution=(33, 64), in_channels=1)",
    "mobilenet_v2(width_multiplier=0.35, resolution=(33, 64), classes=7)",
    "mobilenet_v3('small', resolution=(33, 64), classes=7)",
    "efficientnet(width_multiplier=0.3, depth_multiplier=1.1, resolution=(64, 33), classes=7)",
    "convnext((1, 2, 1, 1), base_width=8, resolution=(32, 65), classes=7)",
    "densenet((1, 2, 3), growth_rate=8, base_width=16, bottleneck=2, resolution=(33, 64), classes=7)",
    "repvgg((1, 2, 3, 1), width_multiplier=0.25, last_multiplier=0.25, resolution=(33, 64), classes=7)",
    "repvgg((2, 2, 4, 1), width_multiplier=0.25, last_multiplier=0.25, groups=4, in_channels=1, resolution=33)",
    "repvgg((1, 2, 3, 1), width_multiplier=0.25, last_multiplier=0.25, deployed=True, resolution=(33, 64))",
    "repvgg((2, 2, 4, 1), width_multiplier=0.25, last_multiplier=0.25, groups=4, deployed=True, resolution=33)",
]
LARGE = ["mobilenet_v3('large', width_multiplier=0.35, resolution=33)", "efficientnet_v2('s', resolution=33)"]
ALL = [*SMALL, *(pytest.param(call, marks=pytest.mark.slow) for call in LARGE)]
FAMILIES = {call.partition("(")[0] for call in (*SMALL, *LARGE)}
NAMES = [name for name, call in NAMED.items() if call.partition("(")[0] in FAMILIES]
FORMULAS = [
    "mobilenet_v1(width_multiplier=0.25, resolution=64)",
    pytest.param("mobilenet_v2(width_multiplier=0.35, resolution=64)", marks=pytest.mark.slow),
    pytest.param("se_resnext((1, 1, 1, 1), 4, 4, resolution=64)", marks=pytest.mark.slow),
    pytest.param("regnet(5, w_0=16, w_a=12, w_m=2, group_width=8, resolution=64)", marks=pytest.mark.slow),
    pytest.param("mobilenet_v3('small', resolution=64)", marks=pytest.mark.slow),
    pytest.param("efficientnet(resolution=64)", marks=pytest.mark.slow),
    pytest.param("convnext((1, 2, 1, 1), base_width=8, resolution=64)", marks=pytest.mark.slow),
    pytest.param("densenet((1, 2), growth_rate=8, resolution=64)", marks=pytest.mark.slow),
    pytest.param("repvgg((1, 2, 1, 1), width_multiplier=0.25, resolution=64)", marks=pytest.mark.slow),
    pytest.param("repvgg((1, 2, 1, 1), width_multiplier=0.25, deployed=True, resolution=64)", marks=pytest.mark.slow),
]


def reference_of(network: rf.Network) -> Reference:
    other = reference(network)
    assert other is not None
    return other


def conventions_of(ledger: rf.Ledger) -> set[str]:
    """The conventions that a description has; of the windows of an average pool it says too little for one of them."""
    refused = {"ultralytics-thop"} if any(entry.kind == "average pool" for entry in ledger) else set()
    return CONVENTIONS.keys() - {"fvcore-training"} - refused


@pytest.mark.parametrize("call", ALL)
def test_outputs_are_the_librarys(call: str) -> None:
    network = rf.network(call)
    rung = compare_reference(network, reference_of(network))
    assert rung.holds, rung.differences


ALONE = [
    f"resnet_to_convnext('{step}', (2, 1), kernel=5, base_width=8, resolution=(33, 64), classes=7)"
    for step in ("patchify", "depthwise", "inverted", "moved up", "layer norm")
]


@pytest.mark.parametrize("call", [*ALL, *ALONE])
def test_a_convention_counts_of_a_description_what_it_counts_of_its_module(call: str) -> None:
    network = rf.network(call)
    ours, theirs = network.cost(), rf.count(network)
    assert rf.diff(ours, theirs).identical
    for name in conventions_of(ours):
        assert ours.total(name) == theirs.total(name), name


@pytest.mark.parametrize("call", [*ALL, *ALONE])
def test_the_ladder_holds_on_the_built_model(call: str) -> None:
    proof = rf.verify(rf.network(call), device="cpu", rungs=("layers", "tensors", "forward"))
    assert proof.holds, str(proof)


@pytest.mark.parametrize("call", FORMULAS)
def test_formulas_are_those_of_the_librarys_constructor(call: str) -> None:
    network = rf.network(call)
    rung = compare_formulas(network, reference_of(network))
    assert rung.holds, rung.differences


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_named_network_is_the_librarys(name: str) -> None:
    network = rf.network(name)
    other = reference_of(network)
    with torch.device("meta"):
        assert share(network, other, other.build().state_dict())[1] == ()
    ours, theirs = network.cost(), rf.count(network)
    for convention in conventions_of(ours):
        assert ours.total(convention) == theirs.total(convention), convention
    rung = compare_reference(network.replace(resolution=96), other)
    assert rung.holds, rung.differences


def test_a_deployed_network_computes_what_its_branches_compute() -> None:
    from timm.utils.model import reparameterize_model

    call = "repvgg((2, 2, 4, 1), width_multiplier=0.25, last_multiplier=0.25, groups=4, resolution=64{})"
    branched, deployed = rf.network(call.format("")), rf.network(call.format(", deployed=True"))
    theirs = reference_of(branched).build()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        calibrate(theirs, branched.input)
        images = torch.randn(2, *branched.input)
    before = rf.load_reference_state(branched, theirs.state_dict()).eval()
    after = rf.load_reference_state(deployed, reparameterize_model(theirs.eval()).state_dict()).eval()
    with torch.no_grad():
        first, second = before(images), after(images)
    torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)
    assert (first[0] - first[1]).abs().max() > 0.1  # the outputs depend on the input


@pytest.mark.parametrize("name", [name for name in NAMED if name.startswith("repvgg") and "deployed" not in name])
def test_the_reference_of_a_repvgg_is_timms_of_that_name(name: str) -> None:
    from timm import create_model

    with torch.device("meta"):
        theirs = {key: tensor.shape for key, tensor in create_model(name).state_dict().items()}
        assert {
            key: tensor.shape for key, tensor in reference_of(rf.network(name)).build().state_dict().items()
        } == theirs


def test_a_checkpoint_is_loaded_by_the_librarys_names() -> None:
    from timm import create_model

    theirs = create_model("legacy_seresnext50_32x4d", num_classes=3).eval()
    ours = rf.load_reference_state(
        rf.network("legacy_seresnext50_32x4d").replace(classes=3), theirs.state_dict()
    ).eval()
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours(image), theirs(image))


@pytest.mark.parametrize(
    "call",
    [
        "se_resnet(50, stride_in='3x3')",
        "se_resnet(50, width=32)",
        "se_resnet(50, base_width=32)",
        "se_resnext(50, 32, 8)",
        "se_resnext(50, pool='padded', reduction=8)",
        "senet((1, 1, 1))",
        "densenet(in_channels=1)",
        "densenet_cifar()",
        "repvgg((2, 1, 3, 1), groups=4)",  # timm counts blocks within a stage
        "repvgg((1, 1, 1, 1), width_multiplier=0.1)",  # timm has 8 channels, not 6
        "repvgg((1, 1, 1, 1), last_multiplier=0.1, deployed=True)",
        "regnet(version='torchvision', in_channels=1)",
        "mobilenet_v3('small', in_channels=1)",
        "convnext(in_channels=1)",
        "convnext((1,))",  # torchvision divides by zero
        "anynet(in_channels=1)",
        "regnet(3, group_width=24, in_channels=1)",  # timm's have four stages
    ],
)
def test_what_no_library_has(call: str) -> None:
    assert reference(rf.network(call)) is None


@pytest.mark.parametrize(
    ("call", "part", "other"),
    [
        ("se_resnext((1, 1, 1, 1), 4, 4, resolution=64)", "layer3.0.se_module.sigmoid", torch.nn.Hardsigmoid()),
        ("mobilenet_v2(width_multiplier=0.35, resolution=64)", "features.9.conv.1.2", torch.nn.ReLU()),
        ("efficientnet(width_multiplier=0.3, resolution=64)", "features.3.0.block.2.activation", torch.nn.Hardswish()),
        ("convnext((1, 2, 1, 1), base_width=8, resolution=64)", "features.3.1.block.4", torch.nn.ReLU()),
    ],
)
def test_another_activation_is_noticed(call: str, part: str, other: torch.nn.Module) -> None:
    network = rf.network(call)
    usual = reference_of(network)

    def build() -> torch.nn.Module:
        model = usual.build()
        model.set_submodule(part, other)
        return model

    (difference,) = compare_reference(network, Reference(usual.package, "changed", build, usual.rename)).differences
    assert "apart" in difference
