"""How the documentation site is built: `make docs`. Nothing is fetched while it is built, or when a page is opened."""

import re
import sys
from dataclasses import replace
from importlib import import_module
from inspect import Signature, signature
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from jinja2 import Template

import resnext_flops
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.figures import time_on
from resnext_flops.explorer.page import paper_page
from resnext_flops.proof.published.collection import printed_figures, sources
from resnext_flops.reports.predictions import COLUMNS
from resnext_flops.show.render import to_markdown
from resnext_flops.show.table import Table
from resnext_flops.tables.conventions import conventions
from resnext_flops.tables.publications import publication
from resnext_flops.tables.template import template
from resnext_flops.tables.verdicts import errata, meanings

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

project = "resnext-flops"
author = "the authors of resnext-flops"
release = version = resnext_flops.__version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_click", "command_line", "terms"]
exclude_patterns = ["_build", "_extensions", "**/.ipynb_checkpoints", "rates.md"]
html_theme = "furo"
html_title = f"resnext-flops {release}"
# The tables of the report look as they do in its HTML, by the same rules.
RULES = ("show/templates/scroll.css", "reports/templates/tables.css")
html_static_path = ["_static", *(f"../resnext_flops/{rules}" for rules in RULES)]
html_extra_path = ["predictions.tsv"]
html_css_files = ["wide.css", "predictions.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_copyright = False
# A browser that has opened the site from a directory may not fetch other pages for their summaries.
html_show_search_summary = False

# The outputs that are shown are the committed ones; the tests execute the notebooks and compare.
nb_execution_mode = "off"
# A notebook's table is HTML where it has a form in it, and a formula is LaTeX.
myst_enable_extensions = ["dollarmath", "substitution"]
myst_heading_anchors = 3


def chosen(table: Table, title: str, keys: str) -> str:
    """Some columns of a table as markdown, under another title."""
    columns = [each for each in table.columns if each.key in keys.split()]
    return to_markdown(replace(table, title=title, notes=(), source="", columns=columns))


# The columns of the table of all models, until others are chosen.
CHOSEN = ["params", "paper", "fvcore", "timm", "torch", "thop", "ptflops-pytorch", "calflops-macs", "remark"]


def of_predictions() -> str:
    """The table of all models, with its data, as HTML."""
    docs = Path(__file__).parent
    template = Template((docs / "_templates" / "predictions.html").read_text(encoding="utf-8"), autoescape=True)
    columns = [CONVENTIONS.get(name, {"name": name}) for name in COLUMNS[1:]]
    lines = (docs / "predictions.tsv").read_text(encoding="utf-8")
    return template.render(columns=columns, chosen=CHOSEN, lines=lines)


REPORT = """
```{toctree}
:hidden:
:caption: The paper
:glob:

report/*
```
"""


def write_sources() -> None:
    """Write a page for each source of the published set, with every figure and what it is."""
    folder = Path(__file__).parent / "published"
    folder.mkdir(exist_ok=True)
    for name, each in sources().items():
        heading = f"# {each.title}\n\nWhat each figure of [{each.document}](https://{each.document}) is.\n\n"
        (folder / f"{name}.md").write_text(heading + to_markdown(publication(name)), encoding="utf-8")


write_sources()
myst_substitutions = {
    "figures": f"{len(printed_figures()):,}",
    "meanings": to_markdown(meanings()),
    "errata": to_markdown(errata()),
    "counted": chosen(conventions(), "Counted as", "name multiply_add bias norm activation pool attention"),
    "rules": chosen(conventions(), "The rules", "name version counts source"),
    "template": chosen(
        template(resnext_flops.resnet(50)),
        "The width d that keeps the cost of a block of ResNet-50 at each cardinality C",
        "cardinality real_width width paper_width block_weights macs deviation_percent",
    ),
    "predictions": of_predictions(),
    # The report is generated too, so it need not be there.
    "report": REPORT if any(Path(__file__).parent.glob("report/*.md")) else "",
}

# In docstrings and in click's help, a word between backticks is code.
default_role = "code"
# An option keeps its two hyphens.
smartquotes = False
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True

# Names of other packages have no page here, and nothing is fetched to find theirs.
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(torch|nn|pandas|numpy|sympy|matplotlib|rich|click|collections|typing|fractions|decimal|pathlib|os)\b.*",
    ),
    # The insides of a reading, of a trace, of a budget and of a design space.
    (
        r"py:.*",
        r"resnext_flops\.(complexity\.(architecture|entries|expressions|lattices|model|reading|records)|proof\.published)\..*",
    ),
    (r"py:class", r"resnext_flops\.design\.spaces\.(Range|Stages)"),
]
# Written as a text, because the module is loaded only when it is called; and type variables.
nitpick_ignore = [
    ("py:class", name)
    for name in (
        "ClosedForm",
        "Figure",
        "Given",
        "Given | Ledger",
        "Derived",
        "Memory",
        "Model",
        "P",
        "Path",
        "Reading",
        "Span",
        "Terms",
    )
]

