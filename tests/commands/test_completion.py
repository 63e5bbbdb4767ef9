"""What a shell completes: asked as bash, zsh and fish ask, in a process of its own that must not load torch."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import timm
from click.testing import CliRunner
from torchvision import models

from resnext_flops.cli import COMMANDS, main
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.names import NAMED
from resnext_flops.plots import KINDS
from resnext_flops.proof.published import table_files

HEAVY = {"torch", "torchvision", "timm", "numpy", "pandas", "matplotlib", "sympy"}


def asked(shell: str, *words: str) -> list[str]:
    """The lines that a shell gets for the last of some words, which may be begun."""
    environment = {
        **os.environ,
        "_RESNEXT_FLOPS_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": shlex.join(["resnext-flops", *words[:-1]]) + f" {words[-1]}",
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "resnext_flops"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert {"click", "resnext_flops.cli"} <= loaded
    assert not loaded & HEAVY
    return done.stdout.splitlines()


def completed(*words: str) -> list[str]:
    """What bash puts in the place of the last word."""
    return [line.removeprefix("plain,") for line in asked("bash", *words)]


def test_commands_and_options() -> None:
    assert completed("co") == [name for name in COMMANDS if name.startswith("co")]
    assert completed("count", "--conv") == ["--convention"]
    assert completed("count", "resnet18", "--by", "l") == ["layer"]


@pytest.mark.parametrize("command", ["audit", "count", "diff", "formula", "identify", "measure", "solve", "sweep"])
def test_models(command: str) -> None:
    assert completed(command, "resnext50") == [name for name in NAMED if name.startswith("resnext50")]


def test_models_in_other_places() -> None:
    assert completed("diff", "resnet18", "vgg19") == ["vgg19", "vgg19_bn"]
    assert completed("plot", "stages", "resnet18", "vgg19") == ["vgg19", "vgg19_bn"]
    assert (
        completed("report", "--of", "vgg19") == completed("report", "--of", "vgg16", "vgg19") == ["vgg19", "vgg19_bn"]
    )
    assert completed("solve", "resnet50", "--like", "vgg19") == ["vgg19", "vgg19_bn"]
    assert completed("verify", "vgg19") == completed("models", "vgg19") == ["vgg19", "vgg19_bn"]
    every = completed("count", "")
    assert every == [*NAMED, "torchvision:", "timm:", "hf:"]


def test_tables_pictures_conventions_and_figures() -> None:
    assert set(table_files()) | {"template", "1", "2", "all"} < set(completed("table", ""))
    assert completed("table", "fig") == ["fig3", "fig5"]
    assert completed("plot", "") == list(KINDS)
    for place in (
        ("count", "resnet18", "--convention"),
        ("audit", "vgg16", "--convention"),
        ("measure", "--convention"),
    ):
        assert completed(*place, "") == list(CONVENTIONS)
    assert completed("formula", "resnet18", "--figure", "fvcore-t") == ["fvcore-training"]
    assert completed("solve", "resnet18", "--figure", "macs,par") == ["macs,params"]


def test_models_of_libraries_are_those_that_they_list() -> None:
    assert asked("fish", "count", "torchvision:") == [f"plain,torchvision:{name}" for name in models.list_models()]
    assert asked("fish", "count", "timm:") == [f"plain,timm:{name}" for name in sorted(timm.list_models())]
    assert asked("zsh", "count", "torchvision:vgg19") == [
        "plain",
        "torchvision:vgg19",
        "_",
        "plain",
        "torchvision:vgg19_bn",
        "_",
    ]


def test_a_library_is_known_by_its_beginning() -> None:
    assert completed("count", "torchv")[0] == "torchvision:alexnet"


def test_a_file_where_nothing_begins_so() -> None:
    assert asked("bash", "count", "net") == ["file,net"]
    assert asked("bash", "count", "hf", ":", "conf") == ["file,conf"]


@pytest.mark.parametrize(
    ("words", "replies"),
    [
        (("count", "torchvision", ":", "vgg19"), ["vgg19", "vgg19_bn"]),
        (("count", "torchvision", ":"), sorted(models.list_models())),
        (("diff", "timm", ":", "vgg19", "torchvision", ":", "vgg19"), ["vgg19", "vgg19_bn"]),
    ],
)
def test_bash_takes_a_colon_for_a_word(words: tuple[str, ...], replies: list[str]) -> None:
    assert completed(*words) == replies


def test_bash_itself(tmp_path: Path) -> None:
    """bash runs the script that the page tells it to run, and calls its function as it does when Tab is pressed."""
    program = tmp_path / "resnext-flops"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m resnext_flops "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = """
        eval "$(_RESNEXT_FLOPS_COMPLETE=bash_source resnext-flops)"
        COMP_WORDS=(resnext-flops count torchvision : vgg19)
        COMP_CWORD=4
        _resnext_flops_completion resnext-flops
        printf '%s\\n' "${COMPREPLY[@]}"
        complete -p resnext-flops
    """
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [str(shutil.which("bash")), "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "vgg19",
        "vgg19_bn",
        "complete -o nosort -F _resnext_flops_completion resnext-flops",
    ]


def test_the_page_says_what_each_shell_is_told() -> None:
    page = (Path(__file__).parents[2] / "docs" / "completion.md").read_text(encoding="utf-8")
    for shell, mark in (
        ("bash", "complete -o nosort"),
        ("zsh", "#compdef resnext-flops"),
        ("fish", "function _resnext"),
    ):
        instruction = f"_RESNEXT_FLOPS_COMPLETE={shell}_source resnext-flops"
        assert instruction in page
        environment = {"_RESNEXT_FLOPS_COMPLETE": f"{shell}_source"}
        assert mark in CliRunner().invoke(main, [], env=environment, prog_name="resnext-flops").stdout
