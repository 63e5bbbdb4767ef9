"""What became of ResNeXt: printed errors on ImageNet against exact multiply-adds, one line an idea."""

from typing import Any

from matplotlib.axes import Axes

from resnext_flops.complexity.names import network
from resnext_flops.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, panel, styled, ticked
from resnext_flops.proof.published import published

# Of each line: its colour, its marker, and whether it is dashed.
LOOKS = (
    (GREY, "o", False),
    (BLACK, "s", False),
    (SKY, "o", True),
    (BLUE, "s", True),
    (PURPLE, "v", False),
    (PURPLE, "^", True),
    (GREEN, "D", False),
    (GREEN, "P", True),
    (ORANGE, "p", False),
    (ORANGE, "*", True),
    (VERMILION, "X", False),
)


def lines() -> list[tuple[str, list[tuple[int, float]]]]:
    """The ideas with their networks: exact multiply-adds and printed top-1 errors.

    >>> dict(lines())["ResNeXt"]
    [(4230479872, 22.2), (7969996800, 21.2)]
    """
    return [
        (line["label"], [(network(call).cost().macs, float(error)) for call, error in line["errors"].items()])
        for line in published("lineage")["lines"]
    ]


@styled
def lineage(axes: Axes | None = None, *, column: bool = False) -> Axes:
    """Top-1 errors on ImageNet against multiply-adds, from ResNet and ResNeXt to ConvNeXt.

    The errors are printed ones, of one crop. Recipes of training differ from line to line, and EfficientNet's images
    have more pixels.

    axes, column: where to draw; without axes, in a new figure.

    >>> axes = lineage()
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('multiply-adds (G)', 'printed top-1 error on ImageNet (%)')
    """
    axes = axes or panel(3.7, column)
    for (label, points), (color, marker, dashed) in zip(lines(), LOOKS, strict=True):
        style: dict[str, Any] = {"color": color, "marker": marker, "linestyle": "--" if dashed else "-"}
        style["zorder"] = 3 if label == "ResNeXt" else 2  # the idea itself stays visible where lines cross
        axes.plot([macs / 1e9 for macs, _ in points], [error for _, error in points], label=label, **style)
    axes.set(xlabel="multiply-adds (G)", ylabel="printed top-1 error on ImageNet (%)", xscale="log", yscale="log")
    ticked(axes.xaxis, (0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 16, 32))
    ticked(axes.yaxis, (15, 20, 25, 30, 40, 50))
    axes.legend(loc="upper right", ncols=2)
    return axes
