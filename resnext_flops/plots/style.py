"""The look of all pictures: sizes, colours, markers, and labels beside points.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which people with any colour vision can tell
apart, and every series has a marker of its own besides. Figures are 3.5 inches wide, the column of a two-column page,
or 7 inches for two panels, and their text is readable at that size.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from textwrap import fill
from typing import Any, ParamSpec, TypeVar

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.numerals import POWERS

P = ParamSpec("P")
R = TypeVar("R")

COLUMN_INCHES = 3.5
PAGE_INCHES = 7.0

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
GREY = "#767676"
SMALL = 6.0
TITLE_LETTERS = 40

SETTINGS: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 7.5,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.1,
    "lines.markersize": 4.0,
    # A name is shown as it is, with any dollar signs.
    "text.parse_math": False,
    "xtick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 6.5,
    "ytick.major.width": 0.6,
}


def styled(drawing: Callable[P, R]) -> Callable[P, R]:
    """A drawing in this style, whatever matplotlib's settings are before and after it."""

    @wraps(drawing)
    def draw(*args: P.args, **kwargs: P.kwargs) -> R:
        with rc_context(SETTINGS):
            return drawing(*args, **kwargs)

    return draw


def panel(height: float, column: bool) -> Axes:
    """Axes of a new figure of a page's or a column's width, and a height in inches."""
    return _figure(height, column).subplots()


def panels(height: float, column: bool, *, share_y: bool = False, beside: bool = False) -> tuple[Axes, Axes]:
    """The two Axes of a new figure, each of a height in inches: side by side, or one below the other in a column.

    beside: side by side in a column too, because they share their rows.
    """
    below = column and not beside
    rows, columns = (2, 1) if below else (1, 2)
    first, second = _figure(height * rows, column).subplots(rows, columns, sharey=share_y, squeeze=False).flat
    return first, second


def _figure(height: float, column: bool) -> Figure:
    return Figure(figsize=(COLUMN_INCHES if column else PAGE_INCHES, height), layout="constrained")


def titled(ledger: Ledger) -> str:
    """A network's name as a title, in lines that fit above a panel; it says so where the figures are a lower bound.

    >>> import resnext_flops as rf
    >>> titled(rf.resnet(50).cost())
    'resnet(50)'
    """
    return fill(f"{ledger.name}{' (a lower bound)' if ledger.lower_bound else ''}", TITLE_LETTERS)


def scaled(largest: int) -> tuple[int, str]:
    """The unit for figures up to a largest one: its size and its letter.

    >>> scaled(4_089_184_256)
    (1000000000, 'G')
    """
    units = ((10**power, letter) for letter, power in reversed(POWERS.items()))
    return next((unit for unit in units if largest >= unit[0]), (1000, "k"))


def ticked(axis: Axis, ticks: Sequence[float]) -> None:
    """The given ticks on an axis, and no others, written as plain numbers."""
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def label(axes: Axes, text: str, point: tuple[float, float], offset: tuple[float, float], **settings: Any) -> None:
    """A small text beside a point: `offset` typographic points to the right and up, and aligned away from the point."""
    right, up = offset
    axes.annotate(
        text,
        point,
        xytext=offset,
        textcoords="offset points",
        ha="left" if right > 0 else "right" if right < 0 else "center",
        va="center" if right else "bottom" if up > 0 else "top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.2},
        **{"color": GREY, "fontsize": SMALL, **settings},
    )
