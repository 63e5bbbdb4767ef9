"""`python -m resnext_flops.proof.conformance`: hold a counter against the cases, and print what is found."""

import sys
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.metadata import version
from typing import Any

import click

from resnext_flops.counters.peers import PEERS, installed
from resnext_flops.counters.zoos import imported
from resnext_flops.errors import STOPPED, InputError, unknown
from resnext_flops.proof.conformance import asking
from resnext_flops.proof.conformance.case import Case
from resnext_flops.proof.conformance.holding import OURS, Held, hold
from resnext_flops.proof.conformance.suite import every_case
from resnext_flops.proof.conformance.verdicts import NOT_ASKED, RIGHT
from resnext_flops.show.output import FORMATS, emit, enveloped, put
from resnext_flops.show.render import content
from resnext_flops.show.table import Cell, Column, Table

NAME = "resnext_flops.proof.conformance"


@click.command("conformance", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--counter",
    default=OURS,
    metavar="NAME|MODULE:FUNCTION",
    help="A counter: ours, a peer by its name, or a function of a module and its inputs. [default: ours]",
)
@click.option("--flops", is_flag=True, help="The function counts two operations a multiply-add.")
@click.option("--case", "glob", default="*", metavar="GLOB", help="Only the cases of these names, such as 'conv/*'.")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=asking.SECONDS, show_default=True, help="A case's.")
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True, help="Form.")
def command(counter: str, flops: bool, glob: str, seconds: float, form: str) -> int:
    """Hold a counter against the cases of the conformance suite.

    A function takes the module and the list of its inputs, and returns the multiply-adds of one call. Each case runs in
    a process of its own. The exit status is 0 if the counter is right on all that it was asked of, and 1 if it is not.

    \b
    Examples:  python -m resnext_flops.proof.conformance
               python -m resnext_flops.proof.conformance --counter fvcore --case "attention/*"
               python -m resnext_flops.proof.conformance --counter my_package.counting:flops --flops
    """
    _check(counter, flops)
    found = list(hold(counter, chosen(glob), 2 if flops else 1, seconds))
    result = table(counter, found)
    if form == "json":
        put(enveloped(command.name or "", version("resnext-flops"), "table-1", content(result)), None)
    else:
        emit([result], form, None)
    return int(not all(each.verdict in {RIGHT, NOT_ASKED} for each in found))


def _check(counter: str, flops: bool) -> None:
    """Raises InputError for a counter that does not exist or is not installed."""
    if ":" in counter:
        if not callable(imported(*counter.split(":", 1))):
            raise InputError(f"{counter!r} is no function; give one that takes a module and its inputs")
        return
    if counter not in {OURS, *PEERS}:
        raise unknown("counter", counter, [OURS, *PEERS, "module:function"])
    if flops:
        raise InputError(f"--flops says what a function counts; of {counter} it is known, so leave it out")
    if counter != OURS and not installed(counter):
        raise InputError(f"{counter} is not installed; pip install 'resnext-flops[peers]' brings the other counters")


def chosen(glob: str) -> list[Case]:
    """The cases whose names match. Raises InputError if none does.

    >>> [case.name for case in chosen("reported/linear*")]
    ['reported/linear-with-tokens']
    """
    found = [case for name, case in every_case().items() if fnmatchcase(name, glob)]
    if not found:
        raise unknown("case", glob, every_case())
    return found


def table(counter: str, found: Sequence[Held]) -> Table:
    """What was found as a table, with the summary below it."""
    rows: list[dict[str, Cell]] = [
        {
            "case": each.case,
            "macs": every_case()[each.case].macs,
            "stated": each.stated,
            "answer": each.answer,
            "verdict": each.verdict,
            "remark": each.remark,
        }
        for each in found
    ]
    columns = (
        Column("case", "case"),
        Column("macs", "multiply-adds", rank=1),
        Column("stated", "by its stated rule", rank=2),
        Column("answer", "its answer"),
        Column("verdict", "verdict"),
        Column("remark", "remark", rank=3),
    )
    return Table("conformance", f"{counter} against {len(found)} cases", "", columns, rows, (summary(counter, found),))


def summary(counter: str, found: Sequence[Held]) -> str:
    """How many verdicts there are of each kind, in one line.

    >>> summary("mine", [Held("mine", "a", "right"), Held("mine", "b", "wrong")])
    'mine is right on 1 of 2 cases: 1 wrong.'
    """
    counts = Counter(each.verdict for each in found)
    asked = len(found) - counts.pop(NOT_ASKED, 0)
    right = counts.pop(RIGHT, 0)
    rest = [f"{count} {name}" for name, count in counts.most_common()]
    if asked < len(found):
        rest.append(f"{len(found) - asked} {NOT_ASKED}")
    return f"{counter} is right on {right} of {asked} cases{': ' if rest else ''}{'; '.join(rest)}."


def main(arguments: Sequence[str] | None = None) -> Any:
    """Run, and end with the exit status; what cannot be used is one sentence, with status 2."""
    try:
        status = command.main(arguments, prog_name=f"python -m {NAME}", standalone_mode=False)
    except click.Abort:
        sys.exit(STOPPED)
    except SystemExit as end:  # of a module that is imported for its counter
        click.echo(f"{NAME}: the code of the counter ended the program with {end.code!r}", err=True)
        sys.exit(2)
    except (click.ClickException, InputError) as error:
        sentence = error.format_message() if isinstance(error, click.ClickException) else str(error)
        click.echo(f"{NAME}: {sentence}", err=True)
        sys.exit(2)
    sys.exit(status)
