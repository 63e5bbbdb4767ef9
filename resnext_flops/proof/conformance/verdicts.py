"""What is said of a counter's answer: a verdict, by rules that know no counter.

A counter is held against what it says itself that it counts. Its own unit times the exact multiply-adds, and what it
counts besides (biases, norms, activations), is the figure that its stated rule gives. So it is never wrong for its
convention, only for multiply-adds that it loses, doubles or misreads.
"""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

RIGHT = "right"
SILENT = "zero, silently"
WARNED = "zero, with a warning"
WRONG = "wrong"
REFUSED = "refused"
CRASHED = "crashed"
NOT_ASKED = "not asked"

# What each verdict means.
MEANINGS: Mapping[str, str] = {
    RIGHT: "the answer is what its stated rule gives: its unit (1 or 2 operations a multiply-add) times the exact "
    "multiply-adds, and what it counts besides",
    SILENT: "there are multiply-adds, the answer is only what it counts besides, and no warning says so",
    WARNED: "the same, but it warns, and the warning names the operator or the module that has the multiply-adds",
    WRONG: "any other figure",
    REFUSED: "an error that says what it cannot do: a NotImplementedError, or one whose message says that something is "
    "not supported, not implemented, or cannot be done",
    CRASHED: "any other error, or no answer in time",
    NOT_ASKED: "a step of training, of a counter that counts no gradients",
}

CANNOT = re.compile(
    r"not (yet )?support|unsupported(?! operand)|not (yet )?implemented|cannot|can't|can not|does not allow",
    re.IGNORECASE,
)
WARNS = re.compile(r"unsupported|not support|no handler|cannot find|skipped|ignored|treat", re.IGNORECASE)


class Reply(NamedTuple):
    """What a counter did when it was asked: a figure, or an error in one line; and what it wrote besides.

    refused: whether the error says what the counter cannot do.
    """

    figure: int | None = None
    error: str = ""
    refused: bool = False
    log: str = ""


def says_what_it_cannot(error: BaseException) -> bool:
    """Whether an error says what a counter cannot do.

    >>> says_what_it_cannot(ValueError("einsum is not supported")), says_what_it_cannot(KeyError("weight"))
    (True, False)
    """
    return isinstance(error, NotImplementedError) or bool(CANNOT.search(str(error)))


def warning(log: str, names: Collection[str]) -> str:
    """The first line of a log that warns of one of these operators or modules; empty if none does.

    >>> warning("Unsupported operator aten::lstm encountered 1 time(s)", {"lstm"})
    'Unsupported operator aten::lstm encountered 1 time(s)'
    >>> warning("Unsupported operator aten::add encountered 1 time(s)", {"lstm"})
    ''
    """
    words = re.compile("|".join(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])" for name in sorted(names)) or "(?!)")
    return next((line.strip() for line in log.splitlines() if WARNS.search(line) and words.search(line)), "")


def verdict(reply: Reply, products: int, besides: int, names: Collection[str]) -> str:
    """The verdict on a reply.

    products: the exact multiply-adds, each in the counter's unit. besides: what else its stated rule counts.
    names: the operators and modules that have the multiply-adds.

    >>> [verdict(Reply(figure), 24, 4, {"linear"}) for figure in (28, 4, 52)]
    ['right', 'zero, silently', 'wrong']
    """
    if reply.figure is None:
        return REFUSED if reply.refused else CRASHED
    if reply.figure == products + besides:
        return RIGHT
    if reply.figure == besides:
        return WARNED if warning(reply.log, names) else SILENT
    return WRONG
