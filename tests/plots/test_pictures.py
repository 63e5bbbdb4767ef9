"""Every kind of picture: no text on another or on a point, the same bytes twice, and one sentence for bad input."""

import os
import re
import subprocess
import sys
from functools import cache
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from torch import nn

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.counters.lookup import model
from resnext_flops.plots import KINDS, NETWORKS, draw, save
from resnext_flops.plots.space import space
from resnext_flops.plots.style import SETTINGS
from resnext_flops.plots.width import width

EXAMPLES: dict[str, list[tuple[str, ...]]] = {
    **{kind: [()] for kind in KINDS},
    "stages": [
        ("resnet50", "resnext50_32x4d"),
        ("googlenet", "resnext((3, 4, 6, 3), 8, 14, resolution=320, classes=200)"),
        ("resnet20_cifar", "wide_resnet101_2"),
    ],
    "counters": [("resnet50",), ("resnext101_64x4d",), ("inception_v3",)],
}
PICTURES = [(kind, models) for kind, examples in EXAMPLES.items() for models in examples]

example = cache(draw)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plot", *arguments], prog_name="resnext-flops")


@cache
def texts(figure: Figure) -> list[tuple[Text, Bbox]]:
    """Every text that is drawn, with the box that it fills, in pixels."""
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    unseen = {id(label) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in beyond_limits(axis)}
    every = [text for text in figure.findobj(Text) if isinstance(text, Text) and id(text) not in unseen]
    return [(text, text.get_window_extent()) for text in every if text.get_visible() and text.get_text().strip()]


