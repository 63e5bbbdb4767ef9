"""Conventions against what the counters themselves answered.

The figures were printed by the counters (their versions are those of the conventions) on models of torchvision 0.29.1
and timm 1.0.31, each counter in a process of its own, on a CPU, with gradients but for the names that end in `no-grad`.
Where a counter is installed, it is asked again.
"""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
import timm.layers.attention
import timm.layers.config
import torch
from fvcore.nn import FlopCountAnalysis
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import resnext_flops as rf
from resnext_flops.complexity.conventions import CONVENTIONS, distinct, pycls
from resnext_flops.complexity.conventions.calflops import best_order
from resnext_flops.complexity.conventions.convention import REGISTERED, Run, Terms, counter
from resnext_flops.complexity.products import einsum
from resnext_flops.counters import peers
from resnext_flops.counters.fvcore_count import quiet

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
    "vit_b_16": (16867412736, 33697001472, 17606030584, 16864992232, 17595694944, 173232616, 33723326208, 16848500736),
}
# Without gradients torch fuses the multi-head attention of vit_b_16, and these do not see its linear layers.
WITHOUT_GRADIENTS = {
    "fvcore-no-grad": 11290036992,
    "torch-no-grad": 22542249984,
    "ptflops-aten-no-grad": 11280354280,
    "calflops-no-grad": 22568574720,
    "calflops-macs-no-grad": 11271124992,
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


def test_gradients_that_are_off_are_a_convention_of_their_own() -> None:
    ledger = rf.count("torchvision:vit_b_16")
    assert {name: ledger.total(name) for name in WITHOUT_GRADIENTS} == WITHOUT_GRADIENTS
    assert set(WITHOUT_GRADIENTS) <= set(distinct(ledger.total))
    plain = rf.resnet(18).cost()
    assert {name for name in CONVENTIONS if "no-grad" in name}.isdisjoint(distinct(plain.total))
    variants = {name: rule.variant_of for name, rule in CONVENTIONS.items() if rule.variant_of}
    assert all(plain.total(name) == plain.total(usual) for name, usual in variants.items())


# What is peculiar in each: weights that a batch norm standardises, whose statistics are their own; modules with several
# parents; classes called Attention that are not the one of timm's vision transformer, functions called with arguments
# by name, and masks that are learned.
TIMM = {
    "coat_lite_tiny": {"ptflops-pytorch": 1649274472, "calflops": 3268200704, "calflops-macs": 1624405632},
    "eca_nfnet_l0": {
        "fvcore": 4353237616,
        "calflops": 8618243952,
        "torchmeter": 14850053632,
        "torch-flops": 8497466160,
    },
    "levit_128": {"ptflops-pytorch": 367794384},
    "volo_d1_224": {"ptflops-pytorch": 6526600808},
    "nest_tiny": {"ptflops-pytorch": 5245834216},
    "crossvit_9_240": {"ptflops-pytorch": 1309076576, "calflops": 3085820032},
    "beit_base_patch16_224": {
        "ptflops-pytorch": 12691038184,
        "calflops": 33722573568,
        "calflops-macs": 16848500736,
        "torch": 35127656448,
        "torch-no-grad": 33697001472,
        "ptflops-aten": 17580319720,
        "ptflops-aten-no-grad": 16864992232,
    },
}


@pytest.mark.parametrize("model", TIMM)
def test_peculiar_models_of_timm(model: str) -> None:
    ledger = rf.count(f"timm:{model}")
    assert {name: ledger.total(name) for name in TIMM[model]} == TIMM[model]


def test_standardised_weights_at_the_resolution_of_their_paper() -> None:
    assert rf.count("timm:eca_nfnet_l0", (1, 3, 288, 288)).total("fvcore") == 7123518064


class Standardised(nn.Module):
    """A batch norm with the statistics of its own input, in a model that is not in training."""

    def __init__(self, affine: bool, running: bool) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4)) if affine else None
        self.running = running

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean, variance = (torch.zeros(4), torch.ones(4)) if self.running else (None, None)
        return nn.functional.batch_norm(x, mean, variance, self.scale, training=not self.running)


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_a_batch_norm_with_its_own_statistics(affine: bool, running: bool) -> None:
    module, image = Standardised(affine, running).eval(), torch.zeros(2, 4, 3, 3)
    with quiet():
        theirs = FlopCountAnalysis(module, image).total()
    assert rf.count(module, image).total("fvcore") == theirs == 2 * 4 * 3 * 3 * ((1 if running else 4) + affine)
    # calflops has the same rule, and looks at the argument `training`.
    assert rf.count(module, image).total("calflops") == theirs


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "pit_ti_224", "test_vit"])
def test_timms_tables_are_fvcores_total_without_fused_attention(name: str) -> None:
    fused = rf.count(f"timm:{name}")
    timm.layers.config.set_fused_attn(False)
    try:
        model = timm.create_model(name).eval()
        with quiet():
            theirs = FlopCountAnalysis(model, torch.zeros(1, *fused.input)).total()
    finally:
        timm.layers.config.set_fused_attn(True)
    assert fused.total("timm") == theirs > fused.total("fvcore")


