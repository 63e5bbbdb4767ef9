"""Activations, gates, layer norm, layer scale, stochastic depth and other orders of the axes, in every reading."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import resnext_flops as rf
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.layers import (
    ACTIVATIONS,
    IDENTITY,
    Activation,
    BatchNorm,
    Conv,
    Description,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    LayerScale,
    Linear,
    Node,
    Permute,
    Product,
    ReLU,
    Repeat,
    Sequential,
    StochasticDepth,
    Sum,
    walk,
)
from resnext_flops.complexity.notation import stage
from resnext_flops.complexity.torch_model import build
from tests.alive import most_alive, saved

LAST, FIRST = Permute((1, 2, 0)), Permute((2, 0, 1))


def gate(channels: int, squeezed: int, relu: Node, sigmoid: Node) -> Product:
    layers = Sequential.of(
        pool=GlobalAvgPool(),
        fc1=Conv(squeezed, 1, bias=True),
        relu=relu,
        fc2=Conv(channels, 1, bias=True),
        sigmoid=sigmoid,
    )
    return Product.of(input=IDENTITY, gate=layers)


def everything() -> rf.Network:
    """Each kind at least once, and a repeated block."""
    activated: dict[str, Node] = {
        f"part{number}": Sequential.of(conv=Conv(8, 1), norm=BatchNorm(), function=Activation(function))
        for number, function in enumerate(ACTIVATIONS)
    }
    residual = Sequential.of(
        conv=Conv(8, 7, padding=3, groups=8, bias=True),
        last=LAST,
        norm=LayerNorm(1e-6),
        fc1=Linear(32),
        gelu=Activation("gelu"),
        fc2=Linear(8),
        first=FIRST,
        scale=LayerScale(),
        drop=StochasticDepth(0.25),
    )
    block = Sequential.of(add=Sum.of(residual=residual, shortcut=IDENTITY))
    body = Sequential.of(
        **activated,
        gate1=gate(8, 2, ReLU(), Activation("sigmoid")),
        gate2=gate(8, 3, Activation("silu"), Activation("hardsigmoid")),
        stage=Sequential.of(block=Repeat(block, 3, first=block)),
        pool=GlobalAvgPool(),
        flatten=Flatten(),
        fc=Linear(5),
    )
    return rf.described(Description((3, 9, 8), body), "everything")


EVERYTHING = everything()


@pytest.mark.parametrize("name", sorted(CONVENTIONS.keys() - {"fvcore-training"}))
def test_a_convention_counts_of_the_description_what_it_counts_of_the_module(name: str) -> None:
    ours, theirs = EVERYTHING.cost().terms(name), rf.count(EVERYTHING).terms(name)
    assert {part: figure for part, figure in ours.items() if figure} == {
        part: figure for part, figure in theirs.items() if figure
    }


def test_the_model_has_the_layers_and_tensors_of_the_ledger() -> None:
    proof = rf.verify(EVERYTHING, device="cpu", rungs=("layers", "tensors", "forward"))
    assert proof.holds, str(proof)
    assert rf.diff(EVERYTHING, EVERYTHING.to_torch()).identical


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64"])
def test_memory_is_what_torch_keeps_and_holds(dtype: str) -> None:
    kind = getattr(torch, dtype)
    model, inputs = EVERYTHING.to_torch().to(kind), torch.zeros(3, 3, 9, 8, dtype=kind)
    found = EVERYTHING.memory(3, dtype)
    assert found.kept == saved(model, inputs)
    assert found.live == most_alive(model, inputs)


def test_a_factor_without_anything_learned_before_it_is_kept_and_the_other_is_not() -> None:
    network = rf.described(Description((3, 5, 6), Sequential.of(gate=Product.of(input=IDENTITY, conv=Conv(3, 1)))))
    inputs = torch.zeros(2, 3, 5, 6)
    assert network.memory(2).kept == saved(network.to_torch(), inputs)
    # The image is kept by the convolution. The product needs it, too, but not the output of the convolution.
    assert network.memory(2).kept == {"gate.conv": 4 * inputs.numel()}


def test_costs_by_hand() -> None:
    ledger = EVERYTHING.cost()
    block = ledger.stage("stage.block1")
    # A 7x7 kernel for each of 8 channels with a bias, two numbers a channel, 8 to 32 to 8 with biases, one a channel.
    assert block.params == (49 + 1) * 8 + 2 * 8 + (8 + 1) * 32 + (32 + 1) * 8 + 8
    assert block.macs == (49 * 8 + 2 * 8 * 32) * 9 * 8
    # Of one pixel: 8 to 2 to 8 channels.
    assert (ledger.stage("gate1").macs, ledger.stage("gate1").params) == (2 * 8 * 2, (8 + 1) * 2 + (2 + 1) * 8)


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


FORMULAS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu6": lambda x: x.clamp(0, 6),
    "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
    "silu": lambda x: x / (1 + torch.exp(-x)),
    "gelu": lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2,
    "hardsigmoid": lambda x: (x + 3).clamp(0, 6) / 6,
    "hardswish": lambda x: x * (x + 3).clamp(0, 6) / 6,
}


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_an_activation_is_its_formula(function: str) -> None:
    x = 5 * random(100)
    torch.testing.assert_close(build(Activation(function), (100,))(x), FORMULAS[function](x))


def test_a_gate_is_its_input_times_what_its_branch_puts_out() -> None:
    x = random(2, 8, 3, 4)
    model = build(gate(8, 2, ReLU(), Activation("sigmoid")), (8, 3, 4))
    first, second = (model.get_submodule(f"gate.fc{number}") for number in (1, 2))
    hidden = first(x.mean(dim=(2, 3), keepdim=True)).relu()
    torch.testing.assert_close(model(x), x * second(hidden).sigmoid())


def test_layer_scale_starts_at_its_initial_number() -> None:
    x = random(2, 3, 4, 4)
    model = build(LayerScale(0.5), (3, 4, 4))
    torch.testing.assert_close(model(x), x / 2)
    with torch.no_grad():
        next(model.parameters())[:] = torch.tensor([1.0, 2.0, 3.0]).reshape(3, 1, 1)
    torch.testing.assert_close(model(x)[:, 2], 3 * x[:, 2])


def test_layer_norm_over_the_channels() -> None:
    x = random(2, 6, 3, 4)
    found = build(Sequential.of(last=LAST, norm=LayerNorm(), first=FIRST), (6, 3, 4))(x)
    mean, variance = x.mean(dim=1, keepdim=True), x.var(dim=1, keepdim=True, correction=0)
    torch.testing.assert_close(found, (x - mean) / (variance + 1e-5).sqrt())


def test_stochastic_depth_drops_whole_examples_in_training_alone() -> None:
    ones = torch.ones(1000, 2, 3)
    model = build(Sequential.of(first=StochasticDepth(0.5), last=StochasticDepth(0.5)), (2, 3))
    assert torch.equal(model.eval()(ones), ones)
    last = model.train().get_submodule("last")
    torch.manual_seed(0)
    examples = last(ones).reshape(1000, -1)
    # Each is all zeros or, so that the mean stays, all twos.
    assert {tuple(row.unique().tolist()) for row in examples} == {(0.0,), (2.0,)}
    assert 400 < int((examples[:, 0] == 0).sum()) < 600
    # The probability rises from nothing in the first block.
    assert torch.equal(model.get_submodule("first")(ones), ones)


def test_its_probability_rises_linearly() -> None:
    parts = (part for part in EVERYTHING.to_torch("meta").modules() if hasattr(part, "p"))
    assert [part.p for part in parts] == [0, 0.125, 0.25]


def test_a_gate_in_the_papers_notation() -> None:
    block = Sequential.of(
        add=Sum.of(
            residual=Sequential.of(conv=Conv(8, 3, padding=1), gate=gate(8, 2, ReLU(), Activation("sigmoid"))),
            shortcut=IDENTITY,
        )
    )
    node = Sequential.of(block=Repeat(block, 3, first=block))
    # As in SENet's Table 1: "fc, [16, 256]".
    assert [str(part) for part in stage(node, (8, 4, 4))] == ["[3x3, 8; fc, [2, 8]] x 3"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Activation("swish"), "unknown activation 'swish'; did you mean 'hardswish'"),
        (lambda: Activation("relu"), "unknown activation 'relu'; did you mean 'relu6'"),
        (lambda: StochasticDepth(1), "p is 1; it must be a probability of at least 0 and below 1"),
        (lambda: StochasticDepth(-0.1), "p is -0.1; it must be a probability"),
        (lambda: Permute((0, 2)), r"axes is \(0, 2\); it must be the axes of one example in another order"),
        (lambda: Permute(3), "axes is 3; it must be the axes"),  # type: ignore[arg-type]
        (lambda: walk(LAST, (5,)), "an order of 3 axes was given 5"),
        (
            lambda: walk(Sequential.of(gate=Product.of(a=IDENTITY, b=Conv(3, 1))), (4, 8, 8)),
            "gate: only two branches of fitting shapes can be multiplied: 4x8x8, 3x8x8",
        ),
        (lambda: walk(Product.of(a=IDENTITY, b=IDENTITY, c=IDENTITY), (4, 8, 8)), "only two branches of fitting"),
    ],
)
def test_what_cannot_be_is_one_sentence(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(rf.InputError, match=sentence):
        make()


def test_a_linear_layer_behind_another_order_of_the_axes() -> None:
    network = rf.described(Description((3, 5, 6), Sequential.of(conv=Conv(4, 1), last=LAST, fc=Linear(2))))
    # Torch adds the bias in the product or after it, by where the rows lie in memory, which no description says.
    with pytest.raises(rf.InputError, match="needs more of the linear 'fc' than a description has"):
        network.cost().total("ptflops-aten")
    assert rf.count(network).total("ptflops-aten") == network.cost().macs == (3 * 4 + 4 * 2) * 5 * 6


def test_every_kind_is_saved_and_loaded(tmp_path: object) -> None:
    rf.save(EVERYTHING, f"{tmp_path}/net.json")
    assert rf.load(f"{tmp_path}/net.json").description == EVERYTHING.description


def test_the_modules_are_torchs_own_where_torch_has_them() -> None:
    known = {type(part) for part in EVERYTHING.to_torch("meta").modules()}
    assert {nn.ReLU, nn.ReLU6, nn.SiLU, nn.GELU, nn.Sigmoid, nn.Hardsigmoid, nn.Hardswish, nn.LayerNorm} <= known
