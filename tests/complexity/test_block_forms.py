"""Figures 3 and 4 of the paper: three equivalent forms of a block, and a depth-2 block that is a wide dense one."""

import pytest
import torch
from torch import nn

from resnext_flops.complexity.cost import walk_ledger
from resnext_flops.complexity.families.resnext import block_form
from resnext_flops.complexity.layers import IDENTITY, BatchNorm, Conv, Node, ReLU, Sequential, Sum, walk
from resnext_flops.complexity.torch_model import build
from resnext_flops.proof.references.compare import calibrate

C, D, CHANNELS, SHAPE = 4, 3, 16, (16, 9, 9)


@pytest.mark.parametrize(("cardinality", "width"), [(1, 64), (2, 40), (4, 24), (8, 14), (32, 4)])
def test_the_forms_cost_the_same(cardinality: int, width: int) -> None:
    costs = {form: walk_ledger(walk(block_form(form, cardinality, width, 256), (256, 56, 56))) for form in "abc"}
    weights = cardinality * (256 * width + 3 * 3 * width * width + width * 256)
    assert {form: cost.weights for form, cost in costs.items()} == dict.fromkeys("abc", weights)
    assert {form: cost.macs for form, cost in costs.items()} == dict.fromkeys("abc", weights * 56 * 56)
    assert len({cost.params for cost in costs.values()}) == 1


def paths_from_groups(grouped: dict[str, torch.Tensor], form: str) -> dict[str, torch.Tensor]:
    """The tensors of form (a) or (b) that make it the same function as form (c)."""
    state = {name: tensor for name, tensor in grouped.items() if "norm3" in name}
    for number in range(C):
        part = slice(number * D, (number + 1) * D)
        path = f"add.residual.paths.path{number + 1}"
        for layer in ("conv1", "norm1", "conv2", "norm2"):
            for name, tensor in grouped.items():
                if f".{layer}." in name:
                    state[f"{path}.{layer}.{name.rpartition('.')[2]}"] = tensor[part] if tensor.ndim else tensor
        if form == "a":
            state[f"{path}.conv3.weight"] = grouped["add.residual.conv3.weight"][:, part]
    if form == "b":
        state["add.residual.conv3.weight"] = grouped["add.residual.conv3.weight"]
    return state


@pytest.mark.parametrize("form", ["a", "b"])
def test_the_forms_are_the_same_function(form: str) -> None:
    grouped, other = build(block_form("c", C, D, CHANNELS), SHAPE), build(block_form(form, C, D, CHANNELS), SHAPE)
    calibrate(grouped, SHAPE)
    other.load_state_dict(paths_from_groups(grouped.state_dict(), form))
    first, second = torch.randn(2, 1, *SHAPE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, contrast, found = grouped.eval()(first), grouped(second), other.eval()(first)
    tolerance = 1e-5 * float(expected.abs().max())
    assert float((expected - contrast).abs().max()) > 1000 * tolerance
    assert float((expected - found).abs().max()) <= tolerance


def depth_2_paths(cardinality: int, width: int) -> Node:
    path = Sequential.of(conv1=Conv(width, 3, padding=1), relu=ReLU(), conv2=Conv(CHANNELS, 3, padding=1))
    return Sum(tuple((f"path{number}", path) for number in range(1, cardinality + 1)))


def test_aggregating_depth_2_blocks_is_one_wide_dense_block() -> None:
    # Figure 4: no grouped convolution is left, so cardinality gains nothing in blocks of depth 2.
    dense = Sequential.of(conv1=Conv(C * D, 3, padding=1), relu=ReLU(), conv2=Conv(CHANNELS, 3, padding=1))
    paths, wide = build(depth_2_paths(C, D), SHAPE), build(dense, SHAPE)
    costs = [walk_ledger(walk(node, SHAPE)) for node in (depth_2_paths(C, D), dense)]
    assert costs[0].weights == costs[1].weights == C * (16 * 9 * D + D * 9 * CHANNELS)
    assert costs[0].macs == costs[1].macs
    state = {}
    for number in range(C):
        part = slice(number * D, (number + 1) * D)
        state[f"path{number + 1}.conv1.weight"] = wide.get_parameter("conv1.weight")[part]
        state[f"path{number + 1}.conv2.weight"] = wide.get_parameter("conv2.weight")[:, part]
    paths.load_state_dict(state)
    inputs = torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(paths(inputs), wide(inputs), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(wide(inputs), wide(-inputs), atol=1e-2)


def test_the_two_norms_of_form_a_would_not_be_equal() -> None:
    # Footnote 6: with a batch norm in each path, form (a) has C times the parameters there and is another function.
    one = walk_ledger(walk(block_form("a", C, D, CHANNELS), SHAPE))
    path = Sequential.of(conv3=Conv(CHANNELS, 1), norm=BatchNorm())
    normalised = walk_ledger(walk(Sum(tuple((f"path{n}", path) for n in range(C))), SHAPE))
    norms = sum(entry.params for entry in one if "norm3" in entry.path)
    assert sum(entry.params for entry in normalised if "norm" in entry.path) == C * norms
    assert Sequential(()) == IDENTITY
    assert isinstance(build(IDENTITY, SHAPE), nn.Sequential)
