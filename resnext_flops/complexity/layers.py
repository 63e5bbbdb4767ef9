"""A network as a value: a handful of layers, a handful of ways to put them together, and the one walk over them.

A layer states what it puts out, never what it takes in: the walk carries the shape along, so that a description is as
short as the figure in a paper. Shapes are those of one example, without the batch: `(channels, height, width)`, or
`(features,)` after `Flatten`.

Sizes are integers. A formula (`formula.py`) or a SymPy expression of positive integer symbols may stand in for any of
them: nothing here, nor in the readings, branches on a size that is not an `int`, so the same code gives a number or a
formula.

    >>> block = Sum.of(residual=Sequential.of(conv1=Conv(64, 3, padding=1), norm1=BatchNorm()), shortcut=IDENTITY)
    >>> for visit in walk(block, (64, 56, 56)):
    ...     print(visit.path or "(the block)", visit.inputs, visit.output)
    residual.conv1 ((64, 56, 56),) (64, 56, 56)
    residual.norm1 ((64, 56, 56),) (64, 56, 56)
    (the block) ((64, 56, 56), (64, 56, 56)) (64, 56, 56)

A new layer is one class here (what it puts out) and a place in `Layer`; its cost is in `cost.py`, what it keeps in
`memory.py`, and its module in `torch_model.py`.
"""

from collections.abc import Callable, Iterator
from inspect import get_annotations
from math import gcd, isfinite
from operator import index
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, Self, TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr

from resnext_flops.errors import InputError, public, unknown

Size: TypeAlias = int
Shape: TypeAlias = tuple[Size, ...]
Pair: TypeAlias = tuple[Size, Size]


def is_symbolic(value: object) -> bool:
    """Whether a size is a formula or a SymPy expression, told without importing either."""
    return hasattr(value, "free_symbols")


def size(name: str, value: Any, minimum: int = 1) -> Size:
    """A size as a Python integer (or the symbol it is), so that a NumPy integer cannot wrap around later.

    Raises InputError for anything that is not a whole number, or is below `minimum`.

    >>> size("width", 4)
    4
    >>> size("width", 2.5)
    Traceback (most recent call last):
    resnext_flops.InputError: width is 2.5; it must be a whole number of at least 1
    """
    if type(value) is int and value >= minimum:  # the common case, and a description has hundreds of sizes
        return value
    if is_symbolic(value):
        return value  # type: ignore[no-any-return]
    try:
        number = index(value)
    except TypeError:
        number = minimum - 1
    if number < minimum or isinstance(value, bool):
        raise InputError(f"{name} is {value!r}; it must be a whole number of at least {minimum}")
    return number


def pair(name: str, value: Any, minimum: int = 1) -> Pair:
    """A height and a width, from a pair or from one number for both.

    >>> pair("kernel", 3), pair("kernel", (1, 7))
    ((3, 3), (1, 7))
    """
    if not isinstance(value, (tuple, list)):
        both = size(name, value, minimum)
        return both, both
    if len(value) != 2:
        raise InputError(f"{name} is {value!r}; it must be one number or a height and a width")
    return size(name, value[0], minimum), size(name, value[1], minimum)


def _shape(name: str, value: Any) -> Shape:
    lengths = tuple(value) if isinstance(value, (tuple, list)) else ()
    if not lengths:
        raise InputError(f"{name} is {value!r}; it must be the sizes of one example, such as (3, 224, 224)")
    return tuple(size(name, length) for length in lengths)


def _padding(name: str, value: Any) -> Pair:
    return pair(name, value, minimum=0)


def _times(_: str, value: Any) -> Size:
    return size("the number of blocks", value)


def real(name: str, value: Any) -> float:
    """A finite number, or the symbol that it is. Raises InputError for anything else.

    >>> real("p", 0.5)
    0.5
    """
    if type(value) is float and isfinite(value):  # the common case
        return value
    if is_symbolic(value):
        return value  # type: ignore[no-any-return]
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not isfinite(number) or isinstance(value, (bool, str)):
        raise InputError(f"{name} is {value!r}; it must be a finite number")
    return value if type(value) is int else number


