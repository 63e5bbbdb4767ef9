"""`resnext-flops verify`."""

import click

from resnext_flops.commands.options import output_options
from resnext_flops.commands.progress import proving
from resnext_flops.complexity.names import NAMED, network
from resnext_flops.errors import InputError
from resnext_flops.proof.verify import DEVICES, RUNGS
from resnext_flops.show.output import FORMATS, destination, emit


@click.command("verify")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--all", "everything", is_flag=True, help="Every network that `models` lists.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where models are built.")
@output_options(*FORMATS)
def command(names: tuple[str, ...], everything: bool, device: str, form: str, output: str | None, force: bool) -> int:
    """Hold networks against their real models, their references and their papers.

    Five rungs a network: fvcore's count of each layer, the name and shape of each tensor, a forward pass, the same
    outputs as torchvision's or timm's implementation with the same tensors, and the figures that papers print. The exit
    status is 1 if a rung fails.

    \b
    Examples:  resnext-flops verify resnext50_32x4d
               resnext-flops verify --all --format json
    """
    if everything == bool(names):
        raise InputError("give one or more models, or --all")
    path = destination(output, force)
    networks = [network(name) for name in (NAMED if everything else names)]
    with proving(device, RUNGS, total=len(networks)) as prover:
        proofs = [prover(each) for each in networks]
    from resnext_flops.tables.networks import ladder

    emit([ladder(proofs)], form, path)
    return int(not prover.holds)
