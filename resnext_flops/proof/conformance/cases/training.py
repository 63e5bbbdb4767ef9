"""Steps of training: forward, and in the backward pass once more for each factor of a product that needs a gradient.

An input of the network needs none, so a first layer costs twice what it costs forward, and any other three times.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

from resnext_flops.proof.conformance.case import Case, One, Two, group, weight, whole


class Product(torch.autograd.Function):
    """A product whose gradients are written out, and whose forward pass is done again for them."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, matrix: Tensor) -> Tensor:
        """The rows times the matrix."""
        ctx.save_for_backward(x, matrix)
        return x @ matrix

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Both gradients, of rows that are scaled by the product's size."""
        x, matrix = ctx.saved_tensors
        (gradient,) = gradients
        gradient = gradient * (1 + 0 * (x @ matrix))
        return gradient @ matrix.T, x.T @ gradient


class Straight(torch.autograd.Function):
    """Rounding whose gradient passes as it is."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        """Whole numbers."""
        return x.round()

    @staticmethod
    def backward(_: Any, *gradients: Any) -> Any:
        """The same."""
        return gradients[0]


def _frozen(layer: nn.Module) -> nn.Module:
    return layer.requires_grad_(False)


def _mlp(way: Any) -> nn.Module:
    """A layer, and two layers that are checkpointed."""
    body = nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 2))
    return One(lambda m, x: checkpoint(m.body, m.first(x), use_reentrant=way), first=nn.Linear(4, 5), body=body)


def _without_gradients(module: Any, x: Tensor) -> Tensor:
    with torch.no_grad():
        x = module.first(x)
    made: Tensor = module.second(x)
    return made


def _in_place(module: Any, x: Tensor) -> Any:
    made = x.new_zeros(3, 5)
    made[:, :2] = module.first(x)
    made[:, 2:].copy_(module.second(x))
    return module.third(made)


def _self(module: Any, x: Tensor) -> Tensor:
    q, k, v = module.layer(x).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(q, k, v)


def _learned_query(module: Any, x: Tensor) -> Tensor:
    """Keys and values come in, and need no gradient."""
    return F.scaled_dot_product_attention(module.query, x, x)


def _learned_values(module: Any, x: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(x, x, module.values)


STEPS = group(
    "training",
    [
        ("first layer", "forward, and the gradient of the weight", lambda: nn.Linear(4, 5), ((3, 4),), "2 * 3*4*5"),
        (
            "second layer",
            "the second has the gradient of its input too",
            lambda: nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 6)),
            ((3, 4),),
            "2 * 3*4*5 + 3 * 3*5*6",
        ),
        ("tokens", "each token is a row", lambda: nn.Linear(4, 5), ((2, 3, 4),), "2 * 2*3*4*5"),
        (
            "input with a gradient",
            "an input that asks for its gradient has one",
            lambda: nn.Linear(4, 5),
            (lambda: torch.randn(3, 4, requires_grad=True),),
            "3 * 3*4*5",
        ),
        (
            "leaf",
            "a tensor that is no parameter, and asks for its gradient",
            lambda: One(lambda m, x: x @ m.leaves[0], leaves=[torch.randn(4, 5, requires_grad=True)]),
            ((3, 4),),
            "2 * 3*4*5",
        ),
        (
            "conv",
            "forward, and the gradient of the filters",
            lambda: nn.Conv2d(2, 3, 3, padding=1),
            ((2, 2, 4, 5),),
            "2 * 2 * 4*5 * 3*2 * 3*3",
        ),
        (
            "two convs",
            "the second has the gradient of its image too",
            lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Conv2d(3, 2, 2, 2)),
            ((2, 2, 6, 6),),
            "2 * 2 * 4*4 * 3*2 * 3*3 + 3 * 2 * 2*2 * 2*3 * 2*2",
        ),
        (
            "grouped conv",
            "both gradients within the groups",
            lambda: nn.Sequential(nn.Conv2d(2, 4, 1), nn.Conv2d(4, 6, 3, groups=2)),
            ((1, 2, 5, 4),),
            "2 * 5*4 * 4*2 + 3 * 3*2 * 6 * 4/2 * 3*3",
        ),
        (
            "depthwise conv",
            "each channel alone",
            lambda: nn.Sequential(nn.Conv1d(2, 4, 1), nn.Conv1d(4, 4, 3, dilation=2, groups=4)),
            ((2, 2, 7),),
            "2 * 2*7 * 4*2 + 3 * 2*3 * 4 * 1 * 3",
        ),
        (
            "transposed conv",
            "products at the 3 x 4 input pixels",
            lambda: nn.Sequential(nn.Conv2d(2, 4, 1), nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, 2)),
            ((1, 2, 3, 4),),
            "2 * 3*4 * 4*2 + 3 * 3*4 * 4 * 6/2 * 3*3",
        ),
        (
            "frozen first",
            "no gradient passes the first layer: it is computed once, and the second twice",
            lambda: nn.Sequential(_frozen(nn.Linear(4, 5)), nn.Linear(5, 6)),
            ((3, 4),),
            "3*4*5 + 2 * 3*5*6",
        ),
        (
            "frozen second",
            "the second passes a gradient on, and has none of its weight",
            lambda: nn.Sequential(nn.Linear(4, 5), _frozen(nn.Linear(5, 6))),
            ((3, 4),),
            "2 * 3*4*5 + 2 * 3*5*6",
        ),
        (
            "frozen conv",
            "the same of convolutions",
            lambda: nn.Sequential(nn.Conv1d(2, 3, 2), _frozen(nn.Conv1d(3, 4, 2))),
            ((2, 2, 5),),
            "2 * 2 * 4 * 3*2 * 2 + 2 * 2 * 3 * 4*3 * 2",
        ),
        (
            "detached",
            "the first layer's output is cut off: it is computed once",
            lambda: One(lambda m, x: m.second(m.first(x).detach()), first=nn.Linear(4, 5), second=nn.Linear(5, 6)),
            ((3, 4),),
            "3*4*5 + 2 * 3*5*6",
        ),
        (
            "without gradients",
            "the first layer runs without gradients",
            lambda: One(_without_gradients, first=nn.Linear(4, 5), second=nn.Linear(5, 6)),
            ((3, 4),),
            "3*4*5 + 2 * 3*5*6",
        ),
        (
            "not used",
            "a layer whose output nobody uses has no gradients",
            lambda: One(lambda m, x: (m.first(x), m.second(x))[1], first=nn.Linear(4, 6), second=nn.Linear(4, 5)),
            ((3, 4),),
            "3*4*6 + 2 * 3*4*5",
        ),
        (
            "target",
            "a copy of the layer without a gradient: the difference goes back through the first alone",
            lambda: One(lambda m, x: m.first(x) - m.second(x).detach(), first=nn.Linear(4, 5), second=nn.Linear(4, 5)),
            ((3, 4),),
            "2 * 3*4*5 + 3*4*5",
        ),
        (
            "by places",
            "no gradient passes the place of the largest element",
            lambda: One(
                lambda m, x: F.one_hot(m.first(x).argmax(1), 5).float() @ m.weight,
                first=nn.Linear(4, 5),
                weight=weight(5, 6),
            ),
            ((3, 4),),
            "3*4*5 + 2 * 3*5*6",
        ),
        (
            "in place",
            "outputs are written into parts of one tensor, which goes on",
            lambda: One(_in_place, first=nn.Linear(4, 2), second=nn.Linear(4, 3), third=nn.Linear(5, 6)),
            ((3, 4),),
            "2 * 3*4*2 + 2 * 3*4*3 + 3 * 3*5*6",
        ),
        (
            "mapped",
            "a matrix times a row, for all rows by vmap",
            lambda: One(
                lambda m, x: torch.func.vmap(lambda row: m.weight @ row)(m.layer(x)),
                layer=nn.Linear(4, 4),
                weight=weight(5, 4),
            ),
            ((3, 4),),
            "2 * 3*4*4 + 3 * 3*4*5",
        ),
        (
            "called twice",
            "each call has gradients: the first of the weight, the second of both",
            lambda: One(lambda m, x: m.layer(m.layer(x)), layer=nn.Linear(4, 4)),
            ((3, 4),),
            "2 * 3*4*4 + 3 * 3*4*4",
        ),
        (
            "weight of weights",
            "the matrix is a product of two: 4 x 2 x 5, which both have gradients",
            lambda: One(lambda m, x: x @ (m.left @ m.right), left=weight(4, 2), right=weight(2, 5)),
            ((3, 4),),
            "2 * 3*4*5 + 3 * 4*2*5",
        ),
        (
            "both factors",
            "rows with rows: both need a gradient",
            lambda: One(lambda m, x: (y := m.layer(x)) @ y.mT, layer=nn.Linear(4, 5)),
            ((2, 3, 4),),
            "2 * 2*3*4*5 + 3 * 2*3*3*5",
        ),
        (
            "einsum",
            "the same as an einsum",
            lambda: One(lambda m, x: torch.einsum("bid,bjd->bij", y := m.layer(x), y), layer=nn.Linear(4, 5)),
            ((2, 3, 4),),
            "2 * 2*3*4*5 + 3 * 2*3*3*5",
        ),
        (
            "added product",
            "addmm: the rows need no gradient",
            lambda: One(lambda m, x: torch.addmm(m.bias, x, m.weight), weight=weight(4, 5), bias=weight(5)),
            ((3, 4),),
            "2 * 3*4*5",
        ),
        (
            "embedding",
            "a look-up and its gradient are free; the layer after it has both gradients",
            lambda: nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 5)),
            (whole(2, 3, below=9),),
            "3 * 2*3*4*5",
        ),
        (
            "attention",
            "a projection of 6 to 24, and two heads of width 4: both products have both gradients",
            lambda: One(_self, layer=nn.Linear(6, 24)),
            ((2, 3, 6),),
            "2 * 2*3 * 6*24 + 3 * 2*2 * 3*3*4 + 3 * 2*2 * 3*3*4",
        ),
        (
            "attention of learned queries",
            "scores: one gradient, of the queries; weights times values: one, of the weights",
            lambda: One(_learned_query, query=weight(2, 5, 4)),
            ((2, 3, 4),),
            "2 * 2 * 5*3*4 + 2 * 2 * 5*3*4",
        ),
        (
            "attention to learned values",
            "the scores need no gradient, the values do",
            lambda: One(_learned_values, values=weight(2, 3, 4)),
            ((2, 3, 4),),
            "2 * 3*3*4 + 2 * 2 * 3*3*4",
        ),
        (
            "attention layer",
            "projections, of which the first three take the input, and the products of attention",
            lambda: One(lambda m, x: m.layer(x, x, x)[0], layer=nn.MultiheadAttention(4, 2, batch_first=True)),
            ((2, 3, 4),),
            "2 * 6 * 3 * 4*4 + 3 * 2 * 3*3*4 + 3 * 2 * 3*3*4 + 3 * 6 * 4*4",
        ),
        (
            "lstm",
            "gradients of both matrices; of the states but the first, which is zeros; none of the input",
            lambda: One(lambda m, x: m.layer(x)[0], layer=nn.LSTM(4, 5)),
            ((3, 2, 4),),
            "2 * 3*2 * 4*5*4 + 2 * 3*2 * 4*5*5 + 2*2 * 4*5*5",
        ),
        (
            "gru after a layer",
            "the input has a gradient too",
            lambda: One(lambda m, x: m.second(m.first(x))[0], first=nn.Linear(4, 4), second=nn.GRU(4, 5)),
            ((3, 2, 4),),
            "2 * 3*2 * 4*4 + 3 * 3*2 * 3*5*4 + 2 * 3*2 * 3*5*5 + 2*2 * 3*5*5",
        ),
        (
            "rnn of two layers and directions",
            "the second layer takes ten units, with a gradient",
            lambda: One(lambda m, x: m.layer(x)[0], layer=nn.RNN(4, 5, 2, bidirectional=True)),
            ((3, 2, 4),),
            "2 * 2 * 3*2 * 5*4 + 3 * 2 * 3*2 * 5*10 + 2*2 * (2 * 3*2 * 5*5 + 2*2 * 5*5)",
        ),
        (
            "lstm with a learned state",
            "the first state has a gradient too",
            lambda: One(
                lambda m, x: m.layer(x, (m.state, torch.zeros_like(m.state)))[0],
                layer=nn.LSTM(4, 5),
                state=weight(1, 2, 5),
            ),
            ((3, 2, 4),),
            "2 * 3*2 * 4*5*4 + 3 * 3*2 * 4*5*5",
        ),
        (
            "frozen gru",
            "only states and inputs have gradients",
            lambda: One(lambda m, x: m.second(m.first(x))[0], first=nn.Linear(4, 4), second=_frozen(nn.GRU(4, 5))),
            ((3, 2, 4),),
            "2 * 3*2 * 4*4 + 2 * 3*2 * 3*5*4 + 3*2 * 3*5*5 + 2*2 * 3*5*5",
        ),
        (
            "projected lstm",
            "states of three units: both matrices and the projection",
            lambda: One(lambda m, x: m.layer(x)[0], layer=nn.LSTM(4, 5, proj_size=3)),
            ((3, 2, 4),),
            "2 * 3*2 * 4*5*4 + 2 * 3*2 * 4*5*3 + 2*2 * 4*5*3 + 3 * 3*2 * 5*3",
        ),
        (
            "checkpoint, reentrant",
            "all of the part is computed once more",
            lambda: _mlp(True),
            ((3, 4),),
            "2 * 3*4*5 + (1 + 3) * 3*5*6 + (1 + 3) * 3*6*2",
        ),
        (
            "checkpoint",
            "the part is computed once more, up to its last layer, whose output nobody needs",
            lambda: _mlp(False),
            ((3, 4),),
            "2 * 3*4*5 + (1 + 3) * 3*5*6 + 3 * 3*6*2",
        ),
        (
            "checkpoint within a checkpoint",
            "the first inner layer is computed three times forward: two checkpoints are around it",
            lambda: One(
                lambda m, x: checkpoint(
                    lambda y: checkpoint(m.second, m.first(y), use_reentrant=True), m.layer(x), use_reentrant=True
                ),
                layer=nn.Linear(4, 4),
                first=nn.Linear(4, 5),
                second=nn.Linear(5, 6),
            ),
            ((3, 4),),
            "2 * 3*4*4 + (1 + 3) * 3*4*5 + (2 + 3) * 3*5*6",
        ),
        (
            "checkpointed segments",
            "two segments; torch does not checkpoint the last",
            lambda: One(
                lambda m, x: checkpoint_sequential(m.body, 2, m.layer(x), use_reentrant=True),  # type: ignore[no-untyped-call]
                layer=nn.Linear(4, 4),
                body=nn.Sequential(*[nn.Linear(4, 4) for _ in range(4)]),
            ),
            ((3, 4),),
            "2 * 3*4*4 + 2 * (1 + 3) * 3*4*4 + 2 * 3 * 3*4*4",
        ),
        (
            "own function",
            "its backward pass has three products: one again, and two gradients",
            lambda: One(lambda m, x: Product.apply(x, m.weight), weight=weight(4, 5)),
            ((3, 4),),
            "3*4*5 + 3 * 3*4*5",
        ),
        (
            "own function without products",
            "it passes the gradient on to the layer before",
            lambda: One(
                lambda m, x: m.second(Straight.apply(m.first(x))), first=nn.Linear(4, 5), second=nn.Linear(5, 6)
            ),
            ((3, 4),),
            "2 * 3*4*5 + 3 * 3*5*6",
        ),
        (
            "own function, checkpointed",
            "forward twice, and its backward pass of three products",
            lambda: One(
                lambda m, x: checkpoint(lambda y: Product.apply(y, m.weight), m.layer(x), use_reentrant=True),
                layer=nn.Linear(4, 4),
                weight=weight(4, 5),
            ),
            ((3, 4),),
            "2 * 3*4*4 + 2 * 3*4*5 + 3 * 3*4*5",
        ),
        (
            "dropout",
            "a drawn mask takes no product",
            lambda: nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.5), nn.Linear(5, 6)),
            ((3, 4),),
            "2 * 3*4*5 + 3 * 3*5*6",
        ),
        (
            "only in training",
            "a second head that runs in training alone",
            lambda: One(
                lambda m, x: (m.head(x), m.other(x)) if m.training else m.head(x),
                head=nn.Linear(4, 5),
                other=nn.Linear(4, 6),
            ),
            ((3, 4),),
            "2 * 3*4*5 + 2 * 3*4*6",
        ),
        (
            "half",
            "half precision costs the same",
            lambda: nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 6)).bfloat16(),
            (lambda: torch.randn(3, 4).bfloat16(),),
            "2 * 3*4*5 + 3 * 3*5*6",
        ),
        (
            "experts",
            "each of 24 rows meets the matrix of one of three experts, which all have gradients",
            lambda: Two(
                lambda m, x, ends: torch._grouped_mm(x.bfloat16(), m.weight.bfloat16(), offs=ends),  # noqa: SLF001
                weight=weight(3, 8, 16),
            ),
            ((24, 8), lambda: torch.tensor([8, 12, 24], dtype=torch.int32)),
            "2 * 24*8*16",
            lambda m, x, ends: torch.cat(
                [
                    rows @ matrix
                    for rows, matrix in zip(
                        x.bfloat16().tensor_split(ends[:-1].long()), m.weight.bfloat16(), strict=True
                    )
                ]
            ),
        ),
    ],
    training=True,
)

WRITTEN = group(
    "gradients",
    [
        (
            "of a conv",
            "a call of torch's operator for both gradients: of the image, 2 x 5 x 4 places, and of the filters",
            lambda: Two(
                lambda m, slope, x: torch.ops.aten.convolution_backward(
                    slope, x, m.weight, None, (1, 1), (1, 1), (1, 1), False, (0, 0), 1, (True, True, False)
                )[:2],
                weight=weight(3, 2, 3, 3),
            ),
            ((2, 3, 5, 4), (2, 2, 5, 4)),
            "2 * 2 * 5*4 * 3*2 * 3*3",
        ),
        (
            "of a transposed conv",
            "of the filters alone: products at the 3 x 4 pixels of the image",
            lambda: Two(
                lambda m, slope, x: torch.ops.aten.convolution_backward(
                    slope, x, m.weight, None, (2, 2), (0, 0), (1, 1), True, (0, 0), 2, (False, True, False)
                )[1],
                weight=weight(4, 3, 3, 3),
            ),
            ((1, 6, 7, 9), (1, 4, 3, 4)),
            "3*4 * 4 * 6/2 * 3*3",
        ),
        (
            "of a layer",
            "two products, written out",
            lambda: Two(lambda m, slope, x: (slope @ m.weight, slope.mT @ x), weight=weight(5, 4)),
            ((3, 5), (3, 4)),
            "2 * 3*4*5",
        ),
    ],
)

CASES: list[Case] = STEPS + WRITTEN
