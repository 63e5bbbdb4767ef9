"""What a table says besides its figures: which counters answered, what a figure is, and what a module does itself."""

from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import nn

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.counters import peers
from resnext_flops.counters.peers import Answer
from resnext_flops.show.render import content
from resnext_flops.tables.audit import audit
from resnext_flops.tables.breakdown import breakdown
from resnext_flops.tables.identification import identification


class Inner(nn.Module):
    """A convolution, and a weight of its own that scales what it takes."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(scale, 1, 1))
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x * self.scale)  # type: ignore[no-any-return]


class Outer(nn.Module):
    """Two of these, and a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.ones(1, 3, 1, 1))
        self.first, self.second = Inner(3), Inner(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x + self.shift))  # type: ignore[no-any-return]


def params(levels: int) -> dict[str, Any]:
    table = breakdown(rf.count(Outer(), (1, 3, 4, 4)), levels=levels)
    return {str(row["part"]): row["params"] for row in table.rows}


def test_what_a_module_does_itself_has_a_name_and_is_told_once() -> None:
    # A 1x1 convolution of 3 to 3 channels has 9 weights and 3 biases.
    conv = 9 + 3
    assert params(1) == {"(the model itself)": 3, "first": 3 + conv, "second": 1 + conv, "total": 7 + 2 * conv}
    assert params(2) == {
        "(the model itself)": 3,
        "first (itself)": 3,
        "first.conv": conv,
        "second (itself)": 1,
        "second.conv": conv,
        "total": 7 + 2 * conv,
    }


def test_the_counters_that_answered_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "installed", lambda name: "1.0" if name in {"torch", "flopth"} else None)
    monkeypatch.setattr(peers, "ask", lambda *_: Answer("1.0", 5))
    counters, _ = audit(rf.audit(rf.resnet_cifar(8), counters=["paper", "torch", "flopth", "thop", "calflops"]))
    assert [row["counter"] for row in content(counters)["rows"]] == ["torch", "flopth"]
    assert "paper: a rule without a counter that could be asked." in counters.notes
    assert "thop, calflops: not installed; pip install 'resnext-flops[peers]' brings them all." in counters.notes


def test_without_an_answer_all_predictions_are_shown() -> None:
    counters, bridges = audit(rf.audit(rf.resnet_cifar(8), counters=["torch", "thop"], run=False))
    assert [column.key for column in counters.columns] == ["counter", "unit", "predicted"]
    assert [row["counter"] for row in counters.rows] == ["torch", "thop"]
    assert {"= torch", "= thop"} < {str(row["what"]) for row in bridges.rows}


@pytest.mark.parametrize(
    ("figure", "sentence"),
    [
        # torchvision's own figures of ResNet-50: 25,557,032 parameters and 4.089 billion operations.
        ("25557032", "25557032 is parameters of resnet50 (25,557,032, rounded)."),
        ("4089184256", "4089184256 is multiply-adds of resnet50 (4,089,184,256, rounded)."),
        # The paper of ResNet has the stride in the first 1x1 layer, and prints 3.8 billion.
        ("3857973248", "3857973248 is multiply-adds of resnet50 with the stride in the 1x1 (3,857,973,248, rounded)."),
        ("9.99T", "9.99T cannot be met by any reading of resnet50; nearest is "),
    ],
)
def test_an_identification_begins_with_its_answer(figure: str, sentence: str) -> None:
    title = identification("resnet50", rf.identify("resnet50", figure)).title
    assert title.startswith(sentence)
    printed = CliRunner().invoke(main, ["identify", "resnet50", figure]).stdout
    assert printed.startswith(f"{title}\n")


def test_what_is_not_sure_is_said_so() -> None:
    found = identification("resnet50", rf.identify("resnet50", "3.8e9"))
    exact = "(3,857,973,248, truncated), but coincidence is likelier."
    assert found.title == f"3.8e9 may be multiply-adds of resnet50 with the stride in the 1x1 {exact}"
    assert any("below 0.95 it is perhaps so" in note for note in found.notes)
