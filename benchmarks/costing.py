"""How long a described network takes to cost, against pycls's `ResNet.complexity`, which sums up the same figures.

pycls 0.1.1 is compared where it is installed (`pip install pycls`, which also brings opencv-python).
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec

import resnext_flops as rf
from benchmarks.pairs import Comparison, seconds

CALLS = 50
PAIRS = 15


def rows() -> Iterator[Comparison]:
    if not find_spec("pycls"):
        print("costing: pycls is not installed", file=sys.stderr)
        return
    from pycls.core.config import cfg
    from pycls.core.net import complexity
    from pycls.models.resnet import ResNet

    cfg.TRAIN.DATASET, cfg.TRAIN.IM_SIZE, cfg.MODEL.NUM_CLASSES = "imagenet", 224, 1000
    cfg.RESNET.TRANS_FUN, cfg.RESNET.STRIDE_1X1 = "bottleneck_transform", False
    for depth in (50, 101, 152):
        cfg.MODEL.DEPTH = depth
        theirs = complexity(ResNet)
        # pycls adds the last layer's 1000 biases to its flops.
        if cost(rf.resnet(depth)) != (theirs["params"], theirs["flops"] - 1000):
            raise ArithmeticError(f"pycls has other figures for ResNet-{depth}: {theirs}")
        found = [ours(depth) / together([lambda: complexity(ResNet)] * CALLS) for _ in range(PAIRS)]
        yield Comparison(f"cost of the described resnet({depth}) / pycls's complexity", found, "below 1")


def ours(depth: int) -> float:
    """Wall seconds of costing networks that were described before, each for the first time."""
    return together([partial(cost, rf.resnet(depth)) for _ in range(CALLS)])


def cost(network: rf.Network) -> tuple[int, int]:
    """The parameters and the multiply-adds."""
    ledger = network.cost()
    return ledger.params, ledger.macs


def together(calls: Sequence[Callable[[], object]]) -> float:
    """Wall seconds of calls one after the other."""
    return seconds(lambda: [call() for call in calls])
