"""The search for sizes that meet a budget, in the formulas of a network: exact, and whatever their shape.

An unknown size is start + step x for whole numbers x, so that multiples (of 8, say) and resolutions, which hold 32
pixels apart, are searched like any other size. Each cost is a polynomial in x, whose roots `roots.py` finds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from math import ceil, floor, lcm
from typing import NamedTuple

from resnext_flops.complexity.expressions import Rational
from resnext_flops.complexity.figures import amount, figure_name
from resnext_flops.complexity.formula import coefficients, compose, denominator, progression, substitute, terms
from resnext_flops.complexity.lattices import Lattice, Span
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.reading import Reading
from resnext_flops.design.roots import Polynomial, candidates, evaluate, inside, real_root
from resnext_flops.errors import InputError

# More pairs than this are no answer.
MOST_PAIRS = 20_000
# A figure that still meets the budget at a size of more steps than this does not grow with it.
MOST_STEPS = 1 << 24
# With how many digits a time may be printed: as usual, and up to all that a float has.
DIGITS = range(6, 18)


class Domain(NamedTuple):
    """Which whole numbers an unknown may be."""

    multiple_of: int = 1
    lower: int = 1
    upper: int | None = None

    def __str__(self) -> str:
        multiples = f" in multiples of {self.multiple_of}" if self.multiple_of > 1 else ""
        return f"from {self.lower}{f' to {self.upper}' if self.upper else ''}{multiples}"


class Target(NamedTuple):
    """A budget for a figure, and how far off a cost may be; `words` say it."""

    figure: str
    budget: int
    least: int
    most: int | None
    words: str

    @classmethod
    def of(cls, figure: str, budget: int, constraint: str = "nearest", percent: float | None = None) -> "Target":
        """From a constraint (`nearest`, `at-most`, `at-least`) and a tolerance in percent.

        >>> Target.of("macs", 1000, "at-most", 2.5)
        Target(figure='macs', budget=1000, least=975, most=1000, words='at most 1,000 multiply-adds, within 2.5 %')
        """
        share = None if percent is None else Fraction(str(percent)) / 100
        least = budget if constraint == "at-least" else 0 if share is None else ceil(budget * (1 - share))
        most = budget if constraint == "at-most" else None if share is None else floor(budget * (1 + share))
        side = "" if constraint == "nearest" else f"{constraint.replace('-', ' ')} "
        tolerance = "" if percent is None else f", within {percent:g} %"
        return cls(figure, budget, least, most, f"{side}{amount(figure, budget)}{tolerance}")

    def allows(self, cost: int) -> bool:
        """Whether a cost is near enough, and on the right side."""
        return self.least <= cost and (self.most is None or cost <= self.most)


class Scaled(NamedTuple):
    """A polynomial with whole coefficients: so many times that of a formula."""

    polynomial: Polynomial
    by: int


class Progression(NamedTuple):
    """An unknown as start + step x, for the whole numbers x from `low` to `high`."""

    name: str
    start: int
    step: int
    low: int
    high: int | None

    @classmethod
    def of(cls, reading: Reading, name: str, domain: Domain) -> "Progression | None":
        """The values of a free size, from where its formulas may hold on; None where no multiple is among them.

        Those of an interpolated formula may be outside of what was tried. What is found there has to be counted.
        """
        lattice = reading.lattices[name]
        common = _common(lattice, domain.multiple_of)
        if common is None:
            return None
        start, step = common
        low = ceil(Fraction(max(domain.lower, reading.least(name)) - start, step))
        return cls(name, start, step, low, None if domain.upper is None else (domain.upper - start) // step)

    def size(self, x: int) -> int:
        """The size that an x stands for."""
        return self.start + self.step * x

    def polynomial(self, formula: Size) -> Scaled:
        """A formula of this unknown alone as a polynomial in x."""
        inside = compose(formula, {self.name: progression(self.name, self.start, self.step)})
        by = denominator(inside)
        return Scaled(tuple(int(coefficient * by) for coefficient in coefficients(inside)), by)


def _common(lattice: Lattice, multiple_of: int) -> tuple[int, int] | None:
    """The smallest value on a lattice, from 0 on, that is a multiple of a number, and how far apart such values are."""
    first = lattice.start % lattice.step
    values = range(first, first + lattice.step * multiple_of, lattice.step)
    found = next((value for value in values if value % multiple_of == 0), None)
    return None if found is None else (found, lcm(lattice.step, multiple_of))


class Found(NamedTuple):
    """Sizes of the unknowns with their cost, all sizes that the formulas take, and the real root."""

    cost: int
    sizes: Mapping[str, int]
    reading: Reading
    point: Mapping[str, int]
    root: Callable[[], float | None] = lambda: None


def readings(network: Model, free: Mapping[str, Span], scope: str, domains: Mapping[str, Domain]) -> list[Reading]:
    """The readings that cover the unknown sizes: one, or where the resolution is unknown one for each kind of rounding.

    domains: those of the unknown sizes, which are some of the free ones.
    """
    own = network.reading(free, scope)
    return list(own.kinds("r", domains["r"].multiple_of)) if "r" in domains else [own]


def nearest(among: Sequence[Reading], name: str, domain: Domain, target: Target, given: Mapping[str, int]) -> Found:
    """The whole number whose cost is allowed and nearest to the budget; the smallest where several are.

    Raises InputError where there is none, with what is attainable, or where the figure does not depend on the size.
    """
    found: list[Found] = []
    for reading in among:
        formula = substitute(reading.formula(target.figure, given), given)
        if name not in _names(formula):
            raise _independent(name, target, reading)
        values = Progression.of(reading, name, domain)
        if values is None:
            continue
        polynomial, by = values.polynomial(formula)
        alone = _special(reading, target.figure, values, given)
        for low, high in _between(values, alone):
            for x in candidates(polynomial, by * target.budget, low, high):
                root, sizes = partial(_root, values, polynomial, by * target.budget, x), {name: values.size(x)}
                found.append(Found(evaluate(polynomial, x) // by, sizes, reading, {**given, **sizes}, root))
        found += alone.values()
    allowed = [answer for answer in found if target.allows(answer.cost)]
    if not allowed:
        raise _unreachable(name, domain, target, given, found)
    return min(allowed, key=lambda answer: _distance(answer, target, name))


def _special(reading: Reading, figure: str, values: Progression, given: Mapping[str, int]) -> dict[int, Found]:
    """The answers at values of an unknown at which the figure has a formula of its own, by their x, in order."""
    found = {}
    for x in _apart(reading, figure, values):
        sizes = {values.name: values.size(x)}
        point = {**given, **sizes}
        found[x] = Found(int(substitute(reading.formula(figure, point), point)), sizes, reading, point)
    return found


def _apart(reading: Reading, figure: str, values: Progression) -> list[int]:
    """The x of an unknown at which the figure has a formula of its own, in order."""
    found = []
    for value in reading.special(figure).get(values.name, ()):
        x, between = divmod(value - values.start, values.step)
        if not between and values.low <= x and (values.high is None or x <= values.high):
            found.append(x)
    return found


def _between(values: Progression, special: Iterable[int]) -> Iterator[tuple[int, int | None]]:
    """The ranges of x that are left between some of them."""
    low = values.low
    for x in special:
        if low < x:
            yield low, x - 1
        low = x + 1
    if values.high is None or low <= values.high:
        yield low, values.high


def by_counting(among: Sequence[Reading], name: str, domain: Domain, target: Target, given: Mapping[str, int]) -> Found:
    """The same for a figure without a formula, by exact figures alone, on the condition that it grows with the size.

    Raises InputError as `nearest` does, and where one of the sizes on the way is refused by the model.
    """
    reading = among[0]
    values = Progression.of(reading, name, domain)
    if values is None or (values.high is not None and values.low > values.high):
        raise _unreachable(name, domain, target, given, [])
    known: dict[int, int] = {}

    def cost(x: int) -> int:
        if x not in known:
            known[x] = reading.exact(target.figure, {**given, name: values.size(x)})
        return known[x]

    low, high = values.low, values.high
    if cost(low) <= target.budget:
        step = 1
        while (high is None or low + step <= high) and cost(low + step) <= target.budget:
            low, step = low + step, 2 * step
            if step > MOST_STEPS:
                raise _independent(name, target, reading)
        high = low + step if high is None else min(high, low + step)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if cost(middle) <= target.budget else (low, middle)
    ends = [x for x in (low, low + 1) if values.high is None or x <= values.high]
    found = [Found(cost(x), {name: values.size(x)}, reading, {**given, name: values.size(x)}) for x in ends]
    allowed = [answer for answer in found if target.allows(answer.cost)]
    if not allowed:
        raise _unreachable(name, domain, target, given, found)
    return min(allowed, key=lambda answer: _distance(answer, target, name))


def _names(formula: Size) -> set[str]:
    return {name for monomial in terms(formula) for name in monomial}


def _distance(found: Found, target: Target, name: str) -> tuple[int, int]:
    return abs(found.cost - target.budget), found.sizes[name]


def _root(values: Progression, polynomial: Polynomial, budget: int, near: int) -> float | None:
    real = real_root(polynomial, budget, near)
    return None if real is None else values.start + values.step * real


def _unreachable(
    name: str, domain: Domain, target: Target, given: Mapping[str, int], found: Sequence[Found]
) -> InputError:
    at = f" at {', '.join(f'{other} = {value}' for other, value in given.items())}" if given else ""
    if not found:
        return InputError(f"no {name} {domain}{at} passes through the network; give other bounds")
    low, near, high = (
        min(found, key=lambda answer: answer.cost),
        min(found, key=lambda answer: _distance(answer, target, name)),
        max(found, key=lambda answer: answer.cost),
    )
    near_cost, low_cost, high_cost = (_number(target, each.cost) for each in (near, low, high))
    rest = f"to {high_cost} ({name} = {high.sizes[name]})" if domain.upper else "and more"
    return InputError(
        f"no {name} {domain}{at} costs {target.words}: {name} = {near.sizes[name]} comes nearest with "
        f"{near_cost}, and attainable is {low_cost} ({name} = {low.sizes[name]}) {rest}"
    )


def _number(target: Target, cost: int) -> str:
    """A cost without its unit, with so many digits that it is not printed as the budget is."""

    def printed(value: int, digits: int) -> str:
        return amount(target.figure, value, digits).partition(" ")[0]

    digits = next((each for each in DIGITS if printed(cost, each) != printed(target.budget, each)), DIGITS[0])
    return printed(cost, digits)


def _independent(name: str, target: Target, reading: Reading) -> InputError:
    what = figure_name(target.figure)
    return InputError(f"the {what} at {reading.scope} scope do not depend on {name}, so it cannot be solved for")


def pairs(
    among: Sequence[Reading],
    names: Sequence[str],
    domains: Mapping[str, Domain],
    target: Target,
    given: Mapping[str, int],
) -> list[Found]:
    """Every pair of whole numbers whose cost is allowed, in the order of the first and then of the second.

    Raises InputError where there is none or there are far too many, or where one of them may grow without end.
    """
    # A resolution has several readings, each with values of its own, so it is the outer one.
    outer, inner = sorted(names, key=lambda name: name != "r")
    found: list[Found] = []
    for reading in among:
        formula = substitute(reading.formula(target.figure, given), given)
        for name in names:
            if name not in _names(formula):
                raise _independent(name, target, reading)
        rows, columns = Progression.of(reading, outer, domains[outer]), Progression.of(reading, inner, domains[inner])
        if rows is None or columns is None:
            continue
        for x in _rows(reading, rows, columns, target, given):
            point = {**given, outer: rows.size(x)}
            alone = _special(reading, target.figure, columns, point)
            polynomial, by = columns.polynomial(substitute(reading.formula(target.figure, point), point))
            parts = [
                part
                for low, high in _between(columns, alone)
                for part in inside(polynomial, by * target.least, by * (target.most or 0), low, high)
            ]
            if len(found) + sum(map(len, parts)) > MOST_PAIRS:
                raise InputError(
                    f"more than {MOST_PAIRS:,} pairs of {outer} and {inner} cost {target.words}; "
                    f"give a smaller tolerance, or bounds"
                )
            costs = {y: evaluate(polynomial, y) // by for part in parts for y in part}
            costs |= {y: each.cost for y, each in alone.items() if target.allows(each.cost)}
            for y, cost in costs.items():
                sizes = {outer: rows.size(x), inner: columns.size(y)}
                found.append(Found(cost, {name: sizes[name] for name in names}, reading, {**given, **sizes}))
    if not found:
        raise InputError(
            f"no pair of {names[0]} {domains[names[0]]} and {names[1]} {domains[names[1]]} costs {target.words}; "
            f"give a larger tolerance, or other bounds"
        )
    return sorted(found, key=lambda answer: tuple(answer.sizes.values()))


def _rows(
    reading: Reading, rows: Progression, columns: Progression, target: Target, given: Mapping[str, int]
) -> Sequence[int]:
    """The x of the first unknown at which the second may still meet the budget."""
    if rows.high is not None:
        return range(rows.low, rows.high + 1)
    # Where no coefficient is negative the cost grows with both, so the smallest second size decides, or one that has a
    # formula of its own.
    alone = [{columns.name: columns.size(y)} for y in _apart(reading, target.figure, columns)]
    cases = [(given, {columns.name: columns.size(columns.low)}), *(({**given, **each}, each) for each in alone)]
    high = rows.low - 1
    for at, smallest in cases:
        formula = substitute(reading.formula(target.figure, at), given)
        if any(coefficient < 0 for monomial, coefficient in terms(formula).items() if monomial):
            raise InputError(f"the cost does not grow with {rows.name} throughout; give {rows.name} an upper bound")
        polynomial, by = rows.polynomial(substitute(formula, smallest))
        if len(polynomial) == 1:
            raise InputError(f"{rows.name} may grow without end at the budget; give {rows.name} an upper bound")
        reachable = inside(polynomial, 0, by * (target.most or 0), rows.low)
        high = max(high, reachable[-1][-1] if reachable else high)
    return sorted({*range(rows.low, high + 1), *_apart(reading, target.figure, rows)})


def efficient(distances: Sequence[tuple[Rational, ...]]) -> list[bool]:
    """For each of several candidates, whether no other is as near in every figure and nearer in one.

    distances: of each candidate the values that are to be small.

    >>> efficient([(0, 5), (1, 1), (2, 1), (3, 0), (0, 5)])
    [True, True, False, True, True]
    """
    front: list[tuple[Rational, ...]] = []
    # In this order whatever dominates a candidate comes before it.
    for distance in sorted(set(distances)):
        if not any(all(ours <= theirs for ours, theirs in zip(other, distance, strict=True)) for other in front):
            front.append(distance)
    return [distance in front for distance in distances]
