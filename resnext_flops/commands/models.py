"""`resnext-flops models`."""

import click

from resnext_flops.commands.options import Output, output_option
from resnext_flops.complexity.names import NAMED


@click.command("models")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@output_option()
def command(names: tuple[str, ...], output: Output) -> None:
    """List the described networks and their cost.

    MODEL is a name, a pattern such as resnext50_8x14d, or a call with any arguments; all names by default.

    \b
    Examples:  resnext-flops models
               resnext-flops models "resnext(50, cardinality=8, width=14, resolution=320x256)"
    """
    from resnext_flops.tables.networks import models as listed

    if real := [name for name in names if ":" in name]:
        from resnext_flops.counters.lookup import described_network

        described_network(real[0])  # it refuses a real module in one sentence
    output.emit([listed(names or tuple(NAMED))])
