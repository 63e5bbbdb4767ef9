"""How fast designs are evaluated and swept.

Against `numpy.copyto` of the same columns, which is the memory's own speed; against a Python function that adds up the
cost of one design in pycls's manner; against fvcore; and against bounds in seconds and bytes.
"""

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

import resnext_flops as rf
from benchmarks.pairs import Comparison, seconds
from resnext_flops.design.sweep import scan
from resnext_flops.design.sweep.request import plan_sweep

PAIRS = 9
# Figures are linear in C and quadratic in d.
BLOCKS = {"d": {"C": "1:50", "n3": "1:100", "d": "1:4000"}, "C": {"d": "1:50", "n3": "1:100", "C": "1:4000"}}
BUDGETS = '["macs <= 4.2e9", "params <= 26e6"]'
FRONT = '["macs", "-params", "-activations"]'
BILLION = '{"C": "1:1000", "d": "1:1000", "w": "1:1000"}'
EVERY_ONE = f"""
import resnext_flops as rf
from resnext_flops.design.sweep.request import plan_sweep
from resnext_flops.design.sweep.scan import Scratch, scan
from resnext_flops.design.sweep.search import Grain, divide
asked = plan_sweep(rf.resnext(50), {BILLION}, budget={BUDGETS}, pareto={FRONT})
found, scratch = asked.nothing(), Scratch()
(whole,) = asked.plan.whole()
for box in divide(whole, Grain(1 << 20, asked.grain.leaf)):
    found = scan(asked.plan, box, found, scratch)
"""
# What the interpreter itself had at most; `ru_maxrss` would hold what this process had when it started it.
PEAK = "\nprint(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"


def rows() -> Iterator[Comparison]:
    rates: list[float] = []
    for along, block in BLOCKS.items():
        found = compared(block)
        what = f"numpy.copyto / params and macs of 20 million designs, rows along {along}"
        yield Comparison(what, [copied / ours for copied, ours in found], "at least 0.4")
        rates = [20_000_000 / ours for _, ours in found]
    name, theirs = by_pycls() if find_spec("pycls") else ("a function in pycls's manner", lambda: complexity(50, 32, 4))
    yield Comparison(
        f"designs a second / those of {name}",
        products(rates, [seconds(theirs) for _ in range(PAIRS)]),
        "at least 20 000",
    )
    one = [seconds(by_fvcore) for _ in range(3)]
    yield Comparison("designs a second / those of fvcore", products(rates, one), "at least 10 million")

    swept = "import resnext_flops as rf; rf.sweep(rf.resnext(50), {}, budget={}, pareto={})"
    for what, code, bound in (
        ("10^9 designs, two budgets, a front", swept.format(BILLION, BUDGETS, FRONT), 20),
        ("10^9 designs, each of them evaluated", EVERY_ONE, 20),
        ("10^12 designs, two budgets, a front", swept.format(BILLION.replace("1000", "10000"), BUDGETS, FRONT), 60),
    ):
        runs = [timed(code) for _ in range(3)]
        yield Comparison(f"{what} / {bound} s", [time / bound for time, _ in runs], "at most 1")
        yield Comparison(f"{what}: peak memory / 1 GiB", [peak / 2**20 for _, peak in runs], "at most 1")


def compared(block: dict[str, str]) -> list[tuple[float, float]]:
    """Seconds of copying two columns, and of evaluating them, in turn."""
    plan, scratch = plan_sweep(rf.resnext(50), block, pareto=["params", "macs"]).plan, scan.Scratch()
    (whole,) = plan.whole()
    ones = [np.ones(whole.designs, dtype=np.int64) for _ in plan.keys]
    copies = [np.empty_like(one) for one in ones]

    def copy() -> None:
        for column, one in zip(copies, ones, strict=True):
            np.copyto(column, one)

    def ours() -> object:
        layout = scan.layout(plan, whole, scratch)
        return [layout.column(key) for key in plan.keys]

    copy()
    ours()
    return [(seconds(copy), seconds(ours)) for _ in range(PAIRS)]


