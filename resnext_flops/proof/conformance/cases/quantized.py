"""Quantized layers, whose weights are packed in objects: the products are those of the layers with real numbers.

Weights and inputs are small whole numbers here, so that rounding changes nothing, but for recurrent layers of half
precision.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from resnext_flops.proof.conformance.case import Case, One, Two, group

Make = Callable[[], nn.Module]

# A scale, a zero point: whole numbers from -64 to 191 are exact.
WHOLE = (1.0, 64)
ops: Any = torch.ops.quantized


def _quantized(x: Tensor) -> Tensor:
    return torch.quantize_per_tensor(x, *WHOLE, torch.quint8)


def _numbers(*shape: int) -> Callable[[], Tensor]:
    """Makes small whole numbers as real ones."""
    return lambda: torch.randint(-3, 4, shape).float()


def _bytes(*shape: int) -> Callable[[], Tensor]:
    """The same with 0 and 255 among them: of 256 steps each is 1 then."""

    def make() -> Tensor:
        numbers = torch.randint(0, 9, shape).float()
        numbers.view(-1)[0], numbers.view(-1)[-1] = 0, 255
        return numbers

    return make


def _signed(x: Tensor) -> Tensor:
    return torch.quantize_per_tensor(x, 1.0, 0, torch.qint8)


# Only oneDNN has kernels for these.
FUSED = ("_add", "leaky", "tanh")
HAS_FUSED = "onednn" in torch.backends.quantized.supported_engines


@contextmanager
def _engine(name: str) -> Iterator[None]:
    """The library that has the operator; without torch's warnings that quantization is about to move."""
    before = torch.backends.quantized.engine
    if any(part in name for part in FUSED):
        torch.backends.quantized.engine = "onednn"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.quantized.engine = before


class Packed(nn.Module):
    """A call of an operator with a packed weight, and what it computes of real numbers.

    shape: of the weight.
    how: the settings of a convolution, in the order in which torch packs them.
    """

    def __init__(self, name: str, shape: tuple[int, ...], *how: Any) -> None:
        super().__init__()
        self.name, self.how, self.weight = name, how, torch.randint(-2, 3, shape).float()
        with _engine(name):
            if name.endswith("fp16"):
                self.packed = ops.linear_prepack_fp16(self.weight, None)
            else:
                layer = name.partition("d_" if how else "_")[0] + ("d" if how else "")
                self.packed = getattr(ops, f"{layer.replace('dd', 'd')}_prepack")(_signed(self.weight), None, *how)

    def forward(self, x: Tensor) -> Any:
        """Real numbers, from real numbers."""
        operator = getattr(ops, self.name)
        if "dynamic" in self.name:
            return operator(x, self.packed)
        parts = [_quantized(x), self.packed]
        if "_add" in self.name:
            parts.insert(1, _quantized(torch.ones(2, 6, 5, 4)))
        scale = (1 / 128, 128) if "tanh" in self.name else WHOLE
        with _engine(self.name):
            return operator(*parts, *scale, *([0.5] if "leaky" in self.name else [])).dequantize()


def _plain(module: Any, x: Tensor) -> Tensor:
    """The same without quantization."""
    name, how = module.name, module.how
    if name.startswith("conv_transpose"):
        stride, padding, more, dilation, groups = how
        x = getattr(F, name[:16])(x, module.weight, None, stride, padding, more, groups, dilation)
    elif name.startswith("conv"):
        x = getattr(F, name[:6])(x, module.weight, None, *how)
    else:
        x = F.linear(x, module.weight)
    x = x + 1 if "_add" in name else x
    x = F.relu(x) if "_relu" in name.replace("leaky_relu", "") else x
    x = F.leaky_relu(x, 0.5).round() if "leaky" in name else x
    if "tanh" in name:
        return torch.quantize_per_tensor(x.tanh(), 1 / 128, 128, torch.quint8).dequantize()
    if "dynamic" in name:  # a convolution puts bytes out
        return x.clamp(0, 255) if name.startswith("conv") else x
    return x.clamp(-64, 191)


def _convs() -> list[tuple[Any, ...]]:
    """Each operator of convolutions: two groups of four channels to six, with a stride."""
    rows: list[tuple[Any, ...]] = []
    for axes, image, out, kernel in ((1, (7,), "5", "3"), (2, (7, 6), "5*4", "3*3"), (3, (3, 4, 3), "2*3*2", "2*2*2")):
        window = (int(kernel[0]),) * axes
        how = [1] * axes, [0] * axes, [1] * axes, 2
        for more in ("", "_relu", "_dynamic", *(("_add", "_add_relu") if axes == 2 and HAS_FUSED else ())):
            name, numbers = f"conv{axes}d{more}", _bytes if more == "_dynamic" else _numbers
            make: Make = partial(Packed, name, (6, 2, *window), *how)
            rows.append((name, "two groups", make, (numbers(2, 4, *image),), f"2 * {out} * 6 * 4/2 * {kernel}", _plain))
    return rows


