"""The page of the scoreboard: a summary, the reported faults, and every case."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from markupsafe import Markup

from resnext_flops.proof.conformance.cases.reported import REPORTED, Reported
from resnext_flops.proof.conformance.holding import OURS, Held
from resnext_flops.proof.conformance.verdicts import (
    CRASHED,
    MEANINGS,
    NOT_ASKED,
    REFUSED,
    RIGHT,
    SILENT,
    WARNED,
    WRONG,
)
from resnext_flops.reports.conformance.data import Board, Row
from resnext_flops.show.markup import escape_markdown
from resnext_flops.show.render import to_markdown
from resnext_flops.show.table import Cell, Column, Table

SIGNS: Mapping[str, str] = {
    RIGHT: "=",
    SILENT: "0",
    WARNED: "0!",
    WRONG: "≠",
    REFUSED: "r",
    CRASHED: "c",
    NOT_ASKED: "–",
}

HEADING = """# Counters held against tiny modules

Each of {cases} tiny modules has one idea, and its exact multiply-adds by arithmetic that stands beside it. Every
counter is asked what the module costs, as the counter's README says it, on a CPU. Each counter runs in a process of its
own, and each case in a process that is forked from it, so that no answer changes another.

`make audit` writes this page from `docs/conformance.json`, where every answer stands, a line a case. Hold any counter
against the same cases with a function that takes a module and the list of its inputs, and returns its multiply-adds:

```sh
python -m resnext_flops.proof.conformance --counter my_package.counting:multiply_adds
```
"""

RULES = """## What is said of an answer

A counter is held against its own stated rule, so that none is wrong because it counts biases, or two operations a
multiply-add, or activations. What a rule counts besides multiply-adds is taken from our convention for the counter, of
the version that is named here. A figure is for the whole call. A module without parameters is given one that it does
not use, because several counters ask for the device of the first parameter, and would fail on nothing else; torch-flops
fails all the same, because its graph drops what is not used.
"""

PREDICTED = """The last two columns say how many figures a counter gave, and how many of them our convention for it
predicts to the last digit. A step of training is not predicted.
"""

FAULTS = """## Faults that others reported

Threads of the counters' issue trackers, each as a case. A fault is shown if the installed version still does what the
thread reports; if not, it was mended since. {shown} of {faults} are shown.
"""

MISSES = """## Answers that our conventions do not predict

What a counter counts besides multiply-adds is not known for sure where our convention does not predict its answer, so
that a verdict in this table may be unjust to it.
"""

CASES = """## Every case

