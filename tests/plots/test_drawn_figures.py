"""What is drawn are the figures of the tables, the solver and the ledgers: read back from the Axes."""

from bisect import bisect_right
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from torch import nn

import resnext_flops as rf
from resnext_flops.complexity.conventions import distinct
from resnext_flops.complexity.profile import Estimate, Interval, estimate, profile
from resnext_flops.design.spaces import regnet_y
from resnext_flops.plots.cifar import cifar
from resnext_flops.plots.counters import bridges, counters
from resnext_flops.plots.edf import edf
from resnext_flops.plots.error import error, series
from resnext_flops.plots.groups import groups, of_one_width
from resnext_flops.plots.lineage import lineage
from resnext_flops.plots.parts import parts, shares
from resnext_flops.plots.space import designs, line, space
from resnext_flops.plots.stacks import stack
from resnext_flops.plots.stages import by_stage, stage_names, stages
from resnext_flops.plots.time import time as drawn_times
from resnext_flops.plots.width import exact_widths, width
from resnext_flops.proof.published import published
from resnext_flops.tables.breakdown import breakdown
from resnext_flops.tables.listings import listed
from resnext_flops.tables.template import template
from tests.complexity.test_profile import PROFILE


def points(drawn: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in np.asarray(drawn.get_xydata())]


def bars(axes: Axes) -> list[tuple[str, Rectangle]]:
    """Every bar, with what the legend calls it."""
    stacks = [stack for stack in axes.containers if isinstance(stack, BarContainer)]
    return [(str(stack.get_label()), bar) for stack in stacks for bar in stack.patches]


def row_of(bar: Rectangle) -> int:
    return round(bar.get_y() + bar.get_height() / 2)


@pytest.mark.parametrize(("panel", "scope"), [(0, "block"), (1, "network")])
def test_widths_are_those_of_the_template_table(panel: int, scope: str) -> None:
    curve, dots, paper = width()[panel].lines
    exact, nearest = dict(points(curve)), dict(points(dots))
    for row in template(rf.resnet(50), range(1, 65), scope).rows:
        cardinality = row["cardinality"]
        assert isinstance(cardinality, int)
        assert exact[cardinality] == row["real_width"]
        assert nearest[cardinality] == row["width"]
    table = published("resnext")["table_2"]
    assert points(paper) == list(zip(table["cardinality"], table["width"], strict=True))


@given(st.fractions(1, 64, max_denominator=32))
def test_the_curve_solves_equation_4_between_whole_cardinalities(cardinality: Fraction) -> None:
    # Eqn. 4 of the paper, C (256 d + 9 d^2 + 256 d), and the 69632 weights of ResNet-50's block.
    (solution,) = rf.solve_width(rf.resnet(50), [1])
    (d,) = exact_widths(solution, [cardinality])
    assert float(cardinality) * (512 * d + 9 * d * d) == pytest.approx(69632, rel=1e-12)


@pytest.mark.parametrize(("panel", "figure", "unit"), [(0, "macs", 1e9), (1, "params", 1e6)])
def test_errors_are_the_printed_ones_at_the_exact_costs(panel: int, figure: str, unit: float) -> None:
    drawn = {point for each in error()[panel].lines for point in points(each)}
    rows = [row for table in "345" for row in listed(table).rows]
    expected = {(getattr(rf.network(call).cost(), figure) / unit, float(top1)) for call, top1 in printed_errors()}
    assert len(rows) == 24
    assert drawn == expected


def printed_errors() -> list[tuple[str, float]]:
    """The networks and errors of the data files of Tables 3, 4 and 5."""
    return [(row["network"], row["top1"]) for table in "345" for row in published(f"tables/{table}")["rows"]]


