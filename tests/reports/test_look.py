"""How reports look: folded tables, contents, empty columns, pages of LaTeX, and tables on the site as elsewhere."""

import json
import re
import shutil
import subprocess
import unicodedata
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import resnext_flops as rf
from resnext_flops.complexity.layers import Conv, Flatten, GlobalAvgPool, Linear, ReLU, Sequential
from resnext_flops.reports import FORMS, rendering, report
from resnext_flops.reports.comparison import comparison
from resnext_flops.reports.content import Folded, Report
from resnext_flops.reports.paper import paper_report
from resnext_flops.show.table import Cell, Column, Table
from tests.browser import CHROMIUM, Page, browsing
from tests.proofs import made_up

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
PDFLATEX, PDFTOPPM, PDFTOTEXT = map(shutil.which, ("pdflatex", "pdftoppm", "pdftotext"))
with_latex = pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed")
with_poppler = pytest.mark.skipif(not (PDFTOPPM and PDFTOTEXT), reason="poppler is not installed")


def tiny(name: str = "tiny") -> rf.Network:
    layers = Sequential.of(conv=Conv(4, 3), relu=ReLU(), pool=GlobalAvgPool(), flatten=Flatten(), fc=Linear(2))
    return rf.described(rf.Description((3, 8, 8), layers), name)


def written(content: Report, form: str) -> str:
    sources = {picture.name: "" for picture in content.pictures}
    return rendering.texts(content, form, sources)[rendering.TEXT[form]]


@pytest.fixture(scope="module")
def small() -> Report:
    return comparison([tiny("one (1)"), tiny("two")], "resnext-flops report")


@pytest.fixture(scope="module")
def paper() -> Report:
    return paper_report("resnext-flops report")


@pytest.mark.parametrize("kind", ["small", "paper"])
def test_no_column_and_no_row_is_empty_throughout(kind: str, request: pytest.FixtureRequest) -> None:
    for table in request.getfixturevalue(kind).tables:
        first, *others = (column.key for column in table.columns)
        for key in others:
            assert any(row.get(key) not in (None, "") for row in table.rows), (table.id, key)
        for row in table.rows:
            assert any(row.get(key) not in (None, "") for key in others), (table.id, row[first])


def test_what_is_empty_is_left_out_and_nothing_else() -> None:
    columns = (Column("part", "part"), Column("zero", "zero"), Column("no", "no"), Column("none", "none"))
    rows: list[dict[str, Cell]] = [
        {"part": "a", "zero": 0, "no": False, "none": None},
        {"part": "b", "zero": None, "none": ""},
    ]
    kept = Table("id", "title", "", columns, rows).without_empty()
    assert [column.key for column in kept.columns] == ["part", "zero", "no"]
    assert [row["part"] for row in kept.rows] == ["a"]


def test_a_report_without_proof_says_nothing_of_one(paper: Report) -> None:
    for table in paper.tables:
        assert not {"proven", "fvcore_macs", "fvcore_extra"} & {column.key for column in table.columns}, table.id
        assert not table.proof
        assert not [row for row in table.rows if ", built" in str(row.get("row")) or ", fvcore" in str(row.get("row"))]
        assert not [note for note in table.notes if "fvcore" in note], table.id
    proven = paper_report("resnext-flops report", made_up)
    (template,) = (table for table in proven.tables if table.id == "template")
    assert {"proven", "fvcore_macs", "fvcore_extra"} <= {column.key for column in template.columns}
    assert [note for note in template.notes if note.startswith("fvcore's extra")]


def test_the_contents_lead_to_every_section(small: Report) -> None:
    titles = [section.title for section in small.sections]
    page = written(small, "html")
    links = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a></li>', page)
    assert [title for _, title in links] == titles
    for anchor, title in links:
        assert f'<h2 id="{anchor}">{title}</h2>' in page
    markdown = written(small, "markdown")
    contents = re.findall(r"^- \[(.+)\]\(#(.*)\)$", markdown, re.MULTILINE)
    assert [title for title, _ in contents] == titles
    # GitHub: small letters, hyphens for spaces, and no other punctuation.
    assert dict(contents)["one (1)"] == "one-1"
    assert dict(contents)["How this report is made"] == "how-this-report-is-made"
    for title, _ in contents:
        assert f"\n## {title}\n" in markdown
    twice = comparison([tiny(), tiny()], "resnext-flops report")
    assert [place for title, place in twice.contents if title == "tiny"] == ["tiny", "tiny-1"]
    latex = written(small, "latex")
    assert latex.index("\\tableofcontents") < latex.index("\\section{")


