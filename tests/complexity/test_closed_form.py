"""Closed forms against the integer reading at random points, for every family; and against the paper."""

from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import resnext_flops as rf
from resnext_flops.complexity.architecture import Architecture
from resnext_flops.complexity.figures import FIGURES, figure
from resnext_flops.complexity.formula import substitute
from resnext_flops.complexity.lattices import Lattice, Span
from resnext_flops.complexity.names import NAMED, families
from resnext_flops.complexity.reading import Derived

C, d = sympy.symbols("C d", positive=True, integer=True)


def free_sizes(network: rf.Network) -> dict[str, int | None]:
    return dict(network.sizes())


def symbols(*names: str) -> dict[str, sympy.Symbol]:
    return {name: sympy.Symbol(name, positive=True, integer=True) for name in names}


def test_the_figures_of_resnext_50() -> None:
    macs = rf.resnext(50).closed_form("macs", C=C, d=d)
    assert macs.expression == 451584 * C * d**2 + 27496448 * C * d + 479723520
    params = rf.resnext(50).closed_form("params", C=C, d=d)
    assert params.expression == 2763 * C * d**2 + 146476 * C * d + 4865320
    assert str(params) == repr(params) == "2763 C d^2 + 146476 C d + 4865320"
    assert params.coefficients == {(1, 2): 2763, (1, 1): 146476, (0, 0): 4865320}
    assert params.latex() == "2763 C d^{2} + 146476 C d + 4865320"
    assert params._repr_latex_() == "$\\displaystyle 2763 C d^{2} + 146476 C d + 4865320$"


def test_equation_4_falls_out_of_the_block() -> None:
    block = rf.resnext(50).closed_form("weights", scope="block", C=C, d=d)
    assert sympy.expand(C * (256 * d + 3 * 3 * d * d + d * 256)) == block.expression
    # At 56x56 pixels each weight is one multiply-add a pixel.
    macs = rf.resnext(50).closed_form("macs", scope="block", C=C, d=d)
    assert macs.expression == sympy.expand(56 * 56 * block.expression)


def test_classes_by_hand() -> None:
    # A fully-connected layer from 2048 features to K classes has 2048 K weights and K biases.
    form = rf.resnet(50).closed_form("params", K=sympy.Symbol("K"))
    assert form.coefficients[1,] == 2048 + 1


def test_stages_add_up() -> None:
    form = rf.resnext(50).closed_form("macs", C=C, d=d)
    assert list(form.parts()) == ["conv1", "conv2", "conv3", "conv4", "conv5", "head"]
    assert sum(form.parts().values()) == form.polynomial
    assert form.parts()["head"] == 2048 * 1000
    assert form.parts()["conv1"] == 7 * 7 * 3 * 64 * 112 * 112


def test_the_given_symbols_are_used() -> None:
    groups, width = sympy.symbols("groups width")
    form = rf.resnext(50).closed_form("params", C=groups, d=width)
    assert form.expression == 2763 * groups * width**2 + 146476 * groups * width + 4865320
    assert str(form) == "2763 groups width^2 + 146476 groups width + 4865320"
    assert form.variables == ("groups", "width")
    by_argument = rf.resnext(50).closed_form("params", cardinality=C, width=width)
    assert by_argument(C=32, d=4) == 25028904
    assert by_argument.variables == ("C", "width")


def test_sympy_symbols_in_the_description_give_the_same() -> None:
    # The same code with SymPy's own arithmetic: slower, and independent of ours.
    description = rf.resnext(50).architecture.describe({"C": C, "d": d})
    from resnext_flops.complexity.cost import walk_ledger
    from resnext_flops.complexity.layers import walk

    whole = walk_ledger(walk(description.body, description.input))
    for name in ("params", "macs", "activations"):
        assert sympy.expand(getattr(whole, name)) == rf.resnext(50).closed_form(name, C=C, d=d).expression


@pytest.mark.parametrize("family", families())
@given(data=st.data())
@settings(max_examples=12)
def test_every_family_costs_what_its_formulas_say(family: str, data: st.DataObject) -> None:
    network = families()[family]()
    names = data.draw(st.sets(st.sampled_from(sorted(free_sizes(network))), min_size=1))
    check_at_a_random_point(network, sorted(names), data)


@pytest.mark.parametrize("name", NAMED)
@given(data=st.data())
@settings(max_examples=2)
def test_every_named_network_costs_what_its_formulas_say_with_all_sizes_free(name: str, data: st.DataObject) -> None:
    network = rf.network(name)
    check_at_a_random_point(network, list(free_sizes(network)), data)


def check_at_a_random_point(network: rf.Network, names: list[str], data: st.DataObject) -> None:
    reading = network.reading(names)
    sizes = {
        name: lattice.start + lattice.step * data.draw(st.integers(0, 12), label=name)
        for name, lattice in reading.lattices.items()
    }
    part = reading.at(sizes)
    for name in (*FIGURES, "fvcore"):
        assert substitute(reading.figure(name), sizes) == figure(part, name), (name, sizes)


