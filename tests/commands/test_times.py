"""Times by the profile of a machine as figures of `compare` and `check`, and what is kept of libraries' models."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.profile import estimate, profile
from tests.enveloped import answered


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def milliseconds(name: str, on: str = "rtx3090", batch: int | None = None) -> float:
    return estimate(profile(on), rf.model(name).cost(), batch).milliseconds


def test_compare_orders_by_time_and_keeps_a_budget_of_it() -> None:
    names = ["vgg16", "resnet50", "resnext50_32x4d"]
    times = {name: milliseconds(name) for name in names}
    assert times["resnet50"] < times["resnext50_32x4d"] < 450 < times["vgg16"]
    done = run("compare", *names, "--on", "rtx3090", "--budget", "ms <= 450", "--sort=-ms", "--format", "csv")
    assert done.exit_code == 0, done.stderr
    head, *lines = (line.split(",") for line in done.stdout.splitlines())
    assert [line[0] for line in lines] == ["resnext50_32x4d", "resnet50"]
    for line in lines:
        assert float(line[head.index("ms")]) == pytest.approx(times[line[0]])


def test_compare_says_that_it_is_an_estimate_and_its_json_is_exact() -> None:
    done = run("compare", "resnet50", "--on", "rtx3090", "--batch", "512")
    assert "an estimate by the profile rtx3090" in done.stdout
    result = answered(run("compare", "resnet50", "--on", "rtx3090", "--format", "json").stdout, "compare")
    ledger = rf.resnet(50).cost()
    assert result["models"][0]["figures"]["femtoseconds"] == estimate(profile("rtx3090"), ledger).femtoseconds


def test_times_of_a_library_are_not_kept_for_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    name = "torchvision:resnet18"
    for on in ("rtx3090", "i7-12700h", "rtx3090"):
        done = run("compare", name, "--on", on, "--format", "csv")
        head, line = (each.split(",") for each in done.stdout.splitlines())
        assert float(line[head.index("ms")]) == pytest.approx(milliseconds(name, on))
    assert "ms" not in run("compare", name, "--format", "csv").stdout.splitlines()[0].split(",")


def test_limits_of_time_are_held(tmp_path: Path) -> None:
    exact = milliseconds("resnet50")
    config = tmp_path / "budgets.toml"
    limits = [f"ms <= {exact + 1:.3f}", f"ms <= {exact - 1:.3f}", f"images_per_second >= {1024e3 / exact - 1:.3f}"]
    config.write_text(f'[[models]]\nmodel = "resnet50"\nlimits = {limits}\n', encoding="utf-8")
    done = run("check", "--config", str(config), "--on", "rtx3090", "--format", "json")
    assert done.exit_code == 1
    result = answered(done.stdout, "check")
    assert [row["result"] for row in result["rows"]] == ["pass", "FAIL", "pass"]
    assert any("estimate by the profile rtx3090" in note for note in result["notes"])
    without = run("check", "--config", str(config))
    assert (without.exit_code, without.stdout) == (2, "")
    assert "ms is estimated by the profile of a machine; say which, as in --on rtx3090" in without.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("compare resnet50 --figure ms", "say which, as in --on rtx3090"),
        ("compare resnet50 --sort ms", "say which, as in --on rtx3090"),
        ("compare resnet50 --on rtx390", "did you mean 'rtx3090'"),
        ("compare resnet50 --on rtx3090 --batch 5000", "the nearest is 4,096"),
        ("compare resnet50 --batch 5", "give the profile of a machine too"),
        ("check --on rtx3090,rtx4090", "give one"),
    ],
)
def test_bad_input_is_one_sentence(arguments: str, says: str) -> None:
    done = run(*arguments.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_sweep_estimates_the_batch_that_is_asked_for() -> None:
    one = ("--cardinality", "32", "--width", "4", "--on", "rtx3090", "--batch", "512", "--format", "json")
    (row,) = answered(run("sweep", "resnext50_32x4d", *one).stdout, "sweep")["rows"]
    assert row["ms"] == pytest.approx(milliseconds("resnext50_32x4d", batch=512))
    assert row["ms"] != pytest.approx(milliseconds("resnext50_32x4d"))
