"""Multiply-adds of products of every form: against torch's own counter on a real run, plain loops, and arithmetic."""

import random
from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import resnext_flops as rf
from resnext_flops.complexity.ledger import Ledger


class Called(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


def counted(function: Callable[..., Any], *args: Any) -> Ledger:
    """The ledger of a run on `meta` that knew every operator."""
    found = rf.count(Called(function), list(args))
    assert found.trace is not None
    assert not found.trace.remarks
    assert not found.unknown
    return found


def by_torch(function: Callable[..., Any], *args: Any) -> int:
    """The multiply-adds that torch's own counter sees on a real run."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        function(*args)
    return int(counter.get_total_flops()) // 2


def broadcast(shape: list[int], chance: random.Random) -> list[int]:
    """A shape that broadcasts to another: some axes are 1, and some of the first may be missing."""
    kept = shape[chance.randint(0, len(shape)) :] if chance.random() < 0.5 else shape
    return [size if chance.random() < 0.6 else 1 for size in kept]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_attention_over_broadcast_axes(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    batch = [chance.randint(2, 3) for _ in range(chance.randint(1, 3))]
    width, values, queries, keys = (chance.randint(1, 4) for _ in range(4))
    sides = ((queries, width), (keys, width), (keys, values), (queries, keys))
    args = [torch.randn(*broadcast(batch, chance), *side) for side in sides[: chance.randint(3, 4)]]
    assume(min(part.dim() for part in args[:3]) > 2)  # torch's own operator takes no fewer
    function = functional.scaled_dot_product_attention
    assert counted(function, *args).macs == by_torch(function, *args)
    assert counted(function, *args).entries[0].macs == counted(function, *args).macs


def test_attention_of_one_query_batch_to_three() -> None:
    query, keys = torch.zeros(1, 4, 10, 16), torch.zeros(3, 4, 10, 16)
    assert (
        counted(functional.scaled_dot_product_attention, query, keys, keys).macs == 2 * 3 * 4 * 10 * 10 * 16 == 38_400
    )


def test_heads_that_share_keys() -> None:
    def shared(query: Tensor, keys: Tensor) -> Tensor:
        return functional.scaled_dot_product_attention(query, keys, keys, enable_gqa=True)

    args = [torch.zeros(2, 8, 5, 4), torch.zeros(2, 2, 7, 4)]
    assert counted(shared, *args).macs == 2 * 2 * 8 * 5 * 7 * 4 == by_torch(shared, *args)


def by_loops(left: str, right: str, result: str, sizes: dict[str, int]) -> int:
    """The products that are added to another, one after another; what is in one factor alone is added up before."""
    letters = sorted(set(left) & set(right) | set(result))
    if set(left) & set(right) <= set(result):
        return 0
    return sum(1 for _ in product(*(range(sizes[letter]) for letter in letters)))


terms = st.text("abcd", min_size=1, max_size=3)


@given(left=terms, right=terms, result=st.sets(st.sampled_from("abcd")), sizes=st.tuples(*[st.integers(2, 4)] * 4))
def test_any_einsum_of_two_factors(left: str, right: str, result: set[str], sizes: tuple[int, ...]) -> None:
    by_letter = dict(zip("abcd", sizes, strict=True))
    kept = "".join(sorted(result & set(left + right)))
    equation = f"{left},{right}->{kept}"
    factors = [torch.randn([by_letter[letter] for letter in term]) for term in (left, right)]
    expected = by_loops(left, right, kept, by_letter)
    assert counted(lambda *parts: torch.einsum(equation, *parts), *factors).macs == expected
    if (set(left) | set(right)) & result:  # torch's counter does not know `dot`
        assert by_torch(torch.einsum, equation, *factors) == expected


@pytest.mark.parametrize(
    ("equation", "shapes", "macs"),
    [
        ("...i,...i->i", [(7, 4), (7, 4)], 28),
        ("...i,...i->...", [(7, 4), (7, 4)], 28),
        ("...i,...i->...", [(7, 4), (4,)], 28),
        ("b...,b...->...", [(5, 7, 4), (5, 7, 4)], 5 * 28),
        ("ii,ij->j", [(3, 3), (3, 4)], 12),
        ("ii,ij->ij", [(3, 3), (3, 4)], 0),
        ("i,i->", [(5,), (5,)], 5),
        ("ik,kj->ij", [(3, 1), (1, 4)], 12),  # as the matrix product
        ("ij,ij->i", [(3, 1), (3, 5)], 0),  # the second factor is added up before
        ("ij,jk,kl->il", [(3, 4), (4, 5), (5, 6)], 3 * 5 * (4 + 6)),
        ("bi->b", [(3, 4)], 0),
    ],
)
def test_einsums_by_hand(equation: str, shapes: list[tuple[int, ...]], macs: int) -> None:
    factors = [torch.randn(shape) for shape in shapes]
    assert counted(lambda *parts: torch.einsum(equation, *parts), *factors).macs == macs


OUTER: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "outer": torch.outer,
    "ger": torch.ger,
    "einsum": lambda a, b: torch.einsum("i,j->ij", a, b),
    "einsum in a batch": lambda a, b: torch.einsum("bi,bj->bij", a[None], b[None]),
    "times": lambda a, b: a[:, None] * b,
    "addr": lambda a, b: torch.addr(torch.zeros(5, 7, device=a.device), a, b),
    "kron": torch.kron,
}


@pytest.mark.parametrize("name", OUTER)
def test_an_outer_product_adds_nothing_up(name: str) -> None:
    args = [torch.randn(5), torch.randn(7)]
    assert counted(OUTER[name], *args).macs == 0 == by_torch(OUTER[name], *args)


PRODUCTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "matmul": lambda a, b: a @ b,
    "mm": torch.mm,
    "bmm": lambda a, b: torch.bmm(a[None], b[None]),
    "addmm": lambda a, b: torch.addmm(torch.zeros(7, device=a.device), a, b),
    "linear": lambda a, b: functional.linear(a, b.T),
    "tensordot": lambda a, b: torch.tensordot(a, b, 1),
    "conv": lambda a, b: functional.conv1d(a.T[None], b.T[:, :, None]),
}


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_matrix_product_has_one_formula_for_all_lengths(name: str, length: int) -> None:
    args = [torch.randn(5, length), torch.randn(length, 7)]
    assert counted(PRODUCTS[name], *args).macs == prod((5, length, 7)) == by_torch(PRODUCTS[name], *args)


def test_products_of_vectors() -> None:
    assert counted(torch.dot, torch.randn(5), torch.randn(5)).macs == 5
    assert counted(torch.mv, torch.randn(5, 3), torch.randn(3)).macs == 15


class Reads(Called):
    """It runs on a real device, because it reads a value."""

    def forward(self, *args: Any) -> Any:
        assert torch.zeros_like(args[0], dtype=torch.float32).sum() == args[0].isinf().sum().item()
        return self.function(*args)


def test_deformable_convolution() -> None:
    ops = pytest.importorskip("torchvision.ops")
    image, offset, mask = torch.randn(2, 4, 7, 7), torch.randn(2, 2 * 9, 5, 5), torch.rand(2, 9, 5, 5)
    layer = ops.DeformConv2d(4, 6, 3, groups=2)
    found = rf.count(layer, [image, offset, mask])
    (entry,) = found.entries
    assert (entry.kind, entry.macs, entry.groups, entry.kernel) == ("deformable conv", 2 * 6 * 25 * 2 * 9, 2, (3, 3))
    assert (found.weights, found.params) == (6 * 2 * 9, 6 * 2 * 9 + 6)
    assert layer(image, offset, mask).shape == entry.output
    assert not found.unknown


QUANTIZED: list[tuple[Callable[[Any], nn.Module], tuple[int, ...], int]] = [
    (lambda ao: ao.quantized.Conv1d(4, 6, 3, groups=2), (1, 4, 7), 5 * 6 * 2 * 3),
    (lambda ao: ao.quantized.Conv2d(4, 6, 3), (1, 4, 7, 7), 25 * 6 * 4 * 9),
    (lambda ao: ao.quantized.ConvTranspose2d(4, 6, 3), (1, 4, 5, 5), 25 * 4 * 6 * 9),
    (lambda ao: ao.quantized.Linear(4, 6), (5, 4), 5 * 4 * 6),
    (lambda ao: ao.intrinsic.quantized.ConvReLU2d(4, 6, 3), (1, 4, 7, 7), 25 * 6 * 4 * 9),
    (lambda ao: ao.intrinsic.quantized.LinearReLU(4, 6), (5, 4), 5 * 4 * 6),
    (lambda ao: ao.quantized.dynamic.Linear(4, 6), (5, 4), 5 * 4 * 6),
    (lambda ao: ao.quantized.dynamic.LSTM(4, 6, 2, bidirectional=True), (3, 2, 4), 6 * 2 * 4 * 6 * (4 + 6 + 12 + 6)),
    (lambda ao: ao.quantized.dynamic.GRU(4, 6), (3, 2, 4), 6 * 3 * 6 * (4 + 6)),
    (lambda ao: ao.quantized.dynamic.LSTMCell(4, 6), (2, 4), 2 * 4 * 6 * (4 + 6)),
]


@pytest.mark.filterwarnings("ignore")  # torch's quantization is about to move
@pytest.mark.parametrize("number", range(len(QUANTIZED)))
def test_quantized_layers(number: int) -> None:
    import torch.ao.nn as ao
    import torch.ao.nn.intrinsic.quantized
    import torch.ao.nn.quantized.dynamic

    make, shape, macs = QUANTIZED[number]
    layer = make(ao)

    def run(x: Tensor) -> Any:
        dynamic = "dynamic" in type(layer).__module__
        return layer(x if dynamic else torch.quantize_per_tensor(x, 0.1, 0, torch.quint8))

    found = rf.count(Called(run), torch.rand(shape))
    assert found.macs == macs
    assert not found.unknown


def rows_of(lengths: list[int], width: int, hidden: int) -> int:
    """An encoder layer over sequences of these lengths: four projections, two products of attention, two layers."""
    return sum(length * (4 * width**2 + 2 * width * hidden + 2 * length * width) for length in lengths)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_padded_batch_that_torch_makes_nested() -> None:
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
    padding = torch.tensor([[False] * 3 + [True] * 2, [False] * 5])
    found = rf.count(encoder, [torch.randn(2, 5, 8)], {"src_key_padding_mask": padding})
    assert found.macs == 2 * rows_of([3, 5], 8, 16)
    assert found.trace is not None
    assert "so it ran on cpu" in found.trace.remarks[0]
    # In training, and without memory, the padding is computed too.
    whole = 2 * rows_of([5, 5], 8, 16)
    assert rf.count(encoder, [torch.randn(2, 5, 8)], {"src_key_padding_mask": padding}, training=True).macs == whole
    assert rf.count(encoder.to("meta"), [torch.randn(2, 5, 8)], {"src_key_padding_mask": padding}).macs == whole


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_tensors_of_different_lengths(layout: torch.layout) -> None:
    layer, norm = nn.Linear(8, 6), nn.LayerNorm(6)

    def run(first: Tensor, second: Tensor) -> Tensor:
        rows = torch.nested.as_nested_tensor([first, second], layout=layout)
        made: Tensor = norm(layer(rows))
        return made

    found = rf.count(Called(run), [torch.randn(3, 8), torch.randn(5, 8)])
    assert found.macs == (3 + 5) * 8 * 6
    assert not found.unknown


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_attention_over_different_lengths() -> None:
    def run(first: Tensor, second: Tensor) -> Tensor:
        rows = torch.nested.as_nested_tensor([first, second])
        return functional.scaled_dot_product_attention(rows, rows, rows)

    found = rf.count(Called(run), [torch.randn(2, 3, 4), torch.randn(2, 5, 4)])
    assert found.macs == sum(2 * 2 * length**2 * 4 for length in (3, 5))


FREE: dict[str, Callable[..., Any]] = {
    "index_add_": lambda x: x.clone().index_add_(0, torch.tensor([1]), x[:1]),
    "nll_loss": lambda x: functional.nll_loss(x, torch.tensor([0, 1])),
    "nll_loss in two dimensions": lambda x: functional.nll_loss(x[..., None, None], torch.zeros(2, 1, 1).long()),
    "cross_entropy": lambda x: functional.cross_entropy(x, torch.tensor([0, 1]), label_smoothing=0.1),
    "affine_grid": lambda x: functional.affine_grid(x.view(2, 2, 3), [2, 1, 4, 4], align_corners=False),
    "sparse_coo": lambda x: torch.sparse_coo_tensor(torch.tensor([[0, 1]]), x, check_invariants=False).to_dense(),
    "quantized": lambda x: torch.quantize_per_tensor(x.float(), 0.1, 0, torch.quint8).dequantize(),
}


@pytest.mark.parametrize("kind", [Called, Reads])
@pytest.mark.parametrize("name", FREE)
def test_what_is_free_is_known(name: str, kind: type[Called]) -> None:
    found = rf.count(kind(FREE[name]), torch.randn(2, 6))
    assert found.macs == 0
    assert not found.unknown


def test_suppression_of_boxes_is_free() -> None:
    ops = pytest.importorskip("torchvision.ops")
    corners = torch.rand(5, 2)
    boxes = torch.cat([corners, corners + 1], 1)
    found = rf.count(Called(lambda boxes: ops.nms(boxes, boxes[:, 0], 0.5)), boxes)
    assert (found.macs, found.unknown) == (0, ())
    found = rf.count(Called(lambda x: ops.roi_align(x, [x[0, 0, :, :4]], 2)), torch.rand(1, 4, 5, 5))
    assert (found.macs, found.unknown) == (0, ())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["flex_attention", "cond"])
def test_operators_that_take_functions_are_refused_in_a_sentence(name: str) -> None:
    from torch.nn.attention.flex_attention import flex_attention

    def run(x: Tensor) -> Any:
        if name == "cond":
            return torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,))
        return flex_attention(x, x, x)

    with pytest.raises(rf.InputError) as refusal:
        rf.count(Called(run), torch.randn(1, 2, 16, 16))
    assert str(refusal.value) == f"the model calls torch's {name} with functions, and what runs in them is not counted"


def test_a_tensor_with_operators_of_its_own_is_seen_through() -> None:
    from torch.utils._pytree import tree_map

    class Wrapped(Tensor):
        """It holds another tensor, and calls operators with that."""

        held: Tensor

        @staticmethod
        def __new__(cls: type["Wrapped"], inner: Tensor) -> "Wrapped":  # noqa: PYI034
            made = Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype, device=inner.device)  # noqa: SLF001
            made.held = inner
            return made

        @classmethod
        def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
            args, kwargs = tree_map(lambda part: part.held if isinstance(part, cls) else part, (args, kwargs or {}))
            return tree_map(lambda part: cls(part) if isinstance(part, Tensor) else part, func(*args, **kwargs))

    layer = nn.Linear(4, 6)
    assert counted(lambda x: layer(Wrapped(x)), torch.randn(3, 4)).macs == 3 * 4 * 6
