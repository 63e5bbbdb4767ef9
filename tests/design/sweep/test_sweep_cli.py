"""`resnext-flops sweep`: its forms, its files, and what stops it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.design.sweep import request
from resnext_flops.design.sweep.journal import unfinished
from resnext_flops.design.sweep.request import Part, Sweep
from resnext_flops.design.sweep.search import Grain, Tell
from resnext_flops.design.sweep.selection import Selection
from tests.enveloped import answered

SPACE = ["resnext", "--depth", "50", "--cardinality", "1:64", "--width", "1:128"]
OVER = {"C": "1:64", "d": "1:128"}
FRONT = ["--budget", "macs <= 4.2e9", "--pareto", "macs,-params,-activations"]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["sweep", *words])


def front() -> pandas.DataFrame:
    return rf.sweep(rf.resnext(50), OVER, budget="macs <= 4.2e9", pareto=["macs", "-params", "-activations"])


@pytest.mark.parametrize(
    ("suffix", "read"),
    [
        (".csv", lambda path: pandas.read_csv(path, index_col="design")),
        (".parquet", pandas.read_parquet),
        (".jsonl", lambda path: pandas.read_json(path, lines=True).set_index("design")),
    ],
)
def test_a_file_holds_what_the_library_answers(
    tmp_path: Path, suffix: str, read: Callable[[Path], pandas.DataFrame]
) -> None:
    path = tmp_path / f"designs{suffix}"
    result = run(*SPACE, *FRONT, "--output", str(path))
    assert result.exit_code == 0, result.output
    pandas.testing.assert_frame_equal(read(path), front())
    assert list(tmp_path.iterdir()) == [path]


def test_the_table_holds_every_design_but_on_a_terminal() -> None:
    rows = answered(run(*SPACE, *FRONT, "--format", "json").stdout)["rows"]
    assert [row["macs"] for row in rows] == front()["macs"].tolist()
    assert run(*SPACE, *FRONT).stdout.count("\n") > len(rows)


def test_expressions_are_split_at_commas_outside_brackets() -> None:
    rows = answered(run(*SPACE, "--pareto", "max(C, abs(d)),-macs", "--format", "json").stdout)["rows"]
    assert {"max(C, abs(d))", "macs"} <= set(rows[0])


def test_json_lines_hold_every_digit(tmp_path: Path) -> None:
    path = tmp_path / "designs.jsonl"
    assert run("resnet50", "--base-width", "8,64", "--by", "params / macs / macs", "--output", str(path)).exit_code == 0
    for line in path.read_text().splitlines():
        row = json.loads(line)
        assert row["params / macs / macs"] == row["params"] / row["macs"] / row["macs"]


def test_a_damaged_file_is_not_resumed(tmp_path: Path) -> None:
    path = tmp_path / "designs.csv"
    unfinished(path).write_text('{"done": [-1]}')
    result = run(*SPACE, *FRONT, "--output", str(path), "--resume")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "is damaged" in result.stderr


def test_a_family_without_depths_is_not_proven_and_nothing_is_done(tmp_path: Path) -> None:
    path = tmp_path / "designs.csv"
    result = run("resnext_cifar", "--over", "n1=1:3", "--prove", "1", "--output", str(path))
    assert (result.exit_code, path.exists()) == (2, False)


def test_what_was_found_is_kept_when_proving_is_stopped(tmp_path: Path, monkeypatch: Any) -> None:
    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    path = tmp_path / "designs.csv"
    monkeypatch.setattr("resnext_flops.commands.sweep.proving", stopped)
    result = run(*SPACE, *FRONT, "--prove", "1", "--output", str(path))
    assert len(pandas.read_csv(path)) == len(front())
    assert result.exit_code == 130
    assert "stopped while proving" in result.stderr


def test_sizes_are_given_by_name_by_stage_or_by_option() -> None:
    words = ["--stage-depths", "3/4/6:8/3", "--over", "in_channels=1,3", "--classes", "10", "--format", "json"]
    rows = answered(run("resnet50", *words).stdout)["rows"]
    expected = [
        rf.resnet((3, 4, n3, 3), classes=10, in_channels=channels).cost().macs
        for n3 in (6, 7, 8)
        for channels in (1, 3)
    ]
    assert sorted(row["macs"] for row in rows) == sorted(expected)


def test_the_nearest_are_to_a_number_or_a_network() -> None:
    nearest = ["resnext50_32x4d", "--width", "1:9", "--top", "1", "--format", "json", "--nearest"]
    for target in ("macs=resnet50", "macs=4.089184256e9", "fvcore=resnet50"):
        (row,) = answered(run(*nearest, target).stdout)["rows"]
        assert row["d"] == 4


def test_some_designs_are_proven() -> None:
    words = ["resnext(50, resolution=64)", "--width", "1:4", "--by", "macs", "--prove", "2", "--device", "cpu"]
    result = run(*words, "--format", "json")
    rows = answered(result.stdout)["rows"]
    assert result.exit_code == 0
    assert [row["proven"] for row in rows].count(True) == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["resnet50", "--depth", "50", "--base-width", "1:4"], "--depth is for a family"),
        (["resnext50_32x4d"], "a sweep needs a free size"),
        (["resnext50_32x4d", "--width", "1:4", "--nearest", "resnet50"], "is not of the form FIGURE=N"),
        (["resnext50_32x4d", "--width", "1:4", "--output", "a.csv", "--format", "latex"], "is for what is printed"),
        (["resnext50_32x4d", "--width", "1:4", "--nearest", "macs=1e400"], "unknown model '1e400'"),
        (["resnext50_32x4d", "--width", "1:4", "--sample", "1e999999999"], "is not a whole number"),
        (["resnext50_32x4d", "--width", "99999999999999999999"], "it must be at most"),
        (["resnext50_32x4d", "--width", "1:4", "--by", "macs", "--top", "2000000"], "at most 1,000,000 designs"),
        (["vgg11", "--resolution", "227:235", "--by", "thop"], "are no polynomial in"),
        (["resnext50_32x4d", "--width", "1:4", "--output", f"{'x' * 300}.csv"], "File name too long"),
        (["resnext50_32x4d", "--over", "d"], "is not of the form"),
        (["resnext50_32x4d", "--width", "4:1", "--over", "width=1"], "values of d are given twice"),
        (["resnext50_32x4d", "--width", "4:1"], "the range is empty"),
        (["resnext50_32x4d", "--width", "1:4", "--budget", "macs <= import"], "cannot use"),
        (["resnext50_32x4d", "--width", "1:4", "--budget", "macs <= 1"], "the nearest is d = 1 with"),
        (["resnext50_32x4d", "--width", "1:4", "--output", "designs.xls"], "unknown suffix '.xls'"),
        (["resnext50_32x4d", "--width", "1:4", "--output", "nowhere/designs.csv"], "cannot write"),
        (["resnext50_32x4d", "--width", "1:4", "--resume"], "give the same --output"),
        (["resnext50_32x4d", "--width", "1:4", "--output", "designs.csv", "--resume"], "there is nothing to resume"),
        (["resnext50_32x4d", "--width", "1:4", "--engine", "spark"], "unknown engine"),
        (["resnext50_32x4d", "--width", "1:4", "--prove", "-1"], "not in the range"),
        (
            ["resnext50_32x4d", "--width", "1:4", "--nearest", "macs=resnet5"],
            "names begin with it: resnet50, ",
        ),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], sentence: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert sentence in result.stderr
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "designs.csv"
    path.write_text("mine")
    result = run(*SPACE, *FRONT, "--output", str(path))
    assert (result.exit_code, path.read_text()) == (2, "mine")
    assert run(*SPACE, *FRONT, "--output", str(path), "--force").exit_code == 0


def test_a_stopped_sweep_keeps_what_it_has_and_goes_on(tmp_path: Path, monkeypatch: Any) -> None:
    whole, path = tmp_path / "whole.csv", tmp_path / "designs.csv"
    monkeypatch.setattr(request.Sweep, "parts", parts_of_a_few(Grain(16, 64), Sweep.parts))
    words = [*SPACE, *FRONT, "--by", "-macs", "--output"]
    assert run(*words, str(whole)).exit_code == 0

    ran: list[Part] = []
    original = Sweep.run

    def stopping(self: Sweep, part: Part, selection: Selection, tell: Tell) -> Selection:
        if len(ran) == 5:
            raise KeyboardInterrupt
        ran.append(part)
        return original(self, part, selection, tell)

    monkeypatch.setattr(Sweep, "run", stopping)
    result = run(*words, str(path))
    assert result.exit_code == 130
    covered = 5 * 8192 // 16
    assert f"stopped after {covered:,} of 8,192 designs; what was selected of them is kept" in result.stderr
    partial = pandas.read_csv(path, index_col="design")
    assert 0 < len(partial) < len(pandas.read_csv(whole))

    other = run(*SPACE, "--by", "macs", "--top", "3", "--output", str(path), "--resume")
    assert other.exit_code == 2
    assert "is of another sweep" in other.stderr

    monkeypatch.setattr(Sweep, "run", original)
    result = run(*words, str(path), "--resume")
    assert result.exit_code == 0
    assert f"{8192 - covered:,} designs looked at in" in result.stderr
    assert path.read_text() == whole.read_text()
    assert not unfinished(path).exists()


def parts_of_a_few(cut: Grain, parts: Callable[[Sweep], list[Part]]) -> Callable[[Sweep], list[Part]]:
    return lambda self: parts(self._replace(cut=cut))


# The command, with a word on standard output as soon as designs are evaluated. A shell starts what runs in the
# background with SIGINT ignored, and the command would inherit that.
TELLING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from resnext_flops.cli import main
from resnext_flops.design.sweep.request import Sweep
original = Sweep.run
def run(*arguments):
    print("evaluating", flush=True)
    return original(*arguments)
Sweep.run = run
main()
"""


def test_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    path = tmp_path / "designs.csv"
    # A sample of many designs, none of which can be skipped, takes minutes.
    words = [*SPACE[:3], "--cardinality", "1:9000", "--width", "1:9000", "--resolution", "97:320"]
    words += ["--sample", "1e9", "--by", "macs", "--top", "5", "--output", str(path)]
    command = [sys.executable, "-c", TELLING, "sweep", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "evaluating\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "stopped after" in said
    assert "Traceback" not in said
    assert unfinished(path).exists()
