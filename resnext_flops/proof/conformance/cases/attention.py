"""Attention: queries x keys x width of the scores, then queries x keys x width of the values, for each head.

A mask saves nothing. A layer has four projections besides: each costs tokens x width x width.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from resnext_flops.proof.conformance.case import Case, One, Three, Two, group, weight, whole

QUERIES, KEYS, VALUES = (2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6)  # two sequences, three heads
HEADS = "2*3 * 5*7*4 + 2*3 * 5*7*6"


def _attention(**how: Any) -> nn.Module:
    return Three(lambda _, q, k, v: F.scaled_dot_product_attention(q, k, v, **how))


def _plain(_: Any, q: Tensor, k: Tensor, v: Tensor) -> Any:
    return (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v


def _operator(name: str, *more: Any) -> Callable[[], nn.Module]:
    """Makes a module that calls an operator of torch, for which the CPU may have no kernel."""

    def attend(_: Any, q: Tensor, k: Tensor, v: Tensor) -> Any:
        operator = getattr(torch.ops.aten, name)
        return F.scaled_dot_product_attention(q, k, v) if q.is_cpu else operator(q, k, v, *more)[0]

    return lambda: Three(attend)


def _linear_attention(_: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Keys times values first."""
    return q.softmax(-1) @ (k.softmax(-2).mT @ v)


def _windows(_: Any, q: Tensor, k: Tensor, v: Tensor) -> Any:
    """Each window of two tokens attends to itself."""
    q, k, v = (part.reshape(2, 3, 2, 4) for part in (q, k, v))
    return _plain(_, q, k, v).flatten(1, 2)


