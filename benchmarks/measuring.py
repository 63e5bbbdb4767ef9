"""Whether `measure` finds the time that torch's own benchmark tool finds for the same model: a ratio of 1."""

from collections.abc import Iterator
from time import perf_counter

from benchmarks.pairs import Comparison

MODEL = "resnet20_cifar"
PAIRS = 7


def rows() -> Iterator[Comparison]:
    import torch
    from torch.utils.benchmark import Timer

    import resnext_flops as rf
    from resnext_flops.machine.measure import stopwatch
    from resnext_flops.machine.timing import spread, take_turns

    network = rf.network(MODEL)
    model, inputs = network.to_torch().eval(), torch.randn(1, *network.cost().input)

    def work() -> None:
        with torch.inference_mode():
            model(inputs)

    run = stopwatch(torch.device("cpu"), work, perf_counter)
    timer = Timer("work()", globals={"work": work}, num_threads=torch.get_num_threads())
    work()
    found = []
    for _ in range(PAIRS):
        ours = spread(take_turns([run], precision=0.02, seconds=1, clock=perf_counter)[0]).median
        found.append(ours / timer.blocked_autorange(min_run_time=0.5).median)
    yield Comparison(f"median of measure / of torch.utils.benchmark.Timer on {MODEL}", found, "1")
