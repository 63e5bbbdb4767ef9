"""The described networks as tables: what there is, and what was proven of it."""

from collections.abc import Sequence

from resnext_flops.complexity.expressions import condition, quantity, text_of
from resnext_flops.complexity.figures import expression_names, figures
from resnext_flops.complexity.layers import show
from resnext_flops.complexity.model import value_of
from resnext_flops.complexity.names import NAMED, network
from resnext_flops.errors import InputError
from resnext_flops.proof.rungs import NO_REFERENCE, Proof, Rung
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.sentences import MEANING, where


def models(names: Sequence[str] = tuple(NAMED)) -> Table:
    """The described networks by name, with the call that each name stands for, and their cost.

    Raises InputError for a name that no network has.

    >>> models(["resnet50"]).rows[0]["call"]
    'resnet(50)'
    """
    columns = (
        Column("name", "name"),
        Column("call", "call", rank=1),
        Column("input", "input", rank=3),
        Column("params", "params"),
        Column("macs", "multiply-adds"),
        Column("activations", "activations", rank=2),
    )
    notes = ("Any argument of a call can be changed: resnext(50, cardinality=8, width=14, resolution=320).", MEANING)
    rows = [_model_row(name) for name in names]
    return Table("models", "The described networks", "", columns, rows, notes)


def chosen(names: Sequence[str], budgets: Sequence[str] = (), order: str | None = None) -> list[str]:
    """The described networks that meet budgets, in an order. Both are expressions of figures.

    Raises InputError for an expression that cannot be read, and where no network meets the budgets.

    >>> chosen(["vgg16", "resnet50", "resnet18"], ["params <= 26M"], "macs")
    ['resnet18', 'resnet50']
    """
    known = expression_names()
    conditions = [condition(text, known) for text in budgets]
    key = quantity(order, known) if order else None
    found = [name for name in names if all(value_of(network(name), each) for each in conditions)]
    if not found:
        raise InputError(f"none of the {len(names)} networks meets {' and '.join(map(text_of, conditions))}")
    return found if key is None else sorted(found, key=lambda name: value_of(network(name), key))


def _model_row(name: str) -> dict[str, Cell]:
    found = network(name)
    ledger = found.cost()
    return {"name": name, "call": repr(found), "input": show(ledger.input), **figures(ledger)}


def ladder(proofs: Sequence[Proof]) -> Table:
    """What was proven of each network: a row a rung.

    >>> from resnext_flops.proof.rungs import NO_REFERENCE, Proof, Rung
    >>> rung = Rung("layers", 54, against="fvcore")
    >>> [row["result"] for row in ladder([Proof("resnet(50)", "cpu", {"torch": "2"}, 1, 1, 1, (rung,))]).rows]
    ['equal']
    """
    columns = (
        Column("network", "network"),
        Column("rung", "rung"),
        Column("compared", "compared", rank=1),
        Column("result", "result"),
        Column("against", "with", rank=2),
    )
    failed = [proof.network for proof in proofs if not proof.holds]
    alone = [proof for proof in proofs if proof.holds and proof.alone]
    proven = f"{len(proofs) - len(failed) - len(alone)} of {len(proofs)} networks are proven"
    places = sorted({proof.device for proof in proofs})
    first = proofs[0]._replace(device=" and ".join(places)) if proofs else None
    sentence = f"{proven}{f',{where(first)}' if first and first.versions else ''}."
    if alone:
        sentence += f" For {len(alone)} there is {NO_REFERENCE}."
    if failed:
        sentence += f" NOT PROVEN: {', '.join(failed)}."
    rows = [_rung_row(proof, rung) for proof in proofs for rung in proof.rungs]
    return Table("verify", "The ladder of proof, rung by rung", "", columns, rows, (), sentence)


def _rung_row(proof: Proof, rung: Rung) -> dict[str, Cell]:
    return {
        "network": proof.network if rung is proof.rungs[0] else "",
        "rung": rung.name,
        "compared": rung.compared,
        "result": rung.result,
        "against": rung.against or None,
    }
