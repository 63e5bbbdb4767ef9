"""`resnext-flops audit`."""

import click

from resnext_flops.commands.options import conventions, input_option, lazily_listed, output_options
from resnext_flops.show.output import FORMATS, destination, emit


@click.command("audit")
@click.argument("model")
@input_option
@click.option(
    "--convention",
    "conventions",
    multiple=True,
    metavar="NAME",
    callback=lazily_listed(conventions),
    help="Only this counter; repeat it for several.",
)
@click.option("--run/--no-run", default=True, show_default=True, help="Ask the installed counters themselves.")
@output_options(*FORMATS)
def command(
    model: str,
    inputs: tuple[str, ...],
    conventions: tuple[str, ...],
    run: bool,
    form: str,
    output: str | None,
    force: bool,
) -> int:
    """Explain every counter's figure for a model, term by term.

    For each counter: what our rule predicts, what the counter itself answers if it is installed (the extra `peers`),
    and the terms that lead from our multiply-adds to its figure. The exit status is 1 if a difference is not explained.

    \b
    Examples:  resnext-flops audit resnet50
               resnext-flops audit torchvision:vit_b_16 --convention torch --no-run
    """
    from resnext_flops.counters.audit import audit
    from resnext_flops.counters.count import parse_input
    from resnext_flops.tables.audit import audit as tables

    path = destination(output, force)
    found = audit(model, [parse_input(each) for each in inputs] or None, conventions or None, run)
    emit(tables(found), form, path)
    return int(not found.holds)
