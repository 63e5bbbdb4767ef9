"""How long deriving and solving take, against their bounds: half a second a formula, a second for 1000 answers."""

from collections.abc import Iterator

import resnext_flops as rf
from benchmarks.pairs import Comparison, seconds

RUNS = 6


def rows() -> Iterator[Comparison]:
    network = rf.resnext(101, cardinality=64, width=4)
    free = network.sizes()

    def derive() -> object:
        return network.reading(free).figure("macs")

    def solve() -> object:
        return rf.solve(network, "d", budget=60e9, given={"C": range(1, 1001)})

    bounds = [seconds(derive) / 0.5 for _ in range(RUNS)]
    yield Comparison("closed form of ResNeXt-101 with every size free / 0.5 s", bounds, "at most 1")
    yield Comparison("width for 1000 cardinalities / 1 s", [seconds(solve) for _ in range(RUNS)], "at most 1")
