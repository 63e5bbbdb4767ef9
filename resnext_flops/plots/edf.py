"""Design spaces at equal cost: the empirical distribution functions of their parameters and activations."""

from matplotlib.axes import Axes

from resnext_flops.complexity.names import network
from resnext_flops.design.spaces import Space, anynet_x, regnet_x, regnet_y
from resnext_flops.plots.style import BLUE, GREY, VERMILION, panels, styled, ticked

BUDGET, WITHIN = "macs = 400M", 1
# Of each space: its name in the paper, its colour and dashes, and the network that the authors chose at this cost.
LOOKS: tuple[tuple[Space, str, str, str, str], ...] = (
    (anynet_x, "AnyNetX", GREY, ":", ""),
    (regnet_x, "RegNetX", BLUE, "-", "regnet_x_400mf_2020"),
    (regnet_y, "RegNetY", VERMILION, "--", "regnet_y_400mf"),
)
# Of each panel: the figure, the words on its axis, and the ticks.
PANELS = (
    ("params", "parameters (M)", (0.125, 0.25, 0.5, 1, 2, 4, 8)),
    ("activations", "activations (M)", (2, 3, 4, 6, 8, 12)),
)


@styled
def edf(axes: tuple[Axes, Axes] | None = None, *, column: bool = False) -> tuple[Axes, Axes]:
    """The share of the designs of a space that have at most so many parameters (left) or activations (right).

    All designs have 400 million multiply-adds, within 1 percent, 500 of each space. The networks that the authors chose
    are marked at their own figures, on the line of their space.

    axes, column: where to draw; without axes, in a new figure.

    >>> left, right = edf()
    >>> left.get_xlabel(), right.get_xlabel()
    ('parameters (M)', 'activations (M)')
    """
    both = axes or panels(2.5, column, share_y=True)
    for space, label, color, dashes, chosen in LOOKS:
        found = space.sample(budget=BUDGET, within=WITHIN)
        for each, name in zip(both, (name for name, _, _ in PANELS), strict=True):
            values, shares = found.distribution(name)
            each.step(values / 1e6, 100 * shares, where="post", color=color, linestyle=dashes, label=label)
            if chosen:
                own = getattr(network(chosen).cost(), name)
                each.plot([own / 1e6], [100 * (values <= own).mean()], "o", color=color, label=f"{label}-400MF")
    for each, (_, words, ticks) in zip(both, PANELS, strict=True):
        each.set(xlabel=words, ylabel="designs with at most so many (%)", xscale="log", ylim=(0, 100))
        ticked(each.xaxis, ticks)
    both[0].set_title("designs of 400 M multiply-adds")
    both[1].legend(loc="lower right")
    return both
