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

A new layer is one dataclass here (what it puts out), its cost in `cost.py` and its module in `torch_model.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import index
from typing import Any, NamedTuple, Self, TypeAlias

from resnext_flops.errors import InputError

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
    resnext_flops.errors.InputError: width is 2.5; it must be a whole number of at least 1
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


def show(shape: Shape) -> str:
    """A shape as the papers write it.

    >>> show((256, 56, 56))
    '256x56x56'
    """
    return "x".join(map(str, shape))


def _window(shape: Shape, kernel: Pair, stride: Pair, padding: Pair, ceil_mode: bool = False) -> Pair:
    """Height and width after a sliding window, as torch computes them (`torch.nn.Conv2d`, `torch.nn.MaxPool2d`)."""
    if len(shape) != 3:
        raise InputError(f"a sliding window needs channels x height x width, and was given {show(shape)}")
    return _steps(shape[1], kernel[0], stride[0], padding[0], ceil_mode), _steps(
        shape[2], kernel[1], stride[1], padding[1], ceil_mode
    )


def _steps(length: Size, kernel: Size, stride: Size, padding: Size, ceil_mode: bool) -> Size:
    free = length + 2 * padding - kernel
    if isinstance(free, int):
        if free < 0:
            raise InputError(f"a kernel of {kernel} does not fit into {length} pixels with a padding of {padding}")
        if length < stride:
            raise InputError(f"a stride of {stride} needs at least {stride} pixels, and there are {length}")
    if not ceil_mode:
        return free // stride + 1
    last = -(-free // stride)
    # torch lets the last window start inside the input or its left padding only, never in the right padding.
    starts_outside = (last * stride - length - padding >= 0) == True  # noqa: E712 (a symbolic relation is not a bool)
    return last if starts_outside else last + 1


def _same(_: object, *inputs: Shape) -> Shape:
    """The output of a layer that keeps the shape."""
    return inputs[0]


@dataclass(frozen=True)
class Conv:
    """A two-dimensional convolution to `channels`; `groups` is the paper's cardinality C in form (c) of Figure 3."""

    channels: Size
    kernel: Any
    stride: Any = 1
    padding: Any = 0
    groups: Size = 1
    bias: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", size("channels", self.channels))
        object.__setattr__(self, "kernel", pair("kernel", self.kernel))
        object.__setattr__(self, "stride", pair("stride", self.stride))
        object.__setattr__(self, "padding", pair("padding", self.padding, minimum=0))
        object.__setattr__(self, "groups", size("groups", self.groups))

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        (shape,) = inputs
        for name, channels in (("input", shape[0]), ("output", self.channels)):
            if isinstance(channels, int) and isinstance(self.groups, int) and channels % self.groups:
                raise InputError(f"{self.groups} groups do not divide {channels} {name} channels")
        return (self.channels, *_window(shape, self.kernel, self.stride, self.padding))


@dataclass(frozen=True)
class Linear:
    """A fully-connected layer to `features`."""

    features: Size
    bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", size("features", self.features))

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        return (*inputs[0][:-1], self.features)


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation with a learned scale and shift a channel (Ioffe and Szegedy, 2015)."""

    eps: float = 1e-5
    output = _same


@dataclass(frozen=True)
class _Plain:
    """A layer that has nothing to set. Subclasses need no decorator: they compare equal to their own kind alone."""


class ReLU(_Plain):
    """max(x, 0)."""

    output = _same


@dataclass(frozen=True)
class MaxPool:
    """The maximum of each window."""

    kernel: Any
    stride: Any
    padding: Any = 0
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", pair("kernel", self.kernel))
        object.__setattr__(self, "stride", pair("stride", self.stride))
        object.__setattr__(self, "padding", pair("padding", self.padding, minimum=0))

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        (shape,) = inputs
        return (shape[0], *_window(shape, self.kernel, self.stride, self.padding, self.ceil_mode))


class GlobalAvgPool(_Plain):
    """The mean of each channel: `channels x 1 x 1`."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        return (inputs[0][0], 1, 1)


class Flatten(_Plain):
    """Channels, height and width as one row of features."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        features = 1
        for length in inputs[0]:
            features *= length
        return (features,)


@dataclass(frozen=True)
class Repeat:
    """`first`, then `body` until there are `times` blocks. Each body keeps the shape, so its cost multiplies.

    It is spliced into the `Sequential` that holds it: a child `block=Repeat(...)` becomes `block1`, `block2`, ...
    """

    body: "Node"
    times: Size
    first: "Node"

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", size("the number of blocks", self.times))


@dataclass(frozen=True)
class Sequential:
    """Children one after the other. Without any it is the identity."""

    children: "tuple[tuple[str, Node | Repeat], ...]"

    @classmethod
    def of(cls, **children: "Node | Repeat") -> "Sequential":
        """From keywords: the names of the children, in order."""
        return cls(tuple(children.items()))


@dataclass(frozen=True)
class _Branches:
    """Branches from one input."""

    branches: "tuple[tuple[str, Node], ...]"

    @classmethod
    def of(cls, **branches: "Node") -> Self:
        """From keywords: the names of the branches, in order."""
        return cls(tuple(branches.items()))


class Sum(_Branches):
    """Branches added element by element: the residual sum, and the aggregation of Eqn. 2."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shapes of the branches; InputError where they differ."""
        if len(set(inputs)) > 1:
            raise InputError(f"branches of different shapes cannot be added: {', '.join(map(show, inputs))}")
        return inputs[0]


class Concat(_Branches):
    """Branches put one behind the other along the channels (Figure 3(b), Inception)."""

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shapes of the branches; InputError where their maps differ in size."""
        if len({shape[1:] for shape in inputs}) > 1:
            raise InputError(f"branches of different sizes cannot be concatenated: {', '.join(map(show, inputs))}")
        channels = inputs[0][0]
        for shape in inputs[1:]:
            channels += shape[0]
        return (channels, *inputs[0][1:])


IDENTITY = Sequential(())

Layer: TypeAlias = Conv | Linear | BatchNorm | ReLU | MaxPool | GlobalAvgPool | Flatten
Node: TypeAlias = Layer | Sequential | Sum | Concat


@dataclass(frozen=True)
class Description:
    """A whole network: the shape of one input and the node that takes it."""

    input: Shape
    body: Sequential


class Visit(NamedTuple):
    """One layer (or sum, or concatenation) as the walk meets it.

    `times` is 1, but for the repeated body of a stage whose depth is a symbol, or in a collapsed walk.
    """

    path: str
    layer: Layer | Sum | Concat
    inputs: tuple[Shape, ...]
    output: Shape
    times: Size = 1
    training_only: bool = False


def walk(node: Node, shape: Shape, collapse: bool = False) -> list[Visit]:
    """Every layer of a node in the order in which it runs, with the shapes it takes in and puts out.

    collapse: visit the repeated block of a stage once and say how many `times`, as where its depth is a symbol.

    Raises InputError, with the path of the layer, where a layer cannot take its input.

    >>> [visit.path for visit in walk(Sequential.of(conv=Conv(8, 3), relu=ReLU()), (3, 32, 32))]
    ['conv', 'relu']
    """
    visits: list[Visit] = []
    _walk(node, shape, "", 1, visits, collapse)
    return visits


def _walk(node: Node, shape: Shape, path: str, times: Size, visits: list[Visit], collapse: bool = False) -> Shape:
    if isinstance(node, Sequential):
        for name, child in node.children:
            child_path = f"{path}.{name}" if path else name
            if isinstance(child, Repeat):
                shape = _repeat(child, shape, child_path, times, visits, collapse)
            else:
                shape = _walk(child, shape, child_path, times, visits, collapse)
        return shape
    inputs: tuple[Shape, ...] = (shape,)
    if isinstance(node, (Sum, Concat)):
        branches = ((f"{path}.{name}" if path else name, branch) for name, branch in node.branches)
        inputs = tuple(_walk(branch, shape, name, times, visits, collapse) for name, branch in branches)
    try:
        output = node.output(*inputs)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    visits.append(Visit(path, node, inputs, output, times))
    return output


def _repeat(stage: Repeat, shape: Shape, path: str, times: Size, visits: list[Visit], collapse: bool) -> Shape:
    shape = _walk(stage.first, shape, f"{path}1", times, visits, collapse)
    if stage.times == 1:
        return shape
    if collapse or is_symbolic(stage.times):
        output = _walk(stage.body, shape, f"{path}2…", times * (stage.times - 1), visits, collapse)
    else:
        start, second = len(visits), f"{path}2"
        output = _walk(stage.body, shape, second, times, visits)
        body = visits[start:]
        for number in range(3, stage.times + 1):
            visits += [visit._replace(path=f"{path}{number}{visit.path[len(second) :]}") for visit in body]
    if output != shape:
        raise InputError(f"{path}: a repeated block must keep its shape, and turns {show(shape)} into {show(output)}")
    return shape


def stages(description: Description) -> Iterator[tuple[str, Node, Shape, Shape]]:
    """The children of a whole network as (name, node, input shape, output shape): the rows of the paper's Table 1.

    >>> [(name, show(output)) for name, _, _, output in stages(Description((3, 8, 8), Sequential.of(conv=Conv(4, 3))))]
    [('conv', '4x6x6')]
    """
    shape = description.input
    for name, node in description.body.children:
        if isinstance(node, Repeat):
            raise InputError(f"{name}: a stage is a Sequential that holds its Repeat")
        before, shape = shape, _walk(node, shape, name, 1, [])
        yield name, node, before, shape
