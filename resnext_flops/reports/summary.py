"""The summaries of reports: what was asked, the answer in three sentences, the figures that matter, what surprises.

Every figure in a sentence is computed from the results.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from operator import attrgetter, methodcaller

from resnext_flops.complexity.conventions import CONVENTIONS, distinct
from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.figures import FIGURES
from resnext_flops.complexity.layers import Size, show
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.names import network
from resnext_flops.complexity.scope import template_block
from resnext_flops.design.solve import solve_width
from resnext_flops.proof.published import Agreement, published, row_figures
from resnext_flops.reports.content import Figures, Part, Points, Prose
from resnext_flops.show.render import text
from resnext_flops.show.table import Deviation
from resnext_flops.tables.breakdown import breakdown
from resnext_flops.tables.paper import printed_in_table_1
from resnext_flops.tables.surprises import per_multiply_add, surprises, told
from resnext_flops.tables.template import where_scopes_differ

FAR = "Why counters are more than ten percent from the multiply-adds"
SURPRISING = "What is surprising"
NO_SURPRISE = (
    "Where there are multiply-adds, no counter is more than ten percent from them, or from two operations each."
)
# The paper's tables and figures that print params or multiply-adds besides Table 1.
PRINTING = ("3", "4", "7", "fig5")


def of_models(ledgers: Sequence[Ledger], counted: Sequence[Ledger]) -> list[Part]:
    """The summary of a report of some models.

    ledgers: their costs. counted: the same, as a run of each real model gives them, which every convention needs.

    >>> import resnext_flops as rf
    >>> cost = rf.resnet_cifar(20).cost()
    >>> of_models([cost], [cost])[0].text
    'Asked: what does resnet_cifar(20) cost, and what do counters of FLOPs say of it?'
    """
    names, several = [ledger.name for ledger in ledgers], len(ledgers) > 1
    asked = f"do {', '.join(names[:-1])} and {names[-1]}" if several else f"does {names[0]}"
    answer = _of_several(ledgers) if several else _of_one(ledgers[0])
    return [
        Prose(f"Asked: what {asked} cost, and what do counters of FLOPs say of {'them' if several else 'it'}?"),
        Prose(" ".join((*answer, *_range(counted)))),
        Figures(list(_figures(ledgers, counted))),
        Points(SURPRISING, [*_orders(counted), *_farthest(counted)]),
    ]


def _of_one(ledger: Ledger) -> Iterator[str]:
    yield (
        f"{ledger.name} takes {_least(ledger)}{ledger.macs:,} multiply-adds for an input of {show(ledger.input)}, and "
        f"has {ledger.params:,} parameters."
    )
    if ledger.macs:
        (kind, of_kind), (part, of_part) = (_most(ledger, by) for by in ("kind", "module"))
        yield (
            f"Of the kinds of layer {kind} has the largest share of the multiply-adds, {of_kind}; of the parts it is "
            f"{part}, with {of_part}."
        )


def _least(ledger: Ledger) -> str:
    """What stands before the multiply-adds of a model with operators that are not known."""
    return "at least " if ledger.lower_bound else ""


def _most(ledger: Ledger, by: str) -> tuple[str, str]:
    """The kind of layer, or the part, with the most multiply-adds, and its share of them."""
    *rows, _ = breakdown(ledger, by).rows
    largest = max(rows, key=lambda row: row["macs"] or 0)
    equal = sum(row["macs"] == largest["macs"] for row in rows) > 1
    return str(largest["part"]), text(largest["share"]) + (", as others have" if equal else "")


def _of_several(ledgers: Sequence[Ledger]) -> Iterator[str]:
    for figure, what in (("macs", "multiply-adds"), ("params", "parameters")):
        fewest, *_, most = sorted(ledgers, key=lambda ledger: getattr(ledger, figure))
        low, high = (f"{getattr(ledger, figure):,}" for ledger in (fewest, most))
        bounds = any(ledger.lower_bound for ledger in ledgers) and figure == "macs"
        alike = [ledger.name for ledger in ledgers if getattr(ledger, figure) == getattr(fewest, figure)]
        has = f"{' and '.join(alike)} {'have' if len(alike) > 1 else 'has'}"
        yield (
            f"All have {low} {what}"
            if low == high
            else f"{has} the fewest {what}, {low}, and {most.name} the most, {high}{_more(fewest, most, figure)}"
        ) + ("; some are lower bounds." if bounds else ".")


def _more(fewest: Ledger, most: Ledger, figure: str) -> str:
    """How much more the most is than the fewest, where that is a number."""
    least = getattr(fewest, figure)
    return f" ({text(Deviation.of(getattr(most, figure), least))})" if least else ""


def _range(counted: Sequence[Ledger]) -> Iterator[str]:
    """Between which figures the counters are that differ most about one model."""
    if not (able := [ledger for ledger in counted if ledger.macs]):
        known = " that is known" if any(ledger.lower_bound for ledger in counted) else ""
        yield f"No layer{known} has multiply-adds."
        return
    # One more, because a counter may see nothing.
    ledger = max(able, key=lambda ledger: max(_factors(ledger).values()) / (1 + min(_factors(ledger).values())))
    factors = _factors(ledger)
    low, high = (pick(factors, key=factors.__getitem__) for pick in (min, max))
    yield (
        f"For {ledger.name} the counters say from {_of_counter(ledger, low)} to {_of_counter(ledger, high)}; its "
        f"multiply-adds are {_least(ledger)}{ledger.macs:,} MACs or {2 * ledger.macs:,} FLOPs."
    )


def _factors(ledger: Ledger) -> dict[str, Fraction]:
    """How many times the multiply-adds the figure of each convention is, in the convention's unit."""
    return {name: per_multiply_add(ledger, name) for name in distinct(ledger.total)}


