"""A page with estimated times: they are the direct estimates, on both sides of every threshold, and said to be such."""

import csv
import json
import random
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.figures import time_on, timed
from resnext_flops.complexity.lattices import Span
from resnext_flops.complexity.network import Network
from resnext_flops.complexity.profile import estimate, shipped
from resnext_flops.explorer.page import model_page, paper_page
from resnext_flops.explorer.paper import MODELS
from tests.browser import CHROMIUM, Page, opened
from tests.explorer.test_figures import drawn, made, reading, told_by_python

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

TIME, ON_CPU = time_on("rtx3090"), time_on("i7-12700h", 2)
IMAGENET, CIFAR = "ResNeXt for ImageNet", "ResNeXt for CIFAR"
# Convolutions have one group at C = 1, and as many as channels at d = 1; on the other side of both is 2.
NEAR = [(cardinality, width) for cardinality in (1, 2) for width in (1, 2)]
MILLISECOND = 10**12


@pytest.fixture(scope="module")
def with_times(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the paper's page with the times on two machines."""
    file = tmp_path_factory.mktemp("times") / "times.html"
    file.write_text(paper_page([TIME, ON_CPU]), encoding="utf-8")
    return file


@pytest.fixture
def timed_page(browser: Page, with_times: Path) -> Iterator[Page]:
    yield from opened(browser, with_times)


def direct(network: Network, figure: str = TIME) -> int:
    """The estimate of a network itself, without any formula."""
    by = timed(figure)
    return estimate(by.profile, network.cost(), by.batch).femtoseconds


def test_designs_take_in_the_browser_what_they_take_directly(timed_page: Page) -> None:
    draw = random.Random(19)  # noqa: S311 (no secret)
    asked: list[tuple[int, dict[str, int], str]] = []
    expected: list[str] = []
    for number, title in enumerate(MODELS):
        among = reading(title)
        cases = [drawn(among, draw, 24) for _ in range(25)]
        if "C" in among.free:
            cases += [{**sizes, "C": 1} for sizes in cases[:10]] + [{**sizes, "d": 1} for sizes in cases[10:20]]
            cases += [{**cases[0], "C": cardinality, "d": width} for cardinality, width in NEAR]
        for sizes in cases:
            figure = draw.choice([TIME, ON_CPU])
            asked.append((number, sizes, figure))
            expected.append(str(direct(made(title).replace(**sizes), figure)))
    answers = timed_page.evaluate(
        f"{json.dumps(asked)}.map(([model, sizes, figure]) => String(cost({{model, sizes}}, KEPT[figure])))"
    )
    assert len(answers) == len(MODELS) * 25 + 4 * 24
    assert answers == expected


def test_the_thresholds_are_there(timed_page: Page) -> None:
    """At C = 1 and at d = 1 the general polynomial is wrong, so that the test above can fail."""
    for sizes in ({"C": 1, "d": 64}, {"C": 64, "d": 1}, {"C": 1, "d": 1}):
        told = timed_page.evaluate(
            f"String(evaluate(POLYNOMIALS[MODELS[0].times['{TIME}'][0].total], "
            f"{{...ownSizes(0), ...{json.dumps(sizes)}}}))"
        )
        assert int(told) != direct(made(IMAGENET).replace(**sizes))
    held = [piece["where"] for piece in timed_page.evaluate(f"MODELS[0].times['{TIME}']")]
    assert held == [{}, {"C": 1}, {"d": 1}, {"C": 1, "d": 1}]


@pytest.mark.parametrize("title", [IMAGENET, CIFAR])
def test_sizes_are_solved_for_a_time_as_python_solves_them(timed_page: Page, title: str) -> None:
    draw = random.Random(20)  # noqa: S311 (no secret)
    among = reading(title)
    cases, expected = [], []
    for case in range(300):
        sizes = drawn(among, draw, 30)
        name = draw.choice(["C", "d", "C", "d", *sizes])
        given = {other: value for other, value in sizes.items() if other != name}
        # A budget that the smallest size meets, or the one after it, or one between two sizes, or any.
        at = among.least(name) if case % 4 == 0 else among.lattices[name].start + among.lattices[name].step
        point = {**given, name: at if case % 4 < 2 else sizes[name]}
        found = direct(made(title).replace(**point), TIME)
        budget = found if case % 4 < 2 else found + draw.randint(-(found // 3), found // 3)
        cases.append([name, sizes, str(budget)])
        expected.append(told_by_python(among, TIME, name, budget, given))
    answers = timed_page.evaluate(f"""{json.dumps(cases)}.map(([unknown, sizes, budget]) => {{
        Object.assign(state, {{model: {[*MODELS].index(title)}, unknown, kept: "{TIME}", budget: BigInt(budget)}});
        const found = solved("{TIME}", sizes);
        return found && (found.near ? [String(found.value), String(found.cost), found.root] : "none");
    }})""")
    assert answers == expected
    # Sizes at a threshold, which have no root, and others are all among them.
    assert sum(isinstance(each, list) and each[2] is None for each in answers) > 30
    assert sum(isinstance(each, list) and each[2] is not None for each in answers) > 100


def test_values_apart_are_left_out_of_the_polynomial(timed_page: Page) -> None:
    """x^3 - 18 x^2 + 108 x is 91, 152, 189, 208, 215, 216, 217, 224 from x = 1 on; here it is 9 and not 152 at 2."""
    polynomial = {"by": "1", "terms": [["1", {"x": 3}], ["-18", {"x": 2}], ["108", {"x": 1}]]}
    size = {"name": "x", "start": 1, "step": 1, "least": 1}

    def solved(budget: int) -> Any:
        return timed_page.evaluate(
            f"(found => [found.size, String(found.cost), found.root === null])"
            f"(nearest(parsed({json.dumps(polynomial)}), {json.dumps(size)}, {{x: 1}}, {budget}n, [[2, 9n]]))"
        )

    assert solved(10) == [2, "9", True]
    assert solved(90) == [1, "91", False]
    assert solved(139) == [1, "91", False]  # 48 off, and x = 3 is 50 off
    assert solved(151) == [3, "189", False]  # 38 off, and x = 1 is 60 off
    assert solved(223) == [8, "224", False]


def test_the_width_that_keeps_the_time_is_the_nearest_of_all(timed_page: Page) -> None:
    timed_page.enter("#kept", TIME)
    budget = direct(rf.resnet(50))
    for cardinality in (1, 2, 8, 64):
        timed_page.enter("#slider-C", cardinality)
        times = {d: direct(rf.resnext(50, cardinality, d)) for d in range(1, 2 + 80 // cardinality)}
        width = min(times, key=lambda d: abs(times[d] - budget))
        assert f"the width d = {width} " in timed_page.text("#answer")
        told = f"{times[width] / MILLISECOND:,.6g} against {budget / MILLISECOND:,.6g}, "
        assert f"the estimated ms of a batch of 1,024 on rtx3090: {told}" in timed_page.text("#exactly")


def rows(page: Page) -> dict[str, list[str]]:
    """The table of figures: the cells of each row, by its head."""
    told = page.evaluate(
        "[...document.querySelectorAll('#figures tr')].map(row => [...row.cells].map(c => c.innerText))"
    )
    return {head: [" ".join(cell.split()) for cell in cells] for head, *cells in told}


@pytest.mark.parametrize(("cardinality", "width"), [(1, 64), (64, 1), (32, 4)])
def test_times_stand_beside_the_other_figures_with_their_interval(
    timed_page: Page, cardinality: int, width: int
) -> None:
    timed_page.click("#follow")
    timed_page.enter("#slider-C", cardinality)
    timed_page.enter("#slider-d", width)
    found = rows(timed_page)
    by = timed(TIME)
    here, there = (estimate(by.profile, net.cost()) for net in (rf.resnext(50, cardinality, width), rf.resnet(50)))
    low, high = here.interval
    cells = found["Estimated ms of a batch of 1,024 on rtx3090"]
    assert cells[0].startswith(f"{here.milliseconds:,.6g} ")
    ends = [float(end) for end in cells[0].split(maxsplit=1)[1].split(" to ")]
    assert ends == pytest.approx([low * here.milliseconds, high * here.milliseconds], rel=1e-3)
    assert cells[1].startswith(f"{there.milliseconds:,.6g} ")
    longer = 100 * (here.femtoseconds / there.femtoseconds - 1)
    assert cells[2] == f"{longer:+.2f} %".replace("-", "−")
    cells = found["Estimated images a second in batches of 1,024 on rtx3090"]
    assert cells[0].startswith(f"{here.images_per_second:,.6g} ")
    ends = [float(end.replace(",", "")) for end in cells[0].split(maxsplit=1)[1].split(" to ")]
    assert ends == pytest.approx([here.images_per_second / high, here.images_per_second / low], rel=1e-3)
    fewer = 100 * (there.femtoseconds / here.femtoseconds - 1)
    assert float(cells[2].removesuffix(" %").replace("−", "-")) == pytest.approx(fewer, abs=0.011)
    assert any("of a batch of 2 on i7-12700h" in head for head in found)


def test_the_page_says_that_times_are_estimates(timed_page: Page) -> None:
    shown = timed_page.text("main")
    for figure in (TIME, ON_CPU):
        name, profile, batch = timed(figure)
        # Another batch than the measured one has the wider interval.
        low, high = profile.interval if batch == profile.batch else profile.wide_interval
        assert f"an estimate by the profile {name}, and no measurement" in shown
        assert f"between {low:g} and {high:g} times the estimate" in shown
    assert timed(ON_CPU).batch != timed(ON_CPU).profile.batch
    assert "Every figure but a time is exact." in shown


def test_a_budget_is_given_in_milliseconds(timed_page: Page) -> None:
    timed_page.enter("#kept", TIME)
    timed_page.enter("#budget", "300.5")
    (found,) = rf.solve(rf.resnext(50, 32, 4), "d", budget=300_500 * 10**9, figure=TIME)
    assert f"d = {found.sizes['d']} " in timed_page.text("#answer")
    assert f"{found.cost / MILLISECOND:,.6g} against 300.5, " in timed_page.text("#exactly")
    for text in ("0", "-1", "1e3", "3.", "1,000", "abc", ""):
        timed_page.enter("#budget", text)
        assert "against 300.5, " in timed_page.text("#exactly")
    timed_page.enter("#kept", "macs")
    timed_page.enter("#budget", "5000000000.5")
    assert "against 4,089,184,256, " in timed_page.text("#exactly")  # the reference's: half of one is no budget


def test_the_time_is_an_axis(timed_page: Page) -> None:
    timed_page.evaluate("byId('space').scrollIntoView({block: 'center'})")
    timed_page.until("pictures.space.key !== undefined")
    timed_page.enter("#vertical", TIME)
    timed_page.until("pictures.space.key === DRAWINGS.space.key()")
    found = timed_page.evaluate("pictures.space.found")
    assert len(found["y"]) == 64 * 128
    places = dict(zip(zip(found["across"], found["unknown"], strict=True), found["y"], strict=True))
    for cardinality, width in [*NEAR, (1, 128), (64, 1), (32, 4), (64, 128)]:
        taken = direct(rf.resnext(50, cardinality, width)) / MILLISECOND
        assert places[cardinality, width] == pytest.approx(taken, rel=1e-12), (cardinality, width)
    assert timed_page.evaluate("part('space', 'y').axis_label") == "estimated ms of a batch of 1,024 on rtx3090"
    assert timed_page.text("#front-words") == "The Pareto front: the largest network for each time."
    # Of designs that take as long or less, none on the front has fewer multiply-adds.
    front = timed_page.evaluate("(({x, y}) => x.map((each, place) => [each, y[place]]))(part('space', 'front').data)")
    for macs, taken in front:
        assert max(x for x, y in zip(found["x"], found["y"], strict=True) if y <= taken) == macs


def test_the_curve_and_the_balance_are_of_the_time(timed_page: Page) -> None:
    timed_page.enter("#kept", TIME)
    timed_page.evaluate("byId('balance').scrollIntoView({block: 'center'})")
    timed_page.until("pictures.balance.key !== undefined && pictures.curve.key === DRAWINGS.curve.key()")
    x, y = timed_page.evaluate("(({x, y}) => [x, y])(part('balance', 'cost').data)")
    assert x[0] == 1
    for d, taken in zip(x, y, strict=True):
        assert taken == pytest.approx(direct(rf.resnext(50, 32, d)) / MILLISECOND)
    assert timed_page.evaluate("part('balance', 'y').axis_label") == "estimated ms of a batch of 1,024 on rtx3090"
    whole = dict(timed_page.evaluate("(({x, y}) => x.map((each, at) => [each, y[at]]))(part('curve', 'whole').data)"))
    for cardinality in (1, 2, 64):
        (found,) = rf.solve(rf.resnext(50, cardinality, 4), "d", budget=direct(rf.resnet(50)), figure=TIME)
        assert whole[cardinality] == found.sizes["d"]


@pytest.mark.parametrize(
    ("cardinality", "width", "where"),
    [(8, 14, "C ≠ 1 and d ≠ 1"), (1, 64, "C = 1 and d ≠ 1"), (64, 1, "C ≠ 1 and d = 1"), (1, 1, "C = 1 and d = 1")],
)
def test_the_formula_is_that_of_the_shown_sizes(timed_page: Page, cardinality: int, width: int, where: str) -> None:
    timed_page.enter("#kept", TIME)
    timed_page.click("#follow")
    timed_page.enter("#slider-C", cardinality)
    timed_page.enter("#slider-d", width)
    taken = direct(rf.resnext(50, cardinality, width))
    assert timed_page.text("#formula-figure").startswith(
        f"estimated femtoseconds of a batch of 1,024 on rtx3090, for {where}."
    )
    terms = timed_page.evaluate("[...document.querySelectorAll('#terms .number')].map(cell => cell.innerText)")
    assert sum(int(term.replace(",", "")) for term in terms) == taken
    assert timed_page.text("#sum") == f"{taken:,}"
    assert f"&= {taken:,}".replace(",", "{,}") in timed_page.text("#latex")
    answers: list[int] = []
    exec(timed_page.evaluate("byId('python').textContent").replace("print(", "answers.append("), {"answers": answers})  # noqa: S102
    assert answers == [taken]
    name, *arguments = shlex.split(timed_page.text("#command"))
    done = CliRunner().invoke(main, [*arguments, "--format", "csv"], prog_name=name)
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert float(row["milliseconds"]) == pytest.approx(taken / MILLISECOND, rel=1e-12)


def test_a_link_opens_the_same_time(timed_page: Page, with_times: Path) -> None:
    timed_page.enter("#kept", ON_CPU)
    timed_page.enter("#vertical", TIME)
    timed_page.enter("#budget", "41.25")
    link, shown = timed_page.evaluate("address()"), timed_page.text("#exactly")
    timed_page.open(with_times.as_uri() + link)
    assert timed_page.text("#exactly") == shown
    assert timed_page.evaluate("['kept', 'vertical'].map(each => byId(each).value)") == [ON_CPU, TIME]


def test_a_page_without_a_profile_has_no_time(page: Page, written: Path) -> None:
    assert "estimat" not in page.text("main")
    assert "femtosecond" not in page.evaluate("byId('data').textContent")
    page.open(f"{written.as_uri()}#kept={TIME}&vertical={TIME}&figure={TIME}")
    chosen = page.evaluate("['kept', 'vertical', 'figure'].map(each => byId(each).value)")
    assert chosen == ["block-weights", "activations", "macs"]


def test_a_profile_costs_little_of_the_page(written: Path, with_times: Path) -> None:
    assert with_times.stat().st_size <= 1.8e6
    assert with_times.stat().st_size - written.stat().st_size < 1e5


@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits(timed_page: Page, with_times: Path, width: int) -> None:
    timed_page.resize(width)
    timed_page.open(f"{with_times.as_uri()}#kept={TIME}&vertical={TIME}")
    assert timed_page.evaluate("byId('kept').value") == TIME
    assert timed_page.evaluate("document.documentElement.scrollWidth") <= width


def test_sizes_without_the_value_of_a_threshold(browser: Page, tmp_path: Path) -> None:
    """C = 3, 7, 11, ...: the time of C = 1 is that of none of them."""
    net = rf.resnext(50, 3, 4)
    file = tmp_path / "steps.html"
    file.write_text(model_page([net], {"C": Span(3, 4), "d": Span()}, [TIME]), encoding="utf-8")
    browser.resize(1400)
    browser.open(f"{file.as_uri()}#kept={TIME}&unknown=C&across=d&follow=0")
    budget = direct(net)
    for width in (4, 1, 2):
        browser.enter("#field-d", width)
        times = {groups: direct(rf.resnext(50, groups, width)) for groups in range(3, 40, 4)}
        found = min(times, key=lambda groups: abs(times[groups] - budget))
        assert f"C = {found} " in browser.text("#answer")
        assert f"{times[found] / MILLISECOND:,.6g} against {budget / MILLISECOND:,.6g}" in browser.text("#exactly")
    assert browser.console == []


def test_what_the_docs_say_of_the_time() -> None:
    said = " ".join((Path(__file__).parents[2] / "docs" / "explorer.md").read_text(encoding="utf-8").split())
    reference, times = direct(rf.resnet(50)), {d: direct(rf.resnext(50, 32, d)) for d in range(1, 9)}
    nearest = min(times, key=lambda d: abs(times[d] - reference))
    assert f"it takes {100 * (times[4] / reference - 1):.0f} percent longer" in said
    assert f"nearest to its time is {nearest}." in said


def test_a_name_of_a_profile_can_do_nothing_to_the_page(tmp_path: Path) -> None:
    file = tmp_path / "<b>mine.toml"
    source = Path(rf.__file__).parent / "machine" / "profiles" / "rtx3090.toml"
    file.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    text = model_page([rf.resnet(18)], {"r": Span()}, [time_on(str(file))])
    assert "<b>mine" not in text
    assert "the profile &lt;b&gt;mine, " in text
    assert str(tmp_path) not in text  # a page is given to others


def test_what_is_of_a_time_says_so(timed_page: Page) -> None:
    assert "for training memory only" in timed_page.text("#batch-part")
    assert timed_page.text("#budget-unit") == ""
    timed_page.enter("#kept", TIME)
    assert timed_page.text("#budget-unit") == "in ms"
    timed_page.enter("#budget", "1000")
    assert timed_page.text("#answer").endswith(" the budget.")
    assert "cost of the budget" not in timed_page.text("#answer")


def test_the_page_of_a_file_computes_its_time(browser: Page, tmp_path: Path) -> None:
    source = Path(rf.__file__).parent / "machine" / "profiles" / "rtx3090.toml"
    mine = tmp_path / "mine.toml"
    mine.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    figure = time_on(str(mine))
    file = tmp_path / "mine.html"
    file.write_text(model_page([rf.resnext(50)], {"d": Span()}, [figure]), encoding="utf-8")
    browser.open(f"{file.as_uri()}#kept=femtoseconds@mine.toml@1024")
    assert browser.evaluate("byId('kept').value") == "femtoseconds@mine.toml@1024"
    assert "estimated femtoseconds of a batch of 1,024 on mine" in browser.text("#formula-figure")
    taken = direct(rf.resnext(50), figure)
    assert browser.text("#sum") == f"{taken:,}"
    assert '--on "mine.toml" --batch 1024' in browser.text("#command")


def test_the_interval_is_that_of_all_designs_of_the_sliders(tmp_path: Path) -> None:
    """The network has no convolution in groups, but from C = 2 on the page has."""
    path = tmp_path / "no_groups.toml"
    path.write_text(shipped()["rtx3090"].replace('    "grouped conv",\n', ""), encoding="utf-8")
    page = model_page([rf.resnext(50, 1, 64)], {"C": Span(), "d": Span()}, [time_on(str(path))])
    assert "The interval is wider, because never measured were grouped conv." in page
    assert "never measured were" not in model_page([rf.resnet(50)], {"r": Span()}, [time_on(str(path))])
