"""The command line: parse, call, print."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NoReturn

import click

import resnext_flops
from resnext_flops.errors import InputError
from resnext_flops.models import network as named_network
from resnext_flops.network import Network, resnet
from resnext_flops.output import FORMATS, destination, emit, put
from resnext_flops.solve import CONSTRAINTS, WIDTH_FIGURES
from resnext_flops.solve import solve as find
from resnext_flops.tables import paper
from resnext_flops.tables.table import Table
from resnext_flops.verify import DEVICES, Proof, choose_device, verify

NAME = "resnext-flops"


class Commands(click.Group):
    """A group of commands whose errors are one sentence on standard error, with exit status 2."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run, and end with the exit status that the command returns."""
        try:
            status = super().main(*args, **{**extra, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(0)
        except click.Abort:
            fail("stopped; nothing was written", 130)
        except (click.ClickException, InputError) as error:
            fail(error.format_message() if isinstance(error, click.ClickException) else str(error))
        sys.exit(status)


def fail(sentence: str, status: int = 2) -> NoReturn:
    """Say what is wrong in one sentence, and end."""
    click.echo(f"{NAME}: {sentence}", err=True)
    sys.exit(status)


class Sizes(click.ParamType[tuple[int, ...]]):
    """Whole numbers with something between them, such as `1,2,4` or `320x256`."""

    def __init__(self, separator: str, example: str) -> None:
        self.name = self.example = example
        self.separator = separator

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """The numbers, or click's error for what is not of the form."""
        try:
            return tuple(int(part) for part in value.split(self.separator))
        except ValueError:
            self.fail(f"{value!r} is not of the form {self.example}", param, ctx)


class Numbers(click.ParamType[int | dict[str, int]]):
    """One whole number for every unknown, or one by name, such as `8` or `C=2,d=8`."""

    name = "N|NAME=N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | dict[str, int]:
        """The number or the numbers, or click's error for what is not of the form."""
        try:
            if "=" not in value:
                return int(value)
            return {name: int(number) for name, number in (part.split("=") for part in value.split(","))}
        except ValueError:
            self.fail(f"{value!r} is not of the form 8 or C=2,d=8", param, ctx)


class Values(click.ParamType[tuple[str, tuple[int, ...]]]):
    """Values of one size, such as `C=1,2,4`."""

    name = "NAME=N,N,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[int, ...]]:
        """The name and its numbers, or click's error for what is not of the form."""
        name, _, numbers = value.partition("=")
        try:
            return name, tuple(int(number) for number in numbers.split(","))
        except ValueError:
            self.fail(f"{value!r} is not of the form C=1,2,4", param, ctx)


class Whole(click.ParamType[int]):
    """A whole number, also as `15e9`."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, exactly, or click's error for what is none."""
        from fractions import Fraction

        try:
            # What is not whole is written with a stroke, and refused as an integer.
            return int(str(Fraction(value)))
        except (ValueError, ZeroDivisionError):
            self.fail(f"{value!r} is not a whole number, such as 15e9", param, ctx)


def output_options(*forms: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of every command that prints something; the first form is the default."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            click.option("--force", is_flag=True, help="Overwrite the file of --output."),
            click.option("--output", metavar="FILE", help="Write to a file instead of standard output."),
            click.option(
                "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, help="Form."
            ),
        ):
            command = option(command)
        return command

    return add


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(resnext_flops.__version__, prog_name=NAME)
def main() -> None:
    """What a convolutional network costs, exactly, and what width meets a budget.

    Figures are multiply-adds of convolutions and fully-connected layers for one example (the ResNeXt paper's FLOPs),
    unless a convention is named.

    \b
    Example:  resnext-flops table
    """


@main.command()
@click.argument("table_id", metavar="[ID]", type=click.Choice(["template", "1", "2"]), default="template")
@click.option("--depth", type=click.Choice(["50", "101", "152"]), default="50", show_default=True, help="Of ResNet.")
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
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where models are built.")
@click.option("--prove/--no-prove", default=True, show_default=True, help="Build the real models and count them.")
@output_options(*FORMATS)
@click.pass_context
def table(
    ctx: click.Context,
    /,
    table_id: str,
    device: str,
    prove: bool,
    form: str,
    output: str | None,
    force: bool,
    **sizes: Any,
) -> int:
    """A table of the paper's, rebuilt and proven on real models.

    \b
    ID is one of
      template  the width d that keeps ResNet's cost at each cardinality C (the default)
      1         the paper's Table 1: ResNet-50 and ResNeXt-50 (32x4d), stage by stage
      2         the paper's Table 2: d and the group width at its five cardinalities

    The options on sizes and scope belong to the template table. The exit status is 1 if a proof fails.

    \b
    Examples:  resnext-flops table --depth 101 --scope network
               resnext-flops table 1 --no-prove --format markdown
    """
    given = [name for name in sizes if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT]
    if table_id != "template" and given:
        raise InputError(f"table {table_id} is the paper's own and takes no --{given[0]}; only the template table does")
    path = destination(output, force)
    builder, networks = _builder(table_id, **sizes)
    with prover(device, networks) if prove else nullcontext() as proof:
        result = builder(proof)
    emit(result, form, path)
    return int(result.proof.startswith("NOT PROVEN"))


def _builder(
    table_id: str,
    depth: str,
    cardinality: tuple[int, ...] | None,
    scope: str,
    resolution: tuple[int, ...],
    classes: int,
) -> tuple[Callable[[paper.Prove | None], Table], int]:
    """The table of an id, waiting for what proves it, and how many networks it proves."""
    if table_id == "1":
        return paper.table_1, 2
    if table_id == "2":
        return lambda _: paper.table_2(), 0
    cardinality = cardinality or paper.TEMPLATE_CARDINALITIES
    reference = resnet(int(depth), resolution=resolution[0] if len(resolution) == 1 else resolution, classes=classes)
    return partial(paper.template, reference, cardinality, scope), len(cardinality)


@main.command()
@click.argument("model")
@click.option("--free", metavar="NAME,...", help="Free sizes: C, d, n1, n2, ..., r, K, w. [default: C and d, or all]")
@click.option("--figure", default="macs", show_default=True, help="params, weights, macs, activations or a convention.")
@click.option("--scope", default="network", show_default=True, help="block, stage, network, or a path such as conv3.")
@click.option("--breakdown", type=click.Choice(["stage"]), help="A formula for each stage as well.")
@click.option("--r0", type=int, metavar="N", help="Of a free resolution r0 + 32 k. [default: the network's own]")
@output_options("text", "latex", "markdown", "json")
def formula(
    model: str,
    free: str | None,
    figure: str,
    scope: str,
    breakdown: str | None,
    r0: int | None,
    form: str,
    output: str | None,
    force: bool,
) -> None:
    """The cost of a network as a formula of its sizes.

    MODEL is a name or a call. C is the cardinality, d the width of the bottleneck, n1, n2, ... the blocks of the
    stages, r the resolution, K the classes, w the base width; any other size goes by the name of its argument.

    \b
    Examples:  resnext-flops formula resnext50_32x4d --free C,d
               resnext-flops formula "resnext(101)" --free r --figure params --breakdown stage --format latex
    """
    from resnext_flops.complexity.closed_form import ClosedForm
    from resnext_flops.complexity.symbolic import Reading, own_sizes
    from resnext_flops.tables.formulas import FORMS, call

    path = destination(output, force)
    network = named_network(model)
    if r0 is not None:
        network = network.replace(resolution=r0)
    own = own_sizes(network.family, network.arguments)
    names = free.split(",") if free else [name for name in own if name in {"C", "d"}] or list(own)
    closed = ClosedForm(Reading(network.family, network.arguments, names, scope), figure)
    put(FORMS[form](closed, call(network, closed.reading.free), breakdown is not None) + "\n", path)


@main.command()
@click.argument("model")
@click.option(
    "--free", metavar="NAME[,NAME]", required=True, help="The unknown sizes, one or two: C, d, n1, ..., r, K, w."
)
@click.option("--like", metavar="MODEL", help="The network whose cost is the budget.")
@click.option("--budget", type=Whole(), help="A budget of one figure instead.")
@click.option("--figure", default="macs", show_default=True, help="What is met; several with commas rank pairs.")
@click.option("--given", type=Values(), multiple=True, help="Values of another size, a row each.")
@click.option("--scope", default="network", show_default=True, help="block, stage, network, or a path such as conv3.")
@click.option(
    "--constraint", type=click.Choice(CONSTRAINTS), default="nearest", show_default=True, help="To the budget."
)
@click.option("--within", type=float, metavar="PERCENT", help="How far off an answer may be. [default for pairs: 5]")
@click.option("--multiple-of", type=Numbers(), default="1", show_default=True, help="What an unknown is a multiple of.")
@click.option("--lower", type=Numbers(), default="1", show_default=True, help="The least an unknown may be.")
@click.option("--upper", type=Numbers(), help="The most an unknown may be.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where models are built.")
@click.option("--prove/--no-prove", default=False, show_default=True, help="Build the found models and count them.")
@output_options(*FORMATS)
def solve(
    model: str,
    free: str,
    like: str | None,
    figure: str,
    given: tuple[tuple[str, tuple[int, ...]], ...],
    device: str,
    prove: bool,
    form: str,
    output: str | None,
    force: bool,
    **wanted: Any,
) -> int:
    """The size of a network that meets a budget: of a reference network, or a number.

    One unknown gives the whole number nearest to the budget, a row for each of the given values. Two give every pair
    within a tolerance, and mark those that no other pair beats in every figure asked for.

    \b
    Examples:  resnext-flops solve resnext50_32x4d --free d --like resnet50 --given C=1,2,4,8,16,32,64
               resnext-flops solve "resnext(101)" --free C --budget 15e9 --prove
               resnext-flops solve "resnext(50)" --free C,d --like resnet50 --figure macs,params --within 1
    """
    from resnext_flops.tables.solutions import solutions

    path = destination(output, force)
    reference = named_network(like) if like else None
    unknowns, figures = free.split(","), figure.split(",")
    found = find(named_network(model), unknowns, like=reference, figure=figures, given=dict(given), **wanted)
    with prover(device, sum(each.efficient for each in found)) if prove else nullcontext() as proof:
        result = solutions(found, reference, proof)
    emit(result, form, path)
    return int(result.proof.startswith("NOT PROVEN"))


@contextmanager
def prover(device: str, networks: int) -> Iterator[paper.Prove]:
    """What proves one network after the other on a device, with a progress bar on standard error."""
    if networks:
        choose_device(device)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("proving", total=networks)

        def prove(network: Network) -> Proof:
            progress.update(task, description=f"proving {network!r}")
            proof = verify(network, device)
            progress.advance(task)
            return proof

        yield prove
