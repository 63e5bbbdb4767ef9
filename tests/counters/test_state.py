"""Counting changes nothing: what a module does in its forward pass is put back, by value and by identity."""

import os
import random
import sys
import warnings
from array import array
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from functools import lru_cache, partial, wraps
from io import BytesIO, StringIO
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.utils.hooks import RemovableHandle

import resnext_flops as rf
from resnext_flops.counters.module_memory import module_memory

ATOMS = (int, float, bool, str, bytes, complex, type(None), type, torch.dtype, torch.device)


def look(value: Any, seen: dict[int, Any]) -> Any:
    """Everything that can be seen of a value and of what it leads to: identities, types, contents and bits."""
    if isinstance(value, ATOMS):
        return value
    if id(value) in seen:
        return id(value)
    seen[id(value)] = value
    identity: tuple[Any, ...] = (id(value), type(value))
    if isinstance(value, Tensor):
        bits = None if value.is_meta else value.detach().reshape(-1).view(torch.uint8).tolist()
        version = None if value.is_inference() else value._version  # noqa: SLF001
        about = (value.dtype, value.shape, value.stride(), value.device, value.data_ptr(), version, value.requires_grad)
        return (*identity, *about, bits, look(value.grad, seen) if value.is_leaf else None, look(vars(value), seen))
    if isinstance(value, np.ndarray):
        return *identity, value.tolist()
    if isinstance(value, torch.Generator):
        return *identity, value.get_state().tolist()
    if isinstance(value, random.Random):
        return *identity, value.getstate()
    if isinstance(value, dict):
        return *identity, [(key, look(item, seen)) for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        return *identity, set(value)
    if isinstance(value, (list, tuple, deque, bytearray)):
        return *identity, [look(item, seen) for item in value]
    closure = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
    slots = [getattr(value, name, None) for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    own = vars(value) if hasattr(value, "__dict__") and not isinstance(value, type(look)) else None
    return *identity, look(own, seen), [look(item, seen) for item in (*closure, *slots)]


def everything(module: nn.Module, *inputs: Any) -> list[Any]:
    """The module and its inputs, its classes, torch's global hooks, and the random states."""
    seen: dict[int, Any] = {}
    classes = [dict(vars(type(part))) for part in module.modules() if type(part).__module__ == __name__]
    names = [name for name in vars(hooks) if name.startswith("_global_")]
    numbers = (torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state()))
    return [
        [look(value, seen) for value in (module, *inputs)],
        [[(name, look(value, seen)) for name, value in names.items() if name[:2] != "__"] for names in classes],
        [(name, look(getattr(hooks, name), seen)) for name in names],
        numbers,
        torch.is_grad_enabled(),
    ]


class Base(nn.Module):
    """One layer, a buffer, and attributes of many kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm, self.drop = nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)
        self.mean: Tensor
        self.steps: Tensor
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long), persistent=False)
        self.plain = torch.zeros(4)
        self.cache: Any = None

    def act(self, x: Tensor) -> Tensor:
        """What is done besides the layers."""
        return x

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(x)
        y: Tensor = self.drop(self.norm(self.layer(x)))
        return self.act(y)


class Caches(Base):
    def act(self, x: Tensor) -> Tensor:
        self.cache, self.new = x, [x]
        if hasattr(self, "plain"):
            del self.plain
        self.layer.padding = x  # an attribute of another part
        return x


class Contents(Base):
    def __init__(self) -> None:
        super().__init__()
        self.lists: Any = [1, [2, {"a": [3]}]]
        self.dicts: Any = {"a": {"b": 1}, "c": OrderedDict(x=1, y=2), "d": defaultdict(list, z=[1])}
        self.sets, self.queue, self.bytes = {1, 2}, deque([1, 2], maxlen=3), bytearray(b"ab")
        self.held: Any = (["in a tuple"], partial(print, ["in a partial"]), self.act)

    def act(self, x: Tensor) -> Tensor:
        self.lists.append(x)
        self.lists[1][1]["a"].clear()
        self.dicts["a"]["b"] = x
        self.dicts["c"].move_to_end("x")
        self.dicts["d"]["z"].append(x)
        self.dicts["d"]["new"].append(x)
        self.sets.add(3)
        self.queue.extend([3, 4])
        self.bytes[0] = 0
        self.held[0].append(x)
        self.held[1].args[0].append(x)
        return x


@dataclass(slots=True)
class Slotted:
    value: Any = 0
    items: list[Any] = field(default_factory=list)


class Holder:
    def __init__(self) -> None:
        self.value, self.items, self.slotted = 1, [1], Slotted()


class Objects(Base):
    def __init__(self) -> None:
        super().__init__()
        self.holder, self.array, self.hidden = Holder(), np.zeros(3), [nn.Linear(4, 4)]

    def act(self, x: Tensor) -> Tensor:
        self.holder.value = x  # type: ignore[assignment]
        self.holder.items.append(1)
        self.holder.slotted.value = x
        self.holder.slotted.items.append(x)
        self.holder.new = x  # type: ignore[attr-defined]
        self.array[1] = 5
        self.hidden[0].weight.data.add_(1)
        self.hidden[0].cache = x
        return x


class OfTheClass(Base):
    shared: Any = {}  # noqa: RUF012
    last: Any = None

    def act(self, x: Tensor) -> Tensor:
        self.shared[len(self.shared)] = x
        type(self).last = x
        type(self).other = x  # type: ignore[attr-defined]
        return x


class Registers(Base):
    handle: RemovableHandle | None = None

    def act(self, x: Tensor) -> Tensor:
        self.register_buffer("mean", torch.ones(4))
        self.register_buffer("more", torch.ones(4))
        self.register_parameter("learned", nn.Parameter(torch.ones(4)))
        self.layer.register_forward_hook(lambda *_: None)
        self.norm.register_forward_pre_hook(lambda *_: None)
        if "extra" not in self._modules:
            nn.modules.module.register_module_forward_hook(lambda *_: None)
        self.add_module("extra", nn.Linear(2, 2))
        self.drop = nn.Dropout(0.1)
        return x


class Writes(Base):
    def act(self, x: Tensor) -> Tensor:
        self.mean.add_(1)
        self.steps += 1
        self.plain[0] = 5
        self.plain[1:].mul_(2)
        self.layer.weight.data.mul_(0.5)
        self.layer.bias.data.copy_(torch.ones(4))
        return x


class Reshapes(Base):
    def act(self, x: Tensor) -> Tensor:
        self.mean.unsqueeze_(0)
        self.plain.resize_(2)
        self.layer.weight.data = self.layer.weight.data.clone().double().float()
        self.steps.set_(torch.ones(3, dtype=torch.long))  # type: ignore[call-overload]
        self.layer.weight.requires_grad_(False)
        self.layer.bias.grad = torch.ones(4, device=self.layer.bias.device)
        self.mean.mark = x  # type: ignore[attr-defined]
        return x


class Draws(Base):
    def __init__(self) -> None:
        super().__init__()
        self.source, self.dice = torch.Generator(), random.Random(0)  # noqa: S311

    def act(self, x: Tensor) -> Tensor:
        torch.rand(1)
        torch.rand(1, generator=self.source)
        random.random()  # noqa: S311
        self.dice.random()
        np.random.rand()
        torch.manual_seed(5)
        return x


class Merges(Base):
    """As in LoRA: evaluation mode merges the weights."""

    def __init__(self) -> None:
        super().__init__()
        self.merged = False

    def train(self, mode: bool = True) -> "Merges":
        if not mode and not self.merged:
            self.layer.weight.data += 1
            self.merged = True
        return super().train(mode)


class Hooked(Base):
    """With a hook that keeps what it sees in a list around it."""

    def __init__(self) -> None:
        super().__init__()
        seen: list[Any] = []
        last = None

        def hook(_module: nn.Module, _args: Any, output: Tensor) -> None:
            nonlocal last
            last = output
            seen.append((output, last))

        self.layer.register_forward_hook(hook)


class Fails(Caches):
    def forward(self, x: Tensor) -> Tensor:
        super().forward(x)
        raise ValueError("at the end")


KINDS = [Caches, Contents, Objects, OfTheClass, Registers, Writes, Reshapes, Draws, Merges, Hooked, Fails]


def real(kind: type[Base]) -> type[Base]:
    """The same module, but it reads a value: it runs on its own device."""

    class Reads(kind):  # type: ignore[misc, valid-type]
        def act(self, x: Tensor) -> Tensor:
            assert float(x.sum()) > -100
            y: Tensor = super().act(x)
            return y

    return Reads


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("computes", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_module_is_left_as_it_was(kind: type[Base], computes: bool, training: bool) -> None:
    module, x = (real(kind) if computes else kind)(), torch.rand(3, 4)
    module.norm.eval()
    module.layer.weight.grad = torch.rand(4, 4)
    loss = (module.layer.weight * module.mean * module.plain).sum()  # its gradient needs what the tensors hold now
    before = everything(module, x)
    try:
        found = rf.count(module, x, training=training)
        assert found.trace is not None
        assert bool(found.trace.remarks) is computes
        assert kind is not Fails
        assert found.macs == 3 * 16
    except rf.InputError as error:
        assert kind is Fails
        assert "at the end" in str(error)  # noqa: PT017
    assert everything(module, x) == before
    loss.backward()  # type: ignore[no-untyped-call]


class Growing:
    """A cache of keys, as it is given to each call of a language model."""

    def __init__(self) -> None:
        self.keys: Tensor = torch.ones(2, 4)
        self.calls: list[Any] = []

    def update(self, x: Tensor) -> Tensor:
        self.keys = torch.cat([self.keys, x])
        self.calls.append(x)
        return self.keys


class Changing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4, bias=False)

    def forward(self, x: Tensor, ids: Tensor, cache: Growing, options: dict[str, Any], module: nn.Module) -> Tensor:
        ids += 1
        ids.unsqueeze_(0)
        x.mul_(2)
        x.unsqueeze_(0)
        options.pop("a")
        options["b"].append(x)
        options["c"].add_(1)
        y: Tensor = self.layer(cache.update(x[0]))
        module(y)
        return y


@pytest.mark.parametrize("computes", [False, True])
def test_inputs_are_left_as_they_were(computes: bool) -> None:
    class Reads(Changing):
        def forward(self, x: Tensor, *args: Any) -> Tensor:
            assert float(x.sum()) > 0
            return super().forward(x, *args)

    module = Reads() if computes else Changing()
    options = {"a": 1, "b": [torch.ones(2)], "c": torch.ones(2)}
    inputs = [torch.rand(3, 4), torch.ones(2, dtype=torch.long), Growing(), options, nn.Linear(4, 4, bias=False)]
    before = everything(module, inputs)
    found = rf.count(module, inputs)
    # Five keys, of which three are new, meet the layer, and then the module that is an input.
    assert found.macs == 2 * 5 * 16
    assert everything(module, inputs) == before
    module = Changing()
    on_meta = [torch.empty(3, 4, device="meta"), *inputs[1:]]
    before = everything(module, on_meta)
    assert rf.count(module, on_meta).macs == 2 * 5 * 16
    assert everything(module, on_meta) == before


def test_an_input_that_cannot_be_copied_is_put_back() -> None:
    class Locked(Growing):
        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("cannot be copied")

    inputs = [torch.rand(3, 4), torch.ones(2, dtype=torch.long), Locked(), {"a": 1, "b": [], "c": torch.ones(2)}]
    inputs.append(nn.Identity())
    module = Changing()
    before = everything(module, inputs)
    assert rf.count(module, inputs).macs == 5 * 16
    assert everything(module, inputs) == before


def test_anchors_are_not_left_on_meta() -> None:
    detection = pytest.importorskip("torchvision.models.detection")
    images = pytest.importorskip("torchvision.models.detection.image_list")
    generator = detection.anchor_utils.AnchorGenerator()
    maps = [torch.zeros(1, 4, size, size) for size in (4, 2, 1, 1, 1)]
    inputs = [images.ImageList(torch.zeros(1, 3, 32, 32), [(32, 32)]), maps]
    generator.sizes, generator.aspect_ratios = ((8,),) * 5, ((1.0,),) * 5
    generator.cell_anchors = [generator.generate_anchors((8,), (1.0,)) for _ in range(5)]
    before = everything(generator, inputs)
    assert rf.count(generator, inputs).macs == 0
    assert everything(generator, inputs) == before
    assert len(generator(*inputs)[0]) == 16 + 4 + 3


def test_a_scripted_module_is_left_as_it_was() -> None:
    module = torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    assert rf.count(module, (3, 4)).macs == 3 * 16
    assert module.training
    assert module[0].training
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


def test_a_trainer_with_much_data_is_not_copied() -> None:
    from resnext_flops.counters import state

    module, trainer = nn.Sequential(nn.Linear(4, 4)), Holder()
    trainer.items = [[number] for number in range(2 * state.MOST_OBJECTS)]  # type: ignore[misc]
    vars(module)["trainer"] = trainer
    assert len(state.State(module, []).own.known) <= state.MOST_OBJECTS
    assert rf.count(module, (1, 4)).macs == 16


def shallow(module: nn.Module) -> list[Any]:
    """The parts, and what their attributes are."""
    return [
        (id(part), part.training, [(name, id(value)) for name, value in vars(part).items()])
        for part in module.modules()
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The default weight initialization")
def test_every_model_of_torchvision_is_left_as_it_was() -> None:
    models = pytest.importorskip("torchvision.models")
    for name in models.list_models(models):
        with torch.random.fork_rng(devices=[]):
            module = models.get_model(name, weights=None)
        size = 299 if name == "inception_v3" else 224
        tensors = [*module.parameters(), *module.buffers()]
        values, versions = [value.clone() for value in tensors], [value._version for value in tensors]  # noqa: SLF001
        before, numbers = shallow(module), torch.get_rng_state()
        for training in (False, True):
            rf.count(module, (2, 3, size, size), training=training)
            assert shallow(module) == before
            assert all(one is two for one, two in zip([*module.parameters(), *module.buffers()], tensors, strict=True))
            assert all(map(torch.equal, values, tensors))
            assert [value._version for value in tensors] == versions  # noqa: SLF001
            assert torch.equal(torch.get_rng_state(), numbers)


# Caches beside a module: nothing leads to them from it.

TABLES: dict[Any, Any] = {"old": 1}
SEEN: list[Any] = [0]
KINDS_SEEN: set[Any] = {0}
QUEUE: deque[Any] = deque([0])
TABLE: Any = None


def made(x: Tensor) -> Tensor:
    return torch.ones(4, device=x.device)


@lru_cache
def of_a_function(size: int) -> Tensor:
    return torch.ones(size)


def with_an_attribute(x: Tensor) -> Tensor:
    if not hasattr(with_an_attribute, "table"):
        with_an_attribute.table = made(x)  # type: ignore[attr-defined]
    table: Tensor = with_an_attribute.table  # type: ignore[attr-defined]
    return table


def kept_for_all(function: Any) -> Any:
    """As in transformers: the function of the class has the cache in a variable around it."""

    @wraps(function)
    def call(self: Any, size: int) -> Any:
        if not hasattr(self, "nothing"):
            return cached(size)
        return None

    cached = lru_cache(partial(function, None))
    return call


class Shared:
    """An object of a module, whose class has a cache."""

    tables: dict[int, Tensor] = {}  # noqa: RUF012
    last: Any = None


class Cached(nn.Module):
    """A layer, and a table of ones that it keeps somewhere."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.layer, self.where, self.shared = nn.Linear(4, 4), where, Shared()

    @lru_cache  # noqa: B019
    def of_a_method(self, size: int) -> Tensor:
        return torch.ones(size)

    @kept_for_all
    def of_all(self, size: int) -> Tensor:
        return torch.ones(size)

    def table(self, x: Tensor) -> Any:
        global TABLE  # noqa: PLW0603
        match self.where:
            case "dict":
                return TABLES.setdefault(4, made(x))
            case "list, set and deque":
                table = SEEN[1] if len(SEEN) > 1 else made(x)
                SEEN.append(table)
                KINDS_SEEN.add(table)
                QUEUE.appendleft(table)
                return table
            case "a name":
                TABLE = made(x) if TABLE is None else TABLE
                return TABLE
            case "a tuple in a dict":
                return TABLES.setdefault("pair", (made(x), 1))[0]
            case "function":
                return of_a_function(4)
            case "method":
                return self.of_a_method(4)
            case "closure":
                return self.of_all(4)
            case "attribute":
                return with_an_attribute(x)
            case _:
                Shared.last = self.shared.tables.setdefault(4, made(x))
                return Shared.last

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x) * self.table(x)
        return y


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "where",
    [
        "dict",
        "list, set and deque",
        "a name",
        "a tuple in a dict",
        "function",
        "method",
        "closure",
        "attribute",
        "class",
    ],
)
def test_a_cache_beside_a_module_is_of_use_afterwards(where: str, training: bool) -> None:
    assert rf.count(Cached(where), (3, 4), training=training).macs == 3 * 16
    assert (TABLES, SEEN, KINDS_SEEN, list(QUEUE), TABLE) == ({"old": 1}, [0], {0}, [0], None)
    assert (vars(with_an_attribute), Shared.tables, Shared.last) == ({}, {}, None)
    module_memory(Cached(where), [torch.rand(3, 4)], {}, batch=3)
    other = Cached(where)
    other(torch.rand(3, 4)).sum().backward()  # its table takes part in a backward pass
    assert other.layer.weight.grad is not None
    forget()


