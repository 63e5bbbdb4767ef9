"""Networks by name: torchvision's names where they exist, and patterns for whole families.

A name is looked up in full first; `resnext{depth}_{C}x{d}d` then gives every other ResNeXt.
"""

import re

from resnext_flops.errors import unknown
from resnext_flops.network import Network, resnet, resnext

NAMED = {
    **{f"resnet{depth}": lambda depth=depth: resnet(depth) for depth in (18, 34, 50, 101, 152)},
}
LISTED = [*NAMED, "resnext50_32x4d", "resnext101_32x4d", "resnext101_32x8d", "resnext101_64x4d", "resnext152_32x4d"]
RESNEXT = re.compile(r"resnext(\d+)_(\d+)x(\d+)d")


def network(name: str) -> Network:
    """The described network of a name.

    Raises InputError, with the nearest names, for a name that none has.

    >>> network("resnext50_32x4d")
    resnext(50, cardinality=32, width=4)
    >>> network("resnext101_64x4d").cost().macs
    15460270080
    """
    if name in NAMED:
        return NAMED[name]()
    match = RESNEXT.fullmatch(name)
    if match:
        depth, cardinality, width = map(int, match.groups())
        return resnext(depth, cardinality=cardinality, width=width)
    raise unknown("network", name, LISTED)
