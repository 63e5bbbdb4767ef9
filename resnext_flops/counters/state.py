"""How a module and its inputs were before a run, and how they are put back.

A run calls the user's code, and that may change anything: it writes into buffers, keeps results in attributes and
caches, registers hooks, merges weights, draws random numbers. So everything that can be reached from the module and its
inputs is noted before: the parts, their attributes, what these contain, the attributes of their classes, torch's hooks,
and the state of every source of random numbers. Afterwards all of it is put back: the same objects, with the same
contents.

The values of tensors are copied only before a run that computes. A run on `meta` writes into few tensors, and puts them
back itself (see `values.py`).
"""

import random
import sys
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from functools import cache, partial
from io import BytesIO, StringIO
from itertools import chain, compress, filterfalse, islice
from operator import is_, itemgetter
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import torch
from torch import Tensor, UntypedStorage, nn
from torch.nn.modules import module as hooks
from torch.utils._pytree import tree_leaves, tree_map

from resnext_flops.counters.surroundings import Cache, Surroundings, is_known, settings_kept
from resnext_flops.counters.values import LARGEST, set_version

# What cannot change.
PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None), torch.dtype, torch.device, torch.Size})

# What is no part of a module.
FOREIGN = (type, ModuleType, BuiltinFunctionType)

# No more objects are looked at: an attribute may lead to a whole program, such as a trainer with its data.
MOST_OBJECTS = 100_000

# The containers that every module has. In most modules nearly all of them are empty.
_OWN = vars(nn.Module())
_books = itemgetter(*(name for name, value in _OWN.items() if isinstance(value, (dict, set))))
FIRST = next(iter(_OWN))  # all of them stand before the attributes of a class, in this order
_GLOBAL_HOOKS = [
    value for name, value in vars(hooks).items() if name.startswith("_global_") and isinstance(value, dict)
]


def parts_of(module: nn.Module) -> list[nn.Module]:
    """Every part of a module once. Torch's own iterator makes a name for each, and walks up the tree with it."""
    found, known = [module], {id(module)}
    for part in found:
        for child in part._modules.values():  # noqa: SLF001
            if child is not None and id(child) not in known:
                known.add(id(child))
                found.append(child)
    return found


def is_frozen(part: nn.Module) -> bool:
    """Whether `torch.jit.freeze` made the parameters of a module constants of its code. Then it has no modes either."""
    return isinstance(part, torch.jit.ScriptModule) and not hasattr(part, "training")


class State:
    """Everything that a run of a module may change, as it is now.

    inputs: what else the run gets.

    >>> module = nn.Linear(2, 2)
    >>> state = State(module, [])
    >>> with state.kept(training=False):
    ...     module.cache, module.bias = [1], None
    >>> hasattr(module, "cache"), module.bias is None
    (False, False)
    """

    def __init__(self, module: nn.Module, inputs: Any) -> None:
        self.parts = parts_of(module)
        self.modes = [
            (part, part.training) for part in self.parts if "training" not in part.__dict__ and not is_frozen(part)
        ]
        self.inputs = inputs
        known: dict[int, Any] = {id(part): part for part in self.parts}
        self.around = Surroundings()
        self.given, self.own = Found(known, self.around), Found(known, self.around)
        self.given.add_all([inputs])
        self.own.add_parts(self.parts)
        self.tensors = [part for part in self.own.tensors + self.given.tensors if part is not None]
        self.needs_gradient = [part.requires_grad for part in self.tensors]
        self.leaves = [part for part in compress(self.tensors, self.needs_gradient) if part.is_leaf]
        self.gradients = [part.grad for part in self.leaves]
        self.values: list[tuple[UntypedStorage, UntypedStorage]] = []
        self.versions: list[tuple[Tensor, int]] = []

    @contextmanager
    def kept(self, training: bool | None) -> Iterator[None]:
        """Put every part into training or evaluation mode, if one is given, and everything back afterwards."""
        with _randomness(), settings_kept():
            try:
                if training is not None:
                    self._set_mode(training)
                yield
            finally:
                self._restore()

    def _set_mode(self, training: bool) -> None:
        """A module's own `train` may do more than this, so it is not called."""
        for part in self.parts:
            own = part.__dict__
            if "training" in own:
                own["training"] = training
            elif not is_frozen(part):
                part.training = training

    def copied_inputs(self, copied: Callable[[Tensor], Tensor]) -> tuple[Any, list[Tensor]]:
        """The inputs with other tensors in their place, wherever they are in them, and these tensors in order."""
        copies = {id(part): copied(part) for part in self.given.tensors}
        modules = {key: value for key, value in self.given.known.items() if isinstance(value, nn.Module)}
        try:
            inputs = deepcopy(self.inputs, {**copies, **modules})
        except Exception:  # noqa: BLE001 (an object in them cannot be copied: then only what is around it is new)
            inputs = tree_map(lambda value: copies.get(id(value), value), self.inputs)
        tensors = {id(leaf): leaf for leaf in tree_leaves(inputs) if isinstance(leaf, Tensor)}
        return inputs, list({**tensors, **{id(copy): copy for copy in copies.values()}}.values())

    def keep_values(self) -> None:
        """Copy the values of all tensors, so that they can be put back too."""
        tensors = [part for part in self.tensors if has_memory(part)]
        storages = {part.untyped_storage()._cdata: part.untyped_storage() for part in tensors}  # noqa: SLF001
        self.values = [(storage, storage.clone()) for storage in storages.values()]  # type: ignore[no-untyped-call]
        self.versions = [(part, part._version) for part in tensors if not part.is_inference()]  # noqa: SLF001

    def _restore(self) -> None:
        self.own.restore()
        self.given.restore()
        self.around.restore()
        if self.needs_gradient != [part.requires_grad for part in self.tensors]:
            for part, needed in zip(self.tensors, self.needs_gradient, strict=True):
                part.requires_grad_(needed)
        if not all(map(is_, self.gradients, [part.grad for part in self.leaves])):
            for part, gradient in zip(self.leaves, self.gradients, strict=True):
                part.grad = gradient
        for module, training in self.modes:
            module.training = training
        for storage, values in self.values:
            storage.copy_(values)
        for part, version in self.versions:
            set_version(part, version)


