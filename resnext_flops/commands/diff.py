"""`resnext-flops diff`."""

from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, input_option, output_option


@click.command("diff")
@click.argument("first", metavar="MODEL_A", shell_complete=completion.models)
@click.argument("second", metavar="MODEL_B", shell_complete=completion.models)
@input_option
@output_option()
def command(first: str, second: str, inputs: list[Any] | None, output: Output) -> int:
    """Show where two models differ, layer by layer.

    Layers are aligned by what they are, not by name. The exit status is 0 if the models are identical, and 1 if not.

    \b
    Examples:  resnext-flops diff mymodels:net resnext29_8x64d
               resnext-flops diff torchvision:resnet50 resnet50_he2015
    """
    from resnext_flops.counters.difference import diff
    from resnext_flops.tables.difference import difference

    found = diff(first, second, inputs)
    output.emit([difference(found)])
    return int(not found.identical)
