"""Estimated times as a table: how long a batch takes by the profile of a machine, and what the time is made of."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from resnext_flops.complexity.figures import estimate_of, timed
from resnext_flops.complexity.profile import NINE_OF_TEN, PARTS, Estimate, Profile
from resnext_flops.errors import listed
from resnext_flops.show.table import Cell, Column, Ratio, Significant, Table

# What is said of a profile's estimates wherever they stand.
ESTIMATED = (
    "Every time is an estimate, made of exact sums over the layers by the profile of a machine, and no measurement: "
    f"{NINE_OF_TEN} within the interval."
)


def estimates(found: Mapping[str, Sequence[Estimate]], profiles: Mapping[str, Profile]) -> Table:
    """The estimates by each profile, a row each; shares of what the time is made of add up to 100 percent."""
    made_of = [part for part in PARTS if any(each.parts.get(part) for some in found.values() for each in some)]
    said = [
        ESTIMATED,
        *(about(name, each) for name, each in profiles.items()),
        *(why for name, some in found.items() for why in wider(name, profiles[name], remarks_of(some))),
    ]
    return Table(
        id="predict",
        title=f"Estimated times by the profile{'s' if len(found) > 1 else ''} {', '.join(found)}",
        source="",
        columns=(
            Column("model", "model"),
            Column("profile", "profile", rank=0 if len(found) > 1 else 4),  # the title names a single one
            Column("batch", "batch", rank=3),
            Column("milliseconds", "estimated\nms"),
            Column("low_milliseconds", "from", rank=2, together="interval"),
            Column("high_milliseconds", "to", rank=2, together="interval"),
            Column("images_per_second", "estimated\nimages/s", rank=5),
            Column("ratio", "ratio to\nthe first", rank=1),
            *(Column(_key(part), _header(part), rank=6 + place) for place, part in enumerate(reversed(made_of))),
        ),
        rows=[_row(name, each, some[0], made_of) for name, some in found.items() for each in some],
        notes=[
            *said,
            "The other columns are the shares of the time that arithmetic, memory traffic and launches take in the "
            "fit. The shares are less certain than the whole time.",
        ],
        estimated=said,
    )


def about(name: str, profile: Profile) -> str:
    """What a profile was made of, and its interval."""
    families = f"{profile.families} families from" if profile.is_published else f"{profile.families} kinds:"
    of = f"{'models' if profile.is_published else 'blocks'} of {families}"
    return (
        f"{name}: {profile.machine}, {profile.software}, {profile.precision}, {profile.layout}, a batch of "
        f"{profile.batch:,}; {profile.models:,} {of} {profile.source}. "
        f"The interval is {profile.interval.low:g} to {profile.interval.high:g} times the estimate."
    )


def _key(part: str) -> str:
    return f"{part.replace(' ', '_').replace('-', '_')}_percent"


def _header(part: str) -> str:
    first, _, last = part.rpartition(" ")
    return f"{first}\n{last}" if first else part


def _row(name: str, found: Estimate, first: Estimate, made_of: Sequence[str]) -> dict[str, Cell]:
    whole = found.femtoseconds
    return {
        "model": found.name,
        "profile": name,
        "batch": found.batch,
        "milliseconds": Significant(found.milliseconds),
        "low_milliseconds": Significant(found.milliseconds * found.interval.low),
        "high_milliseconds": Significant(found.milliseconds * found.interval.high),
        "images_per_second": Significant(found.images_per_second),
        "ratio": Ratio(whole / first.femtoseconds),
        **{_key(part): Fraction(found.parts.get(part, 0), whole) for part in made_of},
    }


def remarks_of(some: Iterable[Estimate]) -> dict[str, tuple[str, ...]]:
    """What several estimates have no evidence for, by the models."""
    return {each.name: each.remarks for each in some}


def wider(name: str, profile: Profile, remarks: Mapping[str, Sequence[str]]) -> list[str]:
    """Why intervals are the wider ones: each reason once, with the models that it is said of.

    remarks: by model, as of `Estimate`.
    """
    low, high = profile.wide_interval
    models: dict[str, list[str]] = {}
    for model, some in remarks.items():
        for each in some:
            models.setdefault(each, []).append(model)
    return [
        f"A wider interval by {name}, {low:g} to {high:g} times the estimate, because {remark}: {listed(those)}."
        for remark, those in models.items()
    ]


def said_of(figure: str, remarks: Mapping[str, Sequence[str]]) -> list[str]:
    """What is said of the times of several models by one profile.

    figure: the full name of the time. remarks: by model, as of `Estimate`; what all have is said once, of all.
    """
    by = timed(figure)
    first, *others = remarks.values() or [()]
    common = [each for each in first if all(each in some for some in others)]
    apart = {model: [each for each in some if each not in common] for model, some in remarks.items()}
    return [estimate_of(figure, common), *wider(by.name, by.profile, apart)]
