"""What is known of a library of models."""

from collections.abc import Callable
from typing import NamedTuple

from resnext_flops.counters.built import Built

RESOLUTION = 224
IMAGE = (3, RESOLUTION, RESOLUTION)


class Accuracy(NamedTuple):
    """The accuracy that a library prints for some weights of a model.

    percent: of the images of ImageNet-1K whose first answer is right (acc@1), as it is printed, such as "80.858".
    checkpoint: the name of the weights.
    """

    percent: str
    checkpoint: str


def no_accuracy(_name: str, _pixels: int) -> Accuracy | None:
    """What a library answers that prints no accuracy."""
    return None


class Zoo(NamedTuple):
    """A library of models.

    names: the names of its models; none where it is not installed.
    model: the model of a name. Raises InputError for another one, and where the library is not installed.
    classifiers: the names of the models that classify images; none where it is not installed.
    accuracy: the best accuracy that is printed for a model on images of so many pixels, where there is one.
    """

    names: Callable[[], list[str]]
    model: Callable[[str], Built]
    classifiers: Callable[[], list[str]]
    accuracy: Callable[[str, int], Accuracy | None] = no_accuracy
