"""`resnext-flops diff`."""

import click

from resnext_flops.commands.options import input_option, output_options
from resnext_flops.show.output import FORMATS, destination, emit


@click.command("diff")
@click.argument("first", metavar="MODEL_A")
@click.argument("second", metavar="MODEL_B")
@input_option
@output_options(*FORMATS)
def command(first: str, second: str, inputs: tuple[str, ...], form: str, output: str | None, force: bool) -> int:
    """Show where two models differ, layer by layer.

    Layers are aligned by what they are, not by name. The exit status is 0 if the models are identical, and 1 if not.

    \b
    Examples:  resnext-flops diff mymodels:net resnext29_8x64d
               resnext-flops diff torchvision:resnet50 resnet50_he2015
    """
    from resnext_flops.counters.count import parse_input
    from resnext_flops.counters.difference import diff
    from resnext_flops.tables.difference import difference

    path = destination(output, force)
    found = diff(first, second, [parse_input(each) for each in inputs] or None)
    emit([difference(found)], form, path)
    return int(not found.identical)
