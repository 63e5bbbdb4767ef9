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

A new layer is one class here (what it puts out), its cost in `cost.py` and its module in `torch_model.py`.
"""

from collections.abc import Iterator, Mapping
from inspect import get_annotations
from operator import index
from typing import Any, ClassVar, NamedTuple, NoReturn, Self, TypeAlias, dataclass_transform

from resnext_flops.errors import InputError, public

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
    # With ceil_mode a window may hang over the end of the input, by less than a stride.
    if isinstance(free, int):
        if free < 0 and not (ceil_mode and -free < stride):
            raise InputError(f"a kernel of {kernel} does not fit into {length} pixels with a padding of {padding}")
        if length < stride and not ceil_mode:
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


_REQUIRED = object()


@dataclass_transform(frozen_default=True)
class _Value:
    """A frozen record of the fields that a subclass annotates.

    It is what a dataclass is. But a dataclass writes the code of its methods anew whenever the package is loaded, and
    with one for each layer that was a tenth of the time in which the command line starts.
    """

    _fields: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        own = {name: cls.__dict__.get(name, _REQUIRED) for name in get_annotations(cls)}
        cls._fields = {**cls._fields, **own}

    def __init__(self, *args: Any, **named: Any) -> None:
        given = dict(zip(self._fields, args, strict=False))
        values = {**self._fields, **given, **named}
        missing = [name for name, value in values.items() if value is _REQUIRED]
        if missing or len(args) > len(given) or given.keys() & named or len(values) > len(self._fields):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self._fields)}; given were {args} and {named}")
        self.__dict__.update(values)
        self.__post_init__()

    def __post_init__(self) -> None:
        """What a subclass checks and makes uniform."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed; make another one")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


class Conv(_Value):
    """A two-dimensional convolution to `channels`; `groups` is the paper's cardinality C in form (c) of Figure 3."""

    channels: Size
    kernel: Any
    stride: Any = 1
    padding: Any = 0
    groups: Size = 1
    bias: bool = False

    def __post_init__(self) -> None:
        self.__dict__["channels"] = size("channels", self.channels)
        self.__dict__["kernel"] = pair("kernel", self.kernel)
        self.__dict__["stride"] = pair("stride", self.stride)
        self.__dict__["padding"] = pair("padding", self.padding, minimum=0)
        self.__dict__["groups"] = size("groups", self.groups)

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        (shape,) = inputs
        for name, channels in (("input", shape[0]), ("output", self.channels)):
            if isinstance(channels, int) and isinstance(self.groups, int) and channels % self.groups:
                raise InputError(f"{self.groups} groups do not divide {channels} {name} channels")
        return (self.channels, *_window(shape, self.kernel, self.stride, self.padding))


class Linear(_Value):
    """A fully-connected layer to `features`."""

    features: Size
    bias: bool = True

    def __post_init__(self) -> None:
        self.__dict__["features"] = size("features", self.features)

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        return (*inputs[0][:-1], self.features)


class BatchNorm(_Value):
    """Batch normalisation with a learned scale and shift a channel (Ioffe and Szegedy, 2015)."""

    eps: float = 1e-5
    output = _same


class _Plain(_Value):
    """A layer that has nothing to set. Subclasses need no decorator: they compare equal to their own kind alone."""


class ReLU(_Plain):
    """max(x, 0)."""

    output = _same


class LocalResponseNorm(_Plain):
    """x / (k + alpha s)^beta, where s is the sum of squares over 5 neighbouring maps at the same pixel.

    As Krizhevsky et al. (2012, Section 3.3) write it, with their constants; torch divides alpha by the neighbours.
    """

    neighbours, alpha, beta, k = 5, 1e-4, 0.75, 2.0
    output = _same


class Dropout(_Value):
    """In training, each element is set to zero with probability `p`; otherwise nothing happens."""

    p: float = 0.5
    output = _same


class Scale(_Value):
    """Each element times a constant: the scaled residuals of Inception-ResNet (arXiv:1602.07261, Section 3.3)."""

    factor: float
    output = _same