def _relative(module: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Scores have a term of the query and the distance."""
    distances = torch.arange(5)[:, None] - torch.arange(5) + 4
    scores = q @ k.mT + torch.einsum("bhqd,qkd->bhqk", q, module.weight[distances])
    return scores.softmax(-1) @ v


def _additive(module: Any, query: Tensor, keys: Tensor) -> Any:
    """Scores are a small network of query and key."""
    hidden = (module.first(query)[:, None] + module.second(keys)).tanh()
    weights = module.score(hidden).softmax(1)
    return (weights.mT @ keys).squeeze(1)


def _read(part: Tensor) -> bool:
    """Whether a value is over another, which is read by Python's code."""
    return part.sum().item() > -1e9


def _fast(module: Any, x: Tensor) -> Any:
    return module.layer(x, x, x, need_weights=False)[0] if _read(x) else x


def _self(module: Any, x: Tensor) -> Any:
    """Self-attention by the function that the layer calls."""
    layer, rows = module.layer, x.transpose(0, 1)
    weights: Any = (layer.in_proj_weight, layer.in_proj_bias, None, None, False, 0.0, *layer.out_proj.parameters())
    function: Any = F.multi_head_attention_forward
    return function(rows, rows, rows, 4, 2, *weights, training=False, need_weights=False)[0].transpose(0, 1)


def _each_sequence(module: Any, x: Tensor, padding: Tensor) -> Tensor:
    """Each sequence alone and without its padding, which is zeros afterwards."""
    made = torch.zeros_like(x)
    for place, (row, mask) in enumerate(zip(x, padding, strict=True)):
        made[place, ~mask] = module.layer(row[None, ~mask])[0]
    return made


PADDING = torch.tensor([[False, False, False, True, True], [False] * 5])

PRODUCTS = group(
    "attention",
    [
        ("fused", "one call of torch's function", _attention, (QUERIES, KEYS, VALUES), HEADS),
        (
            "keywords",
            "all arguments by name",
            lambda: Three(lambda _, q, k, v: F.scaled_dot_product_attention(query=q, key=k, value=v, is_causal=False)),
            (QUERIES, KEYS, VALUES),
            HEADS,
        ),
        ("three axes", "no axis of heads", _attention, ((2, 5, 4), (2, 7, 4), (2, 7, 6)), "2 * 5*7*4 + 2 * 5*7*6"),
        (
            "five axes",
            "frames too",
            _attention,
            ((2, 2, 3, 5, 4), (2, 2, 3, 7, 4), (2, 2, 3, 7, 6)),
            "2*2*3 * 5*7*4 + 2*2*3 * 5*7*6",
        ),
        ("causal", "a mask saves nothing", lambda: _attention(is_causal=True), (QUERIES, KEYS, VALUES), HEADS),
        (
            "mask",
            "numbers are added to the scores",
            lambda: _attention(attn_mask=torch.randn(5, 7)),
            (QUERIES, KEYS, VALUES),
            HEADS,
        ),
        (
            "mask of truth values",
            "what is masked is computed",
            lambda: _attention(attn_mask=torch.ones(5, 7).tril().bool()),
            (QUERIES, KEYS, VALUES),
            HEADS,
        ),
        ("scale", "scaling takes none", lambda: _attention(scale=0.5), (QUERIES, KEYS, VALUES), HEADS),
        (
            "one query for all",
            "the queries of one sequence meet the keys of two",
            _attention,
            ((1, 3, 5, 4), KEYS, VALUES),
            HEADS,
        ),
        ("one head for all", "keys and values of one head", _attention, (QUERIES, (2, 1, 7, 4), (2, 1, 7, 6)), HEADS),
        (
            "values of one head",
            "only the values are shared",
            _attention,
            (QUERIES, KEYS, (7, 6)),
            HEADS,
            lambda _, q, k, v: _plain(_, q, k, v.expand(2, 3, 7, 6)),
        ),
        (
            "grouped queries",
            "four heads of queries share two of keys",
            lambda: _attention(enable_gqa=True),
            ((2, 4, 5, 3), (2, 2, 7, 3), (2, 2, 7, 3)),
            "2*4 * 5*7*3 + 2*4 * 5*7*3",
        ),
        ("one token", "a step of decoding", _attention, ((2, 3, 1, 4), KEYS, VALUES), "2*3 * 1*7*4 + 2*3 * 1*7*6"),
        (
            "no queries",
            "an empty sequence costs nothing",
            _attention,
            ((2, 3, 0, 4), KEYS, VALUES),
            "0 * 7*4 + 0 * 7*6",
        ),
        (
            "half",
            "half precision costs the same",
            lambda: Three(lambda _, q, k, v: F.scaled_dot_product_attention(q.half(), k.half(), v.half())),
            (QUERIES, KEYS, VALUES),
            HEADS,
        ),
        ("by hand", "scores, softmax, weights", lambda: Three(_plain), (QUERIES, KEYS, VALUES), HEADS),
        (
            "by einsum",
            "the same as two einsums",
            lambda: Three(
                lambda _, q, k, v: torch.einsum("bhqk,bhkd->bhqd", torch.einsum("bhqd,bhkd->bhqk", q, k).softmax(-1), v)
            ),
            (QUERIES, KEYS, VALUES),
            HEADS,
        ),
        (
            "by bmm",
            "sequences and heads are one axis",
            lambda: Three(lambda _, q, k, v: torch.bmm(torch.bmm(q, k.mT).softmax(-1), v)),
            ((6, 5, 4), (6, 7, 4), (6, 7, 6)),
            HEADS,
        ),
        (
            "by baddbmm",
            "scores that are scaled and have a bias",
            lambda: Three(
                lambda m, q, k, v: torch.baddbmm(m.bias, q, k.mT, alpha=0.5).softmax(-1) @ v, bias=weight(5, 7)
            ),
            ((6, 5, 4), (6, 7, 4), (6, 7, 6)),
            HEADS,
        ),
        (
            "linear",
            "keys times values first: 4 x 7 x 6, then each query 4 x 6",
            lambda: Three(_linear_attention),
            (QUERIES, KEYS, VALUES),
            "2*3 * 4*7*6 + 2*3 * 5*4*6",
        ),
        (
            "windows",
            "three windows of two tokens",
            lambda: Three(_windows),
            ((2, 6, 4), (2, 6, 4), (2, 6, 4)),
            "2*3 * 2*2*4 + 2*3 * 2*2*4",
        ),
        (
            "relative positions",
            "a third product: queries times distances",
            lambda: Three(_relative, weight=weight(9, 4)),
            ((2, 3, 5, 4), (2, 3, 5, 4), (2, 3, 5, 4)),
            "2*3 * 5*5*4 + 2*3 * 5*5*4 + 2*3 * 5*5*4",
        ),
        (
            "additive",
            "query 4 x 8; each of seven keys 6 x 8, a score of 8; then the mean of the keys",
            lambda: Two(_additive, first=nn.Linear(4, 8), second=nn.Linear(6, 8), score=nn.Linear(8, 1)),
            ((2, 4), (2, 7, 6)),
            "2 * 4*8 + 2*7 * 6*8 + 2*7 * 8*1 + 2 * 7*6",
        ),
        (
            "in parts",
            "the operator of torch that is made of others",
            lambda: Three(lambda _, q, k, v: torch.ops.aten._scaled_dot_product_attention_math(q, k, v)[0]),  # noqa: SLF001
            (QUERIES, KEYS, VALUES),
            HEADS,
        ),
        (
            "on a CPU",
            "the operator that a CPU runs",
            lambda: Three(
                lambda _, q, k, v: torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(q, k, v)[0]  # noqa: SLF001
            ),
            (QUERIES, QUERIES, QUERIES),
            "2*3 * 5*5*4 + 2*3 * 5*5*4",
            _plain,
        ),
        *(
            (
                f"on a graphics card, {name}",
                "an operator of graphics cards, where the tensors are not on a CPU",
                _operator(f"_scaled_dot_product_{name}", *more),
                ((2, 3, 5, 8), (2, 3, 5, 8), (2, 3, 5, 8)),
                "2*3 * 5*5*8 + 2*3 * 5*5*8",
            )
            for name, more in (
                ("flash_attention", ()),
                ("efficient_attention", (None, False)),
                ("cudnn_attention", (None, False)),
                ("fused_attention_overrideable", ()),
            )
        ),
    ],
)

TOKENS, WIDTH = (2, 5, 4), 4  # two sequences of five tokens


def _heads(**how: Any) -> nn.MultiheadAttention:
    return nn.MultiheadAttention(WIDTH, 2, **{"batch_first": True, **how})


def _own(**how: Any) -> nn.Module:
    """Self-attention."""
    return One(lambda m, x: m.layer(x, x, x)[0], layer=_heads(**how))


LAYERS = group(
    "attention layer",
    [
        ("self", "four projections of 4 x 4, ten tokens", _own, (TOKENS,), "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4"),
        (
            "sequence first",
            "five tokens of two sequences",
            lambda: _own(batch_first=False),
            ((5, 2, 4),),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4",
        ),
        ("one sequence", "an input without a batch", _own, ((5, 4),), "5 * 4 * 4*4 + 5*5*4 + 5*5*4"),
        (
            "no bias",
            "biases add no product",
            lambda: _own(bias=False),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4",
        ),
        (
            "without weights",
            "the averages of the weights are not asked for",
            lambda: One(lambda m, x: m.layer(x, x, x, need_weights=False)[0], layer=_heads()),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4",
        ),
        (
            "cross",
            "five queries and seven keys: ten tokens have two projections, and fourteen have two",
            lambda: Two(lambda m, x, y: m.layer(x, y, y)[0], layer=_heads()),
            (TOKENS, (2, 7, 4)),
            "10 * 2 * 4*4 + 14 * 2 * 4*4 + 2 * 5*7*4 + 2 * 5*7*4",
        ),
        (
            "other widths",
            "keys of width 3 and values of width 6",
            lambda: Three(lambda m, q, k, v: m.layer(q, k, v)[0], layer=_heads(kdim=3, vdim=6)),
            (TOKENS, (2, 7, 3), (2, 7, 6)),
            "10 * 2 * 4*4 + 14 * 3*4 + 14 * 6*4 + 2 * 5*7*4 + 2 * 5*7*4",
        ),
        (
            "learned key",
            "a key and a value more",
            lambda: _own(add_bias_kv=True),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*6*4 + 2 * 5*6*4",
        ),
        (
            "zero key",
            "a key of zeros more",
            lambda: _own(add_zero_attn=True),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*6*4 + 2 * 5*6*4",
        ),
        (
            "causal",
            "a mask saves nothing",
            lambda: One(
                lambda m, x: m.layer(x, x, x, attn_mask=torch.ones(5, 5).triu(1).bool(), need_weights=False)[0],
                layer=_heads(),
            ),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4",
        ),
        (
            "padding",
            "padded keys are masked, and computed",
            lambda: Two(lambda m, x, mask: m.layer(x, x, x, key_padding_mask=mask)[0], layer=_heads()),
            (TOKENS, lambda: PADDING),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4",
        ),
        (
            "function",
            "a call of F.multi_head_attention_forward",
            lambda: One(_self, layer=_heads()),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4",
        ),
        (
            "one operator",
            "torch runs the layer as one operator, where tensors have memory",
            lambda: One(_fast, layer=_heads()),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4",
        ),
        (
            "encoder",
            "attention, and two layers of 4 x 8",
            lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4 + 10 * 2 * 4*8",
        ),
        (
            "encoder, norm first",
            "the order of norms does not matter",
            lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, norm_first=True, activation="gelu"),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4 + 10 * 2 * 4*8",
        ),
        (
            "encoder, one operator",
            "torch runs the layer as one operator, where tensors have memory",
            lambda: One(
                lambda m, x: m.layer(x) if _read(x) else x, layer=nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
            ),
            (TOKENS,),
            "10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4 + 10 * 2 * 4*8",
        ),
        (
            "encoders",
            "two layers are copies",
            lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 1, 8), 2, enable_nested_tensor=False),
            ((5, 2, 4),),
            "2 * (10 * 4 * 4*4 + 2 * 5*5*4 + 2 * 5*5*4 + 10 * 2 * 4*8)",
        ),
        (
            "encoder, padded",
            "torch drops the padding: sequences of three and of five tokens",
            lambda: Two(
                lambda m, x, mask: m.layer(x, src_key_padding_mask=mask),
                layer=nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 1),
            ),
            (TOKENS, lambda: PADDING),
            "3 * 4 * 4*4 + 2 * 3*3*4 + 3 * 2 * 4*8 + 5 * 4 * 4*4 + 2 * 5*5*4 + 5 * 2 * 4*8",
            _each_sequence,
        ),
        (
            "decoder",
            "attention to itself, to seven tokens of an encoder, and two layers of 4 x 8",
            lambda: nn.TransformerDecoderLayer(4, 2, 8, batch_first=True),
            (TOKENS, (2, 7, 4)),
            "10 * 4 * 4*4 + 2*2 * 5*5*4 + 10 * 2 * 4*4 + 14 * 2 * 4*4 + 2*2 * 5*7*4 + 10 * 2 * 4*8",
        ),
        (
            "encoder and decoder",
            "the encoder has seven tokens, the decoder five",
            lambda: nn.Transformer(4, 2, 1, 1, 8, batch_first=True),
            ((2, 7, 4), TOKENS),
            "14 * 4 * 4*4 + 2*2 * 7*7*4 + 14 * 2 * 4*8"
            " + 10 * 4 * 4*4 + 2*2 * 5*5*4 + 10 * 2 * 4*4 + 14 * 2 * 4*4 + 2*2 * 5*7*4 + 10 * 2 * 4*8",
        ),
        (
            "embedding tied to the output",
            "a look-up is free; the same table is the output's weight",
            lambda: One(lambda m, x: F.linear(m.table(x), m.table.weight), table=nn.Embedding(9, 4)),
            (whole(2, 5, below=9),),
            "10 * 4 * 9",
        ),
    ],
)

CASES: list[Case] = PRODUCTS + LAYERS
