"""`resnext-flops verify`."""

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import Output, output_option
from resnext_flops.commands.progress import device_option, proving
from resnext_flops.complexity.names import NAMED
from resnext_flops.counters.lookup import described_network
from resnext_flops.errors import InputError
from resnext_flops.proof.verify import RUNGS


@click.command("verify")
@click.argument("names", nargs=-1, metavar="[MODEL]...", shell_complete=completion.described)
@click.option("--all", "everything", is_flag=True, help="Every network that `models` lists.")
@device_option
@output_option()
def command(names: tuple[str, ...], everything: bool, device: str, output: Output) -> int:
    """Hold networks against their real models, their references and their papers.

    Six checks a network: fvcore's count of each layer, the name and shape of each tensor, a forward pass, the same
    outputs as torchvision's or timm's implementation with the same tensors, the same formulas as its constructor, and
    the figures that papers print. The exit status is 1 if a check fails.

    \b
    Examples:  resnext-flops verify resnext50_32x4d
               resnext-flops verify --all --format json
    """
    if everything == bool(names):
        raise InputError("give one or more models, or --all")
    networks = [described_network(name) for name in (NAMED if everything else names)]
    with proving(device, RUNGS, total=len(networks)) as prover:
        proofs = [prover(network) for network in networks]
    from resnext_flops.tables.networks import ladder

    output.emit([ladder(proofs)])
    return int(not prover.holds)
