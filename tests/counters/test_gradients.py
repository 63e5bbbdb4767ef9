"""Steps of training that recompute, or have gradients of their own: what torch's own formulas count of a real run."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional, grad
from torch.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    checkpoint_sequential,
    create_selective_checkpoint_contexts,
)

import resnext_flops as rf
from resnext_flops.complexity.ledger import Ledger
from tests.by_torch import step_of


def counted(module: nn.Module, *args: Any, real: bool = False) -> Ledger:
    """The ledger of a step, counted on `meta` (or else on a real device), of a module that is as it was afterwards."""
    before = {name: value.clone() for name, value in module.state_dict().items()}
    parameters, numbers = list(module.parameters()), torch.get_rng_state()
    found = rf.count(module, list(args), training=True)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert all(one is two and one.grad is None for one, two in zip(parameters, module.parameters(), strict=True))
    assert torch.equal(numbers, torch.get_rng_state())
    assert found.trace is not None
    assert bool(found.trace.remarks) is real
    assert not found.unknown
    return found


def recomputed(ledger: Ledger) -> int:
    return sum(entry.macs for entry in ledger if entry.kind.startswith("recomputed "))


class Part(nn.Module):
    """A part that runs plainly, or checkpointed in one of two ways."""

    def __init__(self, body: nn.Module, way: bool | None) -> None:
        super().__init__()
        self.body, self.way = body, way

    def forward(self, x: Tensor) -> Any:
        return self.body(x) if self.way is None else checkpoint(self.body, x, use_reentrant=self.way)


class Attend(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(8, 24)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.project(x).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
        made: Tensor = functional.scaled_dot_product_attention(query, key, value)
        return made.transpose(1, 2).flatten(2) + x


PARTS: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(8, 8),
    "frozen": lambda: nn.Linear(8, 8).requires_grad_(False),
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "norm": lambda: nn.LayerNorm(8),
    "dropout": nn.Dropout,
    "attention": Attend,
    "conv": lambda: nn.Sequential(nn.Unflatten(1, (1, 5)), nn.Conv2d(1, 1, 3, padding=1), nn.Flatten(1, 2)),
}
parts = st.lists(st.sampled_from(sorted(PARTS)), min_size=1, max_size=4)
ways = st.sampled_from([None, False, True])


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
@settings(max_examples=20, deadline=None)
@given(layers=st.lists(st.tuples(parts, ways), min_size=1, max_size=4), outer=ways)
def test_any_nest_of_checkpoints_is_what_torch_runs(
    layers: list[tuple[list[str], bool | None]], outer: bool | None
) -> None:
    with torch.random.fork_rng(devices=[]):
        bodies = [Part(nn.Sequential(*(PARTS[name]() for name in names)), way) for names, way in layers]
        # The first layer keeps the gradients of what a checkpoint gets, or the other way would keep none.
        module = nn.Sequential(nn.Linear(8, 8), Part(nn.Sequential(*bodies), outer))
        x = torch.randn(2, 5, 8)
    found = counted(module, x)
    forward, backward = step_of(module, x)
    assert found.macs == forward
    assert found.training_macs == forward + backward
    assert found.backward == backward - recomputed(found)
    assert rf.count(module.to("meta"), x, training=True).entries == found.entries


@pytest.mark.parametrize(("way", "again"), [(None, 0), (False, 1), (True, 2)])
def test_what_a_checkpoint_recomputes_is_named(way: bool | None, again: int) -> None:
    body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    found = counted(nn.Sequential(nn.Linear(8, 8), Part(body, way)), torch.randn(3, 8))
    layer = 3 * 8 * 8
    # Without reentrance torch stops before the last layer, because nothing is needed of its output.
    names = [(entry.path, entry.macs, entry.training_only) for entry in found if entry.kind == "recomputed matmul"]
    assert names == [("1.body.0", layer, True), ("1.body.2", layer, True)][:again]
    assert [entry.backward for entry in found if entry.kind == "linear"] == [layer, 2 * layer, 2 * layer]
    assert (found.macs, found.backward, found.training_macs) == (3 * layer, 5 * layer, (8 + again) * layer)


def test_a_checkpoint_whose_input_needs_no_gradient() -> None:
    body = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    module, x = nn.Sequential(Part(body, True), nn.Linear(8, 8)), torch.randn(3, 8)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad"):
        expected = step_of(module, x)
    found = counted(module, x)
    assert (found.macs, found.training_macs - found.macs) == expected


def test_segments_and_policies() -> None:
    layers = nn.Sequential(*(nn.Linear(8, 8) for _ in range(6)))

    class Segments(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.layers = nn.Linear(8, 8), layers

        def forward(self, x: Tensor) -> Any:
            run: Any = checkpoint_sequential
            return run(self.layers, 3, self.first(x), use_reentrant=False)

    def keeps(_context: Any, func: Any, *_args: Any, **_kwargs: Any) -> CheckpointPolicy:
        kept = func in {torch.ops.aten.mm.default, torch.ops.aten.addmm.default}
        return CheckpointPolicy.MUST_SAVE if kept else CheckpointPolicy.PREFER_RECOMPUTE

    class Selective(Segments):
        def forward(self, x: Tensor) -> Any:
            context = partial(create_selective_checkpoint_contexts, keeps)
            return checkpoint(self.layers, self.first(x), use_reentrant=False, context_fn=context)

    for module in (Segments(), Selective()):
        x = torch.randn(3, 8)
        found, expected = counted(module, x), step_of(module, x)
        assert (found.macs, found.training_macs - found.macs) == expected
        assert bool(recomputed(found)) is not isinstance(module, Selective)


class Product(torch.autograd.Function):
    """A product whose gradient of the first factor is taken twice."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return x @ weight

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        x, weight = ctx.saved_tensors
        (gradient,) = gradients
        return (gradient @ weight.T + gradient @ weight.T) / 2, x.T @ gradient


