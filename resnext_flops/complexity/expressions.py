"""Expressions of sizes and figures, such as `macs <= 4.3G`, `macs / params <= 200` or `d % 4 == 0`.

This is the grammar of every limit, budget and order that a user writes:

    expression  =  parts with operators between them, which bind in this order, the loosest first:
                   or; and; < <= > >= == != =; + -; * / %; - before a part; **
    part        =  number | number% | name | abs(a) | min(a, b, ...) | max(a, b, ...) | (expression)
    number      =  digits such as 4_300, 4.3 or 4.3e9, and directly behind them a unit or none:
                   k, M, G, T are powers of 1000, and Ki, Mi, Gi powers of 1024
    name        =  a figure such as macs, or a size such as d; a - in a name is written as _

* Comparisons can be chained: `4G <= macs <= 4.2G` is `4G <= macs and macs <= 4.2G`.
* `%` between two operands is the remainder. Directly behind a number, and with no operand behind it, it is a
  percentage, which stands alone on one side of a comparison: `change <= 1%`.
* `a = b` asks for the a that is nearest to b. It stands alone, and only where a nearest can be searched for. How far
  off an answer may be is an option (`--within`), and no part of an expression.
* `/` is exact: 7 / 2 is three and a half. Only a sweep rounds quotients, to floats of 64 bits.
* An exponent is a whole number from 1 to 8.

A text becomes nodes. Anything outside the grammar is refused, so that a user's text never runs as a program.
Nodes have exact values, and are shown again as a text that gives the same nodes.
"""

import operator
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple, NoReturn, TypeAlias

from resnext_flops.errors import InputError, checked, unknown
from resnext_flops.numerals import NUMBER, UNITS, fraction

LONGEST = 500
DEEPEST = 50
LARGEST_EXPONENT = 8
# No figure of a network has more bits than this, and powers of powers would soon take all memory.
MOST_BITS = 2_048

Rational: TypeAlias = int | Fraction


class Constant(NamedTuple):
    """A constant: an `int` where it is whole, and True or False for a comparison whose result is known."""

    value: Rational


class Name(NamedTuple):
    """A size or a figure."""

    name: str


class Apply(NamedTuple):
    """An operation on its operands."""

    operation: str
    operands: "tuple[Expression, ...]"


Expression: TypeAlias = Constant | Name | Apply

