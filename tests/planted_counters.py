"""Counters with a fault each, for the tests of what is said of counters. Each takes a module and its inputs."""

import os
import sys
import time
import warnings
from typing import Any

from torch import Tensor, nn


def right(module: nn.Module, inputs: list[Any]) -> int:
    """The multiply-adds of a convolution: each weight meets the pixels of the output, of the input if transposed."""
    assert isinstance(module, (nn.Conv2d, nn.ConvTranspose2d))
    pixels = inputs[0] if isinstance(module, nn.ConvTranspose2d) else module(*inputs)
    return int(module.weight.numel() * pixels[0, 0].numel() * len(pixels))


def in_flops(module: nn.Module, inputs: list[Any]) -> float:
    """The same as two operations a multiply-add, in a float as some counters keep it."""
    return 2.0 * right(module, inputs)


def without_groups(module: nn.Module, inputs: list[Any]) -> int:
    """A convolution as if it had one group."""
    assert isinstance(module, (nn.Conv2d, nn.ConvTranspose2d))
    return right(module, inputs) * module.groups


def blind(_: nn.Module, __: list[Any]) -> int:
    """Nothing at all."""
    return 0


def warning(module: nn.Module, _: list[Any]) -> int:
    """Nothing, with a warning that names the module."""
    warnings.warn(f"{type(module).__name__} is not supported and counts zero", stacklevel=1)
    return 0


def chatty(module: nn.Module, _: list[Any]) -> int:
    """Nothing, and a line that names the module, but is no warning."""
    sys.stdout.write(f"counting {type(module).__name__}\n")
    return 0


def refuses(_: nn.Module, __: list[Any]) -> int:
    """An error that says what it cannot do."""
    raise NotImplementedError("no convolutions here")


def crashes(module: nn.Module, _: list[Any]) -> int:
    """An error that says nothing."""
    return dict[nn.Module, int]()[module]


def hangs(_: nn.Module, __: list[Any]) -> int:
    """No answer in time."""
    time.sleep(600)
    return 0


def ends(_: nn.Module, __: list[Any]) -> int:
    """The process ends."""
    os._exit(3)


def half(_: nn.Module, __: list[Any]) -> float:
    """No whole number."""
    return 0.5


def poisoned(module: nn.Module, inputs: list[Any]) -> int:
    """Right once: then torch itself is changed."""
    found = right(module, inputs)
    for kind in (nn.Conv2d, nn.ConvTranspose2d):
        setattr(kind, "forward", _broken)  # noqa: B010 (mypy knows the type of `forward`)
    return found


def _broken(*_: Any) -> Tensor:
    raise AssertionError