def test_the_papers_series_are_joined() -> None:
    joined = [[(row["model"], row.get("setting", row.get("crop"))) for row in each.rows] for each in series()]
    settings = ["2x40d", "4x24d", "8x14d", "32x4d"]
    assert joined == [
        # Table 3: cardinality grows at the cost of ResNet-50, and of ResNet-101.
        [("ResNet-50", "1x64d"), *(("ResNeXt-50", setting) for setting in settings)],
        [("ResNet-101", "1x64d"), *(("ResNeXt-101", setting) for setting in settings)],
        # Table 4: ResNet-101 goes deeper, wider, and into more paths; ResNeXt-101 doubles its cardinality.
        [("ResNet-101", "1x64d"), ("ResNet-200", "1x64d")],
        [("ResNet-101", "1x64d"), ("ResNet-101, wider", "1x100d")],
        [("ResNet-101", "1x64d"), ("ResNeXt-101", "2x64d")],
        [("ResNeXt-101", "32x4d"), ("ResNeXt-101", "64x4d")],
        # Table 5: the same network on a larger crop.
        [("ResNet-200", "224x224"), ("ResNet-200", "320x320")],
        [("Inception-v3", "299x299")],
        [("Inception-v4", "299x299")],
        [("Inception-ResNet-v2", "299x299")],
        [("ResNeXt-101 (64x4d)", "224x224"), ("ResNeXt-101 (64x4d)", "320x320")],
    ]


def test_lineage_draws_the_printed_errors_at_the_exact_costs() -> None:
    drawn = sorted(point for each in lineage().lines for point in points(each))
    printed = [pair for line in published("lineage")["lines"] for pair in line["errors"].items()]
    assert drawn == sorted((rf.network(call).cost().macs / 1e9, float(error)) for call, error in printed)
    # ResNeXt's are those of the paper's Table 3.
    errors = {row["network"]: row["top1"] for row in published("tables/3")["rows"]}
    own = next(line["errors"] for line in published("lineage")["lines"] if line["label"] == "ResNeXt")
    assert own == {call: errors[call] for call in own}
    # EfficientNet's accuracies are those of the tables of its papers.
    for label, name in (("EfficientNet", "efficientnet"), ("EfficientNetV2", "efficientnetv2")):
        rows = published(f"tables/{name}")["rows"]
        (line,) = [line["errors"] for line in published("lineage")["lines"] if line["label"] == label]
        assert line == {row["network"]: 100 - row["top1"] for row in rows if row["network"].startswith("efficientnet")}


@pytest.mark.parametrize(("panel", "figure"), [(0, "params"), (1, "activations")])
def test_designs_of_a_space_are_counted_up_to_each_value(panel: int, figure: str) -> None:
    drawn = {str(line.get_label()): points(line) for line in edf()[panel].lines}
    found = regnet_y.sample(500, budget="396M <= macs <= 404M").columns[figure].tolist()
    shares = {value / 1e6: sum(each <= value for each in found) / 5 for value in found}
    assert dict(sorted(drawn["RegNetY"])) == pytest.approx(shares)
    own = getattr(rf.network("regnet_y_400mf").cost(), figure)
    assert dict(drawn["RegNetY-400MF"]) == pytest.approx({own / 1e6: sum(each <= own for each in found) / 5})


@pytest.mark.parametrize(("panel", "figure"), [(0, "params"), (1, "activations")])
def test_groups_of_one_width_meet_the_multiply_adds_of_resnet_50(panel: int, figure: str) -> None:
    dashed, curve, circles = groups()[panel].lines
    dense = rf.resnet(50).cost()
    assert set(np.asarray(dashed.get_ydata())) == {getattr(dense, figure) / 1e6}
    for channels, drawn in points(circles):
        # All figures are linear in the number of groups: two real networks say which number meets the multiply-adds.
        one, two = (of_one_width(number, int(channels)).cost() for number in (1, 2))
        share = (dense.macs - one.macs) / (two.macs - one.macs)
        first, second = getattr(one, figure), getattr(two, figure)
        assert drawn == pytest.approx((first + share * (second - first)) / 1e6, rel=1e-12)
        assert (channels, drawn) in points(curve)
    assert [channels for channels, _ in points(circles)] == [1, 2, 4, 8, 16, 32, 64]


