"""What `measure` and `check` take as a model: a described network, or a real one with the same few methods."""

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.network import Network
from resnext_flops.counters.count import count_model
from resnext_flops.counters.zoos import Model, find
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import nn


class RealModel:
    """A model of torchvision's, of timm's or of one's own, counted by running it on the device `meta`."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __repr__(self) -> str:
        return self.model.name

    @cached_property
    def _counted(self) -> Ledger:
        return count_model(self.model)

    def cost(self) -> Ledger:
        """The exact cost of one example in evaluation mode."""
        return self._counted

    @cached_property
    def training_macs(self) -> int:
        """Multiply-adds of one training step for one example: `Ledger.training_macs` of a run in training mode.

        Raises InputError if the model does not run in training mode on its usual input.
        """
        try:
            return count_model(self.model, training=True).training_macs
        except InputError as error:
            # Batch norm over a single pixel takes no single example, as in Inception v3's auxiliary classifier.
            with suppress(InputError):
                return count_model(self.model, (2, *self.model.input), training=True).training_macs // 2
            raise error from None

    def to_torch(self, device: "str | torch.device", seed: int = 0) -> "nn.Module":
        """The real model with memory on a device; the same seed gives the same weights."""
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.model.real_module().to(device)


Subject: TypeAlias = Network | RealModel


def subject(model: str | Network) -> Subject:
    """The network of a name, a call or a saved file, or the real model of a name; or the network itself.

    Raises InputError for what is none of them.

    >>> subject("resnet50"), subject("torchvision:resnet50")
    (resnet(50), torchvision:resnet50)
    """
    if isinstance(model, Network):
        return model
    found = find(model)
    return found.network if found.network is not None else RealModel(found)


def training_macs(model: Subject) -> int:
    """Multiply-adds of one training step of a model, for one example: see `Ledger.training_macs`."""
    return model.training_macs if isinstance(model, RealModel) else model.cost().training_macs
