"""Every public function refuses what it cannot use in one clear sentence, whatever it is given."""

import inspect
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import resnext_flops as rf
from resnext_flops.complexity.names import families
from resnext_flops.counters.peers import Answer
from resnext_flops.errors import LONGEST, checked
from resnext_flops.tables.breakdown import breakdown

JUNK: Sequence[Any] = (
    *(None, True, 0, -1, 3, 1.5, math.nan, math.inf, 10**30, 1j, Decimal(1), Fraction(1, 2)),
    *("", "x", "a\0b", "x" * 5000, "x y " * 5000, b"x", Path()),
    *([], (), {}, {1, 2}, {"a": 1}, [None], [[1]], (0,), (1, 2), range(3), object(), object, int, print, ...),
    *(torch.zeros(1, 3, 8, 8), torch.zeros(2, dtype=torch.int64), torch.float32, nn.Identity(), nn.Conv2d(3, 4, 3)),
    *(lambda: None, lambda x: x),
)

NET = rf.resnet_cifar(20)
CONV = nn.Conv2d(3, 4, 3)


def tiny(width: int = 4, bias: bool = False) -> rf.Description:
    from resnext_flops.complexity.layers import Conv, Sequential

    return rf.Description((3, 8, 8), Sequential.of(conv=Conv(width, 3, bias=bias)))


def described_by(function: Any) -> Any:
    return rf.family(function)()


# Calls that work: the arguments are replaced one by one.
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "audit": (rf.audit, {"model": CONV, "inputs": (1, 3, 8, 8), "counters": ["torch"], "run": False}),
    "compare": (
        lambda given, **options: rf.compare(given, "resnet18", **options),
        {
            "given": NET,
            "inputs": None,
            "budget": "macs <= 9G",
            "pareto": "macs",
            "sort": "-params",
            "figures": "weights",
        }
        | {"zoo": ""},
    ),
    "count": (rf.count, {"model": CONV, "inputs": (1, 3, 8, 8), "kwargs": None, "training": False}),
    "described": (rf.described, {"description": tiny(), "name": "mine"}),
    "diff": (rf.diff, {"first": NET, "second": "resnet20_cifar", "inputs": None}),
    "family": (described_by, {"function": tiny}),
    "a family": (rf.family(tiny), {"width": 3, "bias": True}),
    "identify": (rf.identify, {"model": NET, "figure": "40M"} | dict.fromkeys(("params", "macs", "activations"))),
    "load": (rf.load, {"path": "net.json"}),
    "load_reference_state": (rf.load_reference_state, {"network": rf.resnet(18), "state": {}}),
    "measure": (
        lambda batch, **settings: rf.measure(NET, batch=batch, **settings),
        {"batch": 1, "device": "cpu", "dtype": "float32", "optimizer": "sgd", "convention": "paper"}
        | {"training": False, "channels_last": False, "precision": 1.0, "seconds": 0.01},
    ),
    "network": (rf.network, {"model": "resnet20_cifar"}),
    "report": (lambda **options: rf.report(NET, **options), {"output": "report", "form": "html", "force": True}),
    "model": (rf.model, {"given_model": CONV, "inputs": (1, 3, 8, 8), "kwargs": {}}),
    "Solutions": (rf.Solutions, {"found": [], "reference": None}),
    "solve_width": (rf.solve_width, {"reference": "resnet50", "cardinality": [8], "scope": "block"}),
    "sweep": (rf.sweep, {"network": NET, "over": {"w": [16]}}),
    "save": (rf.save, {"network": NET, "path": "other.json"}),
    "verify": (rf.verify, {"model": rf.family(tiny)(), "device": "cpu", "rungs": ("tensors",)}),
    "a total": (NET.cost().total, {"name": "fvcore"}),
    "a module": (NET.to_torch, {"device": "meta"}),
    **{
        name: (family, {each.name: each.default for each in inspect.signature(family).parameters.values()})
        for name, family in families().items()
    },
}
CASES = [(name, argument) for name, (_, arguments) in CALLS.items() for argument in arguments]


def refusal(function: Callable[..., Any], arguments: dict[str, Any]) -> str:
    """The sentence that refuses a call, or nothing where it is taken."""
    try:
        function(**arguments)
    except rf.InputError as error:
        return str(error)
    return ""