class ByContext(torch.autograd.Function):
    """The same in the other style, by convolutions."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor) -> Tensor:
        return functional.conv1d(x.T[None], weight.T[..., None])[0].T

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def vjp(ctx: Any, *gradients: Any) -> Any:
        x, weight = ctx.saved_tensors
        image, kernel, made = x.T[None], weight.T[..., None], gradients[0].T[None]
        by_torch: Any = grad
        first = by_torch.conv1d_input(image.shape, kernel, made)
        second = by_torch.conv1d_weight(image, kernel.shape, made)
        return first[0].T, second[..., 0].T


class Replays(torch.autograd.Function):
    """A checkpoint of its own: it runs the forward pass again in the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return (x @ weight).relu() @ weight

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        with torch.enable_grad():
            inputs = [part.detach().requires_grad_(True) for part in ctx.saved_tensors]
            output = (inputs[0] @ inputs[1]).relu() @ inputs[1]
        return torch.autograd.grad(output, inputs, gradients)


class Uses(nn.Module):
    def __init__(self, function: Any, reads: bool = False) -> None:
        super().__init__()
        self.first, self.weight, self.last = nn.Linear(8, 8), nn.Parameter(torch.randn(8, 8)), nn.Linear(8, 8)
        self.function, self.reads = function, reads

    def forward(self, x: Tensor) -> Any:
        assert not self.reads or float(x.sum()) > -100
        return self.last(self.function.apply(self.first(x), self.weight))


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize(("function", "forward", "gradients"), [(Product, 1, 3), (ByContext, 1, 2), (Replays, 2, 6)])
def test_gradients_that_a_function_has_of_its_own(function: Any, forward: int, gradients: int, real: bool) -> None:
    module, x = Uses(function, real), torch.randn(3, 8)
    found, layer = counted(module, x, real=real), 3 * 8 * 8
    kinds = [entry for entry in found if entry.kind == f"gradient of {function.__name__}"]
    assert sum(entry.backward or 0 for entry in kinds) == gradients * layer
    assert (found.macs, found.backward) == ((2 + forward) * layer, (1 + gradients + 2) * layer)
    assert (found.macs, found.training_macs - found.macs) == step_of(module, x)
    assert Function_is_as_it_was(function)


def Function_is_as_it_was(function: Any) -> bool:  # noqa: N802
    return "apply" not in vars(function) and function.apply.__self__ is function


