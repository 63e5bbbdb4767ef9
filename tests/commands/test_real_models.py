"""A MODEL is the same for every command; where a real one cannot answer, one sentence says so, with exit status 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main

FACTORY = """
from torch import nn


def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
"""
# A described network by its name, its call and its file; real ones of a zoo and of the user.
MODELS = ("resnet20_cifar", "resnet_cifar(20)", "net.json", "torchvision:squeezenet1_1", "ownmodels:net")
REAL = MODELS[3:]
DESCRIBED = "is a real module; give a described network, such as those that `models` lists"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ownmodels.py").write_text(FACTORY, encoding="utf-8")
    rf.save(rf.resnet_cifar(20), "net.json")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "words",
    [
        ["count", "MODEL"],
        ["audit", "MODEL", "--no-run"],
        ["diff", "MODEL", "MODEL"],
        ["plot", "counters", "MODEL", "--output", "a.svg"],
        ["sweep", "resnet20_cifar", "--over", "K=10:12", "--nearest", "macs=MODEL"],
        ["solve", "resnet20_cifar", "--free", "w", "--like", "MODEL"],
    ],
    ids=lambda words: words[0],
)
def test_commands_take_every_model(words: list[str], model: str) -> None:
    result = run(*(word.replace("MODEL", model) for word in words))
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("model", REAL)
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["verify"], DESCRIBED),
        (["models"], DESCRIBED),
    ],
)
def test_a_real_model_that_cannot_answer_is_one_sentence(words: list[str], sentence: str, model: str) -> None:
    result = run(words[0], model, *words[1:])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"resnext-flops: {model} {sentence}\n"
