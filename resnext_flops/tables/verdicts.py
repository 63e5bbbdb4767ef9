"""What the figures of the published set are, as tables: by source, figure by figure, those without an explanation."""

import tomllib
from collections import Counter
from functools import cache
from pkgutil import get_data
from typing import Any

from resnext_flops.proof import published
from resnext_flops.proof.identify.hypotheses import Hypothesis
from resnext_flops.proof.identify.verdicts import ENOUGH_DIGITS, Verdict, verdicts
from resnext_flops.proof.identify.words import meaning, network
from resnext_flops.proof.published.collection import source, sources
from resnext_flops.show.table import Cell, Column, Table


def meanings() -> Table:
    """What each source means by its operations: one line a source, and the share of its figures that this explains.

    >>> [row["means"] for row in meanings().rows if row["source"] == "hrnet"]
    ['multiply-adds in binary units (G is 2^30)']
    """
    rows = [
        {"source": name, "title": each.title, **of_usual}
        for name, each in sources().items()
        if (of_usual := _usual(name))
    ]
    columns = (
        Column("source", "source"),
        Column("title", "title", rank=2),
        Column("means", "its FLOPs, or MACs, are"),
        Column("so", "in"),
        Column("explained", "explained in all", rank=1),
        Column("figures", "of figures", rank=1),
    )
    notes = (
        f"Figures are those of operations whose model is built here, with {ENOUGH_DIGITS} digits or more.",
        "A figure is explained if its best reading has a probability of at least 0.95 against chance.",
    )
    return Table("published-meanings", "What FLOPs means, source by source", "", columns, rows, notes)


def _usual(name: str) -> dict[str, Cell]:
    """The reading that explains most operations of a source, and their share; nothing where there is none."""
    able = [each for each in of_source(name) if each.figure.figure == "operations" and each.can_be_explained]
    explained = [each for each in able if each.explained]
    if not explained:
        return {}
    common = Counter(_of_column(each) for each in explained)
    ((rule, scale, prefix, head), count) = common.most_common(1)[0]
    hypothesis = Hypothesis(rule, scale, prefix, head)
    return {
        "means": network(meaning("operations", hypothesis), hypothesis),
        "so": _share(count, len(able)),
        "explained": _share(len(explained), len(able)),
        "figures": len(able),
    }


def _of_column(each: Verdict) -> tuple[str, str, str, str]:
    """The choices that a whole column has in common."""
    assert each.match is not None  # noqa: S101 (it is explained)
    hypothesis = each.match.hypothesis
    return hypothesis.rule, hypothesis.scale, hypothesis.prefix, hypothesis.head


def explained_share(name: str) -> dict[str, Cell]:
    """For the list of sources: the share of figures that is explained, and what its operations are."""
    able = [each for each in of_source(name) if each.can_be_explained]
    means = {"means": _usual(name)["means"]} if _usual(name) else {}
    return {"explained": _share(sum(each.explained for each in able), len(able)), **means} if able else {}


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def unexplained(name: str | None = None) -> Table:
    """The figures that no reading explains, of one source or of all, with the nearest reading.

    Raises InputError for a source that does not exist.
    """
    mine = of_source(name)
    rows = [_unexplained(each) for each in mine if each.can_be_explained and not each.explained]
    columns = (
        Column("source", "source"),
        Column("model", "model"),
        Column("figure", "figure", rank=1),
        Column("printed", "printed"),
        Column("nearest", "nearest"),
        Column("what", "which is"),
        Column("why", "why it is not explained", rank=1),
        Column("where", "where", rank=2),
    )
    able = sum(each.can_be_explained for each in mine)
    few = sum(each.match is not None and not each.can_be_explained for each in mine)
    without = sum(each.match is None for each in mine)
    notes = (
        f"{len(rows):,} of {able:,} figures. Not among these are {without:,} whose model is not built, and {few:,} "
        f"with fewer than {ENOUGH_DIGITS} digits, which are met by many readings.",
    )
    return Table("published-unexplained", "Published figures without an explanation", "", columns, rows, notes)


def of_source(name: str | None) -> list[Verdict]:
    """The verdicts of one source, or of all. Raises InputError for a source that does not exist."""
    if name is not None:
        source(name)
    return [each for each in verdicts() if name in {None, each.figure.source}]


def _unexplained(each: Verdict) -> dict[str, Cell]:
    figure, match = each.figure, each.match
    assert match is not None  # noqa: S101 (it can be explained)
    why = f"none of {each.tried:,} readings gives it"
    if any(match[2:]):
        why = f"a coincidence is not ruled out: against chance {each.posterior:.2f}"
    return {
        "source": figure.source,
        "model": figure.model,
        "figure": figure.figure,
        "printed": f"{figure.text} {figure.column.unit}".strip(),
        "nearest": match.exact if isinstance(match.exact, int) else str(float(match.exact)),
        "what": reading(each),
        "why": why,
        "where": figure.where,
    }


def reading(each: Verdict) -> str:
    """What a figure is in words, without the name of the network."""
    assert each.match is not None  # noqa: S101 (its model is built)
    hypothesis = each.match.hypothesis
    return network(meaning(each.figure.figure, hypothesis), hypothesis)


def said(each: Verdict) -> str | None:
    """What is said of a figure beside it; nothing where its model is not built here."""
    if each.match is None:
        return None
    if each.explained:
        return reading(each)
    return f"perhaps {reading(each)}" if any(each.match[2:]) else f"none of {each.tried:,} readings"


@cache
def _errata() -> list[dict[str, Any]]:
    text = get_data(published.__name__, "errata.toml") or b""
    found: list[dict[str, Any]] = tomllib.loads(text.decode())["errata"]
    return found


def errata(name: str | None = None) -> Table:
    """Printed figures that are not what they seem, of one source or of all, each with the command that shows it.

    Raises InputError for a source that does not exist.

    >>> errata("hrnet").rows[0]["printed"], errata("hrnet").rows[0]["exact"]
    ('operations 1.49', 'macs 1,601,508,352')
    """
    of_source(name)
    rows = [
        {
            "source": each["source"],
            "kind": each["kind"],
            "model": row["model"],
            "printed": ", ".join(f"{figure} {text}" for figure, text in row["printed"].items()),
            "exact": ", ".join(f"{figure} {value:,}" for figure, value in row["exact"].items()),
            "claim": each["claim"],
            "command": row["command"],
            "where": row["where"],
        }
        for each in _errata()
        if name in {None, each["source"]}
        for row in each["rows"]
    ]
    columns = (
        Column("source", "source"),
        Column("model", "model"),
        Column("printed", "printed"),
        Column("exact", "exact"),
        Column("kind", "kind", rank=2),
        Column("claim", "what it is"),
        Column("where", "where", rank=2),
        Column("command", "shown by", rank=1),
    )
    notes = ("kind: `error` where no reading of the model gives the figure, and `reading` where an unusual one does.",)
    return Table("published-errata", "Printed figures that are not what they seem", "", columns, rows, notes)
