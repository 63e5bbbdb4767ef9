"""The command line: parse, call, print."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NoReturn

import click

import resnext_flops
from resnext_flops.errors import InputError
from resnext_flops.models import NAMED, network
from resnext_flops.network import Network, resnet
from resnext_flops.output import FORMATS, destination, emit
from resnext_flops.proof import Proof
from resnext_flops.solve import FIGURES
from resnext_flops.tables import paper, registry, zoo
from resnext_flops.verify import DEVICES, MODEL_RUNGS, RUNGS, verify

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
        click.option(
            "--format", "form", type=click.Choice(FORMATS), default="rich", show_default=True, help="How to write it."
        ),
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
@click.argument("table_id", metavar="[ID]", default="template")
@click.option(
    "--depth",
    type=click.Choice(["50", "101", "152"]),
    default="50",
    show_default=True,
    help="Of the ResNet.",
)
@click.option(
    "--cardinality", type=Sizes(",", "1,2,4,..."), metavar="C,C,...", help="Values of C. [default: 1,2,4,8,16,32,64]"
)
@click.option("--scope", type=click.Choice(list(FIGURES)), default="block", show_default=True, help="What d preserves.")
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
      template            the width d that keeps ResNet's cost at each cardinality C (the default)
      1 to 8, eq4, fig3,  the ResNeXt paper's tables, equation and figures of complexity
      fig5
      residual            its Section 5.1, with and without shortcuts
      performance         its Section 5.1, seconds for a mini-batch and the speed they mean
      resnet              the ResNet paper's own figures
      all                 every one of them

    The options on sizes and scope belong to the template table. The exit status is 1 if a proof fails.

    \b
    Examples:  resnext-flops table --depth 101 --scope network
               resnext-flops table 4 --no-prove --format markdown
    """
    given = [name for name in sizes if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT]
    if table_id != "template" and given:
        raise InputError(f"table {table_id} is a paper's own and takes no --{given[0]}; only the template table does")
    builders = _builders(table_id, sizes)
    path = destination(output, force)
    with proving(device) if prove else nullcontext() as prover:
        results = [builder(prover) for builder in builders]
    emit(results, form, path)
    return int(prover is not None and not prover.holds)


def _builders(table_id: str, sizes: dict[str, Any]) -> list[registry.Builder]:
    """The builders of one table, or of all."""
    if table_id not in ("template", "all"):
        return [registry.builder(table_id)]
    resolution = sizes["resolution"]
    reference = resnet(
        int(sizes["depth"]),
        resolution=resolution[0] if len(resolution) == 1 else resolution,
        classes=sizes["classes"],
    )
    template = partial(paper.template, reference, sizes["cardinality"] or paper.TEMPLATE_CARDINALITIES, sizes["scope"])
    return [template, *registry.tables().values()] if table_id == "all" else [template]


class Prover:
    """Proves networks on a device, each of them once, and tells how far it is."""

    def __init__(self, device: str, rungs: Sequence[str], tell: Callable[[Network], None]) -> None:
        self.device, self.rungs, self.tell = device, rungs, tell
        self.proofs: dict[Network, Proof] = {}

    def __call__(self, network: Network) -> Proof:
        """The proof of a network."""
        if network not in self.proofs:
            self.tell(network)
            self.proofs[network] = verify(network, self.device, self.rungs)
        return self.proofs[network]

    @property
    def holds(self) -> bool:
        """Whether every proof made holds."""
        return all(proof.holds for proof in self.proofs.values())


