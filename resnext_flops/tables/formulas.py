"""A closed form as text, LaTeX, markdown and JSON: the formula, what is free in it, and for which sizes it holds."""

from collections.abc import Callable
from typing import Any

from resnext_flops.complexity.architecture import size_name
from resnext_flops.complexity.closed_form import ClosedForm
from resnext_flops.complexity.figures import figure_name, is_time
from resnext_flops.complexity.formula import Coefficient, ordered, text
from resnext_flops.complexity.layers import Size
from resnext_flops.show.markup import escape_latex


def title(form: ClosedForm, model: str) -> str:
    """What the formula is of."""
    named = {"block": "the template block of ", "stage": "the template's stage of ", "network": ""}
    part = named.get(form.reading.scope, f"{form.reading.scope} of ")
    words = figure_name(form.figure)
    return f"{words[0].upper()}{words[1:]} of {part}{model}"


def parts(form: ClosedForm, breakdown: str | None, steps: bool = False) -> dict[str, Size]:
    """The formulas that are shown: of each stage or layer and in total, or of the whole, for special sizes too."""
    found = {**form.parts(breakdown), "total": form.polynomial} if breakdown else form.pieces()
    return {name: form.reading.in_steps(formula) for name, formula in found.items()} if steps else found


def holds(form: ClosedForm, steps: bool) -> str:
    """For which sizes the formula holds, and where it is written in steps, what those are."""
    reading = form.reading
    steps_of = {
        name: f"{reading.base[name]} + {reading.lattices[name].step} {k}" for name, k in reading.variables().items()
    }
    written = [f"{name} = {value}" for name, value in steps_of.items()]
    return f"It is written with {' and '.join(written)}. {form.holds}" if steps and written else form.holds


def names(form: ClosedForm) -> tuple[str, ...]:
    """The names that formulas may be in, in the order in which terms are sorted."""
    return (*form.variables, *form.reading.variables().values())


def to_text(form: ClosedForm, model: str, breakdown: str | None = None, steps: bool = False) -> str:
    """The formula for a terminal or a pipe, one line a stage or a layer.

    >>> from resnext_flops.complexity.families.resnext import resnext
    >>> print(to_text(resnext(50).closed_form("macs", "C", "d", scope="block"), resnext(50).call(["C", "d"])))
    Multiply-adds of the template block of resnext(50, cardinality=C, width=d)
    <BLANKLINE>
    28224 C d^2 + 1605632 C d
    <BLANKLINE>
    It holds for every whole number C, d of at least 1.
    """
    shown = parts(form, breakdown, steps)
    width = max(map(len, shown))
    lines = [f"{name:<{width}}  {text(formula, names(form))}".strip() for name, formula in shown.items()]
    return "\n".join((title(form, model), "", *lines, "", holds(form, steps)))


def to_latex(form: ClosedForm, model: str, breakdown: str | None = None, steps: bool = False) -> str:
    """The formula in LaTeX: bare, or a line for each stage in an `align*`. Of a time it is said that it is an estimate.

    In a bare formula, which may stand in any sentence, this is a comment.
    """
    shown = parts(form, breakdown, steps)
    estimated = [form.evidence] if is_time(form.figure) else []
    if "" in shown:
        return "\n".join((*(f"% {sentence}" for sentence in estimated), form.latex(shown[""])))
    lines = [f"\\text{{{name}}} &= {form.latex(formula)}" for name, formula in shown.items()]
    aligned = ("\\begin{align*}", " \\\\\n".join(lines), "\\end{align*}")
    return "\n".join((f"% {title(form, model)}", *aligned, *map(escape_latex, estimated)))


def to_markdown(form: ClosedForm, model: str, breakdown: str | None = None, steps: bool = False) -> str:
    """The formula in markdown, with LaTeX between dollars."""
    shown = parts(form, breakdown, steps)
    if "" in shown:
        body = f"$${form.latex(shown[''])}$$"
    else:
        rows = [f"| {name} | ${form.latex(formula)}$ |" for name, formula in shown.items()]
        body = "\n".join(("| part | formula |", "| :--- | :--- |", *rows))
    return "\n\n".join((f"**{title(form, model)}**", body, holds(form, steps)))


def content(form: ClosedForm, model: str, breakdown: str | None = None) -> dict[str, Any]:
    """The formula as plain data for JSON, the schema `formula-1`: coefficients are exact, with the powers of the sizes.

    A coefficient that is not whole is a text such as "1/2", because JSON has no fractions. `steps` is always there: the
    same formula in k, where a size has steps. A time has `special`: its formulas for special values of sizes.
    """
    reading = form.reading
    special = [{"where": where, **_terms(each, form)} for where, each in form.special()]
    return {
        **({"special": special} if special else {}),
        "model": model,
        "figure": form.figure,
        "scope": reading.scope,
        "origin": reading.origin,
        "evidence": form.evidence or None,
        "free": {
            name: {"meaning": size_name(name), "base": reading.base[name], **lattice._asdict()}
            for name, lattice in reading.lattices.items()
        },
        **_terms(form.polynomial, form),
        "steps": _terms(form.in_steps, form) if reading.variables() else None,
        "parts": {name: _terms(each, form) for name, each in form.parts(breakdown).items()} if breakdown else None,
    }


def _terms(formula: Size, form: ClosedForm) -> dict[str, Any]:
    terms = [
        {"coefficient": _exact(coefficient), "powers": {name: monomial.count(name) for name in dict.fromkeys(monomial)}}
        for monomial, coefficient in ordered(formula, names(form))
    ]
    return {"formula": text(formula, names(form)), "terms": terms}


def _exact(coefficient: Coefficient) -> int | str:
    return coefficient if isinstance(coefficient, int) else str(coefficient)


FORMS: dict[str, Callable[[ClosedForm, str, str | None, bool], str]] = {
    "text": to_text,
    "latex": to_latex,
    "markdown": to_markdown,
}
