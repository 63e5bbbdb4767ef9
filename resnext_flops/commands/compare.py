"""`resnext-flops compare`."""

from collections.abc import Sequence
from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import (
    Output,
    expressions,
    input_option,
    machine_options,
    output_option,
    use_time,
)
from resnext_flops.commands.progress import progress
from resnext_flops.counters.zoos.kept import LIBRARIES
from resnext_flops.errors import STOPPED, InputError, unknown

GO_ON = "what was counted of a library is kept, and the same command goes on from there"
# The columns of a CSV file that may hold names, the first that a file has being taken.
COLUMNS = ("model", "name")


@click.command("compare")
@click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=completion.models)
@click.option("--from", "file", metavar="FILE", help="More names: one a line, or in a CSV file's column `model`.")
@click.option("--zoo", type=click.Choice(LIBRARIES), help="All models of a library that classify images.")
@input_option
@click.option("--budget", multiple=True, metavar="EXPR", help="What must hold, such as 'macs <= 4.2e9'.")
@click.option(
    "--pareto", metavar="EXPR,...", help="Keep what no other beats in all of these; -accuracy asks for a high one."
)
@click.option("--sort", metavar="EXPR", help="What the models are ordered by, the smallest first.")
@click.option(
    "--figure",
    "figures",
    multiple=True,
    metavar="NAME",
    help="A further figure, such as fvcore.",
    shell_complete=completion.figures,
)
@machine_options
@output_option()
def command(
    models: tuple[str, ...],
    file: str | None,
    zoo: str | None,
    inputs: list[Any] | None,
    budget: tuple[str, ...],
    pareto: str | None,
    sort: str | None,
    figures: tuple[str, ...],
    on: tuple[str, ...],
    batch: int | None,
    strict: bool,
    output: Output,
) -> int:
    """Compare any models: what each costs, and which are the best within budgets.

    A row a model: params, multiply-adds, activations, bytes at inference and in training, the accuracy that torchvision
    prints, and how far each is from the first that is named. Expressions hold these figures: params, macs, activations,
    weights, inference_bytes, training_bytes, accuracy, or any convention; with --on also ms and images_per_second,
    which are estimates by the profile of a machine. With --strict a model that the profile has no evidence for is
    refused, with the exit status 2, if it was named; a model of --zoo is left out, and said.

    What is counted of a library's models is kept in the user's cache directory. The exit status is 1 if a model that
    was named cannot be counted.

    \b
    Examples:  resnext-flops compare resnet50 resnext50_32x4d torchvision:convnext_tiny --figure fvcore
               resnext-flops compare --zoo torchvision --budget "macs <= 4.2G" --pareto "macs,-accuracy"
               resnext-flops compare --from models.csv --sort=-params --format csv
               resnext-flops compare resnet50 resnext50_32x4d regnet_y_3_2gf --on rtx3090 --sort ms
    """
    from resnext_flops.counters.costs import Candidates
    from resnext_flops.design.compare import request
    from resnext_flops.tables.compared import compared, content

    use_time(on, batch, strict=strict, inputs=inputs)
    asked = request(budget, expressions(pareto), sort, figures)
    candidates = Candidates([*models, *(names_in(file) if file else [])], zoo or "", inputs)
    with progress(candidates.missing) as tell:
        rows = []
        try:
            for row in candidates.costs(asked.names, tell):
                rows += [row]
        except KeyboardInterrupt:
            stopped = f"stopped after {len(rows):,} of {len(candidates.all):,} models"
            _remark([*candidates.remarks, stopped] if candidates.remarks else [f"{stopped}; {GO_ON}"])
            return STOPPED
    found = asked.compared(rows, candidates.named, candidates.remarks)
    if output.form == "json":
        output.put_json("compare-1", content(found))
    else:
        output.emit([compared(found)])
    _remark(found.remarks)
    return int(any(row.reason for row in rows[: candidates.named]))


def _remark(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        click.echo(f"resnext-flops: {sentence}", err=True)


def names_in(file: str) -> list[str]:
    """The names in a file: in the column `model`, or else `name`, of a CSV file; one a line in any other.

    Lines of a text that are empty or begin with # are no names.

    Raises InputError for a file that cannot be read, or holds no names.
    """
    from resnext_flops.files import read_text

    text = read_text(file, "utf-8-sig")
    found = _column(text, file) if file.lower().endswith(".csv") else text.splitlines()
    names = [name.strip() for name in found if name.strip() and not name.strip().startswith("#")]
    if not names:
        raise InputError(f"{file!r} holds no names of models")
    return names


def _column(text: str, file: str) -> list[str]:
    import csv
    import io

    lines = csv.DictReader(io.StringIO(text, newline=""), restval="")
    try:
        column = next((name for name in COLUMNS if name in (lines.fieldnames or ())), None)
        if column is None:
            raise InputError(f"{file!r}: {unknown('column', COLUMNS[0], lines.fieldnames or ())}")
        return [line[column] for line in lines]
    except csv.Error as error:
        raise InputError(f"{file!r} is no CSV file: {error}") from None
