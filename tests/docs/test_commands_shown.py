"""The commands on some pages print what the page shows. `--update-golden` writes it anew."""

import io
import re
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from textwrap import wrap

import pytest
from click.testing import CliRunner

from resnext_flops.cli import main

PAGES = Path(__file__).parent.parent.parent / "docs"
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
COMMAND = "$ resnext-flops "
WIDTH = 80


def answered(block: str) -> str:
    """A block of commands, each with what it prints. What it is refused with has exit status 2."""
    answers = []
    for line in block.splitlines():
        if line.startswith(COMMAND):
            done = CliRunner().invoke(main, shlex.split(line)[2:], prog_name="resnext-flops")
            assert done.exit_code == (0 if done.stdout else 2), done.output
            answers.append(f"{line}\n{done.stdout or done.stderr}")
    return "\n".join(answers)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def in_terminal(block: str) -> str:
    """The same in a terminal, where a line that is too long goes on in the next."""
    answers = []
    for line in block.splitlines():
        if line.startswith(COMMAND):
            shown, said = Terminal(), io.StringIO()
            with redirect_stdout(shown), redirect_stderr(said), pytest.raises(SystemExit) as ended:
                main(shlex.split(line)[2:], prog_name="resnext-flops")
            assert (ended.value.code or 0) == (0 if shown.getvalue() else 2), said.getvalue()
            lines = (shown.getvalue() or said.getvalue()).splitlines()
            answers.append("\n".join([line, *(part for each in lines for part in wrap(each, WIDTH) or [""]), ""]))
    return "\n".join(answers)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setenv("TERM", "dumb")
    # Each page has a file of this name.
    monkeypatch.delitem(sys.modules, "mymodels", raising=False)


@pytest.mark.parametrize(
    ("name", "blocks", "terminal"),
    [
        ("real_models.md", 10, True),
        ("json.md", 1, False),
        ("models.md", 1, True),
        ("quickstart.md", 3, True),
        ("quickstart_ko.md", 3, True),
        ("time.md", 2, True),
    ],
)
def test_every_command_prints_what_is_shown(
    name: str, blocks: int, terminal: bool, request: pytest.FixtureRequest
) -> None:
    page = (PAGES / name).read_text(encoding="utf-8")
    Path("small").mkdir()
    for file, form in (("mymodels.py", "python"), ("small/config.json", "json")):
        Path(file).write_text(page.partition(f"```{form}\n")[2].partition("```")[0], encoding="utf-8")
    shown = BLOCK.findall(page)
    printed = [(in_terminal if terminal else answered)(block) for block in shown]
    assert len(printed) >= blocks
    if request.config.getoption("--update-golden"):
        (PAGES / name).write_text(BLOCK.sub(lambda _: printed.pop(0), page), encoding="utf-8")
    else:
        assert printed == shown
