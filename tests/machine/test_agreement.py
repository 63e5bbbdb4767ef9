"""Errors beside the floor, and the order of networks, against arithmetic and SciPy's own tau."""

import pytest

import resnext_flops as rf

pytest.importorskip("scipy")

from resnext_flops.complexity.profile import profile
from resnext_flops.machine.agreement import Held, hold, order, summary
from resnext_flops.machine.session import REFERENCE
from resnext_flops.show.render import to_text
from resnext_flops.tables.calibration import held_models, summaries
from tests.machine.synthetic import Synthetic, seconds_of


def test_models_are_measured_twice_and_predicted() -> None:
    small, large = rf.resnet(18), rf.resnet(34)
    asked: list[str] = []
    machine = Synthetic(models=1)
    found = hold([small, large], machine.session(), profile("rtx3090"), 2.0, lambda name, *_: asked.append(name))
    assert asked == ["resnet(18)", "resnet(34)"] * 2
    for each, network in zip(found, (small, large), strict=True):
        # The reference takes two seconds in the profile's session, whatever it takes in this one.
        expected = 2.0 * seconds_of(network) / seconds_of(REFERENCE)
        assert list(each.measured) == pytest.approx([expected, expected])


def test_errors_and_the_floor() -> None:
    held = [Held("a", 1.2, (1.0, 1.0)), Held("b", 0.9, (0.8, 1.2)), Held("c", 3.0, (2.0, 2.2)), Held("d", 1.05, (1, 1))]
    # Means 1, 1, 2.1 and 1: errors 0.2, -0.1, 0.43 and 0.05; measured again 0, 0.5, 0.1 and 0.
    assert [each.error for each in held] == pytest.approx([0.2, -0.1, 3 / 2.1 - 1, 0.05])
    found = summary(held)
    assert [*found] == pytest.approx([4, 0.15, 0.5, 0.05, 0.75])


def test_the_order_of_networks() -> None:
    def of(*predicted: float) -> list[Held]:
        return [Held(str(place), each, (place, place)) for place, each in enumerate(predicted, start=1)]

    reverse = order(of(5, 4, 3, 2, 1))
    assert (reverse.tau, reverse.low, reverse.high) == pytest.approx((-1, -1, -1))
    # Of the ten pairs of five, one is in the other order: (9 - 1) / 10.
    one = order(of(2, 1, 3, 4, 5))
    assert one.tau == pytest.approx(0.8)
    assert one.low < 0.8 < one.high


def test_tables() -> None:
    held = [Held("a", 0.0011, (0.001, 0.001)), Held("b", 0.002, (0.002, 0.0021))]
    # (1 + 1) / 2 = 1 and (2 + 2.1) / 2 = 2.05 milliseconds: 10 percent too much, and 1 - 2 / 2.05 too little.
    text = to_text(held_models(held, "x", "X"))
    assert "10.00 %" in text
    assert "-2.44 %" in text
    text = to_text(summaries(summary(held)))
    assert "measured again: the floor" in text
    assert "6.22 %" in text  # the median of 10 and 2.44
    assert "2.50 %" in text  # the median of 0 and 5
