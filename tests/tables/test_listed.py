"""The papers' tables: their rows as printed, the networks' costs from elsewhere, and what is held against what."""

from decimal import Decimal
from functools import partial

import pytest
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.proof.verify import MODEL_RUNGS, verify
from resnext_flops.tables.googlenet import googlenet
from resnext_flops.tables.listings import listed
from resnext_flops.tables.paper import equation_4, figure_3, performance
from resnext_flops.tables.registry import builder, tables
from tests.enveloped import answered
from tests.proofs import made_up


def test_table_3_shows_the_exact_deviation_of_each_network() -> None:
    rows = listed("3").rows
    assert [row["top1"] for row in rows[:5]] == [Decimal(each) for each in ("23.9", "23.0", "22.6", "22.3", "22.2")]
    at_8x14d = rows[3]
    assert (at_8x14d["setting"], f"{float(100 * at_8x14d['reference_percent']):.2f}") == ("8x14d", "4.36")  # type: ignore[operator, arg-type]
    assert at_8x14d["macs_agreement"] == "differs by +4.08 %"
    assert [row["macs_agreement"] for row in rows[:3]] == ["met, rounded", "met", "met, truncated"]


def test_table_4_has_the_networks_of_twice_the_cost() -> None:
    rows = {(row["model"], row["setting"]): row for row in listed("4").rows}
    assert rows["ResNet-101, wider", "1x100d"]["macs"] == 15_272_862_720
    assert rows["ResNeXt-101", "2x64d"]["macs"] == 15_123_087_360
    assert rows["ResNeXt-101", "64x4d"]["macs"] == 15_460_270_080
    assert rows["ResNet-101", "1x64d"]["macs"] == 7_801_405_440
    assert "macs_printed" not in rows["ResNet-101", "1x64d"]


def test_table_6_has_heads_of_5000_classes() -> None:
    for row, network in zip(
        listed("6").rows, ("resnet50", "resnext50_32x4d", "resnet101", "resnext101_32x4d"), strict=True
    ):
        assert row["params"] == rf.network(network).cost().params + 4000 * 2049


def test_table_7_meets_every_printed_figure() -> None:
    assert [row["params_agreement"] for row in listed("7").rows] == ["met, rounded", "met", "met, truncated"]


def test_the_resnet_papers_figures_are_those_of_the_stride_in_the_1x1() -> None:
    rows = {(row["model"], row["variant"]): row["macs_agreement"] for row in listed("resnet").rows}
    assert rows["ResNet-50", "stride in the 1x1"] == "met, truncated"
    assert rows["ResNet-50", "stride in the 3x3"] == "differs by +7.61 %"
    for depth in (101, 152):
        assert not str(rows[f"ResNet-{depth}", "stride in the 1x1"]).startswith("differs")
        assert str(rows[f"ResNet-{depth}", "stride in the 3x3"]).startswith("differs")


def test_figure_5_names_the_parameters_of_both_networks() -> None:
    assert {row["params_agreement"] for row in listed("fig5").rows} == {"met, truncated", "met"}


def test_without_shortcuts_the_projections_are_gone() -> None:
    rows = listed("residual").rows
    # The four projections of ResNet-50 and their batch norms, at 56, 28, 14 and 7 pixels.
    macs = 64 * 256 * 56**2 + 256 * 512 * 28**2 + 512 * 1024 * 14**2 + 1024 * 2048 * 7**2
    assert rows[0]["macs"] - rows[1]["macs"] == rows[2]["macs"] - rows[3]["macs"] == macs  # type: ignore[operator]


def test_equation_4_by_hand() -> None:
    assert [row["weights"] for row in equation_4().rows] == [69632, 69760, 69888, 71456, 70144]
    assert equation_4().rows[4]["grouped"] == 32 * 9 * 4 * 4


def test_the_forms_of_figure_3_equal_their_models_and_no_library_has_them() -> None:
    # The forms themselves are what is compared here, so on real models.
    rows = figure_3(partial(verify, device="cpu", rungs=MODEL_RUNGS)).rows
    assert {row["fvcore_macs"] for row in rows} == {70144 * 56 * 56}
    assert [row["proven"] for row in rows] == [None] * 3


def test_performance_by_hand() -> None:
    table = performance()
    row = table.rows[1]
    # ResNet-101: three times the forward pass but for the gradient of the image, 256 examples in 0.70 seconds, 2 FLOPs
    # a multiply-add, on 8 GPUs of 7 TFLOP/s.
    training = 256 * (3 * 7_801_405_440 - 7 * 7 * 3 * 64 * 112 * 112)
    assert row["training_macs"] == training
    assert row["flops_per_second"] == round(2 * training / 0.70)
    assert float(row["peak_percent"]) == pytest.approx(2 * training / 0.70 / 56e12)  # type: ignore[arg-type]


def test_table_5_has_each_network_at_its_crop() -> None:
    rows = listed("5").rows
    assert next(row["macs"] for row in rows if row["model"] == "ResNeXt-101 (64x4d)") == 15_460_270_080
    # Inputs of torchvision's and timm's Inceptions are 299x299, and ResNets' maps grow with the crop: 10 pixels for 7.
    assert {row["crop"] for row in rows if "Inception" in str(row["model"])} == {"299x299"}
    at_224, at_320 = (row["macs"] for row in rows if row["model"] == "ResNet-200")
    head = 2048 * 1000
    assert (at_320 - head) * 49 == (at_224 - head) * 100  # type: ignore[operator]


def test_vggs_figures_are_met_as_the_notes_say() -> None:
    rows = {row["model"]: row for row in listed("vgg").rows}
    assert not any(str(row["params_agreement"]).startswith("differs") for row in rows.values())
    assert rows["VGG-16"]["macs_agreement"] == "differs by +1.11 %"
    assert rows["VGG-19"]["macs_agreement"] == "met"
    convolutions = sum(entry.macs for entry in rf.network("vgg16").cost() if entry.kind == "conv")
    assert round(convolutions / 1e9, 1) == 15.3


def test_googlenets_operations_are_met_but_in_two_rows() -> None:
    rows = {row["layer"]: row for row in googlenet().rows}
    wrong = [name for name, row in rows.items() if str(row["ops_agreement"]).startswith("differs")]
    assert wrong == ["convolution 7x7/2", "inception (5a)"]
    assert rows["convolution 7x7/2"]["weights"] == 7 * 7 * 3 * 64
    assert rows["convolution 3x3/1"]["params_agreement"] == "met"
    assert rows["linear"]["params_agreement"] == "met"


def test_a_listed_table_is_proven_row_by_row() -> None:
    table = listed("7", made_up)
    assert [row["fvcore_macs"] for row in table.rows] == [row["macs"] for row in table.rows]
    # They are for CIFAR, and no library has them.
    assert all(row["proven"] is None for row in table.rows)
    assert all(row["proven"] for row in listed("regnet", made_up).rows[:3])
    assert table.proof.startswith("Proven on cpu")


@pytest.mark.parametrize("name", tables())
def test_every_table_can_be_shown_in_every_form(name: str) -> None:
    for form in ("rich", "markdown", "csv", "json"):
        result = CliRunner().invoke(main, ["table", name, "--no-prove", "--format", form])
        assert result.exit_code == 0, result.output
    assert answered(result.stdout)["table"] == name


def test_all_tables_at_once() -> None:
    result = CliRunner().invoke(main, ["table", "all", "--no-prove", "--format", "json"])
    assert [table["table"] for table in answered(result.stdout)] == ["template", *tables()]


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(rf.InputError, match="unknown table 'figure3'"):
        builder("figure3")
