"""How modules are put together and called: what runs is counted, each time that it runs, wherever it is written."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)
from torch.nn.utils import parametrizations, parametrize, prune

from resnext_flops.proof.conformance.case import Case, One, Two, group, weight, whole


class Parent(nn.Module):
    """A module that has another as a part."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, x: Tensor) -> Any:
        """The part's output."""
        return self.part(x)


class Own(nn.Linear):
    """A layer of a class of its own."""

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output twice over."""
        return super().forward(x) * 2


class Unseen(nn.Module):
    """A layer that stands in a plain list, so that the module does not know it as a part."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = [nn.Linear(4, 5)]

    def forward(self, x: Tensor) -> Any:
        """The layer's output."""
        return self.hidden[0](x)


class Symmetric(nn.Module):
    """A parametrisation: the upper half is mirrored."""

    def forward(self, x: Tensor) -> Tensor:
        """A symmetric matrix."""
        return x.triu() + x.triu(1).mT


class Gram(nn.Module):
    """A parametrisation that is a product."""

    def forward(self, x: Tensor) -> Tensor:
        """The rows by the rows."""
        return x @ x.mT


def _layer() -> nn.Linear:
    return nn.Linear(4, 4)


def _shared_by_two() -> nn.Module:
    layer = _layer()
    return nn.Sequential(Parent(layer), nn.ReLU(), Parent(layer))


def _tied() -> nn.Module:
    first, second = nn.Linear(4, 5), nn.Linear(4, 5)
    second.weight = first.weight
    return One(lambda m, x: m.first(x) + m.second(x), first=first, second=second)


def _run_once(layer: nn.Module, *shape: int) -> nn.Module:
    layer(torch.randn(shape))
    return layer


def _hooked(before: bool) -> nn.Module:
    """A layer that a hook gives another layer's output, or whose output a hook gives to another layer."""
    layer, other = _layer(), _layer()
    if before:
        layer.register_forward_pre_hook(lambda _, args: (other(args[0]),))
    else:
        layer.register_forward_hook(lambda _, __, output: other(output))
    return layer


def _replaced() -> nn.Module:
    """A layer with a `forward` that was put on the object."""
    layer = _layer()
    layer.forward = partial(F.linear, weight=torch.randn(5, 4))  # type: ignore[method-assign]
    return layer


def _fresh(_: Any, x: Tensor) -> Any:
    """A layer that is made while the module runs."""
    torch.manual_seed(0)
    return nn.Linear(4, 5)(x)


def _rows_of_a_mask(module: Any, x: Tensor, mask: Tensor) -> Any:
    return module.layer(x[mask])


def _written(module: Any, x: Tensor, mask: Tensor) -> Any:
    made = x.new_zeros(3, 5)
    made[mask] = module.first(x[mask])
    return module.second(made)


def _as_often(module: Any, x: Tensor, times: Tensor) -> Any:
    """The layer runs as often as a whole number says."""
    for _ in range(int(times)):
        x = module.layer(x)
    return x


def _either(module: Any, x: Tensor) -> Any:
    return module.first(x) if x.shape[0] > 2 else module.second(x)


def _by_value(module: Any, x: Tensor) -> Any:
    """The module reads a value that it computed, which is the same for all numbers."""
    return module.first(x) if bool((x * x).sum() >= 0) else module.second(x)


def _experts(module: Any, x: Tensor, places: Tensor) -> Tensor:
    """Each row goes to the expert that a whole number names."""
    made = x.new_zeros(6, 5)
    for number, expert in enumerate(module.experts):
        (rows,) = torch.where(places == number)
        made[rows] = expert(x[rows])
    return made


def _network(module: Any, x: Tensor) -> Any:
    """Two paths that are joined, as in a U-Net."""
    inner = module.down(x)
    return module.up(torch.cat([F.interpolate(inner, scale_factor=2), x], 1))


def _squeeze(module: Any, x: Tensor) -> Any:
    scale = module.second(F.relu(module.first(x.mean((2, 3))))).sigmoid()
    return x * scale[:, :, None, None]


def _mapped(module: Any, x: Tensor) -> Any:
    """A function of one row, for all rows."""
    return torch.func.vmap(lambda row: module.weight @ row)(x)


def _functional(module: Any, x: Tensor) -> Any:
    """A layer that is called with other weights."""
    return torch.func.functional_call(module.layer, {"weight": module.weight}, x)


def _autocast(module: Any, x: Tensor) -> Any:
    with torch.autocast("cpu", torch.bfloat16):
        return module.layer(x)


