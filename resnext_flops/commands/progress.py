"""The device, progress bars on standard error, and proving under one, for the commands that build real models."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeAlias

import click

from resnext_flops.complexity.model import Model
from resnext_flops.proof.rungs import Proof
from resnext_flops.proof.verify import DEVICES, MODEL_RUNGS, verify

Tell: TypeAlias = Callable[[str, int], None]

device_option = click.option(
    "--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where models are built."
)


class Prover:
    """Proves networks on a device, each of them once, and tells how many are proven, before and after each."""

    def __init__(self, device: str, rungs: Sequence[str], tell: Tell) -> None:
        self.device, self.rungs, self.tell = device, rungs, tell
        self.proofs: dict[Model, Proof] = {}

    def __call__(self, network: Model) -> Proof:
        """The proof of a network."""
        if network not in self.proofs:
            self.tell(f"proving {network!r}", len(self.proofs))
            self.proofs[network] = verify(network, self.device, self.rungs)
            self.tell(f"proved {network!r}", len(self.proofs))
        return self.proofs[network]

    @property
    def holds(self) -> bool:
        """Whether every proof made holds."""
        return all(proof.holds for proof in self.proofs.values())


@contextmanager
def progress(total: int | None = None) -> Iterator[Tell]:
    """A progress bar on a terminal: what it yields is told what is worked on, and how much is done.

    It appears when it is first told something: rich's bars take as long to load as a light command takes to answer.
    """
    with ExitStack() as stack:
        bar: list[Tell] = []

        def tell(what: str, done: int) -> None:
            if sys.stderr is None or not sys.stderr.isatty():
                return
            if not bar:
                bar.append(stack.enter_context(_bar(total)))
            bar[0](what, done)

        yield tell


@contextmanager
def _bar(total: int | None) -> Iterator[Tell]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    done = TextColumn("{task.completed} done") if total is None else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), done, TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda what, done: bar.update(task, description=escape(what), completed=done)


@contextmanager
def proving(device: str, rungs: Sequence[str] = MODEL_RUNGS, total: int | None = None) -> Iterator[Prover]:
    """A prover with a progress bar."""
    with progress(total) as tell:
        yield Prover(device, rungs, tell)


@contextmanager
def interpolating() -> Iterator[None]:
    """A progress bar for the counts that formulas of real models are made of."""
    from resnext_flops.counters.watching import watched

    with progress() as tell, watched(tell):
        yield
