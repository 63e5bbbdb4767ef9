"""What made a report: the command, the versions, the device and the date, and which files are the report's."""

import json
from pathlib import Path

from resnext_flops.files import read_text

NAME = "provenance.json"
# What a figure or a picture may depend on.
PACKAGES = ("resnext-flops", "torch", "torchvision", "timm", "fvcore", "sympy", "matplotlib", "jinja2")
_MARK = "resnext-flops"


def write(directory: Path, command: str, devices: list[str]) -> None:
    """Write the provenance of the report that is in a directory, complete but for this file."""
    from datetime import UTC, datetime
    from platform import platform, python_version

    content = {
        "report": _MARK,
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "platform": platform(),
        "proven on": devices,
        "versions": {"python": python_version(), **_versions()},
        "files": sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()),
    }
    (directory / NAME).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def files(directory: Path) -> set[str] | None:
    """The files of the report in a directory, by what its provenance says; None where there is no report of ours."""
    try:
        content = json.loads(read_text(directory / NAME))
        return {NAME, *map(str, content["files"])} if content["report"] == _MARK else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
