"""Options that several commands share, and the forms of their values."""

import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from resnext_flops.commands import completion
from resnext_flops.complexity.lattices import Span, named_span
from resnext_flops.errors import InputError
from resnext_flops.show.output import FORMATS, destination, emit, enveloped, put
from resnext_flops.show.render import content
from resnext_flops.show.table import Table

if TYPE_CHECKING:
    from pathlib import Path


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
    """A whole number, also as `15e9` or `15G`."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, exactly, or click's error for what is none."""
        from resnext_flops.numerals import fraction

        try:
            number = fraction(value)
        except ValueError:
            number = None
        if number is None or number.denominator != 1:
            self.fail(f"{value!r} is not a whole number, such as 15e9 or 15G", param, ctx)
        return number.numerator


class Percent(click.ParamType[float]):
    """A number of percent, with or without its sign: `1%` or `0.5`."""

    name = "PERCENT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or click's error for what is none."""
        try:
            return float(value.removesuffix("%"))
        except ValueError:
            self.fail(f"{value!r} is not a number of percent, such as 1% or 0.5", param, ctx)


class Output(NamedTuple):
    """Where a command prints, and in which form; without a path it is standard output."""

    form: str
    path: "Path | None"

    def emit(self, tables: Sequence[Table]) -> None:
        """Print tables; in JSON one table, or an array of several. CSV has no notes: estimates are told of apart."""
        if self.form == "csv":
            for sentence in dict.fromkeys(sentence for table in tables for sentence in table.estimated):
                click.echo(f"resnext-flops: {sentence}", err=True)
        if self.form != "json":
            emit(tables, self.form, self.path)
        elif len(tables) == 1:
            self.put_json("table-1", content(tables[0]))
        else:
            self.put_json("tables-1", list(map(content, tables)))

    def put_json(self, schema: str, result: Any) -> None:
        """Print a result as JSON, in the envelope of all commands. schema: what the result is."""
        from resnext_flops import __version__

        command = click.get_current_context().info_name or ""
        self.put(enveloped(command, __version__, schema, result))

    def put(self, text: str) -> None:
        """Print a text."""
        put(text, self.path)


def output_option(*forms: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command its `output`, from options; the file is checked before the command does any work."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(*args: Any, form: str, output: str | None, force: bool, **options: Any) -> Any:
            return command(*args, output=Output(form, destination(output, force)), **options)

        return output_options(*(forms or FORMATS))(run)

    return add


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


def convention_option(use: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option for some of the counting conventions. use: what they are for."""
    return click.option(
        "--convention",
        "conventions",
        multiple=True,
        metavar="NAME",
        callback=_known_conventions,
        shell_complete=completion.conventions,
        help=f"{use}; repeat it for several. `conventions` lists them.",
    )


def _known_conventions(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of conventions. Raises InputError for another one; the conventions are loaded for the first name only."""
    if not names:
        return ()
    from resnext_flops.complexity.conventions import convention

    return tuple(convention(name).name for name in names)


def is_given(name: str) -> bool:
    """Whether an option of the running command was given, and has not its default."""
    source = click.get_current_context().get_parameter_source(name)
    return source not in {ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP}


def free_sizes(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, Span]:
    """Free sizes by name, from texts such as `C,d` or `w=96,r=224:32`. Raises InputError for any other text."""
    found: dict[str, Span] = {}
    for part in (part for text in texts for part in text.split(",")):
        try:
            name, span = named_span(part)
        except InputError as error:
            raise InputError(f"--free: {error}") from None
        if name in found:
            raise InputError(f"{name} is given twice; give it once")
        found[name] = span
    return found


def free_option(use: str, *, required: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option for free sizes. use: which they are, and what is the default."""
    return click.option(
        "--free", multiple=True, required=required, metavar="NAME[=START[:STEP]],...", callback=free_sizes, help=use
    )


def _names(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Names with commas between them, each once."""
    return tuple(dict.fromkeys(name for text in texts for name in text.split(",") if name))


on_option = click.option(
    "--on",
    multiple=True,
    metavar="PROFILE,...",
    callback=_names,
    shell_complete=completion.profiles,
    help="The machine: rtx3090, rtx4090, i7-12700h, or a file that `calibrate` wrote, such as mine.toml.",
)


batch_option = click.option(
    "--batch", type=int, metavar="N", help="Examples at once, for times. [default: the batch that was measured]"
)


def machine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options for estimated times: the profile of a machine, the examples of a batch, and whether to be strict."""
    strict = click.option("--strict", is_flag=True, help="Refuse an operator or a batch that was not measured.")
    return on_option(batch_option(strict(command)))


def times_on(
    on: Sequence[str], batch: int | None, *, strict: bool = False, inputs: Sequence[Any] | None = None
) -> list[str]:
    """The full names of the times on machines.

    Raises InputError for a batch, or strictness, without a machine, and as `time_on` and `check_one` do.
    """
    if not on:
        if batch is not None or strict:
            option = "--strict" if batch is None else "--batch"
            raise InputError(f"{option} is about ms; give the profile of a machine too, as in --on rtx3090")
        return []
    from resnext_flops.complexity.figures import time_on
    from resnext_flops.complexity.profile import profiles
    from resnext_flops.counters.inputs import check_one

    profiles(on)  # no two may be called alike
    check_one(inputs)
    return [time_on(name, batch) for name in on]


def use_time(
    on: Sequence[str],
    batch: int | None,
    *,
    strict: bool,
    inputs: Sequence[Any] | None = None,
    asked: Sequence[str | None] | None = None,
) -> str:
    """Make `ms` a figure while the command runs. It gives the full name of the time; an empty text without a profile.

    asked: the options that may ask for a time; None where a command gives it unasked.

    Raises InputError for several profiles, for one that nothing asks for, and as `times_on` does.
    """
    if len(on) > 1:
        raise InputError(f"the profiles {', '.join(on)} are given; ms is the time on one machine, so give one")
    if not times_on(on, batch, strict=strict, inputs=inputs):
        return ""
    from resnext_flops.complexity import figures
    from resnext_flops.complexity.expressions import ESTIMATED

    words = {word for text in asked or () for word in re.findall(r"\w+", text or "")}
    if asked is not None and not words & {*ESTIMATED, figures.TIME}:
        raise InputError("--on is about ms, and nothing asks for it; add --figure ms, or leave --on out")
    return click.get_current_context().with_resource(figures.on(on[0], batch, strict=strict))


def expressions(text: str | None) -> list[str]:
    """Expressions with commas between them, but not within brackets.

    >>> expressions("macs,max(params, 9)")
    ['macs', 'max(params, 9)']
    """
    found: list[str] = []
    for piece in text.split(",") if text else []:
        if found and found[-1].count("(") > found[-1].count(")"):
            found[-1] += f",{piece}"
        else:
            found.append(piece)
    return found


def _shapes(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[Any] | None:
    """The inputs of a model, or None for its usual one. Raises InputError for what is no shape."""
    if not texts:
        return None
    from resnext_flops.counters.inputs import parse_input

    return [parse_input(text) for text in texts]


input_option = click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="[NAME=]SHAPE[:TYPE]",
    callback=_shapes,
    help="An input, such as 1,3,224,224 or tokens=1,T:int64; repeat it for several. [default: its usual]",
)
