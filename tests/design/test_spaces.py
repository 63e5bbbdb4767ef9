"""Design spaces: what is drawn, which candidates count, what they cost, and when the search ends."""

import json
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner, Result

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.families.regnet import quantised
from resnext_flops.complexity.figures import COMMON
from resnext_flops.design import spaces
from resnext_flops.design.spaces import CHUNK, SPACES, Range, Sampled, Space, anynet_x, regnet_x, regnet_y
from resnext_flops.errors import MissError


def near_400m(space: Space, designs: int, seed: int) -> Sampled:
    return space.sample(designs, budget="macs = 400M", within=1, seed=seed)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_random_hundred_cost_what_their_descriptions_cost(space: Space) -> None:
    found = space.sample(100, budget="fvcore > 0", seed=17)
    for place, network in enumerate(found.networks()):
        ledger = network.cost()
        exact = [ledger.params, ledger.macs, ledger.activations, ledger.total("fvcore")]
        assert [found.columns[name].item(place) for name in (*COMMON, "fvcore")] == exact


def test_the_networks_are_those_of_torchvision() -> None:
    from torchvision.models.regnet import BlockParams, RegNet

    row = anynet_x.sample(1, budget="macs <= 50M", seed=3).frame.iloc[0]
    depths, widths, ratios, groups = ([int(each) for each in row[name].split("/")] for name in anynet_x.ranges)
    blocks = BlockParams(depths, widths, groups, [1 / ratio for ratio in ratios], [2] * 4, se_ratio=None)
    assert row["params"] == sum(parameter.numel() for parameter in RegNet(blocks).parameters())


def by_hand(depth: int, w_0: int, w_a: float, w_m: float) -> bool:
    """Whether a RegNet has the powers 0 to 3 of w_m and no other, by the sum of Eqn. 2 and the rounding of Eqn. 3."""
    powers = {round(math.log((w_0 + w_a * block) / w_0) / math.log(w_m)) for block in range(depth)}
    return powers == {0, 1, 2, 3}


# At w_m = 2.25 and w_0 = 80 a block of width 120 lies on the border of two powers, and 80 * 2.5 / 8 on that of two
# widths; w_0 = 8 and w_m = 2.5 likewise.
BORDERS = [(20, 80, 8.0, 2.25), (20, 80, 20.0, 2.25), (24, 8, 8.0, 2.5), (15, 56, 35.7, 2.5), (28, 16, 8.0, 2.56)]


