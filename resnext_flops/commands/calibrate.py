"""`resnext-flops calibrate`."""

import shlex
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from resnext_flops.commands.options import is_given
from resnext_flops.commands.progress import device_option, progress
from resnext_flops.errors import STOPPED, InputError
from resnext_flops.files import check_destination, write
from resnext_flops.needs import version

if TYPE_CHECKING:
    from resnext_flops.complexity.profile import Profile

# What is told of published times only, and of blocks that are measured here only.
OF_PUBLISHED = ("software", "precision", "layout")
OF_MEASURED = ("device", "threads", "batch", "seconds", "seed", "resume")
# What blocks and published models are built with, and what a profile is made and written with.
PACKAGES = ("torch", "torchvision", "timm", "scipy", "tomli_w")


@click.command("calibrate")
@click.option("--published", metavar="FILE.csv", help="Published times, such as timm's benchmark files.")
@click.option("--machine", help="What was measured. [default: this one, or as timm writes it into the file's name]")
@click.option("--software", help="The versions that ran, of published times. [default: the same]")
@click.option("--precision", help="The type of numbers, of published times. [default: the same]")
@click.option("--layout", help="The order of axes, of published times: nchw or nhwc. [default: the same]")
@click.option("--source", help="Where the times are from. [default: blocks on this machine, or the name of the file]")
@device_option
@click.option("--threads", type=int, default=1, show_default=True, help="Of the CPU, pinned to as many processors.")
@click.option("--batch", type=int, default=1, show_default=True, metavar="N", help="Examples at once.")
@click.option("--seconds", type=float, default=240.0, show_default=True, help="How long to measure.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the blocks.")
@click.option("--resume", is_flag=True, help="Go on with the calibration that left the file of --output unfinished.")
@click.option("--output", metavar="FILE.toml", required=True, help="The profile that is written.")
@click.option("--force", is_flag=True, help="Overwrite the file of --output.")
def command(published: str | None, output: str, force: bool, **options: Any) -> int:
    """Make the profile of a machine: what a network takes there.

    Without --published it is that of this machine: random blocks of layers, of the kinds and sizes that networks have,
    are measured in turn with a reference. What was measured is kept beside the profile until that is written: Ctrl-C
    stops, and --resume goes on.

    Of published times, every model is built and counted at its resolution (about ten minutes for timm's tables; what
    was counted is kept, and a run that is stopped goes on). A row is left out, with a message, if the model of
    that name is another network today. The profile has the interval of its errors about families of models, or of
    blocks, that it was not made of.

    \b
    Examples:  resnext-flops calibrate --output mine.toml
               resnext-flops calibrate --published
                 benchmark-infer-amp-nchw-pt240-cu124-rtx3090.csv --output rtx3090.toml
    """
    if not output.endswith(".toml"):
        raise InputError(f"the profile is written as {output!r}; give a name that ends in .toml")
    _refuse(OF_PUBLISHED if published is None else OF_MEASURED, "without" if published is None else "with")
    check_destination(output, force=force)
    for package in PACKAGES:
        version(package, "timing")  # before minutes are spent
    own = OF_MEASURED if published is None else OF_PUBLISHED
    told = {name: options[name] for name in ("machine", "source", *own)}
    made_by = _made_by(published, output, told)
    if published is None:
        return _measured(output, force, made_by, **told)
    return _published(published, output, made_by, **told)


def _refuse(names: tuple[str, ...], which: str) -> None:
    """Raises InputError for an option that is given and has no meaning."""
    for name in names:
        if is_given(name):
            raise InputError(f"--{name} has no meaning {which} --published; leave it out")


def _made_by(published: str | None, output: str, options: Mapping[str, Any]) -> str:
    """The command as a line of a shell: where the table is, it makes the profile again. Folders are left out."""
    from pathlib import PurePath

    given = {"published": published and PurePath(published).name, **options, "output": PurePath(output).name}
    words = [(f"--{name}", str(value)) for name, value in given.items() if value is not None and name != "resume"]
    return shlex.join(["resnext-flops", "calibrate", *chain.from_iterable(words)])


def _measured(
    output: str,
    force: bool,
    made_by: str,
    machine: str | None,
    source: str | None,
    device: str,
    threads: int,
    batch: int,
    seconds: float,
    seed: int,
    resume: bool,
) -> int:
    """The profile of this machine, from blocks that are measured now; 130 if that is stopped."""
    from math import inf

    from resnext_flops.machine.calibrate import written
    from resnext_flops.machine.rounds import Blocks, Setup
    from resnext_flops.machine.session import Place

    if not 0 < seconds < inf:
        raise InputError(f"seconds is {seconds}; it must be a finite number above 0")
    place = Place(device, threads, batch)
    place.check()
    blocks = Blocks(output, Setup.of(place, seed))
    blocks.begin(resume=resume, force=force)
    # The bar comes with the first round, which the reference and its models are made before.
    click.echo(f"resnext-flops: measuring blocks, {max(0, seconds - blocks.took):.0f} s to go", err=True)
    try:
        with place.session(seed) as session, progress() as tell:
            blocks.measure(session, seconds, lambda number, left: tell(f"measuring blocks, {left:.0f} s to go", number))
    except KeyboardInterrupt:
        if not blocks.number:
            raise
        click.echo(f"resnext-flops: stopped after {blocks.number:,} blocks; --resume goes on", err=True)
        return STOPPED
    made = blocks.calibration()
    found = made.profile(source or f"blocks of the seed {seed}, measured in turn with a reference", made_by, machine)
    write(output, written(found))
    blocks.forget()
    _made(output, found)
    return 0


def _published(published: str, output: str, made_by: str, source: str | None, **measured: str | None) -> int:
    """The profile of a machine whose times are published; 130 if that is stopped."""
    from pathlib import PurePath

    from resnext_flops.machine.calibrate import calibrated, check_enough, check_samples, origin_of, written
    from resnext_flops.machine.families import family
    from resnext_flops.machine.fitting import fit
    from resnext_flops.machine.published import Kept, rows, samples

    table = rows(published)
    models = {(row.model, row.pixels) for row in table}
    check_enough(published, models, {"families": {family(row.model) for row in table}})  # before minutes are spent
    try:
        with progress(len(table)) as tell:
            usable = samples(table, Kept(), lambda model, left: tell(f"counted {model}", len(table) - left))
    except KeyboardInterrupt:
        click.echo("resnext-flops: stopped; what was counted is kept, and the same command goes on with it", err=True)
        return STOPPED
    for each in usable.excluded:
        click.echo(f"resnext-flops: {each.row.model} at {each.row.pixels} is not used: {each.reason}", err=True)
    check_samples(usable.samples, published)
    origin = origin_of(published)._replace(**{name: text for name, text in measured.items() if text})
    source = source or PurePath(published).name
    found = calibrated(usable.samples, usable.kinds, fit(usable.samples), origin, source, made_by)
    write(output, written(found))
    _made(output, found)
    return 0


def _made(output: str, found: "Profile") -> None:
    """Say what a profile is made of, and how good it is."""
    low, high = found.interval
    what, kind, kinds = ("models", "family", "families") if found.is_published else ("blocks", "kind", "kinds")
    advice = "" if found.is_published else "; more --seconds give a better profile"
    click.echo(
        f"resnext-flops: {output!r} is made of {found.models:,} {what} of {found.families} {kinds}; of {what} of a "
        f"{kind} that the fit did not see, nine of ten took {low:.2f} to {high:.2f} times the estimate{advice}",
        err=True,
    )
