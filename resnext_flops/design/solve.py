"""The size that meets a budget, exactly: any free size of any network, for any figure, at any scope.

Table 2 of the ResNeXt paper from scratch: the width at which a block of ResNeXt weighs what ResNet-50's does.

    >>> import resnext_flops as rf
    >>> found = rf.solve(rf.resnext(50), "d", like=rf.resnet(50), figure="weights", scope="block",
    ...                  given={"C": [1, 2, 4, 8, 32]})
    >>> [solution.sizes["d"] for solution in found]
    [64, 40, 24, 14, 4]

Its Table 4: ResNet-101's template at 15 billion multiply-adds, by width (the paper took 100), by cardinality at d = 4
(the paper took 64) and at d = 64 (the paper took 2), and by depth, where ResNet-200 has 66 blocks:

    >>> template = rf.resnext(101, cardinality=1, width=64)
    >>> [solution.sizes["d"] for solution in rf.solve(template, "d", budget=15e9)]
    [99]
    >>> [solution.sizes["C"] for solution in rf.solve(template, "C", budget=15e9, given={"d": [4, 64]})]
    [62, 2]
    >>> (deeper,) = rf.solve(template, "n3", budget=15e9)
    >>> deeper.sizes["n3"], deeper.network
    (56, resnext((3, 4, 56, 3), cardinality=1, width=64))

That is 3 + 4 + 56 + 3 = 66 blocks. Blocks with an identity shortcut cost the same multiply-adds in every stage, so only
their number is determined, and not the stage that they are in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import ceil, floor, inf
from typing import Any, NamedTuple

from resnext_flops.complexity.architecture import DEPTH, parameters
from resnext_flops.complexity.expressions import (
    ESTIMATED,
    Apply,
    Constant,
    Expression,
    Name,
    Rational,
    needs_profile,
    parse,
)
from resnext_flops.complexity.families.resnext import resnext
from resnext_flops.complexity.figures import FIGURES, PIECEWISE, expression_names, figure_name, is_time, meant
from resnext_flops.complexity.formula import substitute, terms
from resnext_flops.complexity.lattices import Span, spans
from resnext_flops.complexity.layers import size
from resnext_flops.complexity.model import Model, figure_of
from resnext_flops.complexity.network import Network
from resnext_flops.complexity.reading import Reading
from resnext_flops.counters.lookup import Given, described_network, model
from resnext_flops.design.unknowns import Domain, Found, Target, by_counting, efficient, nearest, pairs, readings
from resnext_flops.errors import InputError, checked, public, unknown
from resnext_flops.show import display

# What a budget's comparison asks for.
SIGNS = {"=": "nearest", "<=": "at-most", ">=": "at-least"}
CONSTRAINTS = tuple(SIGNS.values())
# The same comparison with its sides exchanged.
TURNED = {"=": "=", "<=": ">=", ">=": "<="}
# The whole number that a comparison of whole numbers may be with instead of another one.
WHOLE: Mapping[str, Callable[[Rational], int]] = {"=": round, "<=": floor, ">=": ceil}
# How many percent off the budget an answer may be, unless another tolerance is given: a cost that misses the budget by
# more than half of it is not near, and of pairs there are many.
NEAR_PERCENT = 50.0
FRONTIER_PERCENT = 5.0

# What a width preserves at each scope: Eqn. 4's weights of one block, or the multiply-adds of everything.
WIDTH_FIGURES = {"block": "weights", "network": "macs"}
# So many answers of one question are counted on the real model.
MOST_COUNTED = 50


@dataclass(frozen=True)
class Solution:
    """Sizes that meet a budget, and what they cost.

    sizes: the given sizes and the unknown ones, by their free names.
    unknowns: the names that were solved for.
    root: where the cost meets the budget exactly; None where it does not cross it, or for two unknowns.
    target: what was asked for in words, such as `at most 2,000,000,000 multiply-adds`.
    costs: every figure of the scope, exact; budgets: the same of the reference, or the one figure of a plain budget.
    efficient: of several pairs, whether no other is nearer to the budget in every figure asked for.
    counted: the same figures as `costs`, counted on the real model with these sizes, where the formulas are
        interpolated; None where they are derived, and for pairs that others beat or that are too many.
    tried: whether the sizes are within those that an interpolated formula was tried for.
    evidence: how the formulas were found; empty where they are derived.
    wider: of each time among the costs, why its interval is the wider one.
    """

    base: Model = field(repr=False)
    sizes: Mapping[str, int]
    unknowns: tuple[str, ...]
    root: float | None
    figure: str
    scope: str
    target: str
    costs: Mapping[str, int]
    budgets: Mapping[str, int]
    efficient: bool = True
    counted: Mapping[str, int] | None = None
    tried: bool = True
    evidence: str = ""
    wider: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the real model costs what the formulas say, as far as it was counted."""
        return self.counted is None or self.counted == self.costs

    @property
    def cost(self) -> int:
        """What the sizes cost, in the figure solved for."""
        return self.costs[self.figure]

    @property
    def budget(self) -> int:
        """The budget, in the figure solved for."""
        return self.budgets[self.figure]

    @property
    def deviation(self) -> Fraction:
        """How far the cost is from the budget, as a share of it (1/100 is one percent over)."""
        return self.deviations[self.figure]

    @property
    def deviations(self) -> dict[str, Fraction]:
        """The deviation in every figure that has a budget."""
        return {name: Fraction(self.costs[name] - budget, budget) for name, budget in self.budgets.items()}

    @cached_property
    def network(self) -> Model:
        """The network with these sizes. Raises InputError where the family takes no depth stage by stage."""
        return self.base.replace(**self.sizes)

    def latex(self) -> str:
        """The sizes, the root and how far the cost is off the budget, in LaTeX.

        >>> import resnext_flops as rf
        >>> (found,) = rf.solve(rf.resnext(50, 2), "d", like=rf.resnet(50), figure="weights", scope="block")
        >>> print(found.latex())
        d^{*} = 39.95,\\quad d = 40,\\quad \\text{weights} = 69{,}760\\ (+0.18\\,\\%)
        """
        symbols = {name: DEPTH.sub(r"n_{\1}", name) for name in self.sizes}
        given = [f"{symbols[name]} = {size}" for name, size in self.sizes.items() if name not in self.unknowns]
        root = [] if self.root is None else [f"{symbols[self.unknowns[0]]}^{{*}} = {self.root:.2f}"]
        found = [f"{symbols[name]} = {self.sizes[name]}" for name in self.unknowns]
        cost = f"{self.cost:,}".replace(",", "{,}")
        off = f"{float(100 * self.deviation):+.2f}\\,\\%"
        figure = "multiply-adds" if self.figure == "macs" else self.figure
        return ",\\quad ".join((*given, *root, *found, f"\\text{{{figure}}} = {cost}\\ ({off})"))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


