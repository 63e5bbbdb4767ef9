"""Files of a sweep: its result as CSV, Parquet or JSON lines, and how far a sweep that was stopped had come."""

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resnext_flops.design.sweep.engines import Progress
from resnext_flops.design.sweep.request import Sweep
from resnext_flops.errors import InputError, unknown
from resnext_flops.files import write

if TYPE_CHECKING:
    import pandas


def _parquet(frame: "pandas.DataFrame") -> bytes:
    content = BytesIO()
    try:
        frame.to_parquet(content)
    except ImportError:
        raise InputError("Parquet needs the extra `distributed`: pip install 'resnext-flops[distributed]'") from None
    return content.getvalue()


SUFFIXES: Mapping[str, Callable[["pandas.DataFrame"], str | bytes]] = {
    ".csv": lambda frame: frame.to_csv(lineterminator="\n"),
    ".parquet": _parquet,
    ".jsonl": lambda frame: "".join(f"{json.dumps(row)}\n" for row in frame.reset_index().to_dict("records")),
}


def check_suffix(path: Path) -> None:
    """Check that a file's name says what it holds. Raises InputError, with the suffixes there are.

    >>> check_suffix(Path("designs.xls"))
    Traceback (most recent call last):
    resnext_flops.InputError: unknown suffix '.xls'; known are .csv, .parquet, .jsonl
    """
    if path.suffix not in SUFFIXES:
        raise unknown("suffix", path.suffix, SUFFIXES)


def keep(frame: "pandas.DataFrame", path: Path) -> None:
    """Write a frame with exact integers, whole or not at all. The first column is the number of the design."""
    write(path, SUFFIXES[path.suffix](frame))


def unfinished(path: Path) -> Path:
    """The file beside a result that says how far its sweep had come; it is there while the sweep is unfinished."""
    return path.with_name(f"{path.name}.unfinished")


def save_progress(asked: Sweep, progress: Progress, path: Path) -> None:
    """Keep how far a sweep is beside its result."""
    selection = progress.selection
    content = {
        "sweep": fingerprint(asked),
        "done": sorted(progress.done),
        "numbers": selection.numbers.tolist(),
        "keys": [key.tolist() for key in selection.keys],
    }
    text = json.dumps(content)
    write(unfinished(path), f"{_digest(text)}\n{text}\n")


def load_progress(asked: Sweep, path: Path) -> Progress:
    """How far the sweep was whose result is in a file.

    Raises InputError if there is nothing to resume, or it is of another sweep.
    """
    file = unfinished(path)
    try:
        digest, _, text = file.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        raise InputError(f"there is nothing to resume: {str(file)!r} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {str(file)!r}: {error}") from None
    if digest != _digest(text.removesuffix("\n")):
        raise InputError(f"{str(file)!r} is damaged; start again with --force")
    content = json.loads(text)
    numbers = np.array(content["numbers"], dtype=np.int64)
    # Whole numbers come back as whole numbers, and the rest digit for digit.
    keys = [np.array(key) if key else np.empty(0, dtype=np.int64) for key in content["keys"]]
    same, done = content["sweep"] == fingerprint(asked), frozenset(content["done"])
    if not same:
        raise InputError(f"{str(path)!r} is of another sweep; resume it with the options that it was started with")
    return Progress(asked.nothing().add(numbers, keys), done)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(asked: Sweep) -> str:
    """The same for the same sweep: its grid, its polynomials, and what is wanted of it."""
    return hashlib.sha256(pickle.dumps(asked)).hexdigest()
