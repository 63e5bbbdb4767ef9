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

from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Description
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.errors import InputError
from resnext_flops.models import load, network, save
from resnext_flops.network import (
    Network,
    described,
    family,
    resnet,
    resnet_cifar,
    resnext,
    resnext_cifar,
    wide_resnet,
)
from resnext_flops.proof import Proof, Rung
from resnext_flops.solve import Solution, Solutions, WidthSolution, solve, solve_width
from resnext_flops.verify import verify

if TYPE_CHECKING:
    from resnext_flops.auditing import audit
    from resnext_flops.complexity.counters.operators import operator
    from resnext_flops.convolutional import (
        alexnet,
        googlenet,
        inception_resnet_v2,
        inception_v3,
        inception_v4,
        vgg,
    )
    from resnext_flops.counting import count
    from resnext_flops.difference import diff
    from resnext_flops.identification import identify
    from resnext_flops.measuring import Measured, Measurement, measure
    from resnext_flops.references import load_reference_state
    from resnext_flops.reports import report
    from resnext_flops.sweeping.sweep import sweep

# Public names whose modules are loaded when the name is first asked for, so that importing the package stays quick.
_LATER = {
    "Measured": "measuring",
    "Measurement": "measuring",
    "measure": "measuring",
    "audit": "auditing",
    "operator": "complexity.counters.operators",
    "alexnet": "convolutional",
    "googlenet": "convolutional",
    "inception_resnet_v2": "convolutional",
    "inception_v3": "convolutional",
    "inception_v4": "convolutional",
    "vgg": "convolutional",
    "count": "counting",
    "diff": "difference",
    "identify": "identification",
    "load_reference_state": "references",
    "report": "reports",
    "sweep": "sweeping.sweep",
}


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
