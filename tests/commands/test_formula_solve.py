"""`formula` and `solve` as a user runs them: every option, every form, every kind of bad input."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.commands import progress
from tests.enveloped import answered
from tests.proofs import refuted


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="resnext-flops")


def rows(*arguments: str) -> list[dict[str, str]]:
    result = run("solve", *arguments, "--format", "csv")
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_a_formula() -> None:
    result = run("formula", "resnext50_32x4d", "--free", "C,d")
    assert result.stdout.splitlines() == [
        "Multiply-adds of resnext(50, cardinality=C, width=d)",
        "",
        "451584 C d^2 + 27496448 C d + 479723520",
        "",
        "It holds for every whole number C, d of at least 1.",
    ]
    # C and d are what is free where nothing is said, and a ResNet of basic blocks has neither.
    assert run("formula", "resnext50_32x4d").stdout == result.stdout
    assert "n1" in run("formula", "resnet18").stdout


def test_figures_and_scopes() -> None:
    assert "\n2763 C d^2 + 146476 C d + 4865320\n" in run("formula", "resnext(50)", "--figure", "params").stdout
    block = run("formula", "resnext(50)", "--figure", "weights", "--scope", "block")
    assert "\n9 C d^2 + 512 C d\n" in block.stdout
    assert "of the template block of" in block.stdout
    assert "MACs by fvcore's rules of" in run("formula", "resnext(50)", "--figure", "fvcore").stdout


def test_resolutions() -> None:
    own = run("formula", "resnet50", "--free", "r").stdout
    # Five halvings, and 2048 times 1000 weights of the classifier, which do not depend on the resolution.
    assert "\n81456 r^2 + 2048000\n" in own
    assert own.endswith("It holds for r = 32, 64, 96, ...\n")
    odd = run("formula", "resnet50", "--free", "r=225", "--steps").stdout
    assert "It is written with r = 225 + 32 k. It holds for r = 33, 65, 97, ..." in odd
    # Where k is 0 the polynomial is the cost at 225 pixels.
    assert f" + {rf.resnet(50, resolution=225).cost().macs}\n" in odd


def test_breakdown() -> None:
    lines = run("formula", "resnext(50)", "--breakdown", "stage").stdout.splitlines()[2:9]
    assert [line.split()[0] for line in lines] == ["conv1", "conv2", "conv3", "conv4", "conv5", "head", "total"]
    assert lines[-1] == "total  451584 C d^2 + 27496448 C d + 479723520"
    latex = run("formula", "resnext(50)", "--breakdown", "stage", "--format", "latex").stdout
    assert latex.count("&=") == 7
    assert "\\begin{align*}" in latex
    markdown = run("formula", "resnext(50)", "--breakdown", "stage", "--format", "markdown").stdout
    assert "| head | $2048000$ |" in markdown


def test_latex_and_markdown() -> None:
    assert run("formula", "resnext(50)", "--format", "latex").stdout == "451584 C d^{2} + 27496448 C d + 479723520\n"
    assert (
        "$$451584 C d^{2} + 27496448 C d + 479723520$$" in run("formula", "resnext(50)", "--format", "markdown").stdout
    )


def test_json_has_exact_integers() -> None:
    content = answered(
        run("formula", "resnext(50)", "--free", "C,r", "--breakdown", "stage", "--format", "json").stdout
    )
    assert content["free"] == {
        "C": {"meaning": "cardinality", "base": 0, "start": 1, "step": 1, "last": None},
        "r": {"meaning": "resolution", "base": 224, "start": 32, "step": 32, "last": None},
    }
    assert (content["origin"], content["evidence"]) == ("derived", None)
    point = {"C": 8, "k": 2, "r": 288}

    def value(terms: list[dict[str, object]]) -> int:
        total = 0
        for term in terms:
            powers, coefficient = term["powers"], term["coefficient"]
            assert isinstance(powers, dict)
            assert isinstance(coefficient, int)
            product = coefficient
            for name, power in powers.items():
                product *= point[name] ** power
            total += product
        return total

    ledger = rf.resnext(50, cardinality=8, resolution=288).cost()
    assert value(content["terms"]) == value(content["steps"]["terms"]) == ledger.macs
    assert {name: value(each["terms"]) for name, each in content["parts"].items()} == {
        name: ledger.stage(name).macs for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "head")
    }


def test_output_of_a_formula(tmp_path: Path) -> None:
    file = tmp_path / "formula.txt"
    assert run("formula", "resnext(50)", "--output", str(file)).stdout == ""
    assert "451584 C d^2" in file.read_text()
    again = run("formula", "resnext(50)", "--output", str(file))
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_solving_like_the_paper() -> None:
    arguments = ("resnext50_32x4d", "--free", "d", "--like", "resnet50", "--given", "C=1,2,4,8,32")
    found = rows(*arguments, "--scope", "block", "--figure", "weights")
    assert [row["d"] for row in found] == ["64", "40", "24", "14", "4"]  # Table 2
    assert rows(*arguments)[3]["d"] == "13"  # the whole network's multiply-adds


def test_solving_for_a_budget() -> None:
    template = "resnext(101, cardinality=1, width=64)"
    assert rows(template, "--free", "d", "--budget", "15e9")[0]["d"] == "99"
    assert rows(template, "--free", "d", "--budget", "15000000000")[0]["d"] == "99"
    assert [row["C"] for row in rows(template, "--free", "C", "--budget", "15e9", "--given", "d=4,64")] == ["62", "2"]
    deeper = run("solve", template, "--free", "n3", "--budget", "15e9").stdout
    assert "n3 of resnext((3, 4, n3, 3), cardinality=1, width=64) for 15,000,000,000 multiply-adds" in deeper
    assert "only the number of blocks is determined, 66 in all" in deeper


def test_a_budget_that_is_a_comparison() -> None:
    base = ("resnext(101)", "--free", "C", "--given", "d=4,64")
    plain = rows(*base, "--budget", "15e9", "--constraint", "at-most")
    assert rows(*base, "--budget", "macs <= 15G") == plain
    assert rows(*base, "--budget", "macs <= 15G", "--figure", "macs", "--constraint", "at-most") == plain
    assert rows(*base, "--budget", "15G", "--constraint", "at-most") == plain
    assert rows(*base, "--budget", "params = 44M") == rows(*base, "--budget", "44M", "--figure", "params")


def test_constraints_and_bounds() -> None:
    base = ("resnext(50, cardinality=1)", "--free", "d", "--like", "resnet50")
    below, above = (
        rows(*base, "--constraint", each, "--multiple-of", "24")[0]["d"] for each in ("at-most", "at-least")
    )
    assert (below, above) == ("48", "72")
    assert rows(*base, "--lower", "65")[0]["d"] == "65"
    assert rows(*base, "--upper", "d=60")[0]["d"] == "60"
    pairs = rows("resnext(50)", "--free", "C,d", "--like", "resnet50", "--within", "2", "--lower", "C=2,d=4")
    assert pairs
    assert all(int(row["C"]) >= 2 and int(row["d"]) >= 4 for row in pairs)
    assert {row["efficient"] for row in pairs} == {"True", "False"}


def test_a_proof_of_the_answer() -> None:
    model = "resnext((1, 1, 1, 1), resolution=32)"
    result = run("solve", model, "--free", "d", "--budget", "9e7", "--prove", "--device", "cpu", "--format", "json")
    assert result.exit_code == 0, result.output
    content = answered(result.stdout)
    assert content["rows"][0]["proven"] is True
    assert content["proof"].startswith("Proven on cpu")


def test_a_proof_that_fails_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "verify", refuted)
    result = run("solve", "resnext(50)", "--free", "d", "--like", "resnet50", "--prove")
    assert result.exit_code == 1
    assert "NOT PROVEN" in result.stdout


SOLVE = ["solve", "resnet50", "--free", "d"]
BAD = {
    "no model": (["formula", "resnext5", "--free", "C"], "unknown model 'resnext5'"),
    "no such size": (["formula", "resnet50", "--free", "C"], "unknown free size of resnet 'C'; known are d, r, K, w"),
    "no bottleneck": (["formula", "resnet18", "--free", "d"], "no bottleneck"),
    "figure": (["formula", "resnet50", "--figure", "flops"], "unknown figure 'flops'"),
    "scope": (["formula", "resnet50", "--scope", "conv7"], "unknown scope 'conv7'; did you mean 'conv"),
    "breakdown": (["formula", "resnet50", "--breakdown", "block"], "'block' is not one of 'stage', 'layer'"),
    "r0": (["formula", "resnet50", "--free", "r=8"], "the smallest that works is 17"),
    "nothing to meet": (SOLVE, "neither a reference nor a budget is given"),
    "two budgets": ([*SOLVE, "--like", "resnet50", "--budget", "1"], "both a reference and"),
    "budget in words": ([*SOLVE, "--budget", "many"], "the budget cannot be 'many'; give a whole number such as 4.1G"),
    "fraction": ([*SOLVE, "--budget", "1/0"], "the budget cannot be '1/0'; give a whole number such as 4.1G"),
    "budget of another figure": ([*SOLVE, "--budget", "macs = 4G", "--figure", "params"], "and the figure is params"),
    "given": (["solve", "resnext(50)", "--free", "d", "--like", "resnet50", "--given", "C"], "'C' is not of the form"),
    "given size": ([*SOLVE, "--like", "resnet50", "--given", "C=1"], "unknown free size of"),
    "bounds": ([*SOLVE, "--like", "resnet50", "--upper", "x"], "'x' is not of the form 8 or"),
    "empty range": ([*SOLVE, "--budget", "4e9", "--upper", "3", "--lower", "5"], "is empty"),
    "out of reach": ([*SOLVE, "--budget", "9"], "comes nearest with"),
    "independent": (["solve", "resnet50", "--free", "K", "--budget", "9", "--scope", "block"], "do not depend on K"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(case: str) -> None:
    arguments, sentence = BAD[case]
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.startswith("resnext-flops: ")
    assert result.stderr.count("\n") == 1


def test_help_has_examples() -> None:
    for command in ("formula", "solve"):
        assert f"Examples:  resnext-flops {command} resnext50_32x4d" in run(command, "--help").stdout


@pytest.mark.parametrize(
    "arguments",
    [["formula", "resnext50_32x4d"], ["solve", "resnext50_32x4d", "--free", "d", "--like", "resnet50"]],
)
def test_neither_needs_sympy_or_torch(arguments: list[str]) -> None:
    heavy = "('torch', 'numpy', 'pandas', 'matplotlib', 'sympy', 'fvcore')"
    code = (
        "import sys\nfrom resnext_flops.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == "[]\n"
