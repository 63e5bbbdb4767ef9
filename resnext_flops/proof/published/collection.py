"""The published set: figures that zoos, READMEs and papers print, with where each stands, as data.

One file of `sources/` is one document in one version. Its rows hold what the document prints, as it prints it; what a
row is built as, and its resolution where the table has no column for it, are added by hand. `readers` reads a new
version of a document.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import groupby
from pkgutil import get_data
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple, TypeAlias

import msgspec

from resnext_flops.errors import InputError, unknown
from resnext_flops.numerals import printed
from resnext_flops.proof import published
from resnext_flops.proof.published import ALL_DIGITS, parse_figure, prefix_power

FigureName: TypeAlias = Literal["params", "operations", "activations"]
FIGURES: tuple[FigureName, ...] = ("params", "operations", "activations")

# A cell with a figure as it is printed, or an empty one. A remark in parentheses may stand behind the figure.
PRINTED = r"^(~?[0-9][0-9,]{0,30}(\.[0-9]{1,9})?( ?[kKMGBT])?( \(.*\))?)?\Z"
Cell = Annotated[str, msgspec.Meta(pattern=PRINTED)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Pixels = Annotated[str, msgspec.Meta(pattern=r"^([0-9]+(x[0-9]+)?)?\Z")]


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A column of figures.

    heading: its heading in the document.
    unit: the unit of its cells where these have none of their own: k, M, G or T.
    decimals: how many decimals its cells are rounded to where the document drops zeros at the end; else None.
    convention: the counting convention that the document itself names for it; empty where it names none.
    """

    heading: Text
    unit: Literal["", "k", "M", "G", "T"] = ""
    decimals: int | None = None
    convention: str = ""


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which columns of a table hold what. A figure without a column is not printed.

    zoo: the library that has the models by the names of the column `model`, where there is one.
    """

    model: Text
    resolution: str = ""
    params: Column | None = None
    operations: Column | None = None
    activations: Column | None = None
    accuracy: str = ""
    zoo: Literal["", "torchvision", "timm"] = ""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """What one row of a table prints.

    line: the line of the document's file, from 1; 0 where it has no lines.
    model: the document's own name for the model.
    built_as: the MODEL that this project builds for it; empty where there is none.
    resolution: pixels, such as `224` or `640x480`; empty where the document does not say.
    params, operations, activations: figures as printed; empty where none is.
    accuracy: as printed.
    """

    line: int
    model: Text
    built_as: str = ""
    resolution: Pixels = ""
    params: Cell = ""
    operations: Cell = ""
    activations: Cell = ""
    accuracy: str = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of a document: its file, the heading of the section that it stands in, its columns, and its rows."""

    file: str
    section: str
    columns: Columns
    rows: tuple[Row, ...]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document in one version.

    title: what it is.
    document: where it is found.
    version: a commit, a release, or the version of a paper.
    form: which reader reads it: `markdown`, `csv`, `json`, `metafile`, `torchvision`, or `hand` for none.
    says: what the document itself says that its figures count; empty where it says nothing.
    """

    title: Text
    document: Text
    version: Text
    form: Literal["markdown", "csv", "json", "metafile", "torchvision", "hand"]
    says: str
    tables: tuple[Table, ...]


class PrintedFigure(NamedTuple):
    """One printed figure, and the row that it stands in.

    source: the name of a source. where: file and line, or the section of a paper.
    figure: `params`, `operations` or `activations`.
    text: as printed. column: the column that it stands in.
    The rest is as in a `Row`.

    >>> figure = next(each for each in printed_figures() if each.model == "HRNet-W18-C" and each.figure == "operations")
    >>> figure.where, figure.text, figure.column.heading, figure.value, figure.digits
    ('README.md:28', '3.99', 'GFLOPs', Decimal('3.99E+9'), 3)
    """

    source: str
    where: str
    model: str
    built_as: str
    resolution: str
    figure: FigureName
    text: str
    column: Column
    accuracy: str

    @property
    def value(self) -> Decimal:
        """The figure with its last printed digit, in units of one. Zeros at the end of 560000000 say nothing."""
        value = parse_figure(self._with_unit)
        return value.normalize(ALL_DIGITS) if value.as_tuple().exponent == 0 else value

    @property
    def power(self) -> int:
        """The power of ten of the prefix that it is printed with; 0 for none."""
        return prefix_power(self._with_unit)

    @property
    def _with_unit(self) -> str:
        text = self.text.partition(" (")[0]
        if not text[-1].isdigit():
            return text
        whole, _, decimals = text.partition(".")
        return f"{whole}.{decimals.ljust(self.column.decimals or 0, '0')}".rstrip(".") + self.column.unit

    @property
    def digits(self) -> int:
        """How many significant digits are printed. Zeros at the end of a whole number of ones are none."""
        return len(self.value.as_tuple().digits)


@cache
def sources() -> Mapping[str, Source]:
    """Every source by its name.

    Raises InputError for a file that is not of the form.

    >>> sources()["hrnet"].document, sources()["hrnet"].version[:7]
    ('github.com/HRNet/HRNet-Image-Classification', 'f760c98')
    """
    from importlib.resources import files

    names = sorted(file.name for file in files(published.__name__).joinpath("sources").iterdir())
    read = {name.removesuffix(".json"): _shipped(name) for name in names if name.endswith(".json")}
    return MappingProxyType({**read, "papers": _papers()})


def source(name: str) -> Source:
    """The source of a name. Raises InputError, with the nearest names, for another one."""
    if name not in sources():
        raise unknown("source", name, sources())
    return sources()[name]


@cache
def printed_figures() -> tuple[PrintedFigure, ...]:
    """Every printed figure of every source.

    Raises InputError as `sources` does.

    >>> len(printed_figures()) > 1500
    True
    """
    return tuple(figure for name, each in sources().items() for figure in figures_of(name, each))


def figures_of(name: str, given: Source) -> Iterator[PrintedFigure]:
    """The printed figures of one source."""
    for table in given.tables:
        columns = [(figure, column) for figure in FIGURES if (column := getattr(table.columns, figure))]
        for row in table.rows:
            for figure, column in columns:
                if text := getattr(row, figure):
                    yield PrintedFigure(
                        name,
                        place(table, row),
                        row.model,
                        row.built_as,
                        row.resolution,
                        figure,
                        text,
                        column,
                        row.accuracy,
                    )


def place(table: Table, row: Row) -> str:
    """Where a row stands: `README.md:28`, or the section of what has no lines."""
    return f"{table.file}:{row.line}" if row.line else ", ".join(filter(None, (table.file, table.section)))


def decoded(content: bytes, name: str) -> Source:
    """The source that a file holds.

    content: of the file. name: of the file, for messages.

    Raises InputError, with the line or the place, for what is not of the form.
    """
    try:
        return msgspec.json.decode(content, type=Source)
    except msgspec.ValidationError as error:
        raise InputError(f"{name}: {error}") from None
    except msgspec.DecodeError as error:
        position = str(error).rpartition("byte ")[2].rstrip(")")
        line = content.count(b"\n", 0, int(position)) + 1 if position.isdecimal() else content.count(b"\n") + 1
        raise InputError(f"{name}, line {line}: {error}") from None


def encoded(given: Source) -> bytes:
    """A source as the content of its file, one row a line."""
    tables = []
    for table in given.tables:
        about = _members(table, ("file", "section", "columns"))
        rows = ",\n".join(map(_json, table.rows))
        tables.append(f'{{{", ".join(about)}, "rows": [\n{rows}\n]}}')
    head = ",\n".join(_members(given, ("title", "document", "version", "form", "says")))
    body = ",\n".join(tables)
    return f'{{\n{head},\n"tables": [\n{body}\n]\n}}\n'.encode()


def _members(value: object, names: Iterable[str]) -> list[str]:
    return [f"{_json(name)}: {_json(getattr(value, name))}" for name in names]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _shipped(name: str) -> Source:
    return decoded(get_data(published.__name__, f"sources/{name}") or b"", name)


# What papers call figures of ours: some mean by parameters the weights alone.
PRINTED_AS = {"macs": "operations", "weights": "params"}


def _papers() -> Source:
    """The papers whose figures `published.figures` holds, as a source: of whole networks, not of their parts."""
    whole = [figure for figure in published.figures() if not figure.part]
    columns = Columns("network", params=Column("params"), operations=Column("FLOPs"))
    tables = []
    for title, figures in groupby(whole, lambda figure: figure.source):
        rows: dict[str, dict[str, str]] = {}
        for figure in figures:
            kind = PRINTED_AS.get(figure.figure, figure.figure)
            text = f"{'~' if figure.approximate else ''}{printed(figure.printed)}"
            rows.setdefault(figure.network, {})[kind] = text
        found = tuple(Row(0, network, network, **cells) for network, cells in rows.items())
        tables.append(Table(title, "", columns, found))
    return Source(
        "Figures of papers for described networks",
        "the papers that its tables name",
        "as its tables name them",
        "hand",
        "",
        tuple(tables),
    )
