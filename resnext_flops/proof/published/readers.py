"""Read a new version of a document of the published set:

    python -m resnext_flops.proof.published.readers SOURCE [PATH [VERSION]]

PATH is a folder with the document's files, such as a clone of its repository. The file of the source says which tables
are read, and by which of the readers here. It is written anew, whole or not at all. What was added by hand is kept for
the rows whose model is still in the same table: what a model is built as, and its resolution where the table has no
column for it.
"""

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from resnext_flops.counters.zoos import zoo
from resnext_flops.errors import InputError
from resnext_flops.files import read_text, write
from resnext_flops.proof.published.collection import (
    FIGURES,
    PRINTED,
    Column,
    Columns,
    Row,
    Source,
    Table,
    decoded,
    encoded,
    source,
)

if TYPE_CHECKING:
    import yaml

SOURCES = Path(__file__).parent / "sources"
# A line of JSON that opens an object with a name.
OPENED = re.compile(r'\s*"(.+)": \{')


class Cells(NamedTuple):
    """One row of a document's table: where it stands, and its cells by the headings of their columns."""

    file: str
    line: int
    section: str
    cells: dict[str, str]


def read_again(old: Source, folder: Path, version: str) -> Source:
    """A source as a new version of its document has it.

    old: the source in an older version, whose tables are read again.
    folder: where the document's files are. version: of the document.

    Raises InputError, with the file and the line, for what does not parse.
    """
    if old.form == "hand":
        raise InputError(f"{old.title}: this source is written by hand; no reader reads it")
    by_hand = {key: row for table in old.tables for key, row in _keyed(table)}
    tables = tuple(_with_additions(table, by_hand) for table in TABLES[old.form](old, folder))
    return decoded(encoded(replace(old, version=version, tables=tables)), old.title)


def _keyed(table: Table) -> Iterator[tuple[tuple[str, ...], Row]]:
    """The rows of a table with what stays the same in a new version; rows of one name are told by their order."""
    times: Counter[tuple[str, ...]] = Counter()
    for row in table.rows:
        key = (table.file, table.section, row.model, row.resolution if table.columns.resolution else "")
        times[key] += 1
        yield (*key, str(times[key])), row


def _with_additions(table: Table, by_hand: Mapping[tuple[str, ...], Row]) -> Table:
    """A table with what was added to an older version of its rows by hand."""
    rows = []
    for key, row in _keyed(table):
        before = by_hand.get(key, row)
        resolution = row.resolution if table.columns.resolution else before.resolution
        rows.append(replace(row, built_as=before.built_as or row.built_as, resolution=resolution))
    return replace(table, rows=tuple(rows))


def _listed(rows: Callable[[Path, str], Iterable[Cells]], old: Source, folder: Path) -> Iterator[Table]:
    """The tables that the file of a source lists. rows: what reads all rows of a file."""
    for table in old.tables:
        columns = _headings(table.columns)
        found = [
            _row(each, table.columns)
            for each in rows(folder, table.file)
            if each.section == table.section and columns <= each.cells.keys()
        ]
        if not found:
            names = ", ".join(sorted(columns))
            raise InputError(f"{table.file}: no table under {table.section!r} has the columns {names}")
        yield replace(table, rows=tuple(row for row in found if any(getattr(row, name) for name in FIGURES)))


def _headings(columns: Columns) -> set[str]:
    """The headings that a table must have."""
    figures = [column.heading for name in FIGURES if (column := getattr(columns, name))]
    return {heading for heading in (columns.model, columns.resolution, columns.accuracy, *figures) if heading}


def _row(given: Cells, columns: Columns) -> Row:
    """A row of a source, from the cells of a document. Raises InputError for a figure that cannot be read."""
    cells = given.cells
    row = Row(
        given.line,
        cells[columns.model],
        _in_zoo(columns.zoo, cells[columns.model]) if columns.zoo else "",
        resolution=_pixels(cells[columns.resolution]) if columns.resolution else "",
        accuracy=cells[columns.accuracy] if columns.accuracy else "",
        **{name: _printed(cells[column.heading]) for name in FIGURES if (column := getattr(columns, name))},
    )
    for name in FIGURES:
        text = getattr(row, name)
        if not re.match(PRINTED, text):
            raise InputError(f"{given.file}, line {given.line}: {text!r} is no figure, such as 25.6M or 4,089")
    return row


