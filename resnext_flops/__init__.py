"""What a convolutional network costs, exactly, and what width meets a budget.

>>> import resnext_flops as rf
>>> rf.resnext(50, cardinality=32, width=4).cost().macs
4230479872
>>> [solution.width for solution in rf.solve_width(rf.resnet(50), cardinality=[1, 2, 4, 8, 32])]
[64, 40, 24, 14, 4]

Multiply-adds are those of convolutions and fully-connected layers (what the ResNeXt paper calls FLOPs), for one
example. Importing this package loads neither torch nor NumPy; what needs them loads them when called.
"""

from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.layers import Description
from resnext_flops.complexity.ledger import Entry, Ledger
from resnext_flops.errors import InputError
from resnext_flops.models import load, network, save
from resnext_flops.network import Network, described, resnet, resnet_cifar, resnext, resnext_cifar, wide_resnet
from resnext_flops.proof import Proof, Rung
from resnext_flops.references import load_reference_state
from resnext_flops.solve import WidthSolution, solve_width
from resnext_flops.verify import verify

if TYPE_CHECKING:
    from resnext_flops.measuring import Measured, Measurement, measure

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
    "WidthSolution",
    "described",
    "load",
    "load_reference_state",
    "measure",
    "network",
    "resnet",
    "resnet_cifar",
    "resnext",
    "resnext_cifar",
    "save",
    "solve_width",
    "verify",
    "wide_resnet",
]


def __getattr__(name: str) -> Any:
    """What measures real models is rarely needed, and loaded when it is asked for."""
    if name not in ("Measured", "Measurement", "measure"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from resnext_flops import measuring

    return getattr(measuring, name)
