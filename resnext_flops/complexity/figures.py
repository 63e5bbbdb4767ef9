"""The figures of a network by name: what a ledger adds up, and the total of every convention."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from os import PathLike, fspath
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from resnext_flops.complexity.expressions import ESTIMATED, Apply, Constant, Name, meaning, needs_profile
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.errors import InputError, unknown
from resnext_flops.numerals import FEMTOSECONDS, MILLISECOND

if TYPE_CHECKING:
    from resnext_flops.complexity.profile import Profile

# What a ledger adds up, in words: its attributes, which `Ledger` explains.
FIGURES: Mapping[str, str] = {
    "params": "parameters",
    "weights": "weights of convolutions and fully-connected layers",
    "macs": "multiply-adds",
    "activations": "activations",
}
# Those that are of one example, so that several have several times as much.
BATCHED = ("macs", "activations")
# Bytes of tensors: the attribute of `Memory` that each is. What an allocator keeps besides is not counted.
BYTES: Mapping[str, str] = {"training_bytes": "training", "inference_bytes": "inference"}
BYTES_IN_WORDS = {"training_bytes": "bytes of tensors in training", "inference_bytes": "bytes of tensors at inference"}
# Maxima, which are no polynomials of the sizes.
PIECEWISE = ("inference_bytes",)
# The figures that networks are compared by.
COMMON = ("params", "macs", "activations")
# The time of a batch by the profile of a machine, in whole femtoseconds. Its full name has the profile and the batch.
TIME = "femtoseconds"
_IN_USE: ContextVar[str | None] = ContextVar("_IN_USE", default=None)
_STRICT: ContextVar[bool] = ContextVar("_STRICT", default=False)


class Timed(NamedTuple):
    """What the name of a time says: the profile, what it is called, and the batch."""

    name: str
    profile: "Profile"
    batch: int


def time_on(name: str | PathLike[str], batch: int | None = None) -> str:
    """The full name of the time on a machine, for a batch; that of the profile if None.

    Raises InputError for a profile that does not exist, and for a batch that it has no evidence for.

    >>> time_on("rtx3090"), timed(time_on("rtx3090", 512)).batch
    ('femtoseconds@rtx3090@1024', 512)
    """
    from resnext_flops.complexity.profile import profile

    timed.cache_clear()  # the file of a profile may be another one by now
    found = profile(name)
    runs = found.batch if batch is None else batch
    found.check_batch(runs)
    return f"{TIME}@{fspath(name)}@{runs}"


@cache
def timed(figure: str) -> Timed:
    """What the full name of a time says. Raises InputError as `profile` does."""
    from resnext_flops.complexity.profile import called, profile

    name, batch = asked_of(figure)
    return Timed(called(name), profile(name), int(batch))


def asked_of(figure: str) -> tuple[str, str]:
    """The profile and the batch that stand in the full name of a time: what `--on` and `--batch` were.

    >>> asked_of("femtoseconds@results/mine.toml@64")
    ('results/mine.toml', '64')
    """
    name, _, batch = figure.removeprefix(f"{TIME}@").rpartition("@")
    return name, batch


def without_folder(figure: str) -> str:
    """The full name of a time without the folder of the profile's file, for what is given to others.

    >>> without_folder("femtoseconds@results/mine.toml@64"), without_folder("femtoseconds@rtx3090@1024")
    ('femtoseconds@mine.toml@64', 'femtoseconds@rtx3090@1024')
    """
    name, batch = asked_of(figure)
    return f"{TIME}@{PurePath(name).name}@{batch}"


def is_time(figure: str) -> bool:
    """Whether a figure is the full name of a time."""
    return figure.startswith(f"{TIME}@")


def remarks_on(figure: str, *ledgers: Ledger) -> tuple[str, ...]:
    """What the times of networks are estimated of without evidence, and so why their interval is the wider one.

    >>> import resnext_flops as rf
    >>> remarks_on(time_on("rtx3090", 512), rf.resnet(50).cost())
    ('the batch is 512, and measured was 1,024',)
    """
    from resnext_flops.complexity.profile import without_evidence

    by = timed(figure)
    return without_evidence(by.profile, ledgers, by.batch)


def estimate_of(figure: str, remarks: Sequence[str] = ()) -> str:
    """What a time is and is not. remarks: why its interval is the wider one, if it is.

    >>> estimate_of(time_on("rtx3090"))[:60]
    'The time of a batch of 1,024 is an estimate by the profile r'
    """
    from resnext_flops.complexity.profile import NINE_OF_TEN

    by = timed(figure)
    low, high = by.profile.interval_for(remarks)
    because = f" The interval is wider, because {'; '.join(remarks)}." if remarks else ""
    return (
        f"The time of a batch of {by.batch:,} is an estimate by the profile {by.name}, and no measurement: "
        f"{NINE_OF_TEN} between {low:g} and {high:g} times the estimate.{because}"
    )


def amount(figure: str, value: int, digits: int = 6) -> str:
    """So much of a figure, in words; a time is told in milliseconds, with so many digits.

    >>> amount("macs", 4000), amount(time_on("rtx3090"), 3 * 10**13)
    ('4,000 multiply-adds', '30 estimated ms of a batch of 1,024 on rtx3090')
    """
    return f"{value / MILLISECOND:,.{digits}g} {unit(figure)}" if is_time(figure) else f"{value:,} {unit(figure)}"


def told(name: str, value: int) -> str:
    """So much of a figure by its name in expressions; a time is told as `amount` does.

    >>> with on("rtx3090"):
    ...     told("macs", 4000), told("femtoseconds", 3 * 10**13)
    ('4,000 macs', '30 estimated ms of a batch of 1,024 on rtx3090')
    """
    return amount(expression_names()[TIME], value) if name == TIME else f"{value:,} {name}"


def unit(figure: str) -> str:
    """What amounts of a figure are of, in words: of a time, milliseconds."""
    return figure_name(figure).replace(TIME, "ms") if is_time(figure) else figure_name(figure)


def meant(name: str) -> str:
    """The full name of a figure: of `ms`, that of the time that is in use.

    Raises InputError where none is, and for `images_per_second`, which has no formula.

    >>> with on("rtx3090"):
    ...     meant("macs"), meant("ms")
    ('macs', 'femtoseconds@rtx3090@1024')
    """
    if name not in ESTIMATED:
        return name
    in_use = _IN_USE.get()
    if in_use is None:
        raise needs_profile(name)
    if name != "ms":
        raise InputError(f"{name} is a quotient by the time and has no polynomial; give ms in its place")
    return in_use


@contextmanager
def on(name: str | PathLike[str], batch: int | None = None, *, strict: bool = False) -> Iterator[str]:
    """While it lasts, `ms` and `images_per_second` are figures: estimates by the profile of a machine.

    It gives the full name of the time. Raises InputError as `time_on` does.

    strict: whether a network has no time that the profile has no evidence for.

    >>> with on("rtx3090"):
    ...     expression_names()["femtoseconds"]
    'femtoseconds@rtx3090@1024'
    """
    figure = time_on(name, batch)
    examples = Constant(timed(figure).batch * FEMTOSECONDS)
    stand_for = {
        "ms": Apply("/", (Name(TIME), Constant(MILLISECOND))),
        "images_per_second": Apply("/", (examples, Name(TIME))),
    }
    token, before = _IN_USE.set(figure), _STRICT.set(strict)
    try:
        with meaning(stand_for):
            yield figure
    finally:
        _IN_USE.reset(token)
        _STRICT.reset(before)


def figure(ledger: Ledger, name: str) -> Size:
    """A figure of a ledger: one of `FIGURES`, or the total of a convention.

    Raises InputError for a figure that does not exist, and for a time without evidence where `on` is strict.

    >>> import resnext_flops as rf
    >>> figure(rf.resnet(50).cost(), "params"), figure(rf.resnet(50).cost(), "fvcore")
    (25557032, 4111512576)
    """
    figure_name(name)
    if is_time(name):
        from resnext_flops.complexity.features import features
        from resnext_flops.complexity.profile import refuse

        by = timed(name)
        if _STRICT.get():
            refuse(ledger.name, by.name, remarks_on(name, ledger))
        return sum(by.profile.time(features(ledger), by.batch).values())
    return getattr(ledger, name) if name in FIGURES else ledger.total(name)


def figures(ledger: Ledger) -> dict[str, Size]:
    """What a ledger adds up, by name.

    >>> import resnext_flops as rf
    >>> figures(rf.resnet(18).cost())["params"]
    11689512
    """
    return {name: figure(ledger, name) for name in FIGURES}


def figure_name(name: str) -> str:
    """A figure in words. Raises InputError, with the nearest names, for one that does not exist.

    >>> figure_name("macs"), figure_name("fvcore")
    ('multiply-adds', "MACs by fvcore's rules")
    """
    if name in FIGURES:
        return FIGURES[name]
    if name in BYTES:
        return BYTES_IN_WORDS[name]
    if is_time(name):
        by = timed(name)
        return f"estimated femtoseconds of a batch of {by.batch:,} on {by.name}"
    if name in ESTIMATED:
        raise needs_profile(name)
    from resnext_flops.complexity.conventions import CONVENTIONS

    if name not in CONVENTIONS:
        raise unknown("figure", name, [*FIGURES, *BYTES, *CONVENTIONS])
    return f"{CONVENTIONS[name].unit}s by {name}'s rules"


def expression_names() -> dict[str, str]:
    """Every figure by its name in expressions, where a convention has _ in the place of -.

    >>> expression_names()["fvcore_training"]
    'fvcore-training'
    """
    from resnext_flops.complexity.conventions import CONVENTIONS

    known = {name.replace("-", "_"): name for name in (*FIGURES, *BYTES, *CONVENTIONS)}
    in_use = _IN_USE.get()
    return known if in_use is None else {**known, TIME: in_use}
