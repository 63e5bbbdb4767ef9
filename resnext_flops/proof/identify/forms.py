"""The forms of a model that a printed figure may be of, each with its facts: other images, and other networks."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from resnext_flops.complexity.conventions.convention import Run, active
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model
from resnext_flops.counters.built import Built
from resnext_flops.counters.deployed import deployed, has_deployed_form
from resnext_flops.counters.lookup import built
from resnext_flops.errors import InputError
from resnext_flops.proof.identify.facts import Facts, facts
from resnext_flops.proof.identify.hypotheses import AS_IT_IS, AS_STATED

# The pixels of images that networks are trained and tested on.
IMAGES = (160, 192, 224, 227, 231, 240, 256, 288, 299, 320, 331, 384, 448, 480, 512)
# Conventions that figures at other images are looked for in: both at once, and a rare convention, is unlikely.
COMMON = ("paper", "fvcore", "timm", "pycls", "thop")
# Of which form a network is, in words.
STRIDE_IN = "with the stride in the {}"
TRAINING, DEPLOYED = "in training, with auxiliary heads", "deployed"


class Form(NamedTuple):
    """A form of a model, and its facts.

    image: its pixels; `as stated` for the model's own. form: of the network; `as it is` for the model's own.
    """

    image: str
    form: str
    facts: Facts


def forms(model: Model) -> Iterator[Form]:
    """The model as it is, then at the usual images that it takes, then as other networks. Each is made when asked for.

    Raises InputError where the model does not run as it is.

    >>> import resnext_flops as rf
    >>> [form.image for form in forms(rf.resnet(50)) if form.form == "as it is"][:3]
    ['as stated', '160', '192']
    >>> [form.form for form in forms(rf.resnet(50))][-1]
    'with the stride in the 1x1'
    """
    yield Form(AS_STATED, AS_IT_IS, facts(model.cost()))
    yield from at_other_images(model)
    yield from of_other_networks(model)


def at_other_images(model: Model) -> Iterator[Form]:
    """The model at the usual images that it takes, but for its own."""
    for pixels in IMAGES if len(model.input) == 3 else ():
        if model.input[1:] != (pixels, pixels):
            with suppress(InputError):  # many a transformer takes one image alone
                yield Form(str(pixels), AS_IT_IS, facts(at(model, pixels).cost(), COMMON))


def at(model: Model, pixels: int) -> Model:
    """The model for square images of so many pixels."""
    if "resolution" in model.arguments:
        return model.replace(resolution=pixels)
    return model.replace(r=pixels) if "r" in model.sizes() else built(model, (1, model.input[0], pixels, pixels))


def of_other_networks(model: Model) -> Iterator[Form]:
    """What the model is easily taken for."""
    with suppress(InputError):  # it has no such form
        for form, make in _others(model):
            yield Form(AS_STATED, form, make())


def _others(model: Model) -> Iterator[tuple[str, Callable[[], Facts]]]:
    if stride_in := model.arguments.get("stride_in"):
        other = "1x1" if stride_in == "3x3" else "3x3"
        yield STRIDE_IN.format(other), lambda: facts(model.replace(stride_in=other).cost())
    if _has_training_parts(model.cost()):
        yield TRAINING, lambda: facts(_in_training(model))
    if isinstance(model, Built) and has_deployed_form(model):
        yield DEPLOYED, lambda: facts(deployed(model).cost())


def _in_training(model: Model) -> Ledger:
    """The cost of what runs in training mode."""
    ledger = model.cost(training=True)
    if isinstance(model, Built):
        return ledger
    return Ledger(ledger.name, ledger.input, tuple(entry._replace(training_only=False) for entry in ledger.entries))


def _has_training_parts(ledger: Ledger) -> bool:
    """Whether it has layers with parameters that evaluation does not use."""
    run = Run(ledger.entries, ledger.trace)
    return sum(entry.params for entry, _ in active(run)) != sum(entry.params for entry in ledger.entries)
