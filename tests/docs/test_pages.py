"""Every page in a real browser: nothing in the console, every picture loads, nothing overflows, what scrolls shows it.

Skipped without Chromium.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

import resnext_flops as rf
from tests.browser import CHROMIUM, Page, browsing

WIDTHS = (400, 1400)
PAGES = (
    "index",
    "quickstart_ko",
    "conventions",
    "glossary",
    "report/report",
    "notebooks/1_table_2_from_scratch",
    "_static/explorer",
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

# Pictures below the fold would otherwise be loaded when someone scrolls.
LOADED = """
Promise.all([...document.images].map(image => { image.loading = "eager"; return image.decode().catch(() => null); }))
  .then(() => [...document.images].filter(image => !image.naturalWidth).map(image => image.src))
"""
WIDE = "[innerWidth, document.documentElement.scrollWidth]"
# The boxes of a text that scroll sideways.
SCROLLING = """
[...document.querySelectorAll("article *")].filter(box =>
  ["auto", "scroll"].includes(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth + 1)
"""
NAMED = ".map(box => `${box.localName}.${box.className}`)"
# Those without a shadow where there is more. Of one table the page says that it scrolls.
SILENT = f"""
{SCROLLING}.filter(box =>
  !getComputedStyle(box).backgroundImage.includes("gradient") && box.id !== "predictions-scroll"){NAMED}
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser")) as page:
        yield page


def problems(browser: Page, page: Path) -> list[str]:
    """What is wrong with a page at each of the widths, as a person would see it."""
    browser.console.clear()
    browser.resize(WIDTHS[0])
    browser.open(page.as_uri())
    found = [f"the picture {picture} does not load" for picture in browser.evaluate(LOADED)]
    for width in WIDTHS:
        browser.resize(width)
        inner, needed = browser.evaluate(WIDE)
        assert inner == width or needed > width
        if needed > width:
            found.append(f"{needed} pixels are needed at {width}")
        found += [f"{box} scrolls at {width} and does not show it" for box in browser.evaluate(SILENT)]
    return found + browser.console


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<p>in order</p>", None),
        ("<div style='width:900px'>too wide for a telephone</div>", "900 pixels are needed at 400"),
        ("<img src='missing.png'>", "missing.png does not load"),
        ("<script>undefined.name</script>", "undefined"),
        (
            "<article><pre style='overflow:auto'>" + 99 * "wide" + "</pre></article>",
            "pre. scrolls at 400 and does not show it",
        ),
    ],
)
def test_a_fault_is_found(browser: Page, tmp_path: Path, body: str, problem: str | None) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html><html><head><style>body{{margin:0}}</style></head><body>{body}</body></html>")
    found = problems(browser, page)
    assert (not found) if problem is None else any(problem in each for each in found)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site_is_in_order(browser: Page, site: Path, name: str) -> None:
    assert problems(browser, site / f"{name}.html") == []


def test_nothing_is_cut_on_the_front_page(browser: Page, site: Path) -> None:
    browser.resize(1400)
    browser.open((site / "index.html").as_uri())
    assert browser.evaluate(SCROLLING + NAMED) == []
    browser.resize(400)
    assert browser.evaluate(SCROLLING + NAMED)


@pytest.mark.slow
def test_all_pages_of_the_site_are_in_order(browser: Page, site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 60
    assert {page.name: found for page in pages if (found := problems(browser, page))} == {}


def test_the_report_of_the_paper_is_in_order(browser: Page, tmp_path: Path) -> None:
    rf.report(output=tmp_path / "report", form="html")
    assert problems(browser, tmp_path / "report" / "report.html") == []


@pytest.mark.parametrize(
    ("word", "title"),
    [("cardinality", "From cardinality to depthwise"), ("roofline", "Glossary"), ("카디널리티", "빠른 시작 (한국어)")],
)
def test_the_search_finds_a_page(browser: Page, site: Path, word: str, title: str) -> None:
    browser.console.clear()
    browser.resize(1400)
    browser.open(f"{(site / 'search.html').as_uri()}?q={word}&again=")
    browser.until("document.querySelector('#search-results p')?.innerText.startsWith('Search finished')")
    browser.until(f"document.querySelector('#search-results ul').innerText.includes('{title}')")
    assert browser.console == []
