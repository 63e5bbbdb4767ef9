"""The call of a constructor as a text: `NAME(argument=value, ...)`, in which a value may hold free names.

A value is a literal of Python's: a number, a text, True, False, None, or a tuple, list or dict of values. What is none,
such as 2*w, is an expression of free names, in the grammar of `complexity/expressions.py`. Nothing is evaluated: the
text is read as a syntax tree.
"""

import ast
from collections.abc import Mapping
from typing import Any

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
from resnext_flops.errors import InputError


def parse_call(text: str) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of a call, or of a name alone. Raises InputError for what is no such call.

    >>> parse_call("convnext_tiny(depths=(3, 3, n, 3), dims=(w, 2*w))")[0]
    'convnext_tiny'
    """
    name, bracket, rest = text.partition("(")
    if not bracket:
        return text, {}
    inside = f"f({rest}"
    unreadable = InputError(f"cannot read {text!r}; write it as {name}(argument=value, ...)")
    try:
        call = ast.parse(inside, mode="eval").body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise unreadable from None
    given = [str(each.arg) for each in call.keywords] if isinstance(call, ast.Call) else []
    for argument in given:
        if given.count(argument) > 1:
            raise InputError(f"cannot use {text!r}: {argument} is given twice")
    match call:
        case ast.Call(func=ast.Name(id="f"), args=[], keywords=keywords) if all(each.arg for each in keywords):
            return name, {str(each.arg): _value(each.value, inside) for each in keywords}
        case ast.Call(func=ast.Name(id="f"), args=[_, *_]):
            raise InputError(f"cannot use {text!r}: name its arguments, as in {name}(width=64)")
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
        return quantity(ast.get_source_segment(text, node) or "", None)


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


def filled(value: Any, sizes: Mapping[str, int]) -> Any:
    """A value of a call with numbers for its free names.

    Raises InputError for a name without a number, and for an expression that is no whole number of at least 0.

    >>> filled(parse_call("f(dims=(w, 2*w))")[1], {"w": 96})
    {'dims': (96, 192)}
    """
    if is_expression(value):
        return whole(value, sizes, least=0)
    if isinstance(value, dict):
        return {key: filled(part, sizes) for key, part in value.items()}
    return type(value)(filled(part, sizes) for part in value) if type(value) in {tuple, list} else value


def folded(value: Any, sizes: Mapping[str, int]) -> Any:
    """The same with numbers for those free names that have one.

    >>> text(folded(parse_call("f(dims=(w, 2*w*n))")[1]["dims"], {"w": 96}))
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

    >>> text(parse_call("f(dims=(w, 2*w))")[1]["dims"])
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
