"""Guard a budget: limits on exact figures of models, in a file beside the code, held in continuous integration.

A configuration is TOML, a file of its own or `[tool.resnext-flops]` in a `pyproject.toml`:

    baseline = "budgets.baseline.json"  # the default: the configuration's own name

    [[models]]
    model = "resnext50_32x4d"
    limits = ["macs <= 4.3e9", "params <= 26e6", "change <= 1%"]

A limit is a figure, a comparison and a number, which is read exactly; nothing is evaluated. `change` is the largest
change of any figure, up or down, against the committed baseline.
"""

import operator
import re
import tomllib
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from resnext_flops.complexity.counters.lookup import model as model_of
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.errors import InputError, unknown

if TYPE_CHECKING:
    from pathlib import Path

CHANGE = "change"
SECTION = "resnext-flops"
DEFAULTS = ("budgets.toml", "pyproject.toml")

FIGURES: Mapping[str, Callable[[Ledger], int]] = {
    "macs": lambda ledger: ledger.macs,
    "params": lambda ledger: ledger.params,
    "weights": lambda ledger: ledger.weights,
    "activations": lambda ledger: ledger.activations,
    "training_macs": lambda ledger: ledger.training_macs,
}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}
LIMIT = re.compile(r"\s*(\w+)\s*(<=|<|>=|>|==)\s*(\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d{1,2})?)\s*(%?)\s*")


class Limit(NamedTuple):
    """One limit as it was written: a figure, a comparison and an exact bound."""

    text: str
    figure: str
    comparison: str
    bound: Fraction

    def holds(self, value: Fraction | int) -> bool:
        """Whether a figure keeps the limit."""
        return COMPARISONS[self.comparison](value, self.bound)


def limit(text: str) -> Limit:
    """Read a limit such as `macs <= 4.3e9` or `change <= 1%`.

    Raises InputError for what is no limit.

    >>> limit("macs <= 4.3e9").bound, limit("change <= 1%").bound
    (Fraction(4300000000, 1), Fraction(1, 100))
    """
    match = LIMIT.fullmatch(text)
    if not match:
        raise InputError(f"cannot read the limit {text!r}; write it as 'macs <= 4.3e9' or 'change <= 1%'")
    figure, comparison, number, percent = match.groups()
    if figure not in FIGURES and figure != CHANGE:
        raise unknown("figure", figure, [*FIGURES, CHANGE])
    if bool(percent) != (figure == CHANGE):
        kind = "a share, such as 1%" if figure == CHANGE else "a number, such as 4.3e9"
        raise InputError(f"cannot read the limit {text!r}; {figure} is held against {kind}")
    return Limit(text.strip(), figure, comparison, Fraction(number) / (100 if percent else 1))


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
    """One limit held against a model. For `change`, `changed` names the figure that changed most."""

    model: str
    limit: Limit
    line: int
    value: Fraction | int
    changed: str = ""

    @property
    def passed(self) -> bool:
        """Whether the limit is kept."""
        return self.limit.holds(self.value)

    def __str__(self) -> str:
        value = f"{float(100 * self.value):.4g}%" if self.limit.figure == CHANGE else f"{self.value:,}"
        which = f" ({self.changed})" if self.changed else ""
        return f"{self.model}: {self.limit.figure} is {value}{which}, and the limit is {self.limit.text}"


Baseline = Mapping[str, Mapping[str, int]]


def check(config: Config, baseline: Baseline | None = None) -> list[Check]:
    """Hold every model of a configuration against its limits.

    baseline: figures to hold `change` against; the configuration's own file by default.

    Raises InputError for a model that does not exist, or a limit on `change` without a baseline of the model.
    """
    if baseline is None and any(each.figure == CHANGE for budget in config.budgets for each, _ in budget.limits):
        baseline = read_baseline(config.baseline)
    for budget in config.budgets:
        if budget.model not in (baseline or {}) and any(each.figure == CHANGE for each, _ in budget.limits):
            raise InputError(
                f"the baseline {str(config.baseline)!r} has no {budget.model!r}; "
                "`resnext-flops check --update` writes it"
            )
    return [found for budget in config.budgets for found in _check(budget, baseline or {})]


def _check(budget: Budget, baseline: Baseline) -> list[Check]:
    now = figures(budget.model)
    found = []
    for each, line in budget.limits:
        if each.figure != CHANGE:
            found.append(Check(budget.model, each, line, now[each.figure]))
            continue
        before = baseline[budget.model]
        changes = {name: abs(Fraction(now[name] - before[name], before[name] or 1)) for name in before}
        most = max(changes, key=lambda name: changes[name])
        found.append(Check(budget.model, each, line, changes[most], most))
    return found


