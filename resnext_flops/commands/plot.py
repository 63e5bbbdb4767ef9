"""`resnext-flops plot`."""

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import batch_option, on_option, times_on
from resnext_flops.plots import draw, file_format, save
from resnext_flops.show.output import destination


@click.command("plot")
@click.argument("kind", shell_complete=completion.pictures)
@click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=completion.models)
@click.option("--column", is_flag=True, help="3.5 inches wide, a column of a paper, in the place of 7, a page.")
@on_option
@batch_option
@click.option("--output", metavar="FILE", required=True, help="The picture: FILE.png, FILE.svg or FILE.pdf.")
@click.option("--force", is_flag=True, help="Overwrite the file of --output.")
def command(
    kind: str,
    models: tuple[str, ...],
    column: bool,
    on: tuple[str, ...],
    batch: int | None,
    output: str,
    force: bool,
) -> None:
    """Draw a picture of what networks cost: the paper's, or that of any models.

    \b
    KIND is one of
      width      d against C at preserved cost: the curve, whole numbers, Table 2
      error      top-1 errors against multiply-adds and params: Tables 3, 4 and 5
      stages     multiply-adds by stage and kind of layer: [MODEL MODEL]
      space      params and activations that go with ResNet-50's multiply-adds
      counters   from multiply-adds to each counter's figure: [MODEL]
      cifar      errors on CIFAR against parameters: Table 7
      edf        how params and activations of three design spaces are distributed
      lineage    printed errors against multiply-adds, from ResNet to ConvNeXt
      time       estimated times against C at equal multiply-adds (--on)
      parts      what estimated times are made of: [MODEL MODEL] (--on)
      groups     params and activations from dense to depthwise, at equal multiply-adds

    A MODEL is a described network, torchvision:NAME, timm:NAME, or package.module:factory.

    \b
    Examples:  resnext-flops plot width --output width.pdf
               resnext-flops plot stages resnet50 resnext50_32x4d --output a.svg
               resnext-flops plot time --on rtx3090,rtx4090 --output time.pdf
    """
    destination(output, force)
    file_format(output)
    times_on(on, batch)
    save(draw(kind, models, on=on, batch=batch, column=column), output)
