"""How fast candidates of a design space are drawn and costed, against pycls's own sampler.

pycls's release 0.1.1 has no sampler, so it is compared where its repository is installed:
`pip install git+https://github.com/facebookresearch/pycls`.
"""

import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

from benchmarks.pairs import Comparison, seconds
from benchmarks.sweeping import products
from resnext_flops.design.spaces import Space, regnet_x, regnet_y

PAIRS = 5
THEIRS = 500
MINUTE = 60


def rows() -> Iterator[Comparison]:
    for space in (regnet_x, regnet_y):
        rates = [rate(space) for _ in range(PAIRS)]
        yield Comparison(
            f"{space.name}: candidates a minute / a million", [each * MINUTE / 1e6 for each in rates], "at least 1"
        )
        if not find_spec("pycls") or not find_spec("pycls.sweep"):
            print("sampling: pycls's sampler is not installed", file=sys.stderr)
            continue
        theirs = by_pycls(space.se)
        theirs()
        times = [seconds(theirs) / THEIRS for _ in range(PAIRS)]
        yield Comparison(f"{space.name}: candidates a second / those of pycls", products(rates, times), "at least 100")


def rate(space: Space) -> float:
    """Candidates a second, up to the 500th that has 400 million multiply-adds."""
    begin = time.perf_counter()
    drawn = space.sample(budget="macs = 400M", within=1).drawn
    return drawn / (time.perf_counter() - begin)


def by_pycls(se: bool) -> Callable[[], object]:
    """So many candidates by pycls: parameters, the number of stages, and the complexity of those with four."""
    from pycls.core.config import cfg
    from pycls.core.net import complexity
    from pycls.models.regnet import RegNet
    from pycls.sweep.config import SAMPLERS, sweep_cfg
    from pycls.sweep.samplers import check_regnet_constraints, sample_parameters

    cfg.TRAIN.DATASET, cfg.TRAIN.IM_SIZE, cfg.MODEL.NUM_CLASSES, cfg.MODEL.TYPE = "imagenet", 224, 1000, "regnet"
    cfg.REGNET.SE_ON = se

    def candidates() -> None:
        np.random.seed(0)
        for _ in range(THEIRS):
            cfg.merge_from_list(sample_parameters({"REGNET": SAMPLERS.REGNET_SAMPLER}))
            if check_regnet_constraints(sweep_cfg.SETUP.CONSTRAINTS):
                complexity(RegNet)

    return candidates
