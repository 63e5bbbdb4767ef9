"""A report in its forms: the texts from the templates, the pictures from `plots`, and how two texts differ."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resnext_flops.reports.content import Part, Picture, Report
from resnext_flops.show.markup import environment, fill
from resnext_flops.show.render import RENDERERS, to_latex
from resnext_flops.show.table import Table

if TYPE_CHECKING:
    import sympy
    from jinja2 import Environment
    from markupsafe import Markup

PACKAGE = "resnext_flops.reports"
TEXT = {"markdown": "report.md", "html": "report.html", "latex": "report.tex"}
# Pictures are vectors in every form; an HTML file holds its own.
PICTURES = {"markdown": ".svg", "html": ".svg", "latex": ".pdf"}
_INLINE = re.compile(r'src="data:image/svg\+xml;base64,[^"]*"')
SHOWN = 12  # lines of a difference that are told


def texts(report: Report, form: str, sources: Mapping[str, str]) -> dict[str, str]:
    """The files of a report that are text, by their names.

    sources: what an HTML file has for each picture, by name.
    """
    _with_filters(form)
    files = {TEXT[form]: fill(form, "report", PACKAGE, report=report, sources=sources) + "\n"}
    if form == "latex":
        files |= {f"tables/{table.id}.tex": to_latex(table, over_pages=True) + "\n" for table in report.tables}
    return files


@cache
def _with_filters(form: str) -> "Environment":
    """The environment of the report's templates, with what they need besides the texts."""
    from markupsafe import Markup

    def table(content: Table) -> "Markup":
        return Markup(RENDERERS[form](content))  # noqa: S704 (its texts are escaped)

    def latex(expression: "sympy.Basic") -> "Markup":
        import sympy

        return Markup(sympy.latex(expression))  # noqa: S704 (names of symbols are ours)

    def mathml(expression: "sympy.Basic") -> "Markup":
        from sympy.printing.mathml import mathml

        return Markup(mathml(expression, printer="presentation"))  # noqa: S704

    found = environment(form, PACKAGE)
    found.filters |= {"table": table, "latex": latex, "mathml": mathml}
    found.tests |= {name.__name__.lower(): _is(name) for name in Part.__args__}
    return found


def _is(kind: type) -> Callable[[object], bool]:
    return lambda part: isinstance(part, kind)


def write(report: Report, form: str, directory: Path) -> None:
    """Write a report into an empty directory."""
    sources = {}
    if form == "html":
        sources = {picture.name: _inline(picture, directory) for picture in report.pictures}
    else:
        for picture in report.pictures:
            _draw(picture, directory / "pictures" / f"{picture.name}{PICTURES[form]}")
    for name, text in texts(report, form, sources).items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


def _draw(picture: Picture, path: Path) -> None:
    from resnext_flops.plots import draw, save

    path.parent.mkdir(exist_ok=True)
    save(draw(picture.kind, picture.networks), path)


def _inline(picture: Picture, directory: Path) -> str:
    """A picture as the address that holds it."""
    from base64 import b64encode

    path = directory / f"{picture.name}.svg"
    _draw(picture, path)
    drawn = b64encode(path.read_bytes()).decode()
    path.unlink()
    return f"data:image/svg+xml;base64,{drawn}"


def difference(report: Report, form: str, directory: Path) -> str:
    """How the texts of a report differ from those in a directory: the first file that does, and its first lines."""
    from difflib import unified_diff

    for picture in report.pictures if form != "html" else ():
        name = f"pictures/{picture.name}{PICTURES[form]}"
        if not (directory / name).is_file():
            return f"{name} is missing"
    fresh = texts(report, form, {picture.name: "" for picture in report.pictures})
    for name, text in fresh.items():
        if not (directory / name).is_file():
            return f"{name} is missing"
        old = _INLINE.sub('src=""', (directory / name).read_text(encoding="utf-8"))
        if old != text:
            lines = list(
                unified_diff(old.splitlines(), text.splitlines(), f"{name}, there", f"{name}, now", "", "", 0, "")
            )
            more = [f"and {len(lines) - SHOWN} lines more"] if len(lines) > SHOWN else []
            return "\n".join([*lines[:SHOWN], *more])
    return ""
