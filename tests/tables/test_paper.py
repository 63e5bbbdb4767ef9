"""The rebuilt tables against what the paper prints, read from the paper and written here by hand."""

from typing import Any

import resnext_flops as rf
from resnext_flops.proof.rungs import Rung
from resnext_flops.show.render import text
from resnext_flops.tables import paper
from resnext_flops.tables.sentences import proof_sentence
from resnext_flops.tables.template import template
from tests.proofs import made_up


def column(table: Any, key: str) -> list[Any]:
    return [row[key] for row in table.rows]


def test_the_template_by_hand() -> None:
    table = template(rf.resnet(50))
    assert column(table, "cardinality") == [1, 2, 4, 8, 16, 32, 64]
    assert column(table, "width") == [64, 40, 24, 14, 8, 4, 2]
    assert column(table, "paper_width") == [64, 40, 24, 14, None, 4, None]
    assert column(table, "agrees") == [True, True, True, True, None, True, None]
    assert column(table, "group_width") == [64, 80, 96, 112, 128, 128, 128]
    assert [round(value, 2) for value in column(table, "real_width")] == [64.0, 39.95, 23.93, 13.70, 7.51, 3.97, 2.05]
    weights = [
        c * (9 * d * d + 512 * d) for c, d in zip((1, 2, 4, 8, 16, 32, 64), (64, 40, 24, 14, 8, 4, 2), strict=True)
    ]
    assert column(table, "block_weights") == weights == [69632, 69760, 69888, 71456, 74752, 70144, 67840]
    assert column(table, "block_macs") == [56 * 56 * each for each in weights]
    assert column(table, "proven") == [None] * 7
    assert any("C = 8 (d = 13 at network scope, 14 at block scope)" in note for note in table.notes)


def test_the_template_with_proof() -> None:
    table = template(rf.resnet(50, resolution=64), [1, 32], prove=made_up)
    assert column(table, "fvcore_macs") == column(table, "macs")
    assert column(table, "proven") == [True, True]
    assert "in 2 built networks, 108 convolution and linear layers" in table.proof


def test_a_failed_proof_is_said() -> None:
    proof = made_up(rf.resnet((1, 1, 1, 1), base_width=4, resolution=32))
    broken = proof._replace(rungs=(Rung("layers", 17, ("conv1.conv has 1 and 2",)), *proof.rungs[1:]))
    sentence = proof_sentence([proof, broken])
    assert sentence.startswith("NOT PROVEN:\n")
    assert "conv1.conv has 1 and 2" in sentence


def test_scopes_that_agree_say_so() -> None:
    table = template(rf.resnet(50), [1, 32], scope="network")
    assert "At block scope every d is the same." in table.notes


def test_table_1_is_the_papers() -> None:
    table = paper.table_1()
    rows = {row["row"]: row for row in table.rows}
    assert text(rows["conv2"]["resnet"]) == "3x3 max pool, stride 2; [1x1, 64; 3x3, 64; 1x1, 256] x 3"
    assert text(rows["conv4"]["resnext"]) == "[1x1, 512; 3x3, 512, C=32; 1x1, 1024] x 6"
    assert [row["output"] for row in table.rows[:6]] == ["112x112", "56x56", "28x28", "14x14", "7x7", "1x1"]
    assert all(row["agrees"] for row in table.rows[:6])
    assert [rows["params, agreement"][name] for name in ("resnet", "resnext")] == ["met, truncated", "met"]
    assert rows["mult-adds, agreement"]["resnet"] == "met, rounded"


def test_table_2_is_the_papers() -> None:
    table = paper.table_2()
    assert [column.header for column in table.columns] == ["", "C=1", "C=2", "C=4", "C=8", "C=32", "as printed"]
    solved = {row["row"]: [row[f"C={c}"] for c in (1, 2, 4, 8, 32)] for row in table.rows}
    assert solved["width of bottleneck d, solved"] == [64, 40, 24, 14, 4]
    assert solved["width of group conv., solved"] == [64, 80, 96, 112, 128]
    assert [row["agrees"] for row in table.rows] == [None, True, None, True]