def _in_zoo(library: str, name: str) -> str:
    """The MODEL of a name in a library, or nothing where the installed version has no such model."""
    architecture = name.partition(".")[0]  # timm's names of weights have the training behind a point
    return f"{library}:{architecture}" if architecture in _names(library) else ""


@cache
def _names(library: str) -> frozenset[str]:
    return frozenset(zoo(library).names())


def _printed(cell: str) -> str:
    """A figure as printed, or nothing for a cell that says that there is none."""
    return "" if cell in {"-", "–", "N/A", "null"} else cell


def _pixels(cell: str) -> str:
    """The pixels of a side, such as `224` for `224x224` and `224²`."""
    height, _, width = cell.replace("×", "x").replace(" ", "").rstrip("²").partition("x")
    return height if width in {"", height} else f"{height}x{width}"


def _markdown(folder: Path, file: str) -> Iterator[Cells]:
    """The rows of all tables of a markdown file."""
    section, in_code = "", False
    headings: list[str] = []
    lines = read_text(folder / file).splitlines()
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif in_code:
            continue
        elif heading := re.match(r"#+\s+(.*)", line):
            section, headings = _plain(heading[1]), []
        elif "|" not in line:
            headings = []
        elif not headings:
            rule = lines[number] if number < len(lines) else ""
            headings = _cells(line) if re.fullmatch(r"[\s|:-]*-[\s|:-]*", rule) else []
        elif not re.fullmatch(r"[\s|:-]*", line):
            cells = _cells(line)
            yield Cells(file, number, section, dict(zip(headings, cells + [""] * len(headings), strict=False)))


