"""What every reading of a printed figure is made of: exact integers of one form of a model on one input."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from math import prod
from typing import NamedTuple

from resnext_flops.complexity.conventions import CONVENTIONS, fvcore, pycls, timm
from resnext_flops.complexity.conventions.convention import Run
from resnext_flops.complexity.conventions.vocabulary import AVERAGE_KINDS, LAYER_KINDS, NORM_KINDS, averages_image
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.errors import InputError

# What is counted besides the conventions: convolutions alone, and some rules with other averages over the image.
CONVOLUTIONS = "convolutions"
COUNTING_POOLS = {"fvcore", "timm", "mmcv", "mmcv-1.2"}
BLIND_TO_MEANS = {"fvcore", "timm"}
# What may come behind a classifier: a mean of several heads is a sum and a quotient.
BEHIND_A_HEAD = {"flatten", "dropout", "identity", "softmax", "sum", "add", "div", "mean"}
AVERAGES = AVERAGE_KINDS | {"mean"}
WITHOUT_POOLS, WITH_MEANS = " without pools", " with means as pools"


class Head(NamedTuple):
    """The classifier: the last layer with weights, if what it puts out are the classes.

    heads: how many there are, such as two in a distilled transformer. features: what each takes. bias: 1 or 0.
    """

    heads: int
    classes: int
    features: int
    bias: int

    def macs(self, classes: int) -> int:
        """Its multiply-adds with so many classes."""
        return self.heads * classes * self.features

    def params(self, classes: int) -> int:
        """Its parameters with so many classes."""
        return self.heads * classes * (self.features + self.bias)


class Facts(NamedTuple):
    """Exact integers of one run.

    operations: the figure of every convention that answers, by its name.
    activations: by the rule.
    params: by what is counted.
    head: None where the model has none.
    """

    operations: Mapping[str, int]
    activations: Mapping[str, int]
    params: Mapping[str, int]
    head: Head | None


# All conventions but torchvision's, whose rule is the paper's.
DIFFERENT = tuple(name for name in CONVENTIONS if name != "torchvision")


def facts(ledger: Ledger, conventions: Iterable[str] = DIFFERENT) -> Facts:
    """The facts of a ledger, with the figures of some conventions.

    >>> import resnext_flops as rf
    >>> found = facts(rf.resnet(50).cost())
    >>> found.operations["fvcore"], found.head
    (4111512576, Head(heads=1, classes=1000, features=2048, bias=1))
    >>> found.params["all"] - found.params["without norms"]
    53120
    """
    run = Run(ledger.entries, ledger.trace)
    return Facts(_operations(ledger, conventions), _activations(ledger, run), _params(ledger), _head(ledger.entries))


def _operations(ledger: Ledger, conventions: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in conventions:
        with suppress(InputError):  # it needs more than a description has
            figure = int(ledger.total(name))
            if figure != found.get(CONVENTIONS[name].variant_of):
                found[name] = figure
    found[CONVOLUTIONS] = sum(int(each.macs * each.times) for each in _running(ledger) if "conv" in each.kind)
    means = sum(
        prod(each.inputs[0]) * int(each.times)
        for each in _running(ledger)
        if each.kind not in AVERAGE_KINDS and averages_image(each)
    )
    for name in COUNTING_POOLS & found.keys():
        if pools := sum(int(figure) for (kind, _), figure in ledger.terms(name).items() if kind in AVERAGES):
            found[f"{name}{WITHOUT_POOLS}"] = found[name] - pools
        if means and name in BLIND_TO_MEANS:
            found[f"{name}{WITH_MEANS}"] = found[name] + means
    return found


def _activations(ledger: Ledger, run: Run) -> dict[str, int]:
    return {
        "activations": int(ledger.activations),
        "pycls": int(pycls.activations(run)),
        "fvcore": int(fvcore.activations(run)),
        "timm": int(timm.activations(run)),
    }


def _running(ledger: Ledger) -> Iterator[Entry]:
    return (entry for entry in ledger.entries if not entry.training_only)


def _params(ledger: Ledger) -> dict[str, int]:
    norms = sum(int(each.params * each.times) for each in ledger.entries if each.kind in NORM_KINDS)
    biases = sum(int(each.biases * each.times) for each in ledger.entries if each.kind in LAYER_KINDS)
    channels = sum(
        int(each.output[0] * each.times) for each in ledger.entries if each.kind == "batch norm" and each.params
    )
    whole = int(ledger.params)
    # Not in a layer are the learned positions, the class token, and the scales of layers.
    layers = sum(int(each.params * each.times) for each in ledger.entries if each.kind in LAYER_KINDS | NORM_KINDS)
    return {
        "all": whole,
        "weights": int(ledger.weights),
        "without norms": whole - norms,
        "without biases": whole - biases,
        "of layers": layers,
        "with statistics": whole + 2 * channels,
        "of layers with statistics": layers + 2 * channels,
        "with statistics, without scales": whole + channels,
    }


def _head(entries: tuple[Entry, ...]) -> Head | None:
    """The last layer with weights, if nothing but a flattening or a mean of several heads comes behind it.

    Auxiliary heads have classes, too, and other features: a network with them has none here.
    """
    if any(each.training_only or each.kind == "unused parameter" for each in entries):
        return None
    running = [each for each in entries if each.makes not in each.takes]
    places = [place for place, each in enumerate(running) if each.weights]
    if not places or any(each.kind not in BEHIND_A_HEAD for each in running[places[-1] + 1 :]):
        return None
    last = running[places[-1]]
    if prod(last.output) != last.output[0]:
        return None
    alike = [each for each in running if each.output == last.output and each.weights == last.weights]
    taken = {value for each in alike for value in each.takes}
    heads = [each for each in alike if each.makes not in taken]  # layers in a row are no heads beside each other
    classes = int(last.output[0])
    return Head(len(heads), classes, int(last.weights) // classes, int(bool(last.biases)))
