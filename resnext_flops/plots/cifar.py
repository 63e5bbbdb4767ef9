"""The paper's Table 7 on the axes of its Figure 7: test error on CIFAR against the number of parameters."""

from matplotlib.axes import Axes

from resnext_flops.plots.rows import point
from resnext_flops.plots.style import BLUE, VERMILION, label, panels, styled
from resnext_flops.tables.listings import listed

FAMILIES = {"ResNeXt-29": (BLUE, "o"), "Wide ResNet": (VERMILION, "s")}
# Where each name stands, in points from its marker.
OFFSETS = {"Wide ResNet": (6, 0), "ResNeXt-29, 8x64d": (0, -6), "ResNeXt-29, 16x64d": (0, 5)}


@styled
def cifar(axes: tuple[Axes, Axes] | None = None, *, column: bool = False) -> tuple[Axes, Axes]:
    """The printed errors on CIFAR-10 (left) and CIFAR-100 (right) against the exact parameters of the networks.

    As in the table, the parameters are those of the networks for CIFAR-10; 90 classes more add less than one percent.

    axes, column: where to draw; without axes, in a new figure.

    >>> ten, hundred = cifar()
    >>> ten.get_title("left"), hundred.get_title("left")
    ('CIFAR-10', 'CIFAR-100')
    """
    panes = axes or panels(2.2, column)
    for pane, key, title in zip(panes, ("cifar10", "cifar100"), ("CIFAR-10", "CIFAR-100"), strict=True):
        _draw(pane, key)
        pane.set_title(title)
    return panes


def _draw(axes: Axes, key: str) -> None:
    rows = listed("7").rows
    for family, (color, marker) in FAMILIES.items():
        members = {str(row["model"]): point(row, "params", 1e6, key) for row in rows}
        points = {name: place for name, place in members.items() if name.startswith(family)}
        axes.plot(*zip(*points.values(), strict=True), marker=marker, color=color)
        for name, place in points.items():
            label(axes, name, place, OFFSETS[name], color=color)
    axes.set(xlabel="parameters (M)", ylabel="test error (%)", xlim=(25, 80))
    axes.margins(y=0.25)
