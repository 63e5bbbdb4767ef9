"""Expressions of sizes and figures, such as `macs / params`, `C * d <= 256` or `4e9 <= macs <= 4.2e9`.

A text is parsed by Python's grammar and rebuilt from a few kinds of nodes; whatever else it holds is refused, so that
no text of a user's reaches numexpr, which calls `eval`. A node can be written for numexpr, and it can be bounded: from
the least and the largest value of every name follow the least and the largest value of the expression. Both round
quotients alike, so that a bound is never on the wrong side of a value.

Comparisons are bounded too: the lower bound says whether they certainly hold, the upper whether they may.
"""

import ast
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from resnext_flops.errors import InputError, unknown
from resnext_flops.numerals import exact

LARGEST = 2**63 - 1
LONGEST = 500
DEEPEST = 50
LARGEST_EXPONENT = 8
LARGEST_DIVISOR = 2**31
# Operands are written out again in `abs`, `min` and `max`; a text with more parts than this takes numexpr too long.
MOST_PARTS = 5_000


class Bounds(NamedTuple):
    """The least and the largest value: numbers or truths, or arrays of them, one for each of many boxes."""

    low: Any
    high: Any


class Number(NamedTuple):
    """A constant, an `int` wherever it is whole; or, as a part of a comparison, what is always true or never."""

    value: int | float | bool


class Name(NamedTuple):
    """A size or a figure."""

    name: str


class Apply(NamedTuple):
    """An operation on its operands."""

    operation: str
    operands: "tuple[Node, ...]"


Node: TypeAlias = Number | Name | Apply


class Operation(NamedTuple):
    """How an operation is written for numexpr, and its bounds from those of its operands."""

    template: str
    bounds: Callable[..., Bounds]
    of_truths: bool = False
    gives_truth: bool = False


def _corners(operation: Callable[[Any, Any], Any], a: Bounds, b: Bounds) -> Bounds:
    """The bounds of what is monotone in either operand: those of its four corners."""
    found = [operation(x, y) for x in a for y in b]
    return Bounds(reduce(np.minimum, found), reduce(np.maximum, found))


def _power(a: Bounds, exponent: Bounds) -> Bounds:
    """A power is least at 0 where its exponent is even."""
    base = a if exponent.low % 2 else _absolute(a)
    return Bounds(base.low**exponent.low, base.high**exponent.low)


def _remainder(a: Bounds, b: Bounds) -> Bounds:
    """A remainder is below its positive divisor, and known where the dividend is."""
    one = np.equal(a.low, a.high)
    return Bounds(np.where(one, a.low % b.low, 0), np.where(one, a.low % b.low, b.high - 1))


def _absolute(a: Bounds) -> Bounds:
    return Bounds(np.maximum(np.maximum(a.low, -a.high), 0), np.maximum(-a.low, a.high))


def _equal(a: Bounds, b: Bounds) -> Bounds:
    certain = np.logical_and(np.equal(a.low, b.high), np.equal(a.high, b.low))
    return Bounds(certain, np.logical_and(np.less_equal(a.low, b.high), np.less_equal(b.low, a.high)))


def _not(a: Bounds) -> Bounds:
    return Bounds(np.logical_not(a.high), np.logical_not(a.low))


def _order(compare: Callable[[Any, Any], Any]) -> Callable[[Bounds, Bounds], Bounds]:
    """The bounds of `a < b` and `a <= b`."""
    return lambda a, b: Bounds(compare(a.high, b.low), compare(a.low, b.high))


