"""Counting conventions: named rules from a ledger to the number that a counter gives.

A convention says what it counts in one sentence, in which unit, and where the rule was read. What a rule does not name
counts zero in that counter; that is a fact about the counter, not about the network. Each rule is that of the counter
run on a CPU, in evaluation mode and without gradients, on a batch of one.

One file for each place where counters look: operators, calls of modules, calls of Python functions.
"""

from resnext_flops.complexity.conventions import by_function, by_module, by_operator
from resnext_flops.complexity.conventions.convention import Convention
from resnext_flops.errors import unknown

CONVENTIONS = {each.name: each for each in (*by_operator.CONVENTIONS, *by_module.CONVENTIONS, *by_function.CONVENTIONS)}


def convention(name: str) -> Convention:
    """The convention of a name. Raises InputError, with the nearest names, where there is none.

    >>> convention("fvcore").unit
    'MAC'
    """
    if name not in CONVENTIONS:
        raise unknown("convention", name, CONVENTIONS)
    return CONVENTIONS[name]
