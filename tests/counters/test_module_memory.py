"""The memory of real modules on `meta`: against real runs on the CPU, optimizers, descriptions and arithmetic."""

import gc
import logging
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules import module as hooks
from torch.utils.checkpoint import checkpoint
from torchvision import models

import resnext_flops as rf
from resnext_flops.complexity.memory import Memory
from resnext_flops.counters.module_memory import module_memory, saved_bytes
from tests.alive import most_alive, saved
from tests.descriptions import networks


def on_meta(make: Callable[[], nn.Module]) -> nn.Module:
    """A module that has no memory, so that it cannot run with memory instead."""
    with torch.device("meta"):
        return make()


def memory_of(module: nn.Module, *args: Any, **settings: Any) -> Memory:
    """The memory of a call for a batch of its first tensor."""
    return module_memory(module, args, {}, batch=len(args[0]), **settings)


def agree(make: Callable[[], nn.Module], *args: Any) -> Memory:
    """Hold the memory of a module on `meta` against a real run, and return it."""
    found = memory_of(on_meta(make), *args)
    assert found.kept == saved(make(), *args)
    assert found.live == most_alive(make(), *args)
    return found


# Descriptions ---------------------------------------------------------------------------------------------------------


@settings(max_examples=8)
@given(
    network=networks(),
    batch=st.integers(2, 4),
    dtype=st.sampled_from(["float64", "float32", "bfloat16"]),
    optimizer=st.sampled_from(["sgd", "adam"]),
)
def test_a_described_network_and_its_module_have_one_memory(
    network: rf.Network, batch: int, dtype: str, optimizer: str
) -> None:
    image = torch.empty(batch, *network.input, device="meta")
    found = memory_of(network.to_torch("meta"), image, dtype=dtype, optimizer=optimizer)
    assert found == network.memory(batch, dtype, optimizer)


@pytest.mark.parametrize(
    "call",
    [
        "resnet((1, 2), block='basic', shortcut='A', resolution=32, base_width=4)",
        "resnet((2, 1), preactivation=True, resolution=32, base_width=4)",
        "alexnet('paper', resolution=67)",
    ],
)
def test_the_families(call: str) -> None:
    network = rf.network(call)
    found, derived = memory_of(network.to_torch("meta"), torch.empty(2, *network.input)), network.memory(2)
    if "alexnet" in call:  # torch computes local response norm in seven steps
        assert found.moved > derived.moved
        assert found.moved_in_training > derived.moved_in_training
        derived = derived._replace(moved=found.moved, moved_in_training=found.moved_in_training)
    assert found == derived


# Real runs ------------------------------------------------------------------------------------------------------------


def transformer() -> Any:
    return models.VisionTransformer(32, 16, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32, dropout=0.1)


def swin() -> Any:
    return models.SwinTransformer([4, 4], 8, [2, 2], [2, 2], [4, 4], dropout=0.1, attention_dropout=0.1)


def vit_tiny() -> Any:
    return timm.create_model("vit_tiny_patch16_224", img_size=32, depth=2, attn_drop_rate=0.1)


@pytest.mark.parametrize(
    "make",
    [models.resnet18, models.mobilenet_v3_small, models.squeezenet1_1, transformer, swin, vit_tiny],
    ids=lambda make: str(make.__name__),
)
def test_real_models_keep_and_hold_what_a_run_on_the_cpu_does(make: Callable[[], nn.Module]) -> None:
    assert agree(make, torch.zeros(2, 3, 32, 32)).activations > 0


# Of each kind of those that take gigabytes there is a smaller one.
LARGEST = "convnext_large efficientnet_b7 regnet_y_128gf regnet_y_32gf vit_h_14 vit_l_16 vit_l_32"
PIXELS = {"inception_v3": 299, "maxvit_t": 224, "vit_b_16": 224, "vit_b_32": 224}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The default weight initialization")
@pytest.mark.parametrize("name", sorted(set(models.list_models(module=models)) - set(LARGEST.split())))
def test_torchvision(name: str) -> None:
    pixels = PIXELS.get(name, 64)
    real = models.get_model(name, num_classes=10)
    # A RegNet cannot be built on `meta`, but it can go there.
    agree(lambda: deepcopy(real).to(torch.get_default_device()), torch.zeros(2, 3, pixels, pixels))


