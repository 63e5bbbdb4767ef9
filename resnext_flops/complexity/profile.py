"""Profiles of machines: what a sum over the ledger takes there, so that the time of a network is a linear form.

A profile is a TOML file that `calibrate` writes. It says on what machine, with what software and from what measurements
it was made, and for which batch and which kinds of layers it has evidence. `estimate` is a sum of products: it needs no
torch and no clock. A time in whole femtoseconds is an exact integer, as every figure is, and so a polynomial of free
sizes; but it is an estimate, and what is made of it says so.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from importlib.resources import files
from math import inf
from os import PathLike, fspath
from pathlib import PurePath
from typing import NamedTuple, TypeAlias

import msgspec

from resnext_flops.complexity.features import KINDS, PER_EXAMPLE, PRODUCTS, Features, features, kinds
from resnext_flops.complexity.layers import Size, size
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.errors import InputError, same_name, unknown
from resnext_flops.files import read_text
from resnext_flops.numerals import FEMTOSECONDS, MILLISECOND

FORMAT = 1
# A profile is used for batches from a quarter of its own to four times as many.
REACH = 4
# A coefficient is at most so many femtoseconds. It is more than a day; nothing that is counted takes so long.
MOST_FEMTOSECONDS = 10**20
# How much of the models a profile's intervals hold.
COVERED = Fraction(9, 10)
# The same in words, before the interval: what "nine were".
NINE_OF_TEN = "of ten measured times of families that the fit had not seen, nine were"

# The name of a profile of the package, or the path of a file, which ends in .toml.
Named: TypeAlias = str | PathLike[str]

UNKNOWN = "unknown"  # the kind of an operator without a rule

TRAFFIC, LAUNCHES = "memory traffic", "launches"
# The parts of a time, in the order in which they are shown.
PARTS = (*PRODUCTS.values(), TRAFFIC, LAUNCHES)


class Interval(NamedTuple):
    """The shares of a predicted time between which nine tenths of the measured ones were."""

    low: float
    high: float


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one machine takes.

    format: of the file.
    machine, software, precision, layout: what was measured: hardware, versions, the type of numbers, the order of axes.
    source: where the measurements are from. command: what made the file of them.
    models, families: how many were measured.
    batch: of most of them, and so the one that there is evidence for.
    interval: of models whose family the fit did not see; wide_interval: of models that were like none that it saw.
    kinds: the kinds of ledger entries that were measured.
    femtoseconds: the coefficients: by quantity, and by kind of layer.
    """

    format: int
    machine: str
    software: str
    precision: str
    layout: str
    source: str
    command: str
    models: int
    families: int
    batch: int
    interval: Interval
    wide_interval: Interval
    kinds: tuple[str, ...]
    femtoseconds: dict[str, dict[str, float]]

    def __post_init__(self) -> None:
        """Raises InputError for what no calibration writes."""
        for name in ("models", "families", "batch"):
            size(name, getattr(self, name))
        for name in ("machine", "software", "precision", "layout", "source", "command"):
            if not getattr(self, name).isprintable():
                raise InputError(f"{name} is {getattr(self, name)!r}; it must be one line without control characters")
        self._check_coefficients()
        self._check_intervals()

    def _check_coefficients(self) -> None:
        for quantity, coefficients in self.femtoseconds.items():
            if quantity not in KINDS:
                raise unknown("quantity", quantity, KINDS)
            for kind, coefficient in coefficients.items():
                if kind not in KINDS[quantity]:
                    raise unknown(f"feature of {quantity}", kind, KINDS[quantity])
                if not 0 <= coefficient <= MOST_FEMTOSECONDS:
                    raise InputError(
                        f"{quantity}.{kind} is {coefficient}; it must be a number from 0 to {MOST_FEMTOSECONDS:.0e}"
                    )

    def _check_intervals(self) -> None:
        for low, high in (self.interval, self.wide_interval):
            if not 0 < low <= high < inf:
                raise InputError(f"an interval is {low} to {high}; it must be two numbers above 0, the smaller first")
        if not (self.wide_interval.low <= self.interval.low and self.interval.high <= self.wide_interval.high):
            raise InputError(
                f"wide_interval is {' to '.join(map(str, self.wide_interval))}; it must hold the interval, "
                f"{' to '.join(map(str, self.interval))}"
            )

    @property
    def is_published(self) -> bool:
        """Whether it was made of published times of models, and not of blocks that were measured."""
        return "--published" in self.command.split()

    def interval_for(self, remarks: Sequence[str]) -> Interval:
        """The interval of a time. remarks: why it is the wider one, if it is: see `without_evidence`."""
        return self.wide_interval if remarks else self.interval

    def check_batch(self, batch: int) -> None:
        """Raises InputError for a batch that there is no evidence for."""
        least, most = -(-self.batch // REACH), self.batch * REACH
        if not least <= size("batch", batch) <= most:
            raise InputError(
                f"the batch is {batch:,}; the profile of {self.machine} has evidence for {self.batch:,}, and is used "
                f"from {least:,} to {most:,}; the nearest is {min(max(batch, least), most):,}"
            )

    def time(self, found: Features, batch: int) -> dict[str, Size]:
        """The parts of the time of one run in whole femtoseconds; what they are called stands in `PARTS`.

        Raises InputError for a batch that there is no evidence for, and where nothing takes any time.
        """
        self.check_batch(batch)
        parts: dict[str, Size] = {}
        for (quantity, kind), figure in found.items():
            runs = batch if quantity in PER_EXAMPLE else 1
            taken = round(Fraction(self.femtoseconds.get(quantity, {}).get(kind, 0)) * runs) * figure
            part = PRODUCTS[kind] if quantity == "macs" else LAUNCHES if quantity == "network" else TRAFFIC
            parts[part] = parts.get(part, 0) + taken
        if not any(parts.values()):
            raise InputError(
                f"the profile of {self.machine} says that the network takes no time; make it anew with calibrate"
            )
        return parts


class Estimate(NamedTuple):
    """The time that one run of a batch is estimated to take.

    parts: whole femtoseconds, by what takes them. interval: shares of the time that hold nine of ten measured ones.
    remarks: why the interval is the wider one; none where it is not.
    """

    name: str
    batch: int
    parts: Mapping[str, int]
    interval: Interval
    remarks: tuple[str, ...]

    @property
    def femtoseconds(self) -> int:
        """The whole time."""
        return sum(self.parts.values())

    @property
    def milliseconds(self) -> float:
        """The whole time, rounded to a float."""
        return self.femtoseconds / MILLISECOND

    @property
    def images_per_second(self) -> float:
        """Examples a second, rounded to a float."""
        return self.batch * FEMTOSECONDS / self.femtoseconds


def estimate(profile: Profile, ledger: Ledger, batch: int | None = None) -> Estimate:
    """The time of a network on the machine of a profile, for one run of so many examples; its own batch if None.

    Raises InputError for a batch that there is no evidence for.
    """
    runs = profile.batch if batch is None else batch
    parts: dict[str, int] = dict(profile.time(features(ledger), runs))
    remarks = without_evidence(profile, [ledger], runs)
    return Estimate(ledger.name, runs, parts, profile.interval_for(remarks), remarks)


def without_evidence(profile: Profile, ledgers: Sequence[Ledger], batch: int) -> tuple[str, ...]:
    """What times are estimated of without evidence, and so why their interval is the wider one; mostly nothing.

    ledgers: those of all networks that the interval is said of.
    """
    remarks = []
    if batch != profile.batch:
        remarks.append(f"the batch is {batch:,}, and measured was {profile.batch:,}")
    found = {kind for ledger in ledgers for kind in kinds(ledger)}
    if unseen := sorted(found - {*profile.kinds, UNKNOWN}):
        remarks.append(f"never measured were {', '.join(unseen)}")
    if operators := dict.fromkeys(each.operator for ledger in ledgers for each in ledger.unknown):
        remarks.append(f"not counted, and so not in the time, are {', '.join(operators)}")
    return tuple(remarks)


class NoEvidenceError(InputError):
    """A time that is asked for strictly, and that a profile has no evidence for."""


def refuse(model: str, name: str, remarks: Sequence[str]) -> None:
    """Raises NoEvidenceError where a profile of a name has none for the time of a model: see `without_evidence`."""
    if remarks:
        raise NoEvidenceError(f"{model or 'the network'} cannot be estimated by {name}: {'; '.join(remarks)}")


def shipped() -> Mapping[str, str]:
    """The profiles of the package by name, as texts."""
    folder = files("resnext_flops") / "machine" / "profiles"
    found = {each.name.removesuffix(".toml"): each for each in folder.iterdir() if each.name.endswith(".toml")}
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found)}


