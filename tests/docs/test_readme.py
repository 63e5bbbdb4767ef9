"""The README shows what the program prints; its Python examples run as doctests."""

import shlex
from pathlib import Path

from click.testing import CliRunner

from resnext_flops.cli import main

README = Path(__file__).parent.parent.parent / "README.md"
GOLDEN = Path(__file__).parent.parent / "tables" / "golden"


def test_the_table_is_the_one_that_is_printed() -> None:
    shown = README.read_text(encoding="utf-8").split("```text\n")[1].split("```")[0].splitlines()
    printed = (GOLDEN / "template.80.txt").read_text(encoding="utf-8").splitlines()
    # The golden file is that of a table without proof, so the last column differs.
    mark = len(" proven")
    assert [line[:-mark] for line in shown] == [line[:-mark] for line in printed[: len(shown)]]


def test_the_formula_is_the_one_that_is_printed() -> None:
    command, shown = README.read_text(encoding="utf-8").split("```sh\n")[1].splitlines()[:2]
    printed = CliRunner().invoke(main, shlex.split(command)[1:]).stdout.splitlines()
    assert printed[2] == shown.removeprefix("# ")