# numexpr divides whole numbers without their fraction, and its remainder has the sign of the dividend.
OPERATIONS = {
    "+": Operation("({} + {})", lambda a, b: Bounds(a.low + b.low, a.high + b.high)),
    "-": Operation("({} - {})", lambda a, b: Bounds(a.low - b.high, a.high - b.low)),
    "*": Operation("({} * {})", lambda a, b: _corners(lambda x, y: x * y, a, b)),
    "/": Operation("(1.0 * {} / {})", lambda a, b: _corners(lambda x, y: 1.0 * x / y, a, b)),
    "%": Operation("(({0} % {1} + {1}) % {1})", _remainder),
    "**": Operation("({} ** {})", _power),
    "negative": Operation("(-{})", lambda a: Bounds(-a.high, -a.low)),
    "abs": Operation("where({0} < 0, -{0}, {0})", _absolute),
    "min": Operation("where({0} < {1}, {0}, {1})", lambda a, b: Bounds(*map(np.minimum, a, b))),
    "max": Operation("where({0} < {1}, {1}, {0})", lambda a, b: Bounds(*map(np.maximum, a, b))),
    "<": Operation("({} < {})", _order(np.less), gives_truth=True),
    "<=": Operation("({} <= {})", _order(np.less_equal), gives_truth=True),
    ">": Operation("({} > {})", lambda a, b: _order(np.less)(b, a), gives_truth=True),
    ">=": Operation("({} >= {})", lambda a, b: _order(np.less_equal)(b, a), gives_truth=True),
    "==": Operation("({} == {})", _equal, gives_truth=True),
    "!=": Operation("({} != {})", lambda a, b: _not(_equal(a, b)), gives_truth=True),
    "and": Operation("({} & {})", lambda a, b: Bounds(*map(np.logical_and, a, b)), of_truths=True, gives_truth=True),
    "or": Operation("({} | {})", lambda a, b: Bounds(*map(np.logical_or, a, b)), of_truths=True, gives_truth=True),
}

SYMBOLS: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.And: "and",
    ast.Or: "or",
}
FUNCTIONS = {"abs": 1, "min": 2, "max": 2}


def parse(text: str, names: Mapping[str, int | None], comparison: bool = False) -> Node:
    """The expression of a text.

    names: every name that it may hold, with its value where that is fixed.
    comparison: whether it is to be one, or a number.

    Raises InputError for a text that is no such expression, or for a name that is not known.

    >>> parse("macs / params <= 4.2e2", {"macs": None, "params": None}, comparison=True).operation
    '<='
    >>> parse("C * (2 + d)", {"C": None, "d": 4})
    Apply(operation='*', operands=(Name(name='C'), Number(value=6)))
    """
    shown = text if len(text) <= LONGEST else f"{text[:20]}..."
    try:
        if len(text) > LONGEST:
            raise InputError(f"it is longer than {LONGEST} characters")
        node = _Parser(text, names).node(_syntax(text))
    except OverflowError:
        raise InputError(f"cannot use {shown!r}: it holds a number that is too large") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = str(error) if isinstance(error, InputError) else "it is no expression, such as 'macs <= 4.2e9'"
        raise InputError(f"cannot use {shown!r}: {reason}") from None
    if is_truth(node) != comparison:
        wanted = "a comparison, such as 'macs <= 4.2e9'" if comparison else "a number, such as 'macs / params'"
        raise InputError(f"cannot use {shown!r}: it must be {wanted}")
    if not names_in([node]):
        raise InputError(f"cannot use {shown!r}: it holds no figure and no size that is swept")
    if parts(node) > MOST_PARTS:
        raise InputError(f"cannot use {shown!r}: it has too many abs, min and max within each other")
    return node


def _syntax(text: str) -> ast.expr:
    """Python's syntax tree of a text; what Python warns of, such as `4and`, is no expression."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ast.parse(text.strip(), mode="eval").body


class _Parser:
    """From Python's syntax tree to nodes."""

    def __init__(self, text: str, names: Mapping[str, int | None]) -> None:
        self.text, self.names = text.strip(), names

    def node(self, given: ast.expr, depth: int = 0) -> Node:
        """The node of a part of the tree."""
        if depth > DEEPEST:
            raise InputError(f"it is nested deeper than {DEEPEST}")

        def part(of: ast.expr) -> Node:
            return self.node(of, depth + 1)

        if isinstance(given, ast.Compare | ast.BoolOp):
            return _truth(given, part)
        match given:
            case ast.Constant(value=int() | float()) if not isinstance(given.value, bool):
                return _number(exact(ast.get_source_segment(self.text, given) or ""))
            case ast.Name(id=name):
                return self._name(name)
            case ast.BinOp(op=ast.Pow()):
                return _raised(part(given.left), part(given.right))
            case ast.BinOp() if type(given.op) in SYMBOLS:
                return _apply(SYMBOLS[type(given.op)], part(given.left), part(given.right))
            case ast.UnaryOp(op=ast.USub()):
                return _apply("negative", part(given.operand))
            case ast.Call(func=ast.Name(id=function), args=args, keywords=[]) if function in FUNCTIONS:
                return _called(function, list(map(part, args)))
        shown = ast.get_source_segment(self.text, given) or self.text
        raise InputError(f"{shown!r} is not one of + - * / % **, comparisons, and, or, {', '.join(FUNCTIONS)}")

    def _name(self, name: str) -> Node:
        if name not in self.names:
            raise unknown("name", name, self.names)
        value = self.names[name]
        return Name(name) if value is None else Number(value)


