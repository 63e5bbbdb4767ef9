"""The bars of progress: how much there is, that it is reached, and that nothing is loaded before there is one."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from resnext_flops.cli import main
from resnext_flops.commands import progress, report
from resnext_flops.complexity.model import Model
from resnext_flops.proof.rungs import Proof
from tests.proofs import made_up


class Bar:
    """Takes the place of the bar: the total of the last one, and what it was told."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.told: list[int] = []

    @contextmanager
    def __call__(self, total: int | None = None) -> Iterator[Callable[[str, int], None]]:
        self.total, self.told = total, []
        yield lambda _, done: self.told.append(done)


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Bar:
    def proof(network: Model, *_: object) -> Proof:
        return made_up(network)

    found = Bar()
    monkeypatch.setattr(progress, "verify", proof)
    monkeypatch.setattr(progress, "progress", found)
    monkeypatch.setattr(report, "progress", found)
    return found


@pytest.mark.parametrize(
    ("command", "total"),
    [
        (["table"], 7),
        (["table", "--cardinality", "2,32"], 2),
        (["table", "1"], 2),
        (["table", "2", "--prove"], 0),
        (["verify", "resnet18", "resnet34"], 2),
        (["solve", "resnext(50)", "--free", "d", "--like", "resnet50", "--given", "C=1,2,4", "--prove"], 3),
        (["sweep", "resnext50_32x4d", "--width", "1:9", "--prove", "2"], 2),
    ],
)
def test_every_proof_is_counted(command: list[str], total: int, bar: Bar) -> None:
    assert CliRunner().invoke(main, command).exit_code == 0
    assert bar.total == total
    # Each is told before it begins and when it is done.
    assert bar.told == [done for number in range(total) for done in (number, number + 1)]


def test_of_all_tables_each_network_is_proven_once(bar: Bar) -> None:
    assert CliRunner().invoke(main, ["table", "all"]).exit_code == 0
    assert bar.total == bar.told[-1] == len(bar.told) / 2 > 20


@pytest.mark.parametrize("models", [["paper"], ["resnet20_cifar", "resnet32_cifar"]])
def test_a_report_tells_all_its_steps(
    models: list[str], bar: Bar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resnext_flops.reports.rendering.write", lambda *_: None)
    done = CliRunner().invoke(main, ["report", "--of", *models, "--output", str(tmp_path / "report")])
    assert done.exit_code == 0, done.output
    assert bar.told == list(range(1, len(bar.told) + 1))
    assert bar.total == len(bar.told)


class Terminal(io.StringIO):
    """Standard error of a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (io.StringIO(), False), (None, False)])
def test_a_bar_is_shown_on_a_terminal(stream: io.StringIO | None, shown: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress(3) as tell:
        tell("first [net]", 0)
        tell("second", 1)
    written = stream.getvalue() if stream else ""
    assert [("second" in written), ("1/3" in written)] == [shown, shown]


def test_what_is_not_known_before_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress() as tell:
        tell("counting", 3)
    assert "3 done" in stream.getvalue()


def test_a_bar_that_has_nothing_to_tell_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.progress(3):
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize("words", [["formula", "resnet18"], ["compare", "resnet18"], ["table", "--no-prove"]])
def test_light_commands_do_not_load_rich(words: list[str]) -> None:
    code = (
        "import sys; from resnext_flops.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: sys.exit(any(name.partition('.')[0] in {'rich', 'numpy'} for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)
