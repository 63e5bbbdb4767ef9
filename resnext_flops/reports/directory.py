"""The directory of a report: written aside and put into its place at once, over nothing but an older report of ours."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resnext_flops.errors import InputError
from resnext_flops.files import umask
from resnext_flops.reports import provenance

_WANTED = "give a directory in a folder that exists and can be written"


def place(output: str | Path) -> Path:
    """The directory of a name. Raises InputError for an empty name, which pathlib takes for the current directory."""
    if not str(output):
        raise InputError(f"cannot write ''; {_WANTED}")
    return Path(output)


def is_report(directory: Path) -> bool:
    """Whether a directory holds a report of ours."""
    return provenance.files(directory) is not None


@contextmanager
def replacing(directory: Path, force: bool) -> Iterator[Path]:
    """A new, empty directory beside another, which takes the other's place when everything went well.

    force: whether a report of ours may be replaced.

    Raises InputError if the directory cannot be written or holds something that is not to be replaced.
    """
    import shutil
    import tempfile

    given = directory
    try:
        directory = directory.resolve()
        _allow(given, directory, force)
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError):  # no working directory, a link to itself, no name of a file
        raise InputError(f"cannot write {str(given)!r}; {_WANTED}") from None
    try:
        aside = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))
    except OSError as error:
        raise InputError(f"cannot write {str(given)!r}: {error.strerror}") from None
    try:
        yield aside
        _allow(given, directory, force)
        _swap(aside, directory)
    except OSError as error:
        raise InputError(f"cannot write {str(given)!r}: {error.strerror}") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _allow(given: Path, directory: Path, force: bool) -> None:
    """Refuse a directory that cannot be written, or that holds what is not to be replaced."""
    if not directory.parent.is_dir() or not os.access(directory.parent, os.W_OK):
        raise InputError(f"cannot write {str(given)!r}; {_WANTED}")
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{str(given)!r} is a file; give a directory for the report")
    if not directory.is_dir() or not (present := _present(directory)):
        return
    if foreign := sorted(present - (provenance.files(directory) or set())):
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise InputError(
            f"{str(given)!r} holds {foreign[0]!r}{more}, which no report wrote; give another directory, or an empty one"
        )
    if not force:
        raise InputError(f"{str(given)!r} holds a report; give another directory, or --force to replace it")


def _present(directory: Path) -> set[str]:
    """What is in a directory: every file and link, and every empty directory."""
    return {
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_symlink() or not path.is_dir() or not any(path.iterdir())
    }


def _swap(new: Path, directory: Path) -> None:
    """Put a directory into the place of another; what is replaced is put back if that fails."""
    import shutil
    import tempfile

    new.chmod(stat.S_IMODE(directory.stat().st_mode) if directory.exists() else 0o777 & ~umask())
    if not directory.exists():
        new.rename(directory)
        return
    old = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))
    try:
        directory.replace(old)
        new.rename(directory)
    except BaseException:
        if directory.exists():
            old.rmdir()
        else:
            old.replace(directory)
        raise
    shutil.rmtree(old)
