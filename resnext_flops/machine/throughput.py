"""Published throughput beside exact cost: which figure orders networks as their speed does, family by family.

Radosavovic et al. (arXiv:2003.13678, Section 4) find that activations predict the run time of a GPU better than FLOPs.
"""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from resnext_flops.complexity.figures import COMMON, figure
from resnext_flops.complexity.names import network as by_name
from resnext_flops.complexity.network import Network
from resnext_flops.errors import InputError, unknown

# Columns of timm's benchmark files, the first that a file has being taken.
MODEL = ("model",)
THROUGHPUT = ("infer_samples_per_sec", "train_samples_per_sec", "samples_per_sec", "throughput")
RESOLUTION = ("infer_img_size", "train_img_size", "img_size")
PARAMS = ("param_count", "infer_param_count", "train_param_count")  # in millions, rounded to two digits
ROUNDING = 0.0051
# Two points always correlate.
FEWEST = 3
ALL = "all"


class Speed(NamedTuple):
    """One line of a file whose model is described: its network at the file's resolution, and examples a second."""

    network: Network
    throughput: float


class Correlation(NamedTuple):
    """Spearman's rank correlation of throughput with each figure; None where a rank does not exist."""

    family: str
    networks: int
    figures: Mapping[str, float | None]


@dataclass(frozen=True)
class Correlations:
    """The correlations of each family and of all networks, and the models of the file that were set aside."""

    column: str
    families: tuple[Correlation, ...]
    undescribed: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def best(self) -> str | None:
        """The figure that orders all networks best: the one with the strongest correlation."""
        found = {name: abs(value) for name, value in self.families[-1].figures.items() if value is not None}
        return max(found, key=lambda name: found[name]) if found else None


def correlate(path: "str | os.PathLike[str]", throughput: str | None = None) -> Correlations:
    """The rank correlation of published throughput with exact macs, params and activations, by family.

    path: a CSV file with a column `model` and a column of examples a second, such as timm's benchmark files. A column
        of resolutions is heeded, and a column of parameters (in millions) tells networks of the same name apart.
    throughput: the column of examples a second, where it is none of timm's.

    Raises InputError for a file that cannot be read, lacks a column, has a throughput that is no number above 0, or has
    no described network.
    """
    lines = read_lines(path)
    columns = list(lines[0])
    model, speed = column_of(columns, MODEL, path), column_of(columns, [throughput] if throughput else THROUGHPUT, path)
    resolution, params = (next((name for name in names if name in columns), None) for names in (RESOLUTION, PARAMS))
    rows: list[Speed] = []
    undescribed, different = [], []
    for number, line in enumerate(lines, start=2):
        network = _network(line[model], line[resolution] if resolution else "")
        if network is None:
            undescribed.append(line[model])
        elif params and line[params] and not _has(network, positive(line[params], params, number, path)):
            different.append(line[model])
        else:
            rows.append(Speed(network, positive(line[speed], speed, number, path)))
    if not rows:
        raise InputError(f"{str(path)!r} has no model that is described; `models` lists what is")
    families = list(dict.fromkeys(row.network.architecture.name for row in rows))
    parts = [(name, [row for row in rows if row.network.architecture.name == name]) for name in families]
    found = tuple(_correlation(name, part) for name, part in [*parts, (ALL, rows)])
    return Correlations(speed, found, tuple(undescribed), tuple(different))


def read_lines(path: "str | os.PathLike[str]") -> list[dict[str, str]]:
    """The lines of a CSV file by the names of its columns. Raises InputError where it is none, or has no lines."""
    from resnext_flops.files import read_text

    text = read_text(path, "utf-8-sig")
    try:
        lines = list(csv.DictReader(io.StringIO(text, newline=""), restval="", restkey="more"))
    except csv.Error as error:
        raise InputError(f"{str(path)!r} is no CSV file: {error}") from None
    if not lines:
        raise InputError(f"{str(path)!r} has no lines below its header")
    return lines


def column_of(columns: Sequence[str], wanted: Sequence[str], path: object) -> str:
    """The first of some columns that a file has. Raises InputError, with the nearest name, where it has none."""
    for name in wanted:
        if name in columns:
            return name
    raise InputError(f"{str(path)!r}: {unknown('column', wanted[0], columns)}")


def _network(name: str, resolution: str) -> Network | None:
    """The described network of a name in a file, whose `.tag` names weights; None where there is none."""
    for candidate in dict.fromkeys((name, name.partition(".")[0])):
        try:
            network = by_name(candidate)
            return network.replace(resolution=int(resolution)) if resolution else network
        except (InputError, ValueError):
            continue
    return None


def _has(network: Network, millions: float) -> bool:
    return abs(network.cost().params / 1e6 - millions) <= ROUNDING


def positive(text: str, column: str, line: int, path: object) -> float:
    """The number of a cell. Raises InputError, with its place, where it is no finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < inf:
        raise InputError(f"{str(path)!r}, line {line}: {column} is {text!r}; it must be a finite number above 0")
    return value


def _correlation(family: str, rows: Sequence[Speed]) -> Correlation:
    import pandas

    figures = [{name: figure(row.network.cost(), name) for name in COMMON} for row in rows]
    if len(rows) < FEWEST:
        return Correlation(family, len(rows), dict.fromkeys(figures[0]))
    frame = pandas.DataFrame(figures, dtype=float).assign(throughput=[row.throughput for row in rows])
    found = frame.corr(method="spearman")["throughput"]
    # A figure that is the same for all has no ranks.
    known = {name: None if pandas.isna(found[name]) else float(found[name]) for name in figures[0]}
    return Correlation(family, len(rows), known)
