"""The deployed form of a real model: branches that only training needs are put together into one layer.

RepVGG, MobileOne and others train several branches where one convolution is enough afterwards. Their modules have a
method that replaces them: `fuse`, `reparameterize` or `switch_to_deploy`. timm's `reparameterize_model` calls it, of
whatever library the modules are.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from resnext_flops.counters.built import Bench, Built
from resnext_flops.counters.constructors import Make

if TYPE_CHECKING:
    import torch
    from torch import nn

REMARK = "it is in its deployed form"
METHODS = ("fuse", "reparameterize", "switch_to_deploy")


class _Deployed:
    """What makes the deployed form of the module that another one makes."""

    def __init__(self, make: Make) -> None:
        self.make = make

    @property
    def named(self) -> Collection[str]:
        """As in `Make`."""
        return self.make.named

    def __call__(self, arguments: Mapping[str, Any], device: "str | torch.device", seed: int | None) -> "nn.Module":
        """As in `Make`. Weights are put together, so they need memory: the module is made on the CPU."""
        from timm.utils.model import reparameterize_model

        made: nn.Module = reparameterize_model(self.make(arguments, "cpu", seed).eval(), inplace=True)
        return made.to(device)

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """As in `Make`."""
        return self.make.values(arguments)


def deployed(given: Built) -> Built:
    """A model in its deployed form. It is the same model where nothing can be put together.

    Raises InputError, when it is counted, where a module's own method fails.

    >>> from resnext_flops.counters.lookup import built
    >>> trained = built("timm:mobileone_s0")
    >>> trained.cost().params, deployed(trained).cost().params
    (5293272, 2078504)
    """
    return replace(given, make=_Deployed(given.make), bench=Bench(), remarks=(*given.remarks, REMARK))


def has_deployed_form(given: Built) -> bool:
    """Whether a module of a model has a method that puts branches together.

    Raises InputError if it cannot be built on the device `meta`, where this is looked for.

    >>> from resnext_flops.counters.lookup import built
    >>> has_deployed_form(built("timm:repvgg_b0")), has_deployed_form(built("timm:resnet50"))
    (True, False)
    """
    module, *_ = given.call_on("meta")
    return any(callable(getattr(part, method, None)) for part in module.modules() for method in METHODS)
