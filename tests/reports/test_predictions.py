"""The figure of every convention for every model: how it is made, and what is written in docs."""

from pathlib import Path
from typing import Any

import pytest
import timm
from torchvision import models as torchvision_models

from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.counters.audit import RESIDUES, audit
from resnext_flops.counters.workers import EndedError, FailedError, TooLongError, Worker
from resnext_flops.reports import predictions
from resnext_flops.reports.predictions import COLUMNS, Prediction, lines, main, page, predict, predicted, read
from resnext_flops.reports.zoo.rows import read_rows

DOCS = Path(__file__).parent.parent.parent / "docs"
ROWS = {each.model: each for each in read(DOCS / "predictions.tsv")}
SMALL = ["timm:test_resnet", "timm:test_vit", "torchvision:resnet18", "torchvision:squeezenet1_1"]
MANY = sorted(ROWS)[::25]


def figure(name: str, convention: str) -> int:
    """The figure of a model, which for a variant may be that of what it is a variant of."""
    found = ROWS[name].figures
    return found[convention] if convention in found else found[CONVENTIONS[convention].variant_of]


class Here(Worker):
    """A worker that answers in this process."""

    def __call__(self, function: Any, *args: Any) -> Any:
        return function(*args)


def test_a_run_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, document, asked = tmp_path / "all.tsv", tmp_path / "all.md", []

    def stopped(_: Any, names: list[str], *__: Any) -> Any:
        for name in names:
            asked.append(name)
            if asked == ["a", "b"]:
                raise KeyboardInterrupt
            yield Prediction(name, "1,3", {"params": 1})

    monkeypatch.setattr(predictions, "answers", stopped)
    monkeypatch.setattr(predictions, "models", lambda: list("abc"))
    with pytest.raises(KeyboardInterrupt):
        main([str(data), str(document)])
    assert not data.exists()
    main([str(data), str(document)])
    assert asked == ["a", "b", "b", "c"]
    assert read(data) == [Prediction(name, "1,3", {"params": 1}) for name in "abc"]
    assert document.read_text(encoding="utf-8") == page(read(data))
    assert {file.name for file in tmp_path.iterdir()} == {"all.tsv", "all.md"}


def test_a_row_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [Prediction("b", "1,3 1,3", {"params": 3, "deepspeed": 10**15}, 'it "ran"'), Prediction("a", "", {}, "no")]
    (tmp_path / "rows.tsv").write_text(lines(rows), encoding="utf-8")
    assert read(tmp_path / "rows.tsv") == rows[::-1]


def test_a_model_that_does_not_run_has_a_reason_in_one_line() -> None:
    failures = {
        "late": TooLongError("late"),
        "ended": EndedError("ended"),
        "ValueError: a b": FailedError("ValueError: a b"),
    }

    class Fails(Worker):
        def __call__(self, _: Any, name: str) -> Any:
            raise failures[name]

    for reason in failures:
        assert predict(Fails(1), reason) == Prediction(reason, "", {}, reason)
    refused = predicted("timm:nothing")
    assert not refused.figures
    assert "unknown model of timm" in refused.remark
    shown = page([*map(ROWS.get, SMALL), refused])  # type: ignore[list-item]
    assert "4 of the 5 models ran" in shown
    assert "| timm:nothing | unknown model of timm" in shown


# What is written in docs ----------------------------------------------------------------------------------------------


def test_the_data_has_all_models_and_all_conventions() -> None:
    installed = [f"timm:{name}" for name in timm.list_models()]
    installed += [f"torchvision:{name}" for name in torchvision_models.list_models()]
    assert list(ROWS) == sorted(installed)
    assert set(COLUMNS[4:-1]) == set(CONVENTIONS) - {"torchvision"}
    for row in ROWS.values():
        lacking = [name for name in COLUMNS[2:-1] if name not in row.figures]
        assert all(CONVENTIONS[name].variant_of for name in lacking) or (row.remark and not row.figures), row.model


def test_the_page_is_that_of_the_data() -> None:
    head, _, _ = (DOCS / "predictions.md").read_text(encoding="utf-8").partition("Made with")
    assert head == page(list(ROWS.values())).partition("Made with")[0]


def test_params_are_those_that_torchvision_prints() -> None:
    classifiers = torchvision_models.list_models(module=torchvision_models)
    printed = {
        f"torchvision:{name}": weights.meta["num_params"]
        for name in classifiers
        for weights in torchvision_models.get_model_weights(name)
    }
    del printed["torchvision:googlenet"]  # printed without its auxiliary heads, which the constructor makes
    assert len(printed) == 79
    assert {name: ROWS[name].figures["params"] for name in printed} == printed


def test_torch_answers_what_is_predicted() -> None:
    """FlopCounterMode ran on each of these models."""
    ran = {name: row.flops for name, row in read_rows(DOCS / "zoo.json").items() if name in ROWS}
    assert len(ran) == 464
    assert {name: (figure(name, "torch"), flops) for name, flops in ran.items() if figure(name, "torch") != flops} == {}


def test_the_counters_were_audited_against_the_same_figures() -> None:
    text = (DOCS / "audit.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| t")]
    assert len(rows) > 150
    for model, counter, _, told, *_ in rows:
        assert figure(model, counter.partition(" ")[0]) == int(told.replace(",", "")), (model, counter)


@pytest.mark.parametrize("name", SMALL)
def test_a_model_is_counted_anew(name: str) -> None:
    assert predicted(name) == ROWS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", MANY)
def test_many_models_are_counted_anew(name: str) -> None:
    assert predicted(name) == ROWS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", MANY[:10])
def test_the_counters_answer_what_the_data_says(name: str) -> None:
    answered = [each for each in audit(name).findings if each.answer is not None]
    assert len(answered) >= 3
    assert {
        each.counter: each.answer
        for each in answered
        if each.answer != figure(name, each.counter) and each.counter not in RESIDUES
    } == {}