def _of_counter(ledger: Ledger, name: str) -> str:
    return f"{ledger.total(name):,} {CONVENTIONS[name].unit}s ({name})"


def _figures(ledgers: Sequence[Ledger], counted: Sequence[Ledger]) -> Iterator[tuple[str, str]]:
    fewest, *_, most = sorted([*ledgers, ledgers[0]], key=lambda ledger: ledger.macs)
    if len(ledgers) == 1:
        yield f"{_least(fewest)}{fewest.macs:,}", "multiply-adds"
        yield f"{fewest.params:,}", "parameters"
    elif fewest.macs == most.macs:
        least = max(map(_least, ledgers))
        yield f"{least}{fewest.macs:,}", "multiply-adds of each"
    else:
        yield f"{_least(fewest)}{fewest.macs:,}", f"multiply-adds of {fewest.name}, the fewest"
        yield f"{_least(most)}{most.macs:,}", f"multiply-adds of {most.name}, the most"
    if far := [each for ledger in counted for each in surprises(ledger)[:1]]:
        farthest = max(far, key=lambda each: each.distance)
        unit = CONVENTIONS[farthest.convention].unit
        yield f"{farthest.figure:,}", f"{unit}s of {farthest.ledger.name} by {farthest.convention}, the farthest off"


def _orders(counted: Sequence[Ledger]) -> Iterator[str]:
    """Where another figure than the multiply-adds puts the models in another order."""
    by_macs = sorted(counted, key=lambda ledger: ledger.macs)
    if _otherwise(by_macs, attrgetter("params")):
        by_params = sorted(by_macs, key=lambda ledger: ledger.params)
        orders = (", ".join(ledger.name for ledger in order) for order in (by_macs, by_params))
        yield "From fewest to most the order by multiply-adds is {}; by parameters it is {}.".format(*orders)
    names = {name: None for ledger in counted for name in distinct(ledger.total)}
    otherwise = [name for name in names if _otherwise(by_macs, methodcaller("total", name))]
    if otherwise:
        yield (
            f"{len(otherwise)} of {len(names)} conventions put the models in another order than the multiply-adds: "
            f"{', '.join(otherwise)}."
        )


def _otherwise(by_macs: Sequence[Ledger], figure: Callable[[Ledger], Size]) -> bool:
    """Whether a model with fewer multiply-adds has more of another figure. Models with equal ones have no order."""
    return any(one.macs < other.macs and figure(one) > figure(other) for one, other in combinations(by_macs, 2))


