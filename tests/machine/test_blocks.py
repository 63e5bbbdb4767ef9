"""Random blocks: the same from a seed, of every kind of layer, and no larger than is said."""

from collections import Counter
from functools import cache
from math import prod
from random import Random

import pytest

from resnext_flops.complexity.features import KINDS, features

pytest.importorskip("torchvision")
pytest.importorskip("timm")

from resnext_flops.complexity.layers import MaxPool
from resnext_flops.errors import InputError
from resnext_flops.machine import blocks
from resnext_flops.machine.blocks import MOST_MACS, MOST_WEIGHTS, RECIPES, Block, block

NUMBER = 200


@cache
def drawn() -> list[Block]:
    return [block(0, number, 1) for number in range(NUMBER)]


def test_every_kind_of_layer_is_in_blocks_of_several_recipes() -> None:
    families: dict[str, set[str]] = {}
    for each in drawn():
        for quantity, kind in features(each.model.cost()):
            if quantity == "written":
                families.setdefault(kind, set()).add(each.family)
    # Networks with recurrent layers are rare.
    assert set(KINDS["written"]) - set(families) == {"recurrent"}
    rare = {kind for kind, some in families.items() if len(some) < 2}
    assert rare <= {"other", "other_norm", "reduction"}


def test_blocks_are_small_and_of_all_recipes() -> None:
    ledgers = [each.model.cost() for each in drawn()]
    assert all(ledger.macs <= MOST_MACS["cpu"] and ledger.params <= MOST_WEIGHTS for ledger in ledgers)
    for ledger in ledgers:
        elements = sum(sum(map(prod, each.inputs)) + prod(each.output) for each in ledger.entries)
        assert ledger.macs >= 10_000_000 or elements >= 1_000_000
    assert set(Counter(each.family for each in drawn())) == set(RECIPES)
    assert {each.super_family for each in drawn()} == {each.like for each in RECIPES.values()}


@pytest.mark.parametrize(("batch", "device", "most"), [(64, "cpu", 400_000_000), (256, "cuda", 40_000_000_000)])
def test_a_larger_batch_has_smaller_blocks(batch: int, device: str, most: int) -> None:
    assert all(batch * block(0, number, batch, device).model.cost().macs <= most for number in range(40))


def test_a_block_has_no_more_weights_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_WEIGHTS", 100_000)
    assert all(block(0, number, 1).model.cost().params <= 100_000 for number in range(20))


def test_a_batch_that_is_too_large_for_every_block() -> None:
    with pytest.raises(InputError, match="the batch is 10,000,000; no random block is small enough"):
        block(0, 0, 10_000_000)


def test_the_seed_says_which_blocks_there_are() -> None:
    first = [each.model.cost().macs for each in drawn()[:20]]
    assert [block(0, number, 1).model.cost().macs for number in range(20)] == first
    assert [block(1, number, 1).model.cost().macs for number in range(20)] != first


def test_every_recipe_gives_a_module_that_runs() -> None:
    import torch

    seen: dict[str, Block] = {}
    for each in drawn():
        seen.setdefault(each.family, each)
    for family, each in seen.items():
        module = each.model.to_torch().eval()
        with torch.inference_mode():
            found = module(torch.zeros(1, *each.model.cost().input))
        assert found.shape[0] == 1, family


def test_a_block_that_strides_too_often_is_drawn_again() -> None:
    kernels = iter((6, 4))  # the first does not fit into four pixels

    def draw(_: Random) -> blocks.Drawn:
        return (8, 4, 4), MaxPool(next(kernels), 1)

    recipe = blocks.Recipe(draw, "a test")
    found = next(blocks.drawn_by(recipe, Random(0), "a block"))  # noqa: S311 (nothing secret)
    assert found.cost().entries[0].output == (8, 1, 1)
