"""The real models, run on a real machine: latency with its interval, beside the exact cost of what was run.

Models take turns (`timing.py`), so that a drift of the machine hits all alike. Two probes, a matrix multiplication and
a copy, measure what this machine can do at best; they are its roofline (Williams et al., 2009): a model cannot be
faster than its arithmetic at the one speed, nor than the bytes it moves at the other. On a GPU, times are those of CUDA
events.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from resnext_flops.complexity.conventions import convention
from resnext_flops.complexity.layers import size
from resnext_flops.complexity.memory import ITEM_BYTES, OPTIMIZERS, Memory
from resnext_flops.complexity.model import Model
from resnext_flops.counters import lookup
from resnext_flops.counters.lookup import Given
from resnext_flops.errors import InputError, checked, unknown
from resnext_flops.machine.timing import Spread, ratios, spread, take_turns
from resnext_flops.proof.verify import choose_device, device_name
from resnext_flops.show import display

if TYPE_CHECKING:
    import torch
    from torch import nn

Clock = Callable[[], float]

DTYPES = ("float32", "bfloat16", "float16")
UNIT_FLOPS = {"MAC": 2, "FLOP": 1}
# Runs before anything is timed: allocators and caches fill, kernels are chosen.
WARM_UPS = 2
PROBE_RUNS = 5


class Probe(NamedTuple):
    """How large the probes are: the side of the square matrices, and the bytes that are copied."""

    side: int
    copied: int


PROBES = {"cpu": Probe(1024, 1 << 27), "cuda": Probe(8192, 1 << 30)}


class Settings(NamedTuple):
    """How models are run: see `measure`."""

    device: str = "auto"
    dtype: str = "float32"
    channels_last: bool = False
    compile: bool = False
    training: bool = False
    optimizer: str = "sgd"
    convention: str = "paper"
    precision: float = 0.02
    seconds: float = 10.0
    seed: int = 0


class Machine(NamedTuple):
    """A device and what the two probes measured of it: FLOP/s (two a multiply-add) and bytes/s, at best."""

    name: str
    threads: int
    torch: str
    flops_per_second: float
    bytes_per_second: float


@display.shown
class Measured(NamedTuple):
    """One model at one batch size. `failure` says why there are no times, where there are none.

    memory and moved (bytes): None where they could not be found.
    seconds: of one batch. ratio: of its seconds to the first model's at the same batch size, turn by turn.
    saved: bytes that torch kept for the backward pass, by layer, where a training step was run eagerly.
    peak: bytes that CUDA's allocator held at most while the model ran.
    flops: of one batch, by the stated convention.
    """

    network: Model
    batch: int
    memory: Memory | None
    flops: int
    moved: int | None
    seconds: Spread | None = None
    ratio: Spread | None = None
    saved: dict[str, int] | None = None
    peak: int | None = None
    failure: str = ""

    @property
    def intensity(self) -> Fraction | None:
        """FLOPs for each byte that is moved; None where that is not known."""
        return Fraction(self.flops, self.moved) if self.moved else None

    def achieved(self) -> float | None:
        """FLOP/s by the stated convention; None where there are no times."""
        return self.flops / self.seconds.median if self.seconds else None

    def attainable(self, machine: Machine) -> float | None:
        """FLOP/s that the machine's roofline allows at this intensity; None where that is not known."""
        intensity = self.intensity
        return min(machine.flops_per_second, float(intensity) * machine.bytes_per_second) if intensity else None