def beyond_limits(axis: Axis) -> list[Text]:
    """The labels of the ticks that matplotlib makes and does not draw."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high]
    return [label for tick in ticks for label in (tick.label1, tick.label2)]


def markers(axes: Axes) -> list[Bbox]:
    """The box of every marker that is larger than a dot, in pixels."""
    found = []
    for line in axes.lines:
        if line.get_marker() not in ("None", "") and line.get_markersize() > 1:
            half = line.get_markersize() / 2 * axes.figure.dpi / 72
            for x, y in axes.transData.transform(np.asarray(line.get_xydata())):
                found.append(Bbox.from_extents(x - half, y - half, x + half, y + half))
    return found


@pytest.mark.parametrize(("kind", "models"), PICTURES)
def test_no_text_is_on_another_or_on_a_marker_or_beyond_the_edge(kind: str, models: tuple[str, ...]) -> None:
    figure = example(kind, models)
    found = texts(figure)
    page = figure.bbox
    assert len(found) > 10
    for text, box in found:
        assert page.x0 <= box.x0 <= box.x1 <= page.x1, text
        assert page.y0 <= box.y0 <= box.y1 <= page.y1, text
    assert [(one, two) for (one, a), (two, b) in combinations(found, 2) if a.overlaps(b)] == []
    drawn = [marker for axes in figure.axes for marker in markers(axes)]
    assert [(text, marker) for text, box in found for marker in drawn if box.overlaps(marker)] == []


@pytest.mark.parametrize(("kind", "models"), PICTURES)
def test_text_is_readable_and_labels_have_units(kind: str, models: tuple[str, ...]) -> None:
    figure = example(kind, models)
    # Points, at the size at which the picture is used: the smallest print of a journal is 6.
    assert min(float(text.get_fontsize()) for text, _ in texts(figure)) >= 6
    assert figure.get_figwidth() == (3.5 if len(figure.axes) == 1 else 7)
    labels = [label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel()) if label]
    assert labels
    assert [label for label in labels if not re.search(r"\((G|M|k|%|groups|channels)\)$", label)] == []
    assert not any("FLOPs" in label for label in labels)


SUFFIXES = dict(zip(KINDS, ("png", "svg", "pdf", "svg", "pdf", "png", "svg", "pdf", "png", "svg"), strict=True))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a picture of each kind, saved by another process, which needs no torch for that."""
    place = tmp_path_factory.mktemp("elsewhere")
    wanted = [(kind, EXAMPLES[kind][0], str(place / f"{kind}.{suffix}")) for kind, suffix in SUFFIXES.items()]
    code = (
        "import sys; from resnext_flops.plots import draw, save\n"
        f"for kind, models, path in {wanted!r}: save(draw(kind, models), path)\n"
        "print([name for name in ('torch', 'pandas', 'sympy', 'matplotlib.pyplot') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
    return place


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_are_those_of_another_day_and_process(
    kind: str, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    name = f"{kind}.{SUFFIXES[kind]}"
    save(draw(kind, EXAMPLES[kind][0]), tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert content == (elsewhere / name).read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[SUFFIXES[kind]])
    assert mpl.__version__.encode() not in content
    assert b"CreationDate" not in content
    assert b"dc:date" not in content


def test_fonts_are_vectors(tmp_path: Path) -> None:
    save(draw("cifar"), tmp_path / "cifar.pdf")
    save(draw("cifar"), tmp_path / "cifar.svg")
    # TrueType (Type 42) fonts in the PDF, and outlines in the SVG, without a picture of pixels in either.
    pdf, svg = (tmp_path / "cifar.pdf").read_bytes(), (tmp_path / "cifar.svg").read_text()
    assert b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf
    assert "<text" not in svg
    assert b"/Subtype /Image" not in pdf
    assert "<image" not in svg


def test_pictures_are_white_where_nothing_is_drawn(tmp_path: Path) -> None:
    save(draw("width"), tmp_path / "width.png")
    pixels = mpl.image.imread(tmp_path / "width.png")
    assert pixels[0, 0].tolist() == [1, 1, 1, 1]
    assert pixels[..., 3].min() == 1
    assert pixels.shape[1] == 7 * 200


def test_axes_of_ones_own_are_drawn_into_and_settings_left_alone() -> None:
    names = (*SETTINGS, "svg.fonttype", "svg.hashsalt", "pdf.fonttype")
    before = {name: mpl.rcParams[name] for name in names}
    panes = Figure().subplots(1, 2)
    assert width((panes[0], panes[1])) == (panes[0], panes[1])
    (one, single) = Figure().subplots(1, 2)
    assert space(single) is single
    assert not one.lines
    assert {name: mpl.rcParams[name] for name in names} == before
    assert "matplotlib.pyplot" not in sys.modules


def test_networks_and_ledgers_are_drawn_like_their_names() -> None:
    net = rf.resnet_cifar(20)
    for each in ("resnet20_cifar", net, net.cost()):
        figure = draw("stages", [each, model("resnet18")])
        assert [axes.get_title("left") for axes in figure.axes] == ["resnet_cifar(20)", "resnet(18)"]


def test_names_are_shown_as_they_are() -> None:
    name = r"my $\undefined{net}$, the_first"
    net = rf.described(rf.resnet_cifar(20).description, name)
    for figure in (draw("stages", [net, "resnet18"]), draw("counters", [net])):
        assert name in [text.get_text() for text, _ in texts(figure)]


def test_a_lower_bound_says_so() -> None:
    class Decomposed(nn.Conv2d):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            values: torch.Tensor = torch.linalg.svdvals(super().forward(x))
            return values

    found = rf.count(Decomposed(3, 4, 3), (1, 3, 8, 8))
    figure = draw("stages", [found, rf.resnet_cifar(20)])
    assert [axes.get_title("left") for axes in figure.axes] == ["Decomposed (a lower bound)", "resnet_cifar(20)"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["(the model itself)"]


def test_captions_are_one_sentence() -> None:
    for caption in KINDS.values():
        assert re.fullmatch(r"[A-Z][^\n]*\.", caption)
        assert ". " not in caption
    assert set(NETWORKS) <= set(KINDS)


@pytest.mark.parametrize("suffix", ["png", "svg", "PDF"])
def test_the_command_writes_the_picture_and_nothing_else(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"cifar.{suffix}"
    result = run("cifar", "--output", str(file))
    assert (result.exit_code, result.output) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    written = file.read_bytes()
    again = run("cifar", "--output", str(file))
    assert (again.exit_code, again.stderr.count("\n")) == (2, 1)
    assert "exists; give another name, or --force to overwrite it" in again.stderr
    file.write_bytes(b"old")
    assert run("cifar", "--output", str(file), "--force").exit_code == 0
    assert file.read_bytes() == written


BAD = {
    "kind": (["witdh"], "unknown kind of picture 'witdh'; did you mean 'width'?"),
    "no model": (["stages"], "models given: 0; the picture 'stages' takes two models"),
    "one model": (["stages", "resnet50"], "models given: 1; the picture 'stages' takes two models"),
    "two models": (["counters", "resnet50", "vgg16"], "models given: 2; the picture 'counters' takes one model"),
    "a model": (["width", "resnet50"], "models given: 1; the picture 'width' takes no model: it shows the paper's own"),
    "unknown model": (["counters", "resnet51"], "unknown model 'resnet51'; did you mean"),
    "suffix": (["width", "--output", "width.gif"], "'width.gif' ends in no format of pictures; give a file in .png,"),
    "no suffix": (["width", "--output", "width"], "'width' ends in no format of pictures"),
    "no folder": (["width", "--output", "/nowhere/width.png"], "cannot write '/nowhere/width.png'"),
    "folder": (["width", "--output", "/"], "cannot write '/'"),
    "option": (["width", "--output", "width.png", "--dpi", "300"], "unknown option '--dpi'; known are --on, --output"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, sentence = BAD[case]
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, *([] if "--output" in arguments else ["--output", "picture.png"]))
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert result.stderr.startswith("resnext-flops: ")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_output_is_needed() -> None:
    result = run("width")
    assert (result.exit_code, result.stderr) == (
        2,
        "resnext-flops: Missing option '--output'; see `resnext-flops plot --help`\n",
    )


def test_a_picture_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "cifar.png"
    file.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    result = run("cifar", "--output", str(file), "--force")
    assert result.exit_code == 2
    assert result.stderr == f"resnext-flops: cannot write {str(file)!r}: No space left on device\n"
    assert [path.name for path in tmp_path.iterdir()] == ["cifar.png"]
    assert file.read_bytes() == b"old"


def test_help_loads_no_matplotlib() -> None:
    code = (
        "import sys; from resnext_flops.cli import main\n"
        "try: main(['plot', '--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('matplotlib', 'numpy', 'torch') if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == "[]\n"
    assert "Example" in result.stdout
    for kind in KINDS:
        assert f"  {kind} " in result.stdout
