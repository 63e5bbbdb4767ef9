"""The torch reading: the real `nn.Module` of a description. Its module names are the ledger's paths.

Modules are made on the `meta` device first and given memory once, on the device where they are wanted.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import partial, singledispatch
from typing import Any

import torch
from torch import Tensor, nn

from resnext_flops.complexity import layers
from resnext_flops.complexity.layers import Node, Sequential, Shape, walk
from resnext_flops.errors import InputError, one_line


class Branches(nn.ModuleDict):
    """Branches from one input."""

    def outputs(self, x: Tensor) -> list[Tensor]:
        """The output of each branch, in order."""
        return [branch(x) for branch in self.values()]


class SumOf(Branches):
    """Branches whose outputs are added."""

    def forward(self, x: Tensor) -> Tensor:
        """Add the branches' outputs in order."""
        first, *others = self.outputs(x)
        for other in others:
            first = first + other
        return first


class ProductOf(Branches):
    """Two branches whose outputs are multiplied."""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply the outputs of the branches."""
        first, second = self.outputs(x)
        return first * second


class ConcatOf(Branches):
    """Branches whose outputs are concatenated along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        """Concatenate the branches' outputs in order."""
        return torch.cat(self.outputs(x), dim=1)


class WithHeads(nn.Sequential):
    """A network with auxiliary heads: in training it returns its output and then those of its heads, in order."""

    def __init__(self, parts: "OrderedDict[str, nn.Module]", heads: frozenset[str]) -> None:
        super().__init__(parts)
        self.heads = heads

    def forward(self, x: Tensor) -> Any:
        """The output alone in evaluation mode, and a tuple of tensors in training mode."""
        outputs = []
        for name, part in self.named_children():
            if name not in self.heads:
                x = part(x)
            elif self.training:
                outputs.append(part(x))
        return (x, *outputs) if self.training else x


class Times(nn.Module):
    """The input times a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Scale the input."""
        return x * self.factor

    def extra_repr(self) -> str:
        """The factor, for the module's text."""
        return str(self.factor)


class LayerScale(nn.Module):
    """The input times a learned number for each channel."""

    def __init__(self, channels: int, initial: float) -> None:
        super().__init__()
        self.initial = initial
        self.weight = nn.Parameter(torch.empty(channels, 1, 1))

    def reset_parameters(self) -> None:
        """Every number as it is at first."""
        nn.init.constant_(self.weight, self.initial)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels."""
        return x * self.weight


class StochasticDepth(nn.Module):
    """In training, zeros for each example with probability `p`, and what is left is scaled so that the mean stays."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """The input itself in evaluation mode."""
        if not self.training:
            return x
        noise = x.new_empty((len(x), *(1 for _ in x.shape[1:])))
        return x * noise.bernoulli_(1 - self.p).div_(1 - self.p)

    def extra_repr(self) -> str:
        """The probability, for the module's text."""
        return str(self.p)


class InOrder(nn.Module):
    """The axes of each example in another order."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        """A view with other axes, behind that of the batch."""
        return x.permute(0, *(axis + 1 for axis in self.axes))

    def extra_repr(self) -> str:
        """The axes, for the module's text."""
        return str(self.axes)


