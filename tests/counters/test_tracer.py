"""The project's own counter on real modules, against descriptions, arithmetic, numel and torchvision's `_ops`."""

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable
from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

import resnext_flops as rf
from resnext_flops.complexity.entries import Entry
from resnext_flops.counters import fvcore_count, operators


def forward(entries: Iterable[Entry]) -> list[Entry]:
    """Entries without their gradients, which a run in evaluation mode does not count, and without value numbers."""
    return [entry._replace(backward=None, holds=(), takes=(), makes=0) for entry in entries]


def flow(entries: Iterable[Entry]) -> list[tuple[str, str, list[str]]]:
    """Of each entry its path, its kind, and what made the values that it takes."""
    makers, found = {0: "the input"}, []
    for entry in entries:
        makers[entry.makes] = f"{entry.path} ({entry.kind})"
        found.append((entry.path, entry.kind, [makers[number] for number in entry.takes]))
    return found


@pytest.mark.parametrize("name", ["resnext50_32x4d", "resnet18", "vgg11_bn", "inception_v3", "wrn_16_8"])
def test_the_traced_ledger_of_a_described_network_is_the_described_one(name: str) -> None:
    network = rf.network(name)
    expected = [entry for entry in network.cost() if not entry.training_only and entry.kind != "auxiliary head"]
    found = rf.count(network)
    ran = [entry for entry in found if entry.kind != "unused parameter"]
    assert forward(ran) == forward(expected)
    assert flow(ran) == flow(expected)
    assert found.params == network.cost().params
    assert not found.unknown


@pytest.mark.parametrize("name", ["alexnet_2012", "resnet20_cifar", "inception_resnet_v2", "googlenet"])
def test_every_layer_that_costs_something_is_the_described_one(name: str) -> None:
    # What torch makes of several free operators (local response norm, a padded shortcut) has other entries.
    network = rf.network(name)
    described = [entry for entry in network.cost() if entry.params and not entry.training_only]
    found = [entry for entry in rf.count(network) if entry.params and entry.kind != "unused parameter"]
    assert forward(found) == forward(described)


def test_values_are_followed_through_views_sums_and_changes_in_place() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.relu = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.ReLU(inplace=True)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            a = self.relu(self.a(x.transpose(2, 3)))
            total: Tensor = self.b(a[:, :, 1:]) + a[:, :, 1:] + y
            return total

    image = torch.zeros(1, 3, 4, 4)
    entries = rf.count(Net(), [image, image[:, :, 1:]]).entries
    # The inputs are 0 and 1; then the convolution makes 2, the ReLU 3, the second convolution 4, and the sum 5.
    assert [(entry.kind, entry.takes, entry.makes) for entry in entries] == [
        ("conv", (0,), 2),
        ("relu", (2,), 3),
        ("conv", (3,), 4),
        ("sum", (4, 3, 1), 5),
    ]


class Flow(nn.Module):
    """A forward pass over three convolutions of one pixel."""

    def __init__(self, forward: Callable[..., Tensor]) -> None:
        super().__init__()
        self.a, self.b, self.d = (nn.Conv2d(4, 4, 1) for _ in range(3))
        self.run = forward

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, x)


def changed_through_a_view(net: Flow, x: Tensor) -> Tensor:
    y = net.a(x)
    torch.relu_(y.view(1, -1))
    made: Tensor = net.b(y)
    return made


def changed_in_part(net: Flow, x: Tensor) -> Tensor:
    y = net.a(x)
    y[:, :2].add_(1)
    made: Tensor = net.b(y)
    return made


def copied(net: Flow, x: Tensor) -> Tensor:
    z = torch.zeros_like(x)
    z.copy_(net.a(x))
    made: Tensor = net.b(z)
    return made


def copied_in_part(net: Flow, x: Tensor) -> Tensor:
    y = net.a(x)
    y[:, 0:2] = net.d(x)[:, :2]
    made: Tensor = net.b(y)
    return made


def chosen(net: Flow, x: Tensor) -> Tensor:
    made: Tensor = net.d(torch.where(x > 0, net.a(x), net.b(x)))
    return made


