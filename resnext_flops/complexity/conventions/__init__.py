"""Counting conventions: named rules from the entries of a ledger to the number that a counter gives.

A convention says what it counts in one sentence, in which unit, and where the rule was read. What a rule does not name
counts zero in that counter; that is a fact about the counter, not about the network. Each rule is that of the counter
run on a CPU, in evaluation mode, on a batch of one, and called as its README says. Where gradients are on then, and the
figure is another under `torch.no_grad`, that is a convention of its own, and a variant of the first.

One file a counter; its docstring says what is peculiar about it. `convention.py` has what a convention is and the
registry, `calls.py` the calls that modules and functions make, `vocabulary.py` the names that rules share. A rule knows
entries and traces, which are plain data; torch and NumPy are not needed.
"""

from collections.abc import Callable

from resnext_flops.complexity.conventions import (
    calflops,
    deepspeed,
    flopth,
    fvcore,
    imgclsmob,
    mmcv,
    paddle,
    paper,
    ptflops,
    pycls,
    thop,
    timm,
    torch_flop_counter,
    torch_flops,
    torchinfo,
    torchmeter,
    torchprofile,
    torchvision,
    ultralytics_thop,
)
from resnext_flops.complexity.conventions.convention import REGISTERED, Convention
from resnext_flops.errors import checked, known_name

__all__ = [
    "CONVENTIONS",
    "Convention",
    "calflops",
    "convention",
    "deepspeed",
    "distinct",
    "flopth",
    "fvcore",
    "imgclsmob",
    "mmcv",
    "paddle",
    "paper",
    "ptflops",
    "pycls",
    "thop",
    "timm",
    "torch_flop_counter",
    "torch_flops",
    "torchinfo",
    "torchmeter",
    "torchprofile",
    "torchvision",
    "ultralytics_thop",
]

# As they are shown: what looks at layers, at operators, at calls of modules, at calls of functions.
ORDER = (
    "paper",
    "torchvision",
    "pycls",
    "pycls-2020",
    "paddle",
    "mmcv",
    "mmcv-1.2",
    "imgclsmob",
    "imgclsmob-global",
    "fvcore",
    "fvcore-no-grad",
    "fvcore-training",
    "timm",
    "torch",
    "torch-no-grad",
    "ptflops-aten",
    "ptflops-aten-no-grad",
    "torchprofile",
    "thop",
    "thop-2019",
    "ultralytics-thop",
    "torchinfo",
    "flopth",
    "torchmeter",
    "torch-flops",
    "ptflops-pytorch",
    "calflops",
    "calflops-no-grad",
    "calflops-macs",
    "calflops-macs-no-grad",
    "deepspeed",
)
CONVENTIONS = {name: REGISTERED[name] for name in ORDER}


@checked
def convention(name: str) -> Convention:
    """The convention of a name. Raises InputError, with the nearest names, where there is none.

    >>> convention("fvcore").unit
    'MAC'
    """
    return CONVENTIONS[known_name("convention", name, CONVENTIONS)]


def distinct(total: Callable[[str], object]) -> list[str]:
    """The names of all conventions, without the variants whose figure is that of what they are a variant of.

    total: the figure of a convention, by its name.

    >>> import resnext_flops as rf
    >>> "fvcore-no-grad" in distinct(rf.resnet(50).cost().total)
    False
    """
    return [name for name, rule in CONVENTIONS.items() if not rule.variant_of or total(name) != total(rule.variant_of)]
