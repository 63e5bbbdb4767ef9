"""Packages that only some uses need: each is of an extra, and where it is missing, one sentence says which.

The core is click, rich, msgspec and Jinja2. Anything else is imported where it is used. This file is asked by Python
for a package that nobody else found, and answers only for the project's own imports.
"""

import sys
from collections.abc import Sequence
from types import FrameType, ModuleType

from resnext_flops.errors import InputError

# The extra that installs each package.
EXTRAS = {
    **dict.fromkeys(("torch", "fvcore"), "torch"),
    **dict.fromkeys(("torchvision", "timm", "platformdirs", "yaml"), "zoo"),
    **dict.fromkeys(("numpy", "numexpr", "moocore"), "sweep"),
    **dict.fromkeys(("dask", "distributed", "pyarrow"), "distributed"),
    **dict.fromkeys(("scipy", "tomli_w"), "timing"),
    "transformers": "hf",
    "pandas": "frames",
    "matplotlib": "plots",
    "bokeh": "explorer",
    "sympy": "formulas",
}
# What is imported below here is all of one extra.
OF_ONE = {
    f"{__package__}.reports": "report",
    **{f"{__package__}.machine.{name}": "timing" for name in ("agreement", "blocks", "fitting")},
}


def install(extra: str) -> str:
    """The command that installs an extra.

    >>> install("peers")
    "pip install 'resnext-flops[peers]'"
    """
    return f"pip install 'resnext-flops[{extra}]'"


class MissingPackageError(InputError, ImportError):
    """A package that is not installed, and the extra that installs it."""

    def __init__(self, package: str, extra: str = "") -> None:
        super().__init__(f"this needs {package}: {install(extra or EXTRAS[package])}")
        self.name = package


class _Missing:
    """The last that Python asks for a package."""

    @staticmethod
    def find_spec(name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None) -> None:
        """Raises MissingPackageError for a package of an extra that a file of the project imports."""
        if name in EXTRAS and (importer := _importer()).partition(".")[0] == __package__:
            raise MissingPackageError(name, next((OF_ONE[place] for place in OF_ONE if importer.startswith(place)), ""))


def _importer() -> str:
    """The name of the module whose code imports: the first that is not of the import system, nor this one."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 (there is no public way to ask who imports)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name != __name__ and name.partition(".")[0] not in {"importlib", "_frozen_importlib"}:
            return name
        frame = frame.f_back
    return ""


def tell_what_is_missing() -> None:
    """Answer for missing packages from now on. Called once, when the project is imported."""
    if _Missing not in sys.meta_path:
        sys.meta_path.append(_Missing)


def version(package: str, extra: str = "") -> str:
    """The version of a package. Raises MissingPackageError, with an extra that has it, where it is not installed."""
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise MissingPackageError(package, extra) from None


def has(package: str) -> bool:
    """Whether a package of an extra is installed; it is not loaded.

    >>> has("sympy"), has("surely_no_package")
    (True, False)
    """
    from importlib.util import find_spec

    try:
        return find_spec(package) is not None
    except MissingPackageError:
        return False
