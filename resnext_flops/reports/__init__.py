"""Reports: markdown, one self-contained HTML file, or LaTeX, from the same content and with the same bytes each time.

`paper.py` and `comparison.py` say what is in a report, `rendering.py` and the templates how it looks in each form, and
`directory.py` how it is put into its place: whole or not at all, and over nothing but a report of ours. What changes
without the project (versions, device, date) is in `provenance.json` and not in the text. `zoo_audit.py` writes
`docs/audit.md`. The room uses plots and tables and what is below them; only commands use it.
"""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from resnext_flops.complexity.model import Model
from resnext_flops.counters.lookup import Given, model
from resnext_flops.errors import InputError, checked, unknown
from resnext_flops.proof.rungs import Proof
from resnext_flops.tables.sentences import Prove

if TYPE_CHECKING:
    from resnext_flops.reports.content import Report

FORMS = ("markdown", "html", "latex")
PAPER = "paper"


class _Unversioned:
    """Proves networks, and keeps apart from each proof where and with what it was made, which no text may name."""

    def __init__(self, prove: Prove) -> None:
        self.prove = prove
        self.proofs: dict[Model, Proof] = {}

    def __call__(self, network: Model) -> Proof:
        """The proof of a network, made once, without its device and versions."""
        if network not in self.proofs:
            self.proofs[network] = self.prove(network)
        return self.proofs[network]._replace(device="", versions={})

    @property
    def devices(self) -> list[str]:
        """Where the proofs were made."""
        return sorted({proof.device for proof in self.proofs.values()})


@checked
def report(
    *models: Given,
    output: str | Path,
    form: str = "markdown",
    prove: Prove | None = None,
    force: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write the report of the paper, or of some models, to a directory of its own.

    models: names as on the command line, or described networks; none, or `paper`, is the ResNeXt paper.
    output: the directory; it is made, and it may be there if it is empty.
    form: `markdown`, `html` or `latex`.
    prove: what builds a described network and compares it with the real model, such as `rf.verify`.
    force: replace a report that is in the directory. Other files are never replaced.
    tell: is told what is worked on.

    Raises InputError for a model that cannot be counted, and for a directory that cannot be written or holds something
    else. A report that fails leaves the directory as it was.

    >>> import resnext_flops as rf, tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     found = rf.report(rf.resnet_cifar(20), output=f"{place}/report")
    ...     (found / "report.md").read_text().splitlines()[0]
    '# What resnet_cifar(20) costs'
    """
    from resnext_flops.reports import provenance, rendering
    from resnext_flops.reports.directory import place, replacing

    recorder = _Unversioned(prove) if prove else None
    with replacing(place(output), force) as aside:
        content = _content(models, form, recorder, tell)
        tell("the pictures")
        rendering.write(content, form, aside)
        provenance.write(aside, _command(models, form, proven=prove is not None), recorder.devices if recorder else [])
    return Path(output)


@checked
def stale(
    *models: Given,
    output: str | Path,
    form: str = "markdown",
    prove: Prove | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> str:
    """What differs between a report in a directory and the one that would be written now; empty if nothing does.

    Texts and figures are compared, pictures and provenance.json are not. The arguments are those of `report`.

    Raises InputError if the directory holds no report.
    """
    from resnext_flops.reports import directory, rendering

    there = directory.place(output)
    if not directory.is_report(there):
        raise InputError(f"{str(output)!r} holds no report to compare with; write one first, without --fail-if-stale")
    content = _content(models, form, _Unversioned(prove) if prove else None, tell)
    return rendering.difference(content, form, there)


def steps(models: Sequence[Given]) -> int:
    """How often `report` tells what it works on: each table of the paper's, or each model, and what every report has.

    >>> steps(["resnet18", "resnet34"])
    3
    """
    from resnext_flops.reports.paper import LATER
    from resnext_flops.tables.registry import tables

    of_paper = len({*tables()} - {*LATER}) + len(("the template", "the conventions"))
    pictures = 1
    return pictures + (of_paper if not models or list(models) == [PAPER] else len(models))


def written(output: str | Path, form: str) -> str:
    """What `report` has written, and how it is opened.

    >>> written("out", "latex")
    "'out/report.tex' and what belongs to it; `cd out && pdflatex report.tex`, run three times, makes a PDF"
    """
    from resnext_flops.reports.rendering import TEXT

    file = Path(output) / TEXT[form]
    how = {
        "html": f"open {file.absolute().as_uri()} in a browser",
        "markdown": "it is markdown with pictures, which an editor's preview shows",
        "latex": f"`cd {shlex.quote(str(output))} && pdflatex {file.name}`, run three times, makes a PDF",
    }
    return f"{str(file)!r} and what belongs to it; {how[form]}"


def _content(models: Sequence[Given], form: str, prove: Prove | None, tell: Callable[[str], None]) -> "Report":
    from resnext_flops.reports.comparison import comparison
    from resnext_flops.reports.paper import paper_report

    if form not in FORMS:
        raise unknown("format of a report", form, FORMS)
    command = _command(models, form, proven=prove is not None)
    if not models or list(models) == [PAPER]:
        return paper_report(command, prove, tell)
    if PAPER in models:
        raise InputError("'paper' is a report of its own; give it alone, or models without it")
    return comparison(models, command, prove, tell)


def _command(models: Sequence[Given], form: str, *, proven: bool) -> str:
    names = [each if isinstance(each, str) else model(each).name for each in models] or [PAPER]
    options = [*(["--format", form] if form != FORMS[0] else []), *(["--prove"] if proven else [])]
    return shlex.join(["resnext-flops", "report", "--of", *names, *options, "--output", "DIR"])
