"""`resnext-flops solve`."""

from contextlib import nullcontext
from typing import Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import (
    Numbers,
    Output,
    Percent,
    Values,
    free_option,
    input_option,
    machine_options,
    output_option,
    use_time,
)
from resnext_flops.commands.progress import device_option, interpolating, proving
from resnext_flops.complexity.lattices import Span
from resnext_flops.counters.lookup import model as model_of
from resnext_flops.design.solve import CONSTRAINTS
from resnext_flops.design.solve import solve as find


@click.command("solve")
@click.argument("model", shell_complete=completion.models)
@free_option("The unknown sizes, one or two: C, d, n1, ..., r, K, w, N, or arguments.", required=True)
@click.option("--like", metavar="MODEL", help="The network whose cost is the budget.", shell_complete=completion.models)
@click.option(
    "--budget", metavar="N|EXPR", help="A budget of one figure instead: 4.1G, 'macs = 4.1G' or 'params <= 25M'."
)
@click.option(
    "--figure",
    help="What is met; several with commas rank pairs. [default: macs]",
    shell_complete=completion.figures,
)
@click.option("--given", type=Values(), multiple=True, help="Values of another size, a row each.")
@click.option("--scope", default="network", show_default=True, help="block, stage, network, or a path such as conv3.")
@click.option("--constraint", type=click.Choice(CONSTRAINTS), help="To the budget. [default: nearest]")
@click.option("--within", type=Percent(), help="How far off an answer may be. [default for pairs: 5]")
@click.option("--multiple-of", type=Numbers(), default="1", show_default=True, help="What an unknown is a multiple of.")
@click.option("--lower", type=Numbers(), default="1", show_default=True, help="The least an unknown may be.")
@click.option("--upper", type=Numbers(), help="The most an unknown may be.")
@machine_options
@input_option
@device_option
@click.option("--prove/--no-prove", default=False, show_default=True, help="Build the found models and count them.")
@output_option()
def command(
    model: str,
    free: dict[str, Span],
    like: str | None,
    figure: str | None,
    given: tuple[tuple[str, tuple[int, ...]], ...],
    on: tuple[str, ...],
    batch: int | None,
    strict: bool,
    inputs: list[Any] | None,
    device: str,
    prove: bool,
    output: Output,
    **wanted: Any,
) -> int:
    """The size of a model that meets a budget: of a reference model, or a number.

    One unknown gives the whole number nearest to the budget, a row for each of the given values. Two give every pair
    within a tolerance, and mark those that no other pair beats in every figure asked for. With --on, the figure may be
    ms, the time of a batch, and the budget of images_per_second: estimates by the profile of a machine.

    \b
    Examples:  resnext-flops solve resnext50_32x4d --free d --like resnet50 --given C=1,2,4,8,16,32,64
               resnext-flops solve "resnext(101)" --free C --budget 15e9 --prove
               resnext-flops solve resnet50 --free r --budget "macs <= 2G"
               resnext-flops solve "resnext(50)" --free C,d --like resnet50 --figure macs,params --within 1
               resnext-flops solve timm:resnet50 --free base_width --given cardinality=1,2,4,8,32 --like timm:resnet50
               resnext-flops solve timm:convnext_tiny --free N --budget "training_bytes <= 24Gi"
               resnext-flops solve resnext50_32x4d --free d --budget "ms <= 300" --on rtx3090
               resnext-flops solve resnext50_32x4d --free C,d --like resnet50 --figure ms,macs --within 1 --on rtx3090
    """
    from resnext_flops.tables.solutions import solutions

    reference, asked = model_of(like) if like else None, model_of(model, inputs)
    use_time(on, batch, strict=strict, inputs=inputs, asked=[figure, wanted["budget"]])
    with interpolating():
        figures = figure.split(",") if figure else None
        found = find(asked, free, like=reference, figure=figures, given=dict(given), **wanted)
    # A real model's answers are counted anyway, and there is no description of it to prove.
    prove = prove and asked.origin == "derived"
    with proving(device, total=sum(solution.efficient for solution in found)) if prove else nullcontext() as prover:
        result = solutions(found, reference, prover)
    output.emit([result])
    return int((prover is not None and not prover.holds) or not all(solution.holds for solution in found))
