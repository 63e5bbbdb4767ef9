"""`resnext-flops predict`."""

from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, input_option, machine_options, output_option


@click.command("predict")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=completion.models)
@machine_options
@input_option
@output_option()
def command(
    models: tuple[str, ...],
    on: tuple[str, ...],
    batch: int | None,
    strict: bool,
    inputs: list[Any] | None,
    output: Output,
) -> None:
    """Estimate how long models take on a machine, and what their time is made of.

    The time is a sum over the exact ledger, with the coefficients of a profile: nothing is run, and no such machine is
    needed. Profiles come with the package or are made by `calibrate`. A model with operators that the profile has not
    seen, or a batch that was not measured, has a wider interval, and a remark; --strict refuses it.

    \b
    Examples:  resnext-flops predict resnet50 resnext50_32x4d timm:convnext_tiny --on rtx3090
               resnext-flops predict resnet50 "resnext(50, 64, 2)" --on rtx3090,rtx4090 --batch 512
               resnext-flops predict resnet50 --on mine.toml
    """
    from resnext_flops.machine.predict import predict
    from resnext_flops.tables.estimates import estimates

    found = predict(models, on, batch, inputs, strict=strict)
    for name, some in found.items():
        for each in some:
            for remark in each.remarks:
                click.echo(f"resnext-flops: the interval of {each.name} by {name} is wider: {remark}", err=True)
    output.emit([estimates(found, found.profiles)])
