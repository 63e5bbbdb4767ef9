"""The rendered tables, byte for byte, as they were read and approved. `make golden` writes them anew.

The figures are held elsewhere, against the paper, fvcore and torchvision; these files hold the layout. So proofs are
made up. Each table is shown in a terminal of 80 columns and in a pipe; a wide terminal and markdown are shown for four
tables, which have cells of every kind.
"""

import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from rich.console import Console
from torch import nn

import resnext_flops as rf
from resnext_flops.counters.audit import Audit
from resnext_flops.counters.difference import Difference
from resnext_flops.machine.measure import Machine, Measured, Measurement, Settings
from resnext_flops.machine.timing import Spread
from resnext_flops.proof.budgets import check, parse_config
from resnext_flops.proof.identify.hypotheses import Hypothesis, Match
from resnext_flops.proof.identify.search import Candidate, Identification, Printed
from resnext_flops.proof.rungs import NO_REFERENCE, Proof, Rung
from resnext_flops.show.render import TerminalTable, to_markdown, to_text
from resnext_flops.show.table import Approximate, Bracket, Deviation, Table
from resnext_flops.tables import measurements, paper
from resnext_flops.tables.audit import audit
from resnext_flops.tables.breakdown import breakdown
from resnext_flops.tables.conventions import conventions
from resnext_flops.tables.difference import difference
from resnext_flops.tables.googlenet import googlenet
from resnext_flops.tables.identification import identification
from resnext_flops.tables.limits import checked
from resnext_flops.tables.listings import listed
from resnext_flops.tables.networks import ladder, models
from resnext_flops.tables.solutions import solutions
from resnext_flops.tables.template import template
from tests.proofs import made_up

GOLDEN = Path(__file__).parent / "golden"
BUDGETS = """
[[models]]
model = "resnext50_32x4d"
limits = ["macs <= 4.3e9", "params <= 25e6", "change <= 1%"]
"""


def climbed() -> Proof:
    """A proof with every end that a rung can have."""
    rungs = (
        Rung("layers", 22, against="fvcore"),
        Rung("tensors", 65, ("head.fc.bias differs",), "the model"),
        Rung("reference", 0, missing=NO_REFERENCE),
        Rung("printed", 2, against="He et al., arXiv:1512.03385, Table 6", explained=1),
    )
    return made_up(rf.resnet_cifar(20))._replace(rungs=rungs)


def training() -> Measurement:
    """A measurement whose times are made up, of the networks of Section 5.1; the last did not fit."""
    times = iter([Spread(0.5, 0.49, 0.51, 0.96875, 6), Spread(0.625, 0.6, 0.65, 0.96875, 6), None])
    found = []
    for network, seconds in zip(measurements.paper_networks(), times, strict=True):
        memory = network.memory(2)
        flops, ratio = 2 * 2 * network.cost().training_macs, seconds and seconds._replace(median=seconds.median / 0.5)
        moved, saved = memory.moved_in_training, dict(memory.kept)
        found.append(Measured(network, 2, memory, flops, moved, seconds, ratio, saved if seconds else None))
    return Measurement(Settings(training=True), Machine("cpu", 2, "0.0.0", 2e11, 2.5e10), tuple(found))


def budgets() -> Table:
    config = parse_config(BUDGETS, Path("budgets.toml"))
    return checked(check(config, {"resnext50_32x4d": {"macs": 4_200_000_000}}), config)


def small(batch: int) -> rf.Ledger:
    """A traced ledger, of one example or of several."""
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    )
    return rf.count(net, (batch, 3, 8, 8))


def renamed() -> Difference:
    """The differences of two networks whose layers have other names: a group, a bias, and a layer more."""
    one = nn.Sequential(nn.Conv2d(8, 8, 3, bias=False), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1, bias=False))
    two = nn.Sequential()
    two.add_module("stem", nn.Conv2d(8, 8, 3, groups=4, bias=False))
    two.add_module("scale", nn.BatchNorm2d(8))
    two.add_module("last", nn.Conv2d(8, 4, 1))
    two.add_module("classes", nn.Linear(6, 2))
    return rf.diff(one, two, (1, 8, 8, 8))


def audited() -> Audit:
    """An audit with an answer that is right, one that is explained, and one that failed."""
    answers = iter([("0.0.0", 0, ""), ("0.0.0", 2, ""), ("0.0.0", None, "RuntimeError: it cannot")])
    found = rf.audit(rf.resnet_cifar(20), counters=["torch", "torchprofile", "fvcore"], run=False)
    asked = []
    for each in found.findings:
        version, residue, error = next(answers)
        answer = None if residue is None else each.predicted + residue
        asked.append(each._replace(version=version, answer=answer, error=error))
    return Audit(found.ledger, tuple(asked))


def identified() -> Identification:
    """What gives ResNet-50's printed figure, with weights that are made up."""
    fvcore = Match(Hypothesis("fvcore"), 4_111_512_576, rounded=True, truncated=True, off=False)
    other = Match(Hypothesis("fvcore", head="without the classifier"), 4_109_464_576, True, False, False)
    candidates = (
        Candidate({"operations": fvcore}, 0.2, (Hypothesis("timm"),), 0.8),
        Candidate({"operations": other}, 0.03, (), 0.12),
    )
    return Identification("resnet50", {"operations": Printed.of("4.11G")}, candidates, 0.999, 0.0018, {})


