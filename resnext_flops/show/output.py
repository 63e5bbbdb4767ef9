"""Where results go: a terminal, a pipe or a file, whole or not at all."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from resnext_flops.errors import InputError
from resnext_flops.files import check_destination, write
from resnext_flops.show.render import RENDERERS, fitted, to_text
from resnext_flops.show.table import Table

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("rich", *RENDERERS, "json")
# ECMA-48, Section 8.3.117.
STYLES = {"bold": "\033[1m", "dim": "\033[2m"}
RESET = "\033[0m"


def destination(output: str | None, force: bool) -> "Path | None":
    """The file of `--output`, checked before any work is done for it; None stands for standard output.

    Raises InputError if the file exists and is not to be overwritten, or cannot be written.

    >>> destination(None, force=False)
    """
    if output is None:
        return None
    from pathlib import Path

    check_destination(output, force=force)
    return Path(output)


def emit(tables: Sequence[Table], form: str, path: "Path | None") -> None:
    """Print tables, or write them to a file: plain text for `rich` wherever there is no terminal."""
    if form == "rich" and path is None and sys.stdout.isatty():
        put("\n\n".join(map(_in_terminal, tables)), path)
        return
    put("\n\n".join(RENDERERS.get(form, to_text)(table) for table in tables), path)


def enveloped(command: str, version: str, schema: str, result: Any) -> str:
    """The result of a command as JSON, in the envelope that all commands share: see docs/json.md.

    schema: the name of the file in `resnext_flops/schemas` that says what `result` is.
    """
    import json

    content = {"command": command, "version": version, "schema": schema, "result": result}
    return json.dumps(content, indent=2, ensure_ascii=False)


def _in_terminal(table: Table) -> str:
    """A table as wide as the terminal at most, in bold and dim characters where it has them."""
    from shutil import get_terminal_size

    without_styles = os.environ.get("TERM") in {"dumb", "unknown"} or bool(os.environ.get("NO_COLOR"))
    plain = os.name == "nt" or without_styles
    lines = fitted(table, get_terminal_size().columns)
    return "\n".join(
        line.text if plain or not line.style else f"{STYLES[line.style]}{line.text}{RESET}" for line in lines
    )


def put(content: str, path: "Path | None") -> None:
    """Write a text to its file, or to standard output.

    Raises InputError if that fails, and BrokenPipeError if nobody reads any more.
    """
    if path is not None:
        write(path, f"{content}\n")
        return
    try:
        sys.stdout.write(f"{content}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"cannot write to standard output: {error.strerror}") from None
