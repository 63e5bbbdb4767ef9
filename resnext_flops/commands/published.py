"""`resnext-flops published`."""

import click

from resnext_flops.commands.options import Output, output_option


@click.command("published")
@click.option("--source", metavar="NAME", help="The rows of one source, as they are printed. [default: all sources]")
@output_option()
def command(source: str | None, output: Output) -> None:
    """List the figures that zoos, READMEs and papers print.

    \b
    Examples:  resnext-flops published
               resnext-flops published --source hrnet --format csv
    """
    from resnext_flops.tables.publications import publication, publications

    output.emit([publication(source) if source else publications()])
