"""A built model: a real module that is made when it is asked for, and counted in one run of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeAlias

from resnext_flops.complexity.layers import Shape
from resnext_flops.complexity.ledger import Ledger, Origin
from resnext_flops.complexity.model import CannotAnswerError
from resnext_flops.errors import InputError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch import nn

# What makes the module: for the arguments of its constructor, a device, and a seed of its weights.
Make: TypeAlias = "Callable[[Mapping[str, Any], str | torch.device, int], nn.Module]"


@dataclass(frozen=True, eq=False, repr=False)
class Built:
    """A real module with a name. Made by `model`.

    source: where it was found, such as `torchvision:resnet50`.
    make: what makes the module.
    input: the shape of one input that it usually takes, without the batch.
    inputs, kwargs: what it is called with instead, as in `count`; None for the usual input.
    method: the method that is called in the place of the module itself, if any.
    arguments: what its constructor is called with.
    remarks: how it was found, where a reader should know it.
    """

    source: str
    make: Make
    input: Shape
    inputs: Any = None
    kwargs: Mapping[str, Any] | None = None
    method: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def origin(self) -> Origin:
        """Its cost is counted in one run."""
        return "counted"

    @property
    def name(self) -> str:
        """Where the constructor was found, and what it is called with."""
        return self.call(())

    def call(self, names: Iterable[str]) -> str:
        """The constructor's call, with names in the place of some arguments."""
        shown = {name: repr(value) for name, value in self.arguments.items()} | {name: name for name in names}
        return (
            f"{self.source}({', '.join(f'{name}={value}' for name, value in shown.items())})" if shown else self.source
        )

    def sizes(self) -> Mapping[str, int | None]:
        """The whole-numbered arguments that its constructor was called with."""
        return {name: value for name, value in self.arguments.items() if type(value) is int}

    def replace(self, **sizes: Any) -> Self:
        """The same model with other arguments of its constructor, which are tried when it is built.

        Raises InputError for a module that is there already.
        """
        return replace(self, arguments={**self.arguments, **sizes})

    def cost(self, *, training: bool = False) -> Ledger:
        """The exact cost of one call, counted in one run; in training mode with the gradients, where asked for.

        Raises InputError if the module cannot be built, or does not run on its inputs.
        """
        return self._in_training if training else self._in_evaluation

    @cached_property
    def _in_evaluation(self) -> Ledger:
        return self._traced(training=False)

    @cached_property
    def _in_training(self) -> Ledger:
        return self._traced(training=True)

    def _traced(self, *, training: bool) -> Ledger:
        from resnext_flops.counters import tracer

        usual = self.inputs is None and not self.kwargs and self.input
        module, remarks = self._module()
        args = arguments((1, *self.input) if usual else self.inputs, _number_type(module))
        kwargs = {**keywords(self.inputs), **(self.kwargs or {})}
        try:
            ledger = tracer.trace(module, args, kwargs, training=training, name=self.name, method=self.method)
        except InputError as error:
            if not any(part.is_meta for part in (*module.parameters(), *module.buffers())):
                raise
            # On `meta` a model may fail for other reasons; its error on a real device says what is wrong.
            try:
                real = self.to_torch()
            except InputError as refusal:
                raise InputError(f"{error}; {refusal}") from None
            ledger = tracer.trace(real, args, kwargs, training=training, name=self.name, method=self.method)
        return ledger.remarked(*self.remarks, *remarks)

    def _module(self) -> "tuple[nn.Module, tuple[str, ...]]":
        """The module on the device `meta`, or on the CPU where it cannot be built on `meta`, with the reason."""
        try:
            return self.to_torch("meta"), ()
        except InputError as error:
            reason = one_line(error.__cause__) if isinstance(error.__cause__, Exception) else str(error)
            return self.to_torch(), (f"it cannot be built on the device meta ({reason}), so it was built on cpu",)

    @cached_property
    def training_macs(self) -> int:
        """Multiply-adds of one training step: `Ledger.training_macs` of a run in training mode.

        They are those of one example, or of all examples of the inputs that were given.

        Raises InputError if the model does not run in training mode on its usual input.
        """
        try:
            return self.cost(training=True).training_macs
        except InputError as error:
            if self.inputs is not None or self.kwargs:
                raise
            # Batch norm over a single pixel takes no single example, as in Inception v3's auxiliary classifier.
            with suppress(InputError):
                pair = replace(self, inputs=(2, *self.input)).cost(training=True)
                return pair.training_macs // 2
            raise error from None

    def real_inputs(self) -> list[Any]:
        """The positional arguments of a call, with memory: noise in the place of tensors that have only a shape."""
        import torch

        from resnext_flops.counters.values import filled

        args = arguments((1, *self.input) if self.inputs is None else self.inputs)
        cpu = torch.device("cpu")
        with torch.random.fork_rng(devices=[]):
            return [filled(part, cpu) if isinstance(part, torch.Tensor) and part.is_meta else part for part in args]

    def part(self, scope: str) -> Ledger:
        """The cost of the whole (`network`), or of the part below one path, such as `layer1.0`.

        Raises InputError for a path that the model does not have, and for `block` and `stage`.
        """
        if scope == "network":
            return self.cost()
        try:
            return self.cost().stage(scope)
        except KeyError:
            raise InputError(f"{self.name} has no part {scope!r}; give `network` or the path of a module") from None

    def reading(self, free: Iterable[str], scope: str = "network", period: int = 1) -> NoReturn:  # noqa: ARG002
        """Formulas of free sizes are not known for a built model. Raises CannotAnswerError."""
        raise CannotAnswerError(
            f"{self.source} is a real module, and a formula needs a described network, such as those that `models` "
            "lists"
        )

    def closed_form(self, figure: str = "macs", *, scope: str = "network", **symbols: Any) -> NoReturn:  # noqa: ARG002
        """A formula is not known for a built model. Raises CannotAnswerError."""
        self.reading(symbols, scope)

    def memory(self, batch: int = 1, dtype: str = "float32", optimizer: str = "sgd") -> NoReturn:  # noqa: ARG002
        """The bytes of its tensors are not known. Raises CannotAnswerError."""
        raise CannotAnswerError(
            f"{self.source} is a real module, and its bytes are not known; give a described network, such as those "
            "that `models` lists"
        )

    def to_torch(self, device: "str | torch.device" = "cpu", seed: int = 0) -> "nn.Module":
        """The real module on a device; the same seed gives the same weights.

        Raises InputError, with the constructor's own error, if it cannot be built.
        """
        try:
            with silent():
                return self.make(self.arguments, device, seed)
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"{self.name!r} cannot be built: {one_line(error)}") from error

    def __repr__(self) -> str:
        return self.name