@public
@display.shown_but_at_a_prompt
class Solutions(list[Solution]):
    """The answers of one question: a list that shows itself as a table.

    reference: the network whose cost was the budget; None for a plain number.

    >>> import resnext_flops as rf
    >>> rf.solve(rf.resnext(101), "C", budget=15e9)  # doctest: +ELLIPSIS
    C of resnext(101, cardinality=C, width=4) for 15,000,000,000 multiply-adds, network scope
    <BLANKLINE>
       C*   C       mult-adds  mult-adds off by ...
    62.03  62  14,992,128,000           -0.05 % ...
    ...
    """

    @checked
    def __init__(self, found: Iterable[Solution], reference: Model | None = None) -> None:
        super().__init__(found)
        self.reference = reference

    def __repr__(self) -> str:
        return display.plain(self) or "[]"

    def _repr_latex_(self) -> str:
        lines = " \\\\\n".join(f"& {solution.latex()}" for solution in self)
        return f"$\\displaystyle \\begin{{aligned}}\n{lines}\n\\end{{aligned}}$"


def solve(
    network: Given,
    unknowns: str | Sequence[str] | Mapping[str, Span],
    *,
    like: "Given | None" = None,
    budget: float | str | None = None,
    figure: str | Sequence[str] | None = None,
    given: Mapping[str, Iterable[int]] | None = None,
    scope: str = "network",
    constraint: str | None = None,
    within: float | None = None,
    multiple_of: int | Mapping[str, int] = 1,
    lower: int | Mapping[str, int] = 1,
    upper: int | Mapping[str, int] | None = None,
) -> Solutions:
    """The whole number at which a network meets a budget; for two unknowns, all pairs that come near to it.

    network: a model, described or real, or what stands for one; its other sizes are kept.
    unknowns: one free size or two, by the names of `closed_form`: C, d, n1, n2, ..., r, K, w, N; or each with the
        `Span` from which, and in which steps, a real model is to be counted.
    like: the model whose cost is the budget, real or described, or what stands for one; or
    budget: a whole number, also as a text such as `4.1G`; or a comparison of one figure with it, such as `macs = 4.1G`
        (nearest to it), `params <= 25M` (at most) or `macs >= 4G` (at least), in the place of figure and constraint.
    figure: `params`, `weights`, `macs` (unless given), `activations` or a convention; the first of several is solved
        for, and the others decide too which pairs are efficient.
    given: values of further sizes; each combination of them is solved by itself.
    scope: `block`, `stage`, `network`, or a path such as `conv3`.
    constraint: `nearest` to the budget (unless given), or the nearest `at-most` or `at-least` at it.
    within: how many percent off the budget an answer may be; 50 for the nearest, and 5 for pairs, unless given.
    multiple_of, lower, upper: what an unknown must be a multiple of, and its bounds; one number, or one by name.

    The resolution of a described network may be any whole number: each of the 32 polynomials of resolutions that are
    rounded alike is solved. For a real model it is of the kind of its own. Every answer for a real model is counted
    (of pairs the first 50 efficient ones): `Solution.counted`. The bytes of inference are a maximum, which is no
    polynomial: they are found by counting alone, on the condition that they grow with the unknown.

    Raises InputError where nothing is in reach (with what is attainable), for an unknown that the figure does not
    depend on, for sizes that the network does not have, and for bounds or budgets that contradict each other.

    >>> import resnext_flops as rf
    >>> (found,) = solve(rf.resnet(50), "r", budget=2e9, constraint="at-most", multiple_of=16)
    >>> found.sizes, found.cost <= 2e9
    ({'r': 144}, True)
    >>> (found,) = solve(rf.resnext(50), "d", budget="params <= 25.1M")
    >>> found.sizes, found.cost
    ({'d': 4}, 25028904)
    """
    if constraint is not None and constraint not in CONSTRAINTS:
        raise unknown("constraint", constraint, CONSTRAINTS)
    if isinstance(budget, str) or (budget is not None and set(_several(figure or ())) & set(ESTIMATED)):
        budget, figure, constraint = _read(str(budget), figure, constraint)
    figure, constraint = figure or "macs", constraint or "nearest"
    base_model, reference = model(network), None if like is None else model(like)
    free = spans([unknowns] if isinstance(unknowns, str) else unknowns, base_model.known_as)
    wanted, figures = tuple(free), tuple(map(meant, _several(figure)))
    values = {base_model.known_as(name): [size(name, value) for value in many] for name, many in (given or {}).items()}
    if len(wanted) not in {1, 2}:
        raise InputError(f"the unknowns are {', '.join(wanted) or 'none'}; one size can be solved for, or two")
    if both := [name for name in wanted if name in values]:
        raise InputError(f"{both[0]} is both given and unknown; it can only be one of them")
    if within is not None and not within >= 0:
        raise InputError(f"the tolerance is {within} percent; it must be at least 0")
    budgets = _budgets(reference, budget, figures, scope)
    domains = {name: _domain(name, _of(multiple_of, name, 1), _of(lower, name, 1), _of(upper, name)) for name in wanted}
    percent = within
    if within is None and (len(wanted) == 2 or constraint == "nearest"):
        percent = FRONTIER_PERCENT if len(wanted) == 2 else NEAR_PERCENT
    target = Target.of(figures[0], budgets[figures[0]], constraint, percent)

    solutions: list[Solution] = []
    for base, among, fixed, shown in _cases(base_model, free, values, scope, domains):
        if len(wanted) == 1:
            search = by_counting if target.figure in PIECEWISE else _nearest_that_is_taken
            found = [search(among, wanted[0], domains[wanted[0]], target, fixed)]
        else:
            found = pairs(among, wanted, domains, target, fixed)
        solutions += _solutions(base, scope, figures, target, budgets, shown, found)
    return Solutions(solutions, reference)


