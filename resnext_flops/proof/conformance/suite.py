"""All cases by their names: those of every group, and those of the faults that others reported."""

from collections.abc import Mapping
from functools import cache

from resnext_flops.proof.conformance.case import Case
from resnext_flops.proof.conformance.cases import CASES
from resnext_flops.proof.conformance.cases.reported import REPORTED


@cache
def every_case() -> Mapping[str, Case]:
    """All cases by their names.

    >>> every_case()["reported/linear-with-tokens"].macs
    240
    """
    return {case.name: case for case in (*CASES, *(fault.case for fault in REPORTED))}
