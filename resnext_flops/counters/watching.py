"""Telling how far a search has come that counts many models, to whoever watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_watchers: list[Callable[[str, int], None]] = []


@contextmanager
def watched(watcher: Callable[[str, int], None]) -> Iterator[None]:
    """Have a function told of each count: what is counted, and how many were before."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def tell(what: str, before: int) -> None:
    """Tell all that watch."""
    for watcher in _watchers:
        watcher(what, before)
