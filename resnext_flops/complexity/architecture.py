"""An architecture: a family and its arguments, from which a description with any other sizes can be made.

Integers that are written into a description cannot be made free again. So a network keeps the function that described
it, and the arguments of that call.

A free size goes by the field's letter: C is the cardinality, d the width of the bottleneck, n1, n2, ... the blocks of
the stages, r the resolution, K the classes, w the base width. Any other size goes by the name of its argument.

An argument may be an expression of free names, as in `resnext(50, cardinality=m, width=2*m)`. Such a name is a free
size, too.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from inspect import Parameter, signature, unwrap
from types import MappingProxyType
from typing import Any

from resnext_flops.complexity import arguments as calls
from resnext_flops.complexity.formula import Formula, NotPolynomialError, RoundedError
from resnext_flops.complexity.layers import Description, Node, Repeat, Sequential, Size
from resnext_flops.errors import InputError, unknown

ARGUMENTS = {"C": "cardinality", "d": "width", "w": "base_width", "K": "classes", "r": "resolution"}
LETTERS = {argument: letter for letter, argument in ARGUMENTS.items()}
NO_VALUES: Mapping[str, Any] = MappingProxyType({})
BATCH = "N"
DEPTH = re.compile(r"n([1-9]\d*)")


def letter(name: str) -> str:
    """The name of a free size: the field's letter for an argument that has one.

    >>> letter("cardinality"), letter("C"), letter("widening")
    ('C', 'C', 'widening')
    """
    return LETTERS.get(name, name)


def size_name(name: str) -> str:
    """A free size in words.

    >>> size_name("C"), size_name("n3"), size_name("widening")
    ('cardinality', 'blocks of stage 3', 'widening')
    """
    if stage := DEPTH.fullmatch(name):
        return f"blocks of stage {stage[1]}"
    return ARGUMENTS.get(name, name).replace("_", " ")


@lru_cache
def parameters(family: Callable[..., Any]) -> Mapping[str, Parameter]:
    """The parameters of a family. Reading them takes as long as costing a few layers, so they are read once."""
    return signature(family).parameters


class _Name(str):
    """A name that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Architecture:
    """A family and all of its arguments. As a string it is the call, without the arguments that are the defaults.

    family: a function that returns a description, or its public form (`rf.family`), which pickle finds by its name.
    arguments: values, or expressions of free names.
    values: the numbers of free names that have one.
    """

    family: Callable[..., Any]
    arguments: Mapping[str, Any]
    values: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, family: Callable[..., Any], arguments: Mapping[str, Any], values: Mapping[str, int] = NO_VALUES
    ) -> "Architecture":
        """An architecture with these arguments, and the defaults of the others.

        Raises InputError for an argument that the family does not have, and for a free name that is a size's already.
        """
        known = parameters(family)
        for name in arguments:
            if name not in known:
                raise unknown(f"argument of {family.__name__}", name, known)
            if isinstance(known[name].default, bool) and not isinstance(arguments[name], bool):
                raise InputError(f"{name} is {calls.text(arguments[name])}; it must be True or False")
        given = {name: arguments.get(name, parameter.default) for name, parameter in known.items()}
        made = cls(family, given, dict(values))
        for name in made.names:
            if meaning := _meaning(name, given):
                raise InputError(f"{name} is a free name in the call and {meaning}; call the free name otherwise")
        return made

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The free names in the arguments.

        >>> import resnext_flops as rf
        >>> rf.network("resnext(50, cardinality=m, width=2*m)").architecture.names
        ('m',)
        """
        return tuple(sorted(calls.names(dict(self.arguments))))

    @property
    def unbound(self) -> tuple[str, ...]:
        """The free names that have no number."""
        return tuple(name for name in self.names if name not in self.values)

    @property
    def name(self) -> str:
        """The name of the family."""
        return self.family.__name__

    @cached_property
    def description(self) -> Description:
        """The description that the family gives for the arguments.

        Raises InputError for a value it cannot use, and for a free name without a number.
        """
        if unbound := self.unbound:
            raise InputError(f"{unbound[0]} has no value in {self}; write a number in its place, or free it")
        return self._open

    @cached_property
    def _open(self) -> Description:
        """The same with formulas for the free names that have no number."""
        try:
            return self._described(self.arguments)
        except NotPolynomialError as error:
            raise self.no_polynomial(error) from None

    @cached_property
    def depths(self) -> tuple[Size, ...]:
        """The number of blocks of each stage that repeats one.

        >>> import resnext_flops as rf
        >>> rf.resnet(50).architecture.depths
        (3, 4, 6, 3)
        """
        return _depths(self._open)

    def replace(self, sizes: Mapping[str, Any]) -> "Architecture":
        """The same architecture with other arguments, by their own names or by the letters of free sizes.

        Raises InputError for an argument that the family does not have, and for the blocks of a stage where the family
        does not take the depth stage by stage.

        >>> import resnext_flops as rf
        >>> print(rf.resnext(50).architecture.replace({"C": 8, "n3": 7}))
        resnext((3, 4, 7, 3), cardinality=8, width=4)
        """
        changes, values = self._split(sizes)
        stages = self._stages(sizes)
        if beyond := [name for name in stages if name not in self.candidates]:
            raise self.unknown_size(beyond[0])
        if stages and "depth" in changes:
            raise InputError(f"both depth and {stages[0]} are given; give the blocks of each stage once")
        if stages:
            if not self._takes_depths:
                raise InputError(f"{self} does not take the blocks of each stage, so there is no such network to build")
            own = self.arguments["depth"]
            changes["depth"] = _with(own if isinstance(own, tuple) else self.depths, sizes)
        return Architecture.of(self.family, {**self.arguments, **changes}, {**self.values, **values})

    def describe(self, sizes: Mapping[str, Size]) -> Description:
        """The description with other sizes, numbers or formulas, by the names of free sizes.

        Depths are replaced in the description itself, so that they are free in every family that repeats a block.

        Raises InputError for a value that the family cannot use.
        """
        changes, values = self._split(sizes)
        description = self._described({**self.arguments, **changes}, values)
        if not self._stages(sizes):
            return description
        return Description(description.input, _deepened(description.body, iter(_with(_depths(description), sizes))))

    def _described(self, arguments: Mapping[str, Any], values: Mapping[str, Size] = NO_VALUES) -> Description:
        sizes = {**{name: Formula.of(name) for name in self.unbound}, **self.values, **values}
        description = unwrap(self.family)(**(calls.filled(dict(arguments), sizes) if self.names else arguments))
        if not isinstance(description, Description):
            raise InputError(f"{self.name} returned {type(description).__name__}; a family returns a Description")
        return description

    @cached_property
    def candidates(self) -> dict[str, int | None]:
        """The sizes that could be free, with their values; None where another size decides. A depth is no size."""
        named = {name: self.values.get(name) for name in self.names}
        found = {
            letter(argument): value
            for argument, value in self.arguments.items()
            if (type(value) is int and argument != "depth") or (value is None and argument in LETTERS)
        }
        stages = {f"n{stage}": times for stage, times in enumerate(self.depths, start=1) if type(times) is int}
        return {**named, **found, **stages}

    @cached_property
    def sizes(self) -> dict[str, int | None]:
        """Every size that can be free, with the value that it has (None where another size decides).

        >>> import resnext_flops as rf
        >>> rf.resnext(50).architecture.sizes
        {'C': 32, 'd': 4, 'r': 224, 'K': 1000, 'w': 64, 'in_channels': 3, 'n1': 3, 'n2': 4, 'n3': 6, 'n4': 3}
        """
        return {name: value for name, value in self.candidates.items() if self._can_be_free(name)}

    def call(self, names: Iterable[str]) -> str:
        """The call with names in the place of some of its sizes.

        >>> import resnext_flops as rf
        >>> print(rf.resnext(50).architecture.call(["C", "d"]))
        resnext(50, cardinality=C, width=d)
        >>> print(rf.resnext(50).architecture.call(["n3"]))
        resnext((3, 4, n3, 3), cardinality=32, width=4)
        """
        free: dict[str, Any] = {name: _Name(name) for name in names}
        changes, named = self._split(free)
        arguments = {**self.arguments, **changes}
        if self._stages(free):
            arguments["depth"] = _with(self.depths, free)
        shown = {name: value for name, value in arguments.items() if name in self.arguments}
        values = {name: value for name, value in self.values.items() if name not in named}
        return str(Architecture(self.family, shown, values))

    def unknown_size(self, name: str) -> InputError:
        """The error for a size that is not there, or cannot be free."""
        if name == "r" and "resolution" in self.arguments:
            given = self.arguments["resolution"]
            return InputError(f"resolution is {given!r}; r is free only where height and width are one number")
        if ARGUMENTS.get(name, name) in self.arguments:
            try:
                self.describe({name: Formula.of(name)})
            except NotPolynomialError as error:
                return self.no_polynomial(error)
            except InputError:
                pass
        in_full = [ARGUMENTS[size] for size in self.sizes if size in ARGUMENTS]
        return unknown(f"free size of {self.name}", name, self.sizes, in_full)

    def no_polynomial(self, error: NotPolynomialError) -> InputError:
        """The error for a size in which the cost is no polynomial, with what would help."""
        names = sorted(error.names)
        named = [name for name in names if name in self.names]
        if isinstance(error, RoundedError) and named:
            advice = "write a number in its place"
        elif named:
            advice = f"write a multiple of it, such as 32*{named[0]}"
        else:
            advice = f"there is a formula in {', '.join(name for name in self.sizes if name not in names)}"
        return InputError(f"{self.name}'s cost is no polynomial in {', '.join(names)}: {error}; {advice}")

    def _split(self, sizes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Sizes by the names of their arguments, and free names of the call, without the blocks of stages.

        Raises InputError for one size that is given twice.
        """
        values = {name: size for name, size in sizes.items() if name in self.names}
        named = [name for name in sizes if name not in self.names and not DEPTH.fullmatch(name)]
        for name in named:
            if ARGUMENTS.get(name) in named:
                raise InputError(f"{name} and {ARGUMENTS[name]} are one size; give it once")
        return {ARGUMENTS.get(name, name): sizes[name] for name in named}, values

    def _stages(self, sizes: Iterable[str]) -> list[str]:
        """The names that stand for the blocks of a stage."""
        return [name for name in sizes if DEPTH.fullmatch(name) and name not in self.names]

    @cached_property
    def _takes_depths(self) -> bool:
        """Whether the family takes the blocks of each stage, and makes the same network of them."""
        if "depth" not in self.arguments:
            return False
        try:
            return self._described({**self.arguments, "depth": self.depths}) == self._open
        except InputError:
            return False

    def _can_be_free(self, name: str) -> bool:
        """Whether the family takes a formula for a size: basic blocks, for example, have no bottleneck's width."""
        try:
            self.describe({name: Formula.of(name)})
        except (InputError, NotPolynomialError):
            return False
        return True

    def __hash__(self) -> int:
        return hash((self.family, self._open))

    def __str__(self) -> str:
        known = parameters(self.family)
        shown = []
        for position, (name, value) in enumerate(self.arguments.items()):
            always = known[name].kind is Parameter.POSITIONAL_OR_KEYWORD
            if always or value != known[name].default:
                written = calls.text(calls.folded(value, self.values))
                shown.append(written if always and not position else f"{name}={written}")
        return f"{self.name}({', '.join(shown)})" if known else self.name