def figures(model: str) -> dict[str, int]:
    """The figures of a model that limits can be set on.

    >>> figures("resnet50")["macs"]
    4089184256
    """
    ledger = model_of(model).cost()
    return {name: figure(ledger) for name, figure in FIGURES.items()}


def current(config: Config) -> dict[str, dict[str, int]]:
    """The figures of every model of a configuration as they are now: what `--update` writes as the baseline."""
    return {budget.model: figures(budget.model) for budget in config.budgets}


def write_baseline(config: Config) -> None:
    """Write the baseline anew, whole or not at all. Raises InputError if the file cannot be written."""
    import json

    from resnext_flops.writing import write

    write(config.baseline, json.dumps(current(config), indent=2) + "\n")


def read_baseline(path: "Path") -> Baseline:
    """The baseline of a file. Raises InputError for a file that is missing or is no baseline."""
    import json

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            model: {name: _whole(known[name]) for name in FIGURES if name in known}
            for model, known in content.items()
            if known.keys() & FIGURES.keys()
        }
    except FileNotFoundError:
        raise InputError(
            f"there is no baseline {str(path)!r} to hold `change` against; `resnext-flops check --update` writes it"
        ) from None
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from None
    except (ValueError, AttributeError, TypeError) as error:
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

    chosen = path or next((Path(name) for name in DEFAULTS if Path(name).exists()), Path(DEFAULTS[0]))
    try:
        text = chosen.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"there is no configuration {str(chosen)!r}; give one with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {str(chosen)!r}: {getattr(error, 'strerror', None) or error}") from None
    return parse_config(text, chosen)


def parse_config(text: str, path: "Path") -> Config:
    """The configuration in a text. Raises InputError, with the file and the line, for what is none."""
    source = _Source(text, path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{str(path)!r} is no TOML: {error}") from None
    if path.name == "pyproject.toml":
        content = content.get("tool", {}).get(SECTION, {})
    with_keys = source.known(content, ("baseline", "models"), "", 1)
    baseline = with_keys.get("baseline", f"{path.stem}.baseline.json")
    if not isinstance(baseline, str):
        raise source.error("baseline is not the name of a file", source.line("baseline"))
    models = with_keys.get("models")
    if not isinstance(models, list) or not models:
        header = f"tool.{SECTION}.models" if path.name == "pyproject.toml" else "models"
        raise InputError(f"{str(path)!r} has no models; begin one with [[{header}]]")
    starts = source.starts(len(models))
    budgets = tuple(_budget(each, source, start) for each, start in zip(models, starts, strict=True))
    return Config(path, budgets, path.parent / baseline)


def _budget(content: Any, source: "_Source", start: int) -> Budget:
    known = source.known(content, ("model", "limits"), "of a model", start)
    model, texts = known.get("model"), known.get("limits")
    if not isinstance(model, str):
        raise source.error('a model has no name; write model = "resnext50_32x4d"', start)
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) for each in texts):
        raise source.error(f'{model} has no limits; write limits = ["macs <= 4.3e9"]', source.line("limits", start))
    limits = []
    for text in texts:
        line = source.line(text, start)
        try:
            limits.append((limit(text), line))
        except InputError as error:
            raise source.error(str(error), line) from None
    try:
        model_of(model)
    except InputError as error:
        raise source.error(str(error), source.line(model, start)) from None
    return Budget(model, tuple(limits))


class _Source:
    """The lines of a configuration. tomllib does not tell them, so they are found again by what stands in them."""

    def __init__(self, text: str, path: "Path") -> None:
        self.lines, self.path = text.splitlines(), path

    def line(self, what: str, start: int = 1) -> int:
        """The first line from `start` on that has a text; `start` where none has."""
        for number in range(start, len(self.lines) + 1):
            if what in self.lines[number - 1]:
                return number
        return start

    def starts(self, models: int) -> list[int]:
        """The line where each model begins: its `[[models]]`, or its `model` in an inline table."""
        for pattern in (r"\s*\[\[[\w.\s\"'-]*models\s*\]\]", r".*\bmodel\b\"?\s*="):
            found = [number for number, line in enumerate(self.lines, start=1) if re.match(pattern, line)]
            if len(found) == models:
                return found
        return [self.line("models")] * models

    def known(self, content: Any, keys: tuple[str, ...], whose: str, start: int) -> Mapping[str, Any]:
        """A table whose keys are all known."""
        if not isinstance(content, dict):
            raise self.error(f"what stands {whose or 'there'} is no table", start)
        for key in content:
            if key not in keys:
                raise self.error(str(unknown(f"key {whose}".strip(), key, keys)), self.line(key, start))
        return content

    def error(self, sentence: str, line: int) -> InputError:
        """The error for one line."""
        return InputError(f"{str(self.path)!r}, line {line}: {sentence}")
