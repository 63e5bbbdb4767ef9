"""The notebooks run without an error, and show what they show in the repository. `make notebooks` writes them anew.

They run in one kernel, which forgets every name between two of them: most of a kernel's time goes into loading torch.
"""

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 300  # for one cell, on a machine that does other things besides


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def execute(notebooks: list[Any]) -> None:
    """Run notebooks one after the other, and put what their cells show into them; an error in a cell is raised."""
    runs = [[new_code_cell("%reset -f"), *(new_code_cell(cell.source) for cell in code(each))] for each in notebooks]
    together = new_notebook(cells=[cell for run in runs for cell in run], metadata=notebooks[0].metadata.copy())
    # A busy kernel sends what a cell prints in several pieces, which are joined again.
    client = NotebookClient(
        together, timeout=SECONDS, kernel_name="python3", record_timing=False, coalesce_streams=True
    )
    # The kernel imports the package from this tree, whatever is installed beside it.
    client.execute(cwd=str(ROOT / "notebooks"), env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    for notebook, run in zip(notebooks, runs, strict=True):
        for number, (cell, ran) in enumerate(zip(code(notebook), run[1:], strict=True), start=1):
            cell.outputs, cell.execution_count = ran.outputs, number
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = number


def shown(cell: Any) -> list[Any]:
    """What a cell puts out, as a reader sees it; but for pictures, which differ from one version to the next."""
    return [
        output.get("text") or {kind: data for kind, data in output.data.items() if not kind.startswith("image")}
        for output in cell.get("outputs", [])
    ]


def test_there_are_seven() -> None:
    assert [path.name[0] for path in NOTEBOOKS] == ["1", "2", "3", "4", "5", "6", "7"]


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_each_begins_with_what_the_reader_will_know(path: Path) -> None:
    first = nbformat.read(path, as_version=4).cells[0]
    _, promise, known = first.source.partition("At the end of this notebook you will know\n\n")
    assert promise
    assert len(re.findall(r"^\* ", known, re.MULTILINE)) >= 3


def test_a_run_gives_the_committed_outputs(request: pytest.FixtureRequest) -> None:
    # A lesson that silences warnings runs last: the others must not warn.
    paths = sorted(NOTEBOOKS, key=lambda path: "simplefilter" in path.read_text(encoding="utf-8"))
    committed, fresh = ([nbformat.read(path, as_version=4) for path in paths] for _ in range(2))
    execute(fresh)
    for path, before, now in zip(paths, committed, fresh, strict=True):
        for cell in now.cells:
            assert not any(output.get("name") == "stderr" for output in cell.get("outputs", [])), cell.source
        if request.config.getoption("--update-golden"):
            nbformat.write(now, path)
        else:
            assert [shown(cell) for cell in now.cells] == [shown(cell) for cell in before.cells], path.name
