"""A ledger as a table: its cost by stage, block or layer."""

from fractions import Fraction

from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.show.table import Cell, Column, Table

MEANING = (
    "Multiply-adds are those of convolutions and fully-connected layers, for one example; weights are theirs, without "
    "biases; params is every learned element."
)


def meaning(ledger: Ledger) -> str:
    """What the figures of a ledger are, and of how much input.

    >>> from resnext_flops.complexity.network import resnet
    >>> meaning(resnet(50).cost()) == MEANING
    True
    """
    if ledger.trace is None:
        return MEANING
    products = MEANING.replace("convolutions and fully-connected layers", "convolutions and all matrix products")
    return products if ledger.trace.one else products.replace("one example", "the whole input")


def breakdown(ledger: Ledger, levels: int = 1) -> Table:
    """The cost of each part of a ledger, `levels` names deep (1 is the stages), and the total.

    >>> from resnext_flops.complexity.network import resnet
    >>> [row["part"] for row in breakdown(resnet(50).cost()).rows]
    ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'head', 'total']
    """
    names = dict.fromkeys(".".join(entry.path.split(".")[:levels]) for entry in ledger)
    rows = [_row(name, ledger.stage(name), ledger.macs) for name in names]
    columns = (
        Column("part", "part"),
        Column("output", "output", rank=2),
        Column("layers", "layers", rank=4),
        Column("params", "params"),
        Column("weights", "weights", rank=3),
        Column("macs", "multiply-adds"),
        Column("share", "share of\nmultiply-adds", rank=1),
        Column("activations", "activations", rank=1),
    )
    title = f"{ledger.name or 'a part'} on {show(ledger.input)}"
    return Table("breakdown", title, "", columns, [*rows, _row("total", ledger, ledger.macs)], (meaning(ledger),))


def _row(name: str, part: Ledger, whole: int) -> dict[str, Cell]:
    return {
        "part": name,
        "output": show(part.entries[-1].output),
        "layers": len(part),
        "params": part.params,
        "weights": part.weights,
        "macs": part.macs,
        "share": Fraction(part.macs, whole) if whole else None,
        "activations": part.activations,
    }
