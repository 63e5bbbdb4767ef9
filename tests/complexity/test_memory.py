"""Exact bytes against torch's own bookkeeping: saved tensors, buffers, optimizer state, and tensors alive at once."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import resnext_flops as rf
from resnext_flops.complexity.cost import walk_ledger
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.formula import Formula, substitute
from resnext_flops.complexity.layers import (
    Conv,
    Description,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    Repeat,
    Sequential,
    walk,
)
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.memory import memory
from tests.alive import most_alive, saved
from tests.descriptions import networks

SMALL = [
    rf.resnet((1, 2), block="basic", shortcut="A", resolution=32, base_width=4, classes=3),
    rf.resnet((2, 1), preactivation=True, resolution=32, base_width=4, classes=3),
    rf.resnext((1, 2), cardinality=2, width=3, resolution=32, base_width=4, classes=3),
    rf.resnet((2,), shortcut="none", stem="cifar", resolution=8, base_width=4, classes=3),
    rf.wide_resnet(16, 1, base_width=4, resolution=16),
]


def real(network: rf.Network, dtype: str = "float32", batch: int = 2) -> tuple[nn.Module, Tensor]:
    kind = getattr(torch, dtype)
    return network.to_torch().to(kind), torch.zeros(batch, *network.cost().input, dtype=kind)


@settings(max_examples=20)
@given(network=networks(), batch=st.integers(1, 3), dtype=st.sampled_from(["float64", "float32", "bfloat16"]))
def test_what_is_kept_is_what_torch_saves_layer_by_layer(network: rf.Network, batch: int, dtype: str) -> None:
    model, inputs = real(network, dtype, batch + 1)
    found = network.memory(batch + 1, dtype)
    assert found.kept == saved(model, inputs)
    assert found.buffers == sum(tensor.numel() * tensor.element_size() for tensor in model.buffers())
    assert found.weights == sum(tensor.numel() * tensor.element_size() for tensor in model.parameters())


@pytest.fixture(scope="module")
def few_objects() -> Iterator[None]:
    """What the process holds so far is no garbage, so that a collection is quick."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("few_objects")
@settings(max_examples=12)
@given(network=networks(), batch=st.integers(1, 3))
def test_what_is_alive_at_once_is_what_torch_holds(network: rf.Network, batch: int) -> None:
    model, inputs = real(network, batch=batch)
    gc.collect()
    assert network.memory(batch).live == most_alive(model, inputs)


@pytest.mark.parametrize("network", SMALL, ids=repr)
def test_the_families(network: rf.Network) -> None:
    model, inputs = real(network)
    found = network.memory(2)
    assert found.kept == saved(model, inputs)
    assert found.live == most_alive(model, inputs)


# Small inputs and widths, where the family has them. torchvision's AlexNet has no layer that VGG lacks.
CONVOLUTIONAL = [
    "alexnet('paper', resolution=67)",
    "vgg(11, resolution=32, base_width=4, hidden=5)",
    "vgg(11, batch_norm=True, resolution=32, base_width=4, hidden=5)",
    "googlenet(resolution=64)",
    "googlenet('paper', resolution=79)",
    "inception_v3(classes=3)",
    "inception_v4(blocks=(1, 1, 1), resolution=75)",
    "inception_resnet_v2(blocks=(1, 1, 1), resolution=75)",
]


@pytest.mark.parametrize("call", CONVOLUTIONAL)
def test_the_convolutional_networks(call: str) -> None:
    network = rf.network(call)
    model, inputs = real(network)
    found = network.memory(2)
    assert found.kept == saved(model, inputs)
    assert found.live == most_alive(model, inputs)