def _nearest_that_is_taken(
    among: Sequence[Reading], name: str, domain: Domain, target: Target, given: Mapping[str, int]
) -> Found:
    """The nearest answer, or the nearest of the sizes that the model takes where it refuses that."""
    found = nearest(among, name, domain, target, given)
    largest = found.reading.largest(name, found.point)
    return found if largest is None else nearest(among, name, domain._replace(upper=largest), target, given)


def _cases(
    network: Model,
    wanted: Mapping[str, Span],
    values: Mapping[str, Sequence[int]],
    scope: str,
    domains: Mapping[str, Domain],
) -> Iterator[tuple[Model, list[Reading], dict[str, int], dict[str, int]]]:
    """For each combination of the given values: the network, its readings, what the formulas take, and what to show.

    A given resolution has a reading of its own; all other combinations are points of one reading.
    """
    others = {name: many for name, many in values.items() if name != "r"}
    for resolution in values.get("r", [None]):
        base = network if resolution is None else network.replace(r=resolution)
        given = {name: Span(min(many), None, max(many)) for name, many in others.items() if many}
        among = readings(base, {**wanted, **given}, scope, domains)
        for name in given:
            for value in others[name]:
                among[0].lattices[name].check(name, value)
        for combination in product(*others.values()):
            fixed = dict(zip(others, combination, strict=True))
            yield base, among, fixed, fixed if resolution is None else {"r": resolution, **fixed}


