"""What a picture can be of: a model by name, a described network, or a ledger that is there already."""

from typing import TypeAlias

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.subject import Subject, subject

Drawable: TypeAlias = str | Subject | Ledger


def ledger(model: Drawable) -> Ledger:
    """The exact cost of a model, however it is given.

    Raises InputError for a name that no model has.

    >>> ledger("resnet50").macs
    4089184256
    """
    if isinstance(model, Ledger):
        return model
    return (subject(model) if isinstance(model, str) else model).cost()
