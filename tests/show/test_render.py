"""Every form of a table: exact integers, escaped text, and what a narrow terminal leaves out."""

import csv
import io
import re
import sys
from fractions import Fraction

import pytest
from rich.console import Console

from resnext_flops.show.output import emit
from resnext_flops.show.render import TerminalTable, content, fitted, to_csv, to_html, to_markdown, to_text
from resnext_flops.show.table import Bracket, Cell, Column, Deviation, Table

LARGE = 2**63 + 1
ROW: dict[str, Cell] = {
    "name": "a|b <i>",
    "macs": LARGE,
    "share": Fraction(1, 8),
    "off": Deviation(-1, 8),
    "block": (Bracket(("1x1, 64", "3x3, 64"), 2),),
    "none": None,
}
TABLE = Table(
    "id",
    "A title",
    "the source",
    (
        Column("name", "name"),
        Column("macs", "multiply-\nadds"),
        Column("share", "share", rank=1),
        Column("off", "off", rank=3),
        Column("block", "block", rank=2),
        Column("none", "none", rank=4),
    ),
    (ROW,),
    ("A note.",),
    "Proven.",
)


def test_json_has_exact_integers() -> None:
    found = content(TABLE)
    assert list(found) == ["table", "title", "source", "columns", "rows", "notes", "proof"]
    assert found["rows"][0] == {
        "name": "a|b <i>",
        "macs": LARGE,
        "share": 12.5,
        "off": -12.5,
        "block": "[1x1, 64; 3x3, 64] x 2",
        "none": None,
    }


def test_csv_has_exact_integers_and_keys() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv(TABLE)))
    assert row["macs"] == str(LARGE)
    assert row["name"] == "a|b <i>"
    assert row["none"] == ""


def test_markdown_escapes_bars_tags_and_brackets() -> None:
    lines = to_markdown(TABLE).splitlines()
    assert lines[2] == "| name | multiply-<br>adds | share | off | block | none |"
    assert lines[3] == "| :--- | ---: | ---: | ---: | :--- | ---: |"
    assert lines[4] == rf"| a\|b \<i> | {LARGE:,} | 12.50 % | -12.50 % | \[1x1, 64; 3x3, 64\] x 2 | – |"


def test_html_escapes_markup() -> None:
    assert "a|b &lt;i&gt;" in to_html(TABLE)


def test_a_pipe_gets_one_line_a_row() -> None:
    lines = to_text(TABLE).splitlines()
    assert lines[0] == "A title"
    assert f"{LARGE:,}  12.50 %  -12.50 %  [1x1, 64; 3x3, 64] x 2" in lines[3]


@pytest.mark.parametrize("width", [140, 70, 40, 20])
def test_a_terminal_is_never_overrun_and_no_number_is_cut(width: int) -> None:
    console = Console(width=width, file=io.StringIO())
    with console.capture() as shown:
        console.print(TerminalTable(TABLE))
    lines = shown.get().splitlines()
    assert all(len(line) <= width for line in lines)
    assert "…" not in shown.get()
    assert any(f"{LARGE:,}" in line or "9223372 T" in line for line in lines)
    assert ("Columns that do" in shown.get()) == (width < 70)


def test_a_long_name_is_cut_and_the_numbers_beside_it_are_not() -> None:
    columns = (Column("name", "name"), Column("macs", "macs"), Column("kind", "kind"))
    rows: list[dict[str, Cell]] = [{"name": "a" * 30, "macs": 1234, "kind": "conv"}]
    lines = [line.text for line in fitted(Table("id", "A title", "", columns, rows), 30)]
    # 30 characters: 2 for each of three columns, 4 for 1234, 4 for conv, and the other 16 for the name.
    assert f" {'a' * 15}…  1234  conv" in lines
    assert max(map(len, lines)) <= 30


def test_a_terminal_gets_bold_and_dim_characters_if_it_has_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    shown = {}
    for kind, no_color in (("xterm", ""), ("dumb", ""), ("xterm-256color", "1")):
        monkeypatch.setenv("TERM", kind)
        monkeypatch.setenv("NO_COLOR", no_color)
        emit([TABLE, TABLE], "rich", None)
        shown[kind] = capsys.readouterr().out
    assert shown["dumb"].count("\n\nA title\n") == 1  # a blank line stands between two tables
    assert "\033[1mA title\033[0m\n" in shown["xterm"]
    # `block` is too wide; `off`, of a higher rank, still fits, and `none` does not.
    assert "\033[2mColumns that do not fit: block, none.\033[0m\n" in shown["xterm"]
    assert re.sub(r"\033\[\dm", "", shown["xterm"]) == shown["dumb"] == shown["xterm-256color"]
