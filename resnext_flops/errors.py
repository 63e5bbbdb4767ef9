"""The one exception that a caller is meant to see, and the name that public classes show.

Every message is a single sentence that says what was given, what is allowed and, where there is one, the nearest thing
that would work. The command line prints it and exits with status 2.
"""

import sys
from collections.abc import Iterable
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type[Any])

# An error lists at most so many known names, and quotes at most so many characters of another error or of a name.
MOST_NAMES = 24
MOST_QUOTED = 200


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
    """A message with each long word, and each long text in quotation marks, cut in the middle.

    >>> sentence = shortened(f"unknown model '{'a' * 1000}'; known are resnet50")
    >>> len(sentence), "aaa…aaa" in sentence, sentence.endswith("aaa'; known are resnet50")
    (235, True, True)
    """
    import re

    # An opening mark stands behind no letter, as an apostrophe does.
    return re.sub(r"(?<!\w)'[^']*'|(?<!\w)\"[^\"]*\"|\S+", lambda found: _cut(found[0]), message)


def _cut(text: str) -> str:
    half = MOST_QUOTED // 2
    return text if len(text) <= MOST_QUOTED else f"{text[:half]}…{text[-half:]}"


def unknown(kind: str, given: object, known: Iterable[object]) -> InputError:
    """The error for a name that is not in a list: offers the nearest names, or the first of them where none is near.

    >>> print(unknown("format", "jason", ["rich", "markdown", "csv", "json"]))
    unknown format 'jason'; did you mean 'json'?
    >>> print(unknown("depth", 51, [50, 101, 152]))
    unknown depth 51; known are 50, 101, 152
    """
    from difflib import get_close_matches

    names = [str(name) for name in known]
    near = get_close_matches(given, names, n=3) if isinstance(given, str) else []
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    hint = (
        f"did you mean {' or '.join(map(repr, near))}?" if near else f"known are {', '.join(names[:MOST_NAMES])}{more}"
    )
    return InputError(f"unknown {kind} {given!r}; {hint}")


def one_line(error: Exception) -> str:
    """Another library's error in one line: its type, and as much of its text as is worth quoting.

    >>> one_line(RuntimeError("it does\\n  not run"))
    'RuntimeError: it does not run'
    """
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"
