"""The envelope of JSON: every command that can prints it, and its result has the schema that it names."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from jsonschema import ValidationError

import resnext_flops as rf
from resnext_flops.cli import main
from tests.enveloped import answered, schemas, validator

# A quick call of every command that prints JSON, and the schema of what it answers.
CALLS = {
    "audit": (["resnet18", "--no-run"], "tables-1"),
    "check": (["--config", "budgets.toml"], "table-1"),
    "compare": (["resnet18", "resnet34"], "compare-1"),
    "conventions": ([], "table-1"),
    "count": (["resnet18"], "count-1"),
    "diff": (["resnet18", "resnet18"], "table-1"),
    "formula": (["resnet18"], "formula-1"),
    "identify": (["resnet18", "1.8G"], "table-1"),
    "measure": (["resnet_cifar(8)", "--seconds", "0.01", "--device", "cpu"], "tables-1"),
    "models": ([], "table-1"),
    "predict": (["resnet18", "--on", "rtx3090"], "table-1"),
    "published": ([], "table-1"),
    "solve": (["resnext50_32x4d", "--free", "d", "--budget", "macs = 4G"], "table-1"),
    "sweep": (["resnext50_32x4d", "--width", "4:5"], "table-1"),
    "table": (["2", "--no-prove"], "table-1"),
    "verify": (["resnet_cifar(8)"], "table-1"),
}


def test_every_command_is_here() -> None:
    commands = {name: main.get_command(click.Context(main), name) for name in main.list_commands(click.Context(main))}
    with_json = {
        name
        for name, command in commands.items()
        if command and any("json" in getattr(option.type, "choices", ()) for option in command.params)
    }
    assert with_json == set(CALLS)


@pytest.mark.parametrize("command", CALLS)
def test_it_prints_the_envelope(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("budgets.toml").write_text('[[models]]\nmodel = "resnet18"\nlimits = ["macs <= 4G"]\n', encoding="utf-8")
    arguments, schema = CALLS[command]
    done = CliRunner().invoke(main, [command, *arguments, "--format", "json"], prog_name="resnext-flops")
    assert done.exit_code == 0, done.stderr
    answered(done.stdout, command)
    assert f'"schema": "{schema}"' in done.stdout


def test_the_result_of_a_count() -> None:
    done = CliRunner().invoke(main, ["count", "resnet50", "--format", "json"])
    result = answered(done.stdout, "count")
    assert (result["params"], result["macs"]) == (25557032, 4089184256)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_schema_is_one_and_refuses_what_it_does_not_know(name: str) -> None:
    with pytest.raises(ValidationError):
        validator(name).validate({"unknown": 1})


def test_exact_integers_are_of_the_schema() -> None:
    row = {"n": rf.resnet(50).cost().macs ** 4}  # more than 64 bits
    table = {"table": "t", "title": "", "source": "", "columns": [], "rows": [row], "notes": [], "proof": None}
    validator("table-1").validate(table)
