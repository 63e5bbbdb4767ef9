"""Proving networks with a progress bar, for the commands that build real models."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from resnext_flops.network import Network
from resnext_flops.proof import Proof
from resnext_flops.verify import MODEL_RUNGS, verify


class Prover:
    """Proves networks on a device, each of them once, and tells how far it is."""

    def __init__(self, device: str, rungs: Sequence[str], tell: Callable[[Network], None]) -> None:
        self.device, self.rungs, self.tell = device, rungs, tell
        self.proofs: dict[Network, Proof] = {}

    def __call__(self, network: Network) -> Proof:
        """The proof of a network."""
        if network not in self.proofs:
            self.tell(network)
            self.proofs[network] = verify(network, self.device, self.rungs)
        return self.proofs[network]

    @property
    def holds(self) -> bool:
        """Whether every proof made holds."""
        return all(proof.holds for proof in self.proofs.values())


@contextmanager
def proving(device: str, rungs: Sequence[str] = MODEL_RUNGS, total: int | None = None) -> Iterator[Prover]:
    """A prover with a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)

        def tell(network: Network) -> None:
            progress.update(task, description=f"proving {network!r}", completed=len(prover.proofs))

        prover = Prover(device, rungs, tell)
        yield prover
