"""`resnext-flops audit`."""

from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, convention_option, input_option, output_option


@click.command("audit")
@click.argument("model", shell_complete=completion.models)
@input_option
@convention_option("Only this counter")
@click.option("--run/--no-run", default=True, show_default=True, help="Ask the installed counters themselves.")
@output_option()
def command(model: str, inputs: list[Any] | None, conventions: tuple[str, ...], run: bool, output: Output) -> int:
    """Explain every counter's figure for a model, term by term.

    For each counter: what our rule predicts, what the counter itself answers if it is installed (the extra `peers`),
    and the terms that lead from our multiply-adds to its figure. The exit status is 1 if a difference is not explained.

    \b
    Examples:  resnext-flops audit resnet50
               resnext-flops audit torchvision:vit_b_16 --convention torch --no-run
    """
    from resnext_flops.counters.audit import audit
    from resnext_flops.tables.audit import audit as tables

    found = audit(model, inputs, conventions or None, run)
    output.emit(tables(found))
    return int(not found.holds)
