"""The table of ratios; no benchmark is run."""

import pytest

import resnext_flops as rf
from benchmarks.__main__ import main, table
from benchmarks.pairs import Comparison, ratios
from benchmarks.sweeping import complexity


def test_one_table_of_ratios() -> None:
    shown = table([("a", Comparison("ours / theirs", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "at most 4"))]).rows[0]
    assert shown["ratio"] == 3.5
    assert shown["uncertainty_percent"] == (6 - 1) / 2 / 3.5
    assert (shown["pairs"], shown["aim"]) == (6, "at most 4")


def test_pairs_take_turns() -> None:
    order: list[str] = []
    assert len(ratios(lambda: order.append("o"), lambda: order.append("t"), 3)) == 3
    assert "".join(order) == "ot" * 4


def test_an_unknown_benchmark() -> None:
    with pytest.raises(SystemExit, match="benchmarks: unknown benchmark 'startpu'; did you mean 'startup'"):
        main(["startpu"])


def test_the_function_in_the_manner_of_pycls_counts_what_we_count() -> None:
    for depth, cardinality, width in ((50, 32, 4), (101, 64, 4), (152, 3, 17)):
        cost, theirs = rf.resnext(depth, cardinality, width).cost(), complexity(depth, cardinality, width)
        assert (theirs["params"], theirs["flops"], theirs["acts"]) == (cost.params, cost.macs, cost.activations)
