"""Which counting convention, and which variant of a network, gives a printed figure."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from resnext_flops.complexity.conventions import CONVENTIONS, distinct, pycls
from resnext_flops.complexity.conventions.convention import Run
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model
from resnext_flops.counters import lookup
from resnext_flops.counters.lookup import Given, built, counted_by
from resnext_flops.errors import InputError
from resnext_flops.proof.published import Agreement, agreement, parse_figure

AS_IT_IS = "as it is"
RESOLUTIONS = (160, 192, 224, 227, 231, 240, 256, 288, 299, 320, 331, 384, 448, 480)


class Candidate(NamedTuple):
    """What was counted on which variant, and how it agrees with the printed figure."""

    variant: str
    what: str
    unit: str
    agreement: Agreement


def identify(model: Given, figure: str) -> tuple[Candidate, ...]:
    """Every convention and variant whose figure is the printed one, rounded or truncated to its last digit.

    model: whatever stands for one, as in `count`.
    figure: as printed, such as `4.12G`.

    Variants are the usual resolutions, the place of the stride, and auxiliary heads, as far as the model has them. If
    none agrees, the result is the nearest one alone, and its agreement does not hold.

    Raises InputError for a figure or a model that cannot be read.

    >>> [found.what for found in identify("resnet50", "4.11G") if found.variant == "as it is"]
    ['paddle', 'fvcore', 'timm']
    """
    printed = parse_figure(figure)
    if printed < 1:
        raise InputError(f"figure {figure!r} is less than one operation; write it as 4.12G, 3.8e9 or 4089184256")
    found = lookup.model(model)
    # A figure that a variant does not change is told once, of the model as it is.
    figures: dict[tuple[str, str, int], str] = {}
    for variant, ledger in _variants(found):
        for what, unit, exact in _figures(ledger):
            if exact:
                figures.setdefault((what, unit, int(exact)), variant)
    candidates = [
        Candidate(variant, what, unit, agreement(printed, exact)) for (what, unit, exact), variant in figures.items()
    ]
    if not candidates:
        raise InputError(f"{found.name} has neither parameters nor operations, so no figure is one of it")
    agreeing = tuple(candidate for candidate in candidates if candidate.agreement.holds)
    return agreeing or (min(candidates, key=lambda candidate: abs(candidate.agreement.exact - printed)),)


def _figures(ledger: Ledger) -> Iterator[tuple[str, str, int]]:
    yield "parameters", "", ledger.params
    yield "activations", "", ledger.activations
    if (theirs := pycls.activations(Run(ledger.entries, ledger.trace))) != ledger.activations:
        yield "activations with those of max pools, as pycls counts", "", int(theirs)
    in_training = ledger.trace is not None and ledger.trace.training
    skipped = {"torchvision", "fvcore-training"}  # the paper's rule on every network; and a rule of the other mode
    names = ["paper", "fvcore-training"] if in_training else distinct(ledger.total)
    for name in (name for name in names if in_training or name not in skipped):
        yield name, CONVENTIONS[name].unit, ledger.total(name)
    yield "paper, times two", "FLOP", 2 * ledger.macs


def _variants(model: Model) -> Iterator[tuple[str, Ledger]]:
    """The model as it is, and what it is easily taken for. Of all of them every convention has its figure."""
    own = counted_by(model, CONVENTIONS)
    yield AS_IT_IS, own
    arguments = model.arguments
    if "stride_in" in arguments:
        stride_in = "1x1" if arguments["stride_in"] == "3x3" else "3x3"
        with suppress(InputError):  # the network has no such variant
            other = counted_by(model.replace(stride_in=stride_in), CONVENTIONS)
            if other.entries != own.entries:
                yield f"stride in the {stride_in}", other
    if arguments.get("aux"):
        with suppress(InputError):  # batch norm over a single pixel takes no single example in training
            yield "in training, with auxiliary heads", built(model).cost(training=True)
    for pixels in RESOLUTIONS if len(model.input) == 3 else ():
        if model.input[1:] != (pixels, pixels):
            with suppress(InputError):  # many a transformer takes one resolution alone
                yield f"at {pixels} pixels", counted_by(_at(model, pixels), CONVENTIONS)


def _at(model: Model, pixels: int) -> Model:
    """The model for square images of so many pixels."""
    if "resolution" in model.arguments:
        return model.replace(resolution=pixels)
    return built(model, (1, model.input[0], pixels, pixels))
