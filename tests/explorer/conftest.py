"""The page of the paper in a browser, once for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resnext_flops.explorer.page import paper_page
from tests.browser import Page, browsing, opened


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture(scope="package")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the paper's page."""
    file = tmp_path_factory.mktemp("explorer") / "explorer.html"
    file.write_text(paper_page(), encoding="utf-8")
    return file


@pytest.fixture
def page(browser: Page, written: Path) -> Iterator[Page]:
    yield from opened(browser, written)