def _solutions(
    base: Model,
    scope: str,
    figures: Sequence[str],
    target: Target,
    budgets: Mapping[str, int],
    shown: Mapping[str, int],
    found: Sequence[Found],
) -> list[Solution]:
    names = dict.fromkeys((*figures, *FIGURES))
    costs = [{name: _cost(answer, name) for name in names} for answer in found]
    marks = efficient([tuple(abs(cost[name] - budgets.get(name, 0)) for name in figures) for cost in costs])
    return [
        Solution(
            base,
            {**shown, **answer.sizes},
            tuple(answer.sizes),
            answer.root(),
            target.figure,
            scope,
            target.words,
            cost,
            budgets,
            mark,
            _counted(answer, names) if mark and sum(marks[:place]) < MOST_COUNTED else None,
            all(answer.reading.lattices[name].holds(value) for name, value in answer.point.items()),
            answer.reading.evidence,
            {name: answer.reading.remarks(name, answer.point) for name in names if is_time(name)},
        )
        for place, (answer, cost, mark) in enumerate(zip(found, costs, marks, strict=True))
    ]


def _cost(answer: Found, figure: str) -> int:
    if figure in PIECEWISE:
        return answer.reading.exact(figure, answer.point)
    return substitute(answer.reading.formula(figure, answer.point), answer.point)


def _counted(answer: Found, figures: Iterable[str]) -> dict[str, int] | None:
    """The figures of the real model, where the formulas are interpolated."""
    if answer.reading.origin != "interpolated":
        return None
    return {name: answer.reading.exact(name, answer.point) for name in figures}


def identity_block(solution: Solution) -> tuple[int, int] | None:
    """The cost of a block with an identity shortcut, where it is the same in every stage, and the number of all blocks.

    None where blocks cost differently, and so the stage matters. In the paper's template, halving the map and doubling
    the width leaves the multiply-adds of a block as they are (Section 3.1), and its parameters not.

    >>> import resnext_flops as rf
    >>> (deeper,) = rf.solve(rf.resnet(101), "n3", budget=15e9)
    >>> identity_block(deeper) == (69632 * 56 * 56, 66)
    True
    """
    base, sizes = solution.base, dict(solution.sizes)
    stages = {name: blocks for name, blocks in base.sizes().items() if DEPTH.fullmatch(name) and blocks}
    if "r" in sizes:
        base = base.replace(r=sizes.pop("r"))
    reading = base.reading([*stages, *sizes], solution.scope)
    others = {name: value for name, value in sizes.items() if name not in stages}
    found = terms(substitute(reading.figure(solution.figure), others))
    costs = {int(found.get((name,), 0)) for name in stages}
    if len(costs) > 1 or any(len(monomial) > 1 for monomial in found):
        return None
    return costs.pop(), sum(sizes.get(name, blocks) for name, blocks in stages.items())


