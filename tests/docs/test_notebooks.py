"""The notebooks run without an error, and show what they show in the repository. `make notebooks` writes them anew."""

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 300  # for one cell, on a machine that does other things besides


def executed(notebook: Any) -> Any:
    """The notebook after a run in a new kernel, which is gone afterwards; an error in a cell is raised."""
    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", record_timing=False)
    metadata = notebook.metadata.copy()
    # The kernel imports the package from this tree, whatever is installed beside it.
    client.execute(cwd=str(ROOT / "notebooks"), env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    notebook.metadata = metadata  # a run adds the version of Python
    return notebook


def shown(cell: Any) -> list[Any]:
    """What a cell puts out, as a reader sees it; but for pictures, which differ from one version to the next."""
    return [
        output.get("text") or {kind: data for kind, data in output.data.items() if not kind.startswith("image")}
        for output in cell.get("outputs", [])
    ]


def test_there_are_four() -> None:
    assert [path.name[0] for path in NOTEBOOKS] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_run_gives_the_committed_outputs(path: Path, request: pytest.FixtureRequest) -> None:
    committed = nbformat.read(path, as_version=4)
    fresh = executed(nbformat.read(path, as_version=4))
    for cell in fresh.cells:
        assert not any(output.get("name") == "stderr" for output in cell.get("outputs", [])), cell.source
    if request.config.getoption("--update-golden"):
        nbformat.write(fresh, path)
    else:
        assert [shown(cell) for cell in fresh.cells] == [shown(cell) for cell in committed.cells]
