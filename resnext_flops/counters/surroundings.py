"""What a run may change that is no part of a module: the caches of its code, and settings of torch and of Python.

Code keeps tables in a dictionary beside a class, in an attribute of a function, or under `functools.lru_cache`. In a
run these get tensors that have no memory, or take no gradients, and whoever takes one from there later fails. So for
each class and function that is met, its Python module is looked at, and what holds such tensors afterwards is put back.
Only what is directly in a container is looked at, because libraries have large ones. Anything else that changed there
may be the work of another thread, and stays. Of an `lru_cache` only the number of its misses can be seen: it is emptied
if there were any.
"""

import os
import sys
import warnings
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import compress, filterfalse, repeat
from operator import is_
from types import CellType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils import _device
from torch.utils._pytree import tree_leaves

# Python, torch and NumPy keep no tensors of a model.
KNOWN = frozenset({*sys.stdlib_module_names, "torch", "numpy"})

LARGEST = 10_000  # entries of a container that is looked at

Cache: Any = type(lru_cache(len))
_CONTAINERS = frozenset({dict, list, set, deque, OrderedDict, defaultdict, Counter})

# The names of such functions in classes that were met: of a hundred, most keep nothing.
_FUNCTIONS: WeakKeyDictionary[type, list[str]] = WeakKeyDictionary()

# What reads a setting, and what sets it.
_SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (lambda: _device.CURRENT_DEVICE, torch.set_default_device),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    (torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled),
)


def is_known(kind: Any) -> bool:
    """Whether a class or a function is Python's, torch's or NumPy's own.

    >>> is_known(torch.nn.Linear), is_known(is_known)
    (True, False)
    """
    return str(kind.__module__).partition(".")[0] in KNOWN


class Surroundings:
    """The caches of the code that is met, as they are now."""

    def __init__(self) -> None:
        self.met: dict[int, Any] = {}  # it keeps them alive, so that no id is used twice
        self.containers: list[tuple[Any, Any]] = []  # with what was in them
        self.empty: list[dict[str, Any]] = []  # the attributes of functions that have none
        self.cells: list[tuple[CellType, Any]] = []  # of closures, with their contents
        self.caches: list[tuple[Any, int]] = []  # with the number of their misses

    def add_class(self, kind: type) -> None:
        """Look at the functions of a class, and at the names of the Python module that it is in."""
        if self._is_new(kind):
            for function in _functions_of(kind):
                self._add_function(function)
            if module := sys.modules.get(kind.__module__):
                self.add_names(vars(module))

    def add_names(self, names: dict[str, Any]) -> None:
        """Look at the names of a Python module."""
        if self._is_new(names):
            before = names.copy()
            self.containers.append((names, before))
            kinds = list(map(type, before.values()))
            attributes = [one.__dict__ for one in compress(before.values(), map(is_, kinds, repeat(FunctionType)))]
            self.empty.extend(filterfalse(None, attributes))
            found = compress(before.values(), map(_CONTAINERS.__contains__, kinds))
            for container in [*filter(None, attributes), *found]:
                self._add_container(container)
            if Cache in kinds:
                for cached in compress(before.values(), map(is_, kinds, repeat(Cache))):
                    self.add_cache(cached)

    def add_cache(self, cached: Any) -> None:
        """Note how often a function under an `lru_cache` was called with something new."""
        if self._is_new(cached):
            self.caches.append((cached, cached.cache_info().misses))

    def restore(self) -> None:
        """Take out what a run has left in them."""
        for container, before in (*self.containers, *[(book, {}) for book in filter(None, self.empty)]):
            _restore(container, before)
        for cell, content in self.cells:
            if (now := _content(cell)) is not content and _is_of_a_run(now):
                cell.cell_contents = content
        for cached, misses in self.caches:
            if cached.cache_info().misses != misses:
                cached.cache_clear()

    def _is_new(self, value: Any) -> bool:
        before = len(self.met)
        self.met[id(value)] = value
        return len(self.met) > before

    def _add_function(self, function: Any) -> None:
        if type(function) is Cache:
            self.add_cache(function)
        elif _keeps(function) and self._is_new(function):
            if function.__dict__:
                self._add_container(function.__dict__)
            for cell in function.__closure__ or ():
                content = _content(cell)
                if not isinstance(content, type):  # as in a method that calls `super()`
                    self.cells.append((cell, content))
                    self._add_function(content)
                    if type(content) in _CONTAINERS:
                        self._add_container(content)

    def _add_container(self, container: Any) -> None:
        if len(container) <= LARGEST and self._is_new(container):
            self.containers.append((container, _contents(container)))