def test_the_summary_comes_before_the_contents_and_all_tables(small: Report) -> None:
    for form, contents in zip(FORMS, ("**Contents**", 'id="contents"', "\\tableofcontents"), strict=True):
        text = written(small, form)
        table = {"markdown": "| model |", "html": "<table", "latex": "\\input{tables/"}[form]
        assert text.index("Asked: what do") < text.index("What is surprising") < text.index(contents)
        assert text.index(contents) < text.index(table)


def test_long_tables_are_folded(small: Report, paper: Report) -> None:
    folded = [part.table for part in small.parts if isinstance(part, Folded)]
    assert {table.id for table in folded} >= {"rules", "bridges", "kinds-1", "layers-1", "layers-2"}
    for content in (small, paper):
        for table in content.tables:
            shut = any(isinstance(part, Folded) and part.table is table for part in content.parts)
            assert shut or len(table.rows) <= 30, table.id
    assert written(small, "html").count("<details>") == len(folded)
    assert written(small, "latex").count("\\input{tables/") == len(small.tables)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser")) as page:
        yield page


@in_a_browser
def test_a_folded_table_opens_by_the_keyboard(browser: Page, tmp_path: Path, small: Report) -> None:
    file = tmp_path / "report.html"
    file.write_text(written(small, "html"), encoding="utf-8")
    browser.open(file.as_uri())
    seen = "document.querySelector('details table').checkVisibility({contentVisibilityAuto: true})"
    assert browser.evaluate(seen) is False
    browser.press("details summary", "Enter")
    assert browser.evaluate("document.querySelector('details').open") is True
    assert browser.evaluate(seen) is True
    browser.press("details summary", "Enter")
    assert browser.evaluate(seen) is False


@in_a_browser
@with_poppler
def test_a_folded_table_prints_open(browser: Page, tmp_path: Path, small: Report) -> None:
    page, printed = written(small, "html"), {}
    for name, text in {"report": page, "without the rule": page.replace("::details-content", "::nothing")}.items():
        file, pdf = tmp_path / f"{name}.html", tmp_path / f"{name}.pdf"
        file.write_text(text, encoding="utf-8")
        browser.open(file.as_uri())
        pdf.write_bytes(b64decode(browser.send("Page.printToPDF")["data"]))
        printed[name] = words(pdf)
    # A term of the bridges, which are folded, and the last layer.
    assert all(term in printed["report"] for term in ("linear: counted as two", "two on 3x8x8, layer by layer"))
    assert "counted as two" not in printed["without the rule"]


# What a reader sees of a table, at the cell that is asked for.
LOOK = """(() => {
  const caption = [...document.querySelectorAll(".table")].find(each => each.textContent.includes(%s));
  const table = caption.querySelector("table"), cells = [...table.querySelectorAll("tbody tr")].map(row => row.cells);
  const box = table.parentElement, looks = cell => {
    const style = getComputedStyle(cell), line = parseFloat(style.lineHeight);
    return [style.fontSize, style.textAlign, style.whiteSpace, style.paddingTop, style.paddingRight,
            style.borderLeftWidth, Math.round(cell.getBoundingClientRect().height / line)];
  };
  return {
    head: [...table.tHead.rows[0].cells].map(looks),
    cells: cells.map(row => [...row].map(looks)),
    width: Math.round(table.getBoundingClientRect().width),
    scrolls: getComputedStyle(box).overflowX,
    shadow: getComputedStyle(box).backgroundImage.split("linear-gradient").length - 1,
    page: document.documentElement.scrollWidth <= innerWidth,
  };
})()"""


@in_a_browser
@pytest.mark.parametrize("width", [400, 1000, 1400])
@pytest.mark.parametrize("title", ["Table 3: ", "One model, many figures"])
def test_tables_look_the_same_on_the_site(
    site: Path, browser: Page, tmp_path: Path, paper: Report, width: int, title: str
) -> None:
    alone = tmp_path / "report.html"
    proven = paper_report("resnext-flops report", made_up)
    alone.write_text(written(proven, "html"), encoding="utf-8")
    looks: list[dict[str, Any]] = []
    for page in (alone, site / "report" / "report.html"):
        browser.resize(width)
        browser.open(page.as_uri())
        looks.append(browser.evaluate(LOOK % json.dumps(title)))
    one, other = looks
    assert one["head"] == other["head"]
    assert one["cells"] == other["cells"]
    assert {each[-1] for row in one["cells"] for each in row} == {1}  # no name and no figure is broken
    assert abs(one["width"] - other["width"]) <= 2
    for look in looks:
        assert (look["scrolls"], look["shadow"], look["page"]) == ("auto", 4, True)


