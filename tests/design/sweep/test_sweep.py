"""Sweeps equal brute force over the integer readings, row for row, however the grid is divided."""

import re
import tracemalloc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.complexity.layers import Conv, Description, Sequential
from resnext_flops.complexity.network import Network
from resnext_flops.design.sweep.request import Sweep, plan_sweep
from resnext_flops.design.sweep.search import Grain
from resnext_flops.errors import InputError
from tests.design.sweep.brute_force import Design, every_design, front, ordered, value

NET = rf.resnext((1, 1, 2, 1), cardinality=2, width=4, resolution=64, classes=10, base_width=8)
CIFAR = rf.resnext_cifar(29, cardinality=2, width=4)

# Small values make ties and duplicates likely.
VALUES = {
    "C": st.integers(1, 6),
    "d": st.integers(1, 9),
    "n2": st.integers(1, 4),
    "K": st.integers(1, 12),
    "r": st.integers(33, 97),
}
EXPRESSIONS = [
    "macs",
    "params",
    "activations",
    "-params",
    "-macs",
    "macs / params",
    "C * d",
    "abs(macs - 9000000)",
    "max(C, d)",
]
CONSTRAINTS = [
    "C * d <= 18",
    "C % 2 == 0",
    "d != 3 and C < 5",
    "C == 1 or d >= 4",
    "(C - d) % 3 == 1",
    "2 <= d < 8",
    "d ** 2 > C",
]


@st.composite
def spaces(draw: st.DrawFn) -> dict[str, list[int]]:
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4, unique=True))
    return {name: sorted(draw(st.sets(VALUES[name], min_size=1, max_size=4))) for name in names}


def about(text: str, space: Mapping[str, Sequence[int]]) -> bool:
    """Whether an expression holds only sizes that are swept, and figures."""
    return {*re.findall("[a-zA-Z]+", text)} <= {*space, "macs", "params", "activations", "abs", "max", "and", "or"}


def run(asked: Sweep) -> list[Design]:
    selection = asked.nothing()
    done: list[int] = []
    for part in asked.parts():
        selection = asked.run(part, selection, done.append)
    assert sum(done) == asked.designs
    return rows(asked.frame(selection))


def rows(frame: Any) -> list[Design]:
    return [{name: row[name] for name in row if name.isidentifier()} for row in frame.to_dict("records")]


@settings(max_examples=60)
@given(
    space=spaces(),
    constraints=st.lists(st.sampled_from(CONSTRAINTS), max_size=2),
    limits=st.lists(st.tuples(st.sampled_from(["macs", "params", "activations"]), st.floats(0, 1)), max_size=2),
    pareto=st.lists(st.sampled_from(EXPRESSIONS), max_size=3, unique=True),
    by=st.none() | st.sampled_from(EXPRESSIONS),
    top=st.none() | st.integers(1, 5),
    grain=st.builds(Grain, st.integers(2, 9), st.integers(1, 12)),
)
def test_a_sweep_equals_brute_force(
    space: dict[str, list[int]],
    constraints: list[str],
    limits: list[tuple[str, float]],
    pareto: list[str],
    by: str | None,
    top: int | None,
    grain: Grain,
) -> None:
    constraints = [text for text in constraints if about(text, space)]
    pareto = [text for text in pareto if about(text, space)]
    by = by if by and about(by, space) else None
    designs = every_design(NET, space)
    budgets = []
    for figure, share in limits:
        least, most = (end(design[figure] for design in designs) for end in (min, max))
        budgets.append(f"{figure} <= {int(least + share * (most - least))}")
    top = top if by or pareto else None
    asked = plan_sweep(NET, space, constraint=constraints, budget=budgets, pareto=pareto, by=by, top=top)
    found = run(asked._replace(cut=grain, grain=grain))

    meeting = [design for design in designs if all(value(text, design) for text in (*constraints, *budgets))]
    best = front(meeting, pareto) if pareto else meeting
    expected = ordered(best, [key for key in (by, *pareto) if key])[:top]
    assert found == expected


def test_of_equal_designs_the_first_are_kept_wherever_the_sweep_begins() -> None:
    asked = plan_sweep(NET, {"C": range(1, 41)}, by="max(C, 40)", top=3)
    assert [design["C"] for design in run(asked._replace(grain=Grain(4, 4)))] == [1, 2, 3]


@pytest.mark.parametrize("only", range(1, 13))
@pytest.mark.parametrize("leaf", [1, 2, 5])
def test_a_box_with_one_design_that_meets_a_condition_is_kept(only: int, leaf: int) -> None:
    asked = plan_sweep(NET, {"C": range(1, 13)}, constraint=[f"C >= {only}", f"C <= {only}"])
    grain = Grain(2, leaf)
    assert [design["C"] for design in run(asked._replace(cut=grain, grain=grain))] == [only]