def test_the_stages_are_those_of_the_family() -> None:
    rows = regnet_x.draw(generator(), 3000)
    borders = [[depth, w_0 // 8, round(10 * w_a), round(1000 * w_m), 2] for depth, w_0, w_a, w_m in BORDERS]
    rows = np.concatenate([rows, np.array(borders)])
    values = regnet_x.values(rows)
    places, stages = regnet_x.fit(values)
    drawn = [tuple(each[row, 0].item() for each in values.values()) for row in range(len(rows))]
    assert places.tolist() == [place for place, (*line, _) in enumerate(drawn) if by_hand(*line)]
    for row, place in enumerate(places):
        expected = [(stage.depth, stage.width, stage.groups) for stage in quantised(*drawn[place])]
        widths = 8 * stages.groups[row] * stages.group_width[row]
        assert list(zip(stages.depth[row], widths, stages.groups[row], strict=True)) == expected


def test_borders_are_left_to_the_family(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def by_the_family(*given: float) -> tuple[list[int], list[int]]:
        asked.append(given)
        return [1, 1, 1, 1], [1, 2, 3, 4]

    monkeypatch.setattr(spaces, "_by_the_family", by_the_family)
    values = {name: np.array([[value]]) for name, value in zip(regnet_x.ranges, (20, 80, 8.0, 2.25, 16), strict=True)}
    regnet_x.fit(values)
    assert asked == [(20, 80, 8.0, 2.25)]


def test_bottlenecks_are_fitted_to_groups_and_blocks_to_bottlenecks() -> None:
    # 40 / 2 = 20 channels in groups of 8: the nearest multiple is 16 (20 / 8 = 2.5 is rounded to even), so the block
    # has 2 * 16 = 32. 8 / 4 = 2 channels are one group. 120 channels are 3.75 groups of 32, so 4 of them.
    values = {
        "depth": [1, 2, 3, 4],
        "widths": [40, 8, 120, 24],
        "bottleneck": [2, 4, 1, 1],
        "group_width": [8, 32, 32, 1],
    }
    shown = anynet_x.shown({name: np.array([row]) for name, row in values.items()})
    assert [each.item() for each in shown.values()] == ["1/2/3/4", "32/8/128/24", "2/4/1/1", "8/2/32/1"]


def test_anynet_x_has_the_choices_of_the_paper() -> None:
    # Section 3.2: (16 * 128 * 3 * 6)^4 networks, about 10^18.
    drawn = anynet_x.draw(generator(), 20_000)
    choices = [len(np.unique(columns)) for columns in np.split(drawn, 4, axis=1)]
    assert choices == [16, 128, 3, 6]
    assert round(math.log10(math.prod(choices) ** 4)) == 18


@pytest.mark.parametrize(
    ("drawn", "value", "share"),
    [
        (Range(12, 28, law="uniform"), 12, 1 / 17),
        (Range(1, 32, law="powers of 2"), 32, 1 / 6),
        # Multiples of 8: the real numbers above 4 up to 8, of those above 4 up to 256; and above 248.
        (Range(8, 256, Fraction(8)), 8, math.log(8 / 4) / math.log(256 / 4)),
        (Range(8, 256, Fraction(8)), 256, math.log(256 / 248) / math.log(256 / 4)),
        (Range(2, 3, Fraction(1, 1000)), 2, math.log(2 / 1.999) / math.log(3 / 1.999)),
        (Range(2, 3, Fraction(1, 1000)), 2.5, math.log(2.5 / 2.499) / math.log(3 / 1.999)),
    ],
    ids=str,
)
def test_a_value_is_drawn_as_often_as_its_law_says(drawn: Range, value: float, share: float) -> None:
    count = 1_000_000
    values = drawn.values(drawn.draw(generator(), (count,)))
    assert (values.min(), values.max()) == (drawn.low, drawn.high)
    # Five standard deviations of a binomial distribution.
    assert (values == value).sum() == pytest.approx(count * share, abs=5 * math.sqrt(count * share))


def test_decimal_fractions_are_the_nearest_floats() -> None:
    assert Range(2, 3, Fraction(1, 1000)).values(np.array([2054, 2697])).tolist() == [2.054, 2.697]


def test_a_sample_is_the_first_candidates_that_meet_the_budget() -> None:
    found = near_400m(regnet_y, 60, 5)
    first = near_400m(regnet_y, 20, 5)
    assert first.numbers.tolist() == found.numbers.tolist()[:20]
    assert first.drawn == first.numbers[-1] + 1 < found.drawn
    assert all(396_000_000 <= macs <= 404_000_000 for macs in found.columns["macs"].tolist())
    assert found.numbers.tolist() != near_400m(regnet_y, 60, 6).numbers.tolist()
    # Once more, candidate by candidate, with every network described.
    rows = regnet_y.draw(np.random.default_rng([5, 0]), CHUNK)[: first.numbers[2] + 1]
    values = regnet_y.values(rows)
    complete, met = 0, []
    for place in range(len(rows)):
        parameters = {name: each[place, 0].item() for name, each in values.items()}
        line = [parameters[name] for name in ("depth", "w_0", "w_a", "w_m")]
        complete += by_hand(*line)
        if by_hand(*line) and abs(rf.network(regnet_y.call(parameters)).cost().macs - 400_000_000) <= 4_000_000:
            met.append(place)
    assert met == first.numbers.tolist()[:3]
    assert complete == near_400m(regnet_y, 3, 5).complete


def test_designs_are_different(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "MOST_CHUNKS", 2)
    few = spaces.AnyNets("few", {name: Range(each.low, each.low) for name, each in anynet_x.ranges.items()})
    found = few.sample(3)
    assert (len(found.numbers), found.drawn) == (1, 2 * CHUNK)


@pytest.fixture(scope="module")
def some() -> Sampled:
    return regnet_x.sample(40, budget="macs <= 1G")


def test_a_distribution_says_which_share_has_at_most_so_much(some: Sampled) -> None:
    values, shares = some.distribution("params")
    own = some.columns["params"]
    assert sorted(own.tolist()) == values.tolist()
    assert shares.tolist() == [sum(own <= value) / 40 for value in values.tolist()]
    with pytest.raises(rf.InputError, match=r"unknown figure 'parms'; did you mean 'params'\?"):
        some.distribution("parms")


def test_a_wrong_formula_is_found(some: Sampled) -> None:
    some.hold(0)
    wrong = {**some.columns, "params": some.columns["params"] + 1}
    with pytest.raises(MissError, match="the formulas of regnet_x give"):
        Sampled(some.space, some.budgets, 0, some.drawn, some.complete, some.numbers, wrong).hold(0)


REFUSED = {
    "macs = 400M": "'macs = 400M' asks for the nearest; say how far off it may be: within=1 (--within 1%)",
    "macs": "cannot use 'macs': it must be a comparison, such as 'macs <= 4.2e9'",
    "parms <= 3M": "cannot use 'parms <= 3M': unknown name 'parms'; did you mean 'params'?",
    "macs <= 3k": "none of 131,072 candidates of regnet_x meets macs <= 3000; one that comes near is regnet(",
    "macs ** 4 <= 3": "does not fit 64 bits",
}


@pytest.mark.parametrize("budget", REFUSED)
def test_what_cannot_be_sampled_is_one_sentence(budget: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "MOST_CHUNKS", 2)
    with pytest.raises(rf.InputError) as error:
        regnet_x.sample(3, budget=budget)
    assert REFUSED[budget] in str(error.value)


def test_the_nearest_candidate_is_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "MOST_CHUNKS", 1)
    every = regnet_x.sample(100_000)
    with pytest.raises(rf.InputError, match=f"with {every.columns['macs'].min():,} macs"):
        regnet_x.sample(3, budget="macs <= 3k")


def test_each_chunk_has_candidates_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "MOST_CHUNKS", 2)
    found = regnet_x.sample(100_000)
    first = (found.numbers < CHUNK).sum()
    # The same ones again would be left out, as each design is taken once.
    assert 0.9 * first < len(found.numbers) - first < 1.1 * first


@pytest.mark.parametrize(("designs", "within", "seed"), [(0, 1, 0), (3, -1, 0), (3, 100, 0), (3, 1, -1)])
def test_numbers_out_of_range_are_refused(designs: int, within: float, seed: int) -> None:
    with pytest.raises(rf.InputError, match="must be"):
        regnet_x.sample(designs, budget="macs = 1G", within=within, seed=seed)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["sweep", *words])


