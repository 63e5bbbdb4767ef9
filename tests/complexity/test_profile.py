"""Features and profiles: sums by hand, the same of described and of built networks, and times that are plain to see."""

from pathlib import Path

import pytest
import torch

import resnext_flops as rf
from resnext_flops.complexity import features as sums
from resnext_flops.complexity.cost import walk_ledger
from resnext_flops.complexity.features import features, kinds
from resnext_flops.complexity.formula import substitute
from resnext_flops.complexity.layers import (
    IDENTITY,
    BatchNorm,
    Conv,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    ReLU,
    Sequential,
    Sum,
    walk,
)
from resnext_flops.complexity.profile import Profile, estimate, profile, read_profile
from resnext_flops.errors import InputError

PROFILE = """\
format = 1
machine = "a plain machine"
software = "none"
precision = "whole numbers"
layout = "nchw"
source = "a test"
command = "none"
models = 100
families = 10
batch = 64
interval = [0.9, 1.2]
wide_interval = [0.5, 2.0]
kinds = [
    "dense conv", "pointwise conv", "grouped conv", "batch norm", "relu", "sum", "linear",
    "global average pool", "max pool",
]

[femtoseconds.macs]
dense = 2.0
grouped = 8.0
pointwise = 3.0

[femtoseconds.written]
sum = 100.0

[femtoseconds.weights]
linear = 7.0

[femtoseconds.network]
operators = 1e6
run = 5e9
"""


def plain() -> Profile:
    return read_profile(PROFILE, "plain.toml")


def test_sums_by_hand() -> None:
    body = Sequential.of(
        conv=Conv(8, 3, padding=1),
        bn=BatchNorm(),
        add=Sum.of(
            branch=Sequential.of(group=Conv(8, 3, padding=1, groups=2), depth=Conv(8, 3, padding=1, groups=8)),
            shortcut=IDENTITY,
        ),
        # A row is no pixel, and two channels for each are depthwise, too.
        row=Conv(8, (1, 3), padding=(0, 1)),
        wide=Conv(16, 1, groups=8),
        narrow=Conv(8, 1),
        relu=ReLU(),
        maximum=MaxPool(2, 2),
        pool=GlobalAvgPool(),
        flatten=Flatten(),
        fc=Linear(5),
    )
    found = features(walk_ledger(walk(body, (4, 6, 6))))
    assert found == {
        ("macs", "dense"): 36 * 8 * 4 * 9 + 36 * 8 * 8 * 3,
        ("macs", "pointwise"): 36 * 8 * 16,
        ("macs", "grouped"): 36 * 8 * 4 * 9,
        ("macs", "depthwise"): 36 * 8 * 9 + 36 * 16,
        ("macs", "linear"): 8 * 5,
        ("weights", "dense"): 8 * 4 * 9 + 8 * 8 * 3,
        ("weights", "pointwise"): 8 * 16,
        ("weights", "grouped"): 8 * 4 * 9,
        ("weights", "depthwise"): 8 * 9 + 16,
        ("weights", "linear"): 8 * 5,
        ("read", "dense"): 4 * 36 + 8 * 36,
        ("read", "pointwise"): 16 * 36,
        ("read", "depthwise"): 2 * 8 * 36,
        **{("read", kind): 8 * 36 for kind in ("grouped", "batch_norm", "activation", "max_pool")},
        ("read", "pool"): 8 * 9,
        ("read", "sum"): 2 * 8 * 36,
        ("read", "linear"): 8,
        ("written", "dense"): 2 * 8 * 36,
        ("written", "depthwise"): 8 * 36 + 16 * 36,
        **{("written", kind): 8 * 36 for kind in ("pointwise", "grouped", "batch_norm", "sum", "activation")},
        ("written", "max_pool"): 8 * 9,
        ("written", "pool"): 8,
        ("written", "linear"): 5,
        ("network", "operators"): 12,
        ("network", "run"): 1,
    }


