"""The page's own script held against Python: its figures, and the sizes that it solves for, in a real browser."""

import json
import random
import tomllib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import resnext_flops.proof.published
from resnext_flops.complexity.formula import substitute
from resnext_flops.complexity.lattices import Span
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.names import network
from resnext_flops.complexity.network import Network
from resnext_flops.complexity.reading import Reading
from resnext_flops.design.unknowns import Domain, Target, nearest
from resnext_flops.errors import InputError
from resnext_flops.explorer.export import Polynomials
from resnext_flops.explorer.paper import FREE_NAMES, MODELS, PRESETS
from tests.browser import CHROMIUM, Page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

TABLES = Path(resnext_flops.proof.published.__file__).parent / "tables"
CASES = 10_000
WITHIN_PERCENT = 50  # further off is no answer, as in `solve`


def made(title: str) -> Network:
    call, _ = MODELS[title]
    return network(call).replace(**FREE_NAMES.get(title, {}))


def reading(title: str, scope: str = "network", *more: str) -> Reading:
    return made(title).reading(dict.fromkeys((*MODELS[title][1], *more), Span()), scope)


def drawn(among: Reading, draw: random.Random, most: int) -> dict[str, int]:
    """Sizes for which a reading holds, small ones as often as large ones."""
    return {
        name: lattice.start + lattice.step * (int(most ** draw.random()) - 1)
        for name, lattice in among.lattices.items()
    }


