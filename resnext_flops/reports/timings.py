"""How near estimated times are to published ones: the program behind `make timings`.

`python -m resnext_flops.reports.timings FOLDER` fits a profile to each CSV file of a folder, judges it by families and
by super-families left out beside three simpler predictors, and prints one table, and the rows that are not used. The
first run counts the models (about ten minutes on two cores; a run that is stopped goes on where it was).

With `--shipped` in front, the profiles that the package ships are held against small tables of their names, such as
`rtx3090.csv`. They were made of these rows as well, so their errors are those of models that were seen.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from resnext_flops.complexity.profile import profile
from resnext_flops.errors import InputError
from resnext_flops.machine.calibrate import check_samples
from resnext_flops.machine.fitting import Sample, fit, judged
from resnext_flops.machine.published import Kept, rows, samples
from resnext_flops.numerals import FEMTOSECONDS
from resnext_flops.show.render import to_text
from resnext_flops.show.table import Table
from resnext_flops.tables.timings import errors_of_shipped, judgements, left_out


def _tables(folder: str) -> list[Path]:
    found = sorted(Path(folder).glob("*.csv"))
    if not found:
        raise InputError(f"{folder!r} has no CSV file; give a folder of tables such as timm's benchmark files")
    return found


def _tell(model: str, left: int) -> None:
    print(f"counted {model}, {left} to go", file=sys.stderr)  # noqa: T201


def fitted(folder: str) -> list[Table]:
    """The errors of a fit to each table of a folder, and the rows that are not used."""
    kept, found, excluded = Kept(), {}, {}
    for path in _tables(folder):
        usable = samples(rows(path), kept, _tell)
        check_samples(usable.samples, str(path))
        found[path.stem], excluded[path.stem] = judged(usable.samples, fit(usable.samples)), usable.excluded
    return [judgements(found), left_out(excluded)]


def shipped(folder: str) -> Table:
    """The errors of the shipped profiles on tables of their names."""
    kept, found = Kept(), {}
    for path in _tables(folder):
        usable = samples(rows(path), kept, _tell).samples
        found[path.stem] = [abs(_estimated(path.stem, each) - 1) for each in usable]
    return errors_of_shipped(found)


def _estimated(name: str, sample: Sample) -> float:
    """An estimated time as a share of the measured one."""
    parts = profile(name).time(sample.features, sample.batch)
    return sum(parts.values()) / FEMTOSECONDS / sample.seconds


def main(arguments: Sequence[str]) -> None:
    """Print the tables."""
    *flags, folder = arguments
    tables = [shipped(folder)] if flags else fitted(folder)
    print("\n\n".join(map(to_text, tables)))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
