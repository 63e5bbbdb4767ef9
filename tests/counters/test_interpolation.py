"""Formulas of real models: against arithmetic, planted constructors that have none, and descriptions."""

import re
from collections.abc import Callable
from fractions import Fraction
from math import comb
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import resnext_flops as rf
from resnext_flops.complexity.arguments import filled, parse_call
from resnext_flops.complexity.figures import FIGURES, figure
from resnext_flops.complexity.formula import terms
from resnext_flops.complexity.lattices import Lattice, Span
from resnext_flops.counters.lookup import built
from resnext_flops.counters.newton import NoPolynomialError, Polynomial

IMAGE = (1, 3, 32, 32)


def conv(width: int) -> nn.Module:
    """27 multiply-adds for each of `width` channels at 30x30 pixels."""
    return nn.Sequential(nn.Conv2d(3, width, 3, bias=False))


# Newton's differences -------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=7), st.integers(-50, 50))
def test_a_polynomial_in_one_variable_is_found(coefficients: list[int], x: int) -> None:
    def value(point: tuple[int, ...]) -> int:
        return sum(coefficient * point[0] ** power for power, coefficient in enumerate(coefficients))

    # So many zero coefficients in a row that a difference vanishes too early are what `patience` is for.
    found = Polynomial.through(value, 1, patience=7)
    assert found.at((x,)) == value((x,))


@given(st.data())
@settings(max_examples=40)
def test_a_polynomial_in_three_variables_is_found_with_few_nodes(data: st.DataObject) -> None:
    # The costs of networks: sums of products with positive coefficients.
    terms = data.draw(st.lists(st.tuples(*[st.integers(0, 3)] * 3, st.integers(1, 99)), min_size=1, max_size=6))
    asked: list[tuple[int, ...]] = []

    def value(point: tuple[int, ...]) -> int:
        asked.append(point)
        x, y, z = (1 + part for part in point)
        return sum(c * x**i * y**j * z**k for i, j, k, c in terms)

    found = Polynomial.through(value, 3)
    assert len(asked) == len(set(asked)) == len(found.nodes) <= 5**3
    point = data.draw(st.tuples(*[st.integers(0, 50)] * 3))
    assert found.at(point) == value(point)


