"""What is known of a library of models."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from resnext_flops.counters.built import Built
from resnext_flops.needs import has

RESOLUTION = 224
IMAGE = (3, RESOLUTION, RESOLUTION)
# torchvision and timm register a model by a decorator of its function, which may give it another name.
REGISTERED = re.compile(r'^@register_model(?:\((?:name="(\w+)")?\))?.*?^def (\w+)\(', re.MULTILINE | re.DOTALL)


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

    names: Callable[[], tuple[str, ...]]
    model: Callable[[str], Built]
    classifiers: Callable[[], Sequence[str]]
    accuracy: Callable[[str, int], Accuracy | None] = no_accuracy


@cache
def registered(library: str) -> tuple[str, ...]:
    """The names of the models that a library registers, read from its files: loading it takes seconds.

    They are in order, and none if it is not installed.

    >>> registered("torchvision")[:2]
    ('alexnet', 'convnext_base')
    """
    spec = find_spec(library) if has(library) else None
    if spec is None or not spec.submodule_search_locations:
        return ()
    files = Path(spec.submodule_search_locations[0], "models").rglob("*.py")
    found = (match for file in files for match in REGISTERED.finditer(file.read_text(encoding="utf-8")))
    return tuple(sorted(match[1] or match[2] for match in found))
