"""What torchvision writes beside its weights, by the papers' rule.

All 115 figures of its classification weights are our multiply-adds, to the three decimals that it gives.
"""

from resnext_flops.complexity.conventions.convention import counter
from resnext_flops.complexity.conventions.paper import paper

counter(
    "torchvision",
    unit="MAC",
    version="0.29.1",
    counts="`_ops` of its weights, in billions: multiply-adds of convolutions and of all matrix products, attention "
    "too",
    source="the `meta` of torchvision's weights",
    link="https://docs.pytorch.org/vision/stable/models.html",
    attention="multiply-adds",
)(paper)
