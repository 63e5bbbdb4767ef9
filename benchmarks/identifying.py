"""How long it takes to say what a printed figure is, against the imports that counting a real model needs anyway.

Two digits are met by many readings, none of which is sure: every image and every form is tried.
"""

import sys
from collections.abc import Iterator

from benchmarks.pairs import Comparison, command, ratios

BARE = (sys.executable, "-c", "import click, rich.console, rich.table")
LIBRARY = (sys.executable, "-c", "import torch, torchvision")
GOALS = (
    ("resnet50", "9.9G", BARE, "import of click and rich", ""),
    ("torchvision:resnet50", "9.9G", LIBRARY, "import of torch and torchvision", "10 s in all"),
    ("torchvision:swin_t", "9.9G", LIBRARY, "import of torch and torchvision", "30 s in all"),
)


def rows() -> Iterator[Comparison]:
    for model, figure, bare, peer, goal in GOALS:
        ours = command(sys.executable, "-m", "resnext_flops", "identify", model, figure)
        yield Comparison(
            f"resnext-flops identify {model} {figure} / {peer}", ratios(ours, command(*bare), pairs=5), goal
        )
