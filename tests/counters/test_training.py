"""Multiply-adds of a training step: one rule for every kind of model, against torch's own count of the gradients."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import resnext_flops as rf
from resnext_flops.complexity.layers import (
    AdaptiveAvgPool,
    Auxiliary,
    BatchNorm,
    Concat,
    Conv,
    Description,
    Flatten,
    Linear,
    MaxPool,
    Node,
    Repeat,
    Sequential,
    Sum,
)
from resnext_flops.complexity.network import described
from resnext_flops.counters.lookup import model
from resnext_flops.proof.budgets import figures


def by_torch(module: nn.Module, shape: tuple[int, ...]) -> int:
    """What torch counts of a step on one example, forward and backward; it counts two for a multiply-add."""
    image = torch.zeros(1, *shape)
    with FlopCounterMode(display=False) as counter:
        outputs = module.train()(image)
        torch.autograd.backward([output.sum() for output in (outputs if isinstance(outputs, tuple) else (outputs,))])
    assert counter.get_total_flops() % 2 == 0
    return int(counter.get_total_flops()) // 2


def conv(channels: int = 4) -> Conv:
    return Conv(channels, 3, padding=1)


HEAD = Auxiliary(Sequential.of(pool=AdaptiveAvgPool(2), conv=Conv(5, 1), flat=Flatten(), fc=Linear(3)))
NODES: dict[str, Node | Repeat] = {
    "conv": conv(),
    "norm": BatchNorm(),
    "pool": MaxPool(3, 1, 1),
    "branches": Concat.of(one=conv(2), two=Sequential.of(pool=MaxPool(3, 1, 1), conv=conv(3), more=conv(2))),
    "residual": Sum.of(body=Sequential.of(a=conv(3), b=conv(3)), short=conv(3)),
    "identity": Concat.of(one=Sequential(()), two=MaxPool(3, 1, 1)),
    "aux": HEAD,
}


@settings(max_examples=40, deadline=None)
@given(names=st.lists(st.sampled_from(list(NODES)), max_size=5))
def test_a_described_step_is_what_torch_counts(names: list[str]) -> None:
    parts = {f"{name}{place}": NODES[name] for place, name in enumerate(names)}
    parts["stage"] = Sequential.of(block=Repeat(conv(), 2, conv()))
    network = described(Description((3, 6, 6), Sequential.of(**parts, pool=MaxPool(2, 2), last=Conv(2, 1))))
    module = network.to_torch()
    assert network.cost().training_macs == by_torch(module, (3, 6, 6))
    assert network.cost().training_macs == rf.count(module, (1, 3, 6, 6), training=True).training_macs


def test_googlenet_described_and_real_take_the_same_step() -> None:
    # Three times the 1,498,376,192 of evaluation and two heads (each a 1x1 layer to 128 channels on 4x4 pixels,
    # 2048 x 1024 and 1024 x 1000), less the first layer's gradient of the image: 64 kernels of 7x7x3 at 112x112 places.
    heads = sum(channels * 128 * 16 + 2048 * 1024 + 1024 * 1000 for channels in (512, 528))
    expected = 3 * (1_498_376_192 + heads) - 64 * 7 * 7 * 3 * 112 * 112
    assert expected == 4_402_231_296
    for name in ("googlenet", "torchvision:googlenet"):
        assert figures(name)["training_macs"] == model(name).training_macs == expected
        assert rf.count(name, training=True).training_macs == expected


def test_one_example_of_inception_v3_is_half_of_two() -> None:
    assert model("torchvision:inception_v3").training_macs == rf.inception_v3().cost().training_macs


def test_the_stages_of_a_step_add_up() -> None:
    ledger = rf.googlenet().cost()
    stages = dict.fromkeys(entry.path.partition(".")[0] for entry in ledger)
    assert sum(ledger.stage(name).training_macs for name in stages) == ledger.training_macs


def test_a_count_in_evaluation_mode_has_no_step() -> None:
    ledger = rf.count("torchvision:googlenet")
    for part in (ledger, ledger.stage("inception4a")):
        with pytest.raises(rf.InputError, match="was not counted in training; use count"):
            _ = part.training_macs


def test_a_model_that_does_not_train_has_its_other_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1, bias=False)

    def forward(self, x):
        if self.training:
            raise ValueError("targets are missing")
        return self.conv(x)
"""
    (tmp_path / "untrained.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    found = figures("untrained:Net")
    assert found == {"macs": 12 * 224 * 224, "params": 12, "weights": 12, "activations": 4 * 224 * 224}
    with pytest.raises(rf.InputError, match="targets are missing"):
        _ = model("untrained:Net").training_macs
