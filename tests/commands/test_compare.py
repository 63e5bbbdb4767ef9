"""`compare` on the command line: names from files, every form, a stop, and its exit status."""

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from resnext_flops.cli import main
from resnext_flops.counters.costs import Candidates
from tests.enveloped import answered


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["compare", *words], prog_name="resnext-flops")


def compared(*words: str) -> list[str]:
    done = run(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    return [model["model"] for model in answered(done.stdout, "compare")["models"]]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("names.txt", b"resnet18\nresnext(50, cardinality=8, width=14)\n"),
        (
            "names.txt",
            b"\xef\xbb\xbfresnet18\r\n\r\n  resnext(50, cardinality=8, width=14)  \r\n# resnet34\r\nresnet18",
        ),
        ("names.csv", b'model,macs\nresnet18,1\n"resnext(50, cardinality=8, width=14)",2\n,3\n'),
        ("NAMES.CSV", b'\xef\xbb\xbfmacs,name\r\n1,resnet18\r\n2,"resnext(50, cardinality=8, width=14)"\r\n3\r\n'),
    ],
)
def test_names_from_a_file(file: str, content: bytes) -> None:
    Path(file).write_bytes(content)
    assert compared("--from", file) == ["resnet18", "resnext(50, cardinality=8, width=14)"]
    assert compared("resnet34", "--from", file, "--sort", "macs")[:2] == ["resnet18", "resnet34"]


def test_what_is_printed_as_csv_is_read_again() -> None:
    Path("all.csv").write_text(CliRunner().invoke(main, ["models", "--format", "csv"]).stdout)
    chosen = run("--from", "all.csv", "--budget", "params <= 1M", "--format", "csv").stdout
    Path("small.csv").write_text(chosen)
    assert compared("--from", "small.csv") == [line.partition(",")[0] for line in chosen.splitlines()[1:]]
    assert "resnet20_cifar" in chosen


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("a.txt", b"", "'a.txt' holds no names of models"),
        ("a.txt", b"# nothing\n \n", "'a.txt' holds no names of models"),
        ("a.csv", b"", "'a.csv': unknown column 'model'"),
        ("a.csv", b"modell,macs\nresnet18,1\n", "'a.csv': unknown column 'model'; did you mean 'modell'?"),
        ("a.csv", b"model\n", "'a.csv' holds no names of models"),
        ("a.csv", b'model\n"' + b"x" * 200_000 + b'"\n', "'a.csv' is no CSV file: field larger than field limit"),
        ("a.txt", b"resnet18\nresnt50\n", "unknown model 'resnt50'; did you mean 'resnet50'"),
        ("a.txt", b"resnet18\0\n", "unknown model 'resnet18\\x00'; did you mean 'resnet18'"),
        ("a.txt", b"\xff\xfe", "cannot read 'a.txt': 'utf-8' codec can't decode"),
    ],
)
def test_a_file_without_names(file: str, content: bytes, sentence: str) -> None:
    Path(file).write_bytes(content)
    done = run("--from", file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"resnext-flops: {sentence}"), done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_no_file() -> None:
    Path("folder").mkdir()
    os.mkfifo("fifo")
    for name, why in (("folder", "Is a directory"), ("fifo", "it is not a regular file"), ("no", "No such file")):
        done = run("--from", name)
        assert done.exit_code == 2
        assert done.stderr.startswith(f"resnext-flops: cannot read '{name}': {why}")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "there is nothing to compare; name models, or a library"),
        (["resnet18", "resnt50"], "unknown model 'resnt50'; did you mean 'resnet50'"),
        (["resnet18", "torchvision:resnt50"], "unknown model of torchvision 'resnt50'; did you mean 'resnet50'"),
        (["resnet18", "--figure", "acuracy"], "unknown figure 'acuracy'; did you mean 'accuracy'"),
        (["resnet18", "--zoo", "hf"], "Invalid value for '--zoo'"),
        (
            ["resnet18", "--budget", "macs <= 1k"],
            "no model meets macs <= 1000; the nearest is resnet18 with 1,814,073,344",
        ),
        (["resnet18", "--budget", "accuracy > 9"], "no model meets accuracy > 9; resnet18: it has no accuracy"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], sentence: str) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"resnext-flops: {sentence}"), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_model_that_is_named_and_not_counted_is_status_1() -> None:
    done = run("resnet18", "torch.nn:Identity", "--input", "1,3,64,64")
    assert done.exit_code == 0
    done = run("resnet18", "torch.nn:Bilinear(in1_features=2, in2_features=2, out_features=2)", "--format", "json")
    assert done.exit_code == 1
    result = answered(done.stdout, "compare")
    assert [model["model"] for model in result["models"]] == ["resnet18"]
    assert [model["model"][:17] for model in result["left_out"]] == ["torch.nn:Bilinear"]


def test_every_form_and_a_file() -> None:
    for form in ("rich", "markdown", "csv", "json", "latex", "html"):
        done = run("resnet18", "resnet34", "--format", form)
        assert done.exit_code == 0
        for name in ("resnet18", "resnet34"):
            assert name in done.stdout
    assert run("resnet18", "--output", "a.txt").exit_code == 0
    assert Path("a.txt").read_text().startswith("1 model\n")


def test_ctrl_c_keeps_what_was_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path / "cache")
    names = ["torchvision:squeezenet1_1", "torchvision:squeezenet1_0"]
    own = Candidates._row  # noqa: SLF001 (what counts one model)

    def row(self: Candidates, name: str, *rest: Any) -> Any:
        if name == names[1]:
            raise KeyboardInterrupt
        return own(self, name, *rest)

    monkeypatch.setattr(Candidates, "_row", row)
    done = run(*names)
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr == (
        "resnext-flops: stopped after 1 of 2 models; what was counted of a library is kept, and the same command goes "
        "on from there\n"
    )
    monkeypatch.setattr(Candidates, "_row", lambda *_: pytest.fail("it counts again"))
    assert compared(names[0]) == names[:1]


def test_a_remark_on_what_is_kept_is_no_output(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path / "cache")
    done = run("torchvision:squeezenet1_1", "--format", "json")
    assert done.exit_code == 0
    assert answered(done.stdout)["models"][0]["model"] == "torchvision:squeezenet1_1"
    assert done.stderr.startswith("resnext-flops: what was counted is not kept: cannot write")
    assert done.stderr.count("\n") == 1
