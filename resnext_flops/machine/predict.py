"""How long models take on machines that need not be there: estimates by the profiles of machines."""

from collections.abc import Iterable, Mapping
from typing import Any

from resnext_flops.complexity.profile import Estimate, Named, Profile, estimate, profiles, refuse
from resnext_flops.counters.inputs import check_one
from resnext_flops.counters.lookup import Given, model
from resnext_flops.show.display import shown


@shown
class Estimates(dict[str, list[Estimate]]):
    """Estimated times: of each profile, by what it is called, one a model. It shows itself as a table.

    profiles: what the estimates were made by.
    """

    def __init__(self, found: Mapping[str, list[Estimate]], profiles: Mapping[str, Profile]) -> None:
        super().__init__(found)
        self.profiles = profiles


def predict(
    models: "Given | Iterable[Given]",
    on: Named | Iterable[Named],
    batch: int | None = None,
    inputs: Any = None,
    *,
    strict: bool = False,
) -> Estimates:
    """How long one run of each model takes on some machines, and what the time is made of. Nothing is run.

    models: a described network, a real model, or what stands for one; or several of them.
    on: the profile of a machine, or several: names such as `rtx3090`, or files that `calibrate` wrote, which end in
        .toml. A file is called by its name without folder and ending: `mine` for results/mine.toml.
    batch: examples at once; of each profile its own unless given.
    inputs: the shapes of one example, where a real model needs them.
    strict: whether a time that a profile has no evidence for is refused, and not given with a wider interval.

    Raises InputError for a model or a profile that does not exist, for two profiles that are called alike, for a batch
    that a profile has no evidence for, and as `strict` says.

    >>> (found,) = predict("resnet50", on="rtx3090")["rtx3090"]
    >>> found.batch
    1024
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
    ledgers = [model(each, inputs).cost() for each in _listed(models)]
    found = {name: [estimate(each, one, batch) for one in ledgers] for name, each in used.items()}
    if strict:
        for name, some in found.items():
            for each in some:
                refuse(each.name, name, each.remarks)
    return Estimates(found, used)


def _listed(models: "Given | Iterable[Given]") -> Iterable[Given]:
    """Several models, or the only one: that may be a module that holds others, which is called as a function is."""
    if isinstance(models, Iterable) and not isinstance(models, str) and not callable(models):
        return models
    return [models]
