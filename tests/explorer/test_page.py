"""The page as a person uses it: sliders are moved, keys pressed, a line dragged, and what then stands there is read."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.lattices import Span
from resnext_flops.explorer.page import model_page
from resnext_flops.proof.published import published
from tests.browser import CHROMIUM, Page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

TABLE = published("resnext")["table_2"]


def column(page: Page, place: int) -> list[str]:
    """A column of the table of figures: its exact numbers."""
    cells = page.evaluate(
        f"[...document.querySelectorAll('#figures td:nth-child({place})')].map(cell => cell.innerText)"
    )
    return [cell.split()[0] for cell in cells]


def size(page: Page, name: str) -> int:
    """A size as its field shows it, which the slider shows too."""
    field, slider = page.evaluate(f"['field', 'slider'].map(each => byId(`${{each}}-{name}`).value)")
    assert field == slider
    return int(field)


def test_the_first_sentence_answers_section_3_3(page: Page) -> None:
    assert page.text("#answer") == "At C = 32, the width d = 4 keeps the cost of ResNet-50 (1x64d)."
    # Eqn. 4 of the paper, for a block of 256 channels: C (256 d + 3 * 3 * d * d + d * 256).
    ours, theirs = 32 * (256 * 4 + 9 * 4 * 4 + 4 * 256), 256 * 64 + 9 * 64 * 64 + 64 * 256
    assert f"{ours:,} against {theirs:,}, +0.74 %" in page.text("#exactly")


def test_the_width_follows_the_cardinality_as_in_table_2(page: Page) -> None:
    for cardinality, width in zip(TABLE["cardinality"], TABLE["width"], strict=True):
        page.enter("#slider-C", cardinality)
        assert f"At C = {cardinality}, the width d = {width} keeps" in page.text("#answer")
        assert size(page, "d") == width


def test_the_table_says_where_kinds_of_cost_disagree(page: Page) -> None:
    rows = [row.split("\t") for row in page.evaluate("byId('widths').innerText").strip().split("\n")]
    shown = {int(row[0]): [cell.strip() for cell in row[1:]] for row in rows}
    for cardinality, width in zip(TABLE["cardinality"], TABLE["width"], strict=True):
        assert shown[cardinality][0] == str(width)
    solutions = rf.solve_width(rf.resnet(50), [8], "network")
    assert shown[8][:3] == ["14", "14", f"{solutions[0].sizes['d']} ≠"] == ["14", "14", "13 ≠"]


def test_a_key_moves_a_slider_and_every_figure(page: Page) -> None:
    page.click("#follow")
    page.press("#slider-n3", "ArrowRight", 17)
    assert size(page, "n3") == 23
    cost = rf.resnext(101, 32, 4).cost()
    assert column(page, 2)[:3] == [f"{figure:,}" for figure in (cost.params, cost.macs, cost.activations)]
    assert column(page, 2)[3] == f"{rf.resnext(101, 32, 4).memory(batch=32).training:,}"
    reference = rf.resnet(50).cost()
    assert column(page, 3)[:2] == [f"{reference.params:,}", f"{reference.macs:,}"]
    off = 100 * (cost.macs / reference.macs - 1)
    assert page.text("#figures tr:nth-child(2) td:last-child") == f"+{off:.2f} %"


def test_a_convention_is_chosen(page: Page) -> None:
    page.enter("#figure", "fvcore")
    net = rf.resnext(50, 32, 4).cost()
    assert column(page, 2)[1] == f"{net.total('fvcore'):,}"
    stages = page.evaluate("[...document.querySelectorAll('#stages .number:nth-child(4)')].map(cell => cell.innerText)")
    named = dict.fromkeys(entry.path.partition(".")[0] for entry in net)
    assert stages == [f"{net.stage(name).total('fvcore'):,}" for name in named]


def test_the_blocks_are_written_as_in_table_1(page: Page) -> None:
    shown = page.evaluate("[...document.querySelectorAll('#stages tr')].map(row => row.innerText)")
    for stage, row in zip(published("resnext")["table_1"]["stages"], shown, strict=False):
        written = re.sub(r"[\[\];×x]|\s", "", stage["resnext"])
        assert written in re.sub(r"[×x]|\s", "", row), stage


def test_a_field_takes_what_has_a_formula(page: Page) -> None:
    page.enter("#field-r", 230)
    page.evaluate("byId('field-r').focus(); byId('field-r').blur()")
    page.until("byId('field-r').value === byId('slider-r').value")
    assert size(page, "r") == 224  # of 32, 64, ..., 224, 256 the nearest
    page.enter("#field-K", 21841)  # beyond the slider's end
    assert size(page, "K") == 21841
    assert column(page, 2)[0] == f"{rf.resnext(50, 32, 4, classes=21841).cost().params:,}"


def test_a_budget_line_is_dragged_and_the_width_moves(page: Page) -> None:
    before = size(page, "d")
    page.evaluate("byId('balance').scrollIntoView({block: 'center'})")
    page.until("pictures.balance.key !== undefined")
    # Where the line is in the window: the frame of the picture, and the budget's share of its height.
    x, y, higher = page.evaluate("""(() => {
        const view = [...Bokeh.index.roots].find(each => each.model === pictures.balance.document.roots()[0]);
        const box = view.el.getBoundingClientRect();
        const at = value => box.top + view.frame.y_scale.compute(value);
        const {location} = part("balance", "budget");
        return [box.left + box.width / 2, at(location), at(location * 1.5)];
    })()""")
    page.drag((x, y), (x, higher))
    budget = int(page.evaluate("byId('budget').value"))
    assert budget == pytest.approx(1.5 * 69632, rel=0.02)
    expected = rf.solve(rf.resnext(50, 32, 4), "d", budget=f"weights = {budget}", scope="block")[0].sizes["d"]
    assert size(page, "d") == expected > before
    assert f"d = {expected} meets the budget" in page.text("#answer")
    page.click("#reset-budget")
    assert size(page, "d") == before


def test_what_is_far_off_does_not_keep_the_cost(page: Page) -> None:
    page.enter("#slider-C", 16)
    # 16 (256 d + 9 d d + 256 d) is 64,400 at d = 7 and 74,752 at d = 8, which are 7.5 and 7.4 percent from 69,632.
    assert page.text("#answer") == "At C = 16, the width d = 8 comes nearest to the cost of ResNet-50 (1x64d)."


def test_another_model_has_its_own_question_and_the_first_one_comes_back(page: Page) -> None:
    def chosen() -> list[str]:
        found: list[str] = page.evaluate("['kept', 'unknown', 'across'].map(each => byId(each).value)")
        return found

    asked = ["block-weights", "d", "C"]
    assert chosen() == asked
    for title, there in (("Inception-v3", ["macs", "r", "K"]), ("ResNeXt-50 (32x4d)", asked)):
        page.enter("#preset", page.evaluate(f"DATA.presets.findIndex(each => each.title === '{title}')"))
        assert chosen() == there
    page.enter("#unknown", "C")
    assert chosen()[1] == "C" != chosen()[2]


def test_without_a_solution_the_page_says_so(page: Page) -> None:
    page.enter("#field-C", 1000)
    assert page.text("#answer") == "At C = 1000, no d keeps the cost of ResNet-50 (1x64d)."
    # d = 1 has 1000 (256 + 9 + 256) weights.
    assert "d = 1 comes nearest with 521,000, and the budget is 69,632" in page.text("#exactly")


def test_a_click_in_the_space_sets_the_sliders(page: Page) -> None:
    page.evaluate("byId('space').scrollIntoView({block: 'center'})")
    page.until("pictures.space.key !== undefined")
    target = rf.resnext(50, 16, 8).cost()
    x, y = page.evaluate(f"""(() => {{
        const view = [...Bokeh.index.roots].find(each => each.model === pictures.space.document.roots()[0]);
        const box = view.el.getBoundingClientRect();
        return [box.left + view.frame.x_scale.compute({target.macs / 1e9}),
                box.top + view.frame.y_scale.compute({target.activations / 1e6})];
    }})()""")
    page.drag((x, y), (x, y), 0)
    page.until("state.sizes.C !== 32")
    found = rf.resnext(50, size(page, "C"), size(page, "d")).cost()
    assert found.macs == pytest.approx(target.macs, rel=0.05)
    assert found.activations == pytest.approx(target.activations, rel=0.05)
    assert (size(page, "C"), size(page, "d")) != (32, 4)


def test_the_front_is_that_of_all_designs(page: Page) -> None:
    page.evaluate("byId('space').scrollIntoView({block: 'center'})")
    page.until("pictures.space.key !== undefined")
    for vertical in ("activations", "params"):
        page.enter("#vertical", vertical)
        page.until("pictures.space.key === DRAWINGS.space.key()")
        found = page.evaluate("pictures.space.found")
        designs = list(zip(found["x"], found["y"], strict=True))
        front = page.evaluate("(({x, y}) => x.map((each, place) => [each, y[place]]))(part('space', 'front').data)")
        sign = 1 if vertical == "params" else -1
        best: list[tuple[float, float]] = []
        for x, y in sorted(designs, key=lambda design: (sign * design[0], -sign * design[1])):
            if not best or sign * y > sign * best[-1][1]:
                best.append((x, y))
        assert len(found["x"]) == 64 * 128
        assert [pytest.approx(each) for each in best] == [tuple(each) for each in front]
        cost = rf.resnext(50, 64, 128).cost()
        assert designs[-1] == pytest.approx((cost.macs / 1e9, getattr(cost, vertical) / 1e6), rel=1e-12)
        # The line of equal cost goes through the widths that are no whole numbers.
        (at_32,) = rf.solve_width(rf.resnet(50), [32], "block")
        x, y = page.evaluate("(({x, y}) => [x[31], y[31]])(part('space', 'budget').data)")
        for value, figure, unit in ((x, "macs", 1e9), (y, vertical, 1e6)):
            low, high = (getattr(rf.resnext(50, 32, d).cost(), figure) / unit for d in (3, 4))
            assert low < value < high
        assert 3 < (at_32.root or 0) < 4


def test_the_terms_add_up_and_the_texts_give_the_same_figure(page: Page) -> None:
    page.enter("#slider-C", 8)
    page.enter("#formula", "counted")
    terms = page.evaluate("[...document.querySelectorAll('#terms .number')].map(cell => cell.innerText)")
    macs = rf.resnext(50, 8, 14).cost().macs
    assert sum(int(term.replace(",", "")) for term in terms) == macs
    assert page.text("#sum") == f"{macs:,}"
    name, *arguments = shlex.split(page.text("#command"))
    done = CliRunner().invoke(main, [*arguments, "--format", "json"], prog_name=name)
    assert f'"macs": {macs}' in done.stdout
    code = page.evaluate("byId('python').textContent").replace("print(", "answers.append(")
    answers: list[int] = []
    exec(code, {"answers": answers})  # noqa: S102 (what the page says)
    assert answers == [macs]
    latex = page.text("#latex")
    assert "\\frac{9}{16} \\cdot 8 \\cdot 14^{2} \\cdot 3 \\cdot 224^{2}" in latex
    assert f"&= {macs:,}".replace(",", "{,}") in latex


def test_the_formula_of_what_costs_the_same_is_equation_4(page: Page) -> None:
    """C (256 d + 3 * 3 * d * d + d * 256), where 256 = 4 w channels go in and out."""
    terms = page.evaluate("[...document.querySelectorAll('#terms tr')].map(row => row.innerText.split('\\t'))")
    assert [term[0].strip() for term in terms] == ["9 C d2", "8 C d w"]
    assert [term[1].strip() for term in terms] == ["9 · 32 · 42", "8 · 32 · 4 · 64"]  # squares stand above the line
    assert page.text("#sum") == f"{32 * (256 * 4 + 3 * 3 * 4 * 4 + 4 * 256):,}"


def test_a_convention_in_python_and_for_another_family(page: Page) -> None:
    preset = page.evaluate("DATA.presets.findIndex(each => each.title.startsWith('ResNeXt-29 (16'))")
    page.enter("#preset", preset)
    page.enter("#figure", "thop")
    page.enter("#formula", "counted")
    answers: list[int] = []
    exec(page.evaluate("byId('python').textContent").replace("print(", "answers.append("), {"answers": answers})  # noqa: S102
    assert answers == [rf.resnext_cifar(29, 16, 64).cost().total("thop")]


def test_a_link_opens_the_same_design(page: Page, written: Path) -> None:
    page.click("#follow")
    for control, value in (("#slider-C", 16), ("#slider-d", 9), ("#kept", "macs"), ("#figure", "pycls"), ("#batch", 7)):
        page.enter(control, value)
    link = page.evaluate("address()")
    shown = [page.text(part) for part in ("#answer", "#exactly", "#figures", "#stages", "#command")]
    page.open(written.as_uri() + link)
    assert [page.text(part) for part in ("#answer", "#exactly", "#figures", "#stages", "#command")] == shown
    assert (size(page, "C"), size(page, "d")) == (16, 9)
    # A moment after the last change the address is the link.
    page.enter("#slider-C", 17)
    page.until("location.href.includes('C%3A17')")


@pytest.mark.parametrize(
    "fragment",
    ["#design=99,C:1", "#design=length,C:1", "#design=0,C:x,d:-3,r:1e99&kept=nothing&batch=-1&budget=abc", "#%%%"],
)
def test_a_broken_link_opens_a_page_that_works(page: Page, written: Path, fragment: str) -> None:
    page.open(written.as_uri() + fragment)
    assert re.match(r"At C = \d+, ", page.text("#answer"))


def test_another_reference_and_this_design_as_one(page: Page) -> None:
    place = page.evaluate("DATA.presets.findIndex(each => each.title === 'ResNet-101 (1x64d)')")
    page.enter("#kept", "macs")
    page.enter("#against", place)
    (found,) = rf.solve(rf.resnext(50, 32, 4), "d", like=rf.resnet(101))
    assert f"d = {found.sizes['d']} comes nearest to the cost of ResNet-101 (1x64d)" in page.text("#answer")
    assert page.text("#here-name") == "this design"
    page.click("#hold")
    assert column(page, 2) == column(page, 3)


def test_the_sizes_of_the_reference_are_sliders_too(page: Page) -> None:
    page.evaluate("byId('reference-part').open = true")
    page.enter("#budget", 70000)
    page.enter("#reference-field-d", 32)
    # The block of ResNet-50 at half its width: 256 d + 3 * 3 * d * d + d * 256.
    budget = 256 * 32 + 9 * 32 * 32 + 32 * 256
    widths = {d: 32 * (256 * d + 9 * d * d + 256 * d) for d in range(1, 9)}
    d = min(widths, key=lambda d: abs(widths[d] - budget))
    assert page.evaluate("byId('budget').value") == str(budget)
    assert f"the width d = {d} " in page.text("#answer")
    assert size(page, "d") == d
    assert "d = 32" in page.text("#against")
    page.enter("#against", 1)
    assert page.evaluate("byId('reference-slider-d').value") == "40"


def test_a_design_of_the_paper_is_called_by_its_name(page: Page, written: Path) -> None:
    def shown() -> tuple[str, str]:
        return page.text("#here-name"), page.evaluate("byId('preset').selectedOptions[0].label")

    assert shown() == ("ResNeXt-50 (32x4d)",) * 2
    page.enter("#slider-C", 8)  # d follows
    assert shown() == ("ResNeXt-50 (8x14d)",) * 2
    page.enter("#slider-n3", 7)
    assert shown() == ("this design", "another design")
    place = page.evaluate("DATA.presets.findIndex(each => each.title === 'ResNet-200 (1x64d), 320 pixels')")
    page.enter("#preset", place)
    page.open(written.as_uri() + page.evaluate("address()"))
    assert shown() == ("ResNet-200 (1x64d), 320 pixels",) * 2


def test_nothing_is_loaded_and_all_is_within_the_size(page: Page, written: Path) -> None:
    assert written.stat().st_size <= 1.8e6
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(page: Page, written: Path, width: int, scheme: str) -> None:
    page.resize(width, scheme=scheme)
    page.open(written.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The contrast of every text and of every colour of a picture, after WCAG 2.2: 4.5 for text, 3 for graphics.
    assert page.evaluate(CONTRAST) == []


CONTRAST = """(() => {
  const luminance = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
      .map(each => each / 255).map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = element => {
    const colour = getComputedStyle(element).backgroundColor;
    return /, 0\\)$/.test(colour) && element.parentElement ? behind(element.parentElement) : colour;
  };
  const texts = [...document.querySelectorAll("main *")].filter(each => each.checkVisibility()
    && !each.closest(".picture") && !each.closest("[aria-hidden]")
    && [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  const poor = texts.filter(each => contrast(getComputedStyle(each).color, behind(each)) < 4.5)
    .map(each => each.outerHTML);
  const page = getComputedStyle(document.body).backgroundColor;
  const signs = [...document.querySelectorAll(".legend b")].filter(each => each.checkVisibility()
    && each.textContent !== "▪" && contrast(getComputedStyle(each).color, page) < 3).map(each => each.outerHTML);
  return [...poor, ...signs];
})()"""


def test_everything_has_a_name_for_a_screen_reader(page: Page) -> None:
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    asked = {"button", "slider", "spinbutton", "combobox", "checkbox", "textbox", "image", "table"}
    found = [node for node in nodes if not node["ignored"] and node["role"]["value"] in asked]
    roles = {node["role"]["value"] for node in found}
    assert {"slider", "spinbutton", "combobox", "checkbox", "textbox", "image"} <= roles
    assert not [node for node in found if node["role"]["value"] != "table" and not node["name"]["value"].strip()]
    assert not [node for node in found if "Bokeh" in node["name"].get("value", "")]


def test_two_models_side_by_side(browser: Page, tmp_path: Path) -> None:
    file = tmp_path / "two.html"
    file.write_text(model_page([rf.network("resnet18"), rf.network("vgg16")]), encoding="utf-8")
    browser.resize(1400)
    browser.open(file.as_uri())
    first, second = rf.resnet(18).cost(), rf.network("vgg16").cost()
    assert column(browser, 2)[:2] == [f"{second.params:,}", f"{second.macs:,}"]
    assert column(browser, 3)[:2] == [f"{first.params:,}", f"{first.macs:,}"]
    browser.enter("#slider-r", 128)
    assert column(browser, 2)[1] == f"{rf.solve(rf.vgg(16, resolution=128), 'w', like=rf.resnet(18))[0].cost:,}"
    narrow = rf.resnet(18, base_width=32)
    browser.enter("#reference-slider-w", 32)
    assert column(browser, 3)[1] == f"{narrow.cost().macs:,}"
    assert column(browser, 2)[1] == f"{rf.solve(rf.vgg(16, resolution=128), 'w', like=narrow)[0].cost:,}"
    browser.enter("#model", 0)
    assert column(browser, 2)[:2] == [f"{first.params:,}", f"{first.macs:,}"]
    assert column(browser, 3)[1] == f"{narrow.cost().macs:,}"
    assert browser.console == []


def test_a_real_constructor(browser: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "explored.py").write_text(
        "from torch import nn\n\ndef net(w=16, k=10):\n"
        "    return nn.Sequential(nn.Conv2d(3, w, 3), nn.Flatten(), nn.Linear(36 * w, k))\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ["explore", "explored:net(w=2*h)", "--free", "h=8,k", "--input", "1,3,8,8", "--output", "page.html"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    browser.resize(1400)
    browser.open((tmp_path / "page.html").as_uri())
    browser.enter("#slider-k", 20)
    h = int(browser.evaluate("byId('field-h').value"))
    w = 2 * h
    # The 3x3 convolution makes w maps of 6x6 pixels, and the linear layer takes all of them.
    assert column(browser, 2)[1] == f"{6 * 6 * 9 * 3 * w + 6 * 6 * w * 20:,}"
    _, _, call, *_ = shlex.split(browser.text("#command"))
    assert call == f"explored:net(w=2 * {h}, k=20)"
    assert browser.console == []


def test_one_size_alone_is_solved_for(browser: Page, tmp_path: Path) -> None:
    file = tmp_path / "one.html"
    file.write_text(model_page([rf.resnet(18)], {"r": Span()}), encoding="utf-8")
    browser.resize(1400)
    browser.open(file.as_uri())
    browser.enter("#budget", 10**9)
    # Other resolutions than multiples of 32 have other formulas, so these are all that the page knows.
    (found,) = rf.solve(rf.resnet(18), "r", budget=10**9, multiple_of=32)
    assert f"r = {found.sizes['r']} " in browser.text("#answer")
    assert not browser.evaluate("[...document.querySelectorAll('.of-pairs')].some(part => part.checkVisibility())")
    assert browser.evaluate("byId('balance').checkVisibility()")
    assert browser.console == []


def test_examples_at_once_are_a_size_too(browser: Page, tmp_path: Path) -> None:
    file = tmp_path / "batch.html"
    file.write_text(model_page([rf.resnet(18)], {"N": Span(), "r": Span()}), encoding="utf-8")
    browser.resize(1400)
    browser.open(file.as_uri())
    browser.enter("#field-N", 16)
    assert column(browser, 2)[1] == f"{16 * rf.resnet(18).cost().macs:,}"
    assert column(browser, 2)[3] == f"{rf.resnet(18).memory(batch=16).training:,}"
    assert not browser.evaluate("byId('batch').checkVisibility()")
    assert browser.console == []
