"""`resnext-flops sweep`."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from resnext_flops.commands import completion
from resnext_flops.commands.options import (
    Output,
    Percent,
    Whole,
    expressions,
    input_option,
    is_given,
    machine_options,
    output_options,
    use_time,
)
from resnext_flops.commands.progress import device_option, interpolating, proving
from resnext_flops.complexity.architecture import letter
from resnext_flops.complexity.expressions import Rational
from resnext_flops.complexity.figures import estimate_of, timed
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.names import families
from resnext_flops.counters.lookup import model as model_of
from resnext_flops.errors import STOPPED, InputError
from resnext_flops.numerals import fraction
from resnext_flops.proof.rungs import Proof
from resnext_flops.show.output import FORMATS, destination

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas

    from resnext_flops.design.sweep.engines import Progress
    from resnext_flops.design.sweep.request import Sweep
    from resnext_flops.machine.session import Place, Turns

# A terminal shows so many designs; a pipe, a file and every other form hold them all.
SHOWN = 50
# A rate is told of more designs than these.
MANY = 1_000_000

# What --space takes besides the options of every output.
OF_A_SPACE = ("budget", "within", "sample", "seed")
SIZES = {"cardinality": "C", "width": "d", "resolution": "r", "base-width": "w", "classes": "K"}


def _size_options(command: Any) -> Any:
    for name, size in reversed(SIZES.items()):
        command = click.option(f"--{name}", metavar="VALUES", help=f"Values of {size}, such as 1:64, 8:64:8 or 1,2,4.")(
            command
        )
    return command


@click.command("sweep")
@click.argument("model", required=False, shell_complete=completion.models)
@click.option("--space", metavar="NAME", help="Sample regnet_x, regnet_y or anynet_x instead of a MODEL's sizes.")
@click.option("--depth", metavar="N", help="Of a family that is named without one, such as resnext.")
@_size_options
@click.option(
    "--stage-depths", metavar="V/V/...", help="Values of n1, n2, ...: the blocks of each stage, as 3/4/6:36/3."
)
@click.option("--over", multiple=True, metavar="NAME=VALUES", help="Values of any other size, by its name.")
@click.option("--budget", multiple=True, metavar="EXPR", help="What must hold, such as 'macs <= 4.2e9'.")
@click.option("--within", type=Percent(), help="How far off the number of a budget such as 'macs = 400M' may be.")
@click.option("--constraint", multiple=True, metavar="EXPR", help="What must hold of sizes, such as 'C * d <= 256'.")
@click.option("--pareto", metavar="EXPR,...", help="Keep what no other beats in all of these; -params asks for many.")
@click.option("--nearest", metavar="FIGURE=N", help="Keep the nearest to a number, or to a MODEL's figure.")
@click.option("--by", metavar="EXPR", help="What the designs are ordered by, the smallest first.")
@click.option("--top", type=int, metavar="K", help="Keep so many. [default with --nearest: 10]")
@click.option(
    "--sample",
    type=Whole(),
    help="Look at so many designs, from equal parts of the space; with --space find so many. [default there: 500]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample, and of what is proven.")
@click.option("--engine", metavar="local|dask", default="local", show_default=True, help="Where the sweep runs.")
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster. [default: one on this machine is started]")
@click.option(
    "--prove",
    type=click.IntRange(min=0),
    metavar="N",
    help="Build so many at random, and count them. [default: 0; of a real model all up to 50]",
)
@machine_options
@click.option(
    "--measure",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Run the first so many on this machine, on one thread, in turn with a reference.",
)
@input_option
@device_option
@click.option("--resume", is_flag=True, help="Go on with the sweep that left the file of --output unfinished.")
@output_options(*FORMATS)
def command(model: str | None, space: str | None, form: str, output: str | None, force: bool, **options: Any) -> int:
    """The designs of a space that meet budgets, or the best of them.

    The space is every combination of the given values of sizes: C (cardinality), d (width), n1, n2, ... (blocks of the
    stages), r (resolution), K (classes), w (base width), or any other by its argument's name. Figures are params,
    weights, macs, activations and the total of every convention, and may be put into expressions with + - * / % **,
    comparisons, and, or, abs, min, max. A number may have a unit: 4.2G. With --on, ms and images_per_second are figures
    too: estimates by the profile of a machine.

    --output takes .csv, .parquet or .jsonl. Ctrl-C keeps what was selected so far; --resume goes on.

    --space draws networks from a design space as its authors defined it, until so many (--sample) meet the budgets. It
    takes --budget, --within, --sample, --seed, --format and --output.

    \b
    Examples:  resnext-flops sweep resnext --depth 50 --cardinality 1:64
                 --width 1:128 --resolution 160,192,224 --budget "macs <= 4.2e9"
                 --pareto "macs,-params,-activations" --top 20
               resnext-flops sweep resnext50_32x4d --cardinality 1:64
                 --width 1:128 --nearest macs=resnet50 --prove 2
               resnext-flops sweep --space regnet_x --budget "macs = 400M"
                 --within 1% --sample 500
               resnext-flops sweep resnext50_32x4d --cardinality 1:64 --width 1:128
                 --on mine.toml --budget "ms <= 30" --by=-macs --top 5 --measure 5
    """
    if space is not None:
        _refuse_options_of_a_model()
        return _sample(space, form, output, force, **{name: options[name] for name in OF_A_SPACE})
    if model is None:
        raise InputError("give a MODEL whose sizes are swept, or a design space, as in --space regnet_x")
    on, batch, strict = (options.pop(name) for name in ("on", "batch", "strict"))
    ms = use_time(on, batch, strict=strict, inputs=options["inputs"])
    place = _place(ms, options["device"]) if options["measure"] else None
    return _sweep(model, place, ms, form=form, output=output, force=force, **options)


def _place(ms: str, device: str) -> "Place":
    """Where designs are measured, with the batch that is estimated, or 1. Raises InputError as `check` does."""
    from resnext_flops.machine.session import Place

    place = Place(device, 1, timed(ms).batch if ms else 1)
    place.check()
    return place


def _sweep(
    model: str,
    place: "Place | None",
    ms: str,
    depth: str | None,
    stage_depths: str | None,
    over: tuple[str, ...],
    pareto: str | None,
    nearest: str | None,
    engine: str,
    scheduler: str | None,
    prove: int | None,
    measure: int,
    inputs: list[Any] | None,
    device: str,
    resume: bool,
    form: str,
    output: str | None,
    force: bool,
    **wanted: Any,
) -> int:
    """Print the designs of a model's sizes, or keep them in a file; 1 where a proof does not hold.

    place: where the first so many designs are run, if any are.
    ms: the full name of the time that `ms` is; empty where it is none.
    """
    from resnext_flops.design.sweep.journal import keep, load_progress, unfinished
    from resnext_flops.design.sweep.request import plan_sweep
    from resnext_flops.design.sweep.sweep import result
    from resnext_flops.tables.designs import swept

    path = _destination(output, form, force or resume)
    if path is None and resume:
        raise InputError("a sweep is resumed from its file; give the same --output")
    base = _network(model, depth, inputs)
    space = _space(stage_depths, over, {size: wanted.pop(name.replace("-", "_")) for name, size in SIZES.items()})
    with interpolating():
        asked = plan_sweep(base, space, pareto=expressions(pareto), nearest=_nearest(nearest), **wanted)
    start = load_progress(asked, path) if resume and path else None
    if prove and base.origin == "derived":
        base.replace(**asked.smallest())
    progress, remark = _run(asked, engine, scheduler, start, path)
    done = len(progress.done) == len(asked.parts())
    with interpolating():
        frame = (
            result(base, asked, progress.selection, wanted["seed"], prove) if done else asked.frame(progress.selection)
        )
    if path is not None:
        keep(frame, path)
        if done:
            unfinished(path).unlink(missing_ok=True)
        click.echo(f"resnext-flops: {len(frame):,} designs kept in {str(path)!r}", err=True)
    try:
        # What is found of a real model is counted already.
        count = prove or 0 if base.origin == "derived" else 0
        proofs = _prove(base, asked, frame, count, device, wanted["seed"]) if done else {}
        runs = _measure(base, asked, frame.head(measure), place, wanted["seed"]) if done and place else {}
    except KeyboardInterrupt:
        proofs, runs, done, remark = {}, {}, False, f"{remark}; stopped while proving or measuring"
    remarks = [estimate_of(ms, asked.remarks)] if ms else []
    if path is None or proofs or runs:
        most = SHOWN if form == "rich" and sys.stdout.isatty() else None
        Output(form, None).emit([swept(frame, _title(asked, base), most, proofs, remarks, runs)])
    else:
        for each in remarks:
            click.echo(f"resnext-flops: {each}", err=True)
    click.echo(f"resnext-flops: {remark}", err=True)
    return int(not all(proof.holds for proof in proofs.values())) if done else STOPPED


def _destination(output: str | None, form: str, force: bool) -> "Path | None":
    """The file that the designs are kept in. Raises InputError for another suffix, or a form of what is printed."""
    from resnext_flops.design.sweep.journal import check_suffix

    path = destination(output, force)
    if path is not None:
        check_suffix(path)
        if form != "rich":
            raise InputError(f"--format {form} is for what is printed; the form of --output is that of its suffix")
    return path


def _refuse_options_of_a_model() -> None:
    """Raises InputError for an option that has no meaning for a design space."""
    for parameter in click.get_current_context().command.params:
        name = str(parameter.name)
        if is_given(name) and name not in {"space", "form", "output", "force", *OF_A_SPACE}:
            shown = "a MODEL" if name == "model" else parameter.opts[0]
            raise InputError(
                f"{shown} is given with --space, which takes --{', --'.join(OF_A_SPACE)}, --format, --output"
            )


def _sample(space: str, form: str, output: str | None, force: bool, **wanted: Any) -> int:
    """Print designs of a space, or keep them in a file."""
    from resnext_flops.design import spaces
    from resnext_flops.design.sweep.journal import keep
    from resnext_flops.tables.designs import sampled

    path = _destination(output, form, force)
    chosen, begin = spaces.space(space), time.perf_counter()
    designs = wanted.pop("sample")
    found = chosen.sample(spaces.DESIGNS if designs is None else designs, **wanted)
    seconds = time.perf_counter() - begin
    if path is not None:
        keep(found.frame, path)
        click.echo(f"resnext-flops: {len(found.numbers):,} designs kept in {str(path)!r}", err=True)
    else:
        most = SHOWN if form == "rich" and sys.stdout.isatty() else None
        Output(form, None).emit(sampled(found, most))
    click.echo(f"resnext-flops: {found.drawn:,} candidates drawn in {seconds:.2f} s", err=True)
    return 0


def _network(model: str, depth: str | None, inputs: list[Any] | None) -> Model:
    """A network by its name, or by its family's and a depth."""
    if model not in families():
        if depth is not None:
            raise InputError(f"--depth is for a family, such as resnext, and {model!r} has a depth of its own")
        return model_of(model, inputs)
    return model_of(f"{model}({depth or ''})", inputs)


