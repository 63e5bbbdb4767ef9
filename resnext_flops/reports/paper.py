"""The report of the ResNeXt paper: its complexity from the template block to the counters that disagree.

Every table of `tables/registry.py` is in it but those of later networks; a new one joins the networks of the paper by
itself.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.families.resnext import resnext
from resnext_flops.complexity.names import network
from resnext_flops.complexity.scope import template_block
from resnext_flops.plots import KINDS, NETWORKS, TIMED
from resnext_flops.proof.published import HELD
from resnext_flops.reports.content import (
    Command,
    Equation,
    Folded,
    Part,
    Picture,
    Points,
    Prose,
    Report,
    Section,
    shown,
)
from resnext_flops.reports.summary import FAR, of_paper
from resnext_flops.show.table import Table
from resnext_flops.tables.comparison import bridges, by_convention
from resnext_flops.tables.conventions import rules
from resnext_flops.tables.registry import tables
from resnext_flops.tables.sentences import MEANING, Prove
from resnext_flops.tables.surprises import told
from resnext_flops.tables.template import template as template_table

TITLE = "The complexity of ResNeXt, recomputed"
HEADLINE = ("resnet50", "resnext50_32x4d", "resnet101", "resnext101_64x4d")
# Which tables and pictures stand in the sections of their own; all others are of the paper's networks.
TEMPLATE = ("eq4", "2", "fig3")
OTHER_PAPERS = ("resnet", "vgg", "googlenet")
LATER = (*HELD, "edf", "groups", "lineage")  # tables and pictures of what came after the paper
PICTURES = {"width": "template", "counters": "conventions", "stages": "conventions"}


def paper_report(command: str, prove: Prove | None = None, tell: Callable[[str], None] = lambda _: None) -> Report:
    """The content of the paper's report.

    command: what makes it anew. prove: what builds and compares a network. tell: is told what is worked on.

    >>> len(paper_report("resnext-flops report").sections)
    5
    """
    built: dict[str, Table] = {}
    for name, builder in tables().items():
        if name in LATER:
            continue
        tell(f"table {name}")
        built[name] = builder(prove)
    own = [table for name, table in built.items() if name not in (*TEMPLATE, *OTHER_PAPERS)]
    tell("the template")
    derivation = list(_derivation(prove, [built[name] for name in TEMPLATE]))
    tell("the conventions")
    counters = list(_conventions())
    return Report.of(
        TITLE,
        [*of_paper(), *_introduction()],
        (
            Section("The template", [*_tidy(derivation), *_pictures("template")]),
            Section("The paper's networks", [*_tidy(own), *_pictures("")]),
            Section("The networks of other papers", _tidy(built[name] for name in OTHER_PAPERS)),
            Section("What the counters say", counters),
            Section("How this report is made", _making(command)),
        ),
    )


def _tidy(parts: Iterable[Part]) -> list[Part]:
    """The parts, and their tables without the sentence that the report begins with."""
    return [
        replace(part, notes=[note for note in part.notes if note != MEANING]) if isinstance(part, Table) else part
        for part in parts
    ]


def _introduction() -> list[Part]:
    return [
        Prose(
            "This report recomputes the complexity of every network in the paper's tables, from descriptions of the "
            "networks, and lays the exact figures beside the printed ones. All figures are exact whole numbers but for "
            "those that a paper prints."
        ),
        Prose(MEANING),
    ]


def _derivation(prove: Prove | None, built: list[Table]) -> Iterator[Part]:
    """The closed forms of the template, Eqn. 4 solved for d, and the tables of what that gives."""
    import sympy

    cardinality, width = sympy.symbols("C d", positive=True, integer=True)
    symbols = {"C": cardinality, "d": width}
    reference, template = resnet(50), resnext(50)
    budget = template_block(reference.description).weights
    block = template.closed_form("weights", scope="block", **symbols).expression
    equation = sympy.Eq(sympy.factor(block), budget, evaluate=False)
    (root,) = sympy.solve(equation, width, simplify=False)
    yield Prose(
        "A block of ResNeXt has C paths, each of which reduces 256 channels to d with 1x1 filters, convolves these "
        "with 3x3 filters, and expands them to 256 again (Eqn. 4 of the paper)."
    )
    yield Equation("Its weights are a polynomial in C and d", block)
    yield Equation(f"The bottleneck block of ResNet-50 has {budget:,} weights, so the same complexity means", equation)
    yield Equation("This has one positive root for each cardinality", sympy.Eq(width, root, evaluate=False))
    yield Prose("The width is the whole number whose cost is nearest to the budget.")
    yield from built
    yield template_table(reference, prove=prove)
    yield Prose("Instead of the weights of one block, the multiply-adds of the whole network can be preserved.")
    for figure, name in (("macs", "Multiply-adds"), ("params", "Parameters"), ("activations", "Activations")):
        expression = template.closed_form(figure, **symbols).expression
        yield Equation(f"{name} of the network of depth 50", expression)
    yield replace(template_table(reference, scope="network", prove=prove), id="template-network")


def _conventions() -> Iterator[Part]:
    yield Prose(
        "Counters of FLOPs answer differently about one network, because each counts something else besides the "
        "multiply-adds, or counts them as two. Each figure below is predicted from the ledger of the network by the "
        "rules of the counter, and the bridge adds up to it, term by term."
    )
    ledgers = [network(name).cost() for name in HEADLINE]
    yield by_convention(ledgers)
    yield Points(FAR, [reason for ledger in ledgers for reason in told(ledger)])
    yield from _pictures("conventions")
    yield Folded("What each counter counts", rules())
    yield Folded("The bridge to each figure, term by term", bridges(ledgers))


def _pictures(section: str) -> Iterator[Picture]:
    for kind, caption in KINDS.items():
        if kind in TIMED:  # estimates, and the report has exact figures
            continue
        if kind not in LATER and PICTURES.get(kind, "") == section:
            networks = NETWORKS.get(kind, ())
            yield Picture(kind, kind, networks, f"{caption} {shown(networks)}".strip())


def _making(command: str) -> list[Part]:
    return [
        Prose(
            "One command makes this report anew; DIR is where it is put. Versions, the device and the date are in "
            "provenance.json beside it, so that the text changes only when a figure does. With --fail-if-stale the "
            "same command compares instead, and ends with status 1 if a figure or a sentence differs."
        ),
        Command(command),
    ]
