"""How long the paper's report takes without a proof, against its bound of five seconds."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pairs import Comparison, command, seconds

RUNS = 6


def rows() -> Iterator[Comparison]:
    with tempfile.TemporaryDirectory() as folder:
        write = command(
            sys.executable,
            "-m",
            "resnext_flops",
            "report",
            "--no-prove",
            "--force",
            "--output",
            str(Path(folder) / "report"),
        )
        write()
        yield Comparison(
            "the paper's report without a proof / 5 s", [seconds(write) / 5 for _ in range(RUNS)], "at most 1"
        )