FUNCTIONS = ("abs", "min", "max")
COMPARISONS: Mapping[str, Callable[[Rational, Rational], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
NEAREST = "="
COMPARED = (*COMPARISONS, NEAREST)
TRUTHS = ("and", "or")
# How tightly operators bind.
BINDING = {"or": 1, "and": 2, **dict.fromkeys(COMPARED, 3), "+": 4, "-": 4, "*": 5, "/": 5, "%": 5}
NEGATIVE, POWER, ATOM = 6, 7, 8

# Figures that only the profile of a machine gives, and what names stand for while one is in use.
ESTIMATED = ("ms", "images_per_second")
NOTHING: Mapping[str, Expression] = MappingProxyType({})
_MEANINGS: ContextVar[Mapping[str, Expression]] = ContextVar("_MEANINGS", default=NOTHING)

SIGNS = ("**", "<=", ">=", "==", "!=", *"+-*/%<>=(),")
TOKEN = re.compile(
    rf"(?P<number>{NUMBER}(?![\w.]))"
    rf"|(?P<sign>(?:{'|'.join(TRUTHS)})\b|{'|'.join(re.escape(sign) for sign in SIGNS)})"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<other>[\w.]+|\S)"
)


@checked
def parse(text: str) -> Expression:
    """The node of a text, with nothing computed yet.

    Raises InputError for a text that is not of the grammar.

    >>> parse("macs <= 4.3G")
    Apply(operation='<=', operands=(Name(name='macs'), Constant(value=4300000000)))
    """
    with naming(text):
        if len(text) > LONGEST:
            raise InputError(f"it is longer than {LONGEST} characters")
        return _Parser(text).all()


def condition(text: str, names: Collection[str], within: float | None = None) -> Expression:
    """The comparison of a text, which holds or does not, of known names.

    within: how many percent of b the a of `a = b` may be off; without it `a = b` is refused.

    Raises InputError for a text that is not of the grammar, is a number, asks for the nearest, or has another name.

    >>> text_of(condition("macs/params<=200", ["macs", "params"]))
    'macs / params <= 200'
    >>> text_of(condition("macs = 400M", ["macs"], within=1))
    '396000000 <= macs and macs <= 404000000'
    """
    node = parse(text)
    with naming(text):
        if not is_truth(node):
            raise InputError("it must be a comparison, such as 'macs <= 4.2e9'")
        if isinstance(node, Apply) and node.operation == NEAREST:
            node = _nearest() if within is None else _near(node, within)
        _check_names(node, names)
    return node


def quantity(text: str, names: Collection[str] | None) -> Expression:
    """The number of a text, of known names, or of any names where none are given.

    Raises InputError for a text that is not of the grammar, is a comparison, or has another name.
    """
    node = parse(text)
    with naming(text):
        if is_truth(node):
            raise InputError("it must be a number, such as 'macs / params'")
        if names is not None:
            _check_names(node, names)
    return node


@contextmanager
def meaning(names: Mapping[str, Expression]) -> Iterator[None]:
    """While it lasts, some names in texts stand for expressions, which are shown by these names again.

    >>> with meaning({"ms": parse("fs / 10")}):
    ...     parse("ms <= 3").operands[0] == parse("fs / 10"), text_of(parse("ms <= 3"))
    (True, 'ms <= 3')
    """
    token = _MEANINGS.set(names)
    try:
        yield
    finally:
        _MEANINGS.reset(token)


@contextmanager
def naming(text: str) -> Iterator[None]:
    """Errors raised within begin with the expression's text."""
    try:
        yield
    except InputError as error:
        shown = text if len(text) <= LONGEST else f"{text[:20]}..."
        raise InputError(f"cannot use {shown!r}: {error}") from None


def _check_names(node: Expression, names: Collection[str]) -> None:
    for name in sorted(names_in([node])):
        if name not in names:
            raise needs_profile(name) if name in ESTIMATED else unknown("name", name, names)


def needs_profile(name: str) -> InputError:
    """The error for an estimated figure where no profile is in use."""
    return InputError(
        f"{name} is estimated by the profile of a machine; say which, as in --on rtx3090, or in Python "
        'with on("rtx3090"), of resnext_flops.complexity.figures'
    )


class _Token(NamedTuple):
    """A piece of a text: its kind, its text, and where it starts and ends."""

    kind: str
    text: str
    start: int
    end: int


class _Parser:
    """A parser by precedence: operators that bind more tightly first, and equal ones from left to right."""

    def __init__(self, text: str) -> None:
        found = (_Token(str(match.lastgroup), match[0], *match.span()) for match in TOKEN.finditer(text))
        self.tokens = [*found, _Token("end", "", len(text), len(text))]
        self.place = self.nested = 0

    @property
    def here(self) -> _Token:
        """The token that is next."""
        return self.tokens[self.place]

    def all(self) -> Expression:
        """The node of the whole text."""
        node = self.expression()
        if self.here.kind != "end":
            raise self.stray()
        if is_percentage(node):
            raise InputError("a percentage stands on one side of a comparison")
        _check_depth(node)
        return node

    def take(self, *signs: str) -> str:
        """The next token if it is one of some signs, or else an empty text."""
        if self.here.kind != "sign" or self.here.text not in signs:
            return ""
        self.place += 1
        return self.tokens[self.place - 1].text

    def stray(self) -> InputError:
        """The error for a token that cannot stand where it does."""
        token = self.here
        if token.kind == "end":
            return InputError("it ends too early")
        if token.kind == "other" and token.text[0] in "0123456789":
            return InputError(f"{token.text!r} is no number; one is 4.3e9, or has a unit of {', '.join(UNITS)}")
        return InputError(
            f"{token.text!r} cannot stand there; an expression has numbers, names, + - * / % **, comparisons, and, or, "
            f"{', '.join(FUNCTIONS)}"
        )

    def expression(self, least: int = 1) -> Expression:
        """A part, and the operators behind it that bind at least as tightly as `least`."""
        node = self.signed()
        while self.here.kind == "sign" and (binding := BINDING.get(self.here.text, 0)) >= least:
            sign = self.here.text
            if sign in COMPARED:
                node = self.chain(node)
            elif sign in TRUTHS:
                node = _apply(sign, node, *self.rest(sign))
            else:
                self.place += 1
                node = _apply(sign, node, self.expression(binding + 1))
        return node

    def rest(self, sign: str) -> list[Expression]:
        """The further operands of the same sign."""
        found = []
        while self.take(sign):
            found.append(self.expression(BINDING[sign] + 1))
        return found

    def chain(self, left: Expression) -> Expression:
        """A comparison, or several that share their sides."""
        found = []
        while sign := self.take(*COMPARED):
            right = self.expression(BINDING[sign] + 1)
            found.append(_apply(sign, left, right))
            left = right
        return found[0] if len(found) == 1 else _apply("and", *found)

    def signed(self) -> Expression:
        """A part with its sign and its exponent."""
        self.nested += 1
        if self.nested > DEEPEST:
            raise InputError(f"it is nested deeper than {DEEPEST}")
        if self.take("-"):
            node = _apply("negative", self.signed())
        else:
            node = self.part()
            if self.take("**"):
                node = _apply("**", node, self.part())
        self.nested -= 1
        return node

    def part(self) -> Expression:
        """A number, a name, a function or an expression in brackets."""
        token = self.here
        if self.take("("):
            node = self.expression()
            self.close()
            return node
        if token.kind not in {"number", "name"}:
            raise self.stray()
        self.place += 1
        if token.kind == "number":
            return self.number(token)
        return self.function(token.text) if self.take("(") else _MEANINGS.get().get(token.text, Name(token.text))

    def number(self, token: _Token) -> Expression:
        """A number, or a percentage: directly behind it stands %, and behind that no operand."""
        try:
            node = Constant(_small(fraction(token.text)))
        except ValueError as error:
            raise InputError(str(error)) from None
        if self.here.text == "%" and self.here.start == token.end:
            after = self.tokens[self.place + 1]
            if after.kind not in {"number", "name", "other"} and after.text not in {"(", "-"}:
                self.place += 1
                return Apply("percent", (node,))
        return node

    def function(self, name: str) -> Expression:
        """The operands of a function."""
        if name not in FUNCTIONS:
            raise InputError(f"{name!r} is no function; the functions are {', '.join(FUNCTIONS)}")
        found = [self.expression()]
        while self.take(","):
            found.append(self.expression())
        self.close()
        if (len(found) == 1) != (name == "abs"):
            raise InputError(f"{name} takes {'one number' if name == 'abs' else 'two or more numbers'}")
        return _apply(name, *found)

    def close(self) -> None:
        """Step over a closing bracket."""
        if not self.take(")"):
            raise self.stray()


def _apply(operation: str, *operands: Expression) -> Expression:
    """An operation on operands. Raises InputError for operands of another kind."""
    truths = operation in TRUTHS
    for operand in operands:
        if is_truth(operand) != truths:
            wanted = "comparisons" if truths else "numbers, not of comparisons"
            raise InputError(f"{operation!r} is an operation of {wanted}")
        if isinstance(operand, Apply) and operand.operation == NEAREST:
            raise InputError("= asks for the nearest and stands alone; write == for equal")
        if is_percentage(operand) and operation not in COMPARED:
            raise InputError("a percentage stands alone on one side of a comparison")
    if operation == "**" and not _is_exponent(operands[1]):
        raise InputError(f"an exponent must be a whole number from 1 to {LARGEST_EXPONENT}")
    return Apply(operation, operands)


def _is_exponent(node: Expression) -> bool:
    return isinstance(node, Constant) and node.value in range(1, LARGEST_EXPONENT + 1)


def _check_depth(node: Expression) -> None:
    """Refuse a node that is too deep for recursion; this itself does not recurse."""
    level, depth = [node], 0
    while level := [operand for node in level if isinstance(node, Apply) for operand in node.operands]:
        depth += 1
        if depth > DEEPEST:
            raise InputError(f"it is nested deeper than {DEEPEST}")


def is_truth(node: Expression) -> bool:
    """Whether a node is a comparison, and not a number."""
    if isinstance(node, Constant):
        return isinstance(node.value, bool)
    return isinstance(node, Apply) and (node.operation in COMPARED or node.operation in TRUTHS)


def is_percentage(node: Expression) -> bool:
    """Whether a node is a number of percent."""
    return isinstance(node, Apply) and node.operation == "percent"


def names_in(nodes: Iterable[Expression]) -> set[str]:
    """Every name that nodes hold.

    >>> sorted(names_in([parse("C * d <= 256")]))
    ['C', 'd']
    """
    found = set()
    for node in nodes:
        if isinstance(node, Name):
            found.add(node.name)
        elif isinstance(node, Apply):
            found |= names_in(node.operands)
    return found


def comparisons(node: Expression) -> Iterator[Apply]:
    """The comparisons of a node, from left to right."""
    if isinstance(node, Apply) and node.operation in COMPARED:
        yield node
    elif isinstance(node, Apply):
        for operand in node.operands:
            yield from comparisons(operand)


def _small(value: Rational) -> Rational:
    """A value, as an `int` where it is whole. Raises InputError for one that is far too large."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise InputError("a number in it is far too large")
    return int(value) if value.denominator == 1 else value


def _quotient(a: Rational, b: Rational) -> Rational:
    if not b:
        raise InputError("it divides by zero")
    return Fraction(a, b)


def _remainder(a: Rational, b: Rational) -> Rational:
    if not (isinstance(a, int) and isinstance(b, int) and b > 0):
        raise InputError("% is for whole numbers, and its divisor must be a positive one")
    return a % b


def _near(node: Apply, within: float) -> Expression:
    """The comparison that holds where the left side of `a = b` is within so many percent of the right one."""
    if not 0 <= within < 100:
        raise InputError(f"the tolerance is {within:g} percent; it must be at least 0 and below 100")
    left, right = node.operands
    share = Fraction(str(within)) / 100
    least, most = (Apply("*", (right, Constant(_small(1 + each)))) for each in (-share, share))
    return fold(Apply("and", (Apply("<=", (least, left)), Apply("<=", (left, most)))), {})


def _nearest(*_: Rational) -> NoReturn:
    raise InputError("= asks for the nearest, which has no meaning here; write == for equal")


OPERATIONS: Mapping[str, Callable[..., Rational]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": _remainder,
    "**": operator.pow,
    "negative": operator.neg,
    "percent": lambda a: Fraction(a, 100),
    "abs": abs,
    "min": min,
    "max": max,
}


def evaluate(node: Expression, values: Mapping[str, Rational]) -> Rational:
    """The exact value of a node: an `int` where it is whole, else a fraction; of a comparison, whether it holds.

    values: of every name that the node has.

    Raises InputError for a division by zero, a remainder of fractions, a value that is far too large, and a
    comparison that asks for the nearest.

    >>> evaluate(parse("macs / params"), {"macs": 30, "params": 4})
    Fraction(15, 2)
    >>> evaluate(parse("d % 4 == 0 and change <= 1%"), {"d": 8, "change": Fraction(1, 100)})
    True
    """
    match node:
        case Constant(value):
            return value
        case Name(name):
            return values[name]
        case Apply(operation, operands):
            found = [evaluate(operand, values) for operand in operands]
            if operation in TRUTHS:
                return all(found) if operation == "and" else any(found)
            if operation == NEAREST:
                return _nearest()
            if operation in COMPARISONS:
                return COMPARISONS[operation](*found)
            return _small(OPERATIONS[operation](*found))


def fold(node: Expression, values: Mapping[str, Rational]) -> Expression:
    """A node with values for some names, in which every constant part is replaced by its value.

    Raises InputError as `evaluate` does.

    >>> text_of(fold(parse("C * (2 + d) <= 2k or 2 < 1"), {"d": 4}))
    'C * 6 <= 2000'
    """
    if isinstance(node, Name) and node.name in values:
        return Constant(values[node.name])
    if not isinstance(node, Apply):
        return node
    operands = tuple(fold(operand, values) for operand in node.operands)
    if node.operation in TRUTHS:
        return _junction(node.operation, operands)
    if node.operation == "/" and operands[1] == Constant(0):
        _quotient(1, 0)
    folded = Apply(node.operation, operands)
    return Constant(evaluate(folded, {})) if all(isinstance(operand, Constant) for operand in operands) else folded


def _junction(operation: str, operands: Iterable[Expression]) -> Expression:
    """`and` and `or`, without the operands that are known to be true or false."""
    neutral = operation == "and"
    left = tuple(operand for operand in operands if operand != Constant(neutral))
    if Constant(not neutral) in left:
        return Constant(not neutral)
    if len(left) > 1:
        return Apply(operation, left)
    return left[0] if left else Constant(neutral)


def farthest(budgets: Iterable[Expression]) -> Expression:
    """How far the comparison that is farthest from holding is from it, as a share of its right side; 0 if all hold.

    >>> text_of(farthest([parse("macs <= 4")]))
    'max(0, max(0, macs - 4) / 4)'
    """
    return fold(Apply("max", (Constant(0), *map(_violation, budgets))), {})


def _violation(node: Expression) -> Expression:
    match node:
        case Apply("and", operands):
            return Apply("max", tuple(map(_violation, operands)))
        case Apply("or", operands):
            return Apply("min", tuple(map(_violation, operands)))
        case Apply("<" | "<=", (a, b)):
            return _share(Apply("max", (Constant(0), Apply("-", (a, b)))), b)
        case Apply(">" | ">=", (a, b)):
            return _share(Apply("max", (Constant(0), Apply("-", (b, a)))), b)
        case Apply("==", (a, b)):
            return _share(Apply("abs", (Apply("-", (a, b)),)), b)
    return Constant(0)


def _share(of: Expression, whole: Expression) -> Expression:
    return fold(Apply("/", (of, Apply("max", (Constant(1), Apply("abs", (whole,)))))), {})


def text_of(node: Expression) -> str:
    """A node as a text that `parse` takes.

    >>> text_of(parse("4k<=macs and abs(C-d)%8==0"))
    '4000 <= macs and abs(C - d) % 8 == 0'
    """
    return _shown(node, 0)


def _shown(node: Expression, least: int) -> str:
    """A node as a text, in brackets if it binds less tightly than needed."""
    binding, text = _text(node)
    return text if binding >= least else f"({text})"


def _text(node: Expression) -> tuple[int, str]:
    """How tightly the text of a node binds, and the text."""
    for name, meant in _MEANINGS.get().items():
        if node == meant:
            return ATOM, name
    match node:
        case Constant(value):
            return _number_text(value)
        case Name(name):
            return ATOM, name
        case Apply("negative", (operand,)):
            return NEGATIVE, f"-{_shown(operand, NEGATIVE)}"
        case Apply("percent", (operand,)):
            return ATOM, f"{_shown(operand, ATOM)}%"
        case Apply("**", (base, exponent)):
            return POWER, f"{_shown(base, ATOM)} ** {_shown(exponent, ATOM)}"
        case Apply(operation, operands) if operation in FUNCTIONS:
            return ATOM, f"{operation}({', '.join(map(text_of, operands))})"
        case Apply(operation, operands):
            binding = BINDING[operation]
            # What binds as tightly needs brackets, but for the left side of an operation from left to right.
            first = binding if binding >= BINDING["+"] else binding + 1
            sides = (_shown(operands[0], first), *(_shown(operand, binding + 1) for operand in operands[1:]))
            return binding, f" {operation} ".join(sides)


def _number_text(value: Rational) -> tuple[int, str]:
    """A number in decimal notation, or as a quotient where it has none."""
    if value < 0:
        binding, text = _number_text(-value)
        return min(binding, NEGATIVE), f"-{text}"
    places, whole = 0, value
    while whole.denominator % 2 == 0 or whole.denominator % 5 == 0:
        places, whole = places + 1, whole * 10
    if whole.denominator > 1:
        return BINDING["/"], f"{value.numerator} / {value.denominator}"
    return ATOM, f"{Decimal(f'{int(whole)}E-{places}'):f}"
