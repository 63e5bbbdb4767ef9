"""The proof that a network's ledger is true: it is held against the real, built model.

Rung `layers`: fvcore's count of each layer equals the ledger's entry of the same path, and the total by fvcore's rules
equals the ledger's. Rung `tensors`: every learned tensor has the name and shape that the ledger says. Rung `forward`:
the model maps an input of the stated shape to finite numbers of the stated shape. All are equalities of integers.

A network with auxiliary heads climbs `layers` and `forward` in training mode too, where its heads run.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from resnext_flops.complexity.ledger import Entry, Ledger
from resnext_flops.errors import InputError, unknown
from resnext_flops.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

# The batch in training mode, where batch norm cannot take one example of one pixel.
TRAINING_BATCH = 2

DEVICES = ("auto", "cpu", "cuda")


class Rung(NamedTuple):
    """One comparison: how many things were compared, and the first few differences as sentences."""

    name: str
    compared: int
    differences: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether something was compared and nothing differs."""
        return self.compared > 0 and not self.differences


class Proof(NamedTuple):
    """The rungs for one network, with fvcore's own figures (for one example, evaluation mode)."""

    network: str
    device: str
    versions: dict[str, str]
    params: int
    fvcore_macs: int
    fvcore_total: int
    rungs: tuple[Rung, ...]

    @property
    def holds(self) -> bool:
        """Whether every rung holds."""
        return all(rung.holds for rung in self.rungs)

    @property
    def layers(self) -> int:
        """How many layers were compared with fvcore."""
        return self.rungs[0].compared

    @property
    def tensors(self) -> int:
        """How many learned tensors were compared."""
        return self.rungs[1].compared

    def __str__(self) -> str:
        lines = [f"{self.network} on {self.device}: {'proven' if self.holds else 'NOT PROVEN'}"]
        for rung in self.rungs:
            mark = "equal" if rung.holds else "; ".join(rung.differences) or "nothing to compare"
            lines.append(f"  {rung.name}: {rung.compared} compared, {mark}")
        return "\n".join(lines)


def verify(network: Network, device: str = "auto") -> Proof:
    """Build a network on a device and hold its ledger against the real model.

    device: `auto` takes CUDA when there is one and the CPU otherwise.

    Raises InputError for an unknown device, or for `cuda` where there is none.

    >>> import resnext_flops as rf
    >>> proof = rf.verify(rf.resnext(50, cardinality=32, width=4, resolution=64), device="cpu")
    >>> proof.holds, proof.layers
    (True, 54)
    """
    from importlib.metadata import version

    import torch

    from resnext_flops.complexity.counters import fvcore_counter

    place = choose_device(device)
    ledger = network.cost()
    model = network.to_torch(place).eval()
    inputs = torch.randn(1, *ledger.input, generator=torch.Generator().manual_seed(0)).to(place)
    counted = fvcore_counter.count(model, inputs)
    return Proof(
        network=repr(network),
        device=torch.cuda.get_device_name(place) if place.type == "cuda" else place.type,
        versions={name: version(name) for name in ("torch", "fvcore")},
        params=sum(parameter.numel() for parameter in model.parameters()),
        fvcore_macs=sum(counted.multiply_adds.values()),
        fvcore_total=counted.total,
        rungs=(
            compare_layers(ledger, counted.multiply_adds, counted.total),
            compare_tensors(ledger, model),
            compare_forward(ledger, model, inputs),
            *(training_rungs(ledger, model, inputs) if any(entry.training_only for entry in ledger) else ()),
        ),
    )


def training_rungs(ledger: Ledger, model: "nn.Module", inputs: "torch.Tensor") -> tuple[Rung, Rung]:
    """The rungs `layers` and `forward` with the model in training mode, on a batch made of one example."""
    from resnext_flops.complexity.counters import fvcore_counter

    batch = inputs.repeat(TRAINING_BATCH, 1, 1, 1)
    counted = fvcore_counter.count(model.train(), batch)
    layers = compare_layers(ledger, counted.multiply_adds, counted.total, training=True)
    forward = compare_forward(ledger, model, batch)
    return layers._replace(name="layers in training"), forward._replace(name="forward in training")


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
    return Rung("layers", len(described), tuple(differences))


def compare_tensors(ledger: Ledger, model: "nn.Module") -> Rung:
    """Each learned tensor's name and shape against the ledger's, and their elements against its parameters."""
    described = {name: shape for entry in ledger for name, shape in tensors(entry).items()}
    real = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    differences = _differences(described, real, "shape")
    elements = sum(parameter.numel() for parameter in model.parameters())
    if elements != ledger.params:
        differences.append(f"the model has {elements:,} parameters and the ledger {ledger.params:,}")
    return Rung("tensors", len(described), tuple(differences))


def tensors(entry: Entry) -> dict[str, tuple[int, ...]]:
    """The learned tensors of one layer by name, with their shapes.

    >>> tensors(Entry("conv1", "conv", ((128, 56, 56),), (128, 56, 56), kernel=(3, 3), groups=32, weights=4608))
    {'conv1.weight': (128, 4, 3, 3)}
    """
    inputs, outputs = entry.inputs[0][0], entry.output[0]
    shapes: dict[str, tuple[int, ...]] = {}
    if entry.weights:
        shapes[f"{entry.path}.weight"] = (outputs, inputs // entry.groups, *entry.kernel)
    if entry.biases:
        shapes[f"{entry.path}.bias"] = (outputs,)
    if entry.kind == "batch norm":
        shapes = {f"{entry.path}.weight": (outputs,), f"{entry.path}.bias": (outputs,)}
    return shapes


def compare_forward(ledger: Ledger, model: "nn.Module", inputs: "torch.Tensor") -> Rung:
    """The output of one forward pass: its shape against the ledger's, and every number finite.

    In training mode the outputs of auxiliary heads, in order, are compared as well.
    """
    import torch

    with torch.no_grad():
        result = model(inputs)
    outputs = result if isinstance(result, tuple) else (result,)
    heads = [entry.inputs[1] for entry in ledger if entry.kind == "auxiliary head"] if model.training else []
    expected = [(len(inputs), *shape) for shape in (ledger.entries[-1].output, *heads)]
    shapes = [tuple(output.shape) for output in outputs]
    differences = []
    if shapes != expected:
        differences.append(f"the output has the shape {', '.join(map(str, shapes))}")
    if not all(bool(torch.isfinite(output).all()) for output in outputs):
        differences.append("the output has numbers that are not finite")
    return Rung("forward", sum(output.numel() for output in outputs), tuple(differences))


def _differences(described: Mapping[str, object], real: Mapping[str, object], what: str) -> list[str]:
    names = [*described, *(name for name in real if name not in described)]
    return [
        f"{name} has {what} {described.get(name, 'none')} in the ledger and {real.get(name, 'none')} in the model"
        for name in names
        if described.get(name) != real.get(name)
    ]
