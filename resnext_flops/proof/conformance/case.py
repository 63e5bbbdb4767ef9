"""What a case is: a tiny module with one idea, and the arithmetic of its multiply-adds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from resnext_flops.complexity.expressions import evaluate, parse

SEED = 0


@dataclass(frozen=True)
class Case:
    """One module, what it is called with, and what it costs.

    name: a group and a name, such as `conv/grouped`.
    make: builds the module; inputs: the shapes of its inputs, or functions that make them.
    arithmetic: its multiply-adds as a sum of products of whole numbers, as a reader would derive them.
    training: whether a step of training is meant, forward and backward, of the sum of all outputs.
    plain: a function of the module and its inputs that computes the same by operations which the loops know, for a
        module that runs operations which they do not know.
    """

    name: str
    idea: str
    make: Callable[[], nn.Module]
    inputs: tuple[Any, ...]
    arithmetic: str
    training: bool = False
    plain: Callable[..., Any] | None = None

    @property
    def macs(self) -> int:
        """The multiply-adds, from the arithmetic.

        >>> Case("docs/one", "one layer", lambda: nn.Linear(3, 4), ((2, 3),), "2 * 3 * 4").macs
        24
        """
        return int(evaluate(parse(self.arithmetic), {}))

    def made(self) -> tuple[nn.Module, list[Any]]:
        """The module, in training mode if a step is meant, and its inputs; the same numbers each time."""
        torch.manual_seed(SEED)
        module = self.make().train(self.training)
        return module, [value() if callable(value) else torch.randn(value) for value in self.inputs]


class One(nn.Module):
    """A function of the module and one input, as a module: `forward` has a plain signature, which tracers need."""

    def __init__(self, function: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Any) -> Any:
        """What the function returns."""
        return self.function(self, x)


class Two(One):
    """The same with two inputs."""

    def forward(self, x: Any, y: Any) -> Any:  # type: ignore[override]
        """What the function returns."""
        return self.function(self, x, y)


class Three(One):
    """The same with three inputs."""

    def forward(self, x: Any, y: Any, z: Any) -> Any:  # type: ignore[override]
        """What the function returns."""
        return self.function(self, x, y, z)


def weight(*shape: int) -> nn.Parameter:
    """A parameter of random numbers."""
    return nn.Parameter(torch.randn(shape))


def whole(*shape: int, below: int) -> Callable[[], Tensor]:
    """Makes an input of whole numbers from 0 on."""
    return lambda: torch.randint(below, shape)


def group(name: str, cases: Iterable[Sequence[Any]], **same: Any) -> list[Case]:
    """Cases of one group: rows of name, idea, make, inputs, arithmetic, and the function `plain` where there is one."""
    return [
        Case(f"{name}/{own}", idea, make, inputs, arithmetic, plain=plain[0] if plain else None, **same)
        for own, idea, make, inputs, arithmetic, *plain in cases
    ]
