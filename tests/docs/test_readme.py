"""The README shows what the program prints, and every command in it runs. Its Python examples run as doctests."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import GROUPS, main
from resnext_flops.show.render import fitted
from resnext_flops.tables.template import template
from tests.proofs import made_up

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# The commands of each group, by its title.
LISTED: dict[str, list[str]] = {
    title: [line.split("  #")[0].strip() for line in block.splitlines()]
    for title, block in re.findall(r"\*\*(.*?)\*\*\n\n```sh\n(.*?)```", README, re.DOTALL)
}
COMMANDS = [command for group in LISTED.values() for command in group]
# What builds large models, or measures, runs as it is listed in the slow test, and here with less to do.
CHEAP = {
    "resnext-flops table": "resnext-flops table --cardinality 32 --resolution 64",
    "resnext-flops verify resnext50_32x4d": "resnext-flops verify resnet20_cifar",
    "resnext-flops report --output report": "resnext-flops report --of resnet20_cifar --output report",
    "resnext-flops audit resnet50": "resnext-flops audit resnet50 --no-run",
    'resnext-flops compare --zoo torchvision --budget "macs <= 4.2G" --pareto "macs,-accuracy"': "resnext-flops "
    'compare torchvision:resnet18 torchvision:resnet50 --budget "macs <= 4.2G" --pareto "macs,-accuracy"',
    'resnext-flops solve timm:convnext_tiny --free N --budget "training_bytes <= 24Gi"': "resnext-flops solve "
    'resnet20_cifar --free N --budget "training_bytes <= 24Gi"',
    "resnext-flops calibrate --output mine.toml": "resnext-flops calibrate --help",
    "resnext-flops measure resnet50 resnext50_32x4d": "resnext-flops measure resnet20_cifar --seconds 0.01",
}


def run(command: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    """A command of the README, in a directory with the files that it speaks of."""
    monkeypatch.chdir(place)
    budgets = (ROOT / "docs" / "check.md").read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    Path("budgets.toml").write_text(budgets.replace(', "change <= 1%"', ""), encoding="utf-8")
    name, *arguments = shlex.split(command)
    assert name == "resnext-flops"
    result = CliRunner().invoke(main, arguments, prog_name=name)
    # `diff` ends with 1 where two networks differ.
    assert result.exit_code == (1 if arguments[0] == "diff" else 0), result.output
    return result


def test_it_is_read_in_a_minute() -> None:
    assert len(README.splitlines()) <= 150


def test_the_table_is_the_one_that_is_printed() -> None:
    shown = README.split("```text\n")[1].split("```")[0].splitlines()
    printed = [line.text.rstrip() for line in fitted(template(rf.resnet(50), prove=made_up), 80)]
    assert len(shown) >= 11
    assert [line.rstrip() for line in shown] == printed[: len(shown)]


def test_every_command_is_in_its_group() -> None:
    used = {title: list(dict.fromkeys(command.split()[1] for command in group)) for title, group in LISTED.items()}
    assert used == {title: list(group) for title, group in GROUPS.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(CHEAP.get(command, command), tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("command", CHEAP)
def test_a_slow_command_runs_as_it_is_listed(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command in COMMANDS
    run(command, tmp_path, monkeypatch)


def test_ones_own_model(tmp_path: Path) -> None:
    """The function of the Python example, in a file as the README says, is counted by its command."""
    lines = [line[4:] for line in README.split("```python\n")[1].splitlines() if line.startswith((">>> ", "... "))]
    written = lines[: lines.index("import resnext_flops as rf")]
    (tmp_path / "mymodels.py").write_text("\n".join(written), encoding="utf-8")
    _, *arguments = shlex.split(README.split("enough:\n\n```sh\n")[1].split("\n")[0])
    # In a process of its own, where no other test has imported a module of this name.
    call = [sys.executable, "-m", "resnext_flops", *arguments]
    done = subprocess.run(
        call, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=True
    )
    # Two 3x3 convolutions on 32 x 32 pixels: of 3 to 16 channels, and of 16 to 16.
    macs = 32 * 32 * 9 * (3 * 16 + 16 * 16)
    assert f"{macs:,}" in done.stdout.decode()
    assert f"\n{macs}\n" in README


def test_every_link_leads_to_a_file() -> None:
    links = [link for link in re.findall(r"\]\((.*?)\)", README) if not link.startswith("https://")]
    assert len(links) > 10
    assert not [link for link in links if not (ROOT / link).exists()]
