"""Hold every counter's own answer against what our rule for it predicts, and bridge our figure to its, term by term."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from resnext_flops.complexity.conventions import CONVENTIONS, convention, distinct
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, SECOND, Terms
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.lookup import Given, built, counted_by
from resnext_flops.errors import checked
from resnext_flops.needs import install
from resnext_flops.show import display

# Why a rule is not exact on a model, where it is not: shown beside the residue.
RESIDUES = {
    "torchprofile": "it also counts the scalar shape arithmetic of Python code, one a product",
    "torch-flops": "it also counts the scalar shape arithmetic of Python code, and sees a function that is wrapped for "
    "torch.fx as one unknown operation",
    "fvcore": "it rounds an einsum's figure to a few digits",
}


class Step(NamedTuple):
    """One term of a bridge: what is added to, or taken from, our multiply-adds."""

    what: str
    figure: int

    @property
    def of_multiply_adds(self) -> bool:
        """Whether it is about the number of multiply-adds, or about their second operation.

        >>> Step("linear: counted as two", 32).of_multiply_adds, Step("linear: bias", 4).of_multiply_adds
        (True, False)
        """
        return self.what.startswith(MULTIPLY_ADDS) or self.what.endswith(SECOND)

    @property
    def kind(self) -> str:
        """The kind of layer, of a step that is not about multiply-adds.

        >>> Step("batch norm: elements", 32).kind
        'batch norm'
        """
        return self.what.partition(":")[0]


class Finding(NamedTuple):
    """One counter: what we predict, what it answers, and the bridge from our multiply-adds to its figure.

    version: of the installed counter, or None.
    answer: its own figure, or None if it is not installed or failed; then `error` says why, in one line.
    """

    counter: str
    unit: str
    predicted: int
    version: str | None
    answer: int | None
    error: str
    bridge: tuple[Step, ...]

    @property
    def residue(self) -> int | None:
        """The answer less the prediction; None without an answer."""
        return None if self.answer is None else self.answer - self.predicted

    @property
    def explanation(self) -> str:
        """Why there is a residue, where it is known."""
        return RESIDUES.get(self.counter, "not explained") if self.residue else ""


@display.shown
class Audit(NamedTuple):
    """What all counters say of one model."""

    ledger: Ledger
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether every answer is as predicted, or differs for a known reason."""
        return all(not finding.residue or finding.counter in RESIDUES for finding in self.findings)


@checked
def audit(model: Given, inputs: Any = None, counters: Iterable[str] | None = None, run: bool = True) -> Audit:
    """Predict every counter's figure for a model, and ask those that are installed, each in a process of its own.

    model, inputs: as in `count`. run: whether counters are asked.
    counters: names of conventions. By default all, without the variants that have the same figure.

    Raises InputError as `count` does, and for a counter that does not exist.

    >>> from torch import nn
    >>> found = audit(nn.Linear(8, 4), (1, 8), ["torch"], run=False).findings[0]
    >>> found.predicted, found.bridge
    (64, (Step(what='linear: counted as two', figure=32),))
    """
    from resnext_flops.counters import peers

    counters = None if counters is None else list(counters)
    named = None if counters is None else [convention(name) for name in counters]
    found = built(model, inputs) if run or inputs is not None else None
    ledger = (
        found.cost() if found else counted_by(model, CONVENTIONS if named is None else [each.name for each in named])
    )
    conventions = [convention(name) for name in distinct(ledger.total)] if named is None else named
    asked = [rule.name for rule in conventions if run and rule.name in peers.PEERS and peers.installed(rule.name)]
    module, args = (found.to_torch(), found.real_inputs()) if found and asked else (None, [])
    findings = []
    for rule in conventions:
        name, terms = rule.name, ledger.terms(rule.name)
        answer = peers.ask(name, module, args) if name in asked else peers.Answer(None, None, _silence(name, run))
        findings.append(Finding(name, rule.unit, int(terms.total), *answer, bridge(ledger, terms)))
    return Audit(ledger, tuple(findings))


def _silence(name: str, run: bool) -> str:
    from resnext_flops.counters import peers

    if name not in peers.PEERS:
        return "a rule without a counter that could be asked"
    return f"not installed; {install('peers')} brings them all" if run else "not asked"


def bridge(ledger: Ledger, terms: Terms) -> tuple[Step, ...]:
    """The steps from our multiply-adds to the figure of a convention: they add up to it, to the last digit.

    First the multiply-adds that the counter does not see or sees twice, by kind of layer, then what it counts besides.
    """
    ours = {kind: figure for (kind, _), figure in ledger.terms("paper").items()}
    theirs = {kind: figure for (kind, what), figure in terms.items() if what == MULTIPLY_ADDS}
    steps = []
    for kind in dict.fromkeys((*ours, *theirs)):
        before, after = ours.get(kind, 0), theirs.get(kind, 0)
        if after != before:
            how = "not seen" if not after else "counted besides" if not before else "counted otherwise"
            steps.append(Step(f"multiply-adds of {kind} {how}", int(after - before)))
    extra = [
        Step(f"{kind}: {what}", int(figure))
        for (kind, what), figure in terms.items()
        if what != MULTIPLY_ADDS and figure
    ]
    return (*steps, *extra)
