"""Our counts of the conformance suite are its arithmetic, plain loops confirm it, and every fault of a rule is seen."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any

import grimp
import pytest
import torch
from torch import nn
from torch.nn import functional

import resnext_flops as rf
from resnext_flops.complexity.expressions import evaluate, parse
from resnext_flops.counters import by_values, gradients, operators, tracer, values
from resnext_flops.counters.operators import FREE, UNKNOWN, OperatorRule
from resnext_flops.proof.conformance import loops
from resnext_flops.proof.conformance.case import Case
from resnext_flops.proof.conformance.cases import CASES

pytestmark = pytest.mark.filterwarnings("ignore")  # torch is about to move quantization, and nested and sparse tensors

RULES: dict[str, OperatorRule] = vars(operators)["_RULES"]
FOUND: dict[Any, OperatorRule] = vars(operators)["_FOUND"]
OWN = [*RULES]  # before other tests register rules of their own

# Cases whose operators torch cannot run without memory, or whose code reads the values of what it computed.
NEEDS_MEMORY = {
    *(case.name for case in CASES if case.name.startswith("quantized/")),
    "conv form/in C++",
    "conv form/oneDNN",
    "attention layer/one operator",
    "attention layer/encoder, one operator",
    "attention layer/encoder, padded",
    "call/by a value",
    "values/different rows",
    "values/counted places",
    "elements/drawn one by one",
    "elements/sparse",
    "elements/nested",
    "matmul/nested",
    "elements/jagged",
    "elements/quantized for training",
    "elements/bytes",
    "elements/functions of bytes",
    "elements/images of bytes",
}

NAMES = set(torch._C._dispatch_get_all_op_names())  # noqa: SLF001 (a few overloads are of torch.jit alone)

# Operators of graphics cards that torch has no shapes for.
NOT_HERE = {"aten::_pin_memory", "aten::record_stream"}

every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def fault(case: Case) -> str:
    """What is wrong with our count of a case; nothing if it is right."""
    module, inputs = case.made()
    params = sum(part.numel() for part in module.parameters())
    try:
        found = rf.count(module, inputs, training=case.training)
    except rf.InputError as error:
        return str(error)
    assert found.trace is not None
    macs = found.training_macs if case.training else found.macs
    if type(macs) is not int or macs != case.macs:
        return f"{macs} multiply-adds, and {case.macs} by arithmetic"
    if found.unknown:
        return f"unknown: {', '.join(one.operator for one in found.unknown)}"
    if found.params != params:
        return f"{found.params} parameters, and {params} by torch"
    remarks = [remark for remark in found.trace.remarks if "does not run on the device meta" in remark]
    return "" if bool(remarks) is (case.name in NEEDS_MEMORY) else f"where it ran: {remarks}"


@every_case
def test_our_count_is_the_arithmetic(case: Case) -> None:
    assert not fault(case)


@every_case
def test_the_brute_force_is_the_arithmetic(case: Case) -> None:
    assert loops.products(case) == case.macs


def test_the_suite() -> None:
    assert len(CASES) >= 200
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.name for case in CASES} >= NEEDS_MEMORY
    assert all(case.idea and "/" in case.name for case in CASES)
    assert all(evaluate(parse(case.arithmetic), {}) == case.macs for case in CASES)  # no fraction is cut


def test_the_loops_share_no_code_with_the_rules() -> None:
    graph = grimp.build_graph("resnext_flops", cache_dir=None)
    known = graph.find_upstream_modules("resnext_flops.proof.conformance.loops")
    assert "resnext_flops.proof.conformance.case" in known
    assert not [name for name in known if ".counters" in name or name.endswith((".products", ".cost", ".layers"))]


# The loops can fail ---------------------------------------------------------------------------------------------------


def grouped(arithmetic: str, plain: Callable[..., Any] | None = None) -> Case:
    return Case(
        "planted/case", "two groups", lambda: nn.Conv1d(4, 6, 3, groups=2), ((2, 4, 7),), arithmetic, plain=plain
    )


@pytest.mark.parametrize("wrong", ["2 * 5 * 6 * 4 * 3", "2 * 5 * 6 * 3", "5 * 6 * 4/2 * 3", "2 * 7 * 6 * 4/2 * 3"])
def test_wrong_arithmetic_is_seen(wrong: str) -> None:
    assert loops.products(grouped("2 * 5 * 6 * 4/2 * 3")) == grouped("2 * 5 * 6 * 4/2 * 3").macs
    assert loops.products(grouped(wrong)) != grouped(wrong).macs
    assert fault(grouped(wrong))


def test_a_plain_form_that_computes_something_else_is_seen() -> None:
    def plain(module: Any, x: torch.Tensor) -> torch.Tensor:
        return functional.conv1d(x, module.weight, groups=2)  # without the bias

    with pytest.raises(ArithmeticError):
        loops.products(grouped("2 * 5 * 6 * 4/2 * 3", plain))


def test_an_operator_that_the_loops_do_not_know_is_seen() -> None:
    case = Case("planted/fused", "an operator", lambda: nn.Bilinear(3, 4, 5), ((2, 3), (2, 4)), "2 * 5 * (3 * 4 + 4)")
    assert loops.products(case) != case.macs


@pytest.mark.parametrize("name", ["aten::mm", "aten::bmm", "aten::convolution", "aten::addmm"])
def test_a_loop_that_leaves_a_product_out_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it computes is then not what torch computes."""

    def skips(self: loops.Loops, one: Any, other: Any) -> Any:
        self.products += 1
        return 0 if self.products % 7 == 0 else one * other

    monkeypatch.setattr(loops.Loops, "times", skips)
    cases = {
        "aten::mm": "matmul/mm",
        "aten::bmm": "matmul/bmm",
        "aten::convolution": "conv/groups",
        "aten::addmm": "linear/rows",
    }
    with pytest.raises(ArithmeticError):
        loops.products(next(case for case in CASES if case.name == cases[name]))


