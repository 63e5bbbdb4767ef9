"""Tables of how a profile agrees with networks that are measured in the same session."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from resnext_flops.machine.agreement import PASSES, Held, Order, Summary
from resnext_flops.machine.fitting import DRAWN
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.timings import CLOSE, MEDIAN, MODELS


def held_models(held: Sequence[Held], id: str, title: str) -> Table:  # noqa: A002 (the name of the table's field)
    """Predicted and measured milliseconds of models, one a row."""
    return Table(
        id=id,
        title=title,
        source="",
        columns=(
            Column("model", "model"),
            Column("predicted_ms", "predicted\nms"),
            *(Column(f"measured_{number}_ms", f"measured {number}\nms") for number in range(1, PASSES + 1)),
            Column("error_percent", "error"),
            Column("repeat_percent", "measured\nagain"),
        ),
        rows=[_held(each) for each in held],
        notes=("The error is that of the prediction against the mean of what was measured.",),
    )


def _held(each: Held) -> dict[str, Cell]:
    measured = {f"measured_{number}_ms": 1000 * seconds for number, seconds in enumerate(each.measured, start=1)}
    shares = {"error_percent": Fraction(each.error), "repeat_percent": Fraction(each.repeat_error)}
    return {"model": each.name, "predicted_ms": 1000 * each.predicted, **measured, **shares}


def summaries(found: Summary) -> Table:
    """The errors of predictions, and of measuring again."""
    rows: list[dict[str, Cell]] = [
        {"what": what, "models": found.models, "median_percent": Fraction(error), "near_percent": Fraction(near)}
        for what, error, near in (
            ("predicted against measured", found.error, found.near),
            ("measured again: the floor", found.floor, found.floor_near),
        )
    ]
    return Table(
        id="calibration",
        title="Relative errors for models that the fit did not see",
        source="",
        columns=(Column("what", ""), MODELS, MEDIAN, CLOSE),
        rows=rows,
    )


def orders(found: Mapping[str, Order]) -> Table:
    """Kendall's tau of the predicted and the measured order of some sets of networks."""
    rows: list[dict[str, Cell]] = [
        {"networks": name, "number": each.networks, "tau": each.tau, "low": each.low, "high": each.high}
        for name, each in found.items()
    ]
    return Table(
        id="orders",
        title="Kendall's tau of the predicted and the measured order",
        source="",
        columns=(
            Column("networks", "networks"),
            Column("number", "number"),
            Column("tau", "tau"),
            Column("low", "from"),
            Column("high", "to"),
        ),
        rows=rows,
        notes=(f"From and to are the ends of 95 percent intervals, of {DRAWN:,} sets of networks drawn with return.",),
    )