{signs}.
"""


def page(board: Board) -> str:
    """The page, as markdown."""
    meanings = "\n".join(f"* **{name}**: {meaning}." for name, meaning in MEANINGS.items())
    signs = ", ".join(f"{escape_markdown(sign)} {name}" for name, sign in SIGNS.items())
    shown = sum(_is_shown(board, fault) for fault in REPORTED)
    parts = [
        HEADING.format(cases=len(board.rows)),
        to_markdown(summary(board)),
        PREDICTED,
        RULES,
        meanings,
        FAULTS.format(shown=shown, faults=len(REPORTED)),
        to_markdown(faults(board)),
        MISSES,
        to_markdown(misses(board)),
        CASES.format(signs=signs),
        *(to_markdown(group(board, name, list(rows))) for name, rows in groupby(board.rows, _group)),
    ]
    return "\n".join(f"{part.strip()}\n" for part in parts)


def _group(row: Row) -> str:
    return row.case.partition("/")[0]


def counters(board: Board) -> list[str]:
    """The counters that were asked, ours first."""
    return list(dict.fromkeys(counter for row in board.rows for counter in row.held))


def summary(board: Board) -> Table:
    """How many verdicts of each kind a counter has."""
    cells: list[dict[str, Cell]] = []
    for counter in counters(board):
        held = [row.held[counter] for row in board.rows if counter in row.held]
        figures = [each for each in held if each.answer is not None and each.predicted is not None]
        verdicts = Counter(each.verdict for each in held)
        cells.append(
            {
                "counter": counter,
                "version": board.versions[counter],
                **{name: verdicts[name] for name in MEANINGS},
                "figures": len(figures) if counter != OURS else None,
                "predicted": sum(each.answer == each.predicted for each in figures) if counter != OURS else None,
            }
        )
    columns = [
        Column("counter", "counter"),
        Column("version", "version"),
        *(Column(name, name) for name in MEANINGS),
        Column("figures", "figures"),
        Column("predicted", "of these predicted"),
    ]
    return Table("summary", "Verdicts", "", columns, cells)


def _held(board: Board, fault: Reported) -> Held | None:
    return next((row.held.get(fault.counter) for row in board.rows if row.case == fault.case.name), None)


def _is_shown(board: Board, fault: Reported) -> bool:
    held = _held(board, fault)
    return held is not None and fault.shown_by(held.verdict)


def _thread(link: str) -> str:
    """A thread by its repository and number.

    >>> _thread("https://github.com/pytorch/pytorch/issues/195460")
    'pytorch/pytorch #195460'
    """
    owner, name, _, number = link.split("/")[-4:]
    return f"{owner}/{name} #{number}"


def faults(board: Board) -> Table:
    """The reported faults, and what the installed versions say."""
    cells: list[dict[str, Cell]] = []
    for fault in REPORTED:
        held = _held(board, fault)
        if held is None:
            continue
        links = ", ".join(f"[{_thread(link)}]({link})" for link in fault.links)
        cells.append(
            {
                "counter": f"{fault.counter} {board.versions[fault.counter]}",
                "case": fault.case.name,
                "says": fault.says,
                "links": Markup(links),  # noqa: S704 (they are written in this package)
                "stated": held.stated,
                "answer": held.answer,
                "verdict": held.verdict,
                "shown": "shown"
                if fault.shown_by(held.verdict)
                else "mended since"
                if held.verdict == RIGHT
                else "not as reported",
            }
        )
    columns = [
        Column("counter", "counter"),
        Column("case", "case"),
        Column("says", "what the thread says"),
        Column("links", "thread"),
        Column("stated", "by its stated rule"),
        Column("answer", "its answer"),
        Column("verdict", "verdict"),
        Column("shown", "the fault"),
    ]
    return Table("faults", "Reported faults", "", columns, cells)


def misses(board: Board) -> Table:
    """The answers that our conventions do not predict."""
    cells: list[dict[str, Cell]] = [
        {
            "counter": counter,
            "case": row.case,
            "answer": held.answer,
            "predicted": held.predicted,
            "difference": held.answer - held.predicted,
            "verdict": held.verdict,
        }
        for counter in counters(board)
        for row in board.rows
        if (held := row.held.get(counter)) and counter != OURS
        if held.answer is not None and held.predicted is not None and held.answer != held.predicted
    ]
    columns = [
        Column("counter", "counter"),
        Column("case", "case"),
        Column("answer", "its answer"),
        Column("predicted", "predicted"),
        Column("difference", "difference"),
        Column("verdict", "verdict"),
    ]
    return Table("misses", "Not predicted", "", columns, cells)


def group(board: Board, name: str, rows: Sequence[Row]) -> Table:
    """The cases of one group, and the signs of the verdicts."""
    names = counters(board)
    cells: list[dict[str, Cell]] = [
        {
            "case": row.case.partition("/")[2],
            "idea": row.idea,
            "arithmetic": row.arithmetic,
            "macs": row.macs,
            **{counter: SIGNS[row.held[counter].verdict] if counter in row.held else "" for counter in names},
        }
        for row in rows
    ]
    columns = [
        Column("case", "case"),
        Column("idea", "idea"),
        Column("arithmetic", "arithmetic"),
        Column("macs", "multiply-adds"),
        *(Column(counter, counter) for counter in names),
    ]
    return Table(name, name, "", columns, cells)
