"""Processes that answer one question after another. One that takes too long, or ends, is replaced."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from resnext_flops.errors import one_line

Item = TypeVar("Item")
Answer = TypeVar("Answer")

CONTEXT = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
ANSWERS = 60  # after which a process is replaced: what libraries keep fills its memory


class NoAnswerError(Exception):
    """A process did not answer. The text says why, in one line."""


class TooLongError(NoAnswerError):
    """It did not answer in time."""


class EndedError(NoAnswerError):
    """It ended without an answer."""


class FailedError(NoAnswerError):
    """What it was asked failed there."""


class Worker:
    """One process."""

    def __init__(self, seconds: float) -> None:
        """seconds: how long an answer may take."""
        self.seconds = seconds
        self.process: Any = None
        self.answers = 0

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        """What a function returns there. Raises TooLongError, EndedError or FailedError."""
        if self.process is None:
            self._start()
        self.pipe.send((function, args))
        if not self.pipe.poll(self.seconds):
            self.stop()
            raise TooLongError(f"it took longer than {self.seconds:g} seconds")
        try:
            failure, answer = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.stop()
            raise EndedError("the process that counted it ended") from None
        self.answers += 1
        if self.answers >= ANSWERS:
            self.stop()
        if failure:
            raise failure
        return answer

    def _start(self) -> None:
        # Threads of two processes on two cores wait for each other most of the time.
        os.environ["OMP_NUM_THREADS"] = "1"
        self.pipe, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.answers = 0

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None


def _serve(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the process that asks ends this one
    with suppress(EOFError, BrokenPipeError):  # whoever asked has ended
        while True:
            function, args = pipe.recv()
            try:
                pipe.send((None, function(*args)))
            except Exception as error:  # noqa: BLE001 (whoever asked gets it)
                pipe.send((FailedError(one_line(error)), None))


def answers(
    ask: Callable[[Worker, Item], Answer], items: Sequence[Item], seconds: float, workers: int
) -> Iterator[Answer]:
    """What `ask` answers for each item, in the order in which they are ready.

    ask: takes a worker, whose answers take no longer than so many seconds, and an item.
    """
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)

    def work() -> None:
        worker = Worker(seconds)
        try:
            while True:
                ready.put((None, ask(worker, waiting.get_nowait())))
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001 (the main thread raises it)
            ready.put((error, None))
        finally:
            worker.stop()

    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    for _ in items:
        failure, answer = ready.get()
        if failure:
            raise failure
        yield answer