def test_figures_of_random_designs_equal_the_integer_reading() -> None:
    space = {"C": "1:64", "d": "1:128", "n3": "1:40", "r": "97:320", "K": "10,1000"}
    found = rf.sweep(rf.resnext(50), space, sample=30, seed=1)
    assert len(found) == 30
    for row in rows(found):
        cost = rf.resnext(50).replace(**{name: row[name] for name in space}).cost()
        assert (row["params"], row["macs"], row["activations"]) == (cost.params, cost.macs, cost.activations)


@pytest.mark.parametrize(
    ("network", "space"),
    [
        (rf.resnet(18), {"w": [8, 64, 80]}),
        (rf.wide_resnet(28, 10), {"widening": [2, 3, 10]}),
        (CIFAR, {"C": [1, 8], "d": [4, 64], "n1": [1, 3]}),
        (rf.vgg(11), {"K": [1, 10, 1000]}),
    ],
    ids=["resnet", "wide_resnet", "cifar", "vgg"],
)
def test_every_family_can_be_swept(network: Network, space: dict[str, Sequence[int]]) -> None:
    designs = []
    for values in every(space):
        cost = network.replace(**values).cost() if "n1" not in values else None
        designs.append(values if cost is None else {**values, "macs": cost.macs, "params": cost.params})
    found = rows(rf.sweep(network, space))
    assert [{name: row[name] for name in design} for row, design in zip(found, designs, strict=True)] == designs


def every(space: Mapping[str, Sequence[int]]) -> list[dict[str, int]]:
    from itertools import product

    return [dict(zip(space, values, strict=True)) for values in product(*space.values())]


def test_a_total_of_a_convention_is_a_figure() -> None:
    found = rf.sweep(rf.resnext(50), {"d": [4]}, by="fvcore / ptflops_aten")
    cost = rf.resnext(50).cost()
    assert found["fvcore"].tolist() == [cost.total("fvcore")]
    assert found["fvcore / ptflops_aten"].tolist() == [cost.total("fvcore") / cost.total("ptflops-aten")]


