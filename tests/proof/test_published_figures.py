"""Rung 4: every printed figure of a described network is met, and a wrong one is noticed."""

from decimal import Decimal

import pytest

import resnext_flops as rf
from resnext_flops.proof import published
from resnext_flops.proof.published import Figure, figures
from resnext_flops.proof.verify import compare_printed


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: f"{figure.network} {figure}")
def test_every_printed_figure_is_met(figure: Figure) -> None:
    rung = compare_printed(rf.network(figure.network))
    assert rung.holds, str(rung)


@pytest.mark.parametrize(
    ("printed", "approximate", "holds"),
    [("25.5e6", False, True), ("25.4e6", False, False), ("26e6", True, True), ("24e6", True, False)],
)
def test_a_wrong_figure_is_noticed(
    printed: str, approximate: bool, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = Figure("resnet(50)", "params", Decimal(printed), "a paper", approximate)
    monkeypatch.setattr(published, "figures", lambda: (figure,))
    rung = compare_printed(rf.resnet(50))
    assert rung.holds == holds
    assert rung.fails != holds


def test_an_explained_figure_may_differ_but_not_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    for printed, holds in (("30e6", True), ("25.5e6", False)):
        figure = Figure("resnet(50)", "params", Decimal(printed), "a paper", explanation="a misprint")
        monkeypatch.setattr(published, "figures", lambda figure=figure: (figure,))
        rung = compare_printed(rf.resnet(50))
        assert rung.holds == holds
        assert "a misprint" in rung.against
        assert (rung.result == "equal, but for 1 explained") == holds


def test_a_figure_of_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    # The fully-connected layer: 2048 x 1000 multiply-adds.
    for printed, holds in (("2.05e6", True), ("2.06e6", False)):
        figure = Figure("resnet(50)", "macs", Decimal(printed), "a paper", part="head")
        monkeypatch.setattr(published, "figures", lambda figure=figure: (figure,))
        assert compare_printed(rf.resnet(50)).holds == holds


def test_a_network_without_printed_figures_says_so() -> None:
    rung = compare_printed(rf.resnet(50, classes=7))
    assert not rung.holds
    assert not rung.fails
    assert rung.missing == "no paper at hand prints a figure for it"
