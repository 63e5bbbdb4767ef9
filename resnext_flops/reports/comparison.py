"""The report of any models: what each costs by stage, by kind of layer and layer by layer, and by every convention."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.lookup import Given, built, model
from resnext_flops.errors import InputError
from resnext_flops.plots import KINDS
from resnext_flops.reports.content import Command, Folded, Part, Picture, Points, Prose, Report, Section, shown
from resnext_flops.reports.summary import FAR, of_models
from resnext_flops.tables.breakdown import breakdown
from resnext_flops.tables.comparison import bridges, by_convention, costs
from resnext_flops.tables.conventions import rules
from resnext_flops.tables.networks import ladder
from resnext_flops.tables.sentences import Prove
from resnext_flops.tables.surprises import told

# How many names deep the parts of a model are told: a described network's first are its stages.
DESCRIBED_LEVELS, REAL_LEVELS = 1, 2


def comparison(
    models: Sequence[Given], command: str, prove: Prove | None = None, tell: Callable[[str], None] = lambda _: None
) -> Report:
    """The content of a report of some models.

    models: names as on the command line, or described networks.
    command: what makes it anew. prove: what builds and compares a described network. tell: is told what is worked on.

    Raises InputError for a model that does not exist or cannot be counted, and for a proof where none is described.
    """
    found = [model(each) for each in models]
    described = [each for each in found if each.origin == "derived"]
    if prove and not described:
        raise InputError("none of the models is described, so nothing can be proven; leave out --prove")
    ledgers, counted_ledgers = [], []
    for each in found:
        tell(each.name)
        ledgers.append(each.cost())
        # A counter may see more of a network than its description has.
        counted_ledgers.append(built(each).cost())
    sections = [
        Section("What they cost" if len(ledgers) > 1 else "What it costs", [costs(ledgers), *_side_by_side(ledgers)]),
        Section("By convention", [*_by_convention(counted_ledgers)]),
        *(_model(number, ledger) for number, ledger in enumerate(ledgers, start=1)),
    ]
    if prove:
        sections.append(Section("Proof", [ladder([prove(each) for each in described])]))
    sections.append(Section("How this report is made", _making(command)))
    names = [ledger.name for ledger in ledgers]
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    title = f"What {listed} cost{'' if len(names) > 1 else 's'}"
    return Report.of(title, of_models(ledgers, counted_ledgers), sections)


def _side_by_side(ledgers: Sequence[Ledger]) -> Iterator[Part]:
    """The first model beside each other one."""
    for number, other in enumerate(ledgers[1:], start=2):
        text = f"{KINDS['stages']} {shown([ledgers[0].name, other.name])}"
        yield Picture(f"stages-{number}", "stages", (ledgers[0], other), text)


def _by_convention(ledgers: Sequence[Ledger]) -> Iterator[Part]:
    yield by_convention(ledgers)
    if reasons := [reason for ledger in ledgers for reason in told(ledger)]:
        yield Points(FAR, reasons)
    for number, ledger in enumerate(ledgers, start=1):
        text = f"{KINDS['counters']} {shown([ledger.name])}"
        yield Picture(f"counters-{number}", "counters", (ledger,), text)
    yield Folded("What each counter counts", rules())
    yield Folded("The bridge to each figure, term by term", bridges(ledgers))


def _model(number: int, ledger: Ledger) -> Section:
    levels = DESCRIBED_LEVELS if ledger.trace is None else REAL_LEVELS
    stages = replace(breakdown(ledger, "module", levels), id=f"stages-{number}")
    kinds = replace(breakdown(ledger, "kind"), id=f"kinds-{number}", notes=())
    layers = replace(breakdown(ledger, "layer"), id=f"layers-{number}", notes=())
    return Section(ledger.name, [stages, Folded("By kind of layer", kinds), Folded("Layer by layer", layers)])


def _making(command: str) -> list[Part]:
    return [
        Prose(
            "One command makes this report anew; DIR is where it is put. Versions and the date are in provenance.json."
        ),
        Command(command),
    ]
