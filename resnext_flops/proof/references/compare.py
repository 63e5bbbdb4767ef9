"""Rung 3 of the proof: the built model computes what an independent implementation computes, with its tensors.

A freshly initialised network can hide anything, so the reference's batch norms get random scales and shifts and
statistics calibrated on one batch, a network without batch norm gets weights that keep its activations from fading, and
the outputs of two inputs must differ by far more than the tolerance. The outputs of auxiliary heads are compared in
training mode, with dropout switched off, as it would draw other elements in each model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, TypeVar

from resnext_flops.complexity.network import Network
from resnext_flops.proof.rungs import Rung

if TYPE_CHECKING:
    import torch
    from torch import nn

T = TypeVar("T")

# Outputs may differ by this share of the largest of them; two inputs must give outputs this many tolerances apart.
TOLERANCE = 1e-5
CONTRAST = 1000
BATCH = 4


@dataclass(frozen=True)
class Reference:
    """An independent implementation of a network, and the names that our tensors have there.

    `build` makes it, and takes other sizes than the network's own by our names for them, such as K and C.
    `training_outputs` are the places of ours among the outputs that the reference of a network with auxiliary heads
    returns in training mode.
    """

    package: str
    source: str
    build: "Callable[..., nn.Module]"
    rename: Callable[[str], str]
    training_outputs: tuple[int, ...] = ()


def constructor(path: str, classes: int, **settings: Any) -> "Callable[..., nn.Module]":
    """A function of K that calls a constructor, such as `torchvision.models:AlexNet`, which is looked up only then."""
    return partial(_construct, path, settings, K=classes)


def _construct(path: str, settings: Mapping[str, Any], K: int) -> "nn.Module":  # noqa: N803 (the classes)
    model: nn.Module = resolve_name(path)(num_classes=K, **settings)
    return model


def on_cpu(make: Callable[..., T], **settings: Any) -> T:
    """What a function makes with values, also where torch is asked for tensors without memory."""
    import torch

    with torch.device("cpu"):
        return make(**settings)


def batch_norm(eps: float) -> "Callable[..., nn.Module]":
    """torch's batch norm with what it adds to the variance."""
    from torch import nn

    return partial(nn.BatchNorm2d, eps=eps)


def compare_reference(network: Network, other: Reference, seed: int = 0) -> Rung:
    """Hold the built network against a reference: names and shapes of all tensors, then outputs with shared tensors.

    The two models share every tensor, so both together take the memory of one.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        theirs = other.build()
        state = theirs.state_dict()
        ours, different = share(network, other, state)
        if different:
            return Rung("reference", len(state), different, other.source)
        calibrate(theirs, network.cost().input)
        first, second = (torch.randn(BATCH, *network.cost().input) for _ in range(2))
        differences = _output_differences(ours.eval(), theirs.eval(), first[:1], second[:1])
        if other.training_outputs:
            for model in (ours, theirs):
                undropped(model.train())
            in_training = _output_differences(ours, theirs, first, second, other.training_outputs)
            differences += tuple(f"in training {difference}" for difference in in_training)
        return Rung("reference", len(state), differences, other.source)


def share(
    network: Network, other: Reference, state: "Mapping[str, torch.Tensor]"
) -> "tuple[nn.Module, tuple[str, ...]]":
    """The network's model with a reference's tensors in it (not copies), or how their names and shapes differ."""
    model = network.to_torch("meta")
    names = {name: other.rename(name) for name in model.state_dict()}
    different = _tensor_differences({names[name]: tensor for name, tensor in model.state_dict().items()}, state)
    if not different:
        model.load_state_dict({name: state[theirs] for name, theirs in names.items()}, assign=True)
    return model, different


def calibrate(model: "nn.Module", shape: tuple[int, ...]) -> None:
    """Make the outputs of a model depend on its inputs.

    Every batch norm gets a random scale and shift and the statistics of one random batch. Where there is none, every
    layer is drawn anew as He et al. (arXiv:1502.01852) do, with random biases, and so is every other scale and shift,
    such as layer scale, whose small numbers at first would hide what the branches compute.
    """
    import torch
    from torch import nn

    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
    with torch.no_grad():
        if not norms:
            for part in model.modules():
                layer = isinstance(part, (nn.Conv2d, nn.Linear))
                for name, parameter in part.named_parameters(recurse=False):
                    if name == "bias":
                        parameter.uniform_(-0.5, 0.5)
                    elif layer:
                        nn.init.kaiming_uniform_(parameter, nonlinearity="relu")
                    else:
                        parameter.uniform_(0.5, 1.5)
            return
        for norm in norms:
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.uniform_(-0.5, 0.5)
            norm.momentum = 1.0
        model.train()(torch.randn(BATCH, *shape))
    for norm in norms:
        norm.momentum = 0.1


def undropped(model: "nn.Module") -> None:
    """Switch the dropout of a model off, in training mode too."""
    from torch import nn

    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0


def _tensor_differences(ours: "Mapping[str, torch.Tensor]", theirs: "Mapping[str, torch.Tensor]") -> tuple[str, ...]:
    shapes = [{name: tuple(tensor.shape) for name, tensor in state.items()} for state in (ours, theirs)]
    names = sorted({*shapes[0], *shapes[1]})
    return tuple(
        f"{name} is {shapes[0].get(name, 'missing')} here and {shapes[1].get(name, 'missing')} there"
        for name in names
        if shapes[0].get(name) != shapes[1].get(name)
    )


def _output_differences(
    ours: "nn.Module", theirs: "nn.Module", first: "torch.Tensor", second: "torch.Tensor", places: tuple[int, ...] = ()
) -> tuple[str, ...]:
    """How the outputs for one input differ. With `places`, where ours are among theirs, the models return several."""
    import torch

    with torch.no_grad():
        expected, other, found = theirs(first), theirs(second), ours(first)
    if not places:
        return _differences(found, expected, other)
    outputs = zip(found, (expected[place] for place in places), (other[place] for place in places), strict=True)
    return tuple(difference for three in outputs for difference in _differences(*three))


def _differences(found: "torch.Tensor", expected: "torch.Tensor", other: "torch.Tensor") -> tuple[str, ...]:
    tolerance = TOLERANCE * float(expected.abs().max())
    differences = []
    if float((expected - other).abs().max()) < CONTRAST * tolerance:
        differences.append("the reference's output hardly depends on its input, so nothing is proven")
    distance = float((found - expected).abs().max())
    if not distance <= tolerance:
        differences.append(f"the outputs are up to {distance:.3g} apart, and {tolerance:.3g} is allowed")
    return tuple(differences)
