"""Markup: Jinja templates for markdown, HTML and LaTeX, in which every text is escaped unless it is marked as markup.

A template never escapes by itself: what is put into it goes through the escape of its form, or through Jinja's own for
HTML. So any name that a user gives is shown as it is and does nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

# The package whose templates those of all others may include.
SHARED = "resnext_flops.show"
SUFFIXES = {"markdown": ".md", "html": ".html", "latex": ".tex"}

# What begins something else than a paragraph where it stands at the beginning of one: a list, a rule, a quotation,
# a MyST comment, block break, directive or target.
_BLOCK = re.compile(r"^(?:[-+](?=\s|$)|-{3}|\+{3}|>|%|:{3}|\(.*\)=$)")
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
# An underscore between letters or digits, an asterisk between spaces and "<= " are themselves in markdown.
_MARKDOWN = re.compile(r"[\\`\[\]&|#~${}]|<(?![ =])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<! )\*|\*(?! )")

_LATEX = {
    **{character: f"\\{character}" for character in "{}$&#%_"},
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    "`": "\\textasciigrave{}",
    '"': "\\textquotedbl{}",
    "–": "\\textendash{}",
    "—": "\\textemdash{}",
    "×": "\\texttimes{}",
    "±": "\\textpm{}",
    "µ": "\\textmu{}",
    "→": "\\textrightarrow{}",
}


def clean(text: object) -> str:
    """A text on one line, with U+FFFD for each character that cannot be printed.

    >>> clean("two\\n lines and \\x1b")
    'two lines and \ufffd'
    """
    shown = " ".join(str(text).split())
    return "".join("\ufffd" if unicodedata.category(mark).startswith("C") else mark for mark in shown)


def escape_markdown(text: object) -> str:
    r"""A text in CommonMark, GitHub's tables and MyST, where it is a paragraph, a heading or a cell.

    >>> print(escape_markdown("resnext50_32x4d | <b>*d*</b>"))
    resnext50_32x4d \| \<b>\*d\*\</b>
    >>> print(escape_markdown("C (3 * 3 d)"), escape_markdown("- 1"), escape_markdown("1. 2"))
    C (3 * 3 d) \- 1 1\. 2
    """
    return _NUMBERED.sub(r"\1\\\2", _BLOCK.sub(r"\\\g<0>", _MARKDOWN.sub(r"\\\g<0>", clean(text))))


# Twice in a row these are a dash, or another quotation mark, in LaTeX.
_LIGATURE = re.compile(r"([-',])(?=\1)")


def escape_latex(text: object) -> str:
    r"""A text in LaTeX; a character that pdfTeX's usual fonts do not have is shown by its code point.

    >>> print(escape_latex(r"50 % of \input{x} & 網"))
    50 \% of \textbackslash{}input\{x\} \& U+7DB2
    """
    escaped = _LIGATURE.sub(r"\1{}", "".join(_latex(character) for character in clean(text)))
    # After the end of a row, a bracket or an asterisk would be its option.
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped.startswith(("[", "*")) else escaped


def _latex(character: str) -> str:
    # The T1 encoding has the letters of Latin-1.
    known = character.isascii() or ("À" <= character <= "ÿ" and character.isalpha())
    return _LATEX.get(character, character if known else f"U+{ord(character):04X}")


ESCAPES: Mapping[str, Callable[[object], str]] = {"markdown": escape_markdown, "latex": escape_latex}


@cache
def environment(form: str, package: str = SHARED) -> "Environment":
    """Jinja's environment for the templates of a package, and those here, in one form: markdown, html or latex.

    In LaTeX a variable stands in `(((` and `)))` and a statement in `((*` and `*))`, because braces are LaTeX's own.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    escape = ESCAPES.get(form)
    settings: dict[str, Any] = {"autoescape": True}
    if escape is not None:
        settings = {
            "autoescape": False,
            "finalize": lambda value: value if isinstance(value, Markup) else escape(value),
        }
    if form == "latex":
        settings |= {"block_start_string": "((*", "block_end_string": "*))"}
        settings |= {"variable_start_string": "(((", "variable_end_string": ")))"}
        settings |= {"comment_start_string": "((=", "comment_end_string": "=))"}
    made = Environment(  # noqa: S701 (what is not escaped by Jinja is escaped by `finalize`)
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(SHARED)]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **settings,
    )
    made.filters["clean"] = clean
    return made


def fill(form: str, name: str, package: str = SHARED, **content: Any) -> str:
    """The template of a name in one form, filled: `table` is the file `table.md.j2` for markdown."""
    return environment(form, package).get_template(f"{name}{SUFFIXES[form]}.j2").render(**content).rstrip("\n")
