"""What a sweep keeps: everything, the best few, or a Pareto front. All of them hold a bounded number of designs.

A selection is a value: adding designs gives another. Which designs it holds in the end does not depend on the order in
which they were added, so parts of a sweep may run anywhere and be added up. Between designs with equal keys the number
decides for the best few, and a front keeps them all.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from resnext_flops.design.sweep.axes import Whole
from resnext_flops.errors import InputError

# Keys of designs, a column for each: whole numbers, or quotients.
Keys: TypeAlias = list[npt.NDArray[np.int64] | npt.NDArray[np.float64]]
Marks: TypeAlias = npt.NDArray[np.bool_]

MOST_SELECTED = 1_000_000
# So many members of a front are asked whether they dominate before a whole front is put together.
FEW = 8
# So many are asked whether they dominate whole boxes.
SOME = 256


class Every(NamedTuple):
    """All designs that meet the conditions."""

    numbers: Whole
    keys: Keys

    def add(self, numbers: Whole, keys: Keys) -> "Every":
        """With more designs. Raises InputError where there are too many to hold."""
        together = np.concatenate([self.numbers, numbers])
        _few_enough(together)
        return Every(together, keys)

    def excludes(self, low: Keys) -> Marks | bool:  # noqa: ARG002
        """No box is excluded."""
        return False


class Best(NamedTuple):
    """The designs with the smallest keys."""

    numbers: Whole
    keys: Keys
    top: int

    def add(self, numbers: Whole, keys: Keys) -> "Best":
        """With more designs, of which those that are not among the best are left."""
        if len(self.numbers) == self.top:
            near = keys[0] <= self.keys[0].max()
            numbers, keys = numbers[near], [keys[0][near]]
        together, column = np.concatenate([self.numbers, numbers]), np.concatenate([self.keys[0], keys[0]])
        order = np.lexsort((together, column))[: self.top]
        return Best(together[order], [column[order]], self.top)

    def excludes(self, low: Keys) -> Marks | bool:
        """Which boxes, by the least keys in them, hold no design that belongs here."""
        return len(self.numbers) == self.top and low[0] > self.keys[0].max()


class Front(NamedTuple):
    """The designs that no other dominates: is at most as large in every key, and smaller in one."""

    numbers: Whole
    keys: Keys

    def add(self, numbers: Whole, keys: Keys) -> "Front":
        """With more designs, of which those that are dominated are left. Raises InputError where too many are not."""
        left = ~self._dominated_by_few(keys)
        numbers, keys = numbers[left], [key[left] for key in keys]
        if not len(numbers):
            return self
        own = nondominated(keys)
        together = [np.concatenate([ours, theirs[own]]) for ours, theirs in zip(self.keys, keys, strict=True)]
        front = nondominated(together)
        members = np.concatenate([self.numbers, numbers[own]])[front]
        _few_enough(members)
        return Front(members, [key[front] for key in together])

    def _dominated_by_few(self, keys: Keys) -> Marks:
        """Which designs are dominated by the few members that dominate most of the space that they are in."""
        found = np.zeros(len(keys[0]), dtype=bool)
        if not len(found):
            return found
        reach = np.ones(len(self.numbers))
        for own, key in zip(self.keys, keys, strict=True):
            low, high = float(key.min()), float(key.max())
            reach *= np.clip((high - np.maximum(own, low) + 1) / (high - low + 1), 0, 1)
        for member in np.argsort(-reach)[:FEW]:
            if reach[member] > 0:
                found |= _dominates([own[member] for own in self.keys], keys)
        return found

    def excludes(self, low: Keys) -> Marks | bool:
        """Which boxes, by the least keys in them, hold no design that belongs here."""
        found = np.zeros(len(low[0]), dtype=bool)
        for member in np.linspace(0, len(self.numbers) - 1, min(SOME, len(self.numbers)), dtype=int):
            found |= _dominates([own[member] for own in self.keys], low)
        return found


Selection: TypeAlias = Every | Best | Front


def _dominates(member: "list[np.int64 | np.float64]", keys: Keys) -> Marks:
    """Which designs a member dominates."""
    no_larger = np.ones(len(keys[0]), dtype=bool)
    smaller = np.zeros(len(keys[0]), dtype=bool)
    for own, key in zip(member, keys, strict=True):
        no_larger &= own <= key
        smaller |= own < key
    return no_larger & smaller


def nondominated(keys: Keys) -> Marks:
    """Which designs no other dominates. moocore compares floats, so it gets ranks, which are exact.

    >>> nondominated([np.array([1, 2, 2, 3]), np.array([5, 4, 6, 4])]).tolist()
    [True, True, False, False]
    """
    from moocore import is_nondominated

    ranks = np.column_stack([np.unique(key, return_inverse=True)[1] for key in keys]).astype(float)
    found: Marks = is_nondominated(ranks, keep_weakly=True)
    return found


def _few_enough(numbers: Whole) -> None:
    if len(numbers) > MOST_SELECTED:
        raise InputError(
            f"more than {MOST_SELECTED:,} designs would be selected; give tighter budgets, or select with pareto or top"
        )


def nothing(keys: int, top: int | None) -> Selection:
    """A selection without designs, for a number of keys."""
    numbers: Whole = np.empty(0, dtype=np.int64)
    columns: Keys = [np.empty(0, dtype=np.int64) for _ in range(keys)]
    if not keys:
        return Every(numbers, columns)
    return Front(numbers, columns) if top is None else Best(numbers, columns, top)
