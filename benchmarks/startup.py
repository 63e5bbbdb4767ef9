"""How long the command line takes to start, against importing nothing but click and rich.

What it prints goes through a pipe, and to a terminal, where tables are laid out in another way.
"""

import sys
from collections.abc import Iterator

from benchmarks.pairs import Comparison, command, on_terminal, ratios

BARE = (sys.executable, "-c", "import click, rich.console, rich.table")
COMMANDS = (["--help"], ["table", "--no-prove"], ["formula", "resnext50_32x4d"], ["models"])


def rows() -> Iterator[Comparison]:
    for where, run, aim in (("in a pipe", command, 1.1), ("on a terminal", on_terminal, 1.5)):
        for arguments in COMMANDS:
            name = f"resnext-flops {' '.join(arguments)} {where} / import of click and rich"
            ours = run(sys.executable, "-m", "resnext_flops", *arguments)
            yield Comparison(name, ratios(ours, run(*BARE), pairs=15), f"at most {aim}")
