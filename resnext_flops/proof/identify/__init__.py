"""What a printed figure of a model is: which convention, unit, scope and variant of the network gives it.

`hypotheses` says what it can be, `facts` and `forms` what that costs, `weights` how likely each is.
"""

from typing import Any

from resnext_flops.counters import lookup
from resnext_flops.counters.lookup import Given
from resnext_flops.errors import InputError
from resnext_flops.proof.identify.forms import forms
from resnext_flops.proof.identify.hypotheses import KINDS, Kind
from resnext_flops.proof.identify.search import Candidate, Identification, Printed, Question, Search

__all__ = ["Candidate", "Identification", "identify"]


def identify(
    model: Given,
    figure: str | None = None,
    *,
    params: str | None = None,
    macs: str | None = None,
    activations: str | None = None,
    inputs: Any = None,
) -> Identification:
    """What printed figures of a model are: which convention, unit, scope and variant of the network gives them.

    model, inputs: whatever stands for one, and what it is called with, as in `count`. With inputs no other images are
        tried.
    figure: as printed, such as `4.12G`, where it is not said what of.
    params, macs, activations: as printed, where that is said. An operation may be a multiply-add or half of one. Of
        several figures the explanations are those that give them all.

    Hypotheses are ranked by how likely they are, which was estimated from the published set. Other images, and other
    forms of the network, are tried as long as the figures are not explained.

    Raises InputError for a figure or a model that cannot be read, and where no figure is given.

    >>> found = identify("resnet50", "4.11G")
    >>> found.candidates[0].matches["operations"].exact, found.explained
    (4111512576, True)
    """
    given: dict[Kind, str | None] = {"params": params, "operations": macs, "activations": activations}
    printed = {kind: Printed.of(text) for kind in KINDS if (text := given[kind]) is not None}
    if figure is None and not printed:
        raise InputError("no figure is given; give one as it is printed, such as '4.1G'")
    if figure is not None and printed:
        names = ", ".join("macs" if kind == "operations" else kind for kind in printed)
        raise InputError(f"{figure!r} is given and {names} too; say of each figure what it is of")
    questions: list[Question] = [printed] if figure is None else [{kind: Printed.of(figure)} for kind in KINDS]
    found = lookup.model(model, inputs)
    search = Search(questions)
    for form in forms(found):
        search.add(form)
        if search.is_over:
            break
    return search.result(found.name)
