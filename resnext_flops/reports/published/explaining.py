"""Every figure of the published set with the hypotheses that meet it, and what explains it.

The set has two halves, by the names of models. The weights of hypotheses for one half are estimated on the other, so
that no figure speaks for its own explanation. Of timm's two tables the older one is for estimating alone, and the newer
one for reporting.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from resnext_flops.proof.identify.facts import Facts
from resnext_flops.proof.identify.fitting import Fitted, Sample, fit
from resnext_flops.proof.identify.forms import Form
from resnext_flops.proof.identify.hypotheses import KINDS, Kind, Readings, readings
from resnext_flops.proof.identify.search import nearest_to
from resnext_flops.proof.identify.verdicts import Verdict
from resnext_flops.proof.identify.weights import BELIEVED, Weights, explained
from resnext_flops.proof.published.collection import PrintedFigure
from resnext_flops.reports.published.counting import Asked
from resnext_flops.reports.published.rates import Answer

TO_TUNE, TO_REPORT = "timm-2023", "timm-2026"


class Counted(NamedTuple):
    """A printed figure whose model was counted: its forms, and its hypotheses."""

    figure: PrintedFigure
    own: Facts
    readings: Readings

    @property
    def column(self) -> str:
        """The column that it stands in: of a source, and of each paper."""
        name = self.figure.where if self.figure.source == "papers" else self.figure.source
        return "timm" if name in {TO_TUNE, TO_REPORT} else name

    @property
    def tunes(self) -> bool:
        """Whether it belongs to the half that weights are estimated on."""
        return half(self.figure.built_as) == 0 and self.figure.source != TO_REPORT

    @property
    def reported(self) -> bool:
        """Whether it belongs to the half that rates are reported of."""
        return half(self.figure.built_as) == 1 and self.figure.source != TO_TUNE

    def sample(self, printed: PrintedFigure | None = None) -> Sample:
        """The figure, or another one in its place, with the hypotheses of this model that meet it."""
        given = printed or self.figure
        return Sample(given.value, self.readings.matching(given.value, given.power))


def half(built_as: str) -> int:
    """The half of the set that a model belongs to, with all its arguments: 0 or 1.

    >>> half("timm:resnet50"), half("timm:resnet50(num_classes=10)")
    (0, 0)
    """
    return int(sha256(built_as.partition("(")[0].encode()).hexdigest(), 16) % 2


def counted(figures: Sequence[PrintedFigure], there: Mapping[Asked, Sequence[Form]]) -> list[Counted | None]:
    """Each figure with its model, where that was counted. The image is the one of its row, and no other."""
    made: dict[tuple[Asked, Kind], Readings] = {}
    found: list[Counted | None] = []
    for figure in figures:
        one = Asked(figure.built_as, figure.resolution)
        forms = there.get(one, ())
        if forms and (key := (one, figure.figure)) not in made:
            every = (readings(form.facts, figure.figure, form.image, form.form) for form in forms)
            made[key] = Readings(chain.from_iterable(every))
        found.append(Counted(figure, forms[0].facts, made[one, figure.figure]) if forms else None)
    return found


def weights(tuning: Sequence[Counted]) -> dict[Kind, Fitted]:
    """The weights of each kind of figure, estimated on some figures."""
    columns: dict[Kind, dict[str, list[Sample]]] = {kind: defaultdict(list) for kind in KINDS}
    for each in tuning:
        columns[each.figure.figure][each.column].append(each.sample())
    return {kind: fit(found) for kind, found in columns.items()}


def of_column(fitted: Mapping[Kind, Fitted], one: Counted) -> Weights:
    """The weights for a figure: of its column, or where nothing is known of that, of all."""
    found = fitted[one.figure.figure]
    return found.columns.get(one.column, found.mean)


def verdict(one: Counted | None, figure: PrintedFigure, fitted: Mapping[Kind, Fitted]) -> Verdict:
    """What a figure is: the best hypothesis, or the nearest of the likely ones."""
    if one is None:
        return Verdict(figure)
    column, sample = of_column(fitted, one), one.sample()
    tried = len(one.readings.doubled)
    if best := explained(sample.matches, sample.printed, column):
        # Of rules that agree on this network, the one that the document names is told.
        own = best.match.hypothesis._replace(rule=figure.column.convention)
        same = (match for match in sample.matches if match.exact == best.match.exact and match.hypothesis == own)
        return Verdict(figure, next(same, best.match), best.posterior, tried)
    return Verdict(figure, nearest_to(figure.value, list(one.readings.items()), column), 0.0, tried)


def answer(one: Counted, printed: PrintedFigure, fitted: Mapping[Kind, Fitted], group: str = "") -> Answer:
    """Whether a figure is explained by a model: its own, or another one in a shuffled set."""
    sample = one.sample(printed)
    best = explained(sample.matches, sample.printed, of_column(fitted, one))
    return Answer(printed.digits, best is not None and best.posterior >= BELIEVED, group)


def shuffled(rows: Sequence[Counted], times: int = 3) -> Iterator[tuple[Counted, PrintedFigure]]:
    """Each figure's model with the figures of some other models in its place.

    They are drawn from the same column of the same source, among figures of half to twice the size. Models that cost
    the same, and figures that are printed alike, are none: nothing is wrong there.
    """
    draw = random.Random(0)  # noqa: S311 (no secret)
    columns: dict[tuple[str, str, Kind], list[Counted]] = defaultdict(list)
    for each in rows:
        columns[each.figure.source, each.column, each.figure.figure].append(each)
    for column in columns.values():
        for one in column:
            others = [each.figure for each in column if _is_other(one, each)]
            for other in draw.sample(others, min(times, len(others))):
                yield one, other


def _is_other(one: Counted, other: Counted) -> bool:
    ours, theirs = one.figure.value, other.figure.value
    if ours == theirs or not theirs / 2 <= ours <= 2 * theirs:
        return False
    return (one.own.params["all"], one.own.operations["paper"]) != (
        other.own.params["all"],
        other.own.operations["paper"],
    )
