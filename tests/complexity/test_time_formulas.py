"""The time as a formula: the direct estimate at a thousand designs, on both sides of every threshold, and elsewhere."""

import random
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.closed_form import ClosedForm
from resnext_flops.complexity.figures import figure, on, time_on
from resnext_flops.complexity.formula import Formula, NotPolynomialError, root, terms
from resnext_flops.complexity.lattices import Span
from resnext_flops.complexity.profile import estimate, profile
from resnext_flops.errors import InputError
from tests.complexity.test_profile import PROFILE
from tests.enveloped import answered

TIME = time_on("rtx3090")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def direct(network: Any, name: str = "rtx3090", batch: int | None = None) -> int:
    """The estimate of the network itself, without any formula."""
    return estimate(profile(name), network.cost(), batch).femtoseconds


def test_the_formula_is_the_direct_estimate_at_a_thousand_designs() -> None:
    form = ClosedForm(rf.resnext(50).reading(["C", "d"]), TIME)
    draw = random.Random(3)  # noqa: S311 (no secret)
    near = [(cardinality, width) for cardinality in (1, 2, 3) for width in (1, 2, 3)]  # both sides of C = 1 and d = 1
    along = [(1, draw.randint(1, 256)) for _ in range(100)] + [(draw.randint(1, 256), 1) for _ in range(100)]
    others = [(draw.randint(1, 128), draw.randint(1, 128)) for _ in range(1000 - len(near) - len(along))]
    for cardinality, width in [*near, *along, *others]:
        assert form(C=cardinality, d=width) == direct(rf.resnext(50, cardinality=cardinality, width=width))


def test_the_thresholds_are_there() -> None:
    """At C = 1 and at d = 1 the general formula is wrong, so that the test above can fail."""
    form = ClosedForm(rf.resnext(50).reading(["C", "d"]), TIME)
    general = form.polynomial
    for cardinality, width in ((1, 64), (64, 1), (1, 1)):
        at = sum(
            coefficient * cardinality ** monomial.count("C") * width ** monomial.count("d")
            for monomial, coefficient in terms(general).items()
        )
        assert at != direct(rf.resnext(50, cardinality=cardinality, width=width))
    assert [where for where, _ in form.special()] == [{"C": 1}, {"d": 1}, {"C": 1, "d": 1}]


def test_a_form_shows_each_of_its_pieces_and_the_first_that_fits_holds() -> None:
    form = ClosedForm(rf.resnext(50).reading(["C", "d"]), TIME)
    lines = [line.split("  ", 1) for line in str(form).splitlines()]
    assert [where.strip() for where, _ in lines] == ["C = 1, d = 1", "d = 1", "C = 1", "otherwise"]
    for cardinality, width in ((1, 1), (7, 1), (1, 64), (32, 4)):
        held = {"C": cardinality, "d": width}
        formula = next(
            formula
            for where, formula in lines
            if where.strip() == "otherwise" or all(held[each[0]] == int(each[4:]) for each in where.strip().split(", "))
        )
        assert value(formula, held) == direct(rf.resnext(50, cardinality=cardinality, width=width))
    shown = form._repr_latex_()
    assert shown.count(r"\\") == 3
    assert shown.endswith(r"& \text{otherwise} \end{cases}$")
    assert str(rf.resnext(50).closed_form("macs", "C", "d")).count("\n") == 0
    with on("rtx3090"), pytest.raises(InputError, match="no value of one size"):
        rf.model("resnext(50,cardinality=a*b,width=4)").closed_form("ms", "a", "b")


def value(formula: str, sizes: dict[str, int]) -> int:
    """A printed formula with numbers for its sizes, such as 2 C d^2 + 3."""
    factors = (term.split() for term in formula.split(" + "))
    powers = ([each.partition("^") for each in term] for term in factors)
    return sum(prod(int(sizes.get(base, base)) ** int(power or 1) for base, _, power in term) for term in powers)