def compiled(folder: Path) -> tuple[list[str], Path]:
    """What pdflatex complains of, after the contents and the widths of tables are known, and the PDF."""
    for _ in range(3):
        done = subprocess.run(
            [str(PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "report.tex"],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        )
        if done.returncode:
            return done.stdout.splitlines()[-20:], folder / "report.pdf"
    log = (folder / "report.log").read_text(encoding="latin-1")
    faults = re.compile(
        r"^(Overfull|!|LaTeX Warning: .*(undefined|multiply|may have changed|too large)|Missing char).*"
    )
    return [line for line in log.splitlines() if faults.match(line)], folder / "report.pdf"


@with_latex
@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("\\noindent\\rule{2\\linewidth}{1pt}\\par", "Overfull"),
        ("\\ref{tab:nowhere}", "undefined"),
        ("\\nosuchcommand", "nosuchcommand"),
        ("\\section{again}\\label{tab:costs}", "multiply"),
    ],
)
def test_a_fault_of_latex_is_found(tmp_path: Path, line: str, fault: str) -> None:
    table = "\\documentclass{article}\n\\begin{document}\n\\section{a}\\label{tab:costs}\n%s\n\\end{document}\n"
    (tmp_path / "report.tex").write_text(table % line)
    assert any(fault in each for each in compiled(tmp_path)[0])
    (tmp_path / "report.tex").write_text(table % "text")
    assert compiled(tmp_path)[0] == []


@with_latex
def test_latex_compiles_without_a_complaint(tmp_path: Path) -> None:
    # Names that are long and hostile, and a table with a row for each layer.
    name = "a_very/long:name_of-a{model}(with=50 % of $x^2$, and=more, than=fits, on=one, line=of, the=page)"
    # And one that has no space where a line could end.
    detector = "torchvision:fasterrcnn_mobilenet_v3_large_320_fpn on 3,320,320"
    place = report(rf.resnet_cifar(20), tiny(name), tiny(detector), output=tmp_path / "report", form="latex")
    assert compiled(place)[0] == []


def words(pdf: Path) -> str:
    """The text of a PDF."""
    command = [str(PDFTOTEXT), "-layout", str(pdf), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def letters(text: str) -> str:
    """The letters and digits of a text: LaTeX has quotation marks and ligatures of its own."""
    return "".join(mark for mark in unicodedata.normalize("NFKC", text) if mark.isalnum())


def half_empty(pdf: Path) -> list[int]:
    """The pages, but for the last, of which the lower half is empty: their numbers."""
    from PIL import Image

    subprocess.run([str(PDFTOPPM), "-r", "20", "-gray", "-png", str(pdf), str(pdf.with_suffix(""))], check=True)
    found = []
    pages = sorted(pdf.parent.glob(f"{pdf.stem}-*.png"))
    for number, page in enumerate(pages[:-1], start=1):
        image = Image.open(page).point(lambda grey: 255 * (grey < 200))
        # Below nine tenths stands the number of the page.
        ink = image.crop((0, 0, image.width, image.height * 9 // 10)).getbbox()
        if ink is None or ink[3] < image.height // 2:
            found.append(number)
    return found


@with_latex
@with_poppler
def test_a_half_empty_page_is_found(tmp_path: Path) -> None:
    first, second = "text\\newpage", "text\\vspace{16cm}\\par text\\newpage"
    head = "\\documentclass[a4paper]{article}\\usepackage[margin=2cm]{geometry}\\begin{document}"
    pages = f"{head}{first} {second} text\\end{{document}}"
    (tmp_path / "report.tex").write_text(pages)
    assert half_empty(compiled(tmp_path)[1]) == [1]


@pytest.mark.slow
@with_latex
@with_poppler
@pytest.mark.parametrize("models", [(), ("convnext_tiny", "timm:vit_tiny_patch16_224", "torchvision:raft_small")])
def test_reports_compile_and_fill_their_pages(tmp_path: Path, models: tuple[str, ...]) -> None:
    prove = made_up if not models else None
    place = report(*models, output=tmp_path / "report", form="latex", prove=prove)
    faults, pdf = compiled(place)
    assert faults == []
    assert half_empty(pdf) == []
    if not models:
        # A caption has the paper's number and no other, and the tables come in the order of the report.
        text = words(pdf)
        places = [letters(text).index(letters(table.title)) for table in paper_report("", made_up).tables]
        assert places == sorted(places)
        assert not re.search(r"(Table|Figure) \d+: (Table|Figure|Eqn|Section)", text)
