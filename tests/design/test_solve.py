"""Solved sizes against the paper, and against brute force over Eqn. 4 and over whole networks."""

import math
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.names import families
from resnext_flops.design.solve import CONSTRAINTS, Solution, identity_block, solve_width
from resnext_flops.design.unknowns import Target
from resnext_flops.tables.solutions import solutions


def test_the_papers_widths() -> None:
    solutions = rf.solve_width(rf.resnet(50), cardinality=[1, 2, 4, 8, 32])
    assert [solution.sizes["d"] for solution in solutions] == [64, 40, 24, 14, 4]  # Table 2
    assert {solution.budget for solution in solutions} == {256 * 64 + 3 * 3 * 64 * 64 + 64 * 256}


def test_the_quadratic_formula_gives_the_real_widths() -> None:
    # C (9 d^2 + 512 d) = 69632, so d = (-512 + sqrt(512^2 + 4 * 9 * 69632 / C)) / 18.
    for solution in rf.solve_width(rf.resnet(50), cardinality=[1, 2, 4, 8, 16, 32, 64]):
        root = (-512 + (512**2 + 36 * 69632 / solution.sizes["C"]) ** 0.5) / 18
        assert solution.root == pytest.approx(root, rel=1e-12)


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
    assert distances[solution.sizes["d"]] == min(distances.values())
    assert solution.cost == weights(cardinality, solution.sizes["d"])


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
    assert solution.root == pytest.approx(4.501, abs=0.001)
    assert solution.sizes["d"] == 4


def test_the_scopes_differ_where_the_issue_is() -> None:
    # ResNet-50's multiply-adds at C = 8: 13 is nearer than the paper's 14.
    (solution,) = solve_width(rf.resnet(50), [8], scope="network")
    assert solution.sizes["d"] == 13
    assert solution.root == pytest.approx(13.44, abs=0.005)


def test_what_cannot_be_solved_says_what_can() -> None:
    # At d = 1 a block has C (9 + 512) weights: C = 200 is the last within one and a half budgets of 69632.
    assert 200 * 521 <= 1.5 * 69632 < 201 * 521
    with pytest.raises(rf.InputError, match=r"cardinality 256: the narrowest, d = 1, costs 133,376.*works is 200$"):
        solve_width(rf.resnet(50), [256])
    assert solve_width(rf.resnet(50), [200])[0].sizes["d"] == 1
    with pytest.raises(rf.InputError, match="unknown scope 'blocks'; did you mean 'block'"):
        solve_width(rf.resnet(50), scope="blocks")
    with pytest.raises(rf.InputError, match=r"resnet\(18\) is no reference"):
        solve_width(rf.resnet(18))
    with pytest.raises(rf.InputError, match=r"block='basic'\) is no reference"):
        solve_width(rf.resnet((2, 2, 2, 2), block="basic"))
    with pytest.raises(rf.InputError, match=r"wide_resnet\(28, widening=10\) is no reference"):
        solve_width(rf.wide_resnet(28, 10))
    with pytest.raises(rf.InputError, match="cardinality is 0"):
        solve_width(rf.resnet(50), [0])


# A small network, so that brute force is quick; what it costs grows as ResNeXt-50's cost does.
SMALL = rf.resnext((1, 2, 1, 1), cardinality=2, width=3, resolution=32, classes=10, base_width=4)
RANGES = {"C": 24, "d": 24, "w": 16, "K": 40, "n2": 12, "in_channels": 12}


@cache
def small(sizes: tuple[tuple[str, int], ...]) -> Ledger:
    """The integer reading alone, described anew; examples meet the same sizes again and again."""
    return SMALL.replace(**dict(sizes)).cost()


def costs(figure: str, scope: str, sizes: dict[str, int]) -> int:
    """A figure of the small network with other sizes."""
    ledger = small(tuple(sizes.items()))
    part = ledger if scope == "network" else ledger.stage(scope)
    return part.total(figure) if figure == "fvcore" else int(getattr(part, figure))


