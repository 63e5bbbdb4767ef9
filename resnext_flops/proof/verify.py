"""The ladder of proof: a network's ledger is held against the real, built model, its peers and its paper.

* `layers`: fvcore's count of each layer equals the ledger's entry of the same path, and its total the ledger's by
  fvcore's rules.
* `tensors`: every learned tensor has the name and shape that the ledger says.
* `forward`: the model maps an input of the stated shape to finite numbers of the stated shape.
* `reference`: an independent implementation has the same tensors and, with those tensors, the same outputs. A network
  that neither torchvision nor timm has is never said to be proven.
* `formulas`: the formulas of the network in its sizes are those interpolated from the reference's constructor,
  coefficient by coefficient.
* `printed`: the figures that a paper prints for the network are met to their last digit, rounded or truncated; where
  one cannot be, the explanation is given.

The first, second and the last two are equalities of integers.

A network with auxiliary heads climbs `layers` and `forward` in training mode too, where its heads run.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.entries import tensors
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.network import Network
from resnext_flops.counters.lookup import Given, described_network
from resnext_flops.errors import InputError, checked, one_line, unknown
from resnext_flops.proof.rungs import NO_REFERENCE, Proof, Rung

if TYPE_CHECKING:
    import torch
    from torch import nn

    from resnext_flops.proof.published import Agreement, Figure

# The batch in training mode, where batch norm cannot take one example of one pixel.
TRAINING_BATCH = 2

DEVICES = ("auto", "cpu", "cuda")
# What is compared on the built model alone, and the whole ladder.
MODEL_RUNGS = ("layers", "tensors", "forward")
RUNGS = (*MODEL_RUNGS, "reference", "formulas", "printed")
# What a network with auxiliary heads climbs in training mode besides.
IN_TRAINING = {"layers": "layers in training", "forward": "forward in training"}


@checked
def verify(model: Given, device: str = "auto", rungs: Sequence[str] = RUNGS) -> Proof:
    """Build a network on a device and hold its ledger against the real model, its reference and its paper.

    model: a described network, or what stands for one.
    device: `auto` takes CUDA when there is one and the CPU otherwise.
    rungs: which comparisons are made, of `layers`, `tensors`, `forward`, `reference`, `formulas` and `printed`.

    Raises InputError for a real module, an unknown device or rung, or for `cuda` where there is none.

    >>> import resnext_flops as rf
    >>> proof = rf.verify(rf.resnext(50, cardinality=32, width=4, resolution=64), device="cpu")
    >>> proof.holds, proof.layers
    (True, 54)
    """
    for name in rungs:
        if name not in RUNGS:
            raise unknown("rung", name, RUNGS)
    from resnext_flops.proof.references import reference

    place, network = choose_device(device), described_network(model)
    found, figures = _model_rungs(network, place)
    for name in ("reference", "formulas"):
        if name in rungs:
            found[name] = reference_rung(network, name)
    if "printed" in rungs:
        found["printed"] = compare_printed(network)
    made = [found[each] for name in rungs for each in (name, IN_TRAINING.get(name)) if each in found]
    alone = reference(network) is None
    return Proof(repr(network), device_name(place), _versions(), *figures, tuple(made), alone)


def _model_rungs(network: Network, place: "torch.device") -> tuple[dict[str, Rung], tuple[int, int, int]]:
    """The rungs of the built model, and its parameters, fvcore's multiply-adds and fvcore's total."""
    import torch

    from resnext_flops.counters import fvcore_count

    ledger = network.cost()
    model = network.to_torch(place).eval()
    try:
        inputs = torch.randn(1, *ledger.input, generator=torch.Generator().manual_seed(0)).to(place)
        counted = fvcore_count.count_with_fvcore(model, inputs)
    except (TypeError, RuntimeError) as error:  # too large for 64 bits, or for the memory
        raise InputError(f"{network!r} does not run on {place}: {one_line(error)}") from error
    found = {
        "layers": compare_layers(ledger, counted.multiply_adds, counted.total),
        "tensors": compare_tensors(ledger, model),
        "forward": compare_forward(ledger, counted.output, 1),
    }
    if any(entry.training_only for entry in ledger):
        found |= training_rungs(ledger, model, inputs)
    params = sum(parameter.numel() for parameter in model.parameters())
    return found, (params, sum(counted.multiply_adds.values()), counted.total)


def reference_rung(network: Network, name: str) -> Rung:
    """The rung `reference` or `formulas`, which need an independent implementation."""
    from importlib.util import find_spec

    from resnext_flops.proof.references import reference
    from resnext_flops.proof.references.coefficients import compare_formulas
    from resnext_flops.proof.references.compare import compare_reference

    other = reference(network)
    if other is None:
        return Rung(name, 0, missing=NO_REFERENCE)
    if find_spec(other.package) is None:
        return Rung(name, 0, missing=f"{other.package} is not installed; install resnext-flops[zoo]")
    return compare_reference(network, other) if name == "reference" else compare_formulas(network, other)


def compare_printed(network: Network) -> Rung:
    """The figures that papers print for a network, each held to its last printed digit; `~` allows five percent.

    >>> import resnext_flops as rf
    >>> print(compare_printed(rf.resnet(34, shortcut="A")))
    printed: 1 compared with 3.6 G macs (met) in He et al., arXiv:1512.03385, Table 1, equal
    """
    from resnext_flops.complexity.names import network as by_name
    from resnext_flops.proof.published import figures

    ledger = network.cost()
    own = f"{network.architecture.name}("
    calls = {
        call for call in {figure.network for figure in figures()} if call.startswith(own) and by_name(call) == network
    }
    printed = [figure for figure in figures() if figure.network in calls]
    if not printed:
        return Rung("printed", 0, missing="no paper at hand prints a figure for it")
    held = [(figure, figure.hold(ledger)) for figure in printed]
    against = "; ".join(
        f"{', '.join(_said(figure, result) for figure, result in group)} in {source}"
        for source, group in groupby(held, key=lambda each: each[0].source)
    )
    wrong = tuple(f"{figure} {result}" for figure, result in held if not figure.allows(result))
    explained = sum(bool(figure.explanation) for figure in printed)
    return Rung("printed", len(printed), wrong, against, explained=explained)


def _said(figure: "Figure", result: "Agreement") -> str:
    return f"{figure} ({result}{f': {figure.explanation}' if figure.explanation else ''})"


def device_name(place: "torch.device") -> str:
    """What a device is called: the name of a GPU, or `cpu`."""
    import torch

    return torch.cuda.get_device_name(place) if place.type == "cuda" else place.type


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "fvcore")}


def training_rungs(ledger: Ledger, model: "nn.Module", inputs: "torch.Tensor") -> dict[str, Rung]:
    """The rungs `layers` and `forward` with the model in training mode, on a batch made of one example."""
    from resnext_flops.counters import fvcore_count

    batch = inputs.repeat(TRAINING_BATCH, 1, 1, 1)
    counted = fvcore_count.count_with_fvcore(model.train(), batch)
    rungs = (
        compare_layers(ledger, counted.multiply_adds, counted.total, training=True),
        compare_forward(ledger, counted.output, TRAINING_BATCH, training=True),
    )
    return {IN_TRAINING[rung.name]: rung._replace(name=IN_TRAINING[rung.name]) for rung in rungs}


def choose_device(device: str) -> "torch.device":
    """The torch device of an option. Raises InputError where it does not exist."""
    import torch

    if device not in DEVICES:
        raise unknown("device", device, DEVICES)
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("device 'cuda' is not available on this machine; use 'cpu' or 'auto'")
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")


def compare_layers(ledger: Ledger, counted: dict[str, int], total: int, *, training: bool = False) -> Rung:
    """Each layer's multiply-adds against fvcore's count of the module of the same path, and the totals."""
    described = {entry.path: entry.macs for entry in ledger if entry.macs and (training or not entry.training_only)}
    differences = _differences(described, counted, "multiply-adds")
    by_rules = ledger.total("fvcore-training" if training else "fvcore")
    if total != by_rules:
        differences.append(f"fvcore's total is {total:,} and the ledger's by its rules {by_rules:,}")
    return Rung("layers", len(described), tuple(differences), "fvcore")


def compare_tensors(ledger: Ledger, model: "nn.Module") -> Rung:
    """Each learned tensor's name and shape against the ledger's, and their elements against its parameters."""
    described = {name: shape for entry in ledger for name, shape in tensors(entry).items()}
    real = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    differences = _differences(described, real, "shape")
    elements = sum(parameter.numel() for parameter in model.parameters())
    if elements != ledger.params:
        differences.append(f"the model has {elements:,} parameters and the ledger {ledger.params:,}")
    return Rung("tensors", len(described), tuple(differences), "the model")


def compare_forward(ledger: Ledger, result: Any, batch: int, *, training: bool = False) -> Rung:
    """What one forward pass put out: its shape against the ledger's, and every number finite.

    In training mode the outputs of auxiliary heads, in order, are compared as well.
    """
    import torch

    outputs = result if isinstance(result, tuple) else (result,)
    heads = [entry.inputs[1] for entry in ledger if entry.kind == "auxiliary head"] if training else []
    expected = [(batch, *shape) for shape in (ledger.entries[-1].output, *heads)]
    shapes = [tuple(output.shape) for output in outputs]
    differences = []
    if shapes != expected:
        differences.append(f"the output has the shape {', '.join(map(str, shapes))}")
    if not all(bool(torch.isfinite(output).all()) for output in outputs):
        differences.append("the output has numbers that are not finite")
    return Rung("forward", sum(output.numel() for output in outputs), tuple(differences), "finite numbers")


def _differences(described: Mapping[str, object], real: Mapping[str, object], what: str) -> list[str]:
    names = [*described, *(name for name in real if name not in described)]
    return [
        f"{name} has {what} {described.get(name, 'none')} in the ledger and {real.get(name, 'none')} in the model"
        for name in names
        if described.get(name) != real.get(name)
    ]