TIMM = (
    "vit_tiny_patch16_224 swin_tiny_patch4_window7_224 convnext_atto efficientnet_b0 mixer_s32_224 resnest14d coat_tiny"
)


@pytest.mark.slow
@pytest.mark.parametrize("name", TIMM.split())
def test_timm(name: str) -> None:
    agree(lambda: timm.create_model(name, drop_rate=0.1), torch.zeros(2, 3, 224, 224))


# Kinds of modules -----------------------------------------------------------------------------------------------------


class Function(nn.Module):
    """A function of a learned matrix of 8 x 8 and an input."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 8))
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(self.weight, *args)


def attention(weight: Tensor, x: Tensor, mask: Tensor | None = None) -> Tensor:
    heads = (x @ weight).view(2, 5, 2, 4).transpose(1, 2)
    return functional.scaled_dot_product_attention(heads, heads, heads, mask, dropout_p=0.0)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 8)
        self.head = nn.Linear(8, 10, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids: Tensor) -> Any:
        return self.head(self.embedding(ids))


class Checkpointed(nn.Module):
    def __init__(self, *, reentrant: bool) -> None:
        super().__init__()
        self.first, self.last, self.reentrant = nn.Linear(8, 8), nn.Linear(8, 8), reentrant
        self.block = nn.Sequential(nn.Linear(8, 64), nn.Dropout(0.1), nn.ReLU(), nn.Linear(64, 8))

    def forward(self, x: Tensor) -> Any:
        return self.last(checkpoint(self.block, self.first(x), use_reentrant=self.reentrant))


class Falling(nn.Module):
    """A module that goes on where a part of it fails."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong, self.right = nn.Linear(9, 8), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Any:
        try:
            return self.wrong(x)
        except RuntimeError:
            return self.right(x).sigmoid()


class Plain(nn.Module):
    """A module with a tensor that is neither learned nor a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.scale = nn.Linear(8, 8), torch.ones(8)

    def forward(self, x: Tensor) -> Any:
        return self.linear(x) * self.scale


class Partly(nn.Module):
    """A module with a batch norm that never trains, and with a buffer that each run replaces."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.fixed, self.norm, self.first = nn.BatchNorm2d(4), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1)
        self.register_buffer("mean", torch.zeros(4, 1, 1))

    def train(self, mode: bool = True) -> Any:
        super().train(mode)
        self.fixed.eval()

    def forward(self, x: Tensor) -> Any:
        self.mean = self.mean * 0.9 + x.mean((0, 2, 3)).view(4, 1, 1)
        return self.norm(self.fixed(self.first(x) - self.mean))


class OfOnesOwn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x.sigmoid())
        return x * 2

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0] * 2


WORDS, ROWS, IMAGE = torch.zeros(2, 5, dtype=torch.int64), torch.ones(2, 5, 8), torch.ones(2, 4, 6, 6)
MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[Tensor, ...]]] = {
    "attention": (lambda: Function(attention), (ROWS,)),
    "attention with a mask": (lambda: Function(attention), (ROWS, torch.ones(5, 5, dtype=torch.bool))),
    "attention with a learned mask": (lambda: Function(lambda w, x: attention(w, x, w[:5, :5] * 2)), (ROWS,)),
    "encoder": (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), (ROWS,)),
    "decoder": (lambda: nn.TransformerDecoderLayer(8, 2, 16, batch_first=True), (ROWS, ROWS)),
    "tied": (Tied, (WORDS,)),
    "checkpointed": (lambda: Checkpointed(reentrant=False), (ROWS,)),
    "checkpointed, reentrant": (lambda: Checkpointed(reentrant=True), (ROWS,)),
    "in place": (lambda: Function(lambda w, x: (x @ w).sub_(1).relu_().mul_(2)), (ROWS,)),
    "slices": (lambda: Function(lambda w, x: torch.cat((x @ w).chunk(2, -1)[::-1], -1)), (ROWS,)),
    "constants": (lambda: Function(lambda w, x: x @ w + torch.arange(8) * torch.zeros_like(x)), (ROWS,)),
    "a plain tensor": (Plain, (ROWS,)),
    "spectral norm by hooks": (lambda: torch.nn.utils.spectral_norm(nn.Linear(8, 4)), (ROWS,)),
    "a part that does not train": (Partly, (IMAGE,)),
    "a part that fails": (Falling, (ROWS,)),
    "a function of one's own": (lambda: Function(lambda w, x: OfOnesOwn.apply(x @ w)), (ROWS,)),
    "recurrent": (lambda: nn.GRU(8, 6, 2, dropout=0.1), (ROWS,)),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(8, 4)), (ROWS,)),
    "no parameters": (lambda: nn.Sequential(nn.ReLU(), nn.AvgPool2d(2)), (IMAGE,)),
    "norms": (lambda: nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True), nn.GELU()), (IMAGE,)),
    "channels last": (lambda: nn.Conv2d(4, 8, 3), (IMAGE.to(memory_format=torch.channels_last),)),
    "half of a larger tensor": (lambda: nn.Conv2d(4, 8, 3), (torch.ones(2, 8, 6, 6)[:, ::2],)),
}


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")  # a checkpoint in evaluation mode
@pytest.mark.parametrize("name", MODULES)
def test_kinds_of_modules(name: str) -> None:
    make, args = MODULES[name]
    agree(make, *args)