def _flag(name: str, value: Any) -> bool:
    if not (isinstance(value, bool) or value in (0, 1)):
        raise InputError(f"{name} is {value!r}; it must be True or False")
    return bool(value)


# How far from a number of groups that does not divide the channels one is looked for that does.
REACH = 512

# The functions that an `Activation` can be, by torch's names.
ACTIVATIONS = ("relu6", "sigmoid", "silu", "gelu", "hardsigmoid", "hardswish")


def _function(_: str, value: Any) -> str:
    if value not in ACTIVATIONS:
        raise unknown("activation", value, ACTIVATIONS)
    return str(value)


def probability(name: str, value: Any) -> float:
    """A number of at least 0 and below 1, or the symbol that it is. Raises InputError for anything else.

    >>> probability("dropout", 0.2)
    0.2
    """
    number = real(name, value)
    if not is_symbolic(number) and not 0 <= number < 1:
        raise InputError(f"{name} is {value!r}; it must be a probability of at least 0 and below 1")
    return number


def _not_negative(name: str, value: Any) -> float:
    number = real(name, value)
    if not is_symbolic(number) and number < 0:
        raise InputError(f"{name} is {value!r}; it must be a number of at least 0, such as 1e-5")
    return number


def _axes(name: str, value: Any) -> tuple[int, ...]:
    axes = tuple(value) if isinstance(value, (tuple, list)) else ()
    if not axes or sorted(axes) != list(range(len(axes))):
        raise InputError(f"{name} is {value!r}; it must be the axes of one example in another order, such as (1, 2, 0)")
    return axes


# Kinds of fields: the type that is stored, and the function that checks a value and converts it to that type.
Positive: TypeAlias = Annotated[Size, size]
Window: TypeAlias = Annotated[Pair, pair]
Padding: TypeAlias = Annotated[Pair, _padding]
Finite: TypeAlias = Annotated[float, real]
NotNegative: TypeAlias = Annotated[float, _not_negative]
Probability: TypeAlias = Annotated[float, probability]
Flag: TypeAlias = Annotated[bool, _flag]


def show(shape: Shape) -> str:
    """A shape as the papers write it.

    >>> show((256, 56, 56))
    '256x56x56'
    """
    return "x".join(map(str, shape))


def nearest_divisor(number: int, wanted: int) -> int:
    """The divisor of a number that is nearest to a wanted one, of two the smaller; 1 where none is near.

    >>> nearest_divisor(128, 48), nearest_divisor(12, 5)
    (32, 4)
    """
    wanted = min(wanted, number)
    near = range(max(1, wanted - REACH), min(number, wanted + REACH) + 1)
    return min((each for each in near if number % each == 0), key=lambda each: abs(each - wanted), default=1)


def _window(shape: Shape, kernel: Pair, stride: Pair, padding: Pair, ceil_mode: bool = False) -> Pair:
    """Height and width after a sliding window, as torch computes them (`torch.nn.Conv2d`, `torch.nn.MaxPool2d`)."""
    if len(shape) != 3:
        raise InputError(f"a sliding window needs channels x height x width, and was given {show(shape)}")
    height, width = (_steps(*sizes, ceil_mode) for sizes in zip(shape[1:], kernel, stride, padding, strict=True))
    return height, width