def test_ms_are_the_time_in_use() -> None:
    with on("rtx3090", 512):
        form = rf.resnext(50).closed_form("ms", "C", "d")
    assert form(C=2, d=3) == direct(rf.resnext(50, 2, 3), batch=512)
    with pytest.raises(InputError, match=r"say which, as in --on rtx3090, or in Python with on\("):
        rf.resnext(50).closed_form("ms", "C", "d")


def test_a_profile_that_is_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    costs = []
    for dense in ("2.0", "4.0"):
        path.write_text(PROFILE.replace("dense = 2.0", f"dense = {dense}"), encoding="utf-8")
        with on(str(path)):
            (row,) = rf.compare("resnet18").rows
        costs.append(row.figures["femtoseconds"])
        assert costs[-1] == direct(rf.resnet(18), str(path))
    assert costs[0] < costs[1]


def test_other_sizes_have_one_formula() -> None:
    form = ClosedForm(rf.resnet(50).reading(["r", "K"]), time_on("i7-12700h", 2))
    assert form.special() == []
    for pixels, classes in ((32, 10), (224, 1000), (320, 7)):
        network = rf.resnet(50, resolution=pixels, classes=classes)
        assert form(r=pixels, K=classes) == direct(network, "i7-12700h", 2)


def test_a_real_constructor_has_the_formula_of_the_description() -> None:
    """Interpolated from counts of timm's ResNet with groups: the same polynomial, coefficient by coefficient."""
    real = rf.model("timm:resnet50").reading({"cardinality": Span(32), "base_width": Span(4)})
    derived = rf.resnext(50).reading(["C", "d"])
    named = {("C" if name == "cardinality" else "d"): name for name in real.free}
    found, expected = real.figure(TIME), derived.figure(TIME)
    assert {tuple(sorted(named[name] for name in term)): number for term, number in terms(expected).items()} == terms(
        found
    )


def test_where_a_formula_is_zero() -> None:
    width, groups = Formula.of("w"), Formula.of("g")
    assert root(width - 32) == ("w", 32)
    assert root(32 - width) == ("w", 32)
    assert root(2 * width - 5) is None  # two and a half
    assert root(3 * width * groups - 12 * groups) == ("w", 4)
    with pytest.raises(NotPolynomialError):
        root(width - groups)


def test_a_budget_of_time_in_a_sweep_is_that_of_direct_estimates() -> None:
    pytest.importorskip("numexpr")
    with on("rtx3090"):
        found = rf.sweep("resnext50_32x4d", {"C": "1:6", "d": "1:8"}, budget="ms <= 250", by="ms")
    estimates = {
        (cardinality, width): direct(rf.resnext(50, cardinality=cardinality, width=width))
        for cardinality in range(1, 7)
        for width in range(1, 9)
    }
    within = {design: time for design, time in estimates.items() if time <= 250 * 10**12}
    assert 0 < len(within) < len(estimates)
    rows = list(zip(found["C"].tolist(), found["d"].tolist(), found["femtoseconds"].tolist(), strict=True))
    assert {(cardinality, width): time for cardinality, width, time in rows} == within
    assert [time for *_, time in rows] == sorted(within.values())


def test_images_per_second_are_the_batch_over_the_time() -> None:
    pytest.importorskip("numexpr")
    with on("rtx3090", 512):
        found = rf.sweep("resnext50_32x4d", {"C": "1,2", "d": "1:9"}, budget="images_per_second >= 5500")
    times = {
        (cardinality, width): direct(rf.resnext(50, cardinality=cardinality, width=width), batch=512)
        for cardinality in (1, 2)
        for width in range(1, 10)
    }
    fast = {design for design, time in times.items() if Fraction(512 * 10**15, time) >= 5500}
    assert 0 < len(fast) < len(times)
    assert set(zip(found["C"].tolist(), found["d"].tolist(), strict=True)) == fast


