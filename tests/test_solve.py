"""Solved widths against the paper, against Eqn. 4 by brute force, and against whole networks by brute force."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.solve import solve_width


def test_the_papers_widths() -> None:
    solutions = rf.solve_width(rf.resnet(50), cardinality=[1, 2, 4, 8, 32])
    assert [solution.width for solution in solutions] == [64, 40, 24, 14, 4]  # Table 2
    assert {solution.budget for solution in solutions} == {256 * 64 + 3 * 3 * 64 * 64 + 64 * 256}


def test_the_quadratic_formula_gives_the_real_widths() -> None:
    # C (9 d^2 + 512 d) = 69632, so d = (-512 + sqrt(512^2 + 4 * 9 * 69632 / C)) / 18.
    for solution in rf.solve_width(rf.resnet(50), cardinality=[1, 2, 4, 8, 16, 32, 64]):
        root = (-512 + (512**2 + 36 * 69632 / solution.cardinality) ** 0.5) / 18
        assert solution.real_width == pytest.approx(root, rel=1e-12)


@given(st.integers(1, 130), st.integers(1, 4))
def test_no_other_width_is_nearer_by_equation_4(cardinality: int, base: int) -> None:
    base_width = 16 * base
    channels = 4 * base_width

    def weights(c: int, d: int) -> int:
        return c * (channels * d + 3 * 3 * d * d + d * channels)

    budget = weights(1, base_width)
    distances = {d: abs(weights(cardinality, d) - budget) for d in range(1, 2 * base_width)}
    reference = rf.resnet(50, base_width=base_width, resolution=64)
    if min(distances.values()) * 2 > budget:
        with pytest.raises(rf.InputError, match="no width comes near the budget"):
            solve_width(reference, [cardinality])
        return
    (solution,) = solve_width(reference, [cardinality])
    assert distances[solution.width] == min(distances.values())
    assert solution.cost == weights(cardinality, solution.width)


@given(st.integers(1, 24), st.sampled_from([(1, 1, 1, 1), (2, 1, 3, 1), (3, 4, 6, 3)]))
@settings(max_examples=10)
def test_no_other_width_is_nearer_at_network_scope(cardinality: int, depth: tuple[int, ...]) -> None:
    reference = rf.resnet(depth, base_width=16, resolution=64, classes=10)
    (solution,) = solve_width(reference, [cardinality], scope="network")
    for width in range(1, 2 * 16):
        other = rf.resnext(depth, cardinality, width, base_width=16, resolution=64, classes=10).cost().macs
        assert abs(other - reference.cost().macs) >= abs(solution.cost - solution.budget)
    assert solution.cost == solution.network.cost().macs


def test_nearest_is_by_cost_and_not_by_the_rounded_root() -> None:
    # At C = 28 the root is 4.501. The cost is convex in d, so d = 4 misses the budget by less than d = 5 does.
    at_4, at_5 = (28 * (9 * d * d + 512 * d) for d in (4, 5))
    assert 69632 - at_4 < at_5 - 69632
    (solution,) = solve_width(rf.resnet(50), [28])
    assert solution.real_width == pytest.approx(4.501, abs=0.001)
    assert solution.width == 4


def test_the_scopes_differ_where_the_issue_is() -> None:
    # ResNet-50's multiply-adds at C = 8: 13 is nearer than the paper's 14.
    (solution,) = solve_width(rf.resnet(50), [8], scope="network")
    assert solution.width == 13
    assert solution.real_width == pytest.approx(13.44, abs=0.005)


def test_what_cannot_be_solved_says_what_can() -> None:
    # At d = 1 a block has C (9 + 512) weights: C = 200 is the last within one and a half budgets of 69632.
    assert 200 * 521 <= 1.5 * 69632 < 201 * 521
    with pytest.raises(rf.InputError, match=r"cardinality 256: the narrowest, d = 1, costs 133,376.*works is 200$"):
        solve_width(rf.resnet(50), [256])
    assert solve_width(rf.resnet(50), [200])[0].width == 1
    with pytest.raises(rf.InputError, match="unknown scope 'blocks'; did you mean 'block'"):
        solve_width(rf.resnet(50), scope="blocks")
    with pytest.raises(rf.InputError, match=r"resnet\(18\) is no reference"):
        solve_width(rf.resnet(18))
    with pytest.raises(rf.InputError, match="cardinality is 0"):
        solve_width(rf.resnet(50), [0])