def _truth(given: ast.Compare | ast.BoolOp, part: Callable[[ast.expr], Node]) -> Node:
    """A comparison, which may be a chain, or several of them."""
    if isinstance(given, ast.BoolOp):
        operation = SYMBOLS[type(given.op)]
        return reduce(lambda a, b: _apply(operation, a, b), map(part, given.values))
    if unused := [each for each in given.ops if type(each) not in SYMBOLS]:
        raise InputError(f"{type(unused[0]).__name__!r} is no comparison of numbers")
    sides = [part(each) for each in (given.left, *given.comparators)]
    links = zip(given.ops, sides, sides[1:], strict=False)
    return reduce(
        lambda a, b: _apply("and", a, b), (_apply(SYMBOLS[type(op)], left, right) for op, left, right in links)
    )


def _raised(base: Node, exponent: Node) -> Node:
    if not (isinstance(exponent, Number) and exponent.value in range(1, LARGEST_EXPONENT + 1)):
        raise InputError(f"an exponent must be a whole number from 1 to {LARGEST_EXPONENT}")
    if not is_whole(base):
        raise InputError("what is raised to a power must be whole")
    return _apply("**", base, exponent)


def _called(function: str, operands: Sequence[Node]) -> Node:
    if len(operands) < FUNCTIONS[function] or (function == "abs" and len(operands) > 1):
        raise InputError(f"{function} takes {'one number' if function == 'abs' else 'two or more numbers'}")
    return _apply(function, *operands) if function == "abs" else balanced(function, operands)


def balanced(operation: str, operands: Sequence[Node]) -> Node:
    """An operation of two operands on many, as a tree that is as flat as it can be."""
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    return _apply(operation, balanced(operation, operands[:middle]), balanced(operation, operands[middle:]))


def _number(value: Fraction) -> Number:
    if abs(value) > LARGEST:
        raise InputError("a number in it does not fit 64 bits")
    return Number(int(value) if value.denominator == 1 else float(value))


def _apply(operation: str, *operands: Node) -> Node:
    """An operation, or the number or the truth that it gives on such. Raises InputError for operands of other kinds."""
    rule = OPERATIONS[operation]
    if any(is_truth(each) != rule.of_truths for each in operands):
        wanted = "comparisons" if rule.of_truths else "numbers, not of comparisons"
        raise InputError(f"{operation!r} is an operation of {wanted}")
    if operation == "%" and not (is_whole(operands[0]) and _is_divisor(operands[1])):
        raise InputError("% is for whole numbers, and its divisor must be a positive one below 2^31")
    if operation == "/" and operands[1] == Number(0):
        raise InputError("it divides by zero")
    if rule.of_truths:
        return _junction(operation, *operands)
    values = [each.value for each in operands if isinstance(each, Number)]
    if len(values) < len(operands):
        return Apply(operation, operands)
    found = np.asarray(rule.bounds(*(Bounds(each, each) for each in values)).low).item()
    return Number(bool(found)) if rule.gives_truth else _number(Fraction(found))


def _junction(operation: str, a: Node, b: Node) -> Node:
    """`and` and `or`, without what is always true or never."""
    for known, other in ((a, b), (b, a)):
        if isinstance(known, Number):
            return other if known.value == (operation == "and") else known
    return Apply(operation, (a, b))


def _is_divisor(node: Node) -> bool:
    return isinstance(node, Number) and isinstance(node.value, int) and 0 < node.value < LARGEST_DIVISOR


def is_truth(node: Node) -> bool:
    """Whether a node is a comparison, and not a number."""
    if isinstance(node, Number):
        return isinstance(node.value, bool)
    return isinstance(node, Apply) and OPERATIONS[node.operation].gives_truth


def is_whole(node: Node) -> bool:
    """Whether a number is whole whatever its sizes are: they are, and so are figures."""
    match node:
        case Number(value):
            return isinstance(value, int)
        case Apply(operation, operands):
            return operation != "/" and all(map(is_whole, operands))
    return True