@pytest.mark.parametrize("channels", [1, 3, 5, 16])
def test_local_response_norm_of_few_and_of_many_channels(channels: int) -> None:
    body = Sequential.of(conv=Conv(channels, 1), norm=LocalResponseNorm(), relu=ReLU())
    network = rf.described(Description((3, 5, 6), body))
    model, inputs = real(network)
    assert network.memory(2).kept == saved(model, inputs)
    assert network.memory(2).live == most_alive(model, inputs)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_the_state_of_an_optimizer(name: str) -> None:
    network = SMALL[2]
    model, inputs = real(network)
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters) if name == "adam" else torch.optim.SGD(parameters, 0.1, momentum=0.9)
    model(inputs).sum().backward()
    optimizer.step()
    state = [tensor for values in optimizer.state.values() for tensor in values.values() if isinstance(tensor, Tensor)]
    found = network.memory(2, optimizer=name)
    assert found.state == sum(tensor.numel() * tensor.element_size() for tensor in state)
    gradients = [tensor.grad for tensor in parameters if tensor.grad is not None]
    assert len(gradients) == len(parameters)
    assert found.gradients == sum(tensor.numel() * tensor.element_size() for tensor in gradients)


def test_a_convolution_by_hand() -> None:
    # 3 x 9 x 8 numbers in and 4 x 7 x 6 out; 4 x 3 kernels of 3x3; a batch of 5 in four bytes each.
    body = Sequential.of(conv=Conv(4, 3), pool=MaxPool(2, 2))
    network = rf.described(Description((3, 9, 8), body))
    inputs, middle, output, weights = 5 * 3 * 9 * 8, 5 * 4 * 7 * 6, 5 * 4 * 3 * 3, 4 * 3 * 3 * 3
    found = network.memory(5)
    assert found.kept == {"conv": 4 * inputs, "pool": 4 * middle + 8 * output}
    assert found.live == 4 * (inputs + middle + output) + 8 * output
    assert found.moved == 4 * (inputs + middle + weights + middle + output)
    # The convolution keeps its input, and the network's input needs no gradient.
    backward_of_conv = 4 * (middle + weights + inputs + weights)
    backward_of_pool = 4 * (output + middle + middle) + 8 * output
    assert found.moved_in_training == found.moved + backward_of_conv + backward_of_pool
    assert found.training == 4 * weights * 3 + found.activations
    assert found.inference == 4 * weights + found.live


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"dtype": "float23"}, "unknown dtype 'float23'; did you mean 'float32'"),
        ({"optimizer": "adams"}, "unknown optimizer 'adams'; did you mean 'adam'"),
        ({"batch": 0}, "batch is 0; it must be a whole number of at least 1"),
    ],
)
def test_bad_input(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(rf.InputError, match=sentence):
        SMALL[0].memory(**arguments)


def test_a_layer_without_a_rule_is_an_error_and_not_a_zero() -> None:
    entry = Entry("new", "mystery", ((1,),), (1,))
    with pytest.raises(rf.InputError, match="new: what a layer of the kind 'mystery' keeps in memory is not known"):
        memory(Ledger("", (1,), (entry,)))


def test_a_repeated_layer_by_hand_in_a_symbol_of_sympy() -> None:
    sympy = pytest.importorskip("sympy")
    n = sympy.Symbol("n", positive=True, integer=True)
    found = memory(walk_ledger(walk(Sequential.of(block=Repeat(Conv(3, 1), n, Conv(3, 1))), (3, 4, 4))))
    # Each of n convolutions keeps 3 x 4 x 4 numbers, and has 9 weights.
    assert sympy.expand(found.activations - 4 * 48 * n) == 0
    assert sympy.expand(found.weights - 4 * 9 * n) == 0
    assert (found.live, found.inference) == (None, None)
    # Forward each reads 48 numbers and 9 weights, and writes 48. Backward each reads the 48 of a gradient, 48 that it
    # kept and 9 weights, and writes 9 gradients, and 48 where it is not the first.
    assert sympy.expand(found.moved - 4 * (48 + 9 + 48) * n) == 0
    backward = 4 * ((48 + 48 + 9 + 9) * n + 48 * (n - 1))
    assert sympy.expand(found.moved_in_training - found.moved - backward) == 0


def test_blocks_that_keep_different_bytes_have_no_formula() -> None:
    # ReLU keeps its output, so the second block has nothing more to keep, and the third has.
    stage = Sequential.of(block=Repeat(Conv(3, 1), Formula.of("n"), Sequential.of(conv=Conv(3, 1), relu=ReLU())))
    with pytest.raises(rf.InputError, match="block2…: the first of the repeated blocks keeps other"):
        memory(walk_ledger(walk(stage, (3, 4, 4))))


# Of every family and kind of block, with two blocks a stage.
FAMILIES = [
    "resnet((2, 2))",
    "resnet((2, 2), block='basic', shortcut='A')",
    "resnet((2, 2), preactivation=True)",
    "resnet((2, 2), shortcut='C')",
    "resnet((2, 2), shortcut='none')",
    "resnext((2, 2), cardinality=2, width=4)",
    "resnet_cifar(14)",
    "resnext_cifar(29)",
    "wide_resnet(16, 2)",
    "vgg(11, batch_norm=True)",
    "vgg(11)",
    "alexnet('paper')",
    "alexnet()",
    "googlenet('paper')",
    "googlenet()",
    "inception_v3()",
    "inception_v4(blocks=(2, 2, 2))",
    "inception_resnet_v2(blocks=(2, 2, 2))",
]
FIGURES = ("weights", "buffers", "state", "activations", "training", "moved", "moved_in_training")


@pytest.mark.parametrize("call", FAMILIES)
@settings(max_examples=3)
@given(data=st.data())
def test_the_formula_is_the_memory_at_all_sizes(call: str, data: st.DataObject) -> None:
    network = rf.network(call)
    reading = network.reading(list(network.sizes()))
    formula = memory(reading.ledger, Formula.of("N"), optimizer="adam")
    assert (formula.live, formula.inference) == (None, None)
    sizes = {
        name: lattice.start + lattice.step * data.draw(st.integers(0, 3), name)
        for name, lattice in reading.lattices.items()
    }
    batch = data.draw(st.integers(1, 9), "N")
    found = rf.described(network.architecture.describe(sizes)).memory(batch, optimizer="adam")
    point = sizes | {"N": batch, "r": (sizes["r"] - reading.base["r"]) // reading.period}
    assert {name: substitute(getattr(formula, name), point) for name in FIGURES} == {
        name: getattr(found, name) for name in FIGURES
    }


@settings(max_examples=10)
@given(C=st.integers(1, 9), d=st.integers(1, 9), n2=st.integers(1, 5), K=st.integers(1, 9), k=st.integers(-1, 2))
def test_the_formula_is_the_memory_of_the_network_that_replace_gives(C: int, d: int, n2: int, K: int, k: int) -> None:  # noqa: N803
    network = rf.resnext((1, 2), cardinality=2, width=3, resolution=64)
    reading = network.reading(["C", "d", "n2", "K", "r", "N"])
    sizes = {"C": C, "d": d, "n2": n2, "K": K, "r": 64 + 32 * k}
    found = network.replace(**sizes).memory(3).training
    assert substitute(reading.figure("training_bytes"), {**sizes, "N": 3}) == found
    assert reading.exact("training_bytes", {**sizes, "N": 3}) == found


def test_a_formula_shows_itself() -> None:
    text = repr(memory(SMALL[0].reading(["K"]).ledger))
    # Four bytes for each of 8 weights and one bias a class.
    assert f"36 K + {4 * (SMALL[0].cost().params - 9 * 3)}" in text


def test_a_part_of_a_ledger_does_not_say_what_its_layers_take() -> None:
    with pytest.raises(rf.InputError, match=r"residual\.conv1: the ledger does not say which layer made what"):
        memory(rf.resnet(50).cost().stage("conv3"))
