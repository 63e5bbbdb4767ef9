"""`resnext-flops plot`."""

import click

from resnext_flops.output import destination
from resnext_flops.plots import draw, file_format, save


@click.command("plot")
@click.argument("kind")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--output", metavar="FILE", required=True, help="The picture: FILE.png, FILE.svg or FILE.pdf.")
@click.option("--force", is_flag=True, help="Overwrite the file of --output.")
def command(kind: str, models: tuple[str, ...], output: str, force: bool) -> None:
    """Draw a picture of what networks cost: the paper's, or that of any models.

    \b
    KIND is one of
      width             the width d against the cardinality C at preserved complexity

    \b
    Example:  resnext-flops plot width --output width.pdf
    """
    destination(output, force)
    file_format(output)
    save(draw(kind, models), output)
