"""A word of the glossary leads there from its first use on each page."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

GLOSSARY = "glossary"
# Where a word is a name, code, a heading, data, or part of another link.
ELSEWHERE = (
    addnodes.desc_signature,
    nodes.FixedTextElement,
    nodes.field_name,
    nodes.literal,
    nodes.math,
    nodes.raw,
    nodes.reference,
    nodes.tbody,
    nodes.title,
)


@cache
def words(app: "Sphinx") -> tuple[re.Pattern[str], Sequence[str]]:
    """What finds the words of the glossary, a group each, and where each of them is explained there."""
    items = app.env.get_doctree(GLOSSARY).findall(nodes.definition_list_item)
    names = [list(item.findall(nodes.term)) for item in items]
    places = {name.astext(): one[0]["ids"][0] for one in names for name in one}
    longest_first = sorted(places, key=len, reverse=True)
    found = re.compile("|".join(f"({pattern(word)})" for word in longest_first))
    return found, [places[word] for word in longest_first]


def pattern(word: str) -> str:
    """What a word looks like in a text: also as a plural, but not with a number, as in Figure 1, or in a path.

    A word with a capital letter is a name, and has to be written so. Behind a Korean word more can be joined to it.
    """
    if not word.isascii():
        return re.escape(word)
    return rf"(?<!/)\b{'(?i:' if word.islower() else '(?:'}{re.escape(word)})s?\b(?! \d)"


def link_terms(app: "Sphinx", doctree: nodes.document, name: str) -> None:
    """Make a link of the first use of each word of the glossary on a page."""
    if name == GLOSSARY:
        return
    found, places = words(app)
    left = set(places)
    page = app.builder.get_relative_uri(name, GLOSSARY)
    for text in list(doctree.findall(nodes.Text)):
        if not left or within(text, ELSEWHERE):
            continue
        parts: list[nodes.Node] = []
        start = 0
        for match in found.finditer(text):
            place = places[match.lastindex - 1]
            if place in left:
                left.remove(place)
                link = nodes.reference("", match[0], internal=True, refuri=f"{page}#{place}", classes=["term"])
                parts += [nodes.Text(text[start : match.start()]), link]
                start = match.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[start:])])


def within(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> bool:
    """Whether a node is inside of one of some kinds."""
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def setup(app: "Sphinx") -> dict[str, Any]:
    """Have the links made when all pages are read."""
    app.connect("doctree-resolved", link_terms)
    return {"parallel_read_safe": True}
