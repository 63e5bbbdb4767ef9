"""Exact bytes against torch's own bookkeeping: saved tensors, buffers, optimizer state, and tensors alive at once."""

import gc
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

import resnext_flops as rf
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import (
    IDENTITY,
    BatchNorm,
    Concat,
    Conv,
    Description,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Node,
    ReLU,
    Repeat,
    Sequential,
    Sum,
    Widen,
    walk,
)
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.memory import memory
from resnext_flops.counters import saved_tensors

SMALL = [
    rf.resnet((1, 2), block="basic", shortcut="A", resolution=32, base_width=4, classes=3),
    rf.resnet((2, 1), preactivation=True, resolution=32, base_width=4, classes=3),
    rf.resnext((1, 2), cardinality=2, width=3, resolution=32, base_width=4, classes=3),
    rf.resnet((2,), shortcut="none", stem="cifar", resolution=8, base_width=4, classes=3),
    rf.wide_resnet(16, 1, base_width=4, resolution=16),
]


class Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The largest sum of storages, made under it or given, that exist at once, without those of the model."""

    def __init__(self, given: Tensor, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # A fully-connected layer puts out a view of its weights.
        self.own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
        self.alive: dict[int, int] = {}
        self.largest = 0
        self._add(given)

    def _add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage.data_ptr()
        if key not in self.alive and key not in self.own:
            self.alive[key] = storage.nbytes()
            weakref.finalize(storage, self.alive.pop, key)
        self.largest = max(self.largest, sum(self.alive.values()))

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        results = func(*args, **(kwargs or {}))
        for result in results if isinstance(results, tuple) else (results,):
            # Batch norm in evaluation mode puts out two statistics without elements.
            if isinstance(result, Tensor) and result.numel():
                self._add(result)
        return results


def real(network: rf.Network, dtype: str = "float32", batch: int = 2) -> tuple[nn.Module, Tensor]:
    kind = getattr(torch, dtype)
    return network.to_torch().to(kind), torch.zeros(batch, *network.cost().input, dtype=kind)


layers: st.SearchStrategy[Node] = st.one_of(
    st.builds(Conv, st.just(4), st.just(1), groups=st.sampled_from([1, 2]), bias=st.booleans()),
    st.just(BatchNorm()),
    st.just(Sequential.of(norm=BatchNorm(), relu=ReLU())),
    st.just(MaxPool(3, 1, 1)),
    st.just(IDENTITY),
)
chains = st.lists(layers, min_size=1, max_size=3).map(
    lambda parts: Sequential(tuple((f"part{number}", part) for number, part in enumerate(parts)))
)
residuals = st.builds(
    lambda chain, shortcut: Sequential.of(add=Sum.of(residual=chain, shortcut=shortcut), relu=ReLU()),
    chains,
    st.sampled_from([IDENTITY, Widen(4, 1), Sequential.of(conv=Conv(4, 1), norm=BatchNorm())]),
)
concats = st.builds(
    lambda branches: Sequential.of(
        paths=Concat(tuple((f"path{number}", branch) for number, branch in enumerate(branches))), reduce=Conv(4, 1)
    ),
    st.lists(chains, min_size=1, max_size=3),
)

blocks = st.one_of(layers, residuals, concats)


@st.composite
def networks(draw: st.DrawFn) -> rf.Network:
    drawn: list[Node] = draw(st.lists(blocks, min_size=1, max_size=3))
    parts: dict[str, Node | Repeat] = {f"part{number}": part for number, part in enumerate(drawn)}
    parts["block"] = Repeat(draw(residuals), draw(st.integers(1, 3)), draw(residuals))
    stem: dict[str, Node] = draw(
        st.sampled_from([{"conv": Conv(4, 3, stride=2)}, {"shrink": MaxPool(2, 2), "conv": Conv(4, 1)}])
    )
    body = Sequential.of(**stem, **parts, pool=GlobalAvgPool(), flatten=Flatten(), fc=Linear(3))
    return rf.described(Description((3, 9, 8), body), "random")


@settings(max_examples=20)
@given(network=networks(), batch=st.integers(1, 3), dtype=st.sampled_from(["float64", "float32", "bfloat16"]))
def test_what_is_kept_is_what_torch_saves_layer_by_layer(network: rf.Network, batch: int, dtype: str) -> None:
    model, inputs = real(network, dtype, batch + 1)
    found = network.memory(batch + 1, dtype)
    assert found.kept == saved_tensors.saved_bytes(model, inputs)
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
    with torch.no_grad(), Alive(inputs, model) as alive:
        model.eval()(inputs)
    assert network.memory(batch).live == alive.largest


@pytest.mark.parametrize("network", SMALL, ids=repr)
def test_the_families(network: rf.Network) -> None:
    model, inputs = real(network)
    found = network.memory(2)
    assert found.kept == saved_tensors.saved_bytes(model, inputs)
    with torch.no_grad(), Alive(inputs, model) as alive:
        model.eval()(inputs)
    assert found.live == alive.largest


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
    assert found.kept == saved_tensors.saved_bytes(model, inputs)
    if not any(entry.kind == "local response norm" for entry in network.cost()):
        with torch.no_grad(), Alive(inputs, model) as alive:
            model.eval()(inputs)
        assert found.live == alive.largest


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
    backward_of_conv = 4 * (middle + weights + inputs + inputs + weights)
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


def test_a_symbolic_depth_has_no_bytes() -> None:
    sympy = pytest.importorskip("sympy")
    from resnext_flops.complexity.cost import walk_ledger

    stage = Sequential.of(block=Repeat(Conv(3, 1), sympy.Symbol("n", positive=True, integer=True), Conv(3, 1)))
    with pytest.raises(rf.InputError, match="block2…: a network with a symbol for its depth has no number of bytes"):
        memory(walk_ledger(walk(stage, (3, 4, 4))))


def test_a_part_of_a_ledger_does_not_say_what_its_layers_take() -> None:
    with pytest.raises(rf.InputError, match=r"residual\.conv1: the ledger does not say which layer made what"):
        memory(rf.resnet(50).cost().stage("conv3"))