def _farthest(counted: Sequence[Ledger]) -> Iterator[str]:
    """The counter that is farthest from the multiply-adds, and why."""
    far = [each for ledger in counted for each in surprises(ledger)]
    for ledger in (each for each in counted if not each.macs):
        totals = {name: int(total) for name in distinct(ledger.total) if (total := ledger.total(name))}
        if totals:
            most = max(totals, key=totals.__getitem__)
            yield (
                f"{ledger.name} has no multiply-adds, and {len(totals)} conventions count operations all the same, up "
                f"to {_of_counter(ledger, most)}."
            )
    if not far:
        yield NO_SURPRISE
        return
    yield told(max(far, key=lambda each: each.distance).ledger)[0]
    if len(far) > 1:
        yield (
            f"{len(far)} figures in all are more than ten percent from the multiply-adds; the section By convention "
            "explains each."
        )


def of_paper() -> list[Part]:
    """The summary of the paper's report: whether complexity is preserved, and whether the printed figures are right.

    >>> of_paper()[2].items[0]
    ('69,632', 'weights of the bottleneck block of ResNet-50, which the template preserves')
    """
    reference, printed = resnet(50), published("resnext")["table_2"]
    budget = template_block(reference.description).weights
    solutions = solve_width(reference, printed["cardinality"])
    same = sum(found.sizes["d"] == width for found, width in zip(solutions, printed["width"], strict=True))
    held = list(_held())
    met = sum(found.holds for _, found in held)
    row, worst = max(held, key=lambda each: abs(_off(each[1])))
    against = list(_against_references())
    (low_name, low), (high_name, high) = (pick(against, key=lambda each: each[1]) for pick in (min, max))
    return [
        Prose(
            "Asked: Aggregated Residual Transformations for Deep Neural Networks (Xie et al., arXiv:1611.05431v2) "
            "compares networks at preserved complexity. Is it preserved, and are the printed complexities right?"
        ),
        Prose(
            f"For {same} of the {len(solutions)} cardinalities of Table 2 the printed width is the whole number whose "
            f"block is nearest to ResNet-50's {budget:,} weights. The multiply-adds of the whole networks of Table 3 "
            f"then differ by {text(low)} ({low_name}) to {text(high)} ({high_name}) from those of the ResNet of their "
            f"depth. Of the {len(held)} printed params and multiply-adds of Tables 1, 3, 4 and 7 and Figure 5, {met} "
            "are met by the exact figure, rounded or truncated."
        ),
        Figures(
            [
                (f"{budget:,}", "weights of the bottleneck block of ResNet-50, which the template preserves"),
                (f"{met} of {len(held)}", "printed figures are met"),
                (text(_off(worst)), f"the largest difference from a printed figure: {row}"),
            ]
        ),
        Points(
            SURPRISING,
            [
                f"The {row} are printed as {text(worst.printed)}, and are {text(worst.exact)}.",
                "At block scope the weights of a block are preserved, at network scope the multiply-adds of the "
                f"network. {where_scopes_differ(reference, 'block', solutions)}",
                *told(network("resnext50_32x4d").cost())[:1],
            ],
        ),
    ]


def _held() -> Iterator[tuple[str, Agreement]]:
    """Every printed figure of params and multiply-adds of the paper, with its row, against the exact one."""
    yield from printed_in_table_1()
    for name in PRINTING:
        for row in published(f"tables/{name}")["rows"]:
            label = f"{row['model']} {row.get('setting', '')}".strip()
            cost = network(row["network"]).cost()
            yield from ((f"{FIGURES[each.figure]} of {label}", each.hold(cost)) for each in row_figures(row, ""))


def _off(found: Agreement) -> Deviation:
    """How far an exact figure is from the printed one."""
    return Deviation(Fraction(found.exact) / Fraction(found.printed) - 1)


def _against_references() -> Iterator[tuple[str, Deviation]]:
    """The ResNeXts of Table 3, each with its multiply-adds against those of the ResNet of its depth."""
    for row in published("tables/3")["rows"]:
        if row["network"] != row["reference"]:
            macs, reference = (network(row[key]).cost().macs for key in ("network", "reference"))
            yield f"{row['model']} {row['setting']}", Deviation.of(int(macs), int(reference))
