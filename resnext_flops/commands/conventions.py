"""`resnext-flops conventions`."""

import click

from resnext_flops.commands.options import Output, output_option


@click.command("conventions")
@output_option()
def command(output: Output) -> None:
    """List the counting conventions: what each counter counts.

    \b
    Example:  resnext-flops conventions --format markdown
    """
    from resnext_flops.tables.conventions import conventions

    output.emit([conventions()])
