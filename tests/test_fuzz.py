"""Generated command lines and damaged files: a status of 0, 1 or 2, never a traceback, and what Python answers.

A few seconds in the suite, with the same examples each time; `make fuzz` draws others, for minutes.
"""

import random
import re
from collections.abc import Callable, Sequence
from contextlib import chdir
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.commands import progress
from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.names import NAMED
from resnext_flops.counters.peers import Answer
from resnext_flops.proof.budgets import check, read_config
from resnext_flops.reports import provenance
from resnext_flops.tables.identification import answer
from tests.enveloped import answered
from tests.proofs import refuted

EXAMPLES = settings().max_examples  # 25 in the suite


def run(arguments: Sequence[str]) -> Result:
    """A command line in this process. What is no exit is raised again, so that Hypothesis shows it."""
    result = CliRunner().invoke(main, list(arguments), prog_name="resnext-flops")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


# Calls that are meant to be valid -------------------------------------------------------------------------------------


class Call(NamedTuple):
    """A command line, what of its JSON is looked at, and the same from Python."""

    arguments: tuple[str, ...]
    seen: Callable[[Any], Any]
    answer: Callable[[], Any]


class Model(NamedTuple):
    """A model as it is written on the command line, and in Python."""

    text: str
    network: Callable[[], rf.Network]


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Small networks, most of which can be described: an image may be too small, or a depth no depth of the family."""
    name, depths = draw(
        st.sampled_from(
            [("resnet_cifar", (8, 14, 20)), ("wide_resnet", (10, 16)), ("resnet", (18, 50)), ("resnext", (50, 101))]
        )
    )
    sizes = {
        "classes": draw(st.integers(1, 20)),
        "base_width": draw(st.sampled_from([8, 16, 24])),
        "resolution": draw(st.integers(20, 80)),
    }
    chosen = {size: sizes[size] for size in sorted(draw(st.sets(st.sampled_from(sorted(sizes)))))}
    depth = draw(st.sampled_from(depths))
    text = ", ".join([str(depth), *(f"{size}={value}" for size, value in chosen.items())])
    return Model(f"{name}({text})", lambda: getattr(rf, name)(depth, **chosen))


FIGURES = ("params", "weights", "macs", "activations")


def figures_of(ledger: rf.Ledger) -> dict[str, Any]:
    return {figure: getattr(ledger, figure) for figure in FIGURES}


@st.composite
def models_call(draw: st.DrawFn) -> Call:
    # What is given twice is listed once.
    chosen = draw(st.lists(models(), min_size=1, max_size=3, unique_by=lambda model: model.text))
    return Call(
        ("models", *(model.text for model in chosen)),
        lambda content: [[row[figure] for figure in ("params", "macs", "activations")] for row in content["rows"]],
        lambda: [[net.params, net.macs, net.activations] for net in (model.network().cost() for model in chosen)],
    )


def known(ledger: rf.Ledger, convention: str) -> bool:
    """Whether a description tells enough for the figure of a convention."""
    try:
        ledger.total(convention)
    except rf.InputError:
        return False
    return True


@st.composite
def count_call(draw: st.DrawFn) -> Call:
    model = draw(models())
    shape = draw(st.none() | st.tuples(st.integers(1, 3), st.just(3), st.integers(20, 64), st.integers(20, 64)))
    conventions = draw(st.lists(st.sampled_from(sorted(CONVENTIONS)), max_size=2, unique=True))
    options = [] if shape is None else ["--input", ",".join(map(str, shape))]

    def answer() -> dict[str, Any]:
        network = model.network()
        real = shape is not None or not all(known(network.cost(), name) for name in conventions)
        ledger = rf.count(network, shape) if real else network.cost()
        # The figures are those of the real model, also where the description gives them.
        totals = {name: rf.count(network, shape).total(name) for name in conventions}
        return {**figures_of(ledger), "conventions": totals, "layers": len(ledger.entries)}

    return Call(
        ("count", model.text, *options, *(f"--convention={name}" for name in conventions)),
        lambda content: {
            **{figure: content[figure] for figure in FIGURES},
            "conventions": content["conventions"],
            "layers": len(content["layers"]),
        },
        answer,
    )


@st.composite
def formula_call(draw: st.DrawFn) -> Call:
    model, figure = draw(models()), draw(st.sampled_from(FIGURES))
    free = draw(st.lists(st.sampled_from(["w", "K"]), min_size=1, max_size=2, unique=True))
    sizes = {name: draw(st.integers(1, 9)) for name in free}
    return Call(
        ("formula", model.text, "--free", ",".join(free), "--figure", figure),
        lambda content: sum(
            term["coefficient"] * prod(sizes[name] ** power for name, power in term["powers"].items())
            for term in content["terms"]
        ),
        lambda: getattr(model.network().replace(**sizes).cost(), figure),
    )


@st.composite
def solve_call(draw: st.DrawFn) -> Call:
    model, free = draw(models()), draw(st.sampled_from(["w", "n2"]))
    budget, figure = draw(st.integers(10**6, 10**10)), draw(st.sampled_from(["macs", "params"]))
    return Call(
        ("solve", model.text, "--free", free, "--budget", str(budget), "--figure", figure, "--within", "1000"),
        lambda content: [row[free] for row in content["rows"]],
        lambda: [
            found.sizes[free] for found in rf.solve(model.network(), free, budget=budget, figure=figure, within=1000)
        ],
    )


@st.composite
def sweep_call(draw: st.DrawFn) -> Call:
    model = draw(models())
    start, stop, most = draw(st.integers(1, 8)), draw(st.integers(8, 30)), draw(st.integers(10**7, 10**10))
    budget = f"macs <= {most}"
    keys = ("w", "params", "macs", "activations")
    return Call(
        ("sweep", model.text, "--over", f"w={start}:{stop}", "--budget", budget),
        lambda content: [[row[key] for key in keys] for row in content["rows"]],
        lambda: rf.sweep(model.network(), {"w": f"{start}:{stop}"}, budget=budget)[list(keys)].to_numpy().tolist(),
    )


@st.composite
def identify_call(draw: st.DrawFn) -> Call:
    figure = str(draw(st.integers(1, 10**9)))
    return Call(
        ("identify", "torch.nn:ReLU", figure),
        lambda content: content["title"],
        lambda: answer("torch.nn:ReLU", rf.identify("torch.nn:ReLU", figure)),
    )


@st.composite
def audit_call(draw: st.DrawFn) -> Call:
    model, names = draw(models()), draw(st.lists(st.sampled_from(sorted(CONVENTIONS)), min_size=1, unique=True))
    return Call(
        ("audit", model.text, "--no-run", *(f"--convention={name}" for name in names)),
        lambda content: {row["counter"]: row["predicted"] for row in content[0]["rows"]},
        lambda: {name: rf.count(model.network()).total(name) for name in names},
    )


@st.composite
def diff_call(draw: st.DrawFn) -> Call:
    first = draw(models())
    second = draw(st.just(first) | models())
    return Call(
        ("diff", first.text, second.text),
        lambda content: sum(row["macs"] for row in content["rows"] if row.get("kind")),
        lambda: second.network().cost().macs - first.network().cost().macs,
    )


@st.composite
def compare_call(draw: st.DrawFn) -> Call:
    chosen = draw(st.lists(models(), min_size=1, max_size=3))
    figure, most = draw(st.sampled_from(FIGURES)), draw(st.integers(10**5, 10**10))
    keys = draw(st.lists(st.sampled_from(["macs", "-macs", "params / macs", "activations"]), max_size=2, unique=True))
    options = [f"--budget={figure} <= {most}", *([f"--pareto={','.join(keys)}"] if keys else [])]

    def answer() -> list[list[Any]]:
        found = rf.compare(*(model.network() for model in chosen), budget=f"{figure} <= {most}", pareto=keys)
        return [[row.figures["macs"], row.figures["training_bytes"]] for row in found.rows]

    return Call(
        ("compare", *(dict.fromkeys(model.text for model in chosen)), *options),
        lambda content: [[row["figures"][name] for name in ("macs", "training_bytes")] for row in content["models"]],
        answer,
    )


@st.composite
def table_call(draw: st.DrawFn) -> Call:
    values = draw(st.lists(st.integers(1, 40), min_size=1, max_size=3, unique=True))
    scope, depth = draw(st.sampled_from(["block", "network"])), draw(st.sampled_from([50, 101]))
    return Call(
        ("table", "--no-prove", f"--cardinality={','.join(map(str, values))}", f"--scope={scope}", f"--depth={depth}"),
        lambda content: [row["width"] for row in content["rows"]],
        lambda: [found.sizes["d"] for found in rf.solve_width(rf.resnet(depth), cardinality=values, scope=scope)],
    )


@st.composite
def check_call(draw: st.DrawFn) -> Call:
    model, figure = draw(models()), draw(st.sampled_from(FIGURES))
    most = draw(st.sampled_from([10**5, 10**8, 10**11]))
    config = f'[[models]]\nmodel = "{model.text}"\nlimits = ["{figure} <= {most}"]\n'
    Path("budgets.toml").write_text(config)
    return Call(
        ("check",),
        lambda content: [(row["value"], row["result"] == "pass") for row in content["rows"]],
        lambda: [(cost := getattr(model.network().cost(), figure), cost <= most)],
    )


@st.composite
def verify_call(draw: st.DrawFn) -> Call:
    depth = draw(st.sampled_from([8, 14]))
    return Call(
        ("verify", f"resnet_cifar({depth}, resolution=8)", "--device", "cpu"),
        lambda content: [row["compared"] for row in content["rows"]],
        lambda: [rung.compared for rung in rf.verify(rf.resnet_cifar(depth, resolution=8), "cpu").rungs],
    )


@st.composite
def measure_call(draw: st.DrawFn) -> Call:
    classes = draw(st.integers(1, 9))
    return Call(
        ("measure", f"resnet_cifar(8, resolution=8, classes={classes})", "--device=cpu", "--seconds=0.01"),
        lambda content: [row["macs"] for row in content[0]["rows"]],
        lambda: [rf.resnet_cifar(8, resolution=8, classes=classes).cost().macs],
    )


CONVENTIONS_CALL = Call(
    ("conventions",), lambda content: [row["name"] for row in content["rows"]], lambda: list(CONVENTIONS)
)

QUICK = [
    *(models_call, count_call, formula_call, solve_call, sweep_call, audit_call, diff_call, compare_call, table_call),
    check_call,
]
SLOW = [identify_call, verify_call, measure_call]


def calls() -> st.SearchStrategy[Call]:
    quick = [st.one_of(*(make() for make in QUICK))] * 8
    return st.one_of(*quick, *(make() for make in SLOW), st.just(CONVENTIONS_CALL))


def test_valid_calls_answer_what_python_answers(tmp_path: Path) -> None:
    ended: list[int] = []

    @settings(max_examples=2 * EXAMPLES)
    @given(calls())
    def each(call: Call) -> None:
        result = run([*call.arguments, "--format", "json"])
        ended.append(result.exit_code)
        if result.exit_code == 2:
            with pytest.raises(rf.InputError):
                call.answer()
        else:
            assert call.seen(answered(result.stdout)) == call.answer()

    with chdir(tmp_path):
        each()
    good = sum(status == 0 for status in ended)
    assert good >= 0.6 * len(ended), ended


def test_a_picture_and_a_report_are_written(tmp_path: Path) -> None:
    @settings(max_examples=EXAMPLES // 12)
    @given(models(), st.sampled_from(["svg", "png", "pdf"]), st.sampled_from(["markdown", "html", "latex"]))
    def each(model: Model, suffix: str, form: str) -> None:
        expected = 0 if describable(model) else 2
        assert run(["plot", "counters", model.text, "--output", f"a.{suffix}", "--force"]).exit_code == expected
        assert run(["report", model.text, "--output", "b", "--format", form, "--force"]).exit_code == expected

    with chdir(tmp_path):
        each()


def describable(model: Model) -> bool:
    try:
        model.network()
    except rf.InputError:
        return False
    return True


# Calls that are not ---------------------------------------------------------------------------------------------------

LONG = {"--all", "--help", "--engine", "--scheduler", "--zoo"}  # an hour of proofs, a page, a cluster, 1300 models
NUMBERS = ("0", "-1", "1.5", "9" * 30, "nan", "inf", "1e400", "1:", ":1", "a=1")
SIGNS = ("", "x" * 300, "a=b", "=", ",", "(", "()", "\0")
SIZES = ("1,3,8,8", f"1,3,{9**30},8", "0", "1:4", "C=1", "224x224")
NAMES = (*list(NAMED)[:3], "resnet", "torch.nn:Identity", "torch.nn:ReLU", "sys:exit", "os:nothing", "net.json")


def options_of(command: str) -> list[str]:
    found = main.get_command(click.Context(main), command)
    assert found is not None
    opts = [option for parameter in found.params for option in parameter.opts]
    return [option for option in opts if option.startswith("--") and option not in LONG]


junk = st.one_of(
    st.sampled_from((*NUMBERS, *SIGNS)),
    st.sampled_from(SIZES),
    st.sampled_from(NAMES),
    st.sampled_from(sorted(CONVENTIONS)),
    models().map(lambda model: model.text),
    st.text(max_size=8),
    st.integers(-3, 300).map(str),
)


@st.composite
def mutated_calls(draw: st.DrawFn) -> list[str]:
    """A valid call with words left out, doubled, exchanged, cut or put in."""
    words = list(draw(calls()).arguments)
    options = options_of(words[0])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(words)))
        match draw(st.sampled_from(["drop", "junk", "option", "replace", "cut", "swap"])):
            case "junk":
                words.insert(place, draw(junk))
            case "option":
                words[place:place] = [draw(st.sampled_from(options)), draw(junk)]
            case "replace":
                words[place : place + 1] = [draw(junk)]
            case "drop":
                del words[place : place + 1]
            case "cut":
                words[place : place + 1] = [word[: draw(st.integers(0, 9))] for word in words[place : place + 1]]
            case "swap":
                words[place:] = words[place:][::-1]
    return words


def at_once(*_: Any, **__: Any) -> NoReturn:
    raise rf.InputError("it is taken")


def test_mutated_calls_end_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What runs for minutes ends at once.
    monkeypatch.setattr(progress, "verify", refuted)
    monkeypatch.setattr("resnext_flops.machine.measure.probe", at_once)
    monkeypatch.setattr("resnext_flops.reports._content", at_once)
    monkeypatch.setattr("resnext_flops.counters.peers.ask", lambda *_: Answer(None, None, "not asked"))
    statuses: set[int] = set()

    @settings(max_examples=8 * EXAMPLES)
    @given(mutated_calls())
    def each(words: list[str]) -> None:
        result = run(words)
        statuses.add(result.exit_code)
        assert result.exit_code in {0, 1, 2}
        if result.exit_code == 2:
            assert re.fullmatch(r"resnext-flops: [^\n]{1,1100}\n", result.stderr), result.stderr

    with chdir(tmp_path):
        rf.save(rf.resnet_cifar(8), "net.json")
        each()
    assert statuses == {0, 1, 2}


# Damaged files --------------------------------------------------------------------------------------------------------

SAVED = [file.read_bytes() for file in sorted((Path(__file__).parent / "complexity" / "saved_by_0_1_0").iterdir())]
BUDGETS = b"""
baseline = "baseline.json"

