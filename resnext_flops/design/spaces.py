"""The design spaces of "Designing Network Design Spaces" (Radosavovic et al., arXiv:2003.13678), sampled at a budget.

A space is a population of networks: ranges of parameters, and a law by which each is drawn. Candidates are drawn until
enough of them meet the budgets, which is how the paper compares spaces at equal cost. Ranges and laws are those of the
paper (AnyNetX, Section 3.2) and of its authors' code (RegNet: pycls's sampler, whose ranges are for networks of up to
16 billion multiply-adds). Widths are fitted to groups as in that code.

    >>> found = regnet_x.sample(3, budget="macs = 400M", within=1, seed=0)
    >>> all(abs(network.cost().macs - 400e6) <= 4e6 for network in found.networks())
    True

Every network of a space has four stages, so its cost is one polynomial in the sizes of these stages. It is read from
the description of a network whose sizes are formulas, and evaluated for all candidates at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from resnext_flops.complexity.cost import network_ledger
from resnext_flops.complexity.expressions import Expression, farthest, names_in, text_of
from resnext_flops.complexity.families.regnet import QUANTUM, Stage, of_stages, quantised
from resnext_flops.complexity.figures import BYTES, COMMON, expression_names, figure, figure_name
from resnext_flops.complexity.formula import Formula, NotPolynomialError
from resnext_flops.complexity.layers import size, walk
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.names import network
from resnext_flops.complexity.network import Network
from resnext_flops.design.sweep import scan
from resnext_flops.design.sweep.axes import Whole
from resnext_flops.design.sweep.bounds import LARGEST, Bounds, require_64_bits
from resnext_flops.design.sweep.plan import Quotient, polynomial_bounds, quotient
from resnext_flops.design.sweep.request import budgets_of
from resnext_flops.errors import InputError, MissError, checked, unknown

if TYPE_CHECKING:
    import pandas

# The values of parameters by name, a row for each candidate.
Values: TypeAlias = Mapping[str, npt.NDArray[Any]]
Figures: TypeAlias = Mapping[str, Quotient]

STAGES = 4
# The networks of the paper's experiments.
RESOLUTION, CLASSES, STEM_WIDTH, IN_CHANNELS = 224, 1000, 32, 3
# So many designs are wanted, unless another number is given: the paper's n.
DESIGNS = 500
MOST_DESIGNS = 100_000
# Candidates are drawn in chunks, each from a generator of its own. After so many chunks the search ends.
CHUNK = 1 << 16
MOST_CHUNKS = 160
# So many of the designs are described and costed once more.
HELD = 3
# What is this near to where it would be rounded the other way is rounded by the family's own rule.
NEAR = 1e-6


class Range(NamedTuple):
    """What a parameter is drawn from: the multiples of a step from a lowest value to a highest one, by a law.

    >>> print(Range(8, 256, Fraction(1, 10)))
    log-uniform from 8 to 256 in steps of 0.1
    """

    low: int
    high: int
    step: Fraction = Fraction(1)
    law: str = "log-uniform"

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Whole:
        """Random values, as numbers of steps."""
        low, high = int(self.low / self.step), int(self.high / self.step)
        if self.law == "uniform":
            return generator.integers(low, high + 1, shape)
        if self.law == "powers of 2":
            return low << generator.integers(0, (high // low).bit_length(), shape)
        # Each value stands for the real numbers from the one below it; the lowest, for half of its own size at most.
        real = np.exp(generator.uniform(np.log(low - min(1, low / 2)), np.log(high), shape))
        return np.minimum(np.ceil(real), high).astype(np.int64)

    def values(self, steps: Whole) -> npt.NDArray[Any]:
        """Numbers of steps as values: whole numbers, or the floats nearest to decimal fractions."""
        times, by = self.step.as_integer_ratio()
        return steps * times if by == 1 else steps * times / by

    def __str__(self) -> str:
        steps = "" if self.step == 1 else f" in steps of {float(self.step):g}"
        return f"{self.law} from {self.low} to {self.high}{steps}"


class Stages(NamedTuple):
    """The sizes of the stages of many networks, a row for each network.

    group_width: in units of the space. bottleneck: how many times narrower than its block a bottleneck is.
    """

    depth: Whole
    groups: Whole
    group_width: Whole
    bottleneck: Whole

    def columns(self) -> dict[str, Whole]:
        """Each size of each stage by its name in the formulas: n1, ..., n4, C1, ..."""
        named = zip("nCgb", self, strict=True)
        return {f"{letter}{stage + 1}": sizes[:, stage] for letter, sizes in named for stage in range(STAGES)}


@dataclass(frozen=True)
class Space(ABC):
    """A population of networks. As a string it says what is drawn.

    name: as on the command line.
    ranges: what each parameter is drawn from.
    se: whether blocks have a gate.
    """

    name: str
    ranges: Mapping[str, Range]
    se: bool = False

    # How many values a parameter has.
    each: ClassVar[int]
    # What the width of every group is a multiple of.
    unit: ClassVar[int]

    def draw(self, generator: np.random.Generator, count: int) -> Whole:
        """The parameters of so many candidates in steps, a row for each."""
        return np.concatenate([each.draw(generator, (count, self.each)) for each in self.ranges.values()], axis=1)

    def values(self, rows: Whole) -> Values:
        """The parameters by name, each with a column, or with one for each stage."""
        columns = np.split(rows, len(self.ranges), axis=1)
        return {name: each.values(steps) for (name, each), steps in zip(self.ranges.items(), columns, strict=True)}

    @abstractmethod
    def fit(self, values: Values) -> tuple[Whole, Stages]:
        """The places of the candidates that are networks of the space, and the sizes of their stages."""

    @abstractmethod
    def shown(self, values: Values) -> Values:
        """What the designs are shown with, and called by."""

    @abstractmethod
    def call(self, shown: Mapping[str, Any]) -> str:
        """The call that describes a design."""

    @abstractmethod
    def largest(self) -> Stages:
        """Sizes that no stage exceeds, as one row."""

    def __str__(self) -> str:
        return "; ".join(f"{name} {each}" for name, each in self.ranges.items())

    @checked
    def sample(
        self, designs: int = DESIGNS, *, budget: str | Iterable[str] = (), within: float | None = None, seed: int = 0
    ) -> "Sampled":
        """Different designs that meet budgets: the first so many of the candidates that are drawn.

        budget: comparisons of figures, such as `macs = 400M` or `params <= 6M`; all must hold.
        within: how many percent off the number of a budget with `=` may be.
        seed: of the random numbers. The same one gives the same designs.

        Raises InputError for a budget that cannot be used, and where none of ten million candidates meets the budgets,
        with one that comes near.

        >>> found = anynet_x.sample(2, budget="macs <= 400M")
        >>> len(found.numbers), found.drawn >= 2
        (2, True)
        """
        if not 1 <= designs <= MOST_DESIGNS:
            raise InputError(f"the sample is {designs}; it must be from 1 to {MOST_DESIGNS:,} designs")
        known = {name: own for name, own in expression_names().items() if own not in BYTES}
        budgets = budgets_of(budget, within, dict.fromkeys(known))
        wanted = dict.fromkeys([*COMMON, *sorted(names_in(budgets))])
        figures = {name: self._formula(known[name]) for name in wanted}
        self._require_64_bits(figures, budgets)
        found = _search(self, figures, budgets, designs, size("the seed", seed, minimum=0))
        for place in range(min(HELD, len(found.numbers))):
            found.hold(place)
        return found

    def _formula(self, name: str) -> Quotient:
        """A figure as a polynomial in the sizes of the stages. Raises InputError where it is none."""
        try:
            return quotient(figure(_any_network(self.se, self.unit), name))
        except NotPolynomialError as error:
            raise InputError(f"{figure_name(name)} have no formula in {self.name}: {error}") from None

    def _require_64_bits(self, figures: Figures, nodes: Iterable[Expression]) -> None:
        """Check that every whole number of a search fits in 64 bits. Raises InputError where one may not."""
        ends = {name: _bounds(1, int(most)) for name, (most,) in self.largest().columns().items()}
        for name, each in figures.items():
            positive = {monomial: abs(factor) for monomial, factor in each.terms.items()}
            largest = polynomial_bounds(positive, ends).high.item()
            if largest > LARGEST:
                raise InputError(f"a design of {self.name} may have {largest:,} {name}, which does not fit 64 bits")
        for node in nodes:
            require_64_bits(node, {name: each.bounds(ends) for name, each in figures.items()})


def _bounds(low: int, high: int) -> Bounds:
    """Bounds in Python's integers, which are never too large."""
    return Bounds(np.array([low], dtype=object), np.array([high], dtype=object))


