"""The calls of modules and functions in a run: those that were recorded, or those that a description would make.

A description is built from a fixed set of torch's modules (see `torch_model.py`), so its entries say which calls its
model makes. The number beside each call is how often it is made.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from functools import partial
from typing import Any

from resnext_flops.complexity.conventions.convention import Run, active, needs_trace
from resnext_flops.complexity.entries import Entry, parameters
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.records import Call, Dims, Function

TORCH = "torch.nn.modules"


def calls(run: Run) -> Iterator[tuple[Call, Size]]:
    """The calls of modules that the run's model makes."""
    if run.trace is not None:
        yield from ((call, 1) for call in run.trace.records.calls)
        return
    for number, (entry, _) in enumerate(active(run)):
        if entry.kind in MODULES:
            classes, function = MODULES[entry.kind]
            settings, params = function(entry)[0], parameters(entry)
            inputs, outputs = ((1, *entry.inputs[0]),), ((1, *entry.output),)
            yield Call(entry.path, classes, number, 1, True, TORCH, settings, params, inputs, outputs), entry.times


# On a CPU each is one operator. On the device meta torch resamples in Python, and calls other functions.
RESAMPLING = frozenset({"F.interpolate", "F.upsample"})


def outermost(made: Sequence[tuple[Call, Size]], chosen: Container[int]) -> Iterator[tuple[Call, Size]]:
    """The chosen calls, given by number, that run inside no other chosen one."""
    for number, (call, times) in enumerate(made):
        if number in chosen and not any(outer in chosen for outer in call.within):
            yield call, times


def functions(run: Run) -> Iterator[tuple[Function, Size]]:
    """The calls of functions that the run's model makes, also those inside its modules."""
    if run.trace is not None:
        yield from ((function, 1) for function in run.trace.records.functions if RESAMPLING.isdisjoint(function.outer))
        return
    needs_trace(run, "local response norm")  # torch makes it of several functions
    for entry, _ in active(run):
        image = Dims((1, *entry.inputs[0]))
        if entry.kind == "sum":
            for _ in entry.inputs[1:]:
                yield _function("Tensor.__add__", entry, (image, image)), entry.times
        elif entry.kind in {"scale", "mul"}:
            yield _function("Tensor.__mul__", entry, (image, _factor(entry))), entry.times
        elif entry.kind in MODULES:
            name, args = MODULES[entry.kind][1](entry)[1]
            if name:
                yield _function(name, entry, (image, *args)), entry.times


def _function(name: str, entry: Entry, args: tuple[Any, ...]) -> Function:
    inside = () if name.startswith("Tensor.__") else (-1,)
    return Function(name, entry.path, (), args, {}, (1, *entry.output), inside)


def _factor(entry: Entry) -> Dims | int:
    """What the input of a product is multiplied by: a constant, something learned, or another branch's output."""
    if entry.kind == "scale":
        return 1
    return Dims(parameters(entry)["weight"]) if entry.params else Dims((1, *entry.inputs[1]))


# Of an entry: the module's settings, and the function that it calls, with its arguments.
_Parts = tuple[dict[str, Any], tuple[str, tuple[Any, ...]]]


def _weight_and_bias(entry: Entry) -> tuple[Dims, Dims | None]:
    """The parameters of a layer as arguments of its function."""
    shapes = parameters(entry)
    return Dims(shapes["weight"]), Dims(shapes["bias"]) if "bias" in shapes else None


def _conv(entry: Entry) -> _Parts:
    channels, groups = entry.inputs[0][0], entry.groups
    weight, bias = _weight_and_bias(entry)
    settings = {
        "kernel_size": entry.kernel,
        "groups": groups,
        "in_channels": channels,
        "out_channels": entry.output[0],
    }
    return settings, ("F.conv2d", (weight, bias, 1, 0, 1, groups))


def _linear(entry: Entry) -> _Parts:
    weight, bias = _weight_and_bias(entry)
    settings = {"in_features": weight[1], "out_features": weight[0]}
    return settings, ("F.linear", (weight, bias))


def _batch_norm(entry: Entry) -> _Parts:
    channels = Dims((entry.inputs[0][0],))
    args = (channels, channels, channels, channels, False, 0.1, 1e-5)
    return {"affine": True}, ("F.batch_norm", args)


def _layer_norm(entry: Entry) -> _Parts:
    features = Dims((entry.inputs[0][-1],))
    return {"elementwise_affine": True}, ("F.layer_norm", (tuple(features), features, features, 1e-5))


def _pool(function: str, entry: Entry) -> _Parts:
    return {"kernel_size": entry.kernel}, (function, (entry.kernel,))


def _adaptive_pool(entry: Entry) -> _Parts:
    return {"output_size": entry.output[1:]}, ("F.adaptive_avg_pool2d", (entry.output[1:],))


def _activation(function: str, _: Entry) -> _Parts:
    return {}, (function, ())


def _nothing(_: Entry) -> _Parts:
    return {}, ("", ())


MODULES: dict[str, tuple[tuple[str, ...], Callable[[Entry], _Parts]]] = {
    "conv": (("Conv2d", "_ConvNd"), _conv),
    "linear": (("Linear",), _linear),
    "batch norm": (("BatchNorm2d", "_BatchNorm", "_NormBase"), _batch_norm),
    "layer norm": (("LayerNorm",), _layer_norm),
    "relu": (("ReLU",), partial(_activation, "F.relu")),
    "relu6": (("ReLU6", "Hardtanh"), _nothing),
    "silu": (("SiLU",), partial(_activation, "F.silu")),
    "gelu": (("GELU",), partial(_activation, "F.gelu")),
    "sigmoid": (("Sigmoid",), _nothing),
    "hardsigmoid": (("Hardsigmoid",), _nothing),
    "hardswish": (("Hardswish",), _nothing),
    "mul": (("LayerScale",), _nothing),  # a product of branches has no parameters, so no counter looks at its call
    "max pool": (("MaxPool2d", "_MaxPoolNd"), partial(_pool, "F.max_pool2d")),
    "global average pool": (("AdaptiveAvgPool2d", "_AdaptiveAvgPoolNd"), _adaptive_pool),
    "adaptive average pool": (("AdaptiveAvgPool2d", "_AdaptiveAvgPoolNd"), _adaptive_pool),
    "average pool": (("AvgPool2d", "_AvgPoolNd"), partial(_pool, "F.avg_pool2d")),
    "dropout": (("Dropout", "_DropoutNd"), _nothing),
    "identity": (("Dropout", "_DropoutNd"), _nothing),  # a dropout of nothing
    "local response norm": (("LocalResponseNorm",), _nothing),
    "flatten": (("Flatten",), _nothing),
}