@display.shown
class Measurement(NamedTuple):
    """What was measured, how, and on what."""

    settings: Settings
    machine: Machine
    models: tuple[Measured, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Why models have no times: one sentence each."""
        return tuple(measured.failure for measured in self.models if measured.failure)


@checked
def measure(
    *models: Given, batch: int | Sequence[int] = 1, clock: Clock = perf_counter, **settings: Any
) -> Measurement:
    """Run real models in turn on a device and time them.

    models: networks, their names, calls or saved files, or the names of real models (`torchvision:resnet50`).
    batch: examples at once, one number or several.
    clock: seconds as a number, for a run on the CPU and for the length of the whole.
    settings: the fields of `Settings`. `device` is `auto`, `cpu` or `cuda`; `dtype` `float32`, `bfloat16` or `float16`;
        `channels_last` and `compile` are those of torch; `training` times a step (forward, backward, optimizer) instead
        of a forward pass, with the `optimizer` `sgd` (with momentum) or `adam`; `convention` counts the FLOPs (`paper`:
        two a multiply-add); turns end when each median is known to the share `precision` of itself or after `seconds`.

    A model that does not fit into the memory, or cannot run, has a `failure` instead of times; the others go on.
    Raises InputError for an unknown setting, model, device, dtype or convention, or a dtype that the device cannot use.

    >>> import resnext_flops as rf
    >>> found = rf.measure(rf.resnet_cifar(20), device="cpu", precision=1.0).models[0]
    >>> found.flops == 2 * rf.resnet_cifar(20).cost().macs, found.seconds.confidence >= 0.95
    (True, True)
    """
    for name in settings:
        if name not in Settings._fields:
            raise unknown("setting", name, Settings._fields)
    chosen = _possible(checked(Settings)(**settings))
    networks = [lookup.model(model) for model in models]
    if not networks:
        raise InputError("there is nothing to measure; give one or more models")
    batches = [size("batch", each) for each in ([batch] if isinstance(batch, int) else batch)]
    place = choose_device(chosen.device)
    machine = probe(place, chosen.dtype, clock)
    found = [measured for batch in batches for measured in _at_batch(networks, batch, place, chosen, clock)]
    return Measurement(chosen, machine, tuple(found))


def _possible(settings: Settings) -> Settings:
    if settings.dtype not in DTYPES:
        raise unknown("dtype", settings.dtype, DTYPES)
    if settings.optimizer not in OPTIMIZERS:
        raise unknown("optimizer", settings.optimizer, OPTIMIZERS)
    convention(settings.convention)
    if settings.training and settings.convention != "paper":
        raise InputError(
            f"the convention {settings.convention!r} counts the forward pass only; training is counted by 'paper'"
        )
    for name in ("precision", "seconds"):
        value = getattr(settings, name)
        if not 0 < value < inf:
            raise InputError(f"{name} is {value}; it must be a finite number above 0")
    return settings


def probe(place: "torch.device", dtype: str, clock: Clock = perf_counter) -> Machine:
    """What a device can do at best: FLOP/s in a matrix multiplication of a dtype, and bytes/s in a copy.

    Raises InputError if the device cannot use the dtype.
    """
    import torch

    kind, sizes = getattr(torch, dtype), PROBES[place.type]
    try:
        matrix = torch.ones(sizes.side, sizes.side, device=place, dtype=kind)
        product = torch.empty_like(matrix)
        image = torch.ones(1, 1, 4, 4, device=place, dtype=kind)
        torch.nn.functional.conv2d(image, image)
        multiply = stopwatch(place, lambda: torch.mm(matrix, matrix, out=product), clock)
        multiply()
    except RuntimeError as error:
        raise InputError(f"dtype {dtype!r} cannot be used on {place.type}: {_first_line(error)}") from None
    source = torch.ones(sizes.copied // 2 // ITEM_BYTES[dtype], device=place, dtype=kind)
    target = torch.empty_like(source)
    copy = stopwatch(place, lambda: target.copy_(source), clock)
    copy()
    flops, moved = 2 * sizes.side**3, 2 * source.nbytes
    best = [min(run() for _ in range(PROBE_RUNS)) for run in (multiply, copy)]
    return Machine(device_name(place), torch.get_num_threads(), torch.__version__, flops / best[0], moved / best[1])


def stopwatch(place: "torch.device", work: Callable[[], object], clock: Clock) -> Callable[[], float]:
    """Work as a run that returns its seconds: by the clock on the CPU, by CUDA events on a GPU."""

    def on_cpu() -> float:
        start = clock()
        work()
        return clock() - start

    def on_cuda() -> float:
        import torch

        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        torch.cuda.synchronize(place)
        start.record()
        work()
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end)) / 1000  # events tell milliseconds

    return on_cuda if place.type == "cuda" else on_cpu


def _at_batch(
    networks: Sequence[Model], batch: int, place: "torch.device", settings: Settings, clock: Clock
) -> list[Measured]:
    """All models at one batch size, in turns."""
    prepared = [_prepare(network, batch, place, settings) for network in networks]
    ready = [model for model in prepared if model.work]
    runs = [stopwatch(place, model.work, clock) for model in ready if model.work]
    times = take_turns(runs, settings.precision, settings.seconds, clock)
    for model, found in zip(ready, times, strict=True):
        model.facts["seconds"] = spread(found)
        if ready[0] is prepared[0]:
            model.facts["ratio"] = ratios(found, times[0])
    return [Measured(**model.facts) for model in prepared]


class _Prepared:
    """A model that is ready to run, or the facts of one that is not."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.work: Callable[[], object] | None = None


def _prepare(network: Model, batch: int, place: "torch.device", settings: Settings) -> _Prepared:
    """Build a model on the device and warm it up."""
    ledger = network.cost()
    memory = _memory(network, batch, settings)
    rule = convention(settings.convention)
    figure = network.training_macs if settings.training else ledger.total(rule.name)
    facts: dict[str, Any] = {"network": network, "batch": batch, "memory": memory}
    facts["flops"] = UNIT_FLOPS[rule.unit] * figure * batch
    facts["moved"] = None
    prepared = _Prepared(facts)
    if memory is not None:
        facts["moved"] = memory.moved_in_training if settings.training else memory.moved
        needed, free = memory.training if settings.training else memory.inference, _free_bytes(place)
        if free is not None and needed is not None and needed > free:
            facts["failure"] = _too_large(prepared, place, needed, free)
            return prepared
    try:
        with _peak(place, facts):
            prepared.work = _build(network, batch, place, settings, facts)
            for _ in range(WARM_UPS):
                prepared.work()
    except (RuntimeError, ValueError) as error:
        # torch's errors of memory, kernels and compilers are RuntimeErrors, and batch norm's of too few a ValueError.
        prepared.work = None
        facts["failure"] = did_not_run(network, batch, place, error)
        if place.type == "cuda":
            _empty_cache()
    return prepared


def did_not_run(network: Model, batch: int, place: "torch.device", error: Exception) -> str:
    """What torch refused, in one sentence."""
    return f"{network!r} with a batch of {batch} did not run on {place.type}: {_first_line(error)}"


def _memory(network: Model, batch: int, settings: Settings) -> Memory | None:
    """The exact bytes of a model's tensors, where they are known."""
    try:
        return network.memory(batch, settings.dtype, settings.optimizer)
    except InputError:
        return None


def _build(
    network: Model, batch: int, place: "torch.device", settings: Settings, facts: dict[str, Any]
) -> Callable[[], object]:
    import torch

    kind = getattr(torch, settings.dtype)
    layout = torch.channels_last if settings.channels_last else torch.contiguous_format
    model = network.to_torch(place, settings.seed).to(dtype=kind)
    model = model.to(memory_format=layout)
    shape = (batch, *network.cost().input)
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(settings.seed)).to(place, kind)
    inputs = inputs.contiguous(memory_format=layout) if len(shape) == 4 else inputs
    if settings.training and not settings.compile and facts["memory"] is not None:
        from resnext_flops.counters.module_memory import saved_bytes

        facts["saved"] = saved_bytes(model, [inputs], {})
    run = torch.compile(model) if settings.compile else model
    return _step(run, model, inputs, settings.optimizer) if settings.training else _pass(run, model, inputs)


