"""The walk: shapes against torch's own, paths, repeats, and what cannot be."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from resnext_flops.complexity.entries import tensors
from resnext_flops.complexity.formula import Formula
from resnext_flops.complexity.layers import (
    IDENTITY,
    AdaptiveAvgPool,
    Auxiliary,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Description,
    Dropout,
    Flatten,
    Linear,
    MaxPool,
    Node,
    ReLU,
    Repeat,
    Sequential,
    Sum,
    size,
    stages,
    walk,
)
from resnext_flops.complexity.network import described
from resnext_flops.errors import InputError

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
lengths = st.tuples(st.integers(1, 24), st.integers(1, 24))


def on_meta(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return tuple(module(torch.empty(1, *shape, device="meta")).shape[1:])
    except RuntimeError:
        return None


def walked(layer: Conv | MaxPool | AvgPool, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return walk(layer, shape)[0].output
    except InputError:
        return None


@given(length=lengths, kernel=pairs, stride=pairs, padding=st.tuples(st.integers(0, 2), st.integers(0, 2)))
def test_a_convolution_has_torchs_shape(
    length: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
) -> None:
    shape = (3, *length)
    found = walked(Conv(5, kernel, stride, padding), shape)
    real = on_meta(nn.Conv2d(3, 5, kernel, stride, padding, device="meta"), shape)
    too_small = any(pixels < step for pixels, step in zip(length, stride, strict=True))
    assert found == (None if too_small else real)


@pytest.mark.parametrize(("layer", "module"), [(MaxPool, nn.MaxPool2d), (AvgPool, nn.AvgPool2d)])
@given(length=lengths, kernel=pairs, stride=pairs, data=st.data(), ceil_mode=st.booleans())
def test_a_pool_has_torchs_shape(
    layer: type[MaxPool | AvgPool],
    module: type[nn.Module],
    length: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    data: st.DataObject,
    ceil_mode: bool,
) -> None:
    padding = (data.draw(st.integers(0, kernel[0] // 2)), data.draw(st.integers(0, kernel[1] // 2)))
    shape = (3, *length)
    found = walked(layer(kernel, stride, padding, ceil_mode), shape)
    real = on_meta(module(kernel, stride, padding, ceil_mode=ceil_mode), shape)
    # Where windows may not hang over, an input of less than a stride is refused, which torch would take.
    fits = ceil_mode or all(pixels >= step for pixels, step in zip(length, stride, strict=True))
    assert found == (real if fits else None)


@pytest.mark.parametrize("pixels", [1, 2, 3])
def test_a_window_may_hang_over_by_less_than_a_stride(pixels: int) -> None:
    real = on_meta(nn.MaxPool2d(3, 2, ceil_mode=True), (1, pixels, pixels))
    assert walked(MaxPool(3, 2, ceil_mode=True), (1, pixels, pixels)) == real
    assert (real is None) == (pixels == 1)


@given(length=lengths, size=pairs)
def test_an_adaptive_pool_has_torchs_shape(length: tuple[int, int], size: tuple[int, int]) -> None:
    assert walk(AdaptiveAvgPool(size), (3, *length))[0].output == on_meta(nn.AdaptiveAvgPool2d(size), (3, *length))


def test_an_auxiliary_head_runs_in_training_only_and_passes_its_input_on() -> None:
    head = Sequential.of(flatten=Flatten(), fc=Linear(5))
    body = Sequential.of(conv=Conv(4, 1), aux=Auxiliary(head), relu=ReLU())
    visits = walk(body, (3, 2, 2))
    assert [(visit.path, visit.training_only) for visit in visits] == [
        ("conv", False),
        ("aux.flatten", True),
        ("aux.fc", True),
        ("aux", True),
        ("relu", False),
    ]
    assert visits[3].inputs == ((4, 2, 2), (5,))
    assert visits[3].output == visits[4].inputs[0] == (4, 2, 2)
    assert [name for name, *_ in stages(Description((3, 2, 2), body))] == ["conv", "relu"]


def test_an_auxiliary_head_belongs_to_the_whole_network() -> None:
    inner = Sequential.of(aux=Auxiliary(ReLU()))
    with pytest.raises(InputError, match=r"^stage\.aux: an auxiliary head must be a child of the whole network"):
        walk(Sequential.of(stage=inner), (3, 2, 2))
    with pytest.raises(InputError, match=r"^a: an auxiliary head must be a child of the whole network"):
        walk(Sum.of(a=Auxiliary(ReLU()), b=IDENTITY), (3, 2, 2))


def test_repeated_blocks_have_paths_of_their_own() -> None:
    stage = Sequential.of(block=Repeat(Conv(4, 1), 3, first=Conv(4, 1, stride=2)))
    visits = walk(stage, (2, 8, 8))
    assert [(visit.path, visit.inputs[0], visit.output) for visit in visits] == [
        ("block1", (2, 8, 8), (4, 4, 4)),
        ("block2", (4, 4, 4), (4, 4, 4)),
        ("block3", (4, 4, 4), (4, 4, 4)),
    ]


def test_values_have_numbers() -> None:
    head = Sequential.of(flatten=Flatten(), fc=Linear(5))
    add = Sum.of(residual=Sequential.of(conv=Conv(4, 1), relu=ReLU()), shortcut=IDENTITY)
    visits = walk(Sequential.of(conv=Conv(4, 1), aux=Auxiliary(head), add=add, last=ReLU()), (3, 2, 2))
    assert [(visit.path, visit.takes, visit.makes) for visit in visits] == [
        ("conv", (0,), 1),
        ("aux.flatten", (1,), 2),
        ("aux.fc", (2,), 3),
        ("aux", (1, 3), 1),  # what passes through stays the same value
        ("add.residual.conv", (1,), 5),
        ("add.residual.relu", (5,), 6),
        ("add", (6, 1), 7),
        ("last", (7,), 8),
    ]
    assert {visit.path: set(visit.holds) for visit in visits if visit.path.startswith("add")} == {
        "add.residual.conv": {0, 1},
        "add.residual.relu": {0, 1},
        "add": {0, 1},
    }


@pytest.mark.parametrize("first", [Conv(4, 1), IDENTITY, Sum.of(a=Conv(4, 1), b=IDENTITY)])
@pytest.mark.parametrize("body", [ReLU(), IDENTITY, Sequential.of(add=Sum.of(a=Sequential.of(r=ReLU()), b=IDENTITY))])
def test_a_repeated_block_has_the_values_of_blocks_written_out(first: Node, body: Node) -> None:
    repeated = Sequential.of(stage=Sequential.of(block=Repeat(body, 4, first=first)), last=ReLU())
    written = Sequential.of(
        stage=Sequential.of(block1=first, block2=body, block3=body, block4=body),
        last=ReLU(),
    )
    assert walk(repeated, (4, 2, 2)) == walk(written, (4, 2, 2))


def test_a_repeated_block_keeps_its_shape() -> None:
    stage = Sequential.of(block=Repeat(Conv(8, 1), 2, first=Conv(4, 1)))
    with pytest.raises(InputError, match="block: a repeated block must keep its shape"):
        walk(stage, (2, 8, 8))


def test_branches_take_the_same_input() -> None:
    visits = walk(Concat.of(a=Conv(2, 1), b=IDENTITY, c=Conv(3, 1)), (4, 8, 8))
    assert visits[-1].inputs == ((2, 8, 8), (4, 8, 8), (3, 8, 8))
    assert visits[-1].output == (9, 8, 8)


def test_what_cannot_be_names_the_layer() -> None:
    with pytest.raises(InputError, match=r"^add: branches of different shapes cannot be added: 2x8x8, 4x8x8$"):
        walk(Sequential.of(add=Sum.of(a=Conv(2, 1), b=IDENTITY)), (4, 8, 8))
    with pytest.raises(InputError, match=r"^conv: 3 groups do not divide 4 input channels; 2 would$"):
        walk(Sequential.of(conv=Conv(6, 1, groups=3)), (4, 8, 8))
    with pytest.raises(InputError, match=r"^conv: 3 groups do not divide 4 output channels; 2 would$"):
        walk(Sequential.of(conv=Conv(4, 1, groups=3)), (6, 8, 8))
    with pytest.raises(InputError, match=r"cannot be concatenated"):
        walk(Concat.of(a=Conv(2, 3), b=IDENTITY), (4, 8, 8))


@pytest.mark.parametrize("value", [0, -1, 2.0, "3", None, True])
def test_a_size_is_a_positive_whole_number(value: object) -> None:
    with pytest.raises(InputError, match=r"channels is .*; it must be a whole number of at least 1"):
        Conv(value, 1)  # type: ignore[arg-type]


def test_a_numpy_integer_becomes_a_python_integer() -> None:
    numpy = pytest.importorskip("numpy")
    assert type(size("width", numpy.int8(100))) is int
    conv = Conv(numpy.int8(100), (numpy.int16(1), 7), padding=numpy.int64(3))
    assert conv == Conv(100, (1, 7), padding=(3, 3))
    assert {type(number) for number in (conv.channels, *conv.kernel, *conv.padding)} == {int}


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Conv(8, (3, 0)), "kernel is 0; it must be a whole number of at least 1"),
        (lambda: Conv(8, (3, 3, 3)), r"kernel is \(3, 3, 3\); it must be one number or a height and a width"),  # type: ignore[arg-type]
        (lambda: MaxPool(3, 2, padding=-1), "padding is -1; it must be a whole number of at least 0"),
        (lambda: Repeat(ReLU(), 0, ReLU()), "the number of blocks is 0; it must be a whole number of at least 1"),
        (lambda: Conv(8, 3, bias="no"), "bias is 'no'; it must be True or False"),  # type: ignore[arg-type]
        (lambda: Dropout(float("nan")), "p is nan; it must be a finite number"),
        (lambda: BatchNorm("1e-5"), "eps is '1e-5'; it must be a finite number"),  # type: ignore[arg-type]
        (lambda: Description((), IDENTITY), r"input is \(\); it must be the sizes of one example"),
        (lambda: Description((3, 0, 8), IDENTITY), "input is 0; it must be a whole number of at least 1"),
        (Sum.of, r"branches is \(\); there must be at least one"),
    ],
)
def test_a_field_that_cannot_be_is_named(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make()


def test_descriptions_are_values() -> None:
    assert Conv(8, 3, stride=2) == Conv(8, (3, 3), stride=(2, 2))
    assert len({Conv(8, 3), Conv(8, (3, 3))}) == 1
    assert len({BatchNorm(), ReLU()}) == 2
    assert Conv(8, 3) != Conv(8, 1)
    with pytest.raises(AttributeError):
        Conv(8, 3).channels = 4  # type: ignore[misc]


def test_a_size_may_be_a_formula_or_a_symbol() -> None:
    sympy = pytest.importorskip("sympy")
    for width in (Formula.of("d"), sympy.Symbol("d", positive=True, integer=True)):
        conv = Conv(width, 3, padding=1)
        assert conv.channels is width
        assert conv == Conv(width, (3, 3), padding=1)
        assert walk(conv, (3, 8, 8))[0].output == (width, 8, 8)


@pytest.mark.parametrize(
    ("children", "name"),
    [
        ([("a", ReLU()), ("b", ReLU()), ("a", ReLU())], "a"),
        ([("block", Repeat(ReLU(), 3, ReLU())), ("block3", ReLU())], "block3"),
        ([("block1", ReLU()), ("block", Repeat(ReLU(), 1, ReLU()))], "block1"),
        # The first block of the second stage is the eleventh of the first.
        ([("a", Repeat(ReLU(), 11, ReLU())), ("a1", Repeat(ReLU(), 2, ReLU()))], "a11"),
        ([("block", Repeat(ReLU(), Formula.of("n"), ReLU())), ("block99", ReLU())], "block99"),
    ],
)
def test_two_children_may_not_have_one_name(children: list[tuple[str, Node]], name: str) -> None:
    with pytest.raises(InputError, match=f"two children have the name '{name}'"):
        Sequential(tuple(children))


def test_names_that_only_look_like_a_blocks_are_free() -> None:
    repeat = Repeat(ReLU(), 3, ReLU())
    assert len(walk(Sequential.of(block=repeat, block4=ReLU(), block02=ReLU(), blocks=ReLU()), (3, 8, 8))) == 6


def test_a_description_that_is_nested_too_deeply_is_one_sentence() -> None:
    node: Node = ReLU()
    for _ in range(2000):
        node = Sequential((("a", node),))
    with pytest.raises(InputError, match="the description is nested too deeply"):
        walk(node, (3, 8, 8))


def test_a_body_is_a_sequential() -> None:
    with pytest.raises(InputError, match="body is a Conv; put the layers into a Sequential"):
        Description((3, 8, 8), Conv(3, 3))  # type: ignore[arg-type]


def test_the_tensors_of_a_linear_layer_are_of_the_last_axis() -> None:
    # torch's Linear maps the last axis of (4, 6, 5): 5 features to 10.
    network = described(Description((3, 8, 7), Sequential.of(conv=Conv(4, 3), fc=Linear(10))))
    shapes = {name: tuple(part.shape) for name, part in network.to_torch("meta").named_parameters()}
    assert tensors(network.cost()["fc"]) == {name: shapes[name] for name in ("fc.weight", "fc.bias")}
    assert shapes["fc.weight"] == (10, 5)
