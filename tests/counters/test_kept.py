"""What is kept of libraries' models: read without them, never that of another version, and no error where it fails."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import resnext_flops as rf
from resnext_flops import needs
from resnext_flops.counters import costs, operators
from resnext_flops.counters.costs import Candidates, Costs
from resnext_flops.counters.zoos import kept, of_torchvision
from resnext_flops.counters.zoos.kept import Kept

NAME = "torchvision:squeezenet1_1"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own for each test."""
    place = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: place)
    return place


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of models that are counted, quickly."""
    names: list[str] = []

    def row(_: Candidates, name: str, *__: Any) -> Costs:
        names.append(name)
        return Costs(name, "3x224x224", "counted", dict.fromkeys((*costs.ALWAYS, "fvcore"), len(names)))

    monkeypatch.setattr(Candidates, "_row", row)
    return names


def test_a_second_time_is_the_same_and_counts_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rf.compare(NAME, figures=["fvcore", "torch"])
    monkeypatch.setattr(Candidates, "_counted", lambda *_: pytest.fail("it counts"))
    second = rf.compare(NAME, figures=["fvcore", "torch"])
    assert second == first
    assert first.rows[0].figures["torch"] == rf.count(NAME).total("torch")
    # What was not asked for the first time is there too.
    assert rf.compare(NAME, figures="calflops").rows[0].figures["calflops"] == rf.count(NAME).total("calflops")
    assert len(list(folder.iterdir())) == 1


def test_the_command_loads_no_library_for_what_is_kept(
    tmp_path: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    rf.compare(NAME, inputs=(1, 3, 64, 64))
    assert counted == [NAME]
    code = (
        "import sys; from resnext_flops.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print({'torch', 'torchvision', 'numpy'} & set(sys.modules))"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, "compare", NAME, "--input", "1,3,64,64", "--format", "csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    _, row, loaded = done.stdout.splitlines()
    assert (row, loaded) == (f"{NAME},1,1,1,1,1,3x224x224", "set()")


def test_all_classifiers_of_a_library(counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "resnext_flops.counters.zoos.zoo",
        lambda _: of_torchvision.ZOO._replace(classifiers=lambda: ["alexnet", "squeezenet1_1", "vgg11"]),
    )
    named = rf.compare(NAME, zoo="torchvision")
    names = [NAME, "torchvision:alexnet", "torchvision:vgg11"]
    assert [row.model for row in named.rows] == names
    assert named.reference is named.rows[0]
    assert counted == names
    monkeypatch.setattr("resnext_flops.counters.zoos.zoo", lambda _: pytest.fail("it is asked for its models"))
    alone = rf.compare(zoo="torchvision")
    assert [row.model for row in alone.rows] == [names[1], names[0], names[2]]
    assert alone.reference is None
    assert counted == names


@pytest.mark.parametrize("version", ["torch", "torchvision", "code", "input"])
def test_another_version_is_counted_anew(counted: list[str], version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rf.compare(NAME)
    before = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "9.9" if name == version else before(name))
    if version == "code":
        monkeypatch.setattr(kept, "deciding_code", lambda: b"other")
    rf.compare(NAME, inputs=(1, 3, 64, 64) if version == "input" else None)
    assert counted == [NAME, NAME]


def test_the_code_that_counts_is_looked_at() -> None:
    code = kept.deciding_code()
    for file in ("complexity/conventions/fvcore.py", "counters/tracer.py", "counters/operators.toml"):
        assert (kept.PACKAGE / file).read_bytes() in code


def spoil(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(change(file.read_bytes()))


def replaced_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        (spoil(lambda content: content.replace(b'"macs": 1', b'"macs": 2')), "is damaged, so it is made anew"),
        (spoil(lambda content: content[:-1]), "is damaged, so it is made anew"),
        (spoil(lambda _: b""), "is damaged, so it is made anew"),
        (spoil(lambda _: b"\xff" * 99), "is damaged, so it is made anew"),
        (replaced_by_folder, "what was counted is not kept: cannot write"),
    ],
)
def test_a_damaged_file_is_told_and_made_anew(
    folder: Path, counted: list[str], change: Callable[[Path], object], remark: str
) -> None:
    assert rf.compare(NAME).remarks == ()
    (file,) = folder.iterdir()
    change(file)
    found = rf.compare(NAME)
    assert len(found.remarks) == 1
    assert remark in found.remarks[0]
    assert counted == [NAME, NAME]
    if file.is_file():
        assert rf.compare(NAME).remarks == ()
        assert counted == [NAME, NAME]


def test_a_directory_that_is_a_file(folder: Path, counted: list[str]) -> None:
    folder.write_text("a file")
    found = rf.compare(NAME)
    assert [row.model for row in found.rows] == counted == [NAME]
    assert found.remarks == (f"what was counted is not kept: cannot write {str(folder)!r}: File exists",)


def test_a_directory_that_cannot_be_made(folder: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert rf.compare(NAME).remarks == (
        f"what was counted is not kept: cannot write {str(folder)!r}: Permission denied",
    )
    assert counted == [NAME]


def test_without_platformdirs_nothing_is_kept(counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "platformdirs")
    last = next(finder for finder in sys.meta_path if finder.__module__ == needs.__name__)
    monkeypatch.setattr(sys, "meta_path", [last, *sys.meta_path])  # it answers before Python looks
    (remark,) = rf.compare(NAME).remarks
    assert remark == "what is counted is not kept: this needs platformdirs: pip install 'resnext-flops[zoo]'"
    assert counted == [NAME]


def test_a_library_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    with pytest.raises(ImportError, match=r"this needs timm: pip install 'resnext-flops\[zoo\]'"):
        rf.compare("timm:resnet18")


def test_two_processes_keep_both_what_they_counted() -> None:
    one, other = Kept("torchvision"), Kept("torchvision")
    one.rows["a"], other.rows["b"] = {"input": "one"}, {"input": "other"}
    one.classifiers = ["a", "b"]
    one.save()
    other.save()
    both = Kept("torchvision")
    assert (both.rows, both.classifiers) == ({"a": {"input": "one"}, "b": {"input": "other"}}, ["a", "b"])


def test_what_was_counted_before_a_stop_is_kept(counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(name: str, _: int) -> None:
        if name == "torchvision:vgg11":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rf.compare(NAME, "torchvision:vgg11", tell=stop)
    rf.compare(NAME, "torchvision:vgg11")
    assert counted == [NAME, "torchvision:vgg11"]


def test_what_fails_is_not_kept(folder: Path) -> None:
    found = rf.compare(NAME, inputs=(1, 7, 64, 64))
    assert [each.model for each in found.left_out] == [NAME]
    (file,) = folder.iterdir()
    assert json.loads(file.read_bytes().partition(b"\n")[2])["rows"] == {}


@pytest.mark.parametrize("inputs", [(1, 3, 8, 8), "1,3,8,8"])
def test_a_shape_is_known_by_its_text(inputs: Any) -> None:
    assert Kept("torchvision", inputs).file == Kept("torchvision", "1,3,8,8").file


def test_tensors_and_rules_of_the_users_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    assert Kept("torchvision", torch.zeros(1, 3, 8, 8)).file is None
    assert Kept("torchvision", [torch.zeros(1, 3, 8, 8)]).file is None
    assert operators.added() == []
    monkeypatch.setattr(operators, "_RULES", {})
    rf.operator("mine::product", kind="matmul")(lambda *_: 1)
    assert operators.added() == ["mine::product"]
    assert Kept("torchvision").file is None
    Kept("torchvision").save()


def test_a_bare_name_is_that_of_the_library_that_has_it(counted: list[str]) -> None:
    assert [row.model for row in rf.compare("squeezenet1_1").rows] == [NAME]
    assert [row.model for row in rf.compare(NAME, "squeezenet1_1", "resnet18").rows] == [NAME, "resnet18"]
    assert counted == [NAME, "resnet18"]


def test_a_call_with_arguments_is_not_a_model_of_the_library(folder: Path) -> None:
    rf.compare("torchvision:squeezenet1_1(num_classes=10)")
    assert not folder.exists()
