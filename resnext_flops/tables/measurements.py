"""What was measured, as tables: times and the roofline, memory, Section 5.1 of the paper, published throughput."""

from collections.abc import Mapping
from fractions import Fraction

from resnext_flops.complexity.figures import figure_name
from resnext_flops.complexity.layers import is_symbolic
from resnext_flops.complexity.memory import Memory
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.names import network
from resnext_flops.complexity.network import Network
from resnext_flops.errors import InputError
from resnext_flops.machine.measure import Measured, Measurement
from resnext_flops.machine.throughput import Correlations
from resnext_flops.machine.timing import Spread
from resnext_flops.proof.published import published
from resnext_flops.show.render import short
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.sentences import MEANING

SHOWN = 5  # names that a note tells before it only counts them


def times(measurement: Measurement) -> Table:
    """The latency of each model and batch size with its interval, and where it stands under the machine's roofline."""
    settings, machine = measurement.settings, measurement.machine
    what = f"One training step with {settings.optimizer}" if settings.training else "One forward pass"
    return Table(
        id="measure",
        title=f"{what} on {machine.name} in {settings.dtype}",
        source="",
        columns=(
            Column("model", "model"),
            Column("batch", "batch"),
            Column("milliseconds", "ms"),
            Column("uncertainty_percent", "±"),
            Column("ratio", "ratio to\nthe first"),
            Column("ratio_uncertainty_percent", "±", rank=1),
            Column("examples_per_second", "examples\na second", rank=4),
            Column("macs", "multiply-adds", rank=7),
            Column("flops_per_second", "FLOP/s", rank=2),
            Column("peak_percent", "of the\npeak", rank=3),
            Column("intensity", "FLOPs\na byte", rank=5),
            Column("roofline_percent", "of the\nroofline", rank=6),
            Column("turns", "turns", rank=8),
        ),
        rows=[_time_row(run, measurement) for run in measurement.models],
        notes=_how(measurement),
    )


def _time_row(run: Measured, measurement: Measurement) -> dict[str, Cell]:
    row: dict[str, Cell] = {"model": repr(run.network), "batch": run.batch}
    training = measurement.settings.training
    row["macs"] = run.batch * _macs(run.network, training=training)
    row["intensity"] = None if run.intensity is None else float(run.intensity)
    achieved, attainable = run.achieved(), run.attainable(measurement.machine)
    if run.seconds is None or achieved is None:
        return row
    return row | {
        "milliseconds": 1000 * run.seconds.median,
        "uncertainty_percent": Fraction(run.seconds.uncertainty),
        **_ratio(run.ratio),
        "examples_per_second": run.batch / run.seconds.median,
        "flops_per_second": round(achieved),
        "peak_percent": Fraction(achieved / measurement.machine.flops_per_second),
        "roofline_percent": Fraction(achieved / attainable) if attainable else None,
        "turns": run.seconds.values,
    }


def _macs(model: Model, *, training: bool) -> int:
    """Multiply-adds of one example: of a forward pass, or of a training step."""
    return model.training_macs if training else model.cost().macs


def _ratio(ratio: Spread | None) -> dict[str, Cell]:
    if ratio is None:
        return {}
    return {"ratio": ratio.median, "ratio_uncertainty_percent": Fraction(ratio.uncertainty)}


def _how(measurement: Measurement) -> tuple[str, ...]:
    settings, machine = measurement.settings, measurement.machine
    known = [run.seconds.confidence for run in measurement.models if run.seconds]
    lowest = f"{100 * min(known):.1f}" if known else "95"
    layout = "channels last" if settings.channels_last else "contiguous"
    threads = f"{machine.threads} threads, " if machine.name == "cpu" else ""
    compiled = ", compiled" if settings.compile else ""
    counted = "two a multiply-add" if settings.convention == "paper" else "of its own unit"
    return (
        "Medians of models that took turns; ± is half of the interval that holds the median with a confidence of at "
        f"least {lowest} percent, ratios turn by turn. {threads}{layout}{compiled}, torch {machine.torch}.",
        f"FLOPs are those of the convention {settings.convention!r}, {counted}. The peak is what a matrix "
        f"multiplication reached here, {short(round(machine.flops_per_second))} FLOP/s; a copy moved "
        f"{short(round(machine.bytes_per_second))} bytes a second. The roofline is the lower of the peak and of FLOPs "
        "a byte times the copy, where each layer reads its inputs and learned tensors once and writes its output once.",
        *_lower_bounds(measurement),
    )