class _Pool(_Value):
    """A pool of each window; with `ceil_mode` the last window may hang over the end."""

    kernel: Any
    stride: Any
    padding: Any = 0
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        self.__dict__["kernel"] = pair("kernel", self.kernel)
        self.__dict__["stride"] = pair("stride", self.stride)
        self.__dict__["padding"] = pair("padding", self.padding, minimum=0)

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        (shape,) = inputs
        return (shape[0], *_window(shape, self.kernel, self.stride, self.padding, self.ceil_mode))


class MaxPool(_Pool):
    """The maximum of each window."""


class AvgPool(_Pool):
    """The mean of each window; with `count_include_pad` the padding counts as zeros, otherwise not at all."""

    count_include_pad: bool = True


class AdaptiveAvgPool(_Value):
    """The means over `size` bins, whatever the input; bins overlap where the size does not divide the input's."""

    size: Any

    def __post_init__(self) -> None:
        self.__dict__["size"] = pair("size", self.size)

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        return (inputs[0][0], *self.size)


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


class Widen(_Value):
    """Every stride-th pixel, and channels of zeros behind its own: He et al.'s shortcut of type A, without weights."""

    channels: Size
    stride: int

    def __post_init__(self) -> None:
        self.__dict__["channels"] = size("channels", self.channels)
        self.__dict__["stride"] = size("stride", self.stride)

    def output(self, *inputs: Shape) -> Shape:
        """The shape put out for the shape taken in; InputError where the layer cannot take it."""
        (shape,) = inputs
        if isinstance(self.channels, int) and isinstance(shape[0], int) and self.channels < shape[0]:
            raise InputError(f"{shape[0]} channels cannot be widened to {self.channels}")
        return (self.channels, *_window(shape, (1, 1), (self.stride, self.stride), (0, 0)))


class Repeat(_Value):
    """`first`, then `body` until there are `times` blocks. Each body keeps the shape, so its cost multiplies.

    It is spliced into the `Sequential` that holds it: a child `block=Repeat(...)` becomes `block1`, `block2`, ...
    """

    body: "Node"
    times: Size
    first: "Node"

    def __post_init__(self) -> None:
        self.__dict__["times"] = size("the number of blocks", self.times)


class Sequential(_Value):
    """Children one after the other. Without any it is the identity."""

    children: "tuple[tuple[str, Node | Repeat], ...]"

    @classmethod
    def of(cls, **children: "Node | Repeat") -> "Sequential":
        """From keywords: the names of the children, in order."""
        return cls(tuple(children.items()))


class _Branches(_Value):
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


class Auxiliary(_Value):
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
    | LocalResponseNorm
    | ReLU
    | Dropout
    | Scale
    | MaxPool
    | AvgPool
    | AdaptiveAvgPool
    | GlobalAvgPool
    | Flatten
    | Widen
)
Node: TypeAlias = Layer | Sequential | Sum | Concat | Auxiliary


@public
class Description(_Value):
    """A whole network: the shape of one input and the node that takes it."""

    input: Shape
    body: Sequential


class Visit(NamedTuple):
    """One layer (or sum, concatenation, auxiliary head) as the walk meets it.

    `times` is 1, but for the repeated body of a stage whose depth is a symbol, or in a collapsed walk. `training_only`
    are the layers of an auxiliary head, and after them the head itself, whose inputs are what passes through and what
    the head puts out.
    """

    path: str
    layer: Layer | Sum | Concat | Auxiliary
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
            elif isinstance(child, Auxiliary) and not path:
                _auxiliary(child, shape, name, visits, collapse)
            else:
                shape = _walk(child, shape, child_path, times, visits, collapse)
        return shape
    if isinstance(node, Auxiliary):
        raise InputError(f"{path}: an auxiliary head must be a child of the whole network")
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


def _auxiliary(node: Auxiliary, shape: Shape, path: str, visits: list[Visit], collapse: bool) -> None:
    start = len(visits)
    output = _walk(node.head, shape, path, 1, visits, collapse)
    visits[start:] = [visit._replace(training_only=True) for visit in visits[start:]]
    visits.append(Visit(path, node, (shape, output), node.output(shape, output), training_only=True))


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
        before, shape = shape, _walk(node, shape, name, 1, [])
        yield name, node, before, shape
