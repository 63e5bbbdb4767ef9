"""The core alone: an environment of its own, made of the wheels that the set-up keeps, with the checkout's own code.

What the core can do, it does as the full installation does. What needs more says so in one sentence.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import COMMANDS, main
from resnext_flops.needs import EXTRAS

ROOT = Path(__file__).parent.parent
WHEELS = Path(sys.prefix) / "core"
# click, Jinja2, msgspec and rich, and what these need.
CORE = {"click", "Jinja2", "markdown-it-py", "MarkupSafe", "mdurl", "msgspec", "Pygments", "resnext-flops", "rich"}

# What the core does as the full installation does. A proof is not among it.
SAME = [
    ["table", "--no-prove"],
    ["table", "all", "--no-prove"],
    ["models"],
    ["models", "resnext*", "--sort", "-macs", "--budget", "training_bytes <= 1Gi"],
    ["conventions"],
    ["formula", "resnext50_32x4d", "--free", "C,d"],
    *(["formula", "resnext50_32x4d", "--format", form] for form in ("latex", "markdown", "json")),
    *(["solve", "resnext50_32x4d", "--free", "d", "--like", "resnet50", "--format", form] for form in
      ("markdown", "csv", "json", "latex", "html")),
    ["solve", "resnet50", "--free", "N", "--budget", "training_bytes <= 24Gi"],
    ["check", "--config", "budgets.toml"],
    ["diff", "resnet18", "resnet34"],
    ["count", "resnet18", "--by", "layer"],
    ["count", "resnet18", "--convention", "fvcore", "--convention", "calflops", "--format", "json"],
    ["identify", "resnet50", "3.8G"],
    ["audit", "resnet18", "--no-run"],
    ["published"],
    ["published", "--source", "hrnet", "--format", "json"],
    ["count", "net.json"],
    ["predict", "resnet50", "resnext50_32x4d", "--on", "rtx3090,rtx4090", "--format", "json"],
    *(["compare", "resnet18", "net.json", "resnet34", "--budget", "macs <= 4G", "--pareto", "macs,-params", "--figure",
       "fvcore", "--sort=-macs", "--format", form] for form in ("markdown", "csv", "json", "latex", "html")),
]  # fmt: skip
# What needs more, and the extra that it names.
MORE = [
    (["table", "--prove"], "torch"),
    (["verify", "resnet18"], "torch"),
    (["measure", "resnet18"], "torch"),
    (["count", "resnet18", "--training"], "torch"),
    (["count", "resnet18", "--input", "1,3,64,64"], "torch"),
    (["count", "timm:resnet50"], "zoo"),
    (["count", "mymodels:net"], "torch"),
    (["audit", "resnet18"], "torch"),
    (["solve", "resnet18", "--free", "r", "--budget", "macs <= 1G", "--prove"], "torch"),
    (["measure", "--published", "throughput.csv"], "frames"),
    (["calibrate", "--published", "throughput.csv", "--output", "mine.toml"], "timing"),
    (["predict", "timm:resnet50", "--on", "rtx3090"], "zoo"),
    (["compare", "--zoo", "torchvision"], "zoo"),
    (["compare", "resnet18", "timm:resnet50"], "zoo"),
    (["formula", "torchvision:resnet50", "--free", "r"], "zoo"),
    (["count", "hf:config.json"], "hf"),
    (["sweep", "resnext50_32x4d", "--width", "1:9"], "sweep"),
    (["sweep", "--space", "regnet_x"], "sweep"),
    (["plot", "width", "--output", "width.svg"], "plots"),
    (["report", "--output", "report"], "report"),
    (["explore", "--output", "explorer.html"], "explorer"),
]

SCRIPT = """
import json, sys
from click.testing import CliRunner
from resnext_flops.cli import main

answers = []
for arguments in json.load(sys.stdin):
    done = CliRunner().invoke(main, arguments, prog_name="resnext-flops")
    answers.append([done.exit_code, done.stdout, done.stderr])
json.dump(answers, sys.stdout)
"""

PYTHON = """
import resnext_flops as rf
net = rf.resnext(50)
print(net.cost().macs, net.cost().total("fvcore"), net.memory(batch=2).training)
print(net.closed_form("macs", "C", "d"), net.closed_form("macs", "C", "d")._repr_latex_())
rf.save(net, "again.json")
print(rf.load("again.json") == net)
print(len(net.cost()._repr_html_()), len(rf.solve(net, "d", budget=4e9)._repr_html_()))
"""

MISSING = """
import resnext_flops as rf
try:
    import torch
except ModuleNotFoundError as error:  # another's import is Python's own error
    print(error)
try:
    rf.resnext(50).to_torch()
