"""`resnext-flops formula`."""

from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import (
    Output,
    free_option,
    input_option,
    machine_options,
    output_option,
    use_time,
)
from resnext_flops.commands.progress import interpolating
from resnext_flops.complexity.arguments import names
from resnext_flops.complexity.figures import meant
from resnext_flops.complexity.lattices import Span
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.reading import LEVELS
from resnext_flops.errors import InputError


@click.command("formula")
@click.argument("model", shell_complete=completion.models)
@free_option("Free sizes: C, d, n1, n2, ..., r, K, w, N, or arguments. [default: C and d, or all; r of a real model]")
@click.option(
    "--figure",
    default="macs",
    show_default=True,
    help="params, weights, macs, ... or a convention.",
    shell_complete=completion.figures,
)
@click.option("--scope", default="network", show_default=True, help="block, stage, network, or a path such as conv3.")
@click.option("--breakdown", type=click.Choice(LEVELS), help="A formula for each stage, or for each layer, as well.")
@machine_options
@click.option("--steps", is_flag=True, help="Write start + step k for a size that has steps, such as r = 224 + 32 k.")
@input_option
@output_option("text", "latex", "markdown", "json")
def command(
    model: str,
    free: dict[str, Span],
    figure: str,
    scope: str,
    breakdown: str | None,
    steps: bool,
    on: tuple[str, ...],
    batch: int | None,
    strict: bool,
    inputs: list[Any] | None,
    output: Output,
) -> None:
    """The cost of a model as a formula of its sizes.

    MODEL is a name or a call. For a described network C is the cardinality, d the width of the bottleneck, n1, n2, ...
    the blocks of the stages, r the resolution, K the classes, w the base width, N the batch; any other size goes by
    the name of its argument. Its formula is derived.

    For a real model any whole-numbered argument of its constructor can be free, any name in a call such as
    "timm:convnext_tiny(depths=(3, 3, n, 3))", r, N, and any name in the shape of --input. Its formula is interpolated
    from exact counts, and held at sizes that were not used.

    The figure ms is the time of a batch by the profile of a machine (--on), in femtoseconds: an estimate. It has
    formulas of its own where a convolution has one group, or as many as channels.

    \b
    Examples:  resnext-flops formula resnext50_32x4d --free C,d
               resnext-flops formula "resnext(101)" --free r --figure params --breakdown stage --format latex
               resnext-flops formula timm:resnet50 --free cardinality,base_width
               resnext-flops formula resnext50_32x4d --free C,d --figure ms --on rtx3090
    """
    from resnext_flops.complexity.closed_form import ClosedForm
    from resnext_flops.counters import lookup
    from resnext_flops.tables.formulas import FORMS, content

    use_time(on, batch, strict=strict, inputs=inputs, asked=[figure])
    name = meant(figure)
    with interpolating():
        found = lookup.model(model, inputs)
        closed = ClosedForm(found.reading(free or _usual(found), scope), name)
        call = found.call(closed.reading.free)
        if output.form == "json":
            output.put_json("formula-1", content(closed, call, breakdown))
        else:
            output.put(FORMS[output.form](closed, call, breakdown, steps))


def _usual(model: Model) -> list[str]:
    """The sizes that are free unless others are asked for."""
    own = model.sizes()
    if named := [name for name in sorted(names(dict(model.arguments))) if own[name] is None]:
        return named
    if chosen := [name for name in own if name in {"C", "d"}]:
        return chosen
    if model.origin == "derived":
        return list(own)
    if "r" not in own:
        raise InputError(f"give --free with the sizes of {model.name} that are to be free: {', '.join(own) or 'N'}")
    return ["r"]