def parts(node: Node) -> int:
    """How many parts the text of a node has."""
    if not isinstance(node, Apply):
        return 1
    template = OPERATIONS[node.operation].template
    again = [max(1, template.count(f"{{{place}}}")) for place in range(len(node.operands))]
    return 1 + sum(times * parts(each) for times, each in zip(again, node.operands, strict=True))


def names_in(nodes: Iterable[Node]) -> set[str]:
    """Every name that nodes hold."""
    found = set()
    for node in nodes:
        if isinstance(node, Name):
            found.add(node.name)
        elif isinstance(node, Apply):
            found |= names_in(node.operands)
    return found


def numexpr_text(node: Node) -> str:
    """A node as numexpr takes it.

    Names end in a stroke, so that none is a function of numexpr's.

    >>> numexpr_text(parse("macs / params", {"macs": None, "params": None}))
    '(1.0 * macs_ / params_)'
    """
    match node:
        case Number(value):
            return repr(value) if value >= 0 else f"({value!r})"
        case Name(name):
            return f"{name}_"
        case Apply(operation, operands):
            return OPERATIONS[operation].template.format(*map(numexpr_text, operands))


def bounds(node: Node, of: Mapping[str, Bounds]) -> Bounds:
    """The bounds of a node from those of its names.

    >>> low, high = bounds(parse("C * d - 1", {"C": None, "d": None}), {"C": Bounds(1, 4), "d": Bounds(2, 8)})
    >>> int(low), int(high)
    (1, 31)
    """
    match node:
        case Number(value):
            return Bounds(value, value)
        case Name(name):
            return of[name]
        case Apply(operation, operands):
            return OPERATIONS[operation].bounds(*(bounds(each, of) for each in operands))


def check(node: Node, of: Mapping[str, Bounds]) -> None:
    """Check a node over a whole space: whole numbers must fit in 64 bits, and no divisor may be zero.

    of: the bounds of the names, as arrays of one Python integer, which is never too large.

    Raises InputError where they do not.
    """
    if not isinstance(node, Apply):
        return
    for each in node.operands:
        check(each, of)
    if node.operation == "/":
        divisor = bounds(node.operands[1], of)
        if np.all(divisor.low <= 0) and np.all(divisor.high >= 0):
            raise InputError(f"{show(node)} may divide by zero in this space")
    found = bounds(node, of)
    largest = np.maximum(-found.low, found.high).item() if not is_truth(node) else 0
    if isinstance(largest, int) and largest > LARGEST:
        raise InputError(f"{show(node)} is up to {largest:,} in this space and does not fit 64 bits")


def show(node: Node) -> str:
    """A node as a text that `parse` takes.

    >>> show(parse("4e9 <= macs and abs(C-d) % 8 == 0", {"macs": None, "C": None, "d": None}, comparison=True))
    '4000000000 <= macs and abs(C - d) % 8 == 0'
    """
    return ast.unparse(ast.parse(_python(node), mode="eval"))


def _python(node: Node) -> str:
    match node:
        case Number(value):
            return f"({value!r})"
        case Name(name):
            return name
        case Apply("negative", (operand,)):
            return f"(-{_python(operand)})"
        case Apply(operation, operands) if operation in FUNCTIONS:
            return f"{operation}({', '.join(map(_python, operands))})"
        case Apply(operation, operands):
            return f"({f' {operation} '.join(map(_python, operands))})"


def violation(node: Node) -> Node:
    """How far a comparison is from holding, as a share of its right side; 0 where it holds.

    >>> show(violation(parse("macs <= 4", {"macs": None}, comparison=True)))
    'max(0, macs - 4) / 4'
    """
    match node:
        case Apply("and", (a, b)):
            return _apply("max", violation(a), violation(b))
        case Apply("or", (a, b)):
            return _apply("min", violation(a), violation(b))
        case Apply("<" | "<=", (a, b)):
            return _share(_apply("max", Number(0), _apply("-", a, b)), b)
        case Apply(">" | ">=", (a, b)):
            return _share(_apply("max", Number(0), _apply("-", b, a)), b)
        case Apply("==", (a, b)):
            return _share(_apply("abs", _apply("-", a, b)), b)
    return Number(0)


def _share(of: Node, whole: Node) -> Node:
    return _apply("/", of, _apply("max", Number(1), _apply("abs", whole)))
