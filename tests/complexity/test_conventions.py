"""Conventions against what the counters themselves answered.

The figures were printed by the counters (their versions are those of the conventions) on torchvision 0.29.1's models,
each counter in a process of its own, on a CPU without gradients. Where a counter is installed, it is asked again.
"""

from typing import Any

import numpy
import pytest
import timm.layers.attention
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import resnext_flops as rf
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.conventions.calflops import best_order
from resnext_flops.complexity.conventions.convention import REGISTERED, Run, Terms, counter
from resnext_flops.complexity.products import einsum
from resnext_flops.counters import peers

COUNTERS = (
    "fvcore",
    "torch",
    "ptflops-pytorch",
    "ptflops-aten",
    "ultralytics-thop",
    "torchinfo",
    "calflops",
    "calflops-macs",
)
ANSWERS = {
    "resnet50": (4111512576, 8178368512, 4132436968, 4089185256, 4133742592, 4089238376, 8211108352, 4089184256),
    "resnext50_32x4d": (4259381248, 8460959744, 4286878696, 4230480872, 4288184320, 4230549096, 8503559168, 4230479872),
    "vgg16_bn": (
        15497384448,
        30940528640,
        15550320616,
        15483821032,
        15524504576,
        15483829480,
        31000873472,
        15470264320,
    ),
    "googlenet": (1504878688, 2996752384, 1513907448, 1498377192, 1511332032, 1498391752, 3009356752, 1498376192),
    "vit_b_16": (11290036992, 22542249984, 17606030584, 11280354280, 17595694944, 173232616, 22568574720, 11271124992),
}
# torchprofile fails on the transformer without gradients.
TORCHPROFILE = {
    "resnet50": 4100300288,
    "resnext50_32x4d": 4244882432,
    "vgg16_bn": 15483836928,
    "googlenet": 1501603376,
}


@pytest.mark.parametrize("model", ANSWERS)
def test_predictions_are_what_the_counters_answered(model: str) -> None:
    ledger = rf.count(f"torchvision:{model}")
    assert {name: ledger.total(name) for name in COUNTERS} == dict(zip(COUNTERS, ANSWERS[model], strict=True))
    if model in TORCHPROFILE:
        assert ledger.total("torchprofile") == TORCHPROFILE[model]


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_description_and_its_real_model_have_one_figure(name: str) -> None:
    if name == "fvcore-training":
        pytest.skip("a rule of training mode")
    for network in (rf.resnext(50, 32, 4), rf.vgg(11)):
        assert network.cost().total(name) == rf.count(network).total(name)


def test_what_a_description_does_not_have_is_refused_and_not_left_out() -> None:
    with pytest.raises(
        rf.InputError, match=r"needs more of the local response norm 'conv1\.norm' than a description has"
    ):
        rf.network("alexnet_2012").cost().total("calflops")
    assert rf.count(rf.network("alexnet_2012")).total("calflops-macs") > 0


def test_conventions_are_polynomials_in_symbols() -> None:
    import sympy

    width = sympy.Symbol("d", integer=True, positive=True)
    symbolic, number = rf.resnext(50, 32, width).cost(), rf.resnext(50, 32, 6).cost()
    for name in CONVENTIONS:
        assert sympy.expand(symbolic.total(name)).subs(width, 6) == number.total(name), name


@pytest.mark.parametrize("name", ["fvcore", "torch", "torchvision", "paper", "torchinfo", "torch-flops", "calflops"])
def test_the_bridge_adds_up(name: str) -> None:
    for model in ("torchvision:swin_t", "resnet18"):
        found = rf.audit(model, counters=[name], run=False)
        (finding,) = found.findings
        assert found.ledger.macs + sum(step.figure for step in finding.bridge) == finding.predicted


