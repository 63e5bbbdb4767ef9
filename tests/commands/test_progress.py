"""The bars of progress: how much there is, and that it is reached."""

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


def test_what_is_not_known_before_is_not_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    for total, shown in ((None, "3 done"), (7, "3/7")):
        with progress.progress(total) as tell:
            tell("counting", 3)
        assert shown in capsys.readouterr().err
