"""What is known of a library of models."""

from collections.abc import Callable
from typing import NamedTuple

from resnext_flops.counters.built import Built

RESOLUTION = 224
IMAGE = (3, RESOLUTION, RESOLUTION)


class Zoo(NamedTuple):
    """A library of models.

    names: the names of its models; none where it is not installed.
    model: the model of a name. Raises InputError for another one, and where the library is not installed.
    """

    names: Callable[[], list[str]]
    model: Callable[[str], Built]
