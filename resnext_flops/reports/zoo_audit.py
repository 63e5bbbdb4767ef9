"""Every installed counter against our predictions on a list of models, as one table of markdown: `make audit`.

`python -m resnext_flops.reports.zoo_audit FILE [MODEL]...` audits the named models, or the list below, and writes the
file. Two models are audited at a time, each in a process of its own.
"""

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from resnext_flops.counters.audit import Finding
from resnext_flops.files import write
from resnext_flops.show.render import to_markdown
from resnext_flops.show.table import Cell, Column, Table

# Convolutional networks first, each with something that counters disagree about: groups, biases, branches, auxiliary
# heads, depthwise convolutions, squeeze and excitation; then attention and multi-layer perceptrons.
MODELS = (
    "torchvision:resnet50",
    "torchvision:resnext50_32x4d",
    "torchvision:vgg11_bn",
    "torchvision:googlenet",
    "torchvision:mobilenet_v2",
    "torchvision:mobilenet_v3_small",
    "torchvision:densenet121",
    "torchvision:squeezenet1_1",
    "torchvision:shufflenet_v2_x1_0",
    "torchvision:regnet_y_400mf",
    "torchvision:efficientnet_b0",
    "torchvision:convnext_tiny",
    "torchvision:swin_t",
    "torchvision:vit_b_16",
    "timm:resmlp_12_224",
)
HEADING = """# What the counters answer, and what we predict

Each counter runs in a process of its own, in evaluation mode on a CPU, on one example of the model's usual input;
`make audit` writes this file. What a counter counts is in `resnext-flops conventions`; how our multiply-adds become
its figure is in `resnext-flops audit MODEL`. What they would answer for every model of torchvision and timm is in
[Every model, every convention](predictions.md).
"""


def findings(model: str) -> list[Finding]:
    """The findings of the counters that are installed. Raises InputError for a model that does not exist."""
    from resnext_flops.counters.audit import audit

    return [finding for finding in audit(model).findings if finding.version]


def table(found: Sequence[tuple[str, Finding]]) -> Table:
    """The findings of models as a table, and how many of the answers are the prediction."""
    answers = [finding for _, finding in found if finding.answer is not None]
    equal = sum(not finding.residue for finding in answers)
    cells: list[dict[str, Cell]] = [
        {
            "model": model,
            "counter": f"{finding.counter} {finding.version}",
            "unit": finding.unit,
            "predicted": finding.predicted,
            "answer": finding.answer,
            "difference": finding.residue,
            "remark": finding.error or finding.explanation,
        }
        for model, finding in found
    ]
    columns = [
        Column("model", "model"),
        Column("counter", "counter"),
        Column("unit", "unit"),
        Column("predicted", "predicted"),
        Column("answer", "its answer"),
        Column("difference", "difference"),
        Column("remark", "remark"),
    ]
    note = (
        f"{equal} of {len(answers)} answers are the prediction, to the last digit; {len(found) - len(answers)} failed."
    )
    return Table("zoo-audit", "Predictions and answers", "", columns, cells, (note,))


def main(arguments: Sequence[str]) -> None:
    """Audit models and write the table."""
    path, models = Path(arguments[0]), arguments[1:] or MODELS
    rows: list[tuple[str, Finding]] = []
    # Torch's threads do not survive a fork.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as workers:
        for model, found in zip(models, workers.map(findings, models), strict=True):
            print(f"{model}: {len(found)} counters", file=sys.stderr)  # noqa: T201
            rows += [(model, finding) for finding in found]
    write(path, f"{HEADING}\n{to_markdown(table(rows))}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
