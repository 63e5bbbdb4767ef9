"""What a convolutional network costs, exactly, and what width meets a budget.

>>> import resnext_flops as rf
>>> rf.resnext(50, cardinality=32, width=4).cost().macs
4230479872
>>> [solution.sizes["d"] for solution in rf.solve_width(rf.resnet(50), cardinality=[1, 2, 4, 8, 32])]
[64, 40, 24, 14, 4]

`Ledger` says what the numbers mean. Importing this package loads neither torch nor NumPy; what needs them loads them
when called.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from resnext_flops.needs import tell_what_is_missing
from resnext_flops.show import display

if TYPE_CHECKING:
    from resnext_flops.complexity.entries import Entry
    from resnext_flops.complexity.families.alexnet import alexnet as alexnet
    from resnext_flops.complexity.families.convnext import convnext as convnext
    from resnext_flops.complexity.families.densenet import densenet as densenet
    from resnext_flops.complexity.families.densenet import densenet_cifar as densenet_cifar
    from resnext_flops.complexity.families.efficientnet import efficientnet as efficientnet
    from resnext_flops.complexity.families.efficientnet import efficientnet_v2 as efficientnet_v2
    from resnext_flops.complexity.families.googlenet import googlenet as googlenet
    from resnext_flops.complexity.families.inception import inception_v3 as inception_v3
    from resnext_flops.complexity.families.inception import inception_v4 as inception_v4
    from resnext_flops.complexity.families.inception_resnet import inception_resnet_v2 as inception_resnet_v2
    from resnext_flops.complexity.families.mobilenet import mobilenet_v1 as mobilenet_v1
    from resnext_flops.complexity.families.mobilenet import mobilenet_v2 as mobilenet_v2
    from resnext_flops.complexity.families.mobilenet import mobilenet_v3 as mobilenet_v3
    from resnext_flops.complexity.families.regnet import anynet as anynet
    from resnext_flops.complexity.families.regnet import regnet as regnet
    from resnext_flops.complexity.families.repvgg import repvgg as repvgg
    from resnext_flops.complexity.families.resnet import resnet, resnet_cifar
    from resnext_flops.complexity.families.resnext import resnext, resnext_cifar
    from resnext_flops.complexity.families.senet import se_resnet as se_resnet
    from resnext_flops.complexity.families.senet import se_resnext as se_resnext
    from resnext_flops.complexity.families.senet import senet as senet
    from resnext_flops.complexity.families.vgg import vgg as vgg
    from resnext_flops.complexity.families.wide_resnet import wide_resnet as wide_resnet
    from resnext_flops.complexity.layers import Description
    from resnext_flops.complexity.ledger import Ledger
    from resnext_flops.complexity.names import load, network, save
    from resnext_flops.complexity.network import Network, described, family
    from resnext_flops.counters.audit import audit
    from resnext_flops.counters.count import count
    from resnext_flops.counters.difference import diff
    from resnext_flops.counters.lookup import model
    from resnext_flops.counters.operators import operator
    from resnext_flops.design.compare import compare
    from resnext_flops.design.solve import Solutions, solve, solve_width
    from resnext_flops.design.sweep.sweep import sweep
    from resnext_flops.errors import InputError
    from resnext_flops.machine.measure import measure
    from resnext_flops.proof.identify import identify
    from resnext_flops.proof.references import load_reference_state
    from resnext_flops.proof.rungs import Proof
    from resnext_flops.proof.verify import verify
    from resnext_flops.reports import report

__version__ = "0.1.0"

# Where each public name is defined. Its file is loaded when the name is first asked for, so that importing is quick.
_HOMES = {
    "Description": "complexity.layers",
    "Entry": "complexity.entries",
    "InputError": "errors",
    "Ledger": "complexity.ledger",
    "Network": "complexity.network",
    "Proof": "proof.rungs",
    "Solutions": "design.solve",
    "audit": "counters.audit",
    "compare": "design.compare",
    "count": "counters.count",
    "described": "complexity.network",
    "diff": "counters.difference",
    "family": "complexity.network",
    "identify": "proof.identify",
    "load": "complexity.names",
    "load_reference_state": "proof.references",
    "measure": "machine.measure",
    "model": "counters.lookup",
    "network": "complexity.names",
    "operator": "counters.operators",
    "report": "reports",
    "resnet": "complexity.families.resnet",
    "resnet_cifar": "complexity.families.resnet",
    "resnext": "complexity.families.resnext",
    "resnext_cifar": "complexity.families.resnext",
    "save": "complexity.names",
    "solve": "design.solve",
    "solve_width": "design.solve",
    "sweep": "design.sweep.sweep",
    "verify": "proof.verify",
}


def _presentation() -> display.Presentation:
    """What shows results; it is above them, and loaded when the first is shown."""
    from resnext_flops.tables import presentation

    return presentation


display.presentation = _presentation
tell_what_is_missing()


def __getattr__(name: str) -> Any:
    """A public name, or a family of described networks such as `vgg`."""
    if name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif not name.startswith("_") and name in _families():
        value = _families()[name]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, which are loaded when they are asked for."""
    return sorted({*globals(), *__all__})


def _families() -> Any:
    return import_module(f"{__name__}.complexity.names").families()


__all__ = [
    "Description",
    "Entry",
    "InputError",
    "Ledger",
    "Network",
    "Proof",
    "Solutions",
    "audit",
    "compare",
    "count",
    "described",
    "diff",
    "family",
    "identify",
    "load",
    "load_reference_state",
    "measure",
    "model",
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
]
