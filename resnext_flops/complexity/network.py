"""Network: a described model. It is an architecture, and the readings of the description that this gives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from resnext_flops.complexity.architecture import ARGUMENTS, Architecture, letter, reserved
from resnext_flops.complexity.cost import network_ledger
from resnext_flops.complexity.layers import Description, Shape, Visit, pair, show, walk
from resnext_flops.complexity.ledger import Ledger, Origin
from resnext_flops.errors import InputError, checked, public, unknown

if TYPE_CHECKING:
    import sympy
    import torch
    from torch import nn

    from resnext_flops.complexity.closed_form import ClosedForm
    from resnext_flops.complexity.lattices import Span
    from resnext_flops.complexity.memory import Memory
    from resnext_flops.complexity.reading import Derived

P = ParamSpec("P")

# Where the search for the smallest resolution that works ends: no network of these families needs a larger one.
LARGEST_TRIED = 512


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

    architecture: Architecture

    @cached_property
    def visits(self) -> Sequence[Visit]:
        """Its layers in order, with the shapes that they take and put out.

        Raises InputError for a resolution that is too small, with the smallest that works.
        """
        try:
            return walk(self.description.body, self.description.input, collapse=True)
        except InputError as error:
            raise _with_smallest_resolution(self.architecture, error) from None

    @property
    def name(self) -> str:
        """The call that makes the network, such as `resnext(50, cardinality=8, width=14)`."""
        return str(self.architecture)

    @property
    def description(self) -> Description:
        """The network as a value, from which every figure is read."""
        return self.architecture.description

    @property
    def input(self) -> Shape:
        """The shape of one input, without the batch."""
        return self.description.input

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What the family was called with, defaults and all."""
        return self.architecture.arguments

    @property
    def origin(self) -> Origin:
        """Its cost is derived from the description."""
        return "derived"

    @cached_property
    def _ledger(self) -> Ledger:
        return network_ledger(self.description, self.visits, self.name)

    def cost(self, *, training: bool = False) -> Ledger:  # noqa: ARG002 (one ledger answers for both)
        """The exact cost of one example, layer by layer.

        training: makes no difference, because one ledger holds what runs in training only as well.

        >>> import resnext_flops as rf
        >>> rf.resnet(101).cost().macs
        7801405440
        """
        return self._ledger

    def part(self, scope: str) -> Ledger:
        """The cost of one scope: `block`, `stage`, `network`, or a path such as `conv3`.

        Raises InputError for a scope that the network does not have.

        >>> import resnext_flops as rf
        >>> rf.resnet(50).part("block").weights == 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256
        True
        """
        from resnext_flops.complexity.scope import scoped

        return self.cost() if scope == "network" else scoped(self.description, scope)

    def known_as(self, name: str) -> str:
        """The name of a free size: the field's letter for an argument that has one.

        >>> import resnext_flops as rf
        >>> rf.resnext(50).known_as("cardinality")
        'C'
        """
        return letter(name)

    def at(self, sizes: Mapping[str, int]) -> Ledger:
        """The cost with other sizes, blocks of stages among them that the family itself may not take.

        Raises InputError for a value that the family cannot use.

        >>> import resnext_flops as rf
        >>> rf.resnet(18).at({"n1": 3}).macs - rf.resnet(18).cost().macs == 2 * 3 * 3 * 64 * 64 * 56 * 56
        True
        """
        from resnext_flops.complexity.scope import scoped

        return scoped(self.architecture.describe(sizes), "network")

    def reading(self, free: "Iterable[str] | Mapping[str, Span]", scope: str = "network") -> "Derived":
        """Its figures as formulas of the sizes of some names.

        free: the names; or each with the values that are asked for, where a resolution starts, and how far apart.

        Raises InputError for a size that the network does not have, or in which its cost is no polynomial.

        >>> import resnext_flops as rf
        >>> print(rf.resnext(50).reading(["C", "d"]).figure("macs"))
        451584 C d^2 + 27496448 C d + 479723520
        """
        from resnext_flops.complexity.lattices import spans
        from resnext_flops.complexity.reading import Derived

        asked = spans(free, self.known_as)
        start = asked["r"].start if "r" in asked else None
        base = self if start is None else self.replace(r=start)
        return Derived(base.architecture, asked, scope)

    @property
    def training_macs(self) -> int:
        """Multiply-adds of one training step for one example: see `Ledger.training_macs`."""
        return self.cost().training_macs

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

    def closed_form(
        self, figure: str = "macs", *names: str, scope: str = "network", **symbols: "str | sympy.Symbol"
    ) -> "ClosedForm":
        """A figure as a polynomial in free sizes.

        figure: `params`, `weights`, `macs`, `activations`, `training_bytes`, or a convention.
        names: the free sizes: C (cardinality), d (width), n1, n2, ... (blocks of the stages), r (resolution),
            K (classes), w (base width), N (the batch), or any other size by its argument's name. Behind a name may
            stand where the formula starts, and its step: `r=224:64`.
        scope: `block`, `stage`, `network`, or a path such as `conv3`.
        symbols: free sizes too, each with the SymPy symbol, or the name, that stands for it in the polynomial.

        Raises InputError for a size, figure or scope that the network does not have.

        >>> import resnext_flops as rf
        >>> form = rf.resnext(50).closed_form("macs", "C", "d")
        >>> form
        451584 C d^2 + 27496448 C d + 479723520
        >>> form(C=32, d=4)
        4230479872
        """
        from resnext_flops.complexity.closed_form import closed_form

        return closed_form(partial(self.reading, scope=scope), self.known_as, figure, names, symbols)

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

        return memory(self.cost(), batch, dtype, optimizer)

    @property
    def training_bytes(self) -> int:
        """`Memory.training` of one example in `float32` and with momentum."""
        return int(self.memory().training)

    @property
    def inference_bytes(self) -> int:
        """`Memory.inference` of one example in `float32`."""
        return cast("int", self.memory().inference)

    def call(self, names: Iterable[str]) -> str:
        """The call that makes it, with names in the place of some of its sizes.

        >>> import resnext_flops as rf
        >>> print(rf.resnext(50).call(["C", "d"]))
        resnext(50, cardinality=C, width=d)
        """
        return self.architecture.call(names)

    def sizes(self) -> Mapping[str, int | None]:
        """What can be free in a closed form, with its value; None where another size decides.

        >>> import resnext_flops as rf
        >>> rf.wide_resnet(16, 8).sizes()
        {'widening': 8, 'r': 32, 'K': 10, 'w': 16, 'in_channels': 3, 'n1': 2, 'n2': 2, 'n3': 2}
        """
        return self.architecture.sizes

    def replace(self, **changes: Any) -> "Network":
        """The same network with other arguments, by their own names or by those of free sizes (C, d, n1, r, ...).

        Raises InputError for an argument that the family does not have, or a value that it cannot use.

        >>> import resnext_flops as rf
        >>> rf.resnet(50).replace(resolution=320)
        resnet(50, resolution=320)
        >>> rf.resnext(50).replace(C=8, n3=7)
        resnext((3, 4, 7, 3), cardinality=8, width=4)
        """
        return network_of(self.architecture.replace(changes))

    def __repr__(self) -> str:
        return self.name


