"""One count at a time, in one thread, and nothing is left behind when a signal breaks it off."""

import gc
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import Function
from torch.nn import functional
from torch.nn.modules import module as hooks
from torch.utils import checkpoint

import resnext_flops as rf
from resnext_flops.counters import exclusive
from resnext_flops.counters.module_memory import module_memory


def shared() -> list[Any]:
    """What a count changes for a while, and all share."""
    names = [name for name in vars(hooks) if name.startswith("_global_")]
    return [
        *(nn.Module._call_impl, torch.add, torch.tensor, functional.linear, functional.relu, torch.as_tensor),  # noqa: SLF001
        *(vars(Tensor).get("data"), Tensor.__add__, vars(Function).get("apply"), checkpoint._CheckpointFrame),  # noqa: SLF001
        *(nn.init.normal_, nn.init.kaiming_uniform_),
        *(torch.is_inference_mode_enabled(), torch.is_grad_enabled(), torch._C._len_torch_dispatch_stack()),  # noqa: SLF001
        *(gc.isenabled(), torch.get_default_dtype(), np.random.get_bit_generator()),  # type: ignore[attr-defined]
        *(signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT)),
        [list(getattr(hooks, name)) for name in names if isinstance(getattr(hooks, name), dict)],
    ]


class Square(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        saved: Tensor = ctx.saved_tensors[0]
        return gradient * 2 * saved


class Square2(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = Square.apply(super().forward(x))
        return y


class Model(nn.Module):
    """Some layers, a checkpointed part, a function with a backward pass of its own, and attributes that change."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)) for _ in range(4)))
        self.cache: Any = None
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.cache = x
        self.calls += 1
        for layer in self.layers:
            x = checkpoint.checkpoint(layer, x, use_reentrant=False)
        y: Tensor = Square.apply(x)
        return y


class CountsAPart(nn.Module):
    """Counts a part of itself, or all of itself, in its forward pass."""

    def __init__(self, whole: bool) -> None:
        super().__init__()
        self.layer, self.whole, self.calls, self.found = nn.Linear(8, 8), whole, 0, 0
        self.of_a_library: Any = None

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        if self.calls == 1:
            counted = self if self.whole else self.layer
            found = rf.count(counted, (2, 8), training=True)
            assert (found.macs, found.backward) == (2 * 64, 2 * 64)  # the input needs no gradient
            assert rf.count(lambda: nn.Sequential(nn.Linear(8, 4), nn.Tanh()), (1, 8)).macs == 32
        self.layer.bias.data = self.layer.bias.data * 2
        y: Tensor = self.layer(x)
        return y


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_a_count_within_a_count_is_no_part_of_it(whole: bool, training: bool) -> None:
    module, before = CountsAPart(whole), shared()
    bias = module.layer.bias.detach().clone()
    found = rf.count(module, (2, 8), training=training)
    assert found.macs == 2 * 64
    assert [entry.path for entry in found if entry.macs] == ["layer"]
    assert "tanh" not in {entry.kind for entry in found}
    assert found.trace is not None
    assert sorted(call.path for call in found.trace.records.calls) == ["", "layer"]
    assert not found.trace.remarks
    assert shared() == before
    assert torch.equal(module.layer.bias, bias)
    module(torch.rand(2, 8)).sum().backward()
    assert module.layer.weight.grad is not None


def test_a_count_is_no_part_of_a_mode_that_the_caller_is_in() -> None:
    with FakeTensorMode(), torch.inference_mode():
        assert rf.count(lambda: nn.Linear(8, 4), (2, 8)).macs == 64
        fake = nn.Linear(8, 4)
        sentence = r"^the model or its input has tensors of a FakeTensorMode; make them on the device meta instead$"
        with pytest.raises(rf.InputError, match=sentence):
            rf.count(fake, (2, 8))
    module = nn.Linear(8, 4)
    with FakeTensorMode():
        assert rf.count(module, (2, 8)).macs == 64
    with torch.inference_mode():
        found = rf.count(lambda: nn.Sequential(Square2(8, 4), nn.Linear(4, 4)), (2, 8), training=True)
    assert found.macs == 2 * (32 + 16)
    assert found.backward == 2 * (32 + 2 * 16)  # the input needs no gradient


def together(*works: Callable[[], None]) -> list[BaseException]:
    """Run functions in threads of their own, which change often, and return what they raised."""
    raised: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (it is told)
            raised.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    return raised


def test_threads_that_count_at_once() -> None:
    before, found = shared(), []

    def work() -> None:
        module = Model()
        for training in (True, False, True):
            ledger = rf.count(module, (2, 4), training=training)
            assert ledger.trace is not None
            found.append((ledger.macs, len(ledger.trace.records.calls)))

    assert together(work, work, work, work) == []
    assert set(found) == {(2 * 4 * 16, 1 + 4 * 3)}  # the model, and four times a linear layer, a norm and both together
    assert len(found) == 12
    assert shared() == before


def test_other_threads_see_nothing_of_a_count() -> None:
    module, other, over = Model(), nn.Sequential(nn.Linear(4, 4), nn.Tanh()), threading.Event()
    alone = rf.count(module, (2, 4), training=True)
    wrong: list[str] = []

    def compute() -> None:
        while not over.is_set():
            x = torch.ones(4, requires_grad=True)
            y = Square.apply(x)
            if not y.requires_grad:
                wrong.append("a function lost its gradient")
                return
            checkpoint.checkpoint(other, torch.add(x, y).reshape(1, 4), use_reentrant=False).sum().backward()
            if x.grad is None or torch.tensor([1]).is_meta or torch.nn.init.ones_(torch.empty(2)).sum() != 2:
                wrong.append("it did not compute")
                return

    def count() -> None:
        try:
            for _ in range(4):
                found = rf.count(module, (2, 4), training=True)
                assert found.trace is not None
                assert alone.trace is not None
                assert list(found) == list(alone)
                for name in ("calls", "functions", "operators"):
                    assert len(getattr(found.trace.records, name)) == len(getattr(alone.trace.records, name))
        finally:
            over.set()

    assert together(compute, compute, count) == []
    assert wrong == []


@contextmanager
def alarm(handler: Any) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class StopError(Exception):
    """What the handler of a signal raises."""


def stop(*_: Any) -> None:
    raise StopError


@pytest.mark.parametrize("work", ["count", "memory"])
def test_a_signal_at_any_moment_leaves_nothing_behind(work: str) -> None:
    dice, module, x = random.Random(7), Model(), torch.rand(2, 4)  # noqa: S311
    module.layers[0].eval()

    def run(training: bool) -> None:
        if work == "count":
            rf.count(module, x, training=training)
        else:
            module_memory(module, [x], {}, batch=2)

    run(True)
    start = time.perf_counter()
    run(True)
    longest, stopped = 1.2 * (time.perf_counter() - start), 0
    with alarm(stop):
        before = shared()
        for number in range(40 if work == "count" else 10):
            try:
                signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-4, longest))
                run(number % 2 == 0)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except StopError:
                stopped += 1
            assert shared() == before
            assert (module.cache, module.calls) == (None, 0)
            assert [part.training for part in module.layers] == [False, True, True, True]
            assert exclusive.HERE.gate is None
            assert exclusive.HERE.token is None
    assert stopped > 0
    assert rf.count(module, x).macs == 2 * 4 * 16


def test_a_handler_runs_while_the_model_runs_and_not_while_all_is_put_back() -> None:
    seen: list[tuple[bool, bool]] = []

    def note(*_: Any) -> None:
        seen.append((torch.is_inference_mode_enabled(), module.cache is not None))

    class Rings(Model):
        def forward(self, x: Tensor) -> Tensor:
            self.cache = x
            signal.raise_signal(signal.SIGALRM)
            assert len(seen) == 1  # at once: the code of the model runs
            return x

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "training" and "cache" in vars(self):
                signal.raise_signal(signal.SIGALRM)
            super().__setattr__(name, value)

    module = Rings()
    with alarm(note):
        rf.count(module, (2, 4))
    assert seen == [(True, True)]
    with alarm(note), exclusive.exclusive():
        signal.raise_signal(signal.SIGALRM)
        assert len(seen) == 1
    assert seen[1:] == [(False, False)]  # when it is over


def test_what_a_handler_raises_is_no_error_of_the_model() -> None:
    class Rings(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            signal.raise_signal(signal.SIGALRM)
            return super().forward(x)

    with alarm(stop), pytest.raises(StopError):
        rf.count(Rings(4, 4), (2, 4))
    with alarm(stop), pytest.raises(StopError):
        rf.count(lambda: signal.raise_signal(signal.SIGALRM), (2, 4))  # type: ignore[arg-type, return-value]


def test_the_wait_for_another_count_can_be_broken_off() -> None:
    taken, over = threading.Event(), threading.Event()

    def hold() -> None:
        with exclusive.exclusive():
            taken.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()
    try:
        with alarm(stop):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            with pytest.raises(StopError):
                rf.count(nn.Linear(4, 4), (2, 4))
    finally:
        over.set()
        thread.join()
    assert rf.count(nn.Linear(4, 4), (2, 4)).macs == 32


def test_several_signals_that_waited_are_all_delivered_and_one_left_in_place_passes_through() -> None:
    seen: list[int] = []
    with alarm(lambda *_: seen.append(len(seen))):
        original = signal.getsignal(signal.SIGALRM)
        with exclusive.exclusive():
            left = signal.getsignal(signal.SIGALRM)
            assert left is not original
            signal.raise_signal(signal.SIGALRM)
            signal.raise_signal(signal.SIGALRM)
            assert seen == []
        assert seen == [0, 1]
        assert signal.getsignal(signal.SIGALRM) is original
        signal.signal(signal.SIGALRM, left)
        signal.raise_signal(signal.SIGALRM)
        assert seen == [0, 1, 2]


def test_a_mode_that_the_model_begins_and_does_not_end() -> None:
    class Begins(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            y = super().forward(x)
            FakeTensorMode(allow_non_fake_inputs=True).__enter__()
            return y

    before = shared()
    rf.count(Begins(4, 4), (2, 4))
    assert shared() == before
