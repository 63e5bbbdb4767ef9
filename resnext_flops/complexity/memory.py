"""The memory reading: exact bytes of a network's tensors, for any batch, dtype and optimizer.

What is kept for the backward pass is what torch's formulas save (tools/autograd/derivatives.yaml), each storage once: a
convolution and a fully-connected layer their input, batch norm its input and the statistics of the batch, layer norm
its input and two statistics of each row, max pooling its input and an index of eight bytes for each output, average
pooling its input, dropout its mask, stochastic depth a number for each example (in the first one too, whose
probability is 0, where torchvision keeps none), a product its factors. ReLU (which works in place) and the sigmoid
keep their output, and any other activation its input. Local response norm keeps its input, the squares of it with
their padding, and its denominator before and after the power. The sum, the concatenation, the global average, the
scaling, the flattening and another order of the axes keep nothing. The learned tensors are saved too, and counted as
weights. A layer without a learned tensor before it keeps nothing, because no gradient passes through it.

At inference, the largest set of tensors that exist at once is counted: a part of the model holds its input until it
has its output, max pooling makes its indices there too, layer norm its statistics, and local response norm its powers.
The workspace of an operator, such as a convolution, is not counted, and neither is the loss. Auxiliary heads are there
in training only.

Sizes, depths and the batch may be formulas; then every figure is one too, except for what is a maximum.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, groupby
from math import prod
from operator import attrgetter
from typing import NamedTuple

from resnext_flops.complexity.entries import Entry, learned_values, tensors
from resnext_flops.complexity.layers import LocalResponseNorm, Shape, Size, is_symbolic, size
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.errors import InputError, unknown
from resnext_flops.show import display

# Bytes of an element, by torch's name of its type.
ITEM_BYTES: Mapping[str, int] = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
INDEX_BYTES = 8  # torch's int64: the indices of max pooling, the number of batches that batch norm has seen
STEP_BYTES = 4  # Adam counts its steps in one float32 a tensor


class Keeping(NamedTuple):
    """What one kind of layer keeps for the backward pass, and whether its output is a new tensor.

    keeps_factors: each input that is multiplied by something learned.
    keeps_statistics: two numbers a channel.
    makes_row_statistics: two numbers for each row along the last axis, in inference too.
    makes_indices: an index for each output, in inference too.
    keeps_mask: a number for each element, made in training only.
    keeps_noise: a number for each example, made in training only.
    keeps_powers: see local response norm above.
    in_place: whether its output is the input, changed in place.
    """

    keeps_input: bool = False
    keeps_output: bool = False
    keeps_factors: bool = False
    keeps_statistics: bool = False
    makes_row_statistics: bool = False
    makes_indices: bool = False
    keeps_mask: bool = False
    keeps_noise: bool = False
    keeps_powers: bool = False
    in_place: bool = False


HEAD = "auxiliary head"
VIEWS = frozenset({"flatten", "permute", "identity"})
DROPPING = frozenset({"dropout", "stochastic depth"})

KEEPINGS: Mapping[str, Keeping] = {
    "conv": Keeping(keeps_input=True),
    "linear": Keeping(keeps_input=True),
    "batch norm": Keeping(keeps_input=True, keeps_statistics=True),
    "layer norm": Keeping(keeps_input=True, makes_row_statistics=True),
    "relu": Keeping(keeps_output=True, in_place=True),
    "relu6": Keeping(keeps_input=True),
    "sigmoid": Keeping(keeps_output=True),
    "silu": Keeping(keeps_input=True),
    "gelu": Keeping(keeps_input=True),
    "hardsigmoid": Keeping(keeps_input=True),
    "hardswish": Keeping(keeps_input=True),
    "max pool": Keeping(keeps_input=True, makes_indices=True),
    "average pool": Keeping(keeps_input=True),
    "adaptive average pool": Keeping(keeps_input=True),
    "global average pool": Keeping(),
    "local response norm": Keeping(keeps_input=True, keeps_powers=True),
    "dropout": Keeping(keeps_mask=True),
    "stochastic depth": Keeping(keeps_noise=True),
    "scale": Keeping(),
    "flatten": Keeping(),
    "permute": Keeping(),
    "identity": Keeping(),
    "widen": Keeping(),
    "sum": Keeping(),
    "mul": Keeping(keeps_factors=True),
    "concat": Keeping(),
}

# Bytes of an optimizer's state, for the bytes and the number of the learned tensors.
OPTIMIZERS: Mapping[str, Callable[[int, int], int]] = {
    "sgd": lambda weights, _: weights,  # one momentum buffer a tensor
    "adam": lambda weights, number: 2 * weights + STEP_BYTES * number,  # both moments and the step
}


@display.shown
class Memory(NamedTuple):
    """Exact bytes of a network's tensors for one batch, dtype and optimizer; formulas where sizes are formulas.

    kept: the bytes that each layer is the first to keep for the backward pass, by path.
    live: the largest set of tensors that exist at once in a forward pass without gradients, with the input; None where
        sizes are formulas, because the largest of several formulas is none.
    moved: bytes that the forward pass moves if each layer reads its input and its learned tensors once and writes its
        output once.
    moved_in_training: the same with the backward pass, where a layer reads the gradient of its output, its learned
        tensors and what it keeps, and writes the gradients of its inputs and of its learned tensors. A layer without a
        learned tensor before it has no gradients, and neither has the input of the network.
    """

    batch: Size
    dtype: str
    optimizer: str
    weights: Size
    buffers: Size
    gradients: Size
    state: Size
    kept: Mapping[str, Size]
    live: int | None
    moved: Size
    moved_in_training: Size

    @property
    def activations(self) -> Size:
        """Bytes kept for the backward pass, besides the learned tensors."""
        return sum(self.kept.values())

    @property
    def training(self) -> Size:
        """Everything that training holds: weights, buffers, gradients, optimizer state and kept activations."""
        return self.weights + self.buffers + self.gradients + self.state + self.activations

    @property
    def inference(self) -> int | None:
        """The most that a forward pass without gradients holds at once: weights, buffers, live tensors; or None."""
        return None if self.live is None else self.weights + self.buffers + self.live


def memory(ledger: Ledger, batch: Size = 1, dtype: str = "float32", optimizer: str = "sgd") -> Memory:
    """The memory of a network, from the entries of its ledger and the values that they take and make.

    batch, dtype, optimizer: as in `Network.memory`. The batch may be a formula too.

    Raises InputError as it does, and for a layer without a rule, a repeated block whose first run keeps other bytes
    than the next, or a ledger that does not say what each layer takes and holds: that of a stage, or of a real module.

    >>> import resnext_flops as rf
    >>> net = rf.resnet(50)
    >>> memory(net.cost()).weights == 4 * net.cost().params
    True
    >>> from resnext_flops.complexity.formula import Formula
    >>> found = memory(net.reading(["n3"]).ledger, batch=Formula.of("N"))
    >>> found.activations  # each block of stage 3 keeps 2 x 1024 + 4 x 256 maps of 14x14 pixels
    2408448 N n3 + 71458816 N + 12288 n3 + 138752
    """
    check_settings(dtype, optimizer)
    if ledger.origin == "counted":
        raise InputError(f"{ledger.name!r} was counted on a real module, which does not say how long it holds a tensor")
    batch, item = size("batch", batch), ITEM_BYTES[dtype]
    layers = [entry for entry in ledger if entry.kind != HEAD]  # the layers of a head have entries of their own
    _check(layers)
    at_inference = [entry for entry in layers if not entry.training_only]
    weights = item * sum(entry.params * entry.times for entry in layers)
    return Memory(
        batch,
        dtype,
        optimizer,
        weights,
        sum(_buffers(entry, item) * entry.times for entry in layers),
        weights,
        OPTIMIZERS[optimizer](weights, sum(len(tensors(entry)) * entry.times for entry in layers)),
        _kept(layers, batch, item),
        _live(at_inference, ledger.input, batch, item),
        _moved_forward(at_inference, batch, item, training=False),
        _moved_forward(layers, batch, item, training=True) + _moved_backward(layers, batch, item),
    )


def check_settings(dtype: str, optimizer: str) -> None:
    """Raise InputError for a dtype or an optimizer whose bytes are not known."""
    if dtype not in ITEM_BYTES:
        raise unknown("dtype", dtype, ITEM_BYTES)
    if optimizer not in OPTIMIZERS:
        raise unknown("optimizer", optimizer, OPTIMIZERS)


def _check(entries: Iterable[Entry]) -> None:
    made = {0}
    for entry in entries:
        if entry.kind not in KEEPINGS:
            raise InputError(f"{entry.path}: what a layer of the kind {entry.kind!r} keeps in memory is not known")
        if not entry.takes or not made.issuperset((*entry.takes, *entry.holds)):
            raise InputError(f"{entry.path}: the ledger does not say which layer made what this one takes")
        made.add(entry.makes)


def _does_nothing(entry: Entry, *, training: bool) -> bool:
    """Whether the output is the input: of a view, of a sum of one branch, and of what drops in training only."""
    alone = entry.kind == "sum" and len(entry.takes) == 1
    return alone or entry.kind in VIEWS or (entry.kind in DROPPING and not training)


def _buffers(entry: Entry, item: int) -> Size:
    """Batch norm's running mean and variance, and the number of batches it has seen."""
    return 2 * entry.inputs[0][0] * item + INDEX_BYTES if entry.kind == "batch norm" else 0


