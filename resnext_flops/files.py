"""Files are written whole or not at all, and nothing but a regular file is ever replaced or read."""

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from resnext_flops.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

Name: TypeAlias = "str | os.PathLike[str]"


def write(name: Name, content: str | bytes) -> None:
    """Write a text (as UTF-8) or bytes: nobody ever sees half of a file.

    The content goes into a temporary file, which then takes the place, the owner and the mode of an older file. Of a
    symbolic link the target is written. A device or a FIFO is no file to replace: the content is written into it.

    Raises InputError if that fails.
    """
    from pathlib import Path

    path, data = Path(name), content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    try:
        before = _status(path)
        if before is None or stat.S_ISREG(before.st_mode):
            _replace(path.resolve(), data, before)
        else:
            with path.open("wb") as file:
                file.write(data)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot write {os.fspath(name)!r}: {reason(error)}") from None


def _status(path: "Path") -> os.stat_result | None:
    """What a path leads to, or None for a name that is free."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _replace(path: "Path", data: bytes, before: os.stat_result | None) -> None:
    """Put a regular file into its place at once."""
    import tempfile

    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".writing.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if before is not None:
            with suppress(PermissionError):  # only root gives a file to another user
                os.chown(aside, before.st_uid, before.st_gid)
        os.chmod(aside, stat.S_IMODE(before.st_mode) if before else 0o666 & ~umask())
        os.replace(aside, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(aside)
        raise


def umask() -> int:
    """The mask of the modes of new files. It can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_destination(name: Name, kind: str = "file", *, force: bool) -> None:
    """Check, before any work is done for it, that `write` may write a file.

    kind: what the name is the name of, in the message.
    force: whether an older file may be replaced.

    Raises InputError if the file exists and is not to be replaced, or cannot be written.
    """
    from pathlib import Path

    path = Path(name)
    try:
        before = _status(path)
        if before is not None and not stat.S_ISREG(before.st_mode):
            possible = not stat.S_ISDIR(before.st_mode) and os.access(path, os.W_OK)
        else:
            folder = path.resolve().parent
            possible = folder.is_dir() and os.access(folder, os.W_OK)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot write {os.fspath(name)!r}: {reason(error)}") from None
    if not possible:
        raise InputError(f"cannot write {os.fspath(name)!r}; give a {kind} in a folder that exists and can be written")
    if before is not None and stat.S_ISREG(before.st_mode) and not force:
        raise InputError(f"{os.fspath(name)!r} exists; give another name, or --force to overwrite it")


def missing(name: Name) -> bool:
    """Whether there is nothing to read at a path. Where it cannot be known, `read` says why."""
    from pathlib import Path

    try:
        return _status(Path(name)) is None
    except (OSError, ValueError):
        return False


def read(name: Name) -> bytes:
    """The content of a regular file; a device or a FIFO might never end.

    Raises InputError for anything else, and for what cannot be read.

    >>> read("/dev/zero")
    Traceback (most recent call last):
    resnext_flops.InputError: cannot read '/dev/zero': it is not a regular file
    """
    from pathlib import Path

    path = Path(name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):  # of a folder the system itself says what is wrong
            return path.read_bytes()
        why = "it is not a regular file"
    except (OSError, ValueError) as error:
        why = reason(error)
    raise InputError(f"cannot read {os.fspath(name)!r}: {why}")


def read_text(name: Name, encoding: str = "utf-8") -> str:
    """The content of a regular file that is text. Raises InputError as `read` does, and for what is no text."""
    try:
        return read(name).decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"cannot read {os.fspath(name)!r}: {error}") from None


def reason(error: Exception) -> str:
    """Why a file cannot be opened, in a few words.

    >>> reason(OSError(2, "No such file or directory")), reason(ValueError("embedded null byte"))
    ('No such file or directory', 'embedded null byte')
    """
    return getattr(error, "strerror", None) or str(error)
