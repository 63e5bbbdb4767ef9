"""The rendered tables, byte for byte, as they were read and approved. `make golden` writes them anew.

The figures are held elsewhere, against the paper, fvcore and torchvision; these files hold the layout.
"""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

import resnext_flops as rf
from resnext_flops.proof import Proof
from resnext_flops.tables import paper
from resnext_flops.tables.breakdown import breakdown
from resnext_flops.tables.derived import equation_4, figure_3, googlenet, performance
from resnext_flops.tables.listed import listed
from resnext_flops.tables.render import TerminalTable, to_markdown, to_text
from resnext_flops.tables.solutions import solutions
from resnext_flops.tables.table import Table
from resnext_flops.tables.zoo import ladder, models
from resnext_flops.verify import MODEL_RUNGS, verify

GOLDEN = Path(__file__).parent / "golden"


def proven(network: rf.Network) -> Proof:
    # Versions change without the project; the layout does not.
    return verify(network, device="cpu", rungs=MODEL_RUNGS)._replace(versions={"torch": "0.0.0", "fvcore": "0.0.0"})


TABLES: dict[str, Callable[[], Table]] = {
    "template": lambda: paper.template(rf.resnet(50)),
    "template-proven": lambda: paper.template(rf.resnet(50), [1, 2, 4, 8, 32], prove=proven),
    "table-1": paper.table_1,
    "table-1-proven": lambda: paper.table_1(proven),
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
    "table-eq4": equation_4,
    "table-fig3": figure_3,
    "table-performance": performance,
    "models": lambda: models(["resnet50", "resnext50_32x4d", "wrn_28_10"]),
    "verify": lambda: ladder([verify(rf.resnet_cifar(20), device="cpu")._replace(versions={"torch": "0.0.0"})]),
    "solve": lambda: solutions(
        rf.solve(rf.resnext(50), "d", like=rf.resnet(50), given={"C": [1, 2, 4, 8, 32]}), rf.resnet(50), proven
    ),
    "solve-depth": lambda: solutions(rf.solve(rf.resnet(101), "n3", budget=15e9)),
    "solve-pairs": lambda: solutions(
        rf.solve(rf.resnext(50), ["C", "d"], like=rf.resnext(50), figure=["macs", "params"], within=1), rf.resnext(50)
    ),
    "breakdown": lambda: breakdown(rf.resnext(50).cost()),
}


def terminal(width: int) -> Callable[[Table], str]:
    def render(table: Table) -> str:
        console = Console(width=width, file=io.StringIO(), color_system=None, highlight=False)
        with console.capture() as shown:
            console.print(TerminalTable(table))
        return "\n".join(line.rstrip() for line in shown.get().splitlines())

    return render


FORMS = {"80": terminal(80), "140": terminal(140), "pipe": to_text, "markdown": to_markdown}


@pytest.mark.parametrize("name", TABLES)
def test_rendered_tables(name: str, request: pytest.FixtureRequest) -> None:
    table = TABLES[name]()
    for form, render in FORMS.items():
        path = GOLDEN / f"{name}.{form}.txt"
        shown = render(table) + "\n"
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(shown, encoding="utf-8")
        assert shown == path.read_text(encoding="utf-8"), f"{path.name} differs; read it, then `make golden`"
