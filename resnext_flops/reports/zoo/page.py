"""The page of the data: summaries first, then every model."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from resnext_flops.complexity.figures import COMMON
from resnext_flops.reports.zoo.rows import FREE, HELD, Row
from resnext_flops.show.render import to_markdown
from resnext_flops.show.table import Cell, Column, Table

LIBRARIES = {"torchvision": "torchvision", "timm": "timm", "hf": "transformers"}

# What each operator multiplies, and why FlopCounterMode does not see it.
DERIVATIONS: Mapping[str, str] = {
    "aten._scaled_dot_product_flash_attention_for_cpu": (
        "In each of h heads the scores are the product of T queries and S keys of width d, and the output is the "
        "product of T x S weights and S values of width e: h T S d + h T S e multiply-adds an example. FlopCounterMode "
        "has formulas for the fused attention of a GPU, and none for that of a CPU."
    ),
    "aten.mkldnn_rnn_layer": (
        "One direction of one layer of an LSTM: in each of T steps the input of width i and the state of width h meet "
        "the matrices of four gates, T (4 h i + 4 h h) multiply-adds a sequence. A CPU runs it as one operator, for "
        "which FlopCounterMode has no formula."
    ),
    "aten._grouped_mm": (
        "The layer of a mixture of experts: each of R rows of width i meets the i x o matrix of one expert, R i o "
        "multiply-adds. FlopCounterMode has no formula for it."
    ),
}

HEADING = """# The libraries' models, counted

All models of torchvision, every fourth of timm's, and {hf} of Hugging Face's architectures in the default configuration
of their class: what each costs on one example of its usual input, what torch's own `FlopCounterMode` says of it, and
its formula. `make audit` writes this page from `docs/zoo.json`, where every figure stands, a line a model.
{versions}.
"""

AGREEMENT = """## Against FlopCounterMode

`FlopCounterMode` is torch's own counter, and shares no code with ours. It runs here on tensors that say they are on a
CPU, with gradients on, as torch's documentation calls it; without gradients torch runs `nn.MultiheadAttention` as one
operator, which it does not see either. It counts two operations a multiply-add.

Where the counts differ, the same operators are counted by our rules, and the difference is summed over the operators.
These sums are the whole difference, to the last digit: the residue is what they leave.
"""

OPERATORS = """Each operator that makes a difference has one derivation:
"""

FORMULAS = """## Formulas

Of the models that classify images, the multiply-adds are interpolated as a polynomial in the pixels r of the image and
in the classes, from exact counts of the real constructor. The formula, with those of the parameters and of the
activations, is then held at {held} further sizes that are drawn at random from what was probed. A model that refuses
other images than its own has a formula in its classes alone, or none, and says why.
"""

MODELS = """## Every model
"""

# The sentences in which a model has no formula in all sizes, and what they have in common.
REASONS = (
    (r"nothing of .* changes with num_classes", "nothing of the model changes with the number of classes"),
    (r"nothing of .* changes with r\b", "nothing of the model changes with the image"),
    (r"has no size", "the image is not square, or the constructor takes no number of classes"),
    (r"it refuses some", "the model refuses other images, or no step between those that it takes works"),
    (r"the polynomial through other counts", "the counts are no polynomial: a size that was held out differs"),
    (r"no polynomial of degree", "the counts are no polynomial of degree 6 or less"),
    (r"longer than", "it took too long"),
)


def page(rows: Sequence[Row]) -> str:
    """The page of some rows, as markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", *LIBRARIES.values()))
    hf = sum(library(row) == "hf" for row in rows)
    parts = [
        HEADING.format(hf=hf, versions=f"Made with {versions}"),
        AGREEMENT,
        to_markdown(agreement(rows)),
        OPERATORS,
        to_markdown(operators(rows)),
        FORMULAS.format(held=HELD),
        to_markdown(formulas(rows)),
        to_markdown(reasons(rows)),
        MODELS,
        to_markdown(costs(rows)),
        to_markdown(closed_forms(rows)),
    ]
    return "\n".join(f"{part.strip()}\n" for part in parts)


def library(row: Row) -> str:
    """The library of a model."""
    return row.model.partition(":")[0]


def _by_library(rows: Sequence[Row], columns: Mapping[str, Callable[[Row], Any]]) -> list[dict[str, Cell]]:
    """A row a library, and one for all: the sums of some figures."""
    groups = [(name, [row for row in rows if library(row) == name]) for name in LIBRARIES]
    groups.append(("all", list(rows)))
    return [
        {"library": name, **{column: sum(map(figure, group)) for column, figure in columns.items()}}
        for name, group in groups
        if group
    ]