@pytest.mark.parametrize(
    ("described", "built"),
    [
        ("resnext50_32x4d", "torchvision:resnext50_32x4d"),
        ("mobilenet_v3_large", "torchvision:mobilenet_v3_large"),  # gates, and two kinds of activations
        ("convnext_tiny", "torchvision:convnext_tiny"),  # layer norm, and other orders of the axes
        ("googlenet", "torchvision:googlenet"),  # concatenations, and heads that only train
    ],
)
def test_a_described_and_a_built_network_have_the_same_features(described: str, built: str) -> None:
    ours, theirs = rf.model(described).cost(), rf.model(built).cost()
    assert (ours.origin, theirs.origin) == ("derived", "counted")
    assert features(ours) == features(theirs)
    assert kinds(ours) == kinds(theirs)


def test_densenet_differs_by_concatenations_of_one_tensor() -> None:
    """torchvision concatenates the features before the first layer of a block, of which there is one only."""
    ours, theirs = features(rf.model("densenet121").cost()), features(rf.model("torchvision:densenet121").cost())
    firsts = [64 * 56**2, 128 * 28**2, 256 * 14**2, 512 * 7**2]  # channels times pixels at the start of each block
    more = {("network", "operators"): 4, ("read", "concat"): sum(firsts), ("written", "concat"): sum(firsts)}
    assert {key: theirs[key] - ours[key] for key in theirs if theirs[key] != ours[key]} == more


def test_every_operator_with_multiply_adds_is_of_one_kind() -> None:
    ledger = rf.model("timm:coatnet_0_rw_224").cost()
    assert sum(figure for (quantity, _), figure in features(ledger).items() if quantity == "macs") == ledger.macs


def test_features_are_polynomials_of_the_sizes() -> None:
    reading = rf.resnext(50).reading(["C", "d"])
    symbolic = features(reading.ledger)
    for cardinality, width in ((2, 3), (32, 4), (7, 64)):
        direct = features(rf.resnext(50, cardinality=cardinality, width=width).cost())
        assert {key: substitute(figure, {"C": cardinality, "d": width}) for key, figure in symbolic.items()} == direct


def test_a_time_by_hand() -> None:
    """Batch 64: 64 examples of multiply-adds at 2 fs, and once the operators and the run."""
    body = Sequential.of(conv=Conv(8, 3, padding=1), relu=ReLU(), pool=GlobalAvgPool(), flat=Flatten(), fc=Linear(5))
    found = estimate(plain(), walk_ledger(walk(body, (4, 6, 6))))
    assert found.batch == 64
    assert found.parts["dense convolutions"] == 64 * 2 * 36 * 8 * 4 * 9
    assert found.parts["memory traffic"] == 7 * 8 * 5  # weights are read once
    assert found.parts["launches"] == 4 * 10**6 + 5 * 10**9
    assert found.milliseconds == pytest.approx(sum(found.parts.values()) / 1e12)
    assert found.images_per_second == pytest.approx(64 / (sum(found.parts.values()) / 1e15))
    assert (found.interval, found.remarks) == ((0.9, 1.2), ())


def test_what_was_not_measured_is_said_and_has_the_wider_interval() -> None:
    ledger = rf.resnext(50).cost()
    other = estimate(plain(), ledger, batch=16)
    assert (other.interval, other.remarks) == ((0.5, 2.0), ("the batch is 16, and measured was 64",))
    unseen = estimate(plain(), rf.model("convnext_tiny").cost())
    assert unseen.interval == (0.5, 2.0)
    assert unseen.remarks == ("never measured were depthwise conv, gelu, layer norm, mul",)


