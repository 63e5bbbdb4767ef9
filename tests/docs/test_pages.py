"""Pages in a real browser: nothing in the console, every picture loads, nothing overflows. Skipped without Chromium."""

import json
import re
import subprocess
from html import unescape
from pathlib import Path

import pytest

import resnext_flops as rf
from tests.browser import CHROMIUM

WIDTHS = (400, 1400)
PAGES = ("index", "conventions", "api", "report/report", "notebooks/1_table_2_from_scratch", "_static/explorer")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

# Added to the end of the page: what it finds, it tells the page around it.
PROBE = """
<script>
addEventListener("load", () => parent.postMessage({
  width: innerWidth,
  needed: document.documentElement.scrollWidth,
  missing: [...document.images].filter(image => !image.naturalWidth).map(image => image.src),
  pictures: document.images.length,
}, "*"));
</script>
"""

# A frame has exactly the width that it is given, which a window need not have.
AROUND = """<!doctype html><title>around</title><body>{frames}<script>
const found = [];
addEventListener("message", event => {{
  found.push(event.data);
  if (found.length === {expected}) {{
    const told = document.createElement("pre");
    told.id = "found";
    told.textContent = JSON.stringify(found);
    document.body.append(told);
  }}
}});
</script>"""


def problems(page: Path, scratch: Path) -> list[str]:
    """What is wrong with a page at each of the widths, as a person would see it. A copy of it is made in `scratch`."""
    probed, around = scratch / "probed.html", scratch / "around.html"
    # Pictures below the fold would otherwise be loaded when someone scrolls.
    text = page.read_text(encoding="utf-8").replace('loading="lazy"', "")
    text, found_head = re.subn(r"<head[^>]*>", lambda head: f'{head[0]}<base href="{page.as_uri()}">', text, count=1)
    assert found_head
    probed.write_text(text + PROBE, encoding="utf-8")
    frames = "".join(f'<iframe src="{probed.name}" style="width:{width}px;border:0"></iframe>' for width in WIDTHS)
    around.write_text(AROUND.replace("{frames}", frames).format(expected=len(WIDTHS)), encoding="utf-8")
    dom, console = browse(around)
    told = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    if told is None:
        return [f"the page did not load: {console}"]
    found = json.loads(unescape(told[1]))
    assert sorted(each["width"] for each in found) == sorted(WIDTHS)
    return [
        *console,
        *(f"{each['needed']} pixels are needed at {each['width']}" for each in found if each["needed"] > each["width"]),
        *{f"the picture {picture} does not load" for each in found for picture in each["missing"]},
    ]


def browse(page: Path) -> tuple[str, list[str]]:
    """The page as Chromium has it after its scripts have run, and the lines of its console."""
    done = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",  # the pages are our own, and a container has no sandbox to offer
            "--disable-gpu",
            "--disable-background-networking",
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<p>in order</p>", None),
        ("<div style='width:900px'>too wide for a telephone</div>", "900 pixels are needed at 400"),
        ("<img src='missing.png'>", "missing.png does not load"),
        ("<script>undefined.name</script>", "CONSOLE"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, body: str, problem: str | None) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html><html><head><style>body{{margin:0}}</style></head><body>{body}</body></html>")
    found = problems(page, tmp_path)
    assert (not found) if problem is None else any(problem in each for each in found)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site_is_in_order(site: Path, tmp_path: Path, name: str) -> None:
    assert problems(site / f"{name}.html", tmp_path) == []


def test_the_report_of_the_paper_is_in_order(tmp_path: Path) -> None:
    rf.report(output=tmp_path / "report", form="html")
    assert problems(tmp_path / "report" / "report.html", tmp_path) == []
