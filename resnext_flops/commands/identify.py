"""`resnext-flops identify`."""

from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, input_option, output_option


@click.command("identify")
@click.argument("model", shell_complete=completion.models)
@click.argument("figure", required=False)
@click.option("--params", metavar="FIGURE", help="A figure of parameters, such as 25.6M.")
@click.option("--macs", metavar="FIGURE", help="A figure of operations, such as 4.1G, whatever they are called.")
@click.option("--activations", metavar="FIGURE", help="A figure of activations, such as 11.1M.")
@input_option
@output_option()
def command(
    model: str,
    figure: str | None,
    params: str | None,
    macs: str | None,
    activations: str | None,
    inputs: Any,
    output: Output,
) -> int:
    """Find which convention, unit, scope and variant of a network gives a printed figure.

    FIGURE is written as it is printed, such as 4.12G, 3.8e9 or 25.6M. Several figures, each with its option, are
    explained together. The exit status is 1 if nothing gives them.

    \b
    Examples:  resnext-flops identify resnet50 3.8e9
               resnext-flops identify resnet50 --params 25.6M --macs 4.1G
               resnext-flops identify torchvision:vit_b_16 11.3G
    """
    from resnext_flops.proof.identify import identify
    from resnext_flops.tables.identification import identification

    found = identify(model, figure, params=params, macs=macs, activations=activations, inputs=inputs)
    output.emit([identification(model, found)])
    return int(not found.candidates)