def test_attention_takes_the_form_that_it_takes_on_the_cpu() -> None:
    # The fused form keeps queries, keys and values (one tensor of 2 x 5 x 8 numbers here), its output, and a number for
    # each query of each of 2 heads. Torch's plain form would keep the 2 x 2 x 5 x 5 weights. x @ w keeps x.
    found = agree(lambda: Function(attention), ROWS)
    assert found.activations == 4 * (3 * 80 + 2 * 2 * 5)


def test_a_checkpointed_block_keeps_its_input() -> None:
    # The first layer keeps its input of 2 x 5 x 8 numbers, the block the same, and the last layer its input.
    for reentrant in (True, False):
        found = memory_of(on_meta(lambda: Checkpointed(reentrant=reentrant)), ROWS)  # noqa: B023
        assert found.kept == {"first": 320, "": 320, "last": 320}


def test_a_tied_tensor_is_there_once() -> None:
    found = agree(Tied, WORDS)
    assert found.weights == found.gradients == found.state == 4 * 10 * 8
    # Two layers read it, and of the 10 ids each has eight bytes. The output has 10 x 10 numbers.
    assert found.moved == (8 * 10 + 320 + 4 * 80) + (4 * 80 + 320 + 4 * 100)


@pytest.mark.filterwarnings("ignore:TF32 acceleration on top of oneDNN")
def test_a_recurrent_layer_is_that_of_torch_without_onednn() -> None:
    found = memory_of(on_meta(lambda: nn.LSTM(8, 6, 2)), ROWS)
    with torch.backends.mkldnn.flags(enabled=False):
        assert found.kept == saved(nn.LSTM(8, 6, 2), ROWS)
    assert found.live == most_alive(nn.LSTM(8, 6, 2), ROWS)


def frozen() -> nn.Module:
    module = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    module[0].requires_grad_(False)
    module[2].bias.requires_grad_(False)
    module[4].weight.requires_grad_(False)
    return module


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_frozen_tensors_have_no_gradient_and_no_state(optimizer: str) -> None:
    agree(frozen, ROWS)
    found, module = memory_of(on_meta(frozen), ROWS, optimizer=optimizer), frozen()
    trained = [part for part in module.parameters() if part.requires_grad]
    updates = torch.optim.Adam(trained) if optimizer == "adam" else torch.optim.SGD(trained, 0.1, momentum=0.9)
    module(ROWS).sum().backward()
    updates.step()
    assert found.gradients == sum(part.grad.nbytes for part in module.parameters() if part.grad is not None)
    state = [value for values in updates.state.values() for value in values.values() if isinstance(value, Tensor)]
    assert found.state == sum(value.nbytes for value in state)
    assert found.weights == 4 * 3 * (64 + 8)


def test_bytes_that_move_by_hand() -> None:
    # Five operators forward, of 80 numbers each; those of a linear layer read 64 weights and 8 biases too.
    found = memory_of(on_meta(frozen), ROWS)
    assert found.moved == 4 * (5 * 160 + 3 * 72)
    # No gradient passes the first layer and the first ReLU. Then a weight's, a ReLU's, and a bias's with the input's.
    middle = 80 + 72 + 64  # reads a gradient and what it learned, writes the gradient of its weight
    relu = 80 + 80
    last = 80 + 72 + 80 + 8
    kept = 80 + 80  # the input of the middle layer, and the output of the second ReLU
    assert found.moved_in_training == found.moved + 4 * (middle + relu + last + kept)