@pytest.mark.parametrize("cardinality", [1, 2, 8, 64])
def test_solve_finds_the_largest_width_within_a_time(cardinality: int) -> None:
    with on("rtx3090"):
        (found,) = rf.solve("resnext50_32x4d", "d", budget="ms <= 280", given={"C": [cardinality]})
    width = found.sizes["d"]
    within, over = (rf.resnext(50, cardinality=cardinality, width=each) for each in (width, width + 1))
    assert direct(within) == found.cost <= 280 * 10**12 < direct(over)


def test_solve_knows_the_width_that_has_a_formula_of_its_own() -> None:
    """The budget is what d = 1 takes, which the formula of the other widths does not give."""
    alone = direct(rf.resnext(50, cardinality=40, width=1))
    (found,) = rf.solve("resnext50_32x4d", "d", budget=alone, figure=TIME, given={"C": [40]})
    assert (found.sizes["d"], found.cost) == (1, alone)


def test_solve_does_not_use_the_general_formula_at_a_threshold() -> None:
    general = ClosedForm(rf.resnext(50).reading(["C", "d"]), TIME).polynomial
    # What the general formula says of C = 1 and d = 64, where convolutions have no groups.
    wrong = sum(coefficient * 64 ** monomial.count("d") for monomial, coefficient in terms(general).items())
    assert wrong != direct(rf.resnext(50, cardinality=1, width=64))
    (found,) = rf.solve("resnext(50, 32, 64)", "C", budget=int(wrong), figure=TIME, constraint="at-least")
    two = direct(rf.resnext(50, cardinality=2, width=64))
    assert direct(rf.resnext(50, cardinality=1, width=64)) < wrong <= two
    assert (found.sizes["C"], found.cost) == (2, two)


def test_images_per_second_are_a_budget_of_the_time_turned_round() -> None:
    with on("rtx3090", 512):
        (found,) = rf.solve("resnext50_32x4d", "d", budget="images_per_second >= 3000", given={"C": [8]})
        turned = rf.solve("resnext50_32x4d", "d", budget="3000 <= images_per_second", given={"C": [8]})
        number: dict[str, Any] = {"figure": "images_per_second", "budget": 3000, "constraint": "at-least"}
        of_a_number = rf.solve("resnext50_32x4d", "d", **number, given={"C": [8]})
    rates = [
        Fraction(512 * 10**15, direct(rf.resnext(50, cardinality=8, width=found.sizes["d"] + more), batch=512))
        for more in (0, 1)
    ]
    assert rates[0] >= 3000 > rates[1]
    assert [each[0].sizes for each in (turned, of_a_number)] == [found.sizes] * 2


