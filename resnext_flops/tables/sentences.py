"""The sentences that stand below tables: what the figures are, when a printed one is met, and what was proven."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model
from resnext_flops.proof.rungs import NO_REFERENCE, Proof
from resnext_flops.show.table import Cell

# What builds a network and compares it with the real model; a table calls it for each network that it shows.
Prove: TypeAlias = Callable[[Model], Proof]


def meaning(layers: str = "convolutions and fully-connected layers", of: str = "one example") -> str:
    """What the figures of a table are, in one sentence; `complexity/ledger.py` says it in full.

    layers: those that have multiply-adds.
    of: how much input is counted.
    """
    return (
        f"Multiply-adds (macs) are those of {layers}, for {of}; weights are theirs, without biases; params is every "
        "learned element; activations are the elements that these layers put out."
    )


MEANING = meaning()
# The same of formulas that are interpolated from runs, whose input may be anything.
MEANING_OF_RUNS = meaning("convolutions and all matrix products", "one call of the model")
MET = (
    "Papers print multiply-adds as FLOPs. A printed figure is met if the exact one, rounded or truncated, gives its "
    "last digit; otherwise the deviation is shown."
)
BY_RULES = (
    "`by NAME`: it is met by the rules of the counter NAME, which also counts operations that multiply-adds leave out; "
    "`resnext-flops conventions` says what."
)


def when_met(rows: Iterable[Mapping[str, Cell]]) -> tuple[str, ...]:
    """When a printed figure is met, and what `by` a counter means, where a row of the table says so.

    >>> len(when_met([{"macs_agreement": "rounded"}])), len(when_met([{"macs_agreement": "rounded by torchprofile"}]))
    (1, 2)
    """
    by_rules = any(" by " in str(cell) for row in rows for key, cell in row.items() if key.endswith("_agreement"))
    return (MET, *([BY_RULES] if by_rules else []))


def where(proof: Proof) -> str:
    """On which device and with which versions a proof was made, where it says so.

    >>> where(Proof("net", "cpu", {"torch": "2"}, 1, 1, 1, ()))
    ' on cpu with torch 2'
    """
    tools = ", ".join(f"{name} {version}" for name, version in proof.versions.items())
    return f" on {proof.device} with {tools}" if tools else ""


def proof_sentence(proofs: Sequence[Proof | None]) -> str:
    """What was proven and how: the last line of a table. A proof that does not say its versions is told without."""
    made = [proof for proof in proofs if proof]
    if not made:
        return ""
    failed = [proof for proof in made if not proof.holds]
    if failed:
        return "NOT PROVEN:\n" + "\n".join(map(str, failed))
    alone = sum(proof.alone for proof in made)
    return (
        f"Proven{where(made[0])}: in {len(made)} built networks, "
        f"{sum(proof.layers for proof in made):,} "
        f"convolution and linear layers have fvcore's multiply-adds, {sum(proof.tensors for proof in made):,} tensors "
        "their shapes, and a forward pass gives finite numbers of the stated shape."
        f"{f' For {alone} there is {NO_REFERENCE}.' if alone else ''}"
    )


def on_its_input(ledger: Ledger) -> str:
    """A model and its input, which may be in its name already.

    >>> import resnext_flops as rf
    >>> on_its_input(rf.resnet(18).cost()), on_its_input(rf.model("torchvision:resnet18", r=64).cost())
    ('resnet(18) on 3x224x224', 'torchvision:resnet18 on 1,3,64,64')
    """
    name = ledger.name or "a part"
    return name if " on " in name else f"{name} on {show(ledger.input)}"
