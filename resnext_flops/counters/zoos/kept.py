"""What was counted of a library's models, kept in the user's cache directory, so that it is counted once.

There is a file for each library and each input. Its name has the version of the library, and a digest of everything
that decides what is counted: the version of torch, and the files of this project that count. So what is kept is never
that of another version, and a change of the project's code needs no new version number. A file holds the digest of its
own content; one that is damaged is told, and made anew.

No library is loaded to read what is kept. The directory may be deleted at any time.
"""

import json
import sys
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from resnext_flops.counters.inputs import inputs_text
from resnext_flops.errors import InputError
from resnext_flops.files import missing, read, reason, write
from resnext_flops.needs import MissingPackageError, version

# The libraries whose models always cost the same, in one version.
LIBRARIES = ("torchvision", "timm")
PACKAGE = Path(__file__).parent.parent.parent
# The rooms of the project that decide what is counted.
DECIDING = ("complexity", "counters")


class Kept:
    """What is kept of one library's models on one input.

    rows: what is known of each model, by its name.
    classifiers: the names of the models that classify images; none where they were not asked for.
    remark: why nothing could be read or written; empty where it could.
    """

    def __init__(self, library: str, inputs: Any = None) -> None:
        """inputs: what the models are called with; None for what each is usually called with.

        Raises MissingPackageError for a library that is not installed.
        """
        self.remark = ""
        self.rows: dict[str, Any] = {}
        self.classifiers: list[str] = []
        try:
            self.file = _file(library, inputs)
        except MissingPackageError as error:
            if error.name != "platformdirs":
                raise
            self.file, self.remark = None, f"what is counted is not kept: {error}"
        if self.file:
            self.rows, self.classifiers = self._read(self.file)

    def save(self) -> None:
        """Write the file, with what another process has written there in the meantime."""
        if not self.file:
            return
        rows, classifiers = self._read(self.file)
        content = json.dumps({"rows": rows | self.rows, "classifiers": self.classifiers or classifiers}).encode()
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write(self.file, _digest([content]).encode() + b"\n" + content)
        except OSError as error:
            self.remark = f"what was counted is not kept: cannot write {str(self.file.parent)!r}: {reason(error)}"
        except InputError as error:
            self.remark = f"what was counted is not kept: {error}"

    def _read(self, file: Path) -> tuple[dict[str, Any], list[str]]:
        if missing(file):
            return {}, []
        try:
            digest, _, content = read(file).partition(b"\n")
        except InputError as error:
            self.remark = f"what was counted before is not used: {error}"
            return {}, []
        if digest.decode("ascii", "replace") != _digest([content]):
            self.remark = f"{str(file)!r} is damaged, so it is made anew"
            return {}, []
        found = json.loads(content)
        return found["rows"], found["classifiers"]


def _file(library: str, inputs: Any) -> Path | None:
    """Where a library's models are kept; None where they cannot be known by name: for tensors, and with added rules.

    Raises MissingPackageError where the library, torch or platformdirs is not installed.
    """
    release, shown = version(library), inputs_text(inputs)
    operators = sys.modules.get("resnext_flops.counters.operators")
    if shown is None or (operators is not None and operators.added()):
        return None
    from platformdirs import user_cache_path

    digest = code_digest((library, "torch"), shown)
    return user_cache_path("resnext-flops") / f"{library}-{release}-{digest}.json"


def code_digest(packages: Iterable[str], *more: str) -> str:
    """A digest of everything that decides what is counted: the versions of packages, and the project's own files.

    more: further texts that decide it. Raises MissingPackageError for a package that is not installed.
    """
    texts = [*map(version, packages), *more]
    return _digest([*(text.encode() for text in texts), deciding_code()])


@cache
def deciding_code() -> bytes:
    """The files of the project that decide what is counted."""
    files = [file for room in DECIDING for file in (PACKAGE / room).rglob("*") if file.suffix in {".py", ".toml"}]
    return b"".join(file.read_bytes() for file in sorted(files))


def _digest(parts: Iterable[bytes]) -> str:
    """A digest of several texts, which are kept apart."""
    found = blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(8) + part)
    return found.hexdigest()
