"""The engine dask answers what the local one does, with any number of workers, and when one of them is killed."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

import resnext_flops as rf
from resnext_flops.design.sweep.engines import LostClusterError, run
from resnext_flops.design.sweep.request import plan_sweep
from resnext_flops.errors import InputError

Client = pytest.importorskip("distributed").Client

SPACE = {"C": "1:600", "d": "1:600", "w": "1:100"}
# Its port would otherwise be the one of the cluster that a sweep starts by itself.
NO_DASHBOARD = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
WANTED: dict[str, Any] = {"budget": ["macs <= 4.2e9", "params <= 26e6"], "pareto": ["macs", "-params", "-activations"]}


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is there for a while."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "0"}
    command = [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers on loopback: its address and their processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    host, port = address.removeprefix("tcp://").split(":")
    with ExitStack() as running:
        running.enter_context(process("dask_scheduler", "--host", host, "--port", port, *NO_DASHBOARD))
        started = [running.enter_context(process(*worker(address))) for _ in range(workers)]
        with Client(address) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address, started


def worker(address: str) -> tuple[str, ...]:
    # Without a nanny, a worker that is killed stays away.
    return "dask_worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0"


@pytest.fixture(scope="module")
def two_workers() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    with cluster(2) as started:
        yield started


def test_workers_answer_what_one_process_does(two_workers: tuple[str, list[subprocess.Popen[bytes]]]) -> None:
    expected = rf.sweep(rf.resnext(50), SPACE, **WANTED)
    found = rf.sweep(rf.resnext(50), SPACE, **WANTED, engine="dask", scheduler=two_workers[0])
    assert len(found) > 1000
    assert found.equals(expected)


def test_a_worker_may_be_killed_in_the_middle(two_workers: tuple[str, list[subprocess.Popen[bytes]]]) -> None:
    # A sample cannot skip anything, so that there is something left to do when the worker dies.
    wanted: dict[str, Any] = {**WANTED, "sample": 3_000_000, "seed": 1}
    expected = rf.sweep(rf.resnext(50), SPACE, **wanted)
    asked = plan_sweep(rf.resnext(50), SPACE, **wanted)
    parts = len(asked.parts())
    address, workers = two_workers
    for progress in run(asked, "dask", address):
        if len(progress.done) == 3:
            workers[0].kill()
            workers[0].wait()
    assert parts > 6
    assert len(progress.done) == parts
    assert asked.frame(progress.selection).equals(expected)


def test_a_cluster_of_this_machine_is_started_without_an_address() -> None:
    found = rf.sweep(rf.resnext(50), {"C": "1:64", "d": "1:64"}, by="-macs", top=3, engine="dask")
    assert found.equals(rf.sweep(rf.resnext(50), {"C": "1:64", "d": "1:64"}, by="-macs", top=3))


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resnext_flops.design.sweep.engines.PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(InputError, match=f"^no Dask scheduler answers at '{address}'"):
            rf.sweep(rf.resnext(50), SPACE, **WANTED, engine="dask", scheduler=address)


def test_what_a_worker_refuses_is_said() -> None:
    # One part of a sweep has up to 2^20 designs, so one worker alone has too many.
    with pytest.raises(InputError, match="more than 1,000,000 designs would be selected"):
        rf.sweep(rf.resnext(50), {"C": "1:1010", "d": "1:1010"}, engine="dask")


def test_a_cluster_that_is_lost_is_said() -> None:
    asked = plan_sweep(rf.resnext(50), SPACE, **WANTED, sample=3_000_000)
    with cluster(1) as (address, _):
        steps = run(asked, "dask", address)
        next(steps)
        next(steps)
        with Client(address) as client:
            client.shutdown()
        with pytest.raises(LostClusterError, match=r"^the Dask cluster was lost"):
            list(steps)
