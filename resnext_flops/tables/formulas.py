"""A closed form as text, LaTeX, markdown and JSON: the formula, what is free in it, and for which sizes it holds."""

from collections.abc import Callable

from resnext_flops.complexity.architecture import size_name
from resnext_flops.complexity.closed_form import ClosedForm
from resnext_flops.complexity.figures import figure_name
from resnext_flops.complexity.formula import ordered, text
from resnext_flops.complexity.layers import Size


def title(form: ClosedForm, model: str) -> str:
    """What the formula is of."""
    named = {"block": "the template block of ", "stage": "the template's stage of ", "network": ""}
    part = named.get(form.reading.scope, f"{form.reading.scope} of ")
    words = figure_name(form.figure)
    return f"{words[0].upper()}{words[1:]} of {part}{model}"


def parts(form: ClosedForm, breakdown: bool) -> dict[str, Size]:
    """The formulas that are shown: of each stage and in total, or of the whole alone."""
    return {**form.stages, "total": form.polynomial} if breakdown else {"": form.polynomial}


def to_text(form: ClosedForm, model: str, breakdown: bool = False) -> str:
    """The formula for a terminal or a pipe, one line a stage.

    >>> from resnext_flops.complexity.reading import Reading
    >>> from resnext_flops.complexity.families.resnext import resnext
    >>> architecture = resnext(50).architecture
    >>> form = ClosedForm(Reading(architecture, ["C", "d"], "block"), "macs")
    >>> print(to_text(form, architecture.call(["C", "d"])))
    Multiply-adds of the template block of resnext(50, cardinality=C, width=d)
    <BLANKLINE>
    28224 C d^2 + 1605632 C d
    <BLANKLINE>
    It holds for every whole number C, d of at least 1.
    """
    shown = parts(form, breakdown)
    width = max(map(len, shown))
    lines = [f"{name:<{width}}  {text(formula, form.variables)}".strip() for name, formula in shown.items()]
    return "\n".join((title(form, model), "", *lines, "", form.holds))


def to_latex(form: ClosedForm, model: str, breakdown: bool = False) -> str:
    """The formula in LaTeX: bare, or a line for each stage in an `align*`."""
    if not breakdown:
        return form.latex()
    lines = [f"\\text{{{name}}} &= {form.latex(formula)}" for name, formula in parts(form, breakdown).items()]
    return "\n".join((f"% {title(form, model)}", "\\begin{align*}", " \\\\\n".join(lines), "\\end{align*}"))


def to_markdown(form: ClosedForm, model: str, breakdown: bool = False) -> str:
    """The formula in markdown, with LaTeX between dollars."""
    if not breakdown:
        body = f"$${form.latex()}$$"
    else:
        rows = [f"| {name} | ${form.latex(formula)}$ |" for name, formula in parts(form, breakdown).items()]
        body = "\n".join(("| part | formula |", "| :--- | :--- |", *rows))
    return "\n\n".join((f"**{title(form, model)}**", body, form.holds))


def to_json(form: ClosedForm, model: str, breakdown: bool = False) -> str:
    """The formula as JSON: every coefficient as an exact integer, with the powers of its sizes."""
    import json

    reading = form.reading

    def content(formula: Size) -> dict[str, object]:
        terms = [
            {"coefficient": coefficient, "powers": {name: monomial.count(name) for name in dict.fromkeys(monomial)}}
            for monomial, coefficient in ordered(formula, form.variables)
        ]
        return {"formula": text(formula, form.variables), "terms": terms}

    resolutions = reading.resolutions._asdict() if reading.resolutions else None
    return json.dumps(
        {
            "model": model,
            "figure": form.figure,
            "scope": reading.scope,
            "free": {name: {"meaning": size_name(name), "least": reading.least[name]} for name in reading.free},
            "resolution": resolutions,
            **content(form.polynomial),
            "stages": {name: content(formula) for name, formula in form.stages.items()} if breakdown else None,
        },
        indent=2,
    )


FORMS: dict[str, Callable[[ClosedForm, str, bool], str]] = {
    "text": to_text,
    "latex": to_latex,
    "markdown": to_markdown,
    "json": to_json,
}
