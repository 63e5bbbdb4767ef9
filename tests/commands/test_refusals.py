"""What is wrong in a call is refused before anything is counted, built or run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.counters.built import Built
from resnext_flops.plots import draw
from resnext_flops.proof.budgets import check, parse_config

BUDGETS = """
[[models]]
model = "torchvision:resnet18"
limits = ["change <= 1%"]

[[models]]
model = "resnet34"
limits = ["change <= 1%"]
"""


COMMANDS = {
    "a model that ends the program": (
        ("count", "sys:exit"),
        "the code of the model ended the program with None",
    ),
    "a column of no file": (
        ("measure", "resnet20_cifar", "--column", "x"),
        "--column is a column of the file of --published; give both, or neither",
    ),
    "a precision that means nothing": (
        ("measure", "resnet20_cifar", "--precision", "inf"),
        "precision is inf; it must be a finite number above 0",
    ),
    "a figure of nothing": (
        ("identify", "resnet50", "0"),
        "figure '0' is less than one; write it as 4.12G, 3.8e9 or 4089184256",
    ),
    "a source that does not exist": (
        ("published", "--source", "hrnets"),
        "unknown source 'hrnets'; did you mean 'hrnet'?",
    ),
    "a size of more than 64 bits": (
        ("count", "resnet50", "--input", f"1,3,{10**20},8"),
        "an input of 1,3,100000000000000000000,8 is too large for a tensor",
    ),
    "a tensor of more than 64 bits": (
        ("count", "resnet50", "--input", "1,3,4000000000,4000000000"),
        "an input of 1,3,4000000000,4000000000 is too large for a tensor",
    ),
    "a picture of nothing": (
        ("plot", "counters", "torch.nn:Identity", "--output", "none.svg"),
        "'torch.nn:Identity' has nothing that a counter counts; give a network with convolutions",
    ),
    "a resolution of more than 64 bits": (
        ("verify", f"resnet(18, resolution={10**20})", "--device", "cpu"),
        "resnet(18, resolution=100000000000000000000) does not run on cpu: TypeError",
    ),
    "a long name": (("models", "x" * 5000), "unknown network 'xxx"),
    "a long option": (("models", f"--{'x' * 5000}"), "unknown option '--xxx"),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_refuses_in_one_sentence(case: str) -> None:
    arguments, sentence = COMMANDS[case]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"resnext-flops: {sentence}")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 1100


def test_a_model_without_layers_has_tables() -> None:
    for command in (("count",), ("count", "--by", "layer"), ("diff", "torch.nn:Identity")):
        assert CliRunner().invoke(main, [*command, "torch.nn:Identity"]).exit_code == 0


class WorkedError(Exception):
    """Something was done before the refusal."""


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "audit": (
        lambda: rf.audit("torchvision:resnet18", counters=["torch", "fvcor"]),
        "unknown convention 'fvcor'; 3 names begin with it: fvcore, ",
    ),
    "measure": (
        lambda: rf.measure("torchvision:resnet18", training=True, optimizer="lion", device="cpu"),
        "unknown optimizer 'lion'; known are sgd, adam",
    ),
    "plot": (lambda: draw("stages", ["torchvision:resnet18", "resnet19"]), "unknown model 'resnet19'"),
    "check": (
        lambda: check(parse_config(BUDGETS, Path("budgets.toml")), {"torchvision:resnet18": {"macs": 1}}),
        "the baseline 'budgets.baseline.json' has no 'resnet34'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_comes_before_the_work(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*_: Any, **__: Any) -> None:
        raise WorkedError

    monkeypatch.setattr(Built, "to_torch", work)
    monkeypatch.setattr("resnext_flops.machine.measure.probe", work)
    call, sentence = REFUSED[case]
    with pytest.raises(rf.InputError) as error:
        call()
    assert sentence in str(error.value)
