"""AlexNet, VGG, GoogLeNet, Inception and Inception-ResNet against fvcore, torch and figures from elsewhere."""

from decimal import Decimal

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.complexity.names import families
from resnext_flops.proof.published import published
from resnext_flops.proof.verify import MODEL_RUNGS

VGGS = [f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")]


def proven(network: rf.Network) -> None:
    proof = rf.verify(network, device="cpu", rungs=MODEL_RUNGS)
    assert proof.holds, str(proof)


def resolutions(smallest: int) -> st.SearchStrategy[object]:
    pixels = st.integers(smallest, smallest + 40)
    return pixels | st.tuples(pixels, pixels)


ends = st.fixed_dictionaries({"classes": st.integers(1, 20), "in_channels": st.integers(1, 4)})


@given(st.sampled_from(["torchvision", "paper"]), resolutions(63), ends)
@settings(max_examples=4)
def test_random_alexnets_are_proven(version: str, resolution: object, sizes: dict[str, int]) -> None:
    proven(rf.alexnet(version, resolution=resolution, **sizes))


@given(
    st.sampled_from([11, 13, 16, 19]) | st.tuples(*[st.integers(1, 3)] * 5),
    st.booleans(),
    st.integers(1, 4),
    st.integers(1, 9),
    resolutions(32),
    ends,
)
@settings(max_examples=8)
def test_random_vggs_are_proven(
    depth: object, batch_norm: bool, base_width: int, hidden: int, resolution: object, sizes: dict[str, int]
) -> None:
    widths = {"base_width": base_width, "hidden": hidden, **sizes}
    proven(rf.vgg(depth, batch_norm=batch_norm, resolution=resolution, **widths))


@given(st.sampled_from([("torchvision", 15), ("paper", 79)]), st.booleans(), st.data(), ends)
@settings(max_examples=5)
def test_random_googlenets_are_proven(
    version: tuple[str, int], aux: bool, data: st.DataObject, sizes: dict[str, int]
) -> None:
    proven(rf.googlenet(version[0], aux=aux, resolution=data.draw(resolutions(version[1])), **sizes))


@given(resolutions(75), ends)
@settings(max_examples=3)
def test_random_inceptions_v3_are_proven(resolution: object, sizes: dict[str, int]) -> None:
    proven(rf.inception_v3(aux=False, resolution=resolution, **sizes))


def test_inception_v3_is_proven_in_training_mode() -> None:
    proof = rf.verify(rf.inception_v3(classes=3), device="cpu", rungs=MODEL_RUNGS)
    assert proof.holds, str(proof)
    # Two convolutions and a fully-connected layer more than in evaluation mode; two outputs for each of two examples.
    assert proof.rung("layers in training").compared == proof.layers + 3
    assert proof.rung("forward in training").compared == 2 * 2 * 3


@given(
    st.sampled_from(["inception_v4", "inception_resnet_v2"]),
    st.tuples(*[st.integers(1, 2)] * 3),
    resolutions(75),
    ends,
)
@settings(max_examples=4)
def test_random_inceptions_v4_and_inception_resnets_are_proven(
    family: str, blocks: tuple[int, int, int], resolution: object, sizes: dict[str, int]
) -> None:
    proven(families()[family](blocks=blocks, resolution=resolution, **sizes))


@pytest.mark.parametrize("name", ["alexnet", *VGGS, "googlenet", "inception_v3"])
def test_figures_are_those_that_torchvision_documents(name: str) -> None:
    from torchvision.models import get_model_weights

    network = rf.network(name)
    documented = next(iter(get_model_weights(name))).meta
    # torchvision leaves GoogLeNet's auxiliary classifiers out of its parameters, but not Inception's.
    counted = network.replace(aux=False) if name == "googlenet" else network
    assert counted.cost().params == documented["num_params"]
    assert round(network.cost().macs / 1e9, 3) == documented["_ops"]


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "googlenet", "inception_v3"])
def test_the_smallest_input_is_the_one_that_torchvision_documents(name: str) -> None:
    from torchvision.models import get_model_weights

    network = rf.network(name)
    if name == "inception_v3":
        network = network.replace(aux=False)
    height, width = next(iter(get_model_weights(name))).meta["min_size"]
    network.replace(resolution=(height, width))
    with pytest.raises(rf.InputError, match=f"too small for .*; the smallest that works is {height}"):
        network.replace(resolution=height - 1)


