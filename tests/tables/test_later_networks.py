"""The table of what became of the groups, against arithmetic."""

import re
from fractions import Fraction

import resnext_flops as rf
from resnext_flops.complexity.families.resnet_to_convnext import STEPS
from resnext_flops.design import spaces
from resnext_flops.proof.published import HELD, PRINTED_FIGURES, agreement, figures, published, row_figures
from resnext_flops.show.render import fitted
from resnext_flops.tables.designs import sampled
from resnext_flops.tables.lineage import lineage
from resnext_flops.tables.listings import listed
from resnext_flops.tables.publications import publications
from tests.proofs import made_up

ROWS = {row["model"]: row for row in lineage().rows}


def test_the_share_of_depthwise_convolutions_in_mobilenet() -> None:
    # The paper's Table 1: channels and pixels of the output of each of the 13 depthwise convolutions.
    maps = [(32, 112), (64, 56), (128, 56), (128, 28), (256, 28), (256, 14), *[(512, 14)] * 5, (512, 7), (1024, 7)]
    depthwise = sum(3 * 3 * channels * pixels**2 for channels, pixels in maps)
    assert ROWS["MobileNet"]["share"] == Fraction(depthwise, ROWS["MobileNet"]["macs"])  # type: ignore[arg-type]


def test_the_share_of_the_grouped_convolutions_of_resnext() -> None:
    # Of each block, 3 x 3 x d multiply-adds for each of C d channels, C = 32, d = 4, 8, 16, 32 and 3, 4, 6, 3 blocks.
    # The first of a stage strides in this convolution, so all have the pixels of their stage.
    stages = [(4, 56, 3), (8, 28, 4), (16, 14, 6), (32, 7, 3)]
    grouped = sum(blocks * 3 * 3 * d * 32 * d * pixels**2 for d, pixels, blocks in stages)
    row = ROWS["ResNeXt-50 32x4d"]
    assert (row["share"], row["group_width"]) == (Fraction(grouped, 4_230_479_872), "4 to 32")


def test_dense_grouped_and_depthwise() -> None:
    assert (ROWS["ResNet-50"]["share"], ROWS["ResNet-50"]["group_width"]) == (0, "dense")
    assert ROWS["RegNetX-3.2GF"]["group_width"] == "48"
    assert {ROWS[name]["group_width"] for name in ("MobileNetV2", "EfficientNet-B0", "ConvNeXt-T")} == {"1"}


def test_printed_figures_are_met() -> None:
    assert all(not str(row["macs_agreement"]).startswith("differs") for row in ROWS.values() if "macs_agreement" in row)
    assert [row["year"] for row in lineage().rows] == sorted(str(row["year"]) for row in lineage().rows)


def test_the_lineage_prints_what_the_tables_of_its_sources_print() -> None:
    held = {(figure.network, figure.figure, figure.printed, figure.convention) for figure in figures()}
    own = [figure for row in published("lineage")["rows"] for figure in row_figures(row, "")]
    assert {(figure.network, figure.figure, figure.printed, figure.convention) for figure in own} <= held
    assert {name for name, row in ROWS.items() if "macs_printed" not in row} == {"SENet-154"}


def test_images_of_the_lineage_have_224_pixels_but_for_one() -> None:
    assert {name: row["input"] for name, row in ROWS.items() if row["input"] != "3x224x224"} == {
        "EfficientNetV2-S": "3x384x384"
    }


def test_it_is_proven_row_by_row() -> None:
    table = lineage(made_up)
    assert all(row["proven"] for row in table.rows)
    assert table.proof.startswith("Proven on cpu")


def test_the_tables_of_later_networks_meet_what_they_do_not_explain() -> None:
    for name in HELD:
        table, data = listed(name), published(f"tables/{name}")
        for shown, row in zip(table.rows, data["rows"], strict=True):
            for figure in {*PRINTED_FIGURES} & row.keys():
                differs = str(shown[f"{figure}_agreement"]).startswith("differs")
                assert differs == (figure in row.get("explained", {})), (row["model"], figure)
    assert "ResNet-50: the printed 22.6 is a slip for 25.6." in listed("regnet").notes
    assert "layer norm: the printed figure is that of the next step, ConvNeXt-T." in listed("convnext-road").notes


