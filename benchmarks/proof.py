"""How long the proven template table takes, against importing torch and fvcore."""

import sys
from collections.abc import Iterator

from benchmarks.pairs import Comparison, command, python, seconds

NETWORKS = 7


def rows() -> Iterator[Comparison]:
    table, bare = command(sys.executable, "-m", "resnext_flops", "table"), python("import torch, fvcore.nn")
    found = []
    for _ in range(3):
        alone = seconds(bare)
        found.append(seconds(table) / (alone + NETWORKS))
    yield Comparison("proven table of 7 networks / import of torch and fvcore + 1 s a network", found, "at most 1")
