"""The command line: parse, call, print."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import click

import resnext_flops
from resnext_flops.errors import InputError, unknown
from resnext_flops.models import NAMED, network
from resnext_flops.network import Network, resnet
from resnext_flops.output import FORMATS, destination, emit, put
from resnext_flops.proof import Proof
from resnext_flops.solve import CONSTRAINTS, WIDTH_FIGURES
from resnext_flops.solve import solve as find
from resnext_flops.tables import paper
from resnext_flops.verify import DEVICES, MODEL_RUNGS, RUNGS, verify

if TYPE_CHECKING:
    from resnext_flops.tables.registry import Builder

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
      template            the width d that keeps ResNet's cost at each cardinality C (the default)
      1 to 8, eq4, fig3,  the ResNeXt paper's tables, equation and figures of complexity
      fig5
      residual            its Section 5.1, with and without shortcuts
      performance         its Section 5.1, seconds for a mini-batch and the speed they mean
      resnet, vgg,        the figures that these papers print for their own networks
      googlenet
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


def _builders(table_id: str, sizes: dict[str, Any]) -> "list[Builder]":
    """The builders of one table, or of all."""
    if table_id not in ("template", "all"):
        from resnext_flops.tables.registry import builder

        return [builder(table_id)]
    resolution = sizes["resolution"]
    reference = resnet(
        int(sizes["depth"]),
        resolution=resolution[0] if len(resolution) == 1 else resolution,
        classes=sizes["classes"],
    )
    template = partial(paper.template, reference, sizes["cardinality"] or paper.TEMPLATE_CARDINALITIES, sizes["scope"])
    if table_id == "template":
        return [template]
    from resnext_flops.tables.registry import tables

    return [template, *tables().values()]


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
    described = network(model)
    if r0 is not None:
        described = described.replace(resolution=r0)
    own = own_sizes(described.family, described.arguments)
    names = free.split(",") if free else [name for name in own if name in {"C", "d"}] or list(own)
    closed = ClosedForm(Reading(described.family, described.arguments, names, scope), figure)
    put(FORMS[form](closed, call(described, closed.reading.free), breakdown is not None), path)


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
    reference = network(like) if like else None
    unknowns, figures = free.split(","), figure.split(",")
    found = find(network(model), unknowns, like=reference, figure=figures, given=dict(given), **wanted)
    with proving(device, total=sum(each.efficient for each in found)) if prove else nullcontext() as prover:
        result = solutions(found, reference, prover)
    emit([result], form, path)
    return int(prover is not None and not prover.holds)


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
@output_options(*FORMATS)
def models(names: tuple[str, ...], form: str, output: str | None, force: bool) -> None:
    """List the described networks and their cost.

    MODEL is a name, a pattern such as resnext50_8x14d, or a call with any arguments; all names by default.

    \b
    Examples:  resnext-flops models
               resnext-flops models "resnext(50, cardinality=8, width=14, resolution=320x256)"
    """
    from resnext_flops.tables.zoo import models as listed

    path = destination(output, force)
    emit([listed(names or tuple(NAMED))], form, path)


@main.command("verify")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--all", "everything", is_flag=True, help="Every network that `models` lists.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where models are built.")
@output_options(*FORMATS)
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
    from resnext_flops.tables.zoo import ladder

    emit([ladder(proofs)], form, path)
    return int(not prover.holds)


def lazily_listed(names: Callable[[], Sequence[str]]) -> Callable[[Any, Any, tuple[str, ...]], tuple[str, ...]]:
    """A check of an option against names that are known only once something is loaded."""

    def check(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if value not in names():
                raise unknown("convention", value, names())
        return values

    return check


def _conventions() -> Sequence[str]:
    from resnext_flops.complexity.conventions import CONVENTIONS

    return list(CONVENTIONS)


input_option = click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="N,C,H,W",
    help="Shape of an input; repeat it for several. [default: its usual]",
)


@main.command("count")
@click.argument("model")
@input_option
@click.option(
    "--convention",
    "conventions",
    multiple=True,
    metavar="NAME",
    callback=lazily_listed(_conventions),
    help="Add a counter's figure; repeat it for several. `conventions` lists them.",
)
@click.option(
    "--by", type=click.Choice(["module", "layer", "kind"]), default="module", show_default=True, help="A row each."
)
@click.option("--levels", type=click.IntRange(1), default=1, show_default=True, help="How deep the modules are told.")
@click.option("--training", is_flag=True, help="Run in training mode, and count the gradients too.")
@click.option("--strict", is_flag=True, help="End with status 1 if an operator is unknown.")
@output_options(*FORMATS)
def count_command(
    model: str,
    inputs: tuple[str, ...],
    conventions: tuple[str, ...],
    by: str,
    levels: int,
    training: bool,
    strict: bool,
    form: str,
    output: str | None,
    force: bool,
) -> int:
    """Count any model, exactly.

    \b
    MODEL is one of
      a name, pattern or call of a described network, as `models` lists them
      torchvision:NAME or timm:NAME
      package.module:factory, imported from the current directory

    A real model runs on the device meta, without memory or arithmetic, or on the CPU if it cannot. A described network
    is counted from its description, and its real model where --input, --training or --convention is given.

    \b
    Examples:  resnext-flops count resnext50_32x4d
               resnext-flops count timm:vit_small_patch16_224 --convention fvcore --convention torch
               resnext-flops count mymodels:net --input 1,3,320,320 --by layer --format csv
    """
    from resnext_flops.counting import count_model, parse_input
    from resnext_flops.real_models import find
    from resnext_flops.tables import counted

    path = destination(output, force)
    found = find(model)
    if found.network is not None and not (inputs or training or conventions):
        ledger = found.network.cost()
    else:
        ledger = count_model(found, [parse_input(each) for each in inputs] or None, training=training)
    figures = {name: ledger.total(name) for name in conventions}
    if form == "json":
        put(counted.as_json(ledger, figures), path)
    else:
        emit([counted.cost(ledger, by, levels, figures)], form, path)
    return int(strict and ledger.lower_bound)


@main.command("conventions")
@output_options(*FORMATS)
def conventions_command(form: str, output: str | None, force: bool) -> None:
    """List the counting conventions: what each counter counts.

    \b
    Example:  resnext-flops conventions --format markdown
    """
    from resnext_flops.tables import counted

    emit([counted.conventions()], form, destination(output, force))


@main.command("audit")
@click.argument("model")
@input_option
@click.option(
    "--convention",
    "conventions",
    multiple=True,
    metavar="NAME",
    callback=lazily_listed(_conventions),
    help="Only this counter; repeat it for several.",
)
@click.option("--run/--no-run", default=True, show_default=True, help="Ask the installed counters themselves.")
@output_options(*FORMATS)
def audit_command(
    model: str,
    inputs: tuple[str, ...],
    conventions: tuple[str, ...],
    run: bool,
    form: str,
    output: str | None,
    force: bool,
) -> int:
    """Explain every counter's figure for a model, term by term.

    For each counter: what our rule predicts, what the counter itself answers if it is installed (the extra `peers`),
    and the terms that lead from our multiply-adds to its figure. The exit status is 1 if a difference is not explained.

    \b
    Examples:  resnext-flops audit resnet50
               resnext-flops audit torchvision:vit_b_16 --convention torch --no-run
    """
    from resnext_flops.auditing import audit
    from resnext_flops.counting import parse_input
    from resnext_flops.tables import counted

    path = destination(output, force)
    found = audit(model, [parse_input(each) for each in inputs] or None, conventions or None, run)
    emit(counted.audit(found), form, path)
    return int(not found.holds)


@main.command("identify")
@click.argument("model")
@click.argument("figure")
@output_options(*FORMATS)
def identify_command(model: str, figure: str, form: str, output: str | None, force: bool) -> int:
    """Find which convention, and which variant of a network, gives a printed figure.

    FIGURE is written as it is printed, such as 4.12G, 3.8e9 or 25.6M. The exit status is 1 if nothing gives it.

    \b
    Examples:  resnext-flops identify resnet50 3.8e9
               resnext-flops identify torchvision:vit_b_16 11.3G
    """
    from resnext_flops.identification import identify
    from resnext_flops.tables import counted

    path = destination(output, force)
    found = identify(model, figure)
    emit([counted.identified(model, figure, found)], form, path)
    return int(not any(each.agreement.holds for each in found))


@main.command("diff")
@click.argument("first", metavar="MODEL_A")
@click.argument("second", metavar="MODEL_B")
@input_option
@output_options(*FORMATS)
def diff_command(first: str, second: str, inputs: tuple[str, ...], form: str, output: str | None, force: bool) -> int:
    """Show where two models differ, layer by layer.

    Layers are aligned by what they are, not by name. The exit status is 0 if the models are identical, and 1 if not.

    \b
    Examples:  resnext-flops diff mymodels:net resnext29_8x64d
               resnext-flops diff torchvision:resnet50 resnet50_he2015
    """
    from resnext_flops.counting import parse_input
    from resnext_flops.difference import diff
    from resnext_flops.tables import counted

    path = destination(output, force)
    found = diff(first, second, [parse_input(each) for each in inputs] or None)
    emit([counted.difference(found)], form, path)
    return int(not found.identical)


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
@output_options(*FORMATS)
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
@output_options(*FORMATS)
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
