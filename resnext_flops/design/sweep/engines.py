"""Running the parts of a sweep: one after the other here, or on the workers of a Dask cluster.

Every part can be run by itself and any number of times, so a worker that is lost costs the parts that it had, and a
sweep that was stopped goes on with those that were not done. A part is a few ranges; what comes back is a selection.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from resnext_flops.design.sweep.request import Part, Sweep
from resnext_flops.design.sweep.search import Tell
from resnext_flops.design.sweep.selection import Selection
from resnext_flops.errors import InputError, unknown

if TYPE_CHECKING:
    from distributed import Client

ENGINES = ("local", "dask")
# Seconds to wait for a scheduler.
PATIENCE = 10


class LostClusterError(InputError):
    """A cluster that is gone in the middle of a sweep; what came back before is in the progress so far."""


class Progress(NamedTuple):
    """How far a sweep is: what is selected from the parts that are done."""

    selection: Selection
    done: frozenset[int]


def run(
    asked: Sweep,
    engine: str = "local",
    scheduler: str | None = None,
    tell: Tell = lambda _: None,
    start: Progress | None = None,
) -> Iterator[Progress]:
    """The progress of a sweep after each of its parts; the last is the whole.

    start: what was done before.
    tell: called with numbers of designs that are done with.

    Raises InputError for an unknown engine, or a scheduler that cannot be reached.
    """
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES)
    if scheduler and engine != "dask":
        raise InputError("a scheduler is one of Dask's; give the engine dask with it")
    start = start or Progress(asked.nothing(), frozenset())
    yield start
    parts = asked.parts()
    left = [number for number in range(len(parts)) if number not in start.done]
    here = _local(asked, parts, left, start, tell)
    yield from here if engine == "local" else _on_dask(asked, parts, left, start, tell, scheduler)


def _local(asked: Sweep, parts: Sequence[Part], left: Sequence[int], start: Progress, tell: Tell) -> Iterator[Progress]:
    progress = start
    for number in left:
        progress = Progress(asked.run(parts[number], progress.selection, tell), progress.done | {number})
        yield progress


def _on_dask(
    asked: Sweep, parts: Sequence[Part], left: Sequence[int], start: Progress, tell: Tell, scheduler: str | None
) -> Iterator[Progress]:
    progress = start
    with _client(scheduler) as client:
        for number, found, designs in _answers(client, asked, parts, left):
            progress = Progress(progress.selection.add(found.numbers, found.keys), progress.done | {number})
            tell(designs)
            yield progress


def _answers(
    client: "Client", asked: Sweep, parts: Sequence[Part], left: Sequence[int]
) -> Iterator[tuple[int, Selection, int]]:
    """The place, the selection and the designs of each part, as workers are done with it."""
    from distributed import CancelledError, KilledWorker
    from distributed.client import as_completed

    # A result, and not scattered data, so that it is made anew when the worker that has it is lost.
    plan = client.submit(_whole, asked)
    futures = {client.submit(_part, plan, parts[number], pure=False): number for number in left}
    try:
        for future in as_completed(futures):
            yield futures.pop(future), *future.result()
    except (CancelledError, KilledWorker, OSError) as error:
        raise LostClusterError(f"the Dask cluster was lost: {type(error).__name__}") from None


def _whole(asked: Sweep) -> Sweep:
    return asked


def _part(asked: Sweep, part: Part) -> tuple[Selection, int]:
    """What is selected from one part, and its designs; on a worker, whose threads are other parts'."""
    import numexpr

    numexpr.set_num_threads(1)
    designs: list[int] = []
    return asked.run(part, asked.nothing(), designs.append), sum(designs)


def _client(scheduler: str | None) -> "Client":
    """A client of a scheduler, or of a cluster of processes on this machine."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "the engine dask needs the extra `distributed`: pip install 'resnext-flops[distributed]'"
        ) from None
    if scheduler is None:
        return Client(processes=True, threads_per_worker=1, dashboard_address=None)
    try:
        return Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {scheduler!r}: {error}") from None