def test_what_is_not_read_does_not_move() -> None:
    # A product of 2 x 5 x 8 numbers with the 8 x 8, zeros of the same shape, and the sum. Flattening moves nothing.
    found = memory_of(on_meta(lambda: Function(lambda w, x: ((x @ w) + torch.zeros_like(x)).flatten())), ROWS)
    assert found.moved == 4 * ((80 + 64 + 80) + 80 + (80 + 80 + 80))
    # Eight numbers are read once where they stand in for 80.
    found = memory_of(on_meta(lambda: Function(lambda w, x: torch.cat([x, w[:1].expand(2, 5, 8)]))), ROWS)
    assert found.moved == 4 * (80 + 8 + 160)


def test_a_sum_of_one_call_is_one_operator() -> None:
    # It reads three tensors and writes one. Each part of the sum in a call of its own reads two.
    found = memory_of(on_meta(lambda: Function(lambda w, x: x + x + w[0])), ROWS)
    assert found.moved == 4 * (80 + 80 + 8 + 80)
    found = memory_of(on_meta(lambda: Function(lambda w, x: (x + x) * w[0] + x)), ROWS)
    assert found.moved == 4 * ((80 + 80 + 80) + (80 + 8 + 80) + (80 + 80 + 80))
    found = memory_of(on_meta(lambda: Function(lambda w, x: (x + x, x + w[0]))), ROWS)
    assert found.moved == 4 * ((80 + 80 + 80) + (80 + 8 + 80))


def test_live_by_hand() -> None:
    # While the second layer makes 2 x 30 numbers of 2 x 20, the 2 x 10 of the input exist too; nothing does after it.
    layers = nn.Sequential(nn.Linear(10, 20), nn.Linear(20, 30), nn.Linear(30, 5))
    assert memory_of(layers.to("meta"), torch.ones(2, 10)).live == 4 * 2 * (10 + 20 + 30)


def test_memory_is_affine_in_the_batch() -> None:
    module = on_meta(models.resnet18)
    kept = [memory_of(module, torch.empty(batch, 3, 64, 64, device="meta")).activations for batch in (2, 3, 5)]
    assert 2 * (kept[1] - kept[0]) == kept[2] - kept[1]
    # What does not grow are two statistics of each channel of each batch norm.
    channels = sum(part.num_features for part in module.modules() if isinstance(part, nn.BatchNorm2d))
    assert kept[0] - 2 * (kept[1] - kept[0]) == 4 * 2 * channels


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_a_type_is_that_of_all_floating_point_tensors(dtype: str) -> None:
    found, kind = memory_of(on_meta(transformer), torch.zeros(2, 3, 32, 32), dtype=dtype), getattr(torch, dtype)
    assert found.kept == saved(transformer().to(kind), torch.zeros(2, 3, 32, 32, dtype=kind))
    assert found.live == most_alive(transformer().to(kind), torch.zeros(2, 3, 32, 32, dtype=kind))
    norm = memory_of(on_meta(lambda: nn.BatchNorm2d(4)), IMAGE, dtype=dtype)
    # A mean and a variance of four channels, and the number of batches, which is a whole number of eight bytes.
    assert norm.buffers == 2 * 4 * kind.itemsize + 8


# Where it runs, and what it leaves ------------------------------------------------------------------------------------


