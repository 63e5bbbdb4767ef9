"""Going through a plan: boxes of the grid are bounded, and divided, skipped whole or evaluated.

A box is skipped where some condition cannot hold in it, or where even its least keys belong to no selected design.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log, prod
from typing import NamedTuple

import numpy as np

from resnext_flops.design.sweep.axes import Whole
from resnext_flops.design.sweep.bounds import bounds
from resnext_flops.design.sweep.plan import Box, Plan
from resnext_flops.design.sweep.scan import Scratch, scan
from resnext_flops.design.sweep.selection import Keys, Marks, Selection

Tell = Callable[[int], None]


class Grain(NamedTuple):
    """How a box is divided: into how many, and how many designs are evaluated together."""

    parts: int = 4096
    leaf: int = 1 << 18


GRAIN = Grain()


def search(plan: Plan, box: Box, selection: Selection, tell: Tell, grain: Grain = GRAIN) -> Selection:
    """A selection with the selected designs of a box.

    tell: called with the number of designs that are done with, again and again; they add up to the box.
    """
    scratch = Scratch()
    stack = [(box, *_least(plan, [box]))]
    while stack:
        part, keys, may = stack.pop()
        if not may[0] or (np.all(selection.excludes(keys)) and plan.keys):
            tell(part.designs)
        elif part.designs <= grain.leaf:
            selection = scan(plan, part, selection, scratch)
            tell(part.designs)
        else:
            parts = divide(part, grain)
            stack += _worth(plan, parts, selection, tell)
    return selection


def least_keys(plan: Plan, parts: Sequence[Box]) -> Keys:
    """The least keys in boxes of one piece."""
    return _least(plan, parts)[0]


def _worth(plan: Plan, parts: Sequence[Box], selection: Selection, tell: Tell) -> list[tuple[Box, Keys, Marks]]:
    """The parts that may hold selected designs, the most promising last, each with its least keys."""
    keys, may = _least(plan, parts)
    if plan.keys:
        may = may & ~np.asarray(selection.excludes(keys))
    tell(sum(part.designs for part, kept in zip(parts, may, strict=True) if not kept))
    order = np.flatnonzero(may)
    if plan.keys:
        order = order[np.argsort(-keys[0][order], kind="stable")]
    return [
        (parts[place], [key[place : place + 1] for key in keys], may[place : place + 1]) for place in order.tolist()
    ]


def _least(plan: Plan, parts: Sequence[Box]) -> tuple[Keys, Marks]:
    """The least keys in boxes of one piece, and whether all conditions may hold there."""
    ends = np.array([part.ranges for part in parts])
    low: list[Whole] = list(ends[:, :, 0].T)
    high: list[Whole] = list(ends[:, :, 1].T - 1)
    of = plan.boxes_bounds(parts[0].piece, low, high)
    may = np.ones(len(parts), dtype=bool)
    for condition in plan.conditions:
        may &= bounds(condition, of).high
    return [np.broadcast_to(bounds(key, of).low, (len(parts),)) for key in plan.keys], may


def divide(box: Box, grain: Grain = GRAIN) -> list[Box]:
    """A box in parts, cut where its sizes differ most.

    >>> divide(Box(0, ((0, 3), (0, 8))), Grain(parts=2, leaf=12))
    [Box(piece=0, ranges=((0, 3), (0, 4))), Box(piece=0, ranges=((0, 3), (4, 8)))]
    """
    lengths = [end - first for first, end in box.ranges]
    cuts = [1] * len(lengths)

    def width(place: int) -> float:
        """How much the sizes of one part differ on an axis."""
        return log(1 + (lengths[place] / cuts[place] - 1) / (1 + box.ranges[place][0]))

    while prod(cuts) < grain.parts and box.designs > grain.leaf * prod(cuts):
        place = max(range(len(cuts)), key=lambda place: (cuts[place] < lengths[place], width(place)))
        cuts[place] = min(2 * cuts[place], lengths[place])
    found: list[tuple[tuple[int, int], ...]] = [()]
    for (first, end), count in zip(box.ranges, cuts, strict=True):
        edges = [first + (end - first) * cut // count for cut in range(count + 1)]
        found = [(*before, each) for before in found for each in pairwise(edges)]
    return [Box(box.piece, ranges) for ranges in found]
