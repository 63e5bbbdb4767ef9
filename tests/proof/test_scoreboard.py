"""Counters held against cases: the verdicts, the command, and the scoreboard that is written in docs."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from resnext_flops.complexity.conventions.convention import LESS, MULTIPLY_ADDS, SECOND, Terms
from resnext_flops.counters.peers import PEERS
from resnext_flops.proof.conformance import asking, command
from resnext_flops.proof.conformance.case import Case
from resnext_flops.proof.conformance.cases.reported import FAILS, OTHER, REPORTED, ZERO
from resnext_flops.proof.conformance.holding import OURS, Held, besides, hold, judged, multiplying, terms_of
from resnext_flops.proof.conformance.loops import products
from resnext_flops.proof.conformance.suite import every_case
from resnext_flops.proof.conformance.verdicts import (
    CRASHED,
    NOT_ASKED,
    REFUSED,
    RIGHT,
    SILENT,
    WARNED,
    WRONG,
    Reply,
    says_what_it_cannot,
    verdict,
    warning,
)
from resnext_flops.reports.conformance.__main__ import COUNTERS, board
from resnext_flops.reports.conformance.data import Board, Row, read, text_of
from resnext_flops.reports.conformance.page import faults, misses, page, summary

DOCS = Path(__file__).parent.parent.parent / "docs"
PLANTED = "tests.planted_counters:"
CONV, GROUPED = "reported/conv-as-model", "reported/transposed-grouped"

# The verdicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(2 * 60 + 5), RIGHT),
        (Reply(5), SILENT),
        (Reply(5, log="Unsupported operator aten::mm encountered 1 time(s)"), WARNED),
        (Reply(5, log="Unsupported operator aten::add encountered 1 time(s)"), SILENT),
        (Reply(5, log="counted mm"), SILENT),
        (Reply(60 + 5), WRONG),
        (Reply(2 * 60), WRONG),
        (Reply(0), WRONG),
        (Reply(error="it says no", refused=True), REFUSED),
        (Reply(error="KeyError: 'x'"), CRASHED),
    ],
)
def test_a_verdict_is_a_rule(reply: Reply, expected: str) -> None:
    # 60 multiply-adds, of two operations each, and 5 biases.
    assert verdict(reply, 2 * 60, 5, {"mm"}) == expected


def test_a_case_without_multiply_adds_is_right_at_zero() -> None:
    assert verdict(Reply(0), 0, 0, set()) == RIGHT
    assert verdict(Reply(3), 0, 0, set()) == WRONG


def test_a_warning_names_the_operator_as_a_word() -> None:
    assert not warning("No handlers found: 'aten::bmm'. Skipped.", {"mm"})
    assert warning("fine\nNo handlers found: 'aten::mm'. Skipped.", {"mm"}) == "No handlers found: 'aten::mm'. Skipped."
    assert not warning("LSTM is not supported", set())


def test_an_error_that_python_raises_says_nothing_of_the_counter() -> None:
    assert not says_what_it_cannot(TypeError("unsupported operand type(s) for //: 'int' and 'list'"))
    assert says_what_it_cannot(RuntimeError("symbolically traced variables cannot be used as inputs to control flow"))


def test_what_a_rule_counts_besides_is_everything_but_multiply_adds() -> None:
    figures = {MULTIPLY_ADDS: 60, SECOND: 60, LESS: -15, "bias": 5, "elements": 7}
    assert besides(Terms({("linear", what): figure for what, figure in figures.items()})) == -15 + 5 + 7
    assert besides(None) == 0


def test_a_counter_is_never_wrong_for_its_convention() -> None:
    """A linear layer of 2 x 6 rows, 4 by 5, with biases: each counter by its own rule."""
    case = every_case()["reported/linear-with-tokens"]
    macs, biases = 2 * 6 * 4 * 5, 2 * 6 * 5
    for counter, figure in {
        "torch": 2 * macs,
        "fvcore": macs,
        "ptflops-aten": macs + biases,
        "torch-flops": 2 * macs - biases + biases,  # one addition less a sum, and one for its bias
        "thop": macs,
    }.items():
        unit = 2 if counter in {"torch", "torch-flops"} else 1
        assert judged(counter, case, Reply(figure), unit).verdict == RIGHT
        assert judged(counter, case, Reply(figure + 1), unit).verdict == WRONG


def test_the_names_are_those_of_what_multiplies() -> None:
    assert multiplying(every_case()["reported/lstm"]) == {"lstm", "LSTM"}
    assert multiplying(every_case()["reported/deformable"]) == {"deform_conv2d", "DeformConv2d"}


@pytest.mark.parametrize(
    ("counter", "name", "answer"),
    [
        # What the counters printed of these cases, in the versions that the conventions name.
        ("torch", "frozen-encoder", 0),  # torch runs it as one operator, because nothing in it needs a gradient
        ("torch", "projected-lstm", 2 * 440),  # torch takes an LSTM with a projection apart
        ("fvcore", "broadcast-matmul", 2 * 1 * 4 * 8 * 5),  # of 2 x 3 x 4 x 8 x 5
        ("fvcore", "frozen-encoder", 2 * 5 * 4 * 6 + 2 * 5 * 5 * 4),  # no attention; layer norm 5
        ("ptflops-aten", "gru", 420 + 5 * 2 * 12),
        ("ptflops-pytorch", "deformable", 864 + 4 * 4 * 3 + 24 * 9 * 16),  # bias; 24 for each place of a window
        ("ptflops-pytorch", "unbatched-conv", 2 * 3 * 2 * 3 + 2 * 6),
        ("thop", "gru", 420 + 5 * (3 + 4) * 4 + 5 * 3 * 2 * 4),
        ("ultralytics-thop", "projected-lstm", 440 + 5 * (4 + 4) * 4 + 5 * 4 * 2 * 4),
        ("ultralytics-thop", "multi-head-attention", 520 + 2 * 5 * (3 * 5 - 1)),
        ("calflops", "transposed-depthwise", 4),
        ("calflops", "transposed-to-one", 2 * 72 + 1),
        ("calflops", "einsum", 2 * 120 + 1),  # NumPy adds one
        ("calflops-macs", "gru", 0),
        ("torch-flops", "conv-as-model", 2 * 81 - 3),  # no bias where the model is the layer
        ("flopth", "linear-with-tokens", 2 * 6 * 6),
    ],
)
def test_a_convention_predicts_what_the_counter_printed(counter: str, name: str, answer: int) -> None:
    terms = terms_of(counter, every_case()[f"reported/{name}"])
    assert terms is not None
    assert terms.total == answer


# Planted counters -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted() -> dict[tuple[str, str], str]:
    """The verdicts on the planted counters, all asked by one process."""
    cases = [every_case()[name] for name in (CONV, GROUPED)]
    names = "right in_flops without_groups blind warning chatty refuses crashes ends half poisoned"
    counters = [PLANTED + name for name in names.split()]
    found = {}
    for counter, name, reply in asking.replies(counters, cases, 60):
        held = judged(counter, every_case()[name], reply, 2 if counter.endswith("in_flops") else 1)
        found[counter.removeprefix(PLANTED), name] = held.verdict
    for counter, name, reply in asking.replies([PLANTED + "hangs"], cases[:1], 0.5):
        assert reply.error == "no answer in 0.5 seconds"
        found["hangs", name] = judged(counter, every_case()[name], reply, 1).verdict
    return found


@pytest.mark.parametrize(
    ("counter", "expected"),
    [
        ("right", RIGHT),
        ("in_flops", RIGHT),
        ("without_groups", RIGHT),  # of one group
        ("blind", SILENT),
        ("warning", WARNED),
        ("chatty", SILENT),
        ("refuses", REFUSED),
        ("crashes", CRASHED),
        ("ends", CRASHED),
        ("half", CRASHED),
        ("hangs", CRASHED),
        ("poisoned", RIGHT),
    ],
)
def test_a_planted_counter_gets_its_verdict(planted: dict[tuple[str, str], str], counter: str, expected: str) -> None:
    assert planted[counter, CONV] == expected


def test_a_counter_that_forgets_groups_is_wrong_where_there_are_some(planted: dict[tuple[str, str], str]) -> None:
    assert planted["without_groups", GROUPED] == WRONG
    assert planted["right", GROUPED] == RIGHT


def test_no_case_changes_another(planted: dict[tuple[str, str], str]) -> None:
    assert planted["poisoned", GROUPED] == RIGHT


def test_a_module_and_a_step_that_are_not_asked() -> None:
    cases = [every_case()["reported/grouped-backward"]]
    assert [each.verdict for each in hold("fvcore", cases)] == [NOT_ASKED]
    assert [each.verdict for each in hold(PLANTED + "right", cases)] == [NOT_ASKED]


# The peers that a developer has ---------------------------------------------------------------------------------------


def test_torch_and_fvcore_on_a_handful_of_cases() -> None:
    names = ("linear-with-tokens", "attention", "lstm", "padding-same", "bmm", "grouped-backward")
    cases = [every_case()[f"reported/{name}"] for name in names]
    held = {
        (counter, name): judged(counter, every_case()[name], reply, 2 if counter == "torch" else 1)
        for counter, name, reply in asking.replies(["torch", "fvcore"], cases)
    }
    torch = {name: held["torch", f"reported/{name}"] for name in names}
    assert {name: torch[name].verdict for name in names} == {
        "linear-with-tokens": RIGHT,
        "attention": SILENT,
        "lstm": SILENT,
        "padding-same": RIGHT,
        "bmm": RIGHT,
        "grouped-backward": WRONG,
    }
    assert torch["linear-with-tokens"].answer == 2 * (2 * 6 * 4 * 5)
    fvcore = {name: held["fvcore", f"reported/{name}"] for name in names[:-1]}
    assert {name: each.verdict for name, each in fvcore.items()} == {
        "linear-with-tokens": RIGHT,
        "attention": WARNED,
        "lstm": WARNED,
        "padding-same": SILENT,
        "bmm": RIGHT,
    }
    assert fvcore["lstm"].remark == "Unsupported operator aten::lstm encountered 1 time(s)"


# The command ----------------------------------------------------------------------------------------------------------


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        command.main(arguments)
    assert isinstance(end.value.code, int)
    return end.value.code


def test_our_own_count_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--case", "reported/*") == 0
    printed = capsys.readouterr().out
    count = sum(name.startswith("reported/") for name in every_case())
    assert f"ours is right on {count} of {count} cases." in printed
    assert "reported/linear-with-tokens" in printed


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters answer in this process."""

    def replies(counters: Sequence[str], cases: Sequence[Case], _: float) -> Iterator[tuple[str, str, Reply]]:
        for counter in counters:
            for case in cases:
                yield counter, case.name, Reply(asking.asker(counter)(case, *case.made()))

    monkeypatch.setattr(asking, "replies", replies)


