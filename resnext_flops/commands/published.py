"""`resnext-flops published`."""

import click

from resnext_flops.commands.options import Output, output_option


@click.command("published")
@click.option("--source", metavar="NAME", help="The rows of one source, as they are printed. [default: all sources]")
@click.option("--model", metavar="NAME", help="What all sources print of one model, such as resnet50.")
@click.option("--unexplained", is_flag=True, help="Figures that no reading explains, with the nearest one.")
@click.option("--errata", is_flag=True, help="Figures that are not what they seem, with the commands that show it.")
@output_option()
def command(source: str | None, model: str | None, unexplained: bool, errata: bool, output: Output) -> None:
    """List the figures that zoos, READMEs and papers print, and what each of them is.

    \b
    Examples:  resnext-flops published
               resnext-flops published --model resnet50
               resnext-flops published --source hrnet --format csv
               resnext-flops published --source mmpretrain --unexplained
               resnext-flops published --errata
    """
    from resnext_flops.errors import InputError
    from resnext_flops.tables import publications, verdicts

    if sum((unexplained, errata, model is not None)) > 1 or (model and source):
        raise InputError(
            "--model, --unexplained and --errata are three lists; ask for one, and --model without --source"
        )
    if model is not None:
        table = verdicts.of_model(model)
    elif unexplained:
        table = verdicts.unexplained(source)
    elif errata:
        table = verdicts.errata(source)
    else:
        table = publications.publication(source) if source else publications.publications()
    output.emit([table])
