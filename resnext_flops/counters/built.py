"""A built model: a real module that is made when it is asked for, and counted in one run of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from resnext_flops.complexity.architecture import BATCH
from resnext_flops.complexity.arguments import filled, folded, names, text
from resnext_flops.complexity.lattices import Span, spans
from resnext_flops.complexity.layers import Shape, size
from resnext_flops.complexity.ledger import Ledger, Origin
from resnext_flops.counters.constructors import Make, key_of
from resnext_flops.counters.inputs import InputShape, arguments, names_of, shapes_in, with_values
from resnext_flops.errors import InputError, one_line, unknown

if TYPE_CHECKING:
    import sympy
    import torch
    from torch import nn

    from resnext_flops.complexity.closed_form import ClosedForm
    from resnext_flops.complexity.memory import Memory
    from resnext_flops.complexity.reading import Reading

T = TypeVar("T")

PIXELS = "r"
# What libraries call an argument that has to be the height and width of the image, its channels, and the classes.
IMAGE_ARGUMENTS = ("image_size", "img_size")
CHANNEL_ARGUMENTS = ("in_chans",)
# What libraries call the sizes that have a letter in described networks, the likeliest first.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "C": ("cardinality", "groups"),
    "d": ("base_width", "width_per_group", "width"),
    "K": ("num_classes", "classes"),
    "r": ("resolution",),
    "resolution": (PIXELS,),
}
# So many modules are kept while a formula is interpolated. On `meta` they have no weights; elsewhere, so many bytes.
MODULES = 32
KEPT_BYTES = 1 << 31


@dataclass
class Bench:
    """What all models of one constructor share while they are counted.

    made: the last modules that were made for a count, by the arguments: another input needs no other module.
    reason: why it was made on the CPU, where it was.
    image_argument: see `Built`; None where it has not been looked for.
    device: where the one that was counted last was made. What fails there afterwards is not tried elsewhere.
    """

    made: "dict[object, tuple[nn.Module, tuple[str, ...]]]" = field(default_factory=dict)
    device: str = ""
    reason: str = ""
    image_argument: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Built:
    """A real module with a name. Made by `model`.

    source: where it was found, such as `torchvision:resnet50`.
    make: what makes the module.
    image: the shape of one input that it usually takes, without the batch; empty where nothing is known of it.
    inputs, kwargs: what it is called with instead, as in `count`; None for the usual input.
    method: the method that is called in the place of the module itself, if any.
    arguments: what its constructor is called with; values may hold free names, as in `dims=(w, 2*w)`.
    values: the numbers of free names, of names in the shape of an input, of r and of N.
    remarks: how it was found, where a reader should know it.
    """

    source: str
    make: Make
    image: Shape
    inputs: Any = None
    kwargs: Mapping[str, Any] | None = None
    method: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    bench: Bench = field(default_factory=Bench)

    @property
    def origin(self) -> Origin:
        """Its cost is counted in one run."""
        return "counted"

    @property
    def name(self) -> str:
        """Where the constructor was found, what it is called with, and what the model is called with."""
        return self.call(())

    def call(self, names: Iterable[str]) -> str:
        """The constructor's call, with names in the place of some sizes, and the input where it is not the usual one.

        >>> import resnext_flops as rf
        >>> rf.model("torchvision:resnet50").call(["r"])
        'torchvision:resnet50 on 1,3,r,r'
        """
        free = list(names)
        known = {name: value for name, value in self.values.items() if name not in free}
        shown = {name: text(folded(value, known)) for name, value in self.arguments.items()}
        placed = {*self._call_names, *self._input_names, PIXELS, BATCH}
        shown |= {name: name for name in free if name not in placed}
        call = (
            f"{self.source}({', '.join(f'{name}={value}' for name, value in shown.items())})" if shown else self.source
        )
        if self._usual:
            shape = self._shape_text(free)
            return f"{call} on {shape}" if {PIXELS, BATCH} & {*free, *self.values} else call
        shapes = [shape for shape in self._shapes if shape.names]
        inputs = " ".join(str(shape._replace(shape=folded(shape.shape, known))) for shape in shapes)
        return f"{call} on {inputs}" if inputs else call

    def _shape_text(self, free: Iterable[str]) -> str:
        batch, *shape = self._usual_shape
        sides = ["r", "r"] if PIXELS in free else shape[1:]
        return ",".join(map(str, [BATCH if BATCH in free else batch, shape[0], *sides]))

    # Sizes ------------------------------------------------------------------------------------------------------------

    @property
    def _usual(self) -> bool:
        """Whether it is called with its usual input."""
        return self.inputs is None and not self.kwargs and bool(self.image)

    @property
    def _shapes(self) -> list[InputShape]:
        positional, named = arguments(self.inputs)
        return list(shapes_in([*positional, *named.values()]))

    @cached_property
    def _call_names(self) -> list[str]:
        """The free names in the arguments."""
        return sorted(names(dict(self.arguments)))

    @cached_property
    def _input_names(self) -> list[str]:
        return names_of(self._shapes)

    @cached_property
    def _taken(self) -> Mapping[str, int | None]:
        """The whole-numbered arguments that the constructor takes, with their values; None where there is none yet."""
        given = {name: value for name, value in self.arguments.items() if not names(value) - self.values.keys()}
        with silent():
            found = {name: _side(name, value) for name, value in self.make.values(self._filled(given)).items()}
        return {name: value for name, value in found.items() if value is None or type(value) is int}

    def sizes(self) -> Mapping[str, int | None]:
        """What can be free, and its value: None where it has none yet.

        These are the free names in the call's arguments, the whole-numbered arguments of the constructor, the pixels r
        and the batch N of a usual input, and the names in the shape of an input that was given.

        Of a name that is two of these, the first is meant; `known_as` refuses it.

        >>> import resnext_flops as rf
        >>> sizes = rf.model("torchvision:resnet50").sizes()
        >>> sizes["r"], sizes["N"], sizes["groups"], sizes["width_per_group"]
        (224, 1, 1, 64)
        """
        own: dict[str, int | None] = {name: self.values.get(name) for name in self._call_names}
        meanings = dict.fromkeys(own, "a free name in the call")
        others = [
            (name, "an argument of the constructor", value)
            for name, value in self._taken.items()
            if name not in self.arguments or not names(self.arguments[name])
        ]
        if self._usual:
            batch, *shape = self._usual_shape
            others += [(BATCH, "the batch", batch)]
            others += [(PIXELS, "the pixels of the image", shape[-1])] if _is_square(shape) else []
        others += [(name, "a length of an input", self.values.get(name)) for name in self._input_names]
        for name, meaning, value in others:
            if name in meanings:
                self._doubtful[name] = f"{name} is {meanings[name]} and {meaning}; call one of them by another name"
            else:
                own[name], meanings[name] = value, meaning
        return own

    @cached_property
    def _doubtful(self) -> dict[str, str]:
        """Names that mean two things, and which."""
        return {}

    def known_as(self, name: str) -> str:
        """The name that the model has for a size: its own, or what a letter of described networks stands for.

        Raises InputError, with the nearest names, for a size that the model does not have, or that means two things.

        >>> import resnext_flops as rf
        >>> rf.model("timm:resnet50").known_as("C"), rf.model("torchvision:resnet50").known_as("d")
        ('cardinality', 'width_per_group')
        """
        own = self.sizes()
        if name in self._doubtful:
            raise InputError(self._doubtful[name])
        for known in (name, *ALIASES.get(name, ())):
            if known in own:
                return known
        raise unknown(f"free size of {self.source}", name, own)

    def replace(self, **sizes: Any) -> Self:
        """The same model with other arguments of its constructor, other free names, or another input.

        They are tried when it is built. An alias such as `resolution` for r is resolved, which builds the model.

        >>> import resnext_flops as rf
        >>> rf.model("timm:resnet50").replace(cardinality=8, r=256)
        timm:resnet50(cardinality=8) on 1,3,256,256
        """
        placed = {*self._call_names, *self._input_names, *([PIXELS, BATCH] if self._usual else [])}
        values = {name: value for name, value in sizes.items() if name in placed}
        others = {self._argument(name): value for name, value in sizes.items() if name not in placed}
        if PIXELS in others and self._usual:
            values[PIXELS] = others.pop(PIXELS)
        return replace(self, arguments={**self.arguments, **others}, values={**self.values, **values})

    def _argument(self, name: str) -> str:
        return self.known_as(name) if name in ALIASES and name not in self.make.named else name

    def _filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = filled(dict(given), self.values)
        return found

    @property
    def _image_argument(self) -> str:
        """The argument that has to be the pixels of the image; empty where the constructor takes any image."""
        if self.bench.image_argument is None:
            self.bench.image_argument = next((name for name in IMAGE_ARGUMENTS if name in self._taken), "")
        return self.bench.image_argument

    @property
    def _usual_shape(self) -> Shape:
        """The shape of its usual input with the batch; it follows the arguments for the image's size and channels."""
        channels, *sides = self.image
        deciding = {*IMAGE_ARGUMENTS, *CHANNEL_ARGUMENTS}
        given = self._filled(
            {
                name: value
                for name, value in self.arguments.items()
                if name in deciding and not names(value) - self.values.keys()
            }
        )
        for name in IMAGE_ARGUMENTS:
            sides = [given[name]] * len(sides) if type(given.get(name)) is int else sides
        sides = [self.values[PIXELS]] * len(sides) if PIXELS in self.values else sides
        channels = next((given[name] for name in CHANNEL_ARGUMENTS if type(given.get(name)) is int), channels)
        return self.values.get(BATCH, 1), channels, *sides

    @property
    def input_text(self) -> str:
        """What it is called with, as it is written behind `--input`.

        >>> import resnext_flops as rf
        >>> rf.model("torchvision:resnet50").input_text
        '1,3,224,224'
        """
        if self._usual:
            return ",".join(map(str, self._usual_shape))
        return " ".join(str(shape._replace(shape=folded(shape.shape, self.values))) for shape in self._shapes)

    @property
    def input(self) -> Shape:
        """The shape of one input, without the batch: of the first tensor, where inputs were given."""
        if self._usual:
            return self._usual_shape[1:]
        positional, named = arguments(self.inputs)
        for value in (*positional, *named.values(), *(self.kwargs or {}).values()):
            if isinstance(value, InputShape):
                return value.lengths(self.values)[1:]
            if one := next(shapes_in([value]), None):  # a list of examples
                return one.lengths(self.values)
            if hasattr(value, "shape"):
                return tuple(value.shape[1:])
        return self.image

    def _called_with(self, batch: int = 1, dtype: "torch.dtype | None" = None) -> tuple[list[Any], dict[str, Any]]:
        """The positional and the keyword arguments of a call, for so many times the examples.

        dtype: the type of the numbers where a shape says none; torch's usual one if None.
        """
        if self._usual:
            examples, *shape = self._usual_shape
            return with_values(arguments((batch * examples, *shape))[0], {}, dtype), {}
        values = self.values
        if batch != 1 and BATCH in self._input_names:
            values = {**values, BATCH: batch * values[BATCH]}
        elif batch != 1:
            raise InputError(f"the inputs of {self.source} are given, so their batch is theirs; give inputs of {batch}")
        positional, named = arguments(self.inputs)
        named = {**named, **(self.kwargs or {})}
        tensors = with_values(named.values(), values, dtype)
        return with_values(positional, values, dtype), dict(zip(named, tensors, strict=True))

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
        from resnext_flops.counters.exclusive import exclusive

        with exclusive():  # a model that counts another one builds it, and makes its inputs, outside of its own count
            return self._traced_alone(training)

    def _traced_alone(self, training: bool) -> Ledger:
        from resnext_flops.counters import tracer

        module, remarks = self._module()
        args, kwargs = self._called_with(1, _number_type(module))
        try:
            ledger = tracer.trace(module, args, kwargs, training=training, name=self.name, method=self.method)
            self.bench.device = "cpu" if remarks else "meta"
        except InputError as error:
            if self.bench.device or not any(part.is_meta for part in (*module.parameters(), *module.buffers())):
                raise
            # On `meta` a model may fail for other reasons; its error on a real device says what is wrong.
            try:
                real = self._on("cpu", None)
            except InputError as refusal:
                raise InputError(f"{error}; {refusal}") from None
            ledger = tracer.trace(real, args, kwargs, training=training, name=self.name, method=self.method)
        return ledger.remarked(*self.remarks, *remarks)

    def _module(self) -> "tuple[nn.Module, tuple[str, ...]]":
        """The module on the device `meta`, or on the CPU where it cannot be built on `meta`, with the reason."""
        key = key_of(self._constructed_with)
        made = self.bench.made
        if key not in made:
            # What was made elsewhere than on `meta` has a reason.
            if len(made) >= MODULES or sum(_memory_of(one) for one, reason in made.values() if reason) > KEPT_BYTES:
                del made[next(iter(made))]
            made[key] = self._made()
        return made[key]

    def _made(self) -> "tuple[nn.Module, tuple[str, ...]]":
        if self.bench.device != "cpu":
            try:
                return self._on("meta", None), ()
            except InputError as error:
                if self.bench.device:
                    raise
                reason = one_line(error.__cause__) if isinstance(error.__cause__, Exception) else str(error)
                self.bench.reason = f"it cannot be built on the device meta ({reason}), so it was built on cpu"
        return self._on("cpu", None), (self.bench.reason,)

    @property
    def _constructed_with(self) -> dict[str, Any]:
        """The arguments of the constructor in numbers, the image's size with them where the constructor takes it."""
        found = self._filled(self.arguments)
        if PIXELS in self.values and self._image_argument:
            found[self._image_argument] = self.values[PIXELS]
        return found

    @cached_property
    def training_macs(self) -> int:
        """Multiply-adds of one training step: `Ledger.training_macs` of a run in training mode.

        They are those of one example, or of all examples of the inputs that were given.

        Raises InputError if the model does not run in training mode on its usual input.
        """
        try:
            return self.cost(training=True).training_macs
        except InputError as error:
            if not self._usual:
                raise
            # Batch norm over a single pixel takes no single example, as in Inception v3's auxiliary classifier.
            with suppress(InputError):
                twice = 2 * self._usual_shape[0]
                return self.replace(**{BATCH: twice}).cost(training=True).training_macs // 2
            raise error from None

    def call_on(self, device: str) -> "tuple[nn.Module, list[Any], dict[str, Any]]":
        """The module on a device, its weights not drawn, and the arguments of a call.

        An input of which only the shape is known is on `meta`. Raises InputError if the module cannot be built.
        """
        return self._on(device, None), *self._called_with()

    def real_inputs(self) -> list[Any]:
        """The positional arguments of a call, with memory: noise in the place of tensors that have only a shape."""
        import torch
        from torch.utils._pytree import tree_map

        from resnext_flops.counters.values import filled as with_memory

        def real(part: Any) -> Any:
            return with_memory(part, torch.device("cpu")) if isinstance(part, torch.Tensor) and part.is_meta else part

        with torch.random.fork_rng(devices=[]):
            found: list[Any] = tree_map(real, self._called_with()[0])
        return found

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

    def at(self, sizes: Mapping[str, int]) -> Ledger:
        """The cost with other sizes, counted. Raises InputError where the constructor or the run refuses them."""
        key = frozenset(sizes.items())
        found = self._counts.get(key)
        return self.replace(**sizes).cost() if found is None or isinstance(found, InputError) else found.cost()

    @cached_property
    def _counts(self) -> "dict[frozenset[tuple[str, int]], Any]":
        """What was counted with other sizes, for all readings."""
        return {}

    @cached_property
    def _readings(self) -> "dict[Any, Reading]":
        return {}

    def reading(self, free: "Iterable[str] | Mapping[str, Span]", scope: str = "network") -> "Reading":
        """Its figures as formulas of free sizes, interpolated from exact counts of the real constructor.

        free: names of `sizes`; or each with the value that its formula starts at and how far apart its values are.
        scope: `network`, or the path of a module.

        Raises InputError for a size that it does not have, or in which no polynomial is found.

        >>> import resnext_flops as rf
        >>> print(rf.model("torchvision:resnet50").reading(["r"]).figure("macs"))
        81456 r^2 + 2048000
        """
        from resnext_flops.counters.interpolation import Interpolated

        asked = spans(free, self.known_as)
        key = (*asked.items(), scope)
        if key not in self._readings:
            self._readings[key] = Interpolated(self, asked, scope, self._counts)
        return self._readings[key]

    def closed_form(
        self, figure: str = "macs", *names: str, scope: str = "network", **symbols: "str | sympy.Symbol"
    ) -> "ClosedForm":
        """A figure as a polynomial in free sizes, interpolated: see `reading`, and `Network.closed_form`.

        names: sizes; behind each may stand where the formula starts, and its step, as in `width=96:8`.

        Raises InputError as `reading` does.

        >>> import resnext_flops as rf
        >>> net = rf.model("timm:resnet50")
        >>> net.closed_form("macs", "cardinality", "base_width")
        451584 cardinality base_width^2 + 27496448 cardinality base_width + 479723520
        >>> net.closed_form("macs", "r=64:64").holds[:34]
        'It holds for r = 64, 128, 192, ...'
        """
        from resnext_flops.complexity.closed_form import closed_form

        return closed_form(partial(self.reading, scope=scope), self.known_as, figure, names, symbols)

    def memory(self, batch: int = 1, dtype: str = "float32", optimizer: str = "sgd") -> "Memory":
        """The exact bytes of its tensors, for inference and for training on a CPU, found in runs without memory.

        batch: so many times the examples of its inputs.
        dtype, optimizer: as in `Network.memory`.

        Raises InputError for another dtype, optimizer or batch, and where the module does not run on its inputs.
        """
        from resnext_flops.complexity.memory import check_settings
        from resnext_flops.counters.module_memory import module_memory

        check_settings(dtype, optimizer)
        examples = size("batch", batch)
        return self._on_its_inputs(
            partial(module_memory, batch=examples, dtype=dtype, optimizer=optimizer), batch=examples
        )

    @cached_property
    def training_bytes(self) -> int:
        """`Memory.training` of its inputs, in `float32` and with momentum. Raises InputError as `memory` does."""
        from resnext_flops.counters.module_memory import training_bytes

        return self._on_its_inputs(training_bytes)

    @cached_property
    def inference_bytes(self) -> int:
        """`Memory.inference` of its inputs, in `float32`. Raises InputError as `memory` does."""
        from resnext_flops.counters.module_memory import inference_bytes

        return self._on_its_inputs(inference_bytes)

    def _on_its_inputs(self, find: Callable[..., T], batch: int = 1) -> T:
        """What is found of a call of its module, which is built with memory where it does not run without."""
        module, _ = self._module()
        args, kwargs = self._called_with(batch, _number_type(module))
        try:
            return find(module, args=args, kwargs=kwargs)
        except InputError:
            if not any(part.is_meta for part in (*module.parameters(), *module.buffers())):
                raise
            return find(self.to_torch(), args=args, kwargs=kwargs)

    def to_torch(self, device: "str | torch.device" = "cpu", seed: int = 0) -> "nn.Module":
        """The real module on a device; the same seed gives the same weights.

        Raises InputError, with the constructor's own error, if it cannot be built.
        """
        return self._on(device, seed)

    def _on(self, device: "str | torch.device", seed: int | None) -> "nn.Module":
        from resnext_flops.counters.exclusive import exclusive, pass_on

        given = self._constructed_with
        with exclusive(), silent():
            try:
                return self.make(given, device, seed)
            except InputError:
                raise
            except BaseException as error:
                pass_on(error)
                if isinstance(error, SystemExit):
                    raise InputError(f"the code of the model ended the program with {error.code}") from error
                raise InputError(f"{self.name!r} cannot be built: {one_line(error)}") from error

    def __repr__(self) -> str:
        return self.name


def _side(name: str, value: Any) -> Any:
    """An argument for the size of a square image as its one side; any other argument as it is."""
    square = name in IMAGE_ARGUMENTS and isinstance(value, (tuple, list)) and len(value) == 2 and value[0] == value[1]
    return value[0] if square else value


def _is_square(shape: Sequence[int]) -> bool:
    """Whether an image without its batch is as high as it is wide."""
    return len(shape) == 3 and shape[1] == shape[2]


def _memory_of(module: "nn.Module") -> int:
    """The bytes of the weights of a module."""
    return sum(part.nbytes for part in module.parameters())


def _number_type(module: "nn.Module") -> "torch.dtype | None":
    """The type of the first floating-point parameter."""
    return next((part.dtype for part in module.parameters() if part.is_floating_point()), None)


@contextmanager
def silent() -> Iterator[None]:
    """Keep the warnings of libraries, and what they log as warnings, out of the output."""
    import logging
    import warnings

    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
