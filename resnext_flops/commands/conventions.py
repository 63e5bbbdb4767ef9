"""`resnext-flops conventions`."""

import click

from resnext_flops.commands.options import output_options
from resnext_flops.show.output import FORMATS, destination, emit


@click.command("conventions")
@output_options(*FORMATS)
def command(form: str, output: str | None, force: bool) -> None:
    """List the counting conventions: what each counter counts.

    \b
    Example:  resnext-flops conventions --format markdown
    """
    from resnext_flops.tables.conventions import conventions

    emit([conventions()], form, destination(output, force))
