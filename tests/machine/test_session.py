"""A session: turns with a reference, the state of the caches, pinned threads. No time is asserted."""

import os
import platform
import subprocess
import sys
import time

import pytest
import torch

import resnext_flops as rf
from resnext_flops.errors import InputError
from resnext_flops.machine import session as sessions
from resnext_flops.machine.session import AROUND, REFERENCE, Place, Session, runner
from tests.machine.synthetic import Synthetic, seconds_of

SMALL = rf.resnet_cifar(8, base_width=2, resolution=8)


def test_a_ratio_is_that_of_a_turn() -> None:
    machine = Synthetic(models=1)
    session = machine.session()
    ratio = seconds_of(SMALL) / seconds_of(REFERENCE)
    normal, slow = (session.in_turn([SMALL], 10)[0] for _ in range(3)), session.in_turn([SMALL], 10)[0]
    for each in (*normal, slow):
        assert each.ratio.median == pytest.approx(ratio)
        assert each.seconds == pytest.approx(each.reference * ratio)


def test_one_slow_run_of_the_reference_does_not_count() -> None:
    # Of the four runs of the reference around a turn the median is taken: one that is ten times as long is not in it.
    taken = iter([10.0, 1.0, *[1.0] * 1000])

    def run_of(model: object) -> object:
        return (lambda: next(taken)) if model is REFERENCE else (lambda: 3.0)

    found = Session(run_of, lambda: 0.0).in_turn([SMALL], 0)[0]  # type: ignore[arg-type]
    assert AROUND == 2
    assert (found.reference, found.ratio.low, found.ratio.high) == (1.0, 3.0, 3.0)


def test_a_run_has_a_fresh_input_and_written_over_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "EVICTED", {"cpu": 4096})
    happened: list[str] = []
    seen: list[list[float]] = []
    runs: list[int] = []
    fill = torch.Tensor.fill_

    def filled(tensor: torch.Tensor, value: float) -> torch.Tensor:
        if 4 * tensor.numel() == 4096:
            happened.append("caches written over")
        return fill(tensor, value)

    def clock() -> float:
        happened.append("clock")
        return float(len(happened))

    class Spoils(torch.nn.Module):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            happened.append("module")
            runs.append(id(self))
            seen.append(given.flatten().tolist())
            return given.zero_()

    model = rf.model(Spoils, inputs=(1, 3, 4, 4))
    assert model.cost().input == (3, 4, 4)  # this runs it, too
    monkeypatch.setattr(torch.Tensor, "fill_", filled)
    run = runner(torch.device("cpu"), 2, 0, clock)(model)
    for some in (happened, seen, runs):
        some.clear()
    assert run() == 2.0  # from the fourth of what happens to the sixth
    run()
    # The caches are written over, a copy runs, and only the run of the model itself is between two looks at the clock.
    assert happened == ["caches written over", "module", "clock", "module", "clock"] * 2
    assert len(set(runs)) == 2
    assert runs[0] == runs[2] != runs[1] == runs[3]
    assert len(seen[1]) == 2 * 3 * 4 * 4
    assert any(seen[1])
    assert seen[1] == seen[3]  # although each run has changed its input in its place


@pytest.mark.parametrize(("threads", "name"), [(1, "process_time"), (2, "perf_counter")])
def test_the_seconds_of_one_thread_are_those_of_the_processor(
    threads: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(sessions, "_processors", lambda: [0, 1])
    monkeypatch.setattr(sessions, "_move_to", lambda _: None)

    def made(*given: object) -> object:
        asked.append(given[-1])
        return lambda _: lambda: 1.0

    monkeypatch.setattr(sessions, "runner", made)
    with Place("cpu", threads).session():
        pass
    assert asked == [getattr(time, name)]


def test_threads_are_pinned_while_it_lasts() -> None:
    before = torch.get_num_threads()
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    with Place("cpu").session() as session:
        assert torch.get_num_threads() == 1
        if processors is not None:
            assert len(os.sched_getaffinity(0)) == 1
        found = session.in_turn([SMALL], 0.0)[0]
        assert found.ratio.values == 6
        assert found.seconds > 0
    assert torch.get_num_threads() == before
    if processors is not None:
        assert os.sched_getaffinity(0) == processors


def test_what_a_place_is_called() -> None:
    place = Place("cpu")
    assert place.software == f"torch {torch.__version__}, 1 thread"
    assert Place("cpu", threads=2).software.endswith("2 threads")
    assert place.machine


def test_a_place_that_is_none() -> None:
    with pytest.raises(InputError, match="batch is 0"):
        Place("cpu", batch=0).check()
    with pytest.raises(InputError, match="unknown device 'tpu'"):
        Place("tpu").check()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")
def test_cuda_is_timed_by_its_events() -> None:
    with Place("cuda").session() as session:
        assert session.in_turn([SMALL], 0.0)[0].seconds > 0


@pytest.mark.slow  # among many tests at once the system may be short of memory, and take pages back itself
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has other rules for large tensors")
def test_no_run_asks_the_system_for_memory() -> None:
    # In a process of its own: what other tests have freed would do the same.
    program = """
import resource, time, torch
from resnext_flops.counters.lookup import model
from resnext_flops.machine.session import runner
run = runner(torch.device("cpu"), 1, 0, time.process_time)(model("mobilenet_v2").replace(r=112))
def new_pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    run()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(min(new_pages() for _ in range(5)))
"""

    def fewest() -> int:
        return int(subprocess.check_output([sys.executable, "-c", program], text=True))

    # Thousands where memory is given back in each run. A system that is short of memory may take pages back itself.
    assert any(fewest() < 50 for _ in range(3))