def _sampled(module: Any, image: Tensor, grid: Tensor) -> Any:
    """Pixels are interpolated at given places, then multiplied."""
    return module.layer(F.grid_sample(image, grid.tanh(), align_corners=False))


def _in_place(module: Any, x: Tensor) -> Tensor:
    made = x.new_zeros(3, 5)
    made[:, :2] = module.first(x)
    made[:, 2:].copy_(module.second(x))
    return made


def _with_method() -> nn.Module:
    class Encoder(nn.Linear):
        def double_of(self, x: Tensor) -> Tensor:
            return F.linear(x, self.weight) * 2

    return Encoder(4, 5)


def _with_buffer() -> nn.Module:
    module = One(lambda m, x: x @ m.matrix)
    module.register_buffer("matrix", torch.randn(4, 5))
    return module


def _parametrised(part: nn.Module) -> nn.Module:
    return parametrize.register_parametrization(_layer(), "weight", part)


ROWS = ((3, 4),)

CALLS = group(
    "call",
    [
        (
            "twice",
            "one layer, called twice",
            lambda: One(lambda m, x: m.layer(m.layer(x)), layer=_layer()),
            ROWS,
            "2 * 3*4*4",
        ),
        (
            "twice in a sequence",
            "one layer, two places",
            lambda: nn.Sequential(layer := _layer(), nn.ReLU(), layer),
            ROWS,
            "2 * 3*4*4",
        ),
        ("two parents", "one layer that is a part of two modules", _shared_by_two, ROWS, "2 * 3*4*4"),
        ("tied weights", "two layers with one weight", _tied, ROWS, "2 * 3*4*5"),
        (
            "twins",
            "one layer for two inputs",
            lambda: Two(lambda m, x, y: m.layer(x) - m.layer(y), layer=_layer()),
            ((3, 4), (2, 1, 4)),
            "3*4*4 + 2*4*4",
        ),
        (
            "steps",
            "a loop of four",
            lambda: One(lambda m, x: [x := m.layer(x) for _ in range(4)], layer=_layer()),
            ROWS,
            "4 * 3*4*4",
        ),
        (
            "not used",
            "a layer whose output nobody uses runs too",
            lambda: One(lambda m, x: (m.first(x), m.second(x))[1], first=nn.Linear(4, 6), second=nn.Linear(4, 5)),
            ROWS,
            "3*4*6 + 3*4*5",
        ),
        (
            "never called",
            "a layer that does not run",
            lambda: One(lambda m, x: m.first(x), first=nn.Linear(4, 5), second=nn.Linear(4, 6)),
            ROWS,
            "3*4*5",
        ),
        ("nothing", "a module that returns its input", nn.Identity, ROWS, "0"),
        (
            "only in training",
            "a head that does not run in evaluation",
            lambda: One(
                lambda m, x: m.other(x) if m.training else m.head(x), head=nn.Linear(4, 5), other=nn.Linear(4, 6)
            ),
            ROWS,
            "3*4*5",
        ),
        (
            "by shape",
            "three rows take the first way",
            lambda: One(_either, first=nn.Linear(4, 5), second=nn.Linear(4, 6)),
            ROWS,
            "3*4*5",
        ),
        (
            "by a value",
            "the way depends on a value that was computed",
            lambda: One(_by_value, first=nn.Linear(4, 5), second=nn.Linear(4, 6)),
            ROWS,
            "3*4*5",
        ),
        (
            "by a number",
            "an input says: three times",
            lambda: Two(_as_often, layer=_layer()),
            ((3, 4), lambda: torch.tensor(3)),
            "3 * 3*4*4",
        ),
        (
            "rows of a mask",
            "a mask that comes in picks two of three rows",
            lambda: Two(_rows_of_a_mask, layer=nn.Linear(4, 5)),
            ((3, 4), lambda: torch.tensor([True, False, True])),
            "2*4*5",
        ),
        (
            "rows of experts",
            "six rows are divided among three experts",
            lambda: Two(_experts, experts=nn.ModuleList(nn.Linear(4, 5) for _ in range(3))),
            ((6, 4), lambda: torch.tensor([0, 2, 2, 1, 0, 2])),
            "6*4*5",
        ),
        (
            "rows of numbers",
            "whole numbers pick five rows of three",
            lambda: Two(lambda m, x, places: m.layer(x[places]), layer=nn.Linear(4, 5)),
            ((3, 4), whole(5, below=3)),
            "5*4*5",
        ),
        (
            "list",
            "the input is a list of two tensors",
            lambda: One(lambda m, parts: m.layer(torch.cat(parts)), layer=nn.Linear(4, 5)),
            (lambda: [torch.randn(3, 4), torch.randn(2, 4)],),
            "(3 + 2) * 4*5",
        ),
        (
            "mapping",
            "the input is a mapping, and so is the output",
            lambda: One(lambda m, parts: {"y": m.layer(parts["x"])}, layer=nn.Linear(4, 5)),
            (lambda: {"x": torch.randn(3, 4)},),
            "3*4*5",
        ),
        (
            "other method",
            "a method of a part that is not `forward`",
            lambda: One(lambda m, x: m.part.double_of(x), part=_with_method()),
            ROWS,
            "3*4*5",
        ),
        ("class of its own", "a layer whose class was derived", lambda: Own(4, 5), ROWS, "3*4*5"),
        ("forward of its own", "a `forward` that was put on the object: 4 x 5 now", _replaced, ROWS, "3*4*5"),
        ("hook before", "a hook that runs a layer before", lambda: _hooked(True), ROWS, "2 * 3*4*4"),
        ("hook after", "a hook that runs a layer after", lambda: _hooked(False), ROWS, "2 * 3*4*4"),
        ("unseen", "a layer in a plain list", Unseen, ROWS, "3*4*5"),
        ("made by the run", "a layer that is made while the module runs", lambda: One(_fresh), ROWS, "3*4*5"),
        (
            "list of modules",
            "three layers in a ModuleList",
            lambda: One(
                lambda m, x: [layer(x) for layer in m.layers], layers=nn.ModuleList(_layer() for _ in range(3))
            ),
            ROWS,
            "3 * 3*4*4",
        ),
        (
            "mapping of modules",
            "one of two layers in a ModuleDict",
            lambda: One(
                lambda m, x: m.layers["second"](x),
                layers=nn.ModuleDict({"first": nn.Linear(4, 6), "second": nn.Linear(4, 5)}),
            ),
            ROWS,
            "3*4*5",
        ),
        (
            "list of parameters",
            "a product for each of two matrices in a ParameterList",
            lambda: One(
                lambda m, x: [x @ part for part in m.parts], parts=nn.ParameterList([weight(4, 5), weight(4, 6)])
            ),
            ROWS,
            "3*4*5 + 3*4*6",
        ),
        (
            "in place",
            "outputs are written into parts of one tensor",
            lambda: One(_in_place, first=nn.Linear(4, 2), second=nn.Linear(4, 3)),
            ROWS,
            "3*4*2 + 3*4*3",
        ),
        (
            "lazy",
            "a layer that took its size from its first input",
            lambda: _run_once(nn.LazyLinear(5), 1, 4),
            ROWS,
            "3*4*5",
        ),
        (
            "lazy conv",
            "the same of a convolution",
            lambda: _run_once(nn.LazyConv2d(5, 3), 1, 4, 3, 3),
            ((2, 4, 7, 6),),
            "2 * 5*4 * 5*4 * 3*3",
        ),
        (
            "mapped",
            "a matrix times a row, for all rows by vmap",
            lambda: One(_mapped, weight=weight(5, 4)),
            ROWS,
            "3*4*5",
        ),
        (
            "other weights",
            "a layer that is called with a weight that is no part of it",
            lambda: One(_functional, layer=nn.Linear(4, 5), weight=weight(5, 4)),
            ROWS,
            "3*4*5",
        ),
        ("autocast", "torch chooses half precision", lambda: One(_autocast, layer=nn.Linear(4, 5)), ROWS, "3*4*5"),
    ],
)

