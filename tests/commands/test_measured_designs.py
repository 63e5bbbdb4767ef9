"""`sweep --measure`, on a machine whose coefficients are known."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.machine.session import Place, Session
from tests.enveloped import answered
from tests.machine.synthetic import Synthetic, seconds_of

pytest.importorskip("numexpr")

SWEEP = ["sweep", "resnext50_32x4d", "--cardinality", "1,2,4", "--width", "8,16", "--by", "macs", "--device", "cpu"]
seen: list[Place] = []


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    seen.clear()

    @contextmanager
    def session(self: Place, seed: int = 0) -> Iterator[Session]:
        seen.append(self)
        yield Synthetic(models=100).session()

    monkeypatch.setattr(Place, "session", session)


def test_the_first_designs_are_measured() -> None:
    done = CliRunner().invoke(main, [*SWEEP, "--measure", "2", "--format", "json"])
    assert done.exit_code == 0
    rows = answered(done.stdout)["rows"]
    for row in rows[:2]:
        network = rf.resnext(50, row["C"], row["d"])
        assert row["measured_ms"] == pytest.approx(1000 * seconds_of(network))
        assert row["uncertainty_percent"] == pytest.approx(0, abs=1e-9)
    assert [row.get("measured_ms") for row in rows[2:]] == [None] * 4
    assert [each.batch for each in seen] == [1]


def test_they_are_measured_beside_their_estimates_at_the_same_batch() -> None:
    done = CliRunner().invoke(main, [*SWEEP, "--on", "rtx3090", "--measure", "1", "--format", "json"])
    assert done.exit_code == 0
    row = answered(done.stdout)["rows"][0]
    assert row["ms"] > 0
    assert row["measured_ms"] > 0
    assert [each.batch for each in seen] == [1024]


def test_designs_in_a_file_are_measured_and_shown(tmp_path: Path) -> None:
    file = tmp_path / "designs.csv"
    done = CliRunner().invoke(main, [*SWEEP, "--measure", "1", "--output", str(file)])
    assert done.exit_code == 0
    assert "measured" in done.stdout
    assert "measured" not in file.read_text(encoding="utf-8")


def test_none_is_measured_unless_asked() -> None:
    done = CliRunner().invoke(main, SWEEP)
    assert done.exit_code == 0
    assert "measured" not in done.stdout
    assert seen == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([*SWEEP, "--measure", "-1"], "-1 is not in the range x>=0"),
        (["sweep", "--space", "regnet_x", "--measure", "2"], "--measure is given with --space"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