def agreement(rows: Sequence[Row]) -> Table:
    """How many models FlopCounterMode agrees on."""
    figures: dict[str, Callable[[Row], int]] = {
        "models": lambda row: 1,  # noqa: ARG005
        "counted": lambda row: row.macs is not None,
        "equal": lambda row: row.residue is not None and not row.differences and not row.residue,
        "explained": lambda row: bool(row.differences) and not row.residue,
        "residue": lambda row: bool(row.residue),
        "silent": lambda row: row.macs is not None and row.flops is None,
    }
    columns = [
        Column("library", "library"),
        Column("models", "models"),
        Column("counted", "counted"),
        Column("equal", "equal"),
        Column("explained", "differ, with residue 0"),
        Column("residue", "with another residue"),
        Column("silent", "without its figure"),
    ]
    return Table("agreement", "Agreement", "", columns, _by_library(rows, figures))


def operators(rows: Sequence[Row]) -> Table:
    """The operators that make a difference."""
    models, macs = Counter[str](), Counter[str]()
    for row in rows:
        for name, difference in row.differences.items():
            models[name] += 1
            macs[name] += difference
    cells: list[dict[str, Cell]] = [
        {"operator": name, "models": models[name], "macs": macs[name], "derivation": DERIVATIONS[name]}
        for name, _ in models.most_common()
    ]
    columns = [
        Column("operator", "operator"),
        Column("models", "models"),
        Column("macs", "multiply-adds more than FlopCounterMode"),
        Column("derivation", "what it multiplies, and why FlopCounterMode does not see it"),
    ]
    return Table("operators", "By operator", "", columns, cells)


def sought(rows: Iterable[Row]) -> list[Row]:
    """The models of which a formula was looked for."""
    return [row for row in rows if row.formula or row.no_formula]


def formulas(rows: Sequence[Row]) -> Table:
    """How many models have a formula."""
    figures: dict[str, Callable[[Row], int]] = {
        "models": lambda row: 1,  # noqa: ARG005
        "both": lambda row: row.free == ", ".join(FREE),
        "r": lambda row: row.free == FREE[0],
        "classes": lambda row: row.free == FREE[1],
        "none": lambda row: not row.formula,
        "held": lambda row: row.held * len(COMMON),
        "missed": lambda row: row.missed,
    }
    columns = [
        Column("library", "library"),
        Column("models", "models"),
        Column("both", "formula in both sizes"),
        Column("r", "in the image alone"),
        Column("classes", "in the classes alone"),
        Column("none", "none"),
        Column("held", "figures held out"),
        Column("missed", "of these differ"),
    ]
    return Table("formulas", "Formulas", "", columns, _by_library(sought(rows), figures))


def reason(sentence: str) -> str:
    """What a sentence has in common with others; itself, where it is one of a kind."""
    return next((common for pattern, common in REASONS if re.search(pattern, sentence)), sentence)


def reasons(rows: Sequence[Row]) -> Table:
    """Why models have no formula in all sizes, and how many."""
    found = Counter(reason(row.no_formula) for row in rows if row.no_formula)
    cells: list[dict[str, Cell]] = [{"reason": name, "models": count} for name, count in found.most_common()]
    columns = [Column("reason", "why there is no formula in both sizes"), Column("models", "models")]
    return Table("reasons", "Refused", "", columns, cells)


def costs(rows: Sequence[Row]) -> Table:
    """What each model costs."""
    cells: list[dict[str, Cell]] = [
        {
            "model": row.model,
            "input": row.input or None,
            "macs": row.macs,
            "params": row.params,
            "activations": row.activations,
            "flops": row.flops,
            "difference": _difference(row),
            "remark": "; ".join(part for part in (row.no_count, row.no_flops, *row.remarks) if part),
        }
        for row in rows
    ]
    columns = [
        Column("model", "model"),
        Column("input", "input"),
        Column("macs", "multiply-adds"),
        Column("params", "parameters"),
        Column("activations", "activations"),
        Column("flops", "FlopCounterMode's operations"),
        Column("difference", "multiply-adds that it does not see"),
        Column("remark", "remark"),
    ]
    return Table("costs", "Costs", "", columns, cells)


def _difference(row: Row) -> str:
    if row.residue is None:
        return ""
    parts = [f"{macs:,} {name.removeprefix('aten.')}" for name, macs in row.differences.items()]
    return " + ".join(parts + ([f"{row.residue:,} not explained"] if row.residue else [])) or "0"


def closed_forms(rows: Sequence[Row]) -> Table:
    """The formula of each model."""
    cells: list[dict[str, Cell]] = [
        {
            "model": row.model,
            "formula": row.formula or None,
            "holds": f"{row.free.partition(',')[0]} = {row.holds}" if row.formula else None,
            "held": row.held or None,
            "missed": row.missed if row.formula else None,
            "reason": row.no_formula,
        }
        for row in sought(rows)
    ]
    columns = [
        Column("model", "model"),
        Column("formula", "multiply-adds"),
        Column("holds", "for"),
        Column("held", "held at"),
        Column("missed", "figures that differ"),
        Column("reason", "why not in more sizes"),
    ]
    return Table("closed-forms", "Formulas of models", "", columns, cells)
