"""The documentation site builds without a warning, misses nothing, and every link within it leads somewhere."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest

import resnext_flops as rf
from resnext_flops.cli import COMMANDS, main
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.names import families

DOCS = Path(__file__).parent.parent.parent / "docs"


class Page(HTMLParser):
    """The anchors of a page, its links, those to the glossary, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: list[str] = []
        self.terms: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.append(value)
            if name == "href" and value:
                (self.links if tag == "a" else self.loaded).append(value)
            if name == "href" and value and "term" in (dict(attrs).get("class") or "").split():
                self.terms.append(value.partition("#")[2])
            if name in {"src", "data", "poster"} and value:
                self.loaded.append(value)


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_link_within_the_site_leads_somewhere(pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target in pages and anchor not in pages[target].anchors):
                broken.append(f"{path.name}: {link}")
    assert len(pages) > 15
    assert not broken


def test_no_page_loads_anything_from_elsewhere(pages: dict[Path, Page]) -> None:
    assert not [link for page in pages.values() for link in page.loaded if urlsplit(link).scheme not in {"", "data"}]


def imported() -> set[str]:
    """What the pages and the notebooks import of our modules, but for the page on extending the project."""
    found = set()
    for page in (*DOCS.glob("*.md"), *DOCS.parent.glob("notebooks/*.ipynb")):
        if page.name != "extending.md":
            text = page.read_text(encoding="utf-8")
            for module, names in re.findall(r"from (resnext_flops[\w.]*) import (\w+(?:, \w+)*)", text):
                found |= {f"{module}.{name}" for name in names.split(", ")}
    return found


@pytest.mark.parametrize("name", sorted({*rf.__all__, *families()}))
def test_every_public_name_is_in_the_interface_once(site: Path, pages: dict[Path, Page], name: str) -> None:
    places = [path.name for path, page in pages.items() for anchor in page.anchors if anchor == f"resnext_flops.{name}"]
    assert places == ["api.html"]


def test_what_the_pages_import_is_documented(site: Path, pages: dict[Path, Page]) -> None:
    anchors = {anchor.removeprefix("module-") for page in pages.values() for anchor in page.anchors}
    assert {"resnext_flops.plots.draw", "resnext_flops.proof.budgets.check"} <= imported()
    assert not imported() - anchors


def test_the_interface_is_by_task(site: Path) -> None:
    titles = re.findall(r"<h2>(.*?)<", (site / "api.html").read_text(encoding="utf-8"))
    assert titles[:7] == ["Describe", "Count", "Explain", "Solve", "Sweep", "Prove", "Measure"]


def text_of(html: str) -> str:
    return unescape(re.sub("<.*?>", "", html))


def test_every_command_and_option_is_in_the_reference(site: Path, pages: dict[Path, Page]) -> None:
    anchors, text = pages[site / "commands.html"].anchors, (site / "commands.html").read_text(encoding="utf-8")
    assert [anchor for anchor in anchors if anchor in {f"resnext-flops-{name}" for name in COMMANDS}] == [
        f"resnext-flops-{name}" for name in COMMANDS
    ]
    for name in COMMANDS:
        command = main.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        for parameter in command.params:
            for option in (each for each in parameter.opts if each.startswith("--")):
                place = f'id="cmdoption-resnext-flops-{name}-{option.lstrip("-")}"'
                assert place in text, option
                entry = text_of(text.split(place)[1].partition("</dd>")[0])
                if isinstance(parameter.type, click.Choice):
                    assert f"One of {', '.join(parameter.type.choices)}." in entry


def test_every_command_has_a_sample_of_what_it_prints(site: Path) -> None:
    text = (site / "commands.html").read_text(encoding="utf-8")
    samples = [text_of(each) for each in re.findall(r'<div class="sample.*?<pre>(.*?)</pre>', text, re.DOTALL)]
    assert [re.split(r"\s", each)[2] for each in samples] == list(COMMANDS)
    assert all(len(line) <= 86 for each in samples for line in each.splitlines())
    # The paper's Table 2, and what torchvision prints of this network: 4.23 billion.
    widths = dict(re.findall(r"^ +(\d+) +[\d.]+ +(\d+) ", samples[0], re.MULTILINE))
    assert {C: widths[C] for C in ("1", "2", "4", "8", "32")} == {"1": "64", "2": "40", "4": "24", "8": "14", "32": "4"}
    count = samples[list(COMMANDS).index("count")]
    assert re.search(r"^ total .* 4\.230 G ", count, re.MULTILINE)


def test_every_word_of_the_glossary_is_linked_at_its_first_use(site: Path, pages: dict[Path, Page]) -> None:
    glossary = [anchor for anchor in pages[site / "glossary.html"].anchors if anchor.startswith("term-")]
    assert len(glossary) > 50
    for page in pages.values():
        assert len(page.terms) == len(set(page.terms))
    used = {term for page in pages.values() for term in page.terms}
    # Several words with one explanation share the place of the first.
    text = (site / "glossary.html").read_text(encoding="utf-8")
    first = {re.findall(r'id="(.*?)"', each)[0] for each in re.findall(r"(?:<dt.*?</dt>)+(?=<dd>)", text, re.DOTALL)}
    assert used == first


def test_a_word_is_linked_where_it_stands_first(site: Path) -> None:
    before, link, _ = (
        (site / "check.html").read_text(encoding="utf-8").partition("<article")[2].partition("#term-budget")
    )
    assert link
    # In a title, in code and in another link it is no use of the word.
    running = re.sub(r"<(h1|code|pre|a)\b.*?</\1>", "", before, flags=re.DOTALL)
    assert "udget" not in text_of(running)


def test_every_convention_is_listed(site: Path) -> None:
    text = (site / "conventions.html").read_text(encoding="utf-8")
    assert not [name for name in CONVENTIONS if f"<p>{name}</p>" not in text]


def test_formulas_are_mathml(site: Path) -> None:
    lesson = (site / "notebooks" / "1_table_2_from_scratch.html").read_text(encoding="utf-8")
    assert lesson.count("<math") > 20
    assert "$$" not in lesson
