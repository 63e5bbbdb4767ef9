"""Count what is missing, estimate the weights, explain every figure, print the rates, and write what was found."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from resnext_flops.counters.workers import answers
from resnext_flops.files import write
from resnext_flops.proof.identify.fitting import Fitted
from resnext_flops.proof.identify.forms import IMAGES, STRIDE_IN, TRAINING
from resnext_flops.proof.identify.hypotheses import AS_IT_IS, AS_STATED, Hypothesis, Kind
from resnext_flops.proof.identify.verdicts import encoded
from resnext_flops.proof.identify.weights import BELIEVED, Weights, explained
from resnext_flops.proof.published.collection import printed_figures
from resnext_flops.reports.published.counting import SECONDS, asked, count, read
from resnext_flops.reports.published.explaining import (
    TO_REPORT,
    Counted,
    answer,
    counted,
    of_column,
    shuffled,
    verdict,
    weights,
)
from resnext_flops.reports.published.rates import Answer, by_digits, by_group
from resnext_flops.show.render import to_markdown, to_text
from resnext_flops.show.table import Table

WORKERS = 2
# The share of figures that are of another image than the usual one, and of each form that rows of the set have as
# models of their own. Nothing in the set says how often a reader meets them.
OTHER_IMAGES, RARE_FORM = 0.1, 0.01
SHIPPED = Path(__file__).parents[2] / "proof" / "identify"


def main(arguments: Sequence[str]) -> None:
    """See the package."""
    folder, page = map(Path, arguments)
    folder.mkdir(parents=True, exist_ok=True)
    _count_missing(folder / "facts.jsonl")
    every = counted(printed_figures(), read(folder / "facts.jsonl"))
    there = [each for each in every if each]
    on_tuning, on_others = (
        weights([each for each in there if each.tunes]),
        weights([each for each in there if not each.tunes]),
    )
    found = [
        verdict(one, figure, on_others if one and one.tunes else on_tuning)
        for one, figure in zip(every, printed_figures(), strict=True)
    ]
    general = {kind: _of_any_form(fitted.mean) for kind, fitted in on_tuning.items()}
    write(SHIPPED / "weights.json", _readable(general))
    write(SHIPPED / "verdicts.json", encoded(found))
    tables = list(_tables(there, on_tuning))
    write(page, "\n\n".join(map(to_markdown, tables)) + "\n")
    for table in tables:
        print(to_text(table))  # noqa: T201


def _count_missing(path: Path) -> None:
    there = read(path)
    missing = [one for one in asked() if one not in there]
    with path.open("a", encoding="utf-8") as lines:
        for number, found in enumerate(answers(count, missing, SECONDS, WORKERS), 1):
            lines.write(json.dumps(found) + "\n")
            lines.flush()
            print(f"{number}/{len(missing)} {found[0].built_as} {found[2]}", file=sys.stderr)  # noqa: T201


def _of_any_form(weights: Weights) -> Weights:
    """Weights for a figure of which nobody said what image and what form of the network it is of.

    The rows of the set say that, so it cannot be estimated there.
    """
    images = {AS_STATED: 1 - OTHER_IMAGES, **{str(pixels): OTHER_IMAGES / len(IMAGES) for pixels in IMAGES}}
    rare = [TRAINING, *(STRIDE_IN.format(layer) for layer in ("1x1", "3x3"))]
    forms = {**dict.fromkeys(rare, RARE_FORM), **weights.choices["form"]}
    return Weights({**weights.choices, "image": images, "form": forms}, weights.last)


def _readable(general: Mapping[Kind, Weights]) -> str:
    """The weights as they are shipped, with five decimals."""
    rounded = json.loads(msgspec.json.encode(general), parse_float=lambda text: round(float(text), 5))
    return json.dumps(rounded, indent=1) + "\n"


def _tables(rows: Sequence[Counted], fitted: Mapping[Kind, Fitted]) -> Iterator[Table]:
    reported = [each for each in rows if each.reported]
    true = [answer(each, each.figure, fitted, each.figure.source) for each in reported]
    false = [answer(each, other, fitted, each.figure.source) for each, other in shuffled(reported)]
    yield by_digits(true, false)
    others = [[each for each in answers if "timm" not in each.group] for answers in (true, false)]
    yield replace(by_digits(*others), title="The same without the tables of timm")
    yield by_group(true, false, "The same by source, for figures of three and more digits")
    of_timm = [_with_its_cause(each, fitted) for each in rows if each.figure.source == TO_REPORT]
    yield by_group(
        of_timm,
        [],
        "timm's table of 2026, all rows, with the weights of its table of 2023: given by what its benchmark counts, "
        "attention not fused, of the network as it is trained or deployed",
    )
    stated = [_first(each, fitted) for each in reported if each.figure.column.convention]
    yield by_group(stated, [], "Figures whose convention the document states: how often it is the first answer")


def _with_its_cause(one: Counted, fitted: Mapping[Kind, Fitted]) -> Answer:
    """Whether a figure of timm's table is explained by what its benchmark counts, and by nothing else."""
    sample = one.sample()
    best = explained(sample.matches, sample.printed, of_column(fitted, one))
    cause = Hypothesis("all" if one.figure.figure == "params" else "timm")
    right = best is not None and best.match.hypothesis._replace(form=AS_IT_IS) == cause
    return Answer(one.figure.digits, right and best is not None and best.posterior >= BELIEVED, one.figure.figure)


def _first(one: Counted, fitted: Mapping[Kind, Fitted]) -> Answer:
    """Whether the first answer is the convention that the document states, with nothing known of its column."""
    sample = one.sample()
    best = explained(sample.matches, sample.printed, fitted[one.figure.figure].mean)
    name = "paper" if one.figure.column.convention == "torchvision" else one.figure.column.convention
    right = best is not None and best.match.exact == one.own.operations.get(name)
    return Answer(one.figure.digits, right, one.figure.source)