def called(name: str) -> str:
    """What a profile is called where times are shown: a file's name, without its folder and its ending.

    >>> called("rtx3090"), called("results/mine.toml")
    ('rtx3090', 'mine')
    """
    return PurePath(name).stem if name.endswith(".toml") else name


def profile(asked: Named) -> Profile:
    """A profile by its name, such as `rtx3090`, or by the path of its file, which ends in .toml.

    Raises InputError, with the nearest names, for one that does not exist, and for a file that is no profile.
    """
    name = fspath(asked)
    if name.endswith(".toml"):
        return read_profile(read_text(name, "utf-8-sig"), name)
    return _of_the_package(name)


@cache
def _of_the_package(name: str) -> Profile:
    known = shipped()
    found = same_name(name, known)
    if found is None:
        raise InputError(f"{unknown('profile', name, known)} (the name of a file ends in .toml)")
    return read_profile(known[found], found)


def profiles(names: Named | Iterable[Named]) -> dict[str, Profile]:
    """One profile or several, by what they are called.

    Raises InputError as `profile` does, for none at all, and for two that are called alike.
    """
    several = [names] if isinstance(names, (str, PathLike)) else list(names)
    asked: dict[str, str] = {}
    for name in dict.fromkeys(fspath(each) for each in several):
        if called(name) in asked:
            raise InputError(
                f"{asked[called(name)]!r} and {name!r} are both called {called(name)}; give a file another name"
            )
        asked[called(name)] = name
    if not asked:
        raise InputError(f"give the profile of a machine, such as --on {','.join(shipped())}")
    return {name: profile(each) for name, each in asked.items()}


def read_profile(text: str, name: str) -> Profile:
    """The profile of a text in TOML. Raises InputError, with the name, for a text that is none.

    >>> read_profile("format = 7", "mine.toml")
    Traceback (most recent call last):
    resnext_flops.InputError: 'mine.toml' is a profile of format 7; this version reads 1; make it anew with calibrate
    """
    try:
        content = tomllib.loads(text)
        if "format" not in content:
            raise InputError(f"{name!r} is no profile: it has no format; make one with calibrate")
        if content.get("format") != FORMAT:
            raise InputError(
                f"{name!r} is a profile of format {content.get('format')!r}; this version reads {FORMAT}; make it anew "
                "with calibrate"
            )
        return msgspec.convert(content, Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        told = re.sub(r" - at `\$\.(\w+).*", r" in \1", str(error))  # msgspec's path of a value
        raise InputError(f"{name!r} is no profile: {told}") from None
