"""The page on `compare` shows what is printed. The slow tests count the whole library; here its data are looked at."""

import json
from pathlib import Path

import pytest

from tests.docs.test_commands_shown import BLOCK, answered

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = DOCS / "compare.md"
ZOO = "--zoo torchvision"


def shown(*, of_a_zoo: bool) -> list[str]:
    return [block for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if (ZOO in block) is of_a_zoo]


def test_the_commands_print_what_is_shown() -> None:
    assert len(shown(of_a_zoo=False)) == 2
    for block in shown(of_a_zoo=False):
        assert answered(block) == block


def test_the_front_is_that_of_the_data_of_all_models() -> None:
    """The figures are those of docs/zoo.json, the accuracies torchvision's, and the front is searched for plainly."""
    models = pytest.importorskip("torchvision").models
    rows = {row["model"]: row for row in json.loads((DOCS / "zoo.json").read_text(encoding="utf-8"))}
    figures: dict[str, tuple[int, float]] = {}
    for name in models.list_models(module=models):
        row = rows[f"torchvision:{name}"]
        pixels = int(row["input"].rpartition(",")[2])
        accuracies = [
            weights.meta["_metrics"]["ImageNet-1K"]["acc@1"]
            for weights in models.get_model_weights(name)
            if weights.transforms.keywords["crop_size"] == pixels and weights.meta["categories"]
        ]
        if accuracies and row["macs"] <= 4_200_000_000:
            figures[row["model"]] = row["macs"], max(accuracies)
    front = {
        name: (macs, accuracy)
        for name, (macs, accuracy) in figures.items()
        if not any(
            other != (macs, accuracy) and other[0] <= macs and other[1] >= accuracy for other in figures.values()
        )
    }
    (block,) = shown(of_a_zoo=True)
    cells = [line.split() for line in block.splitlines() if line.startswith("torchvision:")]
    printed = {each[0]: (int(each[2].replace(",", "")), float(each[6])) for each in cells}
    assert printed == front
    assert list(printed) == sorted(front, key=lambda name: front[name][0])
    assert [(int(each[1].replace(",", "")), int(each[3].replace(",", ""))) for each in cells] == [
        (rows[name]["params"], rows[name]["activations"]) for name in printed
    ]


@pytest.mark.slow
def test_the_commands_of_a_library_print_what_is_shown(request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text(encoding="utf-8")
    if request.config.getoption("--update-golden"):
        PAGE.write_text(BLOCK.sub(lambda block: answered(block[0]), page), encoding="utf-8")
    else:
        (block,) = shown(of_a_zoo=True)
        assert answered(block) == block
