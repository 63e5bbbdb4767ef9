"""The program: see the package."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.counters.peers import PEERS, installed
from resnext_flops.files import write
from resnext_flops.proof.conformance.holding import OURS, Held, counted, hold
from resnext_flops.proof.conformance.suite import every_case
from resnext_flops.reports.conformance.data import Board, Row, read, text_of
from resnext_flops.reports.conformance.page import page

# Each counter as its README calls it.
COUNTERS = (OURS, *(name for name in PEERS if not CONVENTIONS[name].variant_of))
AT_ONCE = 2


def asked(chosen: Sequence[str]) -> dict[str, list[Held]]:
    """What some counters answer of all cases, two counters at a time."""
    cases = list(every_case().values())
    for case in cases:
        counted(case.name)  # two threads cannot trace at once

    def ask(counter: str) -> list[Held]:
        found = list(hold(counter, cases))
        print(f"{counter}: {len(found)} cases", file=sys.stderr)  # noqa: T201
        return found

    with ThreadPoolExecutor(AT_ONCE) as threads:  # each waits for a process of its own
        return dict(zip(chosen, threads.map(ask, chosen), strict=True))


def board(before: Board, found: dict[str, list[Held]]) -> Board:
    """The scoreboard with the answers that were found in the place of older ones."""
    versions = {OURS: version("resnext-flops")} | {
        counter: installed(counter) or "" for counter in found if counter != OURS
    }
    held = {
        (each.case, each.counter): each
        for each in (*_kept(before, found), *(one for row in found.values() for one in row))
    }
    rows = [
        Row(
            case.name,
            case.idea,
            case.arithmetic,
            case.macs,
            case.training,
            {c: held[case.name, c] for c in COUNTERS if (case.name, c) in held},
        )
        for case in every_case().values()
    ]
    return Board({**before.versions, **versions}, rows)


def _kept(before: Board, found: dict[str, list[Held]]) -> Iterator[Held]:
    """The older answers of counters that were not asked now, of cases that are what they were."""
    for row in before.rows:
        case = every_case().get(row.case)
        if case is not None and case.arithmetic == row.arithmetic:
            yield from (each for counter, each in row.held.items() if counter not in found)


def main(arguments: Sequence[str]) -> None:
    """Ask, and write the data and the page."""
    data, document, *chosen = arguments
    path = Path(data)
    found = asked(chosen or [name for name in COUNTERS if name == OURS or installed(name)])
    made = board(read(path), found)
    write(path, text_of(made))
    write(document, page(made))


if __name__ == "__main__":
    main(sys.argv[1:])
