"""Several models side by side: those that meet budgets, the best of them, and how far each is from the first.

>>> import resnext_flops as rf
>>> found = rf.compare("resnet50", "resnet101", "resnext50_32x4d", budget="macs <= 4.3G")
>>> [(row.model, row.figures["params"]) for row in found.rows]
[('resnet50', 25557032), ('resnext50_32x4d', 25028904)]
>>> found.deviation(found.rows[1], "params") == Fraction(25028904 - 25557032, 25557032)
True
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from resnext_flops.complexity.expressions import (
    ESTIMATED,
    Expression,
    Rational,
    comparisons,
    condition,
    evaluate,
    farthest,
    is_percentage,
    names_in,
    needs_profile,
    quantity,
    text_of,
)
from resnext_flops.complexity.figures import TIME, expression_names, told
from resnext_flops.counters.costs import ACCURACY, ALWAYS, Candidates, Costs, Tell
from resnext_flops.counters.lookup import Given
from resnext_flops.design.unknowns import efficient
from resnext_flops.errors import InputError, checked, unknown
from resnext_flops.show import display

if TYPE_CHECKING:
    import pandas


class LeftOut(NamedTuple):
    """A model that is in no row though no budget excludes it, and why."""

    model: str
    reason: str


@display.shown
@dataclass(frozen=True)
class Comparison:
    """Models side by side.

    rows: the models that were asked for, in their order.
    left_out: those that could not be counted, or lack a figure that decides.
    figures: the names of the figures that are shown, as in expressions.
    reference: what deviations are from: the first model that was named; None where none was, or it was not counted.
    candidates: how many models were looked at.
    wanted: which of them were asked for, in words; empty where all were.
    remarks: on what is kept of libraries' models.
    time: the full name of the time that is among the figures; empty where none is.
    """

    rows: tuple[Costs, ...]
    left_out: tuple[LeftOut, ...]
    figures: tuple[str, ...]
    reference: Costs | None
    candidates: int
    wanted: str
    remarks: tuple[str, ...]
    time: str = ""

    def deviation(self, row: Costs, figure: str) -> Fraction | None:
        """How far a figure of a row is from the reference's, as a share of it; None where one of them is missing."""
        theirs = self.reference.figures.get(figure) if self.reference else None
        if not theirs or figure not in row.figures:
            return None
        return Fraction(row.figures[figure] - theirs, theirs)

    def to_frame(self) -> "pandas.DataFrame":
        """The rows as a pandas DataFrame, indexed by model, the figures as Python integers, the accuracy in percent.

        >>> compare("resnet18").to_frame()["macs"].tolist()
        [1814073344]
        """
        import pandas

        rows = [
            {**row.figures, "checkpoint": row.checkpoint, "origin": row.origin, "lower_bound": row.lower_bound}
            | ({ACCURACY: float(row.accuracy)} if row.accuracy else {})
            for row in self.rows
        ]
        index = pandas.Index([row.model for row in self.rows], name="model")
        columns = [*self.figures, "checkpoint", "origin", "lower_bound"]
        return pandas.DataFrame(rows, columns=columns, index=index, dtype=object)