@pytest.mark.usefixtures("here")
def test_a_counter_that_is_not_right_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--counter", PLANTED + "blind", "--case", CONV, "--format", "json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["result"]["rows"] == [
        {"case": CONV, "macs": 81, "stated": 81, "answer": 0, "verdict": SILENT, "remark": ""}
    ]
    assert found["result"]["notes"] == [f"{PLANTED}blind is right on 0 of 1 cases: 1 {SILENT}."]


@pytest.mark.usefixtures("here")
def test_a_function_that_counts_flops_says_so() -> None:
    assert run("--counter", PLANTED + "in_flops", "--flops", "--case", CONV) == 0
    assert run("--counter", PLANTED + "in_flops", "--case", CONV) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--counter", "fvcor"), "unknown counter 'fvcor'; 2 names begin with it: fvcore, fvcore-no-grad"),
        (("--counter", "nothing.here:count"), "cannot import 'nothing.here'"),
        (("--counter", PLANTED + "wrong"), "unknown name in tests.planted_counters 'wrong'"),
        (("--counter", PLANTED + "__name__"), "is no function"),
        (("--counter", "fvcore", "--flops"), "leave it out"),
        (("--case", "nothing/*"), "unknown case 'nothing/*'"),
        (("--seconds", "0"), "0.0 is not in the range"),
        (("--format", "jason"), "'jason' is not one of"),
        (("--counters",), "No such option"),
    ],
)
def test_bad_input_is_one_sentence(arguments: Sequence[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""


def test_a_counter_whose_module_ends_the_program_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ending_counter.py").write_text("import sys\nsys.exit(7)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run("--counter", "ending_counter:count") == 2
    assert "the code of the counter ended the program with 7" in capsys.readouterr().err


def test_a_peer_that_is_not_installed_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "installed", lambda _: None)
    assert run("--counter", "thop") == 2
    assert "thop is not installed" in capsys.readouterr().err


# The reported faults --------------------------------------------------------------------------------------------------


def test_every_fault_has_a_thread_of_its_own_kind() -> None:
    assert len(REPORTED) >= 30
    assert {fault.counter for fault in REPORTED} <= set(PEERS)
    assert len({(fault.case.name, fault.counter) for fault in REPORTED}) == len(REPORTED)
    for fault in REPORTED:
        assert fault.links
        assert all(re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+", link) for link in fault.links)
        assert fault.fault in {ZERO, OTHER, FAILS}


@pytest.mark.parametrize("name", sorted({fault.case.name for fault in REPORTED}))
def test_the_arithmetic_of_a_reported_case_is_confirmed_by_loops(name: str) -> None:
    case = every_case()[name]
    assert products(case) == case.macs


# What is written in docs ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written() -> Board:
    return read(DOCS / "conformance.json")


def test_the_data_has_every_case_with_its_arithmetic(written: Board) -> None:
    assert [(row.case, row.idea, row.arithmetic, row.macs, row.training) for row in written.rows] == [
        (case.name, case.idea, case.arithmetic, case.macs, case.training) for case in every_case().values()
    ]


def test_every_counter_was_held_against_every_case(written: Board) -> None:
    assert set(written.versions) == set(COUNTERS)
    assert all(list(row.held) == list(COUNTERS) for row in written.rows)


def test_our_own_count_is_right_everywhere(written: Board) -> None:
    assert [row.case for row in written.rows if row.held[OURS].verdict != RIGHT] == []
    assert all(row.held[OURS].answer == row.macs for row in written.rows)


def test_at_least_25_reported_faults_are_shown(written: Board) -> None:
    rows = faults(written).rows
    assert len(rows) == len(REPORTED)
    assert sum(row["shown"] == "shown" for row in rows) >= 25


def test_the_page_is_that_of_the_data(written: Board) -> None:
    assert (DOCS / "conformance.md").read_text(encoding="utf-8") == page(written)
    assert (DOCS / "conformance.json").read_text(encoding="utf-8") == text_of(written)


def test_the_verdicts_are_those_of_the_answers(written: Board) -> None:
    """Each figure in the data, judged anew by the rules of today, of every fourth case."""
    for row in written.rows[::4]:
        for counter, held in row.held.items():
            if counter == OURS or held.answer is None:
                continue
            case = every_case()[row.case]
            terms = terms_of(counter, case)
            assert held.predicted == (None if terms is None else int(terms.total)), (counter, row.case)
            log = held.remark if held.verdict == WARNED else ""
            found = verdict(
                Reply(held.answer, log=log), (held.stated or 0) - besides(terms), besides(terms), multiplying(case)
            )
            assert found == held.verdict, (counter, row.case)


def test_the_sums_of_the_page(written: Board) -> None:
    verdicts = (RIGHT, SILENT, WARNED, WRONG, REFUSED, CRASHED, NOT_ASKED)
    for row in summary(written).rows:
        assert sum(int(str(row[name])) for name in verdicts) == len(written.rows)
    missed = sum(int(str(row["figures"])) - int(str(row["predicted"])) for row in summary(written).rows[1:])
    assert missed == len(misses(written).rows)


def test_older_answers_stay_where_a_counter_is_not_asked_anew(tmp_path: Path) -> None:
    case = every_case()[CONV]
    old = Held("thop", CONV, RIGHT, 81, 81, 81)
    kept = Row(case.name, case.idea, case.arithmetic, case.macs, case.training, {"thop": old})
    changed = kept._replace(case="reported/lstm", held={"thop": old._replace(case="reported/lstm")})
    before = Board({"thop": "1"}, [kept, changed])
    made = board(before, {OURS: [Held(OURS, CONV, RIGHT, 81, 81)]})
    (tmp_path / "data.json").write_text(text_of(made), encoding="utf-8")
    rows = {row.case: row.held for row in read(tmp_path / "data.json").rows}
    assert rows[CONV] == {OURS: Held(OURS, CONV, RIGHT, 81, 81), "thop": old}
    assert rows["reported/lstm"] == {}  # its arithmetic is another one
    assert made.versions["thop"] == "1"
    assert read(tmp_path / "nothing.json") == Board({}, [])