@checked
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
    return network_of(Architecture.of(family, {}))


def network_of(architecture: Architecture) -> Network:
    """The network of an architecture, whose free names may still be without a number.

    Raises InputError for a value that the family cannot use, or a resolution that is too small, with the smallest that
    works.
    """
    made = Network(architecture)
    if not architecture.unbound:
        _ = made.visits
    return made


def _with_smallest_resolution(architecture: Architecture, error: InputError) -> InputError:
    """The error, and the smallest square input where a larger input is what the network needs."""
    if "resolution" not in architecture.arguments:
        return error
    given = pair("resolution", architecture.arguments["resolution"])
    description = architecture.description
    for resolution in range(min(given) + 1, LARGEST_TRIED + 1):
        try:
            walk(description.body, (description.input[0], resolution, resolution), collapse=True)
        except InputError:
            continue
        return InputError(f"resolution {show(given)} is too small for {error}; the smallest that works is {resolution}")
    return error


_UNNAMED = {Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}


@checked
def family(function: Callable[P, Description]) -> Callable[P, Network]:
    """The public form of a family function: the same arguments and documentation, and a Network as the result.

    The Network has every reading, and each whole-numbered argument is a size that can be free in it. Calling it raises
    InputError for an argument that the function does not have, or a value that it cannot use.

    Raises InputError for a function that does not name its sizes, or names one with a letter that stands for another.

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
    try:
        declared = signature(function)
        named = all(parameter.kind not in _UNNAMED for parameter in declared.parameters.values())
    except ValueError:  # a class that is written in C
        named = False
    if not named:
        raise InputError(f"{function!r} does not name its sizes; give a function from sizes to a Description")
    title = getattr(function, "__name__", type(function).__name__)
    for name in declared.parameters:
        if meaning := reserved(name):
            own = ARGUMENTS.get(name, "otherwise")
            raise InputError(f"{title} has an argument {name}, which stands for {meaning}; call it {own}")

    @wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> Network:
        for name in kwargs:
            if name not in declared.parameters:
                raise unknown(f"argument of {title}", name, declared.parameters)
        try:
            bound = declared.bind(*args, **kwargs)
        except TypeError as error:
            raise InputError(f"{title}: {error}") from None
        return network_of(Architecture.of(make, bound.arguments))

    make.__name__ = title
    make.__annotations__ = {**getattr(function, "__annotations__", {}), "return": Network}
    vars(make)["__signature__"] = declared.replace(return_annotation=Network)
    return make
