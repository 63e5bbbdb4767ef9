"""Scopes: the part of a network whose cost is meant, from one block to everything.

`block` is the template block, the one that the paper's Table 2 and Eqn. 4 cost; `stage` is the stage that holds it;
`network` is everything. The path of a stage, block or layer, such as `conv3`, is a scope as well.
"""

from resnext_flops.complexity.cost import walk_ledger
from resnext_flops.complexity.layers import Description, Repeat, Sequential, Shape, stages, walk
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.errors import InputError, unknown

SCOPES = ("block", "stage", "network")


def scoped(description: Description, scope: str, name: str = "") -> Ledger:
    """The cost of one scope of a network. name: of the network, for the ledger of all of it.

    Raises InputError for a scope that the network does not have.

    >>> import resnext_flops as rf
    >>> [scoped(rf.resnet(50).description, scope).weights for scope in ("block", "stage", "conv2", "network")]
    [69632, 212992, 212992, 25502912]
    """
    if scope == "block":
        return template_block(description)
    if scope == "network":
        return walk_ledger(walk(description.body, description.input, collapse=True), name)
    whole = walk_ledger(walk(description.body, description.input))
    path = _template(description)[0] if scope == "stage" else scope
    try:
        return whole.stage(path)
    except KeyError:
        raise unknown("scope", scope, [*SCOPES, *(name for name, *_ in stages(description))]) from None


def template_block(description: Description) -> Ledger:
    """The cost of the block with an identity shortcut in the first stage: the block of the paper's Table 2.

    Raises InputError for a network without repeated blocks.

    >>> import resnext_flops as rf
    >>> template_block(rf.resnet(50).description).weights == 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256
    True
    """
    _, stage, shape = _template(description)
    return walk_ledger(walk(stage.body, shape))


def _template(description: Description) -> tuple[str, Repeat, Shape]:
    """The name, the repeated block and the shape of the first stage that has one."""
    for name, stage, _, output in stages(description):
        for _, part in stage.children if isinstance(stage, Sequential) else ():
            if isinstance(part, Repeat):
                return name, part, output
    raise InputError("a network without repeated blocks has no template")
