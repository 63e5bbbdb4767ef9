"""Progress bars: on a terminal alone, with what is done of how much, and not loaded before there is one to show."""

import io
import subprocess
import sys

import pytest

from resnext_flops.commands.progress import progress


class Terminal(io.StringIO):
    """Standard error of a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (io.StringIO(), False), (None, False)])
def test_a_bar_is_shown_on_a_terminal(stream: io.StringIO | None, shown: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress(3) as tell:
        tell("first [net]", 0)
        tell("second", 1)
    written = stream.getvalue() if stream else ""
    assert [("second" in written), ("1/3" in written)] == [shown, shown]


def test_a_bar_that_has_nothing_to_tell_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress(3):
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize("words", [["formula", "resnet18"], ["compare", "resnet18"], ["table", "--no-prove"]])
def test_light_commands_do_not_load_rich(words: list[str]) -> None:
    code = (
        "import sys; from resnext_flops.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: sys.exit(any(name.partition('.')[0] in {'rich', 'numpy'} for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)
