"""A sweep: which designs of a network's sizes meet the budgets, and which of these are best.

>>> import resnext_flops as rf
>>> found = rf.sweep(rf.resnext(50), {"C": "1,2,4,8,16,32,64", "d": "1:64"},
...                  nearest={"macs": rf.resnet(50).cost().macs}, top=3)
>>> found[["C", "d", "macs"]].values.tolist()
[[1, 64, 4089184256], [64, 2, 4114874368], [2, 40, 4124508160]]
"""

import random
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.figures import expression_names, figure_name
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.reading import Reading
from resnext_flops.counters.lookup import Given, model
from resnext_flops.counters.watching import tell
from resnext_flops.design.sweep.engines import run
from resnext_flops.design.sweep.plan import spans_of
from resnext_flops.design.sweep.request import Sweep, plan_sweep
from resnext_flops.design.sweep.search import Tell
from resnext_flops.design.sweep.selection import Selection
from resnext_flops.errors import InputError, MissError, checked

if TYPE_CHECKING:
    import pandas

# So many of the selected designs are costed once more, by the integer reading.
HELD = 3
MOST_COUNTED = 50
COUNTED = "counted"


@checked
def sweep(
    network: Given,
    over: Mapping[str, Any],
    *,
    budget: str | Iterable[str] = (),
    within: float | None = None,
    constraint: str | Iterable[str] = (),
    pareto: str | Iterable[str] = (),
    nearest: Mapping[str, float] | None = None,
    by: str | None = None,
    top: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    engine: str = "local",
    scheduler: str | None = None,
    progress: Tell = lambda _: None,
) -> "pandas.DataFrame":
    """The designs of a space that meet budgets, or the best of them, as a DataFrame with exact integers.

    network: a model, described or real, or what stands for one; its other sizes are kept. The formulas of a real one
        are interpolated; up to 50 of the designs that are found are counted on it, and the column `counted` says which.
    over: the values of the free sizes (C, d, n1, n2, ..., r, K, w, or any other by its argument's name): a text such as
        `1:64`, `8:64:8` or `1,2,4` with both ends included, or whole numbers. All combinations are the space.
    budget, constraint: comparisons of figures and sizes, such as `macs <= 4.2e9`, `C * d <= 256`, `w % 8 == 0`. All
        must hold. Where nothing meets the budgets, the error names the design that comes nearest.
    within: how many percent off the number of a budget such as `macs = 4.2G` may be.
    pareto: figures or expressions of them; kept are the designs that no other beats in all of these. Each is
        minimised, so `-params` asks for many parameters.
    nearest: a figure and its target; the `top` designs (10 unless given) nearest to it are kept.
    by: a figure or an expression that orders the result, the smallest first.
    top: how many designs are kept of those that meet the budgets, or of the front.
    sample: look at so many designs only, one from each of as many equal parts of the space, drawn with `seed`.
    engine: `local`, or `dask` with the address of a `scheduler` (without one, a cluster on this machine is started).
    progress: called with the number of designs that are done with, again and again.

    Figures are params, weights, macs, activations, and the total of every convention, with `_` for `-` in its name.
    Equal designs are ordered by their number, which is the index of the frame, so the result is the same however it
    was found.

    Raises InputError for an empty space, an expression that cannot be used, a figure that does not fit 64 bits, a
    budget that nothing meets, more than a million selected designs, or a scheduler that cannot be reached; and
    MissError, with both figures, where a count contradicts a formula.

    >>> import resnext_flops as rf
    >>> space = {"C": "1:64", "d": "1:128", "r": "160,192,224"}
    >>> found = rf.sweep(rf.resnext(50), space, budget=["macs <= 4.2e9", "params <= 26e6"], by="-macs", top=1)
    >>> found[["C", "d", "r", "macs"]].values.tolist()
    [[25, 5, 224, 4199019520]]
    """
    found = model(network)
    asked = plan_sweep(
        found,
        over,
        budget=budget,
        within=within,
        constraint=constraint,
        pareto=pareto,
        nearest=nearest,
        by=by,
        top=top,
        sample=sample,
        seed=seed,
    )
    selection = asked.nothing()
    for reached in run(asked, engine, scheduler, progress):
        selection = reached.selection
    return result(found, asked, selection, seed)


def result(
    network: Model, asked: Sweep, selection: Selection, seed: int = 0, counted: int | None = None
) -> "pandas.DataFrame":
    """The frame of a finished sweep, some designs of which are costed once more, and not by formulas.

    Of a described network three are. Of a real model `counted` of them, drawn by the seed (all up to 50, unless given),
    and a column says which.

    Raises InputError, with the nearest design, where no design was selected, and MissError where a formula is wrong.
    """
    if len(selection.numbers):
        frame = asked.frame(selection)
        derived = network.origin == "derived"
        wanted = min(HELD if derived else MOST_COUNTED if counted is None else counted, len(frame))
        places = range(len(frame)) if wanted == len(frame) else random.Random(seed).sample(range(len(frame)), wanted)  # noqa: S311
        reading = network.reading(spans_of(asked.plan.grid))
        for done, place in enumerate(places):
            tell(f"counting design {frame.index[place]}", done)
            _hold(reading, network.name, {name: frame.iloc[place][name] for name in asked.shown})
        if not derived:
            frame[COUNTED] = [place in set(places) for place in range(len(frame))]
        return frame
    if not asked.budgets:
        raise asked.nobody(asked.frame(selection))
    nearest = asked.nearest_miss()
    try:
        nearest.plan.require_64_bits(nearest.plan.keys)
    except InputError:
        raise asked.nobody(None) from None
    found = nearest.nothing()
    for part in nearest.parts():
        found = nearest.run(part, found, lambda _: None)
    raise asked.nobody(nearest.frame(found))


def _hold(reading: Reading, model: str, design: Mapping[str, Any]) -> None:
    """Hold every figure of a design against an exact one. Raises MissError where they differ."""
    sizes = {name: int(design[name]) for name in reading.free}
    known = expression_names()
    for name, given in design.items():
        if name in known and (exact := reading.exact(known[name], sizes)) != given:
            at = ", ".join(f"{size} = {value}" for size, value in sizes.items())
            what = figure_name(known[name])
            raise MissError(
                f"the formulas of {model} do not hold at {at}: they give {given:,} {what}, and exact are {exact:,}; "
                "its structure changes there, so sweep sizes on one side of it"
            )