def test_the_command_shows_what_was_drawn() -> None:
    words = ("--space", "regnet_x", "--budget", "macs = 400M", "--within", "1%", "--sample", "30", "--seed", "2")
    found = near_400m(regnet_x, 30, 2)
    designs, distribution = json.loads(run(*words, "--format", "json").stdout)["result"]
    rows = designs["rows"]
    assert [row["macs"] for row in rows] == found.columns["macs"].tolist()
    assert [rf.network(row["model"]).cost().params for row in rows] == found.columns["params"].tolist()
    said = " ".join(designs["notes"])
    assert f"Of {found.drawn:,} candidates {found.complete:,} are networks of the space, and 30 of these" in said
    assert "w_m log-uniform from 2 to 3 in steps of 0.001" in said
    shares = {Fraction(row["share_percent"]): row["params"] for row in distribution["rows"]}
    counts = Counter({share: sum(found.columns["params"] <= most) for share, most in shares.items()})
    assert all(count >= share * 30 / 100 for share, count in counts.items())
    assert shares[Fraction(100)] == found.columns["params"].max()


def test_a_file_holds_the_designs(tmp_path: object) -> None:
    path = f"{tmp_path}/designs.csv"
    assert run("--space", "anynet_x", "--sample", "3", "--output", path).exit_code == 0
    import pandas

    read = pandas.read_csv(path, index_col="design")
    pandas.testing.assert_frame_equal(read, anynet_x.sample(3).frame, check_dtype=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--space", "regnet"], "unknown design space 'regnet'; "),
        (["resnet50", "--space", "regnet_x"], "a MODEL is given with --space, which takes --budget, --within, "),
        (["--space", "regnet_x", "--width", "3"], "--width is given with --space, which takes --budget, --within, "),
        (["--space", "regnet_x", "--within", "much"], "'much' is not a number of percent, such as 1% or 0.5"),
        (["--space", "regnet_x", "--within", "1%"], "within is for a budget with =, such as 'macs = 400M'"),
        (["--space", "regnet_x", "--output", "a.xls"], "unknown suffix '.xls'"),
        (["--space", "regnet_x", "--output", "a.csv", "--format", "json"], "--format json is for what is printed"),
        ([], "give a MODEL whose sizes are swept, or a design space, as in --space regnet_x"),
    ],
)
def test_bad_words_end_with_2(words: list[str], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in str(result.exception) or said in result.stderr


def test_a_sweep_of_a_model_takes_a_budget_with_a_tolerance_too() -> None:
    within = rf.sweep(rf.resnext(50), {"C": "1:64", "d": "1:64"}, budget="macs = 4.2G", within=1)
    between = rf.sweep(rf.resnext(50), {"C": "1:64", "d": "1:64"}, budget="4158M <= macs <= 4242M")
    assert within.equals(between)
