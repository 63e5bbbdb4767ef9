"""The facts of every model of the published set, in every form that a figure may be of, kept in a file of lines."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from resnext_flops.complexity.model import Model
from resnext_flops.counters.lookup import model
from resnext_flops.counters.workers import NoAnswerError, Worker
from resnext_flops.proof.identify.facts import Facts, Head, facts
from resnext_flops.proof.identify.forms import Form, at, of_other_networks
from resnext_flops.proof.identify.hypotheses import AS_IT_IS, AS_STATED
from resnext_flops.proof.published.collection import printed_figures

SECONDS = 300  # that the forms of a model may take


class Asked(NamedTuple):
    """A model as a row names it: what it is built as, and its resolution; empty for its own."""

    built_as: str
    resolution: str


def asked() -> list[Asked]:
    """Every model of the set that is built here."""
    return sorted({Asked(each.built_as, each.resolution) for each in printed_figures() if each.built_as})


def of_set(one: Asked) -> list[Form]:
    """The forms of a model: as it is, and as other networks."""
    found = _placed(one)
    return [Form(AS_STATED, AS_IT_IS, facts(found.cost())), *of_other_networks(found)]


def _placed(one: Asked) -> Model:
    found = model(one.built_as)
    height, _, width = one.resolution.partition("x")
    if width:
        return model(one.built_as, (1, found.input[0], int(height), int(width)))
    if not height or found.input[-2:] == (int(height), int(height)):  # a clip has frames before them
        return found
    return at(found, int(height))


def count(worker: Worker, one: Asked) -> tuple[Asked, list[Form], str]:
    """The forms of a model, made by a worker, or why there are none."""
    try:
        return one, worker(of_set, one), ""
    except NoAnswerError as error:
        return one, [], str(error)


def read(path: Path) -> dict[Asked, list[Form]]:
    """The forms of the models that a file has; of none where there is no file. What failed is not there."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {Asked(*one): [_form(form) for form in found] for one, found, _ in map(json.loads, lines) if found}


def _form(fields: Sequence[Any]) -> Form:
    image, form, (operations, activations, params, head) = fields
    return Form(image, form, Facts(operations, activations, params, Head(*head) if head else None))
