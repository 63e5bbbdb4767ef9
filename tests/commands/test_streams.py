"""Standard output that is full, closed or not UTF-8, and Ctrl-C at any time: a status and a sentence, no traceback."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import resnext_flops
from resnext_flops.show.signs import SIGNS

COMMAND = [sys.executable, "-m", "resnext_flops"]
PACKAGE = Path(resnext_flops.__file__).parent


def in_shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A command line in which CLI stands for the command."""
    line = line.replace("CLI", " ".join(COMMAND))
    variables = {**os.environ, **environment}
    return subprocess.run(["bash", "-c", line], capture_output=True, env=variables, check=False)  # noqa: S607


@pytest.mark.parametrize("arguments", ["models resnet50", "models --format html", "--help", "--version"])
@pytest.mark.parametrize(("where", "why"), [(">/dev/full", b"No space left on device"), (">&-", b"it is closed")])
def test_standard_output_that_takes_nothing(arguments: str, where: str, why: bytes) -> None:
    done = in_shell(f"CLI {arguments} {where}")
    assert done.returncode == 2
    assert done.stderr.startswith(b"resnext-flops: ")
    assert done.stderr.endswith(b": " + why + b"\n" if arguments[0] != "-" else why + b"\n")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-"])
def test_standard_error_that_takes_nothing(where: str) -> None:
    for arguments, status in (("models resnet50", 0), ("models resnet51", 2), ("nothing", 2)):
        assert in_shell(f"CLI {arguments} {where}").returncode == status


def test_both_closed() -> None:
    assert in_shell("CLI models >&- 2>&-").returncode == 2


def test_an_output_file_needs_no_standard_output(tmp_path: Path) -> None:
    done = in_shell(f"CLI models resnet50 --output {tmp_path}/models >&-")
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "models").read_text().startswith("The described networks")


PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0"}


@pytest.mark.parametrize("arguments", ["table --no-prove", "table 1 --no-prove --format html", "models resnet\udcff"])
@pytest.mark.parametrize("environment", [PLAIN, {"PYTHONIOENCODING": "ascii"}])
def test_an_encoding_without_our_signs(arguments: str, environment: dict[str, str]) -> None:
    done = in_shell(f"CLI {arguments}", **environment)
    assert done.returncode == (2 if "\udcff" in arguments else 0)
    assert (done.stdout + done.stderr).isascii()
    assert b"Traceback" not in done.stderr


def test_dashes_are_plain_and_columns_stay_aligned() -> None:
    plain = in_shell("CLI table --no-prove", **PLAIN).stdout.decode()
    own = in_shell("CLI table --no-prove", PYTHONUTF8="1").stdout.decode()
    assert "–" in own
    assert plain == own.replace("–", "-")


def test_a_name_that_is_no_text_is_said_in_utf8_too() -> None:
    done = in_shell("CLI models resnet\udcff", LC_ALL="C.UTF-8")
    assert done.returncode == 2
    assert done.stderr.startswith(b"resnext-flops: unknown network 'resnet\\udcff'; did you mean")


def test_a_sign_that_the_encoding_has_is_kept() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="resnext-flops")
    stream.write("2 × 3 – 4 → 5… é 網")
    stream.flush()
    assert stream.buffer.getvalue() == b"2 \xd7 3 - 4 -> 5~ \xe9 \\u7db2"


def test_every_sign_that_is_printed_has_a_plain_one() -> None:
    # The explorer's signs stand in its page alone, which is a file in UTF-8.
    files = [
        file for file in PACKAGE.rglob("*") if file.suffix in {".py", ".toml", ".j2"} and "explorer" not in file.parts
    ]
    ours = {file: {mark for mark in file.read_text(encoding="utf-8") if not mark.isascii()} for file in files}
    elsewhere = {"markup.py", "signs.py"}  # what LaTeX writes for a sign, and examples
    used = {mark for file, marks in ours.items() if file.name not in elsewhere for mark in marks}
    assert used <= set(SIGNS)
    assert all(plain.isascii() and plain for plain in SIGNS.values())


# Ctrl-C ---------------------------------------------------------------------------------------------------------------

# Runs the command line, and sends Ctrl-C when a module is looked for, or `at exit`, or while an object is deleted. A
# runner of tests in the background has SIGINT ignored, and the process would inherit that.
STOPPED = """
import atexit, os, runpy, signal, sys
def stop():
    os.kill(os.getpid(), signal.SIGINT)
class Deleted:
    def __del__(self):
        stop()
        sum(range(100_000))  # so that the signal is seen here
class Finder:
    def find_spec(self, name, *_):
        if name == where:
            sys.meta_path.remove(self)
            if how == "deleted":
                Deleted()
            try:
                stop()
            except KeyboardInterrupt:
                if how == "converted":
                    raise ValueError("as some libraries do") from None
                raise
signal.signal(signal.SIGINT, signal.default_int_handler)
how, where, *sys.argv = sys.argv[1:]
if how == "at exit":
    atexit.register(stop)
else:
    sys.meta_path.insert(0, Finder())
if how == "script":
    from resnext_flops.__main__ import main
    main()
runpy.run_module("resnext_flops", run_name="__main__")
"""


def stopped(how: str, where: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", STOPPED, how, where, "resnext-flops", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "where", ["resnext_flops.cli", "click", "resnext_flops.commands.count", "resnext_flops.tables", "torch"]
)
@pytest.mark.parametrize("how", ["at import", "deleted", "converted", "script"])
def test_ctrl_c_while_something_is_loaded(where: str, how: str) -> None:
    done = stopped(how, where, "count", "resnet20_cifar", "--input", "1,3,32,32")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nresnext-flops: stopped; nothing was written\n")


def test_ctrl_c_after_the_work_changes_nothing() -> None:
    done = stopped("at exit", "", "models", "resnet20_cifar")
    assert (done.returncode, done.stderr) == (0, "")
    assert "resnet20_cifar" in done.stdout
