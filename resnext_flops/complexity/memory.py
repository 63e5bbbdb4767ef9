"""The memory reading: exact bytes of a network's tensors, for any batch, dtype and optimizer.

What is kept for the backward pass is what torch's formulas save (tools/autograd/derivatives.yaml), each storage once: a
convolution and a fully-connected layer their input, batch norm its input and the statistics of the batch, ReLU (which
works in place) its output, max pooling its input and an index of eight bytes for each output, average pooling its
input, dropout its mask. Local response norm keeps its input, the squares of it with their padding, and its denominator
before and after the power. The sum, the concatenation, the global average, the scaling and the flattening keep nothing.
The learned tensors are saved too, and counted as weights. A layer without a learned tensor before it keeps nothing,
because no gradient passes through it.

At inference, the largest set of tensors that exist at once is counted: a part of the model holds its input until it
has its output, and max pooling makes its indices there too. What an operator needs in passing (the workspace of a
convolution, the squares of local response norm) is no tensor of the network and is not counted, and neither is the
loss. Auxiliary heads are there in training only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import prod
from typing import NamedTuple

from resnext_flops.complexity.layers import (
    Auxiliary,
    Concat,
    Description,
    LocalResponseNorm,
    Node,
    Repeat,
    Sequential,
    Shape,
    Sum,
    size,
)
from resnext_flops.complexity.ledger import Entry, tensors
from resnext_flops.errors import InputError, unknown
from resnext_flops.show import display

# Bytes of an element, by torch's name of its type.
ITEM_BYTES: Mapping[str, int] = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
INDEX_BYTES = 8  # torch's int64: the indices of max pooling, the number of batches that batch norm has seen
STEP_BYTES = 4  # Adam counts its steps in one float32 a tensor


class Rule(NamedTuple):
    """What one kind of layer keeps for the backward pass, and whether it puts out a new tensor or its input changed.

    keeps_statistics: two numbers a channel. makes_indices: an index for each output, in inference too.
    keeps_mask: a number for each element, made in training only. keeps_powers: see local response norm above.
    """

    keeps_input: bool = False
    keeps_output: bool = False
    keeps_statistics: bool = False
    makes_indices: bool = False
    keeps_mask: bool = False
    keeps_powers: bool = False
    new_output: bool = True


HEAD = "auxiliary head"
# Layers that read and write nothing: a view, and the mark of a head whose own layers are counted.
UNMOVED = ("flatten", HEAD)

RULES: Mapping[str, Rule] = {
    "conv": Rule(keeps_input=True),
    "linear": Rule(keeps_input=True),
    "batch norm": Rule(keeps_input=True, keeps_statistics=True),
    "relu": Rule(keeps_output=True, new_output=False),
    "max pool": Rule(keeps_input=True, makes_indices=True),
    "average pool": Rule(keeps_input=True),
    "adaptive average pool": Rule(keeps_input=True),
    "global average pool": Rule(),
    "local response norm": Rule(keeps_input=True, keeps_powers=True),
    "dropout": Rule(keeps_mask=True),
    "scale": Rule(),
    "flatten": Rule(new_output=False),
    "widen": Rule(),
    "sum": Rule(),
    "concat": Rule(),
}

# Bytes of an optimizer's state, for the bytes and the number of the learned tensors.
OPTIMIZERS: Mapping[str, Callable[[int, int], int]] = {
    "sgd": lambda weights, _: weights,  # one momentum buffer a tensor
    "adam": lambda weights, number: 2 * weights + STEP_BYTES * number,  # both moments and the step
}


@display.shown
class Memory(NamedTuple):
    """Exact bytes of a network's tensors for one batch, dtype and optimizer.

    kept: the bytes that each layer is the first to keep for the backward pass, by path.
    live: the largest set of tensors that exist at once in a forward pass without gradients, with the input.
    moved: bytes that the forward pass moves if each layer reads its input and its learned tensors once and writes its
        output once.
    moved_in_training: the same with the backward pass, where a layer reads the gradient of its output, its learned
        tensors and what it keeps, and writes the gradients of its inputs and of its learned tensors.
    """

    batch: int
    dtype: str
    optimizer: str
    weights: int
    buffers: int
    gradients: int
    state: int
    kept: Mapping[str, int]
    live: int
    moved: int
    moved_in_training: int

    @property
    def activations(self) -> int:
        """Bytes kept for the backward pass, besides the learned tensors."""
        return sum(self.kept.values())

    @property
    def training(self) -> int:
        """Everything that training holds: weights, buffers, gradients, optimizer state and kept activations."""
        return self.weights + self.buffers + self.gradients + self.state + self.activations

    @property
    def inference(self) -> int:
        """Everything that a forward pass without gradients holds at its fullest: weights, buffers, live tensors."""
        return self.weights + self.buffers + self.live


def memory(
    description: Description, entries: Iterable[Entry], batch: int = 1, dtype: str = "float32", optimizer: str = "sgd"
) -> Memory:
    """The memory of a described network and its ledger's entries.

    batch: examples at once.
    dtype: torch's name of the type of every tensor: `float64`, `float32`, `bfloat16` or `float16`.
    optimizer: `sgd` (with momentum) or `adam`.

    Raises InputError for another dtype, optimizer or batch, a depth that is a symbol, or a layer without a rule.

    >>> import resnext_flops as rf
    >>> net = rf.resnet(50)
    >>> memory(net.description, net.cost()).weights == 4 * net.cost().params
    True
    """
    if dtype not in ITEM_BYTES:
        raise unknown("dtype", dtype, ITEM_BYTES)
    if optimizer not in OPTIMIZERS:
        raise unknown("optimizer", optimizer, OPTIMIZERS)
    batch, item = size("batch", batch), ITEM_BYTES[dtype]
    layers = list(entries)
    for entry in layers:
        if entry.kind not in RULES and entry.kind != HEAD:
            raise InputError(f"{entry.path}: what a layer of the kind {entry.kind!r} keeps in memory is not known")
    in_training, at_inference = _Tensors(batch, item, training=True), _Tensors(batch, item, training=False)
    for found in (in_training, at_inference):
        found.follow(description, layers)
    weights = item * sum(entry.params for entry in layers)
    moving = [entry for entry in layers if entry.kind not in UNMOVED]
    forward = {entry.path: _forward_moves(entry, batch, item) for entry in moving}
    backward = sum(_backward_moves(entry, batch, item) for entry in moving)
    read = (forward[entry.path] for entry in moving if not entry.training_only and entry.kind != "dropout")
    return Memory(
        batch,
        dtype,
        optimizer,
        weights,
        sum(_buffers(entry, item) for entry in layers),
        weights,
        OPTIMIZERS[optimizer](weights, sum(len(tensors(entry)) for entry in layers)),
        in_training.kept,
        at_inference.live,
        sum(read),
        sum(forward.values()) + backward,
    )


def _buffers(entry: Entry, item: int) -> int:
    """Batch norm's running mean and variance, and the number of batches it has seen."""
    return 2 * entry.inputs[0][0] * item + INDEX_BYTES if entry.kind == "batch norm" else 0