def _lower_bounds(measurement: Measurement) -> list[str]:
    """Which models have operators without a rule."""
    bounds = dict.fromkeys(repr(run.network) for run in measurement.models if run.network.cost().lower_bound)
    return [f"{', '.join(bounds)}: operators without a rule, so multiply-adds are a lower bound."] if bounds else []


def memory(measurement: Measurement) -> Table:
    """The exact bytes of each model's tensors, held against what torch saved and what CUDA's allocator held."""
    training = measurement.settings.training
    columns = [
        Column("model", "model"),
        Column("batch", "batch"),
        Column("weights", "weights"),
        Column("buffers", "buffers", rank=4),
    ]
    if training:
        columns += [
            Column("gradients", "gradients", rank=1),
            Column("state", "optimizer", rank=1),
            Column("activations", "kept for\nbackward"),
            Column("saved", "as torch\nsaves", rank=2),
            Column("agrees", "agree", rank=3),
        ]
    else:
        columns.append(Column("live", "alive\nat once"))
    columns.append(Column("total", "in all"))
    if any(run.peak is not None for run in measurement.models):
        columns.append(Column("peak", "CUDA's\npeak"))
    note = (
        "Buffers are those of batch norm. What is kept for the backward pass are inputs, outputs and indices of "
        "layers, each storage once; torch's own are counted with torch.autograd.graph.saved_tensors_hooks, layer by "
        "layer."
        if training
        else "Alive at once is the largest set of tensors that exist together, with the input; the workspace of "
        "operators is not counted."
    )
    return Table(
        id="memory",
        title=f"Bytes in {measurement.settings.dtype}, exactly",
        source="",
        columns=columns,
        rows=[_memory_row(run, run.memory, training=training) for run in measurement.models if run.memory],
        notes=(note, *_disagreements(measurement), *_without_memory(measurement)),
    )


def _memory_row(run: Measured, found: Memory, *, training: bool) -> dict[str, Cell]:
    row: dict[str, Cell] = {"model": repr(run.network), "batch": run.batch}
    row |= {"weights": found.weights, "buffers": found.buffers, "gradients": found.gradients, "state": found.state}
    row |= {"activations": found.activations, "live": found.live, "peak": run.peak}
    row["total"] = found.training if training else found.inference
    if run.saved is not None:
        row |= {"saved": sum(run.saved.values()), "agrees": run.saved == found.kept}
    return row


def _without_memory(measurement: Measurement) -> list[str]:
    """Which models have no memory reading."""
    names = dict.fromkeys(repr(run.network) for run in measurement.models if run.memory is None)
    return [f"Not told for {', '.join(names)}, which did not run without timing it."] if names else []


def _disagreements(measurement: Measurement) -> list[str]:
    """Where torch saved something else, by kind of layer."""
    sentences = []
    for run in measurement.models:
        saved = run.saved
        if saved is None or run.memory is None or saved == run.memory.kept:
            continue
        kinds: dict[str, int] = {}
        known = {entry.path: entry.kind for entry in run.network.cost()}
        for path in {**saved, **run.memory.kept}:
            kind = known.get(path, "outside the layers")
            kinds[kind] = kinds.get(kind, 0) + saved.get(path, 0) - run.memory.kept.get(path, 0)
        parts = ", ".join(f"{kind} {bytes_:+,}" for kind, bytes_ in kinds.items() if bytes_)
        sentences.append(f"torch saved otherwise in {run.network!r} with a batch of {run.batch}: {parts} bytes.")
    return sentences


def parts(found: Memory) -> Table:
    """The exact bytes of one network's tensors, by what they are for.

    >>> import resnext_flops as rf
    >>> [row["bytes"] for row in parts(rf.resnet(50).memory()).rows][:2] == [4 * rf.resnet(50).cost().params] * 2
    True
    """
    rows = {
        "learned tensors": found.weights,
        "gradients": found.gradients,
        f"state of {found.optimizer}": found.state,
        "buffers of batch norm": found.buffers,
        "kept for the backward pass": found.activations,
        "training, in all": found.training,
        "alive at once without gradients": found.live,
        "inference, in all": found.inference,
        "moved in a forward pass": found.moved,
        "moved in a training step": found.moved_in_training,
    }
    return Table(
        id="memory",
        title=f"Bytes of the tensors for a batch of {found.batch} in {found.dtype}, with {found.optimizer}",
        source="",
        columns=(Column("part", "part"), Column("bytes", "bytes")),
        rows=[{"part": part, "bytes": str(figure) if is_symbolic(figure) else figure} for part, figure in rows.items()],
        notes=(
            "In training there are learned tensors, gradients, state, buffers and what is kept; at inference learned "
            "tensors, buffers and what is alive at once. The workspace of operators is not counted.",
        ),
    )