class Request(NamedTuple):
    """What is asked of models: budgets that all must hold, the keys of a Pareto front, an order, further figures."""

    budgets: tuple[Expression, ...]
    keys: tuple[Expression, ...]
    order: Expression | None
    figures: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The figures that are asked for or decide, by their names in expressions."""
        nodes = [*self.budgets, *self.keys, *([] if self.order is None else [self.order])]
        return list(dict.fromkeys([*self.figures, *sorted(names_in(nodes))]))

    @property
    def wanted(self) -> str:
        """Which models are asked for, in words."""
        met = " and ".join(map(text_of, self.budgets))
        front = ", ".join(map(text_of, self.keys))
        order = "" if self.order is None else text_of(self.order)
        words = {"with": met, "on the Pareto front of": front, "by": order}
        return " ".join(f"{word} {part}" for word, part in words.items() if part)

    def compared(self, rows: Sequence[Costs], named: int = 0, remarks: Iterable[str] = ()) -> Comparison:
        """The comparison of models, the first `named` of which were named.

        Raises InputError, with the nearest, where no model meets the budgets.
        """
        left_out = [LeftOut(row.model, row.reason) for row in rows if row.reason]
        counted = [row for row in rows if not row.reason]
        met: list[tuple[Costs, tuple[Rational, ...]]] = []
        for row in counted:
            try:
                if self._meets(row):
                    met.append((row, tuple(_value(key, row) for key in self.keys)))
            except InputError as error:
                left_out.append(LeftOut(row.model, str(error)))
        if self.budgets and counted and not met:
            raise self._nobody(counted)
        front = efficient([keys for _, keys in met])
        best = [row for row, mark in zip(met, front, strict=True) if mark]
        time = expression_names().get(TIME, "")
        estimated = [TIME] if time else []
        shown = dict.fromkeys(
            (*ALWAYS, *self.names, *estimated, *([ACCURACY] if any(row.accuracy for row, _ in best) else []))
        )
        reference = rows[0] if named and not rows[0].reason else None
        return Comparison(
            tuple(row for row, _ in sorted(best, key=lambda each: self._place(*each))),
            tuple(left_out),
            tuple(shown),
            reference,
            len(rows),
            self.wanted,
            tuple(remarks),
            time,
        )

    def _meets(self, row: Costs) -> bool:
        """Whether all budgets hold. Raises InputError where that cannot be said."""
        undecided = None
        for budget in self.budgets:
            try:
                if not _value(budget, row):
                    return False
            except InputError as error:
                undecided = error
        if undecided:
            raise undecided
        return True

    def _place(self, row: Costs, keys: tuple[Rational, ...]) -> tuple[Rational, ...]:
        """What the rows are ordered by, the smallest first, and those that lack a figure last."""
        if self.order is None:
            return keys
        if names_in([self.order]) - row.values.keys():
            return (1,)
        return 0, _value(self.order, row)

    def _nobody(self, counted: Sequence[Costs]) -> InputError:
        worst = farthest(self.budgets)
        distances: list[tuple[Rational, Costs]] = []
        reasons = []
        for row in counted:
            try:
                distances.append((_value(worst, row), row))
            except InputError as error:
                reasons.append(f"{row.model}: {error}")
        budgets = " and ".join(map(text_of, self.budgets))
        if not distances:
            return InputError(f"no model meets {budgets}; {reasons[0]}")
        _, nearest = min(distances, key=lambda each: each[0])
        words = " and ".join(_told(nearest, name) for name in sorted(names_in([worst])))
        return InputError(f"no model meets {budgets}; the nearest is {nearest.model} with {words}")


@checked
def compare(
    *models: Given,
    zoo: str = "",
    inputs: Any = None,
    budget: str | Iterable[str] = (),
    pareto: str | Iterable[str] = (),
    sort: str | None = None,
    figures: str | Iterable[str] = (),
    tell: Tell = lambda *_: None,
) -> Comparison:
    """What several models cost, a row each: params, multiply-adds, activations and the bytes of inference and training.

    models: as in `model`, described or real. Deviations are from the first.
    zoo: `torchvision` or `timm`: all its models that classify images are compared too. What is counted of a library's
        models is kept in the user's cache directory.
    inputs: what real models are called with, as in `count`; each has its usual input otherwise.
    budget: comparisons of figures that all must hold, such as `macs <= 4.2G`.
    pareto: figures or expressions of them; kept are the models that no other beats in all of these. Each is minimised,
        so `-accuracy` asks for a high one. The rows are ordered by them.
    sort: what the rows are ordered by instead, the smallest first; models that lack it come last.
    figures: further figures, such as `weights` or a convention.
    tell: called before a model is counted, with its name and with how many were counted before.

    Figures are params, weights, macs, activations, training_bytes, inference_bytes, the total of every convention (with
    _ for -), and accuracy: what torchvision prints in percent (acc@1 on ImageNet-1K) for the best weights that are for
    images of the size that is counted. A model that lacks a figure that decides is in no row, but in `left_out`, as is
    one that cannot be counted.

    Raises InputError for a model, library, figure or expression that cannot be used, and where no model meets the
    budgets.

    >>> found = compare("resnet50", "resnext50_32x4d", "resnet18", pareto="macs,-params".split(","))
    >>> [row.model for row in found.rows]
    ['resnet18', 'resnet50']
    """
    asked = request(budget, pareto, sort, figures)
    candidates = Candidates(models, zoo, inputs)
    rows = list(candidates.costs(asked.names, tell))
    return asked.compared(rows, candidates.named, candidates.remarks)


def request(
    budget: str | Iterable[str] = (),
    pareto: str | Iterable[str] = (),
    sort: str | None = None,
    figures: str | Iterable[str] = (),
) -> Request:
    """The arguments of `compare`, read. Raises InputError as it does, before any model is counted."""
    return Request(
        tuple(map(_budget, _several(budget))),
        tuple(map(_key, _several(pareto))),
        None if sort is None else _key(sort),
        tuple(map(_figure, _several(figures))),
    )


def _several(given: str | Iterable[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else list(given)


def _names() -> dict[str, str]:
    """The names that an expression may hold, and what `figures` calls them."""
    return {**expression_names(), ACCURACY: ACCURACY}


def _budget(text: str) -> Expression:
    node = condition(text, _names())
    if not names_in([node]):
        raise InputError(f"cannot use {text!r}: it holds no figure")
    if any(is_percentage(side) for comparison in comparisons(node) for side in comparison.operands):
        raise InputError(f"cannot use {text!r}: figures are held against numbers, and accuracy is in percent already")
    return node


def _key(text: str) -> Expression:
    node = quantity(text, _names())
    if not names_in([node]):
        raise InputError(f"cannot use {text!r}: it holds no figure")
    return node


@checked
def _figure(name: str) -> str:
    found = name.replace("-", "_")
    if found in ESTIMATED:
        if TIME not in _names():
            raise needs_profile(found)
        return TIME  # images a second are the batch over it
    if found not in _names():
        raise unknown("figure", name, _names().values())
    return found


def _told(row: Costs, name: str) -> str:
    return f"{row.accuracy} {name}" if name == ACCURACY else told(name, row.figures[name])


def _value(node: Expression, row: Costs) -> Rational:
    """The value of an expression for a model. Raises InputError for a figure that it lacks, and as `evaluate` does."""
    values = row.values
    for name in sorted(names_in([node])):
        if name not in values:
            raise InputError(row.why_no(name))
    try:
        return evaluate(node, values)
    except InputError as error:
        raise InputError(f"{text_of(node)}: {error}") from None