def _indices(entry: Entry, batch: int) -> int:
    return INDEX_BYTES * batch * prod(entry.output) if RULES[entry.kind].makes_indices else 0


def _extra_bytes(entry: Entry, batch: int, item: int) -> int:
    """What a layer keeps besides its input and its output."""
    rule, elements = RULES[entry.kind], prod(entry.inputs[0])
    numbers = batch * elements if rule.keeps_mask else 0
    if rule.keeps_powers:
        padding = (LocalResponseNorm.neighbours - 1) * prod(entry.inputs[0][1:])
        numbers = batch * (3 * elements + padding)
    if rule.keeps_statistics:
        numbers = 2 * entry.inputs[0][0]
    return numbers * item + _indices(entry, batch)


def _forward_moves(entry: Entry, batch: int, item: int) -> int:
    return item * (batch * (sum(map(prod, entry.inputs)) + prod(entry.output)) + entry.params)


def _backward_moves(entry: Entry, batch: int, item: int) -> int:
    rule = RULES[entry.kind]
    inputs, output = batch * sum(map(prod, entry.inputs)), batch * prod(entry.output)
    kept = inputs * rule.keeps_input + output * rule.keeps_output
    return item * (output + inputs + kept + 2 * entry.params) + _extra_bytes(entry, batch, item)


