"""`resnext-flops report`."""

import click

from resnext_flops.commands import completion
from resnext_flops.commands.progress import Prover, device_option, progress
from resnext_flops.proof.verify import MODEL_RUNGS
from resnext_flops.reports import FORMS, report, stale, steps, written
from resnext_flops.show.output import put


@click.command("report")
@click.argument("more", nargs=-1, metavar="[MODEL]...", shell_complete=completion.models)
@click.option(
    "--of",
    "first",
    multiple=True,
    metavar="paper|MODEL",
    help="What is reported on. [default: paper]",
    shell_complete=completion.models,
)
@click.option("--output", metavar="DIR", required=True, help="The report's directory; it is made.")
@click.option("--format", "form", type=click.Choice(FORMS), default=FORMS[0], show_default=True, help="Form.")
@click.option("--prove/--no-prove", default=False, show_default=True, help="Build the described models and count them.")
@device_option
@click.option("--force", is_flag=True, help="Replace the report that is in the directory.")
@click.option("--fail-if-stale", is_flag=True, help="Write nothing; end with status 1 if the report there differs.")
def command(
    first: tuple[str, ...],
    more: tuple[str, ...],
    output: str,
    form: str,
    prove: bool,
    device: str,
    force: bool,
    fail_if_stale: bool,
) -> int:
    """Write a report: of the paper, or of any models.

    The paper's has all its tables with the printed and exact figures, the derivation of the template, the conventions
    and the pictures; that of models has their stages, layers, conventions and pictures. It is markdown, one HTML file
    that holds everything, or LaTeX with a booktabs table a file.

    The same models give the same text; versions, the device and the date are in provenance.json. The exit status is 1
    if a proof fails or, with --fail-if-stale, if a sentence or a figure differs.

    \b
    Examples:  resnext-flops report --of paper --prove --output docs/report
               resnext-flops report --of resnet50 timm:convnext_tiny
                 --output comparison --format html
    """
    models = (*first, *more)
    with progress(steps(models)) as tell:
        done: list[str] = []

        def told(what: str) -> None:
            done.append(what)
            tell(what, len(done))

        prover = Prover(device, MODEL_RUNGS, lambda what, _: tell(what, len(done))) if prove else None
        if fail_if_stale:
            differs = stale(*models, output=output, form=form, prove=prover, tell=told)
        else:
            differs = ""
            report(*models, output=output, form=form, prove=prover, force=force, tell=told)
    if fail_if_stale:
        put(f"{output} is stale:\n{differs}" if differs else f"{output} is fresh", None)
    else:
        click.echo(f"resnext-flops: wrote {written(output, form)}", err=True)
    return int(bool(differs) or (prover is not None and not prover.holds))