def test_halves_are_exact() -> None:
    found = Polynomial.through(lambda point: point[0] * (point[0] + 1) // 2, 1)
    assert (found.at((7,)), found.degrees) == (Fraction(28), (2,))


def test_what_is_no_polynomial_is_refused() -> None:
    with pytest.raises(NoPolynomialError):
        Polynomial.through(lambda point: 2 ** point[0], 1)


# Formulas by hand -----------------------------------------------------------------------------------------------------


def test_a_convolution_by_hand() -> None:
    net = rf.model(conv, inputs=(1, 3, "s", "s"), width=4, s=32)
    assert net.sizes() == {"width": 4, "s": 32}
    # 3 * 3 * 3 * width weights at (s - 2)^2 pixels.
    form = net.closed_form("macs", "width", "s")
    assert str(form) == "27 width s^2 - 108 width s + 108 width"
    assert form(width=50, s=60) == 27 * 50 * 58 * 58
    assert str(net.closed_form("params", "width")) == "27 width"
    assert str(net.closed_form("activations", "width", "s")) == "width s^2 - 4 width s + 4 width"


def test_depth_and_width_of_an_own_network() -> None:
    def net(w: int, n: int) -> nn.Module:
        return nn.Sequential(conv(w), *(nn.Conv2d(w, w, 1, bias=False) for _ in range(n)))

    mine = rf.model(net, inputs=IMAGE, w=64, n=4)
    form = mine.closed_form("macs", "w", "n")
    # At 30x30 pixels: 27 w weights, and n times w^2.
    assert str(form) == "900 w^2 n + 24300 w"
    assert form.reading.lattices["n"].start == 4
    assert mine.replace(n=7).cost().macs == 900 * 64 * 64 * 7 + 24300 * 64
    # With another depth the layers have other names, and with another width they have not.
    with pytest.raises(rf.InputError, match=r"the layers of net.* change with w, n"):
        form.parts("layer")
    by_width = mine.closed_form("macs", "w")
    assert [str(part) for part in by_width.parts("layer").values()] == ["24300 w", *["900 w^2"] * 4]


def test_a_batch_and_pixels_of_a_usual_input() -> None:
    net = rf.model("torchvision:squeezenet1_1")
    macs = net.closed_form("macs", "N")
    assert str(macs) == f"{net.cost().macs} N"
    assert net.closed_form("params", "N").polynomial == net.cost().params
    by_pixels = net.closed_form("macs", "resolution")
    assert by_pixels(resolution=288) == rf.count(net.to_torch("meta"), (1, 3, 288, 288)).macs


def test_an_exception_at_the_own_size_says_where_a_formula_begins() -> None:
    class Shifted(nn.Module):
        """Adds something at every size but its own: what counts multiply-adds alone does not see it."""

        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.conv(x)
            return y if x.shape[-1] == 32 else y + y

    net = rf.model(Shifted, inputs=(1, 3, "s", "s"), s=32)
    assert str(net.closed_form("macs", "s")) == "12 s^2"
    with pytest.raises(
        rf.InputError,
        match=r"an exception at s = 32: .* so give --free s=33:1",
    ):
        net.closed_form("torch-flops", "s")
    # 3 products and 2 additions for each of 4 channels, and an addition for each: 4 * (3 + 2) + 4.
    assert str(net.closed_form("torch-flops", "s=33:1")) == "24 s^2"


class Tokens(nn.Module):
    """An embedding, attention over the tokens, and a linear layer, with a named input."""

    def __init__(self, width: int = 8, vocabulary: int = 50) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.out = nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        made: Tensor = self.out(nn.functional.scaled_dot_product_attention(x, x, x))
        return made


def test_names_in_the_shape_of_a_named_input() -> None:
    net = rf.model(Tokens, inputs={"tokens": "B,T:int64"}, B=1, T=16)
    # Two products of T x T x width, and width x vocabulary for each of T tokens.
    assert str(net.closed_form("macs", "T", "width", "vocabulary")) == "2 T^2 width + T width vocabulary"
    assert net.name == "Tokens on tokens=1,16:int64"


def test_a_call_with_free_names_is_a_family() -> None:
    net = rf.model("timm:convnext_atto(dims=(w, 2*w, 4*w, 8*w), depths=(1, 1, n, 1))", w=8, n=1)
    assert net.name == "timm:convnext_atto(dims=(8, 16, 32, 64), depths=(1, 1, 1, 1))"
    assert net.call(["w"]) == "timm:convnext_atto(dims=(w, 2 * w, 4 * w, 8 * w), depths=(1, 1, 1, 1))"
    form = net.closed_form("macs", "w", "n")
    own = rf.model("timm:convnext_atto(dims=(24, 48, 96, 192), depths=(1, 1, 5, 1))").cost().macs
    assert form(w=24, n=5) == own


# What has no formula --------------------------------------------------------------------------------------------------


def planted(width: int, case: str, depth: int = 1) -> nn.Module:
    """Constructors with a rule in them that makes the cost no polynomial."""
    cases: dict[str, Callable[[], nn.Module]] = {
        "a branch": lambda: nn.Sequential(conv(width), *([nn.Conv2d(width, width, 1)] if width > 20 else [])),
        "a far branch": lambda: nn.Sequential(conv(width), *([nn.Conv2d(width, width, 1)] if width > 999 else [])),
        "rounded to 8": lambda: conv(-(-width // 8) * 8),
        "halved": lambda: conv(width + width // 2),
        "a fifth": lambda: conv(width + width // 5),
        "a product": lambda: conv(width + (width > 20 and depth > 4)),
        "a power": lambda: conv(2 ** min(width, 12)),
        "both odd": lambda: conv(width * depth + (width % 2) * (depth % 2)),
    }
    return nn.Sequential(
        cases[case](), *(nn.ReLU() for _ in range(depth)), *([nn.Conv2d(3, 3, 1)] if depth > 900 else [])
    )


def reading(case: str, **free: Span) -> Any:
    model = rf.model(lambda width, depth=1: planted(width, case, depth), inputs=IMAGE, width=8)
    return model.reading(free or {"width": Span()})


def test_a_branch_within_the_probed_sizes_is_refused_with_a_size() -> None:
    with pytest.raises(rf.InputError, match=r"no formula of .* in width from 8 on .*at width = \d+ .* has [\d,]+ "):
        reading("a branch")
    # On one side of it there is one: 27 w weights, and w^2, at 30x30 pixels.
    assert str(reading("a branch", width=Span(24)).figure("macs")) == "900 width^2 + 24300 width"


def test_a_branch_beyond_them_cuts_the_domain_and_an_answer_there_is_counted() -> None:
    found = reading("a far branch")
    last = found.lattices["width"].last
    assert last is not None
    assert 28 <= last < 999
    model = rf.model(lambda width: planted(width, "a far branch"), inputs=IMAGE, width=8)
    (inside,) = rf.solve(model, "width", budget=24300 * 100)
    assert inside.counted is not None
    assert (inside.sizes, inside.holds, inside.counted["macs"]) == ({"width": 100}, True, 24300 * 100)
    (outside,) = rf.solve(model, "width", budget=24300 * 1200)
    assert (outside.sizes, outside.tried, outside.holds) == ({"width": 1200}, False, False)
    assert outside.counted is not None
    assert outside.counted["macs"] == 24300 * 1200 + 900 * 1200 * 1200


@pytest.mark.parametrize(
    ("case", "step", "formula"),
    [
        ("rounded to 8", 8, "24300 width"),
        ("halved", 2, "36450 width"),
        ("a fifth", 5, "29160 width - 14580"),  # from 8 on, in steps of 5: 8 + 8 // 5 = 9 channels, and 6 more a step
    ],
)
def test_the_smallest_step_is_found(case: str, step: int, formula: str) -> None:
    found = reading(case)
    assert found.lattices["width"].step == step
    assert str(found.figure("macs")) == formula


def test_a_branch_in_two_sizes_at_once_is_refused() -> None:
    with pytest.raises(rf.InputError, match="so there is no one formula"):
        reading("a product", width=Span(), depth=Span())


def test_what_grows_faster_than_a_polynomial_is_refused() -> None:
    with pytest.raises(rf.InputError, match=r"no formula of"):
        reading("a power", width=Span(2))


def test_steps_that_only_misfit_together_are_doubled() -> None:
    found = reading("both odd", width=Span(), depth=Span(2))
    assert sorted([found.lattices["width"].step, found.lattices["depth"].step]) != [1, 1]


def test_heads_that_divide_are_told_how_to_be_freed() -> None:
    def attention(width: int = 24, heads: int = 4) -> nn.Module:
        return nn.TransformerEncoderLayer(width, heads, 8, batch_first=True)

    model = rf.model(attention, inputs=(1, 10, "width"))
    with pytest.raises(rf.InputError, match="width is an argument of the constructor and a length of an input"):
        model.known_as("width")
    assert model.known_as("heads") == "heads"
    model = rf.model(attention, inputs=(1, 10, 24))
    with pytest.raises(rf.InputError, match=r"it refuses some: .*divisible.*free what both follow from"):
        model.reading(["heads"])


def test_a_size_that_changes_nothing_is_told() -> None:
    model = rf.model(lambda width=4, unused=3: conv(width), inputs=IMAGE)
    with pytest.raises(rf.InputError, match=r"nothing of .* changes with unused, so it cannot be free"):
        model.closed_form("macs", "unused")


def test_a_model_that_refuses_large_sizes_says_so() -> None:
    def limited(width: int = 8) -> nn.Module:
        if width > 20:
            raise ValueError("at most 20")
        return conv(width)

    form = rf.model(limited, inputs=IMAGE).closed_form("macs", "width")
    last = form.reading.lattices["width"].last
    assert last == 20
    assert re.search(r"A larger width than 20 is refused: .*at most 20", form.holds)
    # 27 * 30 * 30 multiply-adds a channel: 40 channels would meet the budget, and the model takes 20.
    (found,) = rf.solve(rf.model(limited, inputs=IMAGE), "width", budget="macs <= 972000")
    assert found.sizes == {"width": 20}


def test_bytes_may_depend_on_a_size_that_costs_nothing() -> None:
    def tanhs(n: int = 3) -> nn.Module:
        return nn.Sequential(nn.Linear(16, 16), *(nn.Tanh() for _ in range(n)))

    model = rf.model(tanhs, inputs=(1, 16))
    with pytest.raises(rf.InputError, match="changes with n"):
        model.closed_form("macs", "n")
    # Each keeps its output, 16 elements of four bytes.
    form = model.closed_form("training_bytes", "n")
    assert form(n=10) - form(n=9) == 16 * 4
    with pytest.raises(rf.InputError, match=r"changes with width in steps of 7"):
        rf.model(lambda width=7: conv(4 + width % 7), inputs=IMAGE).closed_form("macs", "width")


# Where models branch --------------------------------------------------------------------------------------------------


def _one_more(if_branches: bool, *parts: nn.Module) -> nn.Module:
    return nn.Sequential(*parts, *([nn.Conv2d(4, 4, 1)] if if_branches else []))


@pytest.mark.parametrize(
    ("constructor", "free", "at"),
    [
        # Each is a polynomial at every other size, or nearly: it is found because models often branch where it does.
        (lambda w=32, other=48: _one_more(w != other, conv(w), nn.Conv2d(w, 4, 1)), ["w=32"], "w = 48"),
        (lambda w=48: _one_more(w == 96, conv(w), nn.Conv2d(w, 4, 1)), ["w=48"], "w = 96"),
        (lambda w=64: _one_more(w > 80 and w % 2 == 0, conv(w), nn.Conv2d(w, 4, 1)), ["w=64"], "w = "),
        (lambda a=32, b=56: _one_more(a != b, conv(a), nn.Conv2d(a, b, 1), nn.Conv2d(b, 4, 1)), ["a", "b"], "b = 56"),
        (lambda w=40: _one_more(w == 40, conv(w), nn.Conv2d(w, 4, 1)), ["w=24"], "w = 40"),
    ],
)
def test_a_branch_at_a_size_that_stands_out_is_found(constructor: Any, free: list[str], at: str) -> None:
    with pytest.raises(rf.InputError, match=f"{at}.*so there is no one formula|an exception at|no formula of"):
        rf.model(constructor, inputs=IMAGE).closed_form("macs", *free)


def test_an_exception_at_the_own_size_says_the_next_one() -> None:
    def skips(w: int = 64) -> nn.Module:
        return _one_more(w != 64, conv(w), nn.Conv2d(w, 4, 1))

    model = rf.model(skips, inputs=IMAGE)
    with pytest.raises(rf.InputError, match=r"is an exception at w = 64: .* so give --free w=65"):
        model.closed_form("macs", "w")
    # At 30x30 pixels 27 w and 4 w weights, and the layer of 4 x 4.
    assert str(model.closed_form("macs", "w=65")) == "27900 w + 14400"


def test_arguments_of_one_text_are_not_one_argument() -> None:
    class Settings:
        def __init__(self, width: int) -> None:
            self.width = width

        def __repr__(self) -> str:
            return "Settings()"

    def made(settings: Settings) -> nn.Module:
        return conv(settings.width)

    first, second = Settings(4), Settings(8)
    model = rf.model(made, inputs=IMAGE, settings=first)
    assert model.cost().macs == 27 * 900 * 4
    assert model.replace(settings=second).cost().macs == 27 * 900 * 8
    second.width = 16
    assert model.replace(settings=second).cost().macs == 27 * 900 * 16


def test_a_change_of_order_is_no_change_of_the_whole() -> None:
    class Order(nn.Module):
        def __init__(self, width: int = 4) -> None:
            super().__init__()
            self.a, self.b, self.width = conv(width), conv(width), width

        def forward(self, image: Tensor) -> Tensor:
            first, second = (self.a, self.b) if self.width < 9 else (self.b, self.a)
            return torch.add(first(image), second(image))

    form = rf.model(Order, inputs=IMAGE).closed_form("macs", "width")
    assert str(form) == "48600 width"
    with pytest.raises(rf.InputError, match=r"the layers of .* change with width"):
        form.parts("layer")


# Domains --------------------------------------------------------------------------------------------------------------


def test_a_formula_of_a_model_with_an_unknown_operator_is_called_a_lower_bound() -> None:
    class Factored(nn.Module):
        def __init__(self, width: int = 8) -> None:
            super().__init__()
            self.layer = conv(width)

        def forward(self, image: Tensor) -> Tensor:
            unitary: Tensor = torch.linalg.qr(self.layer(image))[0]
            return unitary

    form = rf.model(Factored, inputs=IMAGE).closed_form("macs", "width")
    assert form.holds.endswith("It is a lower bound: some operators of the model are not known.")
    assert "lower bound" not in rf.model(conv, inputs=IMAGE).replace(width=8).closed_form("macs", "width").holds


def test_start_and_step_are_taken_and_the_domain_is_what_was_probed() -> None:
    found = rf.model(conv, inputs=IMAGE).reading({"width": Span(16, 8)})
    lattice = found.lattices["width"]
    assert (lattice.start, lattice.step) == (16, 8)
    assert found.origin == "interpolated"
    assert re.fullmatch(r"Interpolated from 3 counts of the real model, and met at 9 more\.", found.evidence)
    form = rf.model(conv, inputs=IMAGE).replace(width=16).closed_form("macs", "width")
    with pytest.raises(rf.InputError, match="width is 8; it must be a whole number of at least 16"):
        form(width=8)


def test_some_held_points_are_far_and_odd() -> None:
    found: Any = rf.model(conv, inputs=IMAGE, width=16).reading(["width"])
    nodes = [sizes["width"] for sizes in found.nodes]
    held = [sizes["width"] for sizes in found.held]
    assert len(set(held)) == len(held) >= 9
    assert not set(held) & set(nodes)
    assert len([width for width in held if (width - 16) % 2]) >= 5
    assert 2 * max(nodes) <= max(held) <= 10 * max(nodes) + 1
    assert min(held) < max(nodes)


def test_every_figure_comes_from_the_same_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []

    def noted(width: int = 4) -> nn.Module:
        built.append(width)
        return conv(width)

    found = rf.model(noted, inputs=IMAGE).reading(["width"])
    before = len(built)
    for name in (*FIGURES, "fvcore", "thop"):
        found.figure(name)
    assert len(built) == before
    # thop counts a convolution's multiply-adds as we do; fvcore too.
    assert str(found.figure("thop")) == str(found.figure("fvcore")) == "24300 width"


# Names and corners ----------------------------------------------------------------------------------------------------


def test_the_corner_of_the_printed_domain_is_counted() -> None:
    def joint(a: int = 4, b: int = 4) -> nn.Module:
        more = [nn.Conv2d(b, b, 1)] if a * b > 500 else []
        return nn.Sequential(nn.Conv2d(3, a, 1), nn.Conv2d(a, b, 1), *more)

    with pytest.raises(rf.InputError, match="so there is no one formula"):
        rf.model(joint, inputs=IMAGE).reading(["a", "b"])


def test_a_constructor_may_call_its_arguments_r_and_k() -> None:
    def net(r: int = 8, k: int = 8, w: int = 64) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, r, 1, bias=False), nn.Conv2d(r, k, 1, bias=False), conv_of(k, w // 8 * 8))

    def conv_of(k: int, w: int) -> nn.Module:
        return nn.Conv2d(k, w, 1, bias=False)

    model = rf.model(net, inputs=IMAGE)
    assert model.replace(r=16).cost().params == 3 * 16 + 16 * 8 + 8 * 64
    form = model.closed_form("params", "r", "k", "w")
    assert str(form) == "r k + k w + 3 r"
    # The steps of w cannot be called k, which is a size.
    assert form.reading.variables() == {"w": "k_w"}
    assert terms(form.in_steps) == {("k", "k_w"): 8, ("k", "r"): 1, ("k",): 64, ("r",): 3}


def test_the_shown_names_of_a_form_come_first() -> None:
    def net(w: int = 8, h: int = 4) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, w, 1, bias=False), nn.Conv2d(w, h, 1, bias=False))

    form = rf.model(net, inputs=IMAGE).closed_form("params", w="h", h="w")
    # In the form h is the first width and w the second: 3 h + h w.
    assert form(h=10, w=12) == 3 * 10 + 10 * 12
    with pytest.raises(rf.InputError, match="x, x stand for the sizes; give each another name"):
        rf.model(net, inputs=IMAGE).closed_form("params", w="x", h="x")


def test_a_scope_that_does_not_exist_and_a_constructor_that_ends_the_program() -> None:
    with pytest.raises(rf.InputError, match="has no part 'nope'"):
        rf.model(conv, inputs=IMAGE, width=4).reading(["width"], "nope")

    def ends() -> nn.Module:
        raise SystemExit(7)

    with pytest.raises(rf.InputError, match="ended the program with 7"):
        rf.model(ends, inputs=IMAGE).cost()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [("conv(w=3, w=5)", "w is given twice"), ("conv(cfg={[1]: 3})", "cannot use"), ("conv(", "cannot read")],
)
def test_calls_that_cannot_be_read(call: str, sentence: str) -> None:
    with pytest.raises(rf.InputError, match=sentence):
        parse_call(call)


def test_why_there_is_no_formula_is_told() -> None:
    def make(w: int) -> nn.Module:
        return nn.Linear(8, comb(w, 8))  # of degree 8

    with pytest.raises(rf.InputError, match="no polynomial of degree 6 or less goes through the counts"):
        rf.model(make, inputs=(1, 8), w=8).closed_form("macs", "w")
    with pytest.raises(rf.InputError, match=r"cannot use '8 / \(v - 8\)': it divides by zero"):
        filled(parse_call("make(w=8/(v-8))").named, {"v": 8})


def test_letters_of_the_paper_stand_for_what_a_library_calls_them() -> None:
    assert rf.model("timm:resnet50").known_as("d") == "base_width"
    with pytest.raises(rf.InputError, match="unknown free size of timm:resnet50 'w'"):
        rf.model("timm:resnet50").known_as("w")  # in described networks w is another width


def test_every_figure_of_an_answer_is_counted() -> None:
    class Extra(nn.Module):
        """A parameter that no layer uses, above a width."""

        def __init__(self, width: int = 4) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, width, 3, bias=False)
            if width > 900:
                self.unused = nn.Parameter(torch.zeros(width))

        def forward(self, image: Tensor) -> Tensor:
            made: Tensor = self.conv(image)
            return made

    (found,) = rf.solve(rf.model(Extra, inputs=IMAGE), "width", budget=24300 * 1000)
    assert found.sizes == {"width": 1000}
    assert found.counted is not None
    assert found.counted["macs"] == found.cost
    assert not found.holds


# Memory ---------------------------------------------------------------------------------------------------------------


def test_every_figure_that_a_sweep_compares_is_counted() -> None:
    def branching(w: int) -> nn.Module:
        return nn.Sequential(nn.Linear(8, w), *([nn.ReLU()] if w == 44 else []), nn.Linear(w, 8))

    net, space = rf.model(branching, inputs=(1, 8), w=30), {"w": "30:45"}
    assert len(rf.sweep(net, space)) == 16  # no figure that is shown differs
    # calflops: 2 a multiply-add, and 1 an element of ReLU.
    with pytest.raises(rf.errors.MissError, match=f"w = 44: .* {4 * 8 * 44:,} FLOPs .* {4 * 8 * 44 + 44:,};"):
        rf.sweep(net, space, budget="calflops > 0")


def test_a_constructor_that_draws_leaves_the_random_state() -> None:
    def drawing(w: int) -> nn.Module:
        return nn.Linear(8, w + int(torch.rand((), device="cpu")))

    before = torch.random.get_rng_state()
    assert rf.model(drawing, inputs=(1, 8), w=4).cost().macs == 8 * 4
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_bytes_of_training_have_one_formula_described_and_built() -> None:
    network = rf.resnet_cifar(8)
    real = built(network)
    ours, theirs = network.closed_form("training_bytes", "N"), real.closed_form("training_bytes", "N")
    assert theirs.polynomial == ours.polynomial
    (found,) = rf.solve(real, "N", budget="training_bytes <= 100M")
    assert found.holds
    (same,) = rf.solve(network, "N", budget="training_bytes <= 100M")
    assert same.sizes == found.sizes
    assert network.memory(same.sizes["N"]).training <= 100_000_000 < network.memory(same.sizes["N"] + 1).training


def test_a_maximum_is_found_by_counting_and_has_no_formula() -> None:
    network = rf.resnet_cifar(8)
    for model in (network, built(network)):
        (found,) = rf.solve(model, "N", budget="inference_bytes <= 10M")
        batch = found.sizes["N"]
        assert found.costs["inference_bytes"] == model.memory(batch).inference
        assert (model.memory(batch).inference or 0) <= 10_000_000 < (model.memory(batch + 1).inference or 0)
        with pytest.raises(rf.InputError, match="bytes of tensors at inference are a maximum, which has no formula"):
            model.closed_form("inference_bytes", "N")


# Rungs ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("described", "real", "sizes"),
    [
        (rf.resnext(50, 1, 64), "timm:resnet50", {"C": "cardinality", "d": "base_width"}),
        (rf.resnet(50), "torchvision:resnet50", {"d": "width_per_group", "r": "r"}),
        (rf.vgg(11), "torchvision:vgg11", {"r": "r", "K": "num_classes"}),
    ],
    ids=str,
)
def test_a_description_and_a_constructor_have_one_formula(
    described: rf.Network, real: str, sizes: dict[str, str]
) -> None:
    model, ours = rf.model(real), described.reading(list(sizes))
    for name in FIGURES:
        theirs = model.closed_form(name, **{argument: size for size, argument in sizes.items()})
        assert theirs.polynomial == ours.figure(name), name
        assert theirs.reading.origin == "interpolated"