class _Tensor(NamedTuple):
    """A tensor between two layers: which storage it lies in, its bytes, and whether a gradient will pass through it."""

    storage: int
    bytes: int
    learned: bool


class _Tensors:
    """Follows the tensors of one pass through a description, layer by layer."""

    def __init__(self, batch: int, item: int, *, training: bool) -> None:
        self.batch, self.item, self.training = batch, item, training
        self.kept: dict[str, int] = {}
        self.live = 0
        self._storages = 0
        self._saved: set[int] = set()
        self._held: list[_Tensor] = []

    def follow(self, description: Description, entries: Iterable[Entry]) -> None:
        """Meet each layer once, in the order of the entries, without the auxiliary heads at inference."""
        running = iter([entry for entry in entries if self.training or not entry.training_only])
        self._node(description.body, self._new(description.input, learned=False), running)

    def _new(self, shape: Shape, *, learned: bool) -> _Tensor:
        self._storages += 1
        return _Tensor(self._storages, self.batch * prod(shape) * self.item, learned)

    def _node(self, node: Node, given: _Tensor, entries: Iterator[Entry]) -> _Tensor:
        self._held.append(given)
        tensor, inputs = given, [given]
        if isinstance(node, Sequential):
            for child in _children(node):
                tensor = self._node(child, tensor, entries)
        elif isinstance(node, Auxiliary):
            if self.training:
                self._node(node.head, given, entries)
                next(entries)  # the head as a whole keeps nothing more
        else:
            if isinstance(node, (Sum, Concat)):
                inputs = []
                for _, branch in node.branches:
                    inputs.append(self._node(branch, given, entries))
                    self._held.append(inputs[-1])
                del self._held[len(self._held) - len(inputs) :]
            tensor = self._layer(next(entries), inputs)
        self._held.pop()
        return tensor

    def _layer(self, entry: Entry, inputs: list[_Tensor]) -> _Tensor:
        rule = RULES[entry.kind]
        learned = entry.params > 0 or any(tensor.learned for tensor in inputs)
        alone = (entry.kind == "sum" and len(inputs) == 1) or (entry.kind == "dropout" and not self.training)
        output = inputs[0] if alone or not rule.new_output else self._new(entry.output, learned=learned)
        present = {tensor.storage: tensor.bytes for tensor in (*self._held, *inputs, output)}
        self.live = max(self.live, sum(present.values()) + _indices(entry, self.batch))
        if learned:
            self._keep(entry, (inputs if rule.keeps_input else []) + ([output] if rule.keeps_output else []))
        return output

    def _keep(self, entry: Entry, saved: list[_Tensor]) -> None:
        new = {tensor.storage: tensor.bytes for tensor in saved if tensor.storage not in self._saved}
        self._saved |= set(new)
        found = sum(new.values()) + _extra_bytes(entry, self.batch, self.item)
        if found:
            self.kept[entry.path] = found


def _children(node: Sequential) -> Iterator[Node]:
    """The children of a node with its repeated blocks one by one, as the walk meets them."""
    for name, child in node.children:
        if not isinstance(child, Repeat):
            yield child
            continue
        if not isinstance(child.times, int):
            raise InputError(f"{name}: a network with a symbol for its depth has no number of bytes")
        yield child.first
        yield from (child.body for _ in range(child.times - 1))
