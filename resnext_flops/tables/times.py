"""The paper's question in time: what each cardinality takes at preserved cost, and its networks against ResNet-101."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.profile import Estimate, Profile, estimate
from resnext_flops.design.solve import Solution, solve_width
from resnext_flops.proof.published import published
from resnext_flops.show.table import Cell, Column, Ratio, Significant, Table
from resnext_flops.tables.estimates import ESTIMATED, about, remarks_of, wider
from resnext_flops.tables.measurements import paper_networks
from resnext_flops.tables.sentences import MEANING
from resnext_flops.tables.template import CARDINALITIES


def at_preserved_cost(cardinalities: Sequence[int] = CARDINALITIES) -> list[Solution]:
    """The widths that keep the multiply-adds of ResNet-50, one a cardinality.

    >>> [(each.sizes["C"], each.sizes["d"]) for each in at_preserved_cost([1, 32])]
    [(1, 64), (32, 4)]
    """
    return list(solve_width(resnet(50), cardinalities, "network"))


def estimated(solutions: Sequence[Solution], profile: Profile, batch: int | None = None) -> list[Estimate]:
    """The time of each network by a profile; for the batch that it was made of, if no other is given."""
    return [estimate(profile, each.network.cost(), batch) for each in solutions]


def by_cardinality(profiles: Mapping[str, Profile], batch: int | None = None) -> Table:
    """The time of ResNet-50's template at each cardinality, at preserved multiply-adds, and against C = 1."""
    solutions = at_preserved_cost()
    times = {name: estimated(solutions, each, batch) for name, each in profiles.items()}
    rows: list[dict[str, Cell]] = []
    for place, each in enumerate(solutions):
        row: dict[str, Cell] = {"cardinality": each.sizes["C"], "width": each.sizes["d"], "macs": each.cost}
        rows.append({**row, **_cells(times, place)})
    notes = _notes(profiles, times)
    return Table(
        id="performance-by-cardinality",
        title="Estimated times of ResNet-50's template at preserved multiply-adds, and against C = 1",
        source="",
        columns=(
            Column("cardinality", "C"),
            Column("width", "d"),
            Column("macs", "mult-adds", rank=3),
            *_columns(profiles),
        ),
        rows=rows,
        notes=[*notes, MEANING],
        estimated=notes,
    )


def section_5_1(profiles: Mapping[str, Profile], batch: int | None = None) -> Table:
    """The paper's networks of Section 5.1 against ResNet-101: its printed seconds, exact cost, and estimated times."""
    paper, printed = published("resnext")["performance"], paper_networks()
    first = next(iter(printed))
    seconds = Fraction(str(printed[first]["seconds"]))
    times = {name: [estimate(each, network.cost(), batch) for network in printed] for name, each in profiles.items()}
    rows: list[dict[str, Cell]] = []
    for place, (network, row) in enumerate(printed.items()):
        cells: dict[str, Cell] = {"model": row["model"], "setting": row["setting"], "seconds": row["seconds"]}
        cells["paper_ratio"] = float(Fraction(str(row["seconds"])) / seconds)
        cells["macs_ratio"] = network.cost().macs / first.cost().macs
        rows.append({**cells, **_cells(times, place)})
    notes = _notes(profiles, times)
    return Table(
        id="performance-by-profile",
        title="Section 5.1: the paper's seconds of a training step, and estimated times of a forward pass",
        source=paper["source"],
        columns=(
            Column("model", "model"),
            Column("setting", "setting"),
            Column("seconds", "seconds\nprinted", rank=3),
            Column("paper_ratio", "ratio\nin the paper"),
            Column("macs_ratio", "ratio of\nmult-adds", rank=2),
            *_columns(profiles),
        ),
        rows=rows,
        notes=[
            f"The paper's seconds are of training, on {paper['gpus']} M40 in 2016; the profiles are of forward passes. "
            "A difference of the ratios may come from the backward pass, too.",
            *paper["remarks"],
            *notes,
        ],
        estimated=notes,
    )


def _cells(times: Mapping[str, Sequence[Estimate]], place: int) -> dict[str, Cell]:
    """The time of a network by each profile, and as a multiple of that of the first network."""
    return {
        key: cell
        for name, some in times.items()
        for key, cell in (
            (f"{name}_milliseconds", Significant(some[place].milliseconds)),
            (f"{name}_ratio", Ratio(some[place].femtoseconds / some[0].femtoseconds)),
        )
    }


def _columns(profiles: Mapping[str, Profile]) -> list[Column]:
    return [
        column
        for name in profiles
        for column in (
            Column(f"{name}_milliseconds", f"{name}\nestimated\nms", rank=1, together="times"),
            Column(f"{name}_ratio", f"{name}\nratio"),
        )
    ]


def _notes(profiles: Mapping[str, Profile], times: Mapping[str, Sequence[Estimate]]) -> list[str]:
    return [
        ESTIMATED,
        *(about(name, each) for name, each in profiles.items()),
        *(said for name, each in profiles.items() for said in wider(name, each, remarks_of(times[name]))),
    ]
