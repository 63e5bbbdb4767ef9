"""How long the command line takes to start, against importing nothing but click and rich."""

import sys
from collections.abc import Iterator

from benchmarks.pairs import Comparison, command, python, ratios

BARE = python("import click, rich.console, rich.table")


def rows() -> Iterator[Comparison]:
    for arguments in (["--help"], ["table", "--no-prove"]):
        name = f"resnext-flops {' '.join(arguments)} / import of click and rich"
        ours = command(sys.executable, "-m", "resnext_flops", *arguments)
        yield Comparison(name, ratios(ours, BARE, pairs=15), "at most 1.5")
