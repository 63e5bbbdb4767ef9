"""Count any model by running its real module without memory, a described one too."""

from collections.abc import Mapping
from typing import Any

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.lookup import Given, built
from resnext_flops.errors import InputError, checked


@checked
def count(
    model: Given, inputs: Any = None, kwargs: Mapping[str, Any] | None = None, *, training: bool = False
) -> Ledger:
    """The ledger of a real model for some inputs, counted on the device `meta`, without memory or arithmetic.

    model: a module, which is left as it was; a described network; or a name as on the command line.
    inputs: a tensor; or a sequence of positional arguments, with tensors anywhere in them; or one shape, such as
        `(1, 3, 224, 224)`. A described network and a model of torchvision or timm have a usual input.
    kwargs: keyword arguments, with tensors anywhere in them.
    training: run it in training mode, and count the multiply-adds of the gradients too: `ledger.backward`.

    Figures are those of the whole batch. Operators without a rule are in `ledger.unknown`, and make the totals a lower
    bound; `ledger.trace.remarks` says where the model ran if it could not run on `meta`.

    Raises InputError if the model cannot be built or does not run on these inputs.

    >>> from torch import nn
    >>> count(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), (1, 3, 10, 10)).macs == 3 * 3 * 3 * 8 * 8 * 8
    True
    """
    return built(model, inputs, kwargs).cost(training=training)


@checked
def parse_input(text: str) -> Any:
    """An input of the command line: a shape, and a type of its elements where that is no float (`1,16:int64`).

    Raises InputError for what cannot be read.

    >>> parse_input("1,3,8,8").shape
    torch.Size([1, 3, 8, 8])
    """
    import torch

    shape, _, kind = text.partition(":")
    dtype = getattr(torch, kind or "float32", None)
    try:
        sizes = [int(part) for part in shape.replace("x", ",").split(",")]
    except ValueError:
        sizes = [0]
    if min(sizes) < 1 or not isinstance(dtype, torch.dtype):
        raise InputError(f"--input {text!r} cannot be read; write it as 1,3,224,224 or, for whole numbers, 1,16:int64")
    try:
        return torch.empty(sizes, dtype=dtype, device="meta")
    except (TypeError, RuntimeError):  # a size, or the number of bytes, does not fit into 64 bits
        raise InputError(f"--input {text!r} is too large for a tensor") from None
