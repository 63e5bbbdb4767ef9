"""What every question is asked of: a model, whether it was described or built.

`complexity/network.py` has the described models, `counters/built.py` the built ones. A function that takes a model asks
it through this protocol and does not ask what it is.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self

from resnext_flops.complexity.expressions import Expression, Rational, evaluate, names_in
from resnext_flops.complexity.figures import BYTES, expression_names, figure, figure_name, is_time
from resnext_flops.complexity.layers import Shape
from resnext_flops.complexity.ledger import Ledger, Origin
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    import sympy
    import torch
    from torch import nn

    from resnext_flops.complexity.closed_form import ClosedForm
    from resnext_flops.complexity.lattices import Span
    from resnext_flops.complexity.memory import Memory
    from resnext_flops.complexity.reading import Reading


class Model(Protocol):
    """A model: anything whose cost can be asked.

    name: the call or the name that makes it.
    input: the shape of one input, without the batch.
    arguments: what its family or its constructor was called with.
    """

    @property
    def name(self) -> str:
        """The call or the name that makes it."""

    @property
    def input(self) -> Shape:
        """The shape of one input, without the batch."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What its family or its constructor was called with."""

    @property
    def origin(self) -> Origin:
        """Whether its cost is derived from a description, or counted in one run of a real module."""

    def call(self, names: Iterable[str]) -> str:
        """The call that makes it, with names in the place of some of its sizes."""

    def sizes(self) -> Mapping[str, int | None]:
        """What can be free, and its value; None where another size decides."""

    def replace(self, **sizes: Any) -> Self:
        """The same model with other sizes. Raises InputError for a size that it does not have."""

    def cost(self, *, training: bool = False) -> Ledger:
        """The exact cost of one example: derived, or counted in one run, in training mode where asked for."""

    @property
    def training_macs(self) -> int:
        """Multiply-adds of one training step for one example: see `Ledger.training_macs`."""

    def part(self, scope: str) -> Ledger:
        """The cost of one scope: `block`, `stage`, `network`, or a path. Raises InputError for one it has not."""

    def known_as(self, name: str) -> str:
        """The name that the model has for a size, which may have several: `cardinality` is C in a described network."""

    def at(self, sizes: Mapping[str, int]) -> Ledger:
        """The cost with other sizes: described or counted once more, and not from a formula.

        Raises InputError for a size that the model does not have, or a value that it refuses.
        """

    def reading(self, free: "Iterable[str] | Mapping[str, Span]", scope: str = "network") -> "Reading":
        """Its figures as formulas of free sizes: derived, or interpolated from counts.

        Raises InputError for a size that the model does not have, or where no polynomial is found.
        """

    def closed_form(
        self, figure: str = "macs", *names: str, scope: str = "network", **symbols: "str | sympy.Symbol"
    ) -> "ClosedForm":
        """A figure as a polynomial in free sizes: of some names, and of some that have a symbol to stand for them.

        Raises InputError as `reading` does.
        """

    def memory(self, batch: int = 1, dtype: str = "float32", optimizer: str = "sgd") -> "Memory":
        """The exact bytes of its tensors. Raises InputError for a real model that does not run."""

    @property
    def training_bytes(self) -> int:
        """`Memory.training` of one example, or of the inputs that were given, in `float32` and with momentum."""

    @property
    def inference_bytes(self) -> int:
        """`Memory.inference` of one example, or of the inputs that were given, in `float32`."""

    def to_torch(self, device: "str | torch.device" = "cpu", seed: int = 0) -> "nn.Module":
        """The real module on a device. Raises InputError if it cannot be built."""


def figure_of(model: Model, name: str, scope: str = "network") -> int:
    """A figure of a model: of its ledger, or of its memory for one example, in `float32` and with momentum.

    Raises InputError for a figure or a scope that does not exist, and for bytes of a part.

    >>> import resnext_flops as rf
    >>> figure_of(rf.resnet(50), "macs"), figure_of(rf.resnet(50), "training_bytes") == rf.resnet(50).memory().training
    (4089184256, True)
    """
    whole = name in BYTES or is_time(name)
    if not whole:
        return figure(model.part(scope), name)
    if scope != "network":
        raise InputError(f"{figure_name(name)} are known for the whole network only, and not for {scope}")
    found: int = figure(model.cost(), name) if is_time(name) else getattr(model, name)
    return found


def value_of(model: Model, expression: Expression) -> Rational:
    """The exact value of an expression of a model's figures, as `evaluate` gives it.

    Raises InputError as `evaluate` does.

    >>> import resnext_flops as rf
    >>> from resnext_flops.complexity.expressions import parse
    >>> value_of(rf.resnet(50), parse("macs - 4G"))
    89184256
    """
    known = expression_names()
    return evaluate(expression, {name: figure_of(model, known[name]) for name in names_in([expression])})
