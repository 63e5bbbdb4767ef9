"""The table of ratios; no benchmark is run."""

import subprocess
import sys

import pytest

import resnext_flops as rf
from benchmarks.__main__ import main, table
from benchmarks.pairs import Comparison, command, on_terminal, ratios
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


def test_a_command_in_a_pipe_and_on_a_terminal() -> None:
    # Each command fails unless its standard output is what it is said to be; the second fills a terminal's buffer.
    command(sys.executable, "-c", "import sys; sys.exit(sys.stdout.isatty())")()
    on_terminal(sys.executable, "-c", "import sys; print('a' * 100_000); sys.exit(not sys.stdout.isatty())")()
    with pytest.raises(subprocess.CalledProcessError):
        on_terminal(sys.executable, "-c", "import sys; sys.exit(1)")()


def test_an_unknown_benchmark() -> None:
    with pytest.raises(SystemExit, match="benchmarks: unknown benchmark 'startpu'; did you mean 'startup'"):
        main(["startpu"])


def test_the_function_in_the_manner_of_pycls_counts_what_we_count() -> None:
    for depth, cardinality, width in ((50, 32, 4), (101, 64, 4), (152, 3, 17)):
        cost, theirs = rf.resnext(depth, cardinality, width).cost(), complexity(depth, cardinality, width)
        assert (theirs["params"], theirs["flops"], theirs["acts"]) == (cost.params, cost.macs, cost.activations)
