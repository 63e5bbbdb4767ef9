"""`resnext-flops calibrate`."""

import sys

import click

from resnext_flops.commands.progress import progress
from resnext_flops.errors import InputError
from resnext_flops.files import check_destination, write


@click.command("calibrate")
@click.option("--published", metavar="FILE.csv", required=True, help="Published times, such as timm's benchmark files.")
@click.option("--machine", help="What was measured. [default: as timm writes it into the file's name]")
@click.option("--software", help="The versions that ran. [default: the same]")
@click.option("--precision", help="The type of numbers. [default: the same]")
@click.option("--layout", help="The order of the axes of images: nchw or nhwc. [default: the same]")
@click.option("--source", help="Where the times are from. [default: the name of the file]")
@click.option("--output", metavar="FILE.toml", required=True, help="The profile that is written.")
@click.option("--force", is_flag=True, help="Overwrite the file of --output.")
def command(published: str, source: str | None, output: str, force: bool, **measured: str | None) -> None:
    """Make the profile of a machine: what a network takes there.

    Of published times, every model is built and counted at its resolution (about ten minutes for timm's tables; what
    was counted is kept, and a run that is stopped goes on). A row whose model is another network is left out, and said.
    The profile has the interval of its errors about families of models that it was not made of.

    \b
    Example:  resnext-flops calibrate --published benchmark-infer-amp-nchw-pt240-cu124-rtx3090.csv
                --output rtx3090.toml
    """
    from pathlib import PurePath

    from resnext_flops.machine.calibrate import calibrated, check_enough, origin_of, written
    from resnext_flops.machine.fitting import fit
    from resnext_flops.machine.published import Kept, rows, samples

    if not output.endswith(".toml"):
        raise InputError(f"the profile is written as {output!r}; give a name that ends in .toml")
    check_destination(output, force=force)
    table, file = rows(published), PurePath(published).name
    check_enough(table, published)
    with progress(len(table)) as tell:
        usable = samples(table, Kept(), lambda model, left: tell(f"counted {model}", len(table) - left))
    for each in usable.excluded:
        click.echo(f"resnext-flops: {each.row.model} at {each.row.pixels} is not used: {each.reason}", err=True)
    check_enough(usable.samples, published)
    origin = origin_of(published)._replace(**{name: text for name, text in measured.items() if text})
    made_by = f"resnext-flops calibrate --published {file} --output {PurePath(output).name}"
    found = calibrated(usable.samples, usable.kinds, fit(usable.samples), origin, source or file, made_by)
    write(output, written(found))
    sys.stderr.write(f"resnext-flops: {output!r} is made of {found.models:,} models of {found.families} families\n")