def _pass(run: "Callable[..., Any]", model: "nn.Module", inputs: "torch.Tensor") -> Callable[[], object]:
    """One forward pass in evaluation mode."""
    import torch

    model.eval()

    def work() -> None:
        with torch.inference_mode():
            run(inputs)

    return work


def _step(
    run: "Callable[..., Any]", model: "nn.Module", inputs: "torch.Tensor", optimizer: str
) -> Callable[[], object]:
    """One training step. The loss is the mean square of the output, and the learning rate 0: every step is the same."""
    import torch

    parameters = list(model.train().parameters())
    updates: torch.optim.Optimizer = (
        torch.optim.SGD(parameters, lr=0.0, momentum=0.9)
        if optimizer == "sgd"
        else torch.optim.Adam(parameters, lr=0.0)
    )

    def work() -> None:
        updates.zero_grad()
        result = run(inputs)
        outputs = result if isinstance(result, tuple) else (result,)
        torch.stack([output.float().square().mean() for output in outputs]).sum().backward()  # type: ignore[no-untyped-call]
        updates.step()

    return work


@contextmanager
def _peak(place: "torch.device", facts: dict[str, Any]) -> Iterator[None]:
    """Note the most bytes that CUDA's allocator held, besides what it held before."""
    if place.type != "cuda":
        yield
        return
    import torch

    before = torch.cuda.memory_allocated(place)
    torch.cuda.reset_peak_memory_stats(place)
    yield
    facts["peak"] = torch.cuda.max_memory_allocated(place) - before


def _free_bytes(place: "torch.device") -> int | None:
    """Bytes that a device still has; None where the system does not tell."""
    if place.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(place)[0])
    from pathlib import Path

    if not sys.platform.startswith("linux"):
        return None
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return 1024 * int(amount.split()[0])
    return None


def _too_large(prepared: _Prepared, place: "torch.device", needed: int, free: int) -> str:
    network, batch = prepared.facts["network"], prepared.facts["batch"]
    fits = batch * free // needed
    hint = f"a batch of {fits} may fit" if fits else "try a smaller resolution"
    return f"{network!r} with a batch of {batch} needs {needed:,} bytes, and {place.type} has {free:,} free; {hint}"


def _empty_cache() -> None:
    import torch

    torch.cuda.empty_cache()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
