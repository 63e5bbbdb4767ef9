"""One count at a time, and nothing that breaks into it while it changes what all share.

A count replaces functions of torch for a while, and notes how a module was. So counts of several threads run one after
another, and a replaced function asks first whether the call is one of the innermost count of its own thread. If not, it
does what it always does. A count within another one, where a module counts a part of itself, is no part of the other.

A signal whose handler may raise, such as Ctrl-C, waits while the count changes things or puts them back. It is
delivered when the code of the model runs, between two operators, and else when the count is over.
"""

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from inspect import unwrap
from types import FrameType
from typing import Any, ParamSpec, TypeVar

import torch
from torch.utils import _python_dispatch as modes

P = ParamSpec("P")
Result = TypeVar("Result")

SECONDS = 0.05  # between two looks at the signals, while another thread counts

FOR_GOOD = 1 << 30  # more often than a gate is opened again

_LOCK = threading.RLock()

# Python's functions without what makes names of their numbers, which takes most of their time.
_get_handler, _set_handler = unwrap(signal.getsignal), unwrap(signal.signal)
_SIGNALS = [int(number) for number in signal.valid_signals()]


class Gate:
    """Keeps signals back while it is closed. `with gate:` closes it, and several times if need be.

    closed: how often. over: whether the count is over, so that nothing is kept back any more.
    raised: what a handler has raised.
    """

    def __init__(self) -> None:
        self.closed, self.over = 1, False
        self.raised: BaseException | None = None
        self.waiting: deque[Callable[[], Any]] = deque()

    def __enter__(self) -> None:
        self.closed += 1

    def __exit__(self, *_: object) -> None:
        self.closed -= 1
        if self.waiting:
            self.deliver()

    def arrived(self, handler: Callable[[int, FrameType | None], Any], number: int, frame: FrameType | None) -> None:
        """Call a signal's handler, now or when the gate is open."""
        if self.over:
            handler(number, frame)
        else:
            self.waiting.append(partial(handler, number, frame))
            self.deliver()

    def deliver(self) -> None:
        """Call the handlers that wait, if the gate is open. It is closed meanwhile, and stays so where one raises."""
        while self.waiting and not self.closed:
            self.closed = FOR_GOOD
            while self.waiting:
                try:
                    self.waiting.popleft()()
                except BaseException as error:
                    self.raised = error
                    raise
            self.closed = 0


class Here(threading.local):
    """What runs in this thread.

    token: stands for the innermost count, if any. gate: keeps signals back, while there is a count.
    """

    token: object = None
    gate: Gate | None = None


HERE = Here()


@contextmanager
def exclusive() -> Iterator[None]:
    """Run a count, or a part of one: in its turn, outside of any mode of torch, and with signals kept back.

    >>> with torch.no_grad(), exclusive():
    ...     torch.is_grad_enabled()
    True
    """
    with ExitStack() as stack:
        stack.enter_context(HERE.gate or _gated())
        stack.enter_context(_in_turn())
        stack.callback(setattr, HERE, "token", HERE.token)
        HERE.token = object()
        stack.enter_context(modes._disable_current_modes())  # noqa: SLF001
        stack.callback(_end_modes)
        stack.enter_context(torch.inference_mode(False))
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """Let signals through for a while: around the code of a model, where everything can be put back."""
    gate = HERE.gate
    if gate is None:
        yield
        return
    closed = gate.closed
    gate.closed = 0
    try:
        gate.deliver()
        yield
    finally:
        gate.closed = closed


def let_through() -> None:
    """Deliver the signals that wait, here and now.

    Where torch calls Python code from its own, as with saved tensors, what a handler raises would end the process.
    """
    with interruptible():
        pass


def pass_on(error: BaseException) -> None:
    """Raise again what is no error of the model that ran: Ctrl-C, and what any signal's handler has raised."""
    if HERE.gate and HERE.gate.raised:
        raise HERE.gate.raised
    if isinstance(error, KeyboardInterrupt):
        raise error


def uninterrupted(function: Callable[P, Result]) -> Callable[P, Result]:
    """A function of ours that the code of a model calls: signals wait until it is done."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result:
        gate = HERE.gate or Gate()
        gate.closed += 1  # as `with gate`, in less time: each operator comes here
        try:
            return function(*args, **kwargs)
        finally:
            gate.closed -= 1
            if gate.waiting:
                gate.deliver()

    return call


def _end_modes() -> None:
    """End the modes of torch that the code of a model has begun and not ended."""
    while torch._C._len_torch_dispatch_stack():  # noqa: SLF001
        modes._pop_mode()  # noqa: SLF001


@contextmanager
def _in_turn() -> Iterator[None]:
    """Wait for the counts of other threads. Signals are let through meanwhile, but never while the lock is ours."""
    while not _LOCK.acquire(timeout=SECONDS):
        let_through()
    try:
        yield
    finally:
        _LOCK.release()


@contextmanager
def _gated() -> Iterator[None]:
    """Keep signals back from here on. Python calls handlers in the main thread alone, so they are replaced there."""
    gate = Gate()
    before: dict[int, Any] = {}
    with ExitStack() as stack:
        try:
            HERE.gate = gate
            if threading.current_thread() is threading.main_thread():
                found = [(number, _get_handler(number)) for number in _SIGNALS]
                before = {number: handler for number, handler in found if callable(handler)}
            for number, handler in before.items():
                _set_handler(number, partial(gate.arrived, handler))
            yield
        finally:
            try:
                for number, handler in before.items():
                    _set_handler(number, handler)
            finally:  # one that was put back already may raise
                HERE.gate, gate.over = None, True
                while gate.waiting:
                    stack.callback(gate.waiting.pop())  # the last one first: the stack calls them in the other order
