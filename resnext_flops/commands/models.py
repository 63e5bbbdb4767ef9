"""`resnext-flops models`."""

import click

from resnext_flops.commands.options import output_options
from resnext_flops.complexity.names import NAMED
from resnext_flops.show.output import FORMATS, destination, emit


@click.command("models")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@output_options(*FORMATS)
def command(names: tuple[str, ...], form: str, output: str | None, force: bool) -> None:
    """List the described networks and their cost.

    MODEL is a name, a pattern such as resnext50_8x14d, or a call with any arguments; all names by default.

    \b
    Examples:  resnext-flops models
               resnext-flops models "resnext(50, cardinality=8, width=14, resolution=320x256)"
    """
    from resnext_flops.tables.networks import models as listed

    path = destination(output, force)
    emit([listed(names or tuple(NAMED))], form, path)
