"""What a proof says: one rung for each comparison, and whether it holds."""

from typing import NamedTuple

from resnext_flops.errors import public
from resnext_flops.show import display

SHOWN = 3  # differences that a rung tells before it only counts them
# What the rungs `reference` and `formulas` miss where no library has the network.
NO_REFERENCE = "no independent reference"


class Rung(NamedTuple):
    """One comparison: with what, of how many things, and the differences as sentences.

    A rung that has nothing to compare with says why in `missing`; it neither holds nor fails. `explained` are known
    differences for which there is an explanation, as where a paper is wrong.
    """

    name: str
    compared: int
    differences: tuple[str, ...] = ()
    against: str = ""
    missing: str = ""
    explained: int = 0

    @property
    def holds(self) -> bool:
        """Whether something was compared and nothing differs."""
        return self.compared > 0 and not self.differences

    @property
    def fails(self) -> bool:
        """Whether something differs, or there was nothing to compare and no reason for it."""
        return not self.holds and not self.missing

    @property
    def result(self) -> str:
        """How the comparison ended, with the first differences."""
        if self.holds:
            return f"equal, but for {self.explained} explained" if self.explained else "equal"
        if self.missing:
            return self.missing
        more = f" (and {len(self.differences) - SHOWN} more)" if len(self.differences) > SHOWN else ""
        return f"DIFFERS: {'; '.join(self.differences[:SHOWN]) or 'nothing was compared'}{more}"

    def __str__(self) -> str:
        if self.missing:
            return f"{self.name}: {self.result}"
        return f"{self.name}: {self.compared:,} compared with {self.against}, {self.result}"


@public
@display.shown_but_at_a_prompt
class Proof(NamedTuple):
    """The rungs for one network, with fvcore's own figures (for one example, evaluation mode).

    `alone` says that no library has the network, so that nothing independent can be compared with it.
    """

    network: str
    device: str
    versions: dict[str, str]
    params: int
    fvcore_macs: int
    fvcore_total: int
    rungs: tuple[Rung, ...]
    alone: bool = False

    @property
    def holds(self) -> bool:
        """Whether no rung fails."""
        return not any(rung.fails for rung in self.rungs)

    @property
    def proven(self) -> bool | None:
        """Whether no rung fails; None where that would prove nothing, as no library has the network.

        >>> from resnext_flops.proof.rungs import Proof, Rung
        >>> Proof("net", "cpu", {}, 1, 1, 1, (Rung("layers", 1),)).proven
        True
        """
        return None if self.holds and self.alone else self.holds

    @property
    def verdict(self) -> str:
        """How the whole proof ended; a network that no library has is not called proven.

        >>> from resnext_flops.proof.rungs import Proof, Rung
        >>> Proof("net", "cpu", {}, 1, 1, 1, (Rung("layers", 1),), alone=True).verdict
        'equal to its model, but no independent reference'
        """
        if not self.holds:
            return "NOT PROVEN"
        return f"equal to its model, but {NO_REFERENCE}" if self.alone else "proven"

    def rung(self, name: str) -> Rung:
        """The rung of a name. Raises KeyError where there is none."""
        for rung in self.rungs:
            if rung.name == name:
                return rung
        raise KeyError(name)

    @property
    def layers(self) -> int:
        """How many layers were compared with fvcore."""
        return self.rung("layers").compared

    @property
    def tensors(self) -> int:
        """How many learned tensors were compared."""
        return self.rung("tensors").compared

    def __str__(self) -> str:
        place = f" on {self.device}" if self.device else ""
        head = f"{self.network}{place}: {self.verdict}"
        return "\n".join((head, *(f"  {rung}" for rung in self.rungs)))

    def __repr__(self) -> str:
        return str(self)
