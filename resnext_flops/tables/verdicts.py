"""What the figures of the published set are, as tables: by source, figure by figure, those without an explanation."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from resnext_flops.complexity.names import NAMED
from resnext_flops.errors import unknown
from resnext_flops.proof.identify.hypotheses import Hypothesis
from resnext_flops.proof.identify.verdicts import ENOUGH_DIGITS, Verdict, verdicts
from resnext_flops.proof.identify.words import meaning, network
from resnext_flops.proof.published import published
from resnext_flops.proof.published.collection import source, sources
from resnext_flops.show.table import Cell, Column, Table

# From so many explained figures on, a source is said to mean something.
FEWEST = 5
# The names of described networks by their calls.
CALLED = {call: name for name, call in NAMED.items()}


def meanings() -> Table:
    """What each source means by its operations: one line a source, and the share of its figures that this explains.

    >>> [row["means"] for row in meanings().rows if row["source"] == "hrnet"]
    ['multiply-adds in binary units (1024, not 1000)']
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
        Column("so", "in % of figures"),
        Column("explained", "explained in any way, %", rank=1),
        Column("figures", "figures", rank=1),
    )
    notes = (
        f"Figures are those of operations, with {ENOUGH_DIGITS} digits or more, whose model can be built here.",
        "A figure is explained if its best reading has a probability of at least 0.95 against coincidence.",
    )
    return Table("published-meanings", "What FLOPs means, source by source", "", columns, rows, notes)


def _usual(name: str) -> dict[str, Cell]:
    """The reading that explains most operations of a source, and their share; nothing where there is none."""
    able = [each for each in of_source(name) if each.figure.figure == "operations" and each.can_be_explained]
    explained = [each for each in able if each.explained]
    if len(explained) < FEWEST:
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
    usual = _usual(name)
    means: dict[str, Cell] = {"means": f"{usual['means']} ({usual['so']} %)"} if usual else {}
    return {"explained": _share(sum(each.explained for each in able), len(able)), **means} if able else {}


def _share(part: int, whole: int) -> int:
    """A share in percent, for a table."""
    return round(100 * part / whole)


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


def of_model(name: str) -> Table:
    """What every source prints of one model, by the document's name for it or by ours, and what that is.

    Raises InputError, with the nearest names, for a model of which nothing is printed.

    >>> rows = of_model("ResNet-50").rows
    >>> [row["is"] for row in rows if row["source"] == "torchvision" and row["figure"] == "operations"][0]
    'multiply-adds'
    """
    known = {key: each.figure.model for each in verdicts() for key in _names(each)}
    asked = _plain(name)
    if asked not in known:
        raise unknown("printed model", name, sorted(set(known.values())))
    alike: dict[tuple[Cell, ...], list[Verdict]] = {}
    for each in verdicts():
        if asked in _names(each):
            key = each.figure.source, each.figure.figure, _printed(each), said(each), each.figure.resolution or None
            alike.setdefault(key, []).append(each)
    rows = [dict(zip(KEYS, key, strict=True)) | _of_alike(found) for key, found in alike.items()]
    columns = (
        Column("source", "source"),
        Column("model", "model", rank=2),
        Column("figure", "figure", rank=1),
        Column("printed", "printed"),
        Column("is", "which is"),
        Column("exact", "exact", rank=3),
        Column("resolution", "pixels", rank=4),
        Column("rows", "in rows", rank=4),
        Column("where", "where, the first", rank=5),
    )
    return Table("published-model", f"What is printed of {name}", "", columns, rows)


# What figures of a model have in common that are told together.
KEYS = ("source", "figure", "printed", "is", "resolution")


def _of_alike(found: Sequence[Verdict]) -> dict[str, Cell]:
    first, *_ = found
    exact = _exact(first) if first.match and any(first.match[2:]) else None
    return {"model": first.figure.model, "exact": exact, "rows": len(found), "where": first.figure.where}


def _names(each: Verdict) -> set[str]:
    """The names of a model: in the document, and the last part of the MODEL that is built, without arguments."""
    built = each.figure.built_as
    name = built.rpartition(":")[2].partition("(")[0] if ":" in built else CALLED.get(built, built)
    return {_plain(each.figure.model), _plain(name)} - {""}


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _printed(each: Verdict) -> str:
    """A figure as printed, with the unit of its column."""
    return f"{each.figure.text} {each.figure.column.unit}".strip()


def _exact(each: Verdict) -> int | str:
    assert each.match is not None  # noqa: S101 (its model is built)
    return each.match.exact if isinstance(each.match.exact, int) else str(float(each.match.exact))


def of_source(name: str | None) -> list[Verdict]:
    """The verdicts of one source, or of all. Raises InputError for a source that does not exist."""
    if name is None:
        return list(verdicts())
    source(name)
    return _by_source()[name]


@cache
def _by_source() -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {name: [] for name in sources()}
    for each in verdicts():
        found[each.figure.source].append(each)
    return found


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
        "printed": _printed(each),
        "nearest": _exact(each),
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
    if claim := _claims().get((each.figure.source, each.figure.where, each.figure.model, each.figure.figure)):
        return f"an error: {claim}"
    if each.explained:
        return reading(each)
    return f"perhaps {reading(each)}" if any(each.match[2:]) else f"none of {each.tried:,} readings"


@cache
def _claims() -> dict[tuple[str, str, str, str], str]:
    """What is wrong with a figure: by its source, place, model and kind."""
    return {
        (each["source"], row["where"], row["model"], figure): each["claim"]
        for each in published("errata")["errata"]
        if each["kind"] == "error"
        for row in each["rows"]
        for figure in row["printed"]
    }


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
        for each in published("errata")["errata"]
        if name in {None, each["source"]}
        for row in each["rows"]
    ]
    columns = (
        Column("model", "model"),
        Column("printed", "printed"),
        Column("claim", "what it is"),
        Column("exact", "exact", rank=1),
        Column("source", "source", rank=2),
        Column("where", "where", rank=4),
        Column("kind", "kind", rank=5),
        Column("command", "shown by", rank=3),
    )
    notes = ("An error is probably a mistake in the source. A reading is right, but counted in an unusual way.",)
    return Table("published-errata", "Printed figures that are not what they seem", "", columns, rows, notes)
