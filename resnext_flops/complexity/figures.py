"""The figures of a network by name: what a ledger adds up, and the total of every convention."""

from collections.abc import Mapping

from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.errors import unknown

# What a ledger adds up, in words: its attributes, which `Ledger` explains.
FIGURES: Mapping[str, str] = {
    "params": "parameters",
    "weights": "weights of convolutions and fully-connected layers",
    "macs": "multiply-adds",
    "activations": "activations",
}
# Those that are of one example, so that several have several times as much.
BATCHED = ("macs", "activations")
# Bytes of tensors: the attribute of `Memory` that each is. What an allocator keeps besides is not counted.
BYTES: Mapping[str, str] = {"training_bytes": "training", "inference_bytes": "inference"}
BYTES_IN_WORDS = {"training_bytes": "bytes of tensors in training", "inference_bytes": "bytes of tensors at inference"}
# Maxima, which are no polynomials of the sizes.
PIECEWISE = ("inference_bytes",)
# The figures that networks are compared by.
COMMON = ("params", "macs", "activations")


def figure(ledger: Ledger, name: str) -> Size:
    """A figure of a ledger: one of `FIGURES`, or the total of a convention.

    Raises InputError for a figure that does not exist.

    >>> import resnext_flops as rf
    >>> figure(rf.resnet(50).cost(), "params"), figure(rf.resnet(50).cost(), "fvcore")
    (25557032, 4111512576)
    """
    figure_name(name)
    return getattr(ledger, name) if name in FIGURES else ledger.total(name)


def figures(ledger: Ledger) -> dict[str, Size]:
    """What a ledger adds up, by name.

    >>> import resnext_flops as rf
    >>> figures(rf.resnet(18).cost())["params"]
    11689512
    """
    return {name: figure(ledger, name) for name in FIGURES}


def figure_name(name: str) -> str:
    """A figure in words. Raises InputError, with the nearest names, for one that does not exist.

    >>> figure_name("macs"), figure_name("fvcore")
    ('multiply-adds', "MACs by fvcore's rules")
    """
    if name in FIGURES:
        return FIGURES[name]
    if name in BYTES:
        return BYTES_IN_WORDS[name]
    from resnext_flops.complexity.conventions import CONVENTIONS

    if name not in CONVENTIONS:
        raise unknown("figure", name, [*FIGURES, *BYTES, *CONVENTIONS])
    return f"{CONVENTIONS[name].unit}s by {name}'s rules"


def expression_names() -> dict[str, str]:
    """Every figure by its name in expressions, where a convention has _ in the place of -.

    >>> expression_names()["fvcore_training"]
    'fvcore-training'
    """
    from resnext_flops.complexity.conventions import CONVENTIONS

    return {name.replace("-", "_"): name for name in (*FIGURES, *BYTES, *CONVENTIONS)}
