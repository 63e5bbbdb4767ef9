"""Files are written whole or not at all."""

import os
from contextlib import suppress

from resnext_flops.errors import InputError


def write(path: "str | os.PathLike[str]", content: str | bytes) -> None:
    """Write a text (as UTF-8) or bytes to a temporary file, then rename it: nobody ever sees half of the file.

    Raises InputError if that fails.
    """
    import tempfile
    from pathlib import Path

    path = Path(path)
    try:
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".writing.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
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
