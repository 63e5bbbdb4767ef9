"""What makes a real module: its constructor, with the arguments that it takes and the values that they have.

A library's function often takes fewer arguments than the class of the module that it makes: torchvision's `vit_b_16`
sets `num_layers` itself. So the class is taken where the function refuses an argument, with everything else as the
function gave it.
"""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from resnext_flops.errors import InputError, unknown

if TYPE_CHECKING:
    import torch
    from torch import nn

    from resnext_flops.complexity.network import Network

# The functions of torch.nn.init that draw weights at random.
DRAWING = (
    "uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_",
    "orthogonal_", "sparse_",
)  # fmt: skip


class Make(Protocol):
    """What makes a module.

    named: the arguments that it names in its signature.
    """

    @property
    def named(self) -> Collection[str]:
        """See above."""

    def __call__(self, arguments: Mapping[str, Any], device: "str | torch.device", seed: int | None) -> "nn.Module":
        """The module on a device. Without a seed no weights are drawn at random: its cost does not depend on them."""

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments that it takes, with the values that they have when it is called with some of them.

        None stands for one that has to be given, and is not. Arguments of a class are only known where it can be made.
        """


class Constructed:
    """A module that a function or a class makes.

    function: what is called.
    drawing: functions of the library, besides torch's own, that draw weights at random: `package.module:function`.
    """

    def __init__(self, function: Callable[..., Any], drawing: tuple[str, ...] = ()) -> None:
        self.function, self.drawing = function, drawing
        self._by_class: dict[object, tuple[Any, inspect.BoundArguments]] = {}

    def __call__(self, arguments: Mapping[str, Any], device: "str | torch.device", seed: int | None) -> "nn.Module":
        """As in `Make`. Raises InputError if what is made is no module, or for an argument that nothing takes."""
        import torch
        from torch import nn

        from resnext_flops.counters.exclusive import exclusive, interruptible

        meta = torch.device(device).type == "meta"
        with ExitStack() as stack:
            stack.enter_context(exclusive())
            stack.enter_context(torch.device(device if meta else "cpu"))
            if seed is None:
                stack.enter_context(undrawn(self.drawing))
            stack.enter_context(torch.random.fork_rng(devices=[]))
            torch.default_generator.manual_seed(seed or 0)
            with interruptible():
                made = self._made(arguments)
        if not isinstance(made, nn.Module):
            raise InputError(
                f"{self._called} returned {type(made).__name__}; it must return an nn.Module, or say by "
                "-> Description that it returns a description"
            )
        return made if meta else made.to(device)

    @property
    def _called(self) -> str:
        return getattr(self.function, "__qualname__", "the function")

    def _made(self, arguments: Mapping[str, Any]) -> Any:
        try:
            return self.function(**arguments)
        except (TypeError, KeyError) as error:  # an argument given twice through ** may be a KeyError in CPython
            refused = [name for name in arguments if name not in self.named and f"'{name}'" in str(error)]
            if not refused:
                raise
        kind, bound = self._captured({name: value for name, value in arguments.items() if name in self.named})
        for name in arguments.keys() - self.named.keys():
            if name in bound.signature.parameters:
                bound.arguments[name] = arguments[name]
            elif open_ended := _open_ended(bound.signature):
                bound.arguments.setdefault(open_ended, {})[name] = arguments[name]
            else:
                raise unknown(f"argument of {kind.__name__}", name, bound.signature.parameters)
        return kind(*bound.args, **bound.kwargs)

    @cached_property
    def named(self) -> Mapping[str, inspect.Parameter]:
        """The arguments that the function names."""
        try:
            parameters = inspect.signature(self.function).parameters
        except (TypeError, ValueError):  # a function of another language has none
            return {}
        parameter = inspect.Parameter
        open_ended = {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY}
        return {name: each for name, each in parameters.items() if each.kind not in open_ended}

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """As in `Make`: the function's own arguments with their defaults, and those of the class of what it makes."""
        own = {name: each.default for name, each in self.named.items() if each.default is not None}
        own = {name: None if default is inspect.Parameter.empty else default for name, default in own.items()}
        try:
            _, bound = self._captured({name: value for name, value in arguments.items() if name in self.named})
        except Exception:  # noqa: BLE001 (what cannot be made is told when it is counted)
            return {**own, **arguments}
        bound.apply_defaults()
        of_class = {name: value for name, value in bound.arguments.items() if value is not None}
        more = of_class.pop(_open_ended(bound.signature), {})
        return {**of_class, **more, **own, **arguments}

    def _captured(self, arguments: Mapping[str, Any]) -> tuple[Any, inspect.BoundArguments]:
        """The class of what the function makes of some arguments, and what the function calls the class with."""
        key = key_of(arguments)
        if key not in self._by_class:
            try:
                found = self._capture(arguments, "meta")
            except NotImplementedError:  # torch's error for what needs the values of a tensor
                found = self._capture(arguments, "cpu")
            self._by_class = {key: found}
        kind, bound = self._by_class[key]
        return kind, inspect.BoundArguments(bound.signature, bound.arguments.copy())

    def _capture(self, arguments: Mapping[str, Any], device: str) -> tuple[Any, inspect.BoundArguments]:
        import torch

        from resnext_flops.counters.exclusive import exclusive, interruptible

        calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        with exclusive(), torch.device(device), torch.random.fork_rng(devices=[]), undrawn(self.drawing):
            with interruptible():
                kind = type(self.function(**arguments))
            with _noting(kind, calls), interruptible():
                made = self.function(**arguments)
        args, kwargs = next((args, kwargs) for module, args, kwargs in calls if module is made)
        return kind, inspect.signature(kind).bind(*args, **kwargs)