def _meaning(name: str, arguments: Mapping[str, Any]) -> str:
    """What a free name in a call means besides; empty where it means nothing else."""
    argument = ARGUMENTS.get(name, name)
    if argument in arguments and not calls.names(arguments[argument]):
        return f"its {argument}"
    return "" if name in ARGUMENTS else reserved(name)


def reserved(name: str) -> str:
    """What a name stands for in every family, so that no argument may have it; empty for any other name.

    >>> reserved("d"), reserved("n2"), reserved("N"), reserved("width")
    ('the width', 'the blocks of stage 2', 'the batch', '')
    """
    if name == BATCH:
        return "the batch"
    return f"the {size_name(name)}" if name in ARGUMENTS or DEPTH.fullmatch(name) else ""


def _depths(description: Description) -> tuple[Size, ...]:
    return tuple(repeat.times for repeat in _repeats(description.body))


def _repeats(node: Node | Repeat) -> Iterator[Repeat]:
    if isinstance(node, Repeat):
        yield node
    elif isinstance(node, Sequential):
        for _, child in node.children:
            yield from _repeats(child)


def _with(depths: tuple[Size, ...], sizes: Mapping[str, Size]) -> tuple[Size, ...]:
    """The blocks of each stage, with the given sizes in the place of some."""
    return tuple(sizes.get(f"n{stage}", own) for stage, own in enumerate(depths, start=1))


def _deepened(node: Sequential, times: Iterator[Size]) -> Sequential:
    """The same node with other numbers of blocks, taken in the order of the stages."""
    return Sequential(tuple((name, _deepened_child(child, times)) for name, child in node.children))


def _deepened_child(child: Node | Repeat, times: Iterator[Size]) -> Node | Repeat:
    if isinstance(child, Repeat):
        return Repeat(child.body, next(times), child.first)
    return _deepened(child, times) if isinstance(child, Sequential) else child
