"""Results show themselves: as text at a prompt, in a terminal, as HTML in a notebook, and formulas in LaTeX."""

import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from docutils.utils.math.latex2mathml import tex2mathml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from sympy import symbols

import resnext_flops as rf
from resnext_flops.complexity.layers import Conv, Sequential
from resnext_flops.show.display import html
from resnext_flops.tables.presentation import tables

TINY = rf.Description((3, 8, 8), Sequential.of(conv=Conv(4, 3)))
WEIGHTS = 3 * 3 * 3 * 4  # of TINY: its kernel and its channels
MACS = WEIGHTS * 6 * 6  # one a weight at each place of the map of 6 x 6


def widths() -> rf.Solutions:
    return rf.solve(rf.resnext(50), "d", like=rf.resnet(50), figure="weights", scope="block", given={"C": [1, 2]})


@cache
def results() -> dict[str, Any]:
    tiny = rf.described(TINY, "tiny")
    wider = rf.described(rf.Description((3, 8, 8), Sequential.of(conv=Conv(5, 3))), "wider")
    measurement = rf.measure(tiny, device="cpu", precision=1.0, seconds=0.1)
    return {
        "ledger": tiny.cost(),
        "solutions": widths(),
        "audit": rf.audit(tiny, run=False),
        "difference": rf.diff(tiny, wider),
        "memory": tiny.memory(batch=2),
        "proof": rf.verify(tiny, device="cpu"),
        "measurement": measurement,
        "measured": measurement.models[0],
    }


AS_TABLES = ["solutions", "audit", "difference", "memory", "measurement", "measured"]
ALL = ["ledger", "proof", *AS_TABLES]


class Read(HTMLParser):
    """The texts of a page, and a check that every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":  # it holds nothing, so it is not closed
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("name", ALL)
def test_html_has_every_title_and_closes_every_element(name: str) -> None:
    texts = Read(results()[name]._repr_html_()).texts
    for table in tables(results()[name]):
        assert table.title in texts
        assert table.rows


@pytest.mark.parametrize("name", AS_TABLES)
def test_the_text_at_a_prompt_is_the_table(name: str) -> None:
    for table in tables(results()[name]):
        assert table.title in repr(results()[name]).splitlines()


@pytest.mark.parametrize("name", ALL)
def test_a_terminal_of_eighty_columns_holds_every_table(name: str) -> None:
    console = Console(width=80, record=True)
    console.print(results()[name])
    assert max(map(len, console.export_text().splitlines())) <= 80


def test_the_figures_are_shown_exactly() -> None:
    assert f"{MACS:,}" in Read(results()["ledger"]._repr_html_()).texts
    assert f"learned tensors {4 * WEIGHTS:,}" in re.sub(r" +", " ", repr(results()["memory"]))
    assert f"our multiply-adds {MACS:,}" in re.sub(r" +", " ", repr(results()["audit"]))


@given(st.text(alphabet="<>&\"'|$\\abc", min_size=1, max_size=12))
def test_a_name_with_markup_is_escaped(name: str) -> None:
    page = html(rf.described(TINY, name).cost())
    assert f"{name} on 3x8x8" in "".join(Read(page).texts)


def test_solutions_are_a_list() -> None:
    found = widths()
    assert found == list(found)
    assert [solution.sizes["d"] for solution in found] == [64, 40]  # Table 2 of the paper
    assert found[1:] == [found[1]]
    assert found.reference == rf.resnet(50)
    assert repr(rf.solve(rf.resnext(50), "d", budget=4e9, given={"C": []})) == "[]"


def test_the_mathematics_can_be_typeset() -> None:
    found = widths()
    # At C = 2 Eqn. 4 gives 2 (512 d + 9 d^2) = 69,760 at d = 40, which is 128 of 69,632 more.
    assert 2 * (512 * 40 + 9 * 40 * 40) == 69_760
    assert found[1].latex().endswith(r"d = 40,\quad \text{weights} = 69{,}760\ (+0.18\,\%)")
    C, d = symbols("C d", positive=True, integer=True)  # noqa: N806 -- the paper's name
    form = rf.resnext(50).closed_form(C=C, d=d)
    shown: Any
    for shown in (form, *found, found):
        assert tex2mathml(shown._repr_latex_().strip("$")).startswith("<math")


def test_a_lower_bound_says_so_wherever_it_is_shown() -> None:
    import torch
    from torch import nn

    class Odd(nn.Module):
        def forward(self, given: torch.Tensor) -> Any:
            return torch.linalg.det(given)

    ledger = rf.count(Odd(), (1, 3, 3))
    assert ledger.lower_bound
    assert "LOWER BOUND" in html(ledger)