@cache
def _any_network(se: bool, unit: int) -> Ledger:
    """The ledger of a network of a space, in formulas of the sizes of its stages."""
    stages = []
    for stage in range(1, STAGES + 1):
        depth, groups, group_width, bottleneck = (Formula.of(f"{letter}{stage}") for letter in "nCgb")
        inner = groups * (unit * group_width)
        stages.append(Stage(depth, inner * bottleneck, groups, inner))
    description = of_stages(stages, se, RESOLUTION, CLASSES, STEM_WIDTH, IN_CHANNELS)
    return network_ledger(description, walk(description.body, description.input, collapse=True), "any of a space")


class RegNets(Space):
    """RegNet: widths on a quantised line (`families/regnet.py`), of four stages, and groups of one width."""

    each = 1
    unit = QUANTUM

    def fit(self, values: Values) -> tuple[Whole, Stages]:
        """Four stages are the powers 0, 1, 2 and 3 of w_m, to which the widths of the blocks are rounded."""
        depth, first, slope, step = (values[name] for name in ("depth", "w_0", "w_a", "w_m"))
        powers = np.arange(STAGES)
        # Block j, counted from 0, is rounded to at most a power while w_0 + w_a j is at most w_0 w_m^(power + 1/2).
        ends = first * (step ** (powers + 0.5) - 1) / slope
        real = first * step**powers / QUANTUM
        depths = np.diff(np.minimum(np.floor(ends).astype(np.int64) + 1, depth), axis=1, prepend=0)
        widths = np.rint(real).astype(np.int64)
        doubtful = (np.abs(ends - np.rint(ends)) < NEAR) | (np.abs(real % 1 - 0.5) < NEAR)
        for place in np.flatnonzero(doubtful.any(axis=1)):
            depths[place], widths[place] = _by_the_family(
                *(each[place, 0].item() for each in (depth, first, slope, step))
            )
        complete = (depths > 0).all(axis=1) & (depths.sum(axis=1) == depth[:, 0]) & (np.diff(widths) > 0).all(axis=1)
        places = np.flatnonzero(complete)
        groups, group_width = _fitted(widths[places], values["group_width"][places] // QUANTUM)
        return places, Stages(depths[places], groups, group_width, np.ones_like(groups))

    def shown(self, values: Values) -> Values:
        """The parameters."""
        return {name: each[:, 0] for name, each in values.items()}

    def call(self, shown: Mapping[str, Any]) -> str:
        """As in `Space`."""
        named = "".join(f", {name}={shown[name]}" for name in self.ranges if name != "depth")
        return f"regnet({shown['depth']}{named}{', se=True' if self.se else ''})"

    def largest(self) -> Stages:
        """As in `Space`: the widest stage is the last, of the largest w_0 times the largest w_m to the power 3."""
        most = {name: each.high for name, each in self.ranges.items()}
        widest = most["w_0"] * most["w_m"] ** (STAGES - 1)
        return _one_row(most["depth"], widest // QUANTUM, most["group_width"] // QUANTUM, 1)

    def __str__(self) -> str:
        return f"{super().__str__()}; of four stages"


def _by_the_family(depth: int, w_0: int, w_a: float, w_m: float) -> tuple[Sequence[int], Sequence[int]]:
    """The blocks of the four stages of a RegNet and their widths in units; zeros where it has other powers of w_m."""
    stages = quantised(depth, w_0, w_a, w_m, group_width=1)
    widths = [round(w_0 * w_m**power / QUANTUM) for power in range(STAGES)]
    if [stage.width for stage in stages] != [QUANTUM * width for width in widths]:
        return [0] * STAGES, widths
    return [stage.depth for stage in stages], widths


def _fitted(width: Whole, group_width: Whole) -> tuple[Whole, Whole]:
    """How many groups of which width make the multiple that is nearest to a width; a narrower stage is one group."""
    fitting = np.minimum(group_width, width)
    return np.maximum(1, np.rint(width / fitting)).astype(np.int64), fitting


class AnyNets(Space):
    """AnyNetX: four stages, each with sizes of its own."""

    each = STAGES
    unit = 1

    def fit(self, values: Values) -> tuple[Whole, Stages]:
        """All are networks of the space. The bottleneck is fitted to the groups, and the block to the bottleneck."""
        depth, widths, bottleneck, wanted = values.values()
        groups, group_width = _fitted(widths // bottleneck, wanted)
        return np.arange(len(depth)), Stages(depth, groups, group_width, bottleneck)

    def shown(self, values: Values) -> Values:
        """The sizes of the stages after the fitting, as texts."""
        _, stages = self.fit(values)
        widths = stages.groups * stages.group_width * stages.bottleneck
        columns = zip(self.ranges, (stages.depth, widths, stages.bottleneck, stages.group_width), strict=True)
        return {name: np.array(["/".join(map(str, row)) for row in rows.tolist()], object) for name, rows in columns}

    def call(self, shown: Mapping[str, Any]) -> str:
        """As in `Space`."""
        depth, *named = ((name, f"({shown[name].replace('/', ', ')})") for name in self.ranges)
        return f"anynet({depth[1]}, {', '.join(f'{name}={sizes}' for name, sizes in named)})"

    def largest(self) -> Stages:
        """As in `Space`."""
        depth, widths, bottleneck, group_width = (each.high for each in self.ranges.values())
        return _one_row(depth, widths, group_width, bottleneck)


def _one_row(*sizes: int) -> Stages:
    return Stages(*(np.full((1, STAGES), each) for each in sizes))


@dataclass(frozen=True)
class Sampled:
    """Designs of a space that meet budgets.

    drawn: how many candidates were drawn up to the last of the designs, or until the search ended.
    complete: how many of them are networks of the space.
    numbers: which candidate each design is, counted from 0.
    columns: parameters and figures of the designs, as arrays by name.
    """

    space: Space
    budgets: tuple[Expression, ...]
    seed: int
    drawn: int
    complete: int
    numbers: Whole
    columns: Values

    @property
    def figures(self) -> list[str]:
        """The names of the figures: those always shown, and those of the budgets."""
        return [name for name in self.columns if name not in self.space.ranges]

    @property
    def frame(self) -> "pandas.DataFrame":
        """The designs as a DataFrame with exact integers, indexed by the numbers of the candidates."""
        import pandas

        return pandas.DataFrame(dict(self.columns), index=pandas.Index(self.numbers, name="design"))

    def call(self, place: int) -> str:
        """The call that describes a design. It can be given wherever a MODEL is."""
        return self.space.call({name: column.item(place) for name, column in self.columns.items()})

    def networks(self) -> list[Network]:
        """The described networks of all designs."""
        return [network(self.call(place)) for place in range(len(self.numbers))]

    def distribution(self, name: str) -> tuple[Whole, npt.NDArray[np.float64]]:
        """The empirical distribution function of a figure: its values, ascending, and the share of designs up to each.

        Raises InputError for a figure that is not among `figures`.

        >>> values, shares = regnet_x.sample(4, budget="macs <= 1G").distribution("params")
        >>> shares.tolist(), values.tolist() == sorted(values.tolist())
        ([0.25, 0.5, 0.75, 1.0], True)
        """
        if name not in self.figures:
            raise unknown("figure", name, self.figures)
        return np.sort(self.columns[name]), np.arange(1, len(self.numbers) + 1) / len(self.numbers)

    def hold(self, place: int) -> None:
        """Describe one design and cost it once more. Raises MissError where a figure is another one."""
        call, known = self.call(place), expression_names()
        ledger = network(call).cost()
        for name in self.figures:
            exact, found = figure(ledger, known[name]), self.columns[name].item(place)
            if exact != found:
                raise MissError(f"the formulas of {self.space.name} give {found:,} {name} for {call}, not {exact:,}")


class _Chunk(NamedTuple):
    """The candidates of a chunk that are networks of a space: their numbers, their rows, and columns of figures."""

    numbers: Whole
    rows: Whole
    columns: Mapping[str, npt.NDArray[Any]]

    @property
    def layout(self) -> scan.Layout:
        """Each candidate as a row of its own."""
        return scan.Layout(self.columns, self.numbers, np.zeros(1, dtype=np.int64))


def _chunk(space: Space, figures: Figures, seed: int, number: int) -> _Chunk:
    rows = space.draw(np.random.default_rng([seed, number]), CHUNK)
    places, columns = _costed(space, figures, rows)
    return _Chunk(number * CHUNK + places, rows[places], columns)


def _costed(space: Space, figures: Figures, rows: Whole) -> tuple[Whole, Mapping[str, npt.NDArray[Any]]]:
    """The places of networks of a space, and their figures, which are computed when they are first looked at."""
    places, stages = space.fit(space.values(rows))
    sizes = stages.columns()
    columns = scan.LazyColumns({}, lambda name: scan.evaluate(scan.figure_text(figures[name]), sizes)[:, np.newaxis])
    return places, columns


def _search(space: Space, figures: Figures, budgets: tuple[Expression, ...], designs: int, seed: int) -> Sampled:
    """The first different designs that meet the budgets. Raises InputError where there is none."""
    scratch = scan.Scratch()
    complete: list[Whole] = []
    kept: list[Whole] = []
    for number in range(MOST_CHUNKS):
        chunk = _chunk(space, figures, seed, number)
        met = chunk.layout.met(budgets, scratch)
        complete.append(chunk.numbers)
        kept.append(np.column_stack([chunk.numbers[met], chunk.rows[met]]))
        if sum(map(len, kept)) >= designs:
            kept = [_different(np.concatenate(kept))]
            if len(kept[0]) >= designs:
                break
    found = _different(np.concatenate(kept))[:designs]
    if not len(found):
        raise _nobody(space, figures, budgets, seed)
    numbers, rows = found[:, 0], found[:, 1:]
    drawn = int(numbers[-1]) + 1 if len(numbers) == designs else MOST_CHUNKS * CHUNK
    _, costs = _costed(space, figures, rows)
    columns = {**space.shown(space.values(rows)), **{name: costs[name][:, 0] for name in figures}}
    return Sampled(space, budgets, seed, drawn, int((np.concatenate(complete) < drawn).sum()), numbers, columns)


def _different(found: Whole) -> Whole:
    """The designs, whose rows begin with their numbers, without those whose parameters came before."""
    _, first = np.unique(found[:, 1:], axis=0, return_index=True)
    return found[np.sort(first)]


def _nobody(space: Space, figures: Figures, budgets: tuple[Expression, ...], seed: int) -> InputError:
    """The error for a search without a result, with the nearest of the candidates of the first chunk."""
    chunk = _chunk(space, figures, seed, 0)
    place = np.argmin(chunk.layout.column(farthest(budgets))[:, 0])
    shown = space.shown(space.values(chunk.rows[[place]]))
    call = space.call({name: column.item() for name, column in shown.items()})
    own = " and ".join(f"{chunk.columns[name].item(place):,} {name}" for name in sorted(names_in(budgets)))
    return InputError(
        f"none of {MOST_CHUNKS * CHUNK:,} candidates of {space.name} meets {' and '.join(map(text_of, budgets))}; "
        f"one that comes near is {call} with {own}"
    )


# The ranges of pycls's sampler (pycls/sweep/config.py).
REGNET = {
    "depth": Range(12, 28, law="uniform"),
    "w_0": Range(8, 256, Fraction(8)),
    "w_a": Range(8, 256, Fraction(1, 10)),
    "w_m": Range(2, 3, Fraction(1, 1000)),
    "group_width": Range(8, 128, Fraction(8)),
}
# The ranges of the paper, each drawn for every stage.
ANYNET = {
    "depth": Range(1, 16),
    "widths": Range(8, 1024, Fraction(8)),
    "bottleneck": Range(1, 4, law="powers of 2"),
    "group_width": Range(1, 32, law="powers of 2"),
}
regnet_x: Space = RegNets("regnet_x", REGNET)
regnet_y: Space = RegNets("regnet_y", REGNET, se=True)
anynet_x: Space = AnyNets("anynet_x", ANYNET)
SPACES: Mapping[str, Space] = {each.name: each for each in (regnet_x, regnet_y, anynet_x)}


def space(name: str) -> Space:
    """A space by its name. Raises InputError, with the nearest names, for one that does not exist.

    >>> space("regnet_z")
    Traceback (most recent call last):
    resnext_flops.InputError: unknown design space 'regnet_z'; did you mean 'regnet_y' or 'regnet_x'?
    """
    if name not in SPACES:
        raise unknown("design space", name, SPACES)
    return SPACES[name]
