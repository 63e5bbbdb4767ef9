"""Published times as samples for a fit: every model of a table is built at its resolution, counted, and compared.

A table is a CSV file such as timm's benchmark files (`results/` of huggingface/pytorch-image-models). A row is left out
if the installed timm does not build its model, or builds another network: one whose parameters are not the printed
ones. Of a network with a deployed form, that is tried, too. What was counted is kept in the user's cache directory, so
that a run that is stopped goes on where it was.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from resnext_flops.complexity.features import Features, features, kinds
from resnext_flops.complexity.profile import MOST_FEMTOSECONDS
from resnext_flops.counters.deployed import deployed, has_deployed_form
from resnext_flops.counters.lookup import built
from resnext_flops.counters.workers import NoAnswerError, Worker, answers
from resnext_flops.counters.zoos.kept import code_digest
from resnext_flops.errors import InputError
from resnext_flops.machine.families import family, super_family
from resnext_flops.machine.fitting import Sample
from resnext_flops.machine.throughput import PARAMS, THROUGHPUT, column_of, positive, read_lines
from resnext_flops.numerals import FEMTOSECONDS

MODEL, PIXELS, BATCH, STEP = "model", "infer_img_size", "infer_batch_size", "infer_step_time"
# How far parameters may be off the printed ones, besides the rounding of these to 0.01 million.
TOLERANCE, ROUNDING = 0.002, 0.005
SECONDS = 300  # that the count of a model may take
WORKERS = 2
# Told of each model that was counted: its name, and how many are still to be counted.
Tell = Callable[[str, int], None]


class Row(NamedTuple):
    """A line of a table: a model on square images, the examples of a batch, examples a second, millions of params."""

    model: str
    pixels: int
    batch: int
    rate: float
    millions: float

    def is_of(self, params: int) -> bool:
        """Whether a network has the printed parameters."""
        return abs(params / 1e6 - self.millions) <= TOLERANCE * self.millions + ROUNDING


class Asked(NamedTuple):
    """A network that is to be counted: a model of timm on square images, as it is trained or as it is deployed."""

    model: str
    pixels: int
    deployed: bool = False


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a network: its file in timm, totals, kinds of layers and features; or the reason of nothing."""

    asked: Asked
    reason: str = ""
    file: str = ""
    params: int = 0
    macs: int = 0
    activations: int = 0
    kinds: tuple[str, ...] = ()
    features: tuple[tuple[str, str, int], ...] = ()


class Excluded(NamedTuple):
    """A row that is no sample, and why."""

    row: Row
    reason: str


class Samples(NamedTuple):
    """A table as samples, the kinds of layers that they have, the batch of most of them, and what was left out."""

    samples: list[Sample]
    kinds: tuple[str, ...]
    excluded: list[Excluded]


def rows(path: "str | os.PathLike[str]") -> list[Row]:
    """The rows of a table.

    Raises InputError for a file without the columns, for a number that is no finite one above 0, for pixels and a batch
    that are not whole, and for rates that are no examples a second: a batch takes less than a femtosecond or more than
    a day, or another time than that of a step in milliseconds, where the file has it.
    """
    lines = read_lines(path)
    columns = list(lines[0])
    names = [column_of(columns, wanted, path) for wanted in ((MODEL,), (PIXELS,), (BATCH,), THROUGHPUT, PARAMS)]
    found = []
    for number, line in enumerate(lines, start=2):
        pixels, batch = (_whole(line[name], name, number, path) for name in names[1:3])
        rate, millions = (positive(line[name], name, number, path) for name in names[3:])
        if not 1 <= FEMTOSECONDS * (batch / rate) <= MOST_FEMTOSECONDS:
            raise InputError(
                f"{os.fspath(path)!r}, line {number}: {names[3]} is {line[names[3]]!r}; by it a batch takes "
                f"{batch / rate:.3g} seconds; it must take a femtosecond to a day"
            )
        found.append(Row(line[names[0]].partition(".")[0], pixels, batch, rate, millions))
    if STEP in columns:
        steps = [positive(line[STEP], STEP, number, path) for number, line in enumerate(lines, start=2)]
        ratio = median(step * row.rate / row.batch for step, row in zip(steps, found, strict=True))
        if not 500 < ratio < 2000:
            raise InputError(
                f"{os.fspath(path)!r}: {names[3]} must be examples a second, and {STEP} milliseconds; by the one a "
                f"batch takes {1000 / ratio:.3g} times as long as by the other"
            )
    return found