def _makes_besides(entry: Entry, batch: Size, item: int) -> Size:
    """What a layer makes besides its output, in inference too."""
    keeping = KEEPINGS[entry.kind]
    if keeping.makes_row_statistics:
        return 2 * item * batch * prod(entry.inputs[0][:-1])
    return INDEX_BYTES * batch * prod(entry.output) if keeping.makes_indices else 0


def _extra_bytes(entry: Entry, batch: Size, item: int) -> Size:
    """What a layer keeps besides its input and its output."""
    keeping, elements = KEEPINGS[entry.kind], prod(entry.inputs[0])
    numbers = batch * elements if keeping.keeps_mask else 0
    if keeping.keeps_noise:
        numbers = batch
    if keeping.keeps_powers:
        padding = (LocalResponseNorm.neighbours - 1) * prod(entry.inputs[0][1:])
        numbers = batch * (3 * elements + padding)
    if keeping.keeps_statistics:
        numbers = 2 * entry.inputs[0][0]
    return numbers * item + _makes_besides(entry, batch, item)


def _moved_forward(entries: Iterable[Entry], batch: Size, item: int, *, training: bool) -> Size:
    total: Size = 0
    for entry in entries:
        if not _does_nothing(entry, training=training):
            elements = sum(_elements_taken(entry)) + prod(entry.output)
            total += item * (batch * elements + entry.params) * entry.times
    return total