def stacked(net: Flow, x: Tensor) -> Tensor:
    return torch.stack([net.a(x), net.b(x)]).mean(0)


@pytest.mark.parametrize(
    ("forward", "kind", "makers"),
    [
        (changed_through_a_view, "conv", {"relu"}),
        (changed_in_part, "conv", {"conv", "sum"}),
        (copied, "conv", {"conv"}),
        (copied_in_part, "conv", {"conv"}),
        (chosen, "conv", {"conv"}),
        (stacked, "mean", {"conv"}),
    ],
)
def test_values_are_followed_through_changes_in_place_and_choices(
    forward: Callable[..., Tensor], kind: str, makers: set[str]
) -> None:
    entries = rf.count(Flow(forward), (1, 4, 3, 3)).entries
    made = {entry.makes: entry for entry in entries}
    last = [entry for entry in entries if entry.kind == kind][-1]
    takes = [made[number] for number in last.takes if number in made]
    assert {entry.kind for entry in takes if entry.kind not in {"comparison", "gt"}} == makers
    assert 0 not in last.takes or forward is chosen  # where it chooses by the input, the input is a source too
    if forward in {copied_in_part, chosen, stacked}:
        assert len({entry.path for entry in takes if entry.kind == "conv"}) == 2


def test_one_tensor_given_twice_is_one_value() -> None:
    image = torch.zeros(1, 4, 3, 3)
    entries = rf.count(nn.Bilinear(3, 3, 5), [image, image]).entries
    assert {number for entry in entries for number in entry.takes} <= {0, *(entry.makes for entry in entries)}


@given(
    groups=st.integers(1, 3),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    bias=st.booleans(),
    size=st.integers(5, 9),
    dims=st.integers(1, 3),
    dilation=st.integers(1, 2),
)
def test_random_convolutions_of_all_dimensions(
    groups: int, kernel: int, stride: int, bias: bool, size: int, dims: int, dilation: int
) -> None:
    layer = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims - 1](
        2 * groups, 4 * groups, kernel, stride, dilation=dilation, groups=groups, bias=bias
    )
    image = torch.zeros(1, 2 * groups, *[size] * dims)
    found = rf.count(layer, image)
    assert found.macs == layer(image).numel() * 2 * kernel**dims
    assert found.macs == fvcore_count.count_with_fvcore(layer, image).total
    assert found.entries[0].groups == groups


@pytest.mark.parametrize(
    ("module", "shapes", "macs"),
    [
        (nn.ConvTranspose2d(4, 6, 3, groups=2), [(1, 4, 5, 5)], 5 * 5 * 4 * 3 * 9),
        # Both directions of the second layer see both of the first.
        (nn.LSTM(8, 16, 2, bidirectional=True), [(5, 1, 8)], 5 * 2 * 4 * 16 * ((8 + 16) + (32 + 16))),
        (nn.GRU(8, 16), [(5, 3, 8)], 15 * 3 * 16 * (8 + 16)),
        (nn.LSTMCell(8, 16), [(2, 8)], 2 * 4 * 16 * (8 + 16)),
        # Three projections, two products of attention over four tokens, one projection.
        (nn.MultiheadAttention(8, 2, batch_first=True), [(1, 4, 8)] * 3, 4 * 4 * 64 + 2 * 4 * 4 * 8),
        (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), [(1, 4, 8)], 4 * 4 * 64 + 2 * 4 * 4 * 8 + 2 * 4 * 128),
        (nn.Bilinear(3, 4, 5), [(2, 3), (2, 4)], 2 * 5 * (3 * 4 + 4)),
    ],
)
def test_fused_layers_are_no_silent_zeros(module: nn.Module, shapes: list[tuple[int, ...]], macs: int) -> None:
    found = rf.count(module, [torch.zeros(shape) for shape in shapes])
    assert found.macs == macs
    assert found.params == sum(part.numel() for part in module.parameters())
    assert not found.unknown
    assert found.trace is not None
    assert not found.trace.remarks


