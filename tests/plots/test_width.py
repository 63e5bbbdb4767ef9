"""The picture of Table 2 shows the widths of the template table and the paper's own."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.plots.width import exact_widths, width
from resnext_flops.published import published
from resnext_flops.tables.paper import template


@pytest.mark.parametrize(("panel", "scope"), [(0, "block"), (1, "network")])
def test_drawn_widths_are_those_of_the_template_table(panel: int, scope: str) -> None:
    curve, dots, paper = width()[panel].lines
    exact = dict(curve.get_xydata().tolist())  # type: ignore[union-attr]
    nearest = dict(dots.get_xydata().tolist())  # type: ignore[union-attr]
    for row in template(rf.resnet(50), range(1, 65), scope).rows:
        assert exact[row["cardinality"]] == row["real_width"]
        assert nearest[row["cardinality"]] == row["width"]
    table = published("resnext")["table_2"]
    assert list(paper.get_xdata()) == table["cardinality"]
    assert list(paper.get_ydata()) == table["width"]


@given(st.fractions(1, 64, max_denominator=32))
def test_the_curve_solves_equation_4(cardinality: Fraction) -> None:
    # Eqn. 4 of the paper, C (256 d + 9 d^2 + 256 d), and ResNet-50's block of 69632 weights.
    (solution,) = rf.solve_width(rf.resnet(50), [1])
    (d,) = exact_widths(solution, [cardinality])
    assert float(cardinality) * (512 * d + 9 * d * d) == pytest.approx(69632, rel=1e-12)