def _moved_backward(entries: Sequence[Entry], batch: Size, item: int) -> Size:
    learned = learned_values(entries)
    total: Size = 0
    for entry in entries:
        if entry.makes not in learned or _does_nothing(entry, training=True):
            continue
        keeping, taken = KEEPINGS[entry.kind], _elements_taken(entry)
        gradients = sum([number for value, number in zip(entry.takes, taken, strict=True) if value in learned])
        kept = sum(prod(shape) for _, shape in _kept_inputs(entry, learned)) + prod(entry.output) * keeping.keeps_output
        elements = prod(entry.output) + gradients + kept
        total += (item * (batch * elements + 2 * entry.params) + _extra_bytes(entry, batch, item)) * entry.times
    return total


def _kept_inputs(entry: Entry, learned: set[int]) -> list[tuple[int, Shape]]:
    """The inputs that a layer keeps: values with their shapes. A factor is kept if another one needs a gradient."""
    keeping, inputs = KEEPINGS[entry.kind], list(zip(entry.takes, entry.inputs, strict=True))
    if keeping.keeps_factors and not entry.params:
        return [pair for pair, other in zip(inputs, reversed(entry.takes), strict=True) if other in learned]
    return inputs if keeping.keeps_input or keeping.keeps_factors else []


def _elements_taken(entry: Entry) -> list[Size]:
    """The elements of each input that a layer reads: all, or every stride-th pixel of what is widened."""
    if entry.kind == "widen":
        return [entry.inputs[0][0] * prod(entry.output[1:])]
    return [prod(shape) for shape in entry.inputs]


