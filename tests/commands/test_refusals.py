"""What is wrong in a call is refused before anything is counted, built or run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import resnext_flops as rf
from resnext_flops.counters.zoos import Model
from resnext_flops.plots import draw
from resnext_flops.proof.budgets import check, parse_config

BUDGETS = """
[[models]]
model = "torchvision:resnet18"
limits = ["change <= 1%"]

[[models]]
model = "resnet34"
limits = ["change <= 1%"]
"""


class WorkedError(Exception):
    """Something was done before the refusal."""


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "audit": (
        lambda: rf.audit("torchvision:resnet18", counters=["torch", "fvcor"]),
        "unknown convention 'fvcor'; did you mean 'fvcore'",
    ),
    "measure": (
        lambda: rf.measure("torchvision:resnet18", training=True, optimizer="lion", device="cpu"),
        "unknown optimizer 'lion'; known are sgd, adam",
    ),
    "plot": (lambda: draw("stages", ["torchvision:resnet18", "resnet19"]), "unknown model 'resnet19'"),
    "check": (
        lambda: check(parse_config(BUDGETS, Path("budgets.toml")), {"torchvision:resnet18": {"macs": 1}}),
        "the baseline 'budgets.baseline.json' has no 'resnet34'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_comes_before_the_work(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*_: Any, **__: Any) -> None:
        raise WorkedError

    for name in ("module", "real_module"):
        monkeypatch.setattr(Model, name, work)
    monkeypatch.setattr("resnext_flops.machine.measure.probe", work)
    call, sentence = REFUSED[case]
    with pytest.raises(rf.InputError) as error:
        call()
    assert sentence in str(error.value)
