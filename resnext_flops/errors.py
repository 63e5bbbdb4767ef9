"""The one exception that a caller is meant to see, and the name that public classes show.

Every message is a single sentence that says what was given, what is allowed and, where there is one, the nearest thing
that would work. The command line prints it and exits with status 2.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, get_args, get_origin

if TYPE_CHECKING:
    from inspect import Signature

Kind = TypeVar("Kind", bound=type[Any])
P = ParamSpec("P")
Result = TypeVar("Result")

# An error lists at most so many known names, and quotes at most so many characters of another error or of a name.
MOST_NAMES = 24
# Of names that begin alike it lists fewer: they say little more than their beginning.
MOST_BEGINNING = 8
MOST_QUOTED = 200
LONGEST = 1000  # characters of a message
ALIKE = 0.7  # how alike two names are that may be mistaken for each other, as `difflib` measures it: 1 is equal
STOPPED = 130  # the exit status of a program that Ctrl-C ended


def public(kind: Kind) -> Kind:
    """Mark a class that the package exports: tracebacks, pickles and pages show it as `resnext_flops.NAME`.

    >>> InputError
    <class 'resnext_flops.InputError'>
    """
    # doctest takes the classes of a file by their module's name, and others only from the file's `__test__`.
    vars(sys.modules[kind.__module__]).setdefault("__test__", {})[kind.__name__] = kind
    kind.__module__ = "resnext_flops"
    return kind


@public
class InputError(ValueError):
    """A size, name or option that cannot be used.

    status: the exit status of a command that ends with it.

    >>> raise InputError("width is 0; it must be at least 1")
    Traceback (most recent call last):
    resnext_flops.InputError: width is 0; it must be at least 1
    """

    status = 2

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message))


class MissError(InputError):
    """A formula that a count contradicts: not the input is wrong, but what was found."""

    status = 1


def shortened(message: str) -> str:
    r"""A message in one line, with each long word and each long text in quotation marks cut in the middle.

    >>> sentence = shortened(f"unknown model '{'a' * 1000}'; known\n are resnet50")
    >>> len(sentence), "aaa…aaa" in sentence, sentence.endswith("aaa'; known are resnet50")
    (235, True, True)
    """
    import re

    line = " ".join(message.split())
    # An opening mark stands behind no letter, as an apostrophe does.
    words = re.sub(r"(?<!\w)'[^']*'|(?<!\w)\"[^\"]*\"|\S+", lambda found: _cut(found[0], MOST_QUOTED), line)
    return _cut(words, LONGEST)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 :]}"


def unknown(kind: str, given: object, known: Iterable[object], further: Iterable[str] = ()) -> InputError:
    """The error for a name that is not in a list: offers the nearest names, or the first of them where none is near.

    further: other names that would work, which are offered after those of the list.

    >>> print(unknown("format", "jason", ["rich", "markdown", "csv", "json"]))
    unknown format 'jason'; did you mean 'json'?
    >>> print(unknown("network", "ResNeXt50", ["resnext50_8x14d", "resnext50_32x4d", "resnet50"]))
    unknown network 'ResNeXt50'; 2 names begin with it: resnext50_8x14d, resnext50_32x4d
    >>> print(unknown("depth", 51, [50, 101, 152]))
    unknown depth 51; known are 50, 101, 152
    """
    names = [str(name) for name in known]
    near = nearest(given, names, further) if isinstance(given, str) else []
    if len(near) > 1 and near == _beginning(str(given), near):
        hint = f"{len(near):,} names begin with it: {listed(near, MOST_BEGINNING)}"
    elif near:
        hint = f"did you mean {' or '.join(map(repr, near))}?"
    else:
        hint = f"known are {listed(names)}"
    return InputError(f"unknown {kind} {given!r}; {hint}")


def known_name(kind: str, given: str, known: Iterable[str]) -> str:
    """The name of a list that is meant, as `same_name` finds it. Raises InputError, with the nearest names, for none.

    >>> known_name("network", "ResNet-50", ["resnet50", "resnet101"])
    'resnet50'
    """
    names = list(known)
    name = same_name(given, names)
    if name is None:
        raise unknown(kind, given, names)
    return name


def same_name(given: str, known: Iterable[str]) -> str | None:
    """The name itself, or the only one of a list that differs from it in capital letters, `-` and `_` alone.

    >>> names = ["resnet50", "regnet_x_16gf", "regnet_x_1_6gf"]
    >>> same_name("ResNet-50", names), same_name("RegNet-X-16GF", names), same_name("RegNetX16GF", names)
    ('resnet50', 'regnet_x_16gf', None)
    """
    names = list(known)
    for form in (str, _in_small_letters, _in_one_word):
        same = [name for name in names if form(name) == form(given)]
        if len(same) == 1:
            return same[0]
    return None


def _in_small_letters(name: str) -> str:
    return name.lower().replace("-", "_")


def _in_one_word(name: str) -> str:
    return _in_small_letters(name).replace("_", "")


def nearest(given: str, known: Iterable[str], further: Iterable[str] = ()) -> list[str]:
    """The names that are meant, perhaps: those that begin with what was given, or else those that are written alike.

    >>> nearest("resnet51", ["resnet50", "vgg16"], ["resnet51q"])
    ['resnet50', 'resnet51q']
    """
    first, then = list(known), list(further)
    begin, later = _beginning(given, first), _beginning(given, then)
    found = [*begin, *later] if begin else [*_alike(given, first), *(later or _alike(given, then))]
    return list(dict.fromkeys(found))


def _beginning(given: str, names: Iterable[str]) -> list[str]:
    """The names that begin so; one letter is no beginning, as it may well be a name of its own kind."""
    begun = _in_one_word(given)
    return [name for name in names if len(begun) > 1 and _in_one_word(name).startswith(begun)]


def _alike(given: str, names: Iterable[str]) -> list[str]:
    from difflib import get_close_matches

    words = {_in_one_word(name): name for name in names}
    return [words[word] for word in get_close_matches(_in_one_word(given), words, n=3, cutoff=ALIKE)]


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Names with commas between them, but not too many."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def one_line(error: BaseException) -> str:
    """Another library's error in one line: its type, and as much of its text as is worth quoting.

    >>> one_line(RuntimeError("it does\\n  not run"))
    'RuntimeError: it does not run'
    """
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"


def checked(function: Callable[P, Result]) -> Callable[P, Result]:
    """A public function that refuses an argument of another type than its annotation says, with an InputError.

    What is annotated with a text, with `Any`, with a protocol or with a type variable is not looked at.

    >>> @checked
    ... def half(number: int, names: str | Iterable[str] = ()) -> int:
    ...     return number // 2
    >>> half("4")
    Traceback (most recent call last):
    resnext_flops.InputError: number is '4'; it must be a whole number
    >>> half(4, 5)
    Traceback (most recent call last):
    resnext_flops.InputError: names is 5; it must be a text or several texts
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result:
        declared = _signature(function)
        try:
            given = declared.bind(*args, **kwargs).arguments
        except TypeError:  # Python itself says which argument is missing, or too many
            return function(*args, **kwargs)
        for name, value in given.items():
            parameter = declared.parameters[name]
            several = parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
            if not several and parameter.annotation is not parameter.empty:
                _check(name, value, parameter.annotation)
        return function(*args, **kwargs)

    return call


