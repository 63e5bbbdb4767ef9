"""Count any model: a described network from its description, a real module by running it without memory."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.network import Network
from resnext_flops.counters.zoos import Model, find
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    from torch import nn


def count(
    model: "nn.Module | Network | str",
    inputs: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    training: bool = False,
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
    from resnext_flops.counters import tracer

    if isinstance(model, (str, Network)):
        found = find(model) if isinstance(model, str) else Model(repr(model), model, input=model.description.input)
        return count_model(found, inputs, kwargs, training=training)
    return tracer.count(model, arguments(inputs), kwargs or {}, training=training, name=type(model).__name__)


def count_model(
    model: Model, inputs: Any = None, kwargs: Mapping[str, Any] | None = None, *, training: bool = False
) -> Ledger:
    """The traced ledger of a model by name, on its usual input unless another is given."""
    from resnext_flops.counters import tracer

    shape = model.network.description.input if model.network else model.input
    args = arguments((1, *shape) if inputs is None and not kwargs else inputs)
    module, remarks = model.module()
    name = repr(model.network) if model.network else model.name
    try:
        ledger = tracer.count(module, args, kwargs or {}, training=training, name=name)
    except InputError:
        if not any(part.is_meta for part in (*module.parameters(), *module.buffers())):
            raise
        # On `meta` a model fails for many a reason; its error on a real device is the one that says what is wrong.
        ledger = tracer.count(model.real_module(), args, kwargs or {}, training=training, name=name)
    if remarks and ledger.trace is not None:
        ledger = Ledger(ledger.name, ledger.input, ledger.entries, ledger.trace.remarked(*remarks))
    return ledger


def arguments(inputs: Any) -> list[Any]:
    """The positional arguments of one call: of a tensor, of a shape, or of a sequence of arguments.

    >>> [part.shape for part in arguments((1, 3, 8, 8))]
    [torch.Size([1, 3, 8, 8])]
    """
    import torch

    if inputs is None:
        return []
    if isinstance(inputs, torch.Tensor):
        return [inputs]
    if isinstance(inputs, Sequence) and inputs and all(isinstance(part, int) for part in inputs):
        return [torch.empty(tuple(inputs), device="meta")]
    if isinstance(inputs, (tuple, list)):
        return list(inputs)
    raise InputError(
        f"inputs is {type(inputs).__name__}; give a tensor, a shape such as (1, 3, 224, 224), or a sequence"
    )


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
    return torch.empty(sizes, dtype=dtype, device="meta")
