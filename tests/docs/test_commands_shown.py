"""The commands on the page on real models print what the page shows. `--update-golden` writes it anew."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from resnext_flops.cli import main

PAGE = Path(__file__).parent.parent.parent / "docs" / "real_models.md"
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)


def answered(block: str) -> str:
    """A block of commands, each with what it prints. What it is refused with has exit status 2."""
    answers = []
    for line in block.splitlines():
        if line.startswith("$ resnext-flops "):
            done = CliRunner().invoke(main, shlex.split(line)[2:], prog_name="resnext-flops")
            assert done.exit_code == (0 if done.stdout else 2), done.output
            answers.append(f"{line}\n{done.stdout or done.stderr}")
    return "\n".join(answers)


def test_every_command_prints_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    Path("small").mkdir()
    for name, form in (("mymodels.py", "python"), ("small/config.json", "json")):
        Path(name).write_text(page.split(f"```{form}\n")[1].split("```")[0], encoding="utf-8")
    shown = BLOCK.findall(page)
    printed = [answered(block) for block in shown]
    assert len(printed) > 9
    if request.config.getoption("--update-golden"):
        PAGE.write_text(BLOCK.sub(lambda _: printed.pop(0), page), encoding="utf-8")
    else:
        assert printed == shown
