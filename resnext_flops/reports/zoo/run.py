"""Count all models, two at a time, and write the data and the page."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from resnext_flops.counters.zoos import zoo
from resnext_flops.counters.zoos.of_torchvision import classification
from resnext_flops.files import write
from resnext_flops.reports.zoo import architectures
from resnext_flops.reports.zoo.page import page
from resnext_flops.reports.zoo.rows import PARTS, Row, part, read_rows, write_rows
from resnext_flops.reports.zoo.workers import EndedError, TooLongError, Worker, answers

SECONDS = 300  # that each part of a row may take
WORKERS = 2
EVERY = 4  # timm has too many models for all of them


def models() -> list[str]:
    """All of torchvision's models, every fourth of timm's, and the architectures of Hugging Face."""
    timm = sorted(zoo("timm").names())[::EVERY]
    named = [f"torchvision:{name}" for name in zoo("torchvision").names()] + [f"timm:{name}" for name in timm]
    return named + architectures.names()


def has_formula(model: str) -> bool:
    """Whether a formula is looked for: of models that classify images."""
    library, _, name = model.partition(":")
    return library == "timm" or (library == "torchvision" and name in classification())


def row(worker: Worker, model: str) -> Row:
    """The row of a model, each part of it made by a worker."""
    fields: dict[str, Any] = {}
    for name in PARTS:
        if name != "formula" or has_formula(model):
            fields |= _part(worker, name, model)
    return Row(model, **fields)


def _part(worker: Worker, name: str, model: str) -> dict[str, Any]:
    _, reason = PARTS[name]
    try:
        found: dict[str, Any] = worker(part, name, model)
    except TooLongError:
        return {reason: f"it took longer than {worker.seconds:.0f} seconds"}
    except EndedError:
        return {reason: "the process that counted it ended"}
    except RuntimeError as error:
        return {reason: f"it failed: {error}"[:200]}
    return found


def main(arguments: Sequence[str]) -> None:
    """Count models, and write what is found: see the package."""
    data, document, *chosen = arguments
    path = Path(data)
    stopped = path.with_name(f".{path.name}")  # the rows of a run that was stopped
    rows = read_rows(path if chosen else stopped)
    missing = chosen or [model for model in models() if model not in rows]
    for count, found in enumerate(answers(row, missing, SECONDS, WORKERS), 1):
        rows[found.model] = found
        write_rows(path if chosen else stopped, rows.values())
        print(f"{count}/{len(missing)} {found.line()[:150]}", file=sys.stderr)  # noqa: T201
    write_rows(path, rows.values())
    stopped.unlink(missing_ok=True)
    write(document, page(list(read_rows(path).values())))