def test_a_function_within_a_checkpoint() -> None:
    module, x = nn.Sequential(nn.Linear(8, 8), Part(Uses(Product), False)), torch.randn(3, 8)
    found = counted(module, x)
    assert (found.macs, found.training_macs - found.macs) == step_of(module, x)
    assert {entry.path for entry in found if entry.kind == "gradient of Product"} == {"1.body"}


@settings(max_examples=25, deadline=None)
@given(needs=st.tuples(*[st.booleans()] * 4))
def test_attention_of_which_some_needs_gradients(needs: tuple[bool, ...]) -> None:
    class Some(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            shapes = ((2, 5, 4), (2, 7, 4), (2, 7, 3), (2, 5, 7))
            pairs = zip(shapes, needs, strict=True)
            self.all = nn.ParameterList(nn.Parameter(torch.randn(shape), need) for shape, need in pairs)

        def forward(self, x: Tensor) -> Tensor:
            query, key, value, mask = self.all
            return functional.scaled_dot_product_attention(query + x, key, value, mask)

    if any(needs):
        module, x = Some(), torch.zeros(1)
        assert counted(module, x).backward == step_of(module, x)[1]


def test_parts_with_memory_and_without() -> None:
    module = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8, device="meta"), Part(nn.Linear(8, 8), True))
    found, layer = counted_on_meta(module), 3 * 8 * 8
    assert (found.macs, found.backward, recomputed(found)) == (3 * layer, 5 * layer, layer)


def counted_on_meta(module: nn.Module) -> Ledger:
    """The ledger of a step whose module has parts without memory."""
    found = rf.count(module, (3, 8), training=True)
    assert all(part.grad is None for part in module.parameters())
    assert not found.unknown
    return found


def test_deformable_convolutions_have_two_gradients() -> None:
    ops = pytest.importorskip("torchvision.ops")

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.offset, self.layer = nn.Conv2d(4, 18, 3), ops.DeformConv2d(4, 6, 3, bias=False)

        def forward(self, x: Tensor) -> Any:
            return self.layer(x, self.offset(x))

    forward = 25 * 4 * 9
    # The image needs no gradient, but the offsets do.
    assert [entry.backward for entry in counted(Net(), torch.randn(1, 4, 7, 7))] == [forward * 18, 2 * forward * 6]


@pytest.mark.filterwarnings("ignore:.gradient_checkpointing_enable. is deprecated")
def test_switches_of_libraries() -> None:
    timm = pytest.importorskip("timm")
    transformers = pytest.importorskip("transformers")
    timm.layers.set_fused_attn(False)
    vit = timm.create_model("vit_tiny_patch16_224", img_size=32, num_classes=3, depth=2)
    config = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32
    )
    config._attn_implementation = "eager"  # noqa: SLF001
    for reentrant in (False, True):
        module = transformers.ViTForImageClassification(config)
        module.gradient_checkpointing_enable({"use_reentrant": reentrant})
        vit.set_grad_checkpointing(reentrant)
        for model in (module, vit):
            image = torch.randn(1, 3, 32, 32)
            found, expected = counted(model, image), step_of(Outputs(model), image)
            assert (found.macs, found.training_macs - found.macs) == expected
            assert bool(recomputed(found)) is (reentrant or model is module)
    timm.layers.set_fused_attn(True)


class Outputs(nn.Module):
    """A module whose output is a tuple of tensors."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Any:
        output = self.module(x)
        return output if isinstance(output, Tensor) else tuple(output.values())


class Named(nn.Module):
    """Its output is an object, or places that no gradient passes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.first, self.second = name, nn.Linear(4, 5), nn.Linear(5, 6)

    def forward(self, x: Tensor) -> Any:
        made = self.second(self.first(x))
        return made.argmax(1) if self.name == "places" else SimpleNamespace(parts={"made": [made]})


def test_gradients_go_back_from_what_a_model_puts_out() -> None:
    forward = 3 * 4 * 5 + 3 * 5 * 6
    assert counted(Named("object"), torch.randn(3, 4)).training_macs == forward + 3 * 4 * 5 + 2 * 3 * 5 * 6
    assert counted(Named("places"), torch.randn(3, 4)).training_macs == forward