def one(found: Measured) -> Table:
    """One model at one batch size: its latency, and the exact work behind it."""
    seconds = found.seconds
    rows: dict[str, Cell] = {
        "milliseconds, the median": 1000 * seconds.median if seconds else None,
        "uncertainty of the median": Fraction(seconds.uncertainty) if seconds else None,
        "ratio to the first model": found.ratio.median if found.ratio else None,
        "FLOPs of the batch": found.flops,
        "bytes moved": found.moved,
        "FLOP/s": round(found.flops / seconds.median) if seconds else None,
    }
    return Table(
        id="measured",
        title=f"{found.network!r} with a batch of {found.batch}",
        source="",
        columns=(Column("what", ""), Column("figure", "figure")),
        rows=[{"what": what, "figure": figure} for what, figure in rows.items()],
        notes=(found.failure,) if found.failure else (),
    )


def paper_networks() -> dict[Network, Mapping[str, Cell]]:
    """The networks of the paper's Section 5.1 with its printed rows, ResNet-101 first: ratios are to it."""
    rows = {network(row["network"]): row for row in published("resnext")["performance"]["rows"]}
    return dict(sorted(rows.items(), key=lambda item: item[0].architecture.name != "resnet"))


def section_5_1(measurement: Measurement) -> Table:
    """The paper's seconds on 8 M40 as ratios to ResNet-101, beside the ratios of exact cost and of this machine.

    Raises InputError where ResNet-101 is not the first that was measured.
    """
    data, printed = published("resnext")["performance"], paper_networks()
    first = next(iter(printed))
    if not measurement.models or measurement.models[0].network != first:
        raise InputError(f"Section 5.1 is told as ratios to {first!r}, so that has to be measured first")
    by_name = {repr(network): row for network, row in printed.items()}
    rows: list[dict[str, Cell]] = []
    for run in measurement.models:
        row = by_name[repr(run.network)]
        ratio = {"macs_ratio": _macs(run.network, training=True) / _macs(first, training=True)}
        ratio["paper_ratio"] = float(Fraction(str(row["seconds"])) / Fraction(str(printed[first]["seconds"])))
        rows.append(
            {"model": row["model"], "setting": row["setting"], "batch": run.batch, "seconds_printed": row["seconds"]}
            | ratio
            | ({"seconds": run.seconds.median} if run.seconds else {})
            | _ratio(run.ratio)
        )
    return Table(
        id="section-5.1",
        title="Section 5.1: the time of a training step against ResNet-101, in the paper and here",
        source=data["source"],
        columns=(
            Column("model", "model"),
            Column("setting", "setting"),
            Column("batch", "batch\nhere", rank=2),
            Column("seconds_printed", "seconds\nprinted", rank=1),
            Column("paper_ratio", "paper's\nratio"),
            Column("macs_ratio", "ratio of\nmult-adds"),
            Column("seconds", "seconds\nhere", rank=1),
            Column("ratio", "ratio\nhere"),
            Column("ratio_uncertainty_percent", "±"),
        ),
        rows=rows,
        notes=(
            f"The paper's seconds are those of a mini-batch of {data['mini_batch']} on {data['gpus']} M40. "
            "Multiply-adds are those of training (forward, and the gradients of weights and inputs).",
        ),
    )


def correlations(found: Correlations, file: str) -> Table:
    """Spearman's rank correlation of published throughput with each exact figure, by family."""
    rows: list[dict[str, Cell]] = [
        {"family": family.family, "networks": family.networks, **family.figures} for family in found.families
    ]
    notes = [
        "Spearman's rank correlation with the throughput: -1 where a figure puts the networks in the order of their "
        "time.",
        MEANING,
    ]
    if found.best:
        strongest = figure_name(found.best)
        notes.append(f"Over all networks, {strongest} order them best.")
    if found.undescribed:
        notes.append(f"Not described, and set aside: {_names(found.undescribed)}.")
    if found.different:
        notes.append(
            f"Of other parameters than the described network of that name, and set aside: {_names(found.different)}."
        )
    return Table(
        id="published",
        title=f"Published throughput ({found.column}) of {file} against exact cost",
        source="",
        columns=(
            Column("family", "family"),
            Column("networks", "networks"),
            Column("macs", "multiply-adds"),
            Column("params", "params"),
            Column("activations", "activations"),
        ),
        rows=rows,
        notes=notes,
    )


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
