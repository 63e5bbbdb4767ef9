"""The cases, a file for each kind of thing that networks are made of."""

from resnext_flops.proof.conformance.case import Case
from resnext_flops.proof.conformance.cases import (
    attention,
    convolutions,
    elements,
    products,
    quantized,
    recurrent,
    structure,
    training,
)

FILES = (convolutions, products, attention, recurrent, training, structure, quantized, elements)

CASES: tuple[Case, ...] = tuple(case for file in FILES for case in file.CASES)