@pytest.mark.parametrize(
    ("name", "billions"),
    # infer_gmacs of results/benchmark-infer-amp-nchw-pt240-cu124-rtx4090.csv
    [("vit_tiny_patch16_224", "1.26"), ("levit_128s", "0.31"), ("resnet18", "1.82"), ("repvgg_a0", "1.52")],
)
def test_timms_tables_as_they_are_printed(name: str, billions: str) -> None:
    assert f"{rf.count(f'timm:{name}').total('timm') / 1e9:.2f}" == billions


def test_pycls_counts_a_bias_once_a_pixel_since_2021_and_max_pools_among_its_activations() -> None:
    vgg = rf.vgg(16).cost()
    # 13 convolutions put out 13 547 520 elements and the head 4096 + 4096 + 1000, a bias each.
    assert vgg.total("pycls") == vgg.macs + 13_547_520 + 9192 == 15_483_821_032
    assert vgg.total("pycls-2020") == vgg.macs + 4224 + 9192
    resnet = rf.resnet(50).cost()
    assert pycls.activations(Run(resnet.entries)) == resnet.activations + 64 * 56 * 56
    counted = rf.count(rf.resnet(50))
    assert pycls.activations(Run(counted.entries, counted.trace)) == resnet.activations + 200_704


class Calls(nn.Module):
    """One function, called with its arguments by place or by name."""

    def __init__(self, call: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.call = call

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.call(x)


F = nn.functional
KERNEL, MATRIX, SCALE, BATCH = torch.ones(6, 4, 3, 3), torch.ones(8, 8), torch.ones(4), torch.ones(2, 8, 8)
# Of each function, the same call by place and by name, and the shape of its input.
BY_NAME: dict[str, tuple[tuple[int, ...], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "conv2d": ((2, 4, 8, 8), lambda x: F.conv2d(x, KERNEL), lambda x: F.conv2d(input=x, weight=KERNEL)),
    "conv_transpose2d": (
        (2, 6, 8, 8),
        lambda x: F.conv_transpose2d(x, KERNEL),
        lambda x: F.conv_transpose2d(input=x, weight=KERNEL),
    ),
    "linear": ((2, 3, 8), lambda x: F.linear(x, MATRIX), lambda x: F.linear(input=x, weight=MATRIX)),
    "layer_norm": (
        (2, 4),
        lambda x: F.layer_norm(x, (4,), SCALE),
        lambda x: F.layer_norm(input=x, normalized_shape=(4,), weight=SCALE),
    ),
    "group_norm": (
        (2, 4, 8),
        lambda x: F.group_norm(x, 2, SCALE),
        lambda x: F.group_norm(input=x, num_groups=2, weight=SCALE),
    ),
    "batch_norm": (
        (2, 4, 8),
        lambda x: F.batch_norm(x, SCALE, SCALE, SCALE),
        lambda x: F.batch_norm(input=x, running_mean=SCALE, running_var=SCALE, weight=SCALE),
    ),
    "instance_norm": ((2, 4, 8), lambda x: F.instance_norm(x, None), lambda x: F.instance_norm(input=x)),
    "relu": ((2, 8), lambda x: F.relu(x, False), lambda x: F.relu(input=x)),
    "gelu": ((2, 8), lambda x: F.gelu(x, approximate="none"), lambda x: F.gelu(input=x)),
    "softmax": ((2, 8), lambda x: F.softmax(x, -1), lambda x: F.softmax(input=x, dim=-1)),
    "max_pool2d": ((2, 4, 8, 8), lambda x: F.max_pool2d(x, 2), lambda x: F.max_pool2d(input=x, kernel_size=2)),
    "interpolate": ((2, 4, 8, 8), lambda x: F.interpolate(x, 4), lambda x: F.interpolate(input=x, size=4)),
    "matmul": ((2, 8), lambda x: torch.matmul(x, MATRIX), lambda x: torch.matmul(input=x, other=MATRIX)),
    "mm": ((2, 8), lambda x: torch.mm(x, MATRIX), lambda x: torch.mm(input=x, mat2=MATRIX)),
    "bmm": ((2, 8, 8), lambda x: torch.bmm(x, BATCH), lambda x: torch.bmm(input=x, mat2=BATCH)),
    "addmm": (
        (8, 8),
        lambda x: torch.addmm(x, x, MATRIX),
        lambda x: torch.addmm(input=x, mat1=x, mat2=MATRIX),
    ),
    "attention": (
        (2, 2, 8, 8),
        lambda x: F.scaled_dot_product_attention(x, x, x),
        lambda x: F.scaled_dot_product_attention(query=x, key=x, value=x),
    ),
    "add": ((2, 8), lambda x: torch.add(x, x), lambda x: torch.add(input=x, other=x)),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_arguments_by_name_count_as_those_by_place(name: str) -> None:
    shape, by_place, by_name = BY_NAME[name]
    first, second = (rf.count(Calls(call), shape) for call in (by_place, by_name))
    for rule in CONVENTIONS:
        # torch-flops looks for the bias and the groups of a convolution by name alone.
        if (name, rule) != ("conv2d", "torch-flops"):
            assert first.total(rule) == second.total(rule), rule


class Named(nn.Module):
    """A class of this name that is not torch's."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sigmoid()


@pytest.mark.parametrize("name", ["GELU", "ReLU", "Sigmoid"])
def test_flopth_and_torchmeter_know_a_class_by_identity(name: str) -> None:
    foreign, derived = type(name, (Named,), {}), type(name, (getattr(nn, name),), {})
    # flopth counts one for each element of GELU and ReLU; torchmeter one of ReLU, and four of a sigmoid.
    expected = {"GELU": (8, 0), "ReLU": (8, 8), "Sigmoid": (0, 4 * 8)}[name]
    for kind, figures in ((foreign, (0, 0)), (derived, expected), (getattr(nn, name), expected)):
        ledger = rf.count(nn.Sequential(kind()), (2, 4))
        assert (ledger.total("flopth"), ledger.total("torchmeter")) == figures


class Twins(nn.Module):
    """Two parents with one child, which runs in each."""

    def __init__(self) -> None:
        super().__init__()
        child = nn.Linear(4, 4, bias=False)
        self.first, self.second = nn.Sequential(child), nn.Sequential(child, nn.Identity())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.second(self.first(x))
        return result


def test_a_child_of_two_parents_counts_once_a_parent() -> None:
    ledger = rf.count(Twins(), (1, 4))
    assert ledger.macs == 2 * 4 * 4
    for name, unit in (("ptflops-pytorch", 1), ("calflops-macs", 1), ("calflops", 2), ("deepspeed", 2)):
        assert ledger.total(name) == 2 * unit * ledger.macs


class Masked(nn.Module):
    """Attention with a mask that is a parameter, or none."""

    def __init__(self, learned: bool) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(2, 5, 5), requires_grad=learned)
        if not learned:
            del self.table
            self.register_buffer("table", torch.zeros(2, 5, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.scaled_dot_product_attention(x, x, x, attn_mask=self.table[None] * 1.0)


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("gradients", [False, True])
def test_torch_takes_attention_apart_where_its_mask_needs_a_gradient(learned: bool, gradients: bool) -> None:
    module, tokens = Masked(learned), torch.zeros(1, 2, 5, 4)
    with FlopCounterMode(display=False) as counter, torch.set_grad_enabled(gradients):
        module(tokens)
    # Two products, of two operations, in 2 heads of 4 channels, of 5 tokens with 5.
    assert counter.get_total_flops() == (2 * 2 * 2 * 4 * 5 * 5 if learned and gradients else 0)
    name = "torch" if gradients else "torch-no-grad"
    assert rf.count(module, tokens).total(name) == counter.get_total_flops()


def test_what_resampling_calls_inside_is_not_counted() -> None:
    # On the device meta torch resamples bicubically in Python.
    module = Calls(lambda x: F.interpolate(x, size=(9, 9), mode="bicubic"))
    assert rf.count(module, (1, 3, 4, 4)).total("ptflops-pytorch") == 3 * 9 * 9


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
    with FlopCounterMode(display=False) as counter:
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
    assert rf.count(module, tokens).total("torch-no-grad") == counter.get_total_flops()
    with FlopCounterMode(display=False) as counter:
        module(tokens)
    assert rf.count(module, tokens).total("torch") == counter.get_total_flops() > 0


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


@pytest.mark.parametrize("counter", [name for name, peer in peers.PEERS.items() if peer.gradients])
def test_an_installed_counter_answers_what_we_predict(counter: str) -> None:
    if peers.installed(counter) is None:
        pytest.skip(f"{counter} is not installed")
    model = Net()
    answer = peers.ask(counter, model, [torch.zeros(1, 3, 4, 4)])
    assert answer.figure == rf.count(model, (1, 3, 4, 4)).total(counter), answer.error


def test_a_counter_is_asked_without_gradients_where_that_is_its_convention() -> None:
    module, tokens = SelfAttention(heads=2).eval(), torch.zeros(1, 5, 6)
    assert peers.ask("torch-no-grad", module, [tokens]).figure == 0


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


@pytest.mark.parametrize("name", [*CONVENTIONS])
def test_a_formula_of_a_pool_to_a_given_size_is_the_figure_or_refused(name: str) -> None:
    # VGG's pool makes 7x7 of any size. Where a window ends does not follow a polynomial in the size.
    if name in {"paddle", "thop", "thop-2019", "torch-flops", "ultralytics-thop"}:  # they count by the window
        with pytest.raises(rf.InputError, match="no polynomial in r"):
            rf.vgg(11).closed_form(name, "resolution")
        return
    form = rf.vgg(11).closed_form(name, "resolution")
    for resolution in (32, 224, 288, 512):
        assert form(r=resolution) == rf.vgg(11, resolution=resolution).cost().total(name)
