"""What a picture draws, in pixels: its texts, and what no text may lie on."""

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox


class Drawn(NamedTuple):
    """Something that no text may lie on: a path, or a box that is filled.

    within: where it is drawn at all; what is beyond is cut off. of: the text that it belongs to.
    """

    what: str
    shape: Path | Bbox
    within: Bbox
    of: Text | None = None

    def meets(self, box: Bbox) -> bool:
        seen = Bbox.intersection(box, self.within)
        if seen is None or seen.width <= 0 or seen.height <= 0:
            return False
        if isinstance(self.shape, Bbox):
            return bool(seen.overlaps(self.shape))
        return bool(self.shape.intersects_bbox(seen, filled=False))


@cache
def texts(figure: Figure) -> list[tuple[Text, Bbox]]:
    """Every text that is drawn, with the box that it fills."""
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    unseen = {id(label) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in _beyond_limits(axis)}
    every = [text for text in figure.findobj(Text) if isinstance(text, Text) and id(text) not in unseen]
    # An annotation's own box would hold its arrow too.
    return [(text, Text.get_window_extent(text)) for text in every if text.get_visible() and text.get_text().strip()]


def _beyond_limits(axis: Axis) -> list[Text]:
    """The labels of the ticks that matplotlib makes and does not draw."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high]
    return [label for tick in ticks for label in (tick.label1, tick.label2)]


def overlaps(figure: Figure) -> list[str]:
    """Each text that lies on another text, a line, a marker, a bar or the frame, or goes beyond the picture.

    The lines, markers and bars of the data may not lie on a legend's box either. Lines of the grid are behind all.
    """
    found, page = texts(figure), figure.bbox
    faults = [f"{_say(text)} is cut off" for text, box in found if not _holds(page, box)]
    faults += [f"{_say(one)} on {_say(two)}" for (one, a), (two, b) in combinations(found, 2) if a.overlaps(b)]
    data = [drawn for axes in figure.axes for drawn in _data(axes)]
    for text, box in found:
        under = [*data, *_legend_handles(figure)]
        faults += [f"{_say(text)} on {drawn.what}" for drawn in under if drawn.of is not text and drawn.meets(box)]
    for legend in _legends(figure):
        box = legend.get_window_extent()
        faults += [f"the legend on {drawn.what}" for drawn in data if drawn.meets(box)]
    return faults


def _say(text: Text) -> str:
    return repr(text.get_text())


def _holds(page: Any, box: Bbox) -> bool:
    return bool(page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1)


def _data(axes: Axes) -> Iterator[Drawn]:
    """The lines, markers, bars, arrows and the frame of Axes."""
    everywhere, inside = Bbox(axes.get_figure(root=True).bbox.extents.reshape(2, 2)), Bbox(axes.bbox.get_points())  # type: ignore[union-attr]
    for line in axes.lines:
        points = line.get_transform().transform(np.asarray(line.get_xydata()))
        if line.get_linestyle() != "None":
            path = Path(np.column_stack(STEP_LOOKUP_MAP[line.get_drawstyle()](*points.T)))
            yield Drawn(f"line {line.get_label()!r}", path, inside)
        yield from (Drawn(f"marker of {line.get_label()!r}", box, inside) for box in _markers(line, points))
    yield from (Drawn("bar", bar.get_window_extent(), inside) for bar in axes.patches)
    for text in axes.texts:
        if isinstance(text, Annotation) and text.arrow_patch is not None:
            arrow = text.arrow_patch
            yield Drawn("arrow", arrow.get_transform().transform_path(arrow.get_path()), everywhere, text)
    for name, spine in axes.spines.items():
        if spine.get_visible():
            yield Drawn(f"{name} frame", spine.get_transform().transform_path(spine.get_path()), everywhere)


def _markers(line: Line2D, points: Any) -> Iterator[Bbox]:
    if line.get_marker() in {"None", ""}:
        return
    size = line.get_markersize() / (2 if line.get_marker() == "." else 1)  # matplotlib draws a dot at half its size
    half = size / 2 * line.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    for x, y in points:
        yield Bbox.from_extents(x - half, y - half, x + half, y + half)


def _legends(figure: Figure) -> list[Legend]:
    return [legend for legend in figure.findobj(Legend) if isinstance(legend, Legend)]


def _legend_handles(figure: Figure) -> Iterator[Drawn]:
    for legend in _legends(figure):
        for handle in legend.legend_handles:
            if handle is not None:
                box = handle.get_window_extent()
                yield Drawn("a sign of the legend", box, box.padded(9))
