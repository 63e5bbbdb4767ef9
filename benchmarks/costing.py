"""How long a described network takes to cost, against pycls's `ResNet.complexity`, which sums up the same figures.

pycls 0.1.1 is compared where it is installed (`pip install pycls`, which also brings opencv-python).
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import resnext_flops as rf
from benchmarks.pairs import report
from resnext_flops.complexity.cost import ledger

CALLS = 50


def main() -> None:
    if not find_spec("pycls"):
        print("cost of a described network / pycls's complexity: pycls is not installed")
        return
    from pycls.core.config import cfg
    from pycls.core.net import complexity
    from pycls.models.resnet import ResNet

    cfg.TRAIN.DATASET, cfg.TRAIN.IM_SIZE, cfg.MODEL.NUM_CLASSES = "imagenet", 224, 1000
    cfg.RESNET.TRANS_FUN, cfg.RESNET.STRIDE_1X1 = "bottleneck_transform", False
    for depth in (50, 101, 152):
        cfg.MODEL.DEPTH, visits = depth, rf.resnet(depth).visits

        def ours(visits: Any = visits) -> tuple[int, int]:
            found = ledger(visits)
            return found.params, found.macs

        # pycls adds the last layer's 1000 biases to its flops.
        theirs = complexity(ResNet)
        if ours() != (theirs["params"], theirs["flops"] - 1000):
            raise ArithmeticError(f"pycls has other figures for ResNet-{depth}: {theirs}")
        found = [seconds(ours) / seconds(lambda: complexity(ResNet)) for _ in range(15)]
        report(f"cost of the described resnet({depth}) / pycls's complexity", found, "below 1")


def seconds(function: Callable[[], object]) -> float:
    """Wall seconds of a number of calls."""
    start = time.perf_counter()
    for _ in range(CALLS):
        function()
    return time.perf_counter() - start
