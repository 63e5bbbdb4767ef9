"""`predict`: times that are plain to see, what they are made of, and what is refused."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.profile import estimate, profiles, shipped
from resnext_flops.show.render import fitted
from resnext_flops.tables.estimates import estimates
from tests.complexity.test_profile import PROFILE
from tests.enveloped import answered


@pytest.fixture
def on(tmp_path: Path) -> str:
    path = tmp_path / "plain.toml"
    path.write_text(PROFILE, encoding="utf-8")
    return str(path)


def predict(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["predict", *arguments])


def test_help_lists_the_profiles_of_the_package() -> None:
    told = " ".join(predict("--help").stdout.split()).partition("--on PROFILE,...")[2].partition(" --")[0]
    assert [name for name in shipped() if name in told] == [*shipped()]


def test_a_time_and_its_parts(on: str) -> None:
    """ResNet-18 by hand: all its convolutions but the three shortcuts are dense, at 2 femtoseconds a multiply-add."""
    done = predict("resnet18", "resnet34", "--on", on, "--batch", "64", "--format", "json")
    assert (done.exit_code, done.stderr) == (0, "")
    first, second = answered(done.stdout, "predict")["rows"]
    ledger = rf.resnet(18).cost()
    shortcuts = [entry for entry in ledger if entry.kind == "conv" and entry.kernel == (1, 1)]
    assert len(shortcuts) == 3
    pointwise = sum(entry.macs for entry in shortcuts)
    dense = ledger.macs - pointwise - 512 * 1000
    sums = sum(entry.output[0] * entry.output[1] * entry.output[2] for entry in ledger if entry.kind == "sum")
    operators = len([entry for entry in ledger if entry.kind not in {"flatten", "dropout"}])
    whole = 64 * (2 * dense + 3 * pointwise + 100 * sums) + 7 * 512 * 1000 + 10**6 * operators + 5 * 10**9
    assert first["milliseconds"] == pytest.approx(whole / 1e12)
    assert first["images_per_second"] == pytest.approx(64e15 / whole)
    assert (first["low_milliseconds"], first["high_milliseconds"]) == (
        pytest.approx(0.9 * whole / 1e12),
        pytest.approx(1.2 * whole / 1e12),
    )
    assert first["dense_convolutions_percent"] == pytest.approx(100 * 64 * 2 * dense / whole)
    assert first["launches_percent"] == pytest.approx(100 * (10**6 * operators + 5 * 10**9) / whole)
    for row in (first, second):
        shares = [row[key] for key in row if key.endswith("_percent")]
        assert sum(shares) == pytest.approx(100)
    assert (first["ratio"], second["ratio"]) == (1, pytest.approx(second["milliseconds"] / first["milliseconds"]))


@pytest.mark.parametrize("form", ["rich", "markdown", "html", "latex"])
def test_every_form_says_that_it_is_an_estimate_and_by_which_profile(on: str, form: str) -> None:
    done = predict("resnet18", "--on", on, "--format", form)
    assert done.exit_code == 0
    assert "estimate" in done.stdout
    assert "a plain machine" in done.stdout


def test_what_was_not_measured_is_told_or_refused(on: str) -> None:
    done = predict("convnext_tiny", "--on", on, "--format", "json")
    row = answered(done.stdout, "predict")["rows"][0]
    assert row["high_milliseconds"] == pytest.approx(2 * row["milliseconds"])
    assert "never measured were depthwise conv, gelu, layer norm, mul" in done.stderr
    assert "gelu" in json.dumps(answered(done.stdout, "predict")["notes"])
    strict = predict("convnext_tiny", "--on", on, "--strict")
    assert (strict.exit_code, strict.stdout) == (2, "")
    assert "never measured were depthwise conv, gelu" in strict.stderr


def test_another_batch_has_a_wider_interval(on: str) -> None:
    done = predict("resnet18", "--on", on, "--batch", "16", "--format", "json")
    row = answered(done.stdout, "predict")["rows"][0]
    assert row["low_milliseconds"] == pytest.approx(0.5 * row["milliseconds"])
    assert "the batch is 16, and measured was 64" in done.stderr


def test_several_profiles_are_apart(on: str, tmp_path: Path) -> None:
    twice = tmp_path / "twice.toml"
    twice.write_text(PROFILE.replace("dense = 2.0", "dense = 4.0"), encoding="utf-8")
    done = predict("resnet18", "--on", f"{on},{twice}", "--format", "json")
    one, other = answered(done.stdout, "predict")["rows"]
    assert (one["profile"], other["profile"]) == ("plain", "twice")
    assert other["milliseconds"] > one["milliseconds"]


def test_a_folder_is_not_told_and_two_files_of_one_name_are_refused(on: str, tmp_path: Path) -> None:
    done = predict("resnet18", "--on", on)
    assert "by the profile plain" in done.stdout
    assert str(tmp_path) not in done.stdout
    other = tmp_path / "other" / "plain.toml"
    other.parent.mkdir()
    other.write_text(PROFILE, encoding="utf-8")
    assert predict("resnet18", "--on", str(other)).stdout == done.stdout
    refused = predict("resnet18", "--on", f"{on},{other}")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"{on!r} and {str(other)!r} are both called plain" in refused.stderr


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("calibrate --published times.csv --output a.toml", "1,234 models of 56 families from a test."),
        ("calibrate --device cpu --output a.toml", "1,234 blocks of 56 kinds: a test."),
    ],
)
def test_a_profile_says_whether_it_is_of_models_or_of_blocks(command: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    text = PROFILE.replace('command = "none"', f'command = "resnext-flops {command}"')
    path.write_text(re.sub("families = [0-9]+", "families = 56", re.sub("models = [0-9]+", "models = 1234", text)))
    assert f"a batch of 64; {says}" in predict("resnet18", "--on", str(path)).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["resnet18"], "--on"),
        (["resnet18", "--on", ","], "--on"),
        (["resnet18", "--on", "rtx390"], "rtx3090"),
        (["resnet18", "--on", "missing.toml"], "cannot read 'missing.toml'"),
        (["--on", "rtx3090"], "Missing argument"),
        (["resnet18", "--on", "rtx3090", "--batch", "8"], "the nearest is 256"),
        (["resnet18", "--on", "rtx3090", "--batch", "1e3"], "not a valid integer"),
        (["resnet18", "--on", "rtx3090", "--input", "2,3,224,224"], "give it a batch of 1"),
        (["resnett18", "--on", "rtx3090"], "unknown model"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], says: str) -> None:
    done = predict(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_narrow_terminal_keeps_the_interval() -> None:
    # A time without its interval would be read as a measurement.
    assert not {"from", "to"} & left_out(["rtx3090"], 80)


def test_a_narrower_terminal_keeps_the_time_and_its_ratio_and_no_half_of_an_interval() -> None:
    several = left_out(["rtx3090", "rtx4090", "i7-12700h"], 80)
    assert {"from", "to"} < several
    assert not several & {"model", "profile", "estimated ms", "ratio to the first"}
    assert {len(left_out(["rtx3090"], width) & {"from", "to"}) for width in range(40, 160)} == {0, 2}


def left_out(names: list[str], width: int) -> set[str]:
    """The columns that two networks' times have no place for in a terminal of some width."""
    used = profiles(names)
    ledgers = [rf.network(name).cost() for name in ("resnext50_32x4d", "vgg16")]
    found = {name: [estimate(each, one) for one in ledgers] for name, each in used.items()}
    said = " ".join(line.text for line in fitted(estimates(found, used), width))
    return set(said.partition("Columns that do not fit: ")[2].partition(".")[0].split(", "))
