"""How long a formula of a real constructor takes: against its bounds, and against as many counts of fvcore.

fvcore runs each model that the formula was interpolated from, once, with its weights.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.pairs import Comparison, ratios, seconds

RUNS = 3
PAIRS = 2
# The model, its free sizes, and how many seconds its formula may take with all that it is held at.
FORMULAS = (
    ("timm:resnet50", ("cardinality", "base_width"), 3),
    ("torchvision:vit_b_16", ("image_size", "num_layers", "hidden_dim", "mlp_dim"), 8),
)


def rows() -> Iterator[Comparison]:
    import timm  # noqa: F401 (loaded before anything is timed)
    import torch
    import torchvision  # noqa: F401

    import resnext_flops as rf
    from resnext_flops.counters import fvcore_count

    found: dict[str, Any] = {}

    def interpolate(name: str, free: tuple[str, ...]) -> None:
        reading: Any = rf.model(name).reading(free)
        for figure in ("params", "macs", "activations"):
            reading.figure(figure)
        found[name] = reading

    def count(name: str) -> None:
        # The sizes at which the formula is held are up to ten times as large, and too much for a run with arithmetic.
        for sizes in found[name].nodes:
            model = rf.model(name).replace(**sizes)
            fvcore_count.count_with_fvcore(model.to_torch().eval(), torch.zeros(1, *model.input))

    for name, free, bound in FORMULAS:
        formula = partial(interpolate, name, free)
        formula()
        what = f"{name} in {len(free)} sizes, {len(found[name].nodes) + len(found[name].held)} counts"
        yield Comparison(f"formula of {what} / {bound} s", [seconds(formula) / bound for _ in range(RUNS)], "at most 1")
    name, free, _ = FORMULAS[0]
    pairs = ratios(partial(count, name), partial(interpolate, name, free), PAIRS)
    yield Comparison(
        f"builds and counts by fvcore at the {len(found[name].nodes)} nodes / formula of {name}", pairs, ""
    )
