"""The names of our tensors in another implementation, by substitutions."""

import re
from collections.abc import Callable

Substitution = tuple[str, str | Callable[[re.Match[str]], str]]


def renamer(*substitutions: Substitution) -> Callable[[str], str]:
    """A function that replaces each pattern in a name, one after the other.

    >>> renamer((r"^head\\.", ""), (r"norm", "bn"))("head.norm.weight")
    'bn.weight'
    """

    def rename(name: str) -> str:
        for pattern, replacement in substitutions:
            name = re.sub(pattern, replacement, name)
        return name

    return rename


def shifted(text: str, by: int) -> Callable[[re.Match[str]], str]:
    """A text with the pattern's one group, a number, moved; `{}` is its place.

    >>> renamer((r"block(\\d+)", shifted("repeat.{}", -1)))("block3.conv")
    'repeat.2.conv'
    """
    return lambda match: text.format(int(match.group(1)) + by)
