"""A session: turns with a reference, the state of the caches, pinned threads. No time is asserted."""

import os
import platform
import subprocess
import sys

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
    seen: list[list[float]] = []

    class Spoils(torch.nn.Module):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            seen.append(given.flatten().tolist())
            return given.zero_()

    model = rf.model(Spoils, inputs=(1, 3, 4, 4))
    assert model.cost().input == (3, 4, 4)  # this runs it, too
    seen.clear()
    now = iter(range(100))
    run = runner(torch.device("cpu"), 2, 0, lambda: float(next(now)))(model)
    assert run() == 1.0
    assert len(seen[0]) == 2 * 3 * 4 * 4
    assert any(seen[0])
    # The copy runs first, and the model is given what the copy was first given.
    assert all(each == seen[0] for each in seen[1::2])


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
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 50  # thousands where memory is given back in each run