MASK = torch.tensor([True, False, True])

# What decides a shape: whole numbers and truth values that come in, or that are made of such.
VALUES = group(
    "values",
    [
        (
            "list",
            "a mask that is made of a list picks two rows",
            lambda: One(
                lambda m, x: m.layer(x[torch.tensor([True, False, True], device=x.device)]), layer=nn.Linear(4, 5)
            ),
            ROWS,
            "2*4*5",
        ),
        (
            "selected",
            "the elements of two rows",
            lambda: Two(
                lambda m, x, mask: m.layer(x.masked_select(mask[:, None]).reshape(-1, 4)), layer=nn.Linear(4, 5)
            ),
            ((3, 4), lambda: MASK),
            "2*4*5",
        ),
        (
            "as wide",
            "the mask is repeated for all columns",
            lambda: Two(
                lambda m, x, mask: m.layer(x[mask[:, None].expand_as(x)].reshape(-1, 4)), layer=nn.Linear(4, 5)
            ),
            ((3, 4), lambda: MASK),
            "2*4*5",
        ),
        (
            "in the shape of another",
            "the mask takes the shape of a column, twice",
            lambda: Two(
                lambda m, x, mask: m.layer(x[mask.view_as(x[:, :1]).reshape_as(x[:, 0])]), layer=nn.Linear(4, 5)
            ),
            ((3, 4), lambda: MASK),
            "2*4*5",
        ),
        (
            "in the type of another",
            "a number that takes the type of places: three times",
            lambda: Two(
                lambda m, x, times: _as_often(m, x, torch.ops.aten.type_as(times, x.argmax(1))), layer=_layer()
            ),
            ((3, 4), lambda: torch.tensor(3, dtype=torch.int32)),
            "3 * 3*4*4",
        ),
        (
            "to another",
            "a number that goes where another tensor is: three times",
            lambda: Two(
                lambda m, x, times: _as_often(m, x, torch.ops.aten.to.other(times, x.argmax(1))), layer=_layer()
            ),
            ((3, 4), lambda: torch.tensor(3, dtype=torch.int32)),
            "3 * 3*4*4",
        ),
        (
            "repeated",
            "rows are repeated twice, never, and three times",
            lambda: Two(lambda m, x, times: m.layer(x.repeat_interleave(times, 0)), layer=nn.Linear(4, 5)),
            ((3, 4), lambda: torch.tensor([2, 0, 3])),
            "(2 + 3) * 4*5",
        ),
        (
            "split",
            "the first row, and the other two of which only one goes on",
            lambda: Two(lambda m, x, places: m.layer(x.tensor_split(places)[1]), layer=nn.Linear(4, 5)),
            ((3, 4), lambda: torch.tensor([1, 2])),
            "1*4*5",
        ),
        (
            "written by a mask",
            "two rows are written; all three go on",
            lambda: Two(_written, first=nn.Linear(4, 5), second=nn.Linear(5, 6)),
            ((3, 4), lambda: MASK),
            "2*4*5 + 3*5*6",
        ),
        (
            "different rows",
            "equal rows go on once; here are none",
            lambda: One(lambda m, x: m.layer(torch.unique(x, dim=0)), layer=nn.Linear(4, 5)),
            ROWS,
            "3*4*5",
        ),
        (
            "counted places",
            "how often each place is the largest, of five",
            lambda: One(lambda m, x: torch.bincount(x.argmax(1), minlength=5).float() @ m.weight, weight=weight(5, 6)),
            ROWS,
            "5*6",
        ),
    ],
)