def identified_by_none() -> Identification:
    """A figure that no reading gives, with the nearest."""
    nearest = Match(Hypothesis("paper"), 40_551_808, rounded=False, truncated=False, off=False)
    return Identification("resnet20_cifar", {"operations": Printed.of("9.99G")}, (), 0.0, 0.0, {"operations": nearest})


def unversioned(table: Table) -> Table:
    return replace(table, columns=[column for column in table.columns if column.key != "version"])


TABLES: dict[str, Callable[[], Table]] = {
    "template": lambda: template(rf.resnet(50)),
    "template-proven": lambda: template(rf.resnet(50), [1, 2, 4, 8, 32], prove=made_up),
    "table-1": paper.table_1,
    "table-1-proven": lambda: paper.table_1(made_up),
    "table-2": paper.table_2,
    "table-3": lambda: listed("3"),
    "table-4": lambda: listed("4"),
    "table-6": lambda: listed("6"),
    "table-7": lambda: listed("7"),
    "table-8": lambda: listed("8"),
    "table-fig5": lambda: listed("fig5"),
    "table-residual": lambda: listed("residual"),
    "table-resnet": lambda: listed("resnet"),
    "table-5": lambda: listed("5"),
    "table-vgg": lambda: listed("vgg"),
    "table-googlenet": googlenet,
    "table-eq4": paper.equation_4,
    "table-fig3": paper.figure_3,
    "table-performance": paper.performance,
    "models": lambda: models(["resnet50", "resnext50_32x4d", "wrn_28_10"]),
    "verify": lambda: ladder([climbed()]),
    "solve": lambda: solutions(
        rf.solve(rf.resnext(50), "d", like=rf.resnet(50), given={"C": [1, 2, 4, 8, 32]}), rf.resnet(50), made_up
    ),
    "solve-depth": lambda: solutions(rf.solve(rf.resnet(101), "n3", budget=15e9)),
    "solve-pairs": lambda: solutions(
        rf.solve(rf.resnext(50), ["C", "d"], like=rf.resnext(50), figure=["macs", "params"], within=1), rf.resnext(50)
    ),
    "measure": lambda: measurements.times(training()),
    "memory": lambda: measurements.memory(training()),
    "section-5.1": lambda: measurements.section_5_1(training()),
    "check": budgets,
    "breakdown": lambda: breakdown(rf.resnext(50).cost()),
    "count-module": lambda: breakdown(small(1), "module", 1, {"torch": int(small(1).total("torch"))}),
    "count-layer": lambda: breakdown(small(2), "layer"),
    "count-kind": lambda: breakdown(small(2), "kind"),
    "conventions": lambda: unversioned(conventions()),
    "audit": lambda: audit(audited())[0],
    "bridge": lambda: audit(audited())[1],
    "identify": lambda: identification("resnet50", identified()),
    "identify-nearest": lambda: identification("resnet20_cifar", identified_by_none()),
    "diff": lambda: difference(rf.diff("resnet50", "resnet50_he2015")),
    "diff-names": lambda: difference(renamed()),
    "diff-blocks": lambda: difference(rf.diff("resnet20_cifar", "resnet32_cifar")),
    "diff-identical": lambda: difference(rf.diff("resnet18", rf.resnet(18))),
}


def terminal(width: int) -> Callable[[Table], str]:
    def render(table: Table) -> str:
        console = Console(width=width, file=io.StringIO(), color_system=None, highlight=False)
        with console.capture() as shown:
            console.print(TerminalTable(table))
        return "\n".join(line.rstrip() for line in shown.get().splitlines())

    return render


FORMS = {"80": terminal(80), "pipe": to_text}
MORE_FORMS = {"140": terminal(140), "markdown": to_markdown}
# Together they have cells of every kind, a proof, sources, headers of several lines, and columns that even a wide
# terminal leaves out.
IN_MORE_FORMS = ("template", "table-1-proven", "table-3", "measure")


def forms(name: str) -> dict[str, Callable[[Table], str]]:
    return FORMS | MORE_FORMS if name in IN_MORE_FORMS else FORMS


@pytest.mark.parametrize("name", TABLES)
def test_rendered_tables(name: str, request: pytest.FixtureRequest) -> None:
    table = TABLES[name]()
    for form, render in forms(name).items():
        path = GOLDEN / f"{name}.{form}.txt"
        shown = render(table) + "\n"
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(shown, encoding="utf-8")
        assert shown == path.read_text(encoding="utf-8"), f"{path.name} differs; read it, then `make golden`"


def test_tables_in_more_forms_have_cells_of_every_kind() -> None:
    tables = [TABLES[name]() for name in IN_MORE_FORMS]
    cells = [row[column.key] for table in tables for row in table.rows for column in table.columns if column.key in row]
    kinds = {type(None), bool, int, float, str, tuple, Fraction, Deviation, Decimal, Approximate}
    assert {type(cell) for cell in cells} == kinds
    assert any(isinstance(part, Bracket) for cell in cells if isinstance(cell, tuple) for part in cell)


def test_every_golden_file_is_that_of_a_table() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{form}.txt" for name in TABLES for form in forms(name)}
