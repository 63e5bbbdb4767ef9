"""The data of the scoreboard: what each counter answered of each case."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from resnext_flops.proof.conformance.holding import Held


class Row(NamedTuple):
    """A case, and the counters that were held against it, by their names."""

    case: str
    idea: str
    arithmetic: str
    macs: int
    training: bool
    held: Mapping[str, Held]


class Board(NamedTuple):
    """All rows, and the version of each counter."""

    versions: Mapping[str, str]
    rows: Sequence[Row]


def text_of(board: Board) -> str:
    """The data as JSON, a line a case. Of each counter: the verdict, its answer, its stated rule's figure, our
    prediction of its answer, and a remark.

    >>> text_of(Board({"ours": "1"}, [Row("a/b", "an idea", "2*3", 6, False, {})])).splitlines()[2]
    '{"case": "a/b", "idea": "an idea", "arithmetic": "2*3", "macs": 6, "training": false, "held": {}}'
    """
    lines = [
        json.dumps(
            {**row._asdict(), "held": {counter: each[2:] for counter, each in row.held.items()}}, ensure_ascii=False
        )
        for row in board.rows
    ]
    head = json.dumps(board.versions)
    return f'{{"versions": {head},\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"


def read(path: Path) -> Board:
    """The data of a file; none where there is no file."""
    if not path.exists():
        return Board({}, [])
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        Row(**{**line, "held": {counter: Held(counter, line["case"], *each) for counter, each in line["held"].items()}})
        for line in found["cases"]
    ]
    return Board(found["versions"], rows)