def key_of(arguments: Mapping[str, Any]) -> object:
    """What tells one call from another: the text of arguments that are literals, or else nothing that comes twice.

    An object may have the same text as another one, and it may have changed since.

    >>> key_of({"width": 8}) == key_of({"width": 8}), key_of({"config": object}) == key_of({"config": object})
    (True, False)
    """
    return repr(arguments) if _is_literal(dict(arguments)) else object()


def _is_literal(value: Any) -> bool:
    if type(value) is dict:
        return _is_literal((*value.keys(), *value.values()))
    if type(value) in {tuple, list}:
        return all(map(_is_literal, value))
    return value is None or type(value) in {int, float, str, bool, bytes}


def _open_ended(signature: inspect.Signature) -> str:
    """The name under which a signature takes any other keyword arguments; empty where it takes none."""
    kinds = signature.parameters.values()
    return next((each.name for each in kinds if each.kind is inspect.Parameter.VAR_KEYWORD), "")


@contextmanager
def _noting(kind: Any, calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]]) -> Iterator[None]:
    """Note what a class is called with."""
    original, inherited = kind.__init__, "__init__" not in vars(kind)

    def noting(module: Any, *args: Any, **kwargs: Any) -> None:
        calls.append((module, args, kwargs))
        original(module, *args, **kwargs)

    kind.__init__ = noting
    try:
        yield
    finally:
        if inherited:
            del kind.__init__
        else:
            kind.__init__ = original


@contextmanager
def undrawn(drawing: tuple[str, ...] = ()) -> Iterator[None]:
    """Draw no weights at random, which takes most of the time of building a module: they are zero.

    drawing: functions besides those of torch.nn.init, as `package.module:function`.
    """
    import torch
    from torch.nn import init

    from resnext_flops.counters.exclusive import HERE

    own = HERE.token

    def zeroing(function: Callable[..., Any]) -> Callable[..., Any]:
        def zero(tensor: "torch.Tensor", *args: Any, **kwargs: Any) -> Any:
            if HERE.token is not own:
                return function(tensor, *args, **kwargs)
            if not tensor.is_meta:
                with torch.no_grad():
                    tensor.zero_()
            return tensor

        return zero

    places: list[tuple[Any, str]] = [(init, name) for name in DRAWING]
    for place in drawing:
        file, _, name = place.partition(":")
        places.append((import_module(file), name))
    before = [getattr(module, name) for module, name in places]
    try:
        for (module, name), function in zip(places, before, strict=True):
            setattr(module, name, zeroing(function))
        yield
    finally:
        for (module, name), function in zip(places, before, strict=True):
            setattr(module, name, function)


class Existing:
    """A module that is there already: the module itself for tracing, a copy for a real device."""

    named: Collection[str] = ()

    def __init__(self, module: "nn.Module") -> None:
        self.module = module

    def __call__(
        self,
        arguments: Mapping[str, Any],
        device: "str | torch.device",
        seed: int | None,  # noqa: ARG002 (as in `Make`)
    ) -> "nn.Module":
        """As in `Make`. Raises InputError for arguments, and for a real device if the module has no values."""
        import torch

        if arguments:
            raise InputError(f"{', '.join(arguments)}: the module is there already, so its sizes cannot be replaced")
        if torch.device(device).type == "meta":
            return self.module  # the tracer leaves it as it was, wherever it is
        if any(part.is_meta for part in (*self.module.parameters(), *self.module.buffers())):
            raise InputError("the model is on the device meta, so it cannot compute; build it on a real device")
        return deepcopy(self.module).to(device)

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """It takes none but those that are refused."""
        return arguments


class OfNetwork:
    """The module that a described network builds."""

    named: Collection[str] = ()

    def __init__(self, network: "Network") -> None:
        self.network = network

    def __call__(self, arguments: Mapping[str, Any], device: "str | torch.device", seed: int | None) -> "nn.Module":
        """As in `Make`. Raises InputError for an argument or a value that the family does not take."""
        return self.network.replace(**arguments).to_torch(device, seed or 0)

    def values(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The sizes of the network."""
        return {**self.network.arguments, **arguments}
