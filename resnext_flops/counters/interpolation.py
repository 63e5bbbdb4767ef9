"""The formula of a real model: a polynomial through exact counts, which is then held at sizes that were not used.

The cost of a real constructor is a polynomial in its sizes, as long as these keep the structure of the model and are
rounded alike on their way through it. A handful of counts determines it: the nodes are a few values of each size, from
its own on and two steps apart, and Newton's differences (`newton.py`) find the degree. Then at least nine more counts
are made. Some are drawn by a seed: between the nodes, anywhere in the range, and at two to ten times the largest node,
for every size. Others are values at which models branch: twice the first value, a number that is another argument, and
two sizes that are equal. One that differs, and there is no formula.

How far apart values must be is found too: a step of 1 where that works, and else a larger one, because heads divide
widths and patches divide images. A step that a size has by itself may not do for several, so a miss doubles it.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import partial
from itertools import combinations
from typing import NamedTuple

from resnext_flops.complexity.arguments import whole_numbers
from resnext_flops.complexity.figures import FIGURES, figure, figure_name
from resnext_flops.complexity.formula import position, whole
from resnext_flops.complexity.formula import terms as terms_of
from resnext_flops.complexity.lattices import Lattice, Span
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model, figure_of
from resnext_flops.complexity.reading import Reading, partition, refuse_maximum
from resnext_flops.counters.newton import SPACING, NoPolynomialError, Point, Polynomial
from resnext_flops.counters.watching import tell
from resnext_flops.errors import InputError

# Steps that are tried for a size: small ones, then numbers of many divisors, of which the smallest that works is found.
STEPS = (1, 2, 3, 4, 8, 16, 128, 120, 126, 110, 104, 96, 100, 108, 112, 80)
# The same for the pixels of an image, the likeliest first: strides, patches, and windows of patches.
PIXELS = "r"
PIXEL_STEPS = (32, 14, 12, 64, 224, 256, 448, 96, 80, 100, 72)
LARGEST_STEP = 128
PRIMES = (2, 3, 5, 7, 11, 13)
DOUBLINGS = 3
HELD = 9
FARTHEST = 10
# Models branch where a width is doubled. These times the first value are held.
DOUBLED = (2, 4, 8)
SEED = 0
FAR_STEPS = 16


class Miss(NamedTuple):
    """A size at which a polynomial and a count differ."""

    sizes: Mapping[str, int]
    figure: str
    expected: Fraction
    counted: int

    def told(self, model: str) -> str:
        """The miss as a clause."""
        at = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        return (
            f"at {at} {model} has {self.counted:,} {figure_name(self.figure)}, and the polynomial through other counts "
            f"gives {float(self.expected):,.0f}"
        )


class HeldError(ArithmeticError):
    """A polynomial that does not hold. miss: where."""

    def __init__(self, miss: Miss) -> None:
        super().__init__()
        self.miss = miss


class _Limit(NamedTuple):
    """The largest value of a size that a model takes beside others, and the error for the next."""

    sizes: Mapping[str, int]
    error: InputError

    def told(self, name: str) -> str:
        """The limit as a sentence."""
        others = ", ".join(f"{other} = {value}" for other, value in self.sizes.items() if other != name)
        return f"A larger {name} than {self.sizes[name]} is refused{f' at {others}' if others else ''}: {self.error}."


class Interpolated(Reading):
    """A real model with free sizes: polynomials through exact counts, for one scope.

    counts: the models with other sizes, by these; each is counted once, for all figures and all readings.
    """

    origin = "interpolated"

    def __init__(
        self,
        model: Model,
        free: Mapping[str, Span],
        scope: str,
        counts: "dict[frozenset[tuple[str, int]], Model | InputError]",
        seed: int = SEED,
    ) -> None:
        """The reading of a model with the sizes of the given names free.

        Raises InputError for a size that the model does not have, that has no value of its own and none to start at,
        or in which no polynomial is found.
        """
        self.model, self.scope, self.free, self.spans, self.seed = model, scope, tuple(free), free, seed
        own = model.sizes()
        self.base = {name: self._base(name, span, own) for name, span in free.items()}
        self._counts = counts
        self._fitted: dict[str, Polynomial] = {}
        self._found: dict[str, Size] = {}
        self.limits: dict[str, _Limit] = {}
        self.cut: dict[str, int] = {}
        # The first reason why a step did not do: figures that differ, or another one.
        self.missed: Miss | None = None
        self.failed: Exception | None = None
        self.at(self.base)
        self.steps = {name: self._step(name) for name in self.free}
        self._settle()

    def _base(self, name: str, span: Span, own: Mapping[str, int | None]) -> int:
        value = own[name] if span.start is None else span.start
        if value is None:
            raise InputError(f"{name} has no value to start at; give one, as in --free {name}=8")
        return value

    # Counting ---------------------------------------------------------------------------------------------------------

    def _sizes(self, point: Point, steps: Mapping[str, int] | None = None) -> dict[str, int]:
        by = self.steps if steps is None else steps
        return {name: self.base[name] + by[name] * x for name, x in zip(self.free, point, strict=True)}

    def _counted(self, sizes: Mapping[str, int]) -> Model:
        """The model with some sizes. Raises InputError where its constructor, or its run, refuses them."""
        key = frozenset(sizes.items())
        if key not in self._counts:
            made = self.model.replace(**sizes)
            tell(f"counting {made.name}", len(self._counts))
            try:
                made.cost()
                self._counts[key] = made
            except InputError as error:
                self._counts[key] = error
        found = self._counts[key]
        if isinstance(found, InputError):
            raise found
        return found

    def exact(self, name: str, sizes: Mapping[str, int]) -> int:
        """As in `Reading`."""
        return figure_of(self._counted(sizes), name, self.scope)

    def at(self, sizes: Mapping[str, int]) -> Ledger:
        """As in `Reading`."""
        return self._counted(sizes).part(self.scope)

    # Steps ------------------------------------------------------------------------------------------------------------

    def _step(self, name: str) -> int:
        """The smallest step of a size, found with all others as they are. Raises InputError where none works."""
        if step := self.spans[name].step:
            return step
        refused = self._refused(name, 1)
        # A model that refuses the next size says by itself which steps it takes.
        steps = PIXEL_STEPS if name == PIXELS else range(1, LARGEST_STEP + 1) if refused else STEPS
        for step in steps:
            if error := self._refused(name, step):
                refused = error
            elif self._fits(name, step):
                return self._refined(name, step)
        raise self._no_step(name, refused)

    def _refused(self, name: str, step: int) -> InputError | None:
        """Why the model refuses a size that is one step away from its own, if it does."""
        try:
            self._counted(self._sizes(self._along(name, 1), {**self._ones(), name: step}))
        except InputError as error:
            return error
        return None

    def _refined(self, name: str, step: int) -> int:
        """The smallest divisor of a step that works too."""
        for prime in PRIMES:
            while step % prime == 0 and self._fits(name, step // prime):
                step //= prime
        return step

    def _no_step(self, name: str, refused: InputError | None) -> InputError:
        if not refused and self._fits(name, 1, first=1):
            return self._exception(f"{name}={self.base[name] + 1}")
        start = f"--free {name}={self.base[name]}:256"
        advice = f"start elsewhere or give a step, as in {start}"
        why = f"; {self.missed.told(self.model.name) if self.missed else self.failed}"
        if refused:
            why = f"; it refuses some: {refused}"
            advice = (
                "a size that divides another one, or that takes few values, has no steps by itself; free what both "
                f"follow from, as in width=64*h, heads=h, or give start and step, as in {start}"
            )
        return InputError(
            f"no formula of {self.model.name} in {name} from {self.base[name]} on is found in any of the steps that "
            f"were tried{why}; {advice}"
        )

    def _ones(self) -> dict[str, int]:
        return dict.fromkeys(self.free, 1)

    def _along(self, name: str, x: int, others: int = 0) -> Point:
        return tuple(x if each == name else others for each in self.free)

    def _fits(
        self, name: str, step: int, steps: Mapping[str, int] | None = None, others: int = 0, first: int = 0
    ) -> bool:
        """Whether every figure is a polynomial along one size, and holds between the nodes and far from them.

        others: so many steps away all other sizes are. first: so many steps after its first value the size begins.
        """
        by = {**(steps or self._ones()), name: step}

        def counted(x: int) -> Mapping[str, int]:
            sizes = self._sizes(self._along(name, first + x, others), by)
            return {one: self.exact(one, sizes) for one in FIGURES}

        def value(one: str, point: Point) -> int:
            return counted(*point)[one]

        try:
            found = {one: Polynomial.through(partial(value, one), 1) for one in FIGURES}
            highest = SPACING * max(len(each.nodes) - 1 for each in found.values())
            tests = [(x, counted(x)) for x in (1, 3, highest + 1)]
        except (InputError, NoPolynomialError) as error:
            self.failed = self.failed or error
            return False
        # What is rounded is constant nearby, so a size about twice as large is looked at, unless the model refuses it.
        far = max(FAR_STEPS, self.base[name] // step) // 2 * 2 + 1
        with suppress(InputError):
            tests.append((far, counted(far)))
        for x, values in tests:
            for one in FIGURES:
                if (expected := found[one].at((x,))) != values[one]:
                    sizes = self._sizes(self._along(name, first + x, others), by)
                    self.missed = self.missed or Miss(sizes, one, expected, values[one])
                    return False
        return True

    # Fitting ----------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Fit and hold every figure of a ledger; where a size misses, with larger steps.

        Raises InputError with the first miss where no steps do.
        """
        failures: list[HeldError | NoPolynomialError] = []
        while len(failures) <= DOUBLINGS:
            try:
                self.held = self._draw([self._fit(name) for name in FIGURES])
                for name in FIGURES:
                    self.hold(name)
            except (HeldError, NoPolynomialError) as error:
                failures.append(error)
                self._fitted.clear()
                self._widen()
            else:
                return
        raise self._refusal(failures[0])

    def _widen(self) -> None:
        """Larger steps for the sizes that have no polynomial where all others are an odd number of steps away."""
        free = [name for name in self.free if self.spans[name].step is None]
        alone = [name for name in free if not self._fits(name, self.steps[name], self.steps, others=1)]
        for name in alone or free:
            self.steps[name] *= 2

    def _require_use(self) -> None:
        """Raises InputError for a size that no figure depends on."""
        for place, name in enumerate(self.free):
            if not any(found.degrees and found.degrees[place] for found in self._fitted.values()):
                steps = f" in steps of {self.steps[name]}" if self.steps[name] > 1 else ""
                raise InputError(f"nothing of {self.model.name} changes with {name}{steps}, so it cannot be free")

    def _fit(self, name: str) -> Polynomial:
        if name not in self._fitted:
            self._fitted[name] = Polynomial.through(lambda point: self.exact(name, self._sizes(point)), len(self.free))
        return self._fitted[name]

    def _draw(self, fitted: Sequence[Polynomial]) -> list[dict[str, int]]:
        """Sizes to hold the formulas at: far from the nodes and between them, and where models branch.

        Where the model refuses a size that is far away, the largest that it takes is drawn: see `limits`.
        """
        draw = random.Random(f"{self.seed} {self.model.name}")  # noqa: S311 (no secret)
        nodes = {tuple(SPACING * node for node in index) for found in fitted for index in found.nodes}
        highest = {name: max(point[place] for point in nodes) for place, name in enumerate(self.free)}
        held = [self._distant(name, highest, draw) for name in self.free]
        if len(self.free) > 1:
            held.append(self._corner(held))
        last = {name: self.cut.get(name, max(sizes[name] for sizes in held)) for name in self.free}
        known = [self._sizes(point) for point in nodes]
        branches = self._branches(last)
        for place, sizes in enumerate([*branches, *self._anywhere(highest, last, draw)]):
            if place >= len(branches) + 2 * len(self.free) and len(held) >= max(HELD, 2 * len(self.free) + 2):
                break
            if sizes not in known and sizes not in held and self._takes(sizes):
                held.append(sizes)
        return held

    def _branches(self, last: Mapping[str, int]) -> list[dict[str, int]]:
        """Sizes at which models do something else: see the top of this file."""
        own = self.model.sizes()
        others = {value for value in own.values() if value} | whole_numbers(dict(self.model.arguments))
        found = [
            {**self.base, name: value}
            for name in self.free
            for value in sorted(others | {times * self.base[name] for times in DOUBLED})
            if self._lies(name, value, last)
        ]
        for one, other in combinations(self.free, 2):
            start = max(self.base[one], self.base[other])
            values = range(start, start + self.steps[one] * self.steps[other] + 1)
            equal = [value for value in values if self._lies(one, value, last) and self._lies(other, value, last)]
            found += [{**self.base, one: value, other: value} for value in equal[:1]]
        return found

    def _lies(self, name: str, value: int, last: Mapping[str, int]) -> bool:
        """Whether a value is one of those for which a formula is said to hold."""
        return Lattice(self.base[name], self.steps[name], last[name]).holds(value)

    def _anywhere(
        self, highest: Mapping[str, int], last: Mapping[str, int], draw: random.Random
    ) -> Iterator[dict[str, int]]:
        """Sizes between the nodes, an odd number of steps away, and sizes in the whole range, in turn."""
        for reach in range(0, LARGEST_STEP, SPACING):
            yield self._sizes(self._between(highest, reach, draw))
            steps = [(last[name] - self.base[name]) // self.steps[name] for name in self.free]
            yield self._sizes(tuple(int(most ** draw.random()) for most in steps))

    def _between(self, highest: Mapping[str, int], reach: int, draw: random.Random) -> Point:
        return tuple(2 * draw.randrange(max((highest[name] + reach) // 2, 1)) + 1 for name in self.free)

    def _takes(self, sizes: Mapping[str, int]) -> bool:
        try:
            self._counted(sizes)
        except InputError:
            return False
        return True

    def _distant(self, name: str, highest: Mapping[str, int], draw: random.Random) -> dict[str, int]:
        """Sizes of which one is far from the nodes, and the others are between them."""
        near = dict(zip(self.free, self._between(highest, 0, draw), strict=True))

        def sizes(steps: int) -> dict[str, int]:
            return self._sizes(tuple({**near, name: steps}.values()))

        far = self._far(name, highest[name], draw.uniform(2, FARTHEST))
        try:
            self._counted(sizes(far))
        except InputError as error:
            taken = self._last_taken(highest[name], far, sizes)
            if not self._takes(sizes(taken)):
                raise
            self.limits[name] = _Limit(sizes(taken), error)
            far = taken
        return sizes(far)

    def _last_taken(self, taken: int, refused: int, sizes: Callable[[int], Mapping[str, int]]) -> int:
        """The largest number between one that the model takes and one that it refuses, by halves.

        sizes: what a number stands for.
        """
        while refused - taken > 1:
            middle = (taken + refused) // 2
            taken, refused = (middle, refused) if self._takes(sizes(middle)) else (taken, middle)
        return taken

    def _corner(self, distant: Sequence[Mapping[str, int]]) -> dict[str, int]:
        """The sizes of which each is as far as it was taken alone: the largest for which a formula is said to hold.

        Where the model refuses them together, they come nearer, and so does the domain of the formula.
        """
        self.cut = {}
        far = {name: sizes[name] for name, sizes in zip(self.free, distant, strict=True)}
        while not self._takes(far):
            nearer = {
                name: self.base[name] + self.steps[name] * max(((value - self.base[name]) // self.steps[name]) // 2, 1)
                for name, value in far.items()
            }
            if nearer == far:
                return dict(distant[0])
            far = self.cut = nearer
        return far

    def _far(self, name: str, highest: int, times: float) -> int:
        """Steps to a size that is so many times the largest node, or the last that is asked for."""
        step, last = self.steps[name], self.spans[name].last
        if last is not None and (last - self.base[name]) // step > highest:
            return (last - self.base[name]) // step
        return int((times * (self.base[name] + step * highest) - self.base[name]) / step) // 2 * 2 + 1

    def hold(self, name: str) -> None:
        """Hold a figure at the sizes that were drawn. Raises HeldError, or NoPolynomialError where there is none."""
        found = self._fit(name)
        for sizes in self.held:
            point = tuple((sizes[each] - self.base[each]) // self.steps[each] for each in self.free)
            expected, counted = found.at(point), self.exact(name, sizes)
            if expected != counted:
                raise HeldError(Miss(sizes, name, expected, counted))

    def _later(self, name: str) -> str:
        """The sizes one step later, as `--free` takes them, if a figure has a formula from there on; else empty.

        A model's own size can be an exception: Swin at its own 224 pixels does not shift its windows.
        """
        starts = {each: Span(self.base[each] + self.steps[each], self.steps[each]) for each in self.free}
        try:
            Interpolated(self.model, starts, self.scope, self._counts, self.seed).hold(name)
        except (InputError, NoPolynomialError, HeldError):
            return ""
        return ",".join(f"{each}={span.start}:{span.step}" for each, span in starts.items())

    def _exception(self, later: str) -> InputError:
        at = ", ".join(f"{name} = {value}" for name, value in self.base.items())
        return InputError(
            f"{self.model.name} is an exception at {at}: a formula begins at the next size, so give --free {later}"
        )

    def _refusal(self, failure: HeldError | NoPolynomialError, later: str = "") -> InputError:
        if later:
            return self._exception(later)
        if isinstance(failure, NoPolynomialError):
            name = self.free[failure.variable]
            return InputError(
                f"{self.model.name} has no polynomial in {name}: {failure}; give it a step, as in "
                f"--free {name}={self.base[name]}:32"
            )
        return InputError(
            f"{failure.miss.told(self.model.name)}, so there is no one formula; its structure changes between: free "
            f"fewer sizes, or start elsewhere with a step, as in --free {self.free[0]}=START:STEP"
        )

    # The reading ------------------------------------------------------------------------------------------------------

    @property
    def lattices(self) -> Mapping[str, Lattice]:
        """The values between the own size and the largest that was counted."""
        tried = [*self.nodes, *self.held]
        last = {name: max(sizes[name] for sizes in tried) for name in self.free} | self.cut
        return {name: Lattice(self.base[name], self.steps[name], last[name]) for name in self.free}

    @property
    def nodes(self) -> list[dict[str, int]]:
        """The sizes at which the polynomials were taken."""
        indices = {index for found in self._fitted.values() for index in found.nodes}
        return [self._sizes(tuple(SPACING * node for node in index)) for index in indices]

    def largest(self, name: str, sizes: Mapping[str, int]) -> int | None:
        """As in `Reading`: the largest between its first value and the one that is refused."""
        if self._takes(sizes):
            return None
        start, step = self.base[name], self.steps[name]
        steps = self._last_taken(0, (sizes[name] - start) // step, lambda x: {**sizes, name: start + step * x})
        return start + step * steps

    def least(self, name: str) -> int:
        """The smallest size in steps from its own; below this it is not tried, and has to be counted."""
        return self.spans[name].start or self.base[name] % self.steps[name] or self.steps[name]

    def figure(self, name: str) -> Size:
        """As in `Reading`."""
        refuse_maximum(name)
        if name not in self._found:
            try:
                self.hold(name)
            except (NoPolynomialError, HeldError) as error:
                raise self._refusal(error, self._later(name)) from None
            self._require_use()
            self._found[name] = self._formula(self._fitted[name])
        return self._found[name]

    def _formula(self, found: Polynomial) -> Size:
        """A polynomial in the sizes themselves."""
        places = [position(name, self.base[name], self.steps[name]) for name in self.free]
        total: Size = 0
        for index, difference in found.differences.items():
            product: Size = whole({(): difference})
            for place, node in zip(places, index, strict=True):
                for before in range(node):
                    product = product * (place - SPACING * before)
            total = total + product
        return whole(terms_of(total))

    def parts(self, name: str, level: str = "stage") -> Mapping[str, Size]:
        """As in `Reading`."""
        if name not in FIGURES:
            raise InputError(f"the parts of a real model have {', '.join(FIGURES)}, and no {name}")
        self.figure(name)
        ledgers = [self.at(sizes) for sizes in (*self.nodes, *self.held)]
        own = list(partition(ledgers[0], level))
        if any(list(partition(ledger, level)) != own for ledger in ledgers):
            raise InputError(
                f"the {level}s of {self.model.name} change with {', '.join(self.free)}, so they have no formulas of "
                "their own"
            )
        return {part: self._part(name, part) for part in own}

    def _part(self, name: str, part: str) -> Size:
        def value(sizes: Mapping[str, int]) -> int:
            return figure(self.at(sizes).stage(part), name)

        found = Polynomial.through(lambda point: value(self._sizes(point)), len(self.free))
        for sizes in self.held:
            point = tuple((sizes[each] - self.base[each]) // self.steps[each] for each in self.free)
            if found.at(point) != value(sizes):
                raise InputError(f"{part} of {self.model.name} has no formula of its own, though the whole has one")
        return self._formula(found)

    def kinds(self, _name: str, _multiple_of: int) -> Sequence[Reading]:
        """As in `Reading`."""
        return [self]

    def ledgers(self, figure: str, at: Mapping[str, int]) -> list[Ledger]:  # noqa: ARG002
        """As in `Reading`: what was counted for the formula."""
        self.figure(figure)
        return [self.at(sizes) for sizes in (*self.nodes, *self.held)]

    @property
    def evidence(self) -> str:
        """From how many counts, and at how many more it was met."""
        used = len({tuple(sizes.values()) for sizes in self.nodes})
        limits = [f" {limit.told(name)}" for name, limit in self.limits.items()]
        if self.at(next(iter(self.nodes))).lower_bound:
            limits.append(" It is a lower bound: some operators of the model are not known.")
        return f"Interpolated from {used} counts of the real model, and met at {len(self.held)} more.{''.join(limits)}"
