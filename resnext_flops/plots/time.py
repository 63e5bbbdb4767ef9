"""The paper's question in time, as a picture: estimated times against cardinality, at preserved multiply-adds."""

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes

from resnext_flops.complexity.profile import Estimate, Named, profiles, shipped
from resnext_flops.plots.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, panel, styled, ticked
from resnext_flops.tables.template import CARDINALITIES
from resnext_flops.tables.times import at_preserved_cost, estimated

LOOKS = tuple(zip((BLUE, VERMILION, GREEN, ORANGE, PURPLE, BLACK), "os^Dv*", strict=True))


@styled
def time(
    axes: Axes | None = None, *, on: Named | Iterable[Named] = (), batch: int | None = None, column: bool = False
) -> Axes:
    """The time of ResNet-50's template at each cardinality, in percent of that of ResNet-50, one line a machine.

    on: the profile, or several; those of the package without them.
    batch: examples at once; of each profile its own unless given.
    axes, column: where to draw; without axes, in a new figure.

    >>> time(on=["rtx3090"]).get_xlabel()
    'cardinality C (groups)'
    """
    drawn = axes or panel(2.6, column)
    solutions = at_preserved_cost()
    for place, (name, each) in enumerate(profiles(on or shipped()).items()):
        found = estimated(solutions, each, batch)
        times = [one.femtoseconds for one in found]
        color, marker = LOOKS[place % len(LOOKS)]
        shares = [100 * taken / times[0] for taken in times]
        drawn.plot(CARDINALITIES, shares, color=color, marker=marker, label=_label(name, found))
    drawn.axhline(100, color=BLACK, linewidth=0.6)
    drawn.set(xlabel="cardinality C (groups)", ylabel="estimated time, of that at C = 1 (%)", xscale="log")
    ticked(drawn.xaxis, CARDINALITIES)
    drawn.legend(loc="best")
    return drawn


def _label(name: str, found: Sequence[Estimate]) -> str:
    """What a line is: estimates by a profile, and what that has no evidence for."""
    return "\n".join((f"{name} (estimated)", *dict.fromkeys(remark for each in found for remark in each.remarks)))