def has_memory(part: Tensor) -> bool:
    """Whether a tensor has a storage with values."""
    return not part.is_meta and part.layout is torch.strided and not part.is_nested


@contextmanager
def _randomness() -> Iterator[None]:
    """Keep the sources of random numbers that all share: torch's, Python's and NumPy's."""
    states: list[tuple[Callable[[Any], Any], Any]] = [
        (torch.set_rng_state, torch.get_rng_state()),
        (random.setstate, random.getstate()),
    ]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        states.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    if numpy := sys.modules.get("numpy"):
        # To take another generator for a while is a hundred times faster than to copy the state of this one.
        states.append((numpy.random.set_bit_generator, numpy.random.get_bit_generator()))
        numpy.random.set_bit_generator(_substitute())
    try:
        yield
    finally:
        for put_back, state in states:
            put_back(state)


@cache
def _substitute() -> Any:
    return sys.modules["numpy"].random.MT19937(0)


class Found:
    """The objects that are found, with copies of what is in them.

    known: the objects that need not be looked at, by their ids. It keeps them alive, so that no id is used twice.
    around: gets the classes and the functions that are found.
    """

    def __init__(self, known: dict[int, Any], around: Surroundings) -> None:
        self.known, self.around = known, around
        self.kinds: set[type] = set()  # the classes of what was found
        self.tensors: list[Tensor] = []
        self.registered: list[Tensor] = []  # those of them that are parameters and buffers
        self.keyed: list[tuple[Any, Any, Any]] = []  # the type, the object, and what was in it
        self.empty: list[Any] = []  # most containers of a module are
        self.lists: list[tuple[Any, Any]] = []
        self.classes: list[tuple[type, dict[str, Any]]] = []
        self.others: list[tuple[Callable[[Any], Any], Any]] = []  # what puts it back, and how it was
        self.queue: list[Any] = []

    def add_parts(self, parts: list[nn.Module]) -> None:
        """Add all parts of a module: what `_add` does with any object, at a tenth of the time."""
        attributes = [part.__dict__ for part in parts if FIRST in part.__dict__]
        self.keyed.extend([(dict, own, own.copy()) for own in attributes])
        learned = [own["_parameters"] for own in attributes if own["_parameters"]]
        learned += [own["_buffers"] for own in attributes if own["_buffers"]]
        self.registered = [part for book in learned for part in book.values() if part is not None]
        for part in parts:
            if FIRST not in part.__dict__:
                self._add_scripted(part)
        self.tensors.extend(self.registered)
        books = [*chain.from_iterable(map(_books, attributes)), *[part.__dict__ for part in self.registered]]
        books.extend(_GLOBAL_HOOKS)
        self.empty = list(filterfalse(None, books))
        filled = list(filter(None, books))
        self.keyed.extend([(type(book), book, book.copy()) for book in filled])
        trees = [*learned, *[own["_modules"] for own in attributes if own["_modules"]]]
        if len(filled) > len(trees):  # there are hooks
            known = set(map(id, trees))
            self._follow(chain.from_iterable(map(_contents, [book for book in filled if id(book) not in known])))
        late = [islice(own.values(), len(_OWN) if next(iter(own)) == FIRST else 0, None) for own in attributes]
        self._follow(chain.from_iterable(late))
        for kind in {type(part) for part in parts}:
            self._add_kind(kind)
        self.add_all(())

    def add_all(self, values: Iterable[Any]) -> None:
        """Add objects, and everything that they lead to."""
        self.queue.extend(values)
        for value in self.queue:
            if type(value) is tuple:
                self.queue.extend([part for part in value if type(part) not in PLAIN])
            elif type(value) not in PLAIN and id(value) not in self.known and len(self.known) < MOST_OBJECTS:
                self.known[id(value)] = value
                self._add(value)
        self.queue.clear()

    def restore(self) -> None:
        """Put back what was in the objects."""
        for kind, value, before in self.keyed:
            kind.clear(value)
            kind.update(value, before)
        for book in filter(None, self.empty):
            book.clear()
        for value, before in self.lists:
            if isinstance(value, deque):
                value.clear()
                value.extend(before)
            else:
                value[:] = before
        for kind, names in self.classes:
            for name in [name for name in vars(kind) if name not in names and name[:2] != "__"]:
                delattr(kind, name)
            for name, value in names.items():
                if vars(kind).get(name) is not value:
                    setattr(kind, name, value)
        for put_back, value in self.others:
            put_back(value)

    def _add_scripted(self, part: nn.Module) -> None:
        """A part that keeps its tensors where Python does not see them."""
        tensors = (*part._parameters.values(), *part._buffers.values())  # noqa: SLF001
        self.registered.extend([value for value in tensors if value is not None])
        self.keyed.append((dict, part.__dict__, part.__dict__.copy()))

    def _add_kind(self, kind: type) -> None:
        """The class of an object, and the classes that it is made of."""
        for base in kind.__mro__:
            if base not in self.kinds:
                self.kinds.add(base)
                if not is_known(base):
                    self._add_class(base)
                    self.around.add_class(base)

    def _add_class(self, kind: type) -> None:
        """The attributes of a class, such as a cache that all its modules share."""
        names = {name: value for name, value in vars(kind).items() if name[:2] != "__"}
        self.classes.append((kind, names))
        self.queue.extend([value for value in names.values() if isinstance(value, (dict, list, set, deque, Tensor))])

    def _add(self, value: Any) -> None:
        if isinstance(value, FOREIGN):
            return
        if type(value) not in self.kinds:
            self._add_kind(type(value))
        for kinds, add in _ADD:
            if isinstance(value, kinds):
                add(self, value)
                break
        else:
            self._add_state(value)
        own = getattr(value, "__dict__", None)
        if type(own) is dict:
            self.keyed.append((dict, own, own.copy()))
            self._follow(own.values())
        for kind in type(value).__mro__:
            slots = kind.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                self._add_slot(value, name)

    def _follow(self, values: Iterable[Any]) -> None:
        self.queue.extend([value for value in values if type(value) not in PLAIN])

    def _add_keyed(self, value: Any) -> None:
        kind: Any = next(kind for kind in (OrderedDict, dict, set) if isinstance(value, kind))
        before = set(value) if kind is set else dict(kind.items(value))
        self.keyed.append((kind, value, before))
        self._follow(_contents(before))

    def _add_list(self, value: Any) -> None:
        self.lists.append((value, value[:] if isinstance(value, array) else list(value)))
        self._follow(value)

    def _add_closure(self, value: FunctionType) -> None:
        """What a function has of the code around it: a hook may keep what it sees in a list there."""
        if not is_known(value):
            self.around.add_names(value.__globals__)
        for cell in value.__closure__ or ():
            with suppress(ValueError):  # a cell that is empty
                content = cell.cell_contents
                self.others.append((partial(setattr, cell, "cell_contents"), content))
                self._follow((content,))

    def _add_slot(self, value: Any, name: str) -> None:
        if name[:2] != "__" and hasattr(value, name):
            before = getattr(value, name)
            self.others.append((partial(object.__setattr__, value, name), before))  # it may be frozen
            self._follow((before,))

    def _add_state(self, value: Any) -> None:
        """What is not in attributes: of sources of random numbers, and of NumPy's arrays."""
        if isinstance(value, torch.Generator):
            self.others.append((value.set_state, value.get_state()))
        elif isinstance(value, random.Random):
            self.others.append((value.setstate, value.getstate()))
        elif isinstance(value, (BytesIO, StringIO)):
            memory: Any = value
            self.others.append((memory.__setstate__, memory.__getstate__()))
        elif numpy := sys.modules.get("numpy"):
            if isinstance(value, numpy.ndarray) and value.flags.writeable and value.size <= LARGEST:
                self.others.append((partial(numpy.copyto, value), value.copy()))
            elif isinstance(value, numpy.random.Generator):
                self.others.append((partial(setattr, value.bit_generator, "state"), value.bit_generator.state))
            elif isinstance(value, numpy.random.RandomState):
                self.others.append((value.set_state, value.get_state(legacy=False)))


def _contents(book: Any) -> Iterable[Any]:
    return book.values() if isinstance(book, dict) else book


_ADD: tuple[tuple[Any, Callable[[Found, Any], None]], ...] = (
    (Tensor, lambda found, value: found.tensors.append(value)),
    ((tuple, frozenset), Found._follow),  # noqa: SLF001
    ((dict, set), Found._add_keyed),  # noqa: SLF001
    ((list, deque, bytearray, array), Found._add_list),  # noqa: SLF001
    (FunctionType, Found._add_closure),  # noqa: SLF001
    (Cache, lambda found, value: found.around.add_cache(value)),
    (MethodType, lambda found, value: found.queue.append(value.__self__)),
    (partial, lambda found, value: found.queue.extend((value.func, value.args, value.keywords))),
)