def _whole(text: str, column: str, line: int, path: object) -> int:
    value = positive(text, column, line, path)
    if not value.is_integer():
        raise InputError(f"{str(path)!r}, line {line}: {column} is {text!r}; it must be a whole number above 0")
    return int(value)


def count(asked: Asked) -> Counted:
    """What a network costs, counted in one run. Raises InputError where it cannot be built, or has no deployed form."""
    from timm import model_entrypoint

    model = built(f"timm:{asked.model}")
    if model.input[-2:] != (asked.pixels, asked.pixels):
        model = model.replace(r=asked.pixels)
    if asked.deployed:
        if not has_deployed_form(model):
            raise InputError("it has no deployed form")
        model = deployed(model)
    ledger = model.cost()
    return Counted(
        asked,
        "",
        model_entrypoint(asked.model).__module__.rpartition(".")[2],
        int(ledger.params),
        int(ledger.macs),
        int(ledger.activations),
        kinds(ledger),
        tuple((*key, int(figure)) for key, figure in features(ledger).items()),
    )


def _ask(worker: Worker, asked: Asked) -> Counted:
    try:
        found: Counted = worker(count, asked)
    except NoAnswerError as error:
        return Counted(asked, str(error))
    return found


class Kept:
    """What was counted, in a file of lines, to which each further one is added at once."""

    def __init__(self, folder: "Path | None" = None) -> None:
        """folder: of the file; the user's cache directory if None."""
        if folder is None:
            from platformdirs import user_cache_path

            folder = user_cache_path("resnext-flops")
        self.file = folder / f"features-{code_digest(('timm', 'torch'))}.jsonl"
        self.known = {each.asked: each for each in self._read()}

    def _read(self) -> Iterable[Counted]:
        lines = self.file.read_bytes().splitlines() if self.file.exists() else []
        for line in lines:
            try:
                yield msgspec.json.decode(line, type=Counted)
            except msgspec.DecodeError:  # the last line of a run that was stopped
                continue

    def count(self, asked: Iterable[Asked], tell: Tell) -> dict[Asked, Counted]:
        """What is known of some networks; those that were not counted yet are counted now."""
        wanted = list(dict.fromkeys(asked))
        missing = [each for each in wanted if each not in self.known]
        if missing:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("ab") as file:
                for number, found in enumerate(answers(_ask, missing, SECONDS, WORKERS), start=1):
                    file.write(b"\n" + msgspec.json.encode(found))
                    file.flush()
                    self.known[found.asked] = found
                    tell(found.asked.model, len(missing) - number)
        return {each: self.known[each] for each in wanted}


def samples(table: Sequence[Row], kept: Kept, tell: Tell = lambda *_: None) -> Samples:
    """The rows of a table whose network is the one that was measured, and why the others are not."""
    found = kept.count((Asked(row.model, row.pixels) for row in table), tell)
    others = [row for row in table if _differs(row, found[Asked(row.model, row.pixels)])]
    found |= kept.count((Asked(row.model, row.pixels, True) for row in others), tell)
    usable, excluded = [], []
    seen: set[str] = set()
    for row in table:
        forms = [found[key] for deployed in (False, True) if (key := Asked(row.model, row.pixels, deployed)) in found]
        own = next((each for each in forms if not each.reason and row.is_of(each.params)), None)
        if own is None:
            excluded.append(Excluded(row, _why_not(row, forms[0])))
        else:
            usable.append(_sample(row, own))
            seen.update(own.kinds)
    return Samples(usable, tuple(sorted(seen)), excluded)


def _differs(row: Row, found: Counted) -> bool:
    return not found.reason and not row.is_of(found.params)


def _why_not(row: Row, found: Counted) -> str:
    if found.reason:
        return f"not built here: {found.reason}"
    return f"another network: {row.millions:g} M parameters are printed, and built are {found.params / 1e6:.2f} M"


def _sample(row: Row, own: Counted) -> Sample:
    sums: Features = {(quantity, kind): figure for quantity, kind, figure in own.features}
    kin = super_family(own.file)
    return Sample(
        row.model, family(row.model), kin, row.batch, row.batch / row.rate, sums, own.macs, own.params, own.activations
    )
