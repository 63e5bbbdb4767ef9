"""The commands that count, as a user runs them."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from resnext_flops.cli import main
from tests.enveloped import answered


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="resnext-flops")


def test_count_as_json_has_exact_integers() -> None:
    content = answered(run("count", "resnet50", "--convention", "torch", "--format", "json").stdout)
    # torchvision's num_params and `_ops` of ResNet-50 are 25,557,032 and 4.089; FlopCounterMode prints 8178368512.
    assert content["params"] == 25557032
    assert content["macs"] == 4089184256
    assert content["conventions"] == {"torch": 8178368512}
    assert sum(layer["macs"] for layer in content["layers"]) == content["macs"]
    assert content["lower_bound"] is False


@pytest.mark.parametrize("by", ["module", "layer", "kind"])
def test_every_breakdown_adds_up(by: str) -> None:
    rows = list(csv.DictReader(io.StringIO(run("count", "resnet18", "--by", by, "--format", "csv").stdout)))
    assert sum(int(row["macs"]) for row in rows[:-1]) == int(rows[-1]["macs"])
    assert rows[-1]["part"] == "total"


FACTORIES = """
import torch
from torch import nn
import resnext_flops as rf

def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())

def described() -> rf.Network:
    return rf.resnet(18)

def number():
    return 5

def broken():
    raise RuntimeError("no such weights")

class Inverse(nn.Module):
    def forward(self, x):
        return torch.linalg.inv(x)
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"models_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(FACTORIES)
    monkeypatch.chdir(tmp_path)
    return name


def test_a_model_of_ones_own(models: str) -> None:
    content = answered(run("count", f"{models}:net", "--input", "1,3,10,10", "--format", "json").stdout)
    assert content["macs"] == 3 * 9 * 4 * 8 * 8
    assert "resnet(18) on 3x224x224" in run("count", f"{models}:described").stdout


def test_strict_ends_with_1_where_an_operator_is_unknown(models: str) -> None:
    arguments = ("count", f"{models}:Inverse", "--input", "4,4")
    assert run(*arguments).exit_code == 0
    assert "LOWER BOUND" in run(*arguments).stdout
    assert run(*arguments, "--strict").exit_code == 1


def test_a_bare_name_of_a_library_says_where_it_was_found() -> None:
    assert "torchvision has one" in run("count", "squeezenet1_1").stdout


def test_training_is_told() -> None:
    assert "multiply-adds forward and" in run("count", "resnet20_cifar", "--training").stdout


def test_conventions_and_audit() -> None:
    assert len(answered(run("conventions", "--format", "json").stdout)["rows"]) >= 18
    result = run("audit", "resnet20_cifar", "--no-run", "--convention", "fvcore")
    assert result.exit_code == 0
    assert "batch norm: elements" in result.stdout


def test_diff_ends_with_0_or_1() -> None:
    assert run("diff", "resnet18", "torchvision:resnet18").exit_code == 0
    assert run("diff", "resnet18", "resnet34").exit_code == 1


def test_identify() -> None:
    # The paper of ResNet prints 3.8e9, with the stride in the 1x1 layer.
    result = run("identify", "resnet50", "3.857973248e9")
    assert result.exit_code == 0
    assert "stride in the 1x1" in result.stdout
    assert run("identify", "resnet20_cifar", "9.99G").exit_code == 1


def test_identify_explains_two_figures_together() -> None:
    # torchvision prints 25,557,032 parameters and 4.089 billion operations.
    result = run("identify", "resnet50", "--params", "25557032", "--macs", "4.089G")
    assert result.exit_code == 0
    assert result.stdout.startswith("4.089G and 25557032 are multiply-adds and parameters of resnet50 (4,089,184,256, ")
    # ResNet-101's parameters with ResNet-50's operations are of no network.
    assert run("identify", "resnet50", "--params", "44549160", "--macs", "4089184256").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["count", "resnet50", "--convention", "fvcor"], "unknown convention 'fvcor'; 3 names begin with it: fvcore, "),
        (["count", "resnet50", "--input", "1,a$"], "--input '1,a$' cannot be read"),
        (["count", "resnet50", "--input", "1,4,224,224"], "does not run on an input of 1x4x224x224"),
        (["count", "nowhere:net"], "cannot import 'nowhere'"),
        (["count", "MODELS:none"], "unknown name in"),
        (["count", "MODELS:number"], "returned int; it must return an nn.Module, or say by -> Description"),
        (["count", "MODELS:broken"], "cannot be built: RuntimeError: no such weights"),
        (["count", "qqqqqqqq"], "unknown model 'qqqqqqqq'; give a name that"),
        (["identify", "resnet50", "four"], "figure 'four' cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], sentence: str, models: str) -> None:
    result = run(*(each.replace("MODELS", models) for each in arguments))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