@cache
def _signature(function: Callable[..., Any]) -> "Signature":
    from inspect import signature

    return signature(function)


def _check(name: str, value: object, annotation: Any) -> None:
    if not _is_a(value, annotation):
        raise InputError(f"{name} is {_cut(repr(value), MOST_QUOTED)}; it must be {_words(annotation)}")


def _is_a(value: object, annotation: Any) -> bool:
    """Whether a value is of a type, as far as that can be said."""
    kind, parts = get_origin(annotation) or annotation, get_args(annotation)
    if kind is UnionType:
        return any(_is_a(value, part) for part in parts)
    if kind is Any or not isinstance(kind, type) or getattr(kind, "_is_protocol", False):
        return True
    if kind in {int, float}:
        return isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
    if kind is Sequence:
        return isinstance(value, Sequence) and not isinstance(value, str) and all(_is_a(each, *parts) for each in value)
    return isinstance(value, kind) and not (kind is Iterable and isinstance(value, str))


_WORDS = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
    os.PathLike: "a path",
    Callable: "a function",
    Mapping: "a mapping",
}
_PLURALS = {int: "several whole numbers", str: "several texts"}


def _words(annotation: Any) -> str:
    """What the values of a type are called."""
    kind, parts = get_origin(annotation) or annotation, get_args(annotation)
    if kind is UnionType:
        return " or ".join(map(_words, parts))
    if kind in {Sequence, Iterable}:
        return _PLURALS.get(parts[0], "several values")
    return _WORDS.get(kind, "None" if kind is NoneType else kind.__name__)
