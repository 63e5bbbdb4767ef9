"""Counters held against cases: what each answers, what its own stated rule gives, and the verdict."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, SECOND, Terms
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.count import count
from resnext_flops.counters.peers import PEERS
from resnext_flops.errors import InputError, one_line
from resnext_flops.proof.conformance import asking
from resnext_flops.proof.conformance.case import Case
from resnext_flops.proof.conformance.suite import every_case
from resnext_flops.proof.conformance.verdicts import NOT_ASKED, Reply, says_what_it_cannot, verdict, warning

OURS = "ours"


class Held(NamedTuple):
    """A counter held against a case.

    answer: its figure, or None. stated: the figure that its own stated rule gives.
    predicted: what our convention for it predicts, or None where there is no convention, and in training.
    remark: its warning, or its error, in one line.
    """

    counter: str
    case: str
    verdict: str
    answer: int | None = None
    stated: int | None = None
    predicted: int | None = None
    remark: str = ""


@cache
def counted(name: str) -> Ledger:
    """Our ledger of a case. Raises InputError if it cannot be counted."""
    case = every_case()[name]
    return count(*case.made(), training=case.training)


def hold(counter: str, cases: Sequence[Case], unit: int = 1, seconds: float = asking.SECONDS) -> Iterator[Held]:
    """Hold a counter against cases: ours, a peer by its name, or any by `module:function`.

    unit: what `module:function` counts a multiply-add as, 1 or 2; our conventions say it of the others.

    A peer that counts no gradients is not asked of a step of training, and neither is `module:function`.
    """
    asked = [case for case in cases if counter == OURS or not case.training or _steps(counter)]
    for case in cases:
        if case not in asked:
            yield Held(counter, case.name, NOT_ASKED)
    if counter == OURS:
        for case in asked:
            yield judged(counter, case, _our_reply(case), 1)
        return
    if counter in CONVENTIONS:
        unit = {"MAC": 1, "FLOP": 2}[CONVENTIONS[counter].unit]
    for _, name, reply in asking.replies([counter], asked, seconds) if asked else ():
        yield judged(counter, every_case()[name], reply, unit)


def _steps(counter: str) -> bool:
    return counter in PEERS and PEERS[counter].step is not None


def _our_reply(case: Case) -> Reply:
    try:
        ledger = counted(case.name)
    except InputError as error:
        return Reply(error=one_line(error), refused=says_what_it_cannot(error))
    missing = "\n".join(f"unsupported operator {each.operator}" for each in ledger.unknown)
    return Reply(int(ledger.training_macs if case.training else ledger.macs), log=missing)


def judged(counter: str, case: Case, reply: Reply, unit: int) -> Held:
    """The verdict on a counter's reply to a case."""
    terms = terms_of(counter, case)
    other = besides(terms)
    names = multiplying(case)
    found = verdict(reply, unit * case.macs, other, names)
    predicted = None if terms is None else int(terms.total)
    remark = reply.error or warning(reply.log, names)
    return Held(counter, case.name, found, reply.figure, unit * case.macs + other, predicted, remark)


def terms_of(counter: str, case: Case) -> Terms | None:
    """The terms of our convention for a counter; None where it has none, and for a step of training."""
    return None if counter not in CONVENTIONS or case.training else counted(case.name).terms(counter)


def besides(terms: Terms | None) -> int:
    """What a counter's rule counts besides multiply-adds.

    >>> terms = Terms({("linear", MULTIPLY_ADDS): 24, ("linear", SECOND): 24, ("linear", "bias"): 8})
    >>> besides(terms)
    8
    """
    return sum(int(figure) for (_, what), figure in (terms or {}).items() if what not in {MULTIPLY_ADDS, SECOND})


def multiplying(case: Case) -> frozenset[str]:
    """The names of the operators of a case that multiply and add, and of the classes of modules that call them."""
    ledger = counted(case.name)
    assert ledger.trace is not None  # noqa: S101 (it was counted)
    records = ledger.trace.records
    names = set()
    for entry, operator in zip(ledger.entries, records.operators, strict=True):
        if entry.macs and operator.name:
            names.add(operator.short.strip("_"))
            names.update(records.calls[number].classes[0] for number in operator.within[-1:])
    return frozenset(names)