def forget() -> None:
    global TABLE
    TABLE, Shared.last = None, None
    TABLES.clear()
    TABLES["old"] = 1
    Shared.tables.clear()
    vars(with_an_attribute).clear()
    del SEEN[1:]
    KINDS_SEEN.intersection_update({0})
    QUEUE.clear()
    QUEUE.append(0)


def test_what_another_thread_writes_beside_a_module_stays() -> None:
    def write() -> None:
        SEEN.append("a result")
        TABLES["new"] = 2

    class Writes(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            thread = Thread(target=write)
            thread.start()
            thread.join()
            return super().forward(x)

    rf.count(Writes(4, 4), (3, 4))
    try:
        assert (SEEN, TABLES) == ([0, "a result"], {"old": 1, "new": 2})
    finally:
        del SEEN[1:], TABLES["new"]


def test_models_of_a_library_that_were_never_counted_train_afterwards() -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.BeitConfig(**sizes, image_size=32, patch_size=16, use_relative_position_bias=True)
    rf.count(transformers.BeitModel(config), (1, 3, 32, 32))
    transformers.BeitModel(config)(torch.rand(1, 3, 32, 32)).last_hidden_state.sum().backward()


def test_settings_that_a_model_changes() -> None:
    class Sets(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            torch.set_default_dtype(torch.float64)
            torch.set_default_device("meta")
            torch.use_deterministic_algorithms(mode=True)
            torch.backends.mha.set_fastpath_enabled(value=False)
            torch.set_grad_enabled(False)
            warnings.simplefilter("ignore")
            os.environ["RESNEXT_FLOPS_NEW"] = "1"
            os.environ.pop("RESNEXT_FLOPS_OLD", None)
            sys.path.append("nowhere")
            return super().forward(x)

    def settings() -> list[Any]:
        return [
            *(torch.get_default_dtype(), torch.empty(1).device, torch.get_deterministic_debug_mode()),
            *(torch.backends.mha.get_fastpath_enabled(), torch.is_grad_enabled()),
            *(list(warnings.filters), dict(os.environ), list(sys.path)),
        ]

    os.environ["RESNEXT_FLOPS_OLD"] = "kept"
    try:
        before = settings()
        module = Sets(4, 4)
        rf.count(module, (3, 4))
        assert settings() == before
        module_memory(module, [torch.rand(3, 4)], {}, batch=3)
        assert settings() == before
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            rf.count(module, (3, 4))
            with pytest.raises(UserWarning, match="told"):
                warnings.warn("told", stacklevel=1)
    finally:
        del os.environ["RESNEXT_FLOPS_OLD"]


def test_objects_that_hold_no_python_objects() -> None:
    class Holds(nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 4)
            self.dice, self.numbers = np.random.RandomState(0), array("i", [1, 2])
            self.bytes, self.text = BytesIO(b"abc"), StringIO("abc")

        def forward(self, x: Tensor) -> Tensor:
            self.dice.normal()  # it draws two, and keeps one
            self.numbers[0] = 5
            self.numbers.append(3)
            self.bytes.read(2)
            self.bytes.write(b"xyz")
            self.text.write("xyz")
            return super().forward(x)

    module, other = Holds(), np.random.RandomState(0)
    rf.count(module, (3, 4))
    assert module.numbers == array("i", [1, 2])
    assert (module.bytes.tell(), module.bytes.getvalue(), module.text.getvalue()) == (0, b"abc", "abc")
    assert [module.dice.normal() for _ in range(3)] == [other.normal() for _ in range(3)]