def _read(
    text: str, figure: str | Sequence[str] | None, constraint: str | None
) -> tuple[int, str | Sequence[str] | None, str | None]:
    """The number of a budget, and the figure and the constraint that it or the caller gives.

    Raises InputError for a text that is no budget, or that gives others than the caller does.
    """
    asked = [] if figure is None else list(_several(figure))
    node = parse(text)
    if isinstance(node, Constant) and len(asked) == 1 and asked[0] in ESTIMATED:
        sign = next(each for each, word in SIGNS.items() if word == (constraint or "nearest"))
        node = Apply(sign, (parse(asked[0]), node))
    if isinstance(node, Constant) and isinstance(node.value, int):
        return node.value, figure, constraint
    found = _compared(node)
    if found is None:
        raise InputError(
            f"the budget cannot be {text!r}; give a whole number such as 4.1G, or compare one figure with it: "
            "macs = 4.1G, macs <= 4.1G or macs >= 4.1G"
        )
    if found.figure in ESTIMATED:
        raise needs_profile(found.figure)
    name = expression_names().get(found.figure, found.figure)
    figure_name(name)
    shown = "the time" if is_time(name) else name
    if asked and asked not in ([name], *([each] for each in ESTIMATED if is_time(name))):
        raise InputError(f"the budget {text!r} is of {shown}, and the figure is {', '.join(asked)}; give one")
    if constraint not in {None, SIGNS[found.asked]}:
        raise InputError(f"the budget {text!r} is {SIGNS[found.asked]}, and the constraint is {constraint}; give one")
    return found.value, name, SIGNS[found.sign]


class _Comparison(NamedTuple):
    """A figure that is held against a whole number, and the sign between them; `asked` is the one that was written."""

    figure: str
    sign: str
    value: int
    asked: str


def _compared(node: Expression) -> _Comparison | None:
    """The comparison of one figure with a number; of a quotient that a time is in, that of the time. Else None."""
    match node:
        case Apply(sign, (Constant() as number, (Name() | Apply()) as side)) if sign in TURNED:
            return _compared(Apply(TURNED[sign], (side, number)))
        case Apply(sign, (Name(figure), Constant(int(value)))) if sign in SIGNS:
            return _Comparison(figure, sign, value, sign)
        case Apply(sign, (Apply("/", (Name(figure), Constant(parts))), Constant(value))) if sign in SIGNS:  # ms
            return _Comparison(figure, sign, WHOLE[sign](value * parts), sign)
        case Apply(sign, (Apply("/", (Constant(parts), Name(figure))), Constant(value))) if sign in SIGNS and value > 0:
            turned = TURNED[sign]  # of images a second, which are the fewer the longer they take
            return _Comparison(figure, turned, WHOLE[turned](Fraction(parts) / value), sign)
    return None


def _several(given: str | Sequence[str]) -> Sequence[str]:
    return (given,) if isinstance(given, str) else given


def _budgets(like: Model | None, budget: float | None, figures: Sequence[str], scope: str) -> dict[str, int]:
    """The budget in every figure that has one."""
    if like is not None and budget is None:
        found = {name: figure_of(like, name, scope) for name in dict.fromkeys((*figures, *FIGURES))}
        for name in figures:
            if not found[name]:
                raise InputError(f"{like!r} has no {figure_name(name)} at {scope} scope, so there is no budget to meet")
        return {name: cost for name, cost in found.items() if cost}
    if like is not None or budget is None:
        given = "neither a reference nor a budget is" if like is None else "both a reference and a budget are"
        raise InputError(f"{given} given; give one of them")
    if len(figures) > 1:
        raise InputError(f"a budget is that of one figure, and {len(figures)} are asked for; give a reference instead")
    if not 1 <= budget < inf or budget % 1:
        raise InputError(f"the budget is {budget}; it must be a whole number of at least 1")
    return {figures[0]: int(budget)}