def _space(stage_depths: str | None, over: Sequence[str], sizes: Mapping[str, str | None]) -> dict[str, str]:
    """The values of every size that is swept."""
    from resnext_flops.design.sweep.axes import once

    given = [(name, values) for name, values in sizes.items() if values is not None]
    if stage_depths is not None:
        given += [(f"n{stage}", values) for stage, values in enumerate(stage_depths.split("/"), start=1)]
    for text in over:
        name, equals, values = text.partition("=")
        if not equals:
            raise InputError(f"--over {text!r} is not of the form n3=4:36")
        given.append((letter(name), values))
    return once(given)


def _nearest(given: str | None) -> dict[str, Rational] | None:
    """A figure and its target, which is a number or a network's own figure."""
    if given is None:
        return None
    from resnext_flops.complexity.expressions import quantity
    from resnext_flops.complexity.figures import expression_names
    from resnext_flops.complexity.model import value_of

    name, equals, target = given.partition("=")
    if not (name and equals and target):
        raise InputError(f"--nearest {given!r} is not of the form FIGURE=N or FIGURE=MODEL, such as macs=resnet50")
    try:
        number = fraction(target)
    except ValueError:
        return {name: value_of(model_of(target), quantity(name, expression_names()))}
    return {name: int(number) if number.denominator == 1 else number}


