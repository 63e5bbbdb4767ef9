"""What stands for a model, and what the models that real modules are can answer."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

import resnext_flops as rf
from resnext_flops.complexity.layers import Conv, Description, Sequential
from resnext_flops.complexity.memory import memory
from resnext_flops.counters import built
from resnext_flops.counters.lookup import described_network

IMAGE = (1, 3, 8, 8)
DESCRIPTION = Description((3, 8, 8), Sequential.of(conv=Conv(4, 3)))
# 6 x 6 pixels, 4 filters of 3 x 3 x 3.
MACS = 6 * 6 * 4 * 27


class Net(nn.Sequential):
    """One convolution."""

    def __init__(self, width: int = 4) -> None:
        super().__init__(nn.Conv2d(3, width, 3, bias=False))


def describe() -> Description:
    return DESCRIPTION


@rf.family
def tiny(width: int = 4) -> Description:
    return Description((3, 8, 8), Sequential.of(conv=Conv(width, 3)))


def test_keyword_arguments_alone_are_what_a_module_is_called_with() -> None:
    model = rf.model(Net(), kwargs={"input": torch.zeros(IMAGE)})
    assert (model.input, model.cost().macs) == ((3, 8, 8), MACS)


@pytest.mark.parametrize(
    "given",
    [
        tiny(),
        tiny,
        DESCRIPTION,
        describe,
        Net(),
        Net,
        partial(Net, width=4),
        lambda width=4: Net(width),
        rf.model(Net, IMAGE),
    ],
    ids=["network", "family", "description", "function", "module", "class", "partial", "lambda", "model"],
)
def test_whatever_stands_for_a_model(given: Any) -> None:
    model = rf.model(given, IMAGE)
    assert (model.cost().macs, model.cost().params, model.origin) == (MACS, 4 * 27, "counted")
    assert rf.count(given, IMAGE).macs == MACS
    assert rf.diff(given, tiny(), IMAGE).identical


@pytest.mark.parametrize("given", [None, 3, [], tiny().cost()])
def test_what_is_no_model_is_refused(given: Any) -> None:
    with pytest.raises(rf.InputError, match="a model is a name, a network, a description"):
        rf.model(given)


def test_a_real_model_takes_other_arguments_of_its_constructor() -> None:
    model = rf.model(Net, IMAGE).replace(width=8)
    assert (model.name, model.cost().macs, model.sizes()) == ("Net(width=8)", 2 * MACS, {"width": 8})
    assert rf.diff(Net, model, IMAGE).macs == MACS
    with pytest.raises(rf.InputError, match="the module is there already, so its sizes cannot be replaced"):
        rf.model(Net(), IMAGE).replace(width=8).cost()


def returns_a_number() -> Any:
    return 3


def fails() -> Description:
    raise ValueError("no such\nnetwork")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (returns_a_number, "returns_a_number returned int; it must return an nn.Module"),
        (fails, "'fails' cannot be described: ValueError: no such network"),
        (nn.Linear, "'Linear' cannot be built: TypeError"),
    ],
)
def test_a_function_that_makes_no_model_is_one_sentence(given: Callable[[], Any], message: str) -> None:
    with pytest.raises(rf.InputError, match=message):
        rf.model(given, IMAGE).cost()


def test_what_a_real_model_cannot_answer_is_one_sentence() -> None:
    model: Any = rf.model(Net, IMAGE)
    questions: list[Callable[[], Any]] = [
        lambda: model.closed_form("macs", "C"),
        lambda: model.reading(["C"]),
        lambda: rf.solve(model, "C", budget=1e9),
        lambda: rf.sweep(model, {"C": "1:3"}),
    ]
    for question in questions:
        with pytest.raises(rf.InputError, match="unknown free size of Net 'C'; known are width"):
            question()
    with pytest.raises(rf.InputError, match="Net is a real module; give a described network"):
        described_network(Net)
    with pytest.raises(rf.InputError, match="was counted on a real module"):
        memory(model.cost())


def test_a_module_and_the_random_state_are_left_as_they_were() -> None:
    module = Net().train()
    before, drawn = {name: part.clone() for name, part in module.state_dict().items()}, torch.get_rng_state()
    rf.audit(module, IMAGE, counters=["torch"])
    rf.model(module, IMAGE).to_torch("cpu").eval()
    assert module.training
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(torch.equal(part, before[name]) for name, part in module.state_dict().items())


class NeedsMemory(nn.Linear):
    """A layer that cannot be built without memory."""

    def __init__(self, width: int) -> None:
        super().__init__(16, width)
        float(self.weight.sum())


def test_modules_with_memory_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built, "KEPT_BYTES", 3_000)
    for make, kept in ((partial(nn.Linear, 16), 4), (NeedsMemory, 3)):
        # The first three take 4 x 17 x (16 + 17 + 18) = 3,468 bytes where they have memory.
        model = rf.model(lambda w, make=make: make(w), (1, 16), w=16)
        assert isinstance(model, built.Built)
        counts = [model.replace(w=width).cost().params for width in (16, 17, 18, 19)]
        assert counts == [17 * width for width in (16, 17, 18, 19)]
        assert len(model.bench.made) == kept


def test_learned_weights_are_never_asked_for() -> None:
    for name in ("torchvision:resnet18(weights='DEFAULT')", "timm:resnet18(pretrained=True)"):
        with pytest.raises(rf.InputError, match="asks for learned weights, on which no cost depends"):
            rf.model(name)
    assert rf.model("torchvision:resnet18(weights=None)").cost().macs == rf.resnet(18).cost().macs


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("ResNeXt50-32x4d", "resnext(50, cardinality=32, width=4)"),
        ("ResNet-50", "resnet(50)"),
        ("ViT_B_16", "torchvision:vit_b_16"),
        ("torchvision:ResNet-50", "torchvision:resnet50"),
        ("torchvision:RegNet-X-16GF", "torchvision:regnet_x_16gf"),
        ("timm:ResNet50d", "timm:resnet50d"),
    ],
)
def test_capitals_and_hyphens_do_not_matter_where_there_is_one_answer(given: str, name: str) -> None:
    assert rf.model(given).name == name


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("regnetx16gf", "2 names begin with it: regnet_x_1_6gf, regnet_x_16gf"),
        ("resnext50", "6 names begin with it: resnext50_2x40d, resnext50_4x24d, resnext50_8x14d, resnext50_32x4d, "),
        ("resnext152", "did you mean 'resnext152_32x4d'?"),
    ],
)
def test_the_names_that_are_meant_perhaps_with_described_networks_first(given: str, hint: str) -> None:
    with pytest.raises(rf.InputError) as error:
        rf.model(given)
    assert hint in str(error.value)
    assert str(error.value).startswith(f"unknown model {given!r}; ")


class EndsError(BaseException):
    """No `Exception`."""


@pytest.mark.parametrize(("kind", "text"), [(EndsError, "EndsError: over"), (GeneratorExit, "GeneratorExit: over")])
def test_what_raises_anything_is_refused_in_one_sentence(kind: type[BaseException], text: str) -> None:
    def factory() -> nn.Module:
        raise kind("over")

    class Module(nn.Module):
        def forward(self, x: Any) -> Any:
            raise kind("over")

    with pytest.raises(rf.InputError, match=f"'factory' cannot be built: {text}$"):
        rf.count(factory, (1, 3))
    with pytest.raises(rf.InputError, match=f"^the model does not run on an input of 1x3: {text}$"):
        rf.count(Module(), (1, 3))


def test_ctrl_c_is_no_error_of_a_factory_or_a_module() -> None:
    def factory() -> nn.Module:
        raise KeyboardInterrupt

    class Module(nn.Module):
        def forward(self, x: Any) -> Any:
            raise KeyboardInterrupt

    for made in (factory, Module()):
        with pytest.raises(KeyboardInterrupt):
            rf.count(made, (1, 3))


def test_a_configuration_is_a_regular_file() -> None:
    pytest.importorskip("transformers")
    with pytest.raises(rf.InputError, match=r"^cannot read '/dev/zero': it is not a regular file$"):
        rf.model("hf:/dev/zero")