def test_the_four_sizes_of_a_vision_transformer() -> None:
    net = rf.model("torchvision:vit_b_16")
    form = net.closed_form("macs", "image_size", "num_layers", "hidden_dim", "mlp_dim")
    # For S patches of 16x16 and a token: h (3 * 16 * 16) S of the patches, in each layer 4 h^2 + 2 h m a token,
    # of which there are S + 1, and 2 h (S + 1)^2 of attention, and 1000 h of the classifier.
    for r, n, h, m in [(224, 12, 768, 3072), (288, 20, 1020, 3100)]:
        tokens = (r // 16) ** 2 + 1
        by_hand = h * 768 * (tokens - 1) + n * (tokens * (4 * h * h + 2 * h * m) + 2 * h * tokens * tokens) + 1000 * h
        assert form(image_size=r, num_layers=n, hidden_dim=h, mlp_dim=m) == by_hand
    assert form(image_size=224, num_layers=12, hidden_dim=768, mlp_dim=3072) == 17_563_828_224
    assert form.reading.lattices["image_size"].step == 16
    assert form.reading.lattices["hidden_dim"].step == 12  # there are 12 heads


def test_lattices_show_themselves() -> None:
    assert str(Lattice(224, 32, 960)) == "224, 256, 288, ..., 960"
    assert figure(rf.model(conv, inputs=IMAGE, width=2).cost(), "macs") == 27 * 2 * 900