def _run(
    asked: "Sweep", engine: str, scheduler: str | None, start: "Progress | None", path: "Path | None"
) -> "tuple[Progress, str]":
    """How far a sweep came, and a remark on that. Ctrl-C leaves beside the file what is needed to go on."""
    from resnext_flops.design.sweep.engines import LostClusterError, Progress, run
    from resnext_flops.design.sweep.journal import save_progress

    progress = start or Progress(asked.nothing(), frozenset())
    before, begin = asked.covered(progress.done), time.perf_counter()
    try:
        with _bar(asked.designs, before) as tell:
            for reached in run(asked, engine, scheduler, tell, start):
                progress = reached
    except LostClusterError as error:
        if path is None:
            raise
        save_progress(asked, progress, path)
        raise InputError(f"{error}; what was done is kept, and --resume goes on") from None
    except KeyboardInterrupt:
        covered = asked.covered(progress.done)
        remark = f"stopped after {covered:,} of {asked.designs:,} designs"
        if path is None:
            return progress, f"{remark}; what was selected of them is shown"
        save_progress(asked, progress, path)
        return progress, f"{remark}; what was selected of them is kept, and --resume goes on"
    seconds = time.perf_counter() - begin
    looked_at = asked.designs - before
    rate = f", {looked_at / seconds:.3g} a second" if looked_at > MANY else ""
    return progress, f"{looked_at:,} designs looked at in {seconds:.2f} s{rate}"


