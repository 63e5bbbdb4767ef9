"""Counters that are asked of cases: each counter in a process of its own, and each case in a process forked from it.

Counters replace functions of torch, leave hooks, and keep figures; so a case that was asked of after others might get
another answer. A fork begins as its parent was before the first case, and costs milliseconds, because torch and the
counter are imported already. It needs a system that forks (Linux, macOS).

As a program it asks: `python -m resnext_flops.proof.conformance.asking SECONDS COUNTER...` reads the names of cases, a
line each, and prints one line of JSON for each counter and case. A counter is the name of a peer, or `module:function`.
"""

import gc
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from math import isfinite
from multiprocessing.connection import Connection
from typing import IO, Any, TypeAlias

from torch.jit import ScriptModule

from resnext_flops.counters.peers import PEERS, environment
from resnext_flops.counters.zoos import imported
from resnext_flops.errors import one_line
from resnext_flops.proof.conformance.case import Case, weight
from resnext_flops.proof.conformance.suite import every_case
from resnext_flops.proof.conformance.verdicts import Reply, says_what_it_cannot

SECONDS = 30.0  # that an answer may take
LONGEST_LOG = 10_000  # characters that are kept of what a counter writes

# Takes a case, its module and its inputs, and returns a figure.
Ask: TypeAlias = Callable[[Case, Any, Sequence[Any]], int]


def replies(
    counters: Sequence[str], cases: Iterable[Case], seconds: float = SECONDS
) -> Iterator[tuple[str, str, Reply]]:
    """The replies of counters to cases, which are known by their names: counter, case, reply.

    All counters run in one process that is started for them, so give one, or such as only read.
    """
    command = [sys.executable, "-m", __name__, str(seconds), *counters]
    names = "".join(f"{case.name}\n" for case in cases)
    done = subprocess.run(command, input=names, capture_output=True, text=True, check=False, env=environment())  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{', '.join(counters)}: {done.stderr.strip().rpartition(chr(10))[2]}")
    for line in done.stdout.splitlines():
        counter, case, *reply = json.loads(line)
        yield counter, case, Reply(*reply)


def asker(counter: str) -> Ask:
    """How a counter is asked; what it needs is imported here.

    Raises InputError for a `module:function` that cannot be imported.
    """
    if counter not in PEERS:
        function = imported(*counter.split(":", 1))
        return lambda _, module, inputs: function(module, inputs)
    import torch

    peer = PEERS[counter]
    import_module(peer.module)

    def ask(case: Case, module: Any, inputs: Sequence[Any]) -> int:
        if case.training:
            assert peer.step is not None  # noqa: S101 (others are not asked)
            return peer.step(module, inputs)
        with torch.set_grad_enabled(peer.gradients):
            return peer.ask(module, inputs)

    return ask


def reply(ask: Ask, case: Case, seconds: float) -> Reply:
    """The reply to one case, from a process that is forked for it and stopped after some seconds."""
    context = multiprocessing.get_context("fork")
    pipe, theirs = context.Pipe()
    with tempfile.TemporaryFile() as log:
        process = context.Process(target=_child, args=(theirs, log, ask, case), daemon=True)
        process.start()
        theirs.close()
        found = Reply(error=f"no answer in {seconds:g} seconds")
        if pipe.poll(seconds):
            try:
                found = Reply(*pipe.recv())
            except EOFError:
                found = Reply(error="its process ended without an answer")
        process.kill()
        process.join()
        log.seek(0)
        return found._replace(log=log.read(LONGEST_LOG).decode(errors="replace"))


def _child(pipe: Connection, log: IO[bytes], ask: Ask, case: Case) -> None:
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log.fileno(), stream.fileno())
    warnings.simplefilter("always")
    warnings.filterwarnings("ignore", "LSTM with projections")  # it is torch's, and says nothing of the counter
    module, inputs = case.made()
    if not isinstance(module, ScriptModule) and not any(True for _ in module.parameters()):
        # Several counters ask for the device of the first parameter, and would fail on nothing else.
        module.register_parameter("unused", weight(1))
    try:
        answer = Reply(_whole(ask(case, module, inputs)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever a counter raises is its reply)
        answer = Reply(error=one_line(error), refused=says_what_it_cannot(error))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    pipe.send(tuple(answer))
    os._exit(0)  # some counters leave threads that do not let a process end


def _whole(figure: Any) -> int:
    """A counter's figure as an integer. Raises TypeError for what is no whole number."""
    finite = not isinstance(figure, float) or isfinite(figure)
    if isinstance(figure, bool) or not hasattr(figure, "__int__") or not finite or int(figure) != figure:
        raise TypeError(f"it returned {figure!r}, which is no whole number")
    return int(figure)


def main(seconds: float, counters: Sequence[str], names: Iterable[str]) -> None:
    """Ask, and print the replies."""
    import torch

    torch.set_num_threads(1)  # torch's threads do not survive a fork
    cases = every_case()
    asked = [(counter, asker(counter)) for counter in counters]
    gc.freeze()  # a fork then copies less
    for name in names:
        for counter, ask in asked:
            print(json.dumps([counter, name, *reply(ask, cases[name], seconds)]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:], sys.stdin.read().splitlines())
