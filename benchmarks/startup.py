"""How long the command line takes to start, against importing nothing but click and rich."""

import sys

from benchmarks.pairs import python, ratios, report

BARE = python("import click, rich.console, rich.table")


def main() -> None:
    command = [sys.executable, "-m", "resnext_flops"]
    for arguments in (["--help"], ["table", "--no-prove"]):
        name = f"resnext-flops {' '.join(arguments)} / import of click and rich"
        report(name, ratios([*command, *arguments], BARE, pairs=15), "at most 1.5")