def _cells(line: str) -> list[str]:
    return [_plain(cell) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _plain(text: str) -> str:
    """A text of markdown without links, tags and emphasis."""
    text = re.sub(r"<[^>]*>", "", text)
    text = re.sub(r"!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])?", r"\1", text)
    return " ".join(text.replace("**", "").replace("`", "").replace("\\", "").split())


def _csv(folder: Path, file: str) -> Iterator[Cells]:
    """The rows of a CSV file."""
    lines = read_text(folder / file).splitlines()
    reader = csv.DictReader(lines, strict=True)
    try:
        for cells in reader:
            if None in cells or None in cells.values():
                raise InputError(f"{file}, line {reader.line_num}: it has not as many cells as the first line")
            yield Cells(file, reader.line_num, "", cells)
    except csv.Error as error:
        raise InputError(f"{file}, line {reader.reader.line_num}: {error}") from None


def _json(folder: Path, file: str) -> Iterator[Cells]:
    """The objects of a JSON file that has one object a name; the name is the column `name`."""
    text = read_text(folder / file)
    try:
        objects = json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        raise InputError(f"{file}, line {error.lineno}: {error.msg}") from None
    if not isinstance(objects, dict):
        raise InputError(f"{file}, line 1: an object with a name for each model belongs here")
    lines = {opened[1]: number for number, line in enumerate(text.splitlines(), 1) if (opened := OPENED.match(line))}
    for name, cells in objects.items():
        if isinstance(cells, dict):
            yield Cells(file, lines.get(name, 1), "", {"name": name} | {key: str(cells[key]) for key in cells})


METAFILES = "configs/*/metafile.yml"


def _metafiles(_: Source, folder: Path) -> Iterator[Table]:
    """A table for each metafile of mmpretrain that prints a figure."""
    columns = Columns("Name", "", Column("Parameters"), Column("FLOPs"), accuracy="Top 1 Accuracy")
    files = sorted(folder.glob(METAFILES))
    if not files:
        raise InputError(f"{str(folder)!r} has no file {METAFILES}")
    for path in files:
        file = path.relative_to(folder).as_posix()
        rows = [_row(each, columns) for each in _metafile(path, file)]
        if rows := [row for row in rows if row.params or row.operations]:
            yield Table(file, "", columns, tuple(rows))


def _metafile(path: Path, file: str) -> Iterator[Cells]:
    """The models of one metafile."""
    import yaml

    try:
        root = yaml.compose(read_text(path), Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{file}, line {line}: {error.problem}") from None
    models = _at(root, "Models")
    if not isinstance(models, yaml.SequenceNode):
        raise InputError(f"{file}, line {models.start_mark.line + 1 if models else 1}: it has no list of Models")
    for model in models.value:
        line = model.start_mark.line + 1
        cells = {
            "Name": _at(model, "Name"),
            "Parameters": _at(model, "Metadata", "Parameters"),
            "FLOPs": _at(model, "Metadata", "FLOPs"),
            "Top 1 Accuracy": _at(model, "Results", 0, "Metrics", "Top 1 Accuracy"),
        }
        if cells["Name"] is None:
            raise InputError(f"{file}, line {line}: a model has no Name")
        yield Cells(file, line, "", {key: str(node.value) if node else "" for key, node in cells.items()})


def _at(node: "yaml.Node | None", *keys: str | int) -> "yaml.Node | None":
    """The node at a path of names and places, as it is written; None where there is none."""
    for key in keys:
        if node is None or isinstance(node.value, str):
            return None
        pairs = enumerate(node.value) if node.id == "sequence" else ((name.value, value) for name, value in node.value)
        node = next((value for name, value in pairs if name == key), None)
    return node


def _torchvision(_: Source, __: Path) -> Iterator[Table]:
    """The metadata of the weights of the installed torchvision."""
    from torchvision.models import get_model_weights, list_models

    columns = Columns(
        "weights", "crop_size", Column("num_params"), Column("_ops", "G", 3, "torchvision"), accuracy="_metrics"
    )
    rows = []
    for name in list_models():
        for weights in get_model_weights(name):
            meta = weights.meta
            accuracy: dict[str, float] = next(iter(meta["_metrics"].values()), {})
            crop = getattr(weights.transforms, "keywords", {}).get("crop_size", "")
            rows.append(
                Row(
                    0,
                    str(weights),
                    f"torchvision:{name}",
                    _pixels("x".join(map(str, crop)) if isinstance(crop, tuple) else str(crop)),
                    str(meta["num_params"]),
                    str(meta["_ops"]),
                    accuracy=str(next(iter(accuracy.values()), "")),
                )
            )
    yield Table("", "weights", columns, tuple(rows))


# What reads the tables of a document of each form.
TABLES: dict[str, Callable[[Source, Path], Iterable[Table]]] = {
    "markdown": partial(_listed, _markdown),
    "csv": partial(_listed, _csv),
    "json": partial(_listed, _json),
    "metafile": _metafiles,
    "torchvision": _torchvision,
}


def _version(form: str, folder: Path, given: str) -> str:
    """The version of a document: as given, of the installed package, or the commit of the folder's repository."""
    if given:
        return given
    if form == "torchvision":
        from importlib.metadata import version

        return version("torchvision")
    ask = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    try:
        return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        why = f"{str(folder)!r} is no git repository; give the version of the document as a third argument"
        raise InputError(why) from None


def main(arguments: Sequence[str]) -> int:
    """Read the source that is named, and write its file in this package. The result is the exit status."""
    try:
        name, path, version = (*arguments, *("", ".", "")[len(arguments) :])
        old, folder = source(name), Path(path)
        new = read_again(old, folder, _version(old.form, folder, version))
        write(SOURCES / f"{name}.json", encoded(new))
    except InputError as error:
        print(error, file=sys.stderr)  # noqa: T201 (this is its answer)
        return error.status
    rows = [row for table in new.tables for row in table.rows]
    unbuilt = sum(not row.built_as for row in rows)
    print(f"{name}, {new.version}: {len(rows)} rows; {unbuilt} of them name no MODEL")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:4]))
