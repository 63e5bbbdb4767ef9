"""Reports: what is in them, that they are the same each time and that they notice when they are not."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import resnext_flops as rf
from resnext_flops import plots
from resnext_flops.cli import main
from resnext_flops.commands import progress
from resnext_flops.complexity.layers import Conv, Flatten, GlobalAvgPool, Linear, ReLU, Sequential
from resnext_flops.proof.published import HELD
from resnext_flops.reports import FORMS, rendering, report, stale
from resnext_flops.reports.comparison import comparison
from resnext_flops.reports.content import Equation, Report
from resnext_flops.reports.paper import paper_report
from resnext_flops.show.markup import clean, escape_latex
from resnext_flops.show.render import text
from resnext_flops.tables.registry import tables
from tests.proofs import made_up, refuted

ROOT = Path(__file__).parent.parent.parent
GOLDEN = Path(__file__).parent / "golden"
COMMITTED = ROOT / "docs" / "report"
LAYERS = Sequential.of(conv=Conv(4, 3), relu=ReLU(), pool=GlobalAvgPool(), flatten=Flatten(), fc=Linear(2))


def tiny(name: str = "tiny") -> rf.Network:
    return rf.described(rf.Description((3, 8, 8), LAYERS), name)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are not drawn, where a test is about the texts or the directory: they take most of the time."""
    monkeypatch.setattr(plots, "draw", lambda *_: None)
    monkeypatch.setattr(plots, "save", lambda _, path: path.write_text("<svg/>"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", *arguments], prog_name="resnext-flops")


def files(directory: Path) -> dict[str, bytes]:
    """Every file of a report but its provenance."""
    found = {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    assert found.pop("provenance.json")
    return found


@pytest.fixture(scope="module")
def paper() -> Report:
    return paper_report("resnext-flops report", made_up)


def test_the_paper_has_every_table(paper: Report) -> None:
    ids = [table.id for table in paper.tables]
    assert len(ids) == len(set(ids))
    later = {*HELD, "lineage"}
    of_the_paper = tables().keys() - later
    assert {*of_the_paper, "template", "template-network", "conventions", "bridges"} <= set(ids)
    assert later.isdisjoint(ids)


def test_the_derivation_is_equation_4_and_its_root(paper: Report) -> None:
    from sympy import Symbol

    formulas = [part.expression for section in paper.sections for part in section.parts if isinstance(part, Equation)]
    block, equation, root = formulas[:3]
    c, d = (Symbol(name, positive=True, integer=True) for name in "Cd")
    assert (block - c * (256 * d + 3 * 3 * d * d + d * 256)).expand() == 0
    assert equation.rhs == 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256
    # At C = 1 the width is ResNet's own; at C = 32 the paper takes 4.
    assert root.rhs.subs(c, 1) == 64
    assert round(float(root.rhs.subs(c, 32))) == 4


def test_every_bridge_adds_up(paper: Report) -> None:
    (bridges,) = [table for table in paper.tables if table.id == "bridges"]
    for column in ("1", "2", "3", "4"):
        total = 0
        for row in bridges.rows:
            figure = row[column]
            assert figure is None or isinstance(figure, int)
            if row["convention"]:
                total = 0
            if str(row["term"]).startswith("= "):
                assert figure == total
            total += figure or 0


def cells_of_markdown(markdown: str) -> list[str]:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [
        "".join(" " if part.content == "<br>" else part.content for part in tokens[place + 1].children or ())
        for place, token in enumerate(tokens)
        if token.type in {"td_open", "th_open"}
    ]


class Page(HTMLParser):
    """A page of HTML: its tags, which must nest, and the texts of its cells."""

    EMPTY = ("meta", "img", "br")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] in {"td", "th"}:
            self.cells[-1] += data


def cells_of_tables(content: Report) -> list[str]:
    return [
        cell
        for table in content.tables
        for cell in (
            *(column.header.replace("\n", " ") for column in table.columns),
            *(text(row.get(column.key, "")) for row in table.rows for column in table.columns),
        )
    ]


def test_the_figures_of_markdown_and_html_are_those_of_the_tables(paper: Report) -> None:
    told = [clean(cell) for cell in cells_of_tables(paper)]
    assert cells_of_markdown(rendering.texts(paper, "markdown", {})["report.md"]) == told
    sources = {picture.name: "" for picture in paper.pictures}
    assert Page(rendering.texts(paper, "html", sources)["report.html"]).cells == told


def test_the_figures_of_latex_are_those_of_the_tables(paper: Report) -> None:
    written = rendering.texts(paper, "latex", {})
    assert [f"\\input{{tables/{table.id}.tex}}" in written["report.tex"] for table in paper.tables]
    for table in paper.tables:
        lines = [
            line.removesuffix("*").removesuffix(" \\\\").split(" & ")
            for line in written[f"tables/{table.id}.tex"].splitlines()
        ]
        for row in table.rows:
            assert [escape_latex(text(row.get(column.key, ""))) for column in table.columns] in lines


def test_latex_is_balanced(paper: Report) -> None:
    for name, content in rendering.texts(paper, "latex", {}).items():
        begun, ended = (re.findall(rf"\\{word}{{(\w+)}}", content) for word in ("begin", "end"))
        assert sorted(begun) == sorted(ended), name
        bare = re.sub(r"\\[{}%]|%.*", "", content)
        assert bare.count("{") == bare.count("}"), name


def test_html_is_one_file_that_everybody_can_read(tmp_path: Path) -> None:
    place = report(tiny(), output=tmp_path / "report", form="html")
    assert set(files(place)) == {"report.html"}
    page = Page((place / "report.html").read_text(encoding="utf-8"))
    tags = [tag for tag, _ in page.tags]
    assert page.tags[0] == ("html", {"lang": "en"})
    assert {"title", "main", "h1", "h2", "caption"} <= set(tags)
    assert "script" not in tags
    assert tags.count("h1") == 1
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(below - above <= 1 for above, below in pairwise(levels))
    for tag, attributes in page.tags:
        if tag == "img":
            assert attributes["alt"]
            assert str(attributes["src"]).startswith("data:image/svg+xml;base64,")
        if tag == "th":
            assert attributes["scope"] in {"col", "row"}
        assert str(attributes.get("href", "#")).startswith("#")
        assert not {"onload", "onclick"} & set(attributes)
    style = (place / "report.html").read_text(encoding="utf-8")
    assert "@media (prefers-color-scheme: dark)" in style
    assert "url(" not in style


def activity(latex: str) -> tuple[list[str], int]:
    """The commands of LaTeX in order, but for those that stand for a character, and its other active characters."""
    commands = [each for each in re.findall(r"\\[a-zA-Z]+", latex) if not each.startswith("\\text")]
    return commands, len(re.findall(r"(?<!\\)[$#^~&_%]", latex))


NAMES = st.text(st.one_of(st.sampled_from("\\`*_{}[]<>&|#~$!^%-+.:;=()'\"/ 1aé網"), st.characters()), max_size=20)


@settings(max_examples=6)
@given(NAMES.filter(clean))
@example("<script>alert(1)</script>")
@example("</title><img src=x onerror=alert(1)>")
@example("\\input{/etc/passwd} $x_1^2$ 50 %")
@example("**bold** [x](javascript:alert) | `code`")
def test_a_hostile_name_is_only_shown(name: str) -> None:
    content = comparison([tiny(name)], f"resnext-flops report --of {name}")
    sources = {picture.name: "" for picture in content.pictures}
    plain = comparison([tiny("plain")], "resnext-flops report --of plain")
    shown = clean(name)
    page = Page(rendering.texts(content, "html", sources)["report.html"])
    assert [tag for tag, _ in page.tags] == [
        tag for tag, _ in Page(rendering.texts(plain, "html", sources)["report.html"]).tags
    ]
    assert shown in page.text or name in page.text
    parse = MarkdownIt("commonmark").enable("table").parse
    kinds = [
        [
            part.type
            for token in parse(rendering.texts(each, "markdown", {})["report.md"])
            for part in (token, *(token.children or ()))
        ]
        for each in (content, plain)
    ]
    assert kinds[0] == kinds[1]
    latex = rendering.texts(content, "latex", {})
    assert escape_latex(f"What {name} costs") in latex["report.tex"]
    active = [activity("".join(each.values())) for each in (latex, rendering.texts(plain, "latex", {}))]
    assert active[0] == active[1]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_models_give_the_same_bytes(form: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if form != "html":  # which holds its pictures itself
        request.getfixturevalue("undrawn")
    first, second = (report(tiny(), output=tmp_path / name, form=form) for name in "ab")
    assert files(first) == files(second)


@pytest.mark.usefixtures("undrawn")
def test_versions_device_and_date_are_in_the_provenance_alone(tmp_path: Path) -> None:
    place = report(rf.resnet_cifar(20), output=tmp_path / "report", prove=rf.verify)
    said = json.loads((place / "provenance.json").read_text(encoding="utf-8"))
    assert said["proven on"] != []
    assert said["versions"]["torch"] == rf.verify(tiny()).versions["torch"]
    assert set(said["files"]) == set(files(place))
    written = (place / "report.md").read_text(encoding="utf-8")
    assert "0 of 1 networks are proven. For 1 there is no independent reference." in written
    for value in (*said["versions"].values(), said["date"], said["platform"]):
        assert value not in written


@pytest.mark.usefixtures("undrawn")
def test_a_report_is_fresh_until_a_figure_or_a_sentence_changes(tmp_path: Path) -> None:
    place = report("resnet20_cifar", output=tmp_path / "report")
    written = place / "report.md"
    assert stale("resnet20_cifar", output=place) == ""
    for path in place.rglob("*.svg"):
        path.write_text("<svg/>")
    provenance = json.loads((place / "provenance.json").read_text(encoding="utf-8"))
    (place / "provenance.json").write_text(json.dumps({**provenance, "date": "1999"}))
    assert stale("resnet20_cifar", output=place) == ""
    # 0.27 million parameters in the ResNet paper's Table 6.
    written.write_text(written.read_text(encoding="utf-8").replace("269,722", "269,723"), encoding="utf-8")
    differs = stale("resnet20_cifar", output=place)
    assert differs.startswith("--- report.md, there\n+++ report.md, now")
    assert "269,723" in differs
    assert stale("resnet32_cifar", output=place) != ""
    written.unlink()
    assert stale("resnet20_cifar", output=place) == "report.md is missing"


@pytest.mark.usefixtures("undrawn")
def test_staleness_on_the_command_line(tmp_path: Path) -> None:
    place = tmp_path / "report"
    arguments = ("--of", "resnet20_cifar", "--format", "html", "--output", str(place))
    missing = run(*arguments, "--fail-if-stale")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "holds no report to compare with" in missing.stderr
    assert run(*arguments).exit_code == 0
    fresh = run(*arguments, "--fail-if-stale")
    assert (fresh.exit_code, fresh.stdout) == (0, f"{place} is fresh\n")
    page = place / "report.html"
    page.write_text(page.read_text(encoding="utf-8").replace("What", "Which"), encoding="utf-8")
    differs = run(*arguments, "--fail-if-stale")
    assert differs.exit_code == 1
    assert differs.stdout.startswith(f"{place} is stale:\n--- report.html, there\n")


def snapshot(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "failure", [RuntimeError("midway"), KeyboardInterrupt(), OSError(28, "No space left on device")]
)
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("before", [True, False])
def test_a_report_that_fails_midway_changes_nothing(
    failure: BaseException, before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "report"
    if before:
        report(tiny(), output=place)
    there = snapshot(tmp_path)
    complete: Callable[..., dict[str, str]] = rendering.texts

    def half(*arguments: object) -> dict[str, str]:
        files = complete(*arguments)

        class Failing(dict[str, str]):
            def items(self) -> object:  # type: ignore[override]
                yield from list(super().items())[:1]
                raise failure

        return Failing(files)

    monkeypatch.setattr(rendering, "texts", half)
    with pytest.raises((type(failure), rf.InputError)):
        report(tiny(), output=place, force=True)
    assert snapshot(tmp_path) == there
    assert [path.name for path in tmp_path.iterdir()] == (["report"] if before else [])


@pytest.mark.usefixtures("undrawn")
def test_a_swap_that_fails_puts_the_old_report_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = report(tiny(), output=tmp_path / "report")
    there = snapshot(tmp_path)

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(rf.InputError, match=r"cannot write .*: Permission denied"):
        report(tiny(), output=place, force=True)
    assert snapshot(tmp_path) == there
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.usefixtures("undrawn")
def test_a_report_is_replaced_only_with_force_and_nothing_else_ever(tmp_path: Path) -> None:
    place = tmp_path / "report"
    place.mkdir()
    report(tiny("first"), output=place)
    with pytest.raises(rf.InputError, match="holds a report; give another directory, or --force to replace it"):
        report(tiny("second"), output=place)
    report(tiny("second"), output=place, force=True)
    assert (place / "report.md").read_text(encoding="utf-8").startswith("# What second costs")
    # A report in another form has other files; the older one's are gone.
    report(tiny("third"), output=place, form="html", force=True)
    assert set(files(place)) == {"report.html"}
    (place / "thesis.tex").write_text("years of work")
    there = snapshot(place)
    for force in (False, True):
        with pytest.raises(rf.InputError, match=r"holds 'thesis\.tex', which no report wrote"):
            report(tiny("fourth"), output=place, force=force)
    assert snapshot(place) == there


@pytest.mark.usefixtures("undrawn")
def test_a_provenance_that_names_files_elsewhere_deletes_nothing_there(tmp_path: Path) -> None:
    place, other = tmp_path / "report", tmp_path / "other.txt"
    other.write_text("other")
    report(tiny(), output=place)
    content = json.loads((place / "provenance.json").read_text(encoding="utf-8"))
    (place / "provenance.json").write_text(json.dumps({**content, "files": [*content["files"], "../other.txt"]}))
    report(tiny(), output=place, force=True)
    assert other.read_text() == "other"


BAD = {
    "a folder that is missing": (["--output", "{tmp}/no/report"], "give a directory in a folder that exists"),
    "a file": (["--output", "{tmp}/file"], "is a file; give a directory for the report"),
    "another directory": (["--output", "{tmp}/full", "--force"], "holds 'a' and 1 more, which no report wrote"),
    "what cannot be written": (["--output", "/proc/report"], "cannot write '/proc/report'"),
    "paper and a model": (["--of", "paper", "resnet50", "--output", "{tmp}/r"], "'paper' is a report of its own"),
    "model": (["--of", "resnet51", "--output", "{tmp}/r"], "unknown model 'resnet51'; did you mean"),
    "markup": (["--of", "<b>:x", "--output", "{tmp}/r"], "cannot import '<b>'"),
    "format": (["--output", "{tmp}/r", "--format", "pdf"], "'pdf' is not one of 'markdown', 'html', 'latex'"),
    "no output": (["--of", "resnet50"], "Missing option '--output'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").write_text("")
    (tmp_path / "full" / "empty").mkdir()
    there = sorted(tmp_path.rglob("*"))
    arguments, sentence = BAD[name]
    result = run(*(each.format(tmp=tmp_path) for each in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == there


def test_a_proof_of_nothing_described_is_refused() -> None:
    with pytest.raises(rf.InputError, match="none of the models is described"):
        comparison(["torchvision:squeezenet1_1"], "", made_up)


@pytest.mark.usefixtures("undrawn")
def test_a_proof_that_fails_ends_with_1_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(progress, "verify", refuted)
    result = run("--of", "resnet20_cifar", "--prove", "--output", str(tmp_path / "report"))
    assert result.exit_code == 1
    assert "NOT PROVEN: net" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("undrawn")
def test_several_models_after_one_option(tmp_path: Path) -> None:
    place = tmp_path / "report"
    result = run("--of", "resnet20_cifar", "torchvision:squeezenet1_1", "--output", str(place))
    assert (result.exit_code, result.stdout) == (0, "")
    file = str(place / "report.md")
    assert result.stderr.startswith(f"resnext-flops: wrote {file!r} and what belongs to it; it is markdown")
    written = (place / "report.md").read_text(encoding="utf-8")
    assert "# What resnet_cifar(20) and torchvision:squeezenet1_1 cost\n" in written
    # numel of torchvision's model: 1 235 496, as its documentation says.
    assert "| torchvision:squeezenet1_1 | 3x224x224 | 1,235,496 |" in written
    assert "resnext-flops report --of resnet20_cifar torchvision:squeezenet1_1 --output DIR\n" in written


@pytest.mark.parametrize("form", FORMS)
def test_one_small_report(form: str, request: pytest.FixtureRequest) -> None:
    content = comparison([tiny()], "resnext-flops report --of tiny --output DIR")
    sources = {picture.name: "" for picture in content.pictures}
    written = "".join(f"==> {name} <==\n{text}" for name, text in rendering.texts(content, form, sources).items())
    path = GOLDEN / f"tiny.{form}.txt"
    if request.config.getoption("--update-golden"):
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8"), f"{path.name} differs; read it, then `make golden`"


def test_the_report_of_the_paper_needs_no_torch_without_a_proof(tmp_path: Path) -> None:
    # Loading torch alone would take most of the five seconds that this report may take. That pictures need none is
    # tested with the pictures.
    code = (
        "import sys\nfrom resnext_flops import plots\nfrom resnext_flops.cli import main\n"
        "plots.draw, plots.save = lambda *_: None, lambda _, path: path.write_text('<svg/>')\n"
        f"try:\n    main(['report', '--output', {str(tmp_path / 'report')!r}])\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "print('torch' in sys.modules, file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.splitlines()[-1] == "False"


def test_the_committed_report_of_the_paper_is_fresh() -> None:
    # With the proofs that its figures must have; the slow test below makes them on real models.
    assert stale(output=COMMITTED, prove=made_up) == "", "read what differs, then `make report`"


@pytest.mark.slow
def test_the_committed_report_of_the_paper_is_proven() -> None:
    assert (
        stale(output=COMMITTED, prove=lambda network: rf.verify(network, "cpu", ("layers", "tensors", "forward"))) == ""
    )
