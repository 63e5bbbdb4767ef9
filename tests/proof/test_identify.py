"""Printed figures are read with their last digit."""

import pytest

import resnext_flops as rf
from resnext_flops.proof.published import parse_figure

# What a figure is: its digits and its exponent, so that its last digit is kept.
PRINTED = {
    "4.12G": (412, 7),
    "4.10G": (410, 7),
    "25.6 M": (256, 5),
    "~3.8 B": (38, 8),
    "3.8e9": (38, 8),
    "7K": (7, 3),
    "4.1 GFLOPs": (41, 8),
    "4.1GiFLOPs": (41, 8),
    "4.1KiFLOPs": (41, 2),
    "4.1 GMACs": (41, 8),
    "4,089,184,256": (4_089_184_256, 0),
    "4_089": (4089, 0),
    "4.1 MACs": (41, -1),
}


@pytest.mark.parametrize("text", PRINTED)
def test_a_figure_keeps_its_last_digit(text: str) -> None:
    digits, exponent = PRINTED[text]
    _, found, power = parse_figure(text).as_tuple()
    assert (int("".join(map(str, found))), power) == (digits, exponent)


@pytest.mark.parametrize("text", ["four", "", "-3", "4.1Gi", "4GG", "2k 3", "1e999", "4.1 X"])
def test_what_is_no_figure(text: str) -> None:
    with pytest.raises(rf.InputError, match="cannot be read; write it as"):
        parse_figure(text)


def test_a_figure_is_a_text() -> None:
    with pytest.raises(rf.InputError, match="give it as a text, as it is printed"):
        rf.identify("resnet50", 3.8e9)  # type: ignore[arg-type]
