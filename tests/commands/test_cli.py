"""The command line as a user runs it: every option, every form, every kind of bad input."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from resnext_flops.cli import COMMANDS, GROUPS, main
from resnext_flops.commands import progress
from tests.enveloped import answered
from tests.proofs import refuted


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="resnext-flops")


def rows(*arguments: str) -> list[dict[str, str]]:
    result = run("table", "--no-prove", "--format", "csv", *arguments)
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_the_default_is_the_template_table() -> None:
    assert [row["width"] for row in rows()] == ["64", "40", "24", "14", "8", "4", "2"]
    assert rows() == rows("template")


def test_depth() -> None:
    # ResNet-101 is the template's first row, with the multiply-adds of torchvision's network.
    assert rows("--depth", "101")[0]["macs"] == "7801405440"


def test_cardinality_and_scope() -> None:
    assert [row["width"] for row in rows("--cardinality", "8", "--scope", "network")] == ["13"]


def test_resolution() -> None:
    # A block at 320 pixels has 80x80 maps.
    assert rows("--resolution", "320", "--cardinality", "1")[0]["block_macs"] == str(69632 * 80 * 80)
    assert rows("--resolution", "320x160", "--cardinality", "1")[0]["block_macs"] == str(69632 * 80 * 40)


def test_classes() -> None:
    ten, thousand = (int(rows("--classes", n, "--cardinality", "1")[0]["params"]) for n in ("10", "1000"))
    assert thousand - ten == 990 * (2048 + 1)


def test_proof_and_device() -> None:
    arguments = ("--cardinality", "32", "--resolution", "64", "--device", "cpu", "--prove", "--format", "json")
    result = run("table", *arguments)
    assert result.exit_code == 0
    content = answered(result.stdout)
    assert content["rows"][0]["proven"] is True
    assert content["rows"][0]["fvcore_macs"] == content["rows"][0]["macs"]
    assert content["proof"].startswith("Proven on cpu with torch ")


def test_a_proof_that_fails_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "verify", refuted)
    result = run("table", "--cardinality", "32")
    assert result.exit_code == 1
    assert "NOT PROVEN" in result.stdout
    assert "conv1 differs" in result.stdout


def test_the_papers_own_tables() -> None:
    assert "[1x1, 256; 3x3, 256, C=32; 1x1, 512] x 4" in run("table", "1", "--no-prove").stdout
    assert "width of bottleneck d, solved" in run("table", "2", "--no-prove").stdout
    assert "table 1 is a paper's own and takes no --depth" in run("table", "1", "--depth", "101").stderr


def test_forms() -> None:
    assert run("table", "--no-prove", "--format", "markdown").stdout.startswith("**The width d")
    assert run("table", "--no-prove").stdout.startswith("The width d that keeps the cost of resnet(50)")
    assert answered(run("table", "2", "--format", "json").stdout)["table"] == "2"


def test_output_is_written_whole_and_never_over_another_file(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    arguments = ("table", "--no-prove", "--format", "csv", "--output", str(file))
    assert run(*arguments).exit_code == 0
    written = file.read_text()
    assert len(written.splitlines()) == 8
    (tmp_path / "plain").touch()
    assert file.stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "plain").unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    again = run(*arguments)
    assert again.exit_code == 2
    assert "exists; give another name, or --force to overwrite it" in again.stderr
    file.write_text("old")
    assert run(*arguments, "--force").exit_code == 0
    assert file.read_text() == written


BAD = {
    "depth": (["--depth", "18"], "'18' is not one of '50', '101', '152'"),
    "format": (["--format", "yaml"], "'yaml' is not one of 'rich', 'markdown', 'csv'"),
    "table": (["9"], "unknown table '9'; known are template, 1, 2, 3, 4,"),
    "table by a near name": (["residul"], "unknown table 'residul'; did you mean 'residual'"),
    "scope": (["--scope", "stage"], "'stage' is not one of 'block', 'network'"),
    "zero cardinality": (["--cardinality", "0"], "cardinality is 0; it must be a whole number of at least 1"),
    "negative cardinality": (["--cardinality", "-4"], "cardinality is -4"),
    "fraction": (["--cardinality", "1.5"], "'1.5' is not of the form 1,2,4,..."),
    "empty": (["--cardinality", ""], "'' is not of the form 1,2,4,..."),
    "too many groups": (["--cardinality", "256"], "no width comes near the budget of 69,632 at cardinality 256"),
    "classes": (["--classes", "0"], "classes is 0; it must be a whole number of at least 1"),
    "fractional classes": (["--classes", "1.5"], "'1.5' is not a valid integer"),
    "resolution": (["--resolution", "8"], "the smallest that works is 17"),
    "zero resolution": (["--resolution", "0"], "resolution is 0"),
    "resolution in words": (["--resolution", "large"], "'large' is not of the form 224 or 320x256"),
    "three sizes": (["--resolution", "1x2x3"], "resolution is (1, 2, 3)"),
    "device": (["--device", "tpu"], "'tpu' is not one of 'auto', 'cpu', 'cuda'"),
    "option": (["--dept", "50"], "unknown option '--dept'; did you mean '--depth'"),
    "output in no folder": (["--output", "/nowhere/table.csv"], "cannot write '/nowhere/table.csv'"),
    "output is a folder": (["--output", "/"], "cannot write '/'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(case: str) -> None:
    arguments, sentence = BAD[case]
    result = run("table", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.startswith("resnext-flops: ")
    assert result.stderr.count("\n") == 1


def test_cuda_without_cuda() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is CUDA")
    result = run("table", "--device", "cuda")
    assert result.exit_code == 2
    assert result.stderr == "resnext-flops: device 'cuda' is not available on this machine; use 'cpu' or 'auto'\n"


def test_help_and_version() -> None:
    assert "Example:  resnext-flops table" in run("--help").stdout
    assert "Examples:  resnext-flops table --depth 101" in run("table", "--help").stdout
    assert run("--version").stdout == "resnext-flops, version 0.1.0\n"
    bare = run()
    assert bare.exit_code == 0
    assert re.findall(r"^(\w[\w ]+):$", bare.output, re.MULTILINE) == ["Options", *GROUPS]
    assert re.findall(r"^  (\w+)  ", bare.output, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["cuont"], "unknown command 'cuont'; did you mean 'count'?"),
        (["form"], "unknown command 'form'; did you mean 'formula'?"),
        (["xyzzy"], "unknown command 'xyzzy'; known are table, models, verify, plot, report, count, "),
        (["solve", "resnet50"], "Missing option '--free'; see `resnext-flops solve --help`"),
        (["count"], "Missing argument 'MODEL'; see `resnext-flops count --help`"),
        (["count", "resnet50", "--depth", "2"], "unknown option '--depth'; known are --input, --convention, --by"),
        (["count", "resnet50", "--level", "2"], "unknown option '--level'; did you mean '--levels'?"),
        (["--xyz"], "unknown option '--xyz'; known are --version, --help"),
    ],
)
def test_what_is_missing_or_unknown_leads_on(arguments: list[str], sentence: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"resnext-flops: {sentence}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["table", "--no-prove"], ["--help"], ["table", "2"]])
def test_what_needs_no_model_starts_without_the_heavy_packages(arguments: list[str]) -> None:
    heavy = "('torch', 'numpy', 'pandas', 'matplotlib', 'sympy', 'fvcore')"
    code = (
        "import sys\nfrom resnext_flops.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == "[]\n"


def test_a_closed_pipe_is_no_traceback() -> None:
    command = f"{sys.executable} -m resnext_flops table --no-prove | head -c 10"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)  # noqa: S607
    assert result.stderr == ""


def test_models() -> None:
    result = run("models", "resnet50", "resnext(50, cardinality=8, width=14)", "--format", "json")
    assert [row["params"] for row in answered(result.stdout)["rows"]] == [25557032, 25603016]
    listed = answered(run("models", "--format", "json").stdout)["rows"]
    assert {"resnet200", "resnext29_8x64d", "wrn_28_10"} <= {row["name"] for row in listed}
    assert run("models", "resnet51").stderr.startswith("resnext-flops: unknown network 'resnet51'; did you mean")


def test_verify() -> None:
    result = run("verify", "resnet20_cifar", "resnet(18, resolution=64)", "--device", "cpu", "--format", "json")
    assert result.exit_code == 0
    content = answered(result.stdout)
    assert [row["result"] for row in content["rows"]] == [
        *("equal", "equal", "equal", "no independent reference", "no independent reference", "equal"),
        *("equal", "equal", "equal", "equal", "equal", "no paper at hand prints a figure for it"),
    ]
    assert content["proof"].startswith("1 of 2 networks are proven, on cpu with torch ")
    assert content["proof"].endswith(" For 1 there is no independent reference.")


def test_verify_that_fails_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "verify", refuted)
    result = run("verify", "resnet50")
    assert result.exit_code == 1
    assert "DIFFERS: conv1 differs" in result.stdout
    assert "NOT PROVEN: net." in result.stdout


@pytest.mark.parametrize("arguments", [[], ["resnet50", "--all"]])
def test_verify_takes_models_or_all(arguments: list[str]) -> None:
    result = run("verify", *arguments)
    assert (result.exit_code, result.stderr) == (2, "resnext-flops: give one or more models, or --all\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_listed_summary_is_the_commands_own(name: str) -> None:
    # Help lists the commands without loading them, so each summary is written twice.
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name
    assert (command.help or "").split("\n\n")[0].replace("\n", " ") == COMMANDS[name]
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "Example" in result.stdout