@given(
    unknown=st.sampled_from(sorted(RANGES)),
    figure=st.sampled_from(["params", "weights", "macs", "activations", "fvcore"]),
    scope=st.sampled_from(["network", "network", "conv3"]),
    constraint=st.sampled_from(CONSTRAINTS),
    within=st.sampled_from([None, 1, 7.5, 30, 400]),
    multiple_of=st.sampled_from([1, 1, 3]),
    lower=st.integers(1, 6),
    share=st.floats(0.2, 3),
)
@settings(max_examples=150)
def test_no_whole_number_is_better_by_brute_force(
    unknown: str,
    figure: str,
    scope: str,
    constraint: str,
    within: float | None,
    multiple_of: int,
    lower: int,
    share: float,
) -> None:
    upper = RANGES[unknown]
    by_size = {
        value: costs(figure, scope, {unknown: value}) for value in range(lower, upper + 1) if value % multiple_of == 0
    }
    budget = max(1, int(share * costs(figure, scope, {})))
    percent = within if within is not None else 50 if constraint == "nearest" else math.inf
    allowed = {
        value: cost
        for value, cost in by_size.items()
        if 100 * abs(cost - budget) <= percent * budget
        and not (constraint == "at-most" and cost > budget)
        and not (constraint == "at-least" and cost < budget)
    }

    def solve() -> list[Solution]:
        return rf.solve(
            SMALL, unknown, budget=budget, figure=figure, scope=scope, constraint=constraint, within=within,
            multiple_of=multiple_of, lower=lower, upper=upper,
        )  # fmt: skip

    if len(set(by_size.values())) == 1:
        with pytest.raises(rf.InputError, match=f"do not depend on {unknown}"):
            solve()
    elif not allowed:
        ends = rf"{min(by_size.values()):,} \({unknown} = \d+\) to {max(by_size.values()):,}"
        with pytest.raises(rf.InputError, match=f"attainable is {ends}"):
            solve()
    else:
        (solution,) = solve()
        best = min(allowed, key=lambda value: (abs(allowed[value] - budget), value))
        assert solution.sizes == {unknown: best}
        assert solution.cost == allowed[best]
        if scope == "network":
            ledger = solution.network.cost()
            assert solution.costs["params"] == ledger.params
            assert solution.costs["activations"] == ledger.activations


@pytest.mark.parametrize("family", families())
def test_every_family_can_be_solved_for_its_classes(family: str) -> None:
    network = families()[family]()
    target = network.replace(classes=17)
    (solution,) = rf.solve(network, "K", like=target, figure="params")
    assert solution.sizes == {"K": 17}
    assert solution.deviation == 0
    assert solution.network == target


AT_ANY_RESOLUTION = rf.resnext((1, 1, 1, 1), cardinality=1, width=2, resolution=40, classes=10, base_width=4)


@cache
def macs_at(resolution: int) -> int:
    return int(AT_ANY_RESOLUTION.replace(resolution=resolution).cost().macs)


@given(st.integers(1, 60), st.sampled_from([1, 8, 12]), st.sampled_from(CONSTRAINTS))
@settings(max_examples=15)
def test_any_resolution_may_be_the_answer(thousands: int, multiple_of: int, constraint: str) -> None:
    budget = 20_000 * thousands
    by_size = {r: macs_at(r) for r in range(17, 150) if r % multiple_of == 0}
    allowed = {
        r: cost
        for r, cost in by_size.items()
        if (constraint == "nearest" and 2 * abs(cost - budget) <= budget)
        or (constraint == "at-most" and cost <= budget)
        or (constraint == "at-least" and cost >= budget)
    }

    def solve() -> list[Solution]:
        return rf.solve(
            AT_ANY_RESOLUTION, "r", budget=budget, constraint=constraint, multiple_of=multiple_of, upper=149
        )

    if not allowed:
        with pytest.raises(rf.InputError, match="attainable is"):
            solve()
        return
    (solution,) = solve()
    best = min(allowed, key=lambda r: (abs(allowed[r] - budget), r))
    assert (solution.sizes, solution.cost) == ({"r": best}, allowed[best])


@given(st.sampled_from([("C", "d"), ("d", "n2"), ("w", "K")]), st.floats(0.3, 2), st.sampled_from([0.5, 3, 10]))
@settings(max_examples=10)
def test_all_pairs_within_a_tolerance_by_brute_force(names: tuple[str, str], share: float, within: float) -> None:
    first, second = names
    width = {"d": max(1, round(4 * share))}
    reference = SMALL.replace(**width)
    budget = {figure: costs(figure, "network", width) for figure in ("macs", "params")}
    expected = {}
    for one in range(1, 13):
        for other in range(1, 13):
            sizes = {first: one, second: other}
            off = {figure: abs(costs(figure, "network", sizes) - budget[figure]) for figure in budget}
            if 100 * off["macs"] <= within * budget["macs"]:
                expected[one, other] = (off["macs"], off["params"])

    def solve() -> list[Solution]:
        return rf.solve(SMALL, names, like=reference, figure=["macs", "params"], within=within, upper=12)

    if not expected:
        with pytest.raises(rf.InputError, match=f"no pair of {first} from 1 to 12 and {second} from 1 to 12"):
            solve()
        return
    found = solve()
    assert [tuple(solution.sizes.values()) for solution in found] == sorted(expected)
    for solution in found:
        mine = expected[solution.sizes[first], solution.sizes[second]]
        beaten = any(a <= mine[0] and b <= mine[1] and (a, b) != mine for a, b in expected.values())
        assert solution.efficient is not beaten


