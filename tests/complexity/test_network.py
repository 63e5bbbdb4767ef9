"""Networks against fvcore and torch on random designs, and against figures from elsewhere."""

import inspect
import pickle
import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import resnext_flops as rf
from resnext_flops.complexity.layers import IDENTITY
from resnext_flops.counters import fvcore_count
from resnext_flops.proof.verify import MODEL_RUNGS

# Multiply-adds that fvcore's convolution and linear handles give for torchvision's models (torch 2.14.1).
COUNTED = {
    "resnet50": 4_089_184_256,
    "resnet101": 7_801_405_440,
    "resnext50_32x4d": 4_230_479_872,
    "resnext101_64x4d": 15_460_270_080,
}
TORCHVISION = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
TORCHVISION += ["resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"]


@pytest.mark.parametrize("name", TORCHVISION)
def test_parameters_and_operations_are_those_that_torchvision_documents(name: str) -> None:
    from torchvision.models import get_model_weights

    ledger = rf.network(name).cost()
    documented = next(iter(get_model_weights(name))).meta
    assert ledger.params == documented["num_params"]
    assert round(ledger.macs / 1e9, 3) == documented["_ops"]


@pytest.mark.parametrize("name", COUNTED)
def test_multiply_adds_counted_elsewhere(name: str) -> None:
    assert rf.network(name).cost().macs == COUNTED[name]


def test_resnet_is_resnext_with_one_group() -> None:
    assert rf.resnet(50).description == rf.resnext(50, cardinality=1, width=64).description


designs: st.SearchStrategy[dict[str, object]] = st.builds(
    dict,
    depth=st.tuples(*[st.integers(1, 3)] * 4),
    cardinality=st.integers(1, 4),
    width=st.integers(1, 5),
    resolution=st.one_of(st.integers(17, 80), st.tuples(st.integers(17, 80), st.integers(17, 80))),
    classes=st.integers(1, 20),
    base_width=st.integers(1, 12),
    in_channels=st.integers(1, 4),
)


# No paper prints a figure for a random design.
RUNGS = (*MODEL_RUNGS, "reference")


@given(designs)
@settings(max_examples=12)
def test_random_designs_are_proven(design: dict[str, object]) -> None:
    proof = rf.verify(rf.resnext(**design), device="cpu", rungs=RUNGS)  # type: ignore[arg-type]
    assert proof.holds, str(proof)


@given(designs)
@settings(max_examples=4)
def test_random_designs_cost_what_fvcore_and_numel_say(design: dict[str, object]) -> None:
    from fvcore.nn import ActivationCountAnalysis

    network = rf.resnext(**design)  # type: ignore[arg-type]
    ledger, model = network.cost(), network.to_torch().eval()
    inputs = torch.zeros(1, *ledger.input)
    counted = fvcore_count.count_with_fvcore(model, inputs)
    assert sum(counted.multiply_adds.values()) == ledger.macs
    assert counted.total == ledger.total("fvcore")
    assert sum(parameter.numel() for parameter in model.parameters()) == ledger.params
    layers = [part for part in model.modules() if isinstance(part, (nn.Conv2d, nn.Linear))]
    assert sum(layer.weight.numel() for layer in layers) == ledger.weights
    with fvcore_count.quiet(), torch.no_grad():
        activations = ActivationCountAnalysis(model, inputs).unsupported_ops_warnings(False).total()
    assert activations == ledger.activations


