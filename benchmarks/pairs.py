"""Run two commands in turn and compare them pair by pair, so that a drift of the machine hits both alike."""

import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median


def seconds(command: Sequence[str]) -> float:
    """Wall seconds of one run of a command; its output is thrown away."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def ratios(ours: Sequence[str], theirs: Sequence[str], pairs: int) -> list[float]:
    """The ratio ours / theirs of each pair of runs, after one warm-up of each."""
    seconds(ours)
    seconds(theirs)
    return [seconds(ours) / seconds(theirs) for _ in range(pairs)]


def report(what: str, found: Sequence[float], wanted: str) -> None:
    """Print one line: the median ratio, its range, and what is aimed at."""
    low, high = min(found), max(found)
    print(f"{what}: {median(found):.2f} ({low:.2f} to {high:.2f} in {len(found)} pairs; aim: {wanted})")


def python(code: str) -> list[str]:
    """A command that runs Python code with this interpreter."""
    return [sys.executable, "-c", code]
