"""Files are written whole or not at all, and nothing but a regular file is ever replaced or read."""

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.files import read, write
from resnext_flops.plots import draw, save
from resnext_flops.proof.budgets import parse_config, write_baseline

BUDGET = '[[models]]\nmodel = "resnet20_cifar"\nlimits = ["macs <= 1G"]\n'


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="resnext-flops")


# What writes a file, each given a path.
WRITERS: dict[str, Callable[[Path], Any]] = {
    "write": lambda path: write(path, "text"),
    "save": lambda path: rf.save(rf.resnet_cifar(20), path),
    "a picture": lambda path: save(draw("width"), path.rename(path.with_suffix(".svg")) if path.is_file() else path),
    "a table": lambda path: command("models", "resnet50", "--output", str(path), "--force"),
    "JUnit": lambda path: command("check", "--config", str(config(path)), "--junit", str(path)),
    "a baseline": lambda path: write_baseline(parse_config(f"baseline = {str(path)!r}\n{BUDGET}", path)),
    "a sweep": lambda path: command("sweep", "resnet20_cifar", "--over", "K=1,2", "--output", str(path), "--force"),
}


def command(*arguments: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 0, result.output


def config(path: Path) -> Path:
    file = path.with_name("budgets.toml")
    file.write_text(BUDGET)
    return file


def place(folder: Path, writer: str) -> Path:
    """A name whose suffix suits the writer."""
    return folder / {"a sweep": "file.csv", "a picture": "file.svg"}.get(writer, "file.json")


def reader(fifo: Path) -> tuple[threading.Thread, list[bytes]]:
    """What reads all that is written through a FIFO."""
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(fifo.read_bytes()))
    thread.start()
    return thread, found


@pytest.mark.parametrize("writer", WRITERS)
def test_a_fifo_is_written_through_and_stays(writer: str, tmp_path: Path) -> None:
    file = place(tmp_path, writer)
    os.mkfifo(file)
    thread, found = reader(file)
    WRITERS[writer](file)
    thread.join()
    assert len(found[0]) > 3
    assert stat.S_ISFIFO(file.stat().st_mode)


@pytest.mark.parametrize("writer", WRITERS)
def test_the_target_of_a_link_is_written_and_its_mode_kept(writer: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = place(tmp_path, writer)
    target = tmp_path / "elsewhere" / link.name
    target.touch()
    target.chmod(0o640)
    link.symlink_to(target)
    WRITERS[writer](link)
    assert link.is_symlink()
    assert target.stat().st_size > 3
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [path.name for path in target.parent.iterdir()] == [link.name]


def test_a_device_is_written_through(tmp_path: Path) -> None:
    for arguments in ((), ("--force",)):
        command("count", "resnet50", "--output", "/dev/null", *arguments)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_full_device_is_one_sentence() -> None:
    result = run("models", "resnet50", "--output", "/dev/full")
    assert result.exit_code == 2
    assert result.stderr == "resnext-flops: cannot write '/dev/full': No space left on device\n"
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_standard_output_by_its_name_is_a_pipe_here() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "resnext_flops", "models", "resnet50", "--output", "/dev/stdout"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("The described networks")


def test_a_link_to_nothing_is_a_file_afterwards(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to("target")
    command("models", "resnet50", "--output", str(link))
    assert link.is_symlink()
    assert target.read_text().startswith("The described networks")


@pytest.mark.parametrize("kind", ["link to itself", "socket", "folder"])
def test_what_cannot_be_written_stays(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    path = Path("there")
    if kind == "link to itself":
        path.symlink_to("there")
    elif kind == "folder":
        path.mkdir()
    with socket.socket(socket.AF_UNIX) as end:
        if kind == "socket":
            end.bind("there")
        before = path.lstat()
        result = run("models", "resnet50", "--output", "there", "--force")
        with pytest.raises(rf.InputError, match="cannot write 'there'"):
            write(path, "text")
    assert result.exit_code == 2
    assert result.stderr.startswith("resnext-flops: cannot write 'there'")
    assert (path.lstat().st_mode, path.lstat().st_ino) == (before.st_mode, before.st_ino)


def test_a_new_file_has_the_usual_mode_and_a_link_of_a_report_stays(tmp_path: Path) -> None:
    write(tmp_path / "new", b"")
    (tmp_path / "usual").touch()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode
    (tmp_path / "there").mkdir(0o750)
    (tmp_path / "link").symlink_to("there")
    command("report", "resnet20_cifar", "--output", str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "report.md").is_file()
    assert stat.S_IMODE((tmp_path / "there").stat().st_mode) == 0o750


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "a report without a name": (
        ("report", "resnet50", "--output", ""),
        "cannot write ''; give a directory in a folder that exists and can be written",
    ),
    "a table without a name": (
        ("models", "--output", ""),
        "cannot write ''; give a file in a folder that exists and can be written",
    ),
    "JUnit without a name": (
        ("check", "--config", "budgets.toml", "--junit", ""),
        "cannot write ''; give a file in a folder that exists and can be written",
    ),
    "a configuration without a name": (("check", "--config", ""), "cannot read '.': Is a directory"),
    "a report at a link to itself": (("report", "resnet50", "--output", "loop"), "cannot write 'loop'"),
    "a model": (("models", "fifo.json"), "cannot read 'fifo.json': it is not a regular file"),
    "a model of a device": (("count", "device.json"), "cannot read 'device.json': it is not a regular file"),
    "a configuration": (("check", "--config", "fifo.json"), "cannot read 'fifo.json': it is not a regular file"),
    "a table of speeds": (
        ("measure", "--published", "fifo.json"),
        "cannot read 'fifo.json': it is not a regular file",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_sentence(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "budgets.toml").write_text(BUDGET)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "device.json").symlink_to("/dev/zero")
    os.mkfifo("fifo.json")
    before = sorted(tmp_path.iterdir())
    arguments, sentence = REFUSED[case]
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"resnext-flops: {sentence}")
    assert result.stderr.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_report_is_known_by_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "provenance.json")
    result = run("report", "resnet20_cifar", "--output", str(tmp_path), "--force")
    assert (result.exit_code, "which no report wrote" in result.stderr) == (2, True)


@pytest.mark.parametrize("path", ["a\0b.json", "a" * 5000 + ".json", "\ud800.json"])
def test_a_name_that_no_file_can_have(path: str) -> None:
    for call in (lambda: read(path), lambda: write(path, ""), lambda: rf.load(path)):
        with pytest.raises(rf.InputError, match=r"^cannot (read|write) '") as error:
            call()
        assert len(str(error.value)) < 250
    for option in ("--output", "--junit", "--config"):
        result = run("check", option, path)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1), result.output


def test_a_working_directory_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom resnext_flops.cli import main\n"
        f"os.chdir({str(tmp_path)!r})\nos.mkdir('gone')\nos.chdir('gone')\nos.rmdir('../gone')\nmain(sys.argv[1:])"
    )
    for arguments in (("count", "torchvision:resnet18"), ("report", "--output", "x"), ("models", "resnet50")):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr == "resnext-flops: the working directory is gone; change to one that exists\n"


def test_a_report_in_a_directory_that_is_gone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(rf.InputError, match="cannot write 'report'"):
        rf.report("resnet20_cifar", output="report")
