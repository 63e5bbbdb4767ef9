"""`resnext-flops explore`."""

from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import batch_option, free_option, input_option, on_option, times_on
from resnext_flops.commands.progress import interpolating
from resnext_flops.complexity.lattices import Span
from resnext_flops.errors import InputError
from resnext_flops.show.output import destination, put


@click.command("explore")
@click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=completion.models)
@free_option("The sizes that are sliders. [default: all of a described network; r of a real model]")
@on_option
@batch_option
@input_option
@click.option("--output", metavar="FILE", required=True, help="The page: FILE.html.")
@click.option("--force", is_flag=True, help="Overwrite the file of --output.")
def command(
    models: tuple[str, ...],
    free: dict[str, Span],
    on: tuple[str, ...],
    batch: int | None,
    inputs: list[Any] | None,
    output: str,
    force: bool,
) -> None:
    """Write a page in which the sizes of networks are sliders.

    The page is one file that a browser opens without a server and without internet. Sizes are moved by sliders, and
    all figures follow, exactly: parameters, multiply-adds in any convention, activations, and memory in training. It
    says which width keeps the cost of another network, and draws all designs.

    Without a MODEL it is the page of the ResNeXt paper, with its networks. With one or two, their sizes are sliders;
    the second is compared with the first.

    With --on the page also has the time of a batch by the profile of a machine, or of several: an estimate, beside the
    other figures, as what is to be kept, and as an axis of the designs.

    \b
    Examples:  resnext-flops explore --output explorer.html
               resnext-flops explore resnet50 vgg16 --output two.html
               resnext-flops explore timm:resnet50 --free cardinality,base_width --output timm.html
               resnext-flops explore --on rtx3090 --output explorer.html
    """
    from resnext_flops.counters import lookup
    from resnext_flops.explorer.page import model_page, paper_page

    if not output.endswith(".html"):
        raise InputError(
            f"the page is written as {output!r}; give a name that ends in .html, by which browsers know it"
        )
    path = destination(output, force)
    if not models and (free or inputs):
        raise InputError("--free and --input are for the page of a MODEL; the page of the paper has its own sliders")
    times = times_on(on, batch, inputs=inputs)
    with interpolating():
        found = [lookup.model(model, inputs) for model in models]
        page = model_page(found, free, times) if found else paper_page(times)
    put(page, path)
    click.echo(f"resnext-flops: wrote {output}", err=True)
