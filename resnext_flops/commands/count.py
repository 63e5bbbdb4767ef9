"""`resnext-flops count`."""

from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, convention_option, input_option, output_option


@click.command("count")
@click.argument("model", shell_complete=completion.models)
@input_option
@convention_option("Add a counter's figure")
@click.option(
    "--by", type=click.Choice(["module", "layer", "kind"]), default="module", show_default=True, help="A row each."
)
@click.option("--levels", type=click.IntRange(1), default=1, show_default=True, help="How deep the modules are told.")
@click.option("--training", is_flag=True, help="Run in training mode, and count the gradients too.")
@click.option("--strict", is_flag=True, help="End with status 1 if an operator is unknown.")
@output_option()
def command(
    model: str,
    inputs: list[Any] | None,
    conventions: tuple[str, ...],
    by: str,
    levels: int,
    training: bool,
    strict: bool,
    output: Output,
) -> int:
    """Count any model, exactly.

    \b
    MODEL is one of
      a name, pattern or call of a described network, as `models` lists them
      torchvision:NAME, timm:NAME, or hf:PATH of a configuration
      package.module:factory, imported from the current directory
    and any real one may have arguments, as in "timm:resnet50(base_width=8)".

    A real model runs on the device meta, without memory or arithmetic, or on the CPU if it cannot. A described network
    is counted from its description, and its real model where --input or --training is given.

    \b
    Examples:  resnext-flops count resnext50_32x4d
               resnext-flops count timm:vit_small_patch16_224 --convention fvcore --convention torch
               resnext-flops count mymodels:net --input 1,3,320,320 --by layer --format csv
    """
    from resnext_flops.counters import lookup
    from resnext_flops.tables.breakdown import breakdown, content

    if inputs or training:
        ledger = lookup.built(model, inputs).cost(training=training)
    else:
        ledger = lookup.counted_by(model, conventions)
    figures = {name: ledger.total(name) for name in conventions}
    if output.form == "json":
        output.put_json("count-1", content(ledger, figures))
    else:
        output.emit([breakdown(ledger, by, levels, figures)])
    return int(strict and ledger.lower_bound)
