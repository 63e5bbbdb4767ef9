"""Run two things in turn and compare them pair by pair, so that a drift of the machine hits both alike."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Comparison(NamedTuple):
    """One comparison: `what` is "ours / theirs", with the ratio of each pair and what is aimed at."""

    what: str
    ratios: Sequence[float]
    aim: str


def seconds(call: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def ratios(ours: Callable[[], object], theirs: Callable[[], object], pairs: int) -> list[float]:
    """The ratio ours / theirs of each pair of calls, after one warm-up of each."""
    ours()
    theirs()
    return [seconds(ours) / seconds(theirs) for _ in range(pairs)]


def command(*words: str) -> Callable[[], object]:
    """A command as a call; its output is thrown away.

    Python may keep its bytecode, as it does for anyone who runs the program twice: packages that pip installs have it
    from the start, and a checkout has it after the warm-up.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(words, check=True, env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def python(code: str) -> Callable[[], object]:
    """Python code run by this interpreter, from its start on, as a call."""
    return command(sys.executable, "-c", code)
