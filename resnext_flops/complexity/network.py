"""Network: a family, its arguments, and the readings of the description they give.

A network keeps its family and its arguments, not only the description, because integers baked into a value cannot be
made free again: the solver calls the family once more, with other sizes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ParamSpec

from resnext_flops.complexity.cost import network_ledger
from resnext_flops.complexity.families import resnet as resnet_family
from resnext_flops.complexity.families import resnext as resnext_family
from resnext_flops.complexity.families import wide_resnet as wide_resnet_family
from resnext_flops.complexity.layers import Description, Visit, pair, show, walk
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.errors import InputError, public, unknown

if TYPE_CHECKING:
    import sympy
    import torch
    from torch import nn

    from resnext_flops.complexity.closed_form import ClosedForm
    from resnext_flops.complexity.memory import Memory

P = ParamSpec("P")

# No network of these families needs a larger input than this, so the search for the smallest one that works ends here.
LARGEST_SMALLEST_RESOLUTION = 512


@public
@dataclass(frozen=True)
class Network:
    """A described network. Made by a family function (`resnet`, `resnext`) or by name (`network`).

    >>> import resnext_flops as rf
    >>> net = rf.resnext(50, cardinality=8, width=14)
    >>> net
    resnext(50, cardinality=8, width=14)
    >>> net.replace(width=13)
    resnext(50, cardinality=8, width=13)
    """

    family: Callable[..., Description]
    arguments: Mapping[str, Any]
    description: Description
    visits: Sequence[Visit]

    @cached_property
    def _ledger(self) -> Ledger:
        return network_ledger(self.description, self.visits, repr(self))

    def cost(self) -> Ledger:
        """The exact cost of one example, layer by layer.

        >>> import resnext_flops as rf
        >>> rf.resnet(101).cost().macs
        7801405440
        """
        return self._ledger

    def to_torch(self, device: "str | torch.device" = "cpu", seed: int = 0) -> "nn.Module":
        """The real model, in training mode; its modules have the ledger's paths as names.

        device: where its tensors live; `meta` gives shapes without memory.
        seed: the same seed gives the same weights.

        >>> import resnext_flops as rf
        >>> model = rf.resnet(50).to_torch(device="meta")
        >>> sum(parameter.numel() for parameter in model.parameters())
        25557032
        """
        from resnext_flops.complexity.torch_model import build

        return build(self.description.body, self.description.input, device, seed)

    def closed_form(self, figure: str = "macs", *, scope: str = "network", **symbols: "sympy.Symbol") -> "ClosedForm":
        """A figure as a polynomial in free sizes, with a SymPy symbol for each of them.

        figure: `params`, `weights`, `macs`, `activations`, or a convention.
        scope: `block`, `stage`, `network`, or a path such as `conv3`.
        symbols: C (cardinality), d (width), n1, n2, ... (blocks of the stages), r (resolution, as r0 + 32 k with this
            network's resolution for r0), K (classes), w (base width), or any other size by its argument's name.

        Raises InputError for a size, figure or scope that the network does not have.

        >>> import resnext_flops as rf
        >>> from sympy import symbols
        >>> C, d = symbols("C d", positive=True, integer=True)
        >>> rf.resnext(50).closed_form("macs", C=C, d=d)
        451584 C d^2 + 27496448 C d + 479723520
        """
        from resnext_flops.complexity.closed_form import closed_form

        return closed_form(self.family, self.arguments, symbols, figure, scope)

    def memory(self, batch: int = 1, dtype: str = "float32", optimizer: str = "sgd") -> "Memory":
        """The exact bytes of the network's tensors, for inference and for training.

        batch: examples at once.
        dtype: torch's name of the type of every tensor: `float64`, `float32`, `bfloat16` or `float16`.
        optimizer: `sgd` (with momentum) or `adam`.

        Raises InputError for another dtype, optimizer or batch.

        >>> import resnext_flops as rf
        >>> memory = rf.resnext(50).memory(batch=32)
        >>> memory.weights == 4 * rf.resnext(50).cost().params
        True
        """
        from resnext_flops.complexity.memory import memory

        return memory(self.description, self.cost(), batch, dtype, optimizer)

    def replace(self, **changes: Any) -> "Network":
        """The same network with other arguments.

        Raises InputError for an argument that the family does not have, or a value that it cannot use.

        >>> import resnext_flops as rf
        >>> rf.resnet(50).replace(resolution=320)
        resnet(50, resolution=320)
        """
        return build(self.family, {**self.arguments, **changes})

    def __hash__(self) -> int:
        return hash((self.family, self.description))

    def __repr__(self) -> str:
        parameters = _parameters(self.family)
        shown = []
        for position, (name, value) in enumerate(self.arguments.items()):
            always = parameters[name].kind is parameters[name].POSITIONAL_OR_KEYWORD
            if always or value != parameters[name].default:
                shown.append(repr(value) if always and not position else f"{name}={value!r}")
        return f"{self.family.__name__}({', '.join(shown)})" if parameters else self.family.__name__


def described(description: Description, name: str = "network") -> Network:
    """A network of a description of one's own, with every reading; it has no arguments to change.

    Raises InputError where a layer cannot take its input.

    >>> from resnext_flops.complexity.layers import Conv, ReLU, Sequential
    >>> mine = described(Description((3, 8, 8), Sequential.of(conv=Conv(4, 3), relu=ReLU())), "mine")
    >>> mine, mine.cost().macs == 3 * 3 * 3 * 4 * 6 * 6
    (mine, True)
    """

    def family() -> Description:
        return description

    family.__name__ = name
    return build(family, {})


@lru_cache
def _parameters(family: Callable[..., Description]) -> Mapping[str, Parameter]:
    """The arguments of a family; reading them takes as long as costing a few layers."""
    return signature(family).parameters


def build(family: Callable[..., Description], arguments: Mapping[str, Any]) -> Network:
    """The network of a family for keyword arguments.

    Raises InputError for an argument that the family does not have, a value that it cannot use, or a resolution that
    is too small, with the smallest that works.
    """
    parameters = _parameters(family)
    for name in arguments:
        if name not in parameters:
            raise unknown(f"argument of {family.__name__}", name, parameters)
    complete = {name: arguments.get(name, parameter.default) for name, parameter in parameters.items()}
    description = family(**complete)
    try:
        visits = walk(description.body, description.input, collapse=True)
    except InputError as error:
        raise _with_smallest_resolution(family, complete, error) from None
    return Network(family, complete, description, visits)


def _with_smallest_resolution(
    family: Callable[..., Description], arguments: Mapping[str, Any], error: InputError
) -> InputError:
    """The error, and the smallest square input where a larger input is what the network needs."""
    if "resolution" not in arguments:
        return error
    given = pair("resolution", arguments["resolution"])
    description = family(**arguments)
    for resolution in range(min(given) + 1, LARGEST_SMALLEST_RESOLUTION + 1):
        try:
            walk(description.body, (description.input[0], resolution, resolution))
        except InputError:
            continue
        return InputError(f"resolution {show(given)} is too small for {error}; the smallest that works is {resolution}")
    return error


def family(function: Callable[P, Description]) -> Callable[P, Network]:
    """The public form of a family function: the same arguments and documentation, and a Network as the result.

    The Network has every reading, and each whole-numbered argument is a size that can be free in it. Calling it raises
    InputError for an argument that the function does not have, or a value that it cannot use.

    >>> from sympy import Symbol
    >>> from resnext_flops.complexity.layers import Conv, Description, Sequential
    >>> @family
    ... def tiny(width=4, *, resolution=8):
    ...     return Description((3, resolution, resolution), Sequential.of(conv=Conv(width, 3)))
    >>> tiny(5), tiny(5).cost().macs == 3 * 3 * 3 * 5 * 6 * 6
    (tiny(5), True)
    >>> tiny().closed_form("params", d=Symbol("d"))
    27 d
    """
    declared = signature(function)

    @wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> Network:
        try:
            bound = declared.bind(*args, **kwargs)
        except TypeError as error:
            raise InputError(f"{function.__name__}: {error}") from None
        return build(function, bound.arguments)

    make.__annotations__ = {**function.__annotations__, "return": Network}
    return make


resnet = family(resnet_family.resnet)
resnet_cifar = family(resnet_family.resnet_cifar)
resnext = family(resnext_family.resnext)
resnext_cifar = family(resnext_family.resnext_cifar)
wide_resnet = family(wide_resnet_family.wide_resnet)
