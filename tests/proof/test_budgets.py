"""Budgets: limits against arithmetic, the line that an error names, the baseline, and what other programs read."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.proof.budgets import check, limit, parse_config, read_config
from resnext_flops.tables import limits
from tests.enveloped import answered

BUDGETS = """\
# What the product may cost.
[[models]]
model = "resnext50_32x4d"
limits = [
  "macs <= 4.3e9",
  "params <= 26e6",
]

[[models]]
model = "resnet(18, classes=10)"
limits = ["params < 11_181_642"]
"""


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env={"GITHUB_ACTIONS": None, **environment}).invoke(main, ["check", *arguments])


def write(folder: Path, text: str, name: str = "budgets.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@given(
    bound=st.decimals(0, 10**12, allow_nan=False, places=3),
    comparison=st.sampled_from(["<=", "<", ">=", ">", "=="]),
    value=st.integers(0, 10**12),
)
def test_a_limit_is_exact(bound: Decimal, comparison: str, value: int) -> None:
    read = limit(f"macs {comparison} {bound:f}")
    exact = Fraction(str(bound))
    expected = {
        "<=": value <= exact,
        "<": value < exact,
        ">=": value >= exact,
        ">": value > exact,
        "==": value == exact,
    }
    assert read.holds({"macs": value}) == expected[comparison]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("macs", "cannot use 'macs': it must be a comparison, such as 'macs <= 4.2e9'"),
        ("macs <= __import__('os')", "'__import__' is no function; the functions are abs, min, max"),
        ("macs <= 1e999", "'1e999' is too large or too small"),
        ("mac <= 1", "unknown name 'mac'; did you mean 'macs'"),
        ("macs = 4G", "= asks for the nearest, which has no meaning here; write == for equal"),
        ("1 <= 2", "it holds no figure and no size"),
        ("macs <= 1%", "macs is held against a number, such as 4.3e9"),
        ("change <= 1", "change is held against a share, such as 1%"),
        ("1 >= change", "change is held against a share, such as 1%"),
        ("2 * change <= 0.1", "change is held against a share, such as 1%"),
    ],
)
def test_what_is_no_limit(text: str, sentence: str) -> None:
    with pytest.raises(rf.InputError) as error:
        limit(text)
    assert sentence in str(error.value)


def test_limits_that_are_kept_and_broken(tmp_path: Path) -> None:
    found = check(read_config(write(tmp_path, BUDGETS)))
    # torchvision's ResNet-18 has 11,689,512 parameters, 990 x 513 of them in the classes that are left out here.
    assert found[2].values == {"params": 11_689_512 - 990 * 513}
    assert [(each.line, each.passed) for each in found] == [(5, True), (6, True), (11, False)]
    assert str(found[2]) == ("resnet(18, classes=10): params is 11,181,642, and the limit is params < 11_181_642")


def held(model: str, *limits: str) -> list[tuple[str, bool]]:
    """What is said of a model's limits, and whether they are kept."""
    config = parse_config(f"[[models]]\nmodel = {model!r}\nlimits = {list(limits)!r}\n", Path("budgets.toml"))
    found = check(config, {model: {"macs": 4_000_000_000}})
    return [(each.words, each.passed) for each in found]


def test_limits_of_expressions() -> None:
    # 4,230,479,872 multiply-adds to 25,028,904 parameters are 169.024 to 1; pycls prints 14.4 M activations.
    assert held(
        "resnext50_32x4d", "macs / params <= 170", "macs/params<=169", "macs <= 4.3G", "25M <= params < 26M"
    ) == [
        ("macs / params is 169.024", True),
        ("macs / params is 169.024", False),
        ("macs is 4,230,479,872", True),
        ("params is 25,028,904", True),
    ]
    # The baseline has 4 G, of which 230,479,872 is 5.76 percent.
    assert held("resnext50_32x4d", "change <= 5%", "change <= 6% and macs <= 4.3Gi", "activations / macs <= 1%") == [
        ("change is 5.762%", False),
        ("change is 5.762% and macs is 4,230,479,872", True),
        ("activations / macs is 0.3404%", True),
    ]


