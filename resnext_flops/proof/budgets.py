"""Guard a budget: limits on exact figures of models, in a file beside the code, held in continuous integration.

A configuration is TOML, a file of its own or `[tool.resnext-flops]` in a `pyproject.toml`:

    baseline = "budgets.baseline.json"  # the default: the configuration's own name

    [[models]]
    model = "resnext50_32x4d"
    limits = ["macs <= 4.3G", "params <= 26M", "change <= 1%"]

A limit is a comparison of figures and sizes, in the grammar of `complexity/expressions.py`, and is held exactly.
`change` is the largest change of any figure, up or down, against the committed baseline.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from resnext_flops.complexity.expressions import (
    Expression,
    Name,
    Rational,
    comparisons,
    condition,
    evaluate,
    is_percentage,
    names_in,
    text_of,
)
from resnext_flops.complexity.figures import FIGURES, TIME, expression_names, remarks_on
from resnext_flops.complexity.model import Model, figure_of
from resnext_flops.counters.lookup import model as model_of
from resnext_flops.errors import InputError, unknown

if TYPE_CHECKING:
    from pathlib import Path

CHANGE = "change"
SECTION = "resnext-flops"
DEFAULTS = ("budgets.toml", "pyproject.toml")

TRAINING_MACS = "training_macs"
# The figures that `change` looks at. Their names are also those of limits, and of the baseline.
WATCHED = (*FIGURES, TRAINING_MACS)


class Limit(NamedTuple):
    """One limit as it was written, and its comparison."""

    text: str
    condition: Expression

    @property
    def names(self) -> set[str]:
        """The figures and sizes that it is about."""
        return names_in([self.condition])

    @property
    def of_share(self) -> bool:
        """Whether it is held against a percentage."""
        return any(map(is_percentage, self._sides))

    @property
    def quantities(self) -> dict[str, Expression]:
        """What it limits, by its text: the sides of its comparisons that hold a name."""
        return {text_of(side): side for side in self._sides if names_in([side])}

    @property
    def _sides(self) -> list[Expression]:
        return [side for comparison in comparisons(self.condition) for side in comparison.operands]

    def holds(self, values: Mapping[str, Rational]) -> bool:
        """Whether figures and sizes keep the limit. Raises InputError as `evaluate` does."""
        return bool(evaluate(self.condition, values))


def limit(text: str, sizes: Iterable[str] = ()) -> Limit:
    """Read a limit such as `macs <= 4.3G`, `macs / params <= 200` or `change <= 1%`, in the grammar of expressions.

    sizes: the names that it may hold besides those of figures.

    Raises InputError for what is no limit.

    >>> limit("macs <= 4.3G").holds({"macs": 4_300_000_001})
    False
    """
    found = Limit(text.strip(), condition(text.strip(), dict.fromkeys([*sizes, *WATCHED, CHANGE, *expression_names()])))
    if not found.names:
        raise InputError(f"cannot use {text!r}: it holds no figure and no size")
    for comparison in comparisons(found.condition):
        _require_share(text, *comparison.operands)
        _require_share(text, *reversed(comparison.operands))
    return found


def _require_share(text: str, side: Expression, other: Expression) -> None:
    """Check that a change is held against a share, and a figure or a size is not."""
    name = side.name if isinstance(side, Name) else ""
    changes = CHANGE in names_in([side])
    if changes != is_percentage(other) and (changes or name):
        kind = "a share, such as 1%" if changes else "a number, such as 4.3e9"
        raise InputError(f"cannot use {text!r}: {CHANGE if changes else name} is held against {kind}")


class Budget(NamedTuple):
    """A model with its limits, each with the line where it stands."""

    model: str
    limits: tuple[tuple[Limit, int], ...]


class Config(NamedTuple):
    """A configuration: its file, the budgets in it, and the file of the baseline."""

    path: "Path"
    budgets: tuple[Budget, ...]
    baseline: "Path"


class Check(NamedTuple):
    """One limit held against a model, with the figures and sizes of it that the limit is about.

    changed: for `change`, the figure that changed most.
    remarks: on a time, why its interval is the wider one.
    """

    model: str
    limit: Limit
    line: int
    values: Mapping[str, Rational]
    changed: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the limit is kept."""
        return self.limit.holds(self.values)

    @property
    def of_time(self) -> bool:
        """Whether it is about a time, which is an estimate."""
        return TIME in self.limit.names

    @property
    def quantities(self) -> dict[str, Rational]:
        """The value of everything that is limited, by its text."""
        return {text: evaluate(side, self.values) for text, side in self.limit.quantities.items()}

    @property
    def words(self) -> str:
        """The quantities in words."""
        of_time = "an estimated " if self.of_time else ""
        return " and ".join(f"{text} is {of_time}{self._shown(value)}" for text, value in self.quantities.items())

    def _shown(self, value: Rational) -> str:
        if isinstance(value, int):
            return f"{value:,}"
        return f"{float(100 * value):.4g}%" if self.limit.of_share else f"{float(value):,.6g}"

    def __str__(self) -> str:
        which = f" ({self.changed})" if self.changed else ""
        return f"{self.model}: {self.words}{which}, and the limit is {self.limit.text}"