# Every rule that is deleted makes a case fail -------------------------------------------------------------------------


def rule_name(function: Any) -> str:
    """The name in the registry by which an operator has its rule."""
    name: str = function.name().partition(".")[0]
    stem = name if name.endswith("__") else name.removesuffix("_")
    forward = stem.removesuffix("_data").removesuffix("_backward")
    return stem if stem in RULES else forward


@cache
def meeting() -> Mapping[str, list[Case]]:
    """The cases that meet each operator with a rule; those with the fewest operators first."""
    found: dict[str, list[tuple[int, Case]]] = defaultdict(list)
    for case in CASES:
        FOUND.clear()
        assert not fault(case)
        for name in {rule_name(function) for function in FOUND}:
            found[name].append((len(FOUND), case))
    return {name: [case for _, case in sorted(cases, key=lambda pair: pair[0])] for name, cases in found.items()}


@contextmanager
def changed(name: str, instead: OperatorRule | None) -> Iterator[None]:
    """The registry with another rule, or none, for an operator."""
    rule = RULES.pop(name)
    if instead:
        RULES[name] = instead
    FOUND.clear()
    try:
        yield
    finally:
        RULES[name] = rule
        FOUND.clear()


def is_seen(name: str, instead: OperatorRule | None) -> bool:
    cases = meeting().get(name, [])
    with changed(name, instead):
        return any(fault(case) for case in cases)


def torch_makes_up(name: str) -> bool:
    """Whether torch marks an operator as one of elements, or takes it apart, so that it needs no rule of its own."""
    space, _, own = name.partition("::")
    packet = getattr(getattr(torch.ops, space), own)
    functions = [getattr(packet, overload) for overload in packet.overloads()]
    with changed(name, None):
        return all(
            operators.rule_of(function) is not UNKNOWN or function._can_decompose()  # noqa: SLF001
            for function in functions
            if function.name() in NAMES and not any(part.is_out for part in function._schema.arguments)  # noqa: SLF001
        )


def test_every_formula_is_needed() -> None:
    """Operators that would be free without it."""
    assert [name for name in OWN if RULES[name].macs and not is_seen(name, FREE)] == []


def test_every_rule_is_needed() -> None:
    """Without it an operator is unknown, or its number wrong, unless torch makes up for it."""
    assert {name for name in OWN if not torch_makes_up(name) and not is_seen(name, None)} == NOT_HERE


# Special rules that are damaged ---------------------------------------------------------------------------------------


def cases_of(*groups: str) -> list[Case]:
    return [case for case in CASES if case.name.startswith(groups)]


def unchanged(_: Any, function: Callable[..., Any], times: int) -> Callable[..., Any]:
    assert times >= 0
    return function


MARK = gradients.Reach.mark

DAMAGES: dict[str, tuple[Any, str, Any]] = {
    "no gradients": (tracer.Tracer, "_backward", lambda *_: 0),
    "all gradients of attention": (tracer.Tracer, "_backward_of_attention", lambda _, __, macs: 2 * sum(macs)),
    "no gradients of recurrent layers": (tracer.Tracer, "_backward_of_recurrent", lambda *_: 0),
    "everything needs a gradient": (tracer.Tracer, "_needs_gradient", lambda *_: True),
    "no gradient through functions": (tracer.Tracer, "_passes_on", lambda *_: False),
    "gradients of layers that are not reached": (tracer.Tracer, "_forget_unreached", lambda *_: None),
    "detached tensors need gradients": (tracer, "CUTTING", frozenset()),
    "nothing is written into": (
        gradients.Reach,
        "mark",
        lambda self, output, node, learned, _writes=False: MARK(self, output, node, learned),
    ),
    "nothing is recomputed": (gradients.Step, "_again", unchanged),
    "functions have no backward pass": (gradients.Step, "_watched_backward", lambda *_: nullcontext()),
    "the second kind of checkpoint is not known": (gradients, "_GENERATORS", ()),
    "no tensor has values": (values.Values, "has", lambda *_: False),
    "lists have no values": (tracer, "real_lists", nullcontext),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_every_damage_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*DAMAGES[name])
    groups = ("call/", "values/") if "values" in name else ("training/",)
    faults = list(map(fault, cases_of(*groups)))
    assert any(faults)
    assert not any("argument" in one for one in faults)  # what takes the rule's place can be called


# Here torch's own kernel refuses, as the rule does in a plainer sentence; or it writes by a mask without reading it; or
# torch calls another operator. The last two are for models without memory, and for wrong places: others test them.
MADE_UP = {
    *(f"aten::{name}" for name in ("nonzero", "where", "unique_dim", "bincount", "index_put", "index_put_", "type_as")),
    "aten::_nested_tensor_from_mask_left_aligned",
    "aten::embedding",
}


def test_every_rule_by_values_is_needed() -> None:
    rules: dict[Any, Any] = vars(by_values)["BY_VALUES"]
    cases = cases_of("values/", "recurrent/packed", "call/")
    assert {function.name() for function in rules} > MADE_UP
    survivors = []
    for function, rule in [*rules.items()]:
        if function.name() not in MADE_UP:
            del rules[function]
            if not any(fault(case) for case in cases):
                survivors.append(function.name())
            rules[function] = rule
    assert survivors == []
