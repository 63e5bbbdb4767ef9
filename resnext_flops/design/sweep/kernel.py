"""An expression for numexpr, which calls `eval` on it: it is written from nodes, and holds no text of a user's.

numexpr computes in 64 bits, so it takes less than the grammar does; the rest is refused here. Whole numbers are exact,
and quotients and decimal fractions are floats.
"""

from collections.abc import Mapping
from fractions import Fraction

from resnext_flops.complexity.expressions import (
    Apply,
    Constant,
    Expression,
    Name,
    condition,
    fold,
    names_in,
    naming,
    quantity,
)
from resnext_flops.design.sweep.bounds import LARGEST
from resnext_flops.errors import InputError

LARGEST_DIVISOR = 2**31
# Operands are written out again in `abs`, `min` and `max`; a text with more parts than this takes numexpr too long.
MOST_PARTS = 5_000

# numexpr divides whole numbers without their fraction, and its remainder has the sign of the dividend.
TEMPLATES = {
    **{sign: f"({{}} {sign} {{}})" for sign in ("+", "-", "*", "**", "<", "<=", ">", ">=", "==", "!=")},
    "/": "(1.0 * {} / {})",
    "%": "(({0} % {1} + {1}) % {1})",
    "negative": "(-{})",
    "abs": "where({0} < 0, -{0}, {0})",
    "min": "where({0} < {1}, {0}, {1})",
    "max": "where({0} < {1}, {1}, {0})",
    "and": "({} & {})",
    "or": "({} | {})",
}
OF_MANY = ("min", "max", "and", "or")


def read(
    text: str, names: Mapping[str, int | None], comparison: bool = False, within: float | None = None
) -> Expression:
    """The expression of a text, with the value of whatever is the same for all designs.

    names: every name that it may hold, with its value where that is fixed.
    comparison: whether it is to be one, or a number.
    within: how many percent the left side of `a = b` may be off.

    Raises InputError for a text that is no such expression, for a name that is not known, and for what numexpr does not
    compute exactly.

    >>> read("C * (2 + d)", {"C": None, "d": 4})
    Apply(operation='*', operands=(Name(name='C'), Constant(value=6)))
    """
    node = condition(text, names, within) if comparison else quantity(text, names)
    with naming(text):
        node = fold(node, {name: value for name, value in names.items() if value is not None})
        if not names_in([node]):
            raise InputError("it holds no figure and no size that is swept")
        _require_exact(node)
        if parts(node) > MOST_PARTS:
            raise InputError("it has too many abs, min and max within each other")
    return node


def _require_exact(node: Expression) -> None:
    """Check that numexpr computes what a node means."""
    if isinstance(node, Constant) and not -LARGEST <= node.value <= LARGEST:
        raise InputError("a number in it does not fit 64 bits")
    if not isinstance(node, Apply):
        return
    for operand in node.operands:
        _require_exact(operand)
    if node.operation == "%" and not (_is_whole(node.operands[0]) and _is_divisor(node.operands[1])):
        raise InputError("% is for whole numbers, and its divisor must be a positive one below 2^31")
    if node.operation == "**" and not _is_whole(node.operands[0]):
        raise InputError("what is raised to a power must be whole")


def _is_divisor(node: Expression) -> bool:
    return isinstance(node, Constant) and isinstance(node.value, int) and 0 < node.value < LARGEST_DIVISOR


def _is_whole(node: Expression) -> bool:
    """Whether a number is whole whatever its sizes are: they are, and so are figures."""
    match node:
        case Constant(value):
            return isinstance(value, int)
        case Apply(operation, operands):
            return operation != "/" and all(map(_is_whole, operands))
    return True


def parts(node: Expression) -> int:
    """How many parts the text of a node has."""
    node = _paired(node)
    if not isinstance(node, Apply):
        return 1
    template = TEMPLATES[node.operation]
    again = [max(1, template.count(f"{{{place}}}")) for place in range(len(node.operands))]
    return 1 + sum(times * parts(operand) for times, operand in zip(again, node.operands, strict=True))


def _paired(node: Expression) -> Expression:
    """An operation of two operands in the place of one of many: a tree that is as flat as it can be."""
    if not isinstance(node, Apply) or node.operation not in OF_MANY or len(node.operands) == 2:
        return node
    operation, operands = node
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    return Apply(operation, (Apply(operation, operands[:middle]), Apply(operation, operands[middle:])))


def numexpr_text(node: Expression) -> str:
    """A node as numexpr takes it.

    Names end in an underscore, so that none is a function of numexpr's.

    >>> numexpr_text(read("macs / params", {"macs": None, "params": None}))
    '(1.0 * macs_ / params_)'
    """
    match _paired(node):
        case Constant(value):
            text = repr(float(value) if isinstance(value, Fraction) else value)
            return text if value >= 0 else f"({text})"
        case Name(name):
            return f"{name}_"
        case Apply(operation, operands):
            return TEMPLATES[operation].format(*map(numexpr_text, operands))
