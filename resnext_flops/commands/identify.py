"""`resnext-flops identify`."""

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, output_option


@click.command("identify")
@click.argument("model", shell_complete=completion.models)
@click.argument("figure")
@output_option()
def command(model: str, figure: str, output: Output) -> int:
    """Find which convention, and which variant of a network, gives a printed figure.

    FIGURE is written as it is printed, such as 4.12G, 3.8e9 or 25.6M. The exit status is 1 if nothing gives it.

    \b
    Examples:  resnext-flops identify resnet50 3.8e9
               resnext-flops identify torchvision:vit_b_16 11.3G
    """
    from resnext_flops.proof.identify import identify
    from resnext_flops.tables.identification import identification

    found = identify(model, figure)
    output.emit([identification(model, figure, found)])
    return int(not any(candidate.agreement.holds for candidate in found))
