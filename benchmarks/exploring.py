"""The explorer's page in headless Chromium: how long it loads, and how long a step of a slider keeps the browser busy.

A step is everything that the browser's main thread does for it: the figures, the answer, the layout and the pictures.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pairs import Comparison, seconds
from resnext_flops.explorer.page import paper_page
from tests.browser import CHROMIUM, Page, browsing

RUNS = 6
STEPS = 30
# Moves a slider up and down, one step a frame, as a hand does.
MOVE = """(async () => {{
  const slider = document.getElementById("slider-{size}");
  for (let step = 0; step < {steps}; step++) {{
    slider.value = {first} + {by} * (step % 8);
    slider.dispatchEvent(new Event("input", {{bubbles: true}}));
    await new Promise(requestAnimationFrame);
  }}
  await new Promise(requestAnimationFrame);
}})()"""
# The cardinality moves one design; a depth moves every figure of the page.
SLIDERS = {"C": (8, 1), "d": (4, 1), "n3": (6, 1), "r": (128, 32)}


def busy(page: Page) -> float:
    """Seconds that the main thread has worked so far."""
    metrics = page.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def step(page: Page, size: str) -> float:
    """Seconds of work for a step of a slider."""
    first, by = SLIDERS[size]
    before = busy(page)
    page.evaluate(MOVE.format(size=size, steps=STEPS, first=first, by=by))
    return (busy(page) - before) / STEPS


def rows() -> Iterator[Comparison]:
    if CHROMIUM is None:
        print("Chromium is not installed, so the explorer is not measured", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder, browsing(Path(folder)) as page:
        file = Path(folder) / "explorer.html"
        file.write_text(paper_page(), encoding="utf-8")
        page.resize(1400)
        page.send("Performance.enable", timeDomain="threadTicks")
        page.open(file.as_uri())
        loading = [seconds(lambda: page.open(file.as_uri())) for _ in range(RUNS)]
        yield Comparison("the paper's page, from opening to its pictures / 1 s", loading, "at most 1")
        for size in SLIDERS:
            step(page, size)
            yield Comparison(
                f"a step of the slider of {size} / 16 ms", [step(page, size) / 0.016 for _ in range(RUNS)], "at most 1"
            )
