"""The data of the libraries' models: how a row is made, that nothing is lost, and what is written in docs."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import timm
from torchvision import models as torchvision_models

from resnext_flops.counters.workers import EndedError, FailedError, TooLongError, Worker, answers
from resnext_flops.errors import InputError
from resnext_flops.reports.zoo import architectures, run
from resnext_flops.reports.zoo.page import DERIVATIONS, agreement, formulas, operators, page, reason
from resnext_flops.reports.zoo.rows import Row, part, read_rows, write_rows

DOCS = Path(__file__).parent.parent.parent / "docs"
SMALL = ["hf:ConvNextForImageClassification", "timm:test_vit", "torchvision:squeezenet1_1"]


class Here(Worker):
    """A worker that answers in this process."""

    def __call__(self, function: Any, *args: Any) -> Any:
        return function(*args)


def rows_of(content: str) -> list[list[str]]:
    """The cells of the tables of a page, without their heads."""
    lines = [line for line in content.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def test_three_small_models_go_the_whole_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, document = tmp_path / "zoo.json", tmp_path / "zoo.md"
    monkeypatch.setattr(run, "answers", lambda ask, items, *_: (ask(Here(1), item) for item in items))
    monkeypatch.setattr(run, "models", lambda: SMALL)
    monkeypatch.setattr(run, "has_formula", lambda name: name == SMALL[-1])
    run.main([str(data), str(document)])
    found = read_rows(data)
    assert list(found) == SMALL
    assert [row.residue for row in found.values()] == [0, 0, 0]
    convnext, vit, squeezenet = found.values()
    # ConvNeXt-T without a head for 1000 classes: the configuration has two.
    assert convnext.macs == 4_455_531_264 - 768 * (1000 - 2)
    assert convnext.params == 28_589_128 - (768 + 1) * (1000 - 2)
    # A 160 x 160 image in patches of 16 is 100 tokens and one more; six layers of width 64 have no attention seen.
    assert vit.differences == {"aten._scaled_dot_product_flash_attention_for_cpu": 6 * 2 * 101 * 101 * 64}
    assert (squeezenet.input, squeezenet.flops, squeezenet.missed) == ("1,3,224,224", 2 * (squeezenet.macs or 0), 0)
    assert squeezenet.params == 1_235_496
    assert not convnext.formula + convnext.no_formula
    assert document.read_text(encoding="utf-8") == page(list(found.values()))
    assert ["all", "3", "3", "2", "1", "0", "0"] in rows_of(document.read_text(encoding="utf-8"))


def test_a_run_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, asked = tmp_path / "zoo.json", []

    def stopped(_: Any, tasks: list[tuple[str, str]], *__: Any) -> Any:
        for task in tasks:
            asked.append(task)
            if task == ("by_torch", "b") and asked.count(task) == 1:
                raise KeyboardInterrupt
            yield task[1], {"cost": {"macs": 1}, "by_torch": {"no_flops": "why"}}[task[0]]

    monkeypatch.setattr(run, "answers", stopped)
    monkeypatch.setattr(run, "models", lambda: list("ab"))
    with pytest.raises(KeyboardInterrupt):
        run.main([str(data), str(tmp_path / "zoo.md")])
    assert not data.exists()
    run.main([str(data), str(tmp_path / "zoo.md")])
    assert asked == [("cost", "a"), ("cost", "b"), ("by_torch", "a"), ("by_torch", "b"), ("by_torch", "b")]
    assert list(read_rows(data).values()) == [Row(name, macs=1, no_flops="why") for name in "ab"]
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []
    run.main([str(data), str(tmp_path / "zoo.md"), "b"])
    assert asked[5:] == [("cost", "b"), ("by_torch", "b")]
    assert list(read_rows(data)) == list("ab")


def test_formulas_are_made_last_and_of_classifiers_alone() -> None:
    found = run.tasks({}, ["timm:test_vit", "torchvision:r3d_18"])
    assert [model for name, model in found if name == "formula"] == ["timm:test_vit"]
    assert found[-1] == ("formula", "timm:test_vit")


def test_a_row_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [Row("b", macs=3, flops=4, differences={"aten.x": 1}, remarks=("one", "two")), Row("a", no_count="no")]
    write_rows(tmp_path / "rows.json", rows)
    assert list(read_rows(tmp_path / "rows.json").values()) == rows[::-1]
    assert (tmp_path / "rows.json").read_text(encoding="utf-8").splitlines()[1] == '{"model": "a", "no_count": "no"},'


def test_what_the_operators_do_not_explain_is_told() -> None:
    row = Row("timm:net", macs=10, flops=12, differences={"aten._grouped_mm": 3})
    assert row.residue == 1
    assert "3 \\_grouped_mm + 1 not explained" in page([row])
    _, every = agreement([row]).rows
    assert (every["explained"], every["residue"]) == (0, 1)


@pytest.mark.parametrize("part_name", ["cost", "by_torch", "formula"])
def test_a_model_that_fails_has_a_reason(part_name: str) -> None:
    (reason_field,) = part(part_name, "torchvision:nothing").items()
    assert reason_field[0].startswith("no_")
    assert "unknown model of torchvision" in reason_field[1]


def test_ctrl_c_is_for_the_process_that_asks() -> None:
    worker = Worker(60)
    try:
        first = worker(os.getpid)
        os.kill(first, signal.SIGINT)
        assert worker(os.getpid) == first
        worker.pipe.send((time.sleep, (0.1,)))
        worker.pipe.close()  # whoever asked has ended before the answer
        worker.process.join(60)
        assert worker.process.exitcode == 0  # 1 with a traceback
    finally:
        worker.stop()


def test_a_worker_that_is_late_or_ends_is_replaced() -> None:
    worker = Worker(60)
    try:
        assert worker(abs, -3) == 3
        first = worker.process.pid
        with pytest.raises(EndedError, match="the process that counted it ended"):
            worker(os._exit, 3)
        assert worker(abs, -4) == 4
        assert worker.process.pid != first
        with pytest.raises(FailedError, match=r"^ValueError: invalid literal"):
            worker(int, "no")
        with pytest.raises(FailedError, match=r"^ValueError: a b$"):  # in one line
            worker(exec, "raise ValueError('a\\n\\tb')")
        worker.seconds = 0.1
        with pytest.raises(TooLongError, match=r"it took longer than 0.1 seconds"):
            worker(time.sleep, 600)
        assert worker.process is None
    finally:
        worker.stop()


def test_each_part_of_a_row_has_its_own_reason() -> None:
    failures = {
        "cost": TooLongError("late"),
        "by_torch": EndedError("ended"),
        "formula": FailedError("ValueError: no"),
    }

    class Fails(Worker):
        def __call__(self, function: Any, *args: Any) -> Any:
            raise failures[args[0]]

    assert [run.make(Fails(5), (name, "net")) for name in failures] == [
        ("net", {"no_count": "late"}),
        ("net", {"no_flops": "ended"}),
        ("net", {"no_formula": "ValueError: no"}),
    ]


def test_answers_come_from_all_workers_and_errors_reach_the_caller() -> None:
    assert sorted(answers(lambda _, item: item * 2, list("abcde"), 1, 2)) == ["aa", "bb", "cc", "dd", "ee"]

    def fail(_: Worker, item: str) -> str:
        raise InputError(item)

    with pytest.raises(InputError, match="x"):
        list(answers(fail, ["x"], 1, 2))


def test_every_model_is_in_the_list_once() -> None:
    names = run.models()
    assert len(names) == len(set(names))
    libraries = [name.partition(":")[0] for name in names]
    assert libraries.count("torchvision") == 121
    assert libraries.count("timm") == -(-len(timm.list_models()) // 4) >= 300
    assert libraries.count("hf") >= 30
    assert sum(map(run.has_formula, names)) == 80 + libraries.count("timm")


# What is written in docs ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(read_rows(DOCS / "zoo.json").values())


def test_the_data_has_all_models(rows: list[Row]) -> None:
    names = [row.model for row in rows]
    assert names == sorted(set(names))
    assert {name for name in names if name.startswith("torchvision:")} == {
        f"torchvision:{name}" for name in torchvision_models.list_models()
    }
    assert sum(name.startswith("timm:") for name in names) >= 300
    assert {name for name in names if name.startswith("hf:")} == set(architectures.names())


def test_every_model_is_counted_and_every_difference_explained(rows: list[Row]) -> None:
    assert [row.model for row in rows if row.macs is None or row.residue != 0 or row.ours != row.macs] == []
    # The sums over the operators are the whole difference.
    for row in rows:
        assert row.macs is not None
        assert row.flops is not None
        assert 2 * row.macs - row.flops == 2 * sum(row.differences.values())
        assert all(macs > 0 for macs in row.differences.values())
    assert {name for row in rows for name in row.differences} <= set(DERIVATIONS)


def test_no_formula_misses(rows: list[Row]) -> None:
    assert [row.model for row in rows if row.missed] == []
    with_formula = [row for row in rows if row.formula]
    assert all(row.held == 20 for row in with_formula)
    assert len(with_formula) > 300
    assert all(row.no_formula for row in rows if run.has_formula(row.model) and row.free != "r, num_classes")


def test_every_reason_has_a_name(rows: list[Row]) -> None:
    sentences = {row.no_formula for row in rows if row.no_formula}
    assert {sentence for sentence in sentences if reason(sentence) == sentence} == set()


def test_the_page_is_that_of_the_data(rows: list[Row]) -> None:
    written = (DOCS / "zoo.md").read_text(encoding="utf-8")
    head, _, _ = written.partition("Made with")
    assert written.partition("## ")[2] == page(rows).partition("## ")[2]
    assert head == page(rows).partition("Made with")[0]


def test_facts_that_others_publish(rows: list[Row]) -> None:
    """Parameters of the models' own papers and cards."""
    found = {row.model: row for row in rows}
    for name, params in {
        "hf:BertForMaskedLM": 109_514_298,
        "hf:GPT2LMHeadModel": 124_439_808,
        "hf:LlamaForCausalLM": 6_738_415_616,
        "hf:MistralForCausalLM": 7_241_732_096,
        "hf:MixtralForCausalLM": 46_702_792_704,
        "hf:T5ForConditionalGeneration": 60_506_624,
        "hf:WhisperForConditionalGeneration": 37_760_640,
        "torchvision:vit_b_16": 86_567_656,
        "torchvision:resnet50": 25_557_032,
    }.items():
        assert found[name].params == params
    assert found["torchvision:vit_b_16"].macs == 17_563_828_224
    assert found["torchvision:resnet50"].formula == "81456 r^2 + 2048 num_classes"


def test_the_sums_of_the_page(rows: list[Row]) -> None:
    *_, every = agreement(rows).rows
    assert every["equal"] + every["explained"] == every["models"] == len(rows)  # type: ignore[operator]
    *_, sought = formulas(rows).rows
    assert sought["both"] + sought["r"] + sought["classes"] + sought["none"] == sought["models"]  # type: ignore[operator]
    more = sum((row.macs or 0) - (row.flops or 0) // 2 for row in rows)
    assert sum(int(str(row["macs"])) for row in operators(rows).rows) == more
    assert json.loads((DOCS / "zoo.json").read_text(encoding="utf-8"))[0]["model"] == rows[0].model
