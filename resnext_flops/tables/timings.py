"""Tables of how near estimated times are to measured ones, and of what was left out."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import median

from resnext_flops.machine.fitting import DRAWN, FOLDS, NEAR, Judged, near
from resnext_flops.machine.published import Excluded
from resnext_flops.show.table import Cell, Column, Table

MODELS, MEDIAN = Column("models", "models"), Column("median_percent", "median\nerror")
CLOSE = Column("near_percent", f"within\n{NEAR:.0%}")
COLUMNS = (
    Column("table", "table"),
    Column("predictor", "predictor"),
    Column("left_out", "left out"),
    MODELS,
    Column("parts", "parts", rank=5),
    MEDIAN,
    Column("median_low_percent", "from", rank=1),
    Column("median_high_percent", "to", rank=1),
    CLOSE,
    Column("near_low_percent", "from", rank=2),
    Column("near_high_percent", "to", rank=2),
    Column("best_part_percent", "best\npart", rank=4),
    Column("worst_part_percent", "worst\npart", rank=3),
)


def judgements(found: Mapping[str, Sequence[Judged]]) -> Table:
    """How near each predictor is to each table of measured times."""
    return Table(
        id="timings",
        title="Relative errors of estimated times, of models whose family or super-family the fit did not see",
        source="",
        columns=COLUMNS,
        rows=[{"table": name, **_row(each)} for name, all_of_it in found.items() for each in all_of_it],
        notes=(
            f"Families are left out in {FOLDS} parts, super-families one by one. From and to are the ends of 95 "
            f"percent intervals, made of {DRAWN:,} sets of as many families drawn with return. "
            "A part's error is its median.",
        ),
    )


def _row(each: Judged) -> dict[str, Cell]:
    shares = {
        "median": each.median,
        "median_low": each.median_interval[0],
        "median_high": each.median_interval[1],
        "near": each.near,
        "near_low": each.near_interval[0],
        "near_high": each.near_interval[1],
        "best_part": each.best_fold,
        "worst_part": each.worst_fold,
    }
    return {
        "predictor": each.predictor,
        "left_out": each.left,
        "models": each.models,
        "parts": each.groups,
        **{f"{name}_percent": Fraction(share) for name, share in shares.items()},
    }


def errors_of_shipped(found: Mapping[str, Sequence[float]]) -> Table:
    """The relative errors of the profiles of the package, by their names, for models that they were made of."""
    rows: list[dict[str, Cell]] = [
        {
            "profile": name,
            "models": len(errors),
            "median_percent": Fraction(median(errors)),
            "near_percent": Fraction(near(errors)),
        }
        for name, errors in found.items()
    ]
    return Table(
        id="shipped",
        title="Relative errors of the shipped profiles, on models that they were made of",
        source="",
        columns=(Column("profile", "profile"), MODELS, MEDIAN, CLOSE),
        rows=rows,
        notes=("These are no errors of new models; for those, give the published tables: make timings TABLES=FOLDER.",),
    )


def left_out(found: Mapping[str, Sequence[Excluded]]) -> Table:
    """The rows of tables that no fit is made of, and why."""
    return Table(
        id="left_out",
        title="Rows that are not used",
        source="",
        columns=(
            Column("table", "table"),
            Column("model", "model"),
            Column("pixels", "pixels"),
            Column("reason", "why"),
        ),
        rows=[
            {"table": name, "model": each.row.model, "pixels": each.row.pixels, "reason": each.reason}
            for name, rows in found.items()
            for each in rows
        ],
    )
