"""Where results go: a terminal, a pipe or a file, whole or not at all."""

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from resnext_flops.errors import InputError
from resnext_flops.tables.render import FORMATS as TEXT_FORMATS
from resnext_flops.tables.render import TerminalTable, to_text
from resnext_flops.tables.table import Table

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("rich", *TEXT_FORMATS)


def destination(output: str | None, force: bool) -> "Path | None":
    """The file of `--output`, checked before any work is done for it; None stands for standard output.

    Raises InputError if the file exists and is not to be overwritten, or cannot be written.

    >>> destination(None, force=False)
    """
    if output is None:
        return None
    from pathlib import Path

    path = Path(output)
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(f"cannot write {output!r}; give a file in a folder that exists and can be written")
    if path.exists() and not force:
        raise InputError(f"{output!r} exists; give another name, or --force to overwrite it")
    return path


def emit(table: Table, form: str, path: "Path | None") -> None:
    """Print a table, or write it to a file: plain text for `rich` wherever there is no terminal."""
    if form == "rich" and path is None and sys.stdout.isatty():
        from rich.console import Console

        Console(highlight=False).print(TerminalTable(table))
        return
    put(TEXT_FORMATS.get(form, to_text)(table) + "\n", path)


def put(content: str, path: "Path | None") -> None:
    """Print a text, or write it to a file."""
    if path is None:
        sys.stdout.write(content)
    else:
        write(path, content)


def write(path: "Path", content: str) -> None:
    """Write a file aside and put it into its place at once, so that it is never there in half.

    Raises InputError if that fails.
    """
    import tempfile

    try:
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
            os.chmod(aside, 0o666 & ~_umask())
            os.replace(aside, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(aside)
            raise
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