def test_limits_of_sizes_and_conventions() -> None:
    # fvcore's print of ResNet-50 is 4,111,512,576; `d` of a ResNet is decided by another size, so it has no value.
    assert held("resnext50_32x4d", "d % 4 == 0", "C * d == 128 or C < 8") == [
        ("d % 4 is 0", True),
        ("C * d is 128 and C is 32", True),
    ]
    assert held("resnet50", "fvcore == 4_111_512_576") == [("fvcore is 4,111,512,576", True)]
    with pytest.raises(rf.InputError, match="line 3: cannot use 'n5 <= 3': unknown name 'n5'"):
        held("resnext50_32x4d", "n5 <= 3")
    with pytest.raises(rf.InputError, match="line 3: cannot use 'macs % d == 0': unknown name 'd'"):
        held("torchvision:resnet18", "macs % d == 0")
    with pytest.raises(rf.InputError, match=r"line 3: cannot use 'macs / \(C - 32\) < 1': it divides by zero"):
        held("resnext50_32x4d", "macs / (C - 32) < 1")


def test_values_in_the_table() -> None:
    text = "[[models]]\nmodel = 'resnet18'\nlimits = ['macs / params < 200', 'params < 2 * weights', 'change < 3%']\n"
    config = parse_config(text, Path("budgets.toml"))
    ledger = rf.resnet(18).cost()
    ratio, both, change = limits.checked(check(config, {"resnet18": {"macs": ledger.macs}}), config).rows
    assert ratio["value"] == ledger.macs / ledger.params
    assert both["value"] == f"params is {ledger.params:,} and 2 * weights is {2 * ledger.weights:,}"
    assert (change["value"], change["changed"]) == (Fraction(0), "macs")


BAD = {
    "no TOML": ("[[models]\n", "is no TOML: "),
    "no models": ("", "has no models; begin one with [[models]]"),
    "unknown key": ("\nlimit = 1\n", "line 2: unknown key 'limit'; known are baseline, models"),
    "unknown key of a model": (
        '[[models]]\nmodel = "resnet18"\nlimit = []\n',
        "line 3: unknown key of a model 'limit'",
    ),
    "limit": (
        '[[models]]\nmodel = "resnet18"\nlimits = [\n"macs <= 1e12",\n"macs =< 1"]\n',
        "line 5: cannot use 'macs =< 1'",
    ),
    "second model": (
        BUDGETS.replace("params < 11", "param < 11"),
        "line 11: cannot use 'param < 11_181_642': unknown name 'param'; did you mean 'params'",
    ),
    "no limits": ('[[models]]\nmodel = "resnet18"\n', "line 1: resnet18 has no limits"),
    "no name": ("\n[[models]]\nlimits = ['macs <= 1']\n", "line 2: a model has no name"),
    "model": ('[[models]]\nmodel = "resnet19"\nlimits = ["macs <= 1"]', "line 2: unknown model 'resnet19'"),
    "inline": (
        'models = [\n{model = "resnet18", limits = ["macs <= 1"]},\n{model = 3}]\n',
        "line 3: a model has no name",
    ),
    "models are no tables": ("models = [1]", "line 1: what stands of a model is no table"),
    "baseline": ("baseline = 3\nmodels = [1]", "line 1: baseline is not the name of a file"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_configuration_names_the_line(case: str, tmp_path: Path) -> None:
    text, sentence = BAD[case]
    result = run("--config", str(write(tmp_path, text)))
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_section_of_a_pyproject(tmp_path: Path) -> None:
    text = '[tool.other]\nx = 1\n[[tool.resnext-flops.models]]\nmodel = "resnet18"\nlimits = ["params == 11689512"]\n'
    config = read_config(write(tmp_path, text, "pyproject.toml"))
    assert [(each.passed, each.line) for each in check(config)] == [(True, 5)]
    with pytest.raises(rf.InputError, match=r"has no models; begin one with \[\[tool.resnext-flops.models\]\]"):
        parse_config("[tool.other]\n", Path("pyproject.toml"))


def test_the_default_configurations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "there is no configuration 'budgets.toml'; give one with --config" in run().stderr
    write(tmp_path, BUDGETS)
    assert run().exit_code == 1


CHANGE = '[[models]]\nmodel = "resnet18"\nlimits = ["change <= 1%"]\n'


def test_change_against_the_baseline(tmp_path: Path) -> None:
    path = write(tmp_path, CHANGE)
    baseline = tmp_path / "budgets.baseline.json"
    missing = run("--config", str(path))
    assert missing.exit_code == 2
    assert f"there is no baseline {str(baseline)!r}" in missing.stderr
    assert run("--config", str(path), "--update").exit_code == 0
    content = json.loads(baseline.read_text())
    assert content["resnet18"]["params"] == 11_689_512
    # One percent of 11,689,512 is 116,895.12: a baseline that is smaller by less than that share of itself is kept.
    for before, status in ((11_573_774, 1), (11_573_775, 0), (11_807_588, 1), (11_807_587, 0)):
        baseline.write_text(json.dumps({"resnet18": {"params": before}}))
        assert abs(11_689_512 - before) * 100 <= before or status == 1
        assert run("--config", str(path)).exit_code == status, before


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{}", "has no 'resnet18'; `resnext-flops check --update` writes it"),
        ("[]", "is no baseline"),
        ("{", "is no baseline"),
        ('{"resnet18": {"params": 1.5}}', "is no baseline: 1.5 is not a whole number"),
        ('{"resnet18": {"params": 0}}', ""),
    ],
)
def test_a_bad_baseline(content: str, sentence: str, tmp_path: Path) -> None:
    path = write(tmp_path, CHANGE)
    (tmp_path / "budgets.baseline.json").write_text(content)
    result = run("--config", str(path))
    assert result.exit_code == (2 if sentence else 1)
    assert sentence in result.stderr