[[models]]
model = "resnet20_cifar"
limits = ["macs <= 4.3G", "macs / params <= 200", "K % 5 == 0", "change <= 1%"]
"""
BASELINE = b'{"resnet20_cifar": {"params": 269722, "weights": 268336, "macs": 40551040, "activations": 188426}}'
PROVENANCE = b'{"report": "resnext-flops", "files": ["report.md"]}'
TOKENS = (
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"=", b"#", b"\n", b"\xff", b"\\ud800", b"\0"),
    *(b"null", b"true", b"-1", b"0", b"1.5", b"1e999", b"NaN", b"inf", b"1979-05-27", b'"layer"', b"[[models]]"),
    *(b"9" * 30, b"1" * 5000, b"x" * 300, b"[" * 3000, b"(" * 2000, b'{"a":' * 2000),
)
VALUE = re.compile(rb'-?\d+(\.\d+)?|"[^"]*"|true|false|null')


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A file with a few bytes, words or values changed."""
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        start = chance.randrange(len(content) + 1)
        end = start + chance.choice([1, 2, 20])
        values = list(VALUE.finditer(content))
        new = chance.choice([b"", chance.choice(TOKENS), bytes([chance.randrange(256)]), content[start:end]])
        if values and chance.random() < 0.6:
            start, end = chance.choice(values).span()
            new = chance.choice([chance.choice(TOKENS), chance.choice(values)[0]])
        content = content[:start] + new + content[end:]
    return content


