"""Times by the profile of a machine as figures of `compare` and `check`, and what is kept of libraries' models."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.figures import on as figures_on
from resnext_flops.complexity.profile import estimate, profile, profiles, shipped
from resnext_flops.counters.zoos import of_torchvision
from resnext_flops.plots.parts import parts
from resnext_flops.plots.time import time
from resnext_flops.show.render import fitted
from resnext_flops.tables.compared import compared
from resnext_flops.tables.times import by_cardinality, section_5_1
from tests.complexity.test_profile import PROFILE
from tests.enveloped import answered

UNSEEN = "never measured were depthwise conv, gelu, layer norm, mul"
# Commands that have a time, with MODEL for what it is of.
OF_ONE = [
    "compare MODEL",
    "formula MODEL --free r --figure ms",
    "solve MODEL --free r --budget ms>=0.01",
    "sweep MODEL --resolution 224,256",
]


@pytest.fixture
def on(tmp_path: Path) -> str:
    """A profile of batches of 64, which has seen the layers of a ResNet, and no others."""
    path = tmp_path / "plain.toml"
    path.write_text(PROFILE, encoding="utf-8")
    return str(path)


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
        assert float(line[head.index("images_per_second")]) == pytest.approx(1024 / times[line[0]] * 1000)


def test_compare_says_that_it_is_an_estimate_and_its_json_is_exact() -> None:
    done = run("compare", "resnet50", "--on", "rtx3090", "--batch", "512")
    assert "an estimate by the profile rtx3090" in done.stdout
    assert "The time of a batch of 512 is" in done.stdout
    result = answered(run("compare", "resnet50", "--on", "rtx3090", "--format", "json").stdout, "compare")
    assert result["estimate"].startswith("The time of a batch of 1,024 is an estimate")
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
        ("compare resnet50 --batch 5", "--batch is about ms; give the profile of a machine too"),
        ("compare resnet50 --strict", "--strict is about ms; give the profile of a machine too"),
        ("compare resnet18 --on rtx3090 --budget ms<=9", f"resnet18 with {milliseconds('resnet18'):.6g} estimated ms"),
        (
            "sweep resnext50_32x4d --cardinality 32 --width 4 --on rtx3090 --budget ms<=9",
            f"is C = 32, d = 4 with {milliseconds('resnext50_32x4d'):.6g} estimated ms of a batch of 1,024 on rtx3090",
        ),
        ("check --on rtx3090,rtx4090", "give one"),
        ("compare resnet50 --on rtx3090 --input 2,3,64,64", "give it a batch of 1"),
        (
            "formula resnext50_32x4d --free C,d --on rtx3090",
            "--on is about ms, and nothing asks for it; add",
        ),
        ("solve resnext50_32x4d --free d --like resnet50 --on rtx3090", "nothing asks for it; add --figure ms"),
        ("solve resnext50_32x4d --free d --budget params<=20M --on rtx3090", "nothing asks for it; add --figure ms"),
        ("table performance --on rtx3090 --depth 101", "takes no --depth"),
        ("table performance --on rtx3090 --prove", "takes no --prove"),
        ("table performance --batch 512", "--batch is about ms; give the profile of a machine too"),
        ("table performance --on rtx3090 --batch 8", "the nearest is 256"),
        ("plot time --on rtx3090 --batch 8 --output a.svg", "the nearest is 256"),
        ("plot width --on rtx3090 --batch 512 --output a.svg", "is of no machine"),
        ("formula timm:resnet18 --on rtx3090 --figure ms --free N --input N,3,64,64", "give it a batch of 1"),
        ("solve timm:resnet18 --on rtx3090 --free r --budget ms<=9 --input 2,3,r,r", "give it a batch of 1"),
        ("sweep timm:resnet18 --on rtx3090 --over r=64,96 --input 2,3,r,r", "give it a batch of 1"),
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


@pytest.mark.parametrize("call", OF_ONE)
def test_what_was_not_measured_is_said_with_the_wider_interval(call: str, on: str) -> None:
    done = run(*call.replace("MODEL", "resnet18").split(), "--on", on)
    assert done.exit_code == 0, done.stderr
    assert "between 0.9 and 1.2 times the estimate." in done.stdout
    assert "wider" not in done.stdout
    done = run(*call.replace("MODEL", "convnext_tiny").split(), "--on", on)
    assert done.exit_code == 0, done.stderr
    assert f"between 0.5 and 2 times the estimate. The interval is wider, because {UNSEEN}." in done.stdout
    assert done.stdout.count(UNSEEN) == 1
    done = run(*call.replace("MODEL", "resnet18").split(), "--on", on, "--batch", "16")
    assert "0.5 and 2 times the estimate. The interval is wider, because the batch is 16, and measured was 64" in (
        done.stdout
    )


@pytest.mark.parametrize("call", OF_ONE[1:])
def test_it_is_refused_where_that_is_asked_for(call: str, on: str) -> None:
    assert run(*call.replace("MODEL", "resnet18").split(), "--on", on, "--strict").exit_code == 0
    done = run(*call.replace("MODEL", "convnext_tiny").split(), "--on", on, "--strict")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"resnext-flops: convnext cannot be estimated by plain: {UNSEEN}\n"


def test_compare_says_which_models_have_a_wider_interval(on: str) -> None:
    call = ("compare", "resnet18", "convnext_tiny", "--on", on)
    done = run(*call)
    assert "between 0.9 and 1.2 times the estimate." in done.stdout
    wider = f"A wider interval by plain, 0.5 to 2 times the estimate, because {UNSEEN}: convnext_tiny."
    assert wider in done.stdout
    assert wider in answered(run(*call, "--format", "json").stdout, "compare")["estimate"]


def test_compare_refuses_a_model_that_was_named_and_leaves_out_one_of_a_library(
    on: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("compare", "resnet18", "convnext_tiny", "--on", on, "--strict")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"resnext-flops: convnext((3, 3, 9, 3)) cannot be estimated by plain: {UNSEEN}\n"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path)
    monkeypatch.setattr(
        "resnext_flops.counters.zoos.zoo",
        lambda _: of_torchvision.ZOO._replace(classifiers=lambda: ["resnet18", "squeezenet1_1"]),
    )
    done = run("compare", "--zoo", "torchvision", "--on", on, "--strict", "--format", "json")
    assert done.exit_code == 0
    found = answered(done.stdout, "compare")
    assert [each["model"] for each in found["models"]] == ["torchvision:resnet18"]
    (left_out,) = found["left_out"]
    assert left_out["model"] == "torchvision:squeezenet1_1"
    assert "cannot be estimated by plain: never measured were concat" in left_out["reason"]


def test_what_a_profile_has_not_seen_is_not_kept_of_a_library(
    on: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path)
    call = ("compare", "torchvision:convnext_tiny")
    assert UNSEEN in run(*call, "--on", on, "--strict").stderr
    assert UNSEEN in run(*call, "--on", on).stdout
    (kept,) = (path.read_text(encoding="utf-8") for path in tmp_path.glob("torchvision*.json"))
    assert "macs" in kept
    assert "femtoseconds" not in kept
    assert "never measured" not in kept
    assert UNSEEN not in run(*call, "--on", "rtx3090").stdout
    assert UNSEEN not in run(*call).stdout


def test_check_says_or_refuses_what_was_not_measured(on: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "budgets.toml"
    models = (f'[[models]]\nmodel = "{name}"\nlimits = ["ms <= 0.001"]\n' for name in ("resnet18", "convnext_tiny"))
    config.write_text("".join(models), encoding="utf-8")
    junit = tmp_path / "junit.xml"
    done = run("check", "--config", str(config), "--on", on, "--junit", str(junit))
    assert done.exit_code == 1
    assert "between 0.9 and 1.2 times the estimate." in done.stdout
    assert f"0.5 to 2 times the estimate, because {UNSEEN}: convnext_tiny." in done.stdout
    told = junit.read_text(encoding="utf-8")
    assert "resnet18: ms is an estimated " in told
    assert "between 0.9 and 1.2 times the estimate." in told
    assert f"between 0.5 and 2 times the estimate. The interval is wider, because {UNSEEN}." in told
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    first, second = run("check", "--config", str(config), "--on", on).stderr.splitlines()
    assert first.endswith("between 0.9 and 1.2 times the estimate.")
    assert second.endswith(f"because {UNSEEN}.")
    monkeypatch.delenv("GITHUB_ACTIONS")
    strict = run("check", "--config", str(config), "--on", on, "--strict")
    assert (strict.exit_code, strict.stdout) == (2, "")
    assert strict.stderr == f"resnext-flops: convnext((3, 3, 9, 3)) cannot be estimated by plain: {UNSEEN}\n"


def test_the_paper_s_question_says_what_was_not_measured(on: str) -> None:
    known = run("table", "performance", "--on", on).stdout
    assert "wider" not in known
    path = Path(on)
    path.write_text(PROFILE.replace('"sum", ', ""), encoding="utf-8")
    done = run("table", "performance", "--on", on)
    said = "A wider interval by plain, 0.5 to 2 times the estimate, because never measured were sum: "
    assert done.stdout.count(said) == 2  # below each of the two tables
    label = time(on=[on]).get_legend_handles_labels()[1]
    assert label == ["plain (estimated)\nnever measured were sum"]


def test_the_paper_s_question_at_another_batch() -> None:
    call = "table performance --on rtx3090 --batch 512 --format json"
    first, _ = answered(run(*call.split()).stdout, "table")
    times = [estimate(profile("rtx3090"), rf.resnext(50, *sizes).cost(), 512) for sizes in ((1, 64), (32, 4))]
    rows = {row["cardinality"]: row for row in first["rows"]}
    assert [rows[1]["rtx3090_milliseconds"], rows[32]["rtx3090_milliseconds"]] == [each.milliseconds for each in times]
    whole = [100 * each.femtoseconds / times[0].femtoseconds for each in times]
    (line,) = time(on="rtx3090", batch=512).get_lines()[:1]
    drawn: Any = line.get_ydata()
    assert [drawn[0], drawn[5]] == pytest.approx(whole)
    labels = [text.get_text() for text in parts("resnet50", "resnet18", on="rtx3090", batch=512).get_yticklabels()]
    assert all(label.startswith("rtx3090, batch 512\n") for label in labels)


def test_a_narrow_terminal_keeps_times_of_every_machine_or_of_none() -> None:
    used = profiles(["rtx3090", "rtx4090"])
    for table in (by_cardinality(used), section_5_1(used)):
        for width in range(60, 120):
            lines = [line.text for line in fitted(table, width)]
            head = " ".join(lines[: next(place for place, line in enumerate(lines) if "─" in line)]).split()
            assert head.count("ms") in {0, 2}
            assert width < 80 or head.count("ms") == 2


def test_compare_keeps_what_is_off_in_time_before_what_is_off_in_parameters() -> None:
    with figures_on("rtx3090"):
        lines = [line.text for line in fitted(compared(rf.compare("resnet50", "resnext50_32x4d", sort="ms")), 80)]
    left_out = " ".join(lines).partition("Columns that do not fit: ")[2].partition(".")[0]
    assert "params off by" in left_out
    assert "estimated ms off by" not in left_out


def test_the_nearest_in_time_to_a_network() -> None:
    call = "sweep resnext50_32x4d --cardinality 32 --width 1:8 --on rtx3090 --nearest ms=resnet50 --top 1 --format json"
    (row,) = answered(run(*call.split()).stdout, "sweep")["rows"]
    times = {width: milliseconds(f"resnext(50, 32, {width})") for width in range(1, 9)}
    assert row["d"] == min(times, key=lambda width: abs(times[width] - milliseconds("resnet50")))


def test_a_sweep_into_a_file_says_that_its_times_are_estimates(tmp_path: Path) -> None:
    call = ["sweep", "resnext50_32x4d", "--width", "4:5", "--on", "rtx3090", "--batch", "512", "--output"]
    done = run(*call, str(tmp_path / "designs.csv"))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "The time of a batch of 512 is an estimate by the profile rtx3090" in done.stderr
    assert "because the batch is 512, and measured was 1,024" in done.stderr


@pytest.fixture
def no_groups(tmp_path: Path) -> str:
    """The profile rtx3090 without evidence for convolutions in groups."""
    path = tmp_path / "no_groups.toml"
    path.write_text(shipped()["rtx3090"].replace('    "grouped conv",\n', ""), encoding="utf-8")
    return str(path)


@pytest.fixture
def no_depthwise(tmp_path: Path) -> str:
    """The profile rtx3090 without evidence for convolutions with a group for each channel."""
    path = tmp_path / "no_depthwise.toml"
    path.write_text(shipped()["rtx3090"].replace('    "depthwise conv",\n', ""), encoding="utf-8")
    return str(path)


# Commands whose designs are not all of the kind of the first: at C = 1 a convolution has no groups.
OF_SEVERAL = [
    "formula resnext50_32x4d --free C,d --figure ms",
    "sweep resnext50_32x4d --cardinality 1:64 --width 1:128 --by ms --top 3",
    "solve resnext50_32x4d --free d --budget ms<=300 --given C=1,2,4,8,32",
    "solve resnext50_32x4d --free C,d --like resnet50 --figure ms",
]


@pytest.mark.parametrize("call", OF_SEVERAL)
def test_the_interval_is_that_of_all_designs(call: str, no_groups: str) -> None:
    wide = profile(no_groups).wide_interval
    done = run(*call.split(), "--on", no_groups)
    assert done.exit_code == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert f"between {wide.low:g} and {wide.high:g} times the estimate" in said
    assert "because never measured were grouped conv." in said
    assert run(*call.split(), "--on", no_groups, "--strict").exit_code == 2


def test_a_formula_of_its_own_needs_evidence_too(no_depthwise: str) -> None:
    """At d = 1 each channel is a group. Where d starts at 2, there is no such design."""
    call = "formula resnext50_32x4d --figure ms --on"
    said = run(*call.split(), no_depthwise, "--free", "C,d").stdout
    assert "because never measured were depthwise conv." in said
    assert "never measured" not in run(*call.split(), no_depthwise, "--free", "C,d=2").stdout


@pytest.mark.parametrize("cardinality", ["1", "1,1"])
def test_designs_that_were_measured_have_the_narrow_interval(cardinality: str, no_groups: str) -> None:
    one = "sweep resnext50_32x4d --width 64 --on", "solve resnext50_32x4d --free d --budget ms<=300 --on"
    sweep, solve = (
        run(*call.split(), no_groups, *more)
        for call, more in zip(one, (["--cardinality", cardinality], ["--given", f"C={cardinality}"]), strict=True)
    )
    for done in (sweep, solve):
        assert done.exit_code == 0, done.stderr
        assert "never measured" not in done.stdout


def test_a_comparison_keeps_the_machine_that_it_was_made_for() -> None:
    with figures_on("rtx3090", 512):
        found = rf.compare("resnet50")
        shown = str(found)
    rate = 512e3 / milliseconds("resnet50", batch=512)
    assert f"{rate:.0f}"[:3] in shown.replace(",", "")
    assert str(found) == shown
    with figures_on("rtx4090"):
        assert str(found) == shown
        assert "the profile rtx3090" in shown


@pytest.mark.parametrize(
    "call",
    [
        "compare resnet50 --on rtx3090",
        "sweep resnext50_32x4d --cardinality 32 --width 4 --on rtx3090",
        "solve resnext50_32x4d --free d --budget ms<=300 --on rtx3090",
        "predict resnet50 --on rtx3090",
        "table performance --on rtx3090",
    ],
)
def test_csv_of_times_says_apart_that_they_are_estimates(call: str) -> None:
    low, high = profile("rtx3090").interval
    done = run(*call.split(), "--format", "csv")
    assert done.exit_code == 0
    said = [line for line in done.stderr.splitlines() if "estimate" in line]
    assert f"{low:g}" in " ".join(said)
    assert f"{high:g}" in " ".join(said)
    assert "estimate " not in done.stdout  # a name of a column has no space after it
    assert "estimate" not in run(*call.split(), "--format", "json").stderr


def test_csv_of_limits_of_time_says_apart_that_they_are_estimates(tmp_path: Path) -> None:
    config = tmp_path / "budgets.toml"
    config.write_text('[[models]]\nmodel = "resnet50"\nlimits = ["ms <= 400"]\n', encoding="utf-8")
    done = run("check", "--config", str(config), "--on", "rtx3090", "--format", "csv")
    low, high = profile("rtx3090").interval
    assert (done.exit_code, f"between {low:g} and {high:g} times the estimate" in done.stderr) == (0, True)


def test_a_terminal_without_room_for_the_interval_has_it_in_a_note() -> None:
    low, high = profile("rtx3090").interval
    said = " ".join(run("predict", "resnet50", "--on", "rtx3090").stdout.split())
    assert f"The interval is {low:g} to {high:g} times the estimate." in said


def test_a_picture_of_parts_says_what_was_not_measured(no_groups: str) -> None:
    drawn = parts("resnet50", "resnext50_32x4d", on=[no_groups])
    first, second = (" ".join(text.get_text().split()) for text in drawn.get_yticklabels())
    assert "never measured" not in first
    assert second.endswith("never measured were grouped conv")


def test_a_formula_in_latex_says_that_it_is_an_estimate() -> None:
    call = ("--figure", "ms", "--on", "rtx3090", "--format", "latex")
    after = run("formula", "resnext50_32x4d", "--free", "C,d", *call).stdout.partition("\\end{align*}")[2]
    assert "an estimate by the profile rtx3090" in after
    low, high = profile("rtx3090").interval
    assert f"between {low:g} and {high:g} times the estimate." in after
    comment, formula = run("formula", "resnet50", "--free", "r", *call).stdout.splitlines()
    assert comment.startswith("% The time of a batch of 1,024 is an estimate")
    assert "r^{2}" in formula


def test_a_time_that_is_just_over_its_budget_is_not_printed_like_it() -> None:
    """The budget is one femtosecond less than what d = 1 takes, and its first six digits are the same."""
    narrow = rf.resnext(50, cardinality=32, width=1).cost()
    budget = estimate(profile("rtx3090"), narrow).femtoseconds - 1
    with figures_on("rtx3090") as time, pytest.raises(rf.InputError) as refused:
        rf.solve("resnext50_32x4d", "d", budget=budget, figure=time, constraint="at-most")
    words = str(refused.value).split()
    told = words[words.index("nearest") + 2].rstrip(",")
    assert round(float(told) * 10**12) > budget
    assert len(told) > len("178.535")
