"""The GMACs and the activations of timm's result tables, which are fvcore's where its benchmark finds no DeepSpeed.

The tables were made with timm's fused attention switched off (`TIMM_FUSED_ATTN=0`), so that fvcore sees the products of
attention; here a model may have it on. They are those of the networks as they are trained: a network that is
reparameterised, or built otherwise than by default, has another figure.
"""

from math import prod

from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, Run, Terms, active, counter
from resnext_flops.complexity.conventions.fvcore import activations as unfused
from resnext_flops.complexity.conventions.fvcore import fvcore
from resnext_flops.complexity.layers import Size


@counter(
    "timm",
    unit="MAC",
    version="1.0.31",
    counts="GMACs of its result tables: fvcore's total with the multiply-adds of attention, which is not fused there",
    source="timm's benchmark.py, profile_fvcore",
    link="https://github.com/huggingface/pytorch-image-models/tree/main/results",
    norm="2 batch, 5 layer",
    pool="1 adaptive average",
    attention="multiply-adds",
)
def timm(run: Run) -> Terms:
    """fvcore's total of a model whose attention is not fused."""
    terms = fvcore(run)
    for entry, _ in active(run):
        if entry.kind == "attention":
            terms.add(entry.kind, MULTIPLY_ADDS, entry.macs * entry.times)
    return terms


def activations(run: Run) -> Size:
    """The `macts` of its tables: fvcore's activations of a model whose attention is not fused.

    Of each attention both products put something out: a weight for each pair of a query and a key, and the output.

    >>> import resnext_flops as rf
    >>> ledger = rf.count("timm:vit_tiny_patch16_224")  # 12 layers of 3 heads, 64 wide, on 197 tokens
    >>> run = Run(ledger.entries, ledger.trace)
    >>> activations(run) - unfused(run) == 12 * 3 * (197 * 197 + 197 * 64)
    True
    """
    products = (
        (prod(entry.output[:-1]) * entry.inputs[1][-2] + prod(entry.output)) * entry.times
        for entry, _ in active(run)
        if entry.kind == "attention"
    )
    return unfused(run) + sum(products)
