"""The pictures of the page, empty: Bokeh's figures, whose data the page's own script fills in.

What the script changes has a name: a picture's name and that of its part, such as `curve-exact`. Colours are variables
of the page's style, so that a picture is light or dark as the page is.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool
from bokeh.models.annotations import Span
from bokeh.plotting import figure

HEIGHT = 340
TICKS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
INK, BLUE, VERMILION, GREEN, PURPLE, FAINT = "--text", "--blue", "--vermilion", "--green", "--purple", "--faint"


class Glyph(NamedTuple):
    """What is drawn of one source: its name, its shape, the variable that is its colour, and its line in the legend.

    sign: what stands for the shape in the legend, which is HTML.
    """

    name: str
    shape: str
    colour: str
    sign: str
    legend: str
    settings: Mapping[str, Any]


def _glyph(name: str, shape: str, colour: str, sign: str, legend: str, **settings: Any) -> Glyph:
    return Glyph(name, shape, colour, sign, legend, settings)


HERE = _glyph("here", "circle", GREEN, "◯", "this design", size=22, line_width=4, fill_color=None)
# What each picture draws, in its order. Each series has a shape of its own besides its colour.
GLYPHS: Mapping[str, tuple[Glyph, ...]] = {
    "curve": (
        _glyph("exact", "line", BLUE, "—", "equal cost", line_width=2),
        _glyph("whole", "circle", INK, "●", "nearest whole number", size=5),
        _glyph("other", "x", PURPLE, "×", "other kinds of cost, where they differ", size=8, line_width=2),
        _glyph("paper", "square", VERMILION, "□", "the paper’s Table 2", size=13, line_width=2, fill_color=None),
        HERE,
    ),
    "balance": (
        _glyph("cost", "line", BLUE, "—", "cost", line_width=2),
        _glyph("whole", "circle", INK, "●", "nearest whole number", size=9),
        HERE,
    ),
    "space": (
        _glyph("designs", "square", FAINT, "▪", "designs", size=2),
        _glyph("budget", "line", BLUE, "—", "equal cost", line_width=2),
        _glyph("front", "line", VERMILION, "╌", "Pareto front", line_width=3, line_dash="dashed"),
        _glyph("named", "triangle", INK, "▲", "the paper’s networks", size=9),
        HERE,
    ),
}


def pictures() -> dict[str, dict[str, Any]]:
    """Each picture by its name, as the data that Bokeh's script makes it of.

    >>> found = pictures()
    >>> list(found), sorted(found["curve"])
    (['curve', 'balance', 'space'], ['doc', 'root_id', 'target_id', 'version'])
    """
    curve = _picture("curve", x_axis_type="log", y_axis_type="log")
    for axis in curve.axis:
        axis.ticker = FixedTicker(ticks=TICKS)
    balance = _picture("balance")
    budget = Span(dimension="width", line_width=4, line_dash="dotted", name="balance-budget")
    balance.add_layout(budget)
    space = _picture("space", x_axis_type="log", y_axis_type="log", x_range=(1, 2), y_range=(1, 2))
    named: Any = space.select_one({"name": "space-named-drawn"})
    space.add_tools(HoverTool(renderers=[named], tooltips="@title"))
    return {name: dict(json_item(drawn)) for name, drawn in (("curve", curve), ("balance", balance), ("space", space))}


def _picture(name: str, **axes: Any) -> figure:
    drawn = figure(height=HEIGHT, sizing_mode="stretch_width", min_width=250, tools="", toolbar_location=None, **axes)
    drawn.update(background_fill_color=None, border_fill_color=None, outline_line_color=None)  # the page is behind
    for glyph in GLYPHS[name]:
        columns = ("x", "y", "title") if glyph.name == "named" else ("x", "y")
        source = ColumnDataSource({column: [] for column in columns}, name=f"{name}-{glyph.name}")
        add: Any = drawn.line if glyph.shape == "line" else partial(drawn.scatter, marker=glyph.shape)
        renderer = add("x", "y", source=source, **glyph.settings)
        renderer.name, renderer.glyph.name = f"{name}-{glyph.name}-drawn", f"{name}-{glyph.name}-glyph"
    for letter, axis, grid in (("x", drawn.xaxis[0], drawn.xgrid[0]), ("y", drawn.yaxis[0], drawn.ygrid[0])):
        axis.name, grid.name = f"{name}-{letter}", f"{name}-{letter}-grid"
        axis.update(axis_label_text_font_style="normal", major_label_text_font_size="12px", minor_tick_line_color=None)
        grid.grid_line_alpha = 0.5
    return drawn
