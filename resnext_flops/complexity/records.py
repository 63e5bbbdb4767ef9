"""What a run of a real module leaves behind besides its ledger: the calls that other counters hook into.

A ledger entry is one operator. Other counters see something else: calls of modules (thop, torchinfo, flopth) or of
Python functions (calflops, ptflops). A trace keeps both, as plain data, so that their rules need neither torch nor the
module. Shapes here are whole: they keep the batch.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from resnext_flops.complexity.layers import Shape, Size


class Dims(tuple[Size, ...]):
    """The shape of a tensor among the arguments of a function, told apart from a tuple of numbers by its type."""

    __slots__ = ()


class Call(NamedTuple):
    """One call of one module.

    classes: the names of its class and of the classes that it derives from, the most derived one first.
    module: a number that tells one instance from another.
    paths: how many names in the module tree lead to it.
    leaf: whether it has no children.
    settings: its plain attributes (`kernel_size`, `groups`, `num_heads`, ...).
    params: the shapes of its own parameters, by name.
    origin: the Python module that its class comes from, such as `torch.nn.modules.conv`.
    within: the numbers of the calls that it runs inside of, the outermost first.
    fused: whether torch, on a CPU and without gradients, runs it as one operator (attention, encoder layer).
    frozen: whether no parameter of the model needs a gradient, so that such a call is one operator with them on, too.
    """

    path: str
    classes: tuple[str, ...]
    module: int
    paths: int
    leaf: bool
    origin: str
    settings: Mapping[str, Any]
    params: Mapping[str, Shape]
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    within: tuple[int, ...] = ()
    fused: bool = False
    frozen: bool = False


class Function(NamedTuple):
    """One call of a Python function that some counter replaces by its own.

    name: as a reader would write it: `F.relu`, `torch.matmul`, `Tensor.__add__`.
    outer: the recorded functions that it was called from, the outermost first.
    args, kwargs: its arguments, each tensor as its `Dims`.
    within: the numbers of the module calls that it runs inside of.
    """

    name: str
    path: str
    outer: tuple[str, ...]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    output: Shape
    within: tuple[int, ...] = ()


class Operator(NamedTuple):
    """What is known of an operator besides its entry.

    name: torch's name of the operator, such as `aten.linear.default`; empty for a parameter that nothing took.
    within: the numbers of the module calls that it ran inside of, the outermost first.
    tensors: the whole shapes of all tensors that it was given, parameters too.
    affine: whether a normalisation has a learned scale.
    fused_bias: whether torch adds the bias of a linear layer within the matrix product (`addmm`), not after it.
    strided: whether rows of the queries, keys or values of an attention have gaps between their elements in memory.
    """

    name: str
    within: tuple[int, ...] = ()
    tensors: tuple[Shape, ...] = ()
    affine: bool = True
    fused_bias: bool = False
    strided: bool = False

    @property
    def short(self) -> str:
        """Its name without library and overload.

        >>> Operator("aten.linear.default").short
        'linear'
        """
        return self.name.split(".")[1] if "." in self.name else self.name


class Unknown(NamedTuple):
    """An operator without a rule: where it ran, and the shapes of the tensors that it was given."""

    path: str
    operator: str
    inputs: tuple[Shape, ...]


class Records:
    """What a run noted of operators (parallel to the ledger's entries), of calls of modules, and of functions.

    Only some conventions look at them, so each kind is drawn from its iterable when it is first asked for.

    >>> Records(iter([Operator("aten.relu.default")]), [], []).operators[0].name
    'aten.relu.default'
    """

    def __init__(self, operators: Iterable[Operator], calls: Iterable[Call], functions: Iterable[Function]) -> None:
        self._operators, self._calls, self._functions = operators, calls, functions

    @cached_property
    def operators(self) -> tuple[Operator, ...]:
        """The operators."""
        return tuple(self._operators)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """The calls of modules, in the order in which they began."""
        return tuple(self._calls)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """The calls of functions, in the order in which they ended."""
        return tuple(self._functions)

    def _all(self) -> tuple[Any, ...]:
        return self.operators, self.calls, self.functions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Records) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self.operators)

    def __reduce__(self) -> tuple[Any, ...]:
        return Records, self._all()


class Trace(NamedTuple):
    """The companion of a ledger that was counted on a real module.

    one: whether its figures are those of one example, because the module was run on one.
    """

    records: Records
    unknown: tuple[Unknown, ...] = ()
    remarks: tuple[str, ...] = ()
    training: bool = False
    one: bool = True
