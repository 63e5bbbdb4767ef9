"""The command line: its commands by name, and what every one of them has in common.

A command's own file is loaded when the command is asked for, so that `--help` and the light commands answer at once.
"""

import gc
import io
import os
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, NoReturn

import click

from resnext_flops import __version__
from resnext_flops.errors import STOPPED, InputError, one_line, shortened, unknown
from resnext_flops.show import signs

NAME = "resnext-flops"
# What a shell sets when it asks what can stand at a place.
COMPLETING = "_RESNEXT_FLOPS_COMPLETE"

# The commands in groups, each with its summary; a command is `command` in the file of its name in
# `resnext_flops.commands`.
GROUPS = {
    "The paper": {
        "table": "A table of the paper's, rebuilt and proven on real models.",
        "models": "List the described networks and their cost.",
        "verify": "Hold networks against their real models, their references and their papers.",
        "plot": "Draw a picture of what networks cost: the paper's, or that of any models.",
        "report": "Write a report: of the paper, or of any models.",
    },
    "Any model": {
        "count": "Count any model, exactly.",
        "formula": "The cost of a model as a formula of its sizes.",
        "explore": "Write a page in which the sizes of networks are sliders.",
        "compare": "Compare any models: what each costs, and which are the best within budgets.",
        "diff": "Show where two models differ, layer by layer.",
        "audit": "Explain every counter's figure for a model, term by term.",
        "identify": "Find which convention, unit, scope and variant of a network gives a printed figure.",
        "published": "List the figures that zoos, READMEs and papers print, and what each of them is.",
        "conventions": "List the counting conventions: what each counter counts.",
    },
    "Budgets and design": {
        "solve": "The size of a model that meets a budget: of a reference model, or a number.",
        "sweep": "The designs of a space that meet budgets, or the best of them.",
        "check": "Hold models against the limits of a budget file.",
    },
    "Machines": {
        "measure": "Run real models in turn, and lay their speed and memory beside their exact cost.",
        "predict": "Estimate how long models take on a machine, and what their time is made of.",
        "calibrate": "Make the profile of a machine: what a network takes there.",
    },
}
COMMANDS = {name: summary for group in GROUPS.values() for name, summary in group.items()}


class Commands(click.Group):
    """A group of commands whose errors are one sentence on standard error, with exit status 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """One command, from its own file."""
        return _load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The summaries in their groups, without loading any command."""
        widest = max(map(len, COMMANDS))
        for title, group in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(widest), summary) for name, summary in group.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called. Raises InputError, with the nearest names, for one that does not exist."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise unknown("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. A model's own code may end the program; that is an error, not the status of the command."""
        try:
            return super().invoke(ctx)
        except SystemExit as end:
            raise InputError(f"the code of the model ended the program with {end.code!r}") from None

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run, and end with the exit status that the command returns."""
        _prepare_streams()
        if COMPLETING in os.environ:
            from resnext_flops.commands.completion import prepare

            prepare()
        try:
            os.getcwd()  # noqa: PTH109 (pathlib takes long to load)
        except FileNotFoundError:
            fail("the working directory is gone; change to one that exists")
        try:
            status = super().main(*args, **{**extra, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(0)
        except click.Abort:
            fail("stopped; nothing was written", STOPPED)
        except click.ClickException as error:
            fail(shortened(_sentence(error)))
        except InputError as error:
            fail(str(error), error.status)
        except OSError as error:
            fail(one_line(error))
        sys.exit(status)


@cache
def _load(name: str) -> click.Command:
    """A command from its own file.

    What is loaded stays, so the garbage collector is spared looking through it: a tenth of the time of `table`.
    """
    gc.disable()
    try:
        found: click.Command = import_module(f"resnext_flops.commands.{name}").command
    finally:
        gc.enable()
    gc.freeze()
    return found


def _sentence(error: click.ClickException) -> str:
    """click's message, with the nearest options for an unknown one, and the help where something is missing."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption) and context is not None:
        options = [option for parameter in context.command.get_params(context) for option in parameter.opts]
        return str(unknown("option", error.option_name, [name for name in options if name.startswith("--")]))
    message = error.format_message()
    if isinstance(error, click.MissingParameter) and context is not None:
        return f"{message.rstrip('.')}; see `{context.command_path} --help`"
    return message


class _Closed(io.TextIOBase):
    """Standard output that was closed before the command began, where Python has None."""

    def write(self, _: str) -> NoReturn:
        """Nothing can be written. Raises InputError."""
        raise InputError("cannot write to standard output: it is closed")


def _prepare_streams() -> None:
    """Let no sign that an encoding lacks, and no stream that is closed, end in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=signs.NAME)
    if sys.stdout is None:
        sys.stdout = _Closed()


def fail(sentence: str, status: int = 2) -> NoReturn:
    """Say what is wrong in one sentence, and end."""
    if sys.stderr is not None:
        with suppress(OSError):  # the status is all that can be said then
            sys.stderr.write(f"{NAME}: {sentence}\n")
            sys.stderr.flush()
    sys.exit(status)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=NAME)
def main() -> None:
    """What a convolutional network costs, exactly, and what width meets a budget.

    Figures are multiply-adds of convolutions and fully-connected layers for one example (the ResNeXt paper's FLOPs),
    unless a convention is named.

    \b
    Example:  resnext-flops table
    """
