"""`resnext-flops models`."""

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, output_option
from resnext_flops.complexity.names import NAMED


@click.command("models")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...", shell_complete=completion.described)
@click.option("--budget", "budgets", multiple=True, metavar="EXPR", help="What must hold, such as 'params <= 26M'.")
@click.option("--sort", "order", metavar="EXPR", help="The smallest first: a figure, such as macs; -macs: the largest.")
@output_option()
def command(patterns: tuple[str, ...], budgets: tuple[str, ...], order: str | None, output: Output) -> None:
    """List the described networks and their cost.

    PATTERN is a part of a name or a glob; or one network: a name, a name of the same form such as resnext50_16x9d, or a
    call with any arguments. By default all names are listed.

    \b
    Examples:  resnext-flops models resnext50
               resnext-flops models "*net50*" --budget "params <= 26M" --sort macs
               resnext-flops models "resnext(50, cardinality=8, width=14, resolution=320x256)"
    """
    from resnext_flops.complexity.names import matching
    from resnext_flops.tables.networks import chosen
    from resnext_flops.tables.networks import models as listed

    if real := [pattern for pattern in patterns if ":" in pattern]:
        from resnext_flops.counters.lookup import described_network

        described_network(real[0])  # it refuses a real module in one sentence
    names = dict.fromkeys(name for pattern in patterns for name in matching(pattern)) or NAMED
    output.emit([listed(chosen(tuple(names), budgets, order))])
