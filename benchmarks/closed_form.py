"""How long deriving and solving take, against their bounds: half a second a formula, a second for 1000 answers."""

import time
from collections.abc import Callable

import resnext_flops as rf
from benchmarks.pairs import report
from resnext_flops.complexity.symbolic import Reading, own_sizes


def main() -> None:
    network = rf.resnext(101, cardinality=64, width=4)
    free = own_sizes(network.family, network.arguments)
    derive = [seconds(lambda: Reading(network.family, network.arguments, free).figure("macs")) for _ in range(5)]
    report("closed form of ResNeXt-101 with every size free / 0.5 s", [each / 0.5 for each in derive], "at most 1")
    solve = [seconds(lambda: rf.solve(network, "d", budget=60e9, given={"C": range(1, 1001)})) for _ in range(5)]
    report("width for 1000 cardinalities / 1 s", solve, "at most 1")


def seconds(function: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