def test_inception_v3_with_its_auxiliary_classifier_needs_299_pixels() -> None:
    # Backwards from the 5x5 pixels of its last convolution: 5 -> 17 -> 35 -> 71 -> 73 -> 147 -> 149 -> 299.
    with pytest.raises(
        rf.InputError, match=r"298x298 is too small for aux\.conv1\.conv.*the smallest that works is 299"
    ):
        rf.inception_v3(resolution=298)


@pytest.mark.parametrize("name", ["alexnet", "alexnet_2012", "vgg16", "googlenet", "googlenet_2014", "inception_v4"])
def test_every_larger_input_works_too(name: str) -> None:
    network = rf.network(name)
    with pytest.raises(rf.InputError, match="the smallest that works is") as error:
        network.replace(resolution=1)
    smallest = int(str(error.value).rsplit(maxsplit=1)[1])
    for resolution in range(smallest, smallest + 70):
        network.replace(resolution=resolution)


def test_the_paper_s_maps_of_alexnet() -> None:
    # Krizhevsky et al. 2012, Figure 2: 55x55x48, 27x27x128, 13x13x192 (twice), 13x13x128 on each of two GPUs.
    ledger = rf.network("alexnet_2012").cost()
    maps = [ledger[f"conv{number}.conv"].output for number in range(1, 6)]
    assert maps == [(96, 55, 55), (256, 27, 27), (384, 13, 13), (384, 13, 13), (256, 13, 13)]
    # Kernels of the text of Section 3.5: 5x5x48, 3x3x256, 3x3x192, 3x3x192; and 43,264 neurons in the fifth layer.
    shapes = [(entry.inputs[0][0] // entry.groups, *entry.kernel) for entry in ledger if entry.kind == "conv"][1:]
    assert shapes == [(48, 5, 5), (256, 3, 3), (192, 3, 3), (192, 3, 3)]
    assert ledger["conv5.conv"].activations == 43_264


def test_the_paper_s_maps_of_googlenet() -> None:
    ledger = rf.network("googlenet_2014").cost()
    for row in published("googlenet")["table_1"]["rows"][:-1]:
        height, width, channels = row["output"]
        assert ledger.stage(row["part"]).entries[-1].output == (channels, height, width)
    # Section 5: the pool puts out 4x4x512 in the first auxiliary classifier and 4x4x528 in the second.
    assert ledger["aux1.pool"].output == (512, 4, 4)
    assert ledger["aux2.pool"].output == (528, 4, 4)


def test_what_explains_googlenets_wrong_rows_and_its_budget() -> None:
    ledger = rf.network("googlenet_2014").cost()
    rows = {row["part"]: row for row in published("googlenet")["table_1"]["rows"]}
    assert ledger.stage("conv1").weights == 7 * 7 * 3 * 64 == 9408
    # Its printed operations are its printed parameters at each of 112x112 pixels: both are of one, other layer.
    assert round(float(rows["conv1"]["params_k"]) * 1e3 * 112 * 112, -6) == 34e6
    n1, r3, n3, r5, n5, p = 256, 160, 320, 32, 128, 128
    widths = 832 * (n1 + r3 + r5 + p) + 9 * r3 * n3 + 25 * r5 * n5
    assert ledger.stage("inception5a").weights == widths == 1_042_432
    assert round(widths * 7 * 7 / 1e6) == 51
    assert sum(row["ops"] for row in rows.values()) == Decimal("1502e6")
    # The exact total is the table's, with the first row right, to the rows' rounding and 5a's three million.
    assert abs(ledger.macs - (1502e6 - 34e6 + 118e6)) < 4e6


def test_the_params_of_googlenets_table_are_met_in_two_rows_and_the_last() -> None:
    ledger = rf.network("googlenet_2014").cost()
    rows = published("googlenet")["table_1"]["rows"]
    met = [row["part"] for row in rows if ledger.stage(row["part"]).weights // 1024 == row["params_k"]]
    assert met == ["conv2", "inception3a", "head"]


def test_what_explains_vgg_16s_15_3_billion() -> None:
    ledger = rf.vgg(16).cost()
    convolutions = sum(entry.macs for entry in ledger if entry.kind == "conv")
    assert int(convolutions / 1e8) == 153
    assert round(convolutions / 1e9, 2) == 15.35


def test_inception_v3_without_its_auxiliary_classifier_has_less_than_25_million_parameters() -> None:
    # Szegedy et al., arXiv:1512.00567, abstract.
    assert rf.inception_v3(aux=False).cost().params < 25e6 < rf.inception_v3().cost().params


def test_auxiliary_heads_cost_parameters_and_nothing_in_inference() -> None:
    whole, without = rf.googlenet().cost(), rf.googlenet(aux=False).cost()
    assert (whole.macs, whole.activations) == (without.macs, without.activations)
    # 1x1 to 128 channels with batch norm, 2048 to 1024 to 1000 features with biases; from 512 and 528 channels.
    head = 2 * 128 + (2048 + 1) * 1024 + (1024 + 1) * 1000
    assert whole.params - without.params == (512 + 528) * 128 + 2 * head
    assert whole.total("fvcore") == without.total("fvcore") < without.total("fvcore-training")
    assert whole.total("fvcore-training") > without.total("fvcore-training")


CLOSED = [
    ("alexnet", {"version": "torchvision"}, 224),
    ("alexnet", {"version": "paper"}, 224),
    ("vgg", {"base_width": "w", "hidden": "h"}, 224),
    ("vgg", {"batch_norm": True, "depth": (1, 1, "w", 1, 1)}, 224),
    ("googlenet", {"version": "torchvision"}, 224),
    ("googlenet", {"version": "paper"}, 224),
    ("inception_v3", {}, 299),
    ("inception_v4", {"blocks": (4, "w", 3)}, 299),
    ("inception_resnet_v2", {"blocks": ("w", 20, "h")}, 299),
]


@pytest.mark.parametrize(("family", "arguments", "resolution"), CLOSED)
def test_sizes_may_be_symbols(family: str, arguments: dict[str, object], resolution: int) -> None:
    values = {"k": 2, "n": 7, "c": 2, "w": 3, "h": 5}
    symbols = {name: sympy.Symbol(name, integer=True, positive=True) for name in values}

    def network(sizes: dict[str, object]) -> rf.Network:
        def put(value: object) -> object:
            if isinstance(value, tuple):
                return tuple(map(put, value))
            return sizes[value] if isinstance(value, str) and value in sizes else value

        free = {"resolution": resolution + 32 * sizes["k"], "classes": sizes["n"], "in_channels": sizes["c"]}  # type: ignore[operator]
        return families()[family](**free, **{name: put(value) for name, value in arguments.items()})

    formulas, numbers = network({**symbols}).cost(), network({**values}).cost()
    at = {symbols[name]: value for name, value in values.items()}
    for figure in ("params", "weights", "macs", "activations"):
        assert sympy.sympify(getattr(formulas, figure)).subs(at) == getattr(numbers, figure)
    for rule in ("fvcore", "fvcore-training"):
        assert sympy.sympify(formulas.total(rule)).subs(at) == numbers.total(rule)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("alexnet('2012')", "unknown version of AlexNet '2012'; known are torchvision, paper"),
        ("googlenet('torch')", "unknown version of GoogLeNet 'torch'; did you mean 'torchvision'"),
        (
            "vgg(12)",
            r"unknown depth 12; known are 11, 13, 16, 19; or the convolutions of five stages, as \(2, 2, 3, 3, 3",
        ),
        ("vgg((1, 1, 1))", r"unknown depth \(1, 1, 1\)"),
        ("vgg((1, 1, 0, 1, 1))", "the number of convolutions of a stage is 0"),
        (
            "inception_v4(blocks=(4, 7))",
            r"blocks is \(4, 7\); it must be the number of A, B and C blocks, as \(4, 7, 3\)",
        ),
        ("inception_resnet_v2(blocks=(1, 0, 1))", "the number of blocks of a stage is 0"),
        ("inception_v3(classes=0)", "classes is 0"),
    ],
)
def test_bad_arguments_are_one_sentence(call: str, message: str) -> None:
    with pytest.raises(rf.InputError, match=message) as error:
        rf.network(call)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["alexnet_2012", "vgg13_bn", "googlenet_2014", "inception_v3", "inception_resnet_v2"])
def test_a_network_is_the_call_that_it_shows(name: str) -> None:
    network = rf.network(name).replace(classes=7)
    assert rf.network(repr(network)) == network