@given(st.integers(17, 400), st.integers(-8, 8))
def test_every_resolution_has_its_polynomial(start: int, steps: int) -> None:
    network = rf.resnet((1, 1, 1, 1), base_width=4, resolution=start)
    form = network.closed_form("macs", r=sympy.Symbol("r"))
    resolution = start + 32 * steps
    if resolution < form.reading.least("r"):
        with pytest.raises(rf.InputError, match="r is"):
            form(r=resolution)
        return
    assert form(r=resolution) == network.replace(resolution=resolution).cost().macs


def test_a_resolution_between_two_has_another_polynomial() -> None:
    form = rf.resnet(50).closed_form("macs", r=sympy.Symbol("r"))
    assert form.holds == "It holds for r = 32, 64, 96, ..."
    with pytest.raises(rf.InputError, match=r"r is 225, and the formula holds for 32, 64, .*; the nearest are 224 and"):
        form(r=225)
    odd = rf.resnet(50, resolution=225).closed_form("macs", r=sympy.Symbol("r"))
    assert odd.holds == "It holds for r = 33, 65, 97, ..."  # 17 is no 225 + 32 k, and 1 is too small
    assert odd(r=257) == rf.resnet(50, resolution=257).cost().macs


def test_the_period_is_found_and_not_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    # ResNet halves five times, so from a period of 1 on the quotients ask for 2^5.
    monkeypatch.setattr("resnext_flops.complexity.reading.PERIOD", 1)
    assert rf.resnet(50).reading(["r"]).lattices["r"] == Lattice(32, 32)


def test_stage_depths_are_free_in_networks_of_basic_blocks_too() -> None:
    # Two 3x3 convolutions of 64 channels at 56x56, and after each stage twice the channels at a quarter of the pixels.
    form = rf.resnet(18).closed_form("macs", **symbols("n1", "n2", "n3", "n4"))
    block = 2 * 3 * 3 * 64 * 64 * 56 * 56
    for number in range(4):
        assert form.coefficients[tuple(int(number == other) for other in range(4))] == block


def test_a_size_that_changes_the_structure_is_free_from_beyond_it() -> None:
    def family(width: Any = 3, resolution: Any = 8) -> Any:
        from resnext_flops.complexity.layers import Conv, Description, Sequential

        first = {} if width == 1 else {"first": Conv(width, 1)}
        return Description((3, resolution, resolution), Sequential.of(**first, last=Conv(width, 3, padding=1)))

    reading = Derived(Architecture.of(family, {}), {"d": Span()})
    assert reading.lattices == {"d": Lattice(2)}
    assert substitute(reading.figure("weights"), {"d": 5}) == figure(reading.at({"d": 5}), "weights")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": C}, r"unknown free size of resnet 'x'; known are d, r, K, w, in_channels, n1, n2, n3, n4"),
        ({"C": C}, r"unknown free size of resnet 'C'"),
        ({"n5": C}, r"unknown free size of resnet 'n5'; known are"),
        ({"figure": "flops", "d": d}, r"unknown figure 'flops'"),
        ({"scope": "conv9", "d": d}, r"unknown scope 'conv9'; did you mean 'conv"),
        ({"d": 4}, r"d is 4; it must be a name or a SymPy symbol"),
        ({}, r"a closed form needs a free size"),
    ],
)
def test_bad_input_is_one_sentence(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(rf.InputError, match=message) as error:
        rf.resnet(50).closed_form(**arguments)
    assert "\n" not in str(error.value)


def test_what_cannot_be_free_or_evaluated() -> None:
    with pytest.raises(rf.InputError, match=r"(basic blocks have|has) no bottleneck"):
        rf.resnet(18).closed_form("macs", d=d)
    with pytest.raises(
        rf.InputError, match=r"resolution is \(224, 192\); r is free only where height and width are one"
    ):
        rf.resnet(50, resolution=(224, 192)).closed_form("macs", r=sympy.Symbol("r"))
    form = rf.resnext(50).closed_form("macs", C=C, d=d)
    with pytest.raises(rf.InputError, match="given are C; free are C, d"):
        form(C=3)
    with pytest.raises(rf.InputError, match="d is 0; it must be a whole number of at least 1"):
        form(C=3, d=0)


def test_shape_preserving_replacement_keeps_the_rest() -> None:
    network = rf.resnext(50)
    assert network.architecture.describe({"n1": 3}) == network.description


def test_steps_begin_at_the_start_that_is_asked_for() -> None:
    form = rf.resnext(50).closed_form("macs", "C=3:2")
    assert form(C=7) == rf.resnext(50, 7, 4).cost().macs
    assert substitute(form.in_steps, {"k": 2}) == form(C=7)  # 3 + 2 * 2
