"""Tensors that count something keep their values on `meta`: what code reads of them, and what they decide."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import resnext_flops as rf
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters import operators, values

META = torch.device("meta")

# What runs saw. A list that a module can reach is as before after a count, and so is one in a closure.
SEEN: list[float] = []


class Net(nn.Module):
    """A forward pass over one layer without a bias, from 4 to 4."""

    def __init__(self, forward: Callable[..., Tensor]) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4, bias=False)
        self.run = forward

    def forward(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        return self.run(self.layer, *args, **kwargs)


def counted(forward: Callable[..., Tensor], *args: Tensor) -> Ledger:
    """The ledger of a run on `meta`, of a module there and of a real one, which must be the same."""
    found = rf.count(Net(forward), list(args))
    assert rf.count(Net(forward).to(META), list(args)).entries == found.entries
    assert found.trace is not None
    assert not found.trace.remarks
    assert not found.unknown
    return found


ROWS = torch.zeros(2, 5, 4)
LENGTHS = torch.tensor([2, 5])


def by_a_mask(layer: nn.Module, x: Tensor, lengths: Tensor) -> Any:
    return layer(x[torch.arange(x.shape[1], device=x.device) < lengths[:, None]])


def by_masked_select(layer: nn.Module, x: Tensor, lengths: Tensor) -> Any:
    mask = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
    return layer(x.masked_select(mask[..., None]).view(-1, 4))


def by_repetition(layer: nn.Module, x: Tensor, lengths: Tensor) -> Any:
    return layer(x[:, 0].repeat_interleave(lengths, dim=0))


def by_a_split(layer: nn.Module, x: Tensor, lengths: Tensor) -> Any:
    return layer(x.flatten(0, 1).tensor_split(lengths.cumsum(0))[1]), layer(x.flatten(0, 1)[: lengths[0]])


def by_a_length(layer: nn.Module, x: Tensor, lengths: Tensor) -> Any:
    return [layer(row[:length]) for row, length in zip(x, lengths.tolist(), strict=True)]


def by_numpy(layer: nn.Module, x: Tensor, lengths: Tensor) -> Any:
    return [layer(row[:length]) for row, length in zip(x, lengths.to(x.device).cpu().numpy(), strict=True)]


def by_writing(layer: nn.Module, x: Tensor, lengths: Tensor) -> Any:
    kept = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
    for row, length in enumerate(lengths):
        kept[row, :length] = True
    y = layer(x)
    y[kept] = 0
    return layer(y[kept])


def by_a_type(layer: nn.Module, x: Tensor, lengths: Tensor) -> Any:
    mask = (torch.arange(5) < lengths[:, None]).type_as(x).to(x)
    return layer(x[mask.to(dtype=torch.bool, device=x.device)])


@pytest.mark.parametrize(
    "forward",
    [
        by_a_mask,
        by_masked_select,
        by_repetition,
        by_a_length,
        by_numpy,
        by_writing,
        by_a_type,
    ],
)
def test_values_decide_how_many_rows_meet_a_layer(forward: Callable[..., Any]) -> None:
    rows = 2 + 5 if forward is not by_writing else 2 * 5 + 2 + 5
    assert counted(forward, ROWS, LENGTHS).macs == rows * 4 * 4


def test_a_split_and_a_slice_by_values() -> None:
    # The rows from 2 to 7, and the first two.
    assert counted(by_a_split, ROWS, LENGTHS).macs == (5 + 2) * 4 * 4


@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4), first=st.booleans(), both=st.booleans())
def test_packed_sequences_have_as_many_rows_as_steps(lengths: list[int], first: bool, both: bool) -> None:
    class Packed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.LSTM(4, 3, batch_first=first, bidirectional=both, bias=False)
            self.head = nn.Linear(3 * (1 + both), 2, bias=False)

        def forward(self, x: Tensor, lengths: Tensor) -> Any:
            packed = pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False)
            padded, found = pad_packed_sequence(self.layer(packed)[0], batch_first=first, total_length=7)
            assert found.tolist() == lengths.tolist()
            return self.head(padded)

    shape = (len(lengths), 6, 4) if first else (6, len(lengths), 4)
    found = rf.count(Packed(), [torch.zeros(shape), torch.tensor(lengths)])
    assert found["layer"].macs == sum(lengths) * 4 * 3 * (4 + 3) * (1 + both)
    assert found["head"].macs == len(lengths) * 7 * 3 * (1 + both) * 2
    assert found.trace is not None
    assert not found.trace.remarks
    real = Packed()
    assert rf.count(real.to(META), [torch.zeros(shape), torch.tensor(lengths)]).macs == found.macs


FACTORIES: list[Callable[[torch.device, Tensor], Tensor]] = [
    lambda device, x: torch.arange(3, device=device),
    lambda device, x: torch.ones(3, dtype=torch.bool, device=device),
    lambda device, x: torch.full((3,), 2, device=device),
    lambda device, x: torch.full((3,), False, device=device),
    lambda device, x: torch.tensor([1, 2, 3], device=device),
    lambda device, x: torch.as_tensor([True, False], device=device),
    lambda device, x: torch.zeros(3, dtype=torch.int32, device=device),
    lambda device, x: torch.eye(3, dtype=torch.long, device=device),
    lambda device, x: torch.tril_indices(3, 3, device=device),
    lambda device, x: torch.randperm(3, device=device),
    lambda device, x: torch.randint(3, (3,), device=device),
    lambda device, x: x.new_ones((3,), dtype=torch.long),
    lambda device, x: x.new_tensor([1, 2], dtype=torch.long),
    lambda device, x: torch.zeros_like(x, dtype=torch.bool),
    lambda device, x: torch.full_like(x, 3, dtype=torch.long),
    lambda device, x: torch.arange(3).to(device),
    lambda device, x: torch.arange(3).to(device, torch.float32),
    lambda device, x: torch.arange(3).to(x),
    lambda device, x: torch.arange(3).type_as(x),
    lambda device, x: torch.arange(4).expand_as(x[0]),
    lambda device, x: torch.triu(torch.ones(3, 3, dtype=torch.bool, device=device), 1),
    lambda device, x: nn.functional.one_hot(torch.arange(3, device=device), 4),
    lambda device, x: torch.arange(3, device=device).repeat(2, 1).cumsum(-1).float().softmax(-1),
]


@pytest.mark.parametrize("number", range(len(FACTORIES)))
def test_what_counts_something_is_computed(number: int) -> None:
    def forward(layer: nn.Module, x: Tensor) -> Any:
        torch.manual_seed(0)
        made = FACTORIES[number](x.device, x)
        SEEN.append(made.sum().item())
        return layer(x)

    SEEN.clear()
    counted(forward, ROWS)
    torch.manual_seed(0)
    expected = FACTORIES[number](torch.device("cpu"), ROWS).sum().item()
    assert [expected] * 2 == SEEN


def test_an_input_of_a_shape_alone_is_zeros() -> None:
    def forward(layer: nn.Module, x: Tensor, ids: Tensor) -> Any:
        return layer(x if ids.sum() == 0 else x[:, 0])

    assert counted(forward, ROWS, torch.empty(2, dtype=torch.long, device=META)).macs == 10 * 16
    assert counted(forward, ROWS, torch.tensor([0, 1])).macs == 2 * 16


def written(layer: nn.Module, x: Tensor) -> Any:
    best = torch.zeros(2, dtype=torch.long)
    best[:1] = x[0, 0].argmax()  # known to the arithmetic alone
    return layer(x) if int(best.sum()) == 3 else layer(x[:, 0])


def listed(layer: nn.Module, x: Tensor) -> Any:
    best = torch.zeros(1, dtype=torch.long)
    best.copy_(x[0, :1, 0].argsort())
    return layer(x) if best.tolist() == [0] else layer(x[:, 0])


def scaled(layer: nn.Module, x: Tensor) -> Any:
    layer.weight.mul_(0)  # type: ignore[operator]
    return layer(x) if layer.weight.sum() == 0 else layer(x[:, 0])  # type: ignore[operator]


@pytest.mark.parametrize("forward", [written, listed, scaled])
def test_a_value_that_is_not_known_is_never_guessed(forward: Callable[..., Any]) -> None:
    x = torch.zeros(2, 5, 4)
    x[0, 0, 3] = 1
    found = rf.count(Net(forward), x)
    assert found.trace is not None
    assert "so it ran on cpu" in found.trace.remarks[0]
    assert found.macs == 10 * 16
    with pytest.raises(rf.InputError):
        rf.count(Net(forward).to(META), x)


def test_an_index_that_was_computed_from_activations_has_no_values() -> None:
    def forward(layer: nn.Module, x: Tensor) -> Any:
        return layer(x[x > 0].view(-1, 4))

    assert rf.count(Net(forward), torch.ones(2, 4)).macs == 2 * 16
    with pytest.raises(rf.InputError, match="reads the value of a tensor"):
        rf.count(Net(forward).to(META), torch.ones(2, 4))


def test_what_is_large_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "LARGEST", 100)
    SEEN.clear()

    def forward(layer: nn.Module, x: Tensor) -> Any:
        small, other = torch.arange(11, device=x.device), torch.arange(9, device=x.device)
        made = [
            small[:, None] + other,  # 99
            small[:, None] + small,  # 121
            other.repeat(12),  # 108
            nn.functional.one_hot(other, 12),  # 108
            torch.arange(101, device=x.device),
            torch.ones(101, dtype=torch.bool)[:99],
            torch.ones(101, dtype=torch.bool).logical_not(),
        ]
        SEEN.extend(part.is_meta for part in made)
        return layer(x)

    rf.count(Net(forward), ROWS)
    assert SEEN == [False, True, True, True, True, False, True]


def test_inputs_of_a_mapping_are_keywords() -> None:
    def forward(layer: nn.Module, *, x: Tensor, lengths: Tensor) -> Any:
        return by_a_mask(layer, x, lengths)

    assert rf.count(Net(forward), {"x": ROWS, "lengths": LENGTHS}).macs == 7 * 16
    assert rf.count(Net(forward), {"x": ROWS}, {"lengths": LENGTHS}).macs == 7 * 16


def test_a_shape_has_the_type_of_the_parameters() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        assert rf.count(nn.Linear(4, 4).to(dtype), (2, 4)).macs == 2 * 16


def test_a_lazy_module_is_run_first() -> None:
    module = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d())
    with pytest.raises(rf.InputError, match="run it once first"):
        rf.count(module, (1, 3, 8, 8))
    assert type(module[0]) is nn.LazyConv2d
    module(torch.zeros(1, 3, 8, 8))
    assert rf.count(module, (1, 3, 8, 8)).macs == 4 * 3 * 9 * 36


def test_another_method_than_forward_is_counted() -> None:
    class Coder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(4, 8), nn.Linear(8, 4)

        def encode(self, x: Tensor) -> Any:
            return self.one(x)

        def forward(self, x: Tensor) -> Any:
            return self.two(self.encode(x))

    found = rf.count(Coder(), (3, 4), method="encode")
    assert [(entry.path, entry.kind, entry.macs) for entry in found] == [
        ("one", "linear", 3 * 4 * 8),
        ("two", "unused parameter", 0),
        ("two", "unused parameter", 0),
    ]
    with pytest.raises(rf.InputError, match="Coder has no method 'decode'"):
        rf.count(Coder(), (3, 4), method="decode")


@pytest.mark.parametrize(
    ("first", "second", "offsets", "macs"),
    [
        ((7, 8), (3, 8, 16), [2, 3, 7], 7 * 8 * 16),  # a row meets the matrix of its group
        ((3, 2, 8), (3, 8, 16), None, 3 * 2 * 8 * 16),
        ((3, 2, 8), (8, 24), [8, 8, 24], 2 * 8 * 24),  # columns in groups
        ((2, 24), (24, 16), [8, 8, 24], 2 * 24 * 16),  # the summed axis in groups
    ],
)
def test_grouped_products(
    first: tuple[int, ...], second: tuple[int, ...], offsets: list[int] | None, macs: int
) -> None:
    class Grouped(nn.Module):
        def forward(self, x: Tensor, y: Tensor, ends: Tensor | None = None) -> Any:
            return torch._grouped_mm(x, y, ends)  # noqa: SLF001

    args = [torch.randn(first, dtype=torch.bfloat16), torch.randn(second, dtype=torch.bfloat16)]
    if offsets:
        args.append(torch.tensor(offsets, dtype=torch.int32))
    found = rf.count(Grouped(), args)
    assert found.macs == macs
    assert found.trace is not None
    assert not found.trace.remarks
    assert found.trace.records.operators[0].name == "aten._grouped_mm.default"
    real = torch._grouped_mm(args[0], args[1], args[2] if offsets else None)  # noqa: SLF001
    rule = operators.rule_of(torch.ops.aten._grouped_mm.default)  # noqa: SLF001
    assert rule.macs is not None
    assert rule.macs([tuple(part.shape) for part in args], tuple(real.shape)) == macs
    assert found.entries[0].output == tuple(real.shape)


class Functions(nn.Module):
    """Functions whose kernels for `meta` are written in Python, and call others that a convention counts."""

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.leaky_relu(x)
        x = nn.functional.interpolate(x, size=9, mode="bicubic")
        x = nn.functional.layer_norm(x.transpose(1, 2), (9,))
        return x.roll(1, 2)


def test_what_a_kernel_calls_is_no_call_of_the_model() -> None:
    class Real(Functions):
        def forward(self, x: Tensor) -> Tensor:
            assert float(x.sum()) == 0
            return super().forward(x)

    traces = [rf.count(module, torch.zeros(1, 4, 6, 6)).trace for module in (Functions(), Real())]
    assert [bool(trace and trace.remarks) for trace in traces] == [False, True]
    names = [[function.name for function in trace.records.functions] for trace in traces if trace]
    assert names[0] == [name for name in names[1] if name != "Tensor.sum"]


def test_a_position_without_a_row_is_refused_as_it_is_with_memory() -> None:
    class Positions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(16, 4)

        def forward(self, tokens: Tensor) -> Tensor:
            rows: Tensor = self.table(torch.arange(tokens.shape[1]))
            return rows

    assert rf.count(Positions(), "1,16:int64").macs == 0
    with pytest.raises(rf.InputError, match="index out of range: 16 in a table of 16 rows"):
        rf.count(Positions().to("meta"), "1,17:int64")
