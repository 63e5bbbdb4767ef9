"""The names of our tensors in another implementation, by rules."""

import re
from collections.abc import Callable

Rule = tuple[str, str | Callable[[re.Match[str]], str]]


def renamer(*rules: Rule) -> Callable[[str], str]:
    """What replaces each pattern of a name, one rule after the other.

    >>> renamer((r"^head\\.", ""), (r"norm", "bn"))("head.norm.weight")
    'bn.weight'
    """

    def rename(name: str) -> str:
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        return name

    return rename


def shifted(text: str, by: int) -> Callable[[re.Match[str]], str]:
    """A text with the pattern's one group, a number, moved; `{}` is its place.

    >>> renamer((r"block(\\d+)", shifted("repeat.{}", -1)))("block3.conv")
    'repeat.2.conv'
    """
    return lambda match: text.format(int(match.group(1)) + by)