@contextmanager
def _bar(designs: int, before: int) -> "Iterator[Callable[[int], None]]":
    """A progress bar on standard error, with designs a second."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TimeRemainingColumn
    from rich.text import Text

    from resnext_flops.show.render import short

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{short(int(task.speed))} designs/s" if task.speed else "")

    console = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), Speed(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=designs, completed=before)
        yield lambda count: progress.advance(task, count)


def _prove(
    base: Model, asked: "Sweep", frame: "pandas.DataFrame", count: int, device: str, seed: int
) -> dict[int, Proof]:
    """The proofs of some designs, drawn at random, by their numbers."""
    import random

    chosen = random.Random(seed).sample(range(len(frame)), min(count, len(frame)))  # noqa: S311
    rows = frame.iloc[sorted(chosen)]
    if rows.empty:
        return {}
    sizes = [axis.name for axis in asked.plan.grid.axes]
    with proving(device, total=len(rows)) as prover:
        return {
            int(number): prover(base.replace(**{name: int(row[name]) for name in sizes}))
            for number, row in zip(rows.index, rows.to_dict("records"), strict=True)
        }


def _measure(base: Model, asked: "Sweep", frame: "pandas.DataFrame", place: "Place", seed: int) -> "dict[int, Turns]":
    """What some designs take on this machine, by their numbers."""
    from resnext_flops.machine.session import SECONDS

    if frame.empty:
        return {}
    sizes = [axis.name for axis in asked.plan.grid.axes]
    models = [base.replace(**{name: int(row[name]) for name in sizes}) for row in frame.to_dict("records")]
    with place.session(seed) as session:
        return dict(zip(map(int, frame.index), session.in_turn(models, SECONDS * len(models)), strict=True))


def _title(asked: "Sweep", base: Model) -> str:
    """What was swept, and what of it is shown."""
    axes = asked.plan.grid.axes
    call = base.call(axis.name for axis in axes)
    return f"{call} with {', '.join(map(str, axes))}: {asked.wanted()}"
