"""Pictures of what networks cost, with matplotlib, at the width of a page or of its column.

Each kind is a function in the file of its name that takes and returns matplotlib Axes, and draws the figures of tables,
of the solver and of ledgers. A new figure is as wide as a page, or as a column of a page of two columns. `draw` gives a
whole picture of a kind, and `save` writes it: the same bytes each time, so that a committed picture changes only when a
figure does.

    >>> from resnext_flops.plots import draw
    >>> figure = draw("width")
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['width d of a group (channels)', 'width d of a group (channels)']

Only drawing loads matplotlib, and nothing here touches pyplot or changes its settings. The room uses tables and what is
below them; reports and commands use it.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from resnext_flops.errors import InputError, unknown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from resnext_flops.complexity.ledger import Ledger
    from resnext_flops.counters.lookup import Given

# Each kind and its caption; it is drawn by the function of its name in the file of its name.
KINDS: Mapping[str, str] = {
    "width": "The width d that keeps the cost of ResNet-50 at each cardinality C: the exact curve, the nearest whole "
    "numbers and the paper's Table 2, for the weights of a block and for the multiply-adds of the network.",
    "error": "The top-1 errors on ImageNet of the paper's Tables 3, 4 and 5 against multiply-adds (the paper's FLOPs) "
    "and against parameters, each of the paper's series joined.",
    "stages": "The multiply-adds of two networks by stage, stacked by kind of layer, on one scale; a stage of more "
    "than 80 percent is opened.",
    "space": "The parameters and activations that ResNeXt-50's template may have at ResNet-50's multiply-adds, or up "
    "to 5 percent more, on images of eight sizes, with lines of exactly equal multiply-adds for three cardinalities C, "
    "and the Pareto front.",
    "counters": "From a network's multiply-adds to each counter's figure: how it counts multiply-adds, and what else.",
    "cifar": "The test errors on CIFAR-10 and CIFAR-100 of the paper's Table 7 against parameters, on the axes of its "
    "Figure 7.",
    "groups": "The parameters and activations of ResNet-50's template with groups of one width in every stage, from 64 "
    "channels to one, which is depthwise, at the multiply-adds of ResNet-50.",
    "edf": "How parameters and activations of AnyNetX, RegNetX and RegNetY are distributed at equal cost: the "
    "empirical distribution functions of 500 designs each, drawn at 400 million multiply-adds, within 1 percent.",
    "time": "Estimated times of ResNet-50's template against cardinality at preserved multiply-adds (for whole widths "
    "up to 4 percent off), in percent of that of ResNet-50, by the profiles of machines.",
    "parts": "What the estimated times of two networks are made of by the profiles of machines, in percent of the time "
    "of the first: arithmetic by kind of layer, memory traffic, and launches.",
    "lineage": "Top-1 errors on ImageNet as their authors print them against exact multiply-adds, one line an idea, "
    "from ResNet and ResNeXt to ConvNeXt, on images of 224 pixels, and of up to 600 for EfficientNet.",
}

# The networks of a kind that takes any, where none are given; the other kinds show the paper's own.
NETWORKS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("stages", "parts"), ("resnet50", "resnext50_32x4d")),
    "counters": ("resnet50",),
}

# The kinds that are pictures of machines.
TIMED = ("time", "parts")

# What each suffix's format writes of its own accord and must not: dates and versions.
_METADATA: Mapping[str, Mapping[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
    ".pdf": {"Creator": None, "CreationDate": None, "Producer": None},
}
_DPI = 200


def draw(
    kind: str,
    networks: "Sequence[Given | Ledger]" = (),
    *,
    on: "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]" = (),
    batch: int | None = None,
    column: bool = False,
) -> "Figure":
    """A picture of a kind, as a matplotlib Figure that belongs to no window.

    kind: one of `KINDS`.
    networks: names as on the command line, described networks, or ledgers; as many as the kind takes, or none.
    on: the profile of a machine, or several, for `time` and `parts`; those of the package unless given.
    batch: examples at once, of these times; of each profile its own unless given.
    column: whether it is 3.5 inches wide, a column of a paper; otherwise it is 7 inches, a page.

    Raises InputError for an unknown kind, network or profile, another number of networks, or profiles of another kind.

    >>> from resnext_flops.plots import draw
    >>> draw("widths")
    Traceback (most recent call last):
    resnext_flops.InputError: unknown kind of picture 'widths'; did you mean 'width'?
    """
    from resnext_flops.complexity.ledger import Ledger
    from resnext_flops.counters.lookup import model

    drawing, usual = _drawing(kind), NETWORKS.get(kind, ())
    if len(networks) not in {0, len(usual)}:
        wanted = ("no model: it shows the paper's own", "one model", "two models")[len(usual)]
        raise InputError(f"models given: {len(networks)}; the picture {kind!r} takes {wanted}")
    settings: dict[str, Any] = ({"on": on} if on else {}) | ({} if batch is None else {"batch": batch})
    if settings and kind not in TIMED:
        raise InputError(f"the picture {kind!r} is of no machine; profiles are for {' and '.join(map(repr, TIMED))}")
    # Every name is looked up before the first model is counted.
    found = [each if isinstance(each, Ledger) else model(each) for each in networks or usual]
    drawn = drawing(*found, column=column, **settings)
    figure: Figure = (drawn[0] if isinstance(drawn, tuple) else drawn).figure
    return figure


def _drawing(kind: str) -> Callable[..., Any]:
    """The function of a kind. Raises InputError, with the nearest names, for a kind that does not exist."""
    if kind not in KINDS:
        raise unknown("kind of picture", kind, KINDS)
    drawing: Callable[..., Any] = getattr(import_module(f"{__name__}.{kind}"), kind)
    return drawing


def file_format(path: "str | os.PathLike[str]") -> str:
    """The suffix of a picture's file, which says its format.

    Raises InputError for another suffix than that of PNG, SVG or PDF.

    >>> file_format("figures/width.PDF")
    '.pdf'
    """
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 (a path may be a string)
    if suffix not in _METADATA:
        raise InputError(f"{os.fspath(path)!r} ends in no format of pictures; give a file in {', '.join(_METADATA)}")
    return suffix


def save(figure: "Figure", path: "str | os.PathLike[str]") -> None:
    """Write a picture as PNG, SVG or PDF, by the suffix of its file: whole or not at all. It replaces an older file.

    The bytes depend on the picture and on matplotlib alone, not on the day. Text is kept as text in a PDF (with its
    font, as Type 42, which publishers accept), and as outlines in an SVG, which so looks the same without the font.

    Raises InputError for another suffix, or if the file cannot be written.
    """
    import io

    from matplotlib import rc_context

    from resnext_flops.files import write

    suffix, buffer = file_format(path), io.BytesIO()
    settings: dict[Any, Any] = {"svg.hashsalt": "resnext-flops", "svg.fonttype": "path", "pdf.fonttype": 42}
    with rc_context(settings):
        figure.savefig(buffer, format=suffix[1:], dpi=_DPI, facecolor="white", metadata=dict(_METADATA[suffix]))
    write(path, buffer.getvalue())
