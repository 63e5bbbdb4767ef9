"""Counting conventions: named rules from a ledger entry to the number that a counter gives it.

A convention says what it counts in one sentence, in which unit, and where the rule was read. What a rule does not name
counts zero in that counter; that is a fact about the counter, not about the network.
"""

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from resnext_flops.complexity.layers import Size
from resnext_flops.errors import unknown

if TYPE_CHECKING:
    from resnext_flops.complexity.ledger import Entry


class Convention(NamedTuple):
    """A rule from an entry to a number. `unit` is what one multiply-add counts as: `MAC` is 1, `FLOP` is 2.

    With `training` the model is in training mode, and what runs in training only counts too.
    """

    name: str
    unit: str
    counts: str
    source: str
    rule: "Callable[[Entry], Size]"
    training: bool = False


def _paper(entry: "Entry") -> Size:
    return entry.macs


def fvcore_extra(entry: "Entry") -> Size:
    """What fvcore counts besides multiply-adds: 2 an element of batch norm's input, 1 of adaptive average pool's.

    >>> from resnext_flops.complexity.ledger import Entry
    >>> fvcore_extra(Entry("norm", "batch norm", ((64, 56, 56),), (64, 56, 56))) == 2 * 64 * 56 * 56
    True
    """
    factor = {"batch norm": 2, "global average pool": 1, "adaptive average pool": 1}.get(entry.kind, 0)
    return factor * prod(entry.inputs[0])


def _fvcore(entry: "Entry") -> Size:
    return entry.macs + fvcore_extra(entry)


def _fvcore_training(entry: "Entry") -> Size:
    # In training fvcore counts batch norm as any other affine norm.
    return 5 * prod(entry.inputs[0]) if entry.kind == "batch norm" else _fvcore(entry)


CONVENTIONS = {
    each.name: each
    for each in (
        Convention(
            "paper",
            "MAC",
            "multiply-adds of convolutions and fully-connected layers; biases and everything else are free",
            "Xie et al., arXiv:1611.05431v2, Table 1 ('FLOPs') and Table 2",
            _paper,
        ),
        Convention(
            "fvcore",
            "MAC",
            "multiply-adds of convolutions and fully-connected layers, no biases; batch norm in evaluation mode 2 and "
            "adaptive average pooling 1 an input element",
            "fvcore 0.1.5.post20221221, fvcore/nn/jit_handles.py",
            _fvcore,
        ),
        Convention(
            "fvcore-training",
            "MAC",
            "as fvcore, in training mode: batch norm 5 an input element, and the layers of auxiliary heads",
            "fvcore 0.1.5.post20221221, fvcore/nn/jit_handles.py (batchnorm_flop_jit)",
            _fvcore_training,
            training=True,
        ),
    )
}


def convention(name: str) -> Convention:
    """The convention of a name. Raises InputError, with the nearest names, where there is none.

    >>> convention("fvcore").unit
    'MAC'
    """
    if name not in CONVENTIONS:
        raise unknown("convention", name, CONVENTIONS)
    return CONVENTIONS[name]