class WidenTo(nn.Module):
    """Every stride-th pixel, and `channels` of zeros behind the others."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.channels, self.stride = channels, stride

    def forward(self, x: Tensor) -> Tensor:
        """Subsample and pad."""
        return nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.channels))


@singledispatch
def module(layer: Any, shape: Shape) -> nn.Module:
    """The torch module of one layer that takes inputs of `shape` (without the batch).

    >>> module(layers.Conv(8, 3, padding=1), (4, 32, 32))
    Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
    """
    raise TypeError(f"no torch module is known for a {type(layer).__name__}")


@module.register
def _(layer: layers.Conv, shape: Shape) -> nn.Module:
    return nn.Conv2d(
        shape[0], layer.channels, layer.kernel, layer.stride, layer.padding, groups=layer.groups, bias=layer.bias
    )


@module.register
def _(layer: layers.Linear, shape: Shape) -> nn.Module:
    return nn.Linear(shape[-1], layer.features, bias=layer.bias)


@module.register
def _(layer: layers.BatchNorm, shape: Shape) -> nn.Module:
    return nn.BatchNorm2d(shape[0], eps=layer.eps)


@module.register
def _(layer: layers.LayerNorm, shape: Shape) -> nn.Module:
    return nn.LayerNorm(shape[-1], eps=layer.eps)


ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "relu": partial(nn.ReLU, inplace=True),
    "relu6": nn.ReLU6,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "hardsigmoid": nn.Hardsigmoid,
    "hardswish": nn.Hardswish,
}


@module.register(layers.ReLU)
@module.register(layers.Activation)
def _(layer: layers.ReLU | layers.Activation, shape: Shape) -> nn.Module:
    return ACTIVATIONS[layer.function]()


@module.register
def _(layer: layers.MaxPool, shape: Shape) -> nn.Module:
    return nn.MaxPool2d(layer.kernel, layer.stride, layer.padding, ceil_mode=layer.ceil_mode)


@module.register
def _(layer: layers.AvgPool, shape: Shape) -> nn.Module:
    return nn.AvgPool2d(layer.kernel, layer.stride, layer.padding, layer.ceil_mode, layer.count_include_pad)


@module.register
def _(layer: layers.AdaptiveAvgPool, shape: Shape) -> nn.Module:
    return nn.AdaptiveAvgPool2d(layer.size)


@module.register
def _(layer: layers.GlobalAvgPool, shape: Shape) -> nn.Module:
    return nn.AdaptiveAvgPool2d(1)


@module.register
def _(layer: layers.LocalResponseNorm, shape: Shape) -> nn.Module:
    # torch takes the mean of the squares where the paper takes their sum.
    return nn.LocalResponseNorm(layer.neighbours, layer.alpha * layer.neighbours, layer.beta, layer.k)


@module.register
def _(layer: layers.Dropout, shape: Shape) -> nn.Module:
    return nn.Dropout(layer.p)


@module.register
def _(layer: layers.StochasticDepth, shape: Shape) -> nn.Module:
    return StochasticDepth(layer.p)


@module.register
def _(layer: layers.LayerScale, shape: Shape) -> nn.Module:
    return LayerScale(shape[0], layer.initial)


@module.register
def _(layer: layers.Scale, shape: Shape) -> nn.Module:
    return Times(layer.factor)


@module.register
def _(layer: layers.Flatten, shape: Shape) -> nn.Module:
    return nn.Flatten()


@module.register
def _(layer: layers.Permute, shape: Shape) -> nn.Module:
    return InOrder(layer.axes)


@module.register
def _(layer: layers.Widen, shape: Shape) -> nn.Module:
    return WidenTo(layer.channels - shape[0], layer.stride)


def build(node: Node, shape: Shape, device: str | torch.device = "cpu", seed: int = 0) -> nn.Module:
    """The module of any node for inputs of `shape` (channels, height, width), initialised as He et al. do.

    Convolutions are drawn from He's normal distribution over their outputs (arXiv:1502.01852), everything else as torch
    does by default. The same seed gives the same weights, and the caller's random state is left alone. On the device
    `meta` nothing is drawn and nothing takes memory.

    Raises InputError where a layer cannot take its input, a tensor is too large, or there is no such device.

    >>> build(Sequential.of(conv=layers.Conv(8, 3), norm=layers.BatchNorm()), (3, 32, 32))
    Sequential(
      (conv): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), bias=False)
      (norm): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    )
    """
    visits = walk(node, shape)
    for visit in visits:
        if visit.times != 1:
            raise InputError(f"{visit.path}: a network with a symbol for its depth cannot be built")
    place = _device(device)
    with torch.device("meta"):
        leaves = (
            module(visit.layer, visit.inputs[0])
            for visit in visits
            if not isinstance(visit.layer, (*JOINED, layers.Auxiliary))
        )
        try:
            model = _assemble(node, leaves)
        except (TypeError, RuntimeError) as error:  # a size, or the bytes of a tensor, does not fit into 64 bits
            raise InputError(f"the model cannot be built: {one_line(error)}") from error
    _rising_probabilities(model)
    if place.type == "meta":
        return model
    try:
        model.to_empty(device=place)
    except (RuntimeError, AssertionError) as error:  # no such device, no memory, no CUDA in this torch
        raise InputError(f"the model cannot be built on {place}: {one_line(error)}") from None
    initialise(model, seed)
    return model


def _device(device: str | torch.device) -> torch.device:
    """A device by its name. Raises InputError for what is none."""
    try:
        return torch.device(device)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"device is {device!r}; it must be the name of a device, such as 'cpu'") from None


def _assemble(node: Node, leaves: Iterator[nn.Module]) -> nn.Module:
    """Put the leaves, in the order of the walk, into modules that nest as the description does."""
    if isinstance(node, Sequential):
        parts = OrderedDict((name, _assemble(child, leaves)) for name, child, _ in node.parts())
        heads = frozenset(name for name, child in node.children if isinstance(child, layers.Auxiliary))
        return WithHeads(parts, heads) if heads else nn.Sequential(parts)
    if isinstance(node, layers.Auxiliary):
        return _assemble(node.head, leaves)
    if isinstance(node, layers.Joined):
        return JOINED[type(node)]({name: _assemble(branch, leaves) for name, branch in node.branches})
    return next(leaves)


# What puts the outputs of branches together.
JOINED: Mapping[type, type[Branches]] = {layers.Sum: SumOf, layers.Product: ProductOf, layers.Concat: ConcatOf}


def _rising_probabilities(model: nn.Module) -> None:
    """Let the probability of stochastic depth rise from 0 in the first such module to its own in the last."""
    parts = [part for part in model.modules() if isinstance(part, StochasticDepth)]
    for place, part in enumerate(parts):
        part.p *= place / max(1, len(parts) - 1)


def initialise(model: nn.Module, seed: int) -> None:
    """Draw the weights of a model anew, in place."""
    devices = [parameter.device for parameter in model.parameters() if parameter.is_cuda][:1]
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        for part in model.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
                if part.bias is not None:
                    nn.init.zeros_(part.bias)
            elif isinstance(part, (nn.Linear, nn.BatchNorm2d, nn.LayerNorm, LayerScale)):
                part.reset_parameters()
