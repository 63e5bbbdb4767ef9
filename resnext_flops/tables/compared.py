"""Models side by side as a table: what each costs, how far it is from the first, and what is to be said of them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from resnext_flops.complexity.figures import TIME, timed
from resnext_flops.counters.costs import ACCURACY, ALWAYS, Costs
from resnext_flops.design.compare import Comparison
from resnext_flops.errors import listed
from resnext_flops.numerals import FEMTOSECONDS, MILLISECOND
from resnext_flops.show.render import raw
from resnext_flops.show.table import Cell, Column, Deviation, Significant, Table
from resnext_flops.tables.estimates import said_of
from resnext_flops.tables.sentences import MEANING, MEANING_OF_RUNS

HEADERS = {
    "macs": "multiply-adds",
    "ms": "estimated\nms",
    "inference_bytes": "bytes at\ninference",
    "training_bytes": "bytes in\ntraining",
}
# The order in which figures that are always there are left out for want of width, the last one first; figures that were
# asked for stay.
RANKS = {"macs": 0, "ms": 0, "params": 1, "activations": 4, "inference_bytes": 5, "training_bytes": 6}
MOST_NAMED = 8
BYTES = "Bytes are those of all tensors of one call in float32; in training with the gradients and the momentum of sgd."
PRINTED = (
    "Accuracy is what torchvision prints (acc@1 on ImageNet-1K, in percent) for the best weights that are made for "
    "this size of image."
)


def compared(found: Comparison) -> Table:
    """A row for each model.

    >>> import resnext_flops as rf
    >>> table = compared(rf.compare("resnet18", "resnet34"))
    >>> [str(row["macs_deviation_percent"]) for row in table.rows][0], table.rows[1]["macs"]
    ('0', 3663761408)
    """
    rows = [_row(found, row) for row in found.rows]
    return Table("compare", title(found), "", _columns(found), rows, _notes(found), estimated=_of_times(found))


def title(found: Comparison) -> str:
    """How many models there are, of how many, and which were asked for."""
    models = f"{len(found.rows)} model{'' if len(found.rows) == 1 else 's'}"
    of = f"{len(found.rows)} of {found.candidates} models" if len(found.rows) < found.candidates else models
    return f"{of} {found.wanted}".rstrip()


def _columns(found: Comparison) -> list[Column]:
    deviating = _deviating(found)
    columns = [Column("model", "model")]
    for figure in found.figures:
        name = _key(figure)
        rank = RANKS.get(name, 0)
        columns.append(Column(name, HEADERS.get(name, name), rank))
        if figure == TIME:
            columns.append(Column("images_per_second", "estimated\nimages/s", 3))
        if name == ACCURACY:
            columns.append(Column("checkpoint", "weights of\nthis accuracy", 3))
        elif deviating:
            header = f"{HEADERS.get(name, name)}\noff by"
            columns.append(Column(f"{name}_deviation_percent", header, rank + 2 if name in RANKS else 3))
    if len({row.origin for row in found.rows}) > 1:
        columns.append(Column("origin", "origin", 9))
    if any(row.lower_bound for row in found.rows):
        columns.append(Column("lower_bound", "lower\nbound"))
    return [*columns, Column("input", "input", 10)]


def _deviating(found: Comparison) -> bool:
    """Whether there is something to compare with: the reference, and another model."""
    return found.reference is not None and any(row is not found.reference for row in found.rows)


def _row(found: Comparison, row: Costs) -> dict[str, Cell]:
    off = {name: found.deviation(row, name) for name in row.figures}
    return {
        "model": row.model,
        **{_key(name): Significant(each / MILLISECOND) if name == TIME else each for name, each in row.figures.items()},
        "images_per_second": _rate(found, row),
        **{
            f"{_key(name)}_deviation_percent": None if share is None else Deviation(share)
            for name, share in off.items()
        },
        ACCURACY: Decimal(row.accuracy) if row.accuracy else None,
        "checkpoint": row.checkpoint.rpartition(".")[2] or None,
        "origin": row.origin,
        "lower_bound": row.lower_bound,
        "input": row.input,
    }


def _rate(found: Comparison, row: Costs) -> Significant | None:
    """Examples a second, where there is a time."""
    if TIME not in row.figures:
        return None
    return Significant(timed(found.time).batch * FEMTOSECONDS / row.figures[TIME])


def _key(figure: str) -> str:
    """The column of a figure; a time is shown in milliseconds."""
    return "ms" if figure == TIME else figure


def _notes(found: Comparison) -> list[str]:
    counted = any(row.origin == "counted" for row in found.rows)
    notes = [MEANING_OF_RUNS if counted else MEANING, BYTES]
    notes += _of_times(found)
    if ACCURACY in found.figures:
        notes.append(PRINTED)
    if found.reference and _deviating(found):
        figures = (f"{found.reference.figures[name]:,} {name}" for name in ALWAYS if name in found.reference.figures)
        notes.append(f"Deviations are from {found.reference.model}: {', '.join(figures)}.")
    lower = [row.model for row in found.rows if row.lower_bound]
    if lower:
        notes.append(f"LOWER BOUND, because operators have no rule and count as nothing: {listed(lower, MOST_NAMED)}.")
    missing = [
        (f"No {_key(name)}: {row.lacking[name]}", row.model)
        for row in found.rows
        for name in found.figures
        if name in row.lacking
    ]
    remarks = [(remark, row.model) for row in found.rows for remark in row.remarks]
    left_out = [(f"Left out: {model.reason}", model.model) for model in found.left_out]
    return [*notes, *_grouped(missing), *_grouped(remarks), *_grouped(left_out)]


def _of_times(found: Comparison) -> list[str]:
    """What is said of estimated times; nothing without a profile."""
    remarks = {row.model: row.wider for row in found.rows if TIME in row.figures}
    return said_of(found.time, remarks) if found.time else []


def _grouped(said: Iterable[tuple[str, str]]) -> list[str]:
    """A sentence for each thing that is said, with the models of which it is."""
    models: dict[str, list[str]] = {}
    for sentence, model in said:
        models.setdefault(sentence, []).append(model)
    return [f"{sentence[0].upper()}{sentence[1:]}: {listed(names, MOST_NAMED)}." for sentence, names in models.items()]


def content(found: Comparison) -> dict[str, Any]:
    """A comparison as plain data for JSON, the schema `compare-1`: an object a model, and those that are left out."""
    return {
        "wanted": found.wanted,
        "candidates": found.candidates,
        "reference": found.reference.model if found.reference else None,
        "models": [_model(found, row) for row in found.rows],
        "left_out": [each._asdict() for each in found.left_out],
        **({"estimate": " ".join(said)} if (said := _of_times(found)) else {}),
    }


def _model(found: Comparison, row: Costs) -> dict[str, Any]:
    shown = [name for name in found.figures if name in row.figures]
    return {
        "model": row.model,
        "input": row.input,
        "origin": row.origin,
        "figures": {name: row.figures[name] for name in shown},
        "deviation_percent": {name: raw(found.deviation(row, name)) for name in shown} if found.reference else None,
        "accuracy": float(row.accuracy) if row.accuracy else None,
        "checkpoint": row.checkpoint or None,
        "lower_bound": row.lower_bound,
        "remarks": list(row.remarks),
        "lacking": {name: row.lacking[name] for name in found.figures if name in row.lacking},
    }