def test_a_sample_is_spread_and_the_same_for_a_seed() -> None:
    space = {"C": range(1, 101), "d": range(1, 101)}
    first, again, other = (rf.sweep(NET, space, sample=500, seed=seed) for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)
    # One design from each of 500 parts of 20.
    assert (first.sort_index().index // 20).tolist() == list(range(500))


def test_a_sample_of_several_chunks_is_drawn_chunk_by_chunk() -> None:
    asked = plan_sweep(NET, {"C": "1:2000", "d": "1:1000"}, sample=600_000, by="macs", top=1)
    assert len(asked.parts()) == 3
    assert asked.sample is not None
    drawn = np.concatenate([asked.sample.chunk(number, 2_000_000) for number in range(3)])
    edges = np.arange(600_001) * 2_000_000 // 600_000
    assert np.all((edges[:-1] <= drawn) & (drawn < edges[1:]))


def test_a_space_of_a_million_million_designs_is_swept() -> None:
    space = dict.fromkeys(("C", "d", "w"), "1:10000")
    budgets = ["macs <= 4.2e9", "params <= 26e6"]
    found = rf.sweep(rf.resnext(50), space, budget=budgets, by="-macs", top=5)
    for row in rows(found):
        cost = rf.resnext(50).replace(**{name: row[name] for name in space}).cost()
        assert row["macs"] == cost.macs <= 4.2e9
        assert row["params"] == cost.params <= 26e6
    assert found["macs"].is_monotonic_decreasing


def test_a_figure_that_depends_on_no_size_is_compared_as_well() -> None:
    found = rf.sweep(rf.resnext(50), {"r": [192, 224]}, budget="params <= 30e6", pareto=["params", "-macs"])
    assert found["macs"].tolist() == [rf.resnext(50).cost().macs]
    assert found["params"].tolist() == [rf.resnext(50).cost().params]


def test_quotients_are_rounded_as_python_rounds_them() -> None:
    # 21 / 0.7 is 30.000000000000004, and 21 * (1 / 0.7) is 30.
    assert rf.sweep(rf.resnext(50), {"C": "1:30"}, constraint="C / 0.7 <= 30")["C"].max() == 20
    assert rf.sweep(rf.resnext(50), {"C": "49"}, constraint="C / 4.9 >= 10")["C"].tolist() == [49]


def test_the_largest_remainder_is_one_below_the_divisor() -> None:
    assert rf.sweep(NET, {"C": "1:10"}, constraint="C % 3 == 2")["C"].tolist() == [2, 5, 8]


def test_many_budgets_and_conditions_are_no_trouble() -> None:
    budgets = [f"macs <= {limit}" for limit in range(1, 25)]
    assert bad(budget=budgets).endswith(f"with {rf.resnext(50, 1, 1).cost().macs:,} macs")
    conditions = [" and ".join(f"C != {number}" for number in range(1, 36))] * 10
    assert rf.sweep(rf.resnext(50), {"C": "30:40"}, constraint=conditions)["C"].min() == 36


def test_a_long_axis_takes_little_memory() -> None:
    tracemalloc.start()
    rf.sweep(rf.resnext(50), {"K": range(1, 250_001), "r": "200:231"}, by="-macs", top=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 250_000 * 32  # one column of all designs


def test_a_structure_that_changes_within_the_space_is_found_out() -> None:
    @rf.family
    def odd(inner: int = 16, outer: int = 16, resolution: int = 8) -> Description:
        """One convolution, and another where two sizes differ."""
        first = Conv(inner, 3, padding=1)
        body = Sequential.of(a=first) if inner == outer else Sequential.of(a=first, b=Conv(outer, 1))
        return Description((3, resolution, resolution), body)

    with pytest.raises(InputError, match="do not hold at"):
        rf.sweep(odd(inner=20), {"outer": range(17, 24)})


def test_names_of_numexprs_functions_are_names_of_sizes() -> None:
    @rf.family
    def mine(where: int = 4, sin: int = 3) -> Description:
        """Two convolutions."""
        return Description((3, 8, 8), Sequential.of(a=Conv(where, 3), b=Conv(sin, 1)))

    found = rf.sweep(mine(), {"where": "1:9", "sin": "1:9"}, constraint="where * sin == 12", by="macs")
    assert sorted(zip(found["where"], found["sin"], strict=True)) == [(2, 6), (3, 4), (4, 3), (6, 2)]


def bad(**arguments: Any) -> str:
    with pytest.raises(InputError) as error:
        rf.sweep(rf.resnext(50), **{"over": {"C": "1:64", "d": "1:128"}, **arguments})
    return str(error.value)


def test_bad_input_is_answered_with_one_sentence() -> None:
    assert bad(over={}) == "a sweep needs a free size; give one, such as d=1:128"
    assert bad(over={"d": "8:4"}) == "d cannot be '8:4'; the range is empty"
    assert bad(over={"d": "8:x"}) == "d cannot be '8:x'; give values such as 8, 1:64 or 8:64:8"
    assert bad(over={"d": []}) == "d has no values; give some, such as 1:64 or 1,2,4"
    assert bad(over={"d": "1:100000000"}).startswith("d has more than 10,000,000 values")
    assert bad(over={"C": [0, 1]}) == "C is 0; it must be a whole number of at least 1"
    assert "did you mean" in bad(over={"widht": "1:4"}) or "known are" in bad(over={"widht": "1:4"})
    assert bad(over={"C": "1:4", "cardinality": "5:8"}) == "values of C are given twice; give them once"
    assert "unknown name 'mac'" in bad(budget="mac <= 4e9")
    assert bad(budget="macs") == "cannot use 'macs': it must be a comparison, such as 'macs <= 4.2e9'"
    assert bad(by="macs <= 1").endswith("it must be a number, such as 'macs / params'")
    assert bad(top=3) == "the top 3 of what? give by, such as by='-macs' for the most multiply-adds"
    assert bad(nearest={"macs": 1}, by="macs").startswith("both nearest and by are given")
    assert bad(constraint="C > 64") == "the space is empty: no design of it meets C > 64"
    assert bad(engine="spark").startswith("unknown engine 'spark'")
    assert bad(scheduler="tcp://127.0.0.1:1").startswith("a scheduler is one of Dask's")
    assert bad(by="macs / (C - 2)").endswith("may divide by zero in this space")


def test_a_budget_that_nothing_meets_names_the_nearest_design() -> None:
    least = rf.resnext(50, cardinality=1, width=1).cost()
    assert bad(budget="macs <= 1e6", by="macs") == (
        f"no design meets macs <= 1000000; the nearest is C = 1, d = 1 with {least.macs:,} macs"
    )
    assert "the nearest is C = 64, d = 128" in bad(budget=["macs >= 1e15", "params >= 1e9"])


def test_a_figure_that_does_not_fit_is_refused_with_the_largest_design() -> None:
    sentence = bad(over={"C": [1, 10**6], "d": [1, 10**6]})
    largest = rf.resnext(50, cardinality=10**6, width=10**6).cost()
    assert sentence.startswith("the largest design, C = 1000000, d = 1000000, has ")
    assert f"{largest.macs:,} macs" in sentence or f"{largest.params:,} params" in sentence
    assert "does not fit 64 bits" in bad(by="macs * macs")
