"""The GMACs of timm's result tables, which are fvcore's total where its benchmark finds no DeepSpeed.

The tables were made with the fused attention switched off, and with some networks reparameterised.
"""

from resnext_flops.complexity.conventions.convention import counter
from resnext_flops.complexity.conventions.fvcore import fvcore

counter(
    "timm",
    unit="MAC",
    version="1.0.31",
    counts="GMACs of its result tables: fvcore's total, where its benchmark finds no deepspeed",
    source="timm's benchmark.py, profile_fvcore",
    link="https://github.com/huggingface/pytorch-image-models/tree/main/results",
    norm="2 batch, 5 layer",
    pool="1 adaptive average",
)(fvcore)
