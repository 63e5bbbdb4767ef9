"""Count any model by running its real module without memory, a described one too."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.lookup import Given, built
from resnext_flops.errors import checked


@checked
def count(
    model: Given,
    inputs: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    training: bool = False,
    method: str = "",
) -> Ledger:
    """The ledger of a real model for some inputs, counted on the device `meta`, without memory or arithmetic.

    model: a module; a described network; or a name as on the command line.
    inputs: a tensor; or a sequence of positional arguments, with tensors anywhere in them; or a mapping of keyword
        arguments, such as a tokenizer returns; or one shape, such as `(1, 3, 224, 224)`, of the type of the model's
        first floating-point parameter. A described network and a model of torchvision or timm have a usual input.
    kwargs: keyword arguments, with tensors anywhere in them.
    training: run it in training mode, and count the multiply-adds of the gradients too: `ledger.backward`.
    method: the method of the module that is called in its place, such as `encode`.

    Tensors of whole numbers or truth values keep their values, because the model's code may read them; one that has
    only a shape is full of zeros.

    Figures are those of the whole batch. Operators without a rule are in `ledger.unknown`, and make the totals a lower
    bound; `ledger.trace.remarks` says where the model ran if it could not run on `meta`.

    A module and its inputs are left as they were, also by an exception or Ctrl-C. Not put back are what a generator, an
    iterator or an open file has given, NumPy arrays of more than 4,194,304 elements, what is beyond 100,000 objects,
    and settings outside of the module but for torch's most common ones. Counts of several threads run one by one.

    Raises InputError if the model cannot be built or does not run on these inputs.

    >>> from torch import nn
    >>> count(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), (1, 3, 10, 10)).macs == 3 * 3 * 3 * 8 * 8 * 8
    True
    """
    return replace(built(model, inputs, kwargs), method=method).cost(training=training)
