"""How long models take on machines that need not be there: estimates by the profiles of machines."""

from collections.abc import Iterable, Mapping
from typing import Any

from resnext_flops.complexity.profile import Estimate, Profile, estimate, profiles
from resnext_flops.counters.inputs import check_one
from resnext_flops.counters.lookup import Given, model
from resnext_flops.show.display import shown


@shown
class Estimates(dict[str, list[Estimate]]):
    """Estimated times: of each profile, by its name, one a model. It shows itself as a table.

    profiles: what the estimates were made by.
    """

    def __init__(self, found: Mapping[str, list[Estimate]], profiles: Mapping[str, Profile]) -> None:
        super().__init__(found)
        self.profiles = profiles


def predict(models: Iterable[Given], on: Iterable[str], batch: int | None = None, inputs: Any = None) -> Estimates:
    """How long one run of each model takes on some machines, and what the time is made of. Nothing is run.

    models: described networks, real models, or what stands for them.
    on: the profiles of machines: names such as `rtx3090`, or files that `calibrate` wrote, which end in .toml.
    batch: examples at once; of each profile its own unless given.
    inputs: the shapes of one example, where a real model needs them.

    Raises InputError for a model or a profile that does not exist, and for a batch that a profile has no evidence for.

    >>> first, second = predict(["resnet50", "resnext50_32x4d"], on=["rtx3090"])["rtx3090"]
    >>> second.parts["memory traffic"] > first.parts["memory traffic"]
    True
    >>> predict(["resnet50"], on=["rtx3090"], batch=8)
    Traceback (most recent call last):
    resnext_flops.InputError: the batch is 8; the profile of rtx3090 has evidence for 1,024, and is used from 256 to \
4,096; the nearest is 256
    """
    check_one(inputs)
    used = profiles(on)
    ledgers = [model(each, inputs).cost() for each in models]
    return Estimates({name: [estimate(each, one, batch) for one in ledgers] for name, each in used.items()}, used)