def test_figures_that_a_counter_gives_are_not_met_without_its_rules() -> None:
    by_rules = [figure for figure in figures() if figure.convention]
    assert {figure.convention for figure in by_rules} == {"torchprofile", "ptflops-pytorch"}
    for figure in by_rules:
        ledger = rf.network(figure.network).cost()
        assert not agreement(figure.printed, getattr(ledger, figure.figure)).holds
        assert figure.hold(ledger).holds
    # Of SE-ResNet-101: 7,574,937,600 multiply-adds and, once each, the outputs of batch norms and of both factors.
    # Blocks put out 256, 512, 1024 and 2048 channels of 56, 28, 14 and 7 pixels, and have 1/4 as many inside; the
    # first block of a stage has a projection, and the stem 64 channels of 112 pixels. A mean a gate, and the last one.
    stages = [(256, 56, 3), (512, 28, 4), (1024, 14, 23), (2048, 7, 3)]
    norms = 64 * 112**2 + sum((3 * blocks + 2) * c // 2 * p**2 for c, p, blocks in stages)
    gates = sum(blocks * c * (p**2 + 1) for c, p, blocks in stages)
    assert rf.se_resnet(101).cost().total("torchprofile") == 7_574_937_600 + norms + gates + 2048


def test_what_running_statistics_explain() -> None:
    # Batch norm keeps as many means and variances as it has factors and shifts.
    said = "the printed figure is met if the running means and variances of batch norm are counted, too"
    found = [figure for figure in figures() if figure.explanation == said]
    assert {figure.source.partition(" et al")[0] for figure in found} == {
        "Hu",
        "Tan and Le, arXiv:1905.11946v5, Table 2",
    }
    for figure in found:
        ledger = rf.network(figure.network).cost()
        statistics = sum(entry.params for entry in ledger if entry.kind == "batch norm")
        assert agreement(figure.printed, ledger.params + statistics).holds, figure
    # The file of SENet-154 has "440 M" (hujie-frank/SENet, README.md): all of these in four bytes each.
    senet = rf.senet().cost()
    statistics = sum(entry.params for entry in senet if entry.kind == "batch norm")
    assert round(4 * (senet.params + statistics) / 2**20) == 440


def test_what_the_table_of_efficientnet_explains() -> None:
    auxiliary = sum(entry.params for entry in rf.inception_v3().cost() if entry.training_only)
    assert round((rf.inception_v3().cost().params - auxiliary) / 10**6) == 24

    def billions(width: float, depth: float, resolution: int) -> float:
        network = rf.efficientnet(width_multiplier=width, depth_multiplier=depth, resolution=resolution)
        return round(network.cost().macs / 10**9, 1)

    met = [pixels for pixels in range(355, 381) if billions(1.4, 1.8, pixels) == 4.2]
    assert met == list(range(361, 369))
    assert [billions(1.6, 2.2, pixels) for pixels in (448, 449)] == [9.4, 10.2]


def test_the_road_to_convnext_by_arithmetic() -> None:
    road = {row["network"]: row for row in published("tables/convnext-road")["rows"]}
    assert len(road) == 32
    # Blocks of 3, 3, 9 and 3 with w, 2w, 4w and 8w channels inside, on maps of 56, 28, 14 and 7 pixels.
    blocks, maps = (3, 3, 9, 3), (56, 28, 14, 7)
    inside = [2**stage for stage in range(4)]
    dense, grouped = (rf.network(f"resnet_to_convnext('{step}', base_width=64)").cost().macs for step in STEPS[:2])
    # A 3x3 convolution of c channels takes 9 c^2 multiply-adds a pixel, and 9 c with c groups.
    saved = sum(n * 9 * (64 * c) * (64 * c - 1) * p**2 for n, c, p in zip(blocks, inside, maps, strict=True))
    assert dense - grouped == saved
    # From 3x3 to 7x7, each of c channels takes 40 more multiply-adds a pixel.
    small, large = (rf.network(f"resnet_to_convnext('moved up', kernel={k})").cost().macs for k in (3, 7))
    wider = sum(
        40 * (96 * c) * p**2 * n - (40 * 48 * c * p**2 if c > 1 else 0)
        for n, c, p in zip(blocks, inside, maps, strict=True)
    )
    assert large - small == wider


def test_published_says_how_many_rows_are_met_or_explained() -> None:
    (note,) = [note for note in publications().notes if note.startswith("The tables and `verify` hold")]
    held, rows, met, _, explained = map(int, re.findall(r"\d+", note))
    assert rows >= 100
    assert held == met + explained == len(figures())


def test_mobilenet_at_three_quarters_is_printed_without_its_stem() -> None:
    # 3 x 3 kernels of 3 channels to 24, with stride 2.
    for row in published("tables/mobilenet")["rows"]:
        if row["model"] == "MobileNet" and row["setting"].startswith("0.75"):
            network = rf.network(row["network"])
            stem = 3 * 3 * 3 * 24 * (network.input[1] // 2) ** 2
            assert round((network.cost().macs - stem) / 1e6) == row["macs"] / 10**6


def test_designs_of_a_space_keep_their_calls_where_room_is_short() -> None:
    found = spaces.regnet_x.sample(3, budget="macs = 400M", within=1)
    designs, _ = sampled(found)
    assert "with 396,000,000 <= macs and macs <= 404,000,000" in designs.title
    lines = [line.text for line in fitted(designs, 80)]
    assert all(any(found.call(place) in line for line in lines) for place in range(3))
