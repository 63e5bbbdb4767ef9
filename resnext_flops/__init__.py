"""What a convolutional network costs, exactly, and what width meets a budget.

>>> import resnext_flops as rf
>>> rf.resnext(50, cardinality=32, width=4).cost().macs
4230479872
>>> [solution.width for solution in rf.solve_width(rf.resnet(50), cardinality=[1, 2, 4, 8, 32])]
[64, 40, 24, 14, 4]

Multiply-adds are those of convolutions and fully-connected layers (what the ResNeXt paper calls FLOPs), for one
example. Importing this package loads neither torch nor NumPy; what needs them loads them when called.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.layers import Description
from resnext_flops.complexity.ledger import Entry, Ledger
from resnext_flops.complexity.names import load, network, save
from resnext_flops.complexity.network import (
    Network,
    described,
    family,
    resnet,
    resnet_cifar,
    resnext,
    resnext_cifar,
    wide_resnet,
)
from resnext_flops.design.solve import Solution, Solutions, WidthSolution, solve, solve_width
from resnext_flops.errors import InputError
from resnext_flops.proof.rungs import Proof, Rung
from resnext_flops.proof.verify import verify
from resnext_flops.show import display

if TYPE_CHECKING:
    from resnext_flops.complexity.convolutional import (
        alexnet,
        googlenet,
        inception_resnet_v2,
        inception_v3,
        inception_v4,
        vgg,
    )
    from resnext_flops.counters.audit import audit
    from resnext_flops.counters.count import count
    from resnext_flops.counters.difference import diff
    from resnext_flops.counters.operators import operator
    from resnext_flops.design.sweep.sweep import sweep
    from resnext_flops.machine.measure import Measured, Measurement, measure
    from resnext_flops.proof.identify import identify
    from resnext_flops.proof.references import load_reference_state
    from resnext_flops.reports import report

# Public names whose modules are loaded when the name is first asked for, so that importing the package stays quick.
_LATER = {
    "Measured": "machine.measure",
    "Measurement": "machine.measure",
    "measure": "machine.measure",
    "audit": "counters.audit",
    "operator": "counters.operators",
    "alexnet": "complexity.convolutional",
    "googlenet": "complexity.convolutional",
    "inception_resnet_v2": "complexity.convolutional",
    "inception_v3": "complexity.convolutional",
    "inception_v4": "complexity.convolutional",
    "vgg": "complexity.convolutional",
    "count": "counters.count",
    "diff": "counters.difference",
    "identify": "proof.identify",
    "load_reference_state": "proof.references",
    "report": "reports",
    "sweep": "design.sweep.sweep",
}


def _presentation() -> display.Presentation:
    """What shows results; it is above them, and loaded when the first is shown."""
    from resnext_flops.tables import results

    return results


display.presentation = _presentation


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return value


__version__ = "0.1.0"

__all__ = [
    "Description",
    "Entry",
    "InputError",
    "Ledger",
    "Measured",
    "Measurement",
    "Network",
    "Proof",
    "Rung",
    "Solution",
    "Solutions",
    "WidthSolution",
    "alexnet",
    "audit",
    "count",
    "described",
    "diff",
    "family",
    "googlenet",
    "identify",
    "inception_resnet_v2",
    "inception_v3",
    "inception_v4",
    "load",
    "load_reference_state",
    "measure",
    "network",
    "operator",
    "report",
    "resnet",
    "resnet_cifar",
    "resnext",
    "resnext_cifar",
    "save",
    "solve",
    "solve_width",
    "sweep",
    "verify",
    "vgg",
    "wide_resnet",
]