@pytest.mark.parametrize(("budget", "whole"), [(">= 3", 512 * 10**15 // 3), ("<= 6", 512 * 10**15 // 6 + 1)])
def test_a_budget_of_images_per_second_is_a_whole_number_of_femtoseconds(budget: str, whole: int) -> None:
    with on("rtx3090", 512):
        (found,) = rf.solve("resnext50_32x4d", "d", budget=f"images_per_second {budget}")
    assert found.budget == whole


def test_a_number_of_ms_is_in_milliseconds() -> None:
    with on("rtx3090"):
        asked: list[dict[str, Any]] = [
            {"budget": "ms = 300.5"},
            {"budget": 300.5, "figure": "ms"},
            {"budget": "300.5", "figure": ["ms"]},
        ]
        answers = [rf.solve("resnext50_32x4d", "d", **each)[0] for each in asked]
        with pytest.raises(InputError, match="unknown constraint 'most'"):
            rf.solve("resnext50_32x4d", "d", budget=300, figure="ms", constraint="most")
    assert [each.budget for each in answers] == [3005 * 10**11] * 3
    widths = range(1, 9)
    nearest = min(widths, key=lambda width: abs(direct(rf.resnext(50, width=width)) - 3005 * 10**11))
    assert [each.sizes["d"] for each in answers] == [nearest] * 3


def test_pairs_within_a_time_are_those_of_direct_estimates() -> None:
    budget = direct(rf.resnext(50, cardinality=1, width=30))
    times = {(groups, width): direct(rf.resnext(50, groups, width)) for groups in range(1, 7) for width in range(1, 41)}
    near = {design: time for design, time in times.items() if abs(time - budget) <= Fraction(4 * budget, 100)}
    assert len({groups for groups, _ in near}) > 3
    upper = {"C": 6, "d": 40}
    found = rf.solve("resnext50_32x4d", ["C", "d"], budget=budget, figure=TIME, within=4, upper=upper)
    assert {(each.sizes["C"], each.sizes["d"]): each.cost for each in found} == near


def test_pairs_without_bounds_are_all_there() -> None:
    """Also those with one group and with one channel a group, which have formulas of their own."""
    budget = direct(rf.resnext(50, cardinality=100, width=1))
    found = rf.solve("resnext50_32x4d", ["C", "d"], budget=budget, figure=TIME, within=3)
    for fixed, free in (("C", "d"), ("d", "C")):
        values = [each.sizes[free] for each in found if each.sizes[fixed] == 1]
        assert values == list(range(values[0], values[-1] + 1))
        for value, is_near in ((values[0] - 1, False), (values[0], True), (values[-1], True), (values[-1] + 1, False)):
            other = rf.resnext(50, 1, 1).replace(**{free: value})
            assert (abs(direct(other) - budget) <= Fraction(3 * budget, 100)) is is_near


def test_a_pair_whose_first_size_has_a_formula_of_its_own_may_be_the_only_one() -> None:
    """One group is faster than the formula of groups says of it, so that by that formula nothing is in reach."""
    budget = direct(rf.resnext(50, cardinality=1, width=64))
    assert budget * Fraction(101, 100) < direct(rf.resnext(50, cardinality=2, width=64))
    (found,) = rf.solve("resnext50_32x4d", ["C", "d"], budget=budget, figure=TIME, within=0.1, lower={"d": 64})
    assert (found.sizes, found.cost) == ({"C": 1, "d": 64}, budget)


def test_pairs_that_cost_what_a_reference_does_in_time_and_in_multiply_adds() -> None:
    call = "solve resnext50_32x4d --free C,d --like resnet50 --figure ms,macs --within 1 --on rtx3090 --format json"
    rows = answered(run(*call.split()).stdout, "solve")["rows"]
    own, macs = direct(rf.resnet(50)), rf.resnet(50).cost().macs
    off = {}
    for row in rows:
        network = rf.resnext(50, row["C"], row["d"])
        assert row["ms"] == pytest.approx(direct(network) / 10**12)
        off[row["C"], row["d"]] = abs(direct(network) - own), abs(network.cost().macs - macs)
        assert 100 * off[row["C"], row["d"]][0] <= own
    for row in rows:
        mine = off[row["C"], row["d"]]
        beaten = any(a <= mine[0] and b <= mine[1] and (a, b) != mine for a, b in off.values())
        assert row["efficient"] is not beaten


def test_formulas_of_their_own_are_only_of_sizes_that_are_asked_for() -> None:
    form = ClosedForm(rf.resnext(50).reading({"C": Span(2), "d": Span(1, 3)}), TIME)
    assert [where for where, _ in form.special()] == [{"d": 1}]
    assert "For d = 1 it has formulas of its own." in form.holds
    assert form(C=2, d=1) == direct(rf.resnext(50, 2, 1))
    done = run("formula", "resnext50_32x4d", "--free", "C=2,d=2", "--figure", "ms", "--on", "rtx3090")
    assert "of its own" not in done.stdout
    assert "otherwise" not in done.stdout


def test_formula_prints_each_range_and_that_it_is_an_estimate() -> None:
    done = run("formula", "resnext50_32x4d", "--free", "C,d", "--figure", "ms", "--on", "rtx3090")
    assert (done.exit_code, done.stderr) == (0, "")
    for text in ("otherwise ", "d = 1 ", "C = 1 ", "C = 1, d = 1 ", "an estimate by the profile rtx3090"):
        assert text in done.stdout
    done = run("formula", "resnext50_32x4d", "--free", "C,d", "--figure", "ms", "--on", "rtx3090", "--format", "json")
    result = answered(done.stdout, "formula")
    assert [each["where"] for each in result["special"]] == [{"C": 1}, {"d": 1}, {"C": 1, "d": 1}]
    (constant,) = result["special"][2]["terms"]
    assert constant["coefficient"] == direct(rf.resnext(50, cardinality=1, width=1))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("formula resnet50 --free r --figure ms", "ms is estimated by the profile of a machine"),
        ("formula resnet50 --free r --figure ms --on rtx3090,rtx4090", "give one"),
        (
            "formula resnet50 --free r --figure images_per_second --on rtx3090",
            "has no polynomial; give ms in its",
        ),
        ("formula resnet50 --free r --figure ms --on rtx3090 --batch 7", "the nearest is 256"),
        ("formula resnet50 --free r --batch 7", "give the profile of a machine too"),
        ("formula resnet50 --free N --figure ms --on rtx3090", "leave N out, and give it as --batch"),
        ("formula resnet50 --free r --figure ms --on rtx3090 --scope conv2", "known for the whole network only"),
        (
            "formula resnet50 --free r --figure ms --on rtx3090 --breakdown stage",
            "`predict` says what a time is made of",
        ),
        ("formula resnext(50,cardinality=a*b,width=4) --free a,b --figure ms --on rtx3090", "no value of one size"),
        ("formula resnext(50,cardinality=a*a,width=4) --free a --figure ms --on rtx3090", "no value of one size"),
        ("solve resnet50 --free r --budget ms<=300", "ms is estimated by the profile of a machine"),
        ("solve resnet50 --free N --budget ms<=300 --on rtx3090", "leave N out, and give it as --batch"),
        ("solve resnet50 --free r --scope conv3 --budget ms<=300 --on rtx3090", "known for the whole network only"),
        ("solve resnet50 --free r --budget images_per_second>=0 --on rtx3090", "the budget cannot be"),
        ("solve resnet50 --free r --budget images_per_second>=300", "images_per_second is estimated by the profile"),
        ("solve resnet50 --free r --figure ms --like resnet18", "ms is estimated by the profile of a machine"),
        ("solve resnet50 --free r --figure images_per_second --like resnet18 --on rtx3090", "give ms in its place"),
        (
            "solve resnet50 --free r --figure macs --budget ms<=300 --on rtx3090",
            "is of the time, and the figure is",
        ),
        (
            "solve resnet50 --free r --budget ms<=300 --constraint at-least --on rtx3090",
            "is at-most, and the",
        ),
        ("sweep resnext50_32x4d --width 1:9 --budget ms<=300", "ms is estimated by the profile of a machine"),
        ("sweep --space regnet_x --on rtx3090", "--on is given with --space"),
    ],
)
def test_bad_input_is_one_sentence(arguments: str, says: str) -> None:
    done = run(*arguments.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_time_needs_a_profile_in_use_only_while_it_is() -> None:
    with on("rtx3090"):
        pass
    with pytest.raises(InputError, match="--on rtx3090"):
        rf.solve("resnet50", "r", budget="ms <= 300")


def test_it_is_strict_only_while_that_lasts() -> None:
    time, ledger = time_on("rtx3090", 512), rf.resnet(18).cost()
    with on("rtx3090", 512, strict=True), pytest.raises(InputError, match="cannot be estimated by rtx3090"):
        figure(ledger, time)
    assert figure(ledger, time) == direct(rf.resnet(18), "rtx3090", 512)
