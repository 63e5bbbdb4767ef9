"""The command line: parse, call, print."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NoReturn

import click

import resnext_flops
from resnext_flops.errors import InputError
from resnext_flops.network import Network, resnet
from resnext_flops.output import FORMATS, destination, emit
from resnext_flops.solve import WIDTH_FIGURES
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


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that prints a table."""
    for option in (
        click.option("--force", is_flag=True, help="Overwrite the file of --output."),
        click.option("--output", metavar="FILE", help="Write to a file instead of standard output."),
        click.option("--format", "form", type=click.Choice(FORMATS), default="rich", show_default=True, help="Form."),
    ):
        command = option(command)
    return command


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
@output_options
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