class Reading(nn.Module):
    """A module whose code reads a value, draws random numbers, counts its calls, and changes its input."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.calls = nn.BatchNorm1d(8), 0

    def forward(self, x: Tensor) -> Any:
        self.calls += 1
        x.add_(1)
        return functional.dropout(self.norm(x), 0.1, self.training) if x.sum() < random.random() * 1e9 else x  # noqa: S311


def test_code_that_reads_values_runs_with_memory() -> None:
    rows = torch.ones(4, 8)
    found = module_memory(Reading(), [rows], {}, batch=4)
    assert (found.kept, found.live) == (saved(Reading(), rows), most_alive(Reading(), rows))
    filled = module_memory(Reading(), [torch.empty(4, 8, device="meta")], {}, batch=4)
    assert filled == found
    with pytest.raises(rf.InputError, match="the model does not run without memory: DataDependentOutput"):
        memory_of(on_meta(Reading), rows)


@pytest.mark.parametrize("make", [Reading, transformer], ids=["with memory", "without memory"])
@pytest.mark.parametrize("training", [True, False])
def test_everything_is_left_as_it_was(make: Callable[[], nn.Module], training: bool) -> None:
    module, inputs = make(), torch.rand(4, 8) if make is Reading else torch.rand(2, 3, 32, 32)
    module.train(training)
    next(module.children()).train(not training)
    module.register_forward_hook(lambda *_: None)

    def state() -> Any:
        log = logging.getLogger("torch._subclasses.fake_tensor")
        tensors = {name: part.tolist() for name, part in module.state_dict().items()} | {"input": inputs.tolist()}
        flags = [(part.training, vars(part).keys(), len(vars(part)["_forward_hooks"])) for part in module.modules()]
        everywhere = {name: len(found) for name, found in vars(hooks).items() if name.startswith("_global_forward")}
        drawn = (torch.random.get_rng_state().tolist(), random.getstate(), gc.isenabled(), torch.is_grad_enabled())
        others = torch.backends.mkldnn.enabled, getattr(module, "calls", 0), [id(part) for part in module.parameters()]
        return tensors, flags, everywhere, log.disabled, drawn, others, [part.grad for part in module.parameters()]

    gc.enable()
    logging.getLogger("torch._subclasses.fake_tensor").disabled = False
    before = state()
    module_memory(module, [inputs], {}, batch=len(inputs))
    assert state() == before


def test_named_inputs_and_one_tensor_given_twice() -> None:
    rows = torch.empty(2, 5, 8, device="meta")
    module = on_meta(lambda: nn.MultiheadAttention(8, 2, batch_first=True))
    once = module_memory(module, [], {"query": rows, "key": rows, "value": rows}, batch=2)
    thrice = module_memory(module, [rows.clone(), rows.clone(), rows.clone()], {}, batch=2)
    assert thrice.live is not None
    assert once.live is not None
    assert thrice.live > once.live
    real = nn.MultiheadAttention(8, 2, batch_first=True)
    assert once.kept == saved(real, query=ROWS, key=ROWS, value=ROWS)
    assert thrice.kept == saved(real, ROWS.clone(), ROWS.clone(), ROWS.clone())


def test_an_input_that_needs_a_gradient_makes_layers_keep_more() -> None:
    rows, module = torch.ones(2, 8, requires_grad=True), nn.Sequential(nn.Sigmoid(), nn.Linear(8, 8))
    assert module_memory(module, [rows], {}, batch=2).kept == saved(module, rows) == {"0": 64}
    assert module_memory(module, [rows.detach()], {}, batch=2).kept == saved(module, rows.detach()) == {"1": 64}


def test_saved_bytes_of_a_real_run() -> None:
    module, image = models.alexnet(), torch.zeros(2, 3, 64, 64)
    assert saved_bytes(module.train(), [image], {}) == saved(module, image)


@pytest.mark.parametrize(
    ("make", "settings", "sentence"),
    [
        (lambda: nn.Linear(8, 8), {"dtype": "float23"}, "unknown dtype 'float23'; did you mean 'float32'"),
        (lambda: nn.Linear(8, 8), {"optimizer": "adams"}, "unknown optimizer 'adams'; did you mean 'adam'"),
        (lambda: nn.Linear(9, 8), {}, "^the model does not run: RuntimeError: .*shapes cannot be multiplied"),
    ],
)
def test_bad_input(make: Callable[[], nn.Module], settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(rf.InputError, match=sentence):
        module_memory(make(), [ROWS], {}, batch=2, **settings)


def test_a_failed_run_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(rf.InputError, match="the model does not run without memory"):
        memory_of(on_meta(lambda: nn.Sequential(nn.Conv2d(4, 4, 1), nn.AvgPool2d(9))), IMAGE)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["torchvision:resnet18", "torchvision:mnasnet0_5", "timm:vit_tiny_patch16_224"])
def test_one_figure_alone_is_that_of_all(name: str) -> None:
    net = rf.model(name)
    assert (net.training_bytes, net.inference_bytes) == (net.memory().training, net.memory().inference)


def test_a_batch_norm_over_one_pixel_takes_one_example_at_inference() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    one, two, three = (rf.model(module, inputs=(batch, 3, 1, 1)) for batch in (1, 2, 3))
    assert one.inference_bytes - two.inference_bytes == two.inference_bytes - three.inference_bytes < 0
    with pytest.raises(rf.InputError, match="Expected more than 1 value per channel when training"):
        _ = one.training_bytes
