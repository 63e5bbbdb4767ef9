"""Texts in the three forms of markup: shown as they are, by parsers that are not ours, and never markup themselves."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from resnext_flops.show.markup import clean, escape_latex, escape_markdown
from resnext_flops.show.render import to_html, to_latex, to_markdown
from resnext_flops.show.table import Cell, Column, Table

COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# What a user could call a model, with a share of characters that mean something somewhere.
NAMES = st.text(st.one_of(st.sampled_from("\\`*_{}[]<>&|#~$!^%-+.:;=()'\"/ \n1aé網"), st.characters()), max_size=30)
HOSTILE = (
    "<script>alert(1)</script>",
    "[x](javascript:alert)",
    "**bold** _it_ `code` ~~no~~",
    "| a | b |",
    "\\input{/etc/passwd}",
    "$x_1^2$ 50 % #1 & ~",
    "1. one\n- two\n# three",
    "a* b",
    "&lt; &#60;",
    "(target)=",
    "*",
    "---",
)


def shown(markdown: str) -> tuple[set[str], str]:
    """The kinds of token that markdown has, and its text."""
    tokens = [part for token in COMMONMARK.parse(markdown) for part in (token, *(token.children or ()))]
    return {token.type for token in tokens}, "".join(
        token.content for token in tokens if token.type in {"text", "text_special"}
    )


@given(NAMES.filter(clean))
def test_a_paragraph_of_markdown_shows_the_text(name: str) -> None:
    kinds, text = shown(escape_markdown(name))
    assert kinds == {"paragraph_open", "inline", "text", "paragraph_close"}
    assert text == clean(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_in_a_paragraph(name: str) -> None:
    kinds, text = shown(escape_markdown(name))
    assert (kinds, text) == ({"paragraph_open", "inline", "text", "paragraph_close"}, clean(name))


def table(name: str) -> Table:
    columns = (Column("first", "first"), Column("second", "second\nin two lines"))
    return Table("id", name, name, columns, [{"first": name, "second": 1}, {"first": "plain", "second": 2}], (name,))


@given(NAMES.filter(clean))
@example("a* b")
@example("*|*")
def test_a_table_in_markdown_has_the_text_in_its_cell(name: str) -> None:
    tokens = COMMONMARK.parse(to_markdown(table(name)))
    cells = [after.content for token, after in pairwise(tokens) if token.type == "td_open"]
    assert len(cells) == 4
    # A break in a header is the only markup that a table has.
    kinds, text = shown(to_markdown(table(name)).replace("second<br>in two lines", "second in two lines"))
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "em_open", "code_inline", "s_open", "fence"}
    # The title, the header, the cell and three sentences.
    assert text.count(clean(name)) >= 4


class Tags(HTMLParser):
    """The tags that are opened and closed, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
            self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@given(NAMES.filter(clean))
@example("<script>alert(1)</script>")
def test_a_table_in_html_is_well_formed_and_has_the_text(name: str) -> None:
    found = Tags()
    found.feed(to_html(table(name)))
    found.close()
    assert found.open == []
    assert found.seen == {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "br"}
    assert name in found.text


@given(NAMES)
@example("\\input{x}")
@example("[h]*")
@example("a---b''c")
def test_latex_has_no_active_character_but_in_known_commands(name: str) -> None:
    escaped = escape_latex(name)
    assert escaped.isascii() or all("À" <= mark <= "ÿ" for mark in escaped if not mark.isascii())
    rest = re.sub(r"\\(text[a-z]+\{\}|[{}$&#%_])|\{\}|^\{[*[]\}", "", escaped)
    assert not set(rest) & set('\\{}$&#%_^~<>|`"')
    assert not re.search(r"--|''|,,", escaped)
    assert not escaped.startswith(("[", "*"))


def test_a_long_table_in_latex_goes_over_pages() -> None:
    rows: list[dict[str, Cell]] = [{"first": "x", "second": number} for number in range(41)]
    columns = (Column("first", "first"), Column("second", "second"))
    short, long = (to_latex(Table("a_b", "t", "", columns, rows[:end])) for end in (40, 41))
    assert "\\begin{tabular}{@{}lr@{}}" in short
    assert "\\begin{longtable}{@{}lr@{}}" in long
    assert "\\label{tab:a-b}" in long
    assert short.count(" \\\\\n") == 41  # the rows and the header
