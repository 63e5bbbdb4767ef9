"""`resnext-flops formula`."""

import click

from resnext_flops.commands.options import Output, output_option


@click.command("formula")
@click.argument("model")
@click.option("--free", metavar="NAME,...", help="Free sizes: C, d, n1, n2, ..., r, K, w. [default: C and d, or all]")
@click.option("--figure", default="macs", show_default=True, help="params, weights, macs, activations or a convention.")
@click.option("--scope", default="network", show_default=True, help="block, stage, network, or a path such as conv3.")
@click.option("--breakdown", type=click.Choice(["stage"]), help="A formula for each stage as well.")
@click.option("--r0", type=int, metavar="N", help="Of a free resolution r0 + 32 k. [default: the network's own]")
@output_option("text", "latex", "markdown", "json")
def command(
    model: str, free: str | None, figure: str, scope: str, breakdown: str | None, r0: int | None, output: Output
) -> None:
    """The cost of a network as a formula of its sizes.

    MODEL is a name or a call. C is the cardinality, d the width of the bottleneck, n1, n2, ... the blocks of the
    stages, r the resolution, K the classes, w the base width; any other size goes by the name of its argument.

    \b
    Examples:  resnext-flops formula resnext50_32x4d --free C,d
               resnext-flops formula "resnext(101)" --free r --figure params --breakdown stage --format latex
    """
    from resnext_flops.complexity.closed_form import ClosedForm
    from resnext_flops.counters import lookup
    from resnext_flops.tables.formulas import FORMS

    found = lookup.model(model)
    if r0 is not None:
        found = found.replace(resolution=r0)
    own = found.sizes()
    names = free.split(",") if free else [name for name in own if name in {"C", "d"}] or list(own)
    closed = ClosedForm(found.reading(names, scope), figure)
    call = found.call(closed.reading.free)
    output.put(FORMS[output.form](closed, call, breakdown is not None))
