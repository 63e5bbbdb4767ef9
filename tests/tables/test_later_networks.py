"""The table of what became of the groups, against arithmetic."""

from fractions import Fraction

import resnext_flops as rf
from resnext_flops.proof.published import HELD, PRINTED_FIGURES, published
from resnext_flops.tables.lineage import lineage
from resnext_flops.tables.listings import listed
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
    assert "ResNet-50: 22.6 is a slip for 25.6." in listed("regnet").notes


def test_mobilenet_at_three_quarters_is_printed_without_its_stem() -> None:
    # 3 x 3 kernels of 3 channels to 24, with stride 2.
    for row in published("tables/mobilenet")["rows"]:
        if row["model"] == "MobileNet" and row["setting"].startswith("0.75"):
            network = rf.network(row["network"])
            stem = 3 * 3 * 3 * 24 * (network.input[1] // 2) ** 2
            assert round((network.cost().macs - stem) / 1e6) == row["macs"] / 10**6
