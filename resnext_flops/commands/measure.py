"""`resnext-flops measure`."""

from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, Sizes, output_option
from resnext_flops.errors import InputError
from resnext_flops.proof.verify import DEVICES


@click.command("measure")
@click.argument("names", nargs=-1, metavar="[MODEL]...", shell_complete=completion.models)
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where models run.")
@click.option(
    "--dtype", metavar="float32|bfloat16|float16", default="float32", show_default=True, help="Of all tensors."
)
@click.option("--batch", type=Sizes(",", "1,32"), metavar="N,N,...", default="1", show_default=True, help="Examples.")
@click.option("--channels-last", is_flag=True, help="Torch's channels-last memory format.")
@click.option("--compile", is_flag=True, help="Run what torch.compile makes of the models.")
@click.option("--training", is_flag=True, help="A training step instead of a forward pass.")
@click.option("--optimizer", metavar="sgd|adam", default="sgd", show_default=True, help="Of a training step.")
@click.option(
    "--convention",
    metavar="NAME",
    default="paper",
    show_default=True,
    help="What FLOP/s count.",
    shell_complete=completion.conventions,
)
@click.option("--precision", type=float, default=0.02, show_default=True, help="Share to which a median is known.")
@click.option("--seconds", type=float, default=10.0, show_default=True, help="Longest time for a batch size.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of weights and inputs.")
@click.option("--paper", is_flag=True, help="The networks of the paper's Section 5.1 beside its seconds.")
@click.option("--published", metavar="FILE.csv", help="Published throughput against exact cost; runs no model.")
@click.option("--column", metavar="NAME", help="The throughput's column in that file, where it is none of timm's.")
@output_option()
def command(
    names: tuple[str, ...],
    paper: bool,
    published: str | None,
    column: str | None,
    batch: tuple[int, ...],
    output: Output,
    **settings: Any,
) -> int:
    """Run real models in turn, and lay their speed and memory beside their exact cost.

    Latency with the interval of its median, ratios to the first model, FLOP/s, the share of what a matrix
    multiplication reaches on this machine and of its roofline, and exact bytes. A model that cannot run is said, and
    the exit status is 2.

    MODEL is a described network, torchvision:NAME, timm:NAME, or package.module:factory. Bytes are told for described
    networks.

    \b
    Examples:  resnext-flops measure resnet50 resnext50_32x4d --batch 1,32
               resnext-flops measure --paper --training --batch 2
               resnext-flops measure --published benchmark-infer-amp-nhwc.csv
    """
    from resnext_flops.machine.measure import measure
    from resnext_flops.machine.throughput import correlate
    from resnext_flops.tables import measurements

    if bool(names) + paper + (published is not None) != 1:
        raise InputError("give one or more models, or --paper, or --published FILE.csv")
    if column is not None and published is None:
        raise InputError("--column is a column of the file of --published; give both, or neither")
    if published is not None:
        output.emit([measurements.correlations(correlate(published, column), published)])
        return 0
    networks = list(measurements.paper_networks()) if paper else names
    found = measure(*networks, batch=batch, **settings)
    tables = [measurements.times(found), measurements.memory(found)]
    output.emit([*tables, measurements.section_5_1(found)] if paper else tables)
    for sentence in found.failures:
        click.echo(f"resnext-flops: {sentence}", err=True)
    return 2 if found.failures else 0