def _functions_of(kind: type) -> list[Any]:
    """The functions of a class that keep anything: with a cache, with attributes, or with variables around them."""
    own = vars(kind)
    if kind not in _FUNCTIONS:
        found = {name: _function_of(value) for name, value in own.items()}
        _FUNCTIONS[kind] = [name for name, one in found.items() if type(one) is Cache or _keeps(one)]
    return [_function_of(own[name]) for name in _FUNCTIONS[kind] if name in own]


def _function_of(value: Any) -> Any:
    """The function of a method, as it stands in its class."""
    if isinstance(value, (classmethod, staticmethod)):
        return value.__func__
    return value.fget if isinstance(value, property) else value


def _keeps(value: Any) -> bool:
    if type(value) is not FunctionType:
        return False
    contents = [_content(cell) for cell in value.__closure__ or ()]
    return bool(value.__dict__) or not all(isinstance(one, type) for one in contents)  # `super()` needs the class


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def _contents(container: Any) -> Any:
    """A copy of a dict, whatever a class of its own does with its items, or a list of what is in another container."""
    return dict(dict.items(container)) if isinstance(container, dict) else list(container)


def _restore(container: Any, before: Any) -> None:
    """Put a container back where a run has left tensors in it."""
    now = dict.values(container) if isinstance(before, dict) else container
    if len(now) == len(before) and all(map(is_, now, before.values() if isinstance(before, dict) else before)):
        return
    now = _contents(container)
    if isinstance(before, dict):
        for name, value in now.items():
            if value is not before.get(name) and _is_of_a_run(value):
                if name in before:
                    container[name] = before[name]
                else:
                    del container[name]
    else:
        known = set(map(id, before))
        if any(id(value) not in known and _is_of_a_run(value) for value in now):
            container.clear()
            (container.update if isinstance(container, set) else container.extend)(before)


def _is_of_a_run(value: Any) -> bool:
    """Whether a value is a tensor that a run makes, or leads to one directly."""
    leaves: list[Any] = tree_leaves(value)
    return any(map(_is_made, leaves)) or any(
        map(_is_made, tree_leaves([getattr(leaf, "__dict__", ()) for leaf in leaves]))
    )


def _is_made(value: Any) -> bool:
    return isinstance(value, Tensor) and (value.is_meta or value.is_inference() or isinstance(value, FakeTensor))


@contextmanager
def settings_kept() -> Iterator[None]:
    """Afterwards put back settings of torch, the filters of warnings, the environment and `sys.path`."""
    settings = [(read, put, read()) for read, put in _SETTINGS]
    variables = vars(os.environ)["_data"]  # the bytes of the system: to read them as text takes much longer
    lists: list[tuple[Any, list[Any]]] = [(warnings.filters, list(warnings.filters)), (sys.path, list(sys.path))]
    environment = variables.copy()
    try:
        yield
    finally:
        for read, put, value in settings:
            if read() != value:
                put(value)
        if variables != environment:
            _set_environment(
                {os.environ.decodekey(name): os.environ.decodevalue(environment[name]) for name in environment}
            )
        for values, before in lists:
            if values != before:
                values[:] = before
                with warnings.catch_warnings():  # Python looks at the filters anew
                    pass


def _set_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})