def load(content: bytes) -> object:
    Path("net.json").write_bytes(content)
    return rf.load("net.json").cost()


def read_budgets(content: bytes) -> object:
    Path("budgets.toml").write_bytes(content)
    Path("baseline.json").write_bytes(BASELINE)
    return [(str(found), found.passed) for found in check(read_config())]


def read_pyproject(content: bytes) -> object:
    Path("pyproject.toml").write_bytes(content.replace(b"[[models]]", b"[[tool.resnext-flops.models]]"))
    return read_config(Path("pyproject.toml"))


def read_baseline(content: bytes) -> object:
    Path("budgets.toml").write_bytes(BUDGETS)
    Path("baseline.json").write_bytes(content)
    return [(str(found), found.passed) for found in check(read_config())]


def read_provenance(content: bytes) -> object:
    Path(provenance.NAME).write_bytes(content)
    return provenance.files(Path())


READERS: list[tuple[Callable[[bytes], object], Sequence[bytes]]] = [
    (load, SAVED),
    (read_budgets, [BUDGETS]),
    (read_pyproject, [BUDGETS]),
    (read_baseline, [BASELINE]),
    (read_provenance, [PROVENANCE]),
]


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    ended: list[bool] = []

    @settings(max_examples=12 * EXAMPLES)
    @given(st.integers(0, 2**32), st.sampled_from(READERS))
    def each(seed: int, kind: tuple[Callable[[bytes], object], Sequence[bytes]]) -> None:
        chance, (read, contents) = random.Random(seed), kind  # noqa: S311
        try:
            read(damaged(chance.choice(contents), chance))
        except rf.InputError as error:
            ended.append(False)
            assert "\n" not in str(error)  # noqa: PT017
        else:
            ended.append(True)

    with chdir(tmp_path):
        for read, contents in READERS:
            assert all(map(read, contents))
        each()
    assert 0 < sum(ended) < len(ended)
