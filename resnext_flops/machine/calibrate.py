"""Profiles from measured times: the fit of some samples, and what is known of how they were measured, as a file.

`published.py` makes samples of a published table.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

import msgspec

from resnext_flops.complexity.features import KINDS
from resnext_flops.complexity.profile import COVERED, FORMAT, Interval, Profile
from resnext_flops.errors import InputError
from resnext_flops.machine.fitting import Fit, Sample, covering
from resnext_flops.numerals import FEMTOSECONDS

FEWEST = 100  # models that a profile is made of
FEWEST_GROUPS = 2  # of models that are alike: one is left out, and the fit sees the others
DIGITS = 5  # of a coefficient
NOT_STATED = "not stated"
# How timm calls the files of its tables.
_NAMED = re.compile(
    r"benchmark-infer-(?P<precision>\w+)-(?P<layout>nchw|nhwc)-pt(?P<torch>\d)(?P<minor>\d+)(?P<patch>\d)-"
    r"(?:cu(?P<cuda>\d+)(?P<cuda_minor>\d)-)?(?P<cpu>cpu-)?(?P<machine>\w+?)(?P<compiled>-dynamo)?\.csv"
)


class Origin(NamedTuple):
    """How times were measured: see `Profile`."""

    machine: str
    software: str = NOT_STATED
    precision: str = NOT_STATED
    layout: str = NOT_STATED


def origin_of(path: str) -> Origin:
    """How the times of a table were measured, as timm writes it into the file's name; else the name alone.

    >>> origin_of("benchmark-infer-amp-nchw-pt240-cu124-rtx3090.csv")
    Origin(machine='rtx3090', software='torch 2.4.0, CUDA 12.4', precision='amp', layout='nchw')
    """
    file = PurePath(path).name
    found = _NAMED.fullmatch(file)
    if found is None:
        return Origin(file.removesuffix(".csv"))
    software = f"torch {found['torch']}.{found['minor']}.{found['patch']}"
    software += f", CUDA {found['cuda']}.{found['cuda_minor']}" if found["cuda"] else ""
    software += ", compiled" if found["compiled"] else ""
    return Origin(found["machine"], software, found["precision"], found["layout"])


def check_samples(samples: Sequence[Sample], path: str) -> None:
    """Raises InputError as `check_enough` does."""
    groups = {
        "families": {sample.family for sample in samples},
        "super-families": {sample.super_family for sample in samples},
    }
    check_enough(path, distinct(samples), groups)


def check_enough(path: str, models: Collection[object], groups: Mapping[str, Collection[str]]) -> None:
    """Raises InputError for too few models to make a profile of, and for groups of them of which none can be left out.

    groups: of models that are alike, by what such groups are called.
    """
    if len(models) < FEWEST:
        raise InputError(f"{path!r} has {len(models)} models that are used; a profile is made of at least {FEWEST}")
    for name, those in groups.items():
        if len(those) < FEWEST_GROUPS:
            raise InputError(
                f"{path!r} has models of {' and '.join(sorted(those))} alone; the interval of a profile is of {name} "
                "that are left out, so give at least two"
            )


def distinct(samples: Sequence[Sample]) -> set[tuple[str, int]]:
    """The networks of some samples, each once. One that is measured at two resolutions is two."""
    return {(sample.model, sample.macs) for sample in samples}


def calibrated(
    samples: Sequence[Sample], kinds: Sequence[str], fit: Fit, origin: Origin, source: str, command: str
) -> Profile:
    """The profile of some samples. kinds: of their ledgers' entries. source, command: see `Profile`.

    The wide interval is that of super-families left out, and no narrower than the other one at either end.
    """
    near, far = (Interval(*covering(samples, each, float(COVERED))) for each in (fit.families, fit.super_families))
    coefficients: dict[str, dict[str, float]] = {quantity: {} for quantity in KINDS}
    for (quantity, kind), seconds in fit.seconds.items():
        if seconds:
            coefficients[quantity][kind] = float(f"{seconds * FEMTOSECONDS:.{DIGITS}g}")
    return Profile(
        FORMAT,
        *origin,
        source,
        command,
        len(distinct(samples)),
        len({sample.family for sample in samples}),
        Counter(sample.batch for sample in samples).most_common(1)[0][0],
        near,
        Interval(min(near.low, far.low), max(near.high, far.high)),
        tuple(kinds),
        coefficients,
    )


def written(profile: Profile) -> str:
    """The file of a profile, as TOML."""
    import tomli_w

    content = msgspec.to_builtins(profile)
    rounded = {name: [round(end, 3) for end in content[name]] for name in ("interval", "wide_interval")}
    return str(tomli_w.dumps({**content, **rounded}))
