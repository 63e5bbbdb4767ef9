"""The figure of every convention for every model of torchvision and timm, as a file of lines and a page: `make audit`.

`python -m resnext_flops.reports.predictions DATA PAGE` counts all models, two at a time, each in one run in evaluation
mode on one example of its usual input. A run that is stopped goes on where it was.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from resnext_flops.counters.audit import RESIDUES
from resnext_flops.counters.lookup import built
from resnext_flops.counters.workers import NoAnswerError, Worker, answers
from resnext_flops.counters.zoos import zoo
from resnext_flops.errors import InputError
from resnext_flops.files import write
from resnext_flops.proof.identify.facts import DIFFERENT, facts
from resnext_flops.reports.zoo.rows import remarks
from resnext_flops.show.render import to_markdown
from resnext_flops.show.table import Cell, Column, Table

LIBRARIES = ("torchvision", "timm")
SECONDS = 300  # that a model may take
WORKERS = 2
COLUMNS = ("model", "input", "params", "activations", *DIFFERENT, "remark")

PAGE = """---
hide-toc: true
---

# Every model, every convention

What each counter would print for all {models} models of torchvision and timm, predicted from one run of the real model,
and its parameters and activations. A click on the name of a column sorts by it, a second click the other way round.
Several words search for the names that have them all.

{{{{ predictions }}}}

The run is in evaluation mode, on one example of the model's usual input; {counted} of the {models} models ran. The
counters themselves ran on a sample: all of them on fifteen models, in {{doc}}`audit`, and torch's own on all models of
torchvision and every fourth of timm's, in {{doc}}`zoo`. What the numbers mean is in {{doc}}`semantics`, and what each
convention counts in {{doc}}`conventions`. `torchvision` is not here, because its rule is that of `paper`. Some
rules are not exact on every model, because of what the counter does besides:

{inexact}

`make audit` writes this page, and [predictions.tsv](predictions.tsv), where every figure stands, a line a model. There
the place of a variant, such as `torch-no-grad`, is empty where its figure is that of the convention that it is a
variant of. Made with {versions}.
"""


class Prediction(NamedTuple):
    """What the conventions say of one model.

    input: what it is called with, as behind `--input`.
    figures: params, activations, and the figure of every convention; a variant whose figure is that of what it is a
        variant of is left out. None of a model that does not run.
    remark: what is said of the count; of a model that does not run, why.
    """

    model: str
    input: str
    figures: Mapping[str, int]
    remark: str = ""


def models() -> list[str]:
    """All models of the installed libraries."""
    return [f"{library}:{name}" for library in LIBRARIES for name in zoo(library).names()]


def predicted(name: str) -> Prediction:
    """What the conventions say of a model, from one run."""
    try:
        model = built(name)
        ledger = model.cost()
    except InputError as error:
        return Prediction(name, "", {}, " ".join(str(error).split()))
    found = facts(ledger)
    figures = {"params": found.params["all"], "activations": found.activations["activations"]}
    figures |= {each: found.operations[each] for each in DIFFERENT if each in found.operations}
    return Prediction(name, model.input_text, figures, "; ".join(remarks(ledger)))


def predict(worker: Worker, name: str) -> Prediction:
    """What a worker answers for a model, or why it does not."""
    try:
        found: Prediction = worker(predicted, name)
    except NoAnswerError as error:
        return Prediction(name, "", {}, str(error))
    return found


def read(path: Path) -> list[Prediction]:
    """The models of a file."""
    head, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n"))
    found = []
    for name, inputs, *figures, remark in rows:
        there = {each: int(figure) for each, figure in zip(head[2:-1], figures, strict=True) if figure}
        found.append(Prediction(name, inputs, there, remark))
    return found


def lines(found: Iterable[Prediction]) -> str:
    """The models as the text of a file, sorted by library and name: a line a model, a tab between two figures.

    >>> lines([Prediction("timm:net", "1,3,32,32", {"params": 10, "fvcore": 200})]).splitlines()[1].split()
    ['timm:net', '1,3,32,32', '10', '200']
    """
    rows = [
        (each.model, each.input, *(str(each.figures.get(name, "")) for name in COLUMNS[2:-1]), each.remark)
        for each in sorted(found, key=lambda each: each.model)
    ]
    return "".join("\t".join(row) + "\n" for row in (COLUMNS, *rows))


def page(found: Sequence[Prediction]) -> str:
    """The page, as markdown: the table of all models is put into it when the site is built."""
    refused: list[dict[str, Cell]] = [
        {"model": each.model, "reason": each.remark} for each in found if not each.figures
    ]
    text = PAGE.format(
        models=f"{len(found):,}",
        counted=f"{len(found) - len(refused):,}" if refused else "all",
        inexact="\n".join(f"* `{name}`: {why}." for name, why in RESIDUES.items()),
        versions=", ".join(f"{name} {version(name)}" for name in ("torch", *LIBRARIES)),
    )
    if not refused:
        return text
    columns = [Column("model", "model"), Column("reason", "why it does not run")]
    return f"{text}\n{to_markdown(Table('refused', 'Models without figures', '', columns, refused))}\n"


def main(arguments: Sequence[str]) -> None:
    """Count the models, and write the file and the page."""
    data, document = map(Path, arguments)
    stopped = data.with_name(f".{data.name}")  # what a run that was stopped has found
    found = {each.model: each for each in (read(stopped) if stopped.exists() else ())}
    missing = [name for name in models() if name not in found]
    for count, each in enumerate(answers(predict, missing, SECONDS, WORKERS), 1):
        found[each.model] = each
        write(stopped, lines(found.values()))
        print(f"{count}/{len(missing)} {each.model} {each.remark}", file=sys.stderr)  # noqa: T201
    write(data, lines(found.values()))
    write(document, page(read(data)))
    stopped.unlink(missing_ok=True)


if __name__ == "__main__":
    main(sys.argv[1:])
