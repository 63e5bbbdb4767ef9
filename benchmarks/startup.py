"""How long the command line takes to start, against importing nothing but click and rich.

What it prints goes through a pipe, and to a terminal, where tables are laid out in another way. Counting a model of
torchvision is held against importing torch and torchvision, and reading what is kept of one against the bare imports.
"""

import sys
from collections.abc import Iterator

from benchmarks.pairs import Comparison, command, on_terminal, ratios

BARE = (sys.executable, "-c", "import click, rich.console, rich.table")
LIBRARY = (sys.executable, "-c", "import torch, torchvision")
COUNTED = ("count", "torchvision:resnet50")
KEPT = ("compare", "torchvision:resnet50")
COMMANDS = (["--help"], ["table", "--no-prove"], ["formula", "resnext50_32x4d"], ["models"])


def rows() -> Iterator[Comparison]:
    for where, run, aim in (("in a pipe", command, 1.1), ("on a terminal", on_terminal, 1.5)):
        for arguments in COMMANDS:
            name = f"resnext-flops {' '.join(arguments)} {where} / import of click and rich"
            ours = run(sys.executable, "-m", "resnext_flops", *arguments)
            yield Comparison(name, ratios(ours, run(*BARE), pairs=15), f"at most {aim}")
    for words, bare, peer, goal in (
        (COUNTED, LIBRARY, "import of torch and torchvision", "at most 1.15"),
        (KEPT, BARE, "import of click and rich", "as `models`"),
    ):
        ours = command(sys.executable, "-m", "resnext_flops", *words)
        name = f"resnext-flops {' '.join(words)} / {peer}"
        yield Comparison(name, ratios(ours, command(*bare), pairs=9), goal)
