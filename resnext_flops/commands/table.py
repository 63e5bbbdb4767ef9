"""`resnext-flops table`."""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, Sizes, batch_option, is_given, on_option, output_option, times_on
from resnext_flops.commands.progress import device_option, proving
from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.model import Model
from resnext_flops.design.solve import WIDTH_FIGURES
from resnext_flops.errors import InputError
from resnext_flops.needs import MissingPackageError, has
from resnext_flops.proof.rungs import Proof, Rung
from resnext_flops.proof.verify import MODEL_RUNGS
from resnext_flops.tables.template import CARDINALITIES
from resnext_flops.tables.template import template as template_table

if TYPE_CHECKING:
    from resnext_flops.tables.registry import Builder


@click.command("table")
@click.argument("table_id", metavar="[ID]", default="template", shell_complete=completion.tables)
@click.option(
    "--depth", type=click.Choice(["50", "101", "152"]), default="50", show_default=True, help="Of the ResNet."
)
@click.option(
    "--cardinality", type=Sizes(",", "1,2,4,..."), metavar="C,C,...", help="Values of C. [default: 1,2,4,8,16,32,64]"
)
@click.option(
    "--scope", type=click.Choice(list(WIDTH_FIGURES)), default="block", show_default=True, help="What d preserves."
)
@click.option(
    "--resolution",
    type=Sizes("x", "224 or 320x256"),
    metavar="N|HxW",
    default="224",
    show_default=True,
    help="Pixels of the input.",
)
@click.option("--classes", type=int, default=1000, show_default=True, help="Outputs of the last layer.")
@on_option
@batch_option
@device_option
@click.option(
    "--prove/--no-prove", default=None, help="Build the real models and count them. [default: where torch is installed]"
)
@output_option()
def command(
    table_id: str,
    on: tuple[str, ...],
    batch: int | None,
    device: str,
    prove: bool | None,
    output: Output,
    **sizes: Any,
) -> int:
    """A table of the paper's, rebuilt and proven on real models.

    \b
    ID is one of
      template            the width d that keeps ResNet's cost at each cardinality C (the default)
      1 to 8, eq4, fig3,  the ResNeXt paper's tables, equation and figures of complexity
      fig5
      residual            its Section 5.1, with and without shortcuts
      performance         its Section 5.1, seconds for a mini-batch and the speed they mean
      resnet, vgg,        the figures that these papers, or their authors, print for their own networks
      googlenet, senet,
      regnet, mobilenet,
      mobilenet-papers,
      efficientnet,
      efficientnetv2,
      convnext
      convnext-road       the road from ResNet to ConvNeXt, the ResNeXt-ify step among others
      lineage             from ResNet-50 to ConvNeXt, with the share of grouped convolutions
      all                 every one of them

    The options on sizes and scope belong to the template table. `performance --on PROFILE,...` estimates in its place
    what each cardinality takes at equal cost, and the paper's networks, by the profiles of machines. The exit status is
    1 if a proof fails.

    \b
    Examples:  resnext-flops table --depth 101 --scope network
               resnext-flops table 4 --no-prove --format markdown
               resnext-flops table performance --on rtx3090,rtx4090
    """
    given = [name for name in sizes if is_given(name)]
    if times_on(on, batch):
        _estimate(table_id, on, batch, [*given, *filter(is_given, ("device", "prove"))], output)
        return 0
    if table_id != "template" and given:
        raise InputError(f"table {table_id} is a paper's own and takes no --{given[0]}; only the template table does")
    builders = _builders(table_id, sizes)
    can = has("torch")
    proves = prove or (prove is None and can)
    with proving(device, total=_to_prove(builders)) if proves else nullcontext() as prover:
        results = [builder(prover) for builder in builders]
    output.emit(results)
    if prove is None and not can:
        click.echo(f"resnext-flops: not proven; {MissingPackageError('torch')}", err=True)
    return int(prover is not None and not prover.holds)


def _estimate(table_id: str, on: tuple[str, ...], batch: int | None, given: Sequence[str], output: Output) -> None:
    """Print the tables of estimated times.

    given: other options that were given. Raises InputError for one, and for another table than `performance`.
    """
    from resnext_flops.complexity.profile import profiles
    from resnext_flops.tables.times import by_cardinality, section_5_1

    if table_id != "performance":
        raise InputError(f"table {table_id} is of no machine; --on is for the table performance")
    if given:
        raise InputError(
            f"table performance --on is of the paper's own networks and takes no --{given[0]}; leave it out"
        )
    used = profiles(on)
    output.emit([by_cardinality(used, batch), section_5_1(used, batch)])


def _to_prove(builders: "list[Builder]") -> int:
    """How many networks some tables prove: they are made once with proofs of nothing."""
    asked: set[Model] = set()
    rungs = tuple(Rung(name, 0) for name in MODEL_RUNGS)

    def nothing(network: Model) -> Proof:
        asked.add(network)
        return Proof(network.name, "", {}, 0, 0, 0, rungs)

    for builder in builders:
        builder(nothing)
    return len(asked)


def _builders(table_id: str, sizes: dict[str, Any]) -> "list[Builder]":
    """The builders of one table, or of all."""
    if table_id not in ("template", "all"):
        from resnext_flops.tables.registry import builder

        return [builder(table_id)]
    resolution = sizes["resolution"]
    reference = resnet(
        int(sizes["depth"]), resolution=resolution[0] if len(resolution) == 1 else resolution, classes=sizes["classes"]
    )
    template = partial(template_table, reference, sizes["cardinality"] or CARDINALITIES, sizes["scope"])
    if table_id == "template":
        return [template]
    from resnext_flops.tables.registry import tables

    return [template, *tables().values()]