@pytest.mark.parametrize(("panel", "key"), [(0, "cifar10"), (1, "cifar100")])
def test_cifar_draws_table_7(panel: int, key: str) -> None:
    drawn = sorted(point for each in cifar()[panel].lines for point in points(each))
    rows = published("tables/7")["rows"]
    assert drawn == sorted((rf.network(row["network"]).cost().params / 1e6, float(row[key])) for row in rows)


@pytest.mark.parametrize(
    ("first", "second"), [("resnet50", "resnext50_32x4d"), ("inception_v3", "vgg16"), ("resnet20_cifar", "wrn_16_8")]
)
def test_stages_add_up_to_the_breakdown(first: str, second: str) -> None:
    ledgers = [rf.network(name).cost() for name in (first, second)]
    for axes, ledger in zip(stages(ledgers[0], ledgers[1]), ledgers, strict=True):
        unit = {"G": 1e9, "M": 1e6}[axes.get_xlabel()[-2]]
        lengths: Counter[str] = Counter()
        names = [label.get_text() for label in axes.get_yticklabels()]
        for _, bar in bars(axes):
            lengths[names[row_of(bar)]] += round(bar.get_width() * unit)
        rows = breakdown(ledger).rows[:-1]
        training_only = {entry.path.split(".")[0] for entry in ledger if entry.training_only}
        expected = {row["part"]: row["macs"] for row in rows if row["macs"] and row["part"] not in training_only}
        assert lengths == expected
        # The bars of a stage end where the stage does.
        ends = Counter[str]()
        for _, bar in bars(axes):
            name = names[row_of(bar)]
            ends[name] = max(ends[name], round((bar.get_x() + bar.get_width()) * unit))
        assert ends == expected


rows_of_parts = st.lists(st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(-9, 99)), min_size=1, max_size=4)


@given(rows_of_parts)
def test_bars_lie_end_to_end_on_either_side_of_zero(rows: list[dict[str, int]]) -> None:
    axes = Figure().subplots()
    stack(axes, rows, {part: {"facecolor": "grey"} for part in "abcdefghijkl"}, 1)
    for place, row in enumerate(rows):
        widths = {part: round(bar.get_width()) for part, bar in bars(axes) if row_of(bar) == place}
        assert widths == {part: figure for part, figure in row.items() if figure}
        spans = sorted(
            (round(bar.get_bbox().xmin), round(bar.get_bbox().xmax)) for _, bar in bars(axes) if row_of(bar) == place
        )
        assert all(end == begin for (_, end), (begin, _) in pairwise(spans))
        assert not spans or spans[0][0] <= 0 <= spans[-1][1]


def test_stages_tell_grouped_convolutions_apart() -> None:
    # Table 1 of the paper: conv2 of ResNeXt-50 has three 3x3 layers of 128 channels in 32 groups, at 56x56.
    assert by_stage(rf.resnext(50).cost())["conv2"]["grouped convolution"] == 3 * (3 * 3 * 128 * 4) * 56 * 56
    assert by_stage(rf.resnet(50).cost())["conv2"]["dense convolution"] == 3 * (3 * 3 * 64 * 64) * 56 * 56


def entry(path: str, macs: int) -> rf.Entry:
    return rf.Entry(path, "conv", ((1, 1, 1),), (1, 1, 1), (1, 1), macs=macs)


def test_a_stage_of_more_than_80_percent_is_opened_again_and_again() -> None:
    def names(*layers: tuple[str, int]) -> list[str]:
        return stage_names([entry(path, macs) for path, macs in layers])

    assert names(("stem", 20), ("body.a", 40), ("body.b", 40)) == ["stem", "body", "body"]
    assert names(("stem", 19), ("body.a", 40), ("body.b", 41)) == ["stem", "body.a", "body.b"]
    # One layer alone cannot be opened, and a part within a part can.
    assert names(("stem", 1), ("body", 99)) == ["stem", "body"]
    assert names(("net.body.a.conv1", 50), ("net.body.b.conv1", 50)) == ["net.body.a", "net.body.b"]
    # 27 rows are too many, and 26 are not.
    assert set(names(*((f"layers.{number}", 1) for number in range(27)))) == {"layers"}
    assert len(set(names(*((f"layers.{number}", 1) for number in range(26))))) == 26


