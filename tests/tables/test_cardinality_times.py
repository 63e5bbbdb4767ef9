"""The paper's question in time: tables and the picture, against direct estimates and the paper's printed seconds."""

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.profile import estimate, profile, profiles
from resnext_flops.plots.time import time
from resnext_flops.tables.times import at_preserved_cost, by_cardinality, section_5_1

# The widths that the network scope gives (README), so that multiply-adds are those of ResNet-50 within 5 percent.
WIDTHS = {1: 64, 2: 40, 4: 24, 8: 13, 16: 7, 32: 4, 64: 2}


def milliseconds(name: str, cardinality: int, width: int) -> float:
    return estimate(profile(name), rf.resnext(50, cardinality=cardinality, width=width).cost()).milliseconds


def test_the_widths_are_those_that_preserve_the_multiply_adds() -> None:
    assert {each.sizes["C"]: each.sizes["d"] for each in at_preserved_cost()} == WIDTHS
    target = rf.resnet(50).cost().macs
    assert all(abs(each.cost / target - 1) < 0.05 for each in at_preserved_cost())


@pytest.mark.parametrize("name", ["rtx3090", "i7-12700h"])
def test_each_cardinality_has_its_direct_estimate(name: str) -> None:
    rows = by_cardinality(profiles([name])).rows
    times = {cardinality: milliseconds(name, cardinality, width) for cardinality, width in WIDTHS.items()}
    assert {row["cardinality"]: row[f"{name}_milliseconds"] for row in rows} == pytest.approx(times)
    ratios = {cardinality: taken / times[1] for cardinality, taken in times.items()}
    assert {row["cardinality"]: row[f"{name}_ratio"] for row in rows} == pytest.approx(ratios)


def test_the_papers_networks_beside_its_seconds() -> None:
    first, second, third = section_5_1(profiles(["rtx3090"])).rows
    paper = [row["paper_ratio"] for row in (first, second, third)]
    assert paper == pytest.approx([1, 0.95 / 0.70, 1.7 / 0.70])
    networks = [rf.resnet(101), rf.resnext(101, cardinality=32, width=4), rf.resnext(101, cardinality=64, width=4)]
    times = [estimate(profile("rtx3090"), each.cost()).milliseconds for each in networks]
    ratios = [row["rtx3090_ratio"] for row in (first, second, third)]
    assert ratios == pytest.approx([taken / times[0] for taken in times])


def test_the_table_says_that_the_seconds_are_of_training_and_where_the_reasons_are_from() -> None:
    notes = " ".join(section_5_1(profiles(["rtx3090"])).notes)
    for text in (
        "of training, on 8 M40",
        "the profiles are of forward passes",
        "Section 5.1",
        "https://docs.nvidia.com/",
    ):
        assert text in notes


def test_the_picture_draws_the_table() -> None:
    axes = time(on=["rtx3090", "i7-12700h"])
    lines = {str(line.get_label()): line for line in axes.lines}
    for name in ("rtx3090", "i7-12700h"):
        rows = by_cardinality(profiles([name])).rows
        line = lines[f"{name} (estimated)"]
        places, shares = zip(*line.get_xydata().tolist(), strict=True)  # type: ignore[union-attr]
        assert list(places) == [row["cardinality"] for row in rows]
        assert list(shares) == pytest.approx([100 * float(str(row[f"{name}_ratio"])) for row in rows])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_the_command_prints_both_tables_and_says_what_they_are() -> None:
    done = run("table", "performance", "--on", "rtx3090,rtx4090")
    assert done.exit_code == 0
    for text in ("at preserved multiply-adds", "Section 5.1", "is an estimate", "rtx4090, torch 2.4.0"):
        assert text in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("table 2 --on rtx3090", "--on is for the table performance"),
        ("table performance --on rtx390", "did you mean 'rtx3090'"),
        ("plot width --on rtx3090 --output a.svg", "profiles are for 'time' and 'parts'"),
        ("plot time --on rtx390 --output a.svg", "did you mean 'rtx3090'"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: str, says: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    done = run(*arguments.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