def test_ten_thousand_designs_cost_in_the_browser_what_they_cost_in_python(page: Page) -> None:
    draw = random.Random(16)  # noqa: S311 (no secret)
    data = page.evaluate("DATA.models.map(({title, figures, block, training}) => ({title, figures, block, training}))")
    asked: list[tuple[int, dict[str, int]]] = []
    expected: list[str] = []
    for number, model in enumerate(data):
        network_reading, with_batch = reading(model["title"]), reading(model["title"], "network", "N")
        for case in range(CASES // len(data)):
            # A few are so large that a double would round.
            sizes = drawn(with_batch, draw, 10**6 if case % 4 == 0 else 200)
            figure, kind = draw.choice(sorted(model["figures"])), draw.random()
            if kind < 0.1:
                place, formula = model["training"], with_batch.figure("training_bytes")
            else:
                place, formula = model["figures"][figure]["total"], network_reading.figure(figure)
            asked.append((place, sizes))
            expected.append(str(substitute(formula, sizes)))
        assert number == [*MODELS].index(model["title"])
    answers = page.evaluate(f"{json.dumps(asked)}.map(([place, sizes]) => String(evaluate(POLYNOMIALS[place], sizes)))")
    assert len(answers) == CASES
    assert answers == expected
    assert sum(int(each) > 2**53 for each in answers) > 1000


def test_designs_cost_what_their_descriptions_cost(page: Page) -> None:
    draw = random.Random(17)  # noqa: S311 (no secret)
    model = page.evaluate("MODELS[0]")
    for _ in range(20):
        sizes = drawn(reading(model["title"]), draw, 20)
        cost = made(model["title"]).replace(**sizes).cost()
        for figure, value in (("params", cost.params), ("macs", cost.macs), ("torchinfo", cost.total("torchinfo"))):
            place, parts = model["figures"][figure]["total"], model["figures"][figure]["parts"]
            told = page.evaluate(
                f"[{place}, ...{parts}].map(place => String(evaluate(POLYNOMIALS[place], {json.dumps(sizes)})))"
            )
            assert int(told[0]) == value
            assert sum(map(int, told[1:])) == value


def size_data(among: Reading, name: str) -> dict[str, Any]:
    lattice = among.lattices[name]
    return {"name": name, "start": lattice.start, "step": lattice.step, "least": among.least(name)}


def told_by_python(
    among: Reading, figure: str, name: str, budget: int, given: Mapping[str, int]
) -> list[Any] | str | None:
    """The nearest size, its cost and the root; `none` where nothing is near, and None where nothing depends on it."""
    target = Target.of(figure, budget, "nearest", WITHIN_PERCENT)
    try:
        found = nearest([among], name, Domain(), target, given)
    except InputError as error:
        return None if "do not depend on" in str(error) else "none"
    return [str(found.sizes[name]), str(found.cost), found.root()]


def budget_of(formula: Size, name: str, sizes: Mapping[str, int], step: int, draw: random.Random) -> int:
    """A budget: any, between two designs, exactly halfway between them, or far from all."""
    here = substitute(formula, sizes)
    there = substitute(formula, {**sizes, name: sizes[name] + step})
    kind = draw.randrange(4)
    if kind == 0:
        return max(1, here + draw.randint(-(here // 2), here))
    if kind == 1:
        return max(1, (here + there) // 2)  # a tie, where the sum is even
    if kind == 2:
        return max(1, draw.randint(*sorted((here, there))))
    return max(1, here // draw.randint(2, 1000))


def test_ten_thousand_sizes_are_solved_as_python_solves_them(page: Page) -> None:
    draw = random.Random(18)  # noqa: S311 (no secret)
    cases: list[list[Any]] = []
    expected: list[Any] = []
    ties = 0
    questions = [("ResNeXt for ImageNet", "block", "weights"), ("ResNeXt for ImageNet", "network", "macs"),
                 ("ResNeXt for ImageNet", "network", "params"), ("ResNeXt for CIFAR", "network", "activations"),
                 ("Wide ResNet for CIFAR", "network", "macs")]  # fmt: skip
    for title, scope, figure in questions:
        among = reading(title, scope)
        formula = among.figure(figure)
        data = Polynomials()
        data.place(formula)
        for case in range(CASES // len(questions)):
            sizes = drawn(among, draw, 10**5 if case % 10 == 0 else 200)
            name = draw.choice(["d", "d", *sizes]) if "d" in sizes else draw.choice([*sizes])
            step = among.lattices[name].step
            budget = budget_of(formula, name, sizes, step, draw)
            given = {other: value for other, value in sizes.items() if other != name}
            told = told_by_python(among, figure, name, budget, given)
            if isinstance(told, list):
                after = substitute(formula, {**given, name: int(told[0]) + step})
                ties += budget - int(told[1]) == after - budget > 0
            expected.append(told)
            cases.append([data.data[0], size_data(among, name), sizes, str(budget)])
    answers = page.evaluate(f"""{json.dumps(cases)}.map(([polynomial, size, sizes, budget]) => {{
        const found = nearest(parsed(polynomial), size, sizes, BigInt(budget));
        return found && (found.near ? [String(found.value), String(found.cost), found.root] : "none");
    }})""")
    assert len(answers) == CASES
    assert answers == expected
    # Ties, sizes that nothing meets, and sizes on which nothing depends are all among them.
    assert ties > 500
    assert expected.count("none") > 500
    assert expected.count(None) > 100


def test_a_turning_polynomial_is_solved_on_both_sides(page: Page) -> None:
    """x^2 - 7 x is -6, -10, -12, -12, -10, -6, 0, 8 for x from 1 on, so -11 is met between 2 and 3, and 5 and 4."""
    polynomial = {"by": "1", "terms": [["1", {"x": 2}], ["-7", {"x": 1}], ["100", {}]]}
    size = {"name": "x", "start": 1, "step": 1, "least": 1}

    def solved(budget: int) -> Any:
        return page.evaluate(
            f"(found => [Number(found.value), String(found.cost)])"
            f"(nearest(parsed({json.dumps(polynomial)}), {json.dumps(size)}, {{x: 1}}, {budget}n))"
        )

    assert solved(100 - 11) == [2, "90"]  # 90 and 88 are as near, and 2 is the smallest
    assert solved(100 + 7) == [8, "108"]
    assert solved(1) == [3, "88"]


def test_a_share_that_is_not_whole_is_refused(page: Page) -> None:
    told = page.evaluate("""(() => { try { evaluate(parsed({by: "32", terms: [["1", {r: 1}]]}), {r: 33}); }
        catch (error) { return error.message; } })()""")
    assert "not a whole number" in told


def test_every_preset_is_a_network_of_the_paper(page: Page) -> None:
    for place, preset in enumerate(PRESETS):
        page.enter("#preset", place)
        cost = made(preset.model).replace(**preset.sizes).cost()
        cells = page.evaluate("[...document.querySelectorAll('#figures td:nth-child(2)')].map(cell => cell.innerText)")
        told = [cell.split()[0] for cell in cells[:3]]
        assert told == [f"{figure:,}" for figure in (cost.params, cost.macs, cost.activations)], preset.title


def test_every_network_of_the_papers_tables_is_a_preset() -> None:
    presets = [made(preset.model).replace(**preset.sizes).description for preset in PRESETS]
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in TABLES.glob("*.toml")]
    rows = [row for table in tables if "1611.05431" in table["source"] for row in table["rows"]]
    assert len(rows) > 30
    assert [row["network"] for row in rows if network(row["network"]).description not in presets] == []


def test_fractions_are_exact() -> None:
    """The place of a formula is what a page evaluates: r^2 / 32 + 1 is (r^2 + 32) / 32."""
    among = made("ResNeXt for ImageNet").reading(["r"])
    data = Polynomials()
    data.place(among.figure("macs"))
    (polynomial,) = data.data
    at = sum(int(coefficient) * 224 ** powers.get("r", 0) for coefficient, powers in polynomial["terms"])
    assert Fraction(at, int(polynomial["by"])) == made("ResNeXt for ImageNet").cost().macs