class Products(nn.Module):
    def forward(self, x: Tensor, *, other: dict[str, Tensor]) -> Tensor:
        y = other["y"]
        return x @ y + torch.einsum("ij,kj->ik", x, y) + torch.addmm(x, x, y).relu_()


def test_products_of_all_forms_nested_inputs_and_keywords() -> None:
    found = rf.count(Products(), [torch.zeros(4, 4)], {"other": {"y": torch.zeros(4, 4)}})
    assert found.macs == 3 * 4**3


class Checkpointed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = checkpoint(self.body, x, use_reentrant=False)
        return result


def test_the_same_answer_with_gradients_without_and_in_inference_mode() -> None:
    module, image = Checkpointed(), torch.zeros(1, 8)
    plain = rf.count(module, image)
    with torch.no_grad():
        assert rf.count(module, image).entries == plain.entries
    with torch.inference_mode():
        assert rf.count(module, image).entries == plain.entries
    assert plain.macs == 2 * 64


def test_gradients_are_exact() -> None:
    # The first layer's input needs no gradient; the second layer's weight is frozen.
    module = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2, bias=False), nn.Conv2d(4, 4, 1, bias=False))
    module[1].weight.requires_grad_(False)
    found = rf.count(module, (1, 4, 6, 6), training=True)
    first, second = 4 * 2 * 9 * 16, 4 * 4 * 16
    assert [entry.backward for entry in found] == [first, second]
    assert found.backward == first + second
    with pytest.raises(rf.InputError, match="was not counted in training"):
        _ = rf.count(module, (1, 4, 6, 6)).backward


