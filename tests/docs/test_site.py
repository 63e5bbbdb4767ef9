"""The documentation site builds without a warning, misses nothing, and every link within it leads somewhere."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import resnext_flops as rf
from resnext_flops.cli import COMMANDS, main
from resnext_flops.complexity.conventions import CONVENTIONS


class Page(HTMLParser):
    """The anchors of a page, its links, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if name == "href" and value:
                (self.links if tag == "a" else self.loaded).append(value)
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


def test_every_public_name_is_in_the_interface(site: Path, pages: dict[Path, Page]) -> None:
    anchors = pages[site / "api.html"].anchors
    assert not [name for name in rf.__all__ if f"resnext_flops.{name}" not in anchors]


def test_every_command_and_option_is_in_the_reference(site: Path, pages: dict[Path, Page]) -> None:
    anchors, text = pages[site / "commands.html"].anchors, (site / "commands.html").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"resnext-flops-{name}" in anchors
        command = main.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        for option in (each for parameter in command.params for each in parameter.opts if each.startswith("--")):
            assert f"cmdoption-resnext-flops-{name}-{option.lstrip('-')}" in anchors, option
            assert option in text


def test_every_convention_is_listed(site: Path) -> None:
    text = (site / "conventions.html").read_text(encoding="utf-8")
    assert not [name for name in CONVENTIONS if f"<p>{name}</p>" not in text]


def test_formulas_are_mathml(site: Path) -> None:
    lesson = (site / "notebooks" / "1_table_2_from_scratch.html").read_text(encoding="utf-8")
    assert lesson.count("<math") > 20
    assert "$$" not in lesson
