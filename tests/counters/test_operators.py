"""Multiply-adds of products of every form: against torch's own counter on a real run, plain loops, and arithmetic."""

import random
from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import resnext_flops as rf
from resnext_flops.complexity.ledger import Ledger


class Called(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


def counted(function: Callable[..., Any], *args: Any) -> Ledger:
    """The ledger of a run on `meta` that knew every operator."""
    found = rf.count(Called(function), list(args))
    assert found.trace is not None
    assert not found.trace.remarks
    assert not found.unknown
    return found


def by_torch(function: Callable[..., Any], *args: Any) -> int:
    """The multiply-adds that torch's own counter sees on a real run."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        function(*args)
    return int(counter.get_total_flops()) // 2


def broadcast(shape: list[int], chance: random.Random) -> list[int]:
    """A shape that broadcasts to another: some axes are 1, and some of the first may be missing."""
    kept = shape[chance.randint(0, len(shape)) :] if chance.random() < 0.5 else shape
    return [size if chance.random() < 0.6 else 1 for size in kept]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_attention_over_broadcast_axes(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    batch = [chance.randint(2, 3) for _ in range(chance.randint(1, 3))]
    width, values, queries, keys = (chance.randint(1, 4) for _ in range(4))
    sides = ((queries, width), (keys, width), (keys, values), (queries, keys))
    args = [torch.randn(*broadcast(batch, chance), *side) for side in sides[: chance.randint(3, 4)]]
    assume(min(part.dim() for part in args[:3]) > 2)  # torch's own operator takes no fewer
    function = functional.scaled_dot_product_attention
    assert counted(function, *args).macs == by_torch(function, *args)
    assert counted(function, *args).entries[0].macs == counted(function, *args).macs


def test_attention_of_one_query_batch_to_three() -> None:
    query, keys = torch.zeros(1, 4, 10, 16), torch.zeros(3, 4, 10, 16)
    assert (
        counted(functional.scaled_dot_product_attention, query, keys, keys).macs == 2 * 3 * 4 * 10 * 10 * 16 == 38_400
    )


def test_heads_that_share_keys() -> None:
    def shared(query: Tensor, keys: Tensor) -> Tensor:
        return functional.scaled_dot_product_attention(query, keys, keys, enable_gqa=True)

    args = [torch.zeros(2, 8, 5, 4), torch.zeros(2, 2, 7, 4)]
    assert counted(shared, *args).macs == 2 * 2 * 8 * 5 * 7 * 4 == by_torch(shared, *args)


def by_loops(left: str, right: str, result: str, sizes: dict[str, int]) -> int:
    """The products that are added to another, one after another; what is in one factor alone is added up before."""
    letters = sorted(set(left) & set(right) | set(result))
    if set(left) & set(right) <= set(result):
        return 0
    return sum(1 for _ in product(*(range(sizes[letter]) for letter in letters)))


terms = st.text("abcd", min_size=1, max_size=3)


@given(left=terms, right=terms, result=st.sets(st.sampled_from("abcd")), sizes=st.tuples(*[st.integers(2, 4)] * 4))
def test_any_einsum_of_two_factors(left: str, right: str, result: set[str], sizes: tuple[int, ...]) -> None:
    by_letter = dict(zip("abcd", sizes, strict=True))
    kept = "".join(sorted(result & set(left + right)))
    equation = f"{left},{right}->{kept}"
    factors = [torch.randn([by_letter[letter] for letter in term]) for term in (left, right)]
    expected = by_loops(left, right, kept, by_letter)
    assert counted(lambda *parts: torch.einsum(equation, *parts), *factors).macs == expected
    if (set(left) | set(right)) & result:  # torch's counter does not know `dot`
        assert by_torch(torch.einsum, equation, *factors) == expected


@pytest.mark.parametrize(
    ("equation", "shapes", "macs"),
    [
        ("...i,...i->i", [(7, 4), (7, 4)], 28),
        ("...i,...i->...", [(7, 4), (7, 4)], 28),
        ("...i,...i->...", [(7, 4), (4,)], 28),
        ("b...,b...->...", [(5, 7, 4), (5, 7, 4)], 5 * 28),
        ("ii,ij->j", [(3, 3), (3, 4)], 12),
        ("ii,ij->ij", [(3, 3), (3, 4)], 0),
        ("i,i->", [(5,), (5,)], 5),
        ("ik,kj->ij", [(3, 1), (1, 4)], 12),  # as the matrix product
        ("ij,ij->i", [(3, 1), (3, 5)], 0),  # the second factor is added up before
        ("ij,jk,kl->il", [(3, 4), (4, 5), (5, 6)], 3 * 5 * (4 + 6)),
        ("bi->b", [(3, 4)], 0),
    ],
)
def test_einsums_by_hand(equation: str, shapes: list[tuple[int, ...]], macs: int) -> None:
    factors = [torch.randn(shape) for shape in shapes]
    assert counted(lambda *parts: torch.einsum(equation, *parts), *factors).macs == macs


OUTER: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "outer": torch.outer,
    "ger": torch.ger,
    "einsum": lambda a, b: torch.einsum("i,j->ij", a, b),
    "einsum in a batch": lambda a, b: torch.einsum("bi,bj->bij", a[None], b[None]),
    "times": lambda a, b: a[:, None] * b,
    "addr": lambda a, b: torch.addr(torch.zeros(5, 7, device=a.device), a, b),
    "kron": torch.kron,
}


@pytest.mark.parametrize("name", OUTER)
def test_an_outer_product_adds_nothing_up(name: str) -> None:
    args = [torch.randn(5), torch.randn(7)]
    assert counted(OUTER[name], *args).macs == 0 == by_torch(OUTER[name], *args)


PRODUCTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "matmul": lambda a, b: a @ b,
    "mm": torch.mm,
    "bmm": lambda a, b: torch.bmm(a[None], b[None]),
    "addmm": lambda a, b: torch.addmm(torch.zeros(7, device=a.device), a, b),
    "linear": lambda a, b: functional.linear(a, b.T),
    "tensordot": lambda a, b: torch.tensordot(a, b, 1),
    "conv": lambda a, b: functional.conv1d(a.T[None], b.T[:, :, None]),
}


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_matrix_product_has_one_formula_for_all_lengths(name: str, length: int) -> None:
    args = [torch.randn(5, length), torch.randn(length, 7)]
    assert counted(PRODUCTS[name], *args).macs == prod((5, length, 7)) == by_torch(PRODUCTS[name], *args)


def test_products_of_vectors() -> None:
    assert counted(torch.dot, torch.randn(5), torch.randn(5)).macs == 5
    assert counted(torch.mv, torch.randn(5, 3), torch.randn(3)).macs == 15
