"""A printed figure is read with its last digit, and what it is comes from arithmetic and from weights."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from torch import nn

import resnext_flops as rf
from resnext_flops.proof.identify.facts import Facts, Head, facts
from resnext_flops.proof.identify.forms import DEPLOYED, TRAINING, forms
from resnext_flops.proof.identify.hypotheses import Hypothesis, Match, Readings, readings
from resnext_flops.proof.identify.search import Printed, Search, beside, given
from resnext_flops.proof.identify.weights import CHANCE, Weights, by_chance, explained, share
from resnext_flops.proof.published import parse_figure, prefix_power

# What a figure is: its digits, its exponent, so that its last digit is kept, and the power of ten of its prefix.
PRINTED = {
    "4.12G": (412, 7, 9),
    "4.10G": (410, 7, 9),
    "25.6 M": (256, 5, 6),
    "~3.8 B": (38, 8, 9),
    "3.8e9": (38, 8, 0),
    "7K": (7, 3, 3),
    "4.1 GFLOPs": (41, 8, 9),
    "4.1GiFLOPs": (41, 8, 9),
    "4.1KiFLOPs": (41, 2, 3),
    "4.1 GMACs": (41, 8, 9),
    "4,089,184,256": (4_089_184_256, 0, 0),
    "4_089": (4089, 0, 0),
    "4.1 MACs": (41, -1, 0),
}


@pytest.mark.parametrize("text", PRINTED)
def test_a_figure_keeps_its_last_digit(text: str) -> None:
    digits, exponent, prefix = PRINTED[text]
    _, found, power = parse_figure(text).as_tuple()
    assert (int("".join(map(str, found))), power, prefix_power(text)) == (digits, exponent, prefix)


@pytest.mark.parametrize("text", ["four", "", "-3", "4.1Gi", "4GG", "2k 3", "1e999", "4.1 X"])
def test_what_is_no_figure(text: str) -> None:
    with pytest.raises(rf.InputError, match="cannot be read; write it as"):
        parse_figure(text)


def test_a_figure_is_a_text() -> None:
    with pytest.raises(rf.InputError, match="give it as a text, as it is printed"):
        rf.identify("resnet50", 3.8e9)  # type: ignore[arg-type]


def test_figures_without_a_question_or_with_two_are_refused() -> None:
    with pytest.raises(rf.InputError, match="no figure is given; give one as it is printed"):
        rf.identify("resnet50")
    with pytest.raises(rf.InputError, match="say of each figure what it is of"):
        rf.identify("resnet50", "4.1G", params="25.6M")


# ResNet-50: the weights are those of the ledger, which other tests hold; the batch norms are counted here.
WEIGHTS = 25_502_912
BLOCKS = {64: 3, 128: 4, 256: 6, 512: 3}
NORMED = 64 + sum(count * (width + width + 4 * width) + 4 * width for width, count in BLOCKS.items())  # channels


def test_the_parts_of_parameters() -> None:
    found = facts(rf.resnet(50).cost())
    assert found.params == {
        "all": WEIGHTS + 1000 + 2 * NORMED,
        "weights": WEIGHTS,
        "without norms": WEIGHTS + 1000,
        "without biases": WEIGHTS + 2 * NORMED,
        "of layers": WEIGHTS + 1000 + 2 * NORMED,
        "with statistics": WEIGHTS + 1000 + 4 * NORMED,
        "of layers with statistics": WEIGHTS + 1000 + 4 * NORMED,
        "with statistics, without scales": WEIGHTS + 1000 + 3 * NORMED,
    }
    assert found.head == Head(1, 1000, 2048, 1)


def test_positions_and_the_class_token_are_in_no_layer() -> None:
    found = facts(rf.model("torchvision:vit_b_16").cost())
    assert found.params["all"] - found.params["of layers"] == 197 * 768 + 768


def test_pools_that_fvcore_counts() -> None:
    found = facts(rf.resnet(50).cost()).operations
    assert found["fvcore"] - found["fvcore without pools"] == 2048 * 7 * 7
    # The gates of timm's MobileNetV3 take means, which fvcore does not count: channels and pixels of each gate.
    gates = [(16, 56), (96, 14), (240, 14), (240, 14), (120, 14), (144, 14), (288, 7), (576, 7), (576, 7)]
    small = facts(rf.model("timm:mobilenetv3_small_100").cost()).operations
    averaged = sum(channels * pixels**2 for channels, pixels in gates)
    assert small["fvcore with means as pools"] - small["fvcore"] == averaged
    # MMCV's counter sees a pool there, too: the mean over the image before the classifier is a module.
    assert small["mmcv"] - small["mmcv without pools"] == averaged + 576 * 7**2
    assert "mmcv with means as pools" not in small


def test_two_heads_of_a_distilled_transformer_are_its_classifier() -> None:
    found = facts(rf.model("timm:deit_tiny_distilled_patch16_224").cost())
    assert found.head == Head(2, 1000, 192, 1)


@pytest.mark.parametrize(
    "name", ["timm:mobilenetv3_large_100(num_classes=0)", "timm:seresnet18(num_classes=0)", "googlenet"]
)
def test_a_gate_a_convolution_and_a_head_beside_others_are_no_classifier(name: str) -> None:
    assert facts(rf.model(name).cost()).head is None


def test_layers_in_a_row_are_no_heads_beside_each_other() -> None:
    row = nn.Sequential(*(nn.Linear(64, 64) for _ in range(3)))
    assert facts(rf.count(row, (1, 64))).head == Head(1, 64, 64, 1)


def test_other_figures_that_a_reading_gives() -> None:
    """Of 2.1, 2.2, ... 8.2 billion, 4.06 billion gives 4.1, or 4.0 when truncated; one off, 4.0 and 4.2 too."""
    ways = {(True, True, False): 1, (False, True, False): 2, (False, False, True): 3}
    for way, values in ways.items():
        match = Match(Hypothesis("paper"), 4_060_000_000, *way)
        assert given([4_060_000_000], match, Printed.of("4.1G")) == values / 62


# Hypotheses on facts of a network that is made up: 1000 multiply-adds and 100 parameters, 10 of its 7-class classifier.
MADE_UP = Facts({"paper": 1000, "torch": 2001}, {"activations": 50}, {"all": 100}, Head(1, 7, 9, 1))


def exact_figures(kind: str) -> dict[Hypothesis, Fraction]:
    """Every reading with its exact figure."""
    return {hypothesis: Fraction(exact) for exact, hypothesis in Readings(readings(MADE_UP, kind)).items()}  # type: ignore[arg-type]


def test_each_choice_is_arithmetic() -> None:
    operations, params = exact_figures("operations"), exact_figures("params")
    assert operations[Hypothesis("paper", "doubled")] == 2000
    assert operations[Hypothesis("torch", "halved")] == Fraction(2001, 2)
    assert operations[Hypothesis("paper", batch="32")] == 32_000
    assert operations[Hypothesis("paper", head="without the classifier")] == 1000 - 7 * 9
    assert operations[Hypothesis("paper", head="1001 classes")] == 1000 + (1001 - 7) * 9
    assert params[Hypothesis("all", head="without the classifier")] == 100 - 7 * (9 + 1)
    assert params[Hypothesis("all", head="21841 classes")] == 100 + (21_841 - 7) * (9 + 1)


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("3.99K", (False, False, True)),  # 4004 / 1000 = 4.004
        ("4.00K", (True, True, False)),
        ("4.01K", (False, False, True)),
        ("4.02K", ()),
        ("3.91K", (True, True, False)),  # and 4004 / 1024 = 3.9102 with a binary prefix
    ],
)
def test_a_figure_is_rounded_truncated_or_one_off(text: str, ways: tuple[bool, ...]) -> None:
    found = Readings([(2 * 4004, Hypothesis("paper"))]).matching(parse_figure(text), prefix_power(text))
    assert [match[2:] for match in found] == ([ways] if ways else [])
    assert [match.hypothesis.prefix for match in found] == (
        ["binary" if text == "3.91K" else "decimal"] if ways else []
    )


@pytest.mark.parametrize("text", ["1.0K", "0.98K", "1.95K", "31.2K", "937", "0.95K"])
def test_matches_are_those_of_a_plain_search(text: str) -> None:
    """Every reading that rounds to the figure is found, and no other."""
    printed, power = parse_figure(text), prefix_power(text)
    last = Fraction(10) ** int(printed.as_tuple().exponent)
    found = {match.hypothesis for match in Readings(readings(MADE_UP, "operations")).matching(printed, power)}
    for hypothesis, exact in exact_figures("operations").items():
        for prefix in ("decimal", "binary") if power else ("decimal",):
            shown = exact * (Fraction(1000, 1024) if prefix == "binary" else 1) / last
            near = abs(math.floor(shown + Fraction(1, 2)) - Fraction(printed) / last) <= 1
            meets = near or math.floor(shown) == Fraction(printed) / last
            assert (hypothesis._replace(prefix=prefix) in found) == meets


# Weights.
def test_the_share_of_figures_that_are_printed_alike() -> None:
    """By chance a figure of half to twice the size stands there: a range of ln 4."""
    assert share(Decimal("4.1e9")) == pytest.approx(math.log(4.15 / 4.05) / math.log(4))
    assert by_chance(Decimal("4.1e9")) == pytest.approx(CHANCE * share(Decimal("4.1e9")))


def weights_of(**rules: float) -> Weights:
    """Weights of rules, where every other choice is the usual one."""
    usual = {kind: {value: 1.0} for kind, value in Hypothesis("")._asdict().items()}
    return Weights({**usual, "rule": rules}, (0.8, 0.2, 0.0))


def test_an_explanation_is_weighed_against_chance() -> None:
    weights = weights_of(paper=0.5, torch=0.001)
    common = Match(Hypothesis("paper"), 4100, rounded=True, truncated=True, off=False)
    rare = Match(Hypothesis("torch"), 4110, rounded=True, truncated=False, off=False)
    printed = Decimal("4.1e3")
    best = explained([rare, common], printed, weights)
    assert best is not None
    assert best.match is common
    likely = (1 - CHANCE) * 0.5
    assert best.posterior == pytest.approx(likely / (likely + by_chance(printed)))
    alone = explained([rare], printed, weights)
    assert alone is not None
    assert alone.posterior < 0.5  # a rare rule and two digits: more likely a coincidence
    assert explained([], printed, weights) is None


def test_rules_with_the_same_figure_speak_for_each_other() -> None:
    weights = weights_of(paper=0.2, torch=0.2, timm=0.3)
    same = [Match(Hypothesis(rule), 4100, rounded=True, truncated=True, off=False) for rule in ("paper", "torch")]
    other = Match(Hypothesis("timm"), 4120, rounded=True, truncated=True, off=False)
    best = explained([other, *same], Decimal("4.1e3"), weights)
    assert best is not None
    assert best.match.exact == 4100


# The search.
def test_he_2015() -> None:
    """He et al. print 3.8 billion, with the stride in the first 1x1 layer: 3,857,973,248 multiply-adds."""
    best = rf.identify("resnet50", macs="3.8e9").candidates[0].matches["operations"]
    assert best.hypothesis.form == "with the stride in the 1x1"
    found = rf.identify("resnet50", macs="3857973248")
    assert found.explained
    assert found.candidates[0].matches["operations"].hypothesis.form == "with the stride in the 1x1"


def test_figures_together_share_their_network() -> None:
    """HRNet's README prints 2^30 multiply-adds; at 256 pixels ResNet-50 has the same parameters."""
    both = rf.identify("resnet50", params="25.557M", macs="5.341G").candidates[0].matches
    assert both["operations"].hypothesis.image == both["params"].hypothesis.image == "256"
    assert both["operations"].exact == 81_456 * 256**2 + 2_048_000  # Newton's formula of its multiply-adds


