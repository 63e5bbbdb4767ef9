"""The cases, a file for each kind of thing that networks are made of."""

from resnext_flops.proof.conformance.case import Case

CASES: tuple[Case, ...] = ()