def products(rates: list[float], times: list[float]) -> list[float]:
    return [rate * time for rate, time in zip(rates, times, strict=False)]


def timed(code: str) -> tuple[float, int]:
    """Seconds of Python code from the start of its interpreter, and its peak memory in KiB."""
    peaks: list[int] = []

    def run() -> None:
        peaks.append(
            int(subprocess.run([sys.executable, "-c", code + PEAK], check=True, stdout=subprocess.PIPE).stdout)
        )

    return seconds(run), peaks[0]


def by_fvcore() -> int:
    """The multiply-adds of one built network by fvcore."""
    import torch
    from fvcore.nn import FlopCountAnalysis

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        analysis = FlopCountAnalysis(rf.resnext(50).to_torch().eval(), torch.zeros(1, 3, 224, 224))
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return int(analysis.total())


def by_pycls() -> tuple[str, Callable[[], object]]:
    """pycls's own complexity of a ResNeXt-50."""
    from pycls.core.config import cfg
    from pycls.core.net import complexity as pycls_complexity
    from pycls.models.resnet import ResNet

    cfg.TRAIN.DATASET, cfg.TRAIN.IM_SIZE, cfg.MODEL.NUM_CLASSES, cfg.MODEL.DEPTH = "imagenet", 224, 1000, 50
    cfg.RESNET.TRANS_FUN, cfg.RESNET.NUM_GROUPS, cfg.RESNET.WIDTH_PER_GROUP = "bottleneck_transform", 32, 4
    return "pycls's complexity", lambda: pycls_complexity(ResNet)


def complexity(depth: int, cardinality: int, width: int, resolution: int = 224) -> dict[str, int]:
    """A ResNeXt's cost, layer by layer, in the manner of pycls: a dictionary that every layer adds to."""
    cx = {"h": resolution, "w": resolution, "flops": 0, "params": 0, "acts": 0}
    cx = convolution(cx, 3, 64, 7, stride=2)
    cx = pool(batch_norm(cx, 64), 3, stride=2)
    inputs = 64
    for stage, blocks in enumerate({50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}[depth]):
        outputs, inner = 256 << stage, cardinality * width << stage
        for number in range(blocks):
            stride = 2 if stage and not number else 1
            h, w = cx["h"], cx["w"]
            if not number:
                cx = batch_norm(convolution(cx, inputs, outputs, 1, stride=stride), outputs)
                cx["h"], cx["w"] = h, w
            cx = batch_norm(convolution(cx, inputs, inner, 1), inner)
            cx = batch_norm(convolution(cx, inner, inner, 3, stride=stride, groups=cardinality), inner)
            cx = batch_norm(convolution(cx, inner, outputs, 1), outputs)
            inputs = outputs
    cx["flops"] += inputs * 1000
    cx["params"] += inputs * 1000 + 1000
    cx["acts"] += 1000
    return cx


def convolution(
    cx: dict[str, int], inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> dict[str, int]:
    h, w, flops, params, acts = cx["h"], cx["w"], cx["flops"], cx["params"], cx["acts"]
    h, w = (h - 1) // stride + 1, (w - 1) // stride + 1
    flops += kernel * kernel * inputs * outputs * h * w // groups
    params += kernel * kernel * inputs * outputs // groups
    acts += outputs * h * w
    return {"h": h, "w": w, "flops": flops, "params": params, "acts": acts}


def batch_norm(cx: dict[str, int], channels: int) -> dict[str, int]:
    return {**cx, "params": cx["params"] + 2 * channels}


def pool(cx: dict[str, int], kernel: int, *, stride: int) -> dict[str, int]:
    h, w = ((cx[side] + 2 * (kernel // 2) - kernel) // stride + 1 for side in ("h", "w"))
    return {**cx, "h": h, "w": w}