def test_pairs_without_an_upper_bound_are_all_there() -> None:
    found = rf.solve(SMALL, ["C", "d"], like=SMALL, within=2)
    bounded = rf.solve(SMALL, ["C", "d"], like=SMALL, within=2, upper=200)
    assert [solution.sizes for solution in found] == [solution.sizes for solution in bounded]
    assert {"C": 2, "d": 3} in [solution.sizes for solution in found]


def test_a_pair_of_resolution_and_width() -> None:
    found = rf.solve(SMALL, ["d", "r"], like=SMALL, within=3, upper={"d": 6, "r": 60})
    reference = SMALL.cost().macs
    expected = [
        {"d": width, "r": r}
        for width in range(1, 7)
        for r in range(17, 61)
        if 100 * abs(SMALL.replace(width=width, resolution=r).cost().macs - reference) <= 3 * reference
    ]
    assert [solution.sizes for solution in found] == expected


def test_table_4_of_the_paper() -> None:
    template = rf.resnext(101, cardinality=1, width=64)
    (wider,) = rf.solve(template, "d", budget=15e9)
    assert wider.sizes == {"d": 99}  # the paper took 100
    cardinalities = rf.solve(template, "C", budget=15e9, given={"d": [4, 64]})
    assert [solution.sizes["C"] for solution in cardinalities] == [62, 2]  # the paper took 64 and 2
    (deeper,) = rf.solve(template, "n3", budget=15e9)
    # The block with an identity shortcut at 56x56 pixels, Eqn. 4 with C = 1 and d = 64; ResNet-200 has 66 blocks.
    assert identity_block(deeper) == ((256 * 64 + 3 * 3 * 64 * 64 + 64 * 256) * 56 * 56, 66)
    for stage, own in (("n1", 3), ("n2", 4), ("n4", 3)):
        (other,) = rf.solve(template, stage, budget=15e9)
        assert other.sizes[stage] - own == deeper.sizes["n3"] - 23
        assert other.cost == deeper.cost
    # Parameters do tell the stages apart.
    assert identity_block(rf.solve(template, "n3", budget=60_000_000, figure="params")[0]) is None


def test_given_values_make_a_row_of_each_combination() -> None:
    found = rf.solve(rf.resnext(50), "d", like=rf.resnet(50), given={"C": [1, 32], "r": [224, 192]})
    assert [(each.sizes["C"], each.sizes["r"]) for each in found] == [(1, 224), (32, 224), (1, 192), (32, 192)]
    for solution in found:
        assert solution.network.cost().macs == solution.cost


def test_a_tolerance_ends_at_the_last_whole_number_within_it() -> None:
    target = Target.of("macs", 999, percent=10)
    # 10 percent of 999 is 99.9.
    assert [target.allows(cost) for cost in (899, 900, 1098, 1099)] == [False, True, True, False]


def test_deviations_are_in_every_figure() -> None:
    (solution,) = rf.solve(rf.resnext(50), "d", like=rf.resnet(50), given={"C": [32]})
    assert set(solution.deviations) == {"macs", "params", "weights", "activations"}
    assert float(100 * solution.deviation) == pytest.approx(100 * (4230479872 / 4089184256 - 1))
    assert float(100 * solution.deviations["params"]) == pytest.approx(100 * (25028904 / 25557032 - 1))
    assert set(rf.solve(rf.resnext(50), "d", budget=4 * 10**9)[0].deviations) == {"macs"}