def test_a_baseline_of_its_own_name(tmp_path: Path) -> None:
    path = write(tmp_path, f'baseline = "known.json"\n{CHANGE}')
    assert run("--config", str(path), "--update").exit_code == 0
    assert (tmp_path / "known.json").exists()


def test_the_command(tmp_path: Path) -> None:
    path, report = write(tmp_path, BUDGETS), tmp_path / "report.xml"
    result = run("--config", str(path), "--format", "json", "--junit", str(report))
    assert (result.exit_code, result.stderr) == (1, "")
    content = answered(result.stdout)
    assert [row["result"] for row in content["rows"]] == ["pass", "pass", "FAIL"]
    assert content["notes"][-1] == "1 of 3 limits is broken."
    root = Xml.fromstring(report.read_text())  # noqa: S314 (our own file)
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "0"}
    cases = root.findall("testsuite/testcase")
    assert [case.get("line") for case in cases] == ["5", "6", "11"]
    assert [len(case.findall("failure")) for case in cases] == [0, 0, 1]


def test_annotations_for_github(tmp_path: Path) -> None:
    path = write(tmp_path, BUDGETS)
    result = run("--config", str(path), GITHUB_ACTIONS="true")
    assert result.exit_code == 1
    assert result.stderr == (
        f"::error file={path},line=11,title=Budget of resnet(18%2C classes=10)::"
        "resnet(18, classes=10): params is 11,181,642, and the limit is params < 11_181_642\n"
    )


def test_annotations_escape_what_would_end_them(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, CHANGE))
    found = check(config, {"resnet18": {"params": 1}})
    (line,) = limits.annotations(found, config)
    message = line.partition("::error ")[2].partition("::")[2]
    assert message.endswith("(params), and the limit is change <= 1%25")


def test_real_models_are_held_too(tmp_path: Path) -> None:
    config = tmp_path / "budgets.toml"
    # torchvision documents 11,689,512 parameters and 1.814 billion operations.
    config.write_text(
        '[[models]]\nmodel = "torchvision:resnet18"\nlimits = ["params == 11689512", "macs < 1.8145e9"]\n'
    )
    result = CliRunner().invoke(main, ["check", "--config", str(config)])
    assert result.exit_code == 0, result.output


def test_a_limit_of_bytes_is_held_against_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "budgets.toml"
    needed = rf.resnet(18).memory().training
    for most, passed in ((needed, True), (needed - 1, False)):
        file.write_text(f'[[models]]\nmodel = "resnet18"\nlimits = ["training_bytes <= {most}"]\n', encoding="utf-8")
        assert [held.passed for held in check(read_config(file))] == [passed]