def construct(
    constructor: Callable[..., Any], arguments: Mapping[str, Any], device: "str | torch.device", seed: int
) -> "nn.Module":
    """The module that a constructor makes on a device. Raises InputError if it makes anything else."""
    import torch
    from torch import nn

    if torch.device(device).type == "meta":
        with torch.device("meta"):
            made = constructor(**arguments)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = constructor(**arguments)
    if not isinstance(made, nn.Module):
        named = getattr(constructor, "__qualname__", "the function")
        raise InputError(
            f"{named} returned {type(made).__name__}; it must return an nn.Module, or say by -> Description "
            "that it returns a description"
        )
    return made if torch.device(device).type == "meta" else made.to(device)


def hand_out(
    module: "nn.Module", arguments: Mapping[str, Any], device: "str | torch.device", _seed: int
) -> "nn.Module":
    """A module that exists already: the module itself for tracing, a copy for a real device."""
    import torch

    if arguments:
        raise InputError(f"{', '.join(arguments)}: the module is there already, so its sizes cannot be replaced")
    if torch.device(device).type == "meta":
        return module  # the tracer leaves it as it was, wherever it is
    if any(part.is_meta for part in (*module.parameters(), *module.buffers())):
        raise InputError("the model is on the device meta, so it cannot compute; build it on a real device")
    return deepcopy(module).to(device)


def _number_type(module: "nn.Module") -> "torch.dtype | None":
    """The type of the first floating-point parameter."""
    return next((part.dtype for part in module.parameters() if part.is_floating_point()), None)


def keywords(inputs: Any) -> Mapping[str, Any]:
    """The keyword arguments of one call: of a mapping, such as a tokenizer returns."""
    return inputs if isinstance(inputs, Mapping) else {}


def arguments(inputs: Any, dtype: "torch.dtype | None" = None) -> list[Any]:
    """The positional arguments of one call: of a tensor, of a shape, or of a sequence of arguments.

    dtype: the type of the numbers where `inputs` is a shape; torch's usual one if None.

    >>> [part.shape for part in arguments((1, 3, 8, 8))]
    [torch.Size([1, 3, 8, 8])]
    """
    import torch

    if inputs is None or isinstance(inputs, Mapping):
        return []
    if isinstance(inputs, torch.Tensor):
        return [inputs]
    if isinstance(inputs, Sequence) and inputs and all(isinstance(part, int) for part in inputs):
        return [torch.empty(tuple(inputs), dtype=dtype, device="meta")]
    if isinstance(inputs, (tuple, list)):
        return list(inputs)
    raise InputError(
        f"inputs is {type(inputs).__name__}; give a tensor, a shape such as (1, 3, 224, 224), a sequence, or a mapping"
    )


@contextmanager
def silent() -> "Iterator[None]":
    """Keep the warnings of libraries out of the output."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