class Attended(nn.Module):
    """Attention in five dimensions, which torch takes apart into products that its own counter sees."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.layer(x)
        return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)


def test_gradients_of_attention_are_those_that_torch_counts() -> None:
    module, tokens = Attended(), torch.randn(2, 2, 3, 8, 4)
    with FlopCounterMode(display=False) as counter:
        module(tokens).sum().backward()
    found = rf.count(module, tokens, training=True)
    assert 2 * (found.macs + found.backward) == counter.get_total_flops()


class Heads(nn.Module):
    """Attention of four heads of queries; keys and values have so many heads, and may be views of other tensors."""

    def __init__(self, keys: int, values: int, groups: bool, turned: str) -> None:
        super().__init__()
        self.heads, self.groups, self.turned = {"q": 4, "k": keys, "v": values}, groups, turned

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            x[:, :heads].mT.contiguous().mT if name in self.turned else x[:, :heads]
            for name, heads in self.heads.items()
        )
        return nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=self.groups)


@pytest.mark.parametrize(
    ("keys", "values", "groups", "turned", "fused"),
    [
        (4, 4, False, "", True),
        (1, 1, False, "", True),  # as in MobileNetV4: one head of keys and values for all queries
        (2, 2, True, "", True),
        (4, 1, False, "", False),
        (1, 4, True, "", False),
        (4, 4, False, "q", False),  # as in LowFormer: pixels before channels, in the memory of channels before pixels
        (4, 4, False, "k", False),
        (4, 4, False, "v", False),
        (1, 1, False, "kv", False),
    ],
)
def test_torch_sees_attention_that_it_does_not_fuse(
    keys: int, values: int, groups: bool, turned: str, fused: bool
) -> None:
    module, tokens = Heads(keys, values, groups, turned), torch.randn(1, 4, 5, 3)
    with FlopCounterMode(display=False) as counter:
        module(tokens)
    # Scores and weighted values: four heads, five queries, five keys, width three; two operations a multiply-add.
    assert counter.get_total_flops() == (0 if fused else 2 * 2 * 4 * 5 * 5 * 3)
    assert rf.count(module, tokens).total("torch") == counter.get_total_flops()


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.Linear(4, 4)
        self.one, self.two = nn.Sequential(layer), nn.Sequential(layer)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.two(self.one(self.one(x)))
        return result


def test_a_shared_layer_costs_each_time_and_has_its_parameters_once() -> None:
    found = rf.count(Shared(), (1, 4))
    assert [entry.path for entry in found] == ["one.0", "one.0", "two.0"]
    assert found.macs == 3 * 16
    assert found.params == found.entries[0].params == 20


class ReadsValues(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.calls: Tensor
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        result: Tensor = self.layer(x) if float(x.sum()) > 0 else self.layer(self.layer(x))
        return result


def test_what_reads_values_runs_on_the_real_device_and_says_so() -> None:
    module = ReadsValues().train()
    found = rf.count(module, torch.ones(1, 4))
    assert found.macs == 16
    assert found.trace is not None
    assert "so it ran on cpu" in found.trace.remarks[0]
    assert module.calls == 0
    assert module.training


def test_the_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    module[0].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    relu, add = nn.functional.relu, torch.Tensor.__add__
    rf.count(module, (2, 3, 8, 8), training=True)
    assert [part.training for part in module] == [False, True]
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert not any(vars(part)[hooks] for part in module for hooks in ("_forward_hooks", "_forward_pre_hooks"))
    assert (nn.functional.relu, torch.Tensor.__add__) == (relu, add)


class Inverse(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = torch.linalg.inv(x)
        return result


def test_an_unknown_operator_makes_the_total_a_lower_bound() -> None:
    found = rf.count(Inverse(), (4, 4))
    assert found.lower_bound
    assert found.unknown[0].operator == "aten.linalg_inv_ex"
    assert found.unknown[0].inputs == ((4, 4),)


def test_a_formula_for_an_operator_of_ones_own() -> None:
    @torch.library.custom_op("resnext_flops_test::twice", mutates_args=())
    def twice(x: Tensor) -> Tensor:
        return 2 * x

    @twice.register_fake
    def _(x: Tensor) -> Tensor:
        return torch.empty_like(x)

    class Custom(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = twice(x)
            return result

    assert rf.count(Custom(), (1, 4)).unknown
    rf.operator("resnext_flops_test::twice", kind="twice")(lambda args, output: args[0][-1] * prod(output))
    assert rf.count(Custom(), (1, 4)).macs == 4 * 4


def test_an_operator_that_returns_nothing_is_not_left_out() -> None:
    @torch.library.custom_op("resnext_flops_test::multiply_into", mutates_args={"out"})
    def multiply_into(x: Tensor, y: Tensor, out: Tensor) -> None:
        torch.mm(x, y, out=out)

    @multiply_into.register_fake
    def _(x: Tensor, y: Tensor, out: Tensor) -> None:
        assert out.shape == (x.shape[0], y.shape[1])

    class Custom(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            out = x.new_empty(3, 3)
            multiply_into(x, x.T, out)
            return out

    assert [one.operator for one in rf.count(Custom(), (3, 4)).unknown] == ["resnext_flops_test.multiply_into"]
    rf.operator("resnext_flops_test::multiply_into", kind="matmul")(lambda args, output: args[0][-1] * prod(output))
    assert rf.count(Custom(), (3, 4)).macs == 3 * 4 * 3


@pytest.mark.parametrize(("name", "kind"), [("aten::conv2d", "conv"), ("aten::relu", "relu"), ("aten::clone", "free")])
def test_a_second_rule_of_one_operator_is_refused(name: str, kind: str) -> None:
    with pytest.raises(rf.InputError, match=f"the operator '{name}' has a rule already: {kind}"):
        rf.operator("resnext_flops_test::new", name, kind="other")(lambda args, output: 1)
    assert "resnext_flops_test::new" not in operators._RULES  # noqa: SLF001


def test_an_input_that_does_not_fit_is_one_sentence() -> None:
    with pytest.raises(rf.InputError, match="does not run on an input of 1x4x8x8: RuntimeError: Given groups=1"):
        rf.count(nn.Conv2d(3, 4, 3), torch.zeros(1, 4, 8, 8))


@pytest.mark.parametrize(
    "name", ["mobilenet_v3_small", "shufflenet_v2_x0_5", "swin_t", "convnext_tiny", "regnet_y_400mf"]
)
def test_torchvisions_own_figures(name: str) -> None:
    from torchvision import models

    meta = next(iter(models.get_model_weights(name))).meta
    found = rf.count(f"torchvision:{name}")
    assert abs(found.macs - meta["_ops"] * 10**9) < 10**6
    assert found.params == meta["num_params"]
    assert not found.unknown


class Unsqueezed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = nn.functional.relu(self.layer(x))
        return y.unsqueeze_(0)


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_records_are_those_of_the_run_also_when_they_are_made_later(device: str) -> None:
    module = Unsqueezed().to(device)
    trace = rf.count(module, (2, 4)).trace
    assert trace is not None
    records = trace.records
    # The shape that the output had when it was put out, not the one that it was given in place.
    assert [(record.name, record.output) for record in records.functions] == [("F.linear", (2, 4)), ("F.relu", (2, 4))]
    assert [record.outputs for record in records.calls] == [((1, 2, 4),), ((2, 4),)]
    assert [record.name for record in records.operators] == ["aten.linear.default", "aten.relu.default"]
    assert not trace.one
    module.layer.in_features = 7
    assert records.calls[1].settings["in_features"] == 4


def test_a_trace_made_later_is_the_one_made_at_once() -> None:
    with torch.device("meta"):
        shapes = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    real = shapes.to_empty(device="cpu")
    later = rf.count(real.to("meta"), (1, 3, 8, 8))
    at_once = rf.count(shapes.to_empty(device="cpu"), (1, 3, 8, 8))
    assert later.trace is not None
    assert later.trace == at_once.trace
    assert pickle.loads(pickle.dumps(later)) == later  # noqa: S301


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 4, 3), nn.Linear(8, 4), nn.Bilinear(8, 8, 4)])
def test_whole_numbers_into_a_layer_are_refused_as_on_a_cpu(layer: nn.Module) -> None:
    inputs = [torch.zeros(1, 3, 8, 8, dtype=torch.int64)] * (2 if isinstance(layer, nn.Bilinear) else 1)
    with pytest.raises(RuntimeError):
        layer(*inputs)
    for module in (layer, layer.to("meta")):
        with pytest.raises(rf.InputError):
            rf.count(module, inputs)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize("training", [False, True])
def test_a_frozen_module_says_that_its_parameters_are_constants(training: bool) -> None:
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 5))
    frozen = torch.jit.freeze(torch.jit.script(layers.eval()))
    found = rf.count(frozen, (1, 3, 8, 8), training=training)
    # 6 x 6 pixels with 8 filters of 3 x 3 x 3, and a layer from all of them to 5.
    assert (found.macs, found.params) == (36 * 8 * 27 + 8 * 36 * 5, 0)
    assert found.trace is not None
    assert [remark for remark in found.trace.remarks if "made the parameters constants of the code" in remark]
    assert not found.unknown
    whole = rf.count(torch.jit.script(layers), (1, 3, 8, 8))
    assert whole.trace is not None
    assert not whole.trace.remarks


FIRST_JVP = """
import sys, torch
import resnext_flops as rf
class Net(torch.nn.Linear):
    def forward(self, x):
        return torch.func.jvp(super().forward, (x,), (x,))[1]
assert "torch._decomp.decompositions_for_jvp" not in sys.modules
found = rf.count(Net(8, 8), (4, 8))
again = rf.count(Net(8, 8), (4, 8))
print(found.macs, again.macs, found.unknown, found.trace.remarks)
"""


def test_the_first_jvp_of_a_process_is_counted_as_any_other() -> None:
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", FIRST_JVP], capture_output=True, text=True, check=False)
    # Torch multiplies the weights by the input, by its tangent, and by the input again where it takes `linear` apart.
    assert ran.stdout.split(" ", 2)[2] == "() ()\n", ran.stderr
    first, again = map(int, ran.stdout.split()[:2])
    assert first == again
    assert first % (4 * 8 * 8) == 0
    assert first >= 2 * 4 * 8 * 8


def test_gradients_that_a_model_takes_are_refused_in_one_sentence() -> None:
    class Force(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            x = x.requires_grad_()
            return torch.autograd.grad(super().forward(x).sum(), x)[0]

    for training in (False, True):
        with pytest.raises(rf.InputError, match=r"^the model takes gradients in its forward pass, and what these"):
            rf.count(Force(4, 4), (2, 4), training=training)