# What the package loads only when it is asked for has to be there when its names are listed.
for name in resnext_flops.__all__:
    getattr(import_module("resnext_flops"), name)


def inline_math(translator: "HTML5Translator", node: nodes.math) -> None:
    """A formula in a line as MathML, which a browser shows without a script."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def displayed_math(translator: "HTML5Translator", node: nodes.math_block) -> None:
    """A formula on a line of its own, which scrolls where it is too wide."""
    translator.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode


ARGUMENT = re.compile(r"(?P<names>[a-z]\w*(, \w+)*): ")


def list_arguments(*event: Any) -> None:
    """In a docstring, lines of the form `name: what it is` become a list."""
    *_, lines = event
    found: list[str] = []
    for _, paragraph in groupby(lines, key=bool):
        block = list(paragraph)
        if all(ARGUMENT.match(line) for line in block if line[:1] != " "):
            block = [ARGUMENT.sub(r"* `\g<names>`: ", line, count=1) if line[:1] != " " else line[2:] for line in block]
        found += block
    lines[:] = found


def skip_fields(*event: Any) -> bool | None:
    """Leave out the fields of a named tuple one by one; its signature and its docstring have them."""
    _, _, _, member, *_ = event
    return True if (getattr(member, "__doc__", None) or "").startswith("Alias for field number") else None


def show_fields(*event: Any) -> tuple[str, str] | None:
    """The signature of a layer: its fields, which it takes in this order or by name."""
    _, _, _, member, *_ = event
    if not hasattr(member, "__struct_fields__"):
        return None
    shown = signature(member).parameters.values()
    return str(Signature([field.replace(annotation=field.empty) for field in shown])), ""


def set_language(app: "Sphinx", name: str, template_name: str, context: dict[str, Any], *_: Any) -> None:
    """Say of a page in Korean that it is."""
    if name.endswith("_ko"):
        context["language"] = "ko"


# Made before autodoc loads modules a second time, for their types.
EXPLORER = paper_page([time_on("rtx3090")])


def write_explorer(app: "Sphinx", error: Exception | None) -> None:
    """Write the page with sliders into the site."""
    if error is None and app.builder.format == "html":
        (Path(app.outdir) / "_static" / "explorer.html").write_text(EXPLORER, encoding="utf-8")


def show_report(*event: Any) -> None:
    """Give a page of the report the rules of its tables, and the width that they need."""
    app, page, *_ = event
    if page.startswith("report/"):
        app.add_css_file("scroll.css", priority=790)
        app.add_css_file("tables.css", priority=800)
        app.add_css_file("report.css", priority=810)


def setup(app: "Sphinx") -> None:
    """Have formulas written as MathML, the arguments of a docstring as a list, and the explorer in the site."""
    app.connect("autodoc-skip-member", skip_fields)
    app.connect("autodoc-process-signature", show_fields)
    app.connect("autodoc-process-docstring", list_arguments)
    app.connect("html-page-context", set_language)
    app.connect("html-page-context", show_report)
    app.connect("build-finished", write_explorer)
    app.add_html_math_renderer("mathml", (inline_math, None), (displayed_math, None))
