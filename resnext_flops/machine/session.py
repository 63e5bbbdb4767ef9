"""A session of measurements on this machine: models take turns with a reference, so that a drift of it cancels.

Each run starts as in the middle of a network: the input is in the cache, because the layer before has just put it out,
and so is the memory that layers before have freed, but the weights are not. So before each run the caches are written
over, and a copy of the model with weights of its own runs. Threads are pinned. On one thread of a CPU the seconds are
those of the processor: what other programs take of a shared machine is not among them, and on a machine without others
they are those of the clock. With several threads they are the clock's, and on a GPU those of CUDA events.
"""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnext_flops.complexity.families.blocks import gated
from resnext_flops.complexity.layers import IDENTITY, BatchNorm, Conv, Description, ReLU, Sequential, Sum
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.network import described
from resnext_flops.errors import InputError
from resnext_flops.machine.measure import WARM_UPS, Clock, did_not_run, stopwatch
from resnext_flops.machine.timing import Spread, ratios, take_turns
from resnext_flops.proof.verify import choose_device, device_name

if TYPE_CHECKING:
    import torch

# Bytes that are written before each run, so that no weights are left in the cache.
EVICTED = {"cpu": 1 << 26, "cuda": 1 << 28}
# Bytes of a tensor that is freed before the first run. The C library gives the memory of large tensors back to the
# system, and asks for new pages in each run, until it has freed one that is as large as this. Whether it has done so
# would change the time of a small network by a third.
FREED = 31 << 20
AROUND = 2  # runs of the reference before, and as many behind, the models of a turn
SECONDS = 1.5  # after which the turns of a network end, where its median is not known before
PRECISION = 0.03  # turns end when every median is known to this share of itself, at 95 percent

Run: TypeAlias = Callable[[], float]
# Makes a run of a model: each call of it runs the model once, and gives the seconds.
RunOf: TypeAlias = Callable[[Model], Run]

_BLOCK = Sequential.of(
    conv1=Conv(128, 1),
    norm1=BatchNorm(),
    relu1=ReLU(),
    conv2=Conv(128, 3, padding=1, groups=4),
    norm2=BatchNorm(),
    relu2=ReLU(),
    gate=gated(128, 32),
    conv3=Conv(512, 1),
    norm3=BatchNorm(),
)
# What everything takes turns with: layers of several kinds, because a drift does not hit all kinds alike.
REFERENCE = described(Description((512, 28, 28), Sequential.of(sum=Sum.of(a=_BLOCK, b=IDENTITY))), "reference")


class Turns(NamedTuple):
    """What the turns of a model have shown: seconds of its reference in them, and how often as long the model takes."""

    reference: float
    ratio: Spread

    @property
    def seconds(self) -> float:
        """The median seconds of the model."""
        return self.reference * self.ratio.median


class Session:
    """Models that take turns with one reference.

    run_of: makes the run of a model. clock: tells for how long turns may still go on.
    """

    def __init__(self, run_of: RunOf, clock: Clock = perf_counter) -> None:
        self.run_of, self.clock = run_of, clock
        self.reference = run_of(REFERENCE)

    def in_turn(self, models: Sequence[Model], seconds: float, precision: float = PRECISION) -> list[Turns]:
        """What each model takes. seconds: turns end after so many by the clock, but not before there are six."""
        around = [self.reference] * AROUND
        times = take_turns([*around, *map(self.run_of, models), *around], precision, seconds, self.clock)
        references = [median(turn) for turn in zip(*times[:AROUND], *times[-AROUND:], strict=True)]
        return [Turns(median(references), ratios(each, references)) for each in times[AROUND:-AROUND]]


class Place(NamedTuple):
    """Where models run: a device, threads of the CPU, and examples at once."""

    device: str = "auto"
    threads: int = 1
    batch: int = 1

    def check(self) -> None:
        """Raises InputError for threads that this machine does not have, and for a device or a batch that is none."""
        allowed = len(_processors())
        if not 1 <= self.threads <= allowed:
            raise InputError(f"threads is {self.threads}; this process may use 1 to {allowed}")
        if self.batch < 1:
            raise InputError(f"batch is {self.batch}; it must be a whole number of at least 1")
        choose_device(self.device)

    @contextmanager
    def session(self, seed: int = 0) -> Iterator[Session]:
        """A session there, with the threads pinned while it lasts. Raises InputError as `check` does."""
        self.check()
        place = choose_device(self.device)
        clock = process_time if self.threads == 1 else perf_counter
        with _pinned(self.threads):
            yield Session(runner(place, self.batch, seed, clock))

    @property
    def machine(self) -> str:
        """The name of the device; of a CPU, that of its maker."""
        place = choose_device(self.device)
        return device_name(place) if place.type == "cuda" else _processor()

    @property
    def software(self) -> str:
        """The versions that run, and on how many threads."""
        import torch

        place = choose_device(self.device)
        if place.type == "cuda":
            return f"torch {torch.__version__}"
        return f"torch {torch.__version__}, {self.threads} thread{'s' * (self.threads > 1)}"


def runner(place: "torch.device", batch: int, seed: int, clock: Clock) -> RunOf:
    """What makes runs of real modules on a device: weights out of the cache, input and freed memory in it.

    It raises InputError for a model that does not run there, mostly because it needs too much memory.
    """
    import torch

    torch.empty(FREED // 4)
    evicted = torch.empty(EVICTED[place.type] // 4, device=place)

    def run_of(model: Model) -> Run:
        try:
            return ready(model)
        except RuntimeError as error:  # torch's errors of memory and kernels
            raise InputError(did_not_run(model, batch, place, error)) from None

    def ready(model: Model) -> Run:
        module = model.to_torch(place, seed).eval()
        forerunner = deepcopy(module)
        shape = (batch, *model.cost().input)
        source = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(place)
        given = source.clone()
        timed = stopwatch(place, lambda: module(given), clock)

        def run() -> float:
            with torch.inference_mode():
                evicted.fill_(1)
                forerunner(given)
                given.copy_(source)  # a layer may have changed its input in its place
                return timed()

        for _ in range(WARM_UPS):
            run()
        return run

    return run_of


@contextmanager
def _pinned(threads: int) -> Iterator[None]:
    """So many threads of torch, on as many processors, where the system can say so."""
    import torch

    before, processors = torch.get_num_threads(), _processors()
    torch.set_num_threads(threads)
    _move_to(processors[:threads])
    try:
        yield
    finally:
        torch.set_num_threads(before)
        _move_to(processors)


def _processors() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _move_to(processors: Sequence[int]) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, processors)


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