WEIGHTS = group(
    "weight",
    [
        ("buffer", "a matrix that is not learned", _with_buffer, ROWS, "3*4*5"),
        (
            "constant",
            "a matrix that is made by the run",
            lambda: One(lambda _, x: x @ torch.ones(4, 5, device=x.device)),
            ROWS,
            "3*4*5",
        ),
        (
            "part of it",
            "the first two of five outputs",
            lambda: One(lambda m, x: F.linear(x, m.weight[:2]), weight=weight(5, 4)),
            ROWS,
            "3*4*2",
        ),
        (
            "turned",
            "a weight and its transpose",
            lambda: One(lambda m, x: x @ m.weight @ m.weight.T, weight=weight(4, 5)),
            ROWS,
            "3*4*5 + 3*5*4",
        ),
        (
            "low rank",
            "4 x 2, then 2 x 5",
            lambda: One(lambda m, x: x @ m.left @ m.right, left=weight(4, 2), right=weight(2, 5)),
            ROWS,
            "3*4*2 + 3*2*5",
        ),
        (
            "merged",
            "a low rank is added to the weight: 5 x 2 x 4, then the layer",
            lambda: One(
                lambda m, x: F.linear(x, m.weight + m.left @ m.right),
                weight=weight(5, 4),
                left=weight(5, 2),
                right=weight(2, 4),
            ),
            ROWS,
            "5*2*4 + 3*4*5",
        ),
        (
            "blocks",
            "a weight of two blocks: its zeros count",
            lambda: One(lambda m, x: x @ torch.block_diag(m.first, m.second), first=weight(2, 3), second=weight(2, 2)),  # type: ignore[no-untyped-call]
            ROWS,
            "3*4*5",
        ),
        (
            "weight norm",
            "rows of length one, scaled: no product",
            lambda: parametrizations.weight_norm(nn.Linear(4, 5)),
            ROWS,
            "3*4*5",
        ),
        (
            "spectral norm",
            "divided by its largest singular value: the weight of 5 x 4 times a vector, and a dot of 5",
            lambda: parametrizations.spectral_norm(nn.Linear(4, 5)),
            ROWS,
            "5*4 + 5 + 3*4*5",
        ),
        (
            "pruned",
            "masked weights are multiplied",
            lambda: prune.random_unstructured(nn.Linear(4, 5), "weight", 0.5),  # type: ignore[no-untyped-call]
            ROWS,
            "3*4*5",
        ),
        ("symmetric", "a parametrisation of elements", lambda: _parametrised(Symmetric()), ROWS, "3*4*4"),
        (
            "gram",
            "a parametrisation that is a product of 4 x 4 x 4",
            lambda: _parametrised(Gram()),
            ROWS,
            "4*4*4 + 3*4*4",
        ),
    ],
)

