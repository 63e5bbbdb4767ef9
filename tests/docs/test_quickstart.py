"""The quick start in two languages: the same blocks, and every command in them runs.

What the README lists too is run by its own test.
"""

import re
from pathlib import Path

import pytest

from tests.docs.test_readme import COMMANDS as OF_THE_README
from tests.docs.test_readme import run

DOCS = Path(__file__).parent.parent.parent / "docs"
ENGLISH, KOREAN = ((DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("quickstart", "quickstart_ko"))
COMMANDS = [
    line.split("  #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", ENGLISH, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("resnext-flops ")
]


def blocks(page: str) -> list[str]:
    """The blocks of a page, without the comments in them."""
    found = re.findall(r"```\w+\n.*?```", page, re.DOTALL)
    return [re.sub(r" +# .*", "", block) for block in found]


def test_both_pages_have_the_same_blocks() -> None:
    assert len(blocks(ENGLISH)) > 10
    assert blocks(KOREAN) == blocks(ENGLISH)


@pytest.mark.parametrize("page", [ENGLISH, KOREAN])
def test_the_figures_in_the_text(page: str) -> None:
    """A 3x3 convolution of 3 to 16 channels on 32 x 32 pixels, one of 16 to 16, and a linear layer of 16 to 10."""
    macs = 32 * 32 * 9 * (3 * 16 + 16 * 16) + 16 * 10
    params = 9 * (3 * 16 + 16 * 16) + 16 * 10 + (16 + 16 + 10)
    text = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    for figure in (macs, 2 * macs, params):
        assert f"{figure:,}" in text


def test_the_korean_page_has_the_words_of_the_field() -> None:
    for word in ("카디널리티", "병목", "그룹 컨볼루션", "연산량", "매개변수", "폭", "해상도", "배치"):
        assert word in KOREAN


def test_both_are_linked_from_the_front() -> None:
    assert "quickstart_ko" in (DOCS / "index.md").read_text(encoding="utf-8")
    assert "docs/quickstart_ko.md" in (DOCS.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in OF_THE_README])
def test_a_command_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(command, tmp_path, monkeypatch)