def work(*_: Any, **__: Any) -> None:
    raise rf.InputError("it is taken")


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_anything_is_taken_or_refused_in_one_sentence(
    name: str, argument: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rf.save(NET, "net.json")
    # What would run long is looked at elsewhere.
    monkeypatch.setattr("resnext_flops.machine.measure.probe", work)
    monkeypatch.setattr("resnext_flops.reports._content", work)
    monkeypatch.setattr("resnext_flops.counters.peers.ask", lambda *_: Answer(None, None, "not asked"))
    function, arguments = CALLS[name]
    for value in JUNK:
        sentence = refusal(function, {**arguments, argument: value})
        assert len(sentence) <= LONGEST + 1
        assert "\n" not in sentence


@pytest.mark.parametrize("name", CALLS)
def test_the_calls_themselves_work(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rf.save(NET, "net.json")
    function, arguments = CALLS[name]
    if name == "load_reference_state":
        arguments = {**arguments, "state": pytest.importorskip("torchvision").models.resnet18().state_dict()}
    function(**arguments)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: rf.count(None), "'NoneType' is NoneType; a model is a name, a network, a description, "),  # type: ignore[arg-type]
        (lambda: rf.network(3), "model is 3; it must be a text"),  # type: ignore[arg-type]
        (lambda: rf.load(None), "path is None; it must be a text or a path"),  # type: ignore[arg-type]
        (lambda: rf.audit(CONV, counters=3), "counters is 3; it must be several texts or None"),  # type: ignore[arg-type]
        (lambda: rf.measure(NET, batch="x"), "batch is 'x'; it must be a whole number or several whole numbers"),  # type: ignore[arg-type]
        (lambda: rf.measure(NET, seconds=math.inf), "seconds is inf; it must be a finite number above 0"),
        (lambda: rf.resnet(50, preactivation="yes"), "preactivation is 'yes'; it must be True or False"),  # type: ignore[arg-type]
        (lambda: NET.to_torch("gpu"), "device is 'gpu'; it must be the name of a device, such as 'cpu'"),
        (lambda: rf.resnet(18, classes=10**30).to_torch(), "the model cannot be built: TypeError"),
        (lambda: rf.family(print), "does not name its sizes; give a function from sizes"),  # type: ignore[arg-type]
        (rf.family(lambda width=4: width), "<lambda> returned int; a family returns a Description"),
        (lambda: rf.family(lambda d=4: d), "<lambda> has an argument d, which stands for the width; call it width"),
        (
            lambda: rf.family(lambda n2=4: n2),
            "<lambda> has an argument n2, which stands for the blocks of stage 2; call it otherwise",
        ),
        (lambda: rf.family(partial(tiny, 4))(depth=3), "unknown argument of partial 'depth'; known are bias"),
        (lambda: rf.sweep(NET, over=None), "over is None; it must be a mapping"),  # type: ignore[arg-type]
        (lambda: rf.sweep(NET, over=[("width", 1)]), "over is [('width', 1)]; it must be a mapping"),  # type: ignore[arg-type]
        (lambda: rf.solve_width(NET, cardinality=5), "cardinality is 5; it must be several whole numbers"),  # type: ignore[arg-type]
        (lambda: rf.solve_width(NET, cardinality=None), "cardinality is None; it must be several whole numbers"),  # type: ignore[arg-type]
        (lambda: rf.solve_width(NET, scope=[]), "scope is []; it must be a text"),  # type: ignore[arg-type]
        (lambda: rf.model(CONV, kwargs=torch.zeros(2)), "kwargs is tensor([0., 0.]); it must be a mapping or None"),  # type: ignore[arg-type]
        (lambda: rf.Solutions(5), "found is 5; it must be several values"),  # type: ignore[arg-type]
        (lambda: rf.identify(NET, "0"), "figure '0' is less than one;"),
        (lambda: rf.identify("torch.nn:Identity", "5"), "has neither parameters nor operations"),
        (lambda: rf.identify(NET, f"1.{'0' * 99}"), "cannot be read; write it as 4.12G"),
    ],
)
def test_the_sentence_says_what_is_wrong(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(rf.InputError) as error:
        call()
    assert sentence in str(error.value)


def test_what_is_not_annotated_is_not_looked_at() -> None:
    @checked
    def function(first, second: "list[int]", third: Any, *more: int, **others: int) -> tuple[Any, ...]:  # type: ignore[no-untyped-def]
        return first, second, third, more, others

    assert function("1", "2", "3", "4", five="5") == ("1", "2", "3", ("4",), {"five": "5"})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'third'"):
        function(1, [2])  # type: ignore[call-arg]


def test_a_model_without_layers_is_counted() -> None:
    ledger = rf.count(nn.Identity(), (1, 3, 8, 8))
    assert (ledger.macs, ledger.params, len(ledger)) == (0, 0, 0)
    assert [row["part"] for row in breakdown(ledger).rows] == ["total"]