NETWORKS = group(
    "network",
    [
        (
            "residual",
            "a sum takes no product",
            lambda: One(lambda m, x: x + m.second(F.relu(m.first(x))), first=nn.Linear(4, 5), second=nn.Linear(5, 4)),
            ROWS,
            "3*4*5 + 3*5*4",
        ),
        (
            "paths",
            "half the rows and columns, and back; 3 + 2 channels are joined",
            lambda: One(_network, down=nn.Conv2d(2, 3, 2, 2), up=nn.Conv2d(5, 2, 3, padding=1)),
            ((1, 2, 6, 4),),
            "3*2 * 3*2 * 2*2 + 6*4 * 2*(3 + 2) * 3*3",
        ),
        (
            "squeeze and excite",
            "two layers of the channels' means, 4 x 2 and 2 x 4",
            lambda: One(_squeeze, first=nn.Linear(4, 2), second=nn.Linear(2, 4)),
            ((2, 4, 5, 3),),
            "2 * 4*2 + 2 * 2*4",
        ),
        (
            "mixer",
            "a layer over five tokens, then one over four channels",
            lambda: One(lambda m, x: m.channels(m.tokens(x.mT).mT), tokens=nn.Linear(5, 5), channels=nn.Linear(4, 4)),
            ((2, 5, 4),),
            "2*4 * 5*5 + 2*5 * 4*4",
        ),
        (
            "sampled",
            "interpolation takes no product of matrices",
            lambda: Two(_sampled, layer=nn.Conv2d(2, 3, 1)),
            ((1, 2, 4, 4), (1, 3, 5, 2)),
            "3*5 * 3*2",
        ),
        (
            "fields",
            "a layer for each of six places, with weights of its own",
            lambda: One(
                lambda m, x: torch.einsum("bfp,pfo->bop", F.unfold(x, 2, stride=2), m.weight), weight=weight(6, 8, 3)
            ),
            ((2, 2, 4, 6),),
            "2 * 6 * (2 * 2*2) * 3",
        ),
        (
            "fast convolution",
            "Fourier transforms have no rule of products: elements are multiplied",
            lambda: One(lambda m, x: torch.fft.irfft(torch.fft.rfft(x) * torch.fft.rfft(m.weight)), weight=weight(8)),
            ((2, 8),),
            "0",
        ),
        (
            "graph",
            "neighbours are gathered and added up, then a layer",
            lambda: Two(
                lambda m, x, edges: m.layer(torch.zeros_like(x).index_add(0, edges[1], x[edges[0]])),
                layer=nn.Linear(4, 5),
            ),
            ((3, 4), whole(2, 7, below=3)),
            "3*4*5",
        ),
        (
            "adjacency",
            "neighbours are a matrix of 3 x 3, then a layer",
            lambda: Two(lambda m, x, matrix: m.layer(matrix @ x), layer=nn.Linear(4, 5)),
            ((3, 4), (3, 3)),
            "3*3*4 + 3*4*5",
        ),
    ],
)


def _small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 1)).eval()


SCRIPTS: dict[str, Callable[[], Any]] = {
    "scripted": lambda: torch.jit.script(_small()),
    "traced": lambda: torch.jit.trace(_small(), torch.randn(1, 2, 5, 4)),  # type: ignore[no-untyped-call]
    "frozen": lambda: torch.jit.freeze(torch.jit.script(_small())),
}
SCRIPTED = group(
    "script",
    [
        (name, "code that torch.jit made", make, ((2, 2, 5, 4),), "2 * 3*2 * 3*2 * 3*3 + 2 * 3*2 * 2*3")
        for name, make in SCRIPTS.items()
    ],
)

CASES: list[Case] = CALLS + VALUES + WEIGHTS + NETWORKS + SCRIPTED
