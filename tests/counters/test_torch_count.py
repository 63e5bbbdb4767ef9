"""FlopCounterMode without memory counts what it counts in a real run on a CPU, and our rules explain the rest."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import resnext_flops as rf
from resnext_flops.counters import torch_count
from resnext_flops.counters.built import Built
from resnext_flops.counters.inputs import parse_input
from resnext_flops.counters.torch_count import count_with_torch

FLASH = "aten._scaled_dot_product_flash_attention_for_cpu"
LAYER = partial(nn.TransformerEncoderLayer, 8, 2, 12, batch_first=True)

# Twelve small models, with everything that torch takes apart differently on a CPU and on `meta`.
MODELS: dict[str, tuple[Callable[[], Built], tuple[str, ...]]] = {
    "a convolutional network": (lambda: named("torchvision:shufflenet_v2_x0_5"), ()),
    "one with squeeze and excitation": (lambda: named("torchvision:mobilenet_v3_small"), ()),
    "a transformer": (lambda: named("timm:test_vit"), (FLASH,)),
    "layer scale": (lambda: named("timm:test_convnext"), ()),
    "attention with a table": (lambda: named("timm:levit_128s"), ()),
    "attention between channels": (lambda: named("timm:xcit_nano_12_p16_224"), (FLASH,)),
    "attention that gives its weights": (
        lambda: of(lambda: nn.MultiheadAttention(8, 2, batch_first=True), [parse_input("1,5,8")] * 3),
        (),
    ),
    "an encoder layer": (lambda: of(LAYER, (1, 5, 8)), (FLASH,)),
    "an LSTM": (lambda: of(lambda: nn.LSTM(6, 4, 2, bidirectional=True), (7, 3, 6)), ("aten.mkldnn_rnn_layer",)),
    "a GRU": (lambda: of(lambda: nn.GRU(6, 4), (7, 3, 6)), ()),
    "a transposed convolution": (lambda: of(lambda: nn.ConvTranspose2d(4, 6, 3, 2, groups=2), (2, 4, 5, 5)), ()),
    "one that chooses": (lambda: of(Chooses, (6, 4)), ()),
}


class Chooses(nn.Module):
    """A layer of the rows that are not zero: it cannot run without memory."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, rows: Tensor) -> Tensor:
        made: Tensor = self.layer(rows[rows.sum(1) != 0])
        return made


def named(name: str) -> Built:
    found = rf.model(name)
    assert isinstance(found, Built)
    return found


def of(make: Callable[[], nn.Module], inputs: Any) -> Built:
    found = rf.model(make, inputs)
    assert isinstance(found, Built)
    return found


def real_run(model: Built) -> int:
    """What FlopCounterMode says of a module with memory."""
    with FlopCounterMode(display=False) as counter:
        model.to_torch().eval()(*model.real_inputs())
    return int(counter.get_total_flops())


@pytest.mark.parametrize("name", MODELS)
def test_it_counts_what_it_counts_in_a_real_run(name: str) -> None:
    make, operators = MODELS[name]
    model = make()
    found = count_with_torch(model)
    assert found.flops == real_run(model)
    assert tuple(found.differences) == operators
    # Our rules for the operators that are left give what our count of the whole operators gives: nothing is left over.
    assert found.ours == model.cost().macs
    assert model.cost().macs - found.flops // 2 == sum(found.differences.values())


def test_the_products_of_an_lstm_by_hand() -> None:
    # Seven steps of three sequences; the second layer takes both directions of the first.
    by_hand = 7 * 3 * 2 * (4 * 4 * (6 + 4) + 4 * 4 * (2 * 4 + 4))
    assert count_with_torch(MODELS["an LSTM"][0]()).differences == {"aten.mkldnn_rnn_layer": by_hand}


def test_a_model_is_left_as_it_was() -> None:
    layer = nn.LSTM(6, 4)
    before = list(layer.parameters())
    weights = [part.clone() for part in before]
    count_with_torch(of(lambda: layer, (7, 3, 6)))
    assert all(part is old for part, old in zip(layer.parameters(), before, strict=True))
    assert all(torch.equal(part, old) for part, old in zip(before, weights, strict=True))
    assert layer._flat_weights[0] is before[0]  # noqa: SLF001


def test_what_needs_memory_and_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_count, "LARGEST", 10)
    with pytest.raises(
        rf.InputError, match=r"it fails without memory \(.*\), and with it: InputError: its weights are 60 bytes"
    ):
        count_with_torch(of(Chooses, (6, 4)))


def test_both_errors_of_a_model_that_does_not_run_are_told() -> None:
    with pytest.raises(rf.InputError, match=r"it fails without memory .* and with it: "):
        count_with_torch(of(lambda: nn.Linear(3, 2), (1, 5)))