class Attention(nn.Module):
    def forward(self, tokens: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        return nn.functional.scaled_dot_product_attention(tokens, tokens, values)


@pytest.mark.parametrize(
    ("tokens", "values"),
    [((2, 3, 8, 4), (2, 3, 8, 4)), ((2, 2, 3, 8, 4), (2, 2, 3, 8, 4)), ((2, 3, 8, 4), (2, 3, 8, 6))],
    ids=["fused", "five dimensions", "values of another width"],
)
def test_torchs_counter_sees_the_attention_that_is_not_fused(tokens: tuple[int, ...], values: tuple[int, ...]) -> None:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        Attention()(torch.zeros(tokens), torch.zeros(values))
    assert rf.count(Attention(), [torch.zeros(tokens), torch.zeros(values)]).total("torch") == counter.get_total_flops()


class SelfAttention(nn.Module):
    def __init__(self, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(6, heads, batch_first=True)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.attention(tokens, tokens, tokens)[0]
        return result


@pytest.mark.parametrize("heads", [2, 3])
def test_torchs_counter_sees_multi_head_attention_only_with_an_odd_number_of_heads(heads: int) -> None:
    module, tokens = SelfAttention(heads).eval(), torch.zeros(1, 5, 6)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(tokens)
    assert (counter.get_total_flops() == 0) == (heads == 2)
    assert rf.count(module, tokens).total("torch") == counter.get_total_flops()


def test_torch_flops_does_not_look_into_a_leaf_of_torch_fx() -> None:
    module = nn.Sequential(nn.Linear(8, 8), nn.TransformerEncoderLayer(8, 2, 16, batch_first=True))
    called = [node.target for node in torch.fx.symbolic_trace(module).graph.nodes if node.op == "call_module"]
    assert called == ["0", "1"]
    # It has no rule for an encoder. Of 4 tokens, 8 sums of 8 products each, and their biases.
    assert rf.count(module, (1, 4, 8)).total("torch-flops") == 4 * 8 * (2 * 8 - 1) + 4 * 8


def test_ptflops_does_not_look_into_timms_attention() -> None:
    terms = rf.count(timm.layers.attention.Attention(8, num_heads=2), (1, 4, 8)).terms("ptflops-pytorch")
    # Two products in 2 heads of 4 channels, of 4 tokens with 4; none of the linear layers around them.
    assert sum(figure for (_, what), figure in terms.items() if what == "multiply-adds") == 2 * (2 * 4 * 4 * 4)


class Net(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 8, 3, groups=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 4)
        )


@pytest.mark.parametrize("counter", peers.PEERS)
def test_an_installed_counter_answers_what_we_predict(counter: str) -> None:
    if peers.installed(counter) is None:
        pytest.skip(f"{counter} is not installed")
    model = Net()
    answer = peers.ask(counter, model, [torch.zeros(1, 3, 4, 4)])
    assert answer.figure == rf.count(model, (1, 3, 4, 4)).total(counter), answer.error


def test_a_counter_that_fails_is_an_answer_in_one_line() -> None:
    answer = peers.ask("fvcore", Net(), [torch.zeros(1, 5, 4, 4)])
    assert answer.figure is None
    assert answer.error.startswith("RuntimeError: ")
    assert "\n" not in answer.error


def test_every_registered_convention_has_its_place_in_the_order() -> None:
    assert CONVENTIONS == REGISTERED


def test_a_second_rule_of_one_name_is_refused() -> None:
    def nothing(_: Run) -> Terms:
        return Terms()

    with pytest.raises(rf.InputError, match="the convention 'fvcore' has a rule already"):
        counter("fvcore", unit="MAC", version="", counts="", source="", link="")(nothing)
    assert CONVENTIONS["fvcore"].rule is REGISTERED["fvcore"].rule is not nothing


@st.composite
def equations(draw: st.DrawFn) -> tuple[str, list[tuple[int, ...]]]:
    """An einsum of up to four operands; some axes of size 1 are broadcast, and "..." stands for up to two axes."""
    sizes = {letter: draw(st.integers(1, 70)) for letter in "abcdef"}
    batch = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    terms, shapes = [], []
    for _ in range(draw(st.integers(1, 4))):
        letters = draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True))
        unnamed = draw(st.integers(0, 2))
        terms.append("..." * (unnamed > 0) + "".join(letters))
        shapes.append(
            (*batch[2 - unnamed :], *(draw(st.sampled_from((sizes[name], sizes[name], 1))) for name in letters))
        )
    used = sorted({letter for term in terms for letter in term} - {"."})
    result = "".join(draw(st.lists(st.sampled_from(used), max_size=3, unique=True)))
    return ",".join(terms) + draw(st.sampled_from(("", f"->...{result}"))), shapes


@given(equations())
def test_the_best_order_of_an_einsum_is_numpys(case: tuple[str, list[tuple[int, ...]]]) -> None:
    equation, shapes = case
    operands = [numpy.broadcast_to(numpy.float32(0), shape) for shape in shapes]
    _, text = numpy.einsum_path(equation, *operands, optimize="optimal")
    (line,) = [line for line in text.splitlines() if "Optimized FLOP count" in line]
    assert best_order(equation, tuple(shapes)) == int(float(line.partition(":")[2]))


@pytest.mark.parametrize(
    ("equation", "shapes", "products"),
    [
        ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)], 2 * 3 * 4 * 5),
        ("...ij, jk", [(2, 3, 4), (4, 5)], 2 * 3 * 4 * 5),
        ("bhid,bhjd->bhij", [(1, 4, 9, 8), (1, 4, 7, 8)], 4 * 9 * 7 * 8),
        # Torch sums k away before the product, and the second j too, as the first has size 1.
        ("ij,k->i", [(3, 4), (5,)], 3),
        ("ij,jk->ik", [(3, 1), (4, 5)], 3 * 5),
    ],
)
def test_the_multiply_adds_of_an_einsum(equation: str, shapes: list[tuple[int, ...]], products: int) -> None:
    assert einsum(equation, shapes) == products
    # Where nothing is summed torch multiplies element by element, which its counter has to be told of.
    with FlopCounterMode(display=False, custom_mapping={torch.ops.aten.mul: elementwise}) as theirs:
        torch.einsum(equation, *(torch.empty(shape) for shape in shapes))
    assert theirs.get_total_flops() == 2 * products


def elementwise(*_: Any, out_shape: torch.Size, **__: Any) -> int:
    return 2 * out_shape.numel()
