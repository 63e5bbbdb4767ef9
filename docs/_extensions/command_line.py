"""The commands: their help as a page, and samples of what they print, made by running them while the site is built."""

import io
import os
import re
import shlex
from contextlib import chdir, redirect_stderr, redirect_stdout
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import TYPE_CHECKING, Any, ClassVar
from unittest.mock import patch

import click
from docutils import nodes
from docutils.parsers.rst.directives import nonnegative_int
from sphinx.util.docutils import SphinxDirective

from resnext_flops.cli import NAME, main

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).parent.parent
# A terminal without bold letters.
WIDTH = 80
TERMINAL = {"COLUMNS": str(WIDTH), "TERM": "dumb"}
# What is shown of each command. `diff` ends with 1 where two models differ.
SAMPLES = {
    "table": "table --no-prove",
    "models": "models resnext50 --sort macs",
    "verify": "verify resnet20_cifar",
    "plot": "plot width --output width.svg",
    "report": "report --of resnet20_cifar --output report",
    "count": "count resnext50_32x4d",
    "formula": "formula timm:resnet50 --free cardinality,base_width",
    "explore": "explore --output explorer.html",
    "compare": "compare resnet50 resnext50_32x4d convnext_tiny",
    "diff": "diff resnet50 resnet50_he2015",
    "audit": "audit resnet50 --convention fvcore --convention thop --no-run",
    "identify": "identify resnet50 3.8e9",
    "published": "published --source hrnet",
    "conventions": "conventions",
    "solve": "solve resnext50_32x4d --free d --like resnet50 --given C=1,2,4,8,32",
    "sweep": "sweep resnext50_32x4d --cardinality 1:64 --width 1:128 --nearest macs=resnet50 --top 5",
    "check": "check",
    "measure": "measure resnet20_cifar --seconds 0.1",
    "predict": "predict resnet50 resnext50_32x4d --on rtx3090",
    "calibrate": "calibrate --help",
}
LONGEST = 40
# What `plot` writes is no text.
PICTURE = {
    "plot": [".. image:: report/pictures/width.svg", "   :alt: The width d against the cardinality C, on two axes"]
}


class Terminal(io.StringIO):
    """Standard output of a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def budgets() -> str:
    """The file `budgets.toml` that the page on `check` shows, without the limit that needs a baseline."""
    page = (DOCS / "check.md").read_text(encoding="utf-8")
    return page.split("```toml\n")[1].split("```")[0].replace(', "change <= 1%"', "")


def printed(command: str) -> str:
    """What a command prints in a terminal, or says if it prints nothing. Raises RuntimeError where it is refused."""
    output, said = Terminal(), io.StringIO()
    with TemporaryDirectory() as folder, chdir(folder), patch.dict(os.environ, TERMINAL):
        Path("budgets.toml").write_text(budgets(), encoding="utf-8")
        with redirect_stdout(output), redirect_stderr(said):
            try:
                main(shlex.split(command)[1:], prog_name=NAME)
            except SystemExit as end:
                if end.code not in {None, 0, 1}:
                    raise RuntimeError(f"{command}: {said.getvalue()}") from None
    return output.getvalue() or said.getvalue()


def shown(command: str) -> str:
    """A command, and what it prints."""
    lines = [part for line in printed(command).rstrip().splitlines() for part in wrap(line, WIDTH) or [""]]
    call = " \\\n    ".join(wrap(f"$ {command}", WIDTH + 5, break_on_hyphens=False))
    return "\n".join([call, *lines])


# Made before autodoc loads modules a second time, for their types.
SHOWN = {name: shown(f"{NAME} {call}") for name, call in SAMPLES.items()}


class Sample(SphinxDirective):
    """The sample of a command, by its name; `lines` says how many are shown."""

    required_arguments = 1
    option_spec: ClassVar[Any] = {"lines": nonnegative_int}

    def run(self) -> list[nodes.Node]:
        """One block of the command and what it prints."""
        lines = SHOWN[self.arguments[0]].splitlines()
        most = self.options.get("lines", LONGEST)
        text = "\n".join([*lines[:most], *(["..."] if len(lines) > most else [])])
        return [nodes.literal_block(text, text, language="console", classes=["sample"])]


EXAMPLES = re.compile(r"\| (?P<head>Examples?:) +")
# Behind a word two spaces or more, and what it means.
MEANING = re.compile(r"\|  +(?P<word>\S.*?)(?:  +(?P<meaning>\S.*))?$")


def set_description(app: "Sphinx", ctx: click.Context, lines: list[str]) -> None:
    """In the help of a command examples are code and choices a list, and a sample of its output stands below."""
    found: list[str] = []
    for _, paragraph in groupby(lines, key=bool):
        block = list(paragraph)
        if example := EXAMPLES.match(block[0]):
            found += [example["head"], "", ".. code-block:: sh", "", *(f"   {line[example.end() :]}" for line in block)]
        elif any(map(MEANING.match, block)):
            found += choices(block)
        else:
            found += [line.replace("*", r"\*") for line in block]
    name = str(ctx.command.name)
    lines[:] = [*found, "", f".. sample:: {name}", "", *PICTURE.get(name, []), ""]


def choices(block: list[str]) -> list[str]:
    """What can stand at a place, as a list; what is not indented is a sentence before or behind it."""
    parts = [(MEANING.match(line), line.removeprefix("|").strip()) for line in block]
    explained = any(part and part["meaning"] for part, _ in parts)
    found: list[str] = []
    for part, line in parts:
        if part is None:
            found += ["", line]
        elif explained and not part["meaning"]:
            found[-2] += f" {part['word']}"
        elif explained:
            found += ["", part["word"], f"   {part['meaning']}"]
        else:
            found += ["", f"* {part['word']}"]
    return [*found, ""]


def list_options(app: "Sphinx", ctx: click.Context, lines: list[str]) -> None:
    """The options in click's own words; what an option can be is a list of its own."""
    lines.clear()
    for option in ctx.command.params:
        if isinstance(option, click.Option) and (record := option.get_help_record(ctx)):
            written, meaning = record
            sentences = [meaning.replace("*", r"\*")]
            if isinstance(option.type, click.Choice):
                written = written.rpartition(" ")[0]
                sentences += ["", f"One of {', '.join(f'``{choice}``' for choice in option.type.choices)}."]
            lines += [f".. option:: {written.replace(' / ', ', ')}", "", *(f"   {line}" for line in sentences), ""]


def leave_out(app: "Sphinx", ctx: click.Context, lines: list[str]) -> None:
    """The usage line names the arguments, and the description says what they are."""
    lines.clear()


def setup(app: "Sphinx") -> dict[str, Any]:
    """Register the directive, and have the help of commands rewritten."""
    app.add_directive("sample", Sample)
    app.connect("sphinx-click-process-description", set_description)
    app.connect("sphinx-click-process-options", list_options)
    app.connect("sphinx-click-process-arguments", leave_out)
    return {"parallel_read_safe": True}
