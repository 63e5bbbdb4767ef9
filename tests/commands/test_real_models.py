"""A MODEL is the same for every command; where a real one cannot answer, one sentence says so, with exit status 2."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from tests.enveloped import answered

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


FAMILY = """
from torch import nn


def wide(width=4, odd=0):
    # 27 multiply-adds for each channel at 6x6 pixels, and at one width a second layer.
    more = [nn.Conv2d(width, width, 1, bias=False)] if width == int(odd) else []
    return nn.Sequential(nn.Conv2d(3, width, 3, bias=False), *more)
"""
WIDE = ("--input", "1,3,8,8")


@pytest.fixture
def family() -> str:
    Path("ownfamily.py").write_text(FAMILY, encoding="utf-8")
    return "ownfamily:wide"


def test_the_formula_of_an_own_constructor(family: str) -> None:
    result = run("formula", family, "--free", "width", *WIDE)
    assert result.exit_code == 0, result.output
    assert "\n972 width\n" in result.stdout
    assert "of the real model, and met at 9 more." in result.stdout
    content = answered(run("formula", family, "--free", "width=8:4", *WIDE, "--format", "json").stdout)
    assert content["origin"] == "interpolated"
    assert (content["free"]["width"]["start"], content["free"]["width"]["step"]) == (8, 4)
    assert content["terms"] == [{"coefficient": 972, "powers": {"width": 1}}]


def test_an_answer_is_counted(family: str) -> None:
    result = run("solve", family, "--free", "width", "--budget", "macs <= 97300", *WIDE, "--format", "csv")
    assert result.exit_code == 0, result.output
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert (row["width"], row["macs"], row["counted"]) == ("100", "97200", "True")


def test_an_answer_that_a_count_contradicts_ends_with_1(family: str) -> None:
    call = f"{family}(odd=1000)"
    result = run("solve", call, "--free", "width", "--budget", f"macs = {972 * 1000}", *WIDE)
    assert result.exit_code == 1
    counted = 972 * 1000 + 36 * 1000 * 1000
    assert f"at width = 1000 the formula gives {972 * 1000:,} multiply-adds; counted are {counted:,}." in " ".join(
        result.stdout.split()
    )
    assert "Outside of the sizes that the formula was tried for: width = 1000." in " ".join(result.stdout.split())


def test_designs_of_a_sweep_are_counted(family: str) -> None:
    words = ("sweep", family, "--over", "width=1:80", "--budget", "macs <= 60G", "--by=-macs", *WIDE)
    every = run(*words, "--top", "8", "--format", "csv")
    assert every.exit_code == 0, every.output
    rows = list(csv.DictReader(io.StringIO(every.stdout)))
    assert [row["width"] for row in rows] == [str(width) for width in range(80, 72, -1)]
    assert {row["counted"] for row in rows} == {"True"}
    assert all(int(row["macs"]) == 972 * int(row["width"]) for row in rows)
    some = run(*words, "--prove", "3", "--format", "csv").stdout
    assert some.count("True") == 3
    table = run(*words, "--prove", "3").stdout
    assert "Figures are interpolated; 3 of 80 designs were counted on the real model." in " ".join(table.split())


def test_a_sweep_that_a_count_contradicts_ends_with_1(family: str) -> None:
    result = run("sweep", f"{family}(odd='78')", "--over", "width=1:80", "--by=-macs", "--top", "5", *WIDE)
    assert result.exit_code == 1
    # 27 weights a channel at 36 pixels, and 78 * 78 of the second layer.
    assert f"they give {27 * 78:,} parameters, and exact are {27 * 78 + 78 * 78:,}" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["formula", "ownfamily:wide", "--free", "depth", *WIDE], "free size of ownfamily:wide 'depth'"),
        (["formula", "ownfamily:wide", *WIDE], "give --free with the sizes of ownfamily:wide that"),
        (["formula", "ownfamily:wide(4)", "--free", "width", *WIDE], "name its arguments, as in wide(width=64)"),
        (["formula", "ownfamily:wide(width=open('x'))", *WIDE], "cannot use \"open('x')\""),
        (["formula", "ownfamily:wide(width=w)", "--free", "width", *WIDE], "unknown free size"),
        (["formula", "ownfamily:wide(width=w, odd=w)", "--free", "w", *WIDE], "w has no value to start at"),
        (["formula", "ownfamily:wide(width=w)", "--free", "w=2:0", *WIDE], "'w=2:0' is no free size; write it as"),
        (["formula", "ownfamily:wide", "--free", "width,width", *WIDE], "width is given twice; give it once"),
        (["formula", "ownfamily:wide", "--free", "odd", *WIDE], "nothing of ownfamily:wide changes with odd"),
        (["formula", "ownfamily:wide", "--free", "width", "--input", "1,4,8,8"], "does not run on an input of 1x4x8x8"),
        (["count", "ownfamily:wide", "--input", "1,3,s,s"], "s has no value; give it one"),
    ],
)  # fmt: skip
def test_bad_questions_to_a_constructor_are_one_sentence(words: list[str], sentence: str, family: str) -> None:
    assert family
    result = run(*words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
