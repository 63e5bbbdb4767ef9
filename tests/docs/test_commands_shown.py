"""The commands on some pages print what the page shows. `--update-golden` writes it anew."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from resnext_flops.cli import main

PAGES = Path(__file__).parent.parent.parent / "docs"
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


@pytest.mark.parametrize(("name", "blocks"), [("real_models.md", 10), ("json.md", 1), ("models.md", 1)])
def test_every_command_prints_what_is_shown(
    name: str, blocks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    page = (PAGES / name).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    Path("small").mkdir()
    for file, form in (("mymodels.py", "python"), ("small/config.json", "json")):
        Path(file).write_text(page.partition(f"```{form}\n")[2].partition("```")[0], encoding="utf-8")
    shown = BLOCK.findall(page)
    printed = [answered(block) for block in shown]
    assert len(printed) >= blocks
    if request.config.getoption("--update-golden"):
        (PAGES / name).write_text(BLOCK.sub(lambda _: printed.pop(0), page), encoding="utf-8")
    else:
        assert printed == shown