def test_an_operator_without_a_rule_is_not_in_the_time_and_that_is_said_once() -> None:
    class Lower(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return torch.relu(torch.linalg.lu(image)[1])

    found = estimate(plain(), rf.model(Lower(), (1, 3, 8, 8)).cost())
    assert found.remarks == ("not counted, and so not in the time, are aten.linalg_lu",)
    assert found.interval == (0.5, 2.0)


@pytest.mark.parametrize("batch", [0, -1, 15, 257, 10**9])
def test_a_batch_without_evidence_is_refused(batch: int) -> None:
    with pytest.raises(InputError, match="batch"):
        estimate(plain(), rf.resnet(18).cost(), batch)


def test_a_quarter_of_a_batch_is_rounded_up() -> None:
    found = read_profile(PROFILE.replace("batch = 64", "batch = 6"), "six.toml")
    found.check_batch(2)
    # A quarter of 6 is 1.5.
    with pytest.raises(InputError, match="the nearest is 2"):
        found.check_batch(1)


def test_a_profile_by_which_a_network_takes_no_time_is_refused() -> None:
    nothing = read_profile(PROFILE.partition("[femtoseconds")[0] + "[femtoseconds]", "nothing.toml")
    with pytest.raises(InputError, match="a plain machine says that the network takes no time; make it anew"):
        estimate(nothing, rf.resnet(18).cost())
    with pytest.raises(InputError, match="takes no time"):  # nor a formula
        nothing.time(features(rf.resnext(50).reading(["C", "d"]).ledger), 64)


@pytest.mark.parametrize("batch", [16, 256])
def test_the_ends_of_the_batches_are_taken(batch: int) -> None:
    assert estimate(plain(), rf.resnet(18).cost(), batch).batch == batch


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("format = 1", "format = 2", "format 2; this version reads 1"),
        ("format = 1", "", "is no profile: it has no format; make one with calibrate"),
        ("format = 1", "format = '1'", "is a profile of format '1'; this version reads 1"),
        ("models = 100", "models = -1441", "models is -1441; it must be a whole number of at least 1"),
        ("families = 10", "families = 0", "families is 0"),
        ("a plain machine", "a \\u001b[2J machine", "machine is 'a \\x1b[2J machine'; it must be one line without"),
        ("a test", "a\\nb", "source is 'a\\nb'"),
        ("[0.5, 2.0]", "[0.91, 2.0]", "wide_interval is 0.91 to 2.0; it must hold the interval, 0.9 to 1.2"),
        ("[0.5, 2.0]", "[0.5, 1.19]", "wide_interval is 0.5 to 1.19; it must hold the interval"),
        ("format = 1", "format = ", "no profile"),
        ("[femtoseconds.macs]", "[femtoseconds.mac]", "unknown quantity 'mac'; did you mean 'macs'"),
        ("grouped = 8.0", "groped = 8.0", "unknown feature of macs 'groped'; did you mean 'grouped'"),
        ("grouped = 8.0", "grouped = -8.0", "grouped is -8.0"),
        ("grouped = 8.0", "grouped = inf", "grouped is inf"),
        ("grouped = 8.0", "grouped = nan", "grouped is nan"),
        ("grouped = 8.0", "grouped = 1e308", "grouped is 1e+308; it must be a number from 0 to 1e+20"),
        ("grouped = 8.0", "grouped = 'much'", "is no profile: Expected `float`, got `str` in femtoseconds"),
        ("batch = 64", "batch = 0", "batch"),
        ("batch = 64", "", "batch"),
        ("batch = 64", "batch = 64\ncolour = 1", "colour"),
        ("[0.9, 1.2]", "[1.2, 0.9]", "interval"),
        ("[0.9, 1.2]", "[0.9]", "no profile"),
    ],
)
def test_a_file_that_is_no_profile_is_refused_in_one_sentence(before: str, after: str, says: str) -> None:
    assert before in PROFILE
    with pytest.raises(InputError) as caught:
        read_profile(PROFILE.replace(before, after), "mine.toml")
    assert says in str(caught.value)
    assert "mine.toml" in str(caught.value)
    assert "$" not in str(caught.value)


def test_a_profile_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PROFILE, encoding="utf-8")
    assert profile(str(path)) == plain()
    path.write_text(PROFILE, encoding="utf-8-sig")  # as some editors write it
    assert profile(str(path)) == plain()
    with pytest.raises(InputError, match="cannot read"):
        profile(str(tmp_path / "other.toml"))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="cannot read"):
        profile(str(path))


def test_every_coefficient_has_a_name_in_words() -> None:
    assert set(sums.KINDS) == {*sums.PER_EXAMPLE, "weights", "network"}
    assert all(words for those in sums.KINDS.values() for words in those.values())
