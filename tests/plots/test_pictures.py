"""Every kind of picture: no text on another or on a point, the same bytes twice, and one sentence for bad input."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import pytest
import torch
from click.testing import CliRunner, Result
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.counters.lookup import model
from resnext_flops.plots import KINDS, NETWORKS, draw, save
from resnext_flops.plots.space import space
from resnext_flops.plots.style import SETTINGS
from resnext_flops.plots.width import width
from tests.drawn import overlaps, texts

# Of each kind that takes models, some besides its own: many stages, long names, layers that some counters do not see.
EXAMPLES: dict[str, list[tuple[str, ...]]] = {
    "stages": [
        ("convnext_tiny", "resnet50"),
        ("googlenet", "resnext((3, 4, 6, 3), 8, 14, resolution=320, classes=200)"),
    ],
    "parts": [("googlenet", "resnext((3, 4, 6, 3), 8, 14, resolution=320, classes=200)")],
    "counters": [("convnext_tiny",)],
}
MANY: dict[str, list[tuple[str, ...]]] = {
    "stages": [
        ("resnet20_cifar", "wide_resnet101_2"),
        ("densenet121", "mobilenet_v3_large"),
        ("timm:convnext_tiny", "torchvision:vit_b_16"),
        ("torchvision:vit_l_16", "torchvision:swin_t"),
        ("torchvision:efficientnet_b7", "torchvision:vgg19"),
        ("torchvision:lraspp_mobilenet_v3_large", "timm:legacy_senet154"),
    ],
    "parts": [("densenet121", "mobilenet_v3_large"), ("timm:convnext_tiny", "torchvision:vit_b_16")],
    "counters": [
        ("resnext101_64x4d",),
        ("inception_v3",),
        ("efficientnet_b0",),
        ("resnext((3, 4, 6, 3), 8, 14, resolution=320, classes=200)",),
        ("torchvision:vit_b_16",),
        ("torchvision:swin_t",),
    ],
}


def cases(chosen: dict[str, list[tuple[str, ...]]], own: bool) -> list[tuple[str, tuple[str, ...], bool]]:
    """Every kind, also one that is new, with its own models and the chosen ones, as wide as a page and as a column."""
    assert set(chosen) == set(NETWORKS)
    found = [(kind, models) for kind in KINDS for models in [*([()] if own else []), *chosen.get(kind, [])]]
    return [(*each, column) for each in found for column in (False, True)]


@cache
def example(kind: str, models: tuple[str, ...] = (), column: bool = False) -> Figure:
    return draw(kind, models, column=column)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plot", *arguments], prog_name="resnext-flops")


@pytest.mark.parametrize(("kind", "models", "column"), cases(EXAMPLES, own=True))
def test_no_text_is_on_another_or_on_what_is_drawn_or_cut_off(kind: str, models: tuple[str, ...], column: bool) -> None:
    figure = example(kind, models, column)
    assert len(texts(figure)) > 10
    assert overlaps(figure) == []


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "models", "column"), cases(MANY, own=False))
def test_no_text_is_on_another_in_pictures_of_many_models(kind: str, models: tuple[str, ...], column: bool) -> None:
    assert overlaps(draw(kind, models, column=column)) == []


PLANTED: dict[str, tuple[Callable[[Axes], object], list[str]]] = {
    "nothing": (lambda axes: axes.text(0.2, 0.8, "free"), []),
    "text": (lambda axes: [axes.text(0.2, 0.8, name) for name in ("one", "two")], ["'one' on 'two'"]),
    "line": (lambda axes: axes.text(0.5, 0.5, "middle"), ["'middle' on line 'diagonal'"]),
    "marker": (lambda axes: axes.text(0.8, 0.2, "here", va="center"), ["'here' on marker of 'dot'"]),
    "bar": (lambda axes: axes.text(0.15, 0.05, "high"), ["'high' on bar"]),
    "frame": (lambda axes: axes.text(0, 0.5, "side", ha="center"), ["'side' on left frame"]),
    "edge": (lambda axes: axes.text(2, 0.5, "far"), ["'far' is cut off"]),
    "leader": (
        lambda axes: [axes.text(0.55, 0.1, "low"), axes.annotate("to", (0.4, 0.12), (0.75, 0.12), arrowprops={})],
        ["'low' on arrow"],
    ),
    "legend": (
        lambda axes: axes.legend(loc="center"),
        ["'diagonal' on line 'diagonal'", "the legend on line 'diagonal'"],
    ),
    "beyond the limits": (lambda axes: [axes.plot([0, 2], [0.9, 0.9]), axes.text(1.02, 0.88, "out")], []),
}


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_overlap_is_found(case: str) -> None:
    figure = Figure(figsize=(3.5, 3))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label="diagonal")
    axes.plot([0.8], [0.2], "o", label="dot")
    axes.bar([0.2], [0.12], width=0.05)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    axes.spines[["top", "right"]].set_visible(False)
    plant, expected = PLANTED[case]
    plant(axes)
    found = overlaps(figure)
    assert set(expected) <= set(found)
    assert bool(found) == bool(expected)


@pytest.mark.parametrize(("kind", "models", "column"), cases(EXAMPLES, own=True))
def test_text_is_readable_and_labels_have_units(kind: str, models: tuple[str, ...], column: bool) -> None:
    figure = example(kind, models, column)
    # Points, at the size at which the picture is used: the smallest print of a journal is 6.
    assert min(float(text.get_fontsize()) for text, _ in texts(figure)) >= 6
    assert figure.get_figwidth() == (3.5 if column else 7)
    labels = [label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel()) if label]
    assert labels
    assert [label for label in labels if not re.search(r"\((G|M|k|%|groups|channels)\)$", label)] == []
    assert not any("FLOPs" in label for label in labels)


def test_the_models_of_a_kind_are_drawn_where_none_are_given() -> None:
    given = draw("stages", ["resnet50", "resnext50_32x4d"])
    assert [text.get_text() for text, _ in texts(example("stages"))] == [text.get_text() for text, _ in texts(given)]
    (title,) = [axes.get_title("left") for axes in example("counters").axes if axes.get_title("left")]
    assert title == "resnet(50)"


SUFFIXES = dict(zip(KINDS, ("png", "svg", "pdf", "svg", "pdf", "png", "svg", "pdf", "png", "svg", "pdf"), strict=True))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a picture of each kind, saved by another process, which needs no torch for that."""
    place = tmp_path_factory.mktemp("elsewhere")
    wanted = [(kind, (), str(place / f"{kind}.{suffix}")) for kind, suffix in SUFFIXES.items()]
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
    save(draw(kind, ()), tmp_path / name)
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