@pytest.mark.parametrize(
    ("budget", "figure", "constraint"),
    [
        ("4.1G", "macs", "nearest"),
        ("macs = 4.1G", "macs", "nearest"),
        ("macs <= 4_100M", "macs", "at-most"),
        ("fvcore >= 4.1e9", "fvcore", "at-least"),
        ("calflops <= 4.1G", "calflops", "at-most"),
    ],
)
def test_a_budget_as_a_text(budget: str, figure: str, constraint: str) -> None:
    texts, numbers = (
        rf.solve(rf.resnext(50), "d", budget=each, **rest)  # type: ignore[arg-type]
        for each, rest in ((budget, {}), (4_100_000_000, {"figure": figure, "constraint": constraint}))
    )
    assert [(each.sizes, each.target) for each in texts] == [(each.sizes, each.target) for each in numbers]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no such size": ({"unknowns": "x"}, "unknown free size of resnext 'x'"),
    "no budget": ({"budget": None}, "neither a reference nor a budget is given"),
    "no comparison": ({"budget": "macs < 4G"}, "the budget cannot be 'macs < 4G'; give a whole number such as 4.1G"),
    "no whole number": ({"budget": "macs = 0.5"}, "the budget cannot be 'macs = 0.5'"),
    "no number": ({"budget": "macs = params"}, "the budget cannot be 'macs = params'"),
    "no text": ({"budget": "macs ="}, "cannot use 'macs =': it ends too early"),
    "zero": ({"budget": "macs = 0"}, "the budget is 0; it must be a whole number of at least 1"),
    "figure of a budget": ({"budget": "flops = 4G"}, "unknown figure 'flops'"),
    "contradicted figure": (
        {"budget": "macs = 4G", "figure": ["macs", "params"]},
        "the budget 'macs = 4G' is of macs, and the figure is macs, params",
    ),
    "contradicted constraint": (
        {"budget": "macs >= 4G", "constraint": "nearest"},
        "the budget 'macs >= 4G' is at-least, and the constraint is nearest",
    ),
    "two budgets": ({"like": rf.resnet(50)}, "both a reference and a budget are given"),
    "no budget at all": ({"budget": 0}, "the budget is 0; it must be a whole number of at least 1"),
    "fraction": ({"budget": 1.5}, "the budget is 1.5; it must be a whole number"),
    "infinite": ({"budget": math.inf}, "the budget is inf; it must be a whole number"),
    "too small": ({"budget": 1000}, r"no d from 1 costs 1,000 multiply-adds, within 50 %: d = 1 comes nearest"),
    "none at most": ({"budget": 1000, "constraint": "at-most"}, r"attainable is 1,374,060,544 \(d = 1\) and more"),
    "out of reach": ({"upper": 2, "within": 1}, r"attainable is 1,374,060,544 \(d = 1\) to 2,297,298,944 \(d = 2\)"),
    "independent": ({"unknowns": "K", "scope": "block"}, "multiply-adds at block scope do not depend on K"),
    "independent pair": ({"unknowns": ["d", "K"], "scope": "block"}, "at block scope do not depend on K"),
    "empty range": ({"lower": 9, "upper": 5}, "d cannot be at least 9 and at most 5; the range is empty"),
    "no multiple": ({"multiple_of": 8, "lower": 9, "upper": 15}, "no multiple of 8 lies from 9 to 15; the next"),
    "given and unknown": ({"given": {"d": [1]}}, "d is both given and unknown"),
    "given zero": ({"given": {"C": [0]}}, "C is 0; it must be a whole number of at least 1"),
    "three": ({"unknowns": ["C", "d", "K"]}, "one size can be solved for, or two"),
    "figure": ({"figure": "flops"}, "unknown figure 'flops'"),
    "figures": ({"figure": ["macs", "params"]}, "a budget is that of one figure, and 2 are asked for"),
    "scope": ({"scope": "conv9"}, "unknown scope 'conv9'"),
    "constraint": ({"constraint": "most"}, "unknown constraint 'most'; did you mean 'at-most'"),
    "tolerance": ({"within": -1}, "the tolerance is -1 percent"),
    "far too many": ({"unknowns": ["C", "K"]}, "more than 20,000 pairs of C and K"),
    "resolution": ({"given": {"r": [8]}}, "the smallest that works is 17"),
    "no resolution": ({"unknowns": "r", "upper": 3}, "no r from 1 to 3 passes through the network"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(case: str) -> None:
    changes, message = BAD[case]
    arguments = {"unknowns": "d", "budget": 4 * 10**9, **changes}
    with pytest.raises(rf.InputError, match=message) as error:
        rf.solve(rf.resnext(50), **arguments)
    assert "\n" not in str(error.value)


def test_an_answer_below_the_budget_is_not_called_the_nearest() -> None:
    below, nearest = (solutions(rf.solve(rf.resnet(50), "d", budget=f"macs {sign} 2.04G")) for sign in ("<=", "="))
    assert "nearest to it, of those that cost at most the budget." in below.notes[0]
    assert "nearest to it. Asked" in nearest.notes[0]
