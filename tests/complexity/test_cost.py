"""Costs against arithmetic written out, and against fvcore and torch on random convolutions."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resnext_flops.complexity import layers
from resnext_flops.complexity.cost import cost, walk_ledger
from resnext_flops.complexity.torch_model import build
from resnext_flops.counters import fvcore_count
from resnext_flops.numerals import whole


def test_a_convolution_by_hand() -> None:
    # ResNet's first layer: 7x7 kernels, 3 to 64 channels, 224 pixels to 112.
    entry = walk_ledger(layers.walk(layers.Conv(64, 7, stride=2, padding=3), (3, 224, 224))).entries[0]
    assert entry.weights == entry.params == 7 * 7 * 3 * 64
    assert entry.macs == 7 * 7 * 3 * 64 * 112 * 112
    assert entry.activations == 64 * 112 * 112
    assert entry.biases == 0


def test_groups_divide_the_inputs_of_each_output() -> None:
    # The 3x3 layer of ResNeXt's first stage: 128 channels in 32 groups of 4.
    entry = walk_ledger(layers.walk(layers.Conv(128, 3, padding=1, groups=32), (128, 56, 56))).entries[0]
    assert entry.weights == 32 * (3 * 3 * 4 * 4)


def test_a_fully_connected_layer_by_hand() -> None:
    entry = walk_ledger(layers.walk(layers.Linear(1000), (2048,))).entries[0]
    assert (entry.weights, entry.biases, entry.params) == (2048 * 1000, 1000, 2048 * 1000 + 1000)
    assert (entry.macs, entry.activations) == (2048 * 1000, 1000)


def test_equation_4() -> None:
    # C (256 d + 3 * 3 * d * d + d * 256) for every column of Table 2.
    from resnext_flops.complexity.families.resnet import bottleneck

    for cardinality, width in ((1, 64), (2, 40), (4, 24), (8, 14), (32, 4)):
        block = walk_ledger(layers.walk(bottleneck(cardinality * width, 256, cardinality), (256, 56, 56)))
        assert block.weights == cardinality * (256 * width + 3 * 3 * width * width + width * 256)


def test_an_unknown_layer_is_an_error() -> None:
    with pytest.raises(TypeError, match="no cost is known for a dict"):
        cost({}, ((1, 1, 1),), (1, 1, 1))


@given(
    groups=st.integers(1, 4),
    inner=st.integers(1, 4),
    outer=st.integers(1, 4),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    bias=st.booleans(),
    height=st.integers(4, 9),
    width=st.integers(4, 9),
)
def test_random_convolutions_cost_what_fvcore_counts(
    groups: int, inner: int, outer: int, kernel: int, stride: int, bias: bool, height: int, width: int
) -> None:
    layer = layers.Conv(groups * outer, kernel, stride=stride, padding=1, groups=groups, bias=bias)
    shape = (groups * inner, height, width)
    model = build(layer, shape)
    entry = walk_ledger(layers.walk(layer, shape)).entries[0]
    assert fvcore_count.count_with_fvcore(model, torch.zeros(1, *shape)).total == entry.macs
    assert sum(parameter.numel() for parameter in model.parameters()) == entry.params
    assert model(torch.zeros(1, *shape)).numel() == entry.activations


BATCH = 2


@given(
    channels=st.integers(1, 5),
    height=st.integers(6, 11),
    width=st.integers(6, 11),
    bins=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    training=st.booleans(),
)
def test_free_layers_cost_what_fvcore_counts(
    channels: int, height: int, width: int, bins: tuple[int, int], training: bool
) -> None:
    node = layers.Sequential.of(
        norm=layers.BatchNorm(),
        lrn=layers.LocalResponseNorm(),
        pool=layers.AvgPool(3, stride=2, padding=1, count_include_pad=False),
        scaled=layers.Sum.of(a=layers.Scale(0.17), b=layers.IDENTITY),
        bins=layers.AdaptiveAvgPool(bins),
        aux=layers.Auxiliary(layers.Sequential.of(norm=layers.BatchNorm(), flatten=layers.Flatten())),
        dropout=layers.Dropout(),
    )
    shape = (channels, height, width)
    found = walk_ledger(layers.walk(node, shape))
    assert (found.macs, found.weights, found.activations) == (0, 0, 0)
    assert found.params == 2 * channels + 2 * channels
    pooled = ((height + 2 - 3) // 2 + 1) * ((width + 2 - 3) // 2 + 1)
    pixels, head = height * width, bins[0] * bins[1]
    # fvcore's handles: batch norm 2 an input element, 5 in training; adaptive average pooling 1.
    expected = channels * ((5 * pixels + pooled + 5 * head) if training else (2 * pixels + pooled))
    model = build(node, shape).train(training)
    assert found.total("fvcore-training" if training else "fvcore") == expected
    assert fvcore_count.count_with_fvcore(model, torch.zeros(BATCH, *shape)).total == expected


def test_a_figure_that_no_example_of_a_batch_can_have_is_an_error() -> None:
    assert whole(Fraction(6.0) / 2) == 3
    for figure in (Fraction(7) / 2, 2.5):
        with pytest.raises(ValueError, match=r"is not a whole number"):
            whole(figure)