def _transposed_convs() -> list[tuple[Any, ...]]:
    """Each operator of transposed convolutions, with a stride."""
    rows: list[tuple[Any, ...]] = []
    for axes, image, pixels, kernel in (
        (1, (6,), "6", "3"),
        (2, (3, 4), "3*4", "3*3"),
        (3, (2, 3, 2), "2*3*2", "2*2*2"),
    ):
        window = (int(kernel[0]),) * axes
        how = [2] * axes, [0] * axes, [1] * axes, [1] * axes, 1
        for more in ("", "_dynamic"):
            name, numbers = f"conv_transpose{axes}d{more}", _bytes if more else _numbers
            make: Make = partial(Packed, name, (4, 6, *window), *how)
            idea = "products at the input pixels"
            rows.append((name, idea, make, (numbers(2, 4, *image),), f"2 * {pixels} * 4 * 6 * {kernel}", _plain))
    return rows


LINEAR = ["", "_relu", "_dynamic", "_relu_dynamic", "_dynamic_fp16", "_relu_dynamic_fp16"]


def _linears() -> list[tuple[Any, ...]]:
    return [
        (
            f"linear{more}",
            "three rows",
            partial(Packed, f"linear{more}", (5, 4)),
            ((_bytes if more.endswith("dynamic") else _numbers)(3, 4),),
            "3 * 4 * 5",
            _plain,
        )
        for more in LINEAR + (["_leaky_relu", "_tanh"] if HAS_FUSED else [])
    ]


class Recurrent(nn.Module):
    """A recurrent layer or cell whose weights are packed in half precision."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        own = dict(layer.named_parameters())
        self.packed = [
            ops.linear_prepack_fp16(part.detach(), own[name.replace("weight", "bias")].detach())
            for name, part in own.items()
            if "weight" in name
        ]
        self.biases = [part.detach() for name, part in own.items() if "bias" in name]

    def forward(self, x: Tensor) -> Any:
        """The states."""
        state = torch.zeros(2, 5)
        match self.layer:
            case nn.LSTM():
                cells, first = [ops.make_quantized_cell_params_fp16(*self.packed)], [state[None]] * 2
                how: Any = (True, 1, 0.0, False, False, False)
                return torch.quantized_lstm(x, first, cells, *how, dtype=torch.float16, use_dynamic=True)[0]
            case nn.GRU():
                cells = [ops.make_quantized_cell_params_fp16(*self.packed)]
                return torch.quantized_gru(x, state[None], cells, True, 1, 0.0, False, False, False)[0]
            case nn.LSTMCell():
                return ops.quantized_lstm_cell_dynamic(x, [state, state], *self.packed, *self.biases)[0]
            case nn.GRUCell():
                return ops.quantized_gru_cell_dynamic(x, state, *self.packed, *self.biases)
            case nn.RNNCell(nonlinearity=kind):
                return getattr(ops, f"quantized_rnn_{kind}_cell_dynamic")(x, state, *self.packed, *self.biases)


def _first(module: Any, x: Tensor) -> Any:
    made = module.layer(x)
    return made[0] if isinstance(made, tuple) else made


RECURRENT = group(
    "quantized",
    [
        ("lstm", "four gates", lambda: Recurrent(nn.LSTM(4, 5)), ((3, 2, 4),), "3*2 * 4 * 5 * (4 + 5)", _first),
        ("gru", "three gates", lambda: Recurrent(nn.GRU(4, 5)), ((3, 2, 4),), "3*2 * 3 * 5 * (4 + 5)", _first),
        ("lstm cell", "one step", lambda: Recurrent(nn.LSTMCell(4, 5)), ((2, 4),), "2 * 4 * 5 * (4 + 5)", _first),
        ("gru cell", "one step", lambda: Recurrent(nn.GRUCell(4, 5)), ((2, 4),), "2 * 3 * 5 * (4 + 5)", _first),
        ("tanh cell", "one gate", lambda: Recurrent(nn.RNNCell(4, 5)), ((2, 4),), "2 * 5 * (4 + 5)", _first),
        (
            "relu cell",
            "one gate",
            lambda: Recurrent(nn.RNNCell(4, 5, True, "relu")),
            ((2, 4),),
            "2 * 5 * (4 + 5)",
            _first,
        ),
    ],
)

OTHERS = group(
    "quantized",
    [
        (
            "matmul",
            "two batches of matrices",
            lambda: Two(lambda _, x, y: ops.matmul(_quantized(x), _quantized(y), *WHOLE).dequantize()),
            (_numbers(2, 3, 4), _numbers(2, 4, 5)),
            "2 * 3 * 4 * 5",
            lambda _, x, y: x @ y,
        ),
        (
            "conv module",
            "a module of torch.ao, made of a convolution",
            lambda: One(lambda m, x: m.layer(_quantized(x)).dequantize(), layer=_conv_module()),
            (_numbers(2, 4, 7, 6),),
            "2 * 5*4 * 5 * 4 * 3*3",
            lambda m, x: F.conv2d(x, m.layer.weight().dequantize()).clamp(-64, 191),
        ),
    ],
)


def _conv_module() -> nn.Module:
    from torch.ao.nn.quantized import Conv2d

    layer = Conv2d(4, 5, 3, bias=False)  # type: ignore[no-untyped-call]
    layer.set_weight_bias(_signed(torch.randint(-2, 3, (5, 4, 3, 3)).float()), None)
    layer.scale, layer.zero_point = WHOLE
    return layer


CASES: list[Case] = group("quantized", [*_convs(), *_transposed_convs(), *_linears()]) + RECURRENT + OTHERS
