"""Options that several commands share, and the forms of their values."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from resnext_flops.errors import unknown


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
            # What is not whole is written with a stroke, and refused as an integer.
            return int(str(fraction(value)))
        except ValueError:
            self.fail(f"{value!r} is not a whole number, such as 15e9 or 15G", param, ctx)


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


def lazily_listed(names: Callable[[], Sequence[str]]) -> Callable[[Any, Any, tuple[str, ...]], tuple[str, ...]]:
    """A check of an option against names that are known only once something is loaded."""

    def check(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if value not in names():
                raise unknown("convention", value, names())
        return values

    return check


def conventions() -> Sequence[str]:
    """The names of the counting conventions."""
    from resnext_flops.complexity.conventions import CONVENTIONS

    return list(CONVENTIONS)


input_option = click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="N,C,H,W",
    help="Shape of an input; repeat it for several. [default: its usual]",
)
