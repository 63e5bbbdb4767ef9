"""The call of a constructor as a text: `NAME(argument=value, ...)`, in which a value may hold free names.

A value is a literal of Python's: a number, a text, True, False, None, or a tuple, list or dict of values. What is none,
such as 2*w, is an expression of free names, in the grammar of `complexity/expressions.py`. Nothing is evaluated: the
text is read as a syntax tree.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import reduce
from typing import Any, NamedTuple

from resnext_flops.complexity.expressions import (
    Apply,
    Constant,
    Expression,
    Name,
    evaluate,
    fold,
    names_in,
    naming,
    quantity,
    text_of,
)
from resnext_flops.complexity.formula import Formula, NotPolynomialError, terms
from resnext_flops.complexity.layers import Size
from resnext_flops.errors import InputError


class Written(NamedTuple):
    """A call as it was written: its arguments by position, and by name."""

    name: str
    positional: tuple[Any, ...]
    named: Mapping[str, Any]


def parse_call(text: str) -> Written:
    """The name and the arguments of a call, or of a name alone. Raises InputError for what is no such call.

    >>> parse_call("convnext_tiny(depths=(3, 3, n, 3), dims=(w, 2*w))").name
    'convnext_tiny'
    >>> parse_call("resnet_cifar(6*3 + 2)").positional
    (20,)
    """
    name, bracket, rest = text.strip().partition("(")
    if not bracket:
        return Written(name, (), {})
    inside = f"f({rest}"
    unreadable = InputError(f"cannot read {text!r}; write it as {name or 'NAME'}(argument=value, ...)")
    try:
        call = ast.parse(inside, mode="eval").body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise unreadable from None
    given = [str(each.arg) for each in call.keywords] if isinstance(call, ast.Call) else []
    for argument in given:
        if given.count(argument) > 1:
            raise InputError(f"cannot use {text!r}: {argument} is given twice")
    match call:
        case ast.Call(func=ast.Name(id="f"), args=args, keywords=keywords) if name and all(
            each.arg for each in keywords
        ):
            positional = tuple(_value(each, inside) for each in args)
            return Written(name, positional, {str(each.arg): _value(each.value, inside) for each in keywords})
    raise unreadable


def _value(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value):
            return value
        case ast.Tuple(parts):
            return tuple(_value(part, text) for part in parts)
        case ast.List(parts):
            return [_value(part, text) for part in parts]
        case ast.Dict(keys, parts) if all(isinstance(key, ast.Constant) for key in keys):
            constants = [key.value for key in keys if isinstance(key, ast.Constant)]
            return {key: _value(part, text) for key, part in zip(constants, parts, strict=True)}
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        found = quantity(ast.get_source_segment(text, node) or "", None)
        return found if names_in([found]) else whole(found, {})


def is_expression(value: Any) -> bool:
    """Whether a value of a call is an expression."""
    return isinstance(value, (Constant, Name, Apply))


def names(value: Any) -> set[str]:
    """The free names in a value of a call, or in a dict of them."""
    if is_expression(value):
        return names_in([value])
    if isinstance(value, dict):
        return set().union(*map(names, value.values()))
    return set().union(*map(names, value)) if isinstance(value, (tuple, list)) else set()


def whole_numbers(value: Any) -> set[int]:
    """The whole numbers in a value of a call, or in a dict of them.

    >>> sorted(whole_numbers(parse_call("f(dims=(w, 128), depth=3)").named))
    [3, 128]
    """
    if isinstance(value, dict):
        return whole_numbers(tuple(value.values()))
    if type(value) in {tuple, list}:
        return set().union(*map(whole_numbers, value))
    return {value} if type(value) is int and value > 0 else set()


def filled(value: Any, sizes: Mapping[str, Size]) -> Any:
    """A value of a call with numbers, or with formulas, for its free names.

    Raises InputError for a name without either, and for an expression that is no whole number of at least 0.

    >>> filled(parse_call("f(dims=(w, 2*w))").named, {"w": 96})
    {'dims': (96, 192)}
    """
    if is_expression(value):
        if any(isinstance(sizes.get(name), Formula) for name in names_in([value])):
            with naming(text_of(value)):
                return _growing(_formula(value, sizes))
        return whole(value, sizes, least=0)
    if isinstance(value, dict):
        return {key: filled(part, sizes) for key, part in value.items()}
    return type(value)(filled(part, sizes) for part in value) if type(value) in {tuple, list} else value


def _growing(found: Size) -> Size:
    """A size that is a formula. Raises InputError for one that falls: it would be negative somewhere."""
    if any(coefficient < 0 for monomial, coefficient in terms(found).items() if monomial):
        raise InputError("it must not fall where a size that is free grows")
    return found


def _formula(node: Expression, sizes: Mapping[str, Size]) -> Size:
    """An expression with formulas for some of its names. Raises InputError for what is no polynomial of them.

    >>> _formula(quantity("4*w*n/2", None), {"w": Formula.of("w"), "n": 3})
    6 w
    """
    match node:
        case Name(name):
            return sizes[name]
        case Apply("**", (base, Constant(power))):
            return reduce(operator.mul, [_formula(base, sizes)] * int(power))
        case Apply(operation, operands) if operation in ARITHMETIC:
            return ARITHMETIC[operation](*(_formula(operand, sizes) for operand in operands))
        case Constant(int(value)):
            return value
    raise InputError(f"{text_of(node)} is no polynomial of a size that is free")


def _exact_quotient(dividend: Size, divisor: Size) -> Size:
    if divisor == 0:
        raise InputError("it divides by zero")
    with suppress(NotPolynomialError):
        if (quotient := dividend // divisor) * divisor == dividend:
            return quotient
    raise InputError(f"({dividend}) / ({divisor}) is no polynomial of a size that is free")


ARITHMETIC: Mapping[str, Callable[..., Size]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "negative": operator.neg,
    "/": _exact_quotient,
}


def folded(value: Any, sizes: Mapping[str, int]) -> Any:
    """The same with numbers for those free names that have one.

    >>> text(folded(parse_call("f(dims=(w, 2*w*n))").named["dims"], {"w": 96}))
    '(96, 192 * n)'
    """
    if is_expression(value):
        with naming(text_of(value)):
            return fold(value, sizes)
    if isinstance(value, dict):
        return {key: folded(part, sizes) for key, part in value.items()}
    return type(value)(folded(part, sizes) for part in value) if type(value) in {tuple, list} else value


def whole(node: Expression, sizes: Mapping[str, int], least: int = 1) -> int:
    """The whole number that an expression is. Raises InputError as `filled` does."""
    for name in sorted(names_in([node])):
        if sizes.get(name) is None:
            raise InputError(f"{name} has no value; give it one, as in --free {name}=8, or {name}=8 in Python")
    with naming(text_of(node)):
        found = evaluate(node, sizes)
    if not isinstance(found, int) or isinstance(found, bool) or found < least:
        at = ", ".join(f"{name} = {sizes[name]}" for name in sorted(names_in([node])))
        raise InputError(
            f"{text_of(node)} is {found}{f' at {at}' if at else ''}; it must be a whole number of at least {least}"
        )
    return found


def text(value: Any) -> str:
    """A value of a call as it is written.

    >>> text(parse_call("f(dims=(w, 2*w))").named["dims"])
    '(w, 2 * w)'
    """
    if is_expression(value):
        return text_of(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {text(part)}' for key, part in value.items())}}}"
    if type(value) is list:
        return f"[{', '.join(map(text, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(text, value))}{',' if len(value) == 1 else ''})"
    return repr(value)
