"""Why counters are far from the multiply-adds: each sentence against arithmetic on the network's own sizes."""

import pytest
import torch
from torch import nn

import resnext_flops as rf
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.counters.lookup import built
from resnext_flops.tables.surprises import Surprise, surprises, told

# Tests of the width and depth of ConvNeXt-T (Liu et al., arXiv:2201.03545): stages of 3, 3, 9 and 3 blocks.
DEPTHS, WIDTHS, PIXELS = (3, 3, 9, 3), (96, 192, 384, 768), (56, 28, 14, 7)


def found(ledger: rf.Ledger, convention: str) -> Surprise:
    return next(each for each in surprises(ledger) if each.convention == convention)


def sentence(ledger: rf.Ledger, convention: str) -> str:
    return next(each for each in told(ledger) if each.startswith(f"{convention} says "))


def test_torchinfo_drops_the_positions_of_convnexts_linear_layers() -> None:
    ledger = built("convnext_tiny").cost()
    # A block has two linear layers, to four times its width and back, at each pixel; the classifier has one position.
    weights = sum(depth * 2 * width * 4 * width for depth, width in zip(DEPTHS, WIDTHS, strict=True)) + 768 * 1000
    products = sum(d * 2 * w * 4 * w * p * p for d, w, p in zip(DEPTHS, WIDTHS, PIXELS, strict=True)) + 768 * 1000
    said = sentence(ledger, "torchinfo")
    assert f"It counts {weights:,} for the {products:,} multiply-adds of linear layers, because" in said
    assert "the batch, and not by the positions" in said
    assert f"here up to {56 * 56:,}." in said
    # What torchinfo itself says of the model, run: https://github.com/TylerYep/torchinfo, 1.8.0.
    assert "torchinfo says 322,378,216 MACs of convnext" in said
    assert "7.24 % of its multiply-adds" in said  # 322,378,216 / 4,455,531,264


def test_torchmeter_takes_depthwise_convolutions_for_dense_ones() -> None:
    # A depthwise 3x3 of 8 channels on 4x4 pixels, and a dense 1x1: 8 times too much of the first one.
    net = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.Conv2d(8, 2, 1, bias=False))
    ledger = rf.count(net, (1, 8, 4, 4))
    depthwise, dense = 16 * 8 * 9, 16 * 8 * 2
    (part,) = found(ledger, "torchmeter").parts
    assert part == ("conv", 8 * depthwise + dense, depthwise + dense)
    said = sentence(ledger, "torchmeter")
    assert "because it counts every convolution as if it had one group, and here one has up to 8." in said


def test_counters_that_do_not_see_a_product_are_told_together() -> None:
    class Product(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ x.transpose(-1, -2)

    ledger = rf.count(Product(), (1, 2, 6, 5))
    assert ledger.macs == 2 * 6 * 6 * 5
    (together,) = [each for each in told(ledger) if each.startswith("Each of ")]
    assert together.endswith(f"It does not see the {2 * 6 * 6 * 5:,} multiply-adds of matrix products.")
    assert "thop" in together
    assert "says 0.00 % of the multiply-adds" in together
    assert "fvcore" not in together  # its documentation has matmul


def test_an_attention_that_is_a_module_hides_its_linear_layers() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            shown: torch.Tensor = self.attention(x, x, x, need_weights=False)[0]
            return shown

    ledger = rf.count(Attention(), (1, 7, 8))
    # Four projections of 8 features at 7 positions, and two products of 7 queries with 7 keys.
    assert ledger.macs == 4 * 7 * 8 * 8 + 2 * 7 * 7 * 8
    assert found(ledger, "thop").figure == 0


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "densenet121"])
def test_dense_convolutions_surprise_nobody(name: str) -> None:
    assert [each.convention for each in surprises(built(name).cost())] == []


@pytest.mark.parametrize(
    "name",
    [
        "resnext50_32x4d",
        "mobilenet_v3_large",
        "convnext_tiny",
        "torchvision:vit_b_16",
        "torchvision:swin_t",
        "resnet20_cifar",
    ],
)
def test_every_explanation_adds_up_to_the_figure(name: str) -> None:
    ledger = built(name).cost()
    listed = {each.convention for each in surprises(ledger)}
    for convention, rule in CONVENTIONS.items():
        unit = {"MAC": 1, "FLOP": 2}[rule.unit]
        total, expected = int(ledger.total(convention)), unit * ledger.macs
        if rule.variant_of and total == ledger.total(rule.variant_of):
            continue
        assert (convention in listed) == (abs(total - expected) * 10 > expected), convention
    for each in surprises(ledger):
        parts = {part.kind: part.counted - part.there for part in each.parts}
        unit = {"MAC": 1, "FLOP": 2}[CONVENTIONS[each.convention].unit]
        total = unit * (ledger.macs + sum(parts.values())) + sum(each.besides.values())
        assert total == ledger.total(each.convention), each.convention
        assert all(part.there == sum(e.macs for e in ledger if e.kind == part.kind) for part in each.parts)
    everything = " ".join(told(ledger))
    assert all(name in everything for name in listed)
    assert "{" not in everything


def test_a_part_that_is_counted_otherwise_has_a_reason() -> None:
    # Of the models here; a part without one is told with the whole rule of the counter.
    for name in ("convnext_tiny", "resnext50_32x4d", "torchvision:vit_b_16", "torchvision:swin_t", "mobilenet_v2"):
        assert not [each for each in told(built(name).cost()) if "Its rule: " in each], name


def test_a_model_without_multiply_adds_surprises_nobody() -> None:
    assert told(rf.count(nn.ReLU(), (1, 3))) == []


def test_a_counter_that_leaves_additions_out_says_so() -> None:
    # A 1x1 convolution of 3 channels to 4 sums three products an output, with two additions; torchmeter counts these.
    ledger = rf.count(nn.Conv2d(3, 4, 1, bias=False), (1, 3, 5, 5))
    outputs = 4 * 5 * 5
    assert ledger.macs == 3 * outputs
    assert found(ledger, "torchmeter").figure == (3 + 2) * outputs
    for convention in ("torchmeter", "torch-flops"):
        assert f"It leaves out {outputs:,} additions of the multiply-adds, most of " in sentence(ledger, convention)