def test_the_stages_of_real_models_are_opened() -> None:
    pytest.importorskip("timm")
    convnext = by_stage(rf.model("timm:convnext_tiny").cost())
    assert list(convnext) == ["stem", "stages.0", "stages.1", "stages.2", "stages.3", "head"]
    # Three blocks of 96 channels at 56x56: a 7x7 kernel for each channel, and two layers to 384 channels and back.
    assert convnext["stages.0"] == {
        "depthwise convolution": 3 * 56 * 56 * 96 * 7 * 7,
        "fully-connected layer": 3 * 56 * 56 * 2 * 96 * 384,
    }
    vit = by_stage(rf.model("torchvision:vit_b_16").cost())
    assert list(vit) == ["conv_proj", *(f"encoder.layers.encoder_layer_{each}" for each in range(12)), "heads"]
    # 197 tokens of 768: queries, keys, values and the output, an MLP of 3072, and two products of attention.
    assert vit["encoder.layers.encoder_layer_0"] == {
        "fully-connected layer": 197 * (4 * 768 * 768 + 2 * 768 * 3072),
        "matrix product": 2 * 197 * 197 * 768,
    }
    left, right = stages("timm:convnext_tiny", "torchvision:vit_b_16")
    assert right.get_yticklabels()[1].get_text() == "…encoder_layer_0"
    assert left.get_yticklabels()[1].get_text() == "stages.0"


def test_a_network_without_multiply_adds_is_refused() -> None:
    nothing = rf.count(nn.ReLU(), (1, 3, 8, 8))
    with pytest.raises(rf.InputError, match="'ReLU' has no multiply-adds to draw"):
        stages(nothing, rf.resnet(50).cost())


def attention() -> rf.Ledger:
    """A traced ledger of which some counters see little."""
    return rf.count(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), (1, 10, 32))


@pytest.mark.parametrize("ledger", [rf.resnet_cifar(20).cost(), rf.resnext(50).cost(), attention()])
def test_filled_bars_add_up_to_every_counters_figure(ledger: rf.Ledger) -> None:
    panes = counters(ledger)
    totals: Counter[int] = Counter()
    for axes in panes:
        unit = {"G": 1e9, "M": 1e6, "k": 1e3}[axes.get_xlabel()[-2]]
        for part, bar in bars(axes):
            if part != "not seen":
                totals[row_of(bar)] += round(bar.get_width() * unit)
    names = [label.get_text() for label in panes[0].get_yticklabels()]
    figures = [label.get_text() for label in panes[1].get_yticklabels()]
    assert {name: totals[row] for row, name in enumerate(names)} == {name: ledger.total(name) for name in names}
    assert [int(text.split()[0].replace(",", "")) for text in figures] == [ledger.total(name) for name in names]
    assert set(names) == set(distinct(ledger.total))


def test_bridges_are_those_of_the_audit() -> None:
    # `audit` runs the real module; the picture takes the description.
    audited = {each.counter: each.bridge for each in rf.audit(rf.resnet_cifar(20), run=False).findings}
    assert {each.counter: each.steps for each in bridges(rf.resnet_cifar(20).cost())} == audited


@given(st.data())
def test_designs_cost_what_their_networks_do(data: st.DataObject) -> None:
    found = designs()
    place = data.draw(st.sampled_from(range(len(found["macs"]))))
    design = {name: int(column[place]) for name, column in found.items()}
    cost = rf.resnext(50, cardinality=design["C"], width=design["d"], resolution=design["r"]).cost()
    assert (design["macs"], design["params"], design["activations"]) == (cost.macs, cost.params, cost.activations)