Baseline = Mapping[str, Mapping[str, int]]


def check(config: Config, baseline: Baseline | None = None) -> list[Check]:
    """Hold every model of a configuration against its limits.

    baseline: figures to hold `change` against; the configuration's own file by default.

    Raises InputError for a model that does not exist, or a limit on `change` without a baseline of the model.
    """
    changing = [budget.model for budget in config.budgets if any(CHANGE in held.names for held, _ in budget.limits)]
    if baseline is None:
        baseline = read_baseline(config.baseline) if changing else {}
    for model in changing:
        if model not in baseline:
            raise InputError(
                f"the baseline {str(config.baseline)!r} has no {model!r}; `resnext-flops check --update` writes it"
            )
    return [found for budget in config.budgets for found in _held(budget, baseline, config)]


def _held(budget: Budget, baseline: Baseline, config: Config) -> list[Check]:
    model = model_of(budget.model)
    sizes = _sizes(model)
    found = []
    for held, line in budget.limits:
        own = {name: sizes[name] if name in sizes else _figure(model, name) for name in held.names - {CHANGE}}
        values: dict[str, Rational] = {**own}
        changed = ""
        if CHANGE in held.names:
            values[CHANGE], changed = _change(model, baseline[budget.model])
        try:
            held.holds(values)
        except InputError as error:
            raise InputError(f"{str(config.path)!r}, line {line}: cannot use {held.text!r}: {error}") from None
        remarks = remarks_on(expression_names()[TIME], model.cost()) if TIME in own else ()
        found.append(Check(budget.model, held, line, values, changed, remarks))
    return found


def _change(model: Model, before: Mapping[str, int]) -> tuple[Fraction, str]:
    """The largest change of any figure, as a share of the baseline's, and which figure it is."""
    changes = {name: abs(Fraction(_figure(model, name) - known, known or 1)) for name, known in before.items()}
    most = max(changes, key=lambda name: changes[name])
    return changes[most], most


def figures(model: str) -> dict[str, int]:
    """The figures of a model that `change` looks at; without `training_macs` if it does not run in training mode.

    >>> figures("resnet50")["macs"]
    4089184256
    """
    found = model_of(model)
    known = {name: _figure(found, name) for name in FIGURES}
    with suppress(InputError):
        known[TRAINING_MACS] = found.training_macs
    return known


def _figure(model: Model, name: str) -> int:
    """A figure of a model by its name in a limit."""
    return model.training_macs if name == TRAINING_MACS else figure_of(model, expression_names()[name])


def _sizes(model: Model) -> dict[str, int]:
    """The sizes of a model, by the names that they have in a closed form."""
    return {name: size for name, size in model.sizes().items() if size is not None}


def write_baseline(config: Config) -> None:
    """Write the figures of every model as the baseline, whole or not at all.

    Raises InputError if the file cannot be written.
    """
    import json

    from resnext_flops.files import write

    content = {budget.model: figures(budget.model) for budget in config.budgets}
    write(config.baseline, json.dumps(content, indent=2) + "\n")