def test_auxiliary_heads() -> None:
    # GoogLeNet's 1,498,376,192 multiply-adds and its two heads: 1x1 to 128 channels on 4x4 pixels, 2048 x 1024, and
    # 1024 x 1000 features, after modules of 512 and 528 channels.
    heads = sum(channels * 128 * 16 + 2048 * 1024 + 1024 * 1000 for channels in (512, 528))
    for name in ("googlenet", "torchvision:googlenet"):
        found = rf.identify(name, str(1_498_376_192 + heads))
        assert found.candidates[0].matches["operations"].hypothesis == Hypothesis("paper", form=TRAINING)
    assert not rf.identify(rf.googlenet(aux=False), str(1_498_376_192 + heads)).candidates


def test_a_deployed_form() -> None:
    """mmpretrain prints 26,206,448,128 for the deployed RepVGG-B3, without its classifier of 2560 features."""
    found = rf.identify("timm:repvgg_b3", "26206448128").candidates[0].matches["operations"].hypothesis
    assert (found.form, found.head) == (DEPLOYED, "without the classifier")


def test_forms_are_made_only_while_the_figure_is_not_explained() -> None:
    made = []
    search = Search([{"operations": Printed.of("4089184256")}])
    for form in forms(rf.resnet(50)):
        made.append(form.image)
        search.add(form)
        if search.is_over:
            break
    assert made == ["as stated"]


def test_what_no_reading_gives_has_a_nearest_one() -> None:
    found = rf.identify("resnet50", "9.99T")
    assert not found.candidates
    assert not found.explained
    assert found.nearest


def test_a_printed_figure_beside_the_exact_one_in_its_prefix() -> None:
    """HRNet-W18 has 4,283,537,072 multiply-adds, which are 3.989 times 2^30."""
    match = Match(Hypothesis("paper", prefix="binary"), 4_283_537_072, rounded=True, truncated=False, off=False)
    agreement = beside(Printed.of("3.99G"), match)
    assert agreement.rounded
    assert float(agreement.exact) / 1e9 == pytest.approx(4_283_537_072 / 2**30)