def _storages(entries: Iterable[Entry], *, training: bool) -> dict[int, int]:
    """The storage of each value, by the number of the first value in it: some layers put out what they were given."""
    storages = {0: 0}
    for entry in entries:
        same = KEEPINGS[entry.kind].in_place or _does_nothing(entry, training=training)
        storages[entry.makes] = storages[entry.takes[0]] if same else entry.makes
    return storages


def _kept(entries: Sequence[Entry], batch: Size, item: int) -> dict[str, Size]:
    """What each layer is the first to keep for the backward pass, where a gradient passes through it.

    A repeated block is looked at once. All its runs keep the same if what it puts out is kept already, and passes a
    gradient, just where that holds for what it took.
    """
    storages = _storages(entries, training=True)
    learned = learned_values(entries)
    saved: set[int] = set()
    kept: dict[str, Size] = {}
    for times, run in groupby(entries, attrgetter("times")):
        block = list(run)
        taken, made = block[0].takes[0], block[-1].makes
        before = storages[taken] in saved, taken in learned
        for entry in block:
            if entry.makes not in learned:
                continue
            keeping = KEEPINGS[entry.kind]
            values = _kept_inputs(entry, learned)
            values += [(entry.makes, entry.output)] if keeping.keeps_output else []
            new = {storages[number]: batch * prod(shape) * item for number, shape in values}
            found = sum([new[storage] for storage in new.keys() - saved]) + _extra_bytes(entry, batch, item)
            saved |= new.keys()
            if found:
                kept[entry.path] = found * times
        if times != 1 and before != (storages[made] in saved, made in learned):
            raise InputError(f"{block[0].path}: the first of the repeated blocks keeps other bytes than the next")
    return kept


def _live(entries: Sequence[Entry], inputs: Shape, batch: Size, item: int) -> int | None:
    """The most bytes of tensors that exist together, or None where that is no number.

    A tensor exists until the last layer has run that takes it, or that is inside a part of the network that holds it.
    """
    shapes = [inputs, *(shape for entry in entries for shape in (*entry.inputs, entry.output))]
    if any(map(is_symbolic, (batch, *chain(*shapes), *(entry.times for entry in entries)))):
        return None
    storages = _storages(entries, training=False)
    last = {storages[number]: place for place, entry in enumerate(entries) for number in entry.takes + entry.holds}
    alive, largest = {0: batch * prod(inputs) * item}, 0
    for place, entry in enumerate(entries):
        alive.setdefault(storages[entry.makes], batch * prod(entry.output) * item)
        largest = max(largest, sum(alive.values()) + _in_passing(entry, batch, item))
        alive = {storage: size for storage, size in alive.items() if last.get(storage, place) > place}
    return largest


def _in_passing(entry: Entry, batch: int, item: int) -> int:
    """What exists besides the input and the output while a layer runs, or more than them."""
    if not KEEPINGS[entry.kind].keeps_powers:
        return _makes_besides(entry, batch, item)
    # The squares and their padded copy, or three steps of the denominator at once: either way the output comes later.
    channels, *pixels = entry.inputs[0]
    return batch * (channels + max(channels, LocalResponseNorm.neighbours - 1)) * prod(pixels) * item