def windows(length: Size, kernel: Size, stride: Size, padding: Size = 0, dilation: Size = 1) -> Size:
    """How many windows fit along one axis, as torch computes it; below 1 where none does.

    >>> windows(224, 7, stride=2, padding=3)
    112
    """
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def _steps(length: Size, kernel: Size, stride: Size, padding: Size, ceil_mode: bool) -> Size:
    free = length + 2 * padding - kernel
    # With ceil_mode a window may hang over the end of the input, by less than a stride.
    if isinstance(free, int):
        if free < 0 and not (ceil_mode and -free < stride):
            raise InputError(f"a kernel of {kernel} does not fit into {length} pixels with a padding of {padding}")
        if length < stride and not ceil_mode:
            raise InputError(f"a stride of {stride} needs at least {stride} pixels, and there are {length}")
    if not ceil_mode:
        return windows(length, kernel, stride, padding)
    last = -(-free // stride)
    # torch lets the last window start inside the input or its left padding only, never in the right padding.
    beyond = last * stride - length - padding
    # While a size in it is free, it is taken to start inside.
    return last if not getattr(beyond, "free_symbols", None) and beyond >= 0 else last + 1


def _same(_: object, *inputs: Shape) -> Shape:
    """The output of a layer that keeps the shape."""
    return inputs[0]


class _Checked(Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen value. It is checked when it is made, by the functions beside its fields, in Python and from JSON."""

    _checks: ClassVar[tuple[tuple[str, Callable[[str, Any], Any]], ...]] = ()

    def __init_subclass__(cls) -> None:
        fields = get_annotations(cls).items()
        cls._checks += tuple((name, kind.__metadata__[0]) for name, kind in fields if hasattr(kind, "__metadata__"))

    def __post_init__(self) -> None:
        for name, check in self._checks:
            given = getattr(self, name)
            stored = check(name, given)
            if stored is not given:
                force_setattr(self, name, stored)


class _Node(_Checked, frozen=True, tag=True, tag_field="layer"):
    """A part of a network. In JSON it is an object of its fields, with the name of its class as `layer`."""


class Conv(_Node, frozen=True):
    """A two-dimensional convolution to `channels`; `groups` is the paper's cardinality C in form (c) of Figure 3."""

    channels: Positive
    kernel: Window
    stride: Window = (1, 1)
    padding: Padding = (0, 0)
    groups: Positive = 1
    bias: Flag = False

    if TYPE_CHECKING:  # one number stands for both height and width

        def __init__(
            self,
            channels: Size,
            kernel: Size | Pair,
            stride: Size | Pair = 1,
            padding: Size | Pair = 0,
            groups: Size = 1,
            bias: bool = False,
        ) -> None: ...

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        (shape,) = inputs
        groups = self.groups
        if groups != 1 and isinstance(groups, int):
            both = {"input": shape[0], "output": self.channels}
            for name, channels in both.items():
                if isinstance(channels, int) and channels % groups:
                    near = nearest_divisor(gcd(*(each for each in both.values() if isinstance(each, int))), groups)
                    raise InputError(f"{groups} groups do not divide {channels} {name} channels; {near} would")
        return (self.channels, *_window(shape, self.kernel, self.stride, self.padding))


class Linear(_Node, frozen=True):
    """A fully-connected layer to `features`."""

    features: Positive
    bias: Flag = True

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        return (*inputs[0][:-1], self.features)


class BatchNorm(_Node, frozen=True):
    """Batch normalisation with a learned scale and shift a channel (Ioffe and Szegedy, 2015)."""

    eps: NotNegative = 1e-5
    output = _same


class LayerNorm(_Node, frozen=True):
    """Normalisation over the last axis, with a learned scale and shift for each of its places (arXiv:1607.06450)."""

    eps: NotNegative = 1e-5
    output = _same


class ReLU(_Node, frozen=True):
    """max(x, 0): the activation that files have named by a layer of its own since the first version."""

    function = "relu"
    output = _same


class Activation(_Node, frozen=True):
    """Any other function of each element, by torch's name of it: one of `ACTIVATIONS`."""

    function: Annotated[str, _function]
    output = _same


class LocalResponseNorm(_Node, frozen=True):
    """x / (k + alpha s)^beta, where s is the sum of squares over 5 neighbouring maps at the same pixel.

    As Krizhevsky et al. (2012, Section 3.3) write it, with their constants; torch divides alpha by the neighbours.
    """

    neighbours, alpha, beta, k = 5, 1e-4, 0.75, 2.0
    output = _same


class Dropout(_Node, frozen=True):
    """In training, each element is set to zero with probability `p`; otherwise nothing happens."""

    p: Probability = 0.5
    output = _same


class StochasticDepth(_Node, frozen=True):
    """In training, all of an example is set to zero with a probability; otherwise nothing happens (arXiv:1603.09382).

    `p` is the probability in the last such layer of a network. It rises linearly from 0 in the first.
    """

    p: Probability
    output = _same


class LayerScale(_Node, frozen=True):
    """Each channel times a learned number, which is `initial` at first (Touvron et al., arXiv:2103.17239)."""

    initial: Finite = 1e-6
    output = _same


class Scale(_Node, frozen=True):
    """Each element times a constant: the scaled residuals of Inception-ResNet (arXiv:1602.07261, Section 3.3)."""

    factor: Finite
    output = _same


class _Pool(_Node, frozen=True):
    """A pool of each window; with `ceil_mode` the last window may hang over the end."""

    kernel: Window
    stride: Window
    padding: Padding = (0, 0)
    ceil_mode: Flag = False

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        (shape,) = inputs
        return (shape[0], *_window(shape, self.kernel, self.stride, self.padding, self.ceil_mode))


class MaxPool(_Pool, frozen=True):
    """The maximum of each window."""

    if TYPE_CHECKING:

        def __init__(
            self, kernel: Size | Pair, stride: Size | Pair, padding: Size | Pair = 0, ceil_mode: bool = False
        ) -> None: ...


class AvgPool(_Pool, frozen=True):
    """The mean of each window; with `count_include_pad` the padding counts as zeros, otherwise not at all."""

    count_include_pad: Flag = True

    if TYPE_CHECKING:

        def __init__(
            self,
            kernel: Size | Pair,
            stride: Size | Pair,
            padding: Size | Pair = 0,
            ceil_mode: bool = False,
            count_include_pad: bool = True,
        ) -> None: ...


class AdaptiveAvgPool(_Node, frozen=True):
    """The means over `size` bins, whatever the input; bins overlap where the size does not divide the input's."""

    size: Window

    if TYPE_CHECKING:

        def __init__(self, size: Size | Pair) -> None: ...

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        return (inputs[0][0], *self.size)


class GlobalAvgPool(_Node, frozen=True):
    """The mean of each channel: `channels x 1 x 1`."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        return (inputs[0][0], 1, 1)


class Flatten(_Node, frozen=True):
    """Channels, height and width as one row of features."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        features = 1
        for length in inputs[0]:
            features *= length
        return (features,)


class Permute(_Node, frozen=True):
    """The axes of one example in another order: `(1, 2, 0)` puts the channels last, `(2, 0, 1)` first again."""

    axes: Annotated[tuple[int, ...], _axes]

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        (shape,) = inputs
        if len(shape) != len(self.axes):
            raise InputError(f"an order of {len(self.axes)} axes was given {show(shape)}")
        return tuple(shape[axis] for axis in self.axes)


class Widen(_Node, frozen=True):
    """Every stride-th pixel, and channels of zeros behind its own: He et al.'s shortcut of type A, without weights."""

    channels: Positive
    stride: Positive

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        (shape,) = inputs
        if isinstance(self.channels, int) and isinstance(shape[0], int) and self.channels < shape[0]:
            raise InputError(f"{shape[0]} channels cannot be widened to {self.channels}")
        return (self.channels, *_window(shape, (1, 1), (self.stride, self.stride), (0, 0)))


class Repeat(_Node, frozen=True):
    """`first`, then `body` until there are `times` blocks. Each body keeps the shape, so its cost multiplies.

    Its blocks stand in its place in the `Sequential` that holds it: `block=Repeat(...)` becomes `block1`, `block2`, ...
    """

    body: "Node"
    times: Annotated[Size, _times]
    first: "Node"

    def blocks(self, name: str, *, collapse: bool = False) -> "Iterator[tuple[str, Node, Size]]":
        """The blocks one by one: name, block, and how often it runs.

        collapse: give the body once for all of its times, as where their number is a symbol.

        >>> stage = Repeat(ReLU(), 3, first=Conv(8, 1))
        >>> [(name, times) for name, _, times in stage.blocks("block")]
        [('block1', 1), ('block2', 1), ('block3', 1)]
        >>> [(name, times) for name, _, times in stage.blocks("block", collapse=True)]
        [('block1', 1), ('block2…', 2)]
        """
        yield f"{name}1", self.first, 1
        if self.times == 1:
            return
        if collapse or is_symbolic(self.times):
            yield f"{name}2…", self.body, self.times - 1
        else:
            for number in range(2, self.times + 1):
                yield f"{name}{number}", self.body, 1


def _children(_: str, given: Any) -> Any:
    """Children by name. Two of them may not have one name, and neither may the blocks of a `Repeat`."""
    children = tuple([(name, child) for name, child in given])
    repeats = {name: child.times for name, child in children if isinstance(child, Repeat)}
    if not repeats and len(dict(children)) == len(children):  # the common case
        return children
    taken: set[str] = set()
    for child, _ in children:
        name = f"{child}1" if child in repeats else child
        if name in taken or (repeats and any(_is_later_block(name, stage, times) for stage, times in repeats.items())):
            raise InputError(f"two children have the name {name!r}; every child needs a name of its own")
        taken.add(name)
    return children


def _is_later_block(name: str, stage: str, times: Size) -> bool:
    """Whether a name is that of the second or a later block of a stage."""
    number = name.removeprefix(stage)
    if not name.startswith(stage) or not number.isdecimal() or number != str(int(number)):
        return False
    return int(number) > 1 and (is_symbolic(times) or int(number) <= times)


def _branches(name: str, given: Any) -> Any:
    branches = _children(name, given)
    if not branches:
        raise InputError(f"{name} is {given!r}; there must be at least one")
    return branches


class Sequential(_Node, frozen=True):
    """Children one after the other. Without any it is the identity."""

    children: Annotated["tuple[tuple[str, Node | Repeat], ...]", _children]

    @classmethod
    def of(cls, **children: "Node | Repeat") -> "Sequential":
        """From keywords: the names of the children, in order."""
        return cls(tuple(children.items()))

    def parts(self) -> "Iterator[tuple[str, Node, Size]]":
        """The children in order, with the blocks of every `Repeat` in its place: name, node, and how often it runs."""
        for name, child in self.children:
            if isinstance(child, Repeat):
                yield from child.blocks(name)
            else:
                yield name, child, 1


class _Branches(_Node, frozen=True):
    """Branches from one input."""

    branches: Annotated["tuple[tuple[str, Node], ...]", _branches]

    @classmethod
    def of(cls, **branches: "Node") -> Self:
        """From keywords: the names of the branches, in order."""
        return cls(tuple(branches.items()))


class Sum(_Branches, frozen=True):
    """Branches added element by element: the residual sum, and the aggregation of Eqn. 2."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shapes of the branches; InputError where they differ."""
        if len(set(inputs)) > 1:
            raise InputError(f"branches of different shapes cannot be added: {', '.join(map(show, inputs))}")
        return inputs[0]


class Product(_Branches, frozen=True):
    """Two branches multiplied element by element. The second may have one number for each channel of the first.

    With an identity as the first it is a gate: the input times what a branch makes of it (arXiv:1709.01507, Figure 1).
    """

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shapes of the branches; InputError where they cannot be multiplied."""
        if len(inputs) != 2 or inputs[1] not in {inputs[0], (inputs[0][0], 1, 1)}:
            raise InputError(f"only two branches of fitting shapes can be multiplied: {', '.join(map(show, inputs))}")
        return inputs[0]


class Concat(_Branches, frozen=True):
    """Branches concatenated along the channels (Figure 3(b), Inception)."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shapes of the branches; InputError where their maps differ in size."""
        if len({shape[1:] for shape in inputs}) > 1:
            raise InputError(f"branches of different sizes cannot be concatenated: {', '.join(map(show, inputs))}")
        channels = inputs[0][0]
        for shape in inputs[1:]:
            channels += shape[0]
        return (channels, *inputs[0][1:])


class Auxiliary(_Node, frozen=True):
    """An auxiliary head: the input passes through, and in training only `head` runs on it too (GoogLeNet, Section 5).

    It is a child of the whole network, which in training returns its own output and then those of its heads.
    """

    head: "Node"

    def output(self, *inputs: Shape) -> Shape:
        """The shape of what passes through; the head's output is the other input."""
        return inputs[0]


IDENTITY = Sequential(())

Layer: TypeAlias = (
    Conv
    | Linear
    | BatchNorm
    | LayerNorm
    | LocalResponseNorm
    | ReLU
    | Activation
    | Dropout
    | StochasticDepth
    | LayerScale
    | Scale
    | MaxPool
    | AvgPool
    | AdaptiveAvgPool
    | GlobalAvgPool
    | Flatten
    | Permute
    | Widen
)
Joined: TypeAlias = Sum | Product | Concat
Node: TypeAlias = Layer | Sequential | Joined | Auxiliary


def _body(name: str, given: Any) -> Sequential:
    if not isinstance(given, Sequential):
        raise InputError(f"{name} is a {type(given).__name__}; put the layers into a Sequential, with names")
    return given


@public
class Description(_Checked, frozen=True):
    """A whole network: the shape of one input and the node that takes it."""

    input: Annotated[Shape, _shape]
    body: Annotated[Sequential, _body]


class Value(NamedTuple):
    """What flows from one layer to the next: its number, and its shape. The network's input is value 0."""

    number: int
    shape: Shape


class Visit(NamedTuple):
    """One layer (or sum, product, concatenation, auxiliary head) as the walk meets it.

    times: how often it runs: once, except in the repeated body of a stage whose depth is a symbol, or in a collapsed
        walk.
    training_only: whether it belongs to an auxiliary head. The head itself comes after its layers; its inputs are the
        value that passes through and the head's output.
    takes, makes: the numbers of the values that it takes in and puts out. What passes an auxiliary head keeps its
        number.
    holds: the values that the parts of the network around it were given, and keep until they have their outputs.
    """

    path: str
    layer: Layer | Joined | Auxiliary
    inputs: tuple[Shape, ...]
    output: Shape
    times: Size = 1
    training_only: bool = False
    takes: tuple[int, ...] = ()
    makes: int = 0
    holds: tuple[int, ...] = ()


def walk(node: Node, shape: Shape, collapse: bool = False) -> list[Visit]:
    """Every layer of a node in the order in which it runs, with the shapes it takes in and puts out.

    collapse: visit the repeated block of a stage once and say how many `times`, as where its depth is a symbol.

    Raises InputError, with the path of the layer, where a layer cannot take its input.

    >>> body = Sequential.of(conv=Conv(3, 1), add=Sum.of(residual=ReLU(), shortcut=IDENTITY))
    >>> for visit in walk(body, (3, 32, 32)):
    ...     print(visit.path, visit.takes, visit.makes, visit.holds)
    conv (0,) 1 (0,)
    add.residual (1,) 2 (0, 1)
    add (2, 1) 3 (0, 1)
    """
    walked = _Walk(collapse)
    try:
        walked.node(node, Value(0, shape))
    except RecursionError:
        raise InputError("the description is nested too deeply") from None
    return walked.visits


class _Walk:
    """One walk, and what it has visited. The value that a visit makes has the number of the visit, counted from 1."""

    def __init__(self, collapse: bool) -> None:
        self.collapse = collapse
        self.visits: list[Visit] = []

    def node(self, node: Node, given: Value, path: str = "", times: Size = 1, holds: tuple[int, ...] = ()) -> Value:
        """Visit a node that is given a value, and return the value that it puts out."""
        if isinstance(node, Sequential):
            return self._sequence(node, given, path, times, (*holds, given.number))
        if not isinstance(node, (Joined, Auxiliary)):
            return self._layer(node, [given], path, times, holds)
        if isinstance(node, Auxiliary):
            raise InputError(f"{path}: an auxiliary head must be a child of the whole network")
        holds = (*holds, given.number)
        branches = [(f"{path}.{name}" if path else name, branch) for name, branch in node.branches]
        taken = [self.node(branch, given, name, times, holds) for name, branch in branches]
        return self._layer(node, taken, path, times, holds)

    def _layer(
        self, layer: Layer | Joined, taken: list[Value], path: str, times: Size, holds: tuple[int, ...]
    ) -> Value:
        inputs = tuple([value.shape for value in taken])
        try:
            output = layer.output(*inputs)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        takes, made = tuple([value.number for value in taken]), len(self.visits) + 1
        self.visits.append(Visit(path, layer, inputs, output, times, False, takes, made, holds))
        return Value(made, output)

    def _sequence(self, node: Sequential, value: Value, path: str, times: Size, holds: tuple[int, ...]) -> Value:
        for name, child in node.children:
            child_path = f"{path}.{name}" if path else name
            if isinstance(child, Repeat):
                value = self._repeat(child, value, child_path, times, holds)
            elif isinstance(child, Auxiliary) and not path:
                self._auxiliary(child, value, name, holds)
            else:
                value = self.node(child, value, child_path, times, holds)
        return value

    def _auxiliary(self, node: Auxiliary, given: Value, path: str, holds: tuple[int, ...]) -> None:
        start = len(self.visits)
        output = self.node(node.head, given, path, 1, holds)
        self.visits[start:] = [visit._replace(training_only=True) for visit in self.visits[start:]]
        inputs, takes = (given.shape, output.shape), (given.number, output.number)
        self.visits.append(Visit(path, node, inputs, given.shape, 1, True, takes, given.number, holds))

    def _repeat(self, stage: Repeat, given: Value, path: str, times: Size, holds: tuple[int, ...]) -> Value:
        (first, block, _), *later = stage.blocks(path, collapse=self.collapse)
        before = self.node(block, given, first, times, holds)
        if not later:
            return before
        (second, block, runs), *others = later
        start = len(self.visits)
        after = self.node(block, before, second, times * runs, holds)
        if after.shape != before.shape:
            change = f"turns {show(before.shape)} into {show(after.shape)}"
            raise InputError(f"{path}: a repeated block must keep its shape, and {change}")
        body = self.visits[start:]
        taken = after.number
        for number, (name, _, _) in enumerate(others, start=1):
            new = _Renumbered(before.number, taken, number * len(body), len(holds))
            self.visits += [new.visit(visit, name + visit.path[len(second) :]) for visit in body]
            taken = after.number + number * len(body)
        return Value(taken, before.shape)


class _Renumbered(NamedTuple):
    """New numbers for a block that runs again: it takes `taken`, not `before`, and what it makes is `shift` later."""

    before: int
    taken: int
    shift: int
    outside: int  # how many of the held values are held outside the block, and stay the same

    def visit(self, visit: Visit, path: str) -> Visit:
        """The visit of the same layer in this block."""
        _, layer, inputs, output, times, training_only, takes, makes, holds = visit
        kept = holds[: self.outside] + self._numbers(holds[self.outside :])
        takes = self._numbers(takes)
        return Visit(path, layer, inputs, output, times, training_only, takes, makes + self.shift, kept)

    def _numbers(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        before, taken, shift, _ = self
        return tuple([taken if number == before else number + shift for number in numbers])


def stages(description: Description) -> Iterator[tuple[str, Node, Shape, Shape]]:
    """The children of a whole network as (name, node, input shape, output shape): the rows of the paper's Table 1.

    Auxiliary heads are left out.

    >>> [(name, show(output)) for name, _, _, output in stages(Description((3, 8, 8), Sequential.of(conv=Conv(4, 3))))]
    [('conv', '4x6x6')]
    """
    shape = description.input
    for name, node in description.body.children:
        if isinstance(node, Repeat):
            raise InputError(f"{name}: a stage is a Sequential that holds its Repeat")
        if isinstance(node, Auxiliary):
            continue
        before, shape = shape, _Walk(collapse=True).node(node, Value(0, shape), name).shape
        yield name, node, before, shape
