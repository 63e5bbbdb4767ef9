"""What a sweep is asked for: a plan, the order of its result, and the parts that it is run in."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from resnext_flops.complexity.expressions import NEAREST as NEAREST_SIGN
from resnext_flops.complexity.expressions import Apply, Expression, Name, Rational, farthest, names_in, parse, text_of
from resnext_flops.complexity.figures import COMMON, TIME, expression_names, told
from resnext_flops.complexity.layers import size
from resnext_flops.complexity.model import Model
from resnext_flops.design.sweep import scan
from resnext_flops.design.sweep.axes import Grid, Whole, grid
from resnext_flops.design.sweep.kernel import read
from resnext_flops.design.sweep.plan import Box, Plan, fixed_sizes, pieces
from resnext_flops.design.sweep.search import GRAIN, Grain, Tell, least_keys, search
from resnext_flops.design.sweep.search import divide as divided
from resnext_flops.design.sweep.selection import MOST_SELECTED, Selection, nothing
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    import pandas

NEAREST = 10

# The parts that a sweep is run in, and that a worker gets or a resumed sweep goes on with. They are the same for the
# same sweep everywhere. Parts are numerous enough to be spread, and large enough to be worth sending.
PARTS = Grain(parts=256, leaf=1 << 20)
# A sample is drawn in chunks, each from a generator of its own, so that any part of it can be drawn by itself.
CHUNK = 1 << 18

Part: TypeAlias = "Box | Strata"


class Strata(NamedTuple):
    """A part of a sample: its chunks from `first` to before `end`."""

    first: int
    end: int


class Sample(NamedTuple):
    """A random sample: one design from each of `designs` equal parts of the grid."""

    designs: int
    seed: int

    def chunk(self, number: int, space: int) -> Whole:
        """The numbers of the designs of one chunk, ascending, of a space of so many."""
        strata = range(number * CHUNK, min((number + 1) * CHUNK, self.designs) + 1)
        edges = np.array([space * stratum // self.designs for stratum in strata], dtype=np.int64)
        return np.random.default_rng([self.seed, number]).integers(edges[:-1], edges[1:])


class Sweep(NamedTuple):
    """What is swept and what is wanted of it; `run` runs any part of it, and `frame` shows what was selected.

    order: what the selected designs are ordered by; without it, by the keys of the plan.
    limit: how many of a front are wanted.
    cut, grain: how the space is divided into parts, and these into what is evaluated at once.
    """

    plan: Plan
    budgets: tuple[Expression, ...]
    order: Expression | None
    limit: int | None
    sample: Sample | None
    cut: Grain = PARTS
    grain: Grain = GRAIN

    @property
    def designs(self) -> int:
        """How many designs are looked at."""
        return self.sample.designs if self.sample else self.plan.grid.designs

    @property
    def shown(self) -> list[str]:
        """The sizes that are swept, and the figures of a design: those always shown, and those that decide."""
        return [*(axis.name for axis in self.plan.grid.axes), *self.plan.pieces[0].figures]

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why the interval of the designs' times is the wider one."""
        return tuple(dict.fromkeys(remark for piece in self.plan.pieces for remark in piece.remarks))

    def smallest(self) -> dict[str, int]:
        """The sizes of the first design."""
        return {axis.name: int(axis.values[0]) for axis in self.plan.grid.axes}

    def nothing(self) -> Selection:
        """What is selected at the start."""
        return nothing(len(self.plan.keys), self.plan.top)

    def parts(self) -> list[Part]:
        """The parts of the sweep, always the same ones, the most promising first."""
        if self.sample:
            chunks = -(-self.sample.designs // CHUNK)
            count = min(chunks, self.cut.parts)
            edges = [chunks * part // count for part in range(count + 1)]
            return [Strata(*each) for each in pairwise(edges)]
        found: list[tuple[Any, Box]] = []
        for whole in self.plan.whole():
            boxes = divided(whole, self.cut)
            keys = least_keys(self.plan, boxes)
            found += zip(keys[0] if keys else range(len(boxes)), boxes, strict=True)
        return [box for _, box in sorted(found, key=lambda each: each[0])]

    def covered(self, done: Iterable[int]) -> int:
        """How many designs some of the parts have, by their places."""
        parts = self.parts()
        return sum(self._designs(parts[place]) for place in done)

    def _designs(self, part: Part) -> int:
        if isinstance(part, Box):
            return part.designs
        return min(part.end * CHUNK, self.designs) - part.first * CHUNK

    def wanted(self) -> str:
        """What is selected, in words."""
        keys = ", ".join(map(text_of, self.plan.keys))
        order = "" if self.order is None else f" by {text_of(self.order)}"
        count = self.plan.top or self.limit
        first = f"the designs{order}" if count is None else f"the first {count:,}{order}"
        front = f" of the Pareto front of {keys}" if self.plan.keys and self.plan.top is None else ""
        met = " and ".join(map(text_of, self.plan.conditions))
        sample = f" in a sample of {self.designs:,}" if self.sample else ""
        return f"{first}{front}{f' with {met}' if met else ''}{sample}"

    def run(self, part: Part, selection: Selection, tell: Tell) -> Selection:
        """A selection with the selected designs of one part.

        tell: called with numbers of designs that are done with.

        Raises InputError where more designs would be selected than can be kept.
        """
        if isinstance(part, Box):
            return search(self.plan, part, selection, tell, self.grain)
        sample, names = self.sample or Sample(0, 0), names_in((*self.plan.conditions, *self.plan.keys))
        scratch = scan.Scratch()
        for number in range(part.first, part.end):
            numbers = sample.chunk(number, self.plan.grid.designs)
            drawn = scan.rows_of(scan.designs(self.plan, numbers, names), numbers)
            selection = scan.select(self.plan, drawn, selection, scratch)
            tell(len(numbers))
        return selection

    def columns(self, selection: Selection) -> tuple[Whole, dict[str, Any]]:
        """The numbers of the selected designs, and their sizes, figures and keys, as columns by name.

        They are ordered by `order`, or by the keys, or by their numbers.
        """
        numbers = np.sort(selection.numbers)
        columns: dict[str, Any] = scan.designs(self.plan, numbers, self.plan.pieces[0].figures)
        order_first = () if self.order is None else (self.order,)
        # The one key of the best few is their order as well.
        ordered = tuple(dict.fromkeys((*order_first, *self.plan.keys)))
        found = scan.rows_of(columns, numbers)
        keys = [found.column(node)[:, 0] for node in ordered]
        order = np.lexsort((numbers, *reversed(keys)))[: self.limit]
        columns |= {text_of(node): key for node, key in zip(ordered, keys, strict=True) if not _is_shown(node)}
        return numbers[order], {name: column[order] for name, column in columns.items()}

    def frame(self, selection: Selection) -> "pandas.DataFrame":
        """The selected designs, a row each, indexed by their numbers."""
        import pandas

        numbers, columns = self.columns(selection)
        return pandas.DataFrame(columns, index=pandas.Index(numbers, name="design", dtype="int64"))

    def nearest_miss(self) -> "Sweep":
        """The sweep for the one design that comes nearest to all budgets."""
        conditions = tuple(condition for condition in self.plan.conditions if condition not in self.budgets)
        plan = self.plan._replace(conditions=conditions, keys=(farthest(self.budgets),), top=1)
        return self._replace(plan=plan, budgets=(), order=None, limit=None)

    def nobody(self, nearest: "pandas.DataFrame | None") -> InputError:
        """The error for a sweep without a result.

        nearest: the frame of `nearest_miss`, or None where the misses do not fit 64 bits. It is empty where not even
            the constraints are met.
        """
        budgets = " and ".join(map(text_of, self.budgets))
        if nearest is None:
            return InputError(f"no design meets {budgets}")
        if nearest.empty:
            constraints = [text_of(condition) for condition in self.plan.conditions if condition not in self.budgets]
            return InputError(f"the space is empty: no design of it meets {' and '.join(constraints)}")
        ((_, row),) = nearest.iterrows()
        sizes = ", ".join(f"{axis.name} = {row[axis.name]:.0f}" for axis in self.plan.grid.axes)
        used = [name for name in nearest.columns if name in names_in(self.budgets)]
        figures = " and ".join(told(name, int(nearest[name].iloc[0])) for name in used)
        return InputError(f"no design meets {budgets}; the nearest is {sizes}{f' with {figures}' if figures else ''}")


def _is_shown(node: Expression) -> bool:
    """Whether a key is in the frame anyway: a size or a figure, or one with its sign turned."""
    return isinstance(node, Name) or (
        isinstance(node, Apply) and node.operation == "negative" and _is_shown(*node.operands)
    )


def plan_sweep(
    network: Model,
    over: Mapping[str, Any],
    *,
    budget: str | Iterable[str] = (),
    within: float | None = None,
    constraint: str | Iterable[str] = (),
    pareto: str | Iterable[str] = (),
    nearest: Mapping[str, float | Rational] | None = None,
    by: str | None = None,
    top: int | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> Sweep:
    """The sweep for the arguments of `sweep`. Raises InputError as it does, before anything is evaluated."""
    space = grid((network.known_as(name), values) for name, values in over.items())
    free = [axis.name for axis in space.axes]
    known = expression_names()
    names = fixed_sizes(network, free) | dict.fromkeys(known)
    budgets = budgets_of(budget, within, names)
    constraints = tuple(read(text, names, comparison=True) for text in _several(constraint))
    objectives = tuple(read(text, names) for text in _several(pareto))
    order = _order(nearest, by, names)
    if top is not None and size("top", top) > MOST_SELECTED:
        raise InputError(f"top is {top:,}; at most {MOST_SELECTED:,} designs can be selected")
    if nearest and top is None:
        top = NEAREST
    if top is not None and not objectives and order is None:
        raise InputError(f"the top {top} of what? give by, such as by='-macs' for the most multiply-adds")
    ordered = () if order is None else (order,)
    keys = objectives or (ordered if top is not None else ())
    used = names_in((*budgets, *constraints, *keys, *ordered))
    # What decides between designs is evaluated for all of them, so nothing else is in the plan's keys.
    figures = {name: figure for name, figure in known.items() if name in used or name in (*COMMON, TIME)}
    parts = pieces(network, space, figures)
    plan = Plan(space, parts, constraints + budgets, keys, None if objectives else top)
    asked = Sweep(plan, budgets, order, top if objectives else None, _sample(sample, seed, space))
    plan.require_64_bits((*plan.conditions, *keys, *ordered))
    return asked


def budgets_of(
    budget: str | Iterable[str], within: float | None, names: Mapping[str, int | None]
) -> tuple[Expression, ...]:
    """The comparisons of budgets.

    within: how many percent the left side of `=` may be off.

    Raises InputError for what is no comparison, for `=` without `within`, and for `within` without `=`.

    >>> [text_of(budget) for budget in budgets_of("macs = 400M", 1, {"macs": None})]
    ['396000000 <= macs and macs <= 404000000']
    """
    texts = _several(budget)
    nearest = [text for text in texts if isinstance(node := parse(text), Apply) and node.operation == NEAREST_SIGN]
    if nearest and within is None:
        raise InputError(f"{nearest[0]!r} asks for the nearest; say how far off it may be: within=1 (--within 1%)")
    if within is not None and not nearest:
        raise InputError("within is for a budget with =, such as 'macs = 400M', and none is given")
    return tuple(read(text, names, comparison=True, within=within) for text in texts)


def _several(given: str | Iterable[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else list(given)


def _order(
    nearest: Mapping[str, float | Rational] | None, by: str | None, names: Mapping[str, int | None]
) -> Expression | None:
    if nearest and by:
        raise InputError("both nearest and by are given; designs can be ordered by one of them")
    if nearest:
        if len(nearest) > 1:
            raise InputError(
                f"nearest is to one target, and {len(nearest)} are given; give by for an order of your own"
            )
        ((figure, target),) = nearest.items()
        return read(f"abs({figure} - {target})", names)
    return read(by, names) if by else None


def _sample(count: int | None, seed: int, space: Grid) -> Sample | None:
    if count is None or size("the sample", count) >= space.designs:
        return None
    return Sample(count, size("the seed", seed, minimum=0))