def _domain(name: str, multiple_of: Any, lower: Any, upper: Any) -> Domain:
    """Which whole numbers an unknown may be. Raises InputError where no whole number is within them."""
    step, low = size(f"the step of {name}", multiple_of), size(f"the lower bound of {name}", lower)
    if upper is None:
        return Domain(step, low)
    high = size(f"the upper bound of {name}", upper)
    if high < low:
        raise InputError(f"{name} cannot be at least {low} and at most {high}; the range is empty")
    if high // step * step < low:
        raise InputError(f"no multiple of {step} lies from {low} to {high}; the next one is {-(-low // step) * step}")
    return Domain(step, low, high)


def _of(value: int | Mapping[str, int] | None, name: str, default: int | None = None) -> int | None:
    return value.get(name, default) if isinstance(value, Mapping) else value


@checked
def solve_width(reference: Given, cardinality: Sequence[int] = (1, 2, 4, 8, 32), scope: str = "block") -> Solutions:
    """The bottleneck width d at which ResNeXt costs what a reference costs, for each cardinality C.

    reference: a network of bottleneck blocks, whose depth, resolution, classes and base width are kept.
    cardinality: the values of C, each of at least 1.
    scope: `block` meets the weights of one block of the first stage, as the paper does (Table 2: Eqn. 4 counts the
        weights of convolutions); `network` meets the multiply-adds of the whole network.

    Raises InputError for an unknown scope, a reference of other blocks, or a cardinality at which even the best width
    is more than half the budget away.

    >>> import resnext_flops as rf
    >>> [solution.sizes["d"] for solution in solve_width(rf.resnet(50), [1, 2, 4, 8, 32])]
    [64, 40, 24, 14, 4]
    >>> [solution.sizes["d"] for solution in solve_width(rf.resnet(50), [8], scope="network")]
    [13]
    """
    if scope not in WIDTH_FIGURES:
        raise unknown("scope", scope, WIDTH_FIGURES)
    values = {"C": [size("cardinality", groups) for groups in cardinality]}
    like = described_network(reference)
    template, figure = _template(like), WIDTH_FIGURES[scope]
    try:
        return solve(template, "d", like=like, figure=figure, scope=scope, given=values)
    except InputError:
        raise _too_many_groups(template, like, figure, scope, max(values["C"])) from None


def _template(reference: Network) -> Network:
    """ResNeXt with the reference's sizes. Raises InputError for a reference that is not built of its blocks."""
    given = reference.architecture.arguments
    sizes = {name: value for name, value in given.items() if name in parameters(resnext)}
    try:
        own = {name: value for name, value in sizes.items() if value is not None}
        template = resnext(**{"cardinality": 1, "width": given["base_width"], **own})
    except (InputError, KeyError) as error:
        raise InputError(f"{reference!r} is no reference for ResNeXt's template: {error}") from None
    if template.description != reference.description:
        raise InputError(f"{reference!r} is no reference for ResNeXt's template: it is not built of its blocks")
    return template


def _too_many_groups(template: Network, reference: Model, figure: str, scope: str, cardinality: int) -> InputError:
    budget = figure_of(reference, figure, scope)
    narrowest = figure_of(template.replace(C=cardinality, d=1), figure, scope)
    most = int(budget * (1 + NEAR_PERCENT / 100))
    (largest,) = solve(template, "C", budget=most, figure=figure, scope=scope, given={"d": [1]}, constraint="at-most")
    return InputError(
        f"no width comes near the budget of {budget:,} at cardinality {cardinality}: the narrowest, d = 1, costs "
        f"{narrowest:,}, {100 * (narrowest / budget - 1):.1f} percent more; the largest cardinality that works is "
        f"{largest.sizes['C']}"
    )