def read_baseline(path: "Path") -> Baseline:
    """The baseline of a file. Raises InputError for a file that is missing or is no baseline."""
    import json

    from resnext_flops.files import missing, read_text

    if missing(path):
        raise InputError(
            f"there is no baseline {str(path)!r} to hold `change` against; `resnext-flops check --update` writes it"
        )
    text = read_text(path)
    try:
        return {
            model: {name: _whole(known[name]) for name in WATCHED if name in known}
            for model, known in json.loads(text).items()
            if known.keys() & set(WATCHED)
        }
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{str(path)!r} is no baseline: {error}") from None


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a whole number")
    return value


def read_config(path: "Path | None" = None) -> Config:
    """Read a configuration; by default `budgets.toml` in the current directory, or else `pyproject.toml`.

    Raises InputError, with the file and the line, for a file that is missing, is no TOML, has an unknown key, or a
    limit or model that cannot be read.
    """
    from pathlib import Path

    from resnext_flops.files import missing, read_text

    chosen = path or next((Path(name) for name in DEFAULTS if not missing(name)), Path(DEFAULTS[0]))
    if missing(chosen):
        raise InputError(f"there is no configuration {str(chosen)!r}; give one with --config")
    return parse_config(read_text(chosen), chosen)


def parse_config(text: str, path: "Path") -> Config:
    """The configuration in a text. Raises InputError, with the file and the line, for what is none."""
    source = _Source(text, path)
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number with thousands of digits, tables within tables
        raise InputError(f"{str(path)!r} is no TOML: {error}") from None
    if path.name == "pyproject.toml":
        content = content.get("tool", {}).get(SECTION, {})
    known = source.known(content, ("baseline", "models"), "", 1)
    baseline = known.get("baseline", f"{path.stem}.baseline.json")
    if not isinstance(baseline, str):
        raise source.error("baseline is not the name of a file", source.line("baseline"))
    models = known.get("models")
    if not isinstance(models, list) or not models:
        header = f"tool.{SECTION}.models" if path.name == "pyproject.toml" else "models"
        raise InputError(f"{str(path)!r} has no models; begin one with [[{header}]]")
    starts = source.starts(len(models))
    budgets = tuple(_budget(table, source, start) for table, start in zip(models, starts, strict=True))
    return Config(path, budgets, path.parent / baseline)


def _budget(content: Any, source: "_Source", start: int) -> Budget:
    known = source.known(content, ("model", "limits"), "of a model", start)
    model, texts = known.get("model"), known.get("limits")
    if not isinstance(model, str):
        raise source.error('a model has no name; write model = "resnext50_32x4d"', start)
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise source.error(f'{model} has no limits; write limits = ["macs <= 4.3G"]', source.line("limits", start))
    try:
        sizes = _sizes(model_of(model))
    except InputError as error:
        raise source.error(str(error), source.line(model, start)) from None
    limits = []
    for text in texts:
        line = source.line(text, start)
        try:
            limits.append((limit(text, sizes), line))
        except InputError as error:
            raise source.error(str(error), line) from None
    return Budget(model, tuple(limits))


class _Source:
    """The lines of a configuration. tomllib does not tell them, so they are found again by what stands in them."""

    def __init__(self, text: str, path: "Path") -> None:
        self.lines, self.path = text.splitlines(), path

    def line(self, what: str, start: int = 1) -> int:
        """The first line from `start` on that has a text; `start` where none has."""
        lines = enumerate(self.lines[start - 1 :], start)
        return next((number for number, line in lines if what in line), start)

    def starts(self, models: int) -> list[int]:
        """The line where each model begins: its `[[models]]`, or its `model` in an inline table."""
        for pattern in (r"\s*\[\[[\w.\s\"'-]*models\s*\]\]", r".*\bmodel\b\"?\s*="):
            found = [number for number, line in enumerate(self.lines, start=1) if re.match(pattern, line)]
            if len(found) == models:
                return found
        return [self.line("models")] * models

    def known(self, content: Any, keys: tuple[str, ...], whose: str, start: int) -> Mapping[str, Any]:
        """A table, if its keys are all known. Raises InputError where it is none or has another key."""
        if not isinstance(content, dict):
            raise self.error(f"what stands {whose or 'there'} is no table", start)
        for key in content:
            if key not in keys:
                raise self.error(str(unknown(f"key {whose}".strip(), key, keys)), self.line(key, start))
        return content

    def error(self, sentence: str, line: int) -> InputError:
        """The error for one line."""
        return InputError(f"{str(self.path)!r}, line {line}: {sentence}")
