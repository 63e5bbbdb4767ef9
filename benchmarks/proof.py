"""How long the proven template table takes, against importing torch and fvcore."""

import sys

from benchmarks.pairs import python, report, seconds

NETWORKS = 7


def main() -> None:
    table = [sys.executable, "-m", "resnext_flops", "table"]
    bare = python("import torch, fvcore.nn")
    found = []
    for _ in range(3):
        alone = seconds(bare)
        found.append(seconds(table) / (alone + NETWORKS))
    report("proven table of 7 networks / (import of torch and fvcore + 1 s a network)", found, "at most 1")
