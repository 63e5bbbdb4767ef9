"""Count all models, two at a time, and write the data and the page."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from resnext_flops.counters.workers import NoAnswerError, Worker, answers
from resnext_flops.counters.zoos import zoo
from resnext_flops.counters.zoos.of_torchvision import classification
from resnext_flops.files import write
from resnext_flops.reports.zoo import architectures
from resnext_flops.reports.zoo.page import page
from resnext_flops.reports.zoo.rows import PARTS, Row, part, read_rows, write_rows

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


def tasks(rows: Mapping[str, Row], chosen: Sequence[str]) -> list[tuple[str, str]]:
    """The parts that the rows of models lack, each with its model: first what all of them cost, their formulas last."""
    return [
        (name, model)
        for name in PARTS
        for model in chosen
        if not PARTS[name].is_in(rows.get(model, Row(model))) and (name != "formula" or has_formula(model))
    ]


def make(worker: Worker, task: tuple[str, str]) -> tuple[str, dict[str, Any]]:
    """The model and the fields of a task, made by a worker; the reason, where it fails there."""
    name, model = task
    try:
        return model, worker(part, name, model)
    except NoAnswerError as error:
        return model, {PARTS[name].reason: str(error)}


def main(arguments: Sequence[str]) -> None:
    """Count models, and write what is found: see the package."""
    data, document, *chosen = arguments
    path = Path(data)
    stopped = path.with_name(f".{path.name}")  # the rows of a run that was stopped
    rows = read_rows(path if chosen else stopped)
    for model in chosen:
        rows.pop(model, None)
    missing = tasks(rows, chosen or models())
    for count, (model, fields) in enumerate(answers(make, missing, SECONDS, WORKERS), 1):
        rows[model] = rows.get(model, Row(model))._replace(**fields)
        write_rows(path if chosen else stopped, rows.values())
        print(f"{count}/{len(missing)} {model}: {str(fields)[:120]}", file=sys.stderr)  # noqa: T201
    write_rows(path, rows.values())
    stopped.unlink(missing_ok=True)
    write(document, page(list(read_rows(path).values())))
