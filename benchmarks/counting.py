"""How long a real module takes to count, against fvcore and torch's FlopCounterMode; the model is built before."""

import time
from collections.abc import Callable
from typing import Any

from benchmarks.pairs import report

MODEL = "resnext101_64x4d"
PAIRS = 7


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from torchvision import models

    import resnext_flops as rf
    from resnext_flops.complexity.counters import fvcore_counter

    real = models.get_model(MODEL).eval()
    with torch.device("meta"):
        shapes = models.get_model(MODEL).eval()
    image, shape = torch.zeros(1, 3, 224, 224), torch.empty(1, 3, 224, 224, device="meta")

    def torchs() -> None:
        with torch.no_grad(), FlopCounterMode(display=False):
            shapes(shape)

    peers: list[tuple[str, Callable[[], Any], float]] = [
        ("FlopCounterMode on meta", torchs, 5),
        ("fvcore", lambda: fvcore_counter.count(real, image), 20),
    ]
    for name, theirs, aim in peers:
        seconds(lambda: rf.count(shapes, shape))
        seconds(theirs)
        found = [seconds(theirs) / seconds(lambda: rf.count(shapes, shape)) for _ in range(PAIRS)]
        report(f"{name} / ours on {MODEL}", found, f"at least {aim}")