@contextmanager
def proving(device: str, rungs: Sequence[str] = MODEL_RUNGS, total: int | None = None) -> Iterator[Prover]:
    """A prover with a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)

        def tell(network: Network) -> None:
            progress.update(task, description=f"proving {network!r}", completed=len(prover.proofs))

        prover = Prover(device, rungs, tell)
        yield prover


@main.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@output_options
def models(names: tuple[str, ...], form: str, output: str | None, force: bool) -> None:
    """List the described networks and their cost.

    MODEL is a name, a pattern such as resnext50_8x14d, or a call with any arguments; all names by default.

    \b
    Examples:  resnext-flops models
               resnext-flops models "resnext(50, cardinality=8, width=14, resolution=320x256)"
    """
    path = destination(output, force)
    emit([zoo.models(names or tuple(NAMED))], form, path)


@main.command("verify")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--all", "everything", is_flag=True, help="Every network that `models` lists.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where models are built.")
@output_options
def verify_models(
    names: tuple[str, ...], everything: bool, device: str, form: str, output: str | None, force: bool
) -> int:
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
    emit([zoo.ladder(proofs)], form, path)
    return int(not prover.holds)


@main.command("measure")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where models run.")
@click.option(
    "--dtype", metavar="float32|bfloat16|float16", default="float32", show_default=True, help="Of all tensors."
)
@click.option("--batch", type=Sizes(",", "1,32"), metavar="N,N,...", default="1", show_default=True, help="Examples.")
@click.option("--channels-last", is_flag=True, help="Torch's channels-last memory format.")
@click.option("--compile", is_flag=True, help="Run what torch.compile makes of the models.")
@click.option("--training", is_flag=True, help="A training step instead of a forward pass.")
@click.option("--optimizer", metavar="sgd|adam", default="sgd", show_default=True, help="Of a training step.")
@click.option("--convention", metavar="NAME", default="paper", show_default=True, help="What FLOP/s count.")
@click.option("--precision", type=float, default=0.02, show_default=True, help="Share to which a median is known.")
@click.option("--seconds", type=float, default=10.0, show_default=True, help="Longest time for a batch size.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of weights and inputs.")
@click.option("--paper", is_flag=True, help="The networks of the paper's Section 5.1 beside its seconds.")
@click.option("--published", metavar="FILE.csv", help="Published throughput against exact cost; runs no model.")
@click.option("--column", metavar="NAME", help="The throughput's column in that file, where it is none of timm's.")
@output_options
def measure_models(
    names: tuple[str, ...],
    paper: bool,
    published: str | None,
    column: str | None,
    batch: tuple[int, ...],
    form: str,
    output: str | None,
    force: bool,
    **settings: Any,
) -> int:
    """Run real models in turn, and lay their speed and memory beside their exact cost.

    Latency with the interval of its median, ratios to the first model, FLOP/s, the share of what a matrix
    multiplication reaches on this machine and of its roofline, and exact bytes. A model that cannot run is said, and
    the exit status is 2.

    \b
    Examples:  resnext-flops measure resnet50 resnext50_32x4d --batch 1,32
               resnext-flops measure --paper --training --batch 2
               resnext-flops measure --published benchmark-infer-amp-nhwc.csv
    """
    from resnext_flops.correlation import correlate
    from resnext_flops.measuring import measure
    from resnext_flops.tables import measured

    if bool(names) + paper + (published is not None) != 1:
        raise InputError("give one or more models, or --paper, or --published FILE.csv")
    path = destination(output, force)
    if published is not None:
        emit([measured.correlations(correlate(published, column), published)], form, path)
        return 0
    networks = list(measured.paper_networks()) if paper else names
    found = measure(*networks, batch=batch, **settings)
    tables = [measured.times(found), measured.memory(found)]
    emit([*tables, measured.section_5_1(found)] if paper else tables, form, path)
    for sentence in found.failures:
        click.echo(f"{NAME}: {sentence}", err=True)
    return 2 if found.failures else 0


@main.command("check")
@click.option("--config", metavar="FILE", help="TOML. [default: budgets.toml, or else pyproject.toml]")
@click.option("--update", is_flag=True, help="Write the baseline anew first.")
@click.option("--junit", metavar="FILE", help="Write JUnit's XML too.")
@output_options
def check_budgets(
    config: str | None, update: bool, junit: str | None, form: str, output: str | None, force: bool
) -> int:
    """Hold models against the limits of a budget file.

    The exit status is 1 if a limit is broken. Where GITHUB_ACTIONS is set, broken limits are told as annotations on
    standard error.

    \b
    Example:  resnext-flops check --config budgets.toml
    """
    import os
    from pathlib import Path

    from resnext_flops.check import check, read_config, write_baseline
    from resnext_flops.tables import checked
    from resnext_flops.writing import write

    budgets = read_config(Path(config) if config else None)
    path, report = destination(output, force), destination(junit, force=True)
    if update:
        write_baseline(budgets)
    checks = check(budgets)
    emit([checked.checked(checks, budgets)], form, path)
    if report:
        write(report, checked.junit(checks, budgets))
    if os.environ.get("GITHUB_ACTIONS"):
        for line in checked.annotations(checks, budgets):
            click.echo(line, err=True)
    return int(not all(each.passed for each in checks))
