"""The sentences that stand below tables: what the figures are, when a printed one is met, and what was proven."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model
from resnext_flops.numerals import printed
from resnext_flops.proof.published import Agreement, to_last_digit
from resnext_flops.proof.rungs import NO_REFERENCE, Proof
from resnext_flops.show.render import text
from resnext_flops.show.table import Cell

# What builds a network and compares it with the real model; a table calls it for each network that it shows.
Prove: TypeAlias = Callable[[Model], Proof]


def meaning(layers: str = "convolutions and fully-connected layers", of: str = "one example") -> str:
    """What the figures of a table are, in one sentence; `complexity/ledger.py` says it in full.

    layers: those that have multiply-adds.
    of: how much input is counted.
    """
    return (
        f"Multiply-adds (macs) are those of {layers}, for {of}; weights are those of the same layers, without biases; "
        "params is every learned element; activations are the elements that these layers put out."
    )


MEANING = meaning()
# The same of formulas that are interpolated from runs, whose input may be anything.
MEANING_OF_RUNS = meaning("convolutions and all matrix products", "one call of the model")
BY_RULES = (
    "`by NAME`: it is met by the rules of the counter NAME, which also counts operations that multiply-adds leave out; "
    "`resnext-flops conventions` says what."
)


def by_rules(rows: Iterable[Mapping[str, Cell]]) -> list[str]:
    """What `by` a counter means, where a row of the table says so.

    >>> len(by_rules([{"macs_agreement": "met, rounded"}])), len(by_rules([{"macs_agreement": "met, by torchprofile"}]))
    (0, 1)
    """
    said = any(", by " in str(cell) for row in rows for key, cell in row.items() if key.endswith("_agreement"))
    return [BY_RULES] if said else []


def how_met(found: Iterable[Agreement]) -> list[str]:
    """What the words of a table say that holds exact figures against printed ones, each with the table's first example.

    Nothing for a table without printed figures.

    >>> from decimal import Decimal
    >>> from resnext_flops.proof.published import agreement
    >>> print(how_met([agreement(Decimal("4.1e9"), 4_159_832_064)])[0].partition(": ")[2])
    4,159,832,064 is printed as 4.1 G, its first digits; the rest is cut off. Rounded it would be 4.2 G.
    """
    first: dict[str, Agreement] = {}
    for each in found:
        first.setdefault(str(each) if each.holds else "differs", each)
    sentences = [_word(word, first[word]) for word in WORDS if word in first]
    if {"met, rounded", "met, truncated"} <= first.keys():
        sentences.append("Papers do both, so two figures may meet one printed figure in different ways.")
    return [" ".join(("Papers print multiply-adds as FLOPs.", *sentences))] if sentences else []


WORDS = ("met", "met, rounded", "met, truncated", "differs")


def _word(word: str, example: Agreement) -> str:
    exact, shown = text(example.exact), printed(example.printed)
    rounded, truncated = map(printed, to_last_digit(example.exact, example.printed))
    match word:
        case "met":
            return "Met: the exact figure is the printed one, rounded to its last digit or cut off behind it."
        case "met, rounded":
            return f"Met, rounded: {exact} rounds to {shown}, which is printed. Cut off it would be {truncated}."
        case "met, truncated":
            return (
                f"Met, truncated: {exact} is printed as {shown}, its first digits; the rest is cut off. Rounded it "
                f"would be {rounded}."
            )
    ways = rounded if rounded == truncated else f"{rounded} rounded and {truncated} cut off"
    return f"Differs: {exact} is {ways}, and {shown} is printed; the share is of the printed figure."


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