@given(st.sampled_from([18, 34]), st.integers(1, 12), st.integers(17, 70))
@settings(max_examples=5)
def test_basic_networks_are_proven(depth: int, base_width: int, resolution: int) -> None:
    network = rf.resnet(depth, base_width=base_width, resolution=resolution, classes=7)
    proof = rf.verify(network, device="cpu", rungs=RUNGS)
    assert proof.holds, str(proof)


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_state_alone() -> None:
    network = rf.resnext((1, 1, 1, 1), cardinality=2, width=2, base_width=4, resolution=32)
    state = torch.random.get_rng_state()
    first, second, third = (network.to_torch(seed=seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["conv1.conv.weight"], third["conv1.conv.weight"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"depth": 51},
            r"unknown depth 51; known are 50, 101, 152; or the blocks of each stage, as \(3, 4, 6, 3\)",
        ),
        ({"depth": ()}, r"unknown depth \(\)"),
        ({"depth": "50"}, r"unknown depth '50'; did you mean '50'"),
        ({"depth": (3, 0, 6, 3)}, r"the number of blocks of a stage is 0; it must be a whole number of at least 1"),
        ({"width": 0}, r"width is 0; it must be a whole number of at least 1"),
        ({"width": 2.5}, r"width is 2.5; it must be a whole number of at least 1"),
        ({"cardinality": -1}, r"cardinality is -1; it must be a whole number of at least 1"),
        ({"classes": 0}, r"classes is 0"),
        (
            {"resolution": (224, 224, 3)},
            r"resolution is \(224, 224, 3\); it must be one number or a height and a width",
        ),
        ({"resolution": 16}, r"resolution 16x16 is too small for conv5.*; the smallest that works is 17"),
        ({"resolution": (16, 64)}, r"resolution 16x64 is too small for conv5.*; the smallest that works is 17"),
        ({"colour": 3}, "unknown argument of resnext 'colour'; known are depth, "),
    ],
)
def test_bad_arguments_are_one_sentence(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(rf.InputError, match=message) as error:
        rf.resnext(**arguments)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_replace_offers_the_nearest_argument() -> None:
    with pytest.raises(rf.InputError, match="unknown argument of resnext 'cardinalty'; did you mean 'cardinality'"):
        rf.resnext(50).replace(cardinalty=8)


def test_basic_networks_have_no_bottleneck_width() -> None:
    with pytest.raises(rf.InputError, match="width is 100, and basic blocks have no bottleneck; use base_width"):
        rf.resnet(18, width=100)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "('torch', 'numpy', 'pandas', 'matplotlib', 'sympy', 'rich', 'fvcore')"
    code = f"import sys, resnext_flops as rf; rf.resnet(50).cost(); print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_a_network_takes_free_sizes_and_arguments_by_name() -> None:
    network = rf.resnext(50, cardinality=32, width=4)
    assert network.replace(C=8, d=14, n3=7, r=192) == rf.resnext((3, 4, 7, 3), 8, 14, resolution=192)
    assert network.replace(cardinality=8) == network.replace(C=8)
    with pytest.raises(rf.InputError, match="does not take the blocks of each stage"):
        rf.resnet_cifar(20).replace(n1=4)
    assert network.sizes() == {"C": 32, "d": 4, "r": 224, "K": 1000, "w": 64, "in_channels": 3} | dict(
        zip(("n1", "n2", "n3", "n4"), (3, 4, 6, 3), strict=True)
    )


def test_a_network_survives_pickle() -> None:
    network = rf.vgg(16, batch_norm=True)
    copied = pickle.loads(pickle.dumps(network))  # noqa: S301 (its own bytes)
    assert (copied, copied.cost().params) == (network, network.cost().params)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n5": 3}, "unknown free size of resnext 'n5'; known are C, d"),
        ({"n0": 3}, "unknown"),
        ({"depth": (1, 1, 1, 1), "n3": 9}, "both depth and n3 are given"),
        ({"C": 8, "cardinality": 16}, "C and cardinality are one size; give it once"),
        ({"cardinality": 16, "C": 8}, "C and cardinality are one size; give it once"),
    ],
)
def test_a_size_that_is_not_there_or_given_twice_is_refused(sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(rf.InputError, match=message):
        rf.resnext(50).replace(**sizes)


def test_a_description_without_layers_costs_nothing() -> None:
    empty = rf.described(rf.Description((3, 8, 8), IDENTITY))
    assert (len(empty.cost()), empty.cost().macs, empty.cost().entries) == (0, 0, ())


def test_the_public_names_are_listed_and_a_family_says_what_it_returns() -> None:
    assert set(rf.__all__) <= set(dir(rf))
    assert inspect.signature(rf.resnet).return_annotation is rf.Network