except ImportError as error:
    print(isinstance(error, rf.InputError), error)
"""


# Each package of an extra, imported as a file of the project would.
EVERY = """
from resnext_flops.needs import EXTRAS
for package in EXTRAS:
    try:
        exec(f"import {package}", {"__name__": "resnext_flops.anything"})
    except ImportError as error:
        print(error)
"""


class Answer(NamedTuple):
    """What a command ended with, and what it printed."""

    status: int
    printed: str
    said: str


class Core(NamedTuple):
    """The environment of the core, and a directory to work in."""

    python: Path
    place: Path

    def run(self, program: str, given: Any = None) -> str:
        """What a program prints."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [self.python, "-c", program],
            check=False,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.place,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commands(self, calls: list[list[str]]) -> list[Answer]:
        """What commands answer."""
        return [Answer(*each) for each in json.loads(self.run(SCRIPT, calls))]


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Core:
    """An environment with the core's wheels alone."""
    assert WHEELS.is_dir(), "the wheels of the core are missing; `make clean` and `make test` make them"
    place = tmp_path_factory.mktemp("core")
    python = place / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python.parent.parent], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-compile"]
    subprocess.run([*pip, "--find-links", WHEELS, "resnext-flops"], check=True, capture_output=True)
    rf.save(rf.resnet_cifar(8), place / "net.json")
    (place / "budgets.toml").write_text('[[models]]\nmodel = "resnet18"\nlimits = ["macs <= 4G"]\n', encoding="utf-8")
    (place / "throughput.csv").write_text("model,infer_samples_per_sec\nresnet50,1\nresnet18,3\n", encoding="utf-8")
    (place / "mymodels.py").write_text("from torch import nn\n\n\nnet = nn.Identity\n", encoding="utf-8")
    (place / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    return Core(python, place)


def test_nothing_else_is_installed(core: Core) -> None:
    listed = "import importlib.metadata as m, json; print(json.dumps([d.name for d in m.distributions()]))"
    assert set(json.loads(core.run(listed))) == CORE
    assert len(CORE) <= 10


def test_the_core_answers_as_the_full_installation_does(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(core.place)
    for call, answer in zip(SAME, core.commands(SAME), strict=True):
        here = CliRunner().invoke(main, call, prog_name="resnext-flops")
        assert answer == (here.exit_code, here.stdout, here.stderr), call
        assert answer.status in {0, 1}, call


def test_every_command_is_tried() -> None:
    tried = {call[0] for call in [*SAME, *(call for call, _ in MORE)]}
    assert tried == set(COMMANDS)


def test_help_needs_nothing(core: Core) -> None:
    commands = main.list_commands(click.Context(main))
    assert [answer.status for answer in core.commands([[name, "--help"] for name in commands])] == [0] * len(commands)


def test_a_table_is_not_proven_and_says_so(core: Core) -> None:
    bare, plain = core.commands([["table"], ["table", "--no-prove"]])
    assert (bare.status, bare.printed) == (0, plain.printed)
    assert bare.said == "resnext-flops: not proven; this needs torch: pip install 'resnext-flops[torch]'\n"


def test_what_needs_more_is_one_sentence_with_the_extra(core: Core) -> None:
    for (call, extra), answer in zip(MORE, core.commands([call for call, _ in MORE]), strict=True):
        assert (answer.status, answer.printed) == (2, ""), call
        assert answer.said.endswith(f": pip install 'resnext-flops[{extra}]'\n"), (call, answer.said)
        assert answer.said.count("\n") == 1, call
    assert not (core.place / "report").exists()
    assert not (core.place / "width.svg").exists()
    assert not (core.place / "explorer.html").exists()


def test_every_package_of_an_extra_is_one_sentence_with_it(core: Core) -> None:
    told = core.run(EVERY).splitlines()
    assert told == [f"this needs {package}: pip install 'resnext-flops[{extra}]'" for package, extra in EXTRAS.items()]
    # What is told to be installed is an extra, and has the package in it.
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for package, extra in EXTRAS.items():
        # PyYAML is imported as yaml.
        assert any(re.match(rf"(py)?{package}\b", requirement) for requirement in declared[extra]), package
    assert {"peers", "report"} < set(declared)  # which audits and reports tell


def test_the_library(core: Core, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(core.place)
    exec(PYTHON, {})  # noqa: S102 (the program above)
    assert core.run(PYTHON) == capsys.readouterr().out


def test_an_import_error_of_one_sentence(core: Core) -> None:
    assert core.run(MISSING).splitlines() == [
        "No module named 'torch'",
        "True this needs torch: pip install 'resnext-flops[torch]'",
    ]