def test_the_command_draws_a_column(tmp_path: Path) -> None:
    for arguments, inches in (([], 7), (["--column"], 3.5)):
        file = tmp_path / f"{inches}.png"
        assert run("cifar", *arguments, "--output", str(file)).exit_code == 0
        assert mpl.image.imread(file).shape[1] == inches * 200


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
    "one model": (["stages", "resnet50"], "models given: 1; the picture 'stages' takes two models"),
    "two models": (["counters", "resnet50", "vgg16"], "models given: 2; the picture 'counters' takes one model"),
    "a model": (["width", "resnet50"], "models given: 1; the picture 'width' takes no model: it shows the paper's own"),
    "unknown model": (["counters", "resnet51"], "unknown model 'resnet51'; did you mean"),
    "suffix": (["width", "--output", "width.gif"], "'width.gif' ends in no format of pictures; give a file in .png,"),
    "no suffix": (["width", "--output", "width"], "'width' ends in no format of pictures"),
    "no folder": (["width", "--output", "/nowhere/width.png"], "cannot write '/nowhere/width.png'"),
    "folder": (["width", "--output", "/"], "cannot write '/'"),
    "option": (
        ["width", "--output", "width.png", "--dpi", "300"],
        "unknown option '--dpi'; known are --column, --on, --batch, --output",
    ),
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