@pytest.mark.parametrize("cardinality", [1, 8, 64])
def test_a_line_has_resnet_50s_multiply_adds_between_two_whole_widths(cardinality: int) -> None:
    macs = rf.resnet(50).cost().macs
    points_of_line = line(cardinality)
    # The last resolution, 352, is left out where even one channel a group costs more.
    for resolution, (params, activations) in zip(range(128, 353, 32), points_of_line, strict=False):

        def cost(width: int, resolution: int = resolution) -> rf.Ledger:
            return rf.resnext(50, cardinality=cardinality, width=width, resolution=resolution).cost()

        whole = bisect_right(range(1, 161), macs, key=lambda width: cost(width).macs)  # the last width within them
        below, above = cost(whole), cost(whole + 1)
        assert below.params <= params <= above.params
        assert below.activations <= activations <= above.activations
    drawn = [points(each) for each in space().lines if str(each.get_label()).endswith(f"C = {cardinality}")]
    assert drawn == [[(params / 1e6, activations / 1e6) for params, activations in points_of_line]]


def test_the_designs_of_the_space_hold_table_2_and_the_front_is_theirs() -> None:
    found, best = designs(), designs(front=True)
    sizes = set(zip(*(found[name].tolist() for name in "Cdr"), strict=True))
    # Table 2 of the paper.
    assert {(1, 64, 224), (2, 40, 224), (4, 24, 224), (8, 14, 224), (32, 4, 224)} <= sizes
    every = list(zip(found["params"].tolist(), found["activations"].tolist(), strict=True))
    front = [one for one in every if not any(two != one and two[0] <= one[0] and two[1] <= one[1] for two in every)]
    assert sorted(zip(best["params"].tolist(), best["activations"].tolist(), strict=True)) == sorted(front)
    (drawn,) = [each for each in space().lines if each.get_label() == "Pareto front"]
    assert points(drawn) == [
        (params / 1e6, activations / 1e6)
        for params, activations in zip(best["params"], best["activations"], strict=True)
    ]


def test_times_are_drawn_as_shares_of_that_of_one_group() -> None:
    axes = drawn_times(on=["rtx3090", "i7-12700h"])
    widths = {1: 64, 2: 40, 4: 24, 8: 13, 16: 7, 32: 4, 64: 2}  # the whole d that keep the network's multiply-adds
    for drawn, name in zip(axes.lines[:2], ("rtx3090", "i7-12700h"), strict=True):
        times = [
            estimate(profile(name), rf.resnext(50, cardinality=C, width=d).cost()).femtoseconds
            for C, d in widths.items()
        ]
        shares = [100 * time / times[0] for time in times]
        assert [C for C, _ in points(drawn)] == list(widths)
        assert [share for _, share in points(drawn)] == pytest.approx(shares)
        assert drawn.get_label() == f"{name} (estimated)"


def test_parts_of_times_are_drawn_in_percent_of_the_first(tmp_path: Path) -> None:
    plain = tmp_path / "plain.toml"
    plain.write_text(PROFILE, encoding="utf-8")  # 3 femtoseconds a multiply-add of a 1x1 convolution, a batch of 64
    axes = parts("resnet18", "resnet34", on=[str(plain)])
    drawn: list[dict[str, float]] = [{}, {}]
    for name, bar in bars(axes):
        drawn[row_of(bar)][name] = bar.get_width()
    first, second = (estimate(profile(str(plain)), rf.network(name).cost()) for name in ("resnet18", "resnet34"))
    shortcuts = sum(entry.macs for entry in rf.network("resnet18").cost() if entry.kernel == (1, 1))
    assert drawn[0]["1x1 convolution"] == pytest.approx(100 * 64 * 3 * shortcuts / first.femtoseconds)
    assert drawn[1]["launches"] == pytest.approx(100 * second.parts["launches"] / first.femtoseconds)
    assert sum(drawn[0].values()) == pytest.approx(100)
    assert sum(drawn[1].values()) == pytest.approx(100 * second.femtoseconds / first.femtoseconds)


def test_products_of_one_kind_are_one_part_of_a_time() -> None:
    made_of = {"matrix products": 30, "attention": 20, "1x1 convolutions": 40, "launches": 10}
    found = Estimate("some", 1, made_of, Interval(0.9, 1.1), ())
    assert shares(found, found) == {"1x1 convolution": 40, "matrix product": 50, "launches": 10}
